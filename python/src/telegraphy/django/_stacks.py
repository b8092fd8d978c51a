"""What a receiver of `pre_save` leaves for the one of `post_save`: kept at the instance,
as a stack, for a receiver of `post_save` may save the same instance again."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Model

STACK_MAX: Final = 8


def push(instance: Model, name: str, found: Any) -> None:
    stack = instance.__dict__.setdefault(name, [])
    stack.append(found)
    del stack[:-STACK_MAX]  # entries of saves that failed


def pop(instance: Model, name: str) -> Any:
    """None if nothing was left."""
    stack = instance.__dict__.get(name)
    if not stack:
        return None
    found = stack.pop()
    if not stack:
        del instance.__dict__[name]
    return found
