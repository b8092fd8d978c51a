"""Starting programs, waiting for what must come true, and ending them again."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 20.0
"""How long something may take that is usually done at once. The machine may be busy."""


def until(what: str, probe: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
    """Call `probe` until it gives something true, and return that.

    `what` finishes the sentence "waited in vain until …"."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.005
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s in vain until {what}; last: {value!r}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.1)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different.

    They are below those that the kernel gives to outgoing connections, so that a gateway that a
    test stops finds its port free when it starts again.
    """
    free: list[int] = []
    for port in random.sample(range(10_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        free.append(port)
        if len(free) == count:
            return free
    raise AssertionError(f"no {count} free ports among 200")


class Program:
    """A child process in a session of its own, whose words go to a file."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        log: Path,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as words:
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def words(self) -> str:
        return self.log.read_text(errors="replace")

    def must_run(self) -> None:
        status = self.process.poll()
        if status is not None:
            tail = "\n".join(self.words().splitlines()[-40:])
            raise AssertionError(f"{self.name} ended with status {status}; it said:\n{tail}")

    def signal(self, number: int) -> None:
        """To the whole session: a program and what it has started."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def end(self, timeout_s: float = PATIENCE_S) -> int:
        """SIGTERM, and then its exit status; killed if it does not end in time."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not end within {timeout_s:g} s of SIGTERM"
            ) from None
        finally:
            self.signal(signal.SIGKILL)

    def child(self, word: str) -> int:
        """The process that it has started with `word` in its command."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            if word in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        raise AssertionError(f"{self.name} has no child with {word!r} in its command")

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait()
