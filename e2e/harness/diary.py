"""The project of `diary/`, whose rows are not for everyone."""

from typing import Any

from .client import Client
from .gateway import ROOT
from .project import Project


class Diary(Project):
    code = ROOT / "e2e/diary"
    prelude = "from diary.models import *\nfrom diary.events import Mark"

    def settings(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "settings",
            "DIARY_DATABASE": str(self.folder / "diary.sqlite3"),
            "DIARY_GATEWAY_PORT": str(self.gateway_port),
            "DIARY_INGEST_PORT": str(self.ingest_port),
        }

    def has_types(self) -> bool:
        with self.connect(user_id=0) as client:
            return len(client.request("types")["types"]) == 3

    def connect(self, **claims: Any) -> Client:
        """Somebody of whom the gateway believes what they say of themselves."""
        client = Client(self.gateway_port, connect=False)
        answer = client.request("connect", claims=claims)
        assert answer["kind"] == "connected", answer
        return client
