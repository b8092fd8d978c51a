"""Keys of CURVE, as Publisher and the settings take them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import zmq
from django.core.checks import run_checks
from django.test import override_settings

from telegraphy import Publisher, ping
from telegraphy._curve import curve_keys

KEY = "a-key-that-nobody-must-read"
SERVER_PUBLIC, SERVER_SECRET = (key.decode() for key in zmq.curve_keypair())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "web.secret"
    path.write_bytes(zmq.curve_keypair()[1] + b"\n")
    return path


def test_the_public_key_comes_from_the_secret_one(key_file):
    keys = curve_keys(SERVER_PUBLIC, key_file)
    assert keys is not None
    assert keys.server == SERVER_PUBLIC.encode()
    assert keys.public == zmq.curve_public(keys.secret)


def test_without_keys_there_is_no_curve():
    assert curve_keys(None, None) is None


def test_keys_are_never_shown(key_file):
    keys = curve_keys(SERVER_PUBLIC, key_file)
    assert keys is not None
    assert keys.secret.decode() not in f"{keys!r} {keys}"


@pytest.mark.parametrize(
    "server_key", ["", "short", "x" * 39 + "ü", "'" * 40, 7, b"x" * 40]
)
def test_what_is_no_public_key_is_named(key_file, server_key):
    with pytest.raises(ValueError, match="curve_server_key must be the gateway's public"):
        curve_keys(server_key, key_file)


@pytest.mark.parametrize(
    "text", ["", "not a key, but perhaps another secret", "'" * 40, "ü" * 40]
)
def test_a_file_without_a_key_is_named_and_its_words_are_not(tmp_path, text):
    path = tmp_path / "web.secret"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"curve_key_file '.*web\.secret'") as caught:
        curve_keys(SERVER_PUBLIC, path)
    assert not text or text not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file or directory"):
        curve_keys(SERVER_PUBLIC, tmp_path / "nothing")


def test_one_key_alone_is_a_mistake(key_file):
    with pytest.raises(ValueError, match="curve_server_key needs curve_key_file too"):
        Publisher("tcp://127.0.0.1:5", KEY, curve_server_key=SERVER_PUBLIC)
    with pytest.raises(ValueError, match="curve_key_file needs curve_server_key too"):
        ping("tcp://127.0.0.1:5", KEY, curve_key_file=key_file)


def test_a_pyzmq_without_curve_is_named(key_file, monkeypatch):
    monkeypatch.setattr(zmq, "has", lambda feature: False)
    with pytest.raises(ValueError, match="built without CURVE"):
        curve_keys(SERVER_PUBLIC, key_file)


def test_the_settings_are_checked():
    options: dict[str, Any] = {"curve_server_key": SERVER_PUBLIC}
    with override_settings(TELEGRAPHY={"OPTIONS": options}):
        messages = [one.msg for one in run_checks() if one.id == "telegraphy.E002"]
    assert len(messages) == 1
    assert "curve_server_key needs curve_key_file too" in messages[0]


def test_a_publisher_with_curve_reaches_a_gateway_with_curve_and_no_other(
    key_file, tmp_path, caplog
):
    """Whether the gateway is right is told by its key, before a word is said."""
    caplog.set_level(logging.WARNING)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with context.socket(zmq.ROUTER) as socket:
        socket.linger = 0
        socket.curve_server = True
        socket.curve_secretkey = SERVER_SECRET.encode()
        socket.bind(f"ipc://{tmp_path}/gateway.ipc")
        address = f"ipc://{tmp_path}/gateway.ipc"
        stranger = zmq.curve_keypair()[0].decode()
        for server_key, comes in ((SERVER_PUBLIC, True), (stranger, False)):
            publisher = Publisher(
                address, KEY, curve_server_key=server_key, curve_key_file=key_file
            )
            publisher.request("ping", {})
            assert bool(socket.poll(5_000 if comes else 1_000)) is comes
            if comes:
                _, header, _ = socket.recv_multipart()
                assert KEY.encode() in header
            publisher.close(timeout=0)
    context.term()
