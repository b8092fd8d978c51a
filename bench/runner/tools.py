"""The C tools, driven from here: the load tool over its stdin, the publish tool as a program."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from typing import Any

from runner.places import DidNotRun, program
from runner.servers import Server

Figures = dict[str, Any]


class Load:
    """One load tool with its subscribers, all of one server."""

    def __init__(self, server: Server, *, cores: str | None, extra: tuple[str, ...] = ()) -> None:
        self.server = server
        command = [str(program("load")), *server.load_arguments(), "--pids", server.pids(), *extra]
        if cores is not None:
            command = ["taskset", "--cpu-list", cores, *command]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def do(self, command: str) -> Figures:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended; what follows says so.
        line = self.process.stdout.readline()
        if not line.endswith("\n"):
            raise DidNotRun(
                f'{self.server.name}: the load tool ended at "{command}" with status '
                f"{self.process.wait()}; the server said: {self.server.last_words()}"
            )
        figures: Figures = json.loads(line)
        return figures

    def open(self, subscribers: int) -> Figures:
        figures = self.do(f"open {subscribers}")
        if figures["failed"]:
            raise DidNotRun(
                f"{self.server.name}: {figures['failed']} of {subscribers} subscribers could not "
                f"be opened; the server said: {self.server.last_words()}"
            )
        return figures

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@contextlib.contextmanager
def load(server: Server, *, cores: str | None, extra: tuple[str, ...] = ()) -> Iterator[Load]:
    tool = Load(server, cores=cores, extra=extra)
    try:
        yield tool
    finally:
        tool.close()


def publish(
    target: list[str], *, depth: int, window: int, events: int, pids: str, cores: str | None
) -> Figures:
    command = [
        *(["taskset", "--cpu-list", cores] if cores is not None else []),
        str(program("publish")),
        *target,
        "--depth", str(depth),
        "--window", str(window),
        "--events", str(events),
        "--pids", pids,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise DidNotRun(
            f"publishing in batches of {depth} ended with status {done.returncode}; see above"
        )
    figures: Figures = json.loads(done.stdout)
    return figures
