"""What the README shows is done here, word for word, in a project that has nothing else."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.browser import Page
from harness.gateway import ROOT, binary
from harness.processes import PATIENCE_S, Program, free_ports, until

README = (ROOT / "README.md").read_text("utf-8")

MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""

SETTINGS = """
DEBUG = True
SECRET_KEY = "of-a-test-that-lasts-a-minute"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
STATIC_URL = "static/"
USE_TZ = True
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{folder}/db.sqlite3"}}}}
TEMPLATES = [{{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": ["{folder}/templates"],
}}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
{snippet}
# Other tests run beside this one: not the default ports.
TELEGRAPHY = {{"CLIENT_PORT": {client_port}, "INGEST_PORT": {ingest_port}}}
"""

MODELS = """
from django.db import models

class Order(models.Model):
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default="new")
    total = models.DecimalField(max_digits=10, decimal_places=2)
"""

URLS = """
from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [path("", TemplateView.as_view(template_name="page.html"))]
"""


def snippet(language: str, holding: str) -> str:
    """The README's piece of code in `language` that holds these words."""
    found = [
        code
        for fence, code in re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
        if fence == language and holding in code
    ]
    assert len(found) == 1, f"{len(found)} pieces of {language} with {holding!r} in the README"
    return found[0]


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.client_port, self.ingest_port = free_ports(3)
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        self.env = {
            "TELEGRAPHY_BINARY": str(binary()),
            "TELEGRAPHY_RUNTIME_DIR": str(runtime),
            "PYTHONUNBUFFERED": "1",
        }
        settings = snippet("python", "# settings.py").replace("...", f"*{OTHER_APPS}, 'shop'")
        files = {
            "manage.py": MANAGE,
            "urls.py": URLS,
            "settings.py": SETTINGS.format(
                folder=folder,
                snippet=settings,
                client_port=self.client_port,
                ingest_port=self.ingest_port,
            ),
            "shop/__init__.py": "",
            "shop/models.py": MODELS,
            "shop/events.py": snippet("python", "# shop/events.py"),
            "templates/page.html": snippet("html", "{% telegraphy %}"),
        }
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)

    def start(self, name: str, *arguments: str) -> Program:
        return Program(
            name,
            [sys.executable, "manage.py", *arguments],
            log=self.folder / f"{name}.log",
            cwd=self.folder,
            env=self.env,
        )

    def run(self, *arguments: str) -> str:
        program = self.start(arguments[0], *arguments)
        assert program.process.wait(PATIENCE_S * 3) == 0, program.words()
        return program.words()


OTHER_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    project.run("makemigrations", "shop")
    project.run("migrate")
    assert "no issues" in project.run("check")
    (command,) = re.findall(r"^\$ python manage\.py (\w+)", README, re.MULTILINE)
    programs = [
        project.start("gateway", command),
        project.start("web", "runserver", "--noreload", f"127.0.0.1:{project.port}"),
    ]
    try:
        yield project
    finally:
        for program in programs:
            if program.running:
                program.end()


def test_the_readme_makes_a_live_page(project: Project, open_page: Callable[..., Page]) -> None:
    page = open_page()

    def loads() -> bool:
        try:
            page.goto(f"http://127.0.0.1:{project.port}/")
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
    project.run("shell", "-c", code + publish[1])
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
