"""The real gateway, as its operators run it: a configuration file and signals."""

import http.client
import json
import os
import re
import secrets
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .processes import PATIENCE_S, Program, free_ports, until

ROOT = Path(__file__).resolve().parents[2]

SANITIZER_REPORT = re.compile(
    r"ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|: runtime error: |SUMMARY: \w*Sanitizer"
)


def binary() -> Path:
    """The gateway to test: $TELEGRAPHY_BINARY, or the one that `make build` makes."""
    path = Path(os.environ.get("TELEGRAPHY_BINARY", ROOT / "build/gateway/telegraphy"))
    if not path.is_file():
        raise AssertionError(
            f"there is no gateway at {path}: run `make build`, or set TELEGRAPHY_BINARY"
        )
    return path.resolve()


def plain_binary() -> Path:
    """One without sanitizers, to measure memory with: they multiply it.

    $TELEGRAPHY_PLAIN_BINARY, or the one that `make build` makes, or the one to test."""
    path = Path(os.environ.get("TELEGRAPHY_PLAIN_BINARY", ROOT / "build/gateway/telegraphy"))
    path = path.resolve() if path.is_file() else binary()
    assert b"__asan_init" not in path.read_bytes(), f"{path} is sanitized: run `make build` too"
    return path


def field(name: str, type: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, **more}


def event_type(name: str, **changes: Any) -> dict[str, Any]:
    """A type of a catalogue: a number and a text, public, told as custom events."""
    return {
        "name": name,
        "operations": ["event"],
        "access": "public",
        "fields": [field("n", "int"), field("text", "string", nullable=True)],
        **changes,
    }


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Gateway:
    """One gateway on ports of its own. It can be killed, and started again where it was."""

    def __init__(
        self,
        folder: Path,
        *,
        apps: tuple[str, ...] = ("test",),
        conformance: bool = False,
        program: Path | None = None,
        trust: ssl.SSLContext | None = None,
        **settings: Any,
    ) -> None:
        """With `trust` the clients' port is one of TLS: `settings` have its certificate."""
        self.folder = folder
        self.binary = program or binary()
        self.trust = trust
        folder.mkdir(parents=True, exist_ok=True)
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.client_port, self.ingest_port, self.conformance_port = free_ports(3)
        self.keys = {app: secrets.token_hex(16) for app in apps}
        self.key = self.keys[apps[0]]
        self.app = apps[0]
        self.url = f"{'wss' if trust else 'ws'}://127.0.0.1:{self.client_port}/v1/websocket"
        self.zmq = f"ipc://{runtime}/ingest-{self.ingest_port}.ipc"
        self.runtime = runtime
        self.config = folder / "telegraphy.yaml"
        if conformance:
            settings["conformance"] = {"enabled": True, "port": self.conformance_port}
        self.config.write_text(json.dumps(self._settings(settings), indent=1) + "\n")
        self.program: Program | None = None
        self._starts = 0
        self._asked_to_end = False

    def _settings(self, changes: dict[str, Any]) -> dict[str, Any]:
        """What the file holds: JSON is YAML. `changes` are merged by section."""
        settings: dict[str, Any] = {
            "shards": 2,
            "runtime_dir": str(self.runtime),
            "clients": {"host": "127.0.0.1", "port": self.client_port},
            # All that tests do comes from one address; test_limits.py sets these.
            "limits": {
                "address_connections_max": 0,
                "address_connects_per_minute": 0,
                "address_refusals_per_minute": 0,
            },
            "ingest": {
                "port": self.ingest_port,
                "keys": [{"app": app, "key": key} for app, key in self.keys.items()],
            },
        }
        for section, values in changes.items():
            if isinstance(values, dict):
                settings.setdefault(section, {}).update(values)
            else:
                settings[section] = values
        return settings

    # ---- its life

    def start(self) -> "Gateway":
        self._starts += 1
        self._asked_to_end = False
        self.program = Program(
            "the gateway",
            [str(self.binary), "serve", "--config", str(self.config)],
            log=self.folder / f"gateway-{self._starts}.log",
            env={
                "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:strict_string_checks=1",
                "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                "TSAN_OPTIONS": "halt_on_error=1",
            },
        )
        until("the gateway is healthy", self._is_healthy)
        return self

    def _is_healthy(self) -> bool:
        assert self.program is not None
        self.program.must_run()
        try:
            return all(
                self.http("GET", "/healthz", port=port).status == 200
                for port in (self.client_port, self.ingest_port)
            )
        except OSError:
            return False

    def kill(self) -> None:
        """As a crash would."""
        assert self.program is not None
        self.program.kill()

    def ask_to_end(self) -> None:
        """SIGTERM, once: a second one would end it at once."""
        assert self.program is not None
        if not self._asked_to_end:
            self._asked_to_end = True
            self.program.process.send_signal(signal.SIGTERM)

    def wait_for_end(self) -> int:
        assert self.program is not None
        return self.program.process.wait(PATIENCE_S)

    def stop(self) -> None:
        """In good order: it ends with status 0, and no sanitizer has found anything."""
        if self.program is None or not self.program.running:
            self.check_words()
            return
        self.ask_to_end()
        try:
            status = self.wait_for_end()
        finally:
            self.program.kill()
        self.check_words()
        assert status == 0, (
            f"the gateway ended with status {status}: {self.program.words()[-2000:]}"
        )

    def check_words(self) -> None:
        for log in sorted(self.folder.glob("gateway-*.log")):
            words = log.read_text(errors="replace")
            found = SANITIZER_REPORT.search(words)
            assert found is None, (
                f"sanitizer report in {log}:\n{words[found.start() - 200 :][:6000]}"
            )

    @property
    def pid(self) -> int:
        assert self.program is not None
        return self.program.pid

    def memory_kb(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])  # type: ignore[index]

    # ---- what an application says to it

    def http(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        *,
        headers: dict[str, str] | None = None,
        key: str | None = None,
        port: int | None = None,
    ) -> Answer:
        """One request to the ingest port, unless another is given."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ingest_port, timeout=20)
        if self.trust and port == self.client_port:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", port, timeout=20, context=self.trust
            )
        if isinstance(body, str):
            body = body.encode()
        all_headers = dict(headers or {})
        if key:
            all_headers["Authorization"] = f"Bearer {key}"
        try:
            connection.request(method, path, body, all_headers)
            response = connection.getresponse()
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        finally:
            connection.close()

    def put_catalogue(self, *types: dict[str, Any], app: str | None = None) -> Answer:
        app = app or self.app
        return self.put_document(json.dumps({"app": app, "types": list(types)}), app)

    def put_document(self, document: str, app: str) -> Answer:
        return self.http(
            "PUT",
            "/api/v1/catalogue",
            document,
            headers={"Content-Type": "application/json"},
            key=self.keys[app],
        )

    def publish(
        self, type: str, *data: dict[str, Any], app: str | None = None, **event: Any
    ) -> Any:
        """Events of one type, each of which must be accepted."""
        lines = [json.dumps({"type": type, "data": values, **event}) for values in data]
        answer = self.publish_lines(*lines, app=app)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json

    def publish_lines(self, *lines: str, app: str | None = None) -> Answer:
        return self.http(
            "POST",
            "/api/v1/events",
            "\n".join(lines),
            headers={"Content-Type": "application/x-ndjson"},
            key=self.keys[app or self.app],
        )
