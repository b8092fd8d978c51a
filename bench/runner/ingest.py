"""How many events a second are taken and acknowledged, beside Redis PUBLISH, nobody subscribed.

Both get the same bytes over a Unix socket, in batches of the same depth with as many batches in
flight; they take turns. Once left to the scheduler with the default of a shard per core, as they
would run; and once with the server on one core and one shard. Redis does its work in one thread,
the gateway in three, so the first flatters the gateway and the second Redis.
"""

from dataclasses import dataclass
from typing import Any

from runner import tools
from runner.places import DidNotRun
from runner.plan import Plan
from runner.report import Record, cell, spread, table
from runner.servers import Redis, Telegraphy, TelegraphyDefault

PROBE_EVENTS = 4000
Contestant = Telegraphy | Redis


@dataclass(frozen=True, kw_only=True)
class Case:
    pinning: str
    server_cores: str | None
    load_cores: str | None
    window: int


def cases(plan: Plan) -> list[Case]:
    found = []
    for window in plan.publish_windows:
        found.append(Case(pinning="none", server_cores=None, load_cores=None, window=window))
        if plan.server_cores is not None and not plan.quick:
            found.append(
                Case(
                    pinning=plan.pinning,
                    server_cores=plan.server_cores,
                    load_cores=plan.load_cores,
                    window=window,
                )
            )
    return found


def measure(plan: Plan, record: Record) -> list[str]:
    failures: list[str] = []
    for case in cases(plan):
        kind = Telegraphy if case.server_cores else TelegraphyDefault
        try:
            with kind(cores=case.server_cores) as gateway, Redis(cores=case.server_cores) as redis:
                assert isinstance(gateway, Telegraphy)
                assert isinstance(redis, Redis)
                alternate(plan, record, case, gateway, redis)
        except DidNotRun as why:
            failures.append(f"publish: {why}")
    return failures


def once(server: Contestant, case: Case, *, depth: int, events: int) -> tools.Figures:
    return tools.publish(
        server.publish_arguments(),
        depth=depth,
        window=case.window,
        events=events,
        pids=server.pids(),
        cores=case.load_cores,
    )


def alternate(plan: Plan, record: Record, case: Case, gateway: Telegraphy, redis: Redis) -> None:
    servers: list[Contestant] = [gateway, redis]
    figures: dict[str, Any] = {}
    rows = []
    line_bytes = 0
    for depth in plan.publish_depths:
        rounds: dict[str, list[tools.Figures]] = {server.name: [] for server in servers}
        # As many events as take each about the same time.
        events: dict[str, int] = {}
        for server in servers:
            rate = once(server, case, depth=depth, events=PROBE_EVENTS)["events_per_second"]
            events[server.name] = int(rate * plan.publish_seconds) + depth
        for number in range(plan.publish_rounds):
            for server in servers if number % 2 == 0 else reversed(servers):
                found = once(server, case, depth=depth, events=events[server.name])
                line_bytes = found["line_bytes"]
                rounds[server.name].append(found)
        pairs = zip(rounds[gateway.name], rounds[redis.name], strict=True)
        ratio = spread(mine["events_per_second"] / its["events_per_second"] for mine, its in pairs)
        sums = {
            server.name: {
                name: spread(each[name] for each in rounds[server.name])
                for name in (
                    "events_per_second",
                    "server_cpu_us_per_event",
                    "publisher_cpu_us_per_event",
                )
            }
            for server in servers
        }
        figures[str(depth)] = {**sums, "ratio_of_rates": ratio}
        rates = [cell(sums[server.name]["events_per_second"], 0) for server in servers]
        costs = [cell(sums[server.name]["server_cpu_us_per_event"]) for server in servers]
        rows.append([str(depth), *rates, cell(ratio), *costs])
    table(
        f"Publishing, {line_bytes}-byte events (200 bytes of data), each acknowledged, "
        f"{case.window} batch(es) in flight; median (min–max) of {plan.publish_rounds}; "
        f"pinning: {case.pinning}",
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
        settings={
            "window": case.window,
            "rounds": plan.publish_rounds,
            "line_bytes": line_bytes,
            "pinning": case.pinning,
            "shards": gateway.shards or "default",
        },
        figures=figures,
        versions={server.name: server.version() for server in servers},
    )
