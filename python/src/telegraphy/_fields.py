"""Fields of event types, and how an annotation becomes one."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from . import _values
from ._errors import DefinitionError, InvalidEvent, did_you_mean

FIELDS_MAX: Final = 256
FIELD_NAME_MAX: Final = 64


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str | int
    label: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of an event type, as the catalogue knows it."""

    name: str
    type: str
    nullable: bool = False
    verbose_name: str = ""
    items: str | None = None
    choices: tuple[Choice, ...] = ()
    closed: bool = False
    """Is a value that is not one of `choices` wrong?"""
    hidden: bool = False
    """For access rules alone, and never sent to a client?"""

    def encode(self, value: object) -> Any:
        """`value` as JSON has it; raises `InvalidEvent`."""
        if value is None:
            if not self.nullable:
                raise InvalidEvent(
                    f"{self.name} must not be None: it is not nullable", member=self.name
                )
            return None
        if isinstance(value, Enum) and self.type in ("string", "int"):
            value = value.value
        if self.items is not None:
            return self._encode_list(value)
        encoded = _values.ENCODERS[self.type](value, self.name)
        if self.closed:
            self._check_choice(encoded)
        return encoded

    def _encode_list(self, value: object) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise _values.wrong(self.name, f"a list of {self.items}", value)
        encoder = _values.ENCODERS[typing.cast(str, self.items)]
        return [encoder(item, f"{self.name}[{i}]") for i, item in enumerate(value)]

    def _check_choice(self, value: object) -> None:
        known = [choice.value for choice in self.choices]
        if value not in known:
            near = did_you_mean(str(value), [str(one) for one in known])
            raise InvalidEvent(
                f"{self.name} must be one of {', '.join(map(repr, known))}, "
                f"not {value!r}{near}",
                member=self.name,
            )

    def describe(self) -> dict[str, Any]:
        """This field in a catalogue document (INGEST.md 5)."""
        described: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.items is not None:
            described["items"] = self.items
        if self.nullable:
            described["nullable"] = True
        if self.verbose_name:
            described["verbose_name"] = self.verbose_name
        if self.choices:
            described["choices"] = [
                {"value": choice.value, "label": choice.label} for choice in self.choices
            ]
        if self.hidden:
            described["hidden"] = True
        return described


SCALARS: Final[dict[Any, str]] = {
    int: "int",
    float: "double",
    Decimal: "decimal",
    str: "string",
    bool: "bool",
    datetime: "timestamp",
    date: "date",
    timedelta: "duration",
    UUID: "uuid",
    dict: "json",
    Any: "json",
}

HINTS: Final[dict[Any, str]] = {
    object: "for any JSON value write Any (from typing)",
    bytes: "bytes have no form in JSON; use str with base64",
    time: "there is no type for a time of day; use str",
    list: "say what the list holds: list[str]",
    tuple: "use list[...], such as list[str]",
    set: "use list[...], such as list[str]",
}


def field_from_annotation(name: str, annotation: Any) -> Field:
    """The field that `name: annotation` declares; raises `DefinitionError`.

    int, float, Decimal, str, bool, datetime, date, timedelta, UUID and list[one of them];
    Literal and Enum are strings (or ints) with choices; Any and dict are any JSON;
    `X | None` is nullable; a string in Annotated is the verbose name.
    """
    field = Field(name=name, type="json", verbose_name=name.replace("_", " "))
    return _fill(field, annotation, annotation)


def _fill(field: Field, annotation: Any, whole: Any) -> Field:
    origin = typing.get_origin(annotation)
    args = typing.get_args(annotation)
    if isinstance(annotation, typing.NewType):
        return _fill(field, annotation.__supertype__, whole)
    if type(annotation).__name__ == "TypeAliasType":
        return _fill(field, annotation.__value__, whole)
    if origin is typing.Annotated:
        for note in args[1:]:
            if isinstance(note, str):
                field = replace(field, verbose_name=note)
        return _fill(field, args[0], whole)
    if origin is typing.Union or origin is types.UnionType:
        rest = [arg for arg in args if arg is not type(None)]
        if len(rest) != 1:
            raise _unsupported(field, whole, "a field has one type, or that and None")
        return _fill(replace(field, nullable=True), rest[0], whole)
    if origin is typing.Literal:
        choices = [Choice(value=v, label=str(v)) for v in args if v is not None]
        nullable = field.nullable or None in args
        return _with_choices(replace(field, nullable=nullable), choices, whole)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        choices = [
            Choice(value=member.value, label=_label(member)) for member in annotation
        ]
        return _with_choices(field, choices, whole)
    if origin is list:
        item = _fill(Field(name=field.name, type="json"), args[0], whole)
        if item.type == "list" or (item.nullable and args[0] is not Any):
            raise _unsupported(field, whole, "a list holds neither lists nor None")
        return replace(field, type="list", items=item.type)
    if annotation is Any:
        return replace(field, type="json", nullable=True)
    if origin is dict or typing.is_typeddict(annotation):
        return replace(field, type="json")
    try:
        return replace(field, type=SCALARS[annotation])
    except (KeyError, TypeError):
        raise _unsupported(field, whole, _hint(annotation)) from None


def _with_choices(field: Field, choices: list[Choice], whole: Any) -> Field:
    kinds = {type(choice.value) for choice in choices}
    if kinds == {str}:
        return replace(field, type="string", choices=tuple(choices), closed=True)
    if kinds == {int}:
        return replace(field, type="int", choices=tuple(choices), closed=True)
    raise _unsupported(field, whole, "choices are all str or all int")


def _label(member: Enum) -> str:
    # Django's choices have labels, perhaps translated.
    words = member.name.replace("_", " ").capitalize()
    return str(getattr(member, "label", words))


def _hint(annotation: Any) -> str:
    origin = typing.get_origin(annotation) or annotation
    try:
        if origin in HINTS:
            return HINTS[origin]
    except TypeError:
        pass
    return (
        "use int, float, Decimal, str, bool, datetime, date, timedelta, UUID, list[...], "
        "Literal[...], an Enum, dict or Any"
    )


def _unsupported(field: Field, annotation: Any, hint: str) -> DefinitionError:
    shown = annotation.__name__ if isinstance(annotation, type) else annotation
    return DefinitionError(
        f"field {field.name!r}: {shown} is not a type of event fields; {hint}"
    )
