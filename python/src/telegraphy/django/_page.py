"""What a page may say of who looks at it.

A page that a cache may keep is shown to others, so it says nothing: its client finds out
by itself, at the ticket view.  Whether one may is known only where the middleware is
installed, which sees to it that no cache of HTTP keeps a page that did say something.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from django.db import Error as DatabaseLayerError
from django.db import connections
from django.views.decorators.cache import never_cache

from ._identity import ticket_request_of
from ._tickets import NoTicket, ticket_for_page
from ._visit import visit_of

if TYPE_CHECKING:
    from django.http import HttpRequest

NEVER_CACHE: Final = never_cache(lambda request: request).__code__
"""What runs around each view that is marked so."""

logger: Final = logging.getLogger("telegraphy")


@dataclass(frozen=True, slots=True)
class Word:
    """What a page says: a ticket, that it is for nobody, or neither."""

    ticket: str | None = None
    anonymous: bool = False
    until_closed: bool | None = None
    """Does the visitor's session end with the browser?  None: not known."""


NOTHING: Final = Word()


def word_for(request: HttpRequest | None, *, cached: bool = False) -> Word:
    """Takes no longer than a page may wait for its ticket.  Raises nothing but errors of
    databases inside `atomic`: the transaction may be broken, which must be known."""
    visit = visit_of(request)
    if request is None or visit is None or not visit.is_open:
        return NOTHING
    if cached or may_be_cached(request) or is_asynchronous():
        return NOTHING
    try:
        word = _word(request)
    except NoTicket:
        return NOTHING  # which was logged
    except Exception as error:
        if isinstance(error, DatabaseLayerError) and is_in_transaction():
            raise
        logger.exception("a page has no ticket")
        return NOTHING
    visit.is_personal = True
    return word


def _word(request: HttpRequest) -> Word:
    asked = ticket_request_of(request)
    if asked is None:
        return Word(anonymous=True)
    session = getattr(request, "session", None)
    return Word(
        ticket=ticket_for_page(asked).ticket,
        until_closed=None if session is None else session.get_expire_at_browser_close(),
    )


def may_be_cached(request: Any) -> bool:
    """By Django's cache middleware (or `cache_page`), or by a cache that this is called
    from: `{% cache %}`, `cache.get_or_set()`, `@cache_control(public=True)`, those of
    other packages.

    Most of them leave no mark, so what tells is the module of a caller: one that has a
    name with "cache" at its beginning.
    """
    if getattr(request, "_cache_update_cache", False):
        return True
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if _is_of_a_cache(frame):
            return True
        frame = frame.f_back
    return False


def _is_of_a_cache(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    return (
        "cache" in module
        and any(part.startswith("cache") for part in module.split("."))
        and frame.f_code is not NEVER_CACHE
    )


def is_in_transaction() -> bool:
    opened = connections.all(initialized_only=True)
    return any(connection.in_atomic_block for connection in opened)


def is_asynchronous() -> bool:
    """Is this an event loop's thread, in which nothing may be waited for?"""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
