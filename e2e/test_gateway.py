"""The catalogue, the streams and their positions, as applications and clients see them."""

import json
from collections.abc import Callable

import pytest

from conftest import NOTE
from harness.client import Client
from harness.gateway import Gateway, event_type, field
from harness.ingest import Dealer


@pytest.fixture
def two_apps(new_gateway: Callable[..., Gateway]) -> Gateway:
    return new_gateway(apps=("shop", "blog"))


def names(client: Client) -> list[str]:
    return sorted(kind["name"] for kind in client.request("types")["types"])


# ---- the catalogue


def test_an_unknown_type_is_refused_with_the_nearest_names(gateway: Gateway) -> None:
    gateway.put_catalogue(
        event_type("test.Pepito"), event_type("test.Pepita"), event_type("test.Order")
    )
    with Client(gateway.client_port) as client:
        answer = client.request("subscribe", type="pepitos")
        assert (answer["code"], answer["member"]) == ("unauthenticated", "type")
        assert "pepitos" in answer["message"]
        assert answer["nearest"][0] == "test.Pepito"
        assert "test.Order" not in answer["nearest"]
        assert client.is_usable()
    answer = gateway.publish_lines('{"type":"test.Pepitos","data":{}}')
    (refused,) = answer.json["refused"]
    assert (answer.status, refused["code"]) == (400, "unknown_type")
    assert "test.Pepito" in refused["nearest"]


def test_a_malformed_catalogue_names_field_and_reason_and_changes_nothing(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        client.subscribe("test.Note")
        bad = event_type("test.Bad", fields=[field("n", "int"), field("price", "decimall")])
        answer = gateway.put_catalogue(NOTE, bad)
        assert answer.status == 400
        assert answer.json["code"] == "invalid_catalogue"
        assert answer.json["member"] == "types[1].fields[1].type"
        assert "decimall" in answer.json["message"] or "decimal" in answer.json["message"]
        assert names(client) == ["test.Note"]
        gateway.publish("test.Note", {"n": 1})
        assert client.next()["data"] == {"n": 1}


def test_several_applications_share_a_gateway(two_apps: Gateway) -> None:
    order, post = event_type("shop.Order"), event_type("blog.Post")
    assert two_apps.put_catalogue(order, app="shop").status == 200
    assert two_apps.put_catalogue(post, app="blog").status == 200
    with Client(two_apps.client_port) as client:
        assert names(client) == ["blog.Post", "shop.Order"]
        client.subscribe("shop.Order")
        client.subscribe("blog.Post")
        two_apps.publish("shop.Order", {"n": 1}, app="shop")
        two_apps.publish("blog.Post", {"n": 2}, app="blog")
        got = {event["type"]: event["data"]["n"] for event in (client.next(), client.next())}
        assert got == {"shop.Order": 1, "blog.Post": 2}
        # One application's types are nothing to the other.
        answer = two_apps.publish_lines('{"type":"shop.Order","data":{"n":1}}', app="blog")
        assert answer.json["refused"][0]["code"] == "unknown_type"
        # Taking all of one's own types away leaves those of the other.
        assert two_apps.put_catalogue(app="shop").status == 200
        assert {client.read()["kind"], client.read()["kind"]} == {"reset", "types_changed"}
        assert names(client) == ["blog.Post"]


def test_a_type_belongs_to_who_declared_it_first(two_apps: Gateway) -> None:
    two_apps.put_catalogue(event_type("shop.Order"), app="shop")
    answer = two_apps.put_catalogue(event_type("blog.Post"), event_type("shop.Order"), app="blog")
    assert (answer.status, answer.json["code"]) == (409, "type_taken")
    with Client(two_apps.client_port) as client:
        assert names(client) == ["shop.Order"]
    two_apps.put_catalogue(app="shop")
    assert two_apps.put_catalogue(event_type("shop.Order"), app="blog").status == 200


def test_a_wrong_key_opens_nothing(gateway: Gateway) -> None:
    for key in (None, "", "x" * 32, gateway.key + "x", gateway.key[:-1]):
        answer = gateway.http("GET", "/api/v1/types", key=key)
        assert (answer.status, answer.json["code"]) == (401, "invalid_key")


def test_the_event_types_are_told_as_typescript(gateway: Gateway) -> None:
    gateway.put_catalogue(NOTE)
    answer = gateway.http("GET", "/api/v1/types?as=typescript", key=gateway.key)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    text = answer.body.decode()
    assert text.startswith("// The event types of a gateway, for TypeScript.")
    assert "    'test.Note': {\n" in text


def test_a_change_of_the_catalogue_closes_no_connection(gateway: Gateway) -> None:
    gateway.put_catalogue(NOTE, event_type("test.Gone"))
    with Client(gateway.client_port) as client:
        note = client.subscribe("test.Note")
        gone = client.subscribe("test.Gone")
        gateway.put_catalogue(NOTE, event_type("test.New"))
        said = [client.read(), client.read()]
        reset = next(message for message in said if message["kind"] == "reset")
        assert (reset["cohort"], reset["ended"]) == (gone["cohort"], True)
        assert reset["reason"] in ("query_changed", "forbidden")
        assert "position" not in reset
        assert {message["kind"] for message in said} == {"reset", "types_changed"}
        gateway.publish("test.Note", {"n": 5})
        event = client.next()
        assert (event["cohort"], event["data"]) == (note["cohort"], {"n": 5})
        client.subscribe("test.New")


def test_a_type_that_becomes_private_ends_its_subscriptions(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        client.subscribe("test.Note")
        gateway.put_catalogue({**NOTE, "access": "authenticated"})
        said = {message["kind"]: message for message in (client.read(), client.read())}
        assert said["reset"]["ended"] is True
        assert said["reset"]["reason"] == "forbidden"
        assert client.request("subscribe", type="test.Note")["code"] == "unauthenticated"
        assert names(client) == []


# ---- publishing


def test_the_same_id_never_makes_a_second_event(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        client.subscribe("test.Note")
        first = gateway.publish("test.Note", {"n": 1}, id="only-once")
        again = gateway.publish("test.Note", {"n": 1}, id="only-once")
        with Dealer(gateway.zmq) as dealer:
            event = {"type": "test.Note", "id": "only-once", "data": {"n": 1}}
            header = {"kind": "publish", "id": 1, "key": gateway.key}
            over_zmq = dealer.ask(header, json.dumps(event))
        assert first["duplicates"] == 0
        assert again["duplicates"] == over_zmq["duplicates"] == 1
        assert first["offsets"] == again["offsets"] == over_zmq["offsets"]
        gateway.publish("test.Note", {"n": 2})
        assert [client.next()["data"]["n"] for _ in range(2)] == [1, 2]


def test_zeromq_batches_are_acknowledged_in_order(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client, Dealer(gateway.zmq) as dealer:
        offset = client.subscribe("test.Note")["position"]["offset"]
        for batch in range(20):
            lines = (
                json.dumps({"type": "test.Note", "data": {"n": batch * 100 + n}})
                for n in range(100)
            )
            header = json.dumps({"kind": "publish", "id": batch, "key": gateway.key})
            dealer.send(header.encode(), "\n".join(lines).encode())
        for batch in range(20):
            answer = dealer.read()
            assert (answer["kind"], answer["id"]) == ("published", batch)
            start = offset + batch * 100 + 1
            assert answer["offsets"] == list(range(start, start + 100))
        assert [client.next()["data"]["n"] for _ in range(2000)] == list(range(2000))


def test_numbers_beyond_doubles_stay_exact(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        client.subscribe("test.Note")
        exact = "9223372036854775807"
        line = f'{{"type":"test.Note","data":{{"n":"{exact}","text":"1.10"}}}}'
        assert gateway.publish_lines(line).status == 200
        assert client.next()["data"] == {"n": exact, "text": "1.10"}


# ---- positions


def test_who_missed_nothing_resumes(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        position = client.subscribe("test.Note")["position"]
    with Client(gateway.client_port) as client:
        answer = client.subscribe("test.Note", since=position)
        assert (answer["resume"], answer["position"]) == ("resumed", position)


def test_who_missed_something_of_a_live_stream_is_reset(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        position = client.subscribe("test.Note")["position"]
    gateway.publish("test.Note", {"n": 1})
    with Client(gateway.client_port) as client:
        answer = client.subscribe("test.Note", since=position)
        assert (answer["resume"], answer["reason"]) == ("reset", "trimmed")
        assert answer["position"]["offset"] == position["offset"] + 1
        gateway.publish("test.Note", {"n": 2})
        assert client.next()["prev"] == answer["position"]["offset"]


def test_a_restarted_gateway_has_another_epoch(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway()
    gateway.put_catalogue(NOTE)
    with Client(gateway.client_port) as client:
        position = client.subscribe("test.Note")["position"]
    gateway.kill()
    gateway.start()
    gateway.put_catalogue(NOTE)
    with Client(gateway.client_port) as client:
        answer = client.subscribe("test.Note", since=position)
        assert (answer["resume"], answer["reason"]) == ("reset", "epoch")
        assert answer["position"]["epoch"] != position["epoch"]


def test_subscriptions_of_one_cohort_get_one_delivery(gateway: Gateway) -> None:
    with Client(gateway.client_port) as client:
        first, second = client.subscribe("test.Note"), client.subscribe("test.Note")
        assert first["cohort"] == second["cohort"]
        gateway.publish("test.Note", {"n": 1}, {"n": 2})
        assert [client.next()["data"]["n"] for _ in range(2)] == [1, 2]
        assert client.request("unsubscribe", subscription=first["id"])["kind"] == "unsubscribed"
        gateway.publish("test.Note", {"n": 3})
        assert client.next()["data"]["n"] == 3
