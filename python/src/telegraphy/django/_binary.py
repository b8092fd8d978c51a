"""Finding the gateway's program, and saying to it what the project wants."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import telegraphy

from .conf import conf

PROGRAM: Final = "telegraphy"
VARIABLE: Final = "TELEGRAPHY_BINARY"
VERSION_SECONDS: Final = 5.0


class BinaryNotFound(Exception):
    """The message says where it was looked for and how to get it."""


def find_binary() -> str:
    """The gateway's program: what is set, what came with the package, what is on PATH."""
    for said_by, path in (
        ("the setting TELEGRAPHY['BINARY']", conf.binary),
        (f"the environment variable {VARIABLE}", os.environ.get(VARIABLE)),
    ):
        if path:
            if not Path(path).is_file():
                raise BinaryNotFound(f"{said_by} names {path}, which is not there")
            if not is_program(Path(path)):
                raise BinaryNotFound(f"{said_by} names {path}, which is not a program")
            if not is_gateway(path):
                raise BinaryNotFound(
                    f"{said_by} names {path}, which is not the gateway: "
                    f"`{path} --version` does not answer with {PROGRAM!r} and a number"
                )
            return path
    packaged = Path(telegraphy.__file__).parent / "bin" / PROGRAM
    if is_program(packaged):
        return str(packaged)
    on_path = next(programs_on_path(), None)
    if on_path is not None:
        return on_path
    raise BinaryNotFound(
        f"the gateway's program, {PROGRAM!r}, is neither in {packaged.parent} nor on "
        "PATH. Run `make build` in the Telegraphy repository, or name one with the "
        f"environment variable {VARIABLE} or the setting TELEGRAPHY['BINARY']"
    )


def programs_on_path() -> Iterator[str]:
    for directory in os.get_exec_path():
        found = shutil.which(PROGRAM, path=directory)
        # A virtual environment may hold a script of this name, which would not be it.
        if found and not is_script(Path(found)):
            yield found


def is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def is_gateway(path: str) -> bool:
    """Does it say so itself?"""
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith(f"{PROGRAM} ".encode())


def is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def flags(settings: Mapping[str, Any]) -> list[str]:
    """Settings of the gateway as its flags: `{"clients": {"port": 1}}` and
    `{"clients.port": 1}` are `--clients-port 1`."""
    found = []
    for name, value in flat(settings):
        found += [flag_of(name), text_of(value)]
    return found


def flag_of(name: str) -> str:
    return f"--{name.replace('.', '-').replace('_', '-')}"


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def text_of(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(text_of(item) for item in value)
    return str(value)
