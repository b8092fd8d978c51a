"""Signed tickets (PROTOCOL.md 6.4)."""

from __future__ import annotations

import base64
import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import telegraphy
from telegraphy import InvalidTicket, NotConfigured, SigningKey, _signing, sign_ticket
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
HS256 = (
    f"eyJhbGciOiJIUzI1NiIsImtpZCI6IjIwMjYtMTEiLCJ0eXAiOiJKV1QifQ.{PAYLOAD}"
    ".XZwc82hchHy3Q9mU6G82Y2fUevS_QgNCZKTTo8SCghU"
)
EDDSA = (
    f"eyJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMTEiLCJ0eXAiOiJKV1QifQ.{PAYLOAD}"
    ".ZYYpM25HBFpnfv6wcSsFKDLhBAI2EbJqqbzBywSvpAEczh0nfzIENCQ1TzhakanaqP1sc4hV9cZytigUaova"
    "Dw"
)
"""With the signatures that `openssl dgst -hmac` and `openssl pkeyutl -sign` make."""


def hs256_key(kid: str = "2026-11") -> SigningKey:
    return SigningKey(app="shop", kid=kid, key=SECRET)


def read(ticket: telegraphy.Ticket) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        for part in ticket.ticket.split(".")
    )
    return json.loads(header), json.loads(payload)


def test_hs256_is_what_openssl_makes_of_it():
    assert hs256_key().token(CLAIMS) == HS256


@pytest.mark.parametrize("key", [SEED, PEM, f"\n{PEM}"], ids=["raw", "PEM", "blank"])
def test_eddsa_is_what_openssl_makes_of_it(key):
    signing = SigningKey(app="shop", kid="2026-11", key=key, algorithm="EdDSA")
    assert signing.token(CLAIMS) == EDDSA


def test_the_key_may_be_in_a_file(tmp_path):
    path = tmp_path / "signing.key"
    path.write_text(f"{SECRET}\n")
    key = SigningKey.from_file(path, app="shop", kid="2026-11")
    assert key.token(CLAIMS) == HS256
    with pytest.raises(ValueError, match=r"none\.key cannot be read: .*No such file"):
        SigningKey.from_file(tmp_path / "none.key", app="shop", kid="2026-11")


def test_a_ticket_says_who_for_how_long_and_once():
    before = int(time.time())
    ticket = sign_ticket(user="7", key=hs256_key())
    header, payload = read(ticket)
    assert header == {"alg": "HS256", "kid": "2026-11", "typ": "JWT"}
    issued = payload.pop("iat")
    assert before <= issued <= time.time()
    assert payload.pop("exp") == issued + 30
    assert len(payload.pop("jti")) == 22
    assert payload == {"iss": "shop", "aud": "telegraphy", "sub": "7"}
    assert ticket.expires_in_ms == 30_000
    again = sign_ticket(user="7", key=hs256_key())
    assert read(again)[1]["jti"] != read(ticket)[1]["jti"]


def test_it_says_all_that_a_ticket_request_says():
    ticket = sign_ticket(
        user="7",
        claims={"user_id": 7},
        types=["shop.Margin"],
        origin="https://shop.example",
        session="a-digest",
        session_life=timedelta(hours=1),
        life=timedelta(seconds=90),
        key=hs256_key(),
    )
    _, payload = read(ticket)
    for name in ("iat", "jti", "iss", "aud"):
        del payload[name]
    assert payload.pop("exp") > time.time() + 60
    assert payload == {
        "sub": "7",
        "claims": {"user_id": 7},
        "types": ["shop.Margin"],
        "origin": "https://shop.example",
        "session": "a-digest",
        "session_life_ms": 3_600_000,
    }
    assert ticket.expires_in_ms == 90_000


def test_what_no_gateway_would_take_is_refused_here():
    with pytest.raises(InvalidTicket, match="user must be a str"):
        sign_ticket(user=7, key=hs256_key())  # type: ignore[arg-type]
    types = [f"shop.TypeNumber{number}" for number in range(1_000)]
    with pytest.raises(InvalidTicket, match=r"would have 2\d,\d{3} bytes; 8,192 is the"):
        sign_ticket(user="7", types=types, key=hs256_key())


def test_secrets_are_in_no_repr():
    key = hs256_key()
    assert SECRET not in repr(key)
    assert repr(key) == "<SigningKey '2026-11' of 'shop', HS256>"
    assert "eyJ" not in repr(sign_ticket(user="7", key=key))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"app": "My Shop"}, "app must be 1 to 64 of a-z"),
        ({"kid": ""}, "kid must be 1 to 64 printable characters"),
        ({"algorithm": "none"}, "algorithm must be 'HS256' or 'EdDSA', not 'none'"),
        ({"algorithm": "HS512"}, "algorithm must be 'HS256' or 'EdDSA'"),
        ({"key": SECRET[:31]}, "the key for HS256 must have 32 bytes or more, not 31"),
        ({"key": SECRET.encode()}, "key must be a str, not bytes"),
        ({"algorithm": "EdDSA"}, "must be a private key of Ed25519"),
        ({"algorithm": "EdDSA", "key": SEED[:-1]}, "must be a private key of Ed25519"),
        ({"algorithm": "EdDSA", "key": PEM[:-30]}, "must be a private key of Ed25519"),
    ],
)
def test_a_key_that_cannot_be_right_is_refused_and_not_shown(members, message):
    given = {"app": "shop", "kid": "2026-11", "key": SECRET, **members}
    with pytest.raises(ValueError, match=message) as caught:
        SigningKey(**given)
    for secret in (SECRET, SECRET[:31], SEED[:-1], PEM.split("\n")[1][:20]):
        assert secret not in str(caught.value)


def test_eddsa_without_its_package_says_what_to_install(monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "cryptography":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ValueError, match=r"pip install 'telegraphy\[eddsa\]'"):
        SigningKey(app="shop", kid="2026-11", key=SEED, algorithm="EdDSA")
    assert hs256_key().token(CLAIMS) == HS256


# -- where the key comes from


def test_the_key_that_was_configured_is_the_one_to_sign_with():
    before = telegraphy.current_backend()
    try:
        telegraphy.configure(backend=DummyBackend(), signing_key=hs256_key("mine"))
        assert read(sign_ticket(user="7"))[0]["kid"] == "mine"
        assert read(sign_ticket(user="7", key=hs256_key("other")))[0]["kid"] == "other"
    finally:
        telegraphy.configure(backend=before)


def test_without_a_key_it_is_said_where_one_is_set(settings):
    settings.TELEGRAPHY = {}
    with pytest.raises(NotConfigured, match=r"set TELEGRAPHY\['SIGNING'\]"):
        sign_ticket(user="7")


def test_in_django_the_key_is_a_setting(settings, tmp_path: Path):
    settings.TELEGRAPHY = {"SIGNING": {"KID": "2026-11", "KEY": SECRET}, "APP": "shop"}
    assert _signing.current_key().token(CLAIMS) == HS256
    path = tmp_path / "signing.pem"
    path.write_text(PEM)
    settings.TELEGRAPHY = {
        "SIGNING": {"ALGORITHM": "EdDSA", "KID": "2026-11", "KEY_FILE": str(path)},
        "APP": "shop",
    }
    assert _signing.current_key().token(CLAIMS) == EDDSA


@pytest.mark.parametrize(
    ("signing", "message"),
    [
        (SECRET, "must be a dict, not str"),
        ({"KID": "a", "KEY": SECRET, "KEY_FILE": "b"}, "must have KEY or KEY_FILE"),
        ({"KID": "a"}, "must have KEY or KEY_FILE"),
        ({"KEY": SECRET}, "must have KID, the name of the key at the gateway"),
        ({"KID": "a", "KEYFILE": "b"}, "no 'KEYFILE'; did you mean 'KEY_FILE'?"),
        ({"KID": "a", "KEY": SECRET, "ALGORITHM": "RS256"}, "'HS256' or 'EdDSA'"),
        ({"KID": "a", "KEY": SECRET[:20]}, "32 bytes or more, not 20"),
    ],
)
def test_a_wrong_setting_is_found_by_the_system_check(settings, signing, message):
    settings.TELEGRAPHY = {"SIGNING": signing}
    found = check_settings(None)
    assert [one.id for one in found] == ["telegraphy.E002"]
    assert "TELEGRAPHY['SIGNING']" in found[0].msg
    assert message in found[0].msg
    assert SECRET[:20] not in found[0].msg


def test_an_ingest_key_of_a_wrong_type_is_not_shown(settings):
    settings.TELEGRAPHY = {"INGEST_KEY": SECRET.encode()}
    (message,) = check_settings(None)
    assert "TELEGRAPHY['INGEST_KEY'] must be a string, not bytes" in message.msg
    assert SECRET not in message.msg
