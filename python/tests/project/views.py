"""Pages of every kind that can be cached, and logging in without a form."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from asgiref.sync import markcoroutinefunction
from django.contrib.auth import get_user_model, login, logout, update_session_auth_hash
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.views.decorators.cache import cache_control, cache_page, never_cache
from django.views.decorators.vary import vary_on_cookie

from telegraphy import current_backend

TEMPLATES = {
    "page": "{% load telegraphy %}{% telegraphy %}",
    "fragment": (
        "{% load cache telegraphy %}{% cache 60 head %}{% telegraphy %}{% endcache %}"
    ),
    "included": "{% load cache %}{% cache 60 inc %}{% include inner %}{% endcache %}",
    "declared": "{% load telegraphy %}{% telegraphy cached=True %}",
    "jinja": "{{ telegraphy() }}",
}


def text(request: HttpRequest, template: str = "page") -> str:
    engine = engines["jinja2" if template == "jinja" else "django"]
    context = {}
    if template == "included":
        context["inner"] = engine.from_string(TEMPLATES["page"])
        context["inner"] = context["inner"].template
    return str(engine.from_string(TEMPLATES[template]).render(context, request))


def page(request: HttpRequest, template: str = "page") -> HttpResponse:
    return HttpResponse(text(request, template))


async def asynchronous_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(text(request))


def streamed_page(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        yield text(request)

    return StreamingHttpResponse(parts())


cached_page = cache_page(60)(page)
page_cached_for_each = cache_page(60)(vary_on_cookie(page))


def remembered_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(cache.get_or_set("remembered", lambda: text(request)))


def kept_page(request: HttpRequest) -> HttpResponse:
    """As by hand, in a module that has nothing of a cache in its name."""
    kept = cache.get("kept")
    if kept is None:
        kept = text(request)
        cache.set("kept", kept)
    return HttpResponse(kept, headers={"Content-Length": str(len(kept))})


never_cached_page = never_cache(page)
public_page = cache_control(public=True, max_age=60)(page)


def later_public_page(request: HttpRequest) -> HttpResponse:
    """It says that it is public when the tag is through."""
    response = page(request)
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


def log_in(request: HttpRequest, name: str) -> HttpResponse:
    users = get_user_model()._default_manager
    login(request, users.get(**{get_user_model().USERNAME_FIELD: name}))
    return HttpResponse()


class Wrapped:
    """A request around another."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> object:
        return getattr(self._request, name)


def log_in_wrapped(request: HttpRequest, name: str) -> HttpResponse:
    login(Wrapped(request), get_user_model()._default_manager.get(username=name))
    return HttpResponse()


def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse()


def change_password(request: HttpRequest) -> HttpResponse:
    """One's own, and that of another."""
    request.user.set_password("new")
    request.user.save()
    update_session_auth_hash(request, request.user)
    for other in get_user_model().objects.exclude(pk=request.user.pk):
        other.set_password("new")
        other.save()
    return HttpResponse(",".join(one.user for one in current_backend().disconnects))


class Replacing:
    """Middleware that answers in the view's place, as `ConditionalGetMiddleware` may."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.get_response(request)
        return HttpResponse("another")


class Failing(Replacing):
    def __call__(self, request: HttpRequest) -> HttpResponse:
        super().__call__(request)
        raise PermissionDenied


class GoneAway:
    """Asynchronous middleware whose browser does not wait for the answer."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[..., Awaitable[HttpResponse]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        await self.get_response(request)
        raise asyncio.CancelledError


def cycle_key(request: HttpRequest) -> HttpResponse:
    request.session.cycle_key()
    return HttpResponse()
