"""How values are written in events: PROTOCOL.md 5, in one place.

`encode(field type, value, member)` returns what `json.dumps` writes, or raises
`InvalidEvent` naming the member, what came, and what would be right.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from ._errors import InvalidEvent

EXACT_INT_MAX: Final = 2**53 - 1
"""Beyond it a JavaScript number is not exact, so integers become strings."""

JSON_DEPTH_MAX: Final = 29
"""The gateway reads 32 levels; the event, its `data` and the value itself are three."""

DECIMAL_EXPONENT_MAX: Final = 1_000
"""Written without exponent, a decimal beyond it would be a memory bomb."""

SURROGATE = re.compile("[\ud800-\udfff]")

make_aware: Callable[[datetime], datetime] | None = None
"""What to do with a naive datetime.  None: refuse.  The Django app sets it."""


def show(value: object) -> str:
    """A value as messages show it: its type and the beginning of its repr."""
    text = repr(value)
    if len(text) > 60:
        text = text[:57] + "..."
    return f"{type(value).__name__} {text}" if value is not None else "None"


def wrong(member: str, wants: str, value: object, hint: str = "") -> InvalidEvent:
    return InvalidEvent(
        f"{member} must be {wants}, not {show(value)}{hint}", member=member
    )


def encode_int(value: object, member: str) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(member, "an int", value)
    if not -(2**63) <= value < 2**63:
        raise InvalidEvent(
            f"{member} must fit in 64 bits, signed; {show(value)} does not", member=member
        )
    value = int(value)
    return value if -EXACT_INT_MAX <= value <= EXACT_INT_MAX else str(value)


def encode_double(value: object, member: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(member, "a float", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise wrong(member, "a finite float", value)
    return number


def encode_decimal(value: object, member: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        hint = f'; write Decimal("{value}")' if isinstance(value, (float, str)) else ""
        raise wrong(member, "a Decimal", value, hint)
    number = Decimal(value)
    if not number.is_finite():
        raise wrong(member, "a finite Decimal", value)
    exponent = number.as_tuple().exponent
    if abs(number.adjusted()) > DECIMAL_EXPONENT_MAX or (
        isinstance(exponent, int) and abs(exponent) > DECIMAL_EXPONENT_MAX
    ):
        raise InvalidEvent(
            f"{member} must be between 1e-{DECIMAL_EXPONENT_MAX} and "
            f"1e{DECIMAL_EXPONENT_MAX} in size; {show(value)} is not",
            member=member,
        )
    return format(number, "f")


def encode_string(value: object, member: str) -> str:
    if isinstance(value, Enum):
        value = value.value
    if not isinstance(value, str):
        raise wrong(member, "a str", value)
    if SURROGATE.search(value):
        raise InvalidEvent(
            f"{member} must be valid Unicode; {show(value)} has an unpaired surrogate",
            member=member,
        )
    return str(value)


def encode_bool(value: object, member: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(member, "True or False", value)
    return value


def encode_timestamp(value: object, member: str) -> str:
    if not isinstance(value, datetime):
        raise wrong(member, "a datetime", value)
    if value.utcoffset() is None:
        if make_aware is None:
            raise wrong(member, "an aware datetime", value, "; say its zone with tzinfo")
        value = make_aware(value)
    try:
        utc = value.astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError:
        wants = "a datetime between the years 1 and 9999 in UTC"
        raise wrong(member, wants, value) from None
    return utc.isoformat(timespec="microseconds") + "Z"


def encode_date(value: object, member: str) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise wrong(member, "a date", value)
    return value.isoformat()


def encode_duration(value: object, member: str) -> str:
    if not isinstance(value, timedelta):
        raise wrong(member, "a timedelta", value)
    micros = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    sign = "-" if micros < 0 else ""
    seconds, rest = divmod(abs(micros), 1_000_000)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}{seconds}{fraction}s"


def encode_uuid(value: object, member: str) -> str:
    if not isinstance(value, UUID):
        raise wrong(member, "a UUID", value)
    return str(value)


def encode_json(value: object, member: str) -> Any:
    return _json(value, member, JSON_DEPTH_MAX)


def _json(value: object, member: str, depth: int) -> Any:
    """Any JSON value; the types of the other fields are written as they are there."""
    if depth == 0:
        raise InvalidEvent(
            f"{member} is nested deeper than {JSON_DEPTH_MAX} levels", member=member
        )
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {
            _json_key(key, member): _json(item, f"{member}.{key}", depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_json(item, f"{member}[{i}]", depth - 1) for i, item in enumerate(value)]
    if isinstance(value, Enum):
        return _json(value.value, member, depth - 1)
    for known, encoder in _JSON_SCALARS:
        if isinstance(value, known):
            return encoder(value, member)
    raise wrong(member, "a JSON value", value)


def _json_key(key: object, member: str) -> str:
    if not isinstance(key, str):
        raise InvalidEvent(
            f"{member} must have strings as keys, not {show(key)}", member=member
        )
    return encode_string(key, f"a key of {member}")


def _json_int(value: object, member: str) -> int:
    encode_int(value, member)
    return int(value)  # type: ignore[call-overload, no-any-return]


_JSON_SCALARS: Final[tuple[tuple[type, Callable[[object, str], Any]], ...]] = (
    (str, encode_string),
    (int, _json_int),
    (float, encode_double),
    (Decimal, encode_decimal),
    (datetime, encode_timestamp),
    (date, encode_date),
    (timedelta, encode_duration),
    (UUID, encode_uuid),
)

ENCODERS: Final[dict[str, Callable[[object, str], Any]]] = {
    "int": encode_int,
    "double": encode_double,
    "decimal": encode_decimal,
    "string": encode_string,
    "bool": encode_bool,
    "timestamp": encode_timestamp,
    "date": encode_date,
    "duration": encode_duration,
    "uuid": encode_uuid,
    "json": encode_json,
}
"""Every type of PROTOCOL.md 5 but `list`, which `Field.encode` builds of these."""


def to_json(document: object) -> bytes:
    """Compact UTF-8, non-finite numbers refused."""
    text = json.dumps(
        document, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode()
