"""Model fields as fields of events."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.db.backends.utils import format_number
from django.db.models import Field as ModelField
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from .._errors import DefinitionError
from .._fields import Choice, Field

DEFERRED: Final = object()
"""The value of a column that the instance does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One declared field of a model."""

    field: Field
    model_field: ModelField[Any, Any]
    attname: str
    is_key: bool = False
    is_generated: bool = False

    def encode(self, value: object) -> Any:
        """A value as the model or the database has it, as JSON."""
        return self.field.encode(clean(self.model_field, value))

    def read(self, instance: models.Model) -> object:
        """The instance's value, or DEFERRED if it must be fetched: it was not loaded, is
        an expression, or is computed by the database.  Never queries."""
        if self.attname not in instance.__dict__:
            return DEFERRED
        value = getattr(instance, self.attname)
        return DEFERRED if hasattr(value, "resolve_expression") else value

    def is_written(self, update_fields: frozenset[str] | None) -> bool:
        """Does a save with these `update_fields` write it?"""
        return (
            update_fields is None
            or self.model_field.name in update_fields
            or self.attname in update_fields
        )


def column_for(
    model_field: ModelField[Any, Any],
    name: str,
    *,
    is_key: bool = False,
    hidden: bool = False,
) -> Column:
    """Raises `DefinitionError` if the field's type has no place in events."""
    generated = bool(getattr(model_field, "generated", False))
    type_name, items = field_type(model_field)
    field = Field(
        name=name,
        type=type_name,
        items=items,
        # The database may compute NULL whatever the model says.
        nullable=(bool(model_field.null) or generated) and not is_key,
        verbose_name=str(model_field.verbose_name),
        choices=choices_of(model_field, type_name),
        hidden=hidden,
    )
    return Column(
        field=field,
        model_field=model_field,
        attname=model_field.attname,
        is_key=is_key,
        is_generated=generated,
    )


TYPES: Final[tuple[tuple[type[ModelField[Any, Any]], str], ...]] = (
    (models.BooleanField, "bool"),
    (models.IntegerField, "int"),
    (models.DecimalField, "decimal"),
    (models.FloatField, "double"),
    (models.DateTimeField, "timestamp"),
    (models.DateField, "date"),
    (models.TimeField, "string"),
    (models.DurationField, "duration"),
    (models.UUIDField, "uuid"),
    (models.JSONField, "json"),
    (models.CharField, "string"),
    (models.TextField, "string"),
    (models.FileField, "string"),
    (models.FilePathField, "string"),
    (models.GenericIPAddressField, "string"),
)
"""In this order: a DateTimeField is a DateField."""


def field_type(model_field: ModelField[Any, Any]) -> tuple[str, str | None]:
    """The type in the catalogue, and that of a list's items."""
    target = resolved(model_field)
    for known, name in TYPES:
        if isinstance(target, known):
            return name, None
    base_field = getattr(target, "base_field", None)
    if isinstance(base_field, ModelField) and type(target).__name__ == "ArrayField":
        items, nested = field_type(base_field)
        if nested is None:
            return "list", items
    if isinstance(target, models.BinaryField):
        raise DefinitionError("bytes have no form in JSON")
    raise DefinitionError(f"a {type(target).__name__} has no type in events")


def resolved(model_field: ModelField[Any, Any]) -> ModelField[Any, Any]:
    """The field that determines the values: a foreign key's target, a generated field's
    output."""
    seen = 0
    while seen < 16:  # a chain of keys that are keys; nobody has so long a one
        if isinstance(model_field, models.ForeignKey):
            model_field = model_field.target_field
        elif getattr(model_field, "generated", False):
            model_field = model_field.output_field  # type: ignore[attr-defined]
        else:
            return model_field
        seen += 1
    raise DefinitionError(f"the key behind {model_field.name} is too many keys away")


def choices_of(model_field: ModelField[Any, Any], type_name: str) -> tuple[Choice, ...]:
    kinds: dict[str, type[str] | type[int]] = {"string": str, "int": int}
    wanted = kinds.get(type_name)
    if wanted is None or not model_field.choices:
        return ()
    return tuple(
        Choice(value=value, label=str(label))
        for value, label in model_field.flatchoices
        if isinstance(value, wanted)
    )


def clean(model_field: ModelField[Any, Any], value: object) -> object:
    """What the database has when the model had `value`: `Order(total="9.5")` is saved as
    the decimal 9.50, whatever the instance goes on holding."""
    target = resolved(model_field)
    if value is None:
        return None
    for known, convert in CONVERTERS:
        if isinstance(target, known):
            return convert(target, value)
    if type(target).__name__ == "ArrayField" and isinstance(value, (list, tuple)):
        return [clean(target.base_field, item) for item in value]  # type: ignore[attr-defined]
    return target.to_python(value)


def _clean_decimal(field: Any, value: object) -> object:
    number = field.to_python(value)
    if not isinstance(number, Decimal) or not number.is_finite():
        return number
    return Decimal(
        format_number(number, field.max_digits, field.decimal_places) or number
    )


def _clean_datetime(field: Any, value: object) -> object:
    moment = field.to_python(value)
    if timezone.is_naive(moment):  # which the database layer takes to be in TIME_ZONE
        return timezone.make_aware(moment, timezone.get_default_timezone())
    return moment


def _clean_json(field: Any, value: object) -> object:
    if field.encoder is not None:
        return json.loads(json.dumps(value, cls=field.encoder))
    return value


def _clean_file(_field: Any, value: object) -> object:
    return (value.name or "") if isinstance(value, FieldFile) else str(value)


def _clean_time(field: Any, value: object) -> object:
    return field.to_python(value).isoformat()


CONVERTERS: Final[
    tuple[tuple[type[ModelField[Any, Any]], Callable[[Any, object], object]], ...]
] = (
    (models.DecimalField, _clean_decimal),
    (models.DateTimeField, _clean_datetime),
    (models.JSONField, _clean_json),
    (models.FileField, _clean_file),
    (models.TimeField, _clean_time),
)
