"""What one client may do (connections, subscriptions, messages), and what it may not know."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.client import Client
from harness.gateway import Gateway, event_type
from harness.identity import back, somebody, ticket
from harness.processes import until
from harness.wire import CLOSE, TEXT

NOTE = event_type("test.Note")
OTHER = event_type("test.Other", access="authenticated")
FAST = {"messages_per_second": 0}


@pytest.fixture
def start(new_gateway: Callable[..., Gateway]) -> Callable[..., Gateway]:
    """Starts a gateway with these limits, that knows two types."""

    def one(**limits: Any) -> Gateway:
        gateway = new_gateway(limits=limits)
        assert gateway.put_catalogue(NOTE, OTHER).status == 200
        return gateway

    return one


def token(client: Client) -> str:
    text: str = client.connected["session"]["token"]
    return text


# ---- connections and subscriptions of a client


def test_a_client_has_so_many_connections(start: Callable[..., Gateway]) -> None:
    gateway = start(client_connections_max=3)
    first = somebody(gateway)
    second = back(gateway, token(first))
    third = back(gateway, token(second))
    with Client(gateway.client_port, connect=False) as fourth:
        # Nothing is rotated by it: it may be tried as often as one likes, and is no copy.
        for _ in range(5):
            answer = fourth.request("connect", session=token(third))
            assert answer["code"] == "too_many_connections"
        assert [one.is_usable() for one in (first, second, third)] == [True] * 3
        second.wire.socket.close()

        def has_room() -> bool:
            return fourth.request("connect", session=token(third))["kind"] == "connected"

        until("there is room for another", has_room)
        assert fourth.is_usable()
    assert somebody(gateway, "8").is_usable()


def test_a_client_has_so_many_subscriptions_over_all_connections(
    start: Callable[..., Gateway],
) -> None:
    gateway = start(client_subscriptions_max=3)
    ada = somebody(gateway)
    also = back(gateway, token(ada))
    ada.subscribe("test.Note")
    ada.subscribe("test.Other")
    also.subscribe("test.Note")
    for client in (ada, also):
        refused = client.request("subscribe", type="test.Other")
        assert refused["code"] == "too_many_subscriptions"
        assert "3 subscriptions" in refused["message"]
    somebody(gateway, "8").subscribe("test.Other")
    Client(gateway.client_port).subscribe("test.Note")
    ada.wire.socket.close()

    def has_room() -> bool:
        return also.request("subscribe", type="test.Other")["kind"] == "subscribed"

    until("what a connection had is free when it has ended", has_room)
    also.subscribe("test.Note")
    assert also.request("subscribe", type="test.Note")["code"] == "too_many_subscriptions"


# ---- messages


def test_threat_15_flood_of_messages_is_not_carried_out(start: Callable[..., Gateway]) -> None:
    gateway = start(messages_per_second=1, messages_burst=4)
    with Client(gateway.client_port) as client, Client(gateway.client_port) as other:
        for _ in range(3):
            assert client.request("ping")["kind"] == "pong"
        refused = client.request("subscribe", type="test.Note")
        assert (refused["code"], refused["kind"]) == ("too_many_messages", "error")
        assert 1 <= refused["retry_after_ms"] <= 1000
        assert len(json.dumps(refused)) < 150, "to refuse costs little"
        client.wire.send_frame(TEXT, "{" * 1000)
        assert client.read()["code"] == "too_many_messages", "whatever it is"
        assert other.is_usable()
        gateway.publish("test.Note", {"n": 1})
        time.sleep(refused["retry_after_ms"] / 1000 + 0.05)
        assert client.request("subscribe", type="test.Note")["kind"] == "subscribed"


def test_threat_15_flood_without_end_is_closed(start: Callable[..., Gateway]) -> None:
    gateway = start(messages_per_second=1, messages_burst=1)
    with Client(gateway.client_port) as client, Client(gateway.client_port) as other:
        message = json.dumps({"kind": "ping", "id": 1})
        close, hasty = None, 0
        for _ in range(20_000):
            client.wire.send_frame(TEXT, message)
            frame = client.wire.read_frame()
            if frame.opcode == CLOSE:
                close = frame.close_code
                break
            # A second passes now and then: what is carried out begins the count anew.
            code = json.loads(frame.payload).get("code")
            assert code in (None, "too_many_messages")
            hasty = 0 if code is None else hasty + 1
        assert (close, hasty) == (1013, 1000)
        time.sleep(1.1)
        assert other.request("ping")["kind"] == "pong"


# ---- what a client may not know


def seconds_of(client: Client, type: str) -> float:
    begin = time.perf_counter()
    answer = client.request("subscribe", type=type)
    took = time.perf_counter() - begin
    assert answer["code"] in ("unauthenticated", "unknown_type")
    return took


@pytest.mark.parametrize("who", ["nobody", "a user of another application"])
def test_threat_08_absent_and_forbidden_take_the_same_time(
    who: str, new_gateway: Callable[..., Gateway]
) -> None:
    """Medians of some thousand answers, taken in turn, beside what they differ by themselves."""
    gateway = new_gateway(apps=("test", "blog"), limits=FAST)
    others = [event_type(f"test.T{n}", access="authenticated") for n in range(500)]
    assert gateway.put_catalogue(*others).status == 200
    with Client(gateway.client_port, connect=False) as client:
        shown = {} if who == "nobody" else {"ticket": ticket(gateway, app="blog")}
        assert client.request("connect", **shown)["kind"] == "connected"
        times: dict[str, list[float]] = {"test.T250": [], "test.U250": [], "test.V250": []}
        for _ in range(1500):
            for type, taken in times.items():
                taken.append(seconds_of(client, type))
    there, absent, also_absent = (statistics.median(taken) for taken in times.values())
    assert abs(there - absent) <= 3 * abs(also_absent - absent) + 0.05 * absent


@pytest.mark.parametrize("where", [None, "n > 0", "m > 0", "n ==", "n > 0 && " * 500])
def test_threat_08_absent_and_forbidden_have_the_same_answer(
    where: str | None, new_gateway: Callable[..., Gateway]
) -> None:
    gateway = new_gateway(apps=("test", "blog"))
    checked = event_type("test.Qqq", access="authenticated", checked=True)
    assert gateway.put_catalogue(NOTE, OTHER, checked).status == 200
    clients = {
        "unauthenticated": Client(gateway.client_port),
        "unknown_type": somebody(gateway),
    }
    for code, client in clients.items():
        asked = {} if where is None else {"where": where}
        there = client.request("subscribe", type="test.Qqq", **asked)
        absent = client.request("subscribe", type="test.Zzz", **asked)
        assert (there.pop("id") == absent.pop("id"), there["code"]) == (False, code)
        assert json.loads(json.dumps(there).replace("test.Qqq", "test.Zzz")) == absent
