"""What ingest refuses, bounds and survives, whether who asks has a key or not."""

import json
import re
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from conftest import NOTE
from harness.client import Client
from harness.crowd import Crowd
from harness.gateway import Gateway, binary, plain_binary
from harness.ingest import Dealer
from harness.processes import until
from harness.wire import Wire

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
PLACES = 1024


def publish_head(gateway: Gateway, length: int) -> bytes:
    lines = (
        "POST /api/v1/events HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {gateway.key}",
        "Content-Type: application/x-ndjson",
        f"Content-Length: {length}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def log_of(gateway: Gateway) -> str:
    return "".join(log.read_text() for log in sorted(gateway.folder.glob("gateway-*.log")))


# ---- HTTP


def test_answers_that_nobody_reads_pin_no_memory(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(program=plain_binary())
    before = gateway.memory_kb()
    with Wire(gateway.ingest_port, receive_buffer=4096) as wire:
        wire.socket.settimeout(1)
        sent = 0
        try:
            while sent < 300_000_000:
                sent += wire.socket.send(HEALTH * 2000)
        except (TimeoutError, ConnectionError):
            pass
        assert 0 < sent < 300_000_000
        assert gateway.memory_kb() - before < 4_000
    assert gateway.http("GET", "/healthz").status == 200


def test_requests_in_a_row_are_all_answered_if_the_answers_are_read(gateway: Gateway) -> None:
    count = 3000
    with Wire(gateway.ingest_port) as wire:
        for _ in range(count // 100):
            wire.send(HEALTH * 100)
        got = b""
        while got.count(b"HTTP/1.1 200") < count:
            got += wire.read_exactly(1)
            got, wire.buffer = got + wire.buffer, b""
        assert got.count(b"HTTP/1.1 200") == count


def test_who_has_no_key_keeps_no_publisher_out(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway()
    gateway.put_catalogue(NOTE)
    with Crowd() as crowd:
        for _ in range(PLACES + 40):
            crowd.join(gateway.ingest_port, HEALTH)
            crowd.turn(0)
        crowd.run_until(lambda: False, 1)
        assert crowd.open_count <= PLACES
        start = time.monotonic()
        gateway.publish("test.Note", {"n": 1})
        assert time.monotonic() - start < 2
        # And all of them are idle for too long soon.
        assert crowd.run_until(lambda: crowd.open_count == 0, 9)


def test_who_has_a_key_is_told_that_all_places_are_taken(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway()
    gateway.put_catalogue(NOTE)
    with Crowd() as crowd:
        words = publish_head(gateway, 1) + b"\n"
        for _ in range(PLACES):
            crowd.join(gateway.ingest_port, words)
            crowd.turn(0)

        def answered() -> bool:
            return all(b"\r\n\r\n" in member.received for member in crowd.members)

        assert crowd.run_until(answered, 20)
        assert crowd.open_count == PLACES
        with Wire(gateway.ingest_port) as wire:
            status, _ = wire.read_head()
            body = json.loads(wire.read_until_end())
            assert (status, body["code"]) == (503, "overloaded")
        # They stay for longer than who has no key.
        crowd.run_until(lambda: False, 6.5)
        assert crowd.open_count == PLACES
    until("there is room again", lambda: gateway.http("GET", "/healthz").status == 200)


def test_bodies_under_way_have_a_budget_together(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway()
    gateway.put_catalogue(NOTE)
    whole = 8 * 1024 * 1024
    wires = [Wire(gateway.ingest_port) for _ in range(8)]
    for wire in wires:
        wire.send(publish_head(gateway, whole)[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert wire.read_head()[0] == 100
    answer = gateway.publish_lines('{"type":"test.Note","data":{"n":1}}')
    assert (answer.status, answer.json["code"]) == (503, "overloaded")
    # What is under way goes on: one comes to its end and makes room.
    body = b'{"type":"test.Note","data":{"n":1}}'
    wires[0].send(body + b" " * (whole - len(body)))
    assert wires[0].read_head()[0] == 200
    gateway.publish("test.Note", {"n": 2})
    for wire in wires:
        wire.socket.close()
    with Wire(gateway.ingest_port) as wire:
        wire.send(publish_head(gateway, whole)[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert wire.read_head()[0] == 100


def test_who_has_nothing_more_to_say_hears_the_rest(new_gateway: Callable[..., Gateway]) -> None:
    """A half-closed connection: its own side is shut, and what waits for it still comes."""
    gateway = new_gateway(limits={"connection_bytes_max": 16_777_216})
    gateway.put_catalogue(NOTE)
    with Client(gateway.client_port, receive_buffer=4096) as slow:
        slow.subscribe("test.Note")
        for start in range(0, 600, 50):
            text = "x" * 15_000
            gateway.publish("test.Note", *({"n": start + n, "text": text} for n in range(50)))
        slow.wire.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        assert [slow.next()["data"]["n"] for _ in range(600)] == list(range(600))
        assert slow.wire.read_until_end() == b""


# ---- ZeroMQ


def test_only_its_user_may_open_the_socket(gateway: Gateway) -> None:
    mode = Path(gateway.zmq.removeprefix("ipc://")).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def refused_start(gateway: Gateway) -> str:
    done = subprocess.run(
        [str(binary()), "serve", "--config", str(gateway.config)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 1
    return done.stderr


def test_a_second_gateway_does_not_take_the_socket_away(
    gateway: Gateway, tmp_path: Path
) -> None:
    other = Gateway(tmp_path / "other", ingest={"zmq": gateway.zmq})
    assert "another gateway listens there" in refused_start(other)
    with Dealer(gateway.zmq) as dealer:
        assert dealer.ask({"kind": "ping", "id": 1, "key": gateway.key})["kind"] == "pong"


@pytest.mark.parametrize("link", [False, True])
def test_a_file_in_the_way_is_left_alone(link: bool, tmp_path: Path) -> None:
    precious, path = tmp_path / "precious", tmp_path / "in-the-way"
    precious.write_text("precious")
    path = path if link else precious
    if link:
        path.symlink_to(precious)
    words = refused_start(Gateway(tmp_path / "gateway", ingest={"zmq": f"ipc://{path}"}))
    assert "is no socket" in words
    assert str(path) in words
    assert path.is_symlink() == link
    assert precious.read_text() == "precious"


def test_a_socket_that_a_killed_gateway_left_is_taken_over(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway()
    gateway.kill()
    assert Path(gateway.zmq.removeprefix("ipc://")).is_socket()
    gateway.start()
    with Dealer(gateway.zmq) as dealer:
        assert dealer.ask({"kind": "ping", "id": 1, "key": gateway.key})["kind"] == "pong"


def test_a_publisher_that_reads_no_answers_is_logged_and_stops_nobody(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway()
    header = {"kind": "ping", "id": 1, "key": gateway.key}
    deaf = zmq.Context.instance().socket(zmq.DEALER)
    deaf.setsockopt(zmq.LINGER, 0)
    deaf.setsockopt(zmq.RCVHWM, 1)
    deaf.connect(gateway.zmq)
    with deaf, Dealer(gateway.zmq) as other:
        words = json.dumps(header).encode()
        for number in range(100_000):
            deaf.send_multipart([words, b""])
            if number % 5_000 == 0 and "ingest.answer_lost" in log_of(gateway):
                break
        until("the loss is logged", lambda: "ingest.answer_lost" in log_of(gateway))
        assert other.ask(header)["kind"] == "pong"


def test_a_request_over_the_limit_is_told_so_and_one_far_over_is_dropped(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(ingest={"request_bytes_max": 1024})
    header = {"kind": "publish", "id": 1, "key": gateway.key}
    with Dealer(gateway.zmq) as dealer:
        assert dealer.ask(header, " " * 1_000_000)["code"] == "too_large"
        dealer.send(json.dumps(header).encode(), b" " * 1_100_000)
        assert not dealer.socket.poll(500)
        # libzmq connects again by itself.
        assert dealer.ask({**header, "kind": "ping"})["kind"] == "pong"


def test_no_key_is_ever_logged(gateway: Gateway) -> None:
    gateway.http("GET", "/api/v1/types", key=gateway.key[:-1] + "x")
    with Dealer(gateway.zmq) as dealer:
        dealer.ask({"kind": "ping", "id": 1, "key": gateway.key[:-1] + "y"})
    assert not re.search(gateway.key[:8], log_of(gateway))
