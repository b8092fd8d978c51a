"""What is asked of a gateway beside taking events (INGEST.md 6 and 7), as documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from ._errors import InvalidEvent, InvalidRequest
from ._values import encode_json, show, to_json

CLAIMS_BYTES_MAX: Final = 4_096
USER_BYTES_MAX: Final = 128
SESSION_BYTES_MAX: Final = 64
CLIENT_BYTES_MAX: Final = 128
SELECTORS: Final = (
    ("user", USER_BYTES_MAX),
    ("session", SESSION_BYTES_MAX),
    ("client", CLIENT_BYTES_MAX),
)
"""By what identities are named that end."""

TYPES_MAX: Final = 1_000
TYPE_BYTES_MAX: Final = 128
ORIGIN: Final = re.compile(r"[!-~]{1,256}")
WEB_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>[1-9][0-9]{0,4}))?"
)
PORT_MAX: Final = 65_535
PAGE_MAX: Final = 1_000
REASONS: Final = ("ended", "changed")

Reason = Literal["ended", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRequest:
    """What the application knows of a client (INGEST.md 6); see `create_ticket`.  Raises
    `InvalidRequest` for what no gateway would take."""

    user: str
    claims: Mapping[str, Any] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    origin: str | None = None
    session: str | None = None
    session_life: timedelta | None = None
    life: timedelta | None = None

    def __post_init__(self) -> None:
        _check_text("user", self.user, USER_BYTES_MAX)
        if self.session is not None:
            _check_text("session", self.session, SESSION_BYTES_MAX)
        if self.origin is not None and not is_origin(self.origin):
            raise _invalid(
                "origin",
                "an Origin as browsers send it, such as 'https://shop.example'",
                self.origin,
            )
        types: object = self.types
        if not isinstance(types, tuple):
            raise _invalid("types", "a tuple of names", types)
        for number, name in enumerate(self.types):
            _check_text(f"types[{number}]", name, TYPE_BYTES_MAX)
        if len(self.types) > TYPES_MAX:
            raise InvalidRequest(
                f"types has {len(self.types):,} names; {TYPES_MAX:,} is the most",
                member="types",
            )
        for name in ("session_life", "life"):
            _check_life(name, getattr(self, name))
        object.__setattr__(self, "claims", _claims(self.claims))

    def document(self) -> dict[str, Any]:
        """The request as the gateway reads it."""
        document: dict[str, Any] = {"user": self.user}
        if self.claims:
            document["claims"] = self.claims
        if self.types:
            document["types"] = list(self.types)
        for name, text in (("origin", self.origin), ("session", self.session)):
            if text is not None:
                document[name] = text
        lives = (("session_life_ms", self.session_life), ("life_ms", self.life))
        for name, life in lives:
            if life is not None:
                document[name] = life // timedelta(milliseconds=1)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsRequest:
    """One page of `clients`."""

    user: str | None = None
    client: str | None = None
    type: str | None = None
    limit: int = PAGE_MAX
    after: int | None = None

    def __post_init__(self) -> None:
        for name, bytes_max in (("user", USER_BYTES_MAX), ("client", CLIENT_BYTES_MAX)):
            text = getattr(self, name)
            if text is not None:
                _check_text(name, text, bytes_max)

    def document(self) -> dict[str, Any]:
        members = {
            "user": self.user,
            "client": self.client,
            "type": self.type,
            "limit": self.limit,
            "after": self.after,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectRequest:
    """Whose identities end; see `disconnect`."""

    user: str | None = None
    session: str | None = None
    client: str | None = None
    reason: Reason = "ended"

    def __post_init__(self) -> None:
        named = self._named()
        for name, bytes_max in SELECTORS:
            if name in named:
                _check_text(name, named[name], bytes_max)
        if len(named) != 1 and named.keys() != {"user", "session"}:
            raise InvalidRequest(
                "name one of user, session and client, or user and session"
            )
        if self.reason not in REASONS:
            raise InvalidRequest(
                f"reason must be 'ended' or 'changed', not {self.reason!r}",
                member="reason",
            )

    def document(self) -> dict[str, Any]:
        return {**self._named(), "reason": self.reason}

    def _named(self) -> dict[str, str]:
        named = ((name, getattr(self, name)) for name, _ in SELECTORS)
        return {name: value for name, value in named if value is not None}


def is_origin(text: object) -> bool:
    """Is it what a browser would send as its Origin?  There is one spelling only: lower
    case, no path, no port that is the scheme's own."""
    if not isinstance(text, str) or not ORIGIN.fullmatch(text):
        return False
    if not text.startswith("http"):
        return "://" in text or text == "null"  # app://shop, or of no page at all
    web = WEB_ORIGIN.fullmatch(text)
    if web is None:
        return False
    port = int(web["port"] or 0)
    return port <= PORT_MAX and port != (443 if web["scheme"] == "https" else 80)


def _claims(claims: object) -> Mapping[str, Any]:
    if not isinstance(claims, Mapping):
        raise _invalid("claims", "a dict", claims)
    try:
        encoded: dict[str, Any] = encode_json(claims, "claims")
    except InvalidEvent as error:
        raise InvalidRequest(str(error), member=error.member) from None
    size = len(to_json(encoded))
    if size > CLAIMS_BYTES_MAX:
        raise InvalidRequest(
            f"claims have {size:,} bytes as JSON; {CLAIMS_BYTES_MAX:,} is the most. "
            f"The largest is {_largest(encoded)!r}: leave out what no rule asks for",
            member="claims",
        )
    return encoded


def _largest(claims: Mapping[str, Any]) -> str:
    return max(claims, key=lambda name: len(to_json(claims[name])))


def _check_text(name: str, text: object, bytes_max: int) -> None:
    if not isinstance(text, str):
        hint = "; write str(…)" if isinstance(text, int) else ""
        raise _invalid(name, "a str", text, hint)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _invalid(name, "valid Unicode", text) from None
    if not 1 <= size <= bytes_max:
        raise InvalidRequest(
            f"{name} must have 1 to {bytes_max} bytes, not {size:,}", member=name
        )


def _check_life(name: str, life: object) -> None:
    if life is not None and (
        not isinstance(life, timedelta) or life < timedelta(milliseconds=1)
    ):
        wanted = "a timedelta of a millisecond or more, or None"
        raise _invalid(name, wanted, life)


def _invalid(name: str, wanted: str, value: object, hint: str = "") -> InvalidRequest:
    return InvalidRequest(
        f"{name} must be {wanted}, not {show(value)}{hint}", member=name
    )
