"""Tickets: each lets one client connect once, as somebody (PROTOCOL.md 6.1 and 6.3).

Threats 2 (stolen or replayed), 3 (replay after a restart), 4 (in logs) and 8 (others' events) of
the security design are here; what sessions do is in test_sessions.py."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.client import Client
from harness.gateway import Gateway, event_type
from harness.identity import identities, post, refusal, somebody, ticket
from harness.ingest import Dealer
from harness.processes import until
from harness.wire import TEXT, Wire

PUBLIC = event_type("test.Note")
OWN = event_type("test.Own", access="authenticated")
CHECKED = event_type("test.Checked", access="authenticated", checked=True)
RULED = event_type("test.Ruled", access={"rule": "n == auth.user_id"})
ATTEMPTS = 1000


@pytest.fixture
def gateway(new_gateway: Callable[..., Gateway]) -> Gateway:
    return with_types(new_gateway())


@pytest.fixture
def two_apps(new_gateway: Callable[..., Gateway]) -> Gateway:
    return with_types(new_gateway(apps=("test", "other")))


def with_types(gateway: Gateway) -> Gateway:
    answer = gateway.put_catalogue(PUBLIC, OWN, CHECKED, RULED)
    assert answer.status == 200, answer.body
    return gateway


def words_of(gateway: Gateway) -> str:
    return "".join(log.read_text() for log in sorted(gateway.folder.glob("gateway-*.log")))


# ---- what a ticket gives


@pytest.mark.parametrize("over", ["http", "zeromq"])
def test_with_a_ticket_a_client_is_somebody(over: str, gateway: Gateway) -> None:
    request = {"user": "7", "claims": {"user_id": 7}, "types": ["test.Checked"]}
    if over == "http":
        answer = post(gateway, "/api/v1/tickets", request).json
    else:
        with Dealer(gateway.zmq) as dealer:
            header = {"kind": "ticket", "id": 3, "key": gateway.key}
            answer = dealer.ask(header, json.dumps(request))
            assert answer.pop("id") == 3
    assert set(answer) == {"kind", "ticket", "expires_in_ms"}
    assert answer["kind"] == "ticket"
    assert len(base64.urlsafe_b64decode(answer["ticket"].removeprefix("tgt_") + "=")) == 32
    with Client(gateway.client_port, connect=False) as client:
        connected = client.connect(ticket=answer["ticket"])
        assert connected["user"] == "7"
        assert connected["session"]["token"].startswith("tgs_")
        assert connected["session"]["expires_in_ms"] > 0
        for name in ("test.Note", "test.Own", "test.Checked", "test.Ruled"):
            client.subscribe(name)
        gateway.publish("test.Ruled", {"n": 8}, {"n": 7})
        assert client.next()["data"] == {"n": 7}
        gateway.publish("test.Own", {"n": 1})
        assert client.next()["data"] == {"n": 1}


def test_threat_8_a_ticket_of_one_application_says_nothing_to_another(two_apps: Gateway) -> None:
    foreign = event_type("other.Secret", access="authenticated")
    assert two_apps.put_catalogue(foreign, app="other").status == 200
    with somebody(two_apps, app="other") as client:
        client.subscribe("other.Secret")
        for name in ("test.Own", "test.Ruled", "test.Nothing"):
            answer = client.request("subscribe", type=name)
            assert (answer["kind"], answer["code"]) == ("error", "unknown_type")
        client.subscribe("test.Note")


def test_a_checked_type_is_for_those_whose_ticket_names_it(gateway: Gateway) -> None:
    with somebody(gateway) as client, somebody(gateway, types=["test.Checked"]) as named:
        named.subscribe("test.Checked")
        absent = client.request("subscribe", type="test.Chocked")
        refused = client.request("subscribe", type="test.Checked")
        assert refused["code"] == absent["code"] == "unknown_type"
        assert refused["message"].replace("Checked", "Chocked") == absent["message"]
        assert "test.Checked" not in absent.get("nearest", [])


# ---- once, and in time, and from where it was made for: threat 2


def test_a_ticket_is_good_once(gateway: Gateway) -> None:
    text = ticket(gateway)
    with Client(gateway.client_port, connect=False) as client:
        client.connect(ticket=text)
    said = refusal(gateway, ticket=text)
    assert said["code"] == "unauthenticated"


def test_threat_2_a_thousand_attempts_with_one_ticket_at_once_give_one_success(
    new_gateway: Callable[..., Gateway],
) -> None:
    limits = {"address_refusals_per_minute": 0, "refused_connects_max": 100}
    gateway = with_types(new_gateway(shards=2, limits=limits))
    text = ticket(gateway)
    connect = json.dumps({"kind": "connect", "id": 1, "ticket": text})
    wires = [Wire(gateway.client_port).upgrade() for _ in range(ATTEMPTS)]
    threads = 8
    ready = threading.Barrier(threads)

    def attempt(mine: list[Wire]) -> None:
        ready.wait()
        for wire in mine:
            wire.send_frame(TEXT, connect)

    running = [
        threading.Thread(target=attempt, args=(wires[first::threads],)) for first in range(threads)
    ]
    try:
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        answers = [json.loads(wire.read_frame().payload) for wire in wires]
    finally:
        for wire in wires:
            wire.socket.close()
    kinds = [answer["kind"] for answer in answers]
    assert (kinds.count("connected"), kinds.count("error")) == (1, ATTEMPTS - 1)
    refused = [answer for answer in answers if answer["kind"] == "error"]
    assert all(answer == refused[0] for answer in refused)
    counts = identities(gateway)
    assert (counts["admitted"], counts["refused"]) == (1, ATTEMPTS - 1)


def test_threat_2_whatever_is_wrong_with_a_ticket_the_refusal_is_the_same(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = with_types(new_gateway(tickets={"life_ms": 1000}))
    other = with_types(new_gateway())
    origin = f"http://127.0.0.1:{gateway.client_port}"
    spent = ticket(gateway)
    with Client(gateway.client_port, connect=False) as client:
        client.connect(ticket=spent)
    good = ticket(gateway)
    wrong = {
        "spent": spent,
        "forged": "tgt_" + secrets.token_urlsafe(32),
        "truncated": good[:-1],
        "longer": good + "A",
        "another case": good[:4] + good[4:].swapcase(),
        "without its beginning": good[4:],
        "another gateway's": ticket(other),
        "no ticket at all": "x",
        "a session's form": "tgs_" + secrets.token_urlsafe(40),
        "a signed token's form": "eyJhbGciOiJub25lIn0.e30.",
    }
    said = {name: refusal(gateway, ticket=text) for name, text in wrong.items()}
    swapped = ticket(gateway, origin="https://shop.example")
    said["from another origin"] = refusal(gateway, ticket=swapped, origin=origin)
    swapped = ticket(gateway, origin="https://shop.example")
    said["from no origin"] = refusal(gateway, ticket=swapped)
    late = ticket(gateway)
    time.sleep(1.1)
    said["expired"] = refusal(gateway, ticket=late)
    assert {name: answer["code"] for name, answer in said.items()} == dict.fromkeys(
        said, "unauthenticated"
    )
    assert len({json.dumps(answer, sort_keys=True) for answer in said.values()}) == 1, said


def test_a_ticket_is_good_from_its_origin(gateway: Gateway) -> None:
    origin = f"http://127.0.0.1:{gateway.client_port}"
    with somebody(gateway, origin=origin) as client:
        assert client.connected["user"] == "7"
    with Client(gateway.client_port, connect=False, origin=origin) as client:
        client.connect(ticket=ticket(gateway, origin=origin))


def test_who_was_refused_is_nobody_and_may_show_something_else(gateway: Gateway) -> None:
    with Client(gateway.client_port, connect=False) as client:
        assert client.request("connect", ticket="tgt_x")["code"] == "unauthenticated"
        assert client.request("subscribe", type="test.Note")["code"] == "not_connected"
        client.connect(ticket=ticket(gateway))
        client.subscribe("test.Own")


def test_after_three_refusals_the_connection_is_closed(gateway: Gateway) -> None:
    with Client(gateway.client_port, connect=False) as client:
        for _ in range(3):
            assert client.request("connect", ticket="tgt_x")["code"] == "unauthenticated"
        assert client.close_code() == 1013


# ---- replay after a restart: threat 3


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_threat_3_tickets_do_not_outlive_the_gateway_and_sessions_do(
    how: str, new_gateway: Callable[..., Gateway]
) -> None:
    gateway = with_types(new_gateway())
    unspent, spent = ticket(gateway), ticket(gateway)
    with Client(gateway.client_port, connect=False) as client:
        client.connect(ticket=spent)
        id, token = client.id, client.token
    if how == "kill":
        time.sleep(0.5)  # A crash may lose what was not yet written: the last moments.
        gateway.kill()
    else:
        gateway.stop()
    with_types(gateway.start())
    assert refusal(gateway, ticket=unspent)["code"] == "unauthenticated"
    assert refusal(gateway, ticket=spent)["code"] == "unauthenticated"
    with Client(gateway.client_port, connect=False) as client:
        client.connect(session=token)
        assert (client.id, client.connected["user"]) == (id, "7")
        assert client.token != token
        client.subscribe("test.Own")
    assert identities(gateway)["tickets_made"] == 0


# ---- asking for tickets


def test_a_request_that_is_wrong_makes_no_ticket(gateway: Gateway) -> None:
    wrong: list[tuple[Any, str, str | None]] = [
        ({}, "invalid_message", "user"),
        ({"user": 7}, "invalid_message", "user"),
        ({"user": ""}, "invalid_message", "user"),
        ({"user": "7", "usr": "8"}, "unknown_member", "usr"),
        ({"user": "7", "claims": []}, "invalid_message", "claims"),
        ({"user": "7", "life_ms": 0}, "invalid_message", "life_ms"),
    ]
    for request, code, member in wrong:
        answer = post(gateway, "/api/v1/tickets", request)
        assert answer.status == 400, request
        assert (answer.json["code"], answer.json["member"]) == (code, member), request
    assert identities(gateway)["tickets_made"] == 0


def test_at_the_limit_of_tickets_the_application_is_told_to_wait(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(tickets={"waiting_max": 3, "life_ms": 1000})
    for _ in range(3):
        ticket(gateway)
    answer = post(gateway, "/api/v1/tickets", {"user": "7"})
    assert (answer.status, answer.json["code"]) == (503, "overloaded")
    assert answer.json["retry_after_ms"] > 0
    with Dealer(gateway.zmq) as dealer:
        said = dealer.ask({"kind": "ticket", "id": 1, "key": gateway.key}, '{"user":"7"}')
        assert (said["code"], said["id"]) == ("overloaded", 1)

    def there_is_room() -> bool:
        return post(gateway, "/api/v1/tickets", {"user": "7"}).status == 200

    until("tickets have expired", there_is_room)


def test_a_ticket_lives_as_long_as_its_request_says(gateway: Gateway) -> None:
    answer = post(gateway, "/api/v1/tickets", {"user": "7", "life_ms": 50})
    assert answer.json["expires_in_ms"] == 50
    time.sleep(0.2)
    assert refusal(gateway, ticket=answer.json["ticket"])["code"] == "unauthenticated"
    answer = post(gateway, "/api/v1/tickets", {"user": "7", "life_ms": 10**9})
    assert answer.json["expires_in_ms"] == 30_000


# ---- secrets stay where they belong: threat 4


def test_threat_4_no_ticket_and_no_token_is_in_a_log_an_error_or_a_count(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = with_types(new_gateway(log={"level": "debug"}))
    texts = [ticket(gateway) for _ in range(3)]
    with Dealer(gateway.zmq) as dealer:
        said = dealer.ask({"kind": "ticket", "id": 1, "key": gateway.key}, '{"user":"7"}')
        texts.append(said["ticket"])
    errors = []
    for text in texts[:2]:
        with Client(gateway.client_port, connect=False) as client:
            client.connect(ticket=text)
            texts.append(client.token)
            errors.append(client.request("connect", ticket=text))
        errors.append(refusal(gateway, ticket=text))
    errors.append(refusal(gateway, session=texts[-1][:-1]))
    health = gateway.http("GET", "/healthz").body.decode()
    clients = gateway.http("GET", "/api/v1/clients", key=gateway.key).body.decode()
    gateway.stop()
    everything = words_of(gateway) + json.dumps(errors) + health + clients
    secret_parts = [text[4:][at : at + 12] for text in texts for at in range(0, 32, 12)]
    for part in [*secret_parts, gateway.key]:
        assert part not in everything
