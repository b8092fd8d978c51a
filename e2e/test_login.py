"""Who is there: Django's own login, pages in Chromium, and what the gateway lets them have.

Each test has members of its own, so that they do not disturb each other.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.browser import Page
from harness.club import Club
from harness.project import Console

PASSWORD = "correct horse"
COOKIE = "telegraphy_session_token"
TICKET = "POST /telegraphy/ticket/"
SECOND_S = 1.0
"""Within it, what the web application says must hold at the gateway."""


@pytest.fixture(scope="module")
def running_club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    club = Club(tmp_path_factory.mktemp("club"))
    try:
        club.start_gateway()
        club.start_web("/counts.json")
        yield club
    finally:
        club.end()


@pytest.fixture
def club(running_club: Club) -> Club:
    if running_club.gateway is None or not running_club.gateway.running:
        running_club.start_gateway()
    return running_club


@pytest.fixture(scope="module")
def the_console(running_club: Club) -> Console:
    return running_club.console()


@pytest.fixture
def console(club: Club, the_console: Console) -> Console:
    """Another process of the project."""
    return the_console


NUMBERS = itertools.count(1)


@pytest.fixture
def member(console: Console) -> Callable[[], str]:
    """Makes members; the name."""

    def make() -> str:
        name = f"member{next(NUMBERS)}"
        console.run(f"User.objects.create_user({name!r}, password={PASSWORD!r})")
        return name

    return make


@pytest.fixture
def ada(member: Callable[[], str]) -> str:
    return member()


@pytest.fixture
def bob(member: Callable[[], str]) -> str:
    return member()


def log_in(page: Page, club: Club, name: str) -> Page:
    page.goto(f"{club.url}login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("#done")
    is_at_the_door(page)
    return page


def log_out(page: Page, club: Club) -> None:
    page.goto(f"{club.url}leave/")
    page.click("#done")
    is_at_the_door(page)


def is_at_the_door(page: Page) -> None:
    """Has the form been answered, and led to the page?"""
    page.wait_for("() => location.pathname === '/' && !!window.telegraphy?.gateway")


@pytest.fixture
def browser_of(club: Club, open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """A browser whose user has logged in, at the page."""

    def open(name: str) -> Page:
        page = log_in(open_page(), club, name)
        is_connected(page)
        return page

    return open


def is_connected(page: Page) -> dict[str, Any]:
    """The state of the page's connection, once there is one."""
    return page.wait_for("() => window.telegraphy?.state.name === 'connected' && telegraphy.state")


def key_of(console: Console, name: str) -> str:
    return console.run(f"result = str(User.objects.get(username={name!r}).pk)")


def follow(page: Page, *types: str) -> None:
    """Subscribe, and wait until each is answered."""
    page.evaluate("(types) => follow(...types)", list(types))
    page.evaluate("() => telegraphy.types()")  # answered after them


def write(console: Console, name: str, text: str) -> None:
    console.run(f"Letter.objects.create(member=User.objects.get(username={name!r}), text={text!r})")


def came(page: Page, last: str) -> list[str]:
    """What has come, up to a notice that everyone gets."""
    page.wait_for("(last) => came.includes(last)", last)
    return page.evaluate("() => came.splice(0)")


def notice(console: Console) -> str:
    """Something public, which comes after all that was sent before it."""
    text = f"notice {next(NUMBERS)}"
    console.run(f"Notice.objects.create(text={text!r})")
    return text


def is_over(page: Page, reason: str) -> None:
    page.wait_for(
        "(reason) => telegraphy.state.name === 'closed' && telegraphy.state.reason === reason",
        reason,
    )


# ---- who gets what


def test_nobody_sees_what_is_public_and_is_refused_the_rest(
    club: Club, console: Console, open_page: Callable[..., Page], ada: str
) -> None:
    page = open_page(club.url)
    assert is_connected(page)["user"] is None
    follow(page, "Notice", "Letter", "Minutes", "SafeOpened", "NoSuchThing")
    refused = page.wait_for("() => Object.keys(refused).length === 4 && refused")
    assert set(refused.values()) == {"unauthenticated"}
    write(console, ada, "a secret")
    console.run("Minutes(text='of the meeting').publish()")
    last = notice(console)
    assert came(page, last) == [last]


def test_threat_08_who_is_logged_in_gets_theirs_and_nobody_else_s(
    console: Console, browser_of: Callable[[str], Page], ada: str, bob: str
) -> None:
    pages = {name: browser_of(name) for name in (ada, bob)}
    for name, page in pages.items():
        assert is_connected(page)["user"] == key_of(console, name)
        follow(page, "Notice", "Letter", "Minutes", "SafeOpened")
        assert page.wait_for("() => Object.keys(refused).length && refused") == {
            "SafeOpened": "unknown_type"
        }
    write(console, ada, "to ada")
    write(console, bob, "to bob")
    console.run("Minutes(text='of the meeting').publish()")
    last = notice(console)
    assert sorted(came(pages[ada], last)) == sorted(["to ada", "of the meeting", last])
    assert sorted(came(pages[bob], last)) == sorted(["to bob", "of the meeting", last])


def test_a_page_needs_no_request_to_know_who_it_is(
    club: Club, browser_of: Callable[[str], Page], ada: str
) -> None:
    before = club.counts().get(TICKET, 0)
    page = browser_of(ada)
    page.goto(club.url)
    is_connected(page)
    assert club.counts().get(TICKET, 0) == before


# ---- the end


def test_threat_06_after_a_logout_nothing_comes_any_more(
    club: Club,
    console: Console,
    browser_of: Callable[[str], Page],
    open_page: Callable[..., Page],
    ada: str,
) -> None:
    page, elsewhere, witness = browser_of(ada), browser_of(ada), open_page(club.url)
    for one in (page, elsewhere):
        follow(one, "Notice", "Letter")
    follow(witness, "Notice")
    tab = page.beside("about:blank")
    log_out(tab, club)
    time.sleep(SECOND_S)
    write(console, ada, "too late")
    last = notice(console)
    assert came(witness, last) == [last]
    assert sorted(came(elsewhere, last)) == sorted(["too late", last]), "another login"
    is_over(page, "unauthenticated")
    assert page.evaluate("() => came") == []
    assert is_connected(tab)["user"] is None
    assert page.cookie(COOKIE) is None


def test_threat_06_a_page_does_not_come_back_with_what_it_had_before_the_logout(
    club: Club, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    cookie = page.cookie(COOKIE)["value"]
    log_out(page.beside("about:blank"), club)
    is_over(page, "unauthenticated")
    page.evaluate(
        "(value) => { document.cookie = `telegraphy_session_token=${value}; Path=/` }", cookie
    )
    page.evaluate("() => void telegraphy.gateway.connect()")
    assert is_connected(page)["user"] is None


def test_who_is_deactivated_is_out(
    console: Console, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    follow(page, "Letter")
    console.run(f"user = User.objects.get(username={ada!r}); user.is_active = False; user.save()")
    is_over(page, "unauthenticated")


def test_who_is_deleted_is_out(
    console: Console, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    console.run(f"User.objects.get(username={ada!r}).delete()")
    is_over(page, "unauthenticated")


def test_with_another_password_those_who_knew_the_old_one_are_nobody(
    console: Console, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    follow(page, "Letter", "Notice")
    console.run(f"user = User.objects.get(username={ada!r}); user.set_password('x'); user.save()")
    page.wait_for("() => telegraphy.state.user === null")
    write(console, ada, "a secret")
    last = notice(console)
    assert came(page, last) == [last]


def test_who_changes_the_password_stays_and_their_other_browsers_do_not(
    club: Club, console: Console, browser_of: Callable[[str], Page], ada: str
) -> None:
    page, other = browser_of(ada), browser_of(ada)
    tab = page.beside(f"{club.url}password/")
    tab.fill("#id_old_password", PASSWORD)
    for field in ("#id_new_password1", "#id_new_password2"):
        tab.fill(field, "battery staple")
    tab.click("#done")
    other.wait_for("() => telegraphy.state.user === null")
    key = key_of(console, ada)
    assert is_connected(tab)["user"] == key
    page.wait_for("(key) => telegraphy.state.user === key", key)


def test_another_login_in_the_same_browser_is_another_client(
    club: Club, console: Console, browser_of: Callable[[str], Page], ada: str, bob: str
) -> None:
    page = browser_of(ada)
    follow(page, "Letter")
    before = is_connected(page)
    tab = log_in(page.beside("about:blank"), club, bob)
    now = is_connected(tab)
    assert now["user"] == key_of(console, bob)
    assert now["client"] != before["client"]
    is_over(page, "unauthenticated")
    follow(tab, "Notice", "Letter")
    write(console, ada, "to ada")
    write(console, bob, "to bob")
    last = notice(console)
    assert sorted(came(tab, last)) == sorted(["to bob", last])
    assert page.evaluate("() => came") == []


# ---- rights


def test_a_permission_counts_from_its_gain_to_its_loss(
    console: Console, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    follow(page, "SafeOpened")
    page.wait_for("() => refused.SafeOpened === 'unknown_type'")

    console.run(
        f"""
        user = User.objects.get(username={ada!r})
        right = Permission.objects.get(codename="open_safe")
        user.user_permissions.add(right)
        """
    )
    page.wait_for(
        """async () => {
            const types = await telegraphy.types();
            return types.some((type) => type.name === 'club.SafeOpened');
        }"""
    )
    page.evaluate("() => { refused = {}; }")
    follow(page, "Notice")
    console.run("SafeOpened(text='by the treasurer').publish()")
    last = notice(console)
    assert sorted(came(page, last)) == sorted(["by the treasurer", last])
    assert is_connected(page)["user"] == key_of(console, ada)

    console.run("user.user_permissions.remove(right)")
    page.wait_for("() => refused.SafeOpened === 'unknown_type'")
    console.run("SafeOpened(text='by the thief').publish()")
    last = notice(console)
    assert came(page, last) == [last]


# ---- one client in several tabs


def test_two_tabs_are_one_client(
    club: Club, console: Console, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    tabs = [page, page.beside(club.url), page.beside(f"{club.url}cached/")]
    assert len({is_connected(tab)["client"] for tab in tabs}) == 1
    for tab in tabs:
        follow(tab, "Notice", "Letter")
    write(console, ada, "to ada")
    last = notice(console)
    for tab in tabs:
        assert sorted(came(tab, last)) == sorted(["to ada", last])


def test_the_cookie_lasts_as_long_as_the_gateway_says(
    browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    cookie = page.cookie(COOKIE)
    assert cookie["expires"] - time.time() == pytest.approx(3_600, abs=60)
    assert (cookie["sameSite"], cookie["path"]) == ("Strict", "/")
    assert cookie["value"].startswith("tgs_")


# ---- caches


def test_a_page_from_the_cache_is_each_visitor_s_own(
    club: Club,
    console: Console,
    browser_of: Callable[[str], Page],
    open_page: Callable[..., Page],
    ada: str,
    bob: str,
) -> None:
    cached = f"{club.url}cached/"
    open_page(cached)
    pages = {name: browser_of(name) for name in (ada, bob)}
    nobody = open_page(club.url)
    texts = set()
    for page in (*pages.values(), nobody):
        # Without what the login's own page has left behind.
        page.evaluate("() => { document.cookie = 'telegraphy_session_token=; Path=/; Max-Age=0' }")
        page.goto(cached)
        [from_cache, text] = page.evaluate(
            """async () => {
                const answer = await fetch(location.href);
                return [answer.headers.has('Age'), await answer.text()];
            }"""
        )
        assert from_cache
        texts.add(text)
    [text] = texts
    assert "tgt_" not in text
    for name, page in pages.items():
        assert is_connected(page)["user"] == key_of(console, name)
        follow(page, "Notice", "Letter")
        write(console, name, f"to {name}")
    assert is_connected(nobody)["user"] is None
    last = notice(console)
    for name, page in pages.items():
        assert sorted(came(page, last)) == sorted([f"to {name}", last])


def test_a_cached_page_asks_once_and_then_comes_back_by_itself(
    club: Club, browser_of: Callable[[str], Page], ada: str
) -> None:
    page = browser_of(ada)
    before = club.counts().get(TICKET, 0)
    page.evaluate("() => { document.cookie = 'telegraphy_session_token=; Path=/; Max-Age=0' }")
    for _ in range(3):
        page.goto(f"{club.url}cached/")
        is_connected(page)
    assert club.counts()[TICKET] == before + 1


# ---- the gateway goes away


def test_after_a_restart_of_the_gateway_nobody_asks_django(
    club: Club,
    console: Console,
    browser_of: Callable[[str], Page],
    open_page: Callable[..., Page],
    ada: str,
    bob: str,
) -> None:
    pages = {name: browser_of(name) for name in (ada, bob)}
    before = {}
    for name, page in pages.items():
        before[name] = is_connected(page)
        follow(page, "Notice", "Letter")
    asked = club.counts()
    club.kill_gateway()
    for page in pages.values():
        page.wait_for("() => telegraphy.state.name !== 'connected'")
    club.start_gateway()
    for name, page in pages.items():
        page.wait_for("() => telegraphy.state.name === 'connected'", timeout_s=40)
        assert is_connected(page) == before[name]
    more = Counter(club.counts()) - Counter(asked)
    assert set(more) == {"GET /counts.json"}, "that is this test"
    for name in pages:
        write(console, name, f"to {name}")
    last = notice(console)
    for name, page in pages.items():
        assert sorted(came(page, last)) == sorted([f"to {name}", last])


def test_a_page_made_while_no_gateway_was_there_finds_out_later(
    club: Club, console: Console, open_page: Callable[..., Page], ada: str
) -> None:
    page = log_in(open_page(), club, ada)
    is_connected(page)
    club.kill_gateway()
    page.evaluate("() => { document.cookie = 'telegraphy_session_token=; Path=/; Max-Age=0' }")
    page.goto(club.url)
    config = page.evaluate(
        "() => JSON.parse(document.getElementById('telegraphy-config').textContent)"
    )
    assert (config["ticket"], config["anonymous"]) == (None, False)
    club.start_gateway()
    page.wait_for("() => telegraphy.state.name === 'connected'", timeout_s=60)
    assert is_connected(page)["user"] == key_of(console, ada)


# ---- other settings


@pytest.fixture(scope="module")
def other_club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    """Its tickets are signed by Django, and CSRF tokens are kept in its sessions."""
    folder = tmp_path_factory.mktemp("other")
    club = Club(folder, CLUB_TICKETS="signed", CLUB_CSRF_IN_SESSION="yes")
    try:
        club.start_gateway()
        club.start_web("/counts.json")
        yield club
    finally:
        club.end()


def test_a_ticket_that_django_signs_is_as_good(
    other_club: Club, open_page: Callable[..., Page]
) -> None:
    console = other_club.console()
    console.run(f"User.objects.create_user('ada', password={PASSWORD!r})")
    page = log_in(open_page(), other_club, "ada")
    assert is_connected(page)["user"] == key_of(console, "ada")
    follow(page, "Notice", "Letter")
    write(console, "ada", "to ada")
    last = notice(console)
    assert sorted(came(page, last)) == sorted(["to ada", last])
    console.run("user = User.objects.get(username='ada'); user.is_staff = True; user.save()")
    page.wait_for("() => resets.some(([, reason]) => reason === 'identity_changed')")
    assert is_connected(page)["user"] == key_of(console, "ada")
    log_out(page.beside("about:blank"), other_club)
    is_over(page, "unauthenticated")


def test_a_page_from_the_cache_finds_a_csrf_token_that_no_cookie_holds(
    other_club: Club, open_page: Callable[..., Page]
) -> None:
    console = other_club.console()
    console.run(f"User.objects.create_user('bob', password={PASSWORD!r})")
    page = log_in(open_page(), other_club, "bob")
    is_connected(page)
    before = other_club.counts()
    page.evaluate("() => { document.cookie = 'telegraphy_session_token=; Path=/; Max-Age=0' }")
    page.goto(f"{other_club.url}cached/")
    assert is_connected(page)["user"] == key_of(console, "bob")
    assert page.cookie("csrftoken") is None
    more = Counter(other_club.counts()) - Counter(before)
    assert (more["GET /telegraphy/ticket/"], more[TICKET]) == (1, 1)
