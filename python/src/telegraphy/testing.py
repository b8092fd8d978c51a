"""For the tests of projects that publish events.

with capture_events() as events:
    order.status = "paid"
    order.save()
assert_event(events, "shop.Order", op="update", data={"status": "paid"})
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from . import _outlet
from ._encoded import EncodedEvent
from .backends import MemoryBackend

__all__ = ["CapturedEvent", "assert_event", "capture_events"]

settle: Callable[[], AbstractContextManager[None]] = nullcontext
"""Entered while events are captured; at its end they must be there.  The Django app sets
it to what lets `TestCase` commit."""


@dataclass(frozen=True, kw_only=True)
class CapturedEvent:
    """One event as the gateway would have got it."""

    type: str
    op: str
    id: str
    data: Mapping[str, Any]
    changed: Sequence[str] | None
    old: Mapping[str, Any] | None

    @classmethod
    def of(cls, event: EncodedEvent) -> CapturedEvent:
        document = event.document()
        return cls(
            type=event.type,
            op=event.op,
            id=event.id,
            data=document["data"],
            changed=document.get("changed"),
            old=document.get("old"),
        )


@contextmanager
def capture_events() -> Iterator[list[CapturedEvent]]:
    """The events published within, in order; none of them goes anywhere else.

    In a Django `TestCase`, whose transaction never commits, the list is filled when the
    block ends, as with `captureOnCommitCallbacks`; what was rolled back is not in it.
    """
    captured: list[CapturedEvent] = []
    backend = _Capturing(captured)
    before = _outlet.replace_backend(backend)
    try:
        with settle():
            yield captured
    finally:
        _outlet.replace_backend(before)


class _Capturing(MemoryBackend):
    def __init__(self, captured: list[CapturedEvent]) -> None:
        super().__init__()
        self._captured = captured

    def publish(self, events: Sequence[EncodedEvent]) -> None:
        super().publish(events)
        self._captured.extend(CapturedEvent.of(event) for event in events)


def assert_event(
    events: Sequence[CapturedEvent],
    type: str,
    *,
    op: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> CapturedEvent:
    """The one event of this type (and operation) that has these values, among perhaps
    others, in its data; an AssertionError shows what there was instead."""
    found = [
        event
        for event in events
        if event.type == type
        and (op is None or event.op == op)
        and (data is None or data.items() <= event.data.items())
    ]
    if len(found) == 1:
        return found[0]
    wanted = " ".join(filter(None, (type, op, repr(dict(data)) if data else "")))
    seen = "\n".join(f"  {one.type} {one.op} {dict(one.data)}" for one in events)
    raise AssertionError(
        f"{len(found)} events are {wanted}, not one; there were:\n{seen or '  none'}"
    )
