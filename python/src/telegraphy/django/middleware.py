"""`TelegraphyMiddleware`: pages may hold a ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from ._ending import end_replaced_session, was_changed
from ._page import MARK, Page
from .conf import conf

GetResponse = Callable[[HttpRequest], Any]


class TelegraphyMiddleware:
    """Place it after `AuthenticationMiddleware`.

    - It lets `{% telegraphy %}` put a ticket into the page, and makes such a response
      private, so that no cache shows it to another user.
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
        page = mark(request)
        return finish(request, page, self.get_response(request))

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        page = mark(request)
        return finish(request, page, await self.get_response(request))


def mark(request: HttpRequest) -> Page:
    page = Page()
    setattr(request, MARK, page)
    return page


def finish(
    request: HttpRequest, page: Page, response: HttpResponseBase
) -> HttpResponseBase:
    page.is_open = False
    if page.is_personal:
        patch_cache_control(response, private=True)
    if was_changed(request) and conf.session_cookie_name in request.COOKIES:
        response.delete_cookie(conf.session_cookie_name, samesite="Lax")
    end_replaced_session(request)
    return response
