"""Who looks at a page: tickets, the session's cookie, and tabs, in Chromium. What is logged in to
is no Django here; test_login.py has that."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.browser import Page
from harness.gateway import Gateway, event_type
from harness.identity import post
from harness.processes import until
from harness.webapp import WebApp

NEWS = event_type("test.News", access="authenticated")
LIFE_S = 3_600

Open = Callable[..., Page]


@pytest.fixture
def gateway(new_gateway: Callable[..., Gateway]) -> Gateway:
    gateway = new_gateway(sessions={"life_ms": LIFE_S * 1000})
    assert gateway.put_catalogue(NEWS).status == 200
    return gateway


@pytest.fixture
def webapp(gateway: Gateway) -> Iterator[WebApp]:
    webapp = WebApp(gateway)
    yield webapp
    webapp.end()


numbers = itertools.count(1)


def connected(page: Page) -> dict[str, Any]:
    return page.wait_for("() => telegraphy.state.name === 'connected' && telegraphy.state")


def stands(page: Page) -> None:
    page.evaluate("() => telegraphy.subscribe('test.News', () => undefined).ready.then(() => 1)")


def hears(gateway: Gateway, *pages: Page) -> None:
    number = next(numbers)
    gateway.publish("test.News", {"n": number})
    for page in pages:
        page.wait_for(f"() => seen.includes({number})")


def token(page: Page) -> str:
    cookie = page.cookie("kept")
    assert cookie is not None
    return cookie["value"]


def test_a_ticket_in_the_page_is_enough(webapp: WebApp, gateway: Gateway, open_page: Open) -> None:
    page = open_page(webapp.url + "with-ticket")
    assert connected(page)["user"] == "7"
    stands(page)
    hears(gateway, page)
    assert webapp.asked == []


def test_without_one_the_page_asks_with_the_token_that_scripts_cannot_read(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    page = open_page(webapp.url)
    assert connected(page)["user"] == "7"
    assert webapp.asked == ["GET", "POST"]
    stands(page)
    hears(gateway, page)


def test_the_cookie_lasts_as_long_as_the_gateway_says(webapp: WebApp, open_page: Open) -> None:
    page = open_page(webapp.url)
    connected(page)
    cookie = page.cookie("kept")
    assert cookie is not None
    assert cookie["value"].startswith("tgs_")
    assert (cookie["path"], cookie["sameSite"]) == ("/", "Strict")
    assert abs(cookie["expires"] - time.time() - LIFE_S) < 60


def test_another_page_is_the_same_client_without_another_ticket(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    page = open_page(webapp.url)
    before = connected(page)
    kept = token(page)
    asked = list(webapp.asked)
    page.goto(webapp.url)
    assert connected(page) == before
    assert token(page) != kept
    assert webapp.asked == asked


def test_tabs_are_one_client_and_come_back_as_one(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    first = open_page(webapp.url + "with-ticket")
    before = connected(first)
    second = first.beside(webapp.url)
    # A ticket of the same user goes on with the session.
    third = first.beside(webapp.url + "with-ticket")
    tabs = [first, second, third]
    assert [connected(tab) for tab in tabs] == [before] * 3
    for tab in tabs:
        stands(tab)
    hears(gateway, *tabs)
    gateway.kill()
    for tab in tabs:
        tab.wait_for("() => telegraphy.state.name !== 'connected'")
    gateway.start()
    assert gateway.put_catalogue(NEWS).status == 200
    assert [connected(tab) for tab in tabs] == [before] * 3
    for tab in tabs:
        stands(tab)
    hears(gateway, *tabs)
    assert webapp.asked == []


def test_a_page_of_another_user_is_another_client(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    page = open_page(webapp.url + "with-ticket")
    before = connected(page)
    webapp.user = "8"
    page.goto(webapp.url + "with-ticket")
    after = connected(page)
    assert after["user"] == "8"
    assert after["client"] != before["client"]


def test_a_ticket_that_was_spent_is_replaced_on_the_same_connection(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    # As a page that the browser's history shows again.
    webapp.embedded = webapp.ticket()
    assert connected(open_page(webapp.url + "with-ticket"))["user"] == "7"
    again = open_page(webapp.url + "with-ticket")
    assert connected(again)["user"] == "7"
    assert again.evaluate("() => calls") == ["connecting", "connected"]
    assert webapp.asked == ["GET", "POST"]


def test_the_end_of_an_identity_ends_all_its_tabs(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    first = open_page(webapp.url)
    connected(first)
    second = first.beside(webapp.url)
    connected(second)
    answer = post(gateway, "/api/v1/disconnect", {"user": "7"})
    assert (answer.json["sessions"], answer.json["connections"]) == (1, 2)
    for tab in (first, second):
        tab.wait_for("() => telegraphy.state.name === 'closed'")
    until("the cookie is gone", lambda: first.cookie("kept") is None)
    webapp.user = None
    first.evaluate("() => telegraphy.gateway.connect()")
    assert connected(first)["user"] is None


def test_tabs_whose_rights_changed_come_back_by_themselves(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    first = open_page(webapp.url)
    connected(first)
    second = first.beside(webapp.url)
    connected(second)
    tabs = [first, second]
    post(gateway, "/api/v1/disconnect", {"user": "7", "reason": "changed"})
    for tab in tabs:
        tab.wait_for("() => calls.includes('identity_changed')")
        assert connected(tab)["user"] == "7"
        stands(tab)
    hears(gateway, *tabs)
    assert "closed" not in first.evaluate("() => calls")


def test_a_page_that_was_made_for_nobody_forgets_the_session(
    webapp: WebApp, open_page: Open
) -> None:
    page = open_page(webapp.url)
    connected(page)
    webapp.anonymous = True
    page.goto(webapp.url)
    assert connected(page)["user"] is None
    assert page.cookie("kept") is None
    until(
        "the console says why a type is refused",
        lambda: (
            'warning: telegraphy: "test.News" is not public, and this client is anonymous: '
            "nobody is logged in" in page.words()
        ),
    )


def test_a_web_application_that_gives_no_tickets_is_waited_for(
    webapp: WebApp, gateway: Gateway, open_page: Open
) -> None:
    webapp.ticket_status = 503
    page = open_page(webapp.url)
    page.wait_for("() => calls.includes('no_ticket')")
    assert "connected" not in page.evaluate("() => calls")
    webapp.ticket_status = 200
    assert connected(page)["user"] == "7"
    stands(page)
    hears(gateway, page)


def test_no_secret_is_in_the_console(webapp: WebApp, gateway: Gateway, open_page: Open) -> None:
    webapp.embedded = webapp.ticket()
    for _ in range(2):
        page = open_page(webapp.url + "with-ticket")
        connected(page)
        post(gateway, "/api/v1/disconnect", {"user": "7"})
        page.wait_for("() => telegraphy.state.name === 'closed'")
        said = str(page.words()) + page.evaluate("() => JSON.stringify(telegraphy.state)")
        assert "tgt_" not in said
        assert "tgs_" not in said
