"""Tickets, and how a single request to a gateway is waited for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import telegraphy
from fake_gateway import FakeGateway, say_nothing
from telegraphy import (
    DefinitionError,
    GatewayError,
    InvalidRequest,
    Refused,
    Unreachable,
    _ask,
    _outlet,
)
from telegraphy.backends import DummyBackend, MemoryBackend

KEY = "a-key-that-nobody-must-read"
SECRET = "tgt_8yNdyB0sJ5Lw6oC1mVqk2hXz3tGfR7aEuIpKbTn4WcQ"


def make_ticket(header: dict[str, Any], _events: object) -> dict[str, Any]:
    return {
        "kind": "ticket",
        "id": header["id"],
        "ticket": SECRET,
        "expires_in_ms": 30_000,
    }


@pytest.fixture(autouse=True)
def configured(gateway: FakeGateway) -> Iterator[None]:
    gateway.script = make_ticket
    before = _outlet.replace_backend(None)
    backend = telegraphy.configure(endpoint=gateway.endpoint, key=KEY)
    yield
    backend.close(timeout=0)
    _outlet.replace_backend(before)


def test_a_ticket_is_what_the_gateway_made(gateway):
    ticket = telegraphy.create_ticket(
        user="7",
        claims={"user_id": 7, "is_staff": False},
        types=["shop.Order"],
        origin="https://shop.example",
        session="a-digest",
        session_life=timedelta(hours=1),
        life=timedelta(seconds=10),
    )
    assert ticket.ticket == SECRET
    assert ticket.expires_in_ms == 30_000
    header, _ = gateway.requests[0]
    assert header == {"kind": "ticket", "id": 1, "key": KEY}
    assert json.loads(gateway.bodies[0]) == {
        "user": "7",
        "claims": {"user_id": 7, "is_staff": False},
        "types": ["shop.Order"],
        "origin": "https://shop.example",
        "session": "a-digest",
        "session_life_ms": 3_600_000,
        "life_ms": 10_000,
    }


def test_what_is_not_known_is_not_said(gateway):
    telegraphy.create_ticket(user="7")
    assert json.loads(gateway.bodies[0]) == {"user": "7"}


def test_the_secret_is_in_no_repr():
    ticket = telegraphy.create_ticket(user="7")
    assert SECRET not in repr(ticket)
    assert SECRET not in str([ticket])


def test_claims_are_written_as_the_values_of_events_are(gateway):
    telegraphy.create_ticket(
        user="7",
        claims={
            "limit": Decimal("9.50"),
            "team": UUID(int=7),
            "since": datetime(2026, 11, 23, tzinfo=timezone.utc),
            "groups": ("a", "b"),
        },
    )
    assert json.loads(gateway.bodies[0])["claims"] == {
        "limit": "9.50",
        "team": "00000000-0000-0000-0000-000000000007",
        "since": "2026-11-23T00:00:00.000000Z",
        "groups": ["a", "b"],
    }


def test_types_may_be_named_by_the_classes_that_declare_them(gateway):
    with telegraphy.registry.isolated():

        class Raised(telegraphy.Event):
            amount: int

            class Meta:
                name = "shop.Raised"

        telegraphy.create_ticket(user="7", types=[Raised, "shop.Order"])
    assert json.loads(gateway.bodies[0])["types"] == ["shop.Raised", "shop.Order"]


def test_a_class_that_declares_no_event_type_is_named():
    with pytest.raises(DefinitionError, match=r"'int'.* declares no event type"):
        telegraphy.create_ticket(user="7", types=[int])


def test_types_that_are_one_text_are_refused():
    with pytest.raises(TypeError, match=r"write \['shop.Order'\]"):
        telegraphy.create_ticket(user="7", types="shop.Order")


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("user", 7, r"user must be a str, not int 7; write str\(…\)"),
        ("user", None, "user must be a str, not None"),
        ("user", "", "user must have 1 to 128 bytes, not 0"),
        ("user", "ü" * 65, "user must have 1 to 128 bytes, not 130"),
        ("user", "\ud800", "user must be valid Unicode"),
        ("session", "x" * 65, "session must have 1 to 64 bytes, not 65"),
        ("origin", 80, "origin must be an Origin as browsers send it, such as 'https:"),
        ("origin", "https://shop.example/", "not str 'https://shop.example/'"),
        ("origin", "https://shop.example:443", "origin must be an Origin as browsers"),
        ("claims", [1], "claims must be a dict, not list"),
        ("claims", {"a": object()}, "claims.a must be a JSON value"),
        ("claims", {1: 2}, "claims must have strings as keys"),
        (
            "claims",
            {"a": 1, "b": "x" * 5_000},
            "claims have 5,014 bytes .*largest is 'b'",
        ),
        ("types", ["a.B"] * 1_001, "types has 1,001 names; 1,000 is the most"),
        ("life", 30, "life must be a timedelta of a millisecond or more"),
        ("session_life", timedelta(0), "session_life must be a timedelta of"),
    ],
)
def test_what_no_gateway_would_take_is_refused_here(gateway, member, value, message):
    with pytest.raises(InvalidRequest, match=message) as caught:
        telegraphy.create_ticket(**{"user": "7", member: value})
    assert caught.value.member is not None
    assert caught.value.member.startswith(member)
    assert gateway.requests == []


def test_a_refusal_is_raised_with_its_code(gateway):
    gateway.script = lambda header, _: {
        "kind": "refused",
        "id": header["id"],
        "code": "overloaded",
        "message": "100,000 tickets are not spent",
        "retry_after_ms": 1_000,
    }
    with pytest.raises(Refused, match="overloaded: 100,000 tickets") as caught:
        telegraphy.create_ticket(user="7")
    assert caught.value.code == "overloaded"


def test_an_answer_to_something_else_is_an_error_that_holds_no_secret(gateway):
    gateway.script = lambda header, _: {"kind": "pong", "id": header["id"]}
    with pytest.raises(GatewayError, match="answered with a Pong"):
        telegraphy.create_ticket(user="7")
    gateway.script = lambda header, _: {**make_ticket(header, None), "expires_in_ms": "x"}
    with pytest.raises(GatewayError, match="expires_in_ms") as caught:
        telegraphy.create_ticket(user="7")
    assert SECRET not in str(caught.value)


def test_asynchronous_code_has_it_too():
    ticket = asyncio.run(telegraphy.acreate_ticket(user="7", claims={"user_id": 7}))
    assert ticket.ticket == SECRET


# -- one connection, kept


def run_python(
    code: str, endpoint: str, *, first: str = ""
) -> subprocess.CompletedProcess[str]:
    """In a process of its own: pytest's has threads, which a fork must not meet.  The
    first ticket was made when `code` begins."""
    prelude = """
        import os, sys, time
        import telegraphy
        telegraphy.configure(endpoint=sys.argv[1], key="a-key-of-some-length")
        telegraphy.create_ticket(user="7", timeout=5)
    """
    source = f"{first}\n{textwrap.dedent(prelude)}{textwrap.dedent(code)}"
    strict = () if first else ("-W", "error")
    return subprocess.run(
        [sys.executable, *strict, "-c", source, endpoint],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_one_connection_serves_all_requests_of_a_process(gateway):
    for _ in range(3):
        telegraphy.create_ticket(user="7")
    assert [header["id"] for header, _ in gateway.requests] == [1, 2, 3]
    assert len(gateway.peers) == 1


def test_threads_take_turns(gateway):
    failures = []

    def run() -> None:
        for _ in range(20):
            try:
                telegraphy.create_ticket(user="7", timeout=5)
            except GatewayError as error:
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(header["id"] for header, _ in gateway.requests) == list(range(1, 161))
    assert len(gateway.peers) == 1


def test_a_gateway_that_is_silent_is_waited_for_no_longer_than_told(gateway):
    gateway.script = say_nothing
    with pytest.raises(Unreachable, match=r"within 0\.05 s"):
        telegraphy.create_ticket(user="7", timeout=0.05)


def test_a_silent_gateway_holds_up_no_thread_for_longer(gateway):
    telegraphy.create_ticket(user="7")
    gateway.script = say_nothing
    errors = []

    def run() -> None:
        with pytest.raises(Unreachable) as caught:
            telegraphy.create_ticket(user="7", timeout=0.5)
        errors.append(str(caught.value))

    threads = [threading.Thread(target=run) for _ in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One after the other they would have waited for 2 s.
    assert time.monotonic() - started < 1.8
    assert len(errors) == 4


def test_after_a_silence_the_next_request_has_a_new_connection(gateway):
    gateway.script = say_nothing
    with pytest.raises(Unreachable):
        telegraphy.create_ticket(user="7", timeout=0.05)
    gateway.script = make_ticket
    assert telegraphy.create_ticket(user="7").ticket == SECRET
    assert len(gateway.peers) == 2


def test_an_answer_to_an_earlier_request_is_passed_over(gateway):
    telegraphy.create_ticket(user="7")  # so there is a connection
    script = gateway.script

    def late(header: dict[str, Any], events: object) -> dict[str, Any] | None:
        if header["id"] == 2:
            raise_in_asker.set()
            return None
        stale = {**make_ticket({"id": 2}, None), "ticket": "tgt_stale"}
        gateway.answer_also(stale)
        return script(header, events)

    raise_in_asker = threading.Event()
    gateway.script = late
    line = _ask._lines.to(_ask.Address(gateway.endpoint, None))
    with line.lock:
        assert line._socket is not None
        body = (b'{"kind":"ticket","id":2,"key":"k"}', b"{}")
        line._socket.send_multipart(body)  # somebody who was interrupted
        line._last_id = 2
    assert raise_in_asker.wait(5)
    assert telegraphy.create_ticket(user="7", timeout=5).ticket == SECRET


def test_without_a_gateway_only_a_new_connection_is_waited_for(tmp_path):
    backend = telegraphy.configure(endpoint=f"ipc://{tmp_path}/nobody.ipc", key=KEY)
    with pytest.raises(Unreachable):
        telegraphy.create_ticket(user="7", timeout=0.2)
    started = time.monotonic()
    for _ in range(10):
        with pytest.raises(Unreachable, match="no gateway answered at"):
            telegraphy.create_ticket(user="7", timeout=0.2)
    assert time.monotonic() - started < 1.8  # not 10 times 0.2 s
    backend.close(timeout=0)


def test_a_gateway_that_comes_back_is_found_by_itself(gateway):
    telegraphy.create_ticket(user="7")
    gateway.stop()
    deadline = time.monotonic() + 5
    with pytest.raises(Unreachable):
        telegraphy.create_ticket(user="7")
    gateway.start()
    while True:
        try:
            assert telegraphy.create_ticket(user="7").ticket == SECRET
            break
        except Unreachable:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_what_is_no_endpoint_is_said_to_be_none():
    telegraphy.configure(endpoint="nonsense", key=KEY)
    with pytest.raises(Unreachable, match="'nonsense' is no endpoint of ZeroMQ"):
        telegraphy.create_ticket(user="7")


def test_a_process_keeps_few_connections(tmp_path):
    for number in range(20):
        with pytest.raises(Unreachable):
            telegraphy.ping(f"ipc://{tmp_path}/{number}.ipc", KEY, timeout=0)
    assert len(_ask._lines._lines) <= _ask.ENDPOINTS_MAX


def test_a_child_has_a_connection_of_its_own(gateway):
    done = run_python(
        """
        pid = os.fork()
        ticket = telegraphy.create_ticket(user="8", timeout=5)
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert telegraphy.create_ticket(user="7").ticket
        """,
        gateway.endpoint,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(gateway.requests) == 4
    assert len(gateway.peers) == 2


def test_a_child_of_a_thread_that_waits_is_not_locked_out(gateway):
    """The lock that the thread holds is copied with the rest, and held by nobody."""
    gateway.script = lambda header, _: (
        None if header["id"] == 2 else make_ticket(header, None)
    )
    done = run_python(
        """
        import threading
        def wait():
            try:
                telegraphy.create_ticket(user="7", timeout=1)
            except telegraphy.Unreachable:
                pass
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.2)
        pid = os.fork()
        if pid == 0:
            telegraphy.create_ticket(user="8", timeout=5)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        thread.join()
        """,
        gateway.endpoint,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(gateway.requests) == 3


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_a_greenlet_that_waits_stops_no_other(gateway, library):
    pytest.importorskip(library)
    patch = {
        "gevent": "import gevent.monkey; gevent.monkey.patch_all()",
        "eventlet": "import eventlet; eventlet.monkey_patch()",
    }[library]
    gateway.script = lambda header, _: (
        None if header["id"] == 2 else make_ticket(header, None)
    )
    done = run_python(
        """
        import threading
        beats = 0
        def beat():
            global beats
            while True:
                time.sleep(0.01)
                beats += 1
        threading.Thread(target=beat, daemon=True).start()
        def ask():
            try:
                telegraphy.create_ticket(user="7", timeout=0.3)
            except telegraphy.Unreachable:
                pass
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert beats > 10, beats
        assert telegraphy.create_ticket(user="7", timeout=5).ticket
        """,
        gateway.endpoint,
        first=patch,
    )
    assert done.returncode == 0, done.stderr


# -- other backends


def test_the_memory_backend_keeps_what_tickets_were_asked_for_with():
    backend = telegraphy.configure(backend=MemoryBackend())
    ticket = telegraphy.create_ticket(user="7", claims={"user_id": 7})
    assert ticket.ticket.startswith("tgt_")
    assert len(ticket.ticket) == 47
    assert [one.user for one in backend.tickets] == ["7"]
    assert backend.tickets[0].claims == {"user_id": 7}


def test_the_dummy_backend_makes_no_tickets():
    telegraphy.configure(backend=DummyBackend())
    with pytest.raises(GatewayError, match="DummyBackend makes no tickets"):
        telegraphy.create_ticket(user="7")
