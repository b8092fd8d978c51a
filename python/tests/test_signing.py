"""Tickets that an application signs itself (PROTOCOL.md 6.4)."""

from __future__ import annotations

import base64
import json
import sys
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

import telegraphy
from telegraphy import (
    DefinitionError,
    InvalidRequest,
    NotConfigured,
    SigningKey,
    _outlet,
    _signing,
    sign_ticket,
)
from telegraphy.backends import DummyBackend
from telegraphy.django.checks import check_settings

SECRET = "a-shared-key-of-thirty-two-bytes!"
SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # the bytes 0 to 31
PEM = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
CLAIMS = {
    "iss": "shop",
    "aud": "telegraphy",
    "sub": "7",
    "iat": 1795000000,
    "exp": 1795000030,
    "jti": "one",
}
PAYLOAD = (
    "eyJpc3MiOiJzaG9wIiwiYXVkIjoidGVsZWdyYXBoeSIsInN1YiI6IjciLCJpYXQiOjE3OTUwMDAwMDAsImV4"
    "cCI6MTc5NTAwMDAzMCwianRpIjoib25lIn0"
)
BY_HS256 = (
    f"eyJhbGciOiJIUzI1NiIsImtpZCI6IjIwMjYtMTEiLCJ0eXAiOiJKV1QifQ.{PAYLOAD}"
    ".XZwc82hchHy3Q9mU6G82Y2fUevS_QgNCZKTTo8SCghU"
)
BY_EDDSA = (
    f"eyJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMTEiLCJ0eXAiOiJKV1QifQ.{PAYLOAD}"
    ".ZYYpM25HBFpnfv6wcSsFKDLhBAI2EbJqqbzBywSvpAEczh0nfzIENCQ1TzhakanaqP1sc4hV9cZytigUaova"
    "Dw"
)
"""With the signatures that `openssl dgst -hmac` and `openssl pkeyutl -sign` make."""

HS256 = SigningKey(app="shop", kid="2026-11", key=SECRET)


def eddsa(key: str) -> SigningKey:
    return SigningKey(app="shop", kid="2026-11", key=key, algorithm="EdDSA")


def pem_of(key: Any) -> str:
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def read(ticket: telegraphy.Ticket) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims."""
    header, claims, _ = ticket.ticket.split(".")
    return json.loads(decoded(header)), json.loads(decoded(claims))


# -- what is signed, and how


def test_hs256_is_what_openssl_makes_of_it():
    assert HS256.token(CLAIMS) == BY_HS256
    assert HS256.public_key == SECRET


@pytest.mark.parametrize("key", [SEED, PEM, f"\n{PEM}"], ids=["raw", "PEM", "blank"])
def test_eddsa_is_what_openssl_makes_of_it(key):
    assert eddsa(key).token(CLAIMS) == BY_EDDSA


def test_with_eddsa_the_gateway_knows_the_public_half_alone():
    private = Ed25519PrivateKey.generate()
    key = eddsa(pem_of(private))
    ticket = sign_ticket(user="7", key=key)
    assert read(ticket)[0]["alg"] == "EdDSA"
    message, _, signature = ticket.ticket.rpartition(".")
    public = Ed25519PublicKey.from_public_bytes(decoded(key.public_key))
    public.verify(decoded(signature), message.encode())
    assert public == private.public_key()


def test_it_says_all_that_a_ticket_request_says():
    before = time.time()
    ticket = sign_ticket(
        user="7",
        claims={"user_id": 7},
        types=["shop.Note"],
        origin="https://shop.example",
        session="s",
        session_life=timedelta(hours=1),
        key=HS256,
    )
    header, claims = read(ticket)
    assert header == {"alg": "HS256", "kid": "2026-11", "typ": "JWT"}
    issued = claims.pop("iat")
    assert before - 0.001 <= issued <= time.time()
    assert claims.pop("exp") == pytest.approx(issued + 30)
    assert len(claims.pop("jti")) == 22
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
    assert ticket.expires_in_ms == 30_000


def test_each_is_another():
    tickets = [sign_ticket(user="7", key=HS256) for _ in range(20)]
    assert len({read(one)[1]["jti"] for one in tickets}) == 20


@pytest.mark.parametrize(("asked", "given"), [(5, 5), (0.01, 1), (90, 90), (3_600, 300)])
def test_its_life_is_what_was_asked_for_within_seconds_and_what_gateways_take(
    asked, given
):
    ticket = sign_ticket(user="7", life=timedelta(seconds=asked), key=HS256)
    claims = read(ticket)[1]
    assert claims["exp"] - claims["iat"] == pytest.approx(given)
    assert ticket.expires_in_ms == given * 1_000


def test_what_no_gateway_would_take_is_refused_here():
    with pytest.raises(InvalidRequest, match="user must be a str"):
        sign_ticket(user=7, key=HS256)  # type: ignore[arg-type]
    types = [f"shop.TypeNumber{number}" for number in range(1_000)]
    with pytest.raises(InvalidRequest, match=r"would have 2\d,\d{3} bytes; 8,192 is the"):
        sign_ticket(user="7", types=types, key=HS256)


# -- keys


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": "hushhush"}, "must be 32 to 256 printable characters .* has 8"),
        ({"algorithm": "none"}, "must be 'HS256' or 'EdDSA', not 'none'"),
        ({"kid": ""}, "kid must be 1 to 64 printable"),
        ({"kid": "k" * 65}, "kid must be 1 to 64 printable"),
        ({"key": "hushhush " * 9}, "must be 32 to 256 printable characters without"),
        ({"app": "My Shop"}, "app must be 1 to 64 of a-z"),
        ({"algorithm": "EdDSA", "key": "hushhush"}, "a private key of Ed25519"),
        ({"algorithm": "EdDSA", "key": SEED[:-2]}, "a private key of Ed25519"),
        ({"algorithm": "EdDSA", "key": PEM[:-30]}, "a private key of Ed25519"),
        (
            {"algorithm": "EdDSA", "key": pem_of(X25519PrivateKey.generate())},
            "must be a private key of Ed25519",
        ),
    ],
)
def test_a_wrong_key_is_an_error_that_does_not_show_it(options, words):
    given = {"app": "shop", "kid": "k", "key": SECRET, **options}
    with pytest.raises(DefinitionError, match=words) as caught:
        SigningKey(**given)
    assert given["key"] not in str(caught.value)
    assert given["key"][:16] not in str(caught.value)


def test_neither_key_nor_ticket_is_shown():
    assert SECRET not in repr(HS256)
    ticket = sign_ticket(user="7", key=HS256)
    assert ticket.ticket not in repr(ticket)


def test_eddsa_without_its_package_says_what_to_install(monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "cryptography":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(DefinitionError, match=r"pip install 'telegraphy\[signing\]'"):
        eddsa(SEED)
    assert HS256.token(CLAIMS) == BY_HS256


# -- where the key comes from


def test_the_key_that_was_configured_is_the_one_to_sign_with():
    before = _outlet.replace_backend(None)
    mine = SigningKey(app="shop", kid="mine", key=SECRET)
    try:
        telegraphy.configure(backend=DummyBackend(), signing_key=mine)
        assert read(sign_ticket(user="7"))[0]["kid"] == "mine"
        assert read(sign_ticket(user="7", key=HS256))[0]["kid"] == "2026-11"
    finally:
        _signing.configure_key(None)
        _outlet.replace_backend(before)


def test_in_django_the_key_is_that_of_the_settings(settings):
    settings.TELEGRAPHY = {"APP": "shop", "SIGNING": {"KID": "2026-11", "KEY": SECRET}}
    assert _signing.current_key() == HS256
    settings.TELEGRAPHY = {"APP": "blog"}  # and with none, one of this project's own
    assert read(sign_ticket(user="7"))[1]["iss"] == "blog"


def test_without_django_it_is_said_how_to_give_one(monkeypatch):
    monkeypatch.setattr(_signing, "find_key", None)
    with pytest.raises(
        NotConfigured, match=r"telegraphy\.configure\(signing_key=\.\.\.\)"
    ):
        sign_ticket(user="7")


@pytest.mark.parametrize("name", ["INGEST_KEY", "SIGNING"])
def test_a_secret_of_a_wrong_type_is_not_shown_by_the_system_check(settings, name):
    settings.TELEGRAPHY = {name: SECRET.encode()}
    (message,) = check_settings(None)
    assert f"TELEGRAPHY[{name!r}] must be a " in message.msg
    assert "not bytes" in message.msg
    assert SECRET not in message.msg
