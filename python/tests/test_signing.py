"""Tickets that an application signs itself (PROTOCOL.md 6.4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from telegraphy import DefinitionError, SigningKey, TicketRequest, sign_ticket

SECRET = "a secret of thirty-two bytes, or more"
HS256 = SigningKey(app="shop", kid="2026", key=SECRET)


def pem_of(key: Any) -> str:
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def read(ticket: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what was signed, and the signature."""
    header, claims, signature = ticket.split(".")
    message = f"{header}.{claims}".encode()
    return (
        json.loads(decoded(header)),
        json.loads(decoded(claims)),
        message,
        decoded(signature),
    )


def test_it_says_all_that_a_ticket_request_says():
    asked = TicketRequest(
        user="7",
        claims={"user_id": 7},
        types=("shop.Note",),
        origin="https://shop.example",
        session="s",
        session_life=timedelta(hours=1),
    )
    before = int(time.time())
    ticket = sign_ticket(asked, HS256)
    header, claims, message, signature = read(ticket.ticket)
    assert header == {"alg": "HS256", "kid": "2026", "typ": "JWT"}
    assert before <= claims.pop("iat") <= time.time()
    assert claims.pop("exp") >= before + 30
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "iss": "shop",
        "aud": "telegraphy",
        "sub": "7",
        "claims": {"user_id": 7},
        "types": ["shop.Note"],
        "origin": "https://shop.example",
        "session": "s",
        "session_life_ms": 3_600_000,
    }
    assert signature == hmac.digest(SECRET.encode(), message, hashlib.sha256)
    assert ticket.expires_in_ms == 30_000
    assert HS256.public_key == SECRET


def test_each_is_another():
    asked = TicketRequest(user="7")
    tickets = {sign_ticket(asked, HS256).ticket for _ in range(20)}
    assert len({read(one)[1]["jti"] for one in tickets}) == 20


@pytest.mark.parametrize(("asked", "given"), [(5, 5), (0.01, 1), (3_600, 30)])
def test_its_life_is_what_was_asked_for_within_seconds_and_thirty_of_them(asked, given):
    request = TicketRequest(user="7", life=timedelta(seconds=asked))
    ticket = sign_ticket(request, HS256)
    claims = read(ticket.ticket)[1]
    assert claims["exp"] - claims["iat"] == given
    assert ticket.expires_in_ms == given * 1_000


def test_with_eddsa_the_gateway_knows_the_public_half_alone():
    private = Ed25519PrivateKey.generate()
    key = SigningKey(app="shop", kid="k", algorithm="EdDSA", key=pem_of(private))
    ticket = sign_ticket(TicketRequest(user="7"), key).ticket
    header, _, message, signature = read(ticket)
    assert header["alg"] == "EdDSA"
    public = Ed25519PublicKey.from_public_bytes(decoded(key.public_key))
    public.verify(signature, message)
    assert public == private.public_key()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": "hushhush"}, "must have 32 bytes or more; this one has 8"),
        ({"algorithm": "none"}, "must be 'HS256' or 'EdDSA', not 'none'"),
        ({"kid": ""}, "kid must have 1 to 64 bytes"),
        ({"kid": "k" * 65}, "kid must have 1 to 64 bytes"),
        ({"algorithm": "EdDSA", "key": "hushhush"}, "the PEM of an Ed25519 private key"),
        (
            {"algorithm": "EdDSA", "key": pem_of(X25519PrivateKey.generate())},
            "must be an Ed25519 key",
        ),
    ],
)
def test_a_wrong_key_is_an_error_that_does_not_show_it(options, words):
    with pytest.raises(DefinitionError, match=words) as caught:
        SigningKey(**{"app": "shop", "kid": "k", "key": SECRET, **options})
    assert "hushhush" not in str(caught.value)


def test_neither_key_nor_ticket_is_shown():
    assert SECRET not in repr(HS256)
    ticket = sign_ticket(TicketRequest(user="7"), HS256)
    assert ticket.ticket not in repr(ticket)
