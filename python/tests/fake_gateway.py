"""A gateway's ingest socket, as far as publishers can see: scripted, in a thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import zmq

Request: TypeAlias = tuple[dict[str, Any], list[dict[str, Any]]]
Script: TypeAlias = Callable[
    [dict[str, Any], list[dict[str, Any]]], dict[str, Any] | None
]


def accept(header: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    """Takes everything."""
    return {
        "kind": "published",
        "id": header["id"],
        "accepted": len(events),
        "duplicates": 0,
        "offsets": list(range(1, len(events) + 1)),
    }


def say_nothing(header: dict[str, Any], events: list[dict[str, Any]]) -> None:
    """Hears, and does not answer."""


class FakeGateway:
    """Binds on `start`, and is gone on `stop`; `requests` is what it heard."""

    def __init__(self, directory: Path, script: Script = accept) -> None:
        self.endpoint = f"ipc://{directory}/gateway.ipc"
        self.script = script
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []
        self.peers: set[bytes] = set()
        self._also: list[dict[str, Any]] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, events in self.requests for event in events]

    @property
    def numbers(self) -> list[int]:
        """The member `n` of each event's data."""
        return [event["data"]["n"] for event in self.events]

    def answer_also(self, answer: dict[str, Any]) -> None:
        """Called by a script: this goes before what it returns."""
        self._also.append(answer)

    def start(self) -> FakeGateway:
        self._stopping.clear()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(5)
        return self

    def stop(self) -> None:
        if self._thread is not None:
            self._stopping.set()
            self._thread.join(5)
            assert not self._thread.is_alive()
            self._thread = None

    def __enter__(self) -> FakeGateway:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _run(self, ready: threading.Event) -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.bind(self.endpoint)
            ready.set()
            while not self._stopping.is_set():
                if socket.poll(20):
                    self._serve(socket)

    def _serve(self, socket: zmq.Socket[bytes]) -> None:
        peer, header_text, body = socket.recv_multipart()
        self.peers.add(peer)
        header = json.loads(header_text)
        lines = body.splitlines() if header["kind"] == "publish" else []
        events = [json.loads(line) for line in lines]
        self.requests.append((header, events))
        self.bodies.append(body)
        answer = self.script(header, events)
        answers = [*self._also, *([answer] if answer is not None else [])]
        self._also.clear()
        for one in answers:
            socket.send_multipart((peer, json.dumps(one).encode()))


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until `condition` holds; fail if it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)
