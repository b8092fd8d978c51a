"""Listing clients, ending their subscriptions and identities."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

import telegraphy
from fake_gateway import FakeGateway, accept, say_nothing, until
from telegraphy import (
    Connection,
    DefinitionError,
    Disconnected,
    EncodedEvent,
    GatewayError,
    InvalidRequest,
    Refused,
    StandingSubscription,
    Stats,
    Unreachable,
    _outlet,
)
from telegraphy.backends import BaseBackend, DummyBackend, MemoryBackend

KEY = "a-key-that-nobody-must-read"


def connection(number: int, **members: Any) -> dict[str, Any]:
    return {
        "connection": number,
        "client": f"c-{number}",
        "user": "7",
        "address": "192.0.2.7",
        "program": "telegraphy-js/0.1.0",
        "connected_at": "2026-11-23T02:16:34.120331Z",
        "subscriptions": [],
        **members,
    }


def answer(header: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """Takes everything, and has one client."""
    if header["kind"] == "publish":
        return accept(header, events)
    kinds: dict[str, dict[str, Any]] = {
        "clients": {"kind": "clients", "clients": [connection(1)], "next": None},
        "disconnect": {"kind": "disconnected", "sessions": 1, "connections": 2},
        "unsubscribe": {"kind": "unsubscribed"},
    }
    return {"id": header["id"], **kinds[header["kind"]]}


def refuse(header: dict[str, Any], _events: object) -> dict[str, Any]:
    return {
        "kind": "refused",
        "id": header["id"],
        "code": "forbidden",
        "message": "this key may not manage",
    }


@pytest.fixture(autouse=True)
def backend(gateway: FakeGateway) -> Iterator[BaseBackend]:
    gateway.script = answer
    before = _outlet.replace_backend(None)
    backend = telegraphy.configure(endpoint=gateway.endpoint, key=KEY)
    yield backend
    backend.close(timeout=0)
    _outlet.replace_backend(before)


def sent(gateway: FakeGateway) -> list[tuple[str, Any]]:
    """Kind and body of each request."""
    return [
        (header["kind"], json.loads(body))
        for (header, _), body in zip(gateway.requests, gateway.bodies, strict=True)
    ]


# -- clients


def test_a_client_is_told_of_with_its_subscriptions(gateway):
    subscriptions = [
        {"id": 2, "type": "shop.Order", "where": "total > 100", "cohort": 5},
        {"id": "b", "type": "shop.Price", "where": None, "cohort": 6},
    ]
    gateway.script = lambda header, _: {
        "kind": "clients",
        "id": header["id"],
        "clients": [connection(12, subscriptions=subscriptions)],
        "next": None,
    }
    assert list(telegraphy.clients()) == [
        Connection(
            number=12,
            client="c-12",
            user="7",
            address="192.0.2.7",
            program="telegraphy-js/0.1.0",
            connected_at=datetime(2026, 11, 23, 2, 16, 34, 120331, tzinfo=timezone.utc),
            subscriptions=(
                StandingSubscription(2, "shop.Order", "total > 100", 5),
                StandingSubscription("b", "shop.Price", None, 6),
            ),
        )
    ]


def test_all_pages_are_asked_for_one_after_the_other(gateway):
    def pages(header: dict[str, Any], _events: object) -> dict[str, Any]:
        after = json.loads(gateway.bodies[-1]).get("after", 0)
        return {
            "kind": "clients",
            "id": header["id"],
            "clients": [connection(after + 1, user=None), connection(after + 2)],
            "next": after + 2 if after < 4 else None,
        }

    gateway.script = pages
    numbers = [one.number for one in telegraphy.clients(user="7")]
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert sent(gateway) == [
        ("clients", {"user": "7", "limit": 1_000}),
        ("clients", {"user": "7", "limit": 1_000, "after": 2}),
        ("clients", {"user": "7", "limit": 1_000, "after": 4}),
    ]

    async def collect() -> list[int]:
        return [one.number async for one in telegraphy.aclients(client="c-1")]

    assert asyncio.run(collect()) == numbers


def test_the_subscribers_of_a_type_may_be_asked_for_by_its_class(gateway):
    with telegraphy.registry.isolated():

        class Raised(telegraphy.Event):
            amount: int

            class Meta:
                name = "shop.Raised"

        assert len(list(telegraphy.clients(type=Raised))) == 1
    assert sent(gateway) == [("clients", {"type": "shop.Raised", "limit": 1_000})]


def test_a_class_of_several_types_must_be_told_apart():
    from project.shop.events import OrderEvents, PlaceEvents

    assert telegraphy.registry.name_of(OrderEvents) == "shop.Order"
    with pytest.raises(DefinitionError, match=r"shop\.Place, shop\.Restaurant; name one"):
        next(telegraphy.clients(type=PlaceEvents))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"connected_at": "yesterday"}, "connected_at.*must be a time with its offset"),
        ({"connected_at": "2026-11-23T02:16:34"}, "must be a time with its offset"),
        ({"subscriptions": [7]}, "`subscriptions` holds 7; objects are right"),
        ({"connection": None}, "`connection` must be a number"),
    ],
)
def test_an_answer_that_cannot_be_read_is_named(gateway, members, message):
    gateway.script = lambda header, _: {
        "kind": "clients",
        "id": header["id"],
        "clients": [connection(1, **members)],
        "next": None,
    }
    with pytest.raises(GatewayError, match=message):
        list(telegraphy.clients())


def test_who_may_not_manage_is_told(gateway):
    gateway.script = refuse
    for ask in (
        lambda: list(telegraphy.clients()),
        lambda: telegraphy.disconnect(user="7"),
        lambda: telegraphy.unsubscribe(1, 2),
    ):
        with pytest.raises(Refused, match="forbidden: this key may not manage"):
            ask()


# -- disconnect and unsubscribe


def test_disconnect_answers_with_what_ended(gateway):
    assert telegraphy.disconnect(user="7") == Disconnected(sessions=1, connections=2)
    telegraphy.disconnect(session="a-digest", user="7", reason="changed")
    asyncio.run(telegraphy.adisconnect(client="c-1"))
    assert sent(gateway) == [
        ("disconnect", {"user": "7", "reason": "ended"}),
        ("disconnect", {"user": "7", "session": "a-digest", "reason": "changed"}),
        ("disconnect", {"client": "c-1", "reason": "ended"}),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "name one of user, session and client"),
        ({"user": "7", "client": "c-1"}, "name one of user, session and client"),
        ({"user": 7}, "user must be a str, not int 7"),
        ({"user": ""}, "user must have 1 to 128 bytes, not 0"),
        ({"session": "x" * 65}, "session must have 1 to 64 bytes, not 65"),
        ({"user": "7", "reason": "over"}, "reason must be 'ended' or 'changed'"),
    ],
)
@pytest.mark.parametrize("ask", [telegraphy.disconnect, telegraphy.queue_disconnect])
def test_whose_identity_ends_must_be_clear(gateway, ask, arguments, message):
    with pytest.raises(InvalidRequest, match=message):
        ask(**arguments)
    assert gateway.requests == []


def test_unsubscribe_takes_what_clients_gave_or_their_numbers(gateway):
    one = StandingSubscription("b", "shop.Price", None, 6)
    (client,) = telegraphy.clients()
    telegraphy.unsubscribe(client, one)
    asyncio.run(telegraphy.aunsubscribe(12, 2))
    assert sent(gateway)[1:] == [
        ("unsubscribe", {"connection": 1, "subscription": "b"}),
        ("unsubscribe", {"connection": 12, "subscription": 2}),
    ]


def test_disconnect_waits_no_longer_than_told(gateway):
    gateway.script = say_nothing
    with pytest.raises(Unreachable):
        telegraphy.disconnect(user="7", timeout=0.05)


# -- in the queue


def event(number: int) -> EncodedEvent:
    return EncodedEvent.make(
        type="shop.Tick",
        op="event",
        data={"n": number},
        id=f"tick-{number}",
        time="2026-11-23T02:16:34.120331Z",
    )


def test_a_queued_disconnect_keeps_its_place_among_the_events(gateway, backend):
    gateway.stop()
    backend.publish([event(1), event(2)])
    telegraphy.queue_disconnect(user="7", reason="changed")
    backend.publish([event(3)])
    gateway.start()
    assert backend.flush(5)
    kinds = [
        (header["kind"], [one["data"]["n"] for one in events])
        for header, events in gateway.requests
    ]
    assert kinds == [("publish", [1, 2]), ("disconnect", []), ("publish", [3])]
    assert json.loads(gateway.bodies[1]) == {"user": "7", "reason": "changed"}
    assert backend.stats == Stats(sent=4, accepted=4)


def test_a_queued_disconnect_is_sent_again_until_it_is_answered(gateway):
    gateway.script = say_nothing
    backend = telegraphy.configure(
        endpoint=gateway.endpoint, key=KEY, resend_after=0.05, give_up_after=0.2
    )
    telegraphy.queue_disconnect(user="7")
    backend.publish([event(1)])
    until(lambda: backend.stats.unknown == 1)  # the event is given up
    gateway.script = answer
    assert backend.flush(5)
    assert backend.stats == Stats(sent=2, accepted=1, unknown=1)
    assert sent(gateway)[-1] == ("disconnect", {"user": "7", "reason": "ended"})
    backend.close(timeout=0)


def test_a_queue_that_is_full_of_events_has_room_for_it(gateway, tmp_path):
    gateway.stop()
    backend = telegraphy.configure(endpoint=gateway.endpoint, key=KEY, queue_max=2)
    backend.publish([event(1), event(2), event(3)])
    telegraphy.queue_disconnect(user="7")
    assert backend.stats == Stats(queued=3, lost=1)
    gateway.start()
    assert backend.flush(5)
    assert [header["kind"] for header, _ in gateway.requests] == ["publish", "disconnect"]
    backend.publish([event(4), event(5)])  # whose room it has not taken
    assert backend.flush(5)
    assert backend.stats.accepted == 5
    backend.close(timeout=0)


def test_too_many_of_them_are_lost_counted_and_logged(gateway, caplog):
    gateway.stop()
    backend = telegraphy.configure(endpoint=gateway.endpoint, key=KEY, queue_max=2)
    with caplog.at_level(logging.WARNING, "telegraphy"):
        for user in ("1", "2", "3"):
            telegraphy.queue_disconnect(user=user)
        assert backend.stats == Stats(queued=2, lost=1)
        assert "2 requests wait already: a disconnect is lost" in caplog.text
        backend.publish([event(1)])
        backend.close(timeout=0)
    assert "1 event and 2 disconnects lost: the publisher was closed" in caplog.text
    assert backend.stats == Stats(lost=4)
    assert KEY not in caplog.text


def test_one_that_is_refused_is_counted_and_logged(gateway, backend, caplog):
    gateway.script = refuse
    with caplog.at_level(logging.ERROR, "telegraphy"):
        telegraphy.queue_disconnect(user="7")
        assert backend.flush(5)
    assert backend.stats == Stats(sent=1, refused=1)
    assert "refused 1 disconnect: forbidden: this key may not manage" in caplog.text


def test_one_for_which_the_gateway_has_no_time_is_sent_later(gateway, backend):
    def overloaded(header: dict[str, Any], _events: object) -> dict[str, Any]:
        gateway.script = answer
        return {
            "kind": "refused",
            "id": header["id"],
            "code": "overloaded",
            "message": "not now",
            "retry_after_ms": 20,
        }

    gateway.script = overloaded
    telegraphy.queue_disconnect(user="7")
    assert backend.flush(5)
    assert backend.stats == Stats(sent=1, accepted=1)


# -- other backends


def test_the_memory_backend_keeps_whom_it_was_to_disconnect():
    backend = telegraphy.configure(backend=MemoryBackend())
    telegraphy.queue_disconnect(user="7")
    telegraphy.disconnect(session="a", reason="changed")
    assert isinstance(backend, MemoryBackend)
    assert [(one.user, one.session, one.reason) for one in backend.disconnects] == [
        ("7", None, "ended"),
        (None, "a", "changed"),
    ]
    assert list(telegraphy.clients()) == []


def test_the_dummy_backend_has_nobody_to_disconnect():
    telegraphy.configure(backend=DummyBackend())
    telegraphy.queue_disconnect(user="7")
    assert telegraphy.disconnect(user="7") == Disconnected(sessions=0, connections=0)
    assert list(telegraphy.clients()) == []
    with pytest.raises(GatewayError, match="DummyBackend ends no subscriptions"):
        telegraphy.unsubscribe(1, 2)
