#!/usr/bin/env python3
"""The repository looks itself over: what no compiler and no linter of one language sees.

    tools/tidy.py            everything that git tracks (or is about to)

Prints `file:line: what is wrong` and exits 1 if anything is.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

COLUMNS = {".c": 90, ".h": 90, ".py": 100, ".ts": 100, ".mjs": 100, ".js": 100}
LINES_MAX = 900
# Written by a tool, or long by nature.
GENERATED = {"package-lock.json"}
NO_TABS = {
    ".c",
    ".h",
    ".py",
    ".ts",
    ".mjs",
    ".js",
    ".json",
    ".md",
    ".yaml",
    ".yml",
    ".css",
    ".html",
}

# Split, so that this file does not find itself.
MARKERS = re.compile(
    r"\b(" + "|".join(("FIX" + "ME", "TO" + "DO", "XX" + "X", "HA" + "CK")) + r")\b"
)
CONFLICT = re.compile(r"(<{7}|>{7}|\|{7}) ")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:" + "wor" + r"k|root|ho" + r"me/\w+)/")
REGISTRIES = re.compile(
    "|".join(("registry\\." + "npmjs", "pypi\\." + "org", "python" + "hosted", "deb\\." + "debian",
              "npm" + "mirror", "yarn" + "pkg\\.com"))
)  # fmt: skip

# Which test programs walk which folder of vectors. A runner counts if it is there and names
# the folder (or the folder above it).
RUNNERS = {
    "catalogues": ["gateway/", "e2e/"],
    "typescript": ["gateway/", "js/test/", "e2e/"],
    "messages/client": ["gateway/", "js/test/"],
    "messages/gateway": ["js/test/"],
    "messages/ingest": ["gateway/", "python/tests/", "e2e/"],
    "messages/websocket": ["gateway/", "e2e/"],
    "messages/http": ["gateway/", "e2e/"],
    "reject/client": ["gateway/", "e2e/"],
    "reject/gateway": ["js/test/"],
    "reject/ingest": ["gateway/", "e2e/"],
    "reject/websocket": ["gateway/", "e2e/"],
    "reject/http": ["gateway/", "e2e/"],
    "match": ["gateway/", "e2e/"],
    "query": ["gateway/", "python/tests/", "js/test/", "e2e/"],
}


def tracked(root: Path) -> list[str]:
    """Files that git knows or that are new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return sorted(name for name in set(done.stdout.split("\0")) if name and (root / name).is_file())


def check_text(name: str, text: str) -> list[str]:
    """What any text may not have."""
    path = Path(name)
    wrong = []
    columns = COLUMNS.get(path.suffix)
    generated = path.name in GENERATED
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{name}:{number}"
        if columns and len(line) > columns and not generated:
            wrong.append(f"{where}: {len(line)} columns, {columns} are the limit")
        if "\t" in line and path.suffix in NO_TABS:
            wrong.append(f"{where}: a tab")
        if line != line.rstrip():
            wrong.append(f"{where}: white space at the end")
        if CONFLICT.match(line):
            wrong.append(f"{where}: a marker of a merge that was not finished")
        if MARKERS.search(line):
            wrong.append(f"{where}: a marker of unfinished work ({MARKERS.search(line).group()})")
        if MACHINE_PATHS.search(line):
            wrong.append(
                f"{where}: a path of somebody's machine ({MACHINE_PATHS.search(line).group()})"
            )
        if REGISTRIES.search(line) and not name.startswith("tools/"):
            wrong.append(f"{where}: the host of a package registry")
    if text and not text.endswith("\n"):
        wrong.append(f"{name}: no line end at the end")
    lines = text.count("\n")
    if lines > LINES_MAX and path.suffix in COLUMNS and not generated:
        wrong.append(f"{name}: {lines} lines, {LINES_MAX} are the limit: split it")
    return wrong


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
NAME = re.compile(r"\b[A-Za-z_]\w*\b")


def declared(header: str) -> set[str]:
    """The names that a header of ours gives: tg_…, TG_…."""
    code = INCLUDE.sub("", COMMENT.sub("", header))
    names = {name for name in NAME.findall(code) if name.lower().startswith("tg_")}
    return {name for name in names if not name.endswith("_H")}


def check_includes(name: str, text: str, headers: dict[str, str]) -> list[str]:
    """Headers of ours of which a source uses no name; and its own header not first.

    A header may include another for those who include it; a source may not.
    """
    wrong = []
    if not name.endswith(".c"):
        return wrong
    included = INCLUDE.findall(text)
    code = INCLUDE.sub("", COMMENT.sub("", text))
    used = set(NAME.findall(code))
    own = name.removeprefix("gateway/").removesuffix(".c") + ".h"
    if own in headers and (not included or included[0] != own):
        wrong.append(f"{name}: its own header, {own}, is not the first that it includes")
    for header in included:
        given = declared(headers.get(header, ""))
        if header != own and not header.startswith("testing/") and given and not given & used:
            wrong.append(f"{name}: uses nothing of {header}")
    return wrong


def check_headers(files: dict[str, str]) -> list[str]:
    """Includes that are of no use, and headers that nobody includes."""
    headers = {
        name.removeprefix("gateway/"): text
        for name, text in files.items()
        if name.startswith("gateway/") and name.endswith(".h")
    }
    wrong, seen = [], set()
    for name, text in files.items():
        if name.startswith(("gateway/", "bench/")) and name.endswith((".c", ".h")):
            seen.update(INCLUDE.findall(text))
            if name.startswith("gateway/"):
                wrong += check_includes(name, text, headers)
    wrong += [f"gateway/{name}: nobody includes it" for name in sorted(set(headers) - seen)]
    return wrong


def check_vectors(files: dict[str, str], runners: dict[str, list[str]]) -> list[str]:
    """A case file that nobody runs promises what nobody keeps."""
    top = "protocol/vectors/"
    folders = {
        name.removeprefix(top).rpartition("/")[0]
        for name in files
        if name.startswith(top) and name != f"{top}README.md"
    }
    wrong = [
        f"{top}{folder}: no runner is known (tools/tidy.py)" for folder in folders - set(runners)
    ]
    wrong += [f"tools/tidy.py: there is no {top}{folder}" for folder in set(runners) - folders]
    for folder in sorted(folders & set(runners)):
        parts = folder.split("/")
        for runner in runners[folder]:
            sources = [
                text for name, text in files.items() if name.startswith(runner) and is_test(name)
            ]
            if not any(all(part in text for part in ("vectors", *parts)) for text in sources):
                wrong.append(f"{top}{folder}: no test in {runner} walks it")
    return wrong


def is_test(name: str) -> bool:
    return name.endswith((".py", ".ts", ".c", ".mjs", "meson.build"))


def check_lockfiles(files: dict[str, str]) -> list[str]:
    """Lock files must not say where from: everyone uses the registry of their own client."""
    wrong = []
    for name, text in files.items():
        if name.endswith("package-lock.json"):
            packages = json.loads(text).get("packages", {})
            named = [path for path, package in packages.items() if "resolved" in package]
            wrong += [f"{name}: {path}: has `resolved`" for path in named[:3]]
    return wrong


LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def check_links(files: dict[str, str], names: Iterable[str]) -> list[str]:
    """A link in the documentation must lead to a file or folder that is there."""
    there = set(names)
    there |= {parent.as_posix() for name in names for parent in Path(name).parents}
    wrong = []
    for name, text in files.items():
        if not name.endswith(".md"):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for target in LINK.findall(line):
                path = os.path.normpath(os.path.join(os.path.dirname(name), target))
                if "://" not in target and not target.startswith("mailto:") and path not in there:
                    wrong.append(f"{name}:{number}: leads to {path}, which is not there")
    return wrong


def read(root: Path, names: Iterable[str]) -> dict[str, str]:
    texts = {}
    for name in names:
        data = (root / name).read_bytes()
        if b"\0" not in data and "corpus" not in name and ".repro" not in name:
            try:
                texts[name] = data.decode("utf-8")
            except UnicodeDecodeError:
                texts[name] = ""
    return texts


def check(root: Path = ROOT) -> list[str]:
    names = tracked(root)
    files = read(root, names)
    wrong = check_links(files, names)
    for name, text in files.items():
        wrong += check_text(name, text)
    wrong += check_headers(files)
    wrong += check_vectors(files, RUNNERS)
    wrong += check_lockfiles(files)
    return wrong


def main() -> int:
    wrong = check()
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        print(f"{len(wrong)} findings", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
