"""A client of the gateway in good order, on top of a Wire."""

import json
import time
from typing import Any

from .wire import CLOSE, PING, PONG, TEXT, TIMEOUT_S, Wire


class Client:
    """One connection that speaks PROTOCOL.md. Requests wait for their answers; what the gateway
    sends in between is kept for `next`."""

    def __init__(
        self,
        port: int,
        *,
        connect: bool = True,
        origin: str | None = None,
        headers: dict[str, str] | None = None,
        **how: Any,
    ) -> None:
        all_headers = {**({"Origin": origin} if origin else {}), **(headers or {})}
        self.wire = Wire(port, **how).upgrade(**all_headers)
        self.waiting: list[dict[str, Any]] = []
        self._last_id = 0
        if connect:
            self.connect()

    def connect(self, **credentials: Any) -> dict[str, Any]:
        """Say `connect`, which must be accepted."""
        self.connected = self.request("connect", client="e2e", **credentials)
        assert self.connected["kind"] == "connected", self.connected
        return self.connected

    @property
    def id(self) -> str:
        return self.connected["client"]

    @property
    def token(self) -> str:
        """Of its session, to be shown the next time."""
        return self.connected["session"]["token"]

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.wire.socket.close()

    def send(self, message: dict[str, Any]) -> None:
        self.wire.send_frame(TEXT, json.dumps(message))

    def read(self, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """The next message from the line. Pings are answered on the way."""
        deadline = time.monotonic() + timeout_s
        while True:
            frame = self.wire.read_frame(max(0.001, deadline - time.monotonic()))
            if frame.opcode == PING:
                self.wire.send_frame(PONG, frame.payload)
            elif frame.opcode == TEXT:
                return json.loads(frame.payload)
            elif frame.opcode == CLOSE:
                raise AssertionError(f"closed with {frame.close_code}: {frame.payload[2:]!r}")

    def next(self, kind: str = "event", timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """The next message, which must be of `kind`."""
        message = self.waiting.pop(0) if self.waiting else self.read(timeout_s)
        assert message["kind"] == kind, message
        return message

    def request(self, kind: str, **members: Any) -> dict[str, Any]:
        """Send a request and return its answer, whatever that is."""
        self._last_id += 1
        self.send({"kind": kind, "id": self._last_id, **members})
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            message = self.read(max(0.001, deadline - time.monotonic()))
            if message.get("id") == self._last_id and message["kind"] != "event":
                return message
            self.waiting.append(message)

    def subscribe(self, type: str, **members: Any) -> dict[str, Any]:
        answer = self.request("subscribe", type=type, **members)
        assert answer["kind"] == "subscribed", answer
        return answer

    def close_code(self, timeout_s: float = TIMEOUT_S) -> int | None:
        """What the gateway closes the connection with; messages before that wait for `next`."""
        deadline = time.monotonic() + timeout_s
        while True:
            frame = self.wire.read_frame(max(0.001, deadline - time.monotonic()))
            if frame.opcode == CLOSE:
                return frame.close_code
            if frame.opcode == TEXT:
                self.waiting.append(json.loads(frame.payload))

    def is_usable(self) -> bool:
        return self.request("ping")["kind"] == "pong"
