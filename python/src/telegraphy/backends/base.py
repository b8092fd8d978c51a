from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NoReturn

from .._answers import Clients, Disconnected, Ticket
from .._encoded import EncodedEvent
from .._errors import GatewayError
from .._requests import ClientsRequest, DisconnectRequest, TicketRequest
from .._stats import Stats


class BaseBackend(ABC):
    """What every backend promises.  See `DummyBackend` for the smallest one.

    Only `publish` and `queue_disconnect` are called by what must not wait; what is
    behind the others may take up to `timeout` seconds, and raises `GatewayError`.
    """

    def __init__(self, *, endpoint: str | None = None, key: str = "") -> None:
        """Django passes `endpoint` and `key` to every backend, and OPTIONS beside."""
        self.endpoint = endpoint
        self._key = key

    @classmethod
    def option_names(cls) -> Sequence[str]:
        """The names of its options, for messages; empty if they are not known."""
        return ()

    # -- events, and what takes its turn among them

    @abstractmethod
    def publish(self, events: Sequence[EncodedEvent]) -> None:
        """Take these events.  Must not wait for anything and must not raise because of
        what is behind: the caller is in the middle of its own work."""

    @abstractmethod
    def queue_disconnect(self, request: DisconnectRequest) -> None:
        """End identities after the events that were published before.  As `publish`, it
        neither waits nor raises."""

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until nothing is queued; False if something still is after `timeout`
        seconds."""
        return True

    def close(self, timeout: float = 1.0) -> None:  # noqa: B027 (nothing to let go of)
        """Flush, then let go of all resources.  A closed backend may be used again."""

    def count_lost(self, count: int) -> None:  # noqa: B027 (nothing to count in)
        """Count events as lost that never became ready to be sent."""

    @property
    def stats(self) -> Stats:
        return Stats()

    # -- requests that are waited for

    def ticket(self, request: TicketRequest, *, timeout: float) -> Ticket:
        self._unable("makes no tickets")

    def clients(self, request: ClientsRequest, *, timeout: float) -> Clients:
        self._unable("knows of no clients")

    def disconnect(self, request: DisconnectRequest, *, timeout: float) -> Disconnected:
        self._unable("disconnects nobody")

    def unsubscribe(
        self, connection: int, subscription: int | str, *, timeout: float
    ) -> None:
        self._unable("ends no subscriptions")

    def _unable(self, what: str) -> NoReturn:
        raise GatewayError(f"{type(self).__name__} {what}: it has no gateway")
