"""How many events a second are taken and acknowledged, beside Redis PUBLISH, nobody subscribed.

Both get the same bytes over a Unix socket, in batches of the same depth with as many batches in
flight; they take turns. Once left to the scheduler, as they would run, and once with the server on
one core: Redis does its work in one thread, the gateway in three, so that a core of its own for
the server flatters Redis and two cores flatter the gateway.
"""

from typing import Any

from runner import tools
from runner.places import DidNotRun
from runner.plan import Plan
from runner.report import Record, cell, spread, table
from runner.servers import Redis, Server, Telegraphy

PROBE_EVENTS = 4000


def measure(plan: Plan, record: Record) -> list[str]:
    failures: list[str] = []
    placings: list[tuple[str, str | None, str | None]] = [("none", None, None)]
    if plan.server_cores is not None and not plan.quick:
        placings.append((plan.pinning, plan.server_cores, plan.load_cores))
    for pinning, server_cores, load_cores in placings:
        try:
            with Telegraphy(cores=server_cores) as gateway, Redis(cores=server_cores) as redis:
                alternate(plan, record, pinning, [gateway, redis], load_cores)
        except DidNotRun as why:
            failures.append(f"publish: {why}")
    return failures


def once(server: Server, plan: Plan, depth: int, events: int, cores: str | None) -> tools.Figures:
    is_gateway = isinstance(server, Telegraphy)
    return tools.publish(
        to="zmq" if is_gateway else "redis",
        address=server.zmq
        if isinstance(server, Telegraphy)
        else server.socket
        if isinstance(server, Redis)
        else "",
        key=server.key if isinstance(server, Telegraphy) else "",
        depth=depth,
        window=plan.publish_window,
        events=events,
        pids=server.pids(),
        cores=cores,
    )


def alternate(
    plan: Plan, record: Record, pinning: str, servers: list[Server], cores: str | None
) -> None:
    figures: dict[str, Any] = {}
    rows = []
    line_bytes = 0
    for depth in plan.publish_depths:
        rounds: dict[str, list[tools.Figures]] = {server.name: [] for server in servers}
        # As many events as take each about the same time.
        events: dict[str, int] = {}
        for server in servers:
            rate = once(server, plan, depth, PROBE_EVENTS, cores)["events_per_second"]
            events[server.name] = int(rate * plan.publish_seconds) + depth
        for _ in range(plan.publish_rounds):
            for server in servers:
                found = once(server, plan, depth, events[server.name], cores)
                line_bytes = found["line_bytes"]
                rounds[server.name].append(found)
        gateway, redis = (rounds[server.name] for server in servers)
        ratio = spread(
            mine["events_per_second"] / its["events_per_second"]
            for mine, its in zip(gateway, redis, strict=True)
        )
        figures[str(depth)] = {
            server.name: {
                name: spread(each[name] for each in rounds[server.name])
                for name in (
                    "events_per_second",
                    "server_cpu_us_per_event",
                    "publisher_cpu_us_per_event",
                )
            }
            for server in servers
        } | {"ratio_of_rates": ratio}
        rates = [figures[str(depth)][server.name]["events_per_second"] for server in servers]
        costs = [figures[str(depth)][server.name]["server_cpu_us_per_event"] for server in servers]
        rows.append(
            [
                str(depth),
                *(cell(rate, 0) for rate in rates),
                cell(ratio),
                *(cell(cost) for cost in costs),
            ]
        )
    table(
        f"Publishing, {line_bytes}-byte events (200 bytes of data), {plan.publish_window} batches "
        f"in flight, each event acknowledged; median (min–max) of {plan.publish_rounds}; "
        f"pinning: {pinning}",
        [
            "depth",
            "gateway events/s",
            "Redis events/s",
            "ratio",
            "gateway CPU µs/event",
            "Redis CPU µs/event",
        ],
        rows,
    )
    record.append(
        "publish",
        settings={"window": plan.publish_window, "rounds": plan.publish_rounds,
                  "line_bytes": line_bytes, "pinning": pinning, "shards": 1},
        figures=figures,
        versions={server.name: server.version() for server in servers},
    )  # fmt: skip
