"""`examples/board/run`, which `make demo` runs."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.board import PROJECT
from harness.gateway import binary
from harness.processes import PATIENCE_S, Program, free_ports, until


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    port, gateway_port, ingest_port = free_ports(3)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return {
        "PORT": str(port),
        "GATEWAY_PORT": str(gateway_port),
        "INGEST_PORT": str(ingest_port),
        "BOARD_DATABASE": str(tmp_path / "demo.sqlite3"),
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
    done = run(environment, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Open http://127.0.0.1:{environment['PORT']}/" in done.stdout
    assert "demo/demo" in done.stdout or "name demo, password demo" in done.stdout
    assert all(
        nobody_listens(environment[name]) for name in ("PORT", "GATEWAY_PORT", "INGEST_PORT")
    )
    # And a second time, with the database that is there now.
    assert run(environment, "--check").returncode == 0


def test_a_taken_port_gives_way_to_the_next(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["PORT"])))
        taken.listen()
        done = run(environment, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"port {environment['PORT']} is taken" in done.stdout
    found = re.search(r"Open http://127\.0\.0\.1:(\d+)/", done.stdout)
    assert found is not None
    assert int(found[1]) > int(environment["PORT"])


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
