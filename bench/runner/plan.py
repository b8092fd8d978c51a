"""How large a measurement is, and where it runs: the same for every server in it."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    peers: tuple[str, ...]
    quick: bool
    # Server and load tool each on a core of its own, where there are two. All servers alike.
    server_cores: str | None
    load_cores: str | None

    fanout_subscribers: int = 2000
    # Many short turns: of a busy moment then only one is spoilt.
    fanout_events: int = 60
    fanout_rounds: int = 21
    idle_connections: int = 10_000
    idle_seconds: float = 40
    # Deliveries per second are subscribers x hertz.
    latency_settings: tuple[tuple[int, float], ...] = ((100, 10), (1000, 10))
    latency_seconds: float = 5
    latency_rounds: int = 5
    publish_depths: tuple[int, ...] = (1, 16, 128, 512, 2048)
    # Batches in flight: 1 is what a pipeline of that depth means in the strict sense.
    publish_windows: tuple[int, ...] = (1, 4)
    publish_rounds: int = 7
    publish_seconds: float = 1.0
    query_connections: int = 2000
    query_subscriptions: tuple[int, ...] = (1000, 100_000)
    query_events: int = 100_000
    query_rounds: int = 5
    storm_clients: int = 10_000
    storm_rounds: int = 5
    match_workloads: str = "TMRBDPLU"
    match_filters: tuple[int, ...] = (1000, 10_000, 100_000, 1_000_000)

    @property
    def pinning(self) -> str:
        if self.server_cores is None:
            return "none"
        return f"server on core {self.server_cores}, load tool on core {self.load_cores}"


def make(*, peers: tuple[str, ...], quick: bool) -> Plan:
    cores = sorted(os.sched_getaffinity(0))
    pinned = len(cores) >= 2
    server, load = (str(cores[0]), str(cores[1])) if pinned else (None, None)
    if not quick:
        return Plan(peers=peers, quick=False, server_cores=server, load_cores=load)
    return Plan(
        peers=peers,
        quick=True,
        server_cores=server,
        load_cores=load,
        fanout_subscribers=500,
        fanout_events=40,
        fanout_rounds=3,
        idle_connections=1000,
        idle_seconds=2,
        latency_settings=((100, 10),),
        latency_seconds=2,
        latency_rounds=1,
        publish_depths=(1, 128),
        publish_windows=(4,),
        publish_rounds=3,
        publish_seconds=0.3,
        query_connections=100,
        query_subscriptions=(100, 1000),
        query_events=5000,
        query_rounds=2,
        storm_clients=500,
        storm_rounds=2,
        match_workloads="TM",
        match_filters=(1000,),
    )
