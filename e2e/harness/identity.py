"""Clients with an identity, and what the web application says about them."""

import json
from typing import Any

from .client import Client
from .gateway import Answer, Gateway


def post(gateway: Gateway, path: str, body: Any, *, app: str | None = None) -> Answer:
    """A JSON document to the ingest port, with the application's key."""
    return gateway.http(
        "POST",
        path,
        json.dumps(body),
        headers={"Content-Type": "application/json"},
        key=gateway.keys[app or gateway.app],
    )


def ticket(gateway: Gateway, user: str = "7", *, app: str | None = None, **request: Any) -> str:
    """A ticket for `user`, as the web application would ask for it."""
    answer = post(gateway, "/api/v1/tickets", {"user": user, **request}, app=app)
    assert answer.status == 200, (answer.status, answer.body)
    text: str = answer.json["ticket"]
    return text


def somebody(
    gateway: Gateway,
    user: str = "7",
    *,
    app: str | None = None,
    origin: str | None = None,
    **request: Any,
) -> Client:
    """A client that has just connected with a ticket of its own."""
    client = Client(gateway.client_port, connect=False, origin=origin)
    client.connect(ticket=ticket(gateway, user, app=app, **request))
    return client


def back(gateway: Gateway, token: str, *, origin: str | None = None) -> Client:
    """A client that comes back with its session's token."""
    client = Client(gateway.client_port, connect=False, origin=origin)
    client.connect(session=token)
    return client


def refusal(gateway: Gateway, *, origin: str | None = None, **credentials: Any) -> dict[str, Any]:
    """What `connect` with these is refused with, but for the request's id."""
    with Client(gateway.client_port, connect=False, origin=origin) as client:
        answer = client.request("connect", **credentials)
    assert answer["kind"] == "error", answer
    return {name: value for name, value in answer.items() if name != "id"}


def disconnect(gateway: Gateway, *, app: str | None = None, **whom: Any) -> dict[str, Any]:
    answer = post(gateway, "/api/v1/disconnect", whom, app=app)
    assert answer.status == 200, (answer.status, answer.body)
    counts: dict[str, Any] = answer.json
    return counts


def identities(gateway: Gateway) -> dict[str, int]:
    """What the gateway counts of tickets and sessions."""
    counts: dict[str, int] = gateway.http("GET", "/healthz").json["identities"]
    return counts
