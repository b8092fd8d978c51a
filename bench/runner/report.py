"""Medians with their spread, tables for people, JSON lines for later comparison."""

import datetime
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from runner.places import ROOT

Spread = dict[str, float]


def spread(values: Iterable[float]) -> Spread:
    found = list(values)
    return {
        "median": round(statistics.median(found), 4),
        "min": round(min(found), 4),
        "max": round(max(found), 4),
        "rounds": len(found),
    }


def cell(value: Spread, digits: int = 2) -> str:
    if value["rounds"] == 1:
        return f"{value['median']:,.{digits}f}"
    return f"{value['median']:,.{digits}f} ({value['min']:,.{digits}f}–{value['max']:,.{digits}f})"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    print(f"\n{title}")
    for row in [columns, ["-" * width for width in widths], *rows]:
        first, rest = row[0].ljust(widths[0]), zip(row[1:], widths[1:], strict=True)
        print("  " + "  ".join([first, *(text.rjust(width) for text, width in rest)]))
    print(flush=True)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine() -> dict[str, Any]:
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_average": round(os.getloadavg()[0], 2),
    }


class Record:
    """Appends to a file of JSON lines: one line, one set of figures."""

    def __init__(self, path: Path, *, quick: bool) -> None:
        self.path = path
        self.quick = quick

    def append(self, what: str, *, settings: dict[str, Any], figures: dict[str, Any],
               versions: dict[str, str]) -> None:  # fmt: skip
        line = {
            "what": what,
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": _git("rev-parse", "--short=12", "HEAD"),
            "changed_since": bool(
                _git("status", "--porcelain", "--", "gateway", "bench/load", "bench/floor")
            ),
            "quick": self.quick,
            "machine": machine(),
            "settings": settings,
            "figures": figures,
            "versions": versions,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
