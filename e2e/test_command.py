"""The binary in a terminal: `check`, `publish`, `tail` and what they say."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import identity
from harness.client import Client
from harness.gateway import ROOT, Gateway, binary, event_type, field
from harness.processes import until

ORDER = event_type(
    "test.Order",
    operations=["create", "update", "delete"],
    key=["id"],
    fields=[field("id", "int"), field("status", "string", nullable=True)],
)
NOTE = event_type("test.Note")
SECRET = event_type("test.Secret", access="authenticated")
RULED = event_type(
    "test.Ruled",
    operations=["create"],
    key=["id"],
    access={"rule": "owner == auth.user_id"},
    fields=[field("id", "int"), field("owner", "int", hidden=True)],
)


def run(
    *arguments: str | Path, stdin: str = "", timeout_s: float = 30, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binary()), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environ(**environment),
    )


def environ(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "TELEGRAPHY" not in name}
    return kept | changes


@pytest.fixture(scope="module")
def orders(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    gateway = new_gateway_anywhere()
    assert gateway.put_catalogue(ORDER, NOTE, SECRET).status == 200
    return gateway


def publish(gateway: Gateway, *arguments: str, **how: str) -> subprocess.CompletedProcess[str]:
    how.setdefault("TELEGRAPHY_INGEST_KEY", gateway.key)
    url = f"http://127.0.0.1:{gateway.ingest_port}"
    return run("publish", *arguments, "--url", url, **how)


class Tail:
    """`telegraphy tail`, running; what it wrote is read from files."""

    def __init__(self, folder: Path, url: str, *arguments: str) -> None:
        self.out, self.err = folder / "tail.out", folder / "tail.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [str(binary()), "tail", *arguments, "--url", url], stdout=out, stderr=err
            )

    def lines(self) -> list[str]:
        return self.out.read_text().splitlines()

    def says(self, words: str, times: int = 1) -> None:
        until(f"tail says {words!r}", lambda: self.err.read_text().count(words) >= times)

    def wait(self) -> int:
        return self.process.wait(timeout=20)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def tail(tmp_path: Path) -> Iterator[Callable[..., Tail]]:
    started: list[Tail] = []

    def start(gateway: Gateway, *arguments: str) -> Tail:
        folder = tmp_path / f"tail{len(started)}"
        folder.mkdir()
        started.append(Tail(folder, f"ws://127.0.0.1:{gateway.client_port}", *arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


# ---- the command itself

CLIENTS = ["publish", "tail", "clients", "disconnect"]
COMMANDS = ["serve", "check", *CLIENTS, "query", "types", "keys", "version", "help"]


def test_it_says_what_it_can_do() -> None:
    for arguments in (("help",), ("--help",)):
        answer = run(*arguments)
        assert answer.returncode == 0
        for command in COMMANDS:
            assert re.search(rf"^  {command} ", answer.stdout, re.MULTILINE)
    assert re.fullmatch(r"telegraphy \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run("--version").stdout == run("version").stdout
    nothing = run()
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "usage: telegraphy COMMAND" in nothing.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(command: str) -> None:
    answers = [run("help", command), run(command, "--help")]
    assert answers[0].stdout == answers[1].stdout
    assert answers[0].stdout.startswith(f"usage: telegraphy {command}")
    assert [answer.returncode for answer in answers] == [0, 0]


@pytest.mark.parametrize("command", ["", "serve", "check", *CLIENTS, "types"])
def test_the_reference_shows_the_help_as_it_is(command: str) -> None:
    reference = (ROOT / "docs/reference/command.md").read_text()
    words = run("help", *command.split()).stdout
    # The settings of `serve` are in the reference of the configuration.
    words = words.split("\n  --config FILE")[0] if command == "serve" else words
    assert words in reference


def test_a_mistyped_command_gets_the_nearest() -> None:
    answer = run("sevre")
    assert answer.returncode == 2
    assert answer.stderr.startswith('telegraphy: there is no command "sevre"; did you mean serve?')


# ---- check


def test_check_names_each_mistake_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "telegraphy.yaml"
    config.write_text("clients:\n  port: 99999\n  prot: 1\nshards: two\n")
    answer = run("check", "--config", config, "--log-level", "loud", "--shard", "1")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.splitlines() == [
        f'{config}:2:9: clients.port: wants a whole number from 1 to 65535; got "99999"',
        f'{config}:3:3: there is no setting "clients.prot"; did you mean clients.port?',
        f'{config}:4:9: shards: wants a whole number from 0 to 256; got "two"',
        'telegraphy: --log-level: log.level: wants error, warn, info or debug; got "loud"',
        'telegraphy: there is no flag "--shard"; did you mean --shards?',
        "telegraphy: the configuration has 5 mistakes",
    ]


def test_serve_refuses_with_the_same_words_and_opens_nothing(tmp_path: Path) -> None:
    config = tmp_path / "telegraphy.yaml"
    runtime = tmp_path / "run"
    config.write_text(f"runtime_dir: {runtime}\nclients:\n  port: none\n")
    check, serve = run("check", "--config", config), run("serve", "--config", config)
    assert (check.returncode, serve.returncode) == (1, 1)
    assert check.stderr == serve.stderr
    assert not runtime.exists()


def test_a_right_configuration_is_called_right(tmp_path: Path) -> None:
    config = tmp_path / "telegraphy.yaml"
    config.write_text(run("help", "configuration").stdout)
    answer = run("check", "--config", config, TELEGRAPHY_RUNTIME_DIR=str(tmp_path / "run"))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"telegraphy: {config} is right\n"
    assert not (tmp_path / "run").exists()


def test_check_judges_the_catalogues_too(tmp_path: Path) -> None:
    bad = event_type("test.Bad", fields=[field("n", "nit")])
    for name, kind in (("good", ORDER), ("bad", bad)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"app": "test", "types": [kind]}))
    (tmp_path / "not.json").write_text("hello")
    config = tmp_path / "telegraphy.yaml"
    config.write_text("catalogues: [good.json, bad.json, not.json]\n")
    answer = run("check", "--config", config)
    assert answer.returncode == 1
    first, second = answer.stderr.splitlines()
    assert first.startswith(f"{tmp_path}/bad.json: types[0].fields[0].type: ")
    assert second.startswith(f"{tmp_path}/not.json: ")


def test_check_refuses_a_runtime_directory_that_others_may_enter(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    runtime.chmod(0o755)
    answer = run("check", "--runtime-dir", runtime)
    assert answer.returncode == 1
    assert "is open to other users; chmod 700 closes it" in answer.stderr


# ---- publish


def test_publish_says_where_the_event_stands(orders: Gateway) -> None:
    answer = publish(orders, "test.Order", '{"id": 7, "status": "new"}', "--op", "create")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert re.fullmatch(r"published test\.Order at offset \d+\n", answer.stdout)


def test_the_same_id_is_published_once(orders: Gateway) -> None:
    arguments = ("test.Order", '{"id": 7}', "--op", "create", "--id", "only-once")
    first, second = publish(orders, *arguments), publish(orders, *arguments)
    assert (first.returncode, second.returncode) == (0, 0)
    assert second.stdout == first.stdout.replace("published ", "published already: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("test.Ordr", '{"id": 7}'), "unknown_type: .*did you mean test.Order\\?"),
        (("test.Order", '{"id": "x"}', "--op", "create"), "invalid_event: .*data.id"),
        (("test.Order", '{"id": 7}', "--op", "craete"), "invalid_event: .*op"),
        (("test.Order", '{"id": 7,}'), "the data is not JSON: .*at byte 10"),
        (("test.Order", "[7]"), "the data of an event is an object.*got a list"),
    ],
)
def test_a_refusal_is_readable(orders: Gateway, arguments: tuple[str, ...], words: str) -> None:
    answer = publish(orders, *arguments)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert re.match("telegraphy: " + words, answer.stderr), answer.stderr
    assert answer.stderr.count("\n") == 1


def test_lines_of_stdin_are_events(orders: Gateway) -> None:
    lines = '{"id":1}\n\nnope\n{"id":"x"}\n{"id":2}'
    url = f"http://127.0.0.1:{orders.ingest_port}"
    with Client(orders.client_port) as client:
        client.subscribe("test.Order")
        answer = run(
            *("publish", "test.Order", "-", "--op", "update", "--url", url),
            stdin=lines,
            TELEGRAPHY_INGEST_KEY=orders.key,
        )
        assert [client.next()["data"]["id"] for _ in range(2)] == [1, 2]
    assert answer.returncode == 1
    assert len(answer.stdout.splitlines()) == 2
    assert re.match(r"telegraphy: line 3: the data is not JSON", answer.stderr)
    assert re.search(r"^telegraphy: line 4: invalid_event", answer.stderr, re.MULTILINE)


def test_many_lines_go_in_batches_and_in_order(orders: Gateway) -> None:
    with Client(orders.client_port) as client:
        client.subscribe("test.Note")
        answer = run(
            *("publish", "test.Note", "-", "--url", f"http://127.0.0.1:{orders.ingest_port}"),
            stdin="".join(f'{{"n":{n}}}\n' for n in range(3000)),
            TELEGRAPHY_INGEST_KEY=orders.key,
        )
        assert (answer.returncode, answer.stderr) == (0, "")
        assert [client.next()["data"]["n"] for _ in range(3000)] == list(range(3000))
    offsets = [int(line.rsplit(" ", 1)[1]) for line in answer.stdout.splitlines()]
    assert offsets == list(range(offsets[0], offsets[0] + 3000))


def test_without_a_gateway_publish_says_so(orders: Gateway, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answer = run("publish", "a.B", "{}", "--url", url, TELEGRAPHY_INGEST_KEY="k" * 16)
    assert answer.returncode == 1
    assert answer.stderr.startswith("telegraphy: no gateway answers at 127.0.0.1:")
    url = f"http://127.0.0.1:{orders.client_port}"
    answer = run("publish", "a.B", "{}", "--url", url, TELEGRAPHY_INGEST_KEY="k" * 16)
    assert answer.returncode == 1
    assert answer.stderr.startswith("telegraphy: "), answer.stderr


def test_the_key_comes_from_file_environment_or_runtime_directory(
    new_gateway: Callable[..., Gateway], orders: Gateway, tmp_path: Path
) -> None:
    wrong = publish(orders, "test.Note", '{"n":1}', TELEGRAPHY_INGEST_KEY="k" * 16)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("telegraphy: invalid_key: ")
    file = tmp_path / "key"
    file.write_text(orders.key + "\n")
    file.chmod(0o600)
    right = publish(
        *(orders, "test.Note", '{"n":1}', "--key-file", str(file)), TELEGRAPHY_INGEST_KEY="k" * 16
    )
    assert right.returncode == 0, right.stderr
    none = publish(
        *(orders, "test.Note", '{"n":1}'),
        TELEGRAPHY_INGEST_KEY="",
        TELEGRAPHY_RUNTIME_DIR=str(tmp_path / "nowhere"),
    )
    assert none.returncode == 1
    assert none.stderr.startswith("telegraphy: no ingest key: set $TELEGRAPHY_INGEST_KEY")

    catalogue = tmp_path / "catalogue.json"
    catalogue.write_text(json.dumps({"app": "default", "types": [NOTE]}))
    gateway = new_gateway(catalogues=[str(catalogue)], ingest={"keys": []})
    answer = publish(
        *(gateway, "test.Note", '{"n":1}'),
        TELEGRAPHY_INGEST_KEY="",
        TELEGRAPHY_RUNTIME_DIR=str(gateway.runtime),
    )
    assert (answer.returncode, answer.stdout) == (0, "published test.Note at offset 1\n")
    key = gateway.runtime / f"ingest-{gateway.ingest_port}.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().strip() not in answer.stderr


# ---- tail


def test_tail_shows_events_as_they_come(orders: Gateway, tail: Callable[..., Tail]) -> None:
    shown = tail(orders, "test.Order", "--count", "2")
    shown.says("waiting for test.Order after ")
    orders.publish("test.Order", {"id": 7, "status": "new"}, op="create")
    orders.publish("test.Order", {"id": 7, "status": "paid"}, op="update", changed=["status"])
    assert shown.wait() == 0
    first, second = shown.lines()
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\dT\S+Z add test\.Order \d+ \{"id":7,"status":"new"\}', first
    )
    assert second.endswith('{"id":7,"status":"paid"} changed=status')
    assert " change test.Order " in second


def test_tail_shows_what_a_query_asks_for(orders: Gateway, tail: Callable[..., Tail]) -> None:
    shown = tail(orders, "test.Order", "--where", 'status == "open"', "--count", "3")
    shown.says("waiting for test.Order after ")
    orders.publish("test.Order", {"id": 7, "status": "new"}, op="create")
    for status, old in (("open", "new"), ("paid", "open"), ("open", "paid")):
        orders.publish(
            "test.Order",
            {"id": 7, "status": status},
            op="update",
            changed=["status"],
            old={"status": old},
        )
    assert shown.wait() == 0
    words = [line.split(" ", 4) for line in shown.lines()]
    assert [(word[1], json.loads(word[4])) for word in words] == [
        ("add", {"id": 7, "status": "open"}),
        ("remove", {"id": 7}),
        ("add", {"id": 7, "status": "open"}),
    ]


def test_tail_shows_where_a_query_is_wrong(orders: Gateway) -> None:
    url = f"ws://127.0.0.1:{orders.client_port}"
    answer = run("tail", "test.Order", "--where", 'id > 1 &&\n  stats == "x"', "--url", url)
    assert (answer.returncode, answer.stdout) == (1, "")
    said, line, mark = answer.stderr.splitlines()[-3:]
    assert "query_field" in said
    assert "line 2, column 3" in said
    assert "did you mean status?" in said
    assert line.index("stats") == mark.index("^")


def test_tail_can_show_the_messages_themselves(orders: Gateway, tail: Callable[..., Tail]) -> None:
    shown = tail(orders, "test.Note", "--count=1", "--json")
    shown.says("waiting for")
    orders.publish("test.Note", {"n": 1, "text": "line\nend \u009b \u202e"})
    assert shown.wait() == 0
    (line,) = shown.lines()
    message = json.loads(line)
    assert (message["kind"], message["type"]) == ("event", "test.Note")
    assert message["data"]["text"] == "line\nend \u009b \u202e"
    assert "\u009b" not in line
    assert "\u202e" not in line


@pytest.mark.parametrize(
    ("type", "words"),
    [
        ("test.Ordr", "unauthenticated: .*did you mean test.Order\\?"),
        ("test.Secret", "unauthenticated: "),
    ],
)
def test_a_refused_subscription_is_readable(
    orders: Gateway, tail: Callable[..., Tail], type: str, words: str
) -> None:
    refused = tail(orders, type)
    assert refused.wait() == 1
    assert re.match("telegraphy: " + words, refused.err.read_text()), refused.err.read_text()


def test_tail_names_the_gateway_and_its_types(orders: Gateway, tail: Callable[..., Tail]) -> None:
    refused = tail(orders, "test.Ordr")
    assert refused.wait() == 1
    address = f"127.0.0.1:{orders.client_port}"
    said = refused.err.read_text()
    assert f"telegraphy: the gateway at {address} has for this client: " in said
    assert "test.Order" in said
    assert "test.Secret" not in said, "nor is it theirs to know"


def test_tail_makes_the_claims_that_it_is_given(
    new_gateway: Callable[..., Gateway], tail: Callable[..., Tail], tmp_path: Path
) -> None:
    gateway = new_gateway(testing={"claims": True})
    assert gateway.put_catalogue(SECRET).status == 200
    claims = tmp_path / "claims.json"
    claims.write_text('{"user_id": 7}')
    shown = tail(gateway, SECRET["name"], "--claims", str(claims), "--count", "1")
    shown.says(f"waiting for {SECRET['name']} after ")
    shown.says(f" at 127.0.0.1:{gateway.client_port}")
    nobody = tail(gateway, SECRET["name"])
    assert nobody.wait() == 1
    assert "this client has not said who it is" in nobody.err.read_text()


@pytest.mark.parametrize("form", ["the ticket", "the answer that has it"])
def test_tail_connects_with_a_ticket_and_comes_back_with_its_session(
    form: str, new_gateway: Callable[..., Gateway], tail: Callable[..., Tail], tmp_path: Path
) -> None:
    gateway = new_gateway()
    assert gateway.put_catalogue(SECRET).status == 200
    answer = identity.post(gateway, "/api/v1/tickets", {"user": "7"})
    path = tmp_path / "ticket"
    path.write_bytes(answer.body if form != "the ticket" else answer.json["ticket"].encode())
    shown = tail(gateway, SECRET["name"], "--ticket-file", str(path), "--count", "1")
    shown.says(f"waiting for {SECRET['name']} after ")
    gateway.stop()
    gateway.start()
    shown.says("any more; waiting until it does")
    assert gateway.put_catalogue(SECRET).status == 200
    shown.says(f"waiting for {SECRET['name']} after ", times=2)
    gateway.publish(SECRET["name"], {"n": 1, "text": "x"})
    assert shown.wait() == 0
    assert "tgt_" not in shown.err.read_text()
    assert "tgs_" not in shown.err.read_text()
    # It was spent.
    again = tail(gateway, SECRET["name"], "--ticket-file", str(path))
    assert again.wait() == 1
    assert again.err.read_text().startswith("telegraphy: unauthenticated: ")


@pytest.mark.parametrize("ticket", ["", "\n", "{}", '{"ticket": 7}', "x" * 8193])
def test_a_ticket_that_is_none_is_not_sent(tmp_path: Path, ticket: str) -> None:
    path = tmp_path / "ticket"
    path.write_text(ticket)
    answer = run("tail", "test.Secret", "--ticket-file", path)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"telegraphy: {path}: wants a ticket of at most 8 KiB")
    assert run("tail", "test.Secret", "--ticket-file", tmp_path / "none").returncode == 1
    both = run("tail", "test.Secret", "--ticket-file", path, "--claims", path)
    assert both.returncode == 2


@pytest.mark.parametrize("claims", ["[]", "{", "7", '{"a": "' + "x" * 4096 + '"}'])
def test_claims_that_are_none_are_not_sent(tmp_path: Path, claims: str) -> None:
    (tmp_path / "claims.json").write_text(claims)
    answer = run("tail", "test.Order", "--claims", str(tmp_path / "claims.json"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert re.search("claims (are a JSON object|have at most 4 KiB)", answer.stderr)


def test_tail_tells_a_port_that_is_not_for_clients(orders: Gateway) -> None:
    answer = run("tail", "test.Order", "--url", f"ws://127.0.0.1:{orders.ingest_port}")
    assert answer.returncode == 1
    assert re.match("telegraphy: the gateway refused the connection with status", answer.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_tail_in_good_order(
    orders: Gateway, tail: Callable[..., Tail], number: signal.Signals
) -> None:
    shown = tail(orders, "test.Order")
    shown.says("waiting for")
    shown.process.send_signal(number)
    assert shown.wait() == 0


def test_a_signal_also_ends_a_tail_that_waits_for_a_gateway(
    orders: Gateway, tmp_path: Path
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        waiting = Tail(tmp_path, f"ws://127.0.0.1:{silent.getsockname()[1]}", "test.Order")
        try:
            waiting.says("; again in ", times=2)
            waiting.process.send_signal(signal.SIGTERM)
            assert waiting.wait() == 0
        finally:
            waiting.end()


def test_tail_ends_with_its_reader(orders: Gateway, tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{orders.client_port}"
    with (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(
            [str(binary()), "tail", "test.Note", "--url", url], stdout=subprocess.PIPE, stderr=err
        )
    try:
        until("it waits", lambda: "waiting for" in (tmp_path / "err").read_text())
        assert process.stdout is not None
        process.stdout.close()
        orders.publish("test.Note", {"n": 1})
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()


def test_tail_comes_back_after_a_restart_and_says_what_is_lost(
    new_gateway: Callable[..., Gateway], tail: Callable[..., Tail]
) -> None:
    gateway = new_gateway()
    gateway.put_catalogue(NOTE)
    shown = tail(gateway, "test.Note", "--count", "2")
    shown.says("waiting for test.Note after ")
    gateway.publish("test.Note", {"n": 1})
    until("the first is shown", lambda: len(shown.lines()) == 1)
    gateway.kill()
    shown.says("; again in ")
    gateway.start()
    shown.says("the gateway does not know test.Note any more; waiting until it does")
    gateway.put_catalogue(NOTE)
    shown.says("events may be lost (epoch); waiting for test.Note after ")
    gateway.publish("test.Note", {"n": 2})
    assert shown.wait() == 0
    assert [line.split(" ")[3] for line in shown.lines()] == ["1", "1"]


def test_tail_stays_through_a_silence(
    new_gateway: Callable[..., Gateway], tail: Callable[..., Tail]
) -> None:
    gateway = new_gateway(timeouts={"ping_interval_ms": 200, "ping_misses_max": 2})
    gateway.put_catalogue(NOTE)
    shown = tail(gateway, "test.Note", "--count", "1")
    shown.says("waiting for")
    with pytest.raises(subprocess.TimeoutExpired):
        shown.process.wait(timeout=2)
    gateway.publish("test.Note", {"n": 1})
    assert shown.wait() == 0
    assert "again in" not in shown.err.read_text()


def test_tail_leaves_a_gateway_that_fell_silent(tmp_path: Path) -> None:
    """A stopped gateway neither answers nor closes; only time tells."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        waiting = Tail(tmp_path, f"ws://127.0.0.1:{listener.getsockname()[1]}", "test.Note")
        try:
            waiting.says("it took too long; again in ")
        finally:
            waiting.end()


def test_tail_ends_where_its_type_does(orders: Gateway, tail: Callable[..., Tail]) -> None:
    gone = event_type("test.Gone")
    assert orders.put_catalogue(ORDER, NOTE, SECRET, gone).status == 200
    shown = tail(orders, "test.Gone")
    shown.says("waiting for")
    assert orders.put_catalogue(ORDER, NOTE, SECRET).status == 200
    assert shown.wait() == 1
    assert "telegraphy: the subscription ended (query_changed)" in shown.err.read_text()


# ---- query


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"app": "test", "types": [ORDER, NOTE, RULED]}))
    return path


def test_query_check_says_where_it_is_wrong(schema: Path) -> None:
    how = ("--schema", schema, "--type", "test.Order")
    good = run("query", "check", 'status == "paid"', *how)
    assert (good.returncode, good.stderr) == (0, ""), good
    bad = run("query", "check", 'id > 7 &&\n stats == "paid"', *how)
    assert (bad.returncode, bad.stdout) == (1, "")
    said, line, mark = bad.stderr.splitlines()
    assert "query_field" in said
    assert "line 2, column 2" in said
    assert "did you mean status?" in said
    assert line.index("stats") == mark.index("^")


def test_query_explain_shows_rule_and_query_in_one(schema: Path, tmp_path: Path) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text('{"user_id": 7}')
    how = ("--schema", schema, "--type", "test.Ruled", "--claims", claims)
    answer = run("query", "explain", "!(id <= 5)", *how)
    assert answer.returncode == 0, answer.stderr
    assert "owner == 7" in answer.stdout
    assert "id >= 6" in answer.stdout


def test_query_eval_says_what_a_subscriber_is_told(schema: Path, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(
        '{"op":"update","data":{"id":7,"status":"paid"},'
        '"old":{"status":"new"},"changed":["status"]}'
    )
    told = {'status == "paid"': "add", 'status == "new"': "remove", "id == 7": "change"}
    for where, op in {**told, "id == 8": "nothing"}.items():
        answer = run(
            "query", "eval", where, "--schema", schema, "--type", "test.Order", "--event", event
        )
        assert answer.stdout.splitlines()[-1] == f"told: {op}", (where, answer)


def test_query_eval_is_cel_without_a_schema() -> None:
    assert run("query", "eval", "[1, 2, 3].map(n, n * n)").stdout == "[1, 4, 9]\n"
    assert run("query", "eval", "1 / 0").stderr == "telegraphy: error: division by zero\n"
    wrong = run("query", "eval", "1 +")
    assert wrong.returncode == 1
    assert "query_syntax" in wrong.stderr


# ---- types

CATALOGUES = ROOT / "protocol/vectors/catalogues"


@pytest.mark.parametrize("name", ["shop", "odd"])
def test_types_declares_a_catalogue_in_typescript(name: str) -> None:
    answer = run("types", CATALOGUES / f"{name}.json", "--typescript")
    assert (answer.returncode, answer.stderr) == (0, "")
    wanted = ROOT / f"protocol/vectors/typescript/{name}.d.ts"
    assert answer.stdout == wanted.read_text()


def test_types_tells_several_catalogues_as_clients_may_know_them() -> None:
    answer = run("types", CATALOGUES / "shop.json", CATALOGUES / "odd.json")
    assert (answer.returncode, answer.stderr) == (0, "")
    types = json.loads(answer.stdout)["types"]
    assert [one["name"] for one in types][:4] == [
        "odd.Choices",
        "odd.Names",
        "odd.parts.Of_1.Name",
        "shop.Audit",
    ]
    (names,) = [one["fields"] for one in types if one["name"] == "odd.Names"]
    assert "hidden" not in [field["name"] for field in names]


def test_types_names_what_is_wrong(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    types = [event_type("test.Bad", fields=[field("n", "nit")])]
    bad.write_text(json.dumps({"app": "test", "types": types}))
    answer = run("types", bad, CATALOGUES / "shop.json")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"{bad}: types[0].fields[0].type: ")
    for arguments, words in (
        ([], "which catalogue document?"),
        (["--javascript", bad], 'types has no option "--javascript"'),
    ):
        answer = run("types", *arguments)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert answer.stderr.startswith(f"telegraphy: {words}\n")
