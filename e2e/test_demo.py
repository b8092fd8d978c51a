"""`examples/board/run`, which `make demo` runs."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.board import PROJECT
from harness.client import Client
from harness.gateway import binary
from harness.processes import PATIENCE_S, Program, free_ports, until


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One database for all: the second start finds what the first has made."""
    folder = tmp_path_factory.mktemp("demo")
    port, gateway_port, ingest_port = free_ports(3)
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    return {
        "PORT": str(port),
        "GATEWAY_PORT": str(gateway_port),
        "INGEST_PORT": str(ingest_port),
        "BOARD_DATABASE": str(folder / "demo.sqlite3"),
        "TELEGRAPHY_BINARY": str(binary()),
        "TELEGRAPHY_RUNTIME_DIR": str(runtime),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "run"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def demo(environment: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    program = Program(
        "the demo",
        [sys.executable, str(PROJECT / "run")],
        log=tmp_path / "demo.log",
        env=environment,
    )
    try:
        yield program
    finally:
        if program.running:
            program.end()


def is_up(program: Program) -> bool:
    program.must_run()
    return "Ctrl-C ends both" in program.words()


def nobody_listens(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) != 0


def test_the_demo_starts_says_where_and_ends(environment: dict[str, str]) -> None:
    """Also on a machine where its port is taken: the next free one will do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["PORT"])))
        taken.listen()
        done = run(environment, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"port {environment['PORT']} is taken (PORT)" in done.stdout
    assert "name demo, password demo" in done.stdout
    found = re.search(r"Open http://127\.0\.0\.1:(\d+)/", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) > int(environment["PORT"])
    ports = [found[1], environment["GATEWAY_PORT"], environment["INGEST_PORT"]]
    assert all(nobody_listens(port) for port in ports)


def test_the_shell_that_it_names_is_its_own(demo: Program, environment: dict[str, str]) -> None:
    """With other ports than the usual ones too: what is saved there moves this page."""
    until("the demo is up", lambda: is_up(demo), PATIENCE_S * 2)
    [command] = re.findall(r"(?m)^  Shell (.+)$", demo.words())
    with Client(int(environment["GATEWAY_PORT"])) as client:
        client.subscribe("board.Order")
        code = "from board.models import Order; Order.objects.create(customer='Shell')"
        done = subprocess.run(
            f"{command} -c {shlex.quote(code)}",
            shell=True,
            env={**os.environ, "TELEGRAPHY_RUNTIME_DIR": environment["TELEGRAPHY_RUNTIME_DIR"]},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        event = client.next()
    assert event["data"]["customer"] == "Shell"


def test_a_second_demo_has_orders_of_its_own(environment: dict[str, str]) -> None:
    """Its gateway would not be told of those that the first one saves."""
    database = PROJECT / f"db-{environment['PORT']}.sqlite3"
    own = {name: value for name, value in environment.items() if name != "BOARD_DATABASE"}
    try:
        done = run(own, "--check")
        assert done.returncode == 0, done.stdout + done.stderr
        assert database.is_file()
        assert f"BOARD_DATABASE={database} " in done.stdout
    finally:
        for path in PROJECT.glob(f"{database.name}*"):
            path.unlink()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_programs(
    number: signal.Signals, demo: Program, environment: dict[str, str]
) -> None:
    until("the demo is up", lambda: is_up(demo), PATIENCE_S * 2)
    demo.process.send_signal(number)
    assert demo.process.wait(PATIENCE_S) == 0, demo.words()
    assert all(nobody_listens(environment[name]) for name in ("PORT", "GATEWAY_PORT"))


def test_it_ends_when_one_of_its_programs_dies(demo: Program, environment: dict[str, str]) -> None:
    until("the demo is up", lambda: is_up(demo), PATIENCE_S * 2)
    os.kill(demo.child("runserver"), signal.SIGKILL)
    assert demo.process.wait(PATIENCE_S) != 0
    assert "the web server ended by itself" in demo.words()
    time.sleep(0.1)
    assert all(nobody_listens(environment[name]) for name in ("PORT", "GATEWAY_PORT"))
