"""What an event costs that concerns one subscription among many with queries of their own.

The gateway alone, one shard: each subscription asks for another owner's rows, and the events go
through the owners in no order. The same with few and with many: what a filter among a hundred
thousand costs is the difference. The connections are as many each time, so the sockets are alike.
"""

import json
import subprocess
from typing import Any

from runner.places import DidNotRun, program
from runner.plan import Plan
from runner.report import Record, cell, spread, table
from runner.servers import Telegraphy

ROW_TYPE = {
    "name": "bench.Row",
    "operations": ["event"],
    "key": [],
    "access": "public",
    "fields": [
        {"name": "seq", "type": "int"},
        {"name": "owner", "type": "int"},
        {"name": "status", "type": "string"},
        {"name": "total", "type": "decimal"},
        {"name": "customer", "type": "string"},
        {"name": "note", "type": "string"},
    ],
}


class Gateway(Telegraphy):
    types = (ROW_TYPE,)


def once(plan: Plan, subscriptions: int) -> dict[str, Any]:
    with Gateway(cores=plan.server_cores) as gateway:
        command = [
            *(["taskset", "--cpu-list", plan.load_cores] if plan.load_cores else []),
            str(program("queries")),
            "--port", str(gateway.port),
            "--zmq", gateway.zmq,
            "--key", gateway.key,
            "--pids", gateway.pids(),
            "--connections", str(plan.query_connections),
            "--subscriptions", str(subscriptions),
            "--events", str(plan.query_events),
        ]  # fmt: skip
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise DidNotRun(
                f"queries: the tool ended with status {done.returncode}; the gateway said: "
                f"{gateway.last_words()}"
            )
        figures: dict[str, Any] = json.loads(done.stdout)
    if figures["delivered"] != figures["events"] or figures["strays"]:
        print(
            f"  of {figures['events']} events {figures['delivered']} came to whom they concern, "
            f"{figures['strays']} to others"
        )
    return figures


def measure(plan: Plan, record: Record) -> list[str]:
    rounds: dict[int, list[dict[str, Any]]] = {size: [] for size in plan.query_subscriptions}
    for number in range(plan.query_rounds):
        for size in rounds if number % 2 == 0 else reversed(rounds):
            rounds[size].append(once(plan, size))
    few = rounds[plan.query_subscriptions[0]]
    figures: dict[str, Any] = {}
    rows = []
    for size, all_of_it in rounds.items():
        rate = spread(each["events_per_second"] for each in all_of_it)
        cost = spread(each["cpu_us_per_event"] for each in all_of_it)
        growth = spread(
            mine["cpu_us_per_event"] / its["cpu_us_per_event"]
            for mine, its in zip(all_of_it, few, strict=True)
        )
        opening = spread(each["opening_seconds"] for each in all_of_it)
        memory = spread(each["rss_kb"] for each in all_of_it)
        totals = {name: sum(each[name] for each in all_of_it)
                  for name in ("events", "delivered", "strays")}  # fmt: skip
        figures[str(size)] = {
            "events_per_second": rate,
            "cpu_us_per_event": cost,
            "growth": growth,
            "opening_seconds": opening,
            "rss_kb": memory,
            **totals,
        }
        rows.append([
            f"{size:,}", cell(rate, 0), cell(cost), cell(growth, 3), cell(opening),
            f"{memory['median'] / 1024:.0f}", f"{totals['delivered']}/{totals['events']}",
        ])  # fmt: skip
    table(
        f"Queries: events that concern one subscription each, {plan.query_connections} "
        f"connections, one shard; median (min–max) of {plan.query_rounds}; {plan.pinning}",
        ["subscriptions", "events/s", "CPU µs/event", "x the first", "opening s", "RSS MB",
         "delivered"],
        rows,
    )  # fmt: skip
    record.append(
        "queries",
        settings={
            "connections": plan.query_connections,
            "events": plan.query_events,
            "rounds": plan.query_rounds,
            "pinning": plan.pinning,
        },
        figures=figures,
        versions={"telegraphy": Gateway().version()},
    )
    return []
