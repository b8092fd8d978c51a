"""All clients come back at once after the gateway was restarted, each with its session.

No web application runs here: whoever is let in is let in by the gateway alone. Beside the storm one
subscriber that was back before it gets an event a hundred times a second; what it waits for each
is what the storm costs the others. Gateway and clients share all cores.

Not in the figures: TLS, whose handshakes come on top (0.1 ms of CPU each with P-256, for 10,000 a
second of one core); the gateway's own start, after which they are let go; and the limits of an
address, which are off, since two addresses are everybody here.
"""

import contextlib
import json
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

from runner import tools
from runner.places import DidNotRun, program
from runner.plan import Plan
from runner.report import Record, cell, spread, table
from runner.servers import EVENT_TYPE, Telegraphy

ENDINGS = {"ended": signal.SIGTERM, "killed": signal.SIGKILL}
SETTLE_SECONDS = 1.0

PRIVATE_TYPE = {
    "name": "bench.Private",
    "operations": ["event"],
    "key": [],
    "access": {"rule": "owner == auth.user_id"},
    "fields": [{"name": "owner", "type": "int"}, {"name": "text", "type": "string"}],
}


class Gateway(Telegraphy):
    shards = "2"
    types = (EVENT_TYPE, PRIVATE_TYPE)

    def identities(self) -> dict[str, int]:
        url = f"http://127.0.0.1:{self.ingest_port}/healthz"
        with urllib.request.urlopen(url, timeout=10) as answer:
            counts: dict[str, int] = json.load(answer)["identities"]
            return counts


class Crowd:
    """The tool `storm`."""

    def __init__(self, gateway: Gateway, clients: int) -> None:
        self.process = subprocess.Popen(
            [
                str(program("storm")),
                "--port", str(gateway.port),
                "--zmq", gateway.zmq,
                "--key", gateway.key,
                "--clients", str(clients),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise DidNotRun(f"the storm tool ended with status {self.process.wait()}; see above")
        figures: dict[str, Any] = json.loads(line)
        return figures


@contextlib.contextmanager
def crowd_of(gateway: Gateway, clients: int) -> Iterator[Crowd]:
    crowd = Crowd(gateway, clients)
    try:
        yield crowd
    finally:
        crowd.process.kill()
        crowd.process.wait()


def storm(crowd: Crowd, standing: tools.Load) -> dict[str, Any]:
    """Let them come back, and send to the standing subscriber until they are there."""
    over = threading.Event()
    figures: dict[str, Any] = {}

    def wait_for_them() -> None:
        try:
            figures.update(crowd.hear())
        finally:
            over.set()

    listener = threading.Thread(target=wait_for_them)
    crowd.tell("return")
    listener.start()
    waits, lost = [], 0
    while not over.is_set():
        window = standing.do("rate 100 0.5")
        waits.append(window["latency_us"])
        lost += window["lost"]
    listener.join()
    if not figures:
        raise DidNotRun("the storm tool ended in the storm; see above")
    figures["publish_p99_ms"] = max(each["p99"] for each in waits) / 1e3
    figures["publish_max_ms"] = max(each["max"] for each in waits) / 1e3
    figures["publish_lost"] = lost
    return figures


def once(plan: Plan, number: int) -> dict[str, Any]:
    with Gateway() as gateway, crowd_of(gateway, plan.storm_clients) as crowd:
        crowd.tell("join")
        joined = crowd.hear()
        if joined["ready"] != plan.storm_clients:
            raise DidNotRun(f"storm: {joined['ready']} of {plan.storm_clients} could join")
        crowd.tell("lose")
        if number == signal.SIGKILL:
            # What the last fraction of a second brought is not promised to survive that.
            threading.Event().wait(SETTLE_SECONDS)
        gateway.stop(number)
        crowd.hear()
        gateway.start()
        with tools.load(gateway, cores=None) as standing:
            standing.open(1)
            figures = storm(crowd, standing)
        counts = gateway.identities()
    figures["tickets_after_restart"] = counts["tickets_made"]
    figures["handshake_p99_ms"] = figures["handshake_ms"]["p99"]
    figures["subscribed_p99_ms"] = figures["subscribed_ms"]["p99"]
    return figures


SPREADS = ("seconds", "handshake_p99_ms", "subscribed_p99_ms", "publish_p99_ms",
           "publish_max_ms", "load_cpu_us")  # fmt: skip
SUMS = ("ready", "refused", "ended", "strangers", "publish_lost", "tickets_after_restart")


def measure(plan: Plan, record: Record) -> list[str]:
    figures: dict[str, Any] = {}
    rows = []
    for name, number in ENDINGS.items():
        rounds = [once(plan, number) for _ in range(plan.storm_rounds)]
        found: dict[str, Any] = {key: spread(each[key] for each in rounds) for key in SPREADS}
        found |= {key: sum(each[key] for each in rounds) for key in SUMS}
        figures[name] = found
        rows.append([
            name, cell(found["seconds"]), cell(found["handshake_p99_ms"], 0),
            cell(found["publish_p99_ms"], 1), cell(found["publish_max_ms"], 1),
            f"{found['ready']}/{plan.storm_clients * plan.storm_rounds}",
            str(found["strangers"]), str(found["tickets_after_restart"]),
        ])  # fmt: skip
    table(
        f"Storm: {plan.storm_clients:,} clients come back at once after the gateway was …, two "
        f"shards; median (min–max) of {plan.storm_rounds}",
        ["", "seconds", "handshake p99 ms", "publish p99 ms", "publish max ms", "back",
         "strangers", "tickets"],
        rows,
    )  # fmt: skip
    record.append(
        "storm",
        settings={"clients": plan.storm_clients, "rounds": plan.storm_rounds, "shards": 2},
        figures=figures,
        versions={"telegraphy": Gateway().version()},
    )
    return []
