"""`ModelEvents`: what subscribers see of a model."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.apps import apps
from django.db.models import Model

from .._query import Claim, Q
from .._registry import registry
from .._types import AUTHENTICATED, MODEL_OPERATIONS
from ._declaration import ModelDeclaration

M = TypeVar("M", bound=Model)
E = TypeVar("E", bound="type[ModelEvents[Any]]")


_classes: Final[weakref.WeakSet[type[ModelEvents[Any]]]] = weakref.WeakSet()
_registered: Final[weakref.WeakSet[type[ModelEvents[Any]]]] = weakref.WeakSet()


class ModelEvents(Generic[M]):
    """Declares the events of a model; see `register`.  All options are inherited.

        @register(Order)
        class OrderEvents(ModelEvents[Order]):
            fields = ["number", "status", "total", "customer_name"]
            rule_fields = ["customer"]
            operations = ["create", "update"]
            access = "customer == auth.user_id || auth.is_staff"

            def customer_name(self, instance: Order) -> str:
                return instance.customer.name

    A name in `fields` is a field of the model (`customer` and `customer_id` are both the
    key of the customer) or a method of this class, whose return annotation is its type.
    The primary key is always sent.

    Two methods decide who may have it, beside `access`: `is_authorized_user(self, user)`
    when a ticket is made for a user, and `audience(self, instance)`, the scopes of which
    a client must have one (`auth.scopes`).
    """

    fields: ClassVar[Sequence[str]]
    """What subscribers see: must be said.  "__all__" is every field of the model, those
    that it will have one day included."""

    rule_fields: ClassVar[Sequence[str]] = ()
    """What access rules may look at besides, never sent to a client."""

    operations: ClassVar[Sequence[str]] = MODEL_OPERATIONS
    """Which of "create", "update" and "delete" are events."""

    access: ClassVar[str | Q | Claim] = AUTHENTICATED
    """telegraphy.PUBLIC, telegraphy.AUTHENTICATED, or a rule: "owner_id == auth.user_id",
    or the same as a `telegraphy.Q`."""

    delivery: ClassVar[str] = "live"

    ttl: ClassVar[timedelta | None] = None
    """How long an event is of interest."""

    name: ClassVar[str | None] = None
    """Default: "<app label>.<model>"."""

    verbose_name: ClassVar[str | None] = None
    """Default: the model's."""

    verbose_name_plural: ClassVar[str | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _classes.add(cls)

    def __init__(self, model: type[M]) -> None:
        self.model: Final = model


def register(*models: type[Model]) -> Callable[[E], E]:
    """Decorates the `ModelEvents` of one or more models."""
    for model in models:
        if isinstance(model, type) and issubclass(model, ModelEvents):
            raise TypeError(
                f"write @register(Order) before {model.__name__}, with the model that it "
                "is of"
            )
        if not (isinstance(model, type) and issubclass(model, Model)):
            raise TypeError(f"register() takes model classes, not {model!r}")
        if model._meta.abstract:
            raise TypeError(
                f"register() takes models with a table; {model.__name__} is abstract"
            )
    if not models:
        raise TypeError("register() needs the model: @register(Order)")

    def decorate(events_class: E) -> E:
        if not (isinstance(events_class, type) and issubclass(events_class, ModelEvents)):
            raise TypeError(
                f"@register is for subclasses of ModelEvents, not {events_class!r}"
            )
        _registered.add(events_class)
        for model in models:
            declaration = ModelDeclaration(model, events_class(model))
            registry.add(declaration)
            if apps.models_ready:
                from . import _signals

                _signals.connect(declaration)
        return events_class

    return decorate


def unregistered() -> list[type[ModelEvents[Any]]]:
    """Classes that say `fields` themselves and declare nothing: neither they nor a class
    made of them was registered."""
    used = {base for cls in _registered for base in cls.__mro__}
    found = [cls for cls in _classes if "fields" in vars(cls) and cls not in used]
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))
