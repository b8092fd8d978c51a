"""Tickets that the application makes itself: signed, so that the gateway need not be
asked (PROTOCOL.md 6.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ._answers import Ticket
from ._errors import InvalidTicket, NotConfigured
from ._registry import registry
from ._requests import TicketRequest
from ._types import APP_NAME
from ._values import to_json

ALGORITHMS: Final = ("HS256", "EdDSA")
KID: Final = re.compile(r"[!-~]{1,64}")
HS256_BYTES_MIN: Final = 32
ED25519_BYTES: Final = 32
TICKET_BYTES_MAX: Final = 8_192
LIFE: Final = timedelta(seconds=30)
AUDIENCE: Final = "telegraphy"

make_key: Callable[[], SigningKey | None] | None = None
"""Makes the key when one is needed first.  The Django app sets it."""

_key: SigningKey | None = None


class SigningKey:
    """A key that the gateway knows too, or its public half (its setting `tokens.keys`).

    `app`        the application, which the tickets speak for
    `kid`        the name of the key, so that keys can follow one another
    `key`        HS256: a text of 32 bytes or more, which the gateway has as well.  EdDSA:
                 the private key of Ed25519, as PEM or as base64url of its 32 bytes
    `algorithm`  "HS256" or "EdDSA"; the latter needs the package cryptography

    Raises `ValueError` for what cannot be right, never showing the key.
    """

    def __init__(self, *, app: str, kid: str, key: str, algorithm: str = "HS256") -> None:
        if not APP_NAME.fullmatch(app):
            raise ValueError(f"app must be 1 to 64 of a-z, 0-9, _ and -, not {app!r}")
        if not isinstance(kid, str) or not KID.fullmatch(kid):
            raise ValueError(f"kid must be 1 to 64 printable characters, not {kid!r}")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be 'HS256' or 'EdDSA', not {algorithm!r}")
        if not isinstance(key, str):
            raise ValueError(f"key must be a str, not {type(key).__name__}")
        self.app: Final = app
        self.kid: Final = kid
        self.algorithm: Final = algorithm
        make = _hs256 if algorithm == "HS256" else _eddsa
        self._sign = make(key.strip())

    @classmethod
    def from_file(
        cls, path: str | Path, *, app: str, kid: str, algorithm: str = "HS256"
    ) -> SigningKey:
        """The key that a file holds, and nothing beside it."""
        try:
            key = Path(path).read_text("utf-8")
        except (OSError, UnicodeError) as error:
            raise ValueError(f"the key file {path} cannot be read: {error}") from None
        return cls(app=app, kid=kid, key=key, algorithm=algorithm)

    def __repr__(self) -> str:
        return f"<SigningKey {self.kid!r} of {self.app!r}, {self.algorithm}>"

    def token(self, claims: Mapping[str, Any]) -> str:
        """A JWT in compact form."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        text = f"{_base64(to_json(header))}.{_base64(to_json(claims))}"
        return f"{text}.{_base64(self._sign(text.encode()))}"


def sign_ticket(
    *,
    user: str,
    claims: Mapping[str, Any] | None = None,
    types: Iterable[str | type] = (),
    origin: str | None = None,
    session: str | None = None,
    session_life: timedelta | None = None,
    life: timedelta = LIFE,
    key: SigningKey | None = None,
) -> Ticket:
    """A ticket as `create_ticket` gives one, made here, without asking the gateway.

    `key` is the one to sign with, by default that of `configure(signing_key=...)`, in
    Django of TELEGRAPHY["SIGNING"].  The gateway takes no `life` over five minutes,
    unless it is configured so.
    """
    key = key or current_key()
    request = TicketRequest(
        user=user,
        claims=claims or {},
        types=registry.names_of(types),
        origin=origin,
        session=session,
        session_life=session_life,
        life=life,
    )
    document = request.document()
    seconds = max(1, document.pop("life_ms") // 1_000)
    now = int(time.time())
    text = key.token(
        {
            "iss": key.app,
            "aud": AUDIENCE,
            "sub": document.pop("user"),
            "iat": now,
            "exp": now + seconds,
            "jti": secrets.token_urlsafe(16),
            **document,
        }
    )
    if len(text) > TICKET_BYTES_MAX:
        raise InvalidTicket(
            f"the signed ticket would have {len(text):,} bytes; {TICKET_BYTES_MAX:,} is "
            "the most: give it fewer claims or types"
        )
    return Ticket(text, expires_in_ms=seconds * 1_000)


def current_key() -> SigningKey:
    """The key of this process; raises `NotConfigured` if there is none."""
    global _key
    if _key is None and make_key is not None:
        _key = make_key()
    if _key is None:
        raise NotConfigured(
            "there is no key to sign tickets with: call "
            "telegraphy.configure(signing_key=...) first, or set TELEGRAPHY['SIGNING'] "
            "in a Django project"
        )
    return _key


def replace_key(key: SigningKey | None) -> SigningKey | None:
    """Make `key` the one of this process; returns the one before."""
    global _key
    before, _key = _key, key
    return before


def _hs256(key: str) -> Callable[[bytes], bytes]:
    secret = key.encode()
    if len(secret) < HS256_BYTES_MIN:
        raise ValueError(
            f"the key for HS256 must have {HS256_BYTES_MIN} bytes or more, "
            f"not {len(secret)}"
        )
    return lambda text: hmac.digest(secret, text, hashlib.sha256)


def _eddsa(key: str) -> Callable[[bytes], bytes]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise ValueError(
            "EdDSA needs the package cryptography (pip install 'telegraphy[eddsa]'); "
            "HS256 needs nothing"
        ) from None
    private: object = None
    try:
        if key.startswith("-----BEGIN"):
            private = serialization.load_pem_private_key(key.encode(), password=None)
        else:
            private = Ed25519PrivateKey.from_private_bytes(_raw(key))
    except (ValueError, TypeError):
        pass  # whose message might show the key
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError(
            "the key for EdDSA must be a private key of Ed25519 without a password: PEM, "
            f"or base64url of its {ED25519_BYTES} bytes"
        )
    return private.sign


def _raw(key: str) -> bytes:
    try:
        return base64.b64decode(
            key + "=" * (-len(key) % 4), altchars=b"-_", validate=True
        )
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
