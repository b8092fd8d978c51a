"""Tickets: what lets one client connect once, as somebody (PROTOCOL.md 6.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from . import _outlet
from ._answers import Ticket
from ._registry import registry
from ._requests import TicketRequest

TIMEOUT: Final = 0.25


def create_ticket(
    *,
    user: str,
    claims: Mapping[str, Any] | None = None,
    types: Iterable[str | type] = (),
    origin: str | None = None,
    session: str | None = None,
    session_life: timedelta | None = None,
    life: timedelta | None = None,
    timeout: float = TIMEOUT,
) -> Ticket:
    """A ticket of the gateway's, for one client to connect with, once.

    `user`          who it is, as this application names its users; that client sees it
    `claims`        what rules and queries know of it as `auth.…`, at most 4 KiB of JSON
    `types`         the checked event types that it may have: names or classes
    `origin`        the Origin of the page that may use it; None: any
    `session`       the application's own session, to be named in `disconnect`; better a
                    digest of its key
    `session_life`  what the client gets lasts no longer than this
    `life`          the ticket is good no longer than this

    Asks once and waits for at most `timeout` seconds.  Raises `Unreachable`, `Refused`,
    or `InvalidRequest` for what no gateway would take.
    """
    request = TicketRequest(
        user=user,
        claims=claims or {},
        types=registry.names_of(types),
        origin=origin,
        session=session,
        session_life=session_life,
        life=life,
    )
    return _outlet.current_backend().ticket(request, timeout=timeout)


async def acreate_ticket(
    *,
    user: str,
    claims: Mapping[str, Any] | None = None,
    types: Iterable[str | type] = (),
    origin: str | None = None,
    session: str | None = None,
    session_life: timedelta | None = None,
    life: timedelta | None = None,
    timeout: float = TIMEOUT,
) -> Ticket:
    """`create_ticket` for asynchronous code."""
    return await asyncio.to_thread(
        create_ticket,
        user=user,
        claims=claims,
        types=types,
        origin=origin,
        session=session,
        session_life=session_life,
        life=life,
        timeout=timeout,
    )
