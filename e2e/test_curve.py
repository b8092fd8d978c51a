"""CURVE on ingest over ZeroMQ: whom the gateway lets in, and whom not."""

import json
import os
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import telegraphy
import zmq
from telegraphy import Publisher, Unreachable, ping, push_catalogue

from harness.client import Client
from harness.gateway import Gateway, binary, event_type
from harness.processes import free_ports, until
from harness.wire import Wire

NOTE = event_type("test.Note")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(binary()), *arguments], capture_output=True, text=True, timeout=20)


@dataclass(frozen=True)
class Keys:
    """A pair, as `telegraphy keys curve` makes it."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> "Keys":
        made = command("keys", "curve", str(path))
        assert made.returncode == 0, made.stderr
        return cls(path)

    @property
    def secret_file(self) -> str:
        return f"{self.path}.secret"

    @property
    def public_file(self) -> str:
        return f"{self.path}.public"

    @property
    def public(self) -> str:
        return Path(self.public_file).read_text().strip()

    @property
    def secret(self) -> str:
        return Path(self.secret_file).read_text().strip()


@dataclass(frozen=True)
class Setup:
    gateway: Gateway
    endpoint: str
    ours: Keys
    web: Keys
    stranger: Keys

    def options(self, own: Keys, server: Keys | None = None) -> dict[str, Any]:
        return {
            "curve_server_key": (server or self.ours).public,
            "curve_key_file": own.secret_file,
        }

    def words(self) -> str:
        assert self.gateway.program is not None
        return self.gateway.program.words()


@pytest.fixture(scope="module")
def setup(
    tmp_path_factory: pytest.TempPathFactory, new_gateway_anywhere: Callable[..., Gateway]
) -> Iterator[Setup]:
    folder = tmp_path_factory.mktemp("curve")
    ours, web, stranger = (Keys.make(folder / name) for name in ("gateway", "web", "stranger"))
    endpoint = f"tcp://0.0.0.0:{free_ports(1)[0]}"
    gateway = new_gateway_anywhere(
        ingest={
            "zmq": endpoint,
            "curve_key_file": ours.secret_file,
            "curve_clients": [web.public],
        }
    )
    assert gateway.put_catalogue(NOTE).status == 200
    yield Setup(gateway, endpoint.replace("0.0.0.0", "127.0.0.1"), ours, web, stranger)
    words = gateway.program.words() if gateway.program else ""
    assert not any(keys.secret in words for keys in (ours, web, stranger))


def test_threat_17_who_is_listed_is_let_in(setup: Setup) -> None:
    options = setup.options(setup.web)
    ping(setup.endpoint, setup.gateway.key, **options)
    document = {"app": setup.gateway.app, "types": [NOTE]}
    assert not push_catalogue(setup.endpoint, setup.gateway.key, document, **options).changed
    with Client(setup.gateway.client_port) as client:
        client.subscribe("test.Note")
        publisher = Publisher(setup.endpoint, setup.gateway.key, **options)
        for n in range(500):
            publisher.publish(
                telegraphy.EncodedEvent.make(
                    type="test.Note",
                    op="event",
                    data={"n": n, "text": "x" * 1000},
                    id=f"curve-{n}",
                    time="2026-11-23T02:16:34Z",
                )
            )
        assert publisher.flush(15)
        assert publisher.stats.accepted == 500
        publisher.close()
        assert [client.next()["data"]["n"] for _ in range(500)] == list(range(500))


def test_threat_17_who_is_not_listed_is_refused_and_named(setup: Setup) -> None:
    """The ingest key alone opens nothing."""
    with pytest.raises(Unreachable):
        ping(setup.endpoint, setup.gateway.key, timeout=1, **setup.options(setup.stranger))
    # So that whoever runs the gateway can list it.
    until("it is logged", lambda: setup.stranger.public in setup.words())
    assert "ingest.curve_refused" in setup.words()
    ping(setup.endpoint, setup.gateway.key, **setup.options(setup.web))


def test_threat_17_who_speaks_in_the_clear_is_refused(setup: Setup) -> None:
    with pytest.raises(Unreachable):
        ping(setup.endpoint, setup.gateway.key, timeout=1)
    until("it is logged", lambda: "not speak CURVE" in setup.words())


def test_threat_17_a_password_is_no_key(setup: Setup) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.plain_username = b"admin"
        socket.plain_password = setup.gateway.key.encode()
        socket.connect(setup.endpoint)
        header = json.dumps({"kind": "ping", "id": 1, "key": setup.gateway.key}).encode()
        socket.send_multipart((header, b""))
        assert not socket.poll(1000)


def test_threat_17_the_public_key_of_another_is_not_enough(setup: Setup) -> None:
    """To know what is listed is not to be who is listed."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.curve_serverkey = setup.ours.public.encode()
        socket.curve_publickey = setup.web.public.encode()
        socket.curve_secretkey = setup.stranger.secret.encode()
        socket.connect(setup.endpoint)
        header = json.dumps({"kind": "ping", "id": 1, "key": setup.gateway.key}).encode()
        socket.send_multipart((header, b""))
        assert not socket.poll(1000)


def test_threat_17_a_gateway_that_is_another_gets_nothing(setup: Setup) -> None:
    """Who publishes notices it: the ingest key is not handed to whoever answers."""
    with pytest.raises(Unreachable):
        ping(
            setup.endpoint,
            setup.gateway.key,
            timeout=1,
            **setup.options(setup.web, server=setup.stranger),
        )
    until("it is logged", lambda: "another public key of the gateway" in setup.words())


def test_threat_17_garbage_harms_nobody(setup: Setup) -> None:
    port = int(setup.endpoint.rpartition(":")[2])
    for first in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" + bytes(8) + b"\x7f\x03" + b"x" * 60, b""):
        with Wire(port) as wire:
            wire.send(first)
    ping(setup.endpoint, setup.gateway.key, **setup.options(setup.web))


def test_threat_17_who_says_nothing_is_let_go(new_gateway: Callable[..., Gateway]) -> None:
    """Each holds a descriptor; libzmq alone would wait for 30 s."""
    port = free_ports(1)[0]
    gateway = new_gateway(ingest={"zmq": f"tcp://127.0.0.1:{port}"}, timeouts={"header_ms": 300})
    with ExitStack() as ends:
        silent = [ends.enter_context(Wire(port)) for _ in range(20)]
        began = time.monotonic()
        for wire in silent:
            wire.read_until_end()
        assert time.monotonic() - began < 15
    ping(f"tcp://127.0.0.1:{port}", gateway.key)


def test_threat_17_an_empty_list_lets_nobody_in(
    setup: Setup, new_gateway: Callable[..., Gateway]
) -> None:
    """Over a local socket neither: with CURVE a key is wanted everywhere."""
    gateway = new_gateway(ingest={"curve_key_file": setup.ours.secret_file})
    with pytest.raises(Unreachable):
        ping(gateway.zmq, gateway.key, timeout=1, **setup.options(setup.web))
    assert gateway.program is not None
    assert "names nobody: no publisher can connect over ZeroMQ" in gateway.program.words()


def test_a_file_lists_publishers(
    setup: Setup, new_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    listed = tmp_path / "publishers"
    keys = [Keys.make(tmp_path / f"web-{n}") for n in range(3)]
    listed.write_text("# our web servers\n" + "".join(f"{one.public}\n\n" for one in keys))
    gateway = new_gateway(
        ingest={"curve_key_file": setup.ours.secret_file, "curve_clients": str(listed)}
    )
    for one in keys:
        ping(gateway.zmq, gateway.key, **setup.options(one))


def test_threat_17_without_curve_nothing_listens_on_a_network(tmp_path: Path) -> None:
    config = tmp_path / "telegraphy.yaml"
    ingest = {"zmq": "tcp://0.0.0.0:5555"}
    config.write_text(json.dumps({"runtime_dir": str(tmp_path / "run"), "ingest": ingest}))
    for how in ("check", "serve"):
        answer = command(how, "--config", str(config))
        assert answer.returncode == 1
        assert "ingest.zmq: ZeroMQ over a network needs CURVE encryption" in answer.stderr


def test_check_judges_keys(setup: Setup, tmp_path: Path) -> None:
    config = tmp_path / "telegraphy.yaml"

    def check(**ingest: Any) -> subprocess.CompletedProcess[str]:
        config.write_text(json.dumps({"runtime_dir": str(tmp_path / "run"), "ingest": ingest}))
        return command("check", "--config", str(config))

    right = check(curve_key_file=setup.ours.secret_file, curve_clients=[setup.web.public])
    assert (right.returncode, right.stderr) == (0, "")
    (tmp_path / "no.key").write_text("perhaps another secret\n")
    os.chmod(tmp_path / "no.key", 0o600)
    wrong = check(curve_key_file="no.key", curve_clients=[setup.web.public])
    assert wrong.returncode == 1
    assert "holds no secret key of CURVE" in wrong.stderr
    assert "perhaps" not in wrong.stderr
    own = check(curve_key_file=setup.ours.secret_file, curve_clients=[setup.ours.public])
    assert own.returncode == 1
    assert "telegraphy: ingest.curve_clients: " in own.stderr
    assert "is the gateway's own key" in own.stderr
    listed = tmp_path / "listed"
    listed.write_text(setup.web.public + "\n")
    os.chmod(listed, 0o646)
    anybody = check(curve_key_file=setup.ours.secret_file, curve_clients=str(listed))
    assert anybody.returncode == 1
    assert "can be written by every user of this machine" in anybody.stderr
    os.mkfifo(tmp_path / "pipe")
    pipe = check(curve_key_file=setup.ours.secret_file, curve_clients=str(tmp_path / "pipe"))
    assert pipe.returncode == 1
    assert "is no regular file" in pipe.stderr


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    keys = Keys.make(tmp_path / "pair")
    assert stat.S_IMODE(os.stat(keys.secret_file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(keys.public_file).st_mode) == 0o644
    assert zmq.curve_public(keys.secret.encode()) == keys.public.encode()
    before = keys.secret
    again = command("keys", "curve", str(keys.path))
    assert again.returncode == 1
    assert "pair.secret cannot be made: File exists" in again.stderr
    assert keys.secret == before
    os.unlink(keys.secret_file)
    half = command("keys", "curve", str(keys.path))
    assert half.returncode == 1
    assert not os.path.exists(keys.secret_file), "the half that was made is left"
    made = command("keys", "curve", str(tmp_path / "other"))
    assert Keys(tmp_path / "other").secret not in made.stdout
    assert command("keys").returncode == 2
    assert "wants curve and the name" in command("keys", "ed25519", "x").stderr
