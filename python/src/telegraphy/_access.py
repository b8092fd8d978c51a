"""Access that classes decide themselves: `is_authorized_user` and `audience`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from ._errors import DefinitionError, InvalidEvent
from ._fields import Field
from ._types import PUBLIC
from ._values import encode_string, show

logger: Final = logging.getLogger("telegraphy")

CHECK: Final = "is_authorized_user"
AUDIENCE: Final = "audience"
HOOKS: Final = (CHECK, AUDIENCE)

SCOPES_MAX: Final = 1_000
SCOPE_BYTES_MAX: Final = 128

AUDIENCE_FIELD: Final = Field(
    name=AUDIENCE, type="list", items="string", verbose_name=AUDIENCE, hidden=True
)


let_through: tuple[type[Exception], ...] = ()
"""What a check may raise that says nothing of the user.  The Django app adds the errors
of databases: inside `atomic` one may break the transaction, which must be known."""


@dataclass(frozen=True, slots=True)
class Check:
    """A declaration's `is_authorized_user`."""

    where: str
    call: Callable[[Any], object]

    def allows(self, user: object) -> bool:
        """Only `True` allows.  A type is kept back if it cannot be said who may have it,
        and the log tells.  Raises nothing but `let_through`."""
        try:
            answer = self.call(user)
        except let_through:
            raise
        except Exception:
            logger.exception("%s.%s failed: it allows nobody", self.where, CHECK)
            return False
        if not isinstance(answer, bool):
            logger.error(
                "%s.%s must return True or False, not %s: it allows nobody",
                self.where,
                CHECK,
                show(answer),
            )
            return False
        return answer


def check_of(owner: object, where: str) -> Check | None:
    """The `is_authorized_user` of a class or of an instance of one, if it has one."""
    method = _hook(owner, CHECK, where, "(self, user) -> bool")
    return None if method is None else Check(where, method)


def audience_of(owner: object, where: str, parameters: str) -> Callable[..., Any] | None:
    """The `audience` of a class or of an instance of one, if it has one."""
    return _hook(owner, AUDIENCE, where, f"({parameters}) -> list[str]")


def has_method(cls: type, name: str) -> bool:
    found = inspect.getattr_static(cls, name, None)
    return inspect.isfunction(found) or isinstance(found, (classmethod, staticmethod))


def check_hooks(access: object, where: str, *, check: object, audience: object) -> None:
    """Raise `DefinitionError` if they contradict the access of everybody."""
    for name, hook in ((CHECK, check), (AUDIENCE, audience)):
        if hook is not None and access == PUBLIC:
            raise DefinitionError(
                f"{where}: access is PUBLIC, so everybody has it, and {name} is never "
                "asked; leave one of the two out"
            )


def encode_audience(scopes: object) -> list[str]:
    """What `audience` returned, as an event has it; raises `InvalidEvent`."""
    if isinstance(scopes, str) or not isinstance(scopes, Iterable):
        hint = f"; write [{scopes!r}]" if isinstance(scopes, str) else ""
        raise InvalidEvent(
            f"{AUDIENCE} must be a list of str, not {show(scopes)}{hint}", member=AUDIENCE
        )
    # In one order, so that the same scopes are the same value.
    found = sorted({_scope(scope) for scope in scopes})
    if len(found) > SCOPES_MAX:
        raise InvalidEvent(
            f"{AUDIENCE} has {len(found):,} scopes; {SCOPES_MAX:,} is the most: name "
            "groups of readers, not each of them",
            member=AUDIENCE,
        )
    return found


def _scope(scope: object) -> str:
    text = encode_string(scope, AUDIENCE)
    if not 1 <= len(text.encode()) <= SCOPE_BYTES_MAX:
        raise InvalidEvent(
            f"a scope of {AUDIENCE} must have 1 to {SCOPE_BYTES_MAX} bytes, "
            f"not {show(text)}",
            member=AUDIENCE,
        )
    return text


def _hook(
    owner: object, name: str, where: str, signature: str
) -> Callable[..., Any] | None:
    found = inspect.getattr_static(owner, name, None)
    if found is None:
        return None
    if inspect.isfunction(found):
        # Of a class, when there is no instance to ask: `self` is the class then.
        method = found.__get__(owner, type(owner))
    elif isinstance(found, (classmethod, staticmethod)):
        method = getattr(owner, name)
    else:
        raise DefinitionError(f"{where}: {name} must be a method, def {name}{signature}")
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        raise DefinitionError(
            f"{where}: {name} must not be async; write def {name}{signature}"
        )
    try:
        arguments = signature.partition(")")[0].count(",")
        inspect.signature(method).bind(*range(arguments))
    except TypeError:
        raise DefinitionError(f"{where}: write def {name}{signature}") from None
    return method
