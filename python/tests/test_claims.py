"""Claims: what rules and queries know of a user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from identities import make_user
from telegraphy.django._claims import claims_of
from telegraphy.django._identity import ticket_request_of

MEMORY = {"BACKEND": "telegraphy.backends.MemoryBackend"}
TESTS = Path(__file__).parent


def request_of(user):
    request = RequestFactory().get("/")
    request.user = user
    return request


def claims(user):
    return claims_of(request_of(user), user)


@pytest.fixture
def ada(db):
    return make_user("ada")


def test_a_plain_user_has_every_claim(ada):
    assert claims(ada) == {
        "user_id": ada.pk,
        "is_staff": False,
        "is_superuser": False,
        "groups": [],
        "permissions": [],
        "scopes": [],
    }


def test_groups_are_their_names(ada):
    ada.groups.set(Group.objects.create(name=name) for name in ("shippers", "packers"))
    assert claims(ada)["groups"] == ["packers", "shippers"]


def test_permissions_are_those_that_were_asked_for_and_are_held(ada, settings):
    settings.TELEGRAPHY = {
        **MEMORY,
        "PERMISSIONS": ["shop.view_order", "shop.change_order", "shop.no_such"],
    }
    packers = Group.objects.create(name="packers")
    for codename in ("view_order", "delete_order"):
        packers.permissions.add(Permission.objects.get(codename=codename))
    ada.groups.add(packers)
    assert claims(ada)["permissions"] == ["shop.view_order"]
    ada.is_superuser = True
    assert len(claims(ada)["permissions"]) == 3


def test_permissions_cost_nothing_unless_asked_for(ada, django_assert_num_queries):
    with django_assert_num_queries(1):
        claims(ada)


def own_claims(request):
    return {"region": "north", "is_staff": request.user.username == "ada"}


def scopes(request):
    return (f"team:{number}" for number in (1, 2))


def test_a_project_adds_claims_and_has_the_last_word(ada, settings):
    settings.TELEGRAPHY = {**MEMORY, "CLAIMS": f"{__name__}.own_claims"}
    found = claims(ada)
    assert found["region"] == "north"
    assert found["is_staff"] is True
    assert found["user_id"] == ada.pk


def test_scopes_come_from_a_hook(ada, settings):
    settings.TELEGRAPHY = {**MEMORY, "SCOPES": f"{__name__}.scopes"}
    assert claims(ada)["scopes"] == ["team:1", "team:2"]


def a_text(request):
    return "team:1"


def numbers(request):
    return [1, 2]


def odd_names(request):
    return {1: "one"}


@pytest.mark.parametrize(
    ("setting", "hook", "words"),
    [
        ("SCOPES", "a_text", "must give a list of strings, not 'team:1'"),
        ("SCOPES", "numbers", r"must give a list of strings, not \[1, 2\]"),
        ("CLAIMS", "a_text", "must give a dict with strings as its keys, not 'team:1'"),
        ("CLAIMS", "odd_names", "must give a dict with strings as its keys"),
    ],
)
def test_a_hook_that_gives_something_else_is_named(setting, hook, words, ada, settings):
    settings.TELEGRAPHY = {**MEMORY, setting: f"{__name__}.{hook}"}
    with pytest.raises(ImproperlyConfigured, match=words) as caught:
        claims(ada)
    assert f"TELEGRAPHY['{setting}']: {__name__}.{hook}" in str(caught.value)


def test_a_user_without_django_s_permissions_has_none_of_them():
    user = SimpleNamespace(pk="7f3c", is_authenticated=True, username="ada")
    assert claims(user) == {
        "user_id": "7f3c",
        "is_staff": False,
        "is_superuser": False,
        "groups": [],
        "permissions": [],
        "scopes": [],
    }
    asked = ticket_request_of(request_of(user))
    assert (asked.user, asked.session, asked.session_life) == ("7f3c", None, None)


def test_a_site_without_users_has_nobody():
    assert ticket_request_of(RequestFactory().get("/")) is None


SWAPPED = """
import json
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from django.core.checks import run_checks
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
from identities import config_of, ends, gateway
from members.models import Member

ada = Member.objects.create_user("ada@example.com", "old")
client = Client()
client.get("/login/ada@example.com/")
config = config_of(client.get("/page/"))
[asked] = gateway().tickets
client.get("/logout/")
said = {"key": str(ada.pk), "ticket": config["ticket"][:4], "asked": asked.document(),
        "logout": ends(), "checks": [one.id for one in run_checks()]}
ada.nickname = "A"
ada.save()
said["nickname"] = ends()
ada.set_password("new")
ada.save()
said["password"] = ends()
ada.delete()
said["deleted"] = ends()
print(json.dumps(said))
"""


def test_a_user_model_of_the_project_s_own_with_uuids_and_no_permissions():
    done = subprocess.run(
        [sys.executable, "-c", SWAPPED],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "members.settings",
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "src")]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    key = said["key"]
    assert len(key) == 36
    assert said["ticket"] == "tgt_"
    assert said["asked"]["user"] == said["asked"]["claims"]["user_id"] == key
    assert said["asked"]["claims"]["groups"] == []
    assert said["logout"] == [["session", said["asked"]["session"], "ended"]]
    assert said["checks"] == []
    assert said["nickname"] == []
    assert said["password"] == [["user", key, "changed"]]
    assert said["deleted"] == [["user", key, "ended"]]
