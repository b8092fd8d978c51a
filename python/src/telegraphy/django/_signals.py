"""From Django's signals to events.

A save: `pre_save` fetches the declared fields as the database has them, `post_save` takes
what the database has now, and the difference is the event; frozen there and then, sent
after the commit.  Never from memory alone: `update_fields` says what was written and not
what changed, an instance may never have been loaded, and may hold expressions.

A delete: `pre_delete` freezes the row as the database has it, `post_delete` sends it
after the commit.  All of the row: whoever asked for some rows must hear of those that go.

Which senders: a declared model hears of its proxies and of the proxies' model, for they
are the same rows, and of its multi-table children, whose saves signal the child alone.
Their deletes signal the parent too, so those are not listened to.
"""

from __future__ import annotations

import copy
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.db import Error as DatabaseLayerError
from django.db.models import Model, QuerySet
from django.db.models.signals import (
    class_prepared,
    post_delete,
    post_save,
    pre_delete,
    pre_save,
)

from .. import _outlet
from .._encoded import EncodedEvent, new_id, now
from .._errors import DefinitionError
from .._registry import registry
from ._columns import DEFERRED, Column
from ._courier import count_lost
from ._declaration import ModelDeclaration
from ._muting import is_muted
from ._stacks import pop, push

logger: Final = logging.getLogger("telegraphy")

BEFORE: Final = "_telegraphy_before"
DELETED: Final = "_telegraphy_deleted"
CHECKING: Final = (["check"], ["runserver"], ["telegraphy"])

Row = dict[str, Any]
"""Declared fields, encoded, by name."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A declaration, as a sender of signals concerns it."""

    declaration: ModelDeclaration
    is_ancestor: bool
    """Is the sender a multi-table child of the declared model?"""


_watches: Final[dict[type[Model], list[Watch]]] = {}
_following: bool = False


def connect_all() -> None:
    """Follow every model that was declared; called when all apps are there."""
    global _following
    _following = True
    class_prepared.connect(
        _new_model, dispatch_uid="telegraphy.class_prepared", weak=False
    )
    for declaration in registry:
        if isinstance(declaration, ModelDeclaration):
            connect(declaration)


def connect(declaration: ModelDeclaration) -> None:
    """Follow the model of a declaration; a wrong one is logged where no system checks
    run, as nothing else would tell."""
    if not _following:
        return
    try:
        declaration.event_type()
    except DefinitionError as error:
        if not checks_will_tell():
            logger.error("no events of %s: %s", declaration.model._meta.label, error)
        return
    for model in apps.get_models(include_auto_created=True):
        _follow(declaration, model)


def checks_will_tell() -> bool:
    """Is this one of the commands that begin with all system checks?"""
    program, *arguments = sys.argv or [""]
    started_by = ("manage.py", "django-admin", "__main__.py")
    return (
        Path(program).name in started_by
        and arguments[:1] in CHECKING
        and "--skip-checks" not in arguments
    )


def disconnect(declaration: ModelDeclaration) -> None:
    """Forget a declaration; for tests."""
    for watches in _watches.values():
        watches[:] = [one for one in watches if one.declaration is not declaration]


def _new_model(sender: type[Model], **_kwargs: Any) -> None:
    for declaration in registry:
        if isinstance(declaration, ModelDeclaration):
            _follow(declaration, sender)


def _follow(declaration: ModelDeclaration, sender: type[Model]) -> None:
    if sender._meta.abstract or not issubclass(sender, declaration.concrete):
        return
    is_ancestor = sender._meta.concrete_model is not declaration.concrete
    watches = _watches.setdefault(sender, [])
    watches[:] = [w for w in watches if w.declaration.identity != declaration.identity]
    watches.append(Watch(declaration, is_ancestor))
    uid = f"telegraphy.{sender._meta.label}.{id(sender)}"
    if declaration.operations & {"create", "update"}:
        pre_save.connect(_before_save, sender, weak=False, dispatch_uid=uid)
        post_save.connect(_after_save, sender, weak=False, dispatch_uid=uid)
    # A receiver makes deletes slower: Django then loads each row.
    if "delete" in declaration.operations and not is_ancestor:
        pre_delete.connect(_before_delete, sender, weak=False, dispatch_uid=uid)
        post_delete.connect(_after_delete, sender, weak=False, dispatch_uid=uid)


# -- saves


@dataclass(frozen=True, slots=True)
class Before:
    """What `pre_save` found out for one declaration."""

    looked: bool
    row: Row | None = None
    instance: Model | None = None
    """Only if methods are declared."""


def _before_save(
    sender: type[Model],
    instance: Model,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **_kwargs: Any,
) -> None:
    if raw:
        return
    found: dict[str, Before] = {}
    for watch in _watches.get(sender, ()):
        declaration = watch.declaration
        if not is_muted(declaration.model) and _may_change(declaration, update_fields):
            found[declaration.identity] = _look_before(watch, instance, using)
    push(instance, BEFORE, found)


def _may_change(
    declaration: ModelDeclaration, update_fields: frozenset[str] | None
) -> bool:
    """Can a save with these `update_fields` change what is declared?"""
    return (
        update_fields is None
        or bool(declaration.methods)
        or any(c.is_generated or c.is_written(update_fields) for c in declaration.columns)
    )


def _look_before(watch: Watch, instance: Model, using: str) -> Before:
    declaration = watch.declaration
    adding = instance._state.adding
    if watch.is_ancestor:
        needed = True  # the child may be new while the parent's row is not
    else:
        # Django inserts without asking when the whole key comes from defaults.
        inserts = adding and all(
            field.has_default() or field.has_db_default()
            for field in instance._meta.pk_fields
        )
        needed = "update" in declaration.operations and not inserts
    key = _key_of(watch, instance)
    if not needed or key is None:
        return Before(looked=key is None)
    values, stored = _stored(declaration, key, using)
    if values is None:
        return Before(looked=True)
    return Before(looked=True, row=_encoded(declaration, values, stored), instance=stored)


def _stored(
    declaration: ModelDeclaration, key: object, using: str
) -> tuple[dict[str, Any] | None, Model | None]:
    """The row as the database has it, by one query: its columns, and, if methods are
    declared, an instance.  None if there is no such row."""
    rows = declaration.model._base_manager.using(using).filter(pk=key)[:1]
    if declaration.methods:
        stored = next(iter(rows), None)
        return (_values(declaration, stored) if stored is not None else None), stored
    attnames = (column.attname for column in declaration.columns)
    return next(iter(rows.values(*attnames)), None), None


def _key_of(watch: Watch, instance: Model) -> Any:
    """The declared model's primary key of this row; None if it has none yet."""
    key = instance.pk
    if watch.is_ancestor:
        model = watch.declaration.concrete
        key = getattr(instance, model._meta.pk.attname, None)
        link = instance._meta.get_ancestor_link(model)
        if key is None and link is not None:
            key = getattr(instance, link.attname)
    if isinstance(key, tuple):
        return None if None in key else key
    return None if hasattr(key, "resolve_expression") else key


def _after_save(
    sender: type[Model],
    instance: Model,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **_kwargs: Any,
) -> None:
    if raw:
        return
    found: dict[str, Before] = pop(instance, BEFORE) or {}
    for watch in _watches.get(sender, ()):
        declaration = watch.declaration
        before = found.get(declaration.identity)
        if before is None or is_muted(declaration.model):
            continue
        if watch.is_ancestor and created:
            created_here = before.looked and before.row is None
        else:
            created_here = created
        op = "create" if created_here else "update"
        if op in declaration.operations:
            _saved(watch, instance, op, before, using, update_fields)


def _saved(
    watch: Watch,
    instance: Model,
    op: str,
    before: Before,
    using: str,
    update_fields: frozenset[str] | None,
) -> None:
    declaration = watch.declaration
    old = before.row if op == "update" else None
    fresh = update_fields if op == "update" else None
    values: dict[str, Any] = {}
    to_fetch: list[Column] = []
    data: Row = {}
    for column in declaration.columns:
        value = column.read(instance)
        if not column.is_key and not column.is_written(fresh) and not column.is_generated:
            # Not written: the database has the old value, whatever the instance says.
            if old is not None:
                data[column.field.name] = old[column.field.name]
                if before.instance is not None:
                    values[column.attname] = getattr(before.instance, column.attname)
            else:
                to_fetch.append(column)
        elif value is DEFERRED or (column.is_generated and op == "update"):
            to_fetch.append(column)
        else:
            values[column.attname] = value
    if to_fetch:
        attnames = [column.attname for column in to_fetch]
        rows = declaration.model._base_manager.using(using)
        stored = rows.filter(pk=_key_of(watch, instance)).values(*attnames).first()
        if stored is None:
            return  # deleted meanwhile
        values |= stored
    shown = _as_stored(declaration, instance, values) if declaration.methods else None
    new = _encoded(declaration, values, shown, known=data)
    if new is None:
        return
    changed = None
    if old is not None:
        changed = [name for name, value in new.items() if old.get(name) != value]
        if not changed:
            return
        old = {name: old[name] for name in changed if name in old}
    _emit(declaration, op, new, using, changed=changed, old=old)


def _as_stored(
    declaration: ModelDeclaration, instance: Model, values: dict[str, Any]
) -> Model:
    """A copy of the instance with the values that the database has, for the methods."""
    shown = copy.copy(instance)
    for attname, value in values.items():
        if shown.__dict__.get(attname, DEFERRED) is not value:
            setattr(shown, attname, value)
    return shown


def _values(declaration: ModelDeclaration, instance: Model) -> dict[str, Any]:
    return {c.attname: getattr(instance, c.attname) for c in declaration.columns}


def _encoded(
    declaration: ModelDeclaration,
    values: dict[str, Any],
    instance: Model | None,
    *,
    known: Row | None = None,
) -> Row | None:
    """The declared fields as JSON.  None if one of them cannot be written, which is
    logged and counted: a save must not fail because of its event."""
    row: Row = {}
    name = ""
    try:
        for column in declaration.columns:
            name = column.field.name
            if known is not None and name in known:
                row[name] = known[name]
            else:
                row[name] = column.encode(values[column.attname])
        if instance is None:
            return row
        for method in declaration.methods:
            name = method.field.name
            row[name] = method.field.encode(method.call(instance))
    except DatabaseLayerError:
        raise  # inside atomic, the transaction is broken: it must be known
    except Exception as error:
        _lost(declaration, f"field {name!r}: {error}")
        return None
    return row


# -- deletes


def _before_delete(
    sender: type[Model],
    instance: Model,
    using: str,
    origin: object = None,
    **_kwargs: Any,
) -> None:
    frozen = {}
    for watch in _watches.get(sender, ()):
        declaration = watch.declaration
        if (
            not watch.is_ancestor
            and "delete" in declaration.operations
            and not is_muted(declaration.model)
        ):
            frozen[declaration.identity] = _last_row(declaration, instance, using, origin)
    push(instance, DELETED, frozen)


def _after_delete(
    sender: type[Model], instance: Model, using: str, **_kwargs: Any
) -> None:
    frozen: dict[str, Row | None] = pop(instance, DELETED) or {}
    for watch in _watches.get(sender, ()):
        row = frozen.get(watch.declaration.identity)
        if row is not None:
            _emit(watch.declaration, "delete", row, using)


def _last_row(
    declaration: ModelDeclaration, instance: Model, using: str, origin: object
) -> Row | None:
    """The row that will be deleted; None if there is none, or its key has no form."""
    values = {column.attname: column.read(instance) for column in declaration.columns}
    has_all = not any(value is DEFERRED for value in values.values())
    if has_all and _was_just_loaded(instance, origin):
        return _last_values(declaration, values, instance)
    stored_values, stored = _stored(declaration, instance.pk, using)
    if stored_values is None:
        return None
    return _last_values(declaration, stored_values, stored)


def _was_just_loaded(instance: Model, origin: object) -> bool:
    """By the delete itself?  It loads the rows of a queryset, and those that others drag
    along.  What somebody else holds may be old, or never have been a row; and of that
    Django makes the rows of multi-table parents, each with a key of its own."""
    if isinstance(origin, QuerySet):
        return True
    if not isinstance(origin, Model):
        return False
    if isinstance(origin, type(instance)):
        key = type(instance)._meta.pk.attname
    elif isinstance(instance, type(origin)):
        key = type(origin)._meta.pk.attname
    else:
        return True
    return bool(getattr(origin, key) != getattr(instance, key))


def _last_values(
    declaration: ModelDeclaration, values: dict[str, Any], instance: Model | None
) -> Row | None:
    """As `_encoded`, but what cannot be written is left out: only the key is needed."""
    row: Row = {}
    for column in declaration.columns:
        try:
            row[column.field.name] = column.encode(values[column.attname])
        except Exception as error:
            if column.is_key:
                _lost(declaration, f"field {column.field.name!r}: {error}")
                return None
            logger.debug("%s left out of a delete", column.field.name, exc_info=True)
    if instance is None:
        return row
    for method in declaration.methods:
        try:
            row[method.field.name] = method.field.encode(method.call(instance))
        except DatabaseLayerError:
            raise
        except Exception:
            logger.debug("%s left out of a delete", method.field.name, exc_info=True)
    return row


# -- both


def _emit(
    declaration: ModelDeclaration,
    op: str,
    data: Row,
    using: str,
    *,
    changed: list[str] | None = None,
    old: Row | None = None,
) -> None:
    try:
        event = EncodedEvent.make(
            type=declaration.event_name,
            op=op,
            data=data,
            id=new_id(),
            time=now(),
            changed=changed,
            old=old,
        )
    except ValueError as error:  # too large
        _lost(declaration, str(error))
        return
    _outlet.send(event, using=using)


def _lost(declaration: ModelDeclaration, why: str) -> None:
    logger.error(
        "an event of %s was lost: %s (declared by %s)",
        declaration.model._meta.label,
        why,
        declaration.where,
    )
    count_lost()
