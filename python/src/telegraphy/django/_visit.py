"""A request on its way through the project, as the middleware sees it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.contrib.auth import SESSION_KEY

from ._identity import loaded_session

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .._requests import DisconnectRequest

ATTRIBUTE: Final = "_telegraphy_visit"


@dataclass(slots=True, eq=False)
class Visit:
    request: HttpRequest

    is_open: bool = True
    """Can the headers of the response still be changed?"""

    is_personal: bool = False
    """Does the page say who looks at it?"""

    postponed: list[DisconnectRequest] = field(default_factory=list)
    """What is said once the response is with the browser: pages that are told to come
    back, and do so before they have the new session's cookie, would come as nobody."""

    def postpone(self, end: DisconnectRequest) -> bool:
        """Whether it is about who made this request: as when they change their own
        password."""
        session = loaded_session(self.request)
        if (
            end.reason != "changed"
            or session is None
            or session.get(SESSION_KEY) != end.user
        ):
            return False
        postponed = self.postponed
        postponed.append(end)
        if self.is_open:
            return True
        # It has ended, perhaps just now in another thread: too late to be taken along.
        postponed.remove(end)
        return False

    def end(self) -> list[DisconnectRequest]:
        """Nothing is postponed after this.  What was."""
        self.is_open = False
        ends, self.postponed = self.postponed, []
        return ends


current: Final[ContextVar[Visit | None]] = ContextVar("telegraphy_visit", default=None)


def begin(request: HttpRequest) -> Visit:
    visit = Visit(request)
    setattr(request, ATTRIBUTE, visit)
    return visit


def visit_of(request: object) -> Visit | None:
    """None without the middleware."""
    visit: Visit | None = getattr(request, ATTRIBUTE, None)
    return visit
