"""The socket to the gateway, and knowing whether anybody is there.

ZeroMQ would queue messages for a peer that is not connected.  Our own queue has a limit,
a policy at the limit and an order, so nothing is given to the socket before a gateway is
there (IMMEDIATE), and the socket's monitor tells when it comes and goes.
"""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from .._curve import CurveKeys
from .._dealer import open_dealer
from .._values import to_json

ANSWERS_A_TURN_MAX: Final = 100


class Waker:
    """Wakes a thread that waits in `poll`, from any other."""

    def __init__(self) -> None:
        far, near = os.pipe()
        os.set_blocking(far, False)
        os.set_blocking(near, False)
        self._far = open(far, "rb", buffering=0)  # noqa: SIM115 (closed by `close`)
        self._near = open(near, "wb", buffering=0)  # noqa: SIM115

    def fileno(self) -> int:
        return self._far.fileno()

    def wake(self) -> None:
        # Full: it is awake already.  Closed: nobody sleeps there any more.
        with suppress(OSError, ValueError):
            self._near.write(b"\0")

    def clear(self) -> None:
        while self._far.read(4_096):
            pass

    def close(self) -> None:
        self._near.close()
        self._far.close()


@dataclass(slots=True)
class Happened:
    """What `wait` saw."""

    answers: list[bytes] = field(default_factory=list)
    disconnected: bool = False


class GatewayLink:
    """Used by one thread only."""

    def __init__(
        self, endpoint: str, key: str, waker: Waker, curve: CurveKeys | None = None
    ) -> None:
        self.connected = False
        self._endpoint = endpoint
        self._key = key
        self._waker = waker
        self._curve = curve
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._blocked = False
        try:
            self._open()
        except zmq.ZMQError:  # the endpoint is none
            self.close()
            raise

    def send(self, kind: str, batch_id: int, body: bytes) -> bool:
        """False if the socket does not take it now; `wait` then waits until it does."""
        header = to_json({"kind": kind, "id": batch_id, "key": self._key})
        try:
            self._socket.send_multipart((header, body), zmq.NOBLOCK)
        except zmq.Again:
            self._blocked = True
            return False
        return True

    @property
    def able(self) -> bool:
        return self.connected and not self._blocked

    def wait(self, timeout: float | None) -> Happened:
        """Sleep until an answer, a change of the connection, `Waker.wake` or the end of
        `timeout` (seconds)."""
        interest = zmq.POLLIN | (zmq.POLLOUT if self._blocked else 0)
        self._poller.register(self._socket, interest)
        milliseconds = None if timeout is None else math.ceil(timeout * 1_000)
        ready = dict(self._poller.poll(milliseconds))
        happened = Happened()
        if self._waker.fileno() in ready:
            self._waker.clear()
        flags = ready.get(self._socket, 0)
        if flags & zmq.POLLIN:
            self._receive(happened)
        if flags & zmq.POLLOUT:
            self._blocked = False
        if self._monitor in ready:
            self._follow_connection(happened)
        return happened

    def reconnect(self) -> None:
        """Forget the connection and whatever it still holds."""
        self._close_sockets()
        self._open()

    def close(self) -> None:
        self._close_sockets()
        self._context.term()

    def _open(self) -> None:
        self.connected = False
        self._blocked = False
        self._socket = open_dealer(self._context, self._curve)
        self._monitor = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        )
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._poller.register(self._waker.fileno(), zmq.POLLIN)
        self._socket.connect(self._endpoint)

    def _close_sockets(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=0)

    def _receive(self, happened: Happened) -> None:
        for _ in range(ANSWERS_A_TURN_MAX):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            happened.answers.append(parts[-1])

    def _follow_connection(self, happened: Happened) -> None:
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor, zmq.NOBLOCK)["event"]
            self.connected = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if not self.connected:
                happened.disconnected = True
