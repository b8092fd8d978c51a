"""The Python package, telling the real gateway who is there."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import telegraphy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from telegraphy import EncodedEvent, Refused, SigningKey, Stats, sign_ticket

from harness.client import Client
from harness.gateway import Gateway
from harness.identity import refusal

SECRET = "a-shared-key-of-thirty-two-bytes!"
BY_HS256 = SigningKey(app="test", kid="shared", key=SECRET)
BY_EDDSA = SigningKey(
    app="test",
    kid="pair",
    key=Ed25519PrivateKey.generate()
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode(),
    algorithm="EdDSA",
)

ORIGIN = "http://127.0.0.1"
NOW = "2026-11-23T02:16:34.120331Z"


class Whisper(telegraphy.Event):
    text: str
    team: int

    class Meta:
        name = "test.Whisper"

    def audience(self) -> list[str]:
        return [f"team:{self.team}", "staff"]


class Margin(telegraphy.Event):
    percent: int

    class Meta:
        name = "test.Margin"

    @classmethod
    def is_authorized_user(cls, user: Any) -> bool:
        return user == "boss"


class Notice(telegraphy.Event):
    text: str

    class Meta:
        name = "test.Notice"


CATALOGUE = {
    "app": "test",
    "types": [
        *(one.event_type().describe() for one in (Whisper, Margin, Notice)),
        {
            "name": "test.Row",
            "operations": ["create", "update", "delete"],
            "key": ["id"],
            "access": {"rule": "auth.scopes.exists(s, s in audience)"},
            "fields": [
                {"name": "id", "type": "int"},
                {"name": "audience", "type": "list", "items": "string", "hidden": True},
            ],
        },
    ],
}


@pytest.fixture(scope="module")
def running(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    keys = [
        {"app": "test", "kid": key.kid, "algorithm": key.algorithm, "key": key.public_key}
        for key in (BY_HS256, BY_EDDSA)
    ]
    # The clock is the same: what is signed after it started, or after an end, is good.
    return new_gateway_anywhere(tokens={"keys": keys, "skew_ms": 0})


@pytest.fixture
def known(running: Gateway) -> Iterator[Gateway]:
    backend = telegraphy.configure(endpoint=running.zmq, key=running.key)
    telegraphy.push_catalogue(running.zmq, running.key, CATALOGUE)
    yield running
    telegraphy.disconnect(user="7")
    backend.close(timeout=0)


def connected(gateway: Gateway, ticket: telegraphy.Ticket, origin: str = ORIGIN) -> Client:
    client = Client(gateway.client_port, connect=False, origin=origin)
    client.connect(ticket=ticket.ticket)
    return client


def user_7(gateway: Gateway, **about: Any) -> Client:
    return connected(gateway, telegraphy.create_ticket(user="7", timeout=5, **about))


# -- tickets


def test_a_ticket_makes_a_client_somebody(known: Gateway) -> None:
    ticket = telegraphy.create_ticket(
        user="7", origin=ORIGIN, session="a-digest", session_life=timedelta(minutes=1), timeout=5
    )
    with connected(known, ticket) as client:
        assert client.connected["user"] == "7"
        assert 0 < client.connected["session"]["expires_in_ms"] <= 60_000
        assert ticket.expires_in_ms <= 30_000
    assert refusal(known, ticket=ticket.ticket)["code"] == "unauthenticated"


def test_a_ticket_is_no_good_from_another_origin(known: Gateway) -> None:
    ticket = telegraphy.create_ticket(user="7", origin="https://shop.example", timeout=5)
    assert refusal(known, origin=ORIGIN, ticket=ticket.ticket)["code"] == "unauthenticated"


@pytest.mark.parametrize("key", [BY_HS256, BY_EDDSA], ids=lambda key: key.algorithm)
def test_a_signed_ticket_is_as_good_as_one_of_the_gateway(known: Gateway, key: SigningKey) -> None:
    ticket = sign_ticket(
        user="7", claims={"scopes": ["team:1"]}, types=[Margin], origin=ORIGIN, key=key
    )
    with connected(known, ticket) as client:
        assert client.connected["user"] == "7"
        client.subscribe("test.Margin")
        client.subscribe("test.Whisper")
        Whisper(text="psst", team=1).publish()
        assert client.next()["data"] == {"text": "psst", "team": 1}
    assert refusal(known, origin=ORIGIN, ticket=ticket.ticket)["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "key",
    [
        SigningKey(app="test", kid="shared", key="another-key-of-thirty-two-bytes!!"),
        SigningKey(app="test", kid="unknown", key=SECRET),
        SigningKey(app="other", kid="shared", key=SECRET),
        SigningKey(app="test", kid="pair", key=BY_EDDSA.public_key),  # "algorithm confusion"
    ],
    ids=["another key", "unknown kid", "another app", "public key as secret"],
)
def test_a_ticket_that_is_signed_wrongly_is_refused(known: Gateway, key: SigningKey) -> None:
    ticket = sign_ticket(user="7", key=key).ticket
    right = refusal(known, ticket="tgt_" + "A" * 43)
    assert refusal(known, ticket=ticket) == right


# -- who may have what


def test_a_checked_type_is_for_those_whose_ticket_names_it(known: Gateway) -> None:
    boss = telegraphy.registry.checked_types_for("boss")
    assert boss == ("test.Margin",)
    assert telegraphy.registry.checked_types_for("clerk") == ()
    with user_7(known, types=boss) as client, user_7(known) as other:
        client.subscribe("test.Margin")
        Margin(percent=30).publish()
        assert client.next()["data"] == {"percent": 30}
        assert other.request("subscribe", type="test.Margin")["code"] == "unknown_type"


def test_an_event_reaches_those_who_have_one_of_its_scopes(known: Gateway) -> None:
    with (
        user_7(known, claims={"scopes": ["team:1", "team:2"]}) as one,
        user_7(known, claims={"scopes": ["team:3"]}) as other,
        user_7(known) as nobody,
    ):
        for client in (one, other, nobody):
            client.subscribe("test.Whisper")
            client.subscribe("test.Notice")
        Whisper(text="to two", team=2).publish()
        Whisper(text="to three", team=3).publish()
        Notice(text="to all").publish()
        told = {
            name: [client.next()["data"]["text"] for _ in range(count)]
            for name, client, count in (("one", one, 2), ("other", other, 2), ("nobody", nobody, 1))
        }
    assert told == {
        "one": ["to two", "to all"],
        "other": ["to three", "to all"],
        "nobody": ["to all"],
    }


def test_who_leaves_the_audience_of_a_row_is_told_that_it_goes(known: Gateway) -> None:
    def row(op: str, audience: list[str], **more: Any) -> EncodedEvent:
        data = {"id": 1, "audience": audience}
        return EncodedEvent.make(
            type="test.Row", op=op, data=data, id=f"row-{time.time_ns()}", time=NOW, **more
        )

    with (
        user_7(known, claims={"scopes": ["team:1"]}) as one,
        user_7(known, claims={"scopes": ["team:2"]}) as two,
    ):
        for client in (one, two):
            client.subscribe("test.Row")
        backend = telegraphy.current_backend()
        backend.publish([row("create", ["team:1"])])
        old = {"audience": ["team:1"]}
        backend.publish([row("update", ["team:2"], changed=["audience"], old=old)])
        backend.publish([row("delete", ["team:2"])])
        told = [
            [(event["op"], event["data"]) for event in (c.next(), c.next())] for c in (one, two)
        ]
    assert told[0] == [("add", {"id": 1}), ("remove", {"id": 1})]
    assert told[1] == [("add", {"id": 1}), ("remove", {"id": 1})]


# -- management


def test_clients_are_listed_with_what_they_subscribe_to(known: Gateway) -> None:
    with user_7(known) as client, user_7(known) as other:
        client.subscribe("test.Notice", where='text == "a"')
        other.subscribe("test.Whisper")
        both = list(telegraphy.clients(user="7"))
        (one,) = telegraphy.clients(type=Notice)
    assert {each.client for each in both} == {client.id, other.id}
    assert both[0].number < both[1].number
    assert (one.client, one.user, one.address, one.program) == (client.id, "7", "127.0.0.1", "e2e")
    (subscription,) = one.subscriptions
    assert (subscription.type, subscription.where) == ("test.Notice", 'text == "a"')


def test_one_subscription_ends_and_its_client_is_told(known: Gateway) -> None:
    with user_7(known) as client:
        client.subscribe("test.Notice")
        client.subscribe("test.Whisper")
        (one,) = telegraphy.clients(client=client.id)
        notice = next(each for each in one.subscriptions if each.type == "test.Notice")
        telegraphy.unsubscribe(one, notice)
        reset = client.next("reset")
        assert (reset["reason"], reset["ended"]) == ("closed", True)
        (one,) = telegraphy.clients(client=client.id)
        assert [each.type for each in one.subscriptions] == ["test.Whisper"]
        with pytest.raises(Refused, match="not_found"):
            telegraphy.unsubscribe(one, notice)


def test_disconnect_ends_who_is_named_and_says_how_many(known: Gateway) -> None:
    with (
        user_7(known, session="here") as client,
        user_7(known, session="there") as other,
    ):
        ended = telegraphy.disconnect(user="7", session="here")
        assert (ended.sessions, ended.connections) == (1, 1)
        assert client.close_code() == 4401
        assert other.is_usable()
        assert refusal(known, session=client.token, origin=ORIGIN)["code"] == "unauthenticated"
        telegraphy.disconnect(session="there", reason="changed")
        assert other.close_code() == 4409


def test_a_queued_disconnect_comes_after_what_was_published_before(known: Gateway) -> None:
    with user_7(known) as client:
        client.subscribe("test.Notice")
        for number in range(100):
            Notice(text=f"before {number}").publish()
        telegraphy.queue_disconnect(user="7")
        for number in range(100):
            Notice(text=f"after {number}").publish()
        assert client.close_code() == 4401
        told = [event["data"]["text"] for event in client.waiting]
    assert told == [f"before {number}" for number in range(100)]


def test_a_queued_disconnect_outlives_a_gateway_that_is_away(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway()
    backend = telegraphy.configure(endpoint=gateway.zmq, key=gateway.key)
    telegraphy.push_catalogue(gateway.zmq, gateway.key, CATALOGUE)
    with user_7(gateway) as client:
        token = client.token
    gateway.stop()
    telegraphy.queue_disconnect(user="7")
    gateway.start()
    assert backend.flush(10)
    assert backend.stats == Stats(sent=1, accepted=1)
    assert refusal(gateway, session=token, origin=ORIGIN)["code"] == "unauthenticated"
    backend.close(timeout=0)
