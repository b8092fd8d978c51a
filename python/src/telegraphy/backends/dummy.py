from __future__ import annotations

from collections.abc import Sequence

from .._answers import Clients, Disconnected
from .._encoded import EncodedEvent
from .._requests import ClientsRequest, DisconnectRequest
from .base import BaseBackend


class DummyBackend(BaseBackend):
    """Forgets every event, and has no clients: for tests and environments without a
    gateway.  Asked for a ticket it raises `GatewayError`, as a gateway that is down
    makes it."""

    def publish(self, events: Sequence[EncodedEvent]) -> None:
        pass

    def queue_disconnect(self, request: DisconnectRequest) -> None:
        pass

    def clients(self, request: ClientsRequest, *, timeout: float) -> Clients:
        return Clients(id=None, clients=(), next=None)

    def disconnect(self, request: DisconnectRequest, *, timeout: float) -> Disconnected:
        return Disconnected(sessions=0, connections=0)
