"""The end of identities: who logs out, loses something or changes is told to the gateway,
after the commit, and nobody else is."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core import serializers
from django.core.management import call_command
from django.db import connection, transaction
from django.test import AsyncClient, Client, TestCase
from django.test.utils import CaptureQueriesContext

import telegraphy.django
from identities import browser_of, ends, gateway, make_user
from project.shop.models import Contractor, Staff
from telegraphy.backends import MemoryBackend
from telegraphy.django._identity_signals import _say
from telegraphy.testing import capture_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh():
    gateway().clear()


@pytest.fixture
def ada():
    return make_user("ada")


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def packers():
    return Group.objects.create(name="packers")


@pytest.fixture
def right():
    return Permission.objects.get(codename="view_order")


def changed(*users):
    return [("user", str(user.pk), "changed") for user in users]


def ended(*users):
    return [("user", str(user.pk), "ended") for user in users]


def queries_of(action):
    with CaptureQueriesContext(connection) as context:
        action()
    return [query["sql"] for query in context.captured_queries]


# -- sessions


def session_key(client):
    return client.cookies["sessionid"].value


def the_session(client):
    key = "telegraphy.session " + session_key(client)
    return hashlib.sha256(key.encode()).hexdigest()


def test_a_logout_ends_that_session_alone(ada):
    phone, desk = browser_of("ada"), browser_of("ada")
    phone.get("/page/")
    [asked] = gateway().tickets
    assert asked.session == the_session(phone) != the_session(desk)
    session = the_session(phone)
    phone.get("/logout/")
    assert ends() == [("session", session, "ended")]


def test_the_key_of_a_session_goes_nowhere(ada):
    client = browser_of("ada")
    key = session_key(client)
    client.get("/page/")
    client.get("/logout/")
    assert key not in repr(gateway().tickets + gateway().disconnects)


def test_nobody_who_logs_out_ends_nothing(ada):
    Client().get("/logout/")
    stranger = Client()
    stranger.cookies["sessionid"] = session_key(browser_of("ada"))[::-1]
    stranger.get("/logout/")
    assert ends() == []


def test_a_login_as_somebody_else_ends_the_session_before(ada, bob):
    client = browser_of("ada")
    session = the_session(client)
    client.get("/login/bob/")
    assert ends() == [("session", session, "ended")]


def test_a_login_may_be_told_of_with_another_request_around_django_s(ada, bob):
    """As REST framework has it."""
    client = browser_of("ada")
    session = the_session(client)
    client.cookies["telegraphy_session_token"] = "tgs_old"
    response = client.get("/wrapped-login/bob/")
    assert ends() == [("session", session, "ended")]
    assert response.cookies["telegraphy_session_token"]["max-age"] == 0


def test_a_login_as_oneself_again_ends_nothing(ada):
    client = browser_of("ada")
    client.get("/login/ada/")
    assert ends() == []


def test_a_first_login_ends_nothing(ada):
    Client().get("/login/ada/")
    assert ends() == []


def test_a_session_that_gets_another_key_is_made_anew(ada):
    """Nobody could end what is bound to the old key."""
    client = browser_of("ada")
    before = the_session(client)
    client.get("/cycle/")
    assert the_session(client) != before
    assert ends() == [("session", before, "changed")]
    client.get("/page/")
    assert ends() == []


def test_who_changes_their_own_password_is_told_of_when_the_page_is_with_them(ada, bob):
    """Else their other pages would ask who they are with the old session's cookie."""
    client = browser_of("ada")
    before = the_session(client)
    response = client.get("/password/")
    assert response.content.decode() == str(bob.pk), "what was said in the view"
    session = [("session", before, "changed")]
    assert ends() == [*changed(bob), *changed(ada), *session]


def test_in_an_asynchronous_site_too(ada, bob):
    async def visit():
        client = AsyncClient()
        await client.alogin(username="ada", password="old")
        return await client.get("/password/")

    response = asyncio.run(visit())
    assert response.content.decode() == str(bob.pk)
    assert ends()[:2] == [*changed(bob), *changed(ada)]


@pytest.mark.parametrize("middleware", ["Replacing", "Failing"])
def test_it_is_told_of_too_where_another_page_is_sent_in_its_place(
    middleware, ada, settings
):
    """The browsers of others, who perhaps know the old password, must not stay."""
    browser = browser_of("ada")
    settings.MIDDLEWARE = [f"project.views.{middleware}", *settings.MIDDLEWARE]
    client = Client()
    client.cookies = browser.cookies
    client.get("/password/")
    assert changed(ada)[0] in ends()


def test_it_is_told_of_too_where_the_browser_does_not_wait_for_the_page(ada, settings):
    """Which cancels the request in an asynchronous site, and not what it has saved."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "project.views.GoneAway"]

    async def visit():
        client = AsyncClient()
        await client.alogin(username="ada", password="old")
        with pytest.raises(asyncio.CancelledError):
            await client.get("/password/")

    asyncio.run(visit())
    assert changed(ada)[0] in ends()


def test_a_strange_session_cookie_is_not_passed_on(ada):
    stranger = Client()
    for path in ("/page/", "/cycle/"):
        stranger.cookies["sessionid"] = "x" * 32
        stranger.get(path)
    assert ends() == []


@pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "file"])
def test_sessions_may_be_kept_anywhere(engine, ada, settings, tmp_path):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    client = browser_of("ada")
    session = the_session(client)
    client.get("/logout/")
    assert ends() == [("session", session, "ended")]


def test_sessions_that_live_in_a_cookie_have_no_name_so_all_of_the_user_s_end(
    ada, bob, settings
):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    client = browser_of("ada")
    client.get("/page/")
    [asked] = gateway().tickets
    assert asked.session is None
    client.get("/logout/")
    assert ends() == ended(ada)
    client.get("/login/bob/")
    client.get("/login/bob/")
    assert ends() == []
    client.get("/login/ada/")
    assert ends() == ended(bob)
    client.cookies["sessionid"] = "forged"
    client.get("/login/bob/")
    assert ends() == []


def test_an_asynchronous_site_does_so_too(ada, bob):
    async def visit():
        client = AsyncClient()
        await client.alogin(username="ada", password="old")
        session = the_session(client)
        await client.get("/login/bob/")
        second = the_session(client)
        await client.get("/logout/")
        return session, second

    first, second = asyncio.run(visit())
    assert ends() == [("session", first, "ended"), ("session", second, "ended")]


# -- users


def test_deactivation_ends(ada, bob):
    ada.is_active = False
    ada.save()
    assert ends() == ended(ada)


def test_a_deleted_user_ends(ada, bob):
    key = ada.pk
    ada.delete()
    assert ends() == [("user", str(key), "ended")]
    key = bob.pk
    User.objects.filter(pk=key).delete()
    assert ends() == [("user", str(key), "ended")]


def test_another_password_changes(ada):
    ada.set_password("new")
    ada.save()
    assert ends() == changed(ada)


@pytest.mark.parametrize("name", ["is_staff", "is_superuser"])
def test_another_right_changes(name, ada):
    setattr(ada, name, True)
    ada.save(update_fields=[name])
    assert ends() == changed(ada)
    ada.save()
    assert ends() == []


def test_several_changes_at_once_are_one_and_the_end_goes_before(ada):
    ada.is_staff = True
    ada.set_password("new")
    ada.save()
    assert ends() == changed(ada)
    ada.is_staff = ada.is_active = False
    ada.save()
    assert ends() == ended(ada)


def test_who_is_activated_again_was_not_connected_and_is_told_of_as_changed(ada):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    ada.save()
    assert ends() == changed(ada)


def test_what_does_not_matter_says_nothing(ada):
    ada.first_name = "Ada"
    ada.email = "ada@example.com"
    ada.save()
    assert ends() == []


def test_a_new_user_says_nothing():
    User(username="eve", is_active=False).save()
    User(pk=99, username="mia", is_staff=True).save()
    assert ends() == []


def test_a_new_row_of_the_same_key_is_compared_with_what_is_there(ada):
    User(pk=ada.pk, username="ada", password=ada.password, is_superuser=True).save()
    assert ends() == changed(ada)


def test_an_instance_that_was_never_loaded_whole_is_compared_by_what_it_writes(ada):
    deferred = User.objects.only("username").get(pk=ada.pk)
    deferred.username = "countess"
    deferred.save()
    assert ends() == []
    deferred.is_staff = True
    deferred.save()
    assert ends() == changed(ada)


def test_a_save_of_what_matters_costs_one_query_and_others_none(ada):
    assert len(queries_of(lambda: ada.save())) == 2
    ada.is_staff = True
    assert len(queries_of(lambda: ada.save(update_fields=["is_staff"]))) == 2
    assert len(queries_of(lambda: ada.save(update_fields=["last_login"]))) == 1
    assert len(queries_of(lambda: User(username="eve").save())) == 1


def test_a_login_asks_for_nothing_more(ada):
    client = Client()
    sql = queries_of(lambda: client.get("/login/ada/"))
    of_users = [one for one in sql if one.startswith("SELECT") and "auth_user" in one]
    assert len(of_users) == 1, "the view's own"


def test_fixtures_say_nothing(ada, packers, tmp_path):
    ada.groups.add(packers)
    ends()
    ada.is_staff = True
    packers.name = "shippers"
    path = tmp_path / "users.json"
    path.write_text(serializers.serialize("json", [ada, packers]))
    call_command("loaddata", str(path), stdout=io.StringIO())
    assert User.objects.get(pk=ada.pk).is_staff
    assert ends() == []


def test_proxies_and_children_of_the_user_model_are_users(ada):
    class Same(User):
        class Meta:
            proxy = True
            app_label = "shop"

    same = Same.objects.get(pk=ada.pk)
    same.is_staff = True
    same.save()
    assert ends() == changed(ada)

    staff = Staff.objects.create(username="eve", desk="3")
    assert ends() == []
    staff.is_active = False
    staff.save()
    assert ends() == ended(staff)

    contractor = Contractor.objects.create(username="joe", badge="x7")
    contractor.is_active = False
    contractor.save()
    assert ends() == [("user", str(contractor.user_id), "ended")]
    key = staff.pk
    staff.delete()
    assert ends() == [("user", str(key), "ended")]


# -- groups and permissions, from both ends


def test_a_group_gained_or_lost_changes_that_user(ada, bob, packers):
    ada.groups.add(packers)
    assert ends() == changed(ada)
    ada.groups.add(packers)
    assert ends() == [], "they had it"
    bob.groups.remove(packers)
    assert ends() == [], "they did not have it"
    ada.groups.remove(packers)
    assert ends() == changed(ada)
    ada.groups.set([packers])
    assert ends() == changed(ada)
    ada.groups.clear()
    assert ends() == changed(ada)
    ada.groups.clear()
    assert ends() == []


def test_from_the_group_s_side_too(ada, bob, packers):
    make_user("eve")
    packers.user_set.add(ada, bob)
    assert sorted(ends()) == changed(ada, bob)
    packers.user_set.remove(ada)
    assert ends() == changed(ada)
    packers.user_set.remove(ada)
    assert ends() == []
    packers.user_set.add(ada)
    ends()
    packers.user_set.clear()
    assert sorted(ends()) == changed(ada, bob)


def test_a_permission_changes_its_user_from_both_ends(ada, bob, right):
    ada.user_permissions.add(right)
    assert ends() == changed(ada)
    ada.user_permissions.clear()
    assert ends() == changed(ada)
    right.user_set.add(bob)
    assert ends() == changed(bob)
    right.user_set.clear()
    assert ends() == changed(bob)


def test_the_permissions_of_a_group_change_its_users(ada, bob, packers, right):
    ada.groups.add(packers)
    ends()
    packers.permissions.add(right)
    assert ends() == changed(ada)
    packers.permissions.remove(right)
    assert ends() == changed(ada)
    packers.permissions.remove(right)
    assert ends() == [], "it did not have it"
    right.group_set.add(packers)
    assert ends() == changed(ada)
    right.group_set.clear()
    assert ends() == changed(ada)
    packers.permissions.set([right])
    assert ends() == changed(ada)
    packers.permissions.clear()
    assert ends() == changed(ada)


def test_a_group_that_is_deleted_or_renamed_changes_its_users(ada, bob, packers):
    other = Group.objects.create(name="others")
    bob.groups.add(other)
    ada.groups.add(packers)
    ends()
    packers.save()
    assert ends() == []
    packers.name = "shippers"
    packers.save()
    assert ends() == changed(ada)
    packers.delete()
    assert ends() == changed(ada)
    Group.objects.filter(pk=other.pk).delete()
    assert ends() == changed(bob)


def test_a_permission_that_is_deleted_changes_who_had_it(ada, bob, packers, right):
    ada.user_permissions.add(right)
    bob.groups.add(packers)
    packers.permissions.add(right)
    make_user("eve")
    ends()
    right.delete()
    assert sorted(set(ends())) == changed(ada, bob)


def test_a_change_of_relations_costs_one_query_more(ada, bob, packers, right):
    ada.groups.add(packers)
    packers.permissions.add(right)
    removed = queries_of(lambda: packers.permissions.remove(right))
    assert len([sql for sql in removed if sql.startswith("SELECT")]) == 1


# -- when it is said


def test_it_is_said_after_the_commit_and_not_after_a_rollback(ada, bob, packers):
    with transaction.atomic():
        ada.is_active = False
        ada.save()
        telegraphy.django.disconnect(bob)
        bob.groups.add(packers)
        assert ends() == []
    assert ends() == [*ended(ada, bob), *changed(bob)]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        delete_and_fail(ada, packers)
    assert ends() == []


def delete_and_fail(*rows):
    for row in rows:
        row.delete()
    raise ZeroDivisionError


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_it_waits_for_the_database_that_was_written():
    user = get_user_model().objects.db_manager("other").create_user("ada")
    with transaction.atomic(using="other"):
        user.is_active = False
        user.save(using="other")
        telegraphy.django.disconnect(7, "changed", using="other")
        assert ends() == []
    assert ends() == [*ended(user), ("user", "7", "changed")]


def test_where_somebody_commits_by_hand_it_is_said_at_once(ada):
    transaction.set_autocommit(False)
    try:
        telegraphy.django.disconnect(ada)
        assert ends() == ended(ada)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


class Broken(MemoryBackend):
    def queue_disconnect(self, request):
        raise OSError("no descriptors left")


def test_a_backend_that_fails_breaks_no_save(ada, settings, caplog):
    settings.TELEGRAPHY = {"BACKEND": f"{__name__}.Broken"}
    ada.is_active = False
    ada.save()
    assert not User.objects.get(pk=ada.pk).is_active
    assert "the end of an identity was lost" in caplog.text


def test_muted_models_still_end(ada):
    with telegraphy.django.muted():
        ada.delete()
    assert [what for what, *_ in ends()] == ["user"]


# -- by hand


def test_a_user_may_be_disconnected_by_object_or_key(ada):
    telegraphy.django.disconnect(ada)
    telegraphy.django.disconnect(ada.pk, "changed")
    telegraphy.django.disconnect(str(ada.pk), reason="changed")
    assert ends() == [*ended(ada), *changed(ada, ada)]


def test_asynchronous_code_disconnects_too(ada):
    asyncio.run(telegraphy.django.adisconnect(ada, "changed"))
    assert ends() == changed(ada)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((User(username="new"),), "has no key"),
        ((AnonymousUser(),), "has no key"),
        ((None,), "has no key"),
        ((7, "gone"), "reason must be 'ended' or 'changed', not 'gone'"),
    ],
)
def test_nobody_and_unknown_reasons_are_errors(arguments, words):
    with pytest.raises(ValueError, match=words):
        telegraphy.django.disconnect(*arguments)


def test_a_key_that_no_gateway_takes_breaks_no_save():
    """There was no ticket for such a user either."""
    _say("k" * 200, "ended", "default")
    assert ends() == []


class CapturedTests(TestCase):
    """In a test's own transaction, which never commits."""

    def test_ends_are_let_out_as_events_are(self):
        user = make_user("ada")
        with capture_events():
            backend = telegraphy.current_backend()
            telegraphy.django.disconnect(user)
            assert backend.disconnects == []
        assert [one.user for one in backend.disconnects] == [str(user.pk)]


def test_what_is_said_can_be_written(ada):
    telegraphy.django.disconnect(ada)
    [request] = gateway().disconnects
    assert json.loads(json.dumps(request.document())) == {
        "user": str(ada.pk),
        "reason": "ended",
    }
