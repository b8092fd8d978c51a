"""The protocol, spoken by three independent clients: npm `ws`, PyPI `websockets`, Chromium."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.browser import Page
from harness.gateway import Gateway, event_type
from harness.node import NodeError, NodeProgram
from harness.peers import ChromiumPeer, Peer, WebsocketsPeer, WsPeer

LIMIT = 65_536

Connect = Callable[[Gateway], Any]


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProgram]:
    program = NodeProgram("ws.mjs", tmp_path_factory.mktemp("ws") / "ws.log")
    yield program
    program.end()


@pytest.fixture(params=["ws", "websockets", "chromium"])
def connect(
    request: pytest.FixtureRequest, ws: NodeProgram, open_page: Callable[..., Page]
) -> Connect:
    """Opens a connection with each of the clients in turn."""
    clients: dict[str, Connect] = {
        "ws": lambda gateway: WsPeer(ws, gateway.url),
        "websockets": lambda gateway: WebsocketsPeer(gateway.url),
        "chromium": lambda gateway: ChromiumPeer(open_page(), gateway.url),
    }
    return clients[request.param]


only_those_that_can = pytest.mark.parametrize("connect", ["ws", "websockets"], indirect=True)
"""A page cannot send pings or fragments."""


def connected(connect: Connect, gateway: Gateway) -> Any:
    peer = connect(gateway)
    answer = peer.request(kind="connect", id=1, client="e2e")
    assert answer["kind"] == "connected", answer
    return peer


def test_the_subprotocol_is_agreed_on(connect: Connect, gateway: Gateway) -> None:
    assert connect(gateway).protocol == "telegraphy.v1"


def test_connect_tells_the_limits(connect: Connect, gateway: Gateway) -> None:
    answer = connect(gateway).request(kind="connect", id="first", client="e2e")
    assert answer["id"] == "first"
    assert answer["gateway"]["name"] == "telegraphy"
    assert answer["limits"] == {"message_bytes": LIMIT, "subscriptions": 100}
    assert answer["ping_interval_ms"] == 25_000


def test_nothing_goes_before_connect(connect: Connect, gateway: Gateway) -> None:
    peer: Peer = connect(gateway)
    answer = peer.request(kind="subscribe", id=1, type="test.Note")
    assert (answer["kind"], answer["code"], answer["id"]) == ("error", "not_connected", 1)
    assert peer.request(kind="connect", id=2)["kind"] == "connected"


def test_two_hundred_events_come_once_and_in_order(connect: Connect, gateway: Gateway) -> None:
    peer: Peer = connected(connect, gateway)
    subscribed = peer.request(kind="subscribe", id=2, type="test.Note")
    assert subscribed["kind"] == "subscribed"
    sent = [{"n": n, "text": f"äöü漢😀 {n}"} for n in range(200)]
    gateway.publish("test.Note", *sent[:100])
    gateway.publish("test.Note", *sent[100:])
    events = [peer.read() for _ in sent]
    assert [event["data"] for event in events] == sent
    offset = subscribed["position"]["offset"]
    for event in events:
        assert event["prev"] == offset
        offset += 1
        assert event["position"] == {"epoch": subscribed["position"]["epoch"], "offset": offset}
        assert (event["type"], event["op"]) == ("test.Note", "event")
        assert event["cohort"] == subscribed["cohort"]


def test_after_unsubscribe_nothing_comes(connect: Connect, gateway: Gateway) -> None:
    peer: Peer = connected(connect, gateway)
    peer.request(kind="subscribe", id=2, type="test.Note")
    answer = peer.request(kind="unsubscribe", id=3, subscription=2)
    assert answer == {"kind": "unsubscribed", "id": 3}
    gateway.publish("test.Note", {"n": 1})
    assert peer.request(kind="ping", id=4) == {"kind": "pong", "id": 4}


def test_a_message_at_the_limit_is_answered(connect: Connect, gateway: Gateway) -> None:
    peer: Peer = connected(connect, gateway)
    peer.send(message_of(LIMIT))
    assert peer.read() == {"kind": "pong", "id": 7}


def test_a_message_one_byte_over_the_limit_closes_with_1009(
    connect: Connect, gateway: Gateway
) -> None:
    peer: Peer = connected(connect, gateway)
    peer.send(message_of(LIMIT + 1))
    assert peer.close_code() == 1009


def message_of(size: int) -> str:
    empty = json.dumps({"kind": "ping", "id": 7, "x": ""})
    return json.dumps({"kind": "ping", "id": 7, "x": "x" * (size - len(empty))})


def test_a_binary_message_closes_with_1003(connect: Connect, gateway: Gateway) -> None:
    peer: Peer = connected(connect, gateway)
    peer.send_binary('{"kind":"ping","id":1}')
    assert peer.close_code() == 1003


def test_a_close_is_answered_with_its_code(connect: Connect, gateway: Gateway) -> None:
    peer: Peer = connected(connect, gateway)
    peer.close(1000)
    assert peer.close_code() == 1000


def test_an_ending_gateway_closes_with_1012(
    connect: Connect, new_gateway: Callable[..., Gateway]
) -> None:
    gateway = new_gateway()
    peer: Peer = connected(connect, gateway)
    gateway.ask_to_end()
    assert peer.close_code() == 1012


@only_those_that_can
def test_a_ping_is_answered_with_its_payload(connect: Connect, gateway: Gateway) -> None:
    peer = connected(connect, gateway)
    for payload in ("one", "two", "x" * 125):
        assert peer.ping(payload) == payload


@only_those_that_can
def test_a_ping_inside_of_a_fragmented_message_is_answered(
    connect: Connect, gateway: Gateway
) -> None:
    peer = connected(connect, gateway)
    parts = ['{"kind":"pi', 'ng","id":"é', "漢", '😀"}']
    assert peer.send_fragments(parts, "now") == "now"
    assert peer.read() == {"kind": "pong", "id": "é漢😀"}


def test_a_page_of_another_host_is_refused(
    open_page: Callable[..., Page], gateway: Gateway
) -> None:
    page = open_page(f"http://localhost:{gateway.client_port}/healthz")
    code = page.evaluate(
        """(url) => new Promise((resolve) => {
            const socket = new WebSocket(url, ['telegraphy.v1']);
            socket.onopen = () => resolve('open');
            socket.onclose = ({ code }) => resolve(code);
        })""",
        gateway.url,
    )
    assert code == 1006


def test_ws_is_refused_without_the_subprotocol(ws: NodeProgram, gateway: Gateway) -> None:
    with pytest.raises(NodeError, match="400"):
        ws.ask(None, "open", gateway.url, ["something.else"])


def test_the_types_are_told_with_their_fields(connect: Connect, gateway: Gateway) -> None:
    orders = event_type(
        "test.Order",
        operations=["create", "update", "delete"],
        key=["id"],
        verbose_name="order",
        fields=[
            {"name": "id", "type": "int"},
            {"name": "status", "type": "string", "choices": [{"value": "new", "label": "New"}]},
        ],
    )
    hidden = event_type("test.Hidden", access="authenticated")
    assert gateway.put_catalogue(orders, hidden).status == 200
    peer: Peer = connected(connect, gateway)
    answer = peer.request(kind="types", id=2)
    assert [kind["name"] for kind in answer["types"]] == ["test.Order"]
    (told,) = answer["types"]
    assert told["operations"] == ["create", "update", "delete"]
    assert told["key"] == ["id"]
    assert told["verbose_name"] == "order"
    assert told["access"] == "public"
    assert told["fields"][1]["choices"] == [{"value": "new", "label": "New"}]
