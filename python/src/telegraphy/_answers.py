"""What the gateway answers on the ingest socket (INGEST.md 2), parsed and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from ._errors import GatewayError


class BadAnswer(GatewayError):
    """The gateway sent something that INGEST.md does not know."""


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """One event of a batch that the gateway did not take."""

    index: int
    code: str
    message: str
    member: str | None
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    id: int | None  # None over HTTP, where a connection is enough to know
    accepted: int
    duplicates: int
    offsets: tuple[int | None, ...]
    refused: tuple[RefusedEvent, ...]


@dataclass(frozen=True, slots=True)
class CatalogueAccepted:
    id: int | None
    catalogue: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Pong:
    id: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """What lets one client connect once.  A secret: hand it to that client's page, and to
    nothing that is logged or cached."""

    ticket: str = field(repr=False)
    expires_in_ms: int
    id: int | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class StandingSubscription:
    """One subscription of a connection."""

    id: int | str
    """As the client named it; unique on its connection."""
    type: str
    where: str | None
    cohort: int


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of a client, who may have several."""

    number: int
    """No other connection ever has it."""
    client: str
    user: str | None
    """None: anonymous."""
    address: str | None
    program: str | None
    connected_at: datetime
    subscriptions: tuple[StandingSubscription, ...]


@dataclass(frozen=True, slots=True)
class Clients:
    """One page of those who are connected."""

    id: int | None
    clients: tuple[Connection, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """What ended: how many sessions, and how many connections are closing."""

    sessions: int
    connections: int
    id: int | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    id: int | None


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    id: int | None
    code: str
    message: str
    member: str | None
    nearest: tuple[str, ...]
    retry_after_ms: int | None
    line: int | None
    column: int | None


Answer: TypeAlias = (
    Published
    | CatalogueAccepted
    | Ticket
    | Clients
    | Disconnected
    | Unsubscribed
    | Pong
    | RefusedRequest
)


def parse_answer(text: bytes | str) -> Answer:
    """The answer that `text` is; raises `BadAnswer` naming the member that is wrong.
    Members that are not known are ignored: the gateway may be newer."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the gateway's answer is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadAnswer("the gateway's answer is not an object")
    kind = document.get("kind")
    if kind == "published":
        return _published(document)
    if kind == "catalogue_accepted":
        return CatalogueAccepted(
            id=_id(document),
            catalogue=_count(document, "catalogue"),
            changed=_typed(document, "changed", bool),
        )
    if kind == "ticket":
        return Ticket(
            id=_id(document),
            ticket=_typed(document, "ticket", str),
            expires_in_ms=_count(document, "expires_in_ms"),
        )
    if kind == "clients":
        return Clients(
            id=_id(document),
            clients=tuple(map(_connection, _objects(document, "clients"))),
            next=_nullable_count(document, "next"),
        )
    if kind == "disconnected":
        return Disconnected(
            id=_id(document),
            sessions=_count(document, "sessions"),
            connections=_count(document, "connections"),
        )
    if kind == "unsubscribed":
        return Unsubscribed(id=_id(document))
    if kind == "pong":
        return Pong(id=_count(document, "id"))
    if kind == "refused":
        return RefusedRequest(
            id=_id(document),
            code=_typed(document, "code", str),
            message=_typed(document, "message", str),
            member=_optional(document, "member", str),
            nearest=_names(document),
            retry_after_ms=_optional_count(document, "retry_after_ms"),
            line=_optional_count(document, "line"),
            column=_optional_count(document, "column"),
        )
    raise BadAnswer(f"the gateway answered with the unknown kind {kind!r}")


def _published(document: dict[str, Any]) -> Published:
    offsets = _typed(document, "offsets", list)
    for offset in offsets:
        if offset is not None and not _is_count(offset):
            raise BadAnswer(f"`offsets` holds {offset!r}; numbers or null are right")
    refused = []
    for entry in _objects(document, "refused") if "refused" in document else ():
        index = _count(entry, "index")
        if index >= len(offsets):
            raise BadAnswer(f"`refused` names event {index} of {len(offsets)}")
        refused.append(
            RefusedEvent(
                index=index,
                code=_typed(entry, "code", str),
                message=_typed(entry, "message", str),
                member=_optional(entry, "member", str),
                nearest=_names(entry),
            )
        )
    return Published(
        id=_id(document),
        accepted=_count(document, "accepted"),
        duplicates=_count(document, "duplicates"),
        offsets=tuple(offsets),
        refused=tuple(refused),
    )


def _connection(document: dict[str, Any]) -> Connection:
    return Connection(
        number=_count(document, "connection"),
        client=_typed(document, "client", str),
        user=_nullable_text(document, "user"),
        address=_nullable_text(document, "address"),
        program=_nullable_text(document, "program"),
        connected_at=_moment(document, "connected_at"),
        subscriptions=tuple(map(_subscription, _objects(document, "subscriptions"))),
    )


def _subscription(document: dict[str, Any]) -> StandingSubscription:
    name = document.get("id")
    return StandingSubscription(
        id=name if isinstance(name, str) else _count(document, "id"),
        type=_typed(document, "type", str),
        where=_nullable_text(document, "where"),
        cohort=_count(document, "cohort"),
    )


def _id(document: dict[str, Any]) -> int | None:
    return _optional_count(document, "id")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _count(document: dict[str, Any], member: str) -> int:
    value = document.get(member)
    if not _is_count(value):
        raise BadAnswer(f"`{member}` must be a number of 0 or more, not {value!r}")
    return int(value)  # type: ignore[arg-type]


def _optional_count(document: dict[str, Any], member: str) -> int | None:
    return _count(document, member) if member in document else None


def _nullable_count(document: dict[str, Any], member: str) -> int | None:
    return None if document.get(member) is None else _count(document, member)


def _nullable_text(document: dict[str, Any], member: str) -> str | None:
    text = document.get(member)
    return None if text is None else str(_typed(document, member, str))


def _moment(document: dict[str, Any], member: str) -> datetime:
    text: str = _typed(document, member, str)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise BadAnswer(f"`{member}` must be a time with its offset, not {text!r}")
    return moment


def _objects(document: dict[str, Any], member: str) -> list[dict[str, Any]]:
    entries: list[Any] = _typed(document, member, list)
    for entry in entries:
        if not isinstance(entry, dict):
            raise BadAnswer(f"`{member}` holds {entry!r}; objects are right")
    return entries


def _typed(document: dict[str, Any], member: str, kind: type) -> Any:
    value = document.get(member)
    if not isinstance(value, kind):
        raise BadAnswer(f"`{member}` must be a {kind.__name__}, not {value!r}")
    return value


def _optional(document: dict[str, Any], member: str, kind: type) -> Any:
    return _typed(document, member, kind) if member in document else None


def _names(document: dict[str, Any]) -> tuple[str, ...]:
    names = _optional(document, "nearest", list) or []
    return tuple(str(name) for name in names)
