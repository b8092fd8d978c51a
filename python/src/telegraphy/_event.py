"""Custom events: classes whose annotations are the fields."""

from __future__ import annotations

import copy
import inspect
import re
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from . import _outlet
from ._access import (
    AUDIENCE,
    AUDIENCE_FIELD,
    HOOKS,
    audience_of,
    check_hooks,
    check_of,
    encode_audience,
    has_method,
)
from ._encoded import EncodedEvent, check_event_id, new_id, now
from ._errors import DefinitionError, InvalidEvent, did_you_mean
from ._fields import Field, field_from_annotation
from ._registry import label_of, registry
from ._types import AUTHENTICATED, EventType, check_options, plural, rule_text

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:
    T = TypeVar("T")

    def dataclass_transform(**_options: Any) -> Callable[[T], T]:
        return lambda cls: cls


INHERITED_OPTIONS: Final = ("access", "delivery", "ttl")
OWN_OPTIONS: Final = (
    "rule_fields",
    "name",
    "verbose_name",
    "verbose_name_plural",
    "abstract",
)
OPTIONS: Final = INHERITED_OPTIONS + OWN_OPTIONS

MISSING: Final = object()


class Definition:
    """What an `Event` class declares, gathered from its bases, annotations and Meta."""

    def __init__(self, cls: type[Event], namespace: Mapping[str, Any]) -> None:
        self.cls = cls
        self.where = f"{cls.__module__}.{cls.__qualname__}"
        self.fields: dict[str, Field] = {}
        self.defaults: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.hidden: set[str] = set()
        for base in reversed(cls.__mro__[1:]):
            inherited = base.__dict__.get("_definition")
            if isinstance(inherited, Definition):
                self.fields |= inherited.fields
                self.defaults |= inherited.defaults
                self.hidden |= inherited.hidden
                self.options |= {
                    option: value
                    for option, value in inherited.options.items()
                    if option in INHERITED_OPTIONS
                }
        self._take_options()
        self._take_fields(namespace)
        self._hide_fields()
        self.check = check_of(cls, self.where)
        self.has_audience = audience_of(cls, self.where, "self") is not None
        check_hooks(
            self.options.get("access"),
            self.where,
            check=self.check,
            audience=self.has_audience or None,
        )
        self._type: EventType | None = None

    @property
    def abstract(self) -> bool:
        return bool(self.options.get("abstract", False))

    @property
    def identity(self) -> str:
        return self.where

    @property
    def declared_in(self) -> type:
        return self.cls

    def event_type(self) -> EventType:
        if self._type is None:
            words = _words(self.cls.__name__)
            verbose = str(self.options.get("verbose_name") or words)
            self._type = EventType(
                name=self.options.get("name")
                or f"{label_of(self.cls.__module__)}.{self.cls.__name__}",
                fields=(
                    *self.fields.values(),
                    *((AUDIENCE_FIELD,) if self.has_audience else ()),
                ),
                access=rule_text(self.options.get("access", AUTHENTICATED)),
                checked=self.check is not None,
                audience=self.has_audience,
                delivery=self.options.get("delivery", "live"),
                ttl=self.options.get("ttl"),
                verbose_name=verbose,
                verbose_name_plural=str(
                    self.options.get("verbose_name_plural") or plural(verbose)
                ),
                declared_by=self.where,
            )
        return self._type

    def _take_options(self) -> None:
        meta = self.cls.__dict__.get("Meta")
        if meta is None:
            return
        for base in reversed(meta.__mro__[:-1]):
            for option, value in vars(base).items():
                if option.startswith("__"):
                    continue
                if option not in OPTIONS:
                    raise DefinitionError(
                        f"{self.where}.Meta: there is no option {option!r}"
                        f"{did_you_mean(option, OPTIONS)}"
                    )
                if base is meta or option in INHERITED_OPTIONS:
                    self.options[option] = value
        check_options(self.options, f"{self.where}.Meta")

    def _take_fields(self, namespace: Mapping[str, Any]) -> None:
        for name, annotation in self._annotations(namespace).items():
            if annotation is ClassVar or typing.get_origin(annotation) is ClassVar:
                continue
            self._check_name(name)
            try:
                field = field_from_annotation(name, annotation)
            except DefinitionError as error:
                raise DefinitionError(f"{self.where}: {error}") from None
            self.fields[name] = field
            self.defaults.pop(name, None)
        for name, field in self.fields.items():
            if name in HOOKS and has_method(self.cls, name):
                raise DefinitionError(
                    f"{self.where}: {name!r} is a field, and a method that decides who "
                    "may have the event; rename the field"
                )
            if name in self.cls.__dict__:
                self._take_default(field)

    def _hide_fields(self) -> None:
        """What a class hides, those made of it hide too: a field does not come into the
        open because somebody inherits it."""
        for name in self.options.get("rule_fields", ()):
            if name not in self.fields:
                raise DefinitionError(
                    f"{self.where}.Meta: rule_fields names {name!r}, which is no field"
                    f"{did_you_mean(name, self.fields)}"
                )
            self.hidden.add(name)
        for name in self.hidden:
            self.fields[name] = replace(self.fields[name], hidden=True)

    def _take_default(self, field: Field) -> None:
        default = self.cls.__dict__[field.name]
        try:
            field.encode(default)
        except InvalidEvent as error:
            raise DefinitionError(f"{self.where}: the default of {error}") from None
        self.defaults[field.name] = default
        delattr(self.cls, field.name)

    def _check_name(self, name: str) -> None:
        if name.startswith("_"):
            raise DefinitionError(
                f"{self.where}: field {name!r} begins with _; rename it, or annotate it "
                "with ClassVar if it is not a field"
            )
        if name in RESERVED:
            raise DefinitionError(
                f"{self.where}: a field cannot be named {name!r}; every event has "
                "something of that name"
            )

    def _annotations(self, namespace: Mapping[str, Any]) -> dict[str, Any]:
        module = sys.modules.get(self.cls.__module__)
        names = {**vars(self.cls), **namespace}
        try:
            return inspect.get_annotations(
                self.cls,
                globals=vars(module) if module else {},
                locals=names,
                eval_str=True,
            )
        except NameError as error:
            raise DefinitionError(
                f"{self.where}: an annotation cannot be read, {error}; import the name "
                "where the class can see it, not under `if TYPE_CHECKING`"
            ) from None


def _words(class_name: str) -> str:
    """`PriceChanged` → `price changed`, as Django does with models."""
    split = re.sub(r"(((?<=[a-z])[A-Z])|([A-Z](?![A-Z]|$)))", r" \1", class_name)
    return split.lower().strip()


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Event:
    """A custom event.  Its annotations are its fields; instances do not change.

        class PriceChanged(telegraphy.Event):
            symbol: str
            price: Decimal

            class Meta:
                access = telegraphy.PUBLIC
                ttl = timedelta(minutes=5)

        PriceChanged(symbol="TG", price=Decimal("18.44")).publish()

    Two methods decide who may have it, beside `access`: `is_authorized_user(cls, user)`
    when a ticket is made for a user, and `audience(self)`, the scopes of which a client
    must have one (`auth.scopes`).

    Fields are inherited, those that `rule_fields` hides as hidden ones.  So are the Meta
    options `access`, `delivery` and `ttl`; `name`, `verbose_name`, `verbose_name_plural`
    and `abstract` are each class's own.
    """

    _definition: ClassVar[Definition]
    _values: Mapping[str, Any]
    _data: Mapping[str, Any]
    _event_id: str
    _event_time: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # The scope of the class statement, so that an annotation may name a local class.
        cls._definition = Definition(cls, sys._getframe(1).f_locals)
        if not cls._definition.abstract:
            registry.add(cls._definition)

    def __init__(self, **values: Any) -> None:
        definition = self._defined()
        if definition.abstract:
            raise DefinitionError(
                f"{definition.where} is abstract: it has no events of its own"
            )
        _check_arguments(definition, values)
        kept = {
            name: copy.deepcopy(
                values[name] if name in values else definition.defaults[name]
            )
            for name in definition.fields
        }
        try:
            data = {
                name: field.encode(kept[name])
                for name, field in definition.fields.items()
            }
        except InvalidEvent as error:
            raise InvalidEvent(
                f"{type(self).__name__}: {error}", member=error.member
            ) from None
        for name, value in (
            ("_values", kept),
            ("_data", data),
            ("_event_id", new_id()),
            ("_event_time", now()),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def _defined(cls) -> Definition:
        if cls is Event:
            raise DefinitionError("telegraphy.Event is a base class; inherit from it")
        return cls._definition

    if not TYPE_CHECKING:  # which know the fields, and would believe in any other

        def __getattr__(self, name: str) -> Any:
            values = self.__dict__.get("_values", {})
            if name in values:
                return values[name]
            raise AttributeError(
                f"{type(self).__name__} has no field {name!r}{did_you_mean(name, values)}"
            )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is an event: it does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is an event: it does not change")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return dict(self._data) == dict(other._data)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"{type(self).__name__}({values})"

    @classmethod
    def event_type(cls) -> EventType:
        """What the catalogue says about this class."""
        return cls._defined().event_type()

    @property
    def event_id(self) -> str:
        """Made with the event.  However often an id is published within the gateway's
        window, it is one event."""
        return self._event_id

    def encoded(self, *, event_id: str | None = None) -> EncodedEvent:
        """This event as it goes to the gateway."""
        data = self._data
        if self._definition.has_audience:
            data = {**data, AUDIENCE: self._encoded_audience()}
        return EncodedEvent.make(
            type=self.event_type().name,
            op="event",
            data=data,
            id=check_event_id(event_id) if event_id is not None else self._event_id,
            time=self._event_time,
        )

    def _encoded_audience(self) -> list[str]:
        try:
            return encode_audience(self.audience())  # type: ignore[attr-defined]
        except InvalidEvent as error:
            raise InvalidEvent(
                f"{type(self).__name__}: {error}", member=error.member
            ) from None

    def publish(self, *, event_id: str | None = None, using: str | None = None) -> None:
        """Hand this event over.  Never waits, never fails because of the gateway.

        `event_id` replaces the id, for a task that may run twice.  In Django the event is
        sent after the transaction of the database `using` commits, and not at all if it
        is rolled back.
        """
        _outlet.send(self.encoded(event_id=event_id), using=using)

    async def apublish(
        self, *, event_id: str | None = None, using: str | None = None
    ) -> None:
        """`publish` for asynchronous code."""
        await _outlet.asend(self.encoded(event_id=event_id), using=using)


RESERVED: Final = frozenset(name for name in dir(Event) if not name.startswith("_")) | {
    "Meta"
}


def _check_arguments(definition: Definition, values: Mapping[str, Any]) -> None:
    name = definition.cls.__name__
    for given in values:
        if given not in definition.fields:
            raise InvalidEvent(
                f"{name} has no field {given!r}{did_you_mean(given, definition.fields)}",
                member=given,
            )
    missing = [
        field
        for field in definition.fields
        if field not in values and field not in definition.defaults
    ]
    if missing:
        raise InvalidEvent(
            f"{name} needs {', '.join(map(repr, missing))}", member=missing[0]
        )
