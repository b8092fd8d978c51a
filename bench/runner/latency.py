"""How long an event takes from the moment it was due to be sent to each subscriber, at fixed rates.

The clock starts when the event was due, not when the publisher got round to it: a server that
stalls the publisher is charged for that. The last subscriber of a thousand waits for the writes to
all the others, so p99 has at least the cost of that many deliveries in it.
"""

from typing import Any

from runner.places import DidNotRun
from runner.plan import Plan
from runner.report import Record, cell, spread, table
from runner.servers import PEERS, Floor, Server, Telegraphy
from runner.tools import Figures, load


def measure(plan: Plan, record: Record) -> list[str]:
    failures: list[str] = []
    kinds: list[type[Server]] = [Telegraphy, Floor, *(PEERS[name] for name in plan.peers)]
    for subscribers, hertz in plan.latency_settings:
        rounds: dict[str, list[Figures]] = {}
        versions: dict[str, str] = {}
        for _ in range(plan.latency_rounds):
            for kind in kinds:
                try:
                    figures, versions[kind.name] = measure_one(kind, plan, subscribers, hertz)
                    rounds.setdefault(kind.name, []).append(figures)
                except DidNotRun as why:
                    failures.append(f"latency: {why}")
        report(plan, record, subscribers, hertz, rounds, versions)
    return failures


def measure_one(
    kind: type[Server], plan: Plan, subscribers: int, hertz: float
) -> tuple[Figures, str]:
    # A fresh server each time: one that fell behind must not drag its backlog into the next round.
    with kind(cores=plan.server_cores) as server, load(server, cores=plan.load_cores) as tool:
        tool.open(subscribers)
        tool.do("publish 5")
        return tool.do(f"rate {hertz} {plan.latency_seconds}"), server.version()


def report(plan: Plan, record: Record, subscribers: int, hertz: float,
           rounds: dict[str, list[Figures]], versions: dict[str, str]) -> None:  # fmt: skip
    figures: dict[str, Any] = {}
    rows = []
    for name, found in rounds.items():
        one: dict[str, Any] = {
            share: spread(each["latency_us"][share] / 1000 for each in found)
            for share in ("p50", "p99", "p999", "max")
        }
        lost = sum(each["lost"] for each in found)
        figures[name] = {f"{share}_ms": value for share, value in one.items()} | {
            "expected": sum(each["expected"] for each in found),
            "lost": lost,
            "repeated": sum(each["repeated"] for each in found),
        }
        rows.append([name, *(cell(one[share]) for share in ("p50", "p99", "p999")), f"{lost}"])
    table(
        f"Latency in ms at {hertz:g} events/s to {subscribers} subscribers "
        f"({hertz * subscribers:,.0f} deliveries/s); "
        f"median (min–max) of {plan.latency_rounds} rounds",
        ["server", "p50", "p99", "p99.9", "lost"],
        rows,
    )
    record.append(
        "latency",
        settings={"subscribers": subscribers, "events_per_second": hertz,
                  "seconds": plan.latency_seconds, "rounds": plan.latency_rounds,
                  "pinning": plan.pinning},
        figures=figures,
        versions=versions,
    )  # fmt: skip
