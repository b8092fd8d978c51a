"""The servers under test. Each is started alone, on loopback, on the cores it is given."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from runner.places import BENCH, BUILD, DidNotRun, free_port, gateway, program

START_SECONDS_MAX = 30.0

EVENT_TYPE = {
    "name": "bench.Order",
    "operations": ["event"],
    "key": [],
    "access": "public",
    "fields": [
        {"name": "seq", "type": "int"},
        {"name": "at", "type": "int"},
        {"name": "status", "type": "string"},
        {"name": "total", "type": "decimal"},
        {"name": "customer", "type": "string"},
        {"name": "note", "type": "string"},
    ],
}


class Server:
    """Use it as a context: entered it runs, left it is gone."""

    name = ""
    idle_connections_max = 1_000_000
    """No more than this in the measurement of idle ones; what is left out is said there."""

    def __init__(self, *, cores: str | None = None, wrapper: list[str] | None = None) -> None:
        self.port = free_port()
        self.cores = cores
        # Something that runs the server in its turn: valgrind.
        self.wrapper = wrapper or []
        self.environment: dict[str, str] = {}
        # Short, because a Unix socket's path has to fit in 108 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix=f"tgb-{self.name[:8]}-"))
        self.log = self.directory / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    def after_start(self) -> None:
        """What is to be told to the server before it can be measured."""

    def load_arguments(self) -> list[str]:
        """How the load tool reaches it."""
        return ["--to", self.name, "--port", str(self.port),
                "--publish", f"http:{self.port}/publish"]  # fmt: skip

    def __enter__(self) -> "Server":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self) -> None:
        command = [*self.wrapper, *self.command()]
        if self.cores is not None:
            command = ["taskset", "--cpu-list", self.cores, *command]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.wait_until_it_listens()
        self.after_start()

    def stop(self, number: int = signal.SIGTERM) -> None:
        """It may be started again, and then finds its directory as it left it."""
        if self.process is not None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                # Its own session: this reaches its workers and nobody else's.
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def wait_until_it_listens(self) -> None:
        assert self.process is not None
        patience = START_SECONDS_MAX * (10 if self.wrapper else 1)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise DidNotRun(f"{self.name} ended while starting: {self.last_words()}")
            if self.listens():
                return
            time.sleep(0.05)
        raise DidNotRun(f"{self.name} did not listen within {patience:.0f} s: {self.last_words()}")

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-800:].strip() or "(it said nothing)"

    def pids(self) -> str:
        """The process and all its descendants, with commas."""
        assert self.process is not None
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        return ",".join(map(str, found))


class Telegraphy(Server):
    name = "telegraphy"
    shards: str | None = "1"
    types: tuple[dict[str, object], ...] = (EVENT_TYPE,)

    def __init__(self, *, cores: str | None = None, wrapper: list[str] | None = None) -> None:
        super().__init__(cores=cores, wrapper=wrapper)
        self.ingest_port = free_port()
        self.zmq = f"ipc://{self.directory}/ingest.ipc"
        self.environment["TELEGRAPHY_RUNTIME_DIR"] = str(self.directory)

    def command(self) -> list[str]:
        return [
            str(gateway()),
            "serve",
            *(["--shards", self.shards] if self.shards else []),
            "--clients-port", str(self.port),
            "--ingest-port", str(self.ingest_port),
            "--ingest-zmq", self.zmq,
            # One address is everybody here.
            "--limits-address-connections-max", "0",
            "--limits-address-connects-per-minute", "0",
        ]  # fmt: skip

    def version(self) -> str:
        return _first_line(str(gateway()), "--version")

    def listens(self) -> bool:
        return super().listens() and self._key_file.exists()

    @property
    def _key_file(self) -> Path:
        return self.directory / f"ingest-{self.ingest_port}.key"

    @property
    def key(self) -> str:
        return self._key_file.read_text().strip()

    def after_start(self) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ingest_port}/api/v1/catalogue",
            data=json.dumps({"app": "default", "types": self.types}).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
            method="PUT",
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                urllib.request.urlopen(request, timeout=START_SECONDS_MAX).close()
                return
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
                raise DidNotRun(f"the gateway refused the catalogue: {error} {said}") from error
            except (OSError, urllib.error.URLError) as error:
                if time.monotonic() > deadline:
                    raise DidNotRun(f"the gateway's ingest does not answer: {error}") from error
                time.sleep(0.05)

    def load_arguments(self) -> list[str]:
        return ["--to", "telegraphy", "--port", str(self.port),
                "--publish", f"zmq:{self.zmq}", "--key", self.key]  # fmt: skip

    def publish_arguments(self) -> list[str]:
        """How the publish tool reaches it."""
        return ["--to", "zmq", "--address", self.zmq, "--key", self.key]


class TelegraphyDefault(Telegraphy):
    """As it starts without flags: a shard per core, on all cores."""

    name = "telegraphy-default"
    shards = None

    def __init__(self, *, cores: str | None = None, wrapper: list[str] | None = None) -> None:
        super().__init__(cores=None, wrapper=wrapper)


class Floor(Server):
    name = "floor"

    def __init__(self, *, cores: str | None = None, wrapper: list[str] | None = None) -> None:
        super().__init__(cores=cores, wrapper=wrapper)
        self.control_port = free_port()

    def command(self) -> list[str]:
        return [str(program("floor")), str(self.port), str(self.control_port)]

    def version(self) -> str:
        return "libuv " + _first_line("pkg-config", "--modversion", "libuv")

    def load_arguments(self) -> list[str]:
        return [
            "--to",
            "floor",
            "--port",
            str(self.port),
            "--publish",
            f"stream:{self.control_port}",
        ]


class Peer(Server):
    def command(self) -> list[str]:
        return [str(BENCH / "peers" / self.name / "start"), str(self.port), str(self.directory)]


class Nchan(Peer):
    name = "nchan"

    def listens(self) -> bool:
        # The master listens before there is a worker, which is what is to be measured.
        return super().listens() and "," in self.pids()

    def version(self) -> str:
        return "nginx {} with nchan {}".format(
            *map(_debian_version, ("nginx-light", "libnginx-mod-nchan"))
        )


class SocketIO(Peer):
    name = "socketio"

    def version(self) -> str:
        package = BUILD / "peers" / "socketio" / "node_modules" / "socket.io" / "package.json"
        version = json.loads(package.read_text())["version"]
        return f"socket.io {version} on Node.js {_first_line('node', '--version')}"


class Channels(Peer):
    name = "channels"
    # Some thousand connections on, Daphne takes so long for one that it times out itself.
    idle_connections_max = 2000

    def version(self) -> str:
        return _pip_versions(self.name, "channels", "daphne", "django")


class Socketify(Peer):
    name = "socketify"

    def version(self) -> str:
        return _pip_versions(self.name, "socketify") + " (uWebSockets)"


class Redis(Server):
    name = "redis"

    def command(self) -> list[str]:
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
                "--dir", str(self.directory)]  # fmt: skip

    @property
    def socket(self) -> str:
        return f"{self.directory}/redis.sock"

    def version(self) -> str:
        return _first_line("redis-server", "--version")

    def publish_arguments(self) -> list[str]:
        return ["--to", "redis", "--address", self.socket]


PEERS: dict[str, type[Server]] = {
    peer.name: peer for peer in (Nchan, Socketify, SocketIO, Channels)
}


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (
        (done.stdout or done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else "?"
    )


def _debian_version(package: str) -> str:
    return _first_line("dpkg-query", "--show", "--showformat=${Version}", package)


def _pip_versions(peer: str, *packages: str) -> str:
    code = (
        "from importlib.metadata import version; "
        f"print(*(p + ' ' + version(p) for p in {packages}), sep=', ')"
    )
    return _first_line(str(BUILD / "peers" / peer / "bin" / "python"), "-c", code)
