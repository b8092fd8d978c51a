#!/usr/bin/env python3
"""Hold the gateway's sources to gateway/LAYERS.

    tools/layers.py                        includes and calls, in the sources
    tools/layers.py --link BUILD [CC ...]  link each layer, whole, with only what it may use

The second needs a finished build: an upward call that no include betrays (a prototype
written by hand) then is an undefined symbol.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What nothing in engine/ may call: the heap but through base/mem.c, and all that asks the
# machine for something (time, files, environment, chance, threads).
HEAP = ("malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup", "aligned_alloc")
MACHINE = (
    "printf", "fprintf", "puts", "putchar", "perror", "fopen", "fread", "fwrite", "open", "read",
    "write", "close", "getenv", "setenv", "time", "clock", "clock_gettime", "gettimeofday", "rand",
    "srand", "random", "getrandom", "exit", "system", "sleep", "usleep", "nanosleep",
)  # fmt: skip
ENGINE_HEAP_OWNER = "engine/base/mem.c"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\s+(?:<([^>]+)>|"([^"]+)")', re.MULTILINE)
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


@dataclass
class Table:
    """What LAYERS says. `None` in `layers` and `headers` stands for `*`: everything."""

    layers: dict[str, set[str] | None] = field(default_factory=dict)
    headers: dict[str, set[str] | None] = field(default_factory=dict)

    def uses(self, layer: str) -> set[str]:
        """All layers below: those that `layer` may use, and what those may, and so on."""
        found: set[str] = set()
        allowed = self.layers[layer]
        todo = list(self.layers if allowed is None else allowed)
        while todo:
            below = todo.pop()
            if below not in found and below != layer:
                found.add(below)
                todo += self.layers[below] or ()
        if layer != "engine/base":
            found.add("engine/base")
        return found


def read_table(text: str) -> Table:
    table = Table()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, colon, right = line.partition(":")
        if not colon:
            raise ValueError(f"LAYERS:{number}: no colon in {line!r}")
        names = None if right.strip() == "*" else set(right.split())
        into = table.headers if left.startswith("<") else table.layers
        for key in left.split():
            if key in into:
                raise ValueError(f"LAYERS:{number}: {key} appears twice")
            into[key.strip("<>")] = names
    for layer, allowed in table.layers.items():
        seen = list(table.layers)
        for below in allowed or ():
            if below not in table.layers:
                raise ValueError(f"LAYERS: {layer} may use {below}, which is no layer")
            if seen.index(below) > seen.index(layer):
                raise ValueError(f"LAYERS: {layer} may use {below}, which stands above it")
    return table


def may_include_header(table: Table, header: str, layer: str) -> bool:
    allowed = table.headers.get(header, set())
    return allowed is None or layer in allowed or f"{layer.split('/')[0]}/*" in allowed


def check_file(table: Table, name: str, text: str) -> list[str]:
    """What is wrong with one source, `name` being its path below gateway/."""
    layer = name.rpartition("/")[0]
    test = name.endswith(("_test.c", "_test.h"))
    wrong = []
    for match in INCLUDE.finditer(text):
        header, own = match.groups()
        where = f"gateway/{name}:{text.count(chr(10), 0, match.start()) + 1}"
        if header is not None:
            if not test and not may_include_header(table, header, layer):
                wrong.append(f"{where}: {layer} may not include <{header}> (gateway/LAYERS)")
            continue
        to = own.rpartition("/")[0]
        if test and to == "testing":
            continue
        allowed = table.layers.get(layer)
        if to not in table.layers and to != "testing":
            wrong.append(f'{where}: "{own}" is in no layer (paths begin at gateway/)')
        elif to not in (layer, "engine/base") and allowed is not None and to not in allowed:
            wrong.append(f"{where}: {layer} may not use {to} (gateway/LAYERS)")
    if layer.startswith("engine/") and not test:
        code = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        banned = MACHINE if name == ENGINE_HEAP_OWNER else (*HEAP, *MACHINE)
        for match in re.finditer(rf"(?<![\w.>])({'|'.join(banned)})\s*\(", code):
            line = code.count("\n", 0, match.start()) + 1
            hint = "use engine/base/mem.h" if match[1] in HEAP else "the engine asks nothing of it"
            wrong.append(f"gateway/{name}:{line}: {match[1]}() in engine/: {hint}")
    return wrong


def check(gateway: Path) -> list[str]:
    """Every edge that LAYERS does not allow, and every folder that it does not know."""
    table = read_table((gateway / "LAYERS").read_text(encoding="utf-8"))
    wrong = []
    folders = set()
    for top in ("engine", "server"):
        for path in sorted((gateway / top).rglob("*.[ch]")):
            name = path.relative_to(gateway).as_posix()
            folders.add(name.rpartition("/")[0])
            wrong += check_file(table, name, path.read_text(encoding="utf-8"))
    wrong += [
        f"gateway/{folder} is not in gateway/LAYERS"
        for folder in sorted(folders)
        if folder not in table.layers
    ]
    wrong += [
        f"gateway/LAYERS: there is no gateway/{layer}"
        for layer in table.layers
        if layer not in folders
    ]
    return wrong


def archive(build: Path, layer: str) -> Path | None:
    return next(iter(sorted((build / layer).glob("lib*.a"))), None)


def link_command(table: Table, build: Path, layer: str, cc: list[str]) -> list[str] | None:
    """How to link `layer`, whole, with what it may use; None if it has no archive."""
    whole = archive(build, layer)
    if whole is None:
        return None
    below = [found for name in table.uses(layer) if (found := archive(build, name))]
    libraries = ["-lm", "-pthread"]
    if layer.startswith("server/"):
        libraries += ["-luv", "-lzmq", "-lyaml", "-lssl", "-lcrypto", "-lz"]
        libraries += ["-lseccomp", "-lsqlite3"]
    return [
        *cc, "-x", "c", "-", "-x", "none", "-o", "/dev/null",
        "-Wl,--whole-archive", str(whole), "-Wl,--no-whole-archive",
        "-Wl,--start-group", *map(str, below), "-Wl,--end-group", *libraries,
    ]  # fmt: skip


def link(gateway: Path, build: Path, cc: list[str]) -> tuple[int, list[str]]:
    """Link every layer that has an archive: how many, and what is wrong."""
    table = read_table((gateway / "LAYERS").read_text(encoding="utf-8"))
    wrong, linked = [], 0
    for layer, allowed in table.layers.items():
        command = link_command(table, build, layer, cc)
        if allowed is None or command is None:
            continue
        linked += 1
        done = subprocess.run(
            command,
            input="int main(void) { return 0; }",
            text=True,
            capture_output=True,
            check=False,
            cwd=tempfile.gettempdir(),
        )
        if done.returncode != 0:
            missing = sorted(set(re.findall(r"undefined reference to [`'](\w+)'", done.stderr)))
            what = f"calls what it may not use: {', '.join(missing)}" if missing else done.stderr
            wrong.append(f"gateway/{layer} {what}")
    return linked, wrong


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--link", type=Path, metavar="BUILD", help="a finished Meson build")
    parser.add_argument("cc", nargs="*", help="the compiler and its options (default: cc)")
    options = parser.parse_args(argv)
    gateway = ROOT / "gateway"
    try:
        if options.link:
            cc = [word for part in options.cc for word in shlex.split(part)] or ["cc"]
            linked, wrong = link(gateway, options.link.resolve(), cc)
            if linked == 0:
                wrong.append(f"{options.link} has no archive of any layer: is it built?")
            else:
                print(f"{linked} layers linked")
        else:
            wrong = check(gateway)
    except ValueError as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
