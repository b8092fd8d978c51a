from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .._encoded import EncodedEvent
from .._stats import Stats


class BaseBackend(ABC):
    """What every backend promises.  See `DummyBackend` for the smallest one."""

    def __init__(self, *, endpoint: str | None = None, key: str = "") -> None:
        """Django passes `endpoint` and `key` to every backend, and OPTIONS beside."""
        self.endpoint = endpoint
        self._key = key

    @classmethod
    def option_names(cls) -> Sequence[str]:
        """The names of its options, for messages; empty if they are not known."""
        return ()

    @abstractmethod
    def publish(self, events: Sequence[EncodedEvent]) -> None:
        """Take these events.  Must not wait for anything and must not raise because of
        what is behind: the caller is in the middle of its own work."""

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until no event is queued; False if some still are after `timeout`
        seconds."""
        return True

    def close(self, timeout: float = 1.0) -> None:  # noqa: B027 (nothing to let go of)
        """Flush, then let go of all resources.  A closed backend may be used again."""

    def count_lost(self, count: int) -> None:  # noqa: B027 (nothing to count in)
        """Count events as lost that never became ready to be sent."""

    @property
    def stats(self) -> Stats:
        return Stats()
