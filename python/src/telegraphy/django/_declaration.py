"""One model with its `ModelEvents`: checked, and compiled into what a save needs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Field as ModelField

from .._access import (
    AUDIENCE_FIELD,
    HOOKS,
    Check,
    audience_of,
    check_hooks,
    check_of,
    encode_audience,
)
from .._errors import DefinitionError, did_you_mean
from .._fields import Field, field_from_annotation
from .._types import (
    MODEL_OPERATIONS,
    EventType,
    check_names,
    check_options,
    rule_text,
)
from ._columns import Column, column_for

if TYPE_CHECKING:
    from ._model_events import ModelEvents

ALL: Final = "__all__"
OPTIONS: Final = (
    "fields",
    "rule_fields",
    "operations",
    "access",
    "delivery",
    "ttl",
    "name",
    "verbose_name",
    "verbose_name_plural",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a declaration, as a system check says it."""

    id: str
    message: str
    hint: str | None = None
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A declared field that a method of the `ModelEvents` computes."""

    field: Field
    call: Callable[[models.Model], object]


class ModelDeclaration:
    def __init__(self, model: type[models.Model], events: ModelEvents[Any]) -> None:
        self.model: Final = model
        self.events: Final = events
        self.concrete: Final[type[models.Model]] = model._meta.concrete_model or model

    def __repr__(self) -> str:
        return f"<{self.where}>"

    @property
    def where(self) -> str:
        cls = type(self.events)
        return f"{cls.__module__}.{cls.__qualname__}"

    @property
    def identity(self) -> str:
        return f"{self.where} of {self.model._meta.label}"

    @property
    def declared_in(self) -> type:
        return type(self.events)

    @cached_property
    def operations(self) -> frozenset[str]:
        return frozenset(self.events.operations)

    @cached_property
    def event_name(self) -> str:
        meta = self.model._meta
        return self.events.name or f"{meta.app_label}.{meta.object_name}"

    # -- compiled; each raises DefinitionError where `problems` would name an error

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The key's columns, then the declared ones, then those for rules."""
        key = key_columns(self.model)
        seen = {column.attname for column in key}
        rest = []
        for name, hidden in self._declared:
            if name == "pk" or self._method(name) is not None:
                continue
            column = column_for(self._model_field(name), name, hidden=hidden)
            if column.attname not in seen:
                seen.add(column.attname)
                rest.append(column)
        return (*key, *rest)

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        found = []
        for name, hidden in self._declared:
            method = self._method(name)
            if method is not None:
                field = replace(method_field(name, method), hidden=hidden)
                found.append(Method(field=field, call=method))
        audience = self.audience
        if audience is not None:
            found.append(
                Method(
                    field=AUDIENCE_FIELD,
                    call=lambda instance: encode_audience(audience(instance)),
                )
            )
        return tuple(found)

    @cached_property
    def check(self) -> Check | None:
        return check_of(self.events, self.where)

    @cached_property
    def audience(self) -> Callable[..., Any] | None:
        return audience_of(self.events, self.where, "self, instance")

    @cached_property
    def names(self) -> tuple[str, ...]:
        fields = getattr(self.events, "fields", ())
        if fields == ALL:
            return tuple(field.attname for field in self.model._meta.concrete_fields)
        return tuple(dict.fromkeys(fields))

    @cached_property
    def rule_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.events.rule_fields))

    @property
    def _declared(self) -> list[tuple[str, bool]]:
        """Each name, and whether its field is hidden."""
        return [
            *((name, False) for name in self.names),
            *((name, True) for name in self.rule_names),
        ]

    def event_type(self) -> EventType:
        errors = [problem for problem in self.problems() if not problem.is_warning]
        if errors:
            raise DefinitionError(errors[0].message)
        meta, events = self.model._meta, self.events
        verbose = str(events.verbose_name or meta.verbose_name)
        return EventType(
            name=self.event_name,
            fields=(
                *(column.field for column in self.columns),
                *(method.field for method in self.methods),
            ),
            operations=tuple(op for op in MODEL_OPERATIONS if op in self.operations),
            key=tuple(column.field.name for column in self.columns if column.is_key),
            access=rule_text(events.access),
            checked=self.check is not None,
            audience=self.audience is not None,
            delivery=events.delivery,
            ttl=events.ttl,
            verbose_name=verbose,
            verbose_name_plural=str(
                events.verbose_name_plural
                or (
                    meta.verbose_name_plural if not events.verbose_name else f"{verbose}s"
                )
            ),
            declared_by=self.where,
        )

    # -- checked

    def problems(self) -> list[Problem]:
        """What system checks report about this declaration."""
        no_names = self._form_problems()
        found = [
            *self._option_problems(),
            *self._fields_problems(),
            *no_names,
            *self._hook_problems(),
        ]
        if not no_names and not any(one.id == "telegraphy.E003" for one in found):
            for name in self.names:
                found.extend(self._name_problems(name))
            found.extend(self._rule_fields_problems())
            if isinstance(self.events.operations, (list, tuple, set, frozenset)):
                found.extend(self._silence_problems())
        return found

    def _option_problems(self) -> list[Problem]:
        found = []
        for name, value in self._own_attributes().items():
            if name not in OPTIONS and not callable(value) and not is_descriptor(value):
                found.append(
                    Problem(
                        id="telegraphy.E007",
                        message=f"{self.where}: there is no option {name!r}"
                        f"{did_you_mean(name, OPTIONS)}",
                        hint=f"The options are {', '.join(OPTIONS)}.",
                    )
                )
        for name, value in self._own_attributes().items():
            near = did_you_mean(name, HOOKS)
            if near and callable(value) and self._is_spare(name):
                found.append(
                    Problem(
                        id="telegraphy.W018",
                        message=f"{self.where}: nothing calls {name}{near}",
                        hint="If it is a helper of yours, let its name begin with _.",
                        is_warning=True,
                    )
                )
        operations = self.events.operations
        wrong = (
            [one for one in operations if one not in MODEL_OPERATIONS]
            if isinstance(operations, (list, tuple, set, frozenset))
            else [operations]
        )
        if wrong or not operations:
            near = did_you_mean(str(wrong[0]), MODEL_OPERATIONS) if wrong else ""
            found.append(
                Problem(
                    id="telegraphy.E008",
                    message=f"{self.where}: operations must be a list of some of "
                    f"{', '.join(map(repr, MODEL_OPERATIONS))}, not {operations!r}{near}",
                )
            )
        try:
            check_options(
                {
                    option: getattr(self.events, option)
                    for option in ("access", "delivery", "ttl", "name")
                },
                self.where,
            )
        except DefinitionError as error:
            found.append(Problem(id="telegraphy.E008", message=str(error)))
        return found

    def _hook_problems(self) -> list[Problem]:
        try:
            check_hooks(
                self.events.access, self.where, check=self.check, audience=self.audience
            )
        except DefinitionError as error:
            return [Problem(id="telegraphy.E012", message=str(error))]
        return []

    def _is_spare(self, name: str) -> bool:
        """Is this a method that nothing calls?"""
        fields = getattr(self.events, "fields", ())
        listed = fields if isinstance(fields, (list, tuple)) else ()
        return name not in (*HOOKS, *listed, *self.events.rule_fields)

    def _own_attributes(self) -> Mapping[str, Any]:
        """Public attributes of the class and its bases up to `ModelEvents`."""
        from ._model_events import ModelEvents

        found: dict[str, Any] = {}
        for cls in reversed(type(self.events).__mro__):
            if issubclass(cls, ModelEvents) and cls is not ModelEvents:
                found |= {k: v for k, v in vars(cls).items() if not k.startswith("_")}
        return found

    def _fields_problems(self) -> list[Problem]:
        fields = getattr(self.events, "fields", None)
        label = self.model._meta.label
        if fields == ALL:
            return [
                Problem(
                    id="telegraphy.W001",
                    message=f"{self.where}: fields = '__all__' sends every field of "
                    f"{label} to subscribers, those that are added later included",
                    hint="List the fields that subscribers may see.",
                    is_warning=True,
                )
            ]
        if (
            isinstance(fields, (list, tuple))
            and fields
            and all(isinstance(name, str) for name in fields)
        ):
            return []
        return [
            Problem(
                id="telegraphy.E003",
                message=f"{self.where} must say which fields of {label} subscribers see"
                + ("" if fields is None else f"; fields is {fields!r}"),
                hint='Write fields = ["status", "total"], a list of names.',
            )
        ]

    def _form_problems(self) -> list[Problem]:
        try:
            check_names(self.events.rule_fields, self.where)
        except DefinitionError as error:
            return [Problem(id="telegraphy.E008", message=str(error))]
        return []

    def _rule_fields_problems(self) -> list[Problem]:
        found = []
        shown = {*self.names, *self._attnames(self.names), *self._attnames(("pk",))}
        for name in self.rule_names:
            if shown & {name, *self._attnames((name,))}:
                found.append(
                    Problem(
                        id="telegraphy.E011",
                        message=f"{self.where}: rule_fields names {name!r}, which "
                        "subscribers see",
                        hint="Rules may look at all fields: leave it out. To hide it, "
                        "leave it out of fields (the primary key is always sent).",
                    )
                )
            else:
                found.extend(self._name_problems(name))
        return found

    def _attnames(self, names: Sequence[str]) -> set[str]:
        """The columns that names of model fields stand for: `customer` and `customer_id`
        are one."""
        found = set()
        for name in names:
            if name == "pk":
                found |= {field.attname for field in self.model._meta.pk_fields}
            elif self._method(name) is None:
                try:
                    found.add(self._model_field(name).attname)
                except (FieldDoesNotExist, DefinitionError):
                    continue  # which is told of
        return found

    def _name_problems(self, name: str) -> list[Problem]:
        if name in HOOKS and hasattr(self.events, name):
            return [
                Problem(
                    id="telegraphy.E012",
                    message=f"{self.where}: the method {name} decides who may have a "
                    "row, so it is no field",
                    hint="Leave it out of fields and rule_fields.",
                )
            ]
        method = self._method(name)
        try:
            if method is not None:
                method_field(name, method)
            elif name != "pk":
                column_for(self._model_field(name), name)
        except FieldDoesNotExist as error:
            return [
                Problem(
                    id="telegraphy.E004",
                    message=f"{self.where}: {error}",
                    hint="Name a field of the model, or a method of the class.",
                )
            ]
        except DefinitionError as error:
            if method is not None:
                return [Problem(id="telegraphy.E010", message=f"{self.where}: {error}")]
            return [
                Problem(
                    id="telegraphy.E005",
                    message=f"{self.where}: field {name!r}: {error}",
                    hint="Leave it out, or write a method of that name: "
                    f"def {name}(self, instance) -> str",
                )
            ]
        return []

    def _silence_problems(self) -> list[Problem]:
        """Where rows of this model change without a signal."""
        found = []
        parents = {
            column.model_field.model._meta.label
            for column in self._valid_columns()
            if column.model_field.model._meta.concrete_model is not self.concrete
        }
        name = self.model._meta.object_name
        if parents and "update" in self.operations:
            found.append(
                Problem(
                    id="telegraphy.W004",
                    message=f"{self.where}: saving a {' or '.join(sorted(parents))} "
                    f"itself changes fields of {self.model._meta.label} without an event",
                    hint=f"Save the {name}, or register the parent.",
                    is_warning=True,
                )
            )
        for field in self.model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            effect = silent_effect(field.remote_field.on_delete)
            declared = {column.attname for column in self._valid_columns()}
            if (effect == "delete" and "delete" in self.operations) or (
                effect == "update"
                and "update" in self.operations
                and field.attname in declared
            ):
                target = field.remote_field.model._meta.label
                found.append(
                    Problem(
                        id="telegraphy.W002",
                        message=f"{self.where}: deleting a {target} will {effect} rows "
                        f"of {self.model._meta.label} without an event: the on_delete of "
                        f"{field.name} sends no signals",
                        hint="Use CASCADE or PROTECT, or change those rows before.",
                        is_warning=True,
                    )
                )
        return found

    def _valid_columns(self) -> tuple[Column, ...]:
        try:
            return self.columns
        except (DefinitionError, FieldDoesNotExist):
            return ()

    def _method(self, name: str) -> Callable[[models.Model], object] | None:
        if name in (*OPTIONS, *HOOKS, "model"):
            return None
        method = getattr(self.events, name, None)
        return method if callable(method) else None

    def _model_field(self, name: str) -> ModelField[Any, Any]:
        meta = self.model._meta
        by_attname = {field.attname: field for field in meta.concrete_fields}
        field = by_attname.get(name)
        if field is None:
            try:
                found = meta.get_field(name)
            except FieldDoesNotExist:
                known = {*by_attname, *(one.name for one in meta.concrete_fields)}
                raise FieldDoesNotExist(
                    f"{meta.label} has no field {name!r}{did_you_mean(name, known)}"
                ) from None
            if (
                found.many_to_many
                or found.one_to_many
                or not getattr(found, "column", None)
            ):
                raise DefinitionError("it has no column of its own in the model's table")
            field = cast("ModelField[Any, Any]", found)
        return field


def key_columns(model: type[models.Model]) -> tuple[Column, ...]:
    """The columns of the primary key: several if it is composite."""
    pk_fields = model._meta.pk_fields
    return tuple(column_for(field, field.attname, is_key=True) for field in pk_fields)


def method_field(name: str, method: Callable[..., object]) -> Field:
    """The field that a method computes, by its return annotation."""
    function = getattr(method, "__func__", method)
    # Only what it returns: the instance's type may be there for type checkers alone.
    annotations = inspect.get_annotations(function)
    if "return" not in annotations:
        raise DefinitionError(
            f"method {name!r} must say what it returns: def {name}(self, instance) -> str"
        )
    returns = annotations["return"]
    if isinstance(returns, str):
        try:
            # The project's own source, read as `inspect` and `typing` read annotations.
            returns = eval(returns, function.__globals__)  # noqa: S307
        except NameError as error:
            raise DefinitionError(
                f"method {name!r}: what it returns cannot be read, {error}; import the "
                "name where the method can see it, not under `if TYPE_CHECKING`"
            ) from None
    return field_from_annotation(name, returns)


def silent_effect(on_delete: object) -> str | None:
    """What an `on_delete` does to rows without a signal: "update", "delete" or None."""
    # The DB_ ones came with Django 6.1.
    if on_delete is not None and on_delete is getattr(models, "DB_CASCADE", None):
        return "delete"
    rewriting = ("SET_NULL", "SET_DEFAULT", "DB_SET_NULL", "DB_SET_DEFAULT")
    if any(on_delete is getattr(models, name, DefinitionError) for name in rewriting):
        return "update"
    # What models.SET(...) returns has nothing else to be told by.
    return "update" if hasattr(on_delete, "deconstruct") else None


def is_descriptor(value: object) -> bool:
    return isinstance(value, (property, cached_property, classmethod, staticmethod))
