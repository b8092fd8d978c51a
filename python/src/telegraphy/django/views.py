"""The ticket view: how a client becomes the user whom Django knows.

GET    {"csrf_token": "…"}, and the cookie that belongs to it
POST   {"ticket": "…", "expires_in_ms": 30000}; {"ticket": null} for nobody
       503 {"error": "…"} with Retry-After while no gateway gives tickets
"""

from __future__ import annotations

import math
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_protect

from ._identity import ticket_request_of
from ._tickets import NoTicket, ticket_for_view


@login_not_required  # nobody gets an answer too, and no page to log in at
@cache_control(no_store=True)
@csrf_protect
def ticket(request: HttpRequest) -> HttpResponse:
    if request.method in ("GET", "HEAD"):
        return JsonResponse({"csrf_token": get_token(request)})
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    asked = ticket_request_of(request)
    if asked is None:
        return JsonResponse({"ticket": None})
    try:
        made = ticket_for_view(asked)
    except NoTicket as error:
        return JsonResponse(
            {"error": str(error)},
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            headers={"Retry-After": str(math.ceil(error.retry_after))},
        )
    return JsonResponse({"ticket": made.ticket, "expires_in_ms": made.expires_in_ms})
