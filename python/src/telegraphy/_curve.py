"""Keys of CURVE, with which ZeroMQ encrypts between machines (RFC 26/ZeroMQ)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import zmq

KeyFile: TypeAlias = "str | os.PathLike[str]"


@dataclass(frozen=True, slots=True, repr=False)
class CurveKeys:
    """The gateway's public key and our own pair, as the 40 characters of Z85."""

    server: bytes
    public: bytes
    secret: bytes

    def secure(self, socket: zmq.Socket[bytes]) -> None:
        """Let a socket, which is not connected yet, speak CURVE and nothing else."""
        socket.curve_serverkey = self.server
        socket.curve_publickey = self.public
        socket.curve_secretkey = self.secret


def curve_keys(server_key: str | None, key_file: KeyFile | None) -> CurveKeys | None:
    """None without both; raises `ValueError` if they cannot be keys."""
    if server_key is None and key_file is None:
        return None
    if server_key is None or key_file is None:
        given, other = "curve_server_key", "curve_key_file"
        if server_key is None:
            given, other = other, given
        raise ValueError(f"{given} needs {other} too: CURVE has keys on both sides")
    if not zmq.has("curve"):
        raise ValueError(
            "the pyzmq that is installed was built without CURVE; the wheels of PyPI "
            "have it: pip install --force-reinstall pyzmq"
        )
    server = _z85(server_key)
    if server is None:
        raise ValueError(
            "curve_server_key must be the gateway's public key, 40 characters of Z85, "
            "as `telegraphy keys curve` writes it"
        )
    secret = _read(key_file)
    return CurveKeys(server, zmq.curve_public(secret), secret)


def _read(path: KeyFile) -> bytes:
    try:
        text = Path(path).read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text of ASCII"
        raise ValueError(
            f"curve_key_file {os.fspath(path)!r} cannot be read: {reason}"
        ) from None
    secret = _z85(text)
    if secret is None:
        # Without its words: they may be another secret.
        raise ValueError(
            f"curve_key_file {os.fspath(path)!r} holds no secret key, 40 characters of "
            "Z85, as `telegraphy keys curve` writes it"
        )
    return secret


def _z85(text: Any) -> bytes | None:
    """The key, if it is one."""
    if not isinstance(text, str) or len(text) != 40:
        return None
    try:
        key = text.encode("ascii")
        zmq.curve_public(key)  # Any 32 bytes are a secret key: this judges the form.
    except (UnicodeError, ValueError, zmq.ZMQError):
        return None
    return key
