"""Who is connected, and the end of it (INGEST.md 7).  The key needs `manage`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Final

from . import _outlet
from ._answers import Clients, Connection, Disconnected, StandingSubscription
from ._registry import registry
from ._requests import ClientsRequest, DisconnectRequest, Reason

TIMEOUT: Final = 5.0


def clients(
    *,
    user: str | None = None,
    client: str | None = None,
    type: str | type | None = None,
    timeout: float = TIMEOUT,
) -> Iterator[Connection]:
    """Every connection: all, or those of a user, of a client, or with a subscription to
    an event type (a name or a class).

    Asks the gateway for 1,000 at a time, each within `timeout` seconds; who comes or goes
    meanwhile may be there or not.  Raises `Unreachable` or `Refused`.
    """
    request = _first_page(user, client, type)
    while request is not None:
        page = _outlet.current_backend().clients(request, timeout=timeout)
        yield from page.clients
        request = _next_page(request, page)


async def aclients(
    *,
    user: str | None = None,
    client: str | None = None,
    type: str | type | None = None,
    timeout: float = TIMEOUT,
) -> AsyncIterator[Connection]:
    """`clients` for asynchronous code."""
    request = _first_page(user, client, type)
    while request is not None:
        backend = _outlet.current_backend()
        page = await asyncio.to_thread(backend.clients, request, timeout=timeout)
        for one in page.clients:
            yield one
        request = _next_page(request, page)


def _first_page(
    user: str | None, client: str | None, event_type: str | type | None
) -> ClientsRequest | None:
    name = None if event_type is None else registry.name_of(event_type)
    return ClientsRequest(user=user, client=client, type=name)


def _next_page(request: ClientsRequest, page: Clients) -> ClientsRequest | None:
    return None if page.next is None else replace(request, after=page.next)


def disconnect(
    *,
    user: str | None = None,
    session: str | None = None,
    client: str | None = None,
    reason: Reason = "ended",
    timeout: float = TIMEOUT,
) -> Disconnected:
    """End identities: those of a user, of one of the application's own sessions (as
    `create_ticket` named it; with `user`, of this user's), or of a client.

    `"ended"`: they are nobody any more.  `"changed"`: they come back by themselves, with
    a new ticket.  Returns when sessions and tickets are no good any more and the
    connections are closing: nothing that is published afterwards reaches them.  Raises
    `Unreachable`, `Refused`, or `InvalidRequest` if it is not clear whose.

    `queue_disconnect` does not wait.
    """
    request = DisconnectRequest(user=user, session=session, client=client, reason=reason)
    return _outlet.current_backend().disconnect(request, timeout=timeout)


def queue_disconnect(
    *,
    user: str | None = None,
    session: str | None = None,
    client: str | None = None,
    reason: Reason = "ended",
) -> None:
    """`disconnect`, in its turn among the events that are published, and without waiting.

    While the gateway is down it is kept and tried again.  What becomes of it is counted
    in `current_backend().stats`, and logged if it is lost or refused.
    """
    request = DisconnectRequest(user=user, session=session, client=client, reason=reason)
    _outlet.current_backend().queue_disconnect(request)


async def adisconnect(
    *,
    user: str | None = None,
    session: str | None = None,
    client: str | None = None,
    reason: Reason = "ended",
    timeout: float = TIMEOUT,
) -> Disconnected:
    """`disconnect` for asynchronous code."""
    request = DisconnectRequest(user=user, session=session, client=client, reason=reason)
    backend = _outlet.current_backend()
    return await asyncio.to_thread(backend.disconnect, request, timeout=timeout)


def unsubscribe(
    connection: Connection | int,
    subscription: StandingSubscription | int | str,
    *,
    timeout: float = TIMEOUT,
) -> None:
    """End one subscription of a connection; its client is told.  Raises `Refused` with
    the code `not_found`, or `Unreachable`."""
    _outlet.current_backend().unsubscribe(
        connection.number if isinstance(connection, Connection) else connection,
        (
            subscription.id
            if isinstance(subscription, StandingSubscription)
            else subscription
        ),
        timeout=timeout,
    )


async def aunsubscribe(
    connection: Connection | int,
    subscription: StandingSubscription | int | str,
    *,
    timeout: float = TIMEOUT,
) -> None:
    """`unsubscribe` for asynchronous code."""
    await asyncio.to_thread(unsubscribe, connection, subscription, timeout=timeout)
