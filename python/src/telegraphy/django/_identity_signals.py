"""From Django's signals to the end of identities.

What a client is at the gateway was true when its ticket was made.  It ends when the user
logs out, is deactivated or deleted, and is made anew when what it was made of changes:
password, rights, groups, and the permissions of these.

A save asks the database for the old values only if it may write one of the fields that
matter; `last_login`, which every login writes, is none.  Relations are read before they
are taken away, while they still say who is concerned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ManyToManyField, Model, Q
from django.db.models.signals import (
    class_prepared,
    m2m_changed,
    post_delete,
    post_save,
    pre_delete,
    pre_save,
)

from ._ending import (
    CHANGED,
    ENDED,
    disconnect,
    end_replaced_session,
    end_session,
    mark_changed,
)
from ._stacks import pop, push

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .._requests import Reason

logger: Final = logging.getLogger("telegraphy")

USER_FIELDS: Final = ("password", "is_active", "is_staff", "is_superuser")
"""Those of them that the user model has."""


def connect_all() -> None:
    """Follow Django's users, where they are installed; called when all apps are there."""
    if not apps.is_installed("django.contrib.auth"):
        return
    from django.contrib.auth.signals import user_logged_in, user_logged_out

    user_logged_in.connect(_logged_in, weak=False, dispatch_uid="telegraphy.logged_in")
    user_logged_out.connect(_logged_out, weak=False, dispatch_uid="telegraphy.logged_out")
    users = Users(apps.get_model(settings.AUTH_USER_MODEL))
    for model in apps.get_models():
        users.follow(model)
    class_prepared.connect(users.follow, weak=False, dispatch_uid="telegraphy.users")
    users.follow_relations()


# -- logging in and out


def _logged_in(request: Any, **_kwargs: Any) -> None:
    if request is not None:
        request = _django_s(request)
        mark_changed(request)
        end_replaced_session(request)


def _logged_out(request: Any, user: Any, **_kwargs: Any) -> None:
    if request is None:
        return
    request = _django_s(request)
    mark_changed(request)
    session = getattr(request, "session", None)
    if user is not None or (session is not None and SESSION_KEY in session):
        end_session(request, user)


def _django_s(request: Any) -> HttpRequest:
    """The request that the middleware knows: REST framework has one around it."""
    inner: HttpRequest = getattr(request, "_request", request)
    return inner


# -- changes of users and of what they may


class FieldWatch:
    """Tells which of some fields a save has changed:
    `then(key, instance, changed, using)`."""

    def __init__(
        self,
        model: type[Model],
        names: Iterable[str],
        then: Callable[[Any, Model, set[str], str], None],
    ) -> None:
        self._model = model
        self._names = [name for name in names if _field(model, name) is not None]
        self._then = then
        self._left = f"_telegraphy_{model._meta.label_lower}"

    def follow(self, sender: type[Model]) -> None:
        uid = f"{self._left} {sender._meta.label}"
        pre_save.connect(self._before, sender, weak=False, dispatch_uid=uid)
        post_save.connect(self._after, sender, weak=False, dispatch_uid=uid)

    def _before(
        self,
        instance: Model,
        raw: bool,
        using: str,
        update_fields: frozenset[str] | None,
        **_kwargs: Any,
    ) -> None:
        if raw:
            return
        names = [
            name for name in self._names if update_fields is None or name in update_fields
        ]
        found = None
        key = _key_as(self._model, instance)
        if names and key is not None:
            rows = self._model._base_manager.using(using).filter(pk=key)
            found = rows.values(*names).first()
        push(instance, self._left, found)

    def _after(self, instance: Model, raw: bool, using: str, **_kwargs: Any) -> None:
        before = None if raw else pop(instance, self._left)
        if before is None:
            return  # a new row, or nothing that matters was written
        changed = {
            # What was deferred was not written.
            name
            for name, value in before.items()
            if name in instance.__dict__ and instance.__dict__[name] != value
        }
        if changed:
            self._then(_key_as(self._model, instance), instance, changed, using)


class Users:
    """The user model of a project, and the ways to hear of its users' changes."""

    def __init__(self, model: type[Model]) -> None:
        self.model: Final = model
        self._watch = FieldWatch(model, USER_FIELDS, _user_changed)

    def follow(self, sender: type[Model], **_kwargs: Any) -> None:
        """The model, its proxies, and its multi-table children, whose saves signal the
        child alone.  Their deletes signal the model too."""
        if sender._meta.abstract or not issubclass(sender, self.model):
            return
        self._watch.follow(sender)
        if sender._meta.concrete_model is self.model:
            uid = f"telegraphy.deleted {sender._meta.label}"
            post_delete.connect(_user_deleted, sender, weak=False, dispatch_uid=uid)

    def follow_relations(self) -> None:
        groups = _relation(self.model, "groups")
        rights = _relation(self.model, "user_permissions")
        for field in filter(None, (groups, rights)):
            _follow_relation(field, _each_changed)
        if rights is not None:
            self._follow_deletes(rights.related_model, "user_permissions")
        if groups is None:
            return
        group_model = groups.related_model
        FieldWatch(group_model, ("name",), self._group_renamed).follow(group_model)
        self._follow_deletes(group_model, "groups")
        permissions = _relation(group_model, "permissions")
        if permissions is not None:
            _follow_relation(permissions, self._groups_changed)
            self._follow_deletes(permissions.related_model, "groups__permissions")

    def _follow_deletes(self, sender: type[Model], path: str) -> None:
        pre_delete.connect(
            partial(self._before_delete, path),
            sender,
            weak=False,
            dispatch_uid=f"telegraphy.{path}",
        )

    def _before_delete(
        self, path: str, instance: Model, using: str, **_kwargs: Any
    ) -> None:
        # Within the delete's transaction, so this is said after it.
        self._those_changed(Q(**{path: instance.pk}), using)

    def _group_renamed(
        self, key: Any, _instance: Model, _changed: set[str], using: str
    ) -> None:
        self._those_changed(Q(groups=key), using)

    def _groups_changed(self, keys: Any, using: str) -> None:
        self._those_changed(Q(groups__in=keys), using)

    def _those_changed(self, condition: Q, using: str) -> None:
        users = self.model._base_manager.using(using).filter(condition)
        _each_changed(users.values_list("pk", flat=True).distinct(), using)


def _user_changed(key: Any, instance: Model, changed: set[str], using: str) -> None:
    is_gone = "is_active" in changed and not instance.__dict__["is_active"]
    _say(key, ENDED if is_gone else CHANGED, using)


def _user_deleted(instance: Model, using: str, **_kwargs: Any) -> None:
    _say(instance.pk, ENDED, using)


def _each_changed(keys: Iterable[Any], using: str) -> None:
    for key in keys:
        _say(key, CHANGED, using)


def _say(key: Any, reason: Reason, using: str) -> None:
    try:
        disconnect(key, reason, using=using)
    except ValueError:
        # No gateway takes such a key, so no ticket was ever made for this user.
        logger.debug("nobody is connected as a user", exc_info=True)


def _key_as(model: type[Model], instance: Model) -> Any:
    """That of the model's row, which a multi-table child may have beside its own."""
    return getattr(instance, model._meta.pk.attname)


def _follow_relation(
    field: ManyToManyField[Any, Any], then: Callable[[Any, str], None]
) -> None:
    """Calls `then` with the keys, at the end where the relation is declared, of those
    that gain or lose one."""
    through: Any = field.remote_field.through
    near, far = field.m2m_field_name(), field.m2m_reverse_field_name()

    def receive(
        action: str,
        instance: Model,
        reverse: bool,
        pk_set: set[Any] | None,
        using: str,
        **_kwargs: Any,
    ) -> None:
        if action == "post_add" and pk_set:
            then(pk_set if reverse else [instance.pk], using)
        elif action in ("pre_remove", "pre_clear"):
            # Within the transaction of the change, so this is said after it.  Who asks to
            # remove may name what was never there.
            this, other = (far, near) if reverse else (near, far)
            rows = through._base_manager.using(using).filter(**{this: instance.pk})
            if pk_set is not None:
                rows = rows.filter(**{f"{other}__in": pk_set})
            then(rows.values_list(near, flat=True).distinct(), using)

    uid = f"telegraphy.{field.model._meta.label}.{field.name}"
    m2m_changed.connect(receive, through, weak=False, dispatch_uid=uid)


def _relation(model: type[Model], name: str) -> Any:
    field = _field(model, name)
    return field if isinstance(field, ManyToManyField) else None


def _field(model: type[Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
