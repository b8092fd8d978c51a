"""What an idle subscriber costs the server in user memory, and whether it stays.

Each server alone, fresh: its memory with no connection, then with all of them subscribed and
silent. The kernel's part (sockets) is the same for all and not counted.
"""

from typing import Any

from runner.places import DidNotRun
from runner.plan import Plan
from runner.report import Record, table
from runner.servers import PEERS, Floor, Server, Telegraphy
from runner.tools import load


def measure(plan: Plan, record: Record) -> list[str]:
    failures: list[str] = []
    figures: dict[str, Any] = {}
    versions: dict[str, str] = {}
    rows = []
    kinds: list[type[Server]] = [Telegraphy, Floor, *(PEERS[name] for name in plan.peers)]
    for kind in kinds:
        try:
            figures[kind.name], versions[kind.name] = measure_one(kind, plan)
        except DidNotRun as why:
            failures.append(f"idle: {why}")
            continue
        one = figures[kind.name]
        rows.append([
            kind.name, f"{one['connections']:,}", f"{one['anonymous_bytes_per_connection']:,.0f}",
            f"{one['private_dirty_bytes_per_connection']:,.0f}",
            f"{one['rss_bytes_per_connection']:,.0f}",
            f"{one['dropped']}", f"{one['cpu_ms_per_second']:.2f}",
            f"{one['open_cpu_us_per_connection']:.0f}",
        ])  # fmt: skip
    table(
        f"Idle subscribers, held for {plan.idle_seconds:.0f} s; "
        "growth from no connection to all, per connection",
        [
            "server",
            "connections",
            "anonymous B",
            "private dirty B",
            "RSS B",
            "dropped",
            "idle CPU ms/s",
            "opening CPU µs",
        ],
        rows,
    )
    record.append(
        "idle",
        settings={
            "connections": plan.idle_connections,
            "seconds": plan.idle_seconds,
            "pinning": plan.pinning,
        },
        figures=figures,
        versions=versions,
    )
    return failures


def measure_one(kind: type[Server], plan: Plan) -> tuple[dict[str, Any], str]:
    with kind(cores=plan.server_cores) as server, load(server, cores=plan.load_cores) as tool:
        before = tool.do("memory")
        count = min(plan.idle_connections, kind.idle_connections_max)
        opened = tool.open(count)
        after = tool.do(f"hold {plan.idle_seconds}")
        found: dict[str, Any] = {
            f"{name}_bytes_per_connection": round(
                (after[f"{name}_kb"] - before[f"{name}_kb"]) * 1024 / count, 1
            )
            for name in ("anonymous", "private_dirty", "rss")
        }
        found |= {
            "connections": count,
            "before_anonymous_kb": before["anonymous_kb"],
            "dropped": opened["dropped"] + after["dropped"],
            "still_subscribed": after["subscribers"],
            "pings_answered": after["pings"],
            "open_seconds": opened["seconds"],
            "open_cpu_us_per_connection": round(opened["cpu_us"] / count, 1),
            "cpu_ms_per_second": round(after["cpu_us"] / 1000 / after["seconds"], 3),
        }
        return found, server.version()
