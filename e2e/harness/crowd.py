"""Many connections at once, with one selector and one thread."""

import resource
import selectors
import socket
import time
from collections.abc import Callable

from .wire import PING, PONG, TEXT, encode, handshake

EXPECTED_FILES = 16_384


def allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = EXPECTED_FILES if hard == resource.RLIM_INFINITY else min(EXPECTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Member:
    """One connection of a crowd: what it has received, and when it ended."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setblocking(False)
        self.received = b""
        self.ended_at: float | None = None
        self.began_at = time.monotonic()

    @property
    def open(self) -> bool:
        return self.ended_at is None

    def read(self) -> bytes:
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return b""
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended_at = time.monotonic()
        self.received += data
        return data

    def write(self, data: bytes) -> None:
        try:
            self.socket.send(data)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass


class Crowd:
    def __init__(self) -> None:
        allow_many_files()
        self.members: list[Member] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *exception: object) -> None:
        self._selector.close()
        for member in self.members:
            member.socket.close()

    def join(self, port: int, first_words: bytes = b"") -> Member:
        member = Member(port)
        member.write(first_words)
        self.members.append(member)
        self._selector.register(member.socket, selectors.EVENT_READ, member)
        return member

    def turn(self, timeout_s: float, heard: Callable[[Member], None] | None = None) -> None:
        """Read what has come for anyone."""
        for key, _ in self._selector.select(timeout_s):
            member: Member = key.data
            member.read()
            if not member.open:
                self._selector.unregister(member.socket)
            elif heard:
                heard(member)

    def run_until(
        self,
        done: Callable[[], bool],
        timeout_s: float,
        heard: Callable[[Member], None] | None = None,
        each_second: Callable[[], None] | None = None,
    ) -> bool:
        """Turn until `done`, or until the time is over; says which."""
        end = time.monotonic() + timeout_s
        next_second = time.monotonic() + 1
        while not done():
            now = time.monotonic()
            if now > end:
                return False
            if each_second and now >= next_second:
                next_second += 1
                each_second()
            self.turn(0.05, heard)
        return True

    @property
    def open_count(self) -> int:
        return sum(member.open for member in self.members)


def subscriber_words(port: int, type: str) -> bytes:
    """All that a client has to say until it is subscribed."""
    return (
        handshake(port)
        + encode(TEXT, b'{"kind":"connect","id":1}')
        + encode(TEXT, f'{{"kind":"subscribe","id":2,"type":"{type}"}}'.encode())
    )


def answer_pings(member: Member) -> None:
    """Pings have no payload, or a short one, and come alone on an idle line."""
    if len(member.received) >= 2 and member.received[0] == 0x80 | PING:
        length = member.received[1] & 0x7F
        if len(member.received) >= 2 + length:
            member.write(encode(PONG, member.received[2 : 2 + length]))
            member.received = member.received[2 + length :]
