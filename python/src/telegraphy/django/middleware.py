"""`TelegraphyMiddleware`: pages may hold a ticket."""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from .._requests import DisconnectRequest
from ._courier import queue_end
from ._ending import replaced_session, was_changed
from ._kept import forget_words_of_others
from ._visit import Visit, begin, current
from .conf import conf

GetResponse = Callable[[HttpRequest], Any]


class TelegraphyMiddleware:
    """Place it after `AuthenticationMiddleware`.

    - It lets `{% telegraphy %}` put a ticket into the page, and makes such a response
      private, so that no cache shows it to another user.
    - It takes out of a page what that says of another visitor, where the project kept it.
    - After a login or logout it removes the cookie in which pages keep their session.
    - It tells the gateway of a Django session that goes on under another key.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._acall(request)
        visit = begin(request)
        token = current.set(visit)
        try:
            return finish(visit, self.get_response(request))
        finally:
            say(visit.end())
            current.reset(token)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        visit = begin(request)
        token = current.set(visit)
        try:
            return finish(visit, await self.get_response(request))
        finally:
            # Also where the browser has gone away meanwhile, and the task is cancelled.
            say(visit.end())
            current.reset(token)


def finish(visit: Visit, response: HttpResponseBase) -> HttpResponseBase:
    request = visit.request
    ends = visit.end()
    if visit.is_personal:
        patch_cache_control(response, private=True)
    else:
        forget_words_of_others(visit, response)
    if was_changed(request) and conf.session_cookie_name in request.COOKIES:
        response.delete_cookie(conf.session_cookie_name, samesite="Lax")
    replaced = replaced_session(request)
    if replaced is not None:
        ends.append(DisconnectRequest(session=replaced, reason="changed"))
    if ends:
        say_when_closed(ends, response)
    return response


def say_when_closed(ends: list[DisconnectRequest], response: HttpResponseBase) -> None:
    """A server closes a response when it has sent it.  One in whose place another
    middleware put its own never is: that is forgotten, which will do too."""
    closers: list[Callable[[], object]] = response._resource_closers  # type: ignore[attr-defined]
    closers.append(weakref.finalize(response, say, ends))


def say(ends: Iterable[DisconnectRequest]) -> None:
    for end in ends:
        queue_end(end)
