from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from typing import Final

from .._answers import Clients, Disconnected, Ticket
from .._encoded import EncodedEvent
from .._requests import ClientsRequest, DisconnectRequest, TicketRequest
from .._stats import Stats
from .base import BaseBackend


class MemoryBackend(BaseBackend):
    """Keeps what comes, for tests: `events`, `tickets` (what each was asked for with) and
    `disconnects`; of each list the oldest entries are lost at `events_max`.  Its tickets
    have the right form, and nobody can connect with them."""

    def __init__(
        self, *, endpoint: str | None = None, key: str = "", events_max: int = 10_000
    ) -> None:
        super().__init__(endpoint=endpoint, key=key)
        self.events: Final[list[EncodedEvent]] = []
        self.tickets: Final[list[TicketRequest]] = []
        self.disconnects: Final[list[DisconnectRequest]] = []
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

    def queue_disconnect(self, request: DisconnectRequest) -> None:
        with self._lock:
            self.disconnects.append(request)
            del self.disconnects[: -self._events_max]

    def ticket(self, request: TicketRequest, *, timeout: float) -> Ticket:
        with self._lock:
            self.tickets.append(request)
            del self.tickets[: -self._events_max]
        return Ticket(f"tgt_{secrets.token_urlsafe(32)}", expires_in_ms=30_000)

    def clients(self, request: ClientsRequest, *, timeout: float) -> Clients:
        return Clients(id=None, clients=(), next=None)

    def disconnect(self, request: DisconnectRequest, *, timeout: float) -> Disconnected:
        self.queue_disconnect(request)
        return Disconnected(sessions=0, connections=0)

    def count_lost(self, count: int) -> None:
        with self._lock:
            self._lost += count

    def clear(self) -> None:
        with self._lock:
            self.events.clear()
            self.tickets.clear()
            self.disconnects.clear()

    @property
    def stats(self) -> Stats:
        return Stats(sent=self._accepted, accepted=self._accepted, lost=self._lost)
