"""System checks of who clients are: each finds its mistake, and says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

import telegraphy
from telegraphy import registry

MEMORY = {"BACKEND": "telegraphy.backends.MemoryBackend"}


@pytest.fixture(autouse=True)
def _only_what_the_test_declares() -> Iterator[None]:
    with registry.isolated():
        for declaration in registry:
            registry.remove(declaration)
        yield


@pytest.fixture
def private():
    class Private(telegraphy.Event):
        class Meta:
            name = "shop.Private"


def messages(**options: Any) -> list[CheckMessage]:
    found = run_checks(tags=["telegraphy", "security"], **options)
    return [one for one in found if str(one.id).startswith("telegraphy.")]


def the_message(**options: Any) -> CheckMessage:
    [found] = messages(**options)
    return found


def ids(**options: Any) -> list[str | None]:
    return [one.id for one in messages(**options)]


a_number = 7


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"TICKETS": "sined"}, "'gateway' or 'signed', not 'sined'; did you mean 'sig"),
        ({"SESSION_STORE": "disk"}, "must be 'cookie' or 'memory', not 'disk'"),
        ({"TICKET_TIMEOUT": 0}, "more than 0 and at most 5 seconds"),
        ({"TICKET_TIMEOUT": 60}, "in which a page waits, not 60"),
        ({"TICKET_TIMEOUT": "1"}, "must be a number of seconds, not '1'"),
        ({"PERMISSIONS": "shop.view_order"}, "must be a list, not 'shop.view_order'"),
        ({"PERMISSIONS": ["view_order"]}, "'view_order' is none"),
        ({"PERMISSIONS": [7]}, "7 is none"),
        ({"CLAIMS": "nowhere.claims"}, "TELEGRAPHY['CLAIMS'] cannot be imported"),
        ({"SCOPES": f"{__name__}.a_number"}, "must be a function of a request"),
        ({"SESSION_COOKIE_NAME": "sessionid"}, "which is Django's SESSION_COOKIE_NAME"),
        ({"SESSION_COOKIE_NAME": "csrftoken"}, "which is Django's CSRF_COOKIE_NAME"),
        ({"SESSION_COOKIE_NAME": "a b"}, "as names of cookies are, not 'a b'"),
        ({"SIGNING": {"KIND": "x"}}, "has no 'KIND'; did you mean 'KID'"),
        ({"SIGNING": {"KID": 1}}, "must have a string as KID"),
        ({"SIGNING": {"KEY": "k", "KEY_FILE": "f"}}, "KEY or KEY_FILE, not both"),
        (
            {"TICKETS": "signed", "SIGNING": {"KEY": "hushhush"}},
            "32 to 256 printable",
        ),
        ({"TICKETS": "signed", "SIGNING": {"ALGORITHM": "none"}}, "'HS256' or 'EdDSA'"),
        ({"TICKETS": "signed", "SIGNING": {"KEY_FILE": "/no"}}, "cannot be read"),
    ],
)
def test_a_value_that_a_setting_cannot_have(given, words, settings):
    settings.TELEGRAPHY = {**MEMORY, **given}
    message = the_message()
    assert message.id == "telegraphy.E002"
    assert words in message.msg
    assert "hushhush" not in f"{message.msg} {message.hint}", "a key is shown to nobody"


def test_values_that_settings_can_have(settings, tmp_path):
    (tmp_path / "key").write_text("s" * 32 + "\n")
    settings.TELEGRAPHY = {
        **MEMORY,
        "TICKETS": "signed",
        "SIGNING": {"KID": "2026", "KEY_FILE": str(tmp_path / "key")},
        "TICKET_TIMEOUT": 1,
        "PERMISSIONS": ("shop.view_order",),
        "SESSION_STORE": "memory",
        "SESSION_COOKIE_NAME": "__Host-live",
        "CLAIMS": f"{__name__}.ids",
    }
    assert messages() == []


# -- types that are not for everyone


@pytest.mark.usefixtures("private")
def test_with_ticket_view_and_middleware_nothing_is_missing():
    assert messages() == []


@pytest.mark.usefixtures("private")
def test_without_the_ticket_view_nobody_can_ask_who_they_are(settings):
    settings.ROOT_URLCONF = "project.urls_without_tickets"
    message = the_message()
    assert message.id == "telegraphy.W012"
    assert message.msg.startswith("shop.Private: not for everyone")
    assert 'include("telegraphy.django.urls")' in message.hint


@pytest.mark.usefixtures("private")
def test_a_project_without_addresses_is_told_so_too(settings):
    settings.ROOT_URLCONF = None
    assert ids() == ["telegraphy.W012"]


@pytest.mark.usefixtures("private")
def test_without_the_middleware_each_page_asks_by_a_request_of_its_own(settings):
    settings.MIDDLEWARE = settings.MIDDLEWARE[:-1]
    message = the_message()
    assert message.id == "telegraphy.I002"
    assert "TelegraphyMiddleware" in message.hint


def test_public_types_need_neither(settings):
    class Public(telegraphy.Event):
        class Meta:
            name = "shop.Public"
            access = telegraphy.PUBLIC

    settings.ROOT_URLCONF = "project.urls_without_tickets"
    settings.MIDDLEWARE = []
    assert messages() == []


@pytest.mark.usefixtures("private")
def test_a_gateway_that_believes_its_clients_needs_neither(settings):
    settings.ROOT_URLCONF = "project.urls_without_tickets"
    settings.TELEGRAPHY = {**MEMORY, "GATEWAY": {"testing.claims": True}}
    assert messages() == []


# -- what is unsafe


@pytest.mark.parametrize("deploy", [True, False])
def test_a_page_of_https_cannot_connect_without_tls(deploy, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.TELEGRAPHY = {**MEMORY, "CLIENT_URL": "ws://live.example.com/v1/websocket"}
    message = the_message(include_deployment_checks=deploy)
    assert message.id == "telegraphy.W010"
    assert "browsers let no page of https connect there" in message.msg


@pytest.mark.parametrize(
    "given",
    [
        {"clients.allowed_origins": "*"},
        {"clients": {"allowed_origins": ["https://shop.example", "*"]}},
    ],
)
def test_pages_of_every_origin_are_a_warning(given, settings):
    settings.TELEGRAPHY = {**MEMORY, "GATEWAY": given}
    assert ids() == []
    message = the_message(include_deployment_checks=True)
    assert message.id == "telegraphy.W013"


def test_listed_origins_are_none(settings):
    given = {"clients": {"allowed_origins": ["https://shop.example"]}}
    settings.TELEGRAPHY = {**MEMORY, "GATEWAY": given}
    assert ids(include_deployment_checks=True) == []


@pytest.mark.usefixtures("private")
def test_a_session_cookie_that_may_not_be_secure_is_a_warning(settings):
    assert ids() == []
    assert ids(include_deployment_checks=True) == ["telegraphy.W014"]
    settings.TELEGRAPHY = {**MEMORY, "SESSION_STORE": "memory"}
    assert ids(include_deployment_checks=True) == []
    settings.TELEGRAPHY = MEMORY
    settings.SESSION_COOKIE_SECURE = True
    assert ids(include_deployment_checks=True) == []


@pytest.mark.usefixtures("private")
def test_a_cookie_that_error_reports_would_show_is_a_warning(settings):
    settings.SESSION_COOKIE_SECURE = True
    settings.TELEGRAPHY = {**MEMORY, "SESSION_COOKIE_NAME": "shop_live"}
    assert ids(include_deployment_checks=True) == ["telegraphy.W016"]


def test_tickets_signed_with_a_key_that_nobody_chose_are_a_warning(settings):
    settings.TELEGRAPHY = {**MEMORY, "TICKETS": "signed"}
    assert ids() == []
    assert ids(include_deployment_checks=True) == ["telegraphy.W015"]
    settings.TELEGRAPHY = {**MEMORY, "TICKETS": "signed", "SIGNING": {"KEY": "k" * 32}}
    assert ids(include_deployment_checks=True) == []
