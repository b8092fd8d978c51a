"""The project of `club/`: Django's own login, and events that are not for everyone."""

from collections.abc import Mapping
from pathlib import Path

from .client import Client
from .gateway import ROOT
from .project import Project


class Club(Project):
    code = ROOT / "e2e/club"
    prelude = """
from django.contrib.auth.models import Permission, User
from club.models import Letter, Notice
from club.events import Minutes, SafeOpened
"""

    def __init__(self, folder: Path, **further: str) -> None:
        """`further` is for the environment that its settings look at."""
        self.further = further
        super().__init__(folder)
        self.manage("migrate", "--run-syncdb", "--verbosity", "0")

    def settings(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "settings",
            "CLUB_DATABASE": str(self.folder / "club.sqlite3"),
            "CLUB_GATEWAY_PORT": str(self.gateway_port),
            "CLUB_INGEST_PORT": str(self.ingest_port),
            **self.further,
        }

    def has_types(self) -> bool:
        with Client(self.gateway_port) as client:
            types = client.request("types")["types"]
            return [one["name"] for one in types] == ["club.Notice"]

    def counts(self) -> Mapping[str, int]:
        """How often each address was asked: "POST /telegraphy/ticket/"."""
        counts: Mapping[str, int] = self.get(self.port, "/counts.json")
        return counts
