"""Who declared event types, and the catalogue document made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from ._access import Check
from ._errors import DefinitionError
from ._types import APP_NAME, TYPES_MAX, EventType, check_event_type


class Declaration(Protocol):
    """Something that declares an event type: an `Event` class, a model's events."""

    @property
    def identity(self) -> str:
        """Two declarations with the same one are the same, the later replacing the
        earlier (a module that was loaded again)."""

    @property
    def declared_in(self) -> type:
        """The class whose body is the declaration."""

    @property
    def check(self) -> Check | None:
        """Its `is_authorized_user`, if it has one.  May raise `DefinitionError`."""

    def event_type(self) -> EventType:
        """May raise `DefinitionError`."""


class Registry:
    """All declarations of this process.  Names are resolved when they are asked for, not
    when a class is made: Django knows its app labels only then."""

    def __init__(self) -> None:
        self._declarations: dict[str, Declaration] = {}

    def add(self, declaration: Declaration) -> None:
        self._declarations[declaration.identity] = declaration

    def remove(self, declaration: Declaration) -> None:
        self._declarations.pop(declaration.identity, None)

    def __iter__(self) -> Iterator[Declaration]:
        return iter(tuple(self._declarations.values()))

    def __len__(self) -> int:
        return len(self._declarations)

    def types(self) -> list[EventType]:
        """Every event type, by name; raises `DefinitionError` if two share a name."""
        found: dict[str, EventType] = {}
        for declaration in self:
            one = declaration.event_type()
            other = found.setdefault(one.name, one)
            if other is not one:
                raise DefinitionError(
                    f"{other.declared_by} and {one.declared_by} both declare the event "
                    f"type {one.name!r}; give one of them another name"
                )
        return [found[name] for name in sorted(found)]

    def get(self, name: str) -> EventType | None:
        return next((one for one in self.types() if one.name == name), None)

    def name_of(self, event_type: str | type) -> str:
        """The name of an event type, given that or the class that declares it.  Raises
        `DefinitionError` if the class declares none, or several."""
        if isinstance(event_type, str):
            return event_type
        names = sorted(
            one.event_type().name for one in self if one.declared_in is event_type
        )
        if len(names) != 1:
            many = f"{len(names)} event types: {', '.join(names)}; name one of them"
            raise DefinitionError(
                f"{event_type!r} declares {many if names else 'no event type'}"
            )
        return names[0]

    def names_of(self, event_types: Iterable[str | type]) -> tuple[str, ...]:
        if isinstance(event_types, str):
            raise TypeError(f"event types are a list; write [{event_types!r}]")
        return tuple(map(self.name_of, event_types))

    def checked_types_for(self, user: object) -> tuple[str, ...]:
        """The names of those checked event types that this user may have, for a ticket:
        their `is_authorized_user` says so.  One that fails allows nobody."""
        names = []
        for one in self:
            try:
                if one.check is not None and one.check.allows(user):
                    names.append(one.event_type().name)
            except DefinitionError:
                continue  # which is told of elsewhere, and in no catalogue
        return tuple(sorted(names))

    def catalogue(self, app: str) -> dict[str, Any]:
        """The catalogue document of these types (INGEST.md 5)."""
        if not APP_NAME.fullmatch(app):
            raise DefinitionError(
                f"an application's name must be 1 to 64 of a-z, 0-9, _ and -, not {app!r}"
            )
        types = self.types()
        if len(types) > TYPES_MAX:
            raise DefinitionError(
                f"there are {len(types)} event types; {TYPES_MAX} is the most"
            )
        for one in types:
            for problem in check_event_type(one):
                raise DefinitionError(f"{one.declared_by}: {problem}")
        return {"app": app, "types": [one.describe() for one in types]}

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """What is declared within is forgotten afterwards; for tests."""
        before = dict(self._declarations)
        try:
            yield
        finally:
            self._declarations = before


registry: Final = Registry()
"""The registry of this process."""

label_resolvers: Final[list[Callable[[str], str | None]]] = []
"""Asked in order for the first part of a type's name, given the declaring module."""


def label_of(module: str) -> str:
    """The first part of a name that was not given: the app label in Django, else the last
    package of the module (`shop` for `acme.shop.events`)."""
    for resolve in label_resolvers:
        label = resolve(module)
        if label:
            return label
    parts = [part for part in module.split(".") if part]
    return parts[-2] if len(parts) > 1 else parts[-1].strip("_")
