"""The ticket view: who asks is whom Django says, and nobody else's page can ask."""

from __future__ import annotations

import asyncio

import pytest
from django.test import AsyncClient, Client

from identities import gateway, make_user
from telegraphy import GatewayError, Refused, Unreachable
from telegraphy._publisher import hints
from telegraphy.backends import MemoryBackend
from telegraphy.django import _tickets
from telegraphy.django.conf import conf

pytestmark = pytest.mark.django_db

URL = "/telegraphy/ticket/"
MEMORY = {"BACKEND": "telegraphy.backends.MemoryBackend"}


@pytest.fixture(autouse=True)
def _fresh():
    gateway().clear()
    _tickets.forget_failures()


def strict_browser(name=None):
    """One whose requests are checked for CSRF, as those of browsers are."""
    client = Client(enforce_csrf_checks=True)
    if name:
        make_user(name)
        client.get(f"/login/{name}/")
    return client


def token_of(client):
    response = client.get(URL)
    assert response.status_code == 200
    return response.json()["csrf_token"]


def ask(client, **headers):
    return client.post(URL, headers={"X-CSRFToken": token_of(client), **headers})


def test_a_client_asks_for_the_token_and_then_for_the_ticket():
    client = strict_browser("ada")
    response = ask(client)
    assert response.status_code == 200
    answer = response.json()
    assert answer["ticket"].startswith("tgt_")
    assert answer["expires_in_ms"] == 30_000
    assert response.headers["Cache-Control"] == "no-store"


def test_nobody_gets_no_ticket_and_no_error():
    assert ask(strict_browser()).json() == {"ticket": None}
    assert gateway().tickets == []


def test_the_token_comes_with_its_cookie():
    client = strict_browser()
    response = client.get(URL)
    assert "csrftoken" in response.cookies
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRFToken": "x" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=["no token", "a wrong token", "a foreign page", "a page without an origin"],
)
def test_threat_01_what_is_not_of_this_site_gets_no_ticket(headers):
    """Cross-site request forgery."""
    client = strict_browser("ada")
    token = token_of(client)
    good = {"X-CSRFToken": token} if "Origin" in headers else {}
    response = client.post(URL, headers={**good, **headers})
    assert response.status_code == 403
    assert gateway().tickets == []


def test_it_is_protected_where_the_project_protects_nothing(settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Csrf" not in one]
    client = strict_browser("ada")
    assert client.post(URL).status_code == 403
    assert ask(client).json()["ticket"]


def test_tokens_may_be_kept_in_the_session(settings):
    settings.CSRF_USE_SESSIONS = True
    client = strict_browser("ada")
    assert "csrftoken" not in client.get(URL).cookies
    assert ask(client).json()["ticket"]


def test_the_csrf_cookie_may_be_hidden_from_scripts(settings):
    settings.CSRF_COOKIE_HTTPONLY = True
    client = strict_browser("ada")
    assert ask(client).json()["ticket"]
    assert client.cookies["csrftoken"]["httponly"] is True


def test_the_csrf_header_may_have_a_name_of_the_project(settings):
    settings.CSRF_HEADER_NAME = "HTTP_X_SHOP_TOKEN"
    settings.CSRF_COOKIE_NAME = "shop_csrf"
    client = strict_browser("ada")
    token = token_of(client)
    assert client.post(URL, headers={"X-CSRFToken": token}).status_code == 403
    assert client.post(URL, headers={"X-Shop-Token": token}).json()["ticket"]


def test_the_ticket_is_for_the_page_that_asks(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://pages.example"]
    ask(strict_browser("ada"), Origin="https://pages.example")
    ask(browser_again("ada"), Origin="http://testserver")
    ask(browser_again("ada"))
    assert [one.origin for one in gateway().tickets] == [
        "https://pages.example",
        "http://testserver",
        "http://testserver",
    ]


def browser_again(name):
    client = Client(enforce_csrf_checks=True)
    client.get(f"/login/{name}/")
    return client


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(method):
    response = getattr(Client(), method)(URL)
    assert response.status_code == 405
    assert response.headers["Cache-Control"] == "no-store"


def test_nobody_is_sent_to_log_in_where_all_views_want_that(settings):
    settings.LOGIN_URL = "/login/"
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert Client().post(URL).json() == {"ticket": None}


class Silent(MemoryBackend):
    asked = 0

    def ticket(self, request, *, timeout):
        Silent.asked += 1
        raise Unreachable("no gateway answered at ipc:///secret/path")


class Refusing(MemoryBackend):
    def ticket(self, request, *, timeout):
        raise GatewayError("forbidden: the key")


@pytest.mark.parametrize(
    ("backend", "error"),
    [("Silent", "no gateway answers"), ("Refusing", "the gateway gives no ticket")],
)
def test_while_no_gateway_gives_tickets_it_says_when_to_come_again(
    backend, error, settings
):
    settings.TELEGRAPHY = {"BACKEND": f"{__name__}.{backend}"}
    client = strict_browser("ada")
    response = ask(client)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {"error": error}


def test_a_crowd_of_clients_does_not_wait_one_by_one_for_a_gateway_that_is_away(
    settings, monkeypatch
):
    monkeypatch.setattr(_tickets._views, "_monotonic", lambda: 100.0)
    settings.TELEGRAPHY = {"BACKEND": f"{__name__}.Silent"}
    client = strict_browser("ada")
    Silent.asked = 0
    for _ in range(20):
        assert ask(client).status_code == 503
    assert Silent.asked == 1


class Particular(MemoryBackend):
    """Its answer is about one request alone."""

    code = "invalid_message"

    def ticket(self, request, *, timeout):
        if request.claims["user_id"] == self.refused:
            raise Refused(self.code, "claims has a number that is none", member="claims")
        return super().ticket(request, timeout=timeout)


@pytest.mark.parametrize("code", ["invalid_message", "too_large", "unknown_member"])
def test_who_is_refused_alone_keeps_nobody_else_from_a_ticket(code, settings, caplog):
    settings.TELEGRAPHY = {"BACKEND": f"{__name__}.Particular"}
    client = strict_browser("mallory")
    Particular.refused = int(client.session["_auth_user_id"])
    Particular.code = code
    assert ask(client).status_code == 503
    assert code in caplog.text
    assert ask(strict_browser("ada")).json()["ticket"]


def large_claims(request):
    return {"small": 1, "regions": ["r" * 100] * 100}


def test_claims_that_are_too_large_are_an_error_that_names_the_largest(settings):
    settings.TELEGRAPHY = {**MEMORY, "CLAIMS": f"{__name__}.large_claims"}
    with pytest.raises(ValueError, match=r"4,096 is the most.*'regions'"):
        ask(strict_browser("ada"))


def test_threat_04_a_report_of_an_error_does_not_show_the_session(settings, mailoutbox):
    settings.ADMINS = [("Ada", "ada@example.com")]
    settings.TELEGRAPHY = {**MEMORY, "CLAIMS": f"{__name__}.large_claims"}
    client = strict_browser("ada")
    client.cookies[conf.session_cookie_name] = "tgs_secret"
    client.raise_request_exception = False
    assert ask(client).status_code == 500
    [report] = mailoutbox
    assert conf.session_cookie_name in report.body
    assert "tgs_secret" not in report.body


@pytest.mark.django_db(transaction=True)
def test_it_works_in_an_asynchronous_site():
    make_user("ada")

    async def visit():
        client = AsyncClient(enforce_csrf_checks=True)
        await client.get("/login/ada/")
        token = (await client.get(URL)).json()["csrf_token"]
        return await client.post(URL, headers={"X-CSRFToken": token})

    response = asyncio.run(visit())
    assert response.json()["ticket"].startswith("tgt_")


def test_a_key_that_the_gateway_does_not_know_is_told_with_where_to_look():
    told = hints.with_key(Refused("invalid_key", "this is no ingest key"))
    assert told.startswith("invalid_key: this is no ingest key (")
    assert "TELEGRAPHY['INGEST_PORT'] and ['INGEST_KEY']" in told
    assert hints.with_key(Refused("forbidden", "not yours")) == "forbidden: not yours"
