from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from .._encoded import EncodedEvent
from .._publisher import Publisher, default_endpoint
from .._stats import Stats
from .base import BaseBackend


class ZeroMQBackend(BaseBackend):
    """To the gateway over ZeroMQ; the options are those of `Publisher`."""

    def __init__(
        self, *, endpoint: str | None = None, key: str = "", **options: Any
    ) -> None:
        super().__init__(endpoint=endpoint, key=key)
        self._publisher = Publisher(endpoint or default_endpoint(), key, **options)

    @classmethod
    def option_names(cls) -> Sequence[str]:
        parameters = inspect.signature(Publisher).parameters.values()
        return tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)

    def publish(self, events: Sequence[EncodedEvent]) -> None:
        self._publisher.publish(*events)

    def count_lost(self, count: int) -> None:
        self._publisher.count_lost(count)

    def flush(self, timeout: float | None = None) -> bool:
        return self._publisher.flush(timeout)

    def close(self, timeout: float = 1.0) -> None:
        self._publisher.close(timeout)

    @property
    def stats(self) -> Stats:
        return self._publisher.stats
