"""Does the load tool notice what goes wrong?  Against servers that lie, on purpose.

python -m pytest bench
"""

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from runner.places import program  # noqa: E402

Send = Callable[[bytes], None]
"""Sends one text frame to every subscriber."""


class Liar:
    """Speaks to the load tool as the floor does, but `broadcast` decides what an event becomes."""

    def __init__(self, broadcast: Callable[[bytes, Send, list[socket.socket]], None]) -> None:
        self.broadcast = broadcast
        self.subscribers: list[socket.socket] = []
        self.ports = [self.listen(self.subscribe), self.listen(self.publish)]

    def listen(self, serve: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    def subscribe(self, connection: socket.socket) -> None:
        request = connection.recv(4096).decode()
        key = next(
            line[19:] for line in request.split("\r\n") if line.startswith("Sec-WebSocket-Key: ")
        )
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.subscribers.append(connection)
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )

    def publish(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while length := stream.read(4):
                self.broadcast(
                    stream.read(int.from_bytes(length, "big")), self.send, self.subscribers
                )

    def send(self, payload: bytes) -> None:
        frame = bytes([0x81, 126]) + len(payload).to_bytes(2, "big") + payload
        for subscriber in self.subscribers:
            subscriber.sendall(frame)


def load(liar: Liar, *commands: str) -> dict[str, Any]:
    """What the load tool says of the last of the commands."""
    clients, control = liar.ports
    command = [str(program("load")), "--to", "floor", "--port", str(clients)]
    command += ["--publish", f"stream:{control}", *commands]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def number(event: bytes) -> int:
    seq: int = json.loads(event)["seq"]
    return seq


def test_counts_what_arrives() -> None:
    figures = load(Liar(lambda event, send, _: send(event)), "open 3", "publish 10")
    assert (figures["subscribers"], figures["delivered"]) == (3, 30)
    assert (figures["lost"], figures["repeated"], figures["dropped"]) == (0, 0, 0)


def test_notices_a_lost_event() -> None:
    def lose(event: bytes, send: Send, _: list[socket.socket]) -> None:
        if number(event) % 5:
            send(event)

    figures = load(Liar(lose), "open 3", "rate 100 0.1")
    assert (figures["expected"], figures["delivered"], figures["lost"]) == (30, 24, 6)


def test_notices_a_repeated_event() -> None:
    def repeat(event: bytes, send: Send, _: list[socket.socket]) -> None:
        send(event)
        if number(event) % 5 == 0:
            send(event)

    figures = load(Liar(repeat), "open 3", "rate 100 0.1")
    assert (figures["delivered"], figures["repeated"], figures["lost"]) == (30, 6, 0)


def test_notices_dropped_connections() -> None:
    def drop(event: bytes, send: Send, subscribers: list[socket.socket]) -> None:
        if number(event) % 5 == 0 and len(subscribers) == 3:
            subscribers.pop().close()
        send(event)

    figures = load(Liar(drop), "open 3", "rate 100 0.1")
    assert (figures["dropped"], figures["subscribers"]) == (1, 2)


def test_charges_the_server_for_a_late_delivery() -> None:
    def dawdle(event: bytes, send: Send, _: list[socket.socket]) -> None:
        threading.Event().wait(0.05)
        send(event)

    figures = load(Liar(dawdle), "open 1", "publish 3")
    assert figures["latency_us"]["p50"] >= 50000


def test_measures_the_process_that_it_is_told() -> None:
    """This process, which burns a fifth of a second for each of the events."""

    def burn(event: bytes, send: Send, _: list[socket.socket]) -> None:
        began = os.times()
        while os.times().user + os.times().system - began.user - began.system < 0.2:
            pass
        send(event)

    figures = load(Liar(burn), "--pids", str(os.getpid()), "open 1", "publish 3")
    assert figures["cpu_us"] >= 550000
    assert figures["cpu_us"] < 2000000
