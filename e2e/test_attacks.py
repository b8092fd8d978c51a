"""What attackers and bad networks do to a gateway, while others want to be served."""

import json
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import NOTE
from harness.client import Client
from harness.crowd import Crowd, Member, answer_pings, subscriber_words
from harness.gateway import Gateway, binary, event_type, plain_binary
from harness.processes import until
from harness.wire import BINARY, CONTINUATION, TEXT, Ended, Wire, encode, handshake


class Bystander:
    """A well-behaved subscriber and its publisher: an event every 50 ms, and how long each took."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.delays_s: list[float] = []
        self.problem: BaseException | None = None
        self._client = Client(gateway.client_port)
        self._client.subscribe("test.Own")
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        n = 0
        try:
            while not self._enough.wait(0.05):
                n += 1
                start = time.monotonic()
                self.gateway.publish("test.Own", {"n": n})
                event = self._client.next()
                self.delays_s.append(time.monotonic() - start)
                assert event["data"]["n"] == n
        except BaseException as problem:
            self.problem = problem

    def leave(self) -> None:
        self._enough.set()
        self._thread.join(30)
        self._client.wire.socket.close()

    def was_served(self) -> None:
        until("a few events came", lambda: self.problem or len(self.delays_s) > 5)
        self.leave()
        assert self.problem is None, self.problem
        assert statistics.median(self.delays_s) < 0.5, sorted(self.delays_s)[-5:]
        assert max(self.delays_s) < 3, sorted(self.delays_s)[-5:]


@pytest.fixture
def attacked(new_gateway: Callable[..., Gateway]) -> Gateway:
    return with_types(new_gateway())


def with_types(gateway: Gateway) -> Gateway:
    assert gateway.put_catalogue(NOTE, event_type("test.Own")).status == 200
    return gateway


@pytest.fixture
def measured(new_gateway: Callable[..., Gateway]) -> Gateway:
    """A gateway whose memory says something: without sanitizers."""
    return with_types(new_gateway(program=plain_binary()))


@pytest.fixture
def bystander(attacked: Gateway) -> Iterator[Bystander]:
    bystander = Bystander(attacked)
    yield bystander
    bystander.leave()


def test_threat_12_slowloris_a_thousand_slow_headers_are_closed_within_six_seconds(
    attacked: Gateway, bystander: Bystander
) -> None:
    request = handshake(attacked.client_port)
    with Crowd() as crowd:
        for number in range(1000):
            # Half of them say nothing at all, half go on with one byte a second.
            crowd.join(attacked.client_port, b"" if number % 2 else request[:1])
        sent = 1

        def one_more_byte() -> None:
            nonlocal sent
            for member in crowd.members[::2]:
                if member.open:
                    member.write(request[sent : sent + 1])
            sent += 1

        crowd.run_until(lambda: crowd.open_count == 0, 12, each_second=one_more_byte)
        assert crowd.open_count == 0
        lasted = [(member.ended_at or 0) - member.began_at for member in crowd.members]
        assert max(lasted) < 6, sorted(lasted)[-5:]
        assert min(lasted) > 4, sorted(lasted)[:5]
        told = [member for member in crowd.members if member.received.startswith(b"HTTP/1.1 408")]
        assert len(told) == 1000
    bystander.was_served()


def test_threat_12_slowness_who_never_connects_is_closed_with_4408(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(timeouts={"connect_ms": 1000})
    with Wire(gateway.client_port).upgrade() as wire:
        start = time.monotonic()
        assert wire.read_close() == 4408
        assert 0.8 < time.monotonic() - start < 4


def test_threat_12_slowness_who_never_answers_pings_is_closed_with_4411(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(timeouts={"connect_ms": 1000, "ping_interval_ms": 1000})
    with Client(gateway.client_port) as client:
        start = time.monotonic()
        assert client.wire.read_close() == 4411
        assert 1.5 < time.monotonic() - start < 8


def test_threat_11_header_lines_of_64_kb_from_many_pin_no_memory(measured: Gateway) -> None:
    bystander = Bystander(measured)
    before = measured.memory_kb()
    head = b"GET /v1/websocket HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 65_536
    with Crowd() as crowd:
        for _ in range(300):
            crowd.join(measured.client_port, head)
        assert crowd.run_until(lambda: crowd.open_count == 0, 10)
        refused = [m for m in crowd.members if m.received.startswith(b"HTTP/1.1 431")]
        # Some hear of nothing but the reset: their own bytes were still under way.
        assert len(refused) > 0
    assert measured.memory_kb() - before < 8_000
    bystander.was_served()


def test_broken_frames_harm_only_their_sender(attacked: Gateway, bystander: Bystander) -> None:
    attacks = {
        "unmasked": (encode(TEXT, b"{}", masked=False), 1002),
        "not UTF-8": (encode(TEXT, b'{"\xff'), 1007),
        "binary": (encode(BINARY, b"x"), 1003),
        "too long": (encode(TEXT, b"", length=65_537), 1009),
        "absurdly long": (encode(TEXT, b"", length=(1 << 63) - 1), 1009),
        "reserved bits": (encode(TEXT, b"{}", rsv=2), 1002),
        "reserved opcode": (encode(0x5, b""), 1002),
        "a lone continuation": (encode(CONTINUATION, b"x"), 1002),
    }
    for _ in range(10):
        for name, (frame, code) in attacks.items():
            with Client(attacked.client_port) as client:
                client.wire.send(frame)
                assert client.wire.read_close() == code, name
    bystander.was_served()


def test_threat_11_endless_fragments_of_one_byte_pin_little(measured: Gateway) -> None:
    bystander = Bystander(measured)
    before = measured.memory_kb()
    clients = [Client(measured.client_port) for _ in range(100)]
    for client in clients:
        client.wire.send(encode(TEXT, b" ", fin=False))
        client.wire.send(encode(CONTINUATION, b" ", fin=False) * 1_000)
    for client in clients:
        client.wire.send(encode(0x9, b"here?"))
        assert client.wire.read_frame().payload == b"here?"
    assert measured.memory_kb() - before < 100 * 40 + 4_000
    for client in clients:
        client.wire.send_what_it_takes(encode(CONTINUATION, b" ", fin=False) * 30)
        assert client.wire.read_close() == 1009
        client.wire.socket.close()
    bystander.was_served()


def test_threat_15_a_flood_of_nonsense_is_ended_with_4400(
    attacked: Gateway, bystander: Bystander
) -> None:
    with Client(attacked.client_port) as client:
        for _ in range(1000):
            client.wire.send_frame(TEXT, "nonsense")
        assert client.wire.read_close() == 4400
    bystander.was_served()


BIG = "x" * 15_000


def publish_big(gateway: Gateway, count: int) -> None:
    for start in range(0, count, 50):
        gateway.publish("test.Note", *({"n": n, "text": BIG} for n in range(start, start + 50)))


def test_threat_12_a_slow_reader_hears_of_every_event_that_it_missed(measured: Gateway) -> None:
    """Its memory is bounded, and a gap says exactly what was dropped."""
    with Client(measured.client_port, receive_buffer=4096) as slow:
        position = slow.subscribe("test.Note")["position"]["offset"]
        before = measured.memory_kb()
        publish_big(measured, 1000)
        assert measured.memory_kb() - before < 8_000
        gateway_knows_up_to = position + 1000
        gaps = 0
        while position < gateway_knows_up_to:
            message = slow.read()
            if message["kind"] == "gap":
                assert message["from"] == position + 1
                assert message["reason"] == "slow"
                assert message["to"] >= message["from"]
                position = message["to"]
                gaps += 1
            else:
                assert message["prev"] == position
                position = message["position"]["offset"]
        assert gaps > 0
        assert slow.is_usable()


def test_threat_12_slow_read_who_never_reads_is_closed(new_gateway: Callable[..., Gateway]) -> None:
    gateway = with_types(new_gateway(timeouts={"write_ms": 1500}))
    bystander = Bystander(gateway)
    dead = Client(gateway.client_port, receive_buffer=4096)
    dead.subscribe("test.Note")
    publish_big(gateway, 600)

    def closed() -> bool:
        health = gateway.http("GET", "/healthz").json
        return health.get("connections", 1) <= 1 or has_ended(dead)

    def has_ended(client: Client) -> bool:
        # The peer's FIN or reset lies behind what was never read.
        try:
            client.wire.send(encode(0x9, b""))
            time.sleep(0.2)
            client.wire.send(encode(0x9, b""))
        except (BrokenPipeError, ConnectionResetError):
            return True
        return False

    until("the gateway closed the connection that never reads", closed)
    try:
        assert dead.wire.read_close() in (4410, None)
    except (Ended, ConnectionResetError):
        pass
    bystander.was_served()


def test_threat_15_a_flood_of_connections_is_told_with_503(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(clients={"connections_max": 8}, shards=1)
    clients = [Client(gateway.client_port) for _ in range(8)]
    with Wire(gateway.client_port) as wire:
        wire.send_what_it_takes(handshake(gateway.client_port))
        status, headers = wire.read_head()
        assert status == 503
        assert int(headers["retry-after"]) > 0
    clients.pop().wire.socket.close()
    until("there is room again", lambda: can_connect(gateway))
    assert all(client.is_usable() for client in clients)


def can_connect(gateway: Gateway) -> bool:
    try:
        with Client(gateway.client_port) as client:
            return client.is_usable()
    except (AssertionError, Ended):
        return False


def test_many_idle_subscribers_stay_and_all_hear(new_gateway: Callable[..., Gateway]) -> None:
    """10,000 of them, at 2 KB of the gateway's memory each at most."""
    count = 10_000
    timeouts = {"connect_ms": 2000, "ping_interval_ms": 3000}
    gateway = with_types(new_gateway(program=plain_binary(), timeouts=timeouts))
    before_kb = gateway.memory_kb()
    with Crowd() as crowd:
        words = subscriber_words(gateway.client_port, "test.Note")
        for _ in range(count):
            crowd.join(gateway.client_port, words)
            crowd.turn(0, answer_pings)

        def subscribed() -> int:
            return sum(b'"subscribed"' in member.received for member in crowd.members)

        assert crowd.run_until(lambda: subscribed() == count, 60)
        used_kb = gateway.memory_kb() - before_kb
        for member in crowd.members:
            member.received = b""
        # Through two pings and longer.
        crowd.run_until(lambda: False, 8, heard=answer_pings)
        assert crowd.open_count == count
        assert used_kb / count <= 2, f"{used_kb} KB for {count} connections"
        gateway.publish("test.Note", {"n": 42, "text": "to all of you"})
        seen: set[int] = set()

        def heard(member: Member) -> None:
            if b"to all of you" in member.received:
                seen.add(id(member))

        assert crowd.run_until(lambda: len(seen) == count, 30, heard=heard), len(seen)


def test_an_ending_gateway_drains_what_is_under_way(attacked: Gateway) -> None:
    with Client(attacked.client_port) as client:
        position = client.subscribe("test.Note")["position"]["offset"]
        attacked.publish("test.Note", *({"n": n} for n in range(500)))
        attacked.ask_to_end()
        for n in range(500):
            event = client.next()
            assert event["data"]["n"] == n
            assert event["prev"] == position + n
        assert client.wire.read_close() == 1012
    assert attacked.wait_for_end() == 0


@pytest.mark.parametrize("shared", ["client_port", "ingest_port"])
def test_a_second_gateway_is_told_that_the_port_is_taken(
    shared: str, attacked: Gateway, tmp_path: Path
) -> None:
    """Two that share a port without knowing would each have some of the clients."""
    other = Gateway(tmp_path / "other")
    config = json.loads(other.config.read_text())
    section = {"client_port": "clients", "ingest_port": "ingest"}[shared]
    config[section]["port"] = port = getattr(attacked, shared)
    other.config.write_text(json.dumps(config))
    done = subprocess.run(
        [str(binary()), "serve", "--config", str(other.config)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode != 0
    assert str(port) in done.stderr + done.stdout
    assert attacked.http("GET", "/healthz").json["status"] == "ok"
