"""Tickets that an application signs itself, so that the gateway need not be asked
(PROTOCOL.md 6.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from ._answers import Ticket
from ._errors import DefinitionError, InvalidRequest, NotConfigured
from ._registry import registry
from ._requests import TicketRequest
from ._types import APP_NAME
from ._values import to_json

AUDIENCE: Final = "telegraphy"
ALGORITHMS: Final = ("HS256", "EdDSA")
SECRET: Final = re.compile(r"[!-~]{32,256}")
KID: Final = re.compile(r"[!-~]{1,64}")
ED25519_BYTES: Final = 32
LIFE: Final = timedelta(seconds=30)
LIFE_MAX: Final = timedelta(minutes=5)
"""What a gateway takes, if it is not configured otherwise."""
TICKET_BYTES_MAX: Final = 8_192

find_key: Callable[[], SigningKey] | None = None
"""Asked for the key if none was configured.  The Django app sets it."""

_configured: SigningKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key with which an application signs tickets; the gateway is configured with it
    (HS256) or with its public half (EdDSA), under the same `app` and `kid`.

    `key`: HS256: the secret, 32 to 256 printable characters.  EdDSA: the private key, as
    PEM or as base64url of its 32 bytes; that needs the package `cryptography`.
    """

    app: str
    kid: str
    key: str = field(repr=False)
    algorithm: Literal["HS256", "EdDSA"] = "HS256"

    def __post_init__(self) -> None:
        if not APP_NAME.fullmatch(self.app):
            raise DefinitionError(
                f"app must be 1 to 64 of a-z, 0-9, _ and -, not {self.app!r}"
            )
        if self.algorithm not in ALGORITHMS:
            raise DefinitionError(
                f"algorithm must be 'HS256' or 'EdDSA', not {self.algorithm!r}"
            )
        if not KID.fullmatch(self.kid):
            raise DefinitionError("kid must be 1 to 64 printable characters")
        if self.algorithm == "HS256" and not SECRET.fullmatch(self.key):
            raise DefinitionError(
                "a key for HS256 must be 32 to 256 printable characters without blanks; "
                f"this one has {len(self.key)}"
            )
        if self.algorithm == "EdDSA":
            _private_key(self.key)

    @property
    def public_key(self) -> str:
        """What the gateway verifies with: the secret itself, or of EdDSA the public key
        as base64url."""
        if self.algorithm == "HS256":
            return self.key
        return _base64url(_private_key(self.key).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "HS256":
            return hmac.digest(self.key.encode(), message, hashlib.sha256)
        signature: bytes = _private_key(self.key).sign(message)
        return signature

    def token(self, claims: Mapping[str, Any]) -> str:
        """A JWT in compact form."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        message = f"{_base64url(to_json(header))}.{_base64url(to_json(claims))}"
        return f"{message}.{_base64url(self.sign(message.encode()))}"


def sign_ticket(
    *,
    user: str,
    claims: Mapping[str, Any] | None = None,
    types: Iterable[str | type] = (),
    origin: str | None = None,
    session: str | None = None,
    session_life: timedelta | None = None,
    life: timedelta | None = None,
    key: SigningKey | None = None,
) -> Ticket:
    """A ticket as `create_ticket` gives one, made here: no request is made.

    `life` is 30 s if it is not said, and never more than 5 minutes.  `key` is by default
    that of `configure(signing_key=...)`, in Django that of TELEGRAPHY["SIGNING"].  Raises
    `InvalidRequest`, or `NotConfigured` without a key.
    """
    request = TicketRequest(
        user=user,
        claims=claims or {},
        types=registry.names_of(types),
        origin=origin,
        session=session,
        session_life=session_life,
        life=life,
    )
    return signed(request, key or current_key())


def signed(request: TicketRequest, key: SigningKey) -> Ticket:
    """The ticket that is asked for, signed."""
    life = min(request.life or LIFE, LIFE_MAX)
    # Not whole seconds: whoever was ended in this one would have to wait for the next.
    now = time.time_ns() // 1_000 / 1_000_000
    seconds = max(1, int(life.total_seconds()))
    asked = request.document()
    claims = {
        "iss": key.app,
        "aud": AUDIENCE,
        "sub": asked.pop("user"),
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
        **{name: value for name, value in asked.items() if name != "life_ms"},
    }
    text = key.token(claims)
    if len(text) > TICKET_BYTES_MAX:
        raise InvalidRequest(
            f"the signed ticket would have {len(text):,} bytes; {TICKET_BYTES_MAX:,} is "
            "the most: give it fewer claims or types"
        )
    return Ticket(text, expires_in_ms=seconds * 1_000)


def current_key() -> SigningKey:
    """The key of this process; raises `NotConfigured` if there is none."""
    if _configured is not None:
        return _configured
    if find_key is not None:
        return find_key()
    raise NotConfigured(
        "there is no key to sign tickets with: give sign_ticket(key=...) one, or "
        "telegraphy.configure(signing_key=...)"
    )


def configure_key(key: SigningKey | None) -> None:
    global _configured
    _configured = key


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _private_key(text: str) -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise DefinitionError(
            "EdDSA needs the package cryptography: pip install 'telegraphy[signing]'"
        ) from None
    try:
        raw = _raw(text)
        key = (
            load_pem_private_key(text.strip().encode(), password=None)
            if raw is None
            else Ed25519PrivateKey.from_private_bytes(raw)
        )
    except (TypeError, ValueError):  # says nothing of the key itself
        raise DefinitionError(
            "a key for EdDSA must be a private key of Ed25519 without a password: PEM, "
            f"or base64url of its {ED25519_BYTES} bytes"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise DefinitionError("a key for EdDSA must be a private key of Ed25519")
    return key


def _raw(text: str) -> bytes | None:
    """The bytes that base64url is; None if it is none."""
    padded = text.strip() + "=" * (-len(text.strip()) % 4)
    try:
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error:
        return None
