"""What a client can do with TLS itself, once it has shaken hands."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from harness.certificates import Authority
from harness.gateway import Gateway, plain_binary
from harness.records import DATA, HANDSHAKE, Records
from harness.wire import TEXT, encode, handshake

HALF_A_KEY_UPDATE = b"\x18\x00\x00\x01"  # Its last byte never comes.


def cpu_s(gateway: Gateway) -> float:
    fields = Path(f"/proc/{gateway.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connected(gateway: Gateway, authority: Authority, folder: Path) -> Records:
    client = Records(gateway.client_port, authority.trust(), folder)
    client.send(DATA, handshake(gateway.client_port))
    assert client.socket.recv(4096).startswith(b"HTTP/1.1 101 ")
    client.send(DATA, encode(TEXT, b'{"kind":"connect","id":1}'))
    assert b'"connected"' in client.socket.recv(4096)
    return client


def test_threat_12_half_a_key_update_keeps_nobody_busy(
    new_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    """While it is awaited nothing can be written, though the socket would take it."""
    authority = Authority(tmp_path)
    trust = authority.trust()
    gateway = new_gateway(
        program=plain_binary(),
        trust=trust,
        clients=authority.issue("one.example").settings,
        timeouts={"ping_interval_ms": 100, "write_ms": 60_000},
    )
    client = connected(gateway, authority, tmp_path)
    client.send(HANDSHAKE, HALF_A_KEY_UPDATE)
    before_s = cpu_s(gateway)
    time.sleep(3)
    assert cpu_s(gateway) - before_s < 0.5, "it spun"
    client.close()


def test_a_key_update_in_two_records_is_one(
    new_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    """What waited meanwhile comes after it."""
    authority = Authority(tmp_path)
    gateway = new_gateway(
        trust=authority.trust(),
        clients=authority.issue("one.example").settings,
        timeouts={"ping_interval_ms": 100},
    )
    client = connected(gateway, authority, tmp_path)
    client.send(HANDSHAKE, HALF_A_KEY_UPDATE)
    time.sleep(0.15)  # For a ping to wait; without one less is tested.
    client.send(HANDSHAKE, b"\x00")
    assert client.socket.recv(4096)[:1] == b"\x89"
    client.close()
