"""Single requests to a gateway that are waited for, one round trip each.

A process has one connection to each gateway, made when it is needed first and kept; its
threads take turns.  Whatever goes wrong, a request takes no longer than its time:

- no gateway is there: `Unreachable`.  A request that is not patient gives only a new
  connection the time to come about; it does not wait for one that was lost
- another thread's request takes that long: `Unreachable`
- no answer: `Unreachable`, and the next request has a new connection
- an answer to an earlier request, whose asker was interrupted: told apart by its id
- the process forks: the child begins anew, and leaves its parent's sockets alone
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import zmq

from ._answers import Answer, RefusedRequest, parse_answer
from ._curve import CurveKeys
from ._dealer import open_dealer
from ._errors import GatewayError, Refused, Unreachable
from ._publisher.native import wait_for_socket
from ._values import to_json

ENDPOINTS_MAX: Final = 8
"""Connections of one process.  Beyond it the one that was used longest ago is closed."""


A = TypeVar("A", bound=Answer)


def ask(
    endpoint: str,
    key: str,
    kind: str,
    document: Mapping[str, Any] | None,
    wanted: type[A],
    *,
    timeout: float,
    patient: bool = True,
    curve: CurveKeys | None = None,
) -> A:
    """The gateway's answer; raises `Refused` if it is no, `Unreachable` if there is none
    within `timeout` seconds, `GatewayError` if it is none to this."""
    body = b"" if document is None else to_json(document)
    deadline = time.monotonic() + timeout
    line = _lines.to(Address(endpoint, curve))
    if not line.lock.acquire(timeout=max(0.0, timeout)):
        raise Unreachable(
            f"the gateway at {endpoint} has not answered others within {timeout:g} s"
        )
    try:
        answer = line.ask(key, kind, body, deadline, patient=patient)
    finally:
        line.lock.release()
    if answer is None:
        raise Unreachable(f"no gateway answered at {endpoint} within {timeout:g} s")
    if isinstance(answer, RefusedRequest):
        raise Refused(
            answer.code,
            answer.message,
            member=answer.member,
            nearest=answer.nearest,
            line=answer.line,
            column=answer.column,
        )
    if not isinstance(answer, wanted):
        raise GatewayError(f"the gateway answered with a {type(answer).__name__}")
    return answer


def close(endpoint: str, curve: CurveKeys | None = None) -> None:
    """Let go of the connection to this gateway, if there is one that nobody uses.  `ask`
    makes another."""
    _lines.close(Address(endpoint, curve))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway is, and the keys that let us in there."""

    endpoint: str
    curve: CurveKeys | None


class _Line:
    """The connection to one gateway.  Whoever calls holds its lock."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: Address) -> None:
        # Waited for by greenlets too, so as they patch it.
        self.lock = threading.Lock()
        self._context = context
        self._address = address
        self._socket: zmq.Socket[bytes] | None = None
        self._opened_at = 0.0
        self._last_id = 0

    def ask(
        self, key: str, kind: str, body: bytes, deadline: float, *, patient: bool
    ) -> Answer | None:
        socket = self._open()
        connect_until = deadline
        if not patient:
            connect_until = self._opened_at + (deadline - time.monotonic())
        if not _wait(socket, zmq.POLLOUT, min(connect_until, deadline)):
            return None
        self._last_id += 1
        header = to_json({"kind": kind, "id": self._last_id, "key": key})
        try:
            socket.send_multipart((header, body), zmq.NOBLOCK)
        except zmq.Again:  # it went away just now
            return None
        while _wait(socket, zmq.POLLIN, deadline):
            answer = parse_answer(socket.recv_multipart(zmq.NOBLOCK)[-1])
            if answer.id is None or answer.id == self._last_id:
                return answer
        # Perhaps the other end is gone without a word, which takes TCP minutes to see.
        self._close()
        return None

    def close_if_idle(self) -> bool:
        """Close it, unless somebody uses it."""
        if not self.lock.acquire(blocking=False):
            return False
        self._close()
        self.lock.release()
        return True

    def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close(linger=0)

    def _open(self) -> zmq.Socket[bytes]:
        if self._socket is None:
            socket = open_dealer(self._context, self._address.curve)
            try:
                socket.connect(self._address.endpoint)
            except zmq.ZMQError as error:
                socket.close()
                raise Unreachable(
                    f"{self._address.endpoint!r} is no endpoint of ZeroMQ: {error}"
                ) from None
            self._socket = socket
            self._opened_at = time.monotonic()
        return self._socket


class _Lines:
    """The connections of this process."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._lines: dict[Address, _Line] = {}  # the one that was used last comes last

    def to(self, address: Address) -> _Line:
        self.notice_fork()
        with self._lock:
            line = self._lines.pop(address, None)
            if line is None:
                if len(self._lines) >= ENDPOINTS_MAX:
                    self._drop_oldest()
                if self._context is None:
                    self._context = zmq.Context()
                line = _Line(self._context, address)
            self._lines[address] = line
            return line

    def close(self, address: Address) -> None:
        self.notice_fork()
        with self._lock:
            line = self._lines.get(address)
            if line is not None and line.close_if_idle():
                del self._lines[address]

    def close_all(self) -> None:
        """At the end of the process, which takes what a thread still uses with it."""
        self.notice_fork()
        for line in tuple(self._lines.values()):
            line.close_if_idle()

    def notice_fork(self) -> None:
        # Where os.fork is not what forked, such as in an embedding server.
        if self._pid != os.getpid():
            _parents.append((self._context, self._lines))
            self.__init__()  # type: ignore[misc]

    def _drop_oldest(self) -> None:
        for address, line in self._lines.items():
            if line.close_if_idle():
                del self._lines[address]
                return


def _wait(socket: zmq.Socket[bytes], flag: int, until: float) -> bool:
    return wait_for_socket(socket, flag, max(0.0, until - time.monotonic()))


_parents: Final[list[object]] = []
"""Kept for ever in a forked child: to destroy them is the parent's business."""
_lines: Final = _Lines()

os.register_at_fork(after_in_child=_lines.notice_fork)
atexit.register(_lines.close_all)
