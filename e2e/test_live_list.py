"""What the guides show of queries, word for word: a list that keeps itself; trying rules."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.browser import Page
from harness.gateway import ROOT
from harness.processes import PATIENCE_S, until
from harness.site import Site, snippet

GUIDE = (ROOT / "docs/guide/queries.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")

URLS = """
from django.urls import path
from shop import views

urlpatterns = [path("", views.page), path("orders.json", views.rows)]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    files = {
        "urls.py": URLS,
        "shop/events.py": snippet(README, "python", "# shop/events.py"),
        "shop/views.py": snippet(GUIDE, "python", "# shop/views.py"),
        "templates/orders.html": snippet(GUIDE, "html", "{% telegraphy %}"),
    }
    site = Site(tmp_path, snippet(README, "python", "# settings.py"), files)
    site.start_both()
    try:
        yield site
    finally:
        site.end()


def save(site: Site, code: str) -> None:
    site.run("shell", "-c", f"from shop.models import Order\n{code}")


def listed(page: Page) -> str:
    return page.text("#orders")


def test_the_list_has_what_its_condition_says_at_every_moment(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page()

    def loads() -> bool:
        try:
            page.goto(site.url)
        except AssertionError:
            return False
        return True

    save(
        site,
        "Order.objects.create(number='FIRST', status='open', total=100)\n"
        "Order.objects.create(number='SMALL', status='open', total=99)",
    )
    until("the project answers", loads, PATIENCE_S * 2)
    until("the first order is there", lambda: listed(page) == "FIRST: 100.00", PATIENCE_S)
    save(site, "Order.objects.create(number='SECOND', status='open', total=200)")
    until("the second is there", lambda: "SECOND: 200.00" in listed(page))
    save(
        site,
        "Order.objects.get(number='FIRST').delete()\n"
        "paid = Order.objects.get(number='SECOND')\n"
        "paid.status = 'paid'\n"
        "paid.save()\n"
        "small = Order.objects.get(number='SMALL')\n"
        "small.total = 101\n"
        "small.save()",
    )
    until("the third took their place", lambda: listed(page) == "SMALL: 101.00")

    # The fetch is slow, and an order comes between what it found and its answer.
    page.evaluate(
        """() => {
            const fetched = window.fetch;
            window.fetch = async (...of) => {
                const answer = await fetched(...of);
                window.held = true;
                await new Promise((release) => { window.release = release; });
                return answer;
            };
        }"""
    )
    [gateway] = [one for one in site.programs if one.name == "gateway"]
    gateway.end()
    site.start("gateway", "telegraphy")
    page.wait_for("() => window.held", timeout_s=PATIENCE_S * 2)
    page.evaluate(
        """() => telegraphy.subscribe('shop.Order', ({ data }) => {
            window.seen = data.number;
        }).ready.then(() => undefined)"""
    )
    save(site, "Order.objects.create(number='LATE', status='open', total=300)")
    page.wait_for("() => window.seen === 'LATE'")
    assert "LATE" not in listed(page)
    page.evaluate("() => window.release()")
    until("both are there", lambda: listed(page) == "SMALL: 101.00\nLATE: 300.00")


def test_rules_are_tried_as_the_guide_says(tmp_path: Path, open_page: Callable[..., Page]) -> None:
    django = (ROOT / "docs/guide/django.md").read_text("utf-8")
    events = """
from telegraphy.django import ModelEvents, register
from .models import Order

@register(Order)
class OrderEvents(ModelEvents):
    fields = ["number"]
    rule_fields = ["total"]
    access = "total == auth.user_id"
"""
    exec(snippet(django, "python", "testing.claims"), settings := {})
    site = Site(
        tmp_path,
        snippet(README, "python", "# settings.py"),
        {"shop/events.py": events},
        further=repr(settings["TELEGRAPHY"]),
    )
    try:
        site.start("gateway", "telegraphy")
        until("the gateway is up", lambda: is_up(site.client_port), PATIENCE_S * 2)
        page = open_page(f"http://127.0.0.1:{site.client_port}/healthz")
        script = snippet(django, "js", "'telegraphy.v1'").replace("1844", str(site.client_port))
        page.evaluate(f"() => {{ {script} }}")
        until("it is subscribed", lambda: '"subscribed"' in str(page.words()))
        save(
            site,
            "Order.objects.create(number='OTHERS', total=8)\n"
            "Order.objects.create(number='OWN', total=7)",
        )
        until("the event came", lambda: "OWN" in str(page.words()))
        assert "OTHERS" not in str(page.words())
    finally:
        site.end()


def is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
