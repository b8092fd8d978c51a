"""The ten lines of docs/guide/django.md after which an order is its customer's alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.browser import Page
from harness.gateway import ROOT
from harness.processes import PATIENCE_S, until
from harness.site import Site, snippet

GUIDE = (ROOT / "docs/guide/django.md").read_text("utf-8")
LOGIN = GUIDE[GUIDE.index("\n## Who is there\n") : GUIDE.index("\n### What rules know")]

DJANGO = """
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.sessions", "telegraphy.django", ...]
DJANGO_S = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
"""

MODELS = """
from django.conf import settings
from django.db import models

class Order(models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default="new")
    total = models.DecimalField(max_digits=10, decimal_places=2, default=0)
"""

EVENTS = """
from telegraphy.django import ModelEvents, register

from .models import Order
"""

URLS = """
from django.contrib.auth.models import User
from django.contrib.auth import login, logout
from django.http import HttpResponse
from django.urls import include, path
from django.views.generic import TemplateView


def log_in(request, name):
    login(request, User.objects.get(username=name))
    return HttpResponse()


def log_out(request):
    logout(request)
    return HttpResponse()


page = [
    path("", TemplateView.as_view(template_name="page.html")),
    path("login/<str:name>", log_in),
    path("logout", log_out),
]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    middleware = snippet(LOGIN, "python", "# settings.py").replace("...", "*DJANGO_S")
    files = {
        "shop/models.py": MODELS,
        "shop/events.py": EVENTS + snippet(LOGIN, "python", "# shop/events.py"),
        "urls.py": URLS + snippet(LOGIN, "python", "# urls.py").replace("...", "*page"),
        "templates/page.html": "{% load telegraphy %}<!doctype html>{% telegraphy %}"
        f'<link rel="icon" href="data:,"><script type="module">{snippet(LOGIN, "js", "")}</script>',
    }
    site = Site(tmp_path, DJANGO + middleware, files)
    users = "from django.contrib.auth.models import User\n"
    site.run("shell", "-c", users + "[User.objects.create_user(name) for name in ('ada', 'bob')]")
    site.start_both()
    try:
        yield site
    finally:
        site.end()


def test_an_order_is_its_customer_s_alone(site: Site, open_page: Callable[..., Page]) -> None:
    pages = [open_page(), open_page()]

    def log_in(page: Page, name: str) -> bool:
        try:
            page.goto(f"{site.url}login/{name}")
        except AssertionError:
            return False
        return True

    for page, name in zip(pages, ("ada", "bob"), strict=True):
        until("the project answers", lambda one=page, who=name: log_in(one, who), PATIENCE_S * 2)
        page.goto(site.url)
        page.wait_for("() => telegraphy.state.user")
        page.evaluate("() => telegraphy.types()")  # answered after the page's own subscription
    create = """
from django.contrib.auth.models import User
from shop.models import Order
for name in ("ada", "bob"):
    Order.objects.create(customer=User.objects.get(username=name), number=f"of {name}")
"""
    site.run("shell", "-c", create)
    for page, name in zip(pages, ("ada", "bob"), strict=True):
        until("an order came", lambda one=page: logged(one))
        [line] = logged(page)
        assert line.startswith("log: add")
        assert f"of {name}" in line
    ada, bob = pages
    ada.beside(f"{site.url}logout")
    ada.wait_for("() => telegraphy.state.name === 'closed'")
    site.run("shell", "-c", create)
    until("a second order came", lambda: len(logged(bob)) == 2)
    assert len(logged(ada)) == 1


def logged(page: Page) -> list[str]:
    return [words for words in page.words() if words.startswith("log: ")]
