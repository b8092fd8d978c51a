"""Queries and access rules as Python: another way to write the gateway's language, CEL.

    str(Q(status="paid", total__gt=100) | Q(region__in=["CH", "LI"]))
    'status == "paid" && total > 100 || region in ["CH", "LI"]'

    class OrderEvents(ModelEvents[Order]):
        access = Q(customer_id=auth.user_id) | Q(auth.is_staff)

Every value is written as a literal, and every name is judged: no text of a user's ever
becomes part of the query's own.  What a type's fields are is for the gateway to know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast
from uuid import UUID

from . import _values
from ._errors import InvalidEvent
from ._lookup_names import meant_by
from ._values import show

WORDS: Final = frozenset((
    "as", "break", "const", "continue", "else", "false", "for", "function", "if",
    "import", "in", "let", "loop", "namespace", "null", "package", "return", "true",
    "var", "void", "while",
))  # fmt: skip
"""No name of a field may stand for itself where CEL reads one of these."""

NOT_BARE: Final = WORDS | {"auth", "data", "event", "old"}
"""Fields of these names are reached through `data`."""

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLACE: Final = re.compile(r"0|[1-9][0-9]{0,8}")
EVENT_MEMBERS: Final = ("op", "type", "time")

# How tightly the outermost operator of a text binds.
OR, AND, UNIT = range(3)


class Condition:
    """What `&`, `|` and `~` join: a `Q`, or a claim that is true or false."""

    __slots__ = ()

    def __and__(self, other: Condition) -> Q:
        return _join(AND, self, other)

    def __or__(self, other: Condition) -> Q:
        return _join(OR, self, other)

    def __invert__(self) -> Q:
        text, _ = _text_of(self)
        return _made(f"!({text})" if text else "", UNIT)


class Q(Condition):
    """A condition on an event: lookups, all of which must hold.

    `status="paid"` compares; `total__gt=100` too, with one of the lookups `exact` (which
    need not be said), `gt`, `gte`, `lt`, `lte`, `in`, `range`, `contains`, `startswith`,
    `endswith` and `isnull`.  `meta__color="red"` looks into JSON, `old__status="new"` at
    the value before the change, `changed="status"` asks whether it changed, `auth__role`
    is a claim of the client's, as is `telegraphy.auth.role`, which may also be a value.

    Conditions are joined by `&`, `|` and `~`, and `str()` is the query.  Raises
    `ValueError` and `TypeError` for what cannot be a query.
    """

    __slots__ = ("_binds", "_text")
    _text: str
    _binds: int

    def __init__(self, /, *conditions: Condition, **lookups: Any) -> None:
        parts = [_text_of(condition) for condition in conditions]
        parts += [_lookup(name, value) for name, value in lookups.items()]
        self._text, self._binds = _joined(AND, parts)

    def __str__(self) -> str:
        if not self._text:
            raise ValueError("an empty Q() is no query; leave the query out, or say what")
        return self._text

    def __repr__(self) -> str:
        return f"<Q: {self._text}>"

    def __bool__(self) -> bool:
        raise TypeError(
            "a Q is neither true nor false before the gateway asks it: `and`, `or` and "
            "`not` would drop conditions; write &, | and ~ (and `q == Q()` to ask "
            "whether it is empty)"
        )

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Q) else NotImplemented

    def __hash__(self) -> int:
        return hash((Q, self._text))


class Claim(Condition):
    """What the gateway knows of a client, by name: `auth.user_id`, `auth["user-id"]`.
    A value in lookups; by itself, or in `Q(auth.is_staff)`, it must be true."""

    __slots__ = ("_path",)
    _path: str

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Claim:
        if name.startswith("_"):  # copying, pickling and consoles ask for such names
            raise AttributeError(f'the claim of this name is written auth["{name}"]')
        return Claim(self._path + _member(name))

    def __getitem__(self, name: str) -> Claim:
        if not isinstance(name, str):
            raise TypeError(f"claims have names, strings, not {show(name)}")
        return Claim(self._path + _member(name))

    __iter__ = None
    __contains__ = None

    def __str__(self) -> str:
        if self._path == "auth":
            raise ValueError("`auth` is all claims of a client; name one: auth.user_id")
        return self._path

    def __repr__(self) -> str:
        return f"<Claim: {self._path}>"

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self._path} is known to the gateway alone; join conditions with &, | and ~"
        )

    def __eq__(self, other: object) -> bool:
        return self._path == other._path if isinstance(other, Claim) else NotImplemented

    def __hash__(self) -> int:
        return hash((Claim, self._path))


auth: Final = Claim("auth")
"""The claims of the client that asks: `auth.user_id`."""


# -- joining


def _made(text: str, binds: int) -> Q:
    made = Q()
    made._text, made._binds = text, binds
    return made


def _text_of(condition: object) -> tuple[str, int]:
    if isinstance(condition, Q):
        return condition._text, condition._binds
    if isinstance(condition, Claim):
        return str(condition), UNIT
    raise TypeError(
        f"a Q is made of lookups by name, Qs and claims, not of {show(condition)}"
        + (
            '; to compare a claim, write Q(auth__role="admin")'
            if isinstance(condition, bool)
            else ""
        )
    )


def _join(binds: int, one: Condition, other: object) -> Q:
    if not isinstance(other, Condition):
        return cast(Q, NotImplemented)
    return _made(*_joined(binds, [_text_of(one), _text_of(other)]))


def _joined(binds: int, parts: list[tuple[str, int]]) -> tuple[str, int]:
    parts = [part for part in parts if part[0]]  # an empty Q() says nothing
    if len(parts) < 2:
        return parts[0] if parts else ("", UNIT)
    texts = [f"({text})" if binding < binds else text for text, binding in parts]
    return (" && " if binds == AND else " || ").join(texts), binds


# -- lookups


def _lookup(name: str, value: object) -> tuple[str, int]:
    path, lookup = _path_and_lookup(name)
    if path == ["changed"]:
        return _changed(name, lookup, value)
    place = _place(name, path)
    return LOOKUPS[lookup](name, place, value)


def _path_and_lookup(name: str) -> tuple[list[str], str]:
    path = name.split("__")
    lookup = "exact"
    if len(path) > 1 and path[-1] in LOOKUPS:
        lookup = path.pop()
    elif len(path) > (2 if path[0] in EXAMPLES else 1):
        hint = meant_by(path[-1], LOOKUPS)
        if hint:
            raise ValueError(
                f"{name}: there is no lookup {path[-1]!r}; {hint} "
                f"(A key of that name in JSON is {name}__exact)"
            )
    if "" in path:
        raise ValueError(
            f"{name}: a name is missing; write a field, or a path such as meta__color, "
            "and perhaps a lookup: total__gt"
        )
    return path, lookup


def _place(name: str, path: list[str]) -> str:
    """What a path looks at, as CEL."""
    first, *rest = path
    if first in ("old", "data", "auth", "event") and not rest:
        raise ValueError(
            f"{name}: say what of {first!r}, as in {EXAMPLES[first]}; a field of that "
            f"name is data__{first}"
        )
    if first == "event" and (rest[0] not in EVENT_MEMBERS or len(rest) > 1):
        raise ValueError(
            f"{name}: an event has {', '.join(EVENT_MEMBERS)}; whether a field changed "
            'is asked by changed="status"'
        )
    if first == "changed":
        raise ValueError(f"{name}: {ASK_CHANGED}")
    if first in ("old", "data"):
        field, *rest = rest
        return first + _member(_field(name, field)) + "".join(map(_step, rest))
    if first in ("auth", "event"):
        return first + "".join(map(_step, rest))
    bare = _field(name, first)
    return (f'data["{bare}"]' if bare in NOT_BARE else bare) + "".join(map(_step, rest))


def _field(name: str, field: str) -> str:
    if not NAME.fullmatch(field):
        raise ValueError(
            f"{name}: {field!r} is not a name of a field, which is letters, digits and "
            "_, the first no digit"
        )
    return field


def _step(name: str) -> str:
    """One step into JSON: a number is a place in a list."""
    return f"[{name}]" if PLACE.fullmatch(name) else _member(name)


def _member(name: str) -> str:
    if NAME.fullmatch(name) and name not in WORDS:
        return f".{name}"
    return f"[{string(name)}]"


def _exact(name: str, place: str, value: object) -> tuple[str, int]:
    return f"{place} == {literal(name, value)}", UNIT


def _order(sign: str) -> Callable[[str, str, object], tuple[str, int]]:
    def compare(name: str, place: str, value: object) -> tuple[str, int]:
        if value is None or isinstance(value, bool):
            raise TypeError(f"{name}: nothing is more or less than {value}")
        return f"{place} {sign} {literal(name, value)}", UNIT

    return compare


def _in(name: str, place: str, value: object) -> tuple[str, int]:
    if isinstance(value, Claim):
        return f"{place} in {value}", UNIT
    items = _items(name, value, "a list of values, or a claim that is one")
    return f"{place} in [{', '.join(items)}]", UNIT


def _range(name: str, place: str, value: object) -> tuple[str, int]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise TypeError(f"{name}: must be (lowest, highest), not {show(value)}")
    low, high = value
    return _joined(AND, [_order(">=")(name, place, low), _order("<=")(name, place, high)])


def _contains(name: str, place: str, value: object) -> tuple[str, int]:
    if not isinstance(value, (list, tuple, set, frozenset)):
        return _text_method("contains")(name, place, value)
    items = _items(name, value, "")
    if not items:
        raise ValueError(f"{name}: everything contains an empty list; leave it out")
    return _joined(AND, [(f"{item} in {place}", UNIT) for item in items])


def _text_method(method: str) -> Callable[[str, str, object], tuple[str, int]]:
    def call(name: str, place: str, value: object) -> tuple[str, int]:
        if isinstance(value, Enum):
            value = value.value
        if not isinstance(value, (str, Claim)):
            hint = (
                "; for a field that is a list, write a list"
                if method == "contains"
                else ""
            )
            raise TypeError(f"{name}: must be a str, not {show(value)}{hint}")
        return f"{place}.{method}({literal(name, value)})", UNIT

    return call


def _isnull(name: str, place: str, value: object) -> tuple[str, int]:
    if not isinstance(value, bool):
        raise TypeError(f"{name}: must be True or False, not {show(value)}")
    return f"{place} {'==' if value else '!='} null", UNIT


LOOKUPS: Final[Mapping[str, Callable[[str, str, object], tuple[str, int]]]] = {
    "exact": _exact,
    "gt": _order(">"),
    "gte": _order(">="),
    "lt": _order("<"),
    "lte": _order("<="),
    "in": _in,
    "range": _range,
    "contains": _contains,
    "startswith": _text_method("startsWith"),
    "endswith": _text_method("endsWith"),
    "isnull": _isnull,
}

EXAMPLES: Final = {
    "old": "old__status",
    "data": "data__status",
    "auth": "auth__user_id",
    "event": "event__op",
}

ASK_CHANGED: Final = (
    'changed="status" asks whether a field changed; a field that is called changed is '
    "data__changed"
)


def _changed(name: str, lookup: str, value: object) -> tuple[str, int]:
    if lookup == "exact":
        wanted: list[object] = [value]
    elif lookup == "in" and isinstance(value, (list, tuple)) and value:
        wanted = list(value)
    else:
        raise ValueError(f"{name}: {ASK_CHANGED}")
    parts = []
    for one in wanted:
        field = one.value if isinstance(one, Enum) else one
        if not isinstance(field, str):
            raise TypeError(
                f"{name}: must be the name of a field, not {show(one)}; {ASK_CHANGED}"
            )
        parts.append((f"{string(_field(name, field))} in event.changed", UNIT))
    return _joined(OR, parts)


# -- values


def literal(name: str, value: object) -> str:
    """`value` as CEL; `name` begins the message of an error."""
    if isinstance(value, Claim):
        return str(value)
    if isinstance(value, Enum):
        value = value.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    for known, write in WRITERS:
        if isinstance(value, known):
            try:
                return write(value, name)
            except InvalidEvent as error:
                raise ValueError(str(error)) from None
    raise TypeError(f"{name}: {_refusal(value)}")


def _refusal(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return "a list is for the lookups in and contains; range takes two values"
    if isinstance(value, Q):
        return "a Q is no value; join conditions with &, | and ~"
    hint = "; write its key" if hasattr(value, "pk") else ""
    return f"{show(value)} has no form in queries{hint}"


def _items(name: str, value: object, wants: str) -> list[str]:
    if isinstance(value, (set, frozenset)):
        # In one order, as equal queries should be equal texts.
        return sorted(literal(name, item) for item in value)
    if not isinstance(value, (list, tuple)):
        is_many = hasattr(value, "__iter__") and not isinstance(value, (str, bytes))
        hint = "; write list(…)" if is_many else ""
        raise TypeError(f"{name}: must be {wants}, not {show(value)}{hint}")
    return [literal(name, item) for item in value]


def string(text: str, name: str = "a name") -> str:
    """A string literal; CEL has all escapes of JSON."""
    return json.dumps(_values.encode_string(text, name), ensure_ascii=False)


def _int(value: Any, name: str) -> str:
    _values.encode_int(value, name)
    return str(int(value))


def _float(value: Any, name: str) -> str:
    return repr(_values.encode_double(value, name))


def _decimal(value: Any, name: str) -> str:
    text = _values.encode_decimal(value, name)
    # CEL's whole numbers have 64 bits; what is longer must show that it is none of them.
    whole = "." not in text and not -(2**63) <= int(text) < 2**63
    return f"{text}.0" if whole else text


def _timestamp(value: Any, name: str) -> str:
    text = _values.encode_timestamp(value, name)
    moment = datetime.fromisoformat(text[:-1])
    digits = "microseconds" if moment.microsecond % 1_000 else "milliseconds"
    text = moment.isoformat(timespec=digits)
    return f'timestamp("{text}Z")'


def _date(value: Any, name: str) -> str:
    return f"date({string(_values.encode_date(value, name))})"


def _duration(value: Any, name: str) -> str:
    return f"duration({string(_values.encode_duration(value, name))})"


def _uuid(value: Any, name: str) -> str:
    return string(_values.encode_uuid(value, name))


WRITERS: Final[tuple[tuple[type, Callable[[Any, str], str]], ...]] = (
    (str, string),
    (int, _int),
    (float, _float),
    (Decimal, _decimal),
    (datetime, _timestamp),  # which is a date
    (date, _date),
    (timedelta, _duration),
    (UUID, _uuid),
)
