"""What the README shows is done here, word for word, in a project that has nothing else."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.browser import Page
from harness.gateway import ROOT
from harness.processes import PATIENCE_S, until
from harness.site import Site, snippet

README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    files = {
        "shop/events.py": snippet(README, "python", "# shop/events.py"),
        "templates/page.html": snippet(README, "html", "{% telegraphy %}"),
    }
    site = Site(tmp_path, snippet(README, "python", "# settings.py"), files)
    (command,) = re.findall(r"^\$ python manage\.py (\w+)", README, re.MULTILINE)
    assert command == "telegraphy"
    site.start_both()
    try:
        yield site
    finally:
        site.end()


def test_the_readme_makes_a_live_page(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page()

    def loads() -> bool:
        try:
            page.goto(site.url)
        except AssertionError:
            return False
        return True

    until("the project answers", loads, PATIENCE_S * 2)
    page.wait_for("() => telegraphy.gateway.state.name === 'connected'")
    # The page's own subscription came first; when this one stands, so does that.
    page.evaluate("() => telegraphy.subscribe('shop.Order', () => {}).ready")
    # The page asks for `total > 100 && status == "paid"`: the order is nothing to it before it is
    # paid, and had left when it is deleted.
    code = """
from decimal import Decimal
from shop.models import Order
from shop.events import PriceChanged
order = Order.objects.create(number="A-1", total=Decimal("250.00"))
order.status = "paid"
order.save()
order.total = Decimal("300.00")
order.save()
order.total = Decimal("99.95")
order.save()
order.delete()
"""
    publish = re.search(r"^#\s+(PriceChanged\(.*\)\.publish\(\))$", README, re.MULTILINE)
    assert publish is not None
    site.run("shell", "-c", code + publish[1])
    until("the page logged three events", lambda: len(logged(page)) >= 3)
    assert [line.split()[1] for line in logged(page)] == ["add", "change", "remove"]


def logged(page: Page) -> list[str]:
    return [words for words in page.words() if words.startswith("log: ")]


def test_every_make_target_that_is_named_exists() -> None:
    texts = [README, (ROOT / "CONTRIBUTING.md").read_text("utf-8")]
    targets = {
        target
        for text in texts
        for line in re.findall(r"(?:^\$ |`)(make [a-z][^`\n]*)", text, re.MULTILINE)
        for target in re.findall(r"^make ([a-z][a-z0-9-]*)", line)
    }
    assert {"demo", "test", "help"} <= targets
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"there is no `make {target}`"
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "demo" in listed.stdout


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_every_link_to_a_file_leads_to_one(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert (ROOT / target).exists(), f"{name} links to {target}, which is not there"
