"""Who a request's user is, as the gateway gets to know it with a ticket."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.core.exceptions import SuspiciousOperation
from django.utils.module_loading import import_string

from .._registry import registry
from .._requests import TicketRequest, is_origin
from ._claims import claims_of

if TYPE_CHECKING:
    from django.http import HttpRequest

DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def ticket_request_of(request: HttpRequest) -> TicketRequest | None:
    """None for nobody.  What the project's own code raises is let through, and so is
    `InvalidRequest` for what no gateway would take."""
    user = user_of(request)
    if user is None:
        return None
    return TicketRequest(
        user=str(user.pk),
        claims=claims_of(request, user),
        types=registry.checked_types_for(user),
        origin=origin_of(request),
        session=session_of(request),
        session_life=_session_life(request),
    )


def user_of(request: HttpRequest) -> Any:
    """The user who is logged in; None without one, or if they are no longer active."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not getattr(user, "is_active", True):
        return None
    return user


def origin_of(request: HttpRequest) -> str:
    """What the browser will say as its Origin: as it said, or the page's own."""
    said = request.headers.get("Origin")
    if is_origin(said):
        return str(said)
    scheme = request.scheme or "http"
    host = request.get_host().lower().removesuffix(DEFAULT_PORTS.get(scheme, ""))
    own = f"{scheme}://{host}"
    if not is_origin(own):
        raise SuspiciousOperation(f"no page has the origin {own!r}")
    return own


def loaded_session(request: HttpRequest) -> Any:
    """Django's session, if something has looked into it: so that to look again asks no
    database, which in an event loop would be an error."""
    session = getattr(request, "session", None)
    return session if hasattr(session, "_session_cache") else None


def session_of(request: HttpRequest) -> str | None:
    """The digest of Django's session, by which the gateway is told of its end."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    return digest_of(key)


def cookie_session_of(request: HttpRequest) -> str | None:
    """The digest of the session that the request came with."""
    return digest_of(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


def cookie_user_of(request: HttpRequest) -> str | None:
    """The key of the user whose session the request came with, if all of that is in the
    cookie, and so cannot be asked for by name."""
    text = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not text or has_stable_keys():
        return None
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    user: str | None = store(text).get(SESSION_KEY)
    return user


def digest_of(session_key: str | None) -> str | None:
    """A digest, so that who reads it where it is kept cannot use the session.  It does
    not depend on SECRET_KEY, which may change while sessions live on."""
    if not session_key or not has_stable_keys():
        return None
    return hashlib.sha256(b"telegraphy.session " + session_key.encode()).hexdigest()


def has_stable_keys() -> bool:
    """Sessions that live in a cookie alone have another key whenever they are saved."""
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    return not issubclass(store, SignedCookies)


def _session_life(request: HttpRequest) -> timedelta | None:
    """As long as Django's sessions, at most.  How much of this one is over, only some of
    the places know in which it may be kept."""
    session = getattr(request, "session", None)
    if session is None:
        return None
    return timedelta(seconds=max(1, session.get_expiry_age()))
