"""The management (INGEST.md 7): who is connected, and ending that; what a key may do.

Threats 6 (a session outlives logout), 8 (others' events) and 19 (the management itself) of the
security design."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from harness.client import Client
from harness.gateway import Answer, Gateway, event_type
from harness.identity import back, disconnect, post, refusal, somebody, ticket
from harness.ingest import Dealer
from harness.processes import until
from harness.wire import Ended, Wire

NOTE = event_type("test.Note")
OWN = event_type("test.Own", access="authenticated")
OTHER = event_type("other.Note")
APPS = ("test", "other")


@pytest.fixture(scope="module")
def running(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    return new_gateway_anywhere(apps=APPS, shards=2)


@pytest.fixture
def gateway(running: Gateway) -> Gateway:
    """One that all tests share; nobody is connected when they begin."""
    assert running.put_catalogue(NOTE, OWN).status == 200
    assert running.put_catalogue(OTHER, app="other").status == 200
    until("nobody is connected", lambda: clients(running)["clients"] == [])
    return running


def get_clients(gateway: Gateway, app: str = "test", **query: Any) -> Answer:
    return gateway.http("GET", f"/api/v1/clients?{urlencode(query)}", key=gateway.keys[app])


def clients(gateway: Gateway, app: str = "test", **query: Any) -> Any:
    answer = get_clients(gateway, app, **query)
    assert answer.status == 200, answer.body
    return answer.json


def listed(gateway: Gateway, app: str = "test", **query: Any) -> list[str]:
    """The ids of the clients."""
    return [entry["client"] for entry in clients(gateway, app, **query)["clients"]]


def connection_of(gateway: Gateway, client: Client) -> int:
    (entry,) = clients(gateway, client=client.id)["clients"]
    return entry["connection"]


def words_of(gateway: Gateway) -> str:
    return "".join(log.read_text() for log in sorted(gateway.folder.glob("gateway-*.log")))


# ---- ending identities: threat 6


@pytest.mark.parametrize(("reason", "code"), [(None, 4401), ("ended", 4401), ("changed", 4409)])
def test_all_connections_of_a_user_are_closed_and_no_other(
    reason: str | None, code: int, gateway: Gateway
) -> None:
    said = {"reason": reason} if reason else {}
    user = f"user {reason}"
    with (
        somebody(gateway, user) as one,
        somebody(gateway, user) as two,
        somebody(gateway, "8") as other,
        Client(gateway.client_port) as nobody,
    ):
        unspent = ticket(gateway, user)
        assert disconnect(gateway, user=user, **said) == {
            "kind": "disconnected",
            "sessions": 2,
            "connections": 2,
        }
        assert (one.close_code(), two.close_code()) == (code, code)
        assert other.is_usable()
        assert nobody.is_usable()
        for credentials in ({"session": one.token}, {"session": two.token}, {"ticket": unspent}):
            assert refusal(gateway, **credentials)["code"] == "unauthenticated"
        assert disconnect(gateway, user=user, **said)["connections"] == 0
    with somebody(gateway, user) as again:  # With a new ticket.
        assert again.is_usable()


def test_one_session_of_the_application_ends(gateway: Gateway) -> None:
    with (
        somebody(gateway, "7", session="laptop") as laptop,
        somebody(gateway, "7", session="phone") as phone,
        somebody(gateway, "8", session="laptop") as other,
    ):
        said = disconnect(gateway, user="7", session="laptop")
        assert (said["sessions"], said["connections"]) == (1, 1)
        assert laptop.close_code() == 4401
        assert phone.is_usable()
        assert other.is_usable()
        said = disconnect(gateway, session="laptop")
        assert (said["sessions"], said["connections"]) == (1, 1)
        assert other.close_code() == 4401
        assert phone.is_usable()


def test_a_session_of_another_name_since_ends_with_the_tabs_from_before(gateway: Gateway) -> None:
    with (
        somebody(gateway, "7", session="before") as tab,
        Client(gateway.client_port, connect=False) as newer,
    ):
        newer.connect(ticket=ticket(gateway, "7", session="now"), session=tab.token)
        assert newer.id == tab.id
        tab.subscribe("test.Own")
        assert disconnect(gateway, session="now")["sessions"] == 1
        gateway.publish("test.Own", {"n": 1})
        assert (newer.close_code(), tab.close_code()) == (4401, 4401)
        assert not [said for said in tab.waiting if said["kind"] == "event"]


def test_requests_behind_one_that_is_answered_later_are_answered_in_their_order(
    gateway: Gateway,
) -> None:
    def request(method: str, path: str, body: str = "") -> bytes:
        return (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {gateway.keys['test']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    asked = [
        request("GET", "/api/v1/clients?user=7"),
        request("POST", "/api/v1/tickets", '{"user":"7"}'),
        request("POST", "/api/v1/disconnect", '{"user":"7"}'),
        request("GET", "/api/v1/clients?user=7"),
        request("POST", "/api/v1/unsubscribe", '{"connection":1,"subscription":9}'),
    ]
    with somebody(gateway) as client:
        for pieces in (asked, [b"".join(asked)]):
            with Wire(gateway.ingest_port) as wire:
                for piece in pieces:
                    wire.send(piece)
                said = []
                for _ in asked:
                    _status, headers = wire.read_head()
                    said.append(json.loads(wire.read_exactly(int(headers["content-length"]))))
            kinds = [answer["kind"] for answer in said]
            assert kinds == ["clients", "ticket", "disconnected", "clients", "refused"]
            assert said[3]["clients"] == []
            assert refusal(gateway, ticket=said[1]["ticket"])["code"] == "unauthenticated"
        assert client.close_code() == 4401
    # Who asked, and is gone before the answer.
    for _ in range(20):
        with Wire(gateway.ingest_port) as wire:
            wire.send(b"".join(asked))
    assert clients(gateway, user="7")["clients"] == []


def test_a_client_ends_with_all_its_tabs(gateway: Gateway) -> None:
    with somebody(gateway) as one, back(gateway, one.token) as tab, somebody(gateway) as other:
        assert (one.id, one.id == other.id) == (tab.id, False)
        assert disconnect(gateway, client=one.id)["connections"] == 2
        assert (one.close_code(), tab.close_code()) == (4401, 4401)
        assert other.is_usable()
    with Client(gateway.client_port) as nobody, Client(gateway.client_port) as another:
        assert disconnect(gateway, client=nobody.id)["connections"] == 1
        assert nobody.close_code() == 4401
        assert another.is_usable()


def test_threat_6_nothing_that_is_published_after_the_answer_reaches_who_was_ended(
    gateway: Gateway,
) -> None:
    ended = threading.Event()
    published: list[int] = []

    def publish_all_the_time() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            gateway.publish("test.Own", {"n": number})
            published.append(number)

    with somebody(gateway, "8") as standing:
        standing.subscribe("test.Own")
        publisher = threading.Thread(target=publish_all_the_time)
        publisher.start()
        try:
            for _ in range(10):
                sockets = [somebody(gateway, "7") for _ in range(4)]
                for client in sockets:
                    client.subscribe("test.Own")
                assert disconnect(gateway, user="7")["connections"] == 4
                gateway.publish("test.Own", {"n": 0})
                for client in sockets:
                    assert client.close_code() == 4401
                    numbers = [message["data"]["n"] for message in client.waiting]
                    assert 0 not in numbers
                    assert numbers == sorted(numbers)
                    client.wire.socket.close()
        finally:
            ended.set()
            publisher.join()
        numbers = [standing.next()["data"]["n"] for _ in range(len(published) + 10)]
        assert [number for number in numbers if number] == published


def test_threat_6_connections_are_closed_within_a_second(gateway: Gateway) -> None:
    sockets = [somebody(gateway, "7") for _ in range(50)]
    start = time.monotonic()
    assert disconnect(gateway, user="7") == {
        "kind": "disconnected",
        "sessions": 50,
        "connections": 50,
    }
    for client in sockets:
        assert client.close_code(max(0.01, start + 1 - time.monotonic())) == 4401
        client.wire.socket.close()


def test_threat_6_an_end_outlives_a_crash(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway()
    with somebody(gateway, "7") as ended, somebody(gateway, "8") as other:
        tokens = ended.token, other.token
    time.sleep(0.5)  # A crash may lose what was not yet written: the last moments.
    assert disconnect(gateway, user="7")["sessions"] == 1
    gateway.kill()
    gateway.start()
    assert refusal(gateway, session=tokens[0])["code"] == "unauthenticated"
    with back(gateway, tokens[1]) as client:
        assert client.connected["user"] == "8"


# ---- who is connected


def test_clients_are_listed_with_what_they_are(gateway: Gateway) -> None:
    before = time.time()
    with somebody(gateway, "7", session="secret-session") as client:
        client.subscribe("test.Note", where="n > 1")
        client.subscribe("test.Own")
        with Client(gateway.client_port) as nobody:
            nobody.subscribe("other.Note")
            answer = clients(gateway)
    assert answer["next"] is None
    somebody_, nobody_ = answer["clients"]
    assert somebody_["connection"] != nobody_["connection"]
    if somebody_["user"] is None:
        somebody_, nobody_ = nobody_, somebody_
    assert set(somebody_) == set(nobody_)
    assert (somebody_["client"], nobody_["client"]) == (client.id, nobody.id)
    assert (somebody_["user"], nobody_["user"]) == ("7", None)
    assert (somebody_["address"], somebody_["program"]) == ("127.0.0.1", "e2e")
    assert time.strftime("%Y-%m-%d", time.gmtime(before)) in somebody_["connected_at"]
    standing = sorted(somebody_["subscriptions"], key=lambda one: one["id"])
    cohorts = [one.pop("cohort") for one in standing]
    assert len(set(cohorts)) == 2
    assert standing == [
        {"id": 2, "type": "test.Note", "where": "n > 1"},
        {"id": 3, "type": "test.Own"},
    ]
    assert nobody_["subscriptions"] == []  # To a type of another application.
    assert "secret-session" not in json.dumps(answer)


def test_both_ways_in_give_the_same_list(gateway: Gateway) -> None:
    with somebody(gateway, 'Ада & "Co" + 100%') as client, Dealer(gateway.zmq) as dealer:
        client.subscribe("test.Own")
        body = {"user": 'Ада & "Co" + 100%', "type": "test.Own", "limit": 5}
        header = {"kind": "clients", "id": 9, "key": gateway.key}
        said = dealer.ask(header, json.dumps(body))
        assert said.pop("id") == 9
        assert said == clients(gateway, **body)
        assert [entry["client"] for entry in said["clients"]] == [client.id]


def test_pages_have_each_connection_once_in_order(gateway: Gateway) -> None:
    sockets = [Client(gateway.client_port) for _ in range(23)]
    after, numbers, pages = 0, [], 0
    while after is not None:
        page = clients(gateway, limit=5, after=after)
        assert len(page["clients"]) <= 5
        numbers += [entry["connection"] for entry in page["clients"]]
        after, pages = page["next"], pages + 1
    assert len(set(numbers)) == len(numbers) == 23
    assert numbers == sorted(numbers)
    assert pages == 5
    for client in sockets:
        client.wire.socket.close()


def test_a_list_of_much_ends_early_and_goes_on(gateway: Gateway) -> None:
    where = f'text == "{"x" * 3900}"'
    sockets = [Client(gateway.client_port) for _ in range(16)]
    for number, client in enumerate(sockets):
        for other in range(25):
            client.subscribe("test.Note", where=f"n == {number * 25 + other} && {where}")
    answer = get_clients(gateway)
    assert len(answer.body) < 3 * 1024 * 1024
    first = answer.json
    assert 0 < len(first["clients"]) < 16
    assert first["next"] == first["clients"][-1]["connection"]
    found = len(first["clients"])
    while first["next"] is not None:
        first = clients(gateway, after=first["next"])
        found += len(first["clients"])
    assert found == 16
    for client in sockets:
        client.wire.socket.close()


def test_clients_are_found_by_user_client_and_type(gateway: Gateway) -> None:
    with (
        somebody(gateway, "7") as one,
        somebody(gateway, "8") as two,
        Client(gateway.client_port) as nobody,
    ):
        one.subscribe("test.Note")
        nobody.subscribe("test.Note")
        assert listed(gateway, user="7") == [one.id]
        assert listed(gateway, client=nobody.id) == [nobody.id]
        assert set(listed(gateway, type="test.Note")) == {one.id, nobody.id}
        assert listed(gateway, type="test.Note", user="8") == []
        assert listed(gateway, type="test.Own") == []
        assert set(listed(gateway)) == {one.id, two.id, nobody.id}
        wrong = get_clients(gateway, type="test.Notte")
        assert (wrong.status, wrong.json["code"]) == (404, "unknown_type")
        assert wrong.json["nearest"] == ["test.Note"]


# ---- one subscription


def test_one_subscription_is_ended_and_the_rest_stands(gateway: Gateway) -> None:
    with somebody(gateway) as client:
        first = client.subscribe("test.Note")
        client.subscribe("test.Own")
        number = connection_of(gateway, client)
        ended = post(gateway, "/api/v1/unsubscribe", {"connection": number, "subscription": 2})
        assert (ended.status, ended.json) == (200, {"kind": "unsubscribed"})
        reset = client.next("reset")
        assert (reset["cohort"], reset["reason"]) == (first["cohort"], "closed")
        assert reset["ended"] is True
        gateway.publish("test.Note", {"n": 1})
        gateway.publish("test.Own", {"n": 2})
        assert client.next()["data"] == {"n": 2}
        again = post(gateway, "/api/v1/unsubscribe", {"connection": number, "subscription": 2})
        assert (again.status, again.json["code"]) == (404, "not_found")
        client.subscribe("test.Note")


# ---- applications do not see each other


def test_threat_8_a_key_sees_and_ends_only_what_is_of_its_application(gateway: Gateway) -> None:
    with (
        somebody(gateway, "7") as ours,
        somebody(gateway, "7", app="other") as theirs,
        Client(gateway.client_port) as nobody,
    ):
        for client in (ours, theirs, nobody):
            client.subscribe("test.Note")
            client.subscribe("other.Note")
        assert set(listed(gateway)) == {ours.id, nobody.id}
        assert set(listed(gateway, "other")) == {theirs.id, nobody.id}
        for app, name in (("test", "test.Note"), ("other", "other.Note")):
            for entry in clients(gateway, app)["clients"]:
                assert [one["type"] for one in entry["subscriptions"]] == [name]
        assert get_clients(gateway, type="other.Note").status == 404
        number = connection_of(gateway, ours)
        for wanted in ({"user": "7"}, {"client": ours.id}, {"session": "s"}):
            counts = disconnect(gateway, app="other", **wanted)
            if wanted == {"user": "7"}:
                assert theirs.close_code() == 4401
            else:
                assert (counts["sessions"], counts["connections"]) == (0, 0)
        assert ours.is_usable()
        # What stands for our type is not theirs to end; what stands for theirs is.
        body = {"connection": number, "subscription": 2}
        refused = post(gateway, "/api/v1/unsubscribe", body, app="other")
        assert (refused.status, refused.json["code"]) == (404, "not_found")
        body = {"connection": number, "subscription": 3}
        assert post(gateway, "/api/v1/unsubscribe", body, app="other").status == 200
        assert ours.next("reset")["reason"] == "closed"
        gateway.publish("test.Note", {"n": 1})
        assert ours.next()["data"] == {"n": 1}


# ---- roles: threat 19


ROLES = {
    "publish": [
        ("PUT", "/api/v1/catalogue", json.dumps({"app": "test", "types": [NOTE, OWN]})),
        ("POST", "/api/v1/events", '{"type":"test.Note","data":{"n":1}}'),
        ("GET", "/api/v1/types", None),
    ],
    "identify": [("POST", "/api/v1/tickets", '{"user":"7"}')],
    "manage": [
        ("GET", "/api/v1/clients", None),
        ("POST", "/api/v1/disconnect", '{"user":"7"}'),
        ("POST", "/api/v1/unsubscribe", '{"connection":1,"subscription":1}'),
    ],
}
KINDS = {
    "publish": ["publish", "catalogue"],
    "identify": ["ticket"],
    "manage": ["clients", "disconnect", "unsubscribe"],
}


def test_threat_19_a_key_does_what_it_may_and_nothing_else(
    new_gateway: Callable[..., Gateway],
) -> None:
    keys = {role: f"a-key-that-may-{role}" for role in ROLES}
    items = [{"app": "test", "key": key, "may": [role]} for role, key in keys.items()]
    gateway = new_gateway(ingest={"keys": items})
    headers = {"Content-Type": "application/json"}
    for role, key in keys.items():
        for needed, requests in ROLES.items():
            for method, path, body in requests:
                answer = gateway.http(method, path, body, headers=headers, key=key)
                if role == needed:
                    assert answer.json.get("code") in (None, "not_found"), answer
                else:
                    assert (answer.status, answer.json["code"]) == (403, "forbidden"), path
                    assert f'"{needed}"' in answer.json["message"]
        with Dealer(gateway.zmq) as dealer:
            assert dealer.ask({"kind": "ping", "id": 1, "key": key})["kind"] == "pong"
            for needed, kinds in KINDS.items():
                for kind in kinds:
                    said = dealer.ask({"kind": kind, "id": 2, "key": key}, "{}")
                    assert (said.get("code") == "forbidden") == (role != needed), said
    assert gateway.http("GET", "/healthz").json["identities"]["tickets_made"] == 1
    log = words_of(gateway)
    assert "ingest.forbidden" in log
    assert not any(key in log for key in keys.values())


def test_threat_19_without_a_key_nothing_is_managed(gateway: Gateway) -> None:
    with somebody(gateway) as client:
        for method, path, body in ROLES["identify"] + ROLES["manage"]:
            headers = {"Content-Type": "application/json"}
            for key in (None, "not-the-key-of-anybody"):
                answer = gateway.http(method, path, body, headers=headers, key=key)
                assert (answer.status, answer.json["code"]) == (401, "invalid_key"), path
        assert client.is_usable()


def test_threat_19_what_the_management_does_is_logged_without_secrets(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(log={"format": "json"})
    assert gateway.put_catalogue(NOTE).status == 200
    with somebody(gateway, "7", session="secret-session") as client:
        client.subscribe("test.Note")
        number = connection_of(gateway, client)
        body = {"connection": number, "subscription": 2}
        assert post(gateway, "/api/v1/unsubscribe", body).status == 200
        disconnect(gateway, user="7", session="secret-session", reason="changed")
        assert client.close_code() == 4409
    lines = [json.loads(line) for line in words_of(gateway).splitlines()]
    (unsubscribed,) = [line for line in lines if line["event"] == "management.unsubscribe"]
    (disconnected,) = [line for line in lines if line["event"] == "management.disconnect"]
    assert (unsubscribed["app"], unsubscribed["connection"]) == ("test", number)
    wanted = {"app": "test", "user": "7", "by_session": True, "reason": "changed"}
    assert wanted.items() <= disconnected.items()
    assert (disconnected["sessions"], disconnected["connections"]) == (1, 1)
    assert "secret-session" not in words_of(gateway)


# ---- requests that are answered later


def request_text(gateway: Gateway, target: str) -> bytes:
    lines = (f"GET {target} HTTP/1.1", "Host: x", f"Authorization: Bearer {gateway.key}")
    return "\r\n".join([*lines, "", ""]).encode()


def test_requests_in_a_row_are_answered_in_their_order(gateway: Gateway) -> None:
    targets = [
        target
        for number in range(100)
        for target in (f"/api/v1/clients?limit={number + 1}", "/healthz", "/api/v1/clients?x=1")
    ]
    with Wire(gateway.ingest_port) as wire:
        wire.send(b"".join(request_text(gateway, target) for target in targets))
        for target in targets:
            status, headers = wire.read_head()
            said = json.loads(wire.read_exactly(int(headers["content-length"])))
            if target == "/healthz":
                assert (status, said.get("status")) == (200, "ok")
            elif target.endswith("x=1"):
                assert (status, said["code"]) == (400, "unknown_member")
            else:
                assert (status, said["kind"]) == (200, "clients")


def test_who_goes_away_before_the_answer_harms_nobody(gateway: Gateway) -> None:
    for _ in range(50):
        with Wire(gateway.ingest_port) as wire:
            wire.send(request_text(gateway, "/api/v1/clients") * 5)
        with Dealer(gateway.zmq) as dealer:
            header = {"kind": "clients", "id": 1, "key": gateway.key}
            dealer.send(json.dumps(header).encode(), b"{}")
    assert clients(gateway)["clients"] == []


def test_more_than_may_be_under_way_are_told_to_wait(gateway: Gateway) -> None:
    count = 400
    with Dealer(gateway.zmq) as dealer:
        header = {"kind": "clients", "key": gateway.key}
        for number in range(count):
            dealer.send(json.dumps({**header, "id": number}).encode(), b"{}")
        said = [dealer.read() for _ in range(count)]
    assert sorted(answer["id"] for answer in said) == list(range(count))
    for answer in said:
        if answer["kind"] == "refused":
            assert (answer["code"], answer["retry_after_ms"] > 0) == ("overloaded", True)
        else:
            assert answer["kind"] == "clients"
    assert any(answer["kind"] == "clients" for answer in said)
    assert clients(gateway)["clients"] == []


def test_the_gateway_ends_in_good_order_while_it_is_managed(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway()
    sockets = [somebody(gateway, str(number)) for number in range(20)]
    with Dealer(gateway.zmq) as dealer, Wire(gateway.ingest_port) as wire:
        for number in range(20):
            header = {"kind": "disconnect", "id": number, "key": gateway.key}
            dealer.send(json.dumps(header).encode(), json.dumps({"user": str(number)}).encode())
        wire.send(request_text(gateway, "/api/v1/clients") * 20)
        gateway.ask_to_end()
        try:
            wire.read_until_end()
        except Ended:
            pass
        for client in sockets:
            assert client.close_code() in (4401, 1012)
            client.wire.socket.close()
    gateway.stop()
