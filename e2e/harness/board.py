"""The demo project, run as its users run it: gateway and web server by `manage.py`."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from .gateway import ROOT, SANITIZER_REPORT, binary
from .processes import PATIENCE_S, Program, free_ports, until

PROJECT = ROOT / "examples/board"


class Board:
    """The order board on free ports, with a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.gateway_port, self.ingest_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}/"
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.env = {
            "BOARD_DATABASE": str(folder / "board.sqlite3"),
            "BOARD_GATEWAY_PORT": str(self.gateway_port),
            "BOARD_INGEST_PORT": str(self.ingest_port),
            "TELEGRAPHY_RUNTIME_DIR": str(runtime),
            "TELEGRAPHY_BINARY": str(binary()),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        self.gateway: Program | None = None
        self.web: Program | None = None
        self._gateways = 0
        self._consoles: list[Console] = []
        self.manage("migrate", "--verbosity", "0")
        self.manage("prepare_demo")

    def manage(self, *arguments: str) -> str:
        """A management command that ends by itself; what it said."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, f"manage.py {arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    # ---- its two programs

    def start_gateway(self) -> None:
        self._gateways += 1
        self.gateway = Program(
            "manage.py telegraphy",
            [sys.executable, "manage.py", "telegraphy"],
            log=self.folder / f"gateway-{self._gateways}.log",
            cwd=PROJECT,
            env=self.env,
        )
        self._await(self.gateway_port, "/healthz", self.gateway)
        until("the gateway knows the board's event types", self._has_types)

    def start_web(self) -> None:
        self.web = Program(
            "manage.py runserver",
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"],
            log=self.folder / "web.log",
            cwd=PROJECT,
            env=self.env,
        )
        self._await(self.port, "/orders.json", self.web)

    def _await(self, port: int, path: str, program: Program) -> None:
        def answers() -> bool:
            program.must_run()
            return self.get(port, path) is not None

        until(f"{program.name} answers", answers, PATIENCE_S * 2)

    def get(self, port: int, path: str) -> Any:
        """The JSON at `path`; None if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            return json.loads(body) if response.status == 200 else None
        except OSError:
            return None
        finally:
            connection.close()

    def _has_types(self) -> bool:
        """The catalogue has arrived: a client may subscribe to orders."""
        from .client import Client

        with Client(self.gateway_port) as client:
            types = client.request("types")["types"]
            return any(type["name"] == "board.Order" for type in types)

    def kill_gateway(self) -> None:
        """The gateway itself is killed; the command that ran it ends with it."""
        assert self.gateway is not None
        if self.gateway.running:
            os.kill(self.gateway.child("serve"), signal.SIGKILL)
            assert self.gateway.process.wait(PATIENCE_S) == 128 + signal.SIGKILL

    # ---- its data

    def console(self) -> "Console":
        """Another process of the project, in which code can be run."""
        console = Console(self)
        self._consoles.append(console)
        return console

    def orders(self) -> list[dict[str, Any]]:
        return self.get(self.port, "/orders.json")["orders"]

    def end(self) -> None:
        for console in self._consoles:
            console.end()
        for program in (self.web, self.gateway):
            if program is not None and program.running:
                program.end()
        for log in sorted(self.folder.glob("gateway-*.log")):
            found = SANITIZER_REPORT.search(log.read_text(errors="replace"))
            assert found is None, f"sanitizer report in {log}:\n{log.read_text()[-6000:]}"


class Console:
    """A process of the project that runs code, as a shell or a worker would.

    The code leaves what it has to say in `result`. Names live on from one piece to the next.
    """

    def __init__(self, board: Board) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "inside/console.py")],
            cwd=PROJECT,
            env={**os.environ, **board.env, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(board.folder / "console.log").open("ab"),
            text=True,
        )

    def run(self, code: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the console ended; see console.log"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def end(self) -> None:
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
