"""A WebSocket client that can do wrong on purpose: one socket, and frames as they are told.

Everything blocks, with a deadline. For talk in good order see `Client` in client.py."""

import base64
import os
import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

TIMEOUT_S = 15.0


class Ended(Exception):
    """The other side ended the TCP connection."""


@dataclass(frozen=True)
class Frame:
    fin: bool
    opcode: int
    payload: bytes
    rsv: int = 0

    @property
    def close_code(self) -> int | None:
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None


def encode(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    length: int | None = None,
) -> bytes:
    """A frame. `length` may lie about the payload's."""
    said = len(payload) if length is None else length
    head = bytes([(fin << 7) | (rsv << 4) | opcode])
    bit = 0x80 if masked else 0
    if said < 126:
        head += bytes([bit | said])
    elif said < 1 << 16:
        head += bytes([bit | 126]) + struct.pack("!H", said)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", said)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + number.to_bytes(len(payload), "big")


def handshake(
    port: int,
    *,
    path: str = "/v1/websocket",
    protocol: str | None = "telegraphy.v1",
    **changes: str | None,
) -> bytes:
    """The request. `changes` replace headers (`Sec_WebSocket_Key=…`), or leave them out (None)."""
    headers: dict[str, str | None] = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": protocol,
    }
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    lines = [f"GET {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Wire:
    """One TCP connection to `port`; with `trust` one of TLS over it."""

    def __init__(
        self,
        port: int,
        *,
        receive_buffer: int | None = None,
        source: str | None = None,
        trust: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        """From the address `source`: any of 127.0.0.0/8."""
        self.port = port
        self.socket = socket.socket()
        if source:
            self.socket.bind((source, 0))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        if trust:
            # An end without close_notify is an error, as it is not for others.
            self.socket = trust.wrap_socket(
                self.socket,
                server_hostname="localhost",
                suppress_ragged_eofs=False,
                session=session,
            )
        self.buffer = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    # ---- bytes

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_what_it_takes(self, data: bytes) -> None:
        """As much as the other side takes: it may have closed the connection already."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def is_readable(self) -> bool:
        """Has anything come, or the end?"""
        return bool(self.buffer or select.select([self.socket], [], [], 0)[0])

    def _read_more(self, deadline: float) -> None:
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            raise AssertionError("nothing came in time") from None
        except ConnectionResetError:
            data = b""
        finally:
            self.socket.settimeout(TIMEOUT_S)
        if not data:
            raise Ended
        self.buffer += data

    def read_exactly(self, count: int, timeout_s: float = TIMEOUT_S) -> bytes:
        deadline = time.monotonic() + timeout_s
        while len(self.buffer) < count:
            self._read_more(deadline)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_until_end(self, timeout_s: float = TIMEOUT_S) -> bytes:
        """All that comes until the other side closes."""
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                self._read_more(deadline)
        except Ended:
            data, self.buffer = self.buffer, b""
            return data

    # ---- HTTP

    def read_head(self, timeout_s: float = TIMEOUT_S) -> tuple[int, dict[str, str]]:
        """Status and headers of a response."""
        deadline = time.monotonic() + timeout_s
        while b"\r\n\r\n" not in self.buffer:
            self._read_more(deadline)
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(first.split(" ")[1]), headers

    def upgrade(self, **changes: str | None) -> "Wire":
        self.send(handshake(self.port, **changes))  # type: ignore[arg-type]
        status, headers = self.read_head()
        assert status == 101, (status, headers, self.buffer)
        return self

    # ---- frames

    def send_frame(self, opcode: int, payload: bytes | str = b"", **how: object) -> None:
        data = payload.encode() if isinstance(payload, str) else payload
        self.send_what_it_takes(encode(opcode, data, **how))  # type: ignore[arg-type]

    def read_frame(self, timeout_s: float = TIMEOUT_S) -> Frame:
        deadline = time.monotonic() + timeout_s

        def left() -> float:
            return max(0.001, deadline - time.monotonic())

        first, second = self.read_exactly(2, left())
        assert not second & 0x80, "the gateway masked a frame"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.read_exactly(2, left()))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read_exactly(8, left()))
        payload = self.read_exactly(length, left())
        return Frame(bool(first & 0x80), first & 0xF, payload, (first >> 4) & 7)

    def read_close(self, timeout_s: float = TIMEOUT_S) -> int | None:
        """Wait for the close frame, over all else, and for the end of the connection.

        Returns the code; None for an end without a close frame."""
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                frame = self.read_frame(max(0.001, deadline - time.monotonic()))
                if frame.opcode == CLOSE:
                    break
        except Ended:
            return None
        self.send_frame(CLOSE, frame.payload[:2])
        self.read_until_end(max(0.001, deadline - time.monotonic()))
        return frame.close_code
