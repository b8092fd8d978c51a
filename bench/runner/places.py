"""Where things are, and free ports."""

import os
import resource
import socket
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
BUILD = ROOT / "build" / "bench"
PROGRAMS = BUILD / "c"
RESULTS = BENCH / "results.jsonl"
QUICK_RESULTS = BUILD / "results.jsonl"


class DidNotRun(Exception):  # noqa: N818  (says it without Error at its end)
    """Something could not be measured; the text says what, where and what would help."""


def program(name: str) -> Path:
    path = PROGRAMS / name
    if not path.exists():
        raise DidNotRun(f"{path.relative_to(ROOT)} is not built; run bench/setup")
    return path


def gateway() -> Path:
    """The gateway's binary: $TELEGRAPHY, or where `make build` puts it."""
    if given := os.environ.get("TELEGRAPHY"):
        return Path(given)
    built = ROOT / "build" / "gateway" / "telegraphy"
    if not built.exists():
        raise DidNotRun(f"{built.relative_to(ROOT)} is not built; run make build")
    return built


def free_port() -> int:
    """A port that nobody uses now, below those that the kernel gives to outgoing connections:
    ten thousand subscribers would sooner or later sit on one of those."""
    for port in range(21000 + os.getpid() % 5000, 32000):
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise DidNotRun("no port between 21000 and 32000 is free on 127.0.0.1")


_given: set[int] = set()


def raise_file_limit() -> int:
    """Sockets are files: servers that are started from here inherit this limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
