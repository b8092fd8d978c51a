from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from django.db.models import Model

_muted: Final[ContextVar[tuple[type[Model], ...]]] = ContextVar(
    "telegraphy_muted", default=()
)


@contextmanager
def muted(*models: type[Model]) -> Iterator[None]:
    """Within, saving and deleting these models (default: all) makes no events, in this
    thread or task.  Custom events are published as ever.

        with muted():
            import_orders()
    """
    token = _muted.set((*_muted.get(), *(models or (Model,))))
    try:
        yield
    finally:
        _muted.reset(token)


def is_muted(model: type[Model]) -> bool:
    return bool(_muted.get()) and issubclass(model, _muted.get())
