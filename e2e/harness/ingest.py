"""A publisher on ZeroMQ that sends whatever it is told to."""

import json
from typing import Any

import zmq

TIMEOUT_MS = 15_000


class Dealer:
    def __init__(self, endpoint: str) -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)

    def __enter__(self) -> "Dealer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        self.socket.send_multipart(list(parts))

    def read(self) -> dict[str, Any]:
        assert self.socket.poll(TIMEOUT_MS), "no answer came in time"
        (part,) = self.socket.recv_multipart()
        return json.loads(part)

    def ask(self, header: dict[str, Any] | str, body: bytes | str = b"") -> dict[str, Any]:
        text = header if isinstance(header, str) else json.dumps(header)
        self.send(text.encode(), body.encode() if isinstance(body, str) else body)
        return self.read()
