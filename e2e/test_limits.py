"""The limits of PROTOCOL.md 9 at their edges, and what it costs to refuse.

Everything on this machine has many addresses: 127.0.0.2 is somebody else than 127.0.0.3.
"""

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from conftest import NOTE
from harness.client import Client
from harness.crowd import Crowd, Member
from harness.gateway import Gateway, plain_binary
from harness.identity import back, somebody, ticket
from harness.processes import until
from harness.wire import TEXT, Wire, encode, handshake

ADA, BOB = "127.0.0.2", "127.0.0.3"


def turned_away(gateway: Gateway, source: str) -> int | None:
    """The seconds after which it may come back; None if it may come in."""
    with Wire(gateway.client_port, source=source) as wire:
        wire.send_what_it_takes(handshake(gateway.client_port))
        status, headers = wire.read_head()
        assert status in (101, 429), status
        if status == 101:
            return None
        assert "limits.address_" in wire.read_until_end().decode()
        return int(headers["retry-after"])


def test_an_address_has_so_many_connections(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(limits={"address_connections_max": 3})
    with ExitStack() as ends:
        clients = [ends.enter_context(Client(gateway.client_port, source=ADA)) for _ in range(3)]
        assert turned_away(gateway, ADA) == 5
        assert turned_away(gateway, BOB) is None
        assert all(client.is_usable() for client in clients)
        clients[0].wire.socket.close()
        until("there is room again", lambda: turned_away(gateway, ADA) is None)


def test_an_address_connects_so_often(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(limits={"address_connects_per_minute": 5})
    for _ in range(5):
        assert turned_away(gateway, ADA) is None
    wait_s = turned_away(gateway, ADA)
    assert wait_s is not None
    assert 1 <= wait_s <= 12
    assert turned_away(gateway, BOB) is None


def show_made_up_tickets(gateway: Gateway, source: str, count: int) -> None:
    for _ in range(count):
        with Client(gateway.client_port, source=source, connect=False) as client:
            answer = client.request("connect", ticket="tgt_" + "A" * 43)
            assert answer["code"] == "unauthenticated"


def test_an_address_is_refused_so_often(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(limits={"address_refusals_per_minute": 4})
    with Client(gateway.client_port, source=ADA) as standing:
        show_made_up_tickets(gateway, ADA, 4)
        wait_s = turned_away(gateway, ADA)
        assert wait_s is not None
        assert 1 <= wait_s <= 15
        assert standing.is_usable()
        assert turned_away(gateway, BOB) is None


def test_a_foreign_page_does_not_shut_the_address_of_its_visitors_out(
    new_gateway: Callable[..., Gateway],
) -> None:
    """It can make their browsers ask as often as it likes."""
    gateway = new_gateway(limits={"address_refusals_per_minute": 4})
    for _ in range(20):
        with Wire(gateway.client_port, source=ADA) as wire:
            wire.send(handshake(gateway.client_port, Origin="https://evil.example"))
            assert wire.read_head()[0] == 403
    assert turned_away(gateway, ADA) is None


def test_the_default_limits_are_those_of_the_protocol(
    new_gateway: Callable[..., Gateway],
) -> None:
    """1,000 connections of one address; the next address is served."""
    limits = {
        "address_connections_max": 1000,
        "address_connects_per_minute": 6000,
        "address_refusals_per_minute": 60,
    }
    gateway = new_gateway(limits=limits)
    with Crowd() as crowd:
        for _ in range(1000):
            crowd.join(gateway.client_port, handshake(gateway.client_port))
            crowd.turn(0)

        def upgraded() -> int:
            return sum(m.received.startswith(b"HTTP/1.1 101") for m in crowd.members)

        assert crowd.run_until(lambda: upgraded() == 1000, 20)
        assert turned_away(gateway, "127.0.0.1") == 5
        with Client(gateway.client_port, source=ADA) as other:
            assert other.is_usable()
    show_made_up_tickets(gateway, BOB, 60)
    assert turned_away(gateway, BOB) is not None


def test_refused_tickets_count_against_their_address(
    new_gateway: Callable[..., Gateway],
) -> None:
    limits = {"address_refusals_per_minute": 5, "refused_connects_max": 3}
    gateway = new_gateway(limits=limits)
    made_up = "tgt_" + "A" * 43
    for asked in (3, 2):
        with Client(gateway.client_port, source=ADA, connect=False) as client:
            for _ in range(asked):
                assert client.request("connect", ticket=made_up)["code"] == "unauthenticated"
            if asked < 3:
                client.connect(ticket=ticket(gateway))  # The third is good.
            else:
                assert client.wire.read_close() == 1013
    assert turned_away(gateway, ADA) is not None
    assert turned_away(gateway, BOB) is None


# ---- of a connection, of a client


def test_messages_of_a_connection_have_a_pace(new_gateway: Callable[..., Gateway]) -> None:
    """50 at once; then each is answered with how long to wait, and after 1,000 it is enough."""
    gateway = new_gateway(limits={"messages_per_second": 1, "messages_burst": 50})
    with Client(gateway.client_port) as client, Client(gateway.client_port) as other:
        for n in range(1, 50):  # `connect` was the first.
            client.send({"kind": "ping", "id": n})
        assert [client.read()["kind"] for _ in range(49)] == ["pong"] * 49
        pongs, refused = 0, 0
        for n in range(1100):
            client.wire.send_what_it_takes(encode(TEXT, b'{"kind":"ping","id":%d}' % n))
        frame = client.wire.read_frame()
        while frame.opcode == TEXT:
            answer = json.loads(frame.payload)
            if answer["kind"] == "pong":
                pongs += 1
            else:
                assert answer["code"] == "too_many_messages"
                assert 0 < answer["retry_after_ms"] <= 1000
                refused += 1
            frame = client.wire.read_frame()
        assert frame.close_code == 1013
        assert b"come back later" in frame.payload
        assert refused >= 1000
        assert pongs <= 20  # As many as seconds went by.
        assert other.is_usable()


def test_a_client_has_so_many_connections(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(limits={"client_connections_max": 2}, sessions={"grace_ms": 60_000})
    with somebody(gateway) as first:
        with back(gateway, first.token) as second:
            with Client(gateway.client_port, connect=False) as third:
                answer = third.request("connect", session=second.token)
                assert answer["code"] == "too_many_connections"
            with somebody(gateway, "8") as other:
                assert other.is_usable()
        until("a place is free", lambda: can_come_back(gateway, first.token))


def can_come_back(gateway: Gateway, token: str) -> bool:
    with Client(gateway.client_port, connect=False) as client:
        return client.request("connect", session=token)["kind"] == "connected"


def test_a_client_has_so_many_subscriptions_on_all_its_connections(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(limits={"client_subscriptions_max": 3})
    gateway.put_catalogue(NOTE)
    with somebody(gateway) as first, back(gateway, first.token) as second:
        for client in (first, second, second):
            client.subscribe("test.Note")
        refused = first.request("subscribe", type="test.Note")
        assert refused["code"] == "too_many_subscriptions"
        with somebody(gateway, "8") as other:
            other.subscribe("test.Note")
        second.wire.socket.close()

        def may_subscribe() -> bool:
            return first.request("subscribe", type="test.Note")["kind"] == "subscribed"

        until("those of the other connection are gone", may_subscribe)


# ---- what it costs

COUNT = 10_000


def cpu_s(gateway: Gateway) -> float:
    """Of all its threads, to the nanosecond; `stat` counts in hundredths of a second."""
    threads = Path(f"/proc/{gateway.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def come_and_go(gateway: Gateway, source: str, expected: bytes, count: int = COUNT) -> float:
    """Shake hands so many times, one after the other; the gateway's CPU time for all."""
    before_s = cpu_s(gateway)
    request = handshake(gateway.client_port)
    for _ in range(count):
        with socket.socket() as connection:
            connection.bind((source, 0))
            connection.connect(("127.0.0.1", gateway.client_port))
            connection.settimeout(20)
            try:
                connection.sendall(request)
                assert connection.recv(4096).startswith(expected)
            except (BrokenPipeError, ConnectionResetError):
                # Closed at once, since too many others linger.
                assert expected == b"HTTP/1.1 429"
    return cpu_s(gateway) - before_s


def test_who_is_refused_costs_less_than_who_is_not(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(program=plain_binary(), limits={"address_connections_max": 1})
    with Client(gateway.client_port, source=ADA):
        come_and_go(gateway, ADA, b"HTTP/1.1 429", 1000)
        before_kb = gateway.memory_kb()
        refused_s = come_and_go(gateway, ADA, b"HTTP/1.1 429")
        assert gateway.memory_kb() - before_kb < 2_000
    other = new_gateway(program=plain_binary())
    accepted_s = come_and_go(other, ADA, b"HTTP/1.1 101")
    print(f"{COUNT} refused: {refused_s:.2f} s, accepted: {accepted_s:.2f} s")
    assert refused_s < accepted_s
    with Client(gateway.client_port, source=BOB) as client:
        assert client.is_usable()


def test_a_flood_of_refused_ones_takes_no_descriptors(
    new_gateway: Callable[..., Gateway],
) -> None:
    """They never close; and still only some of them linger, for two seconds."""
    gateway = new_gateway(program=plain_binary(), limits={"address_connections_max": 1})
    gateway.put_catalogue(NOTE)
    descriptors = Path(f"/proc/{gateway.pid}/fd")
    most = 0
    with Client(gateway.client_port, source="127.0.0.1") as standing, Crowd() as crowd:
        standing.subscribe("test.Note")
        for _ in range(4000):
            crowd.join(gateway.client_port)
            crowd.turn(0)
            if len(crowd.members) % 200 == 0:
                most = max(most, len(list(descriptors.iterdir())))

        def told(member: Member) -> bool:
            return not member.open

        crowd.run_until(lambda: all(map(told, crowd.members)), 10)
        answered = sum(m.received.startswith(b"HTTP/1.1 429") for m in crowd.members)
        assert answered > 3000, answered
        assert most < 2 * 128 + 100, most
        gateway.publish("test.Note", {"n": 1})
        assert standing.next()["data"]["n"] == 1
