"""Every file of protocol/vectors that a peer can send, sent to the real gateway."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from harness.client import Client
from harness.gateway import ROOT, Answer, Gateway
from harness.ingest import Dealer
from harness.vectors import bytes_of, cases, catalogue, message_of, one_of, text_of
from harness.wire import CLOSE, PING, PONG, TEXT, Ended, Wire

CODES = json.loads((ROOT / "protocol/codes.json").read_text())
STATUS = {error["code"]: error["http"] for error in CODES["errors"]}


@pytest.fixture(scope="module")
def shop(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    return new_gateway_anywhere(apps=("shop", "blog"))


@pytest.fixture(autouse=True)
def shop_catalogue(shop: Gateway) -> None:
    put_catalogue(shop, "shop", catalogue("shop"))


def put_catalogue(gateway: Gateway, app: str, document: str) -> None:
    answer = gateway.put_document(document, app)
    assert answer.status == 200, answer.body


def types_of(gateway: Gateway) -> Any:
    answer = gateway.http("GET", "/api/v1/types", key=gateway.key)
    assert answer.status == 200
    return answer.json


def check_refusal(said: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert said["code"] in one_of(wanted["code"]), said
    assert isinstance(said["message"], str), said
    assert said["message"], said
    if "member" in wanted:
        assert said.get("member") in one_of(wanted["member"]), said
    for place in ("line", "column", "nearest"):
        if place in wanted:
            assert said.get(place) == wanted[place], said
    if "id" in wanted:
        assert said.get("id") == wanted["id"], said


# ---- clients


@pytest.mark.parametrize("case", cases("reject/client"))
def test_message_is_refused(case: dict[str, Any], shop: Gateway, testing: Gateway) -> None:
    wanted = case["expect"]
    claims = {"claims": case["claims"]} if "claims" in case else {}
    port = (testing if claims else shop).client_port
    with Client(port, connect=case["after_connect"] and not claims) as client:
        if claims:
            assert client.request("connect", **claims)["kind"] == "connected"
        for before in case.get("before", []):
            message = before.get("message", before)
            for n in range(1, before.get("times", 1) + 1):
                client.wire.send_frame(TEXT, message_of(message, n))
                said = client.read()
                assert said["kind"] != "error", said
        for n in range(1, case.get("times", 1) + 1):
            client.wire.send_frame(TEXT, message_of(case["send"], n))
            said = client.read()
            assert said["kind"] == "error", said
            check_refusal(said, wanted)
        if wanted["usable"]:
            ping_is_answered(client, connected=case["after_connect"])
        else:
            assert client.wire.read_close() == wanted["close"]


def ping_is_answered(client: Client, *, connected: bool) -> None:
    if not connected:
        client.send({"kind": "connect", "id": "after"})
        assert client.read()["kind"] == "connected"
    client.send({"kind": "ping", "id": "still there"})
    assert client.read() == {"kind": "pong", "id": "still there"}


@pytest.mark.parametrize("case", cases("messages/client"))
def test_message_is_understood(case: dict[str, Any], shop: Gateway) -> None:
    message = case["message"]
    answers = {
        "connect": "connected",
        "subscribe": "subscribed",
        "unsubscribe": "unsubscribed",
        "types": "types",
        "ping": "pong",
    }
    later = {"claims", "fields", "durable"} & set(message)
    with Client(shop.client_port, connect=message["kind"] != "connect") as client:
        if message["kind"] in ("unsubscribe", "ack"):
            subscription = message["subscription"]
            client.send({"kind": "subscribe", "id": subscription, "type": "shop.Order"})
            assert client.read()["kind"] == "subscribed"
        client.send(message)
        said = client.read()
        assert said["id"] == message["id"]
        if later:
            assert said["code"] == "not_supported", said
            assert said["member"] in later, said
        elif message["kind"] == "ack":
            # A stream that keeps nothing has nothing to acknowledge; the form is understood.
            assert said["kind"] == "acked" or said["code"] == "not_supported", said
        elif message.get("type", "").startswith("s.x") or {"ticket", "session"} & set(message):
            assert said["code"] == "unauthenticated", said
        else:
            assert said["kind"] == answers[message["kind"]], said


# ---- queries


@pytest.fixture(scope="module")
def testing(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    """A gateway with the shop's catalogue that takes clients' words for who they are."""
    gateway = new_gateway_anywhere(apps=("shop",), testing={"claims": True})
    put_catalogue(gateway, "shop", catalogue("shop"))
    return gateway


class Told:
    """What the subscription of a case is told of each event."""

    def __init__(self, case: dict[str, Any], gateway: Gateway) -> None:
        self.type, self.gateway = case["type"], gateway
        self.client = Client(gateway.client_port, connect=False)
        claims = {"claims": case["claims"]} if "claims" in case else {}
        assert self.client.request("connect", **claims)["kind"] == "connected"
        self.client.subscribe("shop.PriceChanged")
        self.client.subscribe(self.type, **({"where": case["where"]} if "where" in case else {}))

    def of(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.gateway.publish_lines(
            json.dumps({"type": self.type, **event}),
            # What comes before this has come in consequence of the event.
            json.dumps({"type": "shop.PriceChanged", "data": {"symbol": "END", "price": "0"}}),
        )
        assert answer.status == 200, answer.body
        heard: list[dict[str, Any]] = []
        while (event := self.client.next())["type"] != "shop.PriceChanged":
            heard.append(
                {name: event[name] for name in ("op", "data", "old", "changed") if name in event}
            )
        return heard


@pytest.mark.parametrize("case", cases("match"))
def test_a_subscription_is_told_what_concerns_it(case: dict[str, Any], testing: Gateway) -> None:
    told = Told(case, testing)
    with told.client:
        for data in case.get("matches", []):
            event = {"data": data, "time": "2026-11-23T02:16:34Z"}
            assert told.of(event) == [{"op": "event", "data": data}]
        for data in case.get("others", []):
            event = {"data": data, "time": "2026-11-23T02:16:34Z"}
            assert told.of(event) == [], data
        for step in case.get("steps", []):
            wanted = [] if step["told"] is None else [step["told"]]
            assert told.of(step["event"]) == wanted, step


# ---- WebSocket


def byte_by_byte(wire: Wire, data: bytes) -> None:
    wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for index in range(len(data)):
        wire.send_what_it_takes(data[index : index + 1])


def at_once(wire: Wire, data: bytes) -> None:
    wire.send_what_it_takes(data)


FRAMES = cases("reject/websocket") + cases("messages/websocket")


@pytest.mark.parametrize("send", [at_once, byte_by_byte])
@pytest.mark.parametrize("case", FRAMES)
def test_frames_are_judged(
    case: dict[str, Any], send: Callable[[Wire, bytes], None], shop: Gateway
) -> None:
    data, wanted = bytes_of(case["bytes"]), case["expect"]
    if send is byte_by_byte and len(data) > 500:
        data_head, data_rest = data[:200], data[200:]
    else:
        data_head, data_rest = data, b""
    with Wire(shop.client_port).upgrade() as wire:
        send(wire, data_head)
        at_once(wire, data_rest)
        if wanted["close"] is None:
            at_once(wire, bytes.fromhex("898400000000") + b"end?")
        answers, pongs, close = everything(wire)
    if "answers" in wanted:
        assert answers == wanted["answers"]
    if wanted["close"] is None:
        assert pongs.pop() == b"end?".hex()
    else:
        assert close in one_of(wanted["close"])
    assert pongs == wanted.get("pongs", [])


def everything(wire: Wire) -> tuple[list[str], list[str], int | None]:
    """Kinds of messages, payloads of pongs, close code (1005: none); up to the last pong."""
    answers: list[str] = []
    pongs: list[str] = []
    while True:
        try:
            frame = wire.read_frame()
        except Ended:
            raise AssertionError(f"ended without a close frame, after {answers} {pongs}") from None
        if frame.opcode == TEXT:
            answers.append(json.loads(frame.payload)["kind"])
        elif frame.opcode == PONG:
            pongs.append(frame.payload.hex())
            if frame.payload == b"end?":
                return answers, pongs, None
        elif frame.opcode == CLOSE:
            wire.send_frame(CLOSE, frame.payload[:2])
            wire.read_until_end()
            return answers, pongs, frame.close_code or 1005
        else:
            assert frame.opcode == PING, frame


# ---- HTTP


@pytest.mark.parametrize("case", cases("reject/http") + cases("messages/http"))
def test_request_is_judged(case: dict[str, Any], shop: Gateway) -> None:
    port = shop.client_port if case["port"] == "client" else shop.ingest_port
    wanted = case["expect"]
    with Wire(port) as wire:
        wire.send_what_it_takes(text_of(case["text"], key=shop.keys["shop"]))
        status, headers = wire.read_head()
        assert status in one_of(wanted["status"]), (status, headers)
        for name, value in wanted.get("headers", {}).items():
            assert headers.get(name.lower()) == value, headers
        body = b""
        if "content-length" in headers:
            body = wire.read_exactly(int(headers["content-length"]))
        if "code" in wanted:
            said = json.loads(body)
            assert said["kind"] == "refused"
            check_refusal(said, wanted)
        if wanted.get("closed"):
            assert wire.read_until_end() == b""


# ---- ingest


@pytest.fixture
def dealer(shop: Gateway) -> Iterator[Dealer]:
    with Dealer(shop.zmq) as dealer:
        yield dealer


@pytest.mark.parametrize("case", cases("reject/ingest", kind="header"))
def test_zeromq_request_is_refused(case: dict[str, Any], shop: Gateway, dealer: Dealer) -> None:
    key = shop.keys["shop"]
    before = types_of(shop)
    header = message_of(case["send"], key=key)
    body = text_of(case.get("body", ""), key=key)
    said = dealer.ask(header, body)
    assert said["kind"] == "refused", said
    check_refusal(said, case["expect"])
    assert types_of(shop) == before
    assert dealer.ask({"kind": "ping", "id": 77, "key": key}) == {"kind": "pong", "id": 77}


@pytest.mark.parametrize("case", cases("messages/ingest", kind="header"))
def test_zeromq_request_is_understood(case: dict[str, Any], shop: Gateway, dealer: Dealer) -> None:
    header = json.loads(message_of(case["send"], key=shop.keys["shop"]))
    price = {"type": "shop.PriceChanged", "data": {"symbol": "TG", "price": "18.44"}}
    nobodys = {"connection": 2**53 - 1, "subscription": 1}
    bodies_and_answers = {
        "publish": (json.dumps(price), "published"),
        "catalogue": (catalogue("shop"), "catalogue_accepted"),
        "ticket": ('{"user":"7"}', "ticket"),
        "clients": ("{}", "clients"),
        "disconnect": ('{"user":"7"}', "disconnected"),
        "unsubscribe": (json.dumps(nobodys), "refused"),
        "ping": ("", "pong"),
    }
    body, kind = bodies_and_answers[header["kind"]]
    said = dealer.ask(header, body)
    assert (said["kind"], said["id"]) == (kind, header["id"])
    assert said.get("code") == ("not_found" if kind == "refused" else None)


# Requests that are a JSON document each: the kind of the header, the path, the answer.
REQUESTS = {
    "ticket_request": ("ticket", "/api/v1/tickets", "ticket"),
    "clients_request": ("clients", None, "clients"),
    "disconnect_request": ("disconnect", "/api/v1/disconnect", "disconnected"),
    "unsubscribe_request": ("unsubscribe", "/api/v1/unsubscribe", "unsubscribed"),
}
requests = pytest.mark.parametrize("kind", REQUESTS)


def without(names: set[str], document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@requests
def test_document_is_refused(kind: str, shop: Gateway, dealer: Dealer) -> None:
    header, path, _ = REQUESTS[kind]
    for (case,) in (parameter.values for parameter in cases("reject/ingest", kind=kind)):
        body = message_of(case["send"])
        said = dealer.ask({"kind": header, "id": 5, "key": shop.keys["shop"]}, body)
        assert (said["kind"], said["id"]) == ("refused", 5), case["name"]
        check_refusal(said, case["expect"])
        if path:
            answer = post_document(shop, path, body)
            assert answer.status == STATUS[said["code"]], case["name"]
            assert answer.json == {name: value for name, value in said.items() if name != "id"}


@requests
def test_document_is_accepted(kind: str, shop: Gateway, dealer: Dealer) -> None:
    header, path, answered = REQUESTS[kind]
    key = shop.keys["shop"]
    for (case,) in (parameter.values for parameter in cases("messages/ingest", kind=kind)):
        document = case["send"]
        code = case.get("expect", {}).get("code")
        said = dealer.ask({"kind": header, "id": 5, "key": key}, json.dumps(document))
        assert (said["kind"], said["id"]) == ("refused" if code else answered, 5), case["name"]
        if path:
            answer = post_document(shop, path, json.dumps(document))
        else:
            answer = shop.http("GET", f"/api/v1/clients?{urlencode(document)}", key=key)
        assert answer.status == (STATUS[code] if code else 200), case["name"]
        own = {"id", "ticket"}  # what the two answers have each of its own
        assert {**answer.json, "id": 5}.keys() == said.keys()
        assert without(own, answer.json) == without(own, said)
        assert said.get("ticket") is None or said["ticket"] != answer.json["ticket"]
        assert answer.json.get("code") == code, case["name"]


def post_document(gateway: Gateway, path: str, body: str) -> Answer:
    headers = {"Content-Type": "application/json"}
    return gateway.http("POST", path, body, headers=headers, key=gateway.keys["shop"])


@pytest.mark.parametrize("over", ["zeromq", "http"])
@pytest.mark.parametrize("case", cases("reject/ingest", kind="event"))
def test_event_is_refused(case: dict[str, Any], over: str, shop: Gateway, dealer: Dealer) -> None:
    app = case.get("app", "shop")
    line = message_of(case["send"])
    good = '{"type":"shop.PriceChanged","data":{"symbol":"TG","price":"1"}}'
    if app != "shop":
        own = {"name": "blog.Tick", "operations": ["event"], "fields": [], "access": "public"}
        put_catalogue(shop, app, json.dumps({"app": app, "types": [own]}))
        good = '{"type":"blog.Tick","data":{}}'
    if over == "zeromq":
        header = {"kind": "publish", "id": 5, "key": shop.keys[app]}
        said = dealer.ask(header, f"{line}\n{good}\n")
    else:
        answer = shop.publish_lines(line, good, app=app)
        assert answer.status == 207, answer
        said = answer.json
    assert said["kind"] == "published", said
    assert (said["accepted"], said["offsets"][0]) == (1, None), said
    (refused,) = said["refused"]
    assert refused["index"] == 0
    check_refusal(refused, case["expect"])


@pytest.mark.parametrize("case", cases("messages/ingest", kind="event"))
def test_event_is_accepted_and_delivered_as_it_came(
    case: dict[str, Any], shop: Gateway, dealer: Dealer
) -> None:
    sent = case["send"]
    line = message_of(sent)
    ops = {"create": "add", "update": "change", "delete": "remove", "event": "event"}
    with Client(shop.client_port) as client:
        position = client.subscribe(json.loads(line)["type"])["position"]
        header = {"kind": "publish", "id": 5, "key": shop.keys["shop"]}
        said = dealer.ask(header, line)
        assert (said["accepted"], said.get("refused")) == (1, None), said
        if said["duplicates"]:
            return
        event = client.next()
        meant = json.loads(line)
        assert event["data"] == meant["data"]
        assert event["op"] == ops[meant.get("op", "event")]
        assert event["prev"] == position["offset"]
        assert event["position"] == {"epoch": position["epoch"], "offset": said["offsets"][0]}
        for name in ("id", "time", "changed", "old"):
            if name in meant:
                assert event[name] == meant[name], event


@pytest.mark.parametrize("case", cases("messages/ingest", kind="batch"))
def test_batch_is_judged_event_by_event(
    case: dict[str, Any], new_gateway: Callable[..., Gateway]
) -> None:
    gateway = new_gateway(apps=("shop",), shards=1)
    put_catalogue(gateway, "shop", catalogue("shop"))
    with Dealer(gateway.zmq) as dealer:
        header = {"kind": "publish", "id": 6, "key": gateway.key}
        lines = case["send"]
        body = lines if isinstance(lines, str) else "\n".join(message_of(line) for line in lines)
        said = dealer.ask(header, body)
    for name, value in case["expect"].items():
        if name == "refused":
            assert len(said["refused"]) == len(value), said
            for one, wanted in zip(said["refused"], value, strict=True):
                assert one["index"] == wanted["index"]
                check_refusal(one, wanted)
        else:
            assert said[name] == value, said


@pytest.mark.parametrize("case", cases("reject/ingest", kind="catalogue"))
def test_catalogue_is_refused_and_the_old_one_stays(case: dict[str, Any], shop: Gateway) -> None:
    before = types_of(shop)
    answer = shop.put_document(message_of(case["send"]), case.get("app", "shop"))
    said = answer.json
    assert said["kind"] == "refused", said
    assert answer.status == STATUS[said["code"]]
    check_refusal(said, case["expect"])
    assert types_of(shop) == before


@pytest.mark.parametrize("case", cases("messages/ingest", kind="catalogue"))
def test_catalogue_is_accepted(case: dict[str, Any], shop: Gateway) -> None:
    document = message_of(case["send"])
    first = shop.put_document(document, "shop")
    assert first.status == 200, first.body
    names = [kind["name"] for kind in json.loads(document)["types"]]
    assert [kind["name"] for kind in types_of(shop)["types"] if kind["app"] == "shop"] == names
    again = shop.put_document(document, "shop")
    assert again.json["changed"] is False
    assert again.json["catalogue"] == first.json["catalogue"]
