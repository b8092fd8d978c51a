"""Threats from the network and to the process, by their number in the table of the security design.

1 cross-site hijacking, 11 memory by tiny things, 12 slowness, 15 floods, 20 disk and process,
22 forwarded headers. Some more of 12 and 15 are in test_attacks.py and test_limits.py.
"""

import json
import os
import re
import stat
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import NOTE
from harness.client import Client
from harness.crowd import Crowd
from harness.gateway import Gateway, binary, plain_binary
from harness.identity import refusal, ticket
from harness.processes import until
from harness.wire import CONTINUATION, TEXT, Wire, encode, handshake

# ---- 1: cross-site hijacking

FOREIGN_TO_SAME_HOST = {
    "another site": "https://evil.example",
    "null": "null",
    "empty": "",
    "its name before": "https://shop.example.evil.example",
    "its name after": "https://evilshop.example",
    "a sub-domain": "https://www.shop.example",
    "the domain above": "https://example",
    "a trailing dot": "https://shop.example.",
    "as a user": "https://shop.example@evil.example",
    "as a path": "https://evil.example/shop.example",
    "with a path": "https://shop.example/",
    "no scheme": "shop.example",
    "another scheme": "ftp://shop.example",
    "an extension": "chrome-extension://shop.example",
    "a file": "file://",
    "an address": "http://127.0.0.1",
}

FOREIGN_TO_A_LIST = {
    **FOREIGN_TO_SAME_HOST,
    "another port": "https://shop.example:8443",
    "its port": "https://shop.example:443",
    "in the clear": "http://shop.example",
    "upper case": "https://Shop.example",
}


def counts(gateway: Gateway) -> dict[str, object]:
    health = gateway.http("GET", "/healthz").json
    return {name: health[name] for name in health if name != "status"}


def is_refused_before_any_state(gateway: Gateway, *origins: str) -> None:
    """With 403, and nothing that the gateway counts has changed."""
    before = counts(gateway)
    words = handshake(gateway.client_port, Host="shop.example:1844")
    lines = "".join(f"Origin: {origin}\r\n" for origin in origins)
    with Wire(gateway.client_port) as wire:
        wire.send(words[:-2] + lines.encode() + b"\r\n")
        status, headers = wire.read_head()
        said = wire.read_until_end().decode()
    assert status == 403, origins
    assert "upgrade" not in headers
    assert "Origin" in said
    until("all is as before", lambda: counts(gateway) == before)


def is_let_in(gateway: Gateway, origin: str | None) -> None:
    headers = {"Host": "shop.example:1844"} | ({"Origin": origin} if origin else {})
    with Client(gateway.client_port, headers=headers) as client:
        assert client.is_usable(), origin


@pytest.fixture(scope="module")
def with_list(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    return new_gateway_anywhere(clients={"allowed_origins": ["https://shop.example"]})


@pytest.mark.parametrize("origin", FOREIGN_TO_SAME_HOST.values(), ids=FOREIGN_TO_SAME_HOST)
def test_threat_01_cross_site_hijacking_of_the_same_host(origin: str, gateway: Gateway) -> None:
    is_refused_before_any_state(gateway, origin)


@pytest.mark.parametrize("origin", FOREIGN_TO_A_LIST.values(), ids=FOREIGN_TO_A_LIST)
def test_threat_01_cross_site_hijacking_of_listed_origins(origin: str, with_list: Gateway) -> None:
    is_refused_before_any_state(with_list, origin)


def test_threat_01_two_origins_are_none(gateway: Gateway, with_list: Gateway) -> None:
    for one in (gateway, with_list):
        is_refused_before_any_state(one, "https://shop.example", "https://evil.example")
        is_refused_before_any_state(one, "https://shop.example", "https://shop.example")


def test_threat_01_own_pages_and_programs_are_let_in(gateway: Gateway, with_list: Gateway) -> None:
    for origin in ("https://shop.example", "http://shop.example:8000", None):
        is_let_in(gateway, origin)
    for origin in ("https://shop.example", None):
        is_let_in(with_list, origin)


def test_threat_01_a_ticket_of_a_page_is_no_good_elsewhere(with_list: Gateway) -> None:
    """Neither without an Origin, which programs may leave out, nor from another page."""
    origin = "https://shop.example"
    refused = refusal(with_list, ticket=ticket(with_list, origin=origin))
    assert refused["code"] == "unauthenticated"
    with Client(with_list.client_port, connect=False, origin=origin) as client:
        client.connect(ticket=ticket(with_list, origin=origin))
        token = client.token
    assert refusal(with_list, session=token)["code"] == "unauthenticated"


def test_threat_01_a_wildcard_is_warned_of(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(clients={"allowed_origins": "*"})
    assert gateway.program is not None
    assert "config.risk" in gateway.program.words()
    assert "* lets every web page connect" in gateway.program.words()
    is_let_in(gateway, "null")
    checked = subprocess.run(
        [binary(), "check", "--config", gateway.config], capture_output=True, text=True
    )
    assert checked.returncode == 0
    assert "warning: " in checked.stderr
    assert "clients.allowed_origins: * lets every web page connect" in checked.stderr


# ---- 11: memory by tiny things


@pytest.fixture
def measured(new_gateway: Callable[..., Gateway]) -> Gateway:
    """A gateway whose memory says something: without sanitizers."""
    gateway = new_gateway(program=plain_binary(), timeouts={"header_ms": 60_000})
    assert gateway.put_catalogue(NOTE).status == 200
    return gateway


def test_threat_11_partial_headers_pin_16_kib_at_most(measured: Gateway) -> None:
    head = handshake(measured.client_port)[:-2]
    # Lines of one letter and more of them, up to a byte short of the limits.
    lines = b"".join(b"a%d: %s\r\n" % (n, b"b" * 150) for n in range(90))
    before_kb = measured.memory_kb()
    with Crowd() as crowd:
        for _ in range(400):
            member = crowd.join(measured.client_port, head)
            for start in range(0, len(lines), 1500):
                member.write(lines[start : start + 1500])
            crowd.turn(0)
        crowd.run_until(lambda: False, 1)
        assert crowd.open_count == 400
        used_kb = (measured.memory_kb() - before_kb) / 400
        assert used_kb <= 16 + 4, f"{used_kb} KB each"


@pytest.mark.parametrize(
    ("count", "size", "code"), [(15, 1000, None), (17, 1000, 4413), (1024, 1, 1009)]
)
def test_threat_11_before_connect_fragments_pin_16_kib_at_most(
    count: int, size: int, code: int | None, gateway: Gateway
) -> None:
    """And there may be 1,024 of them."""
    fragment = encode(CONTINUATION, b" " * size, fin=False)
    with Wire(gateway.client_port).upgrade() as wire:
        wire.send_what_it_takes(encode(TEXT, b" ", fin=False))
        for _ in range(count):
            wire.send_what_it_takes(fragment)
        if code:
            assert wire.read_close() == code
        else:
            wire.send(encode(CONTINUATION, b"{}"))
            assert b"invalid_message" in wire.read_frame().payload


def test_threat_11_a_long_origin_counts_too(new_gateway: Callable[..., Gateway]) -> None:
    """It is kept until `connect`: 8 KB of it leave 8 KB for messages."""
    gateway = new_gateway(clients={"allowed_origins": "*"})
    origin = "https://" + "a" * 8000
    for size, closes in ((6000, False), (9000, True)):
        with Wire(gateway.client_port).upgrade(Origin=origin) as wire:
            wire.send_what_it_takes(encode(TEXT, b" " * size, fin=False))
            if closes:
                assert wire.read_close() == 4413
            else:
                wire.send(encode(CONTINUATION, b'{"kind":"connect","id":1}'))
                assert b'"connected"' in wire.read_frame().payload
                # And is given back: twice as much is fine now.
                wire.send(encode(TEXT, b" " * 14_000, fin=False))
                wire.send(encode(CONTINUATION, b'{"kind":"ping","id":2}'))
                assert b'"pong"' in wire.read_frame().payload


# ---- 12: slowness


def test_threat_12_slow_body_is_ended(gateway: Gateway) -> None:
    """The port of the clients takes none; at ingest see test_ingest_limits.py."""
    with Wire(gateway.client_port) as wire:
        wire.send(b"POST /v1/websocket HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert wire.read_head()[0] == 413
        wire.read_until_end()


def test_threat_12_the_deadline_of_the_head_holds_for_all_of_it(
    new_gateway: Callable[..., Gateway],
) -> None:
    """Bytes that come now and then do not put it off, nor do requests before."""
    gateway = new_gateway(timeouts={"header_ms": 1000})
    with Wire(gateway.client_port) as wire:
        start = time.monotonic()
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.read_head()[0] == 200
        wire.read_exactly(len('{"status":"ok"}\n'))
        for byte in handshake(gateway.client_port)[:12]:
            wire.send_what_it_takes(bytes([byte]))
            time.sleep(0.15)
        status, _ = wire.read_head()
        assert status == 408
        assert 0.8 < time.monotonic() - start < 6


def test_threat_12_slow_connect_with_fragments_is_ended(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(timeouts={"connect_ms": 1000})
    with Wire(gateway.client_port).upgrade() as wire:
        wire.send(encode(TEXT, b"{", fin=False))
        for _ in range(12):
            wire.send_what_it_takes(encode(CONTINUATION, b" ", fin=False))
            time.sleep(0.15)
        assert wire.read_close() == 4408


def test_threat_12_slow_body_of_a_publisher_is_ended(gateway: Gateway) -> None:
    """30 s are enough for 8 MiB; a byte now and then does not prolong that."""
    start = time.monotonic()
    with Wire(gateway.ingest_port) as wire:
        head = "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        head += "Content-Type: application/x-ndjson\r\n"
        wire.send(f"{head}Authorization: Bearer {gateway.key}\r\n\r\n".encode())
        while not wire.is_readable():
            wire.send_what_it_takes(b" ")
            time.sleep(0.5)
            assert time.monotonic() - start < 40
        assert wire.read_head()[0] == 408
    assert time.monotonic() - start > 28


# ---- 20: disk and process


def status_of(gateway: Gateway) -> dict[str, str]:
    """Of the process, and what all its threads agree on."""
    found: dict[str, str] = {}
    for path in Path(f"/proc/{gateway.pid}/task").glob("*/status"):
        for line in path.read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("Umask", "NoNewPrivs", "Seccomp"):
                assert found.setdefault(name, value.strip()) == value.strip(), (path, line)
    return found


def test_threat_20_disk_and_process_files_are_closed_to_others(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(ingest={"keys": []}, program=plain_binary())
    assert status_of(gateway)["Umask"] == "0077"
    kept = list(gateway.runtime.iterdir())
    assert any(path.suffix == ".key" for path in kept)
    assert any(path.suffix == ".ipc" for path in kept)
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_threat_20_disk_and_process_no_core_dumps(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(program=plain_binary())
    limits = Path(f"/proc/{gateway.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    assert gateway.program is not None
    os.kill(gateway.pid, 6)
    gateway.program.process.wait(20)
    assert not list(gateway.folder.glob("core*"))


PRELOADED = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

/* As whoever took the process over would: try to become a shell. */
static void take_over(int number)
{
    char *arguments[] = {"sh", "-c", "exit 77", NULL};
    char *none[] = {NULL};
    char said[200];
    (void)number;
    int forked = fork() == -1 ? errno : 0;
    int traced = ptrace(PTRACE_ATTACH, getppid(), 0, 0) == -1 ? errno : 0;
    int changed = setuid(getuid()) == -1 ? errno : 0;
    execve("/bin/sh", arguments, none);
    int size = snprintf(said, sizeof said, "fork %d ptrace %d setuid %d execve %d\n",
                        forked, traced, changed, errno);
    int fd = open(getenv("TAKE_OVER_SAYS"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (write(fd, said, size) != size)
        abort();
    close(fd);
}

__attribute__((constructor)) static void prepare(void)
{
    signal(SIGUSR1, take_over);
}
"""


@pytest.fixture
def taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Gateway], str]:
    """Code inside of the gateways that start from now on, and what it says when it is called."""
    source, library, said = (tmp_path / name for name in ("over.c", "over.so", "said"))
    source.write_text(PRELOADED)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("TAKE_OVER_SAYS", str(said))

    def take_over(gateway: Gateway) -> str:
        os.kill(gateway.pid, 10)  # SIGUSR1
        until("it said how far it came", said.exists)
        return until("it said how far it came", said.read_text)

    return take_over


def test_threat_20_disk_and_process_nothing_can_be_executed(
    new_gateway: Callable[..., Gateway], taken_over: Callable[[Gateway], str]
) -> None:
    gateway = new_gateway(program=plain_binary())
    status = status_of(gateway)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    # Each with EPERM, 1.
    assert taken_over(gateway) == "fork 1 ptrace 1 setuid 1 execve 1\n"
    with Client(gateway.client_port) as client:
        assert client.is_usable()


def test_threat_20_disk_and_process_without_hardening_it_says_so(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(program=plain_binary(), process={"hardening": False})
    status = status_of(gateway)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "0")


@dataclass
class Elf:
    """What a 64-bit little-endian ELF file says of how it is loaded."""

    kind: int
    segments: dict[int, int]
    dynamic: dict[int, int]

    @classmethod
    def read(cls, path: Path) -> "Elf":
        data = path.read_bytes()
        assert data[:6] == b"\x7fELF\x02\x01"
        (kind,) = struct.unpack_from("<H", data, 16)
        at, size, count = (
            struct.unpack_from(form, data, place)[0]
            for form, place in (("<Q", 32), ("<H", 54), ("<H", 56))
        )
        segments, dynamic = {}, {}
        for start in range(at, at + size * count, size):
            type, flags, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, start)
            segments[type] = flags
            if type == 2:  # PT_DYNAMIC
                dynamic = dict(struct.iter_unpack("<QQ", data[offset : offset + length]))
        return cls(kind, segments, dynamic)


def test_threat_20_disk_and_process_the_binary_is_hardened() -> None:
    path = plain_binary()
    elf = Elf.read(path)
    assert elf.kind == 3, "not position-independent (ET_DYN)"
    assert 0x6474E552 in elf.segments, "no RELRO"
    assert elf.dynamic.get(30, 0) & 8 or elf.dynamic.get(0x6FFFFFFB, 0) & 1, "no BIND_NOW"
    assert elf.segments[0x6474E551] & 1 == 0, "an executable stack"
    symbols = subprocess.run(
        ["nm", "-D", "--undefined-only", path], check=True, capture_output=True, text=True
    ).stdout
    assert "__stack_chk_fail" in symbols, "no stack protector"
    assert re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")), "no FORTIFY_SOURCE"


# ---- 22: forwarded headers

PROXY, STRANGER = "127.0.0.9", "127.0.0.2"


@pytest.fixture
def behind_proxies(new_gateway: Callable[..., Gateway]) -> Gateway:
    return new_gateway(
        clients={"trusted_proxies": [PROXY, "10.0.0.0/8", "2001:db8:1::/48"]},
        limits={"address_connections_max": 2},
        log={"level": "debug"},
    )


def address_of(gateway: Gateway, source: str, *forwarded: str) -> str:
    """Which address it takes a client for that comes so."""
    words = handshake(gateway.client_port)[:-2]
    for line in forwarded:
        words += f"X-Forwarded-For: {line}\r\n".encode("latin-1")
    with Wire(gateway.client_port, source=source) as wire:
        wire.send(words + b"\r\n")
        assert wire.read_head()[0] == 101
        wire.send_frame(TEXT, '{"kind":"connect","id":1}')
        client = json.loads(wire.read_frame().payload)["client"]
    assert gateway.program is not None
    line = until("the log tells of it", lambda: _line(gateway, f"client={client} "))
    return line.rpartition("address=")[2].split()[0]


def _line(gateway: Gateway, part: str) -> str | None:
    assert gateway.program is not None
    lines = gateway.program.words().splitlines()
    return next((line for line in lines if "client.connected" in line and part in line), None)


def test_threat_22_forwarded_headers_of_strangers_are_ignored(behind_proxies: Gateway) -> None:
    assert address_of(behind_proxies, STRANGER) == STRANGER
    assert address_of(behind_proxies, STRANGER, "198.51.100.7") == STRANGER
    assert address_of(behind_proxies, STRANGER, f"198.51.100.7, {PROXY}") == STRANGER


def test_threat_22_forwarded_headers_of_a_proxy_that_is_not_configured_are_told_of_once(
    new_gateway: Callable[..., Gateway],
) -> None:
    """Or an operator would wonder why there are never more than 1,000 connections."""
    gateway = new_gateway(shards=1, log={"level": "debug"})
    assert gateway.program is not None
    assert address_of(gateway, PROXY) == PROXY
    assert "client.proxy_not_trusted" not in gateway.program.words()
    for _ in range(3):
        assert address_of(gateway, PROXY, "198.51.100.7") == PROXY
    told = [w for w in gateway.program.words().splitlines() if "client.proxy_not_trusted" in w]
    assert len(told) == 1
    assert f"address={PROXY}" in told[0]


def test_threat_22_forwarded_headers_count_from_the_right(behind_proxies: Gateway) -> None:
    for forwarded, address in {
        ("198.51.100.7",): "198.51.100.7",
        ("203.0.113.9, 198.51.100.7",): "198.51.100.7",
        ("198.51.100.7, 10.1.2.3, 10.3.2.1",): "198.51.100.7",
        ("203.0.113.9", "198.51.100.7", "10.1.2.3"): "198.51.100.7",
        ("198.51.100.7:4711",): "198.51.100.7",
        ("[2001:db8::7]:4711, [2001:db8:1::2]:1",): "2001:db8::7",
        (): PROXY,
        ("",): PROXY,
        ("unknown",): PROXY,
        ("203.0.113.9, unknown, 10.1.2.3",): "10.1.2.3",
        ("198.51.100.7, " + "10.1.2.3, " * 100 + "10.3.2.1",): "10.1.2.3",
    }.items():
        assert address_of(behind_proxies, PROXY, *forwarded) == address, forwarded


def test_threat_22_forwarded_headers_do_not_escape_the_limits(behind_proxies: Gateway) -> None:
    """The limit holds for each client behind the proxy, and not for the proxy."""
    port = behind_proxies.client_port

    def wire(source: str, forwarded: str) -> Wire:
        wire = Wire(port, source=source)
        wire.send(handshake(port, X_Forwarded_For=forwarded))
        return wire

    standing = [wire(PROXY, f"198.51.100.{n}") for n in (7, 7, 8, 8, 9)]
    for one in standing:
        assert one.read_head()[0] == 101
    # A made-up hop before one's own helps nobody.
    with wire(PROXY, "203.0.113.1, 198.51.100.7") as refused:
        status, headers = refused.read_head()
        assert (status, headers["retry-after"]) == (429, "5")
        refused.read_until_end()
    for n in range(2):
        standing.append(wire(STRANGER, f"203.0.113.{n}"))
        assert standing[-1].read_head()[0] == 101
    with wire(STRANGER, "203.0.113.77") as refused:
        assert refused.read_head()[0] == 429
        refused.read_until_end()
    standing.pop(0).socket.close()

    def may_enter() -> bool:
        with wire(PROXY, "198.51.100.7") as one:
            return one.read_head()[0] == 101

    until("there is room again", may_enter)
    for one in standing:
        one.socket.close()


def test_threat_22_waiting_connections_of_a_proxy_are_not_one_client(
    behind_proxies: Gateway,
) -> None:
    """Before their head is there nobody knows whose they are."""
    waiting = [Wire(behind_proxies.client_port, source=PROXY) for _ in range(10)]
    for n, wire in enumerate(waiting):
        wire.send(handshake(behind_proxies.client_port, X_Forwarded_For=f"198.51.100.{n}"))
        assert wire.read_head()[0] == 101
        wire.socket.close()
