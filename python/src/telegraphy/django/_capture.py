"""Lets captured events out of a `TestCase`, whose transaction never commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

from django.db import connections
from django.test import TestCase

from ._courier import deliver, deliver_end

OURS: Final = (deliver, deliver_end)


@contextmanager
def settle() -> Iterator[None]:
    """Deliver at the end what waits for the commit of a test's own transaction; a
    transaction that the test opened itself goes on waiting for its commit."""
    with ExitStack() as stack:
        captured = [
            stack.enter_context(TestCase.captureOnCommitCallbacks(using=alias))
            for alias in connections
            if _is_in_test_transaction(alias)
        ]
        yield
    for callbacks in captured:
        for callback in callbacks:
            # Only ours: what others do on commit is not this block's business.
            if isinstance(callback, partial) and callback.func in OURS:
                callback()


def _is_in_test_transaction(alias: str) -> bool:
    blocks = connections[alias].atomic_blocks
    return bool(blocks) and all(
        getattr(block, "_from_testcase", False) for block in blocks
    )
