"""Records of TLS 1.3 that no library would send, under the keys of a client of Python's own."""

import hashlib
import hmac
import socket
import ssl
import struct
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HANDSHAKE, DATA = 22, 23


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 7.1), for at most one block."""
    info = struct.pack(">HB", size, 6 + len(label)) + b"tls13 " + label + b"\0"
    return hmac.new(secret, info + b"\1", hashlib.sha256).digest()[:size]


class Records:
    """A connection to `port`, past the handshake. It is read as usual, and written record by
    record."""

    def __init__(self, port: int, trust: ssl.SSLContext, folder: Path) -> None:
        keys = folder / "keys.log"
        trust.minimum_version = ssl.TLSVersion.TLSv1_3
        trust.keylog_filename = str(keys)
        raw = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._raw = raw.dup()
        self.socket = trust.wrap_socket(raw, server_hostname="localhost")
        cipher = self.socket.cipher()
        assert cipher
        assert cipher[0] == "TLS_AES_128_GCM_SHA256", "other keys would be needed"
        lines = (line.split() for line in keys.read_text().splitlines())
        secret = next(bytes.fromhex(w[2]) for w in lines if w[0] == "CLIENT_TRAFFIC_SECRET_0")
        self._iv = _expand(secret, b"iv", 12)
        self._seal = AESGCM(_expand(secret, b"key", 16))
        self._number = 0

    def send(self, kind: int, data: bytes) -> None:
        text = data + bytes([kind])
        head = b"\x17\x03\x03" + struct.pack(">H", len(text) + 16)
        number = struct.pack(">IQ", 0, self._number)
        nonce = bytes(a ^ b for a, b in zip(self._iv, number, strict=True))
        self._number += 1
        self._raw.sendall(head + self._seal.encrypt(nonce, text, head))

    def close(self) -> None:
        self._raw.close()
        self.socket.close()
