"""TLS on the clients' port: connections, what is refused, certificates that change."""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.browser import Page
from harness.certificates import Authority, Certificate, openssl
from harness.client import Client
from harness.gateway import Gateway, binary, event_type, plain_binary
from harness.processes import until
from harness.wire import TEXT, Ended, Wire, handshake

NOTE = event_type("test.Note")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def trust(authority: Authority) -> ssl.SSLContext:
    return authority.trust()


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    return authority.issue("one.example")


@pytest.fixture(scope="session")
def shared(
    new_gateway_anywhere: Callable[..., Gateway],
    certificate: Certificate,
    trust: ssl.SSLContext,
) -> Gateway:
    gateway = new_gateway_anywhere(trust=trust, clients=certificate.settings)
    assert gateway.put_catalogue(NOTE).status == 200
    return gateway


def words(gateway: Gateway) -> str:
    assert gateway.program is not None
    return gateway.program.words()


def name_shown(wire: Wire) -> str:
    """The name in the certificate that the gateway showed."""
    shown: Any = wire.socket.getpeercert()  # type: ignore[attr-defined]
    return dict(pair[0] for pair in shown["subject"])["commonName"]


# ---- connections


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_by_wss_it_is_as_by_ws(shared: Gateway, authority: Authority, version: str) -> None:
    trust = authority.trust()
    trust.minimum_version = trust.maximum_version = ssl.TLSVersion[version]
    with Client(shared.client_port, trust=trust) as client:
        spoken = client.wire.socket.version()  # type: ignore[attr-defined]
        assert spoken == version.replace("_", ".")
        client.subscribe("test.Note")
        for batch in range(20):
            shared.publish("test.Note", *({"n": batch * 100 + i} for i in range(100)))
        seen = [client.next()["data"]["n"] for _ in range(2000)]
        assert seen == list(range(2000))


def test_large_messages_pass_in_both_directions(shared: Gateway, trust: ssl.SSLContext) -> None:
    with Client(shared.client_port, trust=trust) as client:
        client.subscribe("test.Note")
        text = "".join(chr(32 + i % 90) for i in range(500_000))
        shared.publish("test.Note", {"n": 1, "text": text})
        assert client.next()["data"]["text"] == text
        for size in (16_383, 16_384, 16_385, 60_000):
            ping = json.dumps({"kind": "ping", "id": size})
            client.wire.send_frame(TEXT, ping + " " * (size - len(ping)))
            assert client.read() == {"kind": "pong", "id": size}


def test_records_may_be_cut_anywhere(shared: Gateway, trust: ssl.SSLContext) -> None:
    """The client's bytes come one by one: each record in many pieces."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trust.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", shared.client_port), timeout=20) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def pump(step: Callable[[], Any]) -> Any:
            while True:
                try:
                    result = step()
                except ssl.SSLWantReadError:
                    result = None
                for byte in outgoing.read():
                    raw.sendall(bytes([byte]))
                if result is not None:
                    return result
                incoming.write(raw.recv(65536))

        pump(lambda: tls.do_handshake() or True)
        pump(lambda: tls.write(handshake(shared.client_port)))
        assert pump(lambda: tls.read(65536)).startswith(b"HTTP/1.1 101 ")


def test_a_slow_reader_loses_what_is_announced_and_harms_nobody(
    shared: Gateway, trust: ssl.SSLContext
) -> None:
    """Its socket takes parts of records only; what it reads in the end is whole."""
    with (
        Client(shared.client_port, trust=trust, receive_buffer=4096) as slow,
        Client(shared.client_port, trust=trust) as other,
    ):
        slow.subscribe("test.Note")
        other.subscribe("test.Note")
        text = "x" * 20_000
        for n in range(300):
            shared.publish("test.Note", {"n": n, "text": text})
            assert other.next()["data"]["n"] == n
        lost, seen = 0, []
        while lost + len(seen) < 300:
            message = slow.read()
            if message["kind"] == "gap":
                lost += message["to"] - message["from"] + 1
            elif message["kind"] == "event":
                assert message["data"]["text"] == text
                seen.append(message["data"]["n"])
        assert lost > 0
        assert seen == sorted(seen)
        assert slow.is_usable()


def test_an_end_is_said_before_it_comes(
    new_gateway: Callable[..., Gateway], certificate: Certificate, trust: ssl.SSLContext
) -> None:
    gateway = new_gateway(trust=trust, clients=certificate.settings)
    with Wire(gateway.client_port, trust=trust).upgrade() as wire:
        gateway.ask_to_end()
        # Without close_notify, reading to the end would be an error here.
        assert wire.read_close() == 1012
    assert gateway.wait_for_end() == 0


def test_a_farewell_is_returned(shared: Gateway, trust: ssl.SSLContext) -> None:
    with Wire(shared.client_port, trust=trust).upgrade() as wire:
        raw = wire.socket.unwrap()  # type: ignore[attr-defined]  # Waits for close_notify.
        assert raw.recv(1) == b""


def test_a_page_over_https_talks_to_it(shared: Gateway, open_page: Callable[..., Page]) -> None:
    page = open_page(f"https://localhost:{shared.client_port}/healthz", ignoreHTTPSErrors=True)
    heard = page.evaluate(
        """url => new Promise((done, failed) => {
            const socket = new WebSocket(url, 'telegraphy.v1')
            socket.onopen = () => socket.send('{"kind":"connect","id":1}')
            socket.onmessage = event => done(JSON.parse(event.data).kind)
            socket.onerror = () => failed(new Error('no connection'))
        })""",
        f"wss://localhost:{shared.client_port}/v1/websocket",
    )
    assert heard == "connected"


def test_same_host_means_a_page_that_came_by_https(shared: Gateway, trust: ssl.SSLContext) -> None:
    host = f"localhost:{shared.client_port}"
    for origin, status in ((f"https://{host}", 101), (f"http://{host}", 403)):
        with Wire(shared.client_port, trust=trust) as wire:
            wire.send(handshake(shared.client_port, Host=host, Origin=origin))
            assert wire.read_head()[0] == status, origin


def test_sessions_are_resumed(shared: Gateway, trust: ssl.SSLContext) -> None:
    with Client(shared.client_port, trust=trust) as client:
        session = client.wire.socket.session  # type: ignore[attr-defined]
        assert not client.wire.socket.session_reused  # type: ignore[attr-defined]
    with Client(shared.client_port, trust=trust, session=session) as client:
        assert client.wire.socket.session_reused  # type: ignore[attr-defined]


def test_a_thousand_connections_hold_little_memory(
    new_gateway: Callable[..., Gateway], certificate: Certificate, trust: ssl.SSLContext
) -> None:
    gateway = new_gateway(
        program=plain_binary(),
        trust=trust,
        clients=certificate.settings,
        limits={"address_connections_max": 2000},
    )
    assert gateway.put_catalogue(NOTE).status == 200
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.client_port, trust=trust)) for _ in range(50)]
        before_kb = gateway.memory_kb()
        clients += [
            stack.enter_context(Client(gateway.client_port, trust=trust)) for _ in range(950)
        ]
        each_kb = (gateway.memory_kb() - before_kb) / 950
        for client in clients:
            client.subscribe("test.Note")
        gateway.publish("test.Note", {"n": 7})
        assert all(client.next()["data"]["n"] == 7 for client in clients)
    assert each_kb < 24, f"{each_kb:.1f} KiB for each idle connection"


# ---- what is refused


def s_client(gateway: Gateway, *options: str) -> subprocess.CompletedProcess[bytes]:
    return openssl("s_client", "-connect", f"localhost:{gateway.client_port}", "-brief", *options)


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "AES128-GCM-SHA256"),
        ("-tls1_2", "-cipher", "NULL:@SECLEVEL=0"),
        ("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"),
        ("-tls1_3", "-alpn", "h2"),
    ],
    ids=" ".join,
)
def test_threat_21_what_is_old_or_weak_is_refused(
    shared: Gateway, options: tuple[str, ...]
) -> None:
    answer = s_client(shared, *options)
    assert answer.returncode != 0
    assert b"CONNECTION ESTABLISHED" not in answer.stderr
    assert b"alert" in answer.stderr, "it was not the gateway that refused"


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("-tls1_3", "-alpn", "http/1.1"),
    ],
    ids=" ".join,
)
def test_threat_21_what_is_strong_is_accepted(shared: Gateway, options: tuple[str, ...]) -> None:
    assert b"CONNECTION ESTABLISHED" in s_client(shared, *options).stderr


def test_threat_21_nothing_is_renegotiated(shared: Gateway) -> None:
    answer = openssl(
        "s_client", "-connect", f"localhost:{shared.client_port}", "-tls1_2", input=b"R\n"
    )
    assert b"no renegotiation" in answer.stderr + answer.stdout


def test_threat_21_plain_http_is_closed_and_named(shared: Gateway) -> None:
    with Wire(shared.client_port) as wire:
        wire.send(handshake(shared.client_port))
        answer = wire.read_until_end()
    assert b"HTTP" not in answer
    until("it is logged", lambda: "plain HTTP came to the port that speaks TLS" in words(shared))


@pytest.mark.parametrize(
    "first", [b"\x16\x03\x01\xff\xff" + b"x" * 200, b"\x00" * 500, b"\x80\x2e\x01\x00\x02" * 20]
)
def test_threat_21_garbage_ends_a_handshake(
    shared: Gateway, trust: ssl.SSLContext, first: bytes
) -> None:
    with Wire(shared.client_port) as wire:
        wire.send(first)
        wire.read_until_end()
    with Client(shared.client_port, trust=trust) as client:
        assert client.is_usable()


def test_threat_21_who_does_not_shake_hands_is_closed_in_time(
    new_gateway: Callable[..., Gateway], certificate: Certificate, trust: ssl.SSLContext
) -> None:
    """Nothing said, a hello cut short, and one that comes byte by byte."""
    gateway = new_gateway(trust=trust, clients=certificate.settings, timeouts={"header_ms": 1000})
    hello = client_hello(trust)
    with Wire(gateway.client_port) as silent, Wire(gateway.client_port) as cut:
        cut.send(hello[:50])
        with Wire(gateway.client_port) as slow:
            began = time.monotonic()
            with contextlib.suppress(OSError):
                for byte in hello[:-1]:
                    slow.send(bytes([byte]))
                    time.sleep(0.02)
                    if time.monotonic() - began > 10:
                        raise AssertionError("it was let go on for 10 s")
        assert silent.read_until_end() == b""
        assert cut.read_until_end() == b""
    with Wire(gateway.client_port) as half:
        half.send(hello)
        half.socket.shutdown(socket.SHUT_WR)
        assert half.read_until_end() != b""


def client_hello(trust: ssl.SSLContext) -> bytes:
    outgoing = ssl.MemoryBIO()
    tls = trust.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


# ---- certificates that change


@pytest.fixture
def changing(tmp_path: Path, new_gateway: Callable[..., Gateway]) -> tuple[Gateway, Authority]:
    (tmp_path / "authority").mkdir()
    authority = Authority(tmp_path / "authority")
    made = authority.issue("one.example")
    return new_gateway(trust=authority.trust(), clients=made.settings), authority


def reload(gateway: Gateway, says: str) -> None:
    before = words(gateway).count(says)
    os.kill(gateway.pid, signal.SIGHUP)
    until(f"the gateway says {says}", lambda: words(gateway).count(says) > before)


def test_a_new_certificate_is_for_those_who_come_later(
    changing: tuple[Gateway, Authority],
) -> None:
    gateway, authority = changing
    trust = authority.trust()
    assert gateway.put_catalogue(NOTE).status == 200
    with contextlib.ExitStack() as stack:
        old = [stack.enter_context(Client(gateway.client_port, trust=trust)) for _ in range(20)]
        for client in old:
            client.subscribe("test.Note")
        session = old[0].wire.socket.session  # type: ignore[attr-defined]
        authority.issue("two.example")
        reload(gateway, "tls.reloaded")
        new = stack.enter_context(Client(gateway.client_port, trust=trust, session=session))
        assert name_shown(new.wire) == "two.example"
        assert not new.wire.socket.session_reused  # type: ignore[attr-defined]
        gateway.publish("test.Note", {"n": 1})
        for client in old:
            assert name_shown(client.wire) == "one.example"
            assert client.next()["data"]["n"] == 1
            assert client.is_usable()


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda made: made.file.write_text("nonsense"), "gateway.pem: certificate 1 is broken"),
        (lambda made: made.file.unlink(), "gateway.pem cannot be read: No such file"),
        (lambda made: made.key.write_text(""), "gateway.key: there is no private key in it"),
        (
            lambda made: made.file.write_bytes(made.file.read_bytes()[:-40]),
            "gateway.pem: certificate 1 is broken",
        ),
    ],
    ids=["nonsense", "no file", "no key", "cut short"],
)
def test_a_broken_file_changes_nothing(
    changing: tuple[Gateway, Authority], break_it: Callable[[Certificate], Any], why: str
) -> None:
    gateway, authority = changing
    trust = authority.trust()
    with Client(gateway.client_port, trust=trust) as old:
        made = authority.issue("two.example")
        break_it(made)
        reload(gateway, "tls.not_reloaded")
        assert why in words(gateway)
        assert old.is_usable()
        with Client(gateway.client_port, trust=trust) as new:
            assert name_shown(new.wire) == "one.example"
        authority.issue("three.example")
        reload(gateway, "tls.reloaded")
        with Client(gateway.client_port, trust=trust) as new:
            assert name_shown(new.wire) == "three.example"


def test_a_certificate_that_expires_is_warned_of(changing: tuple[Gateway, Authority]) -> None:
    gateway, authority = changing
    assert "tls.certificate_expire" not in words(gateway)
    made = authority.issue("two.example", days=3)
    reload(gateway, "tls.reloaded")
    until("it says that it will", lambda: "warn tls.certificate_expires " in words(gateway))
    assert re.search(r"tls\.certificate_expires file=\S+gateway\.pem days=[23]\n", words(gateway))
    own = ("-in", str(made.file), "-signkey", str(made.key), "-out", str(made.file))
    assert openssl("x509", *own, "-days", "-1").returncode == 0
    reload(gateway, "tls.reloaded")
    until("it says that it has", lambda: "warn tls.certificate_expired " in words(gateway))
    checked = command(
        "check",
        *("--clients-certificate", str(made.file), "--clients-certificate-key", str(made.key)),
    )
    assert checked.returncode == 0
    assert "tls.certificate_expired" in checked.stderr


def test_the_key_of_another_certificate_changes_nothing(
    changing: tuple[Gateway, Authority],
) -> None:
    gateway, authority = changing
    other = authority.issue("two.example", name="other")
    (authority.folder / "gateway.key").write_bytes(other.key.read_bytes())
    reload(gateway, "tls.not_reloaded")
    assert "gateway.key is not the key of the certificate in" in words(gateway)
    with Client(gateway.client_port, trust=authority.trust()) as client:
        assert name_shown(client.wire) == "one.example"


def test_without_descriptors_a_reload_is_right(changing: tuple[Gateway, Authority]) -> None:
    """Whether it can read the files or not, it never speaks anything but TLS."""
    gateway, authority = changing
    trust = authority.trust()
    with Client(gateway.client_port, trust=trust) as old:
        _, most = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
        taken = max(int(name) for name in os.listdir(f"/proc/{gateway.pid}/fd"))
        authority.issue("two.example")
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (taken + 1, most))
        with contextlib.ExitStack() as stack:
            while "net.accept_paused" not in words(gateway):  # What is free below is used up.
                stack.enter_context(Wire(gateway.client_port))
            reload(gateway, "tls.reloaded")
            assert old.is_usable()
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (most, most))
        with Client(gateway.client_port, trust=trust) as new:
            assert name_shown(new.wire) == "two.example"
        with Wire(gateway.client_port) as plain, contextlib.suppress(Ended):
            plain.send(handshake(gateway.client_port))
            assert b"HTTP" not in plain.read_until_end()


def test_without_tls_a_reload_is_harmless(gateway: Gateway) -> None:
    reload(gateway, "gateway.not_reloaded")
    with Client(gateway.client_port) as client:
        assert client.is_usable()


def test_hundreds_of_reloads_lose_nothing(changing: tuple[Gateway, Authority]) -> None:
    gateway, authority = changing
    trust = authority.trust()
    assert gateway.put_catalogue(NOTE).status == 200
    good = (authority.folder / "gateway.pem").read_bytes()
    with Client(gateway.client_port, trust=trust) as standing:
        standing.subscribe("test.Note")
        for n in range(200):
            if n % 10 == 0:
                broken = n % 20 == 0
                (authority.folder / "gateway.pem").write_bytes(b"broken" if broken else good)
            os.kill(gateway.pid, signal.SIGHUP)
            gateway.publish("test.Note", {"n": n})
            with Client(gateway.client_port, trust=trust) as passing:
                assert passing.is_usable()
        assert [standing.next()["data"]["n"] for _ in range(200)] == list(range(200))


# ---- commands


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(binary()), *arguments], capture_output=True, text=True, timeout=20)


def test_check_judges_the_certificate(authority: Authority, tmp_path: Path) -> None:
    one = authority.issue("one.example", name="checked")
    other = authority.issue("two.example", name="unfit")
    config = tmp_path / "telegraphy.yaml"

    def check(certificate: Path, key: Path) -> subprocess.CompletedProcess[str]:
        clients = {"certificate": str(certificate), "certificate_key": str(key)}
        config.write_text(json.dumps({"runtime_dir": str(tmp_path / "r"), "clients": clients}))
        return command("check", "--config", str(config))

    right = check(one.file, one.key)
    assert (right.returncode, right.stderr) == (0, "")
    wrong = check(one.file, other.key)
    assert wrong.returncode == 1
    assert "is not the key of the certificate in" in wrong.stderr
    missing = check(one.file, tmp_path / "no.key")
    assert missing.returncode == 1
    assert re.search(r"telegraphy\.yaml:1:\d+: clients\.certificate_key: .*No such", missing.stderr)


def test_tail_verifies_who_answers(shared: Gateway, authority: Authority) -> None:
    url = f"wss://localhost:{shared.client_port}"
    with subprocess.Popen(
        [
            *(str(binary()), "tail", "test.Note", "--url", url),
            *("--ca", str(authority.file), "--count", "2"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tail:
        assert tail.stderr
        assert "waiting for test.Note" in tail.stderr.readline()
        shared.publish("test.Note", {"n": 1}, {"n": 2, "text": "x" * 100_000})
        out, err = tail.communicate(timeout=20)
    assert (tail.returncode, len(out.splitlines())) == (0, 2), err
    stranger = command("tail", "test.Note", "--url", url)
    assert stranger.returncode == 1
    assert "no TLS with localhost:" in stranger.stderr
    assert "--ca FILE names whom to trust" in stranger.stderr
    plain = command(
        "tail", "test.Note", "--url", f"wss://localhost:{shared.ingest_port}", "--ca",
        str(authority.file),
    )  # fmt: skip
    assert "what is there speaks no TLS" in plain.stderr
