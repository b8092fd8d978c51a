"""What pages say of who looks at them: a ticket, nobody, or nothing."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import AsyncClient, Client

from identities import browser_of, config_of, gateway, make_user
from telegraphy import Event, GatewayError, Unreachable, registry
from telegraphy.backends import MemoryBackend
from telegraphy.django import _kept, _tickets

pytestmark = pytest.mark.django_db

NOTHING = {"ticket": None, "anonymous": False}


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    _kept._told.clear()
    gateway().clear()
    _tickets.forget_failures()


@pytest.fixture
def ada():
    return make_user("ada")


@pytest.fixture
def browser(ada):
    return browser_of("ada")


def word(response):
    config = config_of(response)
    return {name: config[name] for name in ("ticket", "anonymous")}


def anew(browser):
    """The same browser, before a site that has other middleware now."""
    client = Client()
    client.cookies = browser.cookies
    return client


both = pytest.mark.parametrize("path", ["/page/", "/jinja/"])


@both
def test_a_page_holds_a_ticket_for_who_is_logged_in(path, browser, ada):
    response = browser.get(path)
    config = config_of(response)
    assert config["ticket"].startswith("tgt_")
    assert config["anonymous"] is False
    [asked] = gateway().tickets
    assert asked.user == str(ada.pk)
    assert asked.claims["user_id"] == ada.pk
    assert asked.origin == "http://testserver"
    assert asked.session is not None
    assert asked.session_life == timedelta(weeks=2)


@both
def test_a_page_of_nobody_says_so_and_asks_for_nothing(path):
    assert word(Client().get(path)) == {"ticket": None, "anonymous": True}
    assert gateway().tickets == []


def test_a_page_says_where_tickets_come_from_and_how_to_ask(browser):
    config = config_of(browser.get("/page/"))
    assert config["ticketUrl"] == "/telegraphy/ticket/"
    assert config["csrf"] == {"cookie": "csrftoken", "header": "X-CSRFToken"}
    assert config["session"] == {
        "store": "cookie",
        "cookie": "telegraphy_session_token",
        "untilClosed": False,
    }


@pytest.mark.parametrize("path", ["/page/", "/declared/"])
def test_a_session_that_ends_with_the_browser_does_so_at_the_gateway_too(
    path, browser, settings
):
    """Else the next person at this computer would go on with it."""
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    assert config_of(browser.get(path))["session"]["untilClosed"] is True


def test_whose_session_ends_with_the_browser_alone_is_told_by_their_page(browser):
    session = browser.session
    session.set_expiry(0)  # did not tick "remember me"
    session.save()
    assert config_of(browser.get("/page/"))["session"]["untilClosed"] is True
    settled = config_of(Client().get("/page/"))
    assert settled["session"]["untilClosed"] is False


def test_a_page_names_the_cookies_and_headers_of_the_project(browser, settings):
    settings.CSRF_COOKIE_NAME = "shop_csrf"
    settings.CSRF_HEADER_NAME = "HTTP_X_SHOP_TOKEN"
    settings.TELEGRAPHY = {
        "BACKEND": "telegraphy.backends.MemoryBackend",
        "SESSION_STORE": "memory",
        "SESSION_COOKIE_NAME": "shop_live",
    }
    config = config_of(browser.get("/page/"))
    assert config["csrf"] == {"cookie": "shop_csrf", "header": "X-Shop-Token"}
    assert config["session"] == {
        "store": "memory",
        "cookie": "shop_live",
        "untilClosed": False,
    }


@pytest.mark.parametrize("path", ["/page/", "/jinja/", "/never-cached/", "/later/"])
def test_no_cache_may_keep_a_page_that_says_who_looks_at_it(path, browser):
    for client in (browser, Client()):
        response = client.get(path)
        assert word(response) != NOTHING
        assert "private" in response.headers["Cache-Control"]
        assert "public" not in response.headers["Cache-Control"]


def test_who_was_deactivated_is_nobody(browser, ada, settings):
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.AllowAllUsersModelBackend"
    ]
    client = Client()
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    client.force_login(ada)
    assert word(client.get("/page/")) == {"ticket": None, "anonymous": True}


def test_the_origin_is_as_browsers_say_it(browser, settings):
    settings.ALLOWED_HOSTS = ["*"]
    browser.get("/page/", secure=True, headers={"host": "Shop.Example:443"})
    browser.get("/page/", headers={"host": "localhost:8000"})
    browser.get("/page/", headers={"host": "localhost:80"})
    browser.get("/page/", headers={"origin": "what no browser says"})
    assert [one.origin for one in gateway().tickets] == [
        "https://shop.example",
        "http://localhost:8000",
        "http://localhost",
        "http://testserver",
    ]
    # Django takes this for a host, browsers do not: so there is no ticket for it.
    page = browser.get("/page/", headers={"host": "localhost:08000"})
    assert word(page) == {"ticket": None, "anonymous": False}
    assert len(gateway().tickets) == 4


def test_pages_that_do_not_ask_who_it_is_cost_no_query(
    browser, django_assert_num_queries
):
    with django_assert_num_queries(0):
        browser.get("/declared/")


# -- where a page may say nothing


@pytest.mark.parametrize(
    "path",
    ["/cached/", "/cached-for-each/", "/fragment/", "/included/", "/remembered/",
     "/declared/", "/public/"],
)  # fmt: skip
def test_a_page_that_a_cache_may_keep_says_nothing(path, browser):
    for client in (browser, Client(), browser):
        response = client.get(path)
        assert word(response) == NOTHING
        assert config_of(response)["ticketUrl"] == "/telegraphy/ticket/"
        assert "private" not in response.headers.get("Cache-Control", "")
    assert gateway().tickets == []


def test_a_page_that_all_share_does_not_even_look_who_it_is(browser):
    assert "Vary" not in browser.get("/cached/").headers
    assert "Vary" not in browser.get("/declared/").headers


def test_a_page_behind_the_cache_middleware_says_nothing(browser, settings):
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    make_user("bob")
    first = anew(browser).get("/page/")
    assert word(first) == NOTHING
    again = anew(browser_of("bob")).get("/page/")
    assert again.content == first.content
    assert "Age" in again.headers, "it came from the cache"
    assert gateway().tickets == []


def test_a_page_that_was_kept_by_hand_is_not_for_the_next_who_comes(browser, caplog):
    """Whoever had the ticket first may not have shown it, as a robot without scripts."""
    make_user("bob")
    made = word(browser.get("/kept/"))["ticket"]
    assert made.startswith("tgt_")
    with caplog.at_level(logging.ERROR, "telegraphy"):
        for client in (browser_of("bob"), Client(), browser):
            page = client.get("/kept/")
            assert word(page) == NOTHING
            assert config_of(page)["ticketUrl"] == "/telegraphy/ticket/"
            assert int(page.headers["Content-Length"]) == len(page.content)
    assert caplog.text.count("the page of kept was kept") == 1
    assert made not in caplog.text


def test_a_page_that_was_kept_by_hand_makes_nobody_of_who_is_logged_in(browser):
    assert word(Client().get("/kept/"))["anonymous"] is True
    assert word(browser.get("/kept/")) == NOTHING


def test_without_the_middleware_a_page_says_nothing(browser, settings):
    settings.MIDDLEWARE = settings.MIDDLEWARE[:-1]
    assert word(anew(browser).get("/page/")) == NOTHING
    assert word(Client().get("/page/")) == NOTHING


def test_a_page_that_is_streamed_says_nothing(browser):
    """Its headers are on their way before anybody knows what is in it."""
    assert word(browser.get("/streamed/")) == NOTHING


@pytest.mark.django_db(transaction=True)
def test_an_asynchronous_page_says_nothing_and_waits_for_nothing():
    make_user("ada")

    async def visit() -> None:
        client = AsyncClient()
        await client.get("/login/ada/")
        gateway().clear()
        assert word(await client.get("/async/")) == NOTHING
        # A synchronous view has a thread, where it may wait.
        assert word(await client.get("/page/"))["ticket"].startswith("tgt_")

    asyncio.run(visit())
    assert len(gateway().tickets) == 1


def test_without_the_ticket_view_a_page_has_no_address_of_it(browser, settings):
    settings.ROOT_URLCONF = "project.urls_without_tickets"
    assert config_of(browser.get("/page/"))["ticketUrl"] is None


# -- a gateway that is away, and hooks that fail


class Silent(MemoryBackend):
    """No gateway is there."""

    asked = 0

    def ticket(self, request, *, timeout):
        Silent.asked += 1
        Silent.timeout = timeout
        raise Unreachable("no gateway answered")


class Refusing(MemoryBackend):
    def ticket(self, request, *, timeout):
        raise GatewayError("forbidden")


@pytest.fixture
def silent(settings):
    settings.TELEGRAPHY = {"BACKEND": f"{__name__}.Silent", "TICKET_TIMEOUT": 0.125}
    Silent.asked = 0


def test_a_gateway_that_is_away_is_asked_once_and_then_left_alone(
    silent, browser, caplog, monkeypatch
):
    monkeypatch.setattr(_tickets._pages, "_monotonic", lambda: 100.0)
    with caplog.at_level(logging.WARNING, "telegraphy"):
        for _ in range(5):
            assert word(browser.get("/page/")) == NOTHING
    assert (Silent.asked, Silent.timeout) == (1, 0.125)
    assert caplog.text.count("no ticket") == 1
    assert "manage.py telegraphy" in caplog.text


def test_after_five_seconds_it_is_asked_again():
    now = [100.0]
    breaker = _tickets.Breaker(5.0, lambda: now[0])
    breaker.check()
    breaker.fail("away")
    now[0] += 4.5
    with pytest.raises(_tickets.NoTicket) as caught:
        breaker.check()
    assert caught.value.retry_after == pytest.approx(0.5)
    now[0] += 0.5
    breaker.check()


def test_a_page_without_a_ticket_may_be_cached(silent, browser):
    assert "Cache-Control" not in browser.get("/page/").headers


def test_a_gateway_that_refuses_is_told_of_and_breaks_no_page(browser, settings, caplog):
    settings.TELEGRAPHY = {"BACKEND": f"{__name__}.Refusing"}
    with caplog.at_level(logging.ERROR, "telegraphy"):
        assert word(browser.get("/page/")) == NOTHING
    assert "no ticket: forbidden" in caplog.text


def failing_claims(request):
    raise KeyError("region")


def test_a_hook_that_fails_is_told_of_and_breaks_no_page(browser, settings, caplog):
    settings.TELEGRAPHY = {
        "BACKEND": "telegraphy.backends.MemoryBackend",
        "CLAIMS": f"{__name__}.failing_claims",
    }
    with caplog.at_level(logging.ERROR, "telegraphy"):
        assert word(browser.get("/page/")) == NOTHING
    assert "failing_claims" in caplog.text


def claims_without_their_table(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT region FROM regions")


FAILING = {
    "BACKEND": "telegraphy.backends.MemoryBackend",
    "CLAIMS": f"{__name__}.claims_without_their_table",
}


@pytest.mark.django_db(transaction=True)
def test_a_hook_whose_query_fails_breaks_no_page(browser, settings, caplog):
    settings.TELEGRAPHY = FAILING
    with caplog.at_level(logging.ERROR, "telegraphy"):
        assert word(browser.get("/page/")) == NOTHING
    assert "no such table: regions" in caplog.text


def test_inside_a_transaction_it_does_as_that_may_be_broken(browser, settings):
    """Some databases take no commit of it any more, and say so to nobody."""
    settings.TELEGRAPHY = FAILING
    with pytest.raises(OperationalError, match="regions"):
        browser.get("/page/")


def test_a_check_whose_query_fails_is_no_answer(browser, ada):
    """A type that it kept back would be gone for as long as the session."""
    with registry.isolated():

        class Memo(Event):
            @classmethod
            def is_authorized_user(cls, user):
                return bool(claims_without_their_table(None))

        with pytest.raises(OperationalError, match="regions"):
            browser.get("/page/")
    assert gateway().tickets == []


def test_a_wrong_host_breaks_no_page_of_ours(browser, settings, caplog):
    settings.ALLOWED_HOSTS = ["shop.example"]
    with caplog.at_level(logging.ERROR, "telegraphy"):
        response = browser.get("/page/", headers={"host": "evil.example"})
    assert response.status_code == 200
    assert word(response) == NOTHING
    assert gateway().tickets == []


# -- the cookie of the browser's session with the gateway


@pytest.mark.parametrize("path", ["/login/ada/", "/logout/"])
def test_a_login_or_logout_removes_the_session_cookie(path, browser):
    browser.cookies["telegraphy_session_token"] = "tgs_old"
    cookie = browser.get(path).cookies["telegraphy_session_token"]
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", 0, "/")
    assert "telegraphy_session_token" not in browser.get("/page/").cookies


def test_other_pages_leave_the_session_cookie_alone(browser):
    browser.cookies["telegraphy_session_token"] = "tgs_old"
    assert browser.get("/page/").cookies == {}
    assert Client().get("/logout/").cookies == {}


@pytest.mark.django_db(transaction=True)
def test_an_asynchronous_site_does_all_that_too():
    make_user("ada")

    async def visit():
        client = AsyncClient()
        await client.get("/login/ada/")
        client.cookies["telegraphy_session_token"] = "tgs_old"
        return await client.get("/page/"), await client.get("/logout/")

    page, out = asyncio.run(visit())
    assert "private" in page.headers["Cache-Control"]
    assert out.cookies["telegraphy_session_token"]["max-age"] == 0
