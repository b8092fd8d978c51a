"""Whom one event concerns: the matcher beside a scan over all filters, in the same run.

No server: the program calls the matcher itself, with rows that are read already, on one core.
"""

import json
import shutil
import subprocess
from typing import Any

from runner.places import ROOT, DidNotRun
from runner.plan import Plan
from runner.report import Record, table

BUILD = ROOT / "build" / "gateway"
TARGET = "engine/match/bench_match"


def measure(plan: Plan, record: Record) -> list[str]:
    if not (BUILD / "build.ninja").exists():
        raise DidNotRun("build/gateway is not configured; run make build")
    if subprocess.run(["ninja", "-C", str(BUILD), TARGET], check=False).returncode:
        raise DidNotRun(f"{TARGET} could not be built")
    failures: list[str] = []
    figures = []
    rows = []
    for workload in plan.match_workloads:
        for filters in plan.match_filters:
            done = _run(plan, workload, filters)
            if done is None:
                failures.append(f"match: {workload} with {filters} filters ended early")
                continue
            figures.append(done)
            rows.append(_row(done))
    table(
        "Microseconds an event; the scan, short-circuited and contiguous, in the same run",
        ["workload", "filters", "mean", "p50", "p99", "scan", "ratio", "matches", "ns/match",
         "candidates/match", "bytes/filter", "insert p50", "delete p50", "longest"],
        rows,
    )  # fmt: skip
    record.append(
        "match",
        settings={"events": 256, "rounds": 9, "core": plan.server_cores or "any"},
        figures={"runs": figures},
        versions={},
    )
    return failures


def _run(plan: Plan, workload: str, filters: int) -> dict[str, Any] | None:
    command = [str(BUILD / TARGET), "--json", workload, str(filters)]
    if plan.server_cores is not None and shutil.which("taskset"):
        command = ["taskset", "--cpu-list", plan.server_cores, *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _row(one: dict[str, Any]) -> list[str]:
    matches = one["matches"]
    longest = max(one["insert_us"]["max"], one["delete_us"]["max"])
    return [
        one["workload"],
        f"{one['filters']:,}",
        f"{one['us_mean']:,.2f}",
        f"{one['us_p50']:,.2f}",
        f"{one['us_p99']:,.2f}",
        f"{one['scan_us']:,.0f}" if one["scan_us"] else "-",
        f"{one['scan_us'] / one['us_mean']:,.0f}" if one["scan_us"] else "-",
        f"{matches:,.1f}",
        f"{one['us_mean'] * 1000 / matches:,.0f}" if matches else "-",
        f"{one['candidates'] / matches:,.1f}" if matches else "-",
        f"{one['bytes_per_filter']:,.0f}",
        f"{one['insert_us']['p50']:,.2f}",
        f"{one['delete_us']['p50']:,.2f}",
        f"{longest:,.0f}",
    ]
