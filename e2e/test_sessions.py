"""The real client comes back, as who it was: sessions, their tokens, and their end."""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.client import Client
from harness.clients import Clients, LiveClient, LiveSubscription
from harness.gateway import Gateway, event_type
from harness.identity import post
from harness.processes import until

NEWS = event_type("test.News", access="authenticated")
OWN = event_type("test.Own", access={"rule": "n == auth.user_id"})


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    clients = Clients(tmp_path_factory.mktemp("clients") / "clients.log")
    yield clients
    clients.end()


@pytest.fixture
def gateway(new_gateway: Callable[..., Gateway]) -> Gateway:
    return with_types(new_gateway(sessions={"grace_ms": 1500}))


def with_types(gateway: Gateway) -> Gateway:
    assert gateway.put_catalogue(NEWS, OWN).status == 200
    return gateway


numbers = itertools.count(1)


def hears(gateway: Gateway, subscription: LiveSubscription) -> None:
    """Something that is published now reaches it."""
    number = next(numbers)
    gateway.publish("test.News", {"n": number})
    until(f"event {number} is heard", lambda: number in subscription.numbers)


def disconnect(gateway: Gateway, **whom: str) -> dict[str, int]:
    answer = post(gateway, "/api/v1/disconnect", whom)
    assert answer.status == 200, answer.body
    return answer.json


def cut(client: LiveClient, how: str = "cut") -> dict[str, str]:
    """Its line is lost; it comes back."""
    had = len(client.states)
    client.ask(how)
    return client.comes_back(had)


# ---- coming back


def test_who_comes_back_is_the_same_client_without_another_ticket(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway).connect()
    before = client.state
    assert before["user"] == "7"
    news = client.subscribe("test.News").stands()
    hears(gateway, news)
    for _ in range(5):
        assert cut(client) == before
        news.stands()
        hears(gateway, news)
    assert client.tickets_asked == 1
    assert news.heard["calls"] == ["subscribed"], "nothing was missed, so nothing is said"


def test_each_connection_brings_the_next_token(gateway: Gateway, clients: Clients) -> None:
    client = clients.open(gateway).connect()
    tokens = [client.token]
    for _ in range(3):
        cut(client)
        tokens.append(client.token)
    assert len(set(tokens)) == 4
    assert all(re.fullmatch(r"tgs_[\w-]{1,124}", token or "") for token in tokens)


def test_an_answer_that_was_lost_harms_nothing(gateway: Gateway, clients: Clients) -> None:
    client = clients.open(gateway).connect()
    news = client.subscribe("test.News").stands()
    before = client.state
    for _ in range(3):
        token = client.token
        assert cut(client, "lose") == before
        assert client.token != token
    hears(gateway, news.stands())
    assert client.tickets_asked == 1


def test_a_token_whose_answer_was_lost_is_not_shown_so_late_that_it_looks_like_a_copy(
    new_gateway: Callable[..., Gateway], clients: Clients
) -> None:
    gateway = with_types(new_gateway())
    client = clients.open(gateway).connect()
    news = client.subscribe("test.News").stands()
    had = len(client.states)
    client.ask("lose", True)
    until("the answer is lost", lambda: client.ask("held"))
    time.sleep(10.5)  # the grace of the gateway, and of the client
    client.ask("release")
    assert client.comes_back(had)["user"] == "7"
    hears(gateway, news.stands())
    assert client.tickets_asked == 2
    assert gateway.program is not None
    assert "session.reused" not in gateway.program.words()


def test_an_old_token_ends_the_session_of_both(gateway: Gateway, clients: Clients) -> None:
    client = clients.open(gateway).connect()
    client.subscribe("test.News").stands()
    stolen = client.token
    cut(client)
    time.sleep(1.6)  # the grace of the token before is over
    with Client(gateway.client_port, connect=False) as thief:
        answer = thief.request("connect", session=stolen)
        assert (answer["kind"], answer["code"]) == ("error", "unauthenticated")
    client.wait_for("closed", reason="unauthenticated")
    assert client.token is None
    assert gateway.program is not None
    words = gateway.program.words()
    assert "session.reused" in words
    assert stolen
    assert stolen not in words


def test_a_session_that_was_ended_so_begins_anew_with_a_ticket(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway).connect()
    news = client.subscribe("test.News").stands()
    before = client.state["client"]
    disconnect(gateway, user="7")
    client.wait_for("closed", reason="unauthenticated")
    after = client.connect().state
    assert after["user"] == "7"
    assert after["client"] != before
    assert client.tickets_asked == 2
    hears(gateway, news.stands())


def test_a_token_that_was_made_up_is_forgotten_and_replaced(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway)
    client.ask("keep", "tgs_" + "A" * 60)
    state = client.connect().state
    assert state["user"] == "7"
    assert client.tickets_asked == 1
    assert [one["name"] for one in client.states] == ["connecting", "connected"]


# ---- the gateway goes away


@pytest.mark.parametrize("how", ["SIGTERM", "kill -9"])
def test_a_gateway_that_is_started_again_knows_its_clients(
    how: str, gateway: Gateway, clients: Clients
) -> None:
    several = [clients.open(gateway, user).connect() for user in ("7", "8", "9")]
    heard = [client.subscribe("test.News").stands() for client in several]
    before = [client.state for client in several]
    for round in range(1, 3):
        had = [len(client.states) for client in several]
        if how == "SIGTERM":
            gateway.stop()
        else:
            time.sleep(0.5)  # what began in the last 20 ms or so is lost with a crash
            gateway.kill()
        gateway.start()
        with_types(gateway)
        after = [client.comes_back(count) for client, count in zip(several, had, strict=True)]
        assert after == before
        for one in heard:
            one.stands()
            hears(gateway, one)
            assert one.heard["calls"].count("reset epoch") == round
    assert [client.tickets_asked for client in several] == [1, 1, 1]


def test_without_tickets_a_client_waits_and_is_never_silently_nobody(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway)
    client.ask("stopTickets", True)
    client.ask("begin")
    until("it has tried three times", lambda: len(client.ask("errors")) >= 3)
    assert {one["name"] for one in client.states} == {"connecting", "waiting"}
    assert {one.get("reason", "no_ticket") for one in client.states} == {"no_ticket"}
    client.ask("stopTickets", False)
    assert client.wait_for("connected")["user"] == "7"


def test_nobody_who_is_logged_in_is_nobody(gateway: Gateway, clients: Clients) -> None:
    client = clients.open(gateway, None).connect()
    assert client.state["user"] is None
    news = client.subscribe("test.News")
    until("it is refused", lambda: news.heard["calls"] == ["error unauthenticated"])
    client.ask("askFor", {"user": "7"})
    client.ask("close")
    assert client.connect().state["user"] == "7"
    hears(gateway, news.stands())


# ---- the end of an identity


def test_after_its_end_nothing_that_is_published_reaches_a_client(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway).connect()
    other = clients.open(gateway, "8").connect()
    [news, others] = [one.subscribe("test.News").stands() for one in (client, other)]
    hears(gateway, news)
    answer = disconnect(gateway, user="7")
    assert (answer["sessions"], answer["connections"]) == (1, 1)
    hears(gateway, others)
    client.wait_for("closed", reason="unauthenticated")
    assert client.token is None
    assert len(news.numbers) == 1
    assert other.state["name"] == "connected"


def test_who_has_other_rights_comes_back_with_them_and_loads_anew(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway, claims={"user_id": 1}).connect()
    own = client.subscribe("test.Own").stands()
    had = len(client.states)
    client.ask("askFor", {"user": "7", "claims": {"user_id": 2}})
    disconnect(gateway, user="7", reason="changed")
    client.comes_back(had)
    own.stands()
    assert own.heard["calls"] == ["subscribed", "reset identity_changed"]
    gateway.publish("test.Own", {"n": 1}, {"n": 2})
    until("what it may have now is heard", lambda: own.numbers == [2])
    assert client.tickets_asked == 2


def test_a_session_whose_time_is_over_is_followed_by_another(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway, session_life_ms=2_000).connect()
    news = client.subscribe("test.News").stands()
    before = client.state["client"]
    state = client.comes_back(len(client.states))
    assert {"name": "waiting", "reason": "identity_changed"}.items() <= client.states[2].items()
    assert state["user"] == "7"
    assert state["client"] != before
    assert client.tickets_asked == 2
    hears(gateway, news.stands())


# ---- tabs


def test_tabs_are_one_client_with_subscriptions_of_their_own(
    gateway: Gateway, clients: Clients
) -> None:
    tabs = [clients.open(gateway, store="cookie").connect() for _ in range(3)]
    assert len({tab.state["client"] for tab in tabs}) == 1
    assert [tab.tickets_asked for tab in tabs] == [1, 0, 0]
    [first, *others] = [tab.subscribe("test.News").stands() for tab in tabs]
    gateway.publish("test.News", {"n": 0})
    for one in (first, *others):
        until("each hears it once", lambda one=one: one.numbers == [0])
    tabs[0].ask("close")
    for one in others:
        hears(gateway, one)
    assert first.numbers == [0]


def test_tabs_come_back_at_once_as_one_client(gateway: Gateway, clients: Clients) -> None:
    tabs = [clients.open(gateway, store="jar").connect() for _ in range(8)]
    heard = [tab.subscribe("test.News").stands() for tab in tabs]
    before = tabs[0].state
    for _ in range(3):
        had = [len(tab.states) for tab in tabs]
        for tab in tabs:
            tab.ask("cut")
        assert [tab.comes_back(count) for tab, count in zip(tabs, had, strict=True)] == [
            before
        ] * len(tabs)
    for one in heard:
        hears(gateway, one.stands())
    assert sum(tab.tickets_asked for tab in tabs) == 1


def test_no_secret_is_in_the_words_of_gateway_or_client(
    gateway: Gateway, clients: Clients, tmp_path: Path
) -> None:
    client = clients.open(gateway).connect()
    tokens = [client.token]
    cut(client)
    tokens.append(client.token)
    client.ask("keep", "tgs_" + "B" * 60)
    client.ask("cut")
    until("it has another", lambda: client.tickets_asked == 2)
    client.wait_for("connected")
    gateway.stop()
    words = [log.read_text() for log in tmp_path.rglob("*.log")] + [clients.log.read_text()]
    said = "\n".join([*words, str(client.states), str(client.ask("errors"))])
    assert "tgs_" not in said
    assert "tgt_" not in said
    assert all(token and token not in said for token in tokens)


# ---- limits


def test_more_messages_than_the_gateway_takes_at_once_are_said_slowly(
    new_gateway: Callable[..., Gateway], clients: Clients
) -> None:
    limits = {"subscriptions_max": 400, "connection_bytes_max": 1 << 23}
    gateway = with_types(new_gateway(limits=limits))
    client = clients.open(gateway)
    several = [client.subscribe("test.News") for _ in range(320)]
    client.connect()
    for one in several:
        one.stands()
    cut(client)
    for one in several:
        one.stands()
    assert client.ask("errors") == []
    assert {str(one.heard["calls"]) for one in several} == {"['subscribed']"}
    gateway.publish("test.News", {"n": 0})
    until("the last one hears, too", lambda: several[-1].numbers == [0])


def test_a_subscription_that_was_closed_from_outside_stays_so(
    gateway: Gateway, clients: Clients
) -> None:
    client = clients.open(gateway).connect()
    closed = client.subscribe("test.News").stands()
    other = client.subscribe("test.News", where="n > 0").stands()
    answer = gateway.http("GET", "/api/v1/clients?user=7", key=gateway.key)
    [listed] = answer.json["clients"]
    [number] = [one["id"] for one in listed["subscriptions"] if not one.get("where")]
    which = {"connection": listed["connection"], "subscription": number}
    assert post(gateway, "/api/v1/unsubscribe", which).status == 200
    until("it has ended", lambda: closed.heard["state"] == "ended")
    assert closed.heard["calls"] == ["subscribed", "reset closed", "error closed"]
    cut(client)
    hears(gateway, other.stands())
    assert closed.heard["state"] == "ended"
    assert closed.numbers == []


def test_a_tab_too_many_waits_until_another_is_closed(
    new_gateway: Callable[..., Gateway], clients: Clients
) -> None:
    gateway = new_gateway(limits={"client_connections_max": 3})
    tabs = [clients.open(gateway, store="full").connect() for _ in range(3)]
    late = clients.open(gateway, store="full")
    late.ask("begin")
    late.wait_for("waiting", reason="too_many_connections")
    tabs[0].ask("close")
    assert late.wait_for("connected")["client"] == tabs[1].state["client"]
    assert late.tickets_asked == 0
