"""The demo project, with its web server."""

from pathlib import Path
from typing import Any

from .client import Client
from .gateway import ROOT
from .project import Project

PROJECT = ROOT / "examples/board"


class Board(Project):
    """The order board."""

    code = PROJECT
    prelude = "from board.models import *\nfrom board.events import *"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.manage("migrate", "--verbosity", "0")
        self.manage("prepare_demo")

    def settings(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "BOARD_DATABASE": str(self.folder / "board.sqlite3"),
            "BOARD_GATEWAY_PORT": str(self.gateway_port),
            "BOARD_INGEST_PORT": str(self.ingest_port),
        }

    def has_types(self) -> bool:
        with Client(self.gateway_port) as client:
            types = client.request("types")["types"]
            return any(type["name"] == "board.Order" for type in types)

    def start(self) -> None:
        self.start_gateway()
        self.start_web("/orders.json")

    def orders(self) -> list[dict[str, Any]]:
        return self.get(self.port, "/orders.json")["orders"]
