"""What one delivery costs the server: 200-byte events to all subscribers, uncoalesced.

All servers run at the same time, each with subscribers of its own, and take turns of about a
second each: a busy moment of the machine hits all of them alike, and the ratio to the floor is
taken within each round. Idle servers cost nothing meanwhile.
"""

import contextlib
from typing import Any

from runner import tools
from runner.places import DidNotRun
from runner.plan import Plan
from runner.report import Record, cell, spread, table
from runner.servers import PEERS, Floor, Server, Telegraphy, TelegraphyDefault
from runner.tools import Figures, Load, load

WARM_UP_EVENTS = 5
TURN_SECONDS_MAX = 3.0


class Contestant:
    def __init__(self, server: Server, tool: Load, plan: Plan) -> None:
        self.server = server
        self.tool = tool
        self.rounds: list[Figures] = []
        tool.open(plan.fanout_subscribers)
        # The second time: the first event finds cold caches and unconnected publishers.
        tool.do(f"publish {WARM_UP_EVENTS}")
        warm = tool.do(f"publish {WARM_UP_EVENTS}")
        self.frame_bytes = round(warm["frame_bytes"])
        per_event = warm["seconds"] / WARM_UP_EVENTS
        self.events = max(1, min(plan.fanout_events, int(TURN_SECONDS_MAX / per_event)))

    def turn(self) -> None:
        figures = self.tool.do(f"publish {self.events}")
        if figures["lost"] or figures["repeated"] or figures["dropped"]:
            print(
                f"  {self.server.name}: of {figures['expected']} deliveries {figures['lost']} "
                f"were lost and {figures['repeated']} came twice; {figures['dropped']} "
                "connections were dropped"
            )
        if figures["events_late"] or not figures["delivered"]:
            raise DidNotRun(
                f"{self.server.name}: some events did not arrive within 20 s; see above"
            )
        if not figures["cpu_us"]:
            raise DidNotRun(
                f"{self.server.name}: the processes {self.server.pids()} used no CPU time, "
                "so they are not those that serve"
            )
        self.rounds.append(figures)


def lengthen_offsets(server: Server) -> None:
    """Positions of four digits from the first event on: so the frame keeps its size, which the
    floor's is made equal to."""
    if isinstance(server, Telegraphy):
        tools.publish(
            server.publish_arguments(),
            depth=100,
            window=1,
            events=1000,
            pids=server.pids(),
            cores=None,
        )


def measure(plan: Plan, record: Record) -> list[str]:
    """Returns what did not run."""
    failures: list[str] = []
    with contextlib.ExitStack() as stack:

        def enter(kind: type[Server], *extra: str) -> Contestant | None:
            try:
                server = stack.enter_context(kind(cores=plan.server_cores))
                lengthen_offsets(server)
                tool = stack.enter_context(load(server, cores=plan.load_cores, extra=extra))
                return Contestant(server, tool, plan)
            except DidNotRun as why:
                failures.append(f"fanout: {why}")
                return None

        gateway = enter(Telegraphy)
        frame = ("--frame-bytes", str(gateway.frame_bytes)) if gateway else ()
        floor = enter(Floor, *frame)
        others = [enter(PEERS[name]) for name in plan.peers]
        if gateway and not plan.quick:
            others.append(enter(TelegraphyDefault))
        contestants = [one for one in (gateway, floor, *others) if one]

        for number in range(plan.fanout_rounds):
            # There and back again, so that nobody always follows the same one.
            for one in contestants if number % 2 == 0 else reversed(contestants):
                try:
                    one.turn()
                except DidNotRun as why:
                    failures.append(f"fanout: {why}")
                    contestants = [other for other in contestants if other is not one]
        report(plan, record, [one for one in contestants if one.rounds], gateway, floor)
    return failures


def report(plan: Plan, record: Record, contestants: list[Contestant], gateway: Contestant | None,
           floor: Contestant | None) -> None:  # fmt: skip
    figures: dict[str, Any] = {}
    rows = []
    for one in contestants:
        cost = spread(each["cpu_us_per_delivery"] for each in one.rounds)
        user = spread(each["cpu_user_us"] / each["delivered"] for each in one.rounds)
        rate = spread(each["deliveries_per_second"] for each in one.rounds)
        ratio = None
        if floor:
            ratio = spread(
                mine["cpu_us_per_delivery"] / its["cpu_us_per_delivery"]
                for mine, its in zip(one.rounds, floor.rounds, strict=False)
            )
        totals = {name: sum(each[name] for each in one.rounds)
                  for name in ("expected", "delivered", "lost", "repeated", "dropped")}  # fmt: skip
        figures[one.server.name] = {
            "cpu_us_per_delivery": cost,
            "cpu_user_us_per_delivery": user,
            "ratio_to_floor": ratio,
            "deliveries_per_second": rate,
            "frame_bytes": spread(each["frame_bytes"] for each in one.rounds),
            "events_a_round": one.events,
            **totals,
        }
        rows.append([
            one.server.name, cell(cost), cell(user), cell(ratio, 3) if ratio else "-",
            f"{rate['median']:,.0f}", f"{one.rounds[-1]['frame_bytes']:.0f}",
            f"{totals['lost']}/{totals['repeated']}",
        ])  # fmt: skip
    table(
        f"Fan-out, uncoalesced, {plan.fanout_subscribers} subscribers, 200-byte events; "
        f"median (min–max) of {plan.fanout_rounds} rounds; {plan.pinning}",
        [
            "server",
            "CPU µs/delivery",
            "of it user",
            "x floor",
            "deliveries/s",
            "frame B",
            "lost/twice",
        ],
        rows,
    )
    if gateway and floor:
        print(
            "  The gateway's frame is longer than a peer's: it carries type, position and time "
            "besides the data."
        )
    record.append(
        "fanout",
        settings={"subscribers": plan.fanout_subscribers, "events": plan.fanout_events,
                  "rounds": plan.fanout_rounds, "data_bytes": 200, "pinning": plan.pinning},
        figures=figures,
        versions={one.server.name: one.server.version() for one in contestants},
    )  # fmt: skip
