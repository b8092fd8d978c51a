"""The end of identities: telling the gateway whose connections to close.

Said after the commit, by the publisher's queue: in order with the events, again while the
gateway is away, and never waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY

from .._requests import DisconnectRequest, Reason
from ._courier import end_after_commit
from ._identity import cookie_session_of, cookie_user_of, loaded_session, session_of

if TYPE_CHECKING:
    from django.http import HttpRequest

ENDED: Final[Reason] = "ended"
CHANGED: Final[Reason] = "changed"

CHANGED_MARK: Final = "_telegraphy_identity_changed"
REPLACED_MARK: Final = "_telegraphy_session_replaced"


def disconnect(user: Any, reason: Reason = ENDED, *, using: str | None = None) -> None:
    """End what a user (or the key of one) is at the gateway, on every device.

    "ended": their connections are closed, and do not come back by themselves.
    "changed": they come back with a new ticket, and so with what holds now.

    Never waits, never fails because of the gateway; after the commit of the transaction
    that is open on the database `using`.
    """
    key = getattr(user, "pk", user)
    if key is None:
        raise ValueError(f"{user!r} has no key: nobody could be connected as this user")
    end_after_commit(DisconnectRequest(user=str(key), reason=reason), using=using)


async def adisconnect(
    user: Any, reason: Reason = ENDED, *, using: str | None = None
) -> None:
    """`disconnect` for asynchronous code."""
    await sync_to_async(disconnect)(user, reason, using=using)


# -- sessions of Django


def end_session(request: HttpRequest, user: Any) -> None:
    """Somebody logs out.  Without a name for their session, all of theirs end."""
    session = session_of(request)
    if session is not None:
        end_after_commit(DisconnectRequest(session=session, reason=ENDED))
    elif user is not None:
        disconnect(user)


def replaced_session(request: HttpRequest) -> str | None:
    """The session that the request came with, if the user's has another key by now.
    Nobody could end any more what is bound to the old one.  Told once a request."""
    session = loaded_session(request)
    if session is None or hasattr(request, REPLACED_MARK):
        return None
    before = cookie_session_of(request)
    if before is None or SESSION_KEY not in session or before == session_of(request):
        return None
    setattr(request, REPLACED_MARK, True)
    return before


def end_replaced_session(request: HttpRequest) -> None:
    """Somebody logs in where perhaps another was.  Without a name for the session before,
    all of that user's end."""
    before = replaced_session(request)
    if before is not None:
        end_after_commit(DisconnectRequest(session=before, reason=ENDED))
    session = loaded_session(request)
    another = cookie_user_of(request)
    if session is not None and another not in (None, session.get(SESSION_KEY)):
        disconnect(another)


def mark_changed(request: HttpRequest) -> None:
    """The user of this request is another from now on."""
    setattr(request, CHANGED_MARK, True)


def was_changed(request: HttpRequest) -> bool:
    return hasattr(request, CHANGED_MARK)
