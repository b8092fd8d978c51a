from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from .._encoded import EncodedEvent
from .._stats import Stats
from .base import BaseBackend


class MemoryBackend(BaseBackend):
    """Keeps the events in `events`, for tests; at `events_max` the oldest are lost."""

    def __init__(
        self, *, endpoint: str | None = None, key: str = "", events_max: int = 10_000
    ) -> None:
        super().__init__(endpoint=endpoint, key=key)
        self.events: Final[list[EncodedEvent]] = []
        self._events_max = events_max
        self._accepted = 0
        self._lost = 0
        self._lock = threading.Lock()

    def publish(self, events: Sequence[EncodedEvent]) -> None:
        with self._lock:
            self.events.extend(events)
            self._accepted += len(events)
            excess = len(self.events) - self._events_max
            if excess > 0:
                del self.events[:excess]
                self._lost += excess

    def count_lost(self, count: int) -> None:
        with self._lock:
            self._lost += count

    def clear(self) -> None:
        with self._lock:
            self.events.clear()

    @property
    def stats(self) -> Stats:
        return Stats(sent=self._accepted, accepted=self._accepted, lost=self._lost)
