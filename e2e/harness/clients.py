"""Telegraphy's own JavaScript client, in Node."""

import itertools
from pathlib import Path
from typing import Any

from .gateway import Gateway
from .node import NodeProgram
from .processes import until

names = itertools.count(1)


class Clients(NodeProgram):
    """`make build` makes the client that this program takes."""

    def __init__(self, log: Path) -> None:
        super().__init__("clients.mjs", log)

    def open(
        self, gateway: Gateway, user: str | None = "7", *, store: str = "", **request: Any
    ) -> "LiveClient":
        """Of this user, or of nobody. Those with a `store` keep their session there together."""
        tickets = {
            "url": f"http://127.0.0.1:{gateway.ingest_port}/api/v1/tickets",
            "key": gateway.key,
            "request": None if user is None else {"user": user, **request},
        }
        options = {
            "url": gateway.url,
            "tickets": tickets,
            "store": store or f"store{next(names)}",
        }
        return LiveClient(self, self.ask(None, "open", options))


class LiveClient:
    def __init__(self, clients: Clients, number: int) -> None:
        self._clients = clients
        self._number = number

    def ask(self, do: str, *values: Any) -> Any:
        return self._clients.ask(self._number, do, *values)

    def connect(self) -> "LiveClient":
        """Until it is connected."""
        self.ask("connect")
        return self

    def wait_for(self, name: str, **members: Any) -> dict[str, Any]:
        """Until its state is this."""

        def is_so() -> dict[str, Any] | None:
            state = self.state
            return state if {"name": name, **members}.items() <= state.items() else None

        found = until(f"the state is {name} {members or ''}", is_so)
        assert found is not None
        return found

    def comes_back(self, after: int) -> dict[str, Any]:
        """Until it is connected again, having had `after` states before it lost the line."""

        def is_back() -> dict[str, Any] | None:
            states = self.states
            back = len(states) > after and states[-1]["name"] == "connected"
            return states[-1] if back else None

        found = until("it is connected again", is_back)
        assert found is not None
        return found

    @property
    def state(self) -> dict[str, Any]:
        return self.ask("state")

    @property
    def states(self) -> list[dict[str, Any]]:
        return self.ask("states")

    @property
    def token(self) -> str | None:
        """That of its session, as it is kept."""
        return self.ask("token")

    @property
    def tickets_asked(self) -> int:
        return self.ask("ticketsAsked")

    def subscribe(self, type: str, **options: Any) -> "LiveSubscription":
        return LiveSubscription(self, self.ask("subscribe", type, options))


class LiveSubscription:
    def __init__(self, client: LiveClient, index: int) -> None:
        self._client = client
        self._index = index

    @property
    def heard(self) -> dict[str, Any]:
        """`state`, `events` (their data) and `calls` (of its other handlers)."""
        return self._client.ask("heard", self._index)

    @property
    def numbers(self) -> list[int]:
        """What the events have as `n`."""
        return [data["n"] for data in self.heard["events"]]

    def stands(self) -> "LiveSubscription":
        """Until the gateway has granted it."""
        until("it is subscribed", lambda: self.heard["state"] == "subscribed")
        return self
