from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from .. import _ask
from .._answers import Answer, Clients, Disconnected, Ticket, Unsubscribed
from .._encoded import EncodedEvent
from .._publisher import Publisher, default_endpoint
from .._requests import ClientsRequest, DisconnectRequest, TicketRequest
from .._stats import Stats
from .base import BaseBackend

A = TypeVar("A", bound=Answer)


class ZeroMQBackend(BaseBackend):
    """To the gateway over ZeroMQ; the options are those of `Publisher`.  What is queued
    goes its way, what is waited for another."""

    def __init__(
        self, *, endpoint: str | None = None, key: str = "", **options: Any
    ) -> None:
        super().__init__(endpoint=endpoint, key=key)
        self._at = endpoint or default_endpoint()
        self._publisher = Publisher(self._at, key, **options)

    @classmethod
    def option_names(cls) -> Sequence[str]:
        parameters = inspect.signature(Publisher).parameters.values()
        return tuple(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)

    def publish(self, events: Sequence[EncodedEvent]) -> None:
        self._publisher.publish(*events)

    def queue_disconnect(self, request: DisconnectRequest) -> None:
        self._publisher.request("disconnect", request.document())

    def count_lost(self, count: int) -> None:
        self._publisher.count_lost(count)

    def flush(self, timeout: float | None = None) -> bool:
        return self._publisher.flush(timeout)

    def close(self, timeout: float = 1.0) -> None:
        self._publisher.close(timeout)
        _ask.close(self._at, self._publisher.curve)

    @property
    def stats(self) -> Stats:
        return self._publisher.stats

    def ticket(self, request: TicketRequest, *, timeout: float) -> Ticket:
        # A page waits for it: not for a gateway that was not there a moment ago.
        return self._ask(
            "ticket", request.document(), Ticket, timeout=timeout, patient=False
        )

    def clients(self, request: ClientsRequest, *, timeout: float) -> Clients:
        return self._ask("clients", request.document(), Clients, timeout=timeout)

    def disconnect(self, request: DisconnectRequest, *, timeout: float) -> Disconnected:
        return self._ask("disconnect", request.document(), Disconnected, timeout=timeout)

    def unsubscribe(
        self, connection: int, subscription: int | str, *, timeout: float
    ) -> None:
        document = {"connection": connection, "subscription": subscription}
        self._ask("unsubscribe", document, Unsubscribed, timeout=timeout)

    def _ask(
        self,
        kind: str,
        document: Mapping[str, Any],
        wanted: type[A],
        *,
        timeout: float,
        patient: bool = True,
    ) -> A:
        return _ask.ask(
            self._at,
            self._key,
            kind,
            document,
            wanted,
            timeout=timeout,
            patient=patient,
            curve=self._publisher.curve,
        )
