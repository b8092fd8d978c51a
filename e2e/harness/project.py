"""A Django project, run as its users run it: the gateway by `manage.py telegraphy`, and code in
processes of their own."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from .gateway import SANITIZER_REPORT, binary
from .processes import PATIENCE_S, Program, free_ports, until


class Project:
    """On free ports, and with a database of its own in `folder`."""

    code: Path
    """Where its `manage.py` is."""

    prelude: str
    """What a console runs first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.gateway_port, self.ingest_port = free_ports(3)
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.env = {
            "TELEGRAPHY_RUNTIME_DIR": str(runtime),
            "TELEGRAPHY_BINARY": str(binary()),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.settings(),
        }
        self.url = f"http://127.0.0.1:{self.port}/"
        self.gateway: Program | None = None
        self.web: Program | None = None
        self._gateways = 0
        self._consoles: list[Console] = []

    def settings(self) -> dict[str, str]:
        """The environment that its settings look at."""
        raise NotImplementedError

    def has_types(self) -> bool:
        """Has the catalogue arrived at the gateway?"""
        raise NotImplementedError

    def manage(self, *arguments: str) -> str:
        """A management command that ends by itself; what it said."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, f"manage.py {arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def start_gateway(self) -> None:
        self._gateways += 1
        self.gateway = Program(
            "manage.py telegraphy",
            [sys.executable, "manage.py", "telegraphy"],
            log=self.folder / f"gateway-{self._gateways}.log",
            cwd=self.code,
            env=self.env,
        )
        self.wait_for(self.gateway_port, "/healthz", self.gateway)
        until("the gateway knows the project's event types", self.has_types)

    def start_web(self, path: str) -> None:
        """The web server, which has started when it answers with JSON at `path`."""
        self.web = Program(
            "manage.py runserver",
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"],
            log=self.folder / "web.log",
            cwd=self.code,
            env=self.env,
        )
        self.wait_for(self.port, path, self.web)

    def kill_gateway(self) -> None:
        """The gateway itself is killed; the command that ran it ends with it."""
        assert self.gateway is not None
        if self.gateway.running:
            os.kill(self.gateway.child("serve"), signal.SIGKILL)
            assert self.gateway.process.wait(PATIENCE_S) == 128 + signal.SIGKILL

    def wait_for(self, port: int, path: str, program: Program) -> None:
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

    def console(self) -> "Console":
        """Another process of the project, in which code can be run."""
        console = Console(self)
        self._consoles.append(console)
        return console

    def end(self) -> None:
        for console in self._consoles:
            console.end()
        if self.web is not None and self.web.running:
            self.web.end()
        if self.gateway is not None and self.gateway.running:
            self.gateway.end()
        for log in sorted(self.folder.glob("gateway-*.log")):
            found = SANITIZER_REPORT.search(log.read_text(errors="replace"))
            assert found is None, f"sanitizer report in {log}:\n{log.read_text()[-6000:]}"


class Console:
    """A process of the project that runs code, as a shell or a worker would.

    The code leaves what it has to say in `result`. Names live on from one piece to the next.
    """

    def __init__(self, project: Project) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "inside/console.py")],
            cwd=project.code,
            env={
                **os.environ,
                **project.env,
                "PYTHONPATH": os.pathsep.join(
                    filter(None, (str(project.code), os.environ.get("PYTHONPATH")))
                ),
                "CONSOLE_PRELUDE": project.prelude,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(project.folder / "console.log").open("ab"),
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
