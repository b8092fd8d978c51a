"""The contract: what Python writes and reads, held to protocol/."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import jsonschema
import pytest
from django.core.management import call_command
from referencing import Registry, Resource

import telegraphy
from project.shop.events import PriceChanged
from project.shop.models import Customer, Everything, Order
from telegraphy import (
    ClientsRequest,
    DisconnectRequest,
    EventType,
    Field,
    InvalidEvent,
    InvalidRequest,
    TicketRequest,
    registry,
)
from telegraphy._answers import (
    BadAnswer,
    CatalogueAccepted,
    Clients,
    Disconnected,
    Pong,
    Published,
    RefusedRequest,
    Ticket,
    Unsubscribed,
    parse_answer,
)
from telegraphy._codes import ErrorCode
from telegraphy._encoded import EncodedEvent
from telegraphy._fields import Choice
from telegraphy._requests import CLAIMS_BYTES_MAX
from telegraphy._values import to_json
from telegraphy.testing import capture_events

PROTOCOL = Path(__file__).resolve().parents[2] / "protocol"
VECTORS = PROTOCOL / "vectors"
SHOP = json.loads((VECTORS / "catalogues" / "shop.json").read_text("utf-8"))


def cases(folder: str, kind: str) -> list[Any]:
    found = [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted((VECTORS / folder).glob("*.json"))
        for case in json.loads(path.read_text("utf-8"))["cases"]
        if case["kind"] == kind
    ]
    assert found, f"no vectors of {kind} in {folder}"
    return found


def validator(name: str) -> jsonschema.Draft202012Validator:
    schemas = Registry().with_resources(
        (path.name, Resource.from_contents(json.loads(path.read_text("utf-8"))))
        for path in (PROTOCOL / "schema").glob("*.json")
    )
    schema = json.loads((PROTOCOL / "schema" / f"{name}.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema, registry=schemas)


# -- messages/ingest: answers


def known_members(message: dict[str, Any]) -> set[str]:
    schema = validator(f"ingest.{message['kind']}").schema
    return set(schema["properties"])


@pytest.mark.parametrize("case", cases("messages/ingest", "answer"))
def test_every_answer_is_understood(case):
    message = case["message"]
    answer = parse_answer(json.dumps(message))
    kinds: dict[str, type] = {
        "published": Published,
        "catalogue_accepted": CatalogueAccepted,
        "ticket": Ticket,
        "clients": Clients,
        "disconnected": Disconnected,
        "unsubscribed": Unsubscribed,
        "pong": Pong,
        "refused": RefusedRequest,
    }
    assert type(answer) is kinds[message["kind"]]
    assert answer.id == message.get("id")
    for member, value in message.items():
        if isinstance(value, (int, str)) and member in known_members(message) - {"kind"}:
            assert getattr(answer, member) == value
    if isinstance(answer, Published):
        assert list(answer.offsets) == message["offsets"]
        for refused, wanted in zip(
            answer.refused, message.get("refused", ()), strict=True
        ):
            assert refused.index == wanted["index"]
            assert refused.code == wanted["code"]
            assert refused.member == wanted.get("member")
            assert list(refused.nearest) == wanted.get("nearest", [])
            ErrorCode(refused.code)
    if isinstance(answer, RefusedRequest):
        ErrorCode(answer.code)


@pytest.mark.parametrize("case", cases("messages/ingest", "answer"))
def test_members_that_are_not_known_are_ignored(case):
    message = case["message"]
    newer = {**message, "from_the_future": {"a": 1}}
    assert parse_answer(json.dumps(newer)) == parse_answer(json.dumps(message))


@pytest.mark.parametrize("case", cases("messages/ingest", "answer"))
def test_an_answer_with_a_member_of_a_wrong_type_is_named(case):
    message = case["message"]
    for member in known_members(message) & set(message):
        broken = {**message, member: {"not": "this"}}
        with pytest.raises(BadAnswer, match=f"{member}|kind"):
            parse_answer(json.dumps(broken))


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '"pong"', '{"kind":', "{}", '{"kind":7}']
)
def test_what_is_no_answer_is_refused(text):
    with pytest.raises(BadAnswer):
        parse_answer(text)


# -- messages/ingest and reject/ingest: what is asked of a gateway

REQUESTS: dict[str, Callable[..., ClientsRequest | DisconnectRequest]] = {
    "clients_request": ClientsRequest,
    "disconnect_request": DisconnectRequest,
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_request_of_the_management_can_be_made(kind):
    for parameter in cases("messages/ingest", kind):
        send = parameter.values[0]["send"]
        document = REQUESTS[kind](**send).document()
        validator(f"ingest.{kind}").validate(document)
        defaults = {"limit": 1_000} if kind == "clients_request" else {"reason": "ended"}
        assert document == {**defaults, **send}


def test_whose_identity_ends_is_as_clear_here_as_at_the_gateway():
    for parameter in cases("reject/ingest", "disconnect_request"):
        case = parameter.values[0]
        send, member = case["send"], case["expect"].get("member")
        if not isinstance(send, dict) or member == "client" or None in send.values():
            continue  # a client's id is the gateway's alone; None is what was not given
        with pytest.raises((InvalidRequest, TypeError)):
            DisconnectRequest(**send)


LONGEST_MS = dt.timedelta.max // dt.timedelta(milliseconds=1)


def ticket_request(send: dict[str, Any]) -> TicketRequest:
    """As Python says it: lives are times."""
    members = dict(send)
    for name in ("session_life", "life"):
        if f"{name}_ms" in members:
            millis = members.pop(f"{name}_ms")
            if isinstance(millis, int):
                millis = dt.timedelta(milliseconds=min(millis, LONGEST_MS))
            members[name] = millis
    if isinstance(members.get("types"), list):
        members["types"] = tuple(members["types"])
    return TicketRequest(**members)


@pytest.mark.parametrize("case", cases("messages/ingest", "ticket_request"))
def test_every_ticket_request_can_be_made(case):
    send = case["send"]
    document = ticket_request(send).document()
    validator("ingest.ticket_request").validate(document)
    said = {name: value for name, value in send.items() if value not in ({}, [], None)}
    for name in {"session_life_ms", "life_ms"} & said.keys():
        said[name] = min(said[name], LONGEST_MS)
    assert document == said


@pytest.mark.parametrize("case", cases("reject/ingest", "ticket_request"))
def test_what_no_gateway_would_take_as_a_ticket_request_is_refused_here(case):
    send = case["send"]
    if not isinstance(send, dict) or None in send.values():
        return  # texts are the gateway's to read; None is what was not given
    if len(to_json(send.get("claims"))) == CLAIMS_BYTES_MAX:
        return  # too large with the blanks that others write
    with pytest.raises((InvalidRequest, TypeError)):
        ticket_request(send)


# -- values: PROTOCOL.md 5


def parse_duration(text: str) -> dt.timedelta:
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?s", text)
    assert match
    micros = int(match[2]) * 1_000_000 + int((match[3] or "0").ljust(6, "0"))
    return dt.timedelta(microseconds=-micros if match[1] else micros)


def parse_bool(value: Any) -> bool:
    assert isinstance(value, bool)
    return value


def parse_text(value: Any) -> str:
    assert isinstance(value, str)
    return value


NATIVE: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "double": float,
    "decimal": lambda value: Decimal(parse_text(value)),
    "string": parse_text,
    "bool": parse_bool,
    "timestamp": lambda value: dt.datetime.fromisoformat(
        value.upper().replace("Z", "+00:00")
    ),
    "date": lambda value: dt.date.fromisoformat(value),
    "duration": lambda value: parse_duration(value),
    "uuid": lambda value: UUID(value),
    "json": lambda value: value,
}
SAMPLE = {field["name"]: field for field in SHOP["types"][3]["fields"]}


def native(field: dict[str, Any], value: Any) -> Any:
    """The Python value that an event's value stands for."""
    if field["type"] == "list":
        assert isinstance(value, list)
        return [NATIVE[field["items"]](item) for item in value]
    return NATIVE[field["type"]](value)


def field_of(described: dict[str, Any]) -> Field:
    return Field(
        name=described["name"],
        type=described["type"],
        items=described.get("items"),
        nullable=described.get("nullable", False),
        verbose_name=described.get("verbose_name", ""),
        choices=tuple(Choice(**choice) for choice in described.get("choices", ())),
        hidden=described.get("hidden", False),
    )


def samples(folder: str) -> list[Any]:
    found = []
    for parameter in cases(folder, "event"):
        send = parameter.values[0]["send"]
        if isinstance(send, dict) and send.get("type") == "shop.Sample":
            found.append(parameter)
    assert found, f"no vectors of values in {folder}"
    return found


@pytest.mark.parametrize("case", samples("messages/ingest"))
def test_every_value_survives_being_written_by_python(case):
    for name, value in case["send"]["data"].items():
        if value is None:
            assert field_of(SAMPLE[name]).encode(None) is None
            continue
        wanted = native(SAMPLE[name], value)
        written = field_of(SAMPLE[name]).encode(wanted)
        assert native(SAMPLE[name], written) == wanted


@pytest.mark.parametrize("case", samples("reject/ingest"))
def test_no_value_is_written_as_the_gateway_would_refuse_it(case):
    for name, value in case["send"]["data"].items():
        member = case["expect"].get("member", "")
        if name not in SAMPLE or not member.startswith(f"data.{name}"):
            continue
        try:
            wanted = native(SAMPLE[name], value)
        except (ValueError, TypeError, AssertionError, ArithmeticError, AttributeError):
            continue  # no value of Python's is written so
        try:
            written = field_of(SAMPLE[name]).encode(wanted)
        except InvalidEvent:
            continue
        assert json.dumps(written) != json.dumps(value)


def test_the_values_of_python_are_written_as_the_protocol_says():
    aware = dt.datetime(2026, 11, 23, 3, 16, 34, 5, dt.timezone(dt.timedelta(hours=1)))
    for type_name, value, written in [
        ("int", 2**53 - 1, 2**53 - 1),
        ("int", 2**53, "9007199254740992"),
        ("int", -(2**53), "-9007199254740992"),
        ("int", -(2**63), "-9223372036854775808"),
        ("double", 3, 3.0),
        ("decimal", Decimal("-12.50"), "-12.50"),
        ("decimal", Decimal("1E+3"), "1000"),
        ("decimal", Decimal("1E-7"), "0.0000001"),
        ("decimal", 7, "7"),
        ("timestamp", aware, "2026-11-23T02:16:34.000005Z"),
        ("date", dt.date(26, 1, 2), "0026-01-02"),
        ("duration", dt.timedelta(seconds=93.5), "93.5s"),
        ("duration", dt.timedelta(microseconds=-1_500_001), "-1.500001s"),
        ("duration", dt.timedelta(days=10**6), "86400000000s"),
        ("uuid", UUID("ABCDEF12-3456-7890-ABCD-EF1234567890"),
         "abcdef12-3456-7890-abcd-ef1234567890"),
        ("json", {"d": Decimal("1.0"), "t": (1, None)}, {"d": "1.0", "t": [1, None]}),
    ]:  # fmt: skip
        assert Field(name="x", type=type_name).encode(value) == written, (
            type_name,
            value,
        )


# -- catalogue documents and events as Python makes them


def test_the_shop_s_catalogue_can_be_said_in_python():
    types = [
        EventType(
            name=one["name"],
            verbose_name=one.get("verbose_name", ""),
            verbose_name_plural=one.get("verbose_name_plural", ""),
            operations=tuple(one["operations"]),
            key=tuple(one.get("key", ())),
            checked=one.get("checked", False),
            access=(
                one["access"]["rule"]
                if isinstance(one.get("access"), dict)
                else one.get("access", telegraphy.AUTHENTICATED)
            ),
            ttl=(dt.timedelta(milliseconds=one["ttl_ms"]) if one.get("ttl_ms") else None),
            fields=tuple(field_of(field) for field in one["fields"]),
        )
        for one in SHOP["types"]
    ]
    defaults = {
        "verbose_name": "",
        "verbose_name_plural": "",
        "access": "authenticated",
        "delivery": "live",
        "ttl_ms": None,
    }
    wanted = [{**defaults, **one} for one in SHOP["types"]]
    assert [one.describe() for one in types] == wanted


def test_an_event_class_is_the_shop_s_price_changed():
    with registry.isolated():

        class PriceChanged(telegraphy.Event):
            symbol: str
            price: Decimal

            class Meta:
                name = "shop.PriceChanged"
                verbose_name = "price change"
                access = telegraphy.PUBLIC
                ttl = dt.timedelta(minutes=5)

        described = PriceChanged.event_type().describe()
    [wanted] = [one for one in SHOP["types"] if one["name"] == "shop.PriceChanged"]
    for field in described["fields"]:
        del field["verbose_name"]
    del described["delivery"]  # the default
    assert described == wanted


def test_the_catalogue_of_a_whole_project_fits_the_schema(capsys):
    call_command("telegraphy", "--catalogue", skip_checks=True)
    document = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in document["types"]} > {
        "shop.Order",
        "shop.PriceChanged",
    }
    validator("ingest.catalogue").validate(document)


@pytest.mark.django_db
def test_events_of_all_kinds_fit_the_schema():
    with capture_events():
        backend = telegraphy.current_backend()
        order = Order.objects.create(number="1")
        order.status = "paid"
        order.save()
        order.delete()
        Everything.objects.create(extra={"a": [1]})
        Customer.objects.create(name="ada")
        PriceChanged(symbol="TG", price=Decimal(1)).publish()
    assert len(backend.events) == 6
    for event in backend.events:
        validator("ingest.event").validate(event.document())


def test_a_batch_is_one_line_an_event():
    event = EncodedEvent.make(
        type="shop.Tick",
        op="event",
        data={"text": "two\nlines\u2028"},
        id="1",
        time="2026-11-23T02:16:34Z",
    )
    assert b"\n" not in event.line


class Choices(telegraphy.Event):
    """Here for the schema of choices."""

    status: Literal["new", "paid"]
    level: Literal[1, 2]

    class Meta:
        abstract = True


def test_choices_fit_the_schema():
    with registry.isolated():

        class Chosen(Choices):
            pass

        document = {"app": "x", "types": [Chosen.event_type().describe()]}
    validator("ingest.catalogue").validate(document)
