"""Tickets that an application signs itself (PROTOCOL.md 6.4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from ._answers import Ticket
from ._errors import DefinitionError
from ._values import to_json

if TYPE_CHECKING:
    from ._requests import TicketRequest

AUDIENCE: Final = "telegraphy"
ALGORITHMS: Final = ("HS256", "EdDSA")
SECRET_BYTES_MIN: Final = 32
LIFE: Final = timedelta(seconds=30)
KID_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key with which an application signs tickets; the gateway is configured with it
    (HS256) or with its public half (EdDSA), under the same `app` and `kid`.

    `key`: HS256: the secret, a text of 32 bytes or more.  EdDSA: the private key, as PEM;
    that needs the package `cryptography`.
    """

    app: str
    kid: str
    key: str = field(repr=False)
    algorithm: Literal["HS256", "EdDSA"] = "HS256"

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise DefinitionError(
                f"algorithm must be 'HS256' or 'EdDSA', not {self.algorithm!r}"
            )
        if not 1 <= len(self.kid.encode()) <= KID_BYTES_MAX:
            raise DefinitionError(f"kid must have 1 to {KID_BYTES_MAX} bytes")
        size = len(self.key.encode())
        if self.algorithm == "HS256" and size < SECRET_BYTES_MIN:
            raise DefinitionError(
                f"a key for HS256 must have {SECRET_BYTES_MIN} bytes or more; this one "
                f"has {size}"
            )
        if self.algorithm == "EdDSA":
            _private_key(self.key)

    @property
    def public_key(self) -> str:
        """What the gateway verifies with: the secret itself, or of EdDSA the public key
        as base64url."""
        if self.algorithm == "HS256":
            return self.key
        return _base64url(_private_key(self.key).public_key().public_bytes_raw()).decode()

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "HS256":
            return hmac.digest(self.key.encode(), message, hashlib.sha256)
        signature: bytes = _private_key(self.key).sign(message)
        return signature


def sign_ticket(request: TicketRequest, key: SigningKey) -> Ticket:
    """A ticket that the gateway has not heard of: no request is made."""
    life = min(request.life or LIFE, LIFE)
    now = int(time.time())
    seconds = max(1, int(life.total_seconds()))
    asked = request.document()
    claims = {
        "iss": key.app,
        "aud": AUDIENCE,
        "sub": asked.pop("user"),
        "iat": now,
        "exp": now + seconds,
        "jti": uuid.uuid4().hex,
        **{name: value for name, value in asked.items() if name != "life_ms"},
    }
    header = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
    message = b".".join(_base64url(to_json(part)) for part in (header, claims))
    text = b".".join((message, _base64url(key.sign(message)))).decode()
    return Ticket(ticket=text, expires_in_ms=seconds * 1_000)


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _private_key(pem: str) -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise DefinitionError(
            "EdDSA needs the package cryptography: pip install cryptography"
        ) from None
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):  # says nothing of the key itself
        raise DefinitionError(
            "a key for EdDSA must be the PEM of an Ed25519 private key without a password"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise DefinitionError("a key for EdDSA must be an Ed25519 key")
    return key
