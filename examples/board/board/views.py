"""The page and what its forms post to. Nothing here publishes: saving an order does."""

from decimal import Decimal

import telegraphy
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from . import bursts
from .events import NoteEvents
from .forms import NoteForm, OrderForm
from .models import Note, Order, Product, Status
from .team import PASSWORD, TEAM

ORDERS_KEPT = 200
"""The page knows this many of the latest orders, and shows the first few of them."""

TO_PACK = {"status": Status.PAID, "total__gte": Decimal(30)}
"""Which orders have to be packed. Asked of the database once, and of the gateway from then on."""

NOTES_KEPT = 20

FIELDS = ["id", "number", "customer", "product", "quantity", "status", "total", "created_at"]


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest) -> HttpResponse:
    form = OrderForm(request.POST or None)
    if request.method == "POST":
        valid = form.is_valid()
        if valid:
            form.save()
        if wants_json(request):
            return JsonResponse({"errors": form.errors}, status=200 if valid else 400)
        if valid:
            return redirect("board")
    user = request.user if request.user.is_authenticated else None
    choices = {
        "user": user and user.pk,
        "products": dict(Product.choices),
        "statuses": dict(Status.choices),
        "to_pack": str(telegraphy.Q(**TO_PACK)),
    }
    context = {
        "form": form,
        "orders": Order.objects.all()[:25],
        "to_pack": Order.objects.filter(**TO_PACK)[:5],
        "choices": choices,
        "notes": notes_of(user)[:NOTES_KEPT] if user else [],
        "note_form": user and NoteForm(author=user),
        "note_rule": str(NoteEvents.access),
        "team": TEAM,
        "password": PASSWORD,
    }
    return render(request, "board/board.html", context, status=400 if form.errors else 200)


@require_GET
def orders_json(request: HttpRequest) -> JsonResponse:
    """What a page loads when it cannot know that it missed nothing."""
    orders = Order.objects.values(*FIELDS)
    to_pack = orders.filter(**TO_PACK)[:ORDERS_KEPT]
    return JsonResponse({"orders": list(orders[:ORDERS_KEPT]), "to_pack": list(to_pack)})


@require_POST
def advance(request: HttpRequest) -> HttpResponse:
    key = request.POST.get("order", "")
    order = get_object_or_404(Order, pk=key if key.isdecimal() else None)
    moved = order.advance()
    if wants_json(request):
        return JsonResponse({"moved": moved})
    return redirect("board")


@require_POST
def burst(request: HttpRequest) -> HttpResponse:
    started = bursts.start()
    if wants_json(request):
        return JsonResponse({"started": started})
    if not started:
        messages.info(request, "A burst is on its way already.")
    return redirect("board")


# Notes, which are not for everyone


def notes_of(user) -> QuerySet[Note]:
    """What the rule of `NoteEvents` says, as the database knows it."""
    theirs = Q(recipient=None) | Q(recipient=user) | Q(author=user)
    return Note.objects.filter(theirs).select_related("author", "recipient")


@login_required
@require_GET
def notes_json(request: HttpRequest) -> JsonResponse:
    events = NoteEvents(Note)
    notes = [
        {
            "id": note.pk,
            "text": note.text,
            "writer": events.writer(note),
            "reader": events.reader(note),
            "created_at": note.created_at,
        }
        for note in notes_of(request.user)[:NOTES_KEPT]
    ]
    return JsonResponse({"notes": notes})


@login_required
@require_POST
def write_note(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST, author=request.user)
    valid = form.is_valid()
    if valid:
        form.save()
    if wants_json(request):
        return JsonResponse({"errors": form.errors}, status=200 if valid else 400)
    return redirect("board")


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    form = AuthenticationForm(request, request.POST)
    if form.is_valid():
        login(request, form.get_user())
    else:
        messages.error(request, "That is not the password.")
    return redirect("board")
