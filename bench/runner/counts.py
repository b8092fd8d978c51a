"""Counts instead of times: instructions and heap allocations per delivery and per event.

The same on a busy machine and on a quiet one, so small changes show. User space only: callgrind
does not see the kernel. Each figure is the difference between a long and a short run, so that
start, connecting and stopping cancel out.
"""

import re
import struct
from pathlib import Path
from typing import Any

from runner import tools
from runner.places import DidNotRun, program
from runner.plan import Plan
from runner.report import Record, table
from runner.servers import Floor, Server, Telegraphy

SUBSCRIBERS = 200
FEW, MANY = 20, 120
BATCH, FEW_BATCHES, MANY_BATCHES = 128, 20, 120


def measure(plan: Plan, record: Record) -> list[str]:
    failures: list[str] = []
    figures: dict[str, Any] = {}
    versions: dict[str, str] = {}
    rows = []
    for kind in (Telegraphy, Floor):
        try:
            with kind() as server:
                versions[kind.name] = server.version()
            figures[kind.name] = count(kind, plan)
        except DidNotRun as why:
            failures.append(f"counts: {why}")
            continue
        one = figures[kind.name]
        rows.append([kind.name, *(f"{one[name]:,.3f}" if name in one else "-" for name in NAMES)])
    table(
        f"Counts in user space; fan-out to {SUBSCRIBERS} subscribers one event at a time, "
        f"publishing in batches of {BATCH} with no subscriber",
        [
            "server",
            "instructions/delivery",
            "allocations/delivery",
            "instructions/event",
            "allocations/event",
        ],
        rows,
    )
    record.append(
        "counts",
        settings={"subscribers": SUBSCRIBERS, "batch": BATCH},
        figures=figures,
        versions=versions,
    )
    return failures


NAMES = ("instructions_per_delivery", "allocations_per_delivery",
         "instructions_per_event", "allocations_per_event")  # fmt: skip


def count(kind: type[Server], plan: Plan) -> dict[str, float]:
    deliveries = (MANY - FEW) * SUBSCRIBERS
    more = instructions(kind, events=MANY) - instructions(kind, events=FEW)
    found = {
        "instructions_per_delivery": more / deliveries,
        "allocations_per_delivery": allocations(kind) / deliveries,
    }
    if issubclass(kind, Telegraphy):
        events = (MANY_BATCHES - FEW_BATCHES) * BATCH * 1.05
        found["instructions_per_event"] = (
            instructions(kind, batches=MANY_BATCHES) - instructions(kind, batches=FEW_BATCHES)
        ) / events
        found["allocations_per_event"] = publish_allocations(plan) / (MANY_BATCHES * BATCH)
    return {name: round(value, 4) for name, value in found.items()}


def instructions(kind: type[Server], *, events: int = 0, batches: int = 0) -> int:
    out = f"--callgrind-out-file={program('load').parent}/callgrind.%p"
    server = kind(wrapper=["valgrind", "--tool=callgrind", "--quiet", out])
    with server:
        assert server.process is not None
        file = program("load").parent / f"callgrind.{server.process.pid}"
        if events:
            with tools.load(server, cores=None) as tool:
                tool.open(SUBSCRIBERS)
                tool.do(f"publish {events}")
        if batches:
            publish_batches(server, batches)
    # It is written when the server ends.
    try:
        match = re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
    finally:
        file.unlink(missing_ok=True)
    if not match:
        raise DidNotRun(f"{kind.name}: callgrind left no sum in {file}")
    return int(match[1])


def publish_batches(server: Server, batches: int) -> None:
    assert isinstance(server, Telegraphy)
    tools.publish(
        server.publish_arguments(),
        depth=BATCH,
        window=4,
        events=batches * BATCH,
        pids=server.pids(),
        cores=None,
    )


def allocated(file: Path) -> int:
    counted: int = struct.unpack("QQ", file.read_bytes())[0]
    return counted


def counting(kind: type[Server]) -> tuple[Server, Path]:
    server = kind()
    file = server.directory / "allocations"
    server.environment |= {
        "LD_PRELOAD": str(program("alloccount.so")),
        "BENCH_ALLOC_COUNT": str(file),
    }
    return server, file


def allocations(kind: type[Server]) -> int:
    server, file = counting(kind)
    with server, tools.load(server, cores=None) as tool:
        tool.open(SUBSCRIBERS)
        tool.do("publish 5")
        at = [allocated(file)]
        for events in (FEW, MANY):
            tool.do(f"publish {events}")
            at.append(allocated(file))
    return (at[2] - at[1]) - (at[1] - at[0])


def publish_allocations(plan: Plan) -> int:
    server, file = counting(Telegraphy)
    with server:
        publish_batches(server, FEW_BATCHES)
        before = allocated(file)
        publish_batches(server, MANY_BATCHES)
        return allocated(file) - before
