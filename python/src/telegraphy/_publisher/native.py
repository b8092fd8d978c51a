"""Real threads, also where gevent or eventlet made greenlets of them.

The publisher's thread waits inside of ZeroMQ.  As a greenlet it would stop the whole
process by that, so this module looks behind the patches.
"""

from __future__ import annotations

import _thread
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import zmq

POLL_SECONDS: Final = 0.002
"""How often `wait_until` looks.  Polling needs nothing of what was patched but `sleep`,
which gives way to the other greenlets."""


class Lock(Protocol):
    def __enter__(self) -> bool: ...

    def __exit__(self, *error: object) -> object: ...


def original(name: str) -> Any:
    """A function of `_thread` as the interpreter made it."""
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None:
        return gevent.get_original("_thread", name)
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet is not None:
        return getattr(eventlet.original("_thread"), name)
    return getattr(_thread, name)


def make_lock() -> Lock:
    lock: Lock = original("allocate_lock")()
    return lock


def start_thread(run: Callable[[], None], name: str) -> None:
    """May raise RuntimeError: there are too many, or the interpreter is ending."""
    if is_patched():
        original("start_new_thread")(run, ())
    else:
        threading.Thread(target=run, name=name, daemon=True).start()


def is_patched() -> bool:
    """Are threads greenlets here?"""
    return original("start_new_thread") is not _thread.start_new_thread


def wait_for_socket(socket: zmq.Socket[bytes], flag: int, timeout: float) -> bool:
    """Wait until a socket can be read (POLLIN) or written (POLLOUT); False after
    `timeout` seconds."""
    if not is_patched():
        return bool(socket.poll(math.ceil(timeout * 1_000), flag))
    # To poll would stop the other greenlets.
    return wait_until(lambda: bool(int(socket.getsockopt(zmq.EVENTS)) & flag), timeout)


def wait_until(condition: Callable[[], bool], timeout: float | None) -> bool:
    """Wait for something that another thread does; False after `timeout` seconds."""
    end = None if timeout is None else time.monotonic() + timeout
    while not condition():
        if end is not None and time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return True
