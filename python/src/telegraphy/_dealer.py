"""The one way in which a socket to a gateway is made."""

from __future__ import annotations

from typing import Final

import zmq

from ._curve import CurveKeys

RECONNECT_MS: Final = 100
RECONNECT_MS_MAX: Final = 1_000
ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024


def open_dealer(
    context: zmq.Context[zmq.Socket[bytes]], curve: CurveKeys | None
) -> zmq.Socket[bytes]:
    """A DEALER, to be connected.  It takes nothing before a gateway is there (IMMEDIATE):
    ZeroMQ would queue without telling.  Raises `zmq.ZMQError` if the endpoint is none."""
    socket: zmq.Socket[bytes] = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MS_MAX)
    socket.setsockopt(zmq.MAXMSGSIZE, ANSWER_BYTES_MAX)
    if curve is not None:
        curve.secure(socket)
    return socket
