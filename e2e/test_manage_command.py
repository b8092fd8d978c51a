"""`telegraphy clients` and `telegraphy disconnect`, as operators use them."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.client import Client
from harness.gateway import Gateway, event_type
from harness.identity import refusal, somebody
from test_command import run

NOTE = event_type("test.Note")
LINE = re.compile(
    r"(\d+) (c-[0-9a-f]{16}) (\S+) 127\.0\.0\.1 e2e \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
)


@pytest.fixture
def gateway(new_gateway: Callable[..., Gateway]) -> Gateway:
    gateway = new_gateway()
    assert gateway.put_catalogue(NOTE).status == 200
    return gateway


def manage(gateway: Gateway, *arguments: str, **how: str) -> subprocess.CompletedProcess[str]:
    how.setdefault("TELEGRAPHY_INGEST_KEY", gateway.key)
    return run(*arguments, "--url", f"http://127.0.0.1:{gateway.ingest_port}", **how)


def test_clients_shows_who_is_connected(gateway: Gateway) -> None:
    with somebody(gateway, "7") as one, Client(gateway.client_port) as nobody:
        one.subscribe("test.Note", where='text == "a\u202eb"')
        nobody.subscribe("test.Note")
        answer = manage(gateway, "clients")
        assert (answer.returncode, answer.stderr) == (0, "")
        lines = answer.stdout.splitlines()
        heads = [found.groups() for line in lines if (found := LINE.fullmatch(line))]
        assert {head[1:] for head in heads} == {(one.id, "7"), (nobody.id, "-")}
        assert {line for line in lines if line.startswith("  ")} == {
            '  2 test.Note text == "a\\u202eb"',
            "  2 test.Note",
        }
        only = manage(gateway, "clients", "--user", "7", "--json", "--type", "test.Note")
        (entry,) = map(json.loads, only.stdout.splitlines())
        assert (entry["client"], entry["user"]) == (one.id, "7")


def test_clients_goes_through_all_pages(gateway: Gateway) -> None:
    sockets = [Client(gateway.client_port) for _ in range(230)]
    answer = manage(gateway, "clients")
    assert len(set(answer.stdout.splitlines())) == 230
    for client in sockets:
        client.wire.socket.close()


def test_disconnect_ends_a_user_or_a_client(gateway: Gateway) -> None:
    odd = "Ада & 'Co' + 100%"
    with somebody(gateway, "7") as one, somebody(gateway, odd) as two:
        answer = manage(gateway, "disconnect", "--user", "7")
        assert (answer.returncode, answer.stdout) == (0, "ended: 1 session, 1 connection\n")
        assert one.close_code() == 4401
        assert refusal(gateway, session=one.token)["code"] == "unauthenticated"
        found = manage(gateway, "clients", "--user", odd)
        assert two.id in found.stdout
        answer = manage(gateway, "disconnect", "--client", two.id, "--changed")
        assert (answer.returncode, answer.stdout) == (0, "ended: 1 session, 1 connection\n")
        assert two.close_code() == 4409
    answer = manage(gateway, "disconnect", "--user", "nobody")
    assert (answer.returncode, answer.stdout) == (0, "ended: 0 sessions, 0 connections\n")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("clients", "--type", "test.Notte"), 1, "unknown_type: .*did you mean test.Note\\?"),
        (("clients", "--client", "7"), 1, "invalid_message: "),
        (("clients", "7"), 2, 'clients: "7" is one argument too many'),
        (("clients", "--usr", "7"), 2, "there is no option .*did you mean --user\\?"),
        (("disconnect",), 2, "disconnect: wants either --user USER or --client ID"),
        (("disconnect", "--user", "7", "--client", "c-1"), 2, "wants either"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: tuple[str, ...], status: int, words: str, gateway: Gateway
) -> None:
    answer = manage(gateway, *arguments)
    assert (answer.returncode, answer.stdout) == (status, "")
    assert re.match(f"telegraphy: .*{words}", answer.stderr), answer.stderr


def test_a_key_that_may_not_manage_is_told_so(new_gateway: Callable[..., Gateway]) -> None:
    key = "a-key-that-may-publish"
    gateway = new_gateway(ingest={"keys": [{"app": "test", "key": key, "may": ["publish"]}]})
    answer = manage(gateway, "clients", TELEGRAPHY_INGEST_KEY=key)
    assert answer.returncode == 1
    assert answer.stderr.startswith('telegraphy: forbidden: this needs a key that may "manage"')


def test_without_a_gateway_it_is_said(new_gateway: Callable[..., Gateway], tmp_path: Path) -> None:
    gateway = new_gateway()
    gateway.stop()
    answer = manage(gateway, "clients")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no gateway answers at 127.0.0.1" in answer.stderr
