"""Tickets for a request's user: the gateway makes them, or this project signs them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from .. import _outlet
from .._errors import GatewayError, Refused, Unreachable
from .._publisher import hints
from .._signing import signed
from .conf import conf

if TYPE_CHECKING:
    from .._answers import Ticket
    from .._requests import TicketRequest

logger: Final = logging.getLogger("telegraphy")

PAGE_PAUSE_SECONDS: Final = 5.0
VIEW_PAUSE_SECONDS: Final = 1.0
VIEW_TIMEOUT_SECONDS: Final = 2.0
"""A request of the ticket view may wait longer than a page."""

REFUSED_TO_ALL: Final = (
    "forbidden",
    "internal",
    "invalid_key",
    "not_supported",
    "overloaded",
    "unknown_kind",
)
"""Every other refusal is about one request, and says nothing of the next user's."""


class NoTicket(Exception):
    """The gateway gives none now.  `retry_after` is in seconds."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Breaker:
    """After a failure nobody asks for a while: who has to wait for a gateway that does
    not answer should do so once, not in every request of this process."""

    def __init__(
        self, pause: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.pause: Final = pause
        self._monotonic = monotonic
        self._open_until = 0.0
        self._reason = ""

    def check(self) -> None:
        left = self._open_until - self._monotonic()
        if left > 0:
            raise NoTicket(self._reason, left)

    def fail(self, reason: str) -> NoTicket:
        self._reason = reason
        self._open_until = self._monotonic() + self.pause
        return NoTicket(reason, self.pause)

    def close(self) -> None:
        self._open_until = 0.0


_pages: Final = Breaker(PAGE_PAUSE_SECONDS)
_views: Final = Breaker(VIEW_PAUSE_SECONDS)


def ticket_for_page(request: TicketRequest) -> Ticket:
    return _ticket(request, _pages, conf.ticket_timeout)


def ticket_for_view(request: TicketRequest) -> Ticket:
    return _ticket(request, _views, max(conf.ticket_timeout, VIEW_TIMEOUT_SECONDS))


def forget_failures(**_kwargs: Any) -> None:
    """Receives `setting_changed`: perhaps there is another gateway now."""
    _pages.close()
    _views.close()


def _ticket(request: TicketRequest, breaker: Breaker, timeout: float) -> Ticket:
    if conf.tickets == "signed":
        return signed(request, conf.signing_key)
    breaker.check()
    try:
        ticket = _outlet.current_backend().ticket(request, timeout=timeout)
    except Unreachable as error:
        logger.warning("no ticket: %s. %s", error, hints.start)
        raise breaker.fail("no gateway answers") from None
    except Refused as error:
        logger.error("no ticket: %s", hints.with_key(error))
        if error.code not in REFUSED_TO_ALL:
            raise NoTicket("the gateway gives no ticket", breaker.pause) from None
        raise breaker.fail("the gateway gives no ticket") from None
    except GatewayError as error:
        logger.error("no ticket: %s", error)
        raise breaker.fail("the gateway gives no ticket") from None
    breaker.close()
    return ticket
