"""A small Django project of code that a page of the documentation shows."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from .gateway import binary
from .processes import PATIENCE_S, Program, free_ports

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
TELEGRAPHY = {{"CLIENT_PORT": {client_port}, "INGEST_PORT": {ingest_port}, **{further}}}
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

OTHER_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles"]


def snippet(text: str, language: str, holding: str) -> str:
    """The piece of code in `language`, of a page in Markdown, that holds these words."""
    found = [
        code
        for fence, code in re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        if fence == language and holding in code
    ]
    assert len(found) == 1, f"{len(found)} pieces of {language} with {holding!r}"
    return found[0]


class Site:
    """The app `shop` with the model `Order`, and the files that the page shows."""

    def __init__(
        self, folder: Path, installed: str, files: Mapping[str, str], further: str = "{}"
    ) -> None:
        self.folder = folder
        self.port, self.client_port, self.ingest_port = free_ports(3)
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        self.env = {
            "TELEGRAPHY_BINARY": str(binary()),
            "TELEGRAPHY_RUNTIME_DIR": str(runtime),
            "PYTHONUNBUFFERED": "1",
        }
        settings = SETTINGS.format(
            folder=folder,
            snippet=installed.replace("...", f"*{OTHER_APPS}, 'shop'"),
            client_port=self.client_port,
            ingest_port=self.ingest_port,
            further=further,
        )
        ours = {
            "manage.py": MANAGE,
            "urls.py": URLS,
            "settings.py": settings,
            "shop/__init__.py": "",
            "shop/models.py": MODELS,
        }
        for name, text in {**ours, **files}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        self.programs: list[Program] = []
        self.run("makemigrations", "shop")
        self.run("migrate")
        assert "no issues" in self.run("check")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self, name: str, *arguments: str) -> Program:
        program = Program(
            name,
            [sys.executable, "manage.py", *arguments],
            log=self.folder / f"{name}-{len(self.programs)}.log",
            cwd=self.folder,
            env=self.env,
        )
        self.programs.append(program)
        return program

    def run(self, *arguments: str) -> str:
        program = self.start(arguments[0], *arguments)
        assert program.process.wait(PATIENCE_S * 3) == 0, program.words()
        return program.words()

    def start_both(self) -> None:
        self.start("gateway", "telegraphy")
        self.start("web", "runserver", "--noreload", f"127.0.0.1:{self.port}")

    def end(self) -> None:
        for program in self.programs:
            if program.running:
                program.end()
