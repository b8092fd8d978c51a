"""`manage.py telegraphy`, with a stand-in for the gateway's program."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from fake_gateway import FakeGateway, until
from telegraphy import GatewayError, Refused, Unreachable, ping, push_catalogue
from telegraphy.django._binary import BinaryNotFound, find_binary, flags
from telegraphy.django._watching import CodeWatcher
from telegraphy.django.conf import conf
from telegraphy.django.management.commands.telegraphy import in_our_words, reason_of

TESTS = Path(__file__).parent

STAND_IN = """
import json, os, pathlib, signal, sys, time
if sys.argv[1] == "--version":
    print("telegraphy 0.0.0")
    sys.exit()
arguments = sys.argv[2:]
flags = dict(zip(arguments[::2], arguments[1::2]))
said = {
    "command": sys.argv[1],
    "flags": flags,
    "keys": os.environ["TELEGRAPHY_INGEST_KEYS"],
    "config": None,
    "catalogue": json.loads(pathlib.Path(flags["--catalogues"]).read_text()),
}
config = pathlib.Path(flags.get("--config", "none"))
if config.exists():
    said["config"] = json.loads(config.read_text())
    said["mode"] = oct(config.stat().st_mode & 0o777)
pathlib.Path(os.environ["SAID"]).write_text(json.dumps(said))
if sys.argv[1] == "serve" and "WAIT" in os.environ:
    def end(number, frame):
        print("drained after", signal.Signals(number).name, flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print("ready", flush=True)
    if "UP" in os.environ:
        import http.server, threading
        class Health(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
        port = int(flags["--ingest-port"])
        server = http.server.HTTPServer(("127.0.0.1", port), Health)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        time.sleep(0.05)
code = "CHECK_CODE" if sys.argv[1] == "check" else "CODE"
sys.exit(int(os.environ.get(code, "0")))
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "gateway"
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(STAND_IN)}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("TELEGRAPHY_BINARY", str(path))
    monkeypatch.setenv("SAID", str(tmp_path / "said.json"))
    return path


def said(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "said.json").read_text())
    return found


def telegraphy(*arguments: str) -> str:
    out = io.StringIO()
    call_command("telegraphy", *arguments, stdout=out, skip_checks=True)
    return out.getvalue()


def test_the_gateway_gets_the_catalogue_the_ports_and_the_key(stand_in, tmp_path):
    shown = telegraphy("--addr", "0.0.0.0", "--config", "x.yaml")  # noqa: S104
    heard = said(tmp_path)
    assert heard["command"] == "serve"
    assert heard["catalogue"] == json.loads(telegraphy("--catalogue"))
    catalogue = heard["flags"].pop("--catalogues")
    assert not Path(catalogue).exists(), "it is removed afterwards"
    assert heard["flags"] == {
        "--config": "x.yaml",
        "--clients-port": "1844",
        "--clients-host": "0.0.0.0",  # noqa: S104
        "--ingest-port": "1845",
        "--ingest-zmq": conf.endpoint,
    }
    assert heard["keys"] == f"project={conf.ingest_key}"
    assert conf.ingest_key not in shown
    assert "Application 'project': 12 event types." in shown
    assert "  shop.PriceChanged  event                   public\n" in shown
    assert "Clients connect" not in shown, "it ended before it was up"


def test_further_settings_of_the_gateway_are_handed_on(stand_in, tmp_path, settings):
    settings.TELEGRAPHY = {
        "GATEWAY": {
            "shards": 2,
            "clients": {"allowed_origins": ["https://a", "https://b"]},
        },
        "CLIENT_PORT": 2001,
    }
    telegraphy()
    heard = said(tmp_path)["flags"]
    assert heard["--shards"] == "2"
    assert heard["--clients-allowed-origins"] == "https://a,https://b"
    assert heard["--clients-port"] == "2001"


def test_the_gateway_gets_the_key_of_signed_tickets_in_a_file(
    stand_in, tmp_path, settings
):
    settings.TELEGRAPHY = {
        "TICKETS": "signed",
        "SIGNING": {"KID": "2026", "KEY": "k" * 32},
        "ENDPOINT": "tcp://127.0.0.1:1900",
    }
    shown = telegraphy()
    heard = said(tmp_path)
    key = {"app": "project", "kid": "2026", "algorithm": "HS256", "key": "k" * 32}
    assert heard["config"] == {"tokens": {"keys": [key]}}
    assert heard["mode"] == "0o600"
    assert not Path(heard["flags"]["--config"]).exists(), "it is removed afterwards"
    assert "k" * 32 not in shown
    assert "k" * 32 not in str(heard["flags"])


def test_on_one_machine_signed_tickets_have_the_gateway_s_own_clock(
    stand_in, tmp_path, settings
):
    settings.TELEGRAPHY = {"TICKETS": "signed"}
    telegraphy("--check")
    tokens = said(tmp_path)["config"]["tokens"]
    assert tokens["skew_ms"] == 0
    assert tokens["keys"][0]["key"] == conf.signing_key.public_key


def test_settings_become_flags():
    given = {"a.b_c": True, "d": {"e": [1, False], "f": {"g": "x"}}}
    assert flags(given) == ["--a-b-c", "true", "--d-e", "1,false", "--d-f-g", "x"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_site(directory: Path, settings: dict[str, Any]) -> dict[str, str]:
    """A project without event types; the environment that it needs."""
    (directory / "site_settings.py").write_text(
        "SECRET_KEY = 'x' * 20\nINSTALLED_APPS = ['telegraphy.django']\n"
        f"TELEGRAPHY = {settings!r}\n"
    )
    return {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(directory)}


def test_clients_are_told_where_to_connect_once_the_gateway_is_up(stand_in, tmp_path):
    port = free_port()
    site = write_site(tmp_path, {"CLIENT_PORT": port, "INGEST_PORT": free_port()})
    command = manage("--port", str(free_port()), WAIT="1", UP="1", **site)
    try:
        read_until(
            command, "Application 'site_settings': 0 event types (is there an events.py"
        )
        read_until(command, "ready")
        read_until(command, "Clients connect to ws://127.0.0.1:")
        read_until(command, "Events come in at ipc://")
        command.send_signal(signal.SIGTERM)
        _, error = command.communicate(timeout=20)
    finally:
        command.kill()
    assert "Pages will look for it at port" in error
    assert f"port {port}: set TELEGRAPHY['CLIENT_PORT'] = " in error


def test_a_port_that_is_taken_is_explained(stand_in, settings, monkeypatch, capsys):
    monkeypatch.setenv("CODE", "1")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings.TELEGRAPHY = {
            "CLIENT_PORT": other.getsockname()[1],
            "INGEST_PORT": free_port(),
        }
        with pytest.raises(SystemExit):
            telegraphy()
    error = capsys.readouterr().err
    assert "set TELEGRAPHY['CLIENT_PORT'] and TELEGRAPHY['INGEST_PORT'], or use" in error


def test_mistakes_in_the_setting_gateway_are_named_as_they_were_written():
    said = (
        'telegraphy: there is no flag "--clients-prot"; did you mean --clients-port?\n'
        'telegraphy: there is no flag "--limits-mesage-bytes-max"; did you mean '
        "--limits-message-bytes-max?\n"
        "telegraphy: --ingest-host: ingest.host: wants an IP address\n"
    )
    given = {"clients.prot": 1, "limits.mesage_bytes_max": 1, "ingest.host": "x"}
    assert in_our_words(said, given) == (
        "telegraphy: TELEGRAPHY['GATEWAY'], 'clients.prot': no such setting; "
        "did you mean clients.port?\n"
        "telegraphy: TELEGRAPHY['GATEWAY'], 'limits.mesage_bytes_max': no such setting; "
        "did you mean limits.message_bytes_max?\n"
        "telegraphy: TELEGRAPHY['GATEWAY'], 'ingest.host': ingest.host: wants an IP "
        "address\n"
    )


def test_of_code_that_is_wrong_only_the_error_is_shown():
    traceback = "Traceback (most recent call last):\n  File x\nTypeError: not so\n"
    assert reason_of(traceback) == "TypeError: not so"
    checks = (
        "SystemCheckError: System check identified some issues:\n\nERRORS:\n"
        "?: (telegraphy.E004) shop.events.A: no field 'x'\n\tHINT: Name a field.\n\n"
        "System check identified 1 issue (0 silenced).\n"
    )
    assert reason_of(checks) == "?: (telegraphy.E004) shop.events.A: no field 'x'"
    assert reason_of("") == ""


def test_of_code_that_cannot_be_read_file_and_line_are_shown(tmp_path):
    broken = tmp_path / "events.py"
    broken.write_text("import telegraphy\n\nclass One(telegraphy.Event)\n    n: int\n")
    done = subprocess.run(
        [sys.executable, "-c", "import events"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    [where, *shown, error] = reason_of(done.stderr).splitlines()
    assert where == f'File "{broken}", line 3'
    assert shown[0].strip() == "class One(telegraphy.Event)"
    assert error.startswith("SyntaxError: ")
    broken.write_text("import telegraphy\n\nclass One(telegraphy.Evnt):\n    n: int\n")
    done = subprocess.run(
        [sys.executable, "-c", "import events"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    [where, *shown, error] = reason_of(done.stderr).splitlines()
    assert where == f'File "{broken}", line 3, in <module>'
    assert shown[0].strip() == "class One(telegraphy.Evnt):"
    assert error.startswith("AttributeError: ")


def test_who_may_have_a_type_is_shown(stand_in):
    shown = telegraphy("--check")
    assert "  shop.Order         create, update, delete  public\n" in shown
    assert "  shop.Line          create, update, delete  authenticated\n" in shown
    assert "rule: owner == auth.user_id || auth.user_id in readers\n" in shown


def test_the_gateway_s_exit_status_is_the_command_s(stand_in, monkeypatch):
    monkeypatch.setenv("CODE", "3")
    with pytest.raises(SystemExit) as ended:
        telegraphy()
    assert ended.value.code == 3


def test_check_asks_the_gateway_s_program_and_runs_nothing(
    stand_in, tmp_path, monkeypatch
):
    assert "shop.Order" in telegraphy("--check")
    assert said(tmp_path)["command"] == "check"
    monkeypatch.setenv("CHECK_CODE", "1")
    with pytest.raises(SystemExit):
        telegraphy("--check")


def manage(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "django", "telegraphy", *arguments],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "src")]),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(command: subprocess.Popen[str], beginning: str) -> None:
    assert command.stdout is not None
    for line in command.stdout:
        if line.startswith(beginning):
            return
    raise AssertionError(f"it ended without saying {beginning!r}")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_lets_the_gateway_end_in_good_order(stand_in, tmp_path, name):
    command = manage(WAIT="1")
    try:
        until((tmp_path / "said.json").exists, seconds=20)
        read_until(command, "ready")
        command.send_signal(getattr(signal, name))
        out, _ = command.communicate(timeout=20)
    finally:
        command.kill()
    assert out.strip() == f"drained after {name}"
    assert command.returncode == 0


# -- finding the program


@pytest.fixture
def _nothing_set(monkeypatch, tmp_path):
    monkeypatch.delenv("TELEGRAPHY_BINARY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("telegraphy.__file__", str(tmp_path / "package" / "__init__.py"))


GATEWAY = b"#!/bin/sh\necho telegraphy 0.0.0\n"


def make_program(path: Path, content: bytes = b"\x7fELF") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return str(path)


@pytest.mark.usefixtures("_nothing_set")
def test_the_program_is_looked_for_in_this_order(tmp_path, monkeypatch, settings):
    with pytest.raises(BinaryNotFound, match=r"nor on PATH. Run `make build`"):
        find_binary()
    on_path = make_program(tmp_path / "bin" / "telegraphy")
    assert find_binary() == on_path
    packaged = make_program(tmp_path / "package" / "bin" / "telegraphy")
    assert find_binary() == packaged
    in_environment = make_program(tmp_path / "environment", GATEWAY)
    monkeypatch.setenv("TELEGRAPHY_BINARY", in_environment)
    assert find_binary() == in_environment
    in_settings = make_program(tmp_path / "settings", GATEWAY)
    settings.TELEGRAPHY = {"BINARY": in_settings}
    assert find_binary() == in_settings


@pytest.mark.usefixtures("_nothing_set")
def test_a_script_of_the_same_name_on_path_is_not_the_gateway(tmp_path):
    make_program(tmp_path / "bin" / "telegraphy", b"#!/usr/bin/python\n")
    with pytest.raises(BinaryNotFound):
        find_binary()


@pytest.mark.usefixtures("_nothing_set")
def test_a_path_that_was_set_and_is_no_program_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TELEGRAPHY_BINARY", str(tmp_path / "nothing"))
    with pytest.raises(
        BinaryNotFound, match="environment variable TELEGRAPHY_BINARY names"
    ):
        find_binary()
    with pytest.raises(CommandError, match="which is not there"):
        telegraphy()
    (tmp_path / "nothing").write_text("")
    with pytest.raises(CommandError, match="which is not a program"):
        telegraphy()


@pytest.mark.usefixtures("_nothing_set")
@pytest.mark.parametrize("content", [b"#!/bin/sh\necho other 1\n", b"\x7fELF"])
def test_a_program_that_is_not_the_gateway_is_named(tmp_path, settings, content):
    other = make_program(tmp_path / "other", content)
    settings.TELEGRAPHY = {"BINARY": other}
    with pytest.raises(CommandError, match=r"names .*/other, which is not the gateway"):
        telegraphy()


# -- types for the front end


TYPES_PROGRAM = b"""#!/bin/sh
[ "$1" = --version ] && { echo telegraphy 0.0.0; exit; }
[ "$1" = types ] && shift || exit 2
[ "$1" = --typescript ] && { echo for TypeScript; shift; }
grep -o '"shop.Document"' "$1"
"""


def test_types_are_written_by_the_gateway_s_program(tmp_path, monkeypatch):
    program = make_program(tmp_path / "program", TYPES_PROGRAM)
    monkeypatch.setenv("TELEGRAPHY_BINARY", program)
    assert telegraphy("types") == '"shop.Document"\n'
    assert telegraphy("types", "--typescript") == 'for TypeScript\n"shop.Document"\n'


def test_types_go_to_a_file_that_is_left_alone_if_they_are_the_same(
    tmp_path, monkeypatch
):
    program = make_program(tmp_path / "program", TYPES_PROGRAM)
    monkeypatch.setenv("TELEGRAPHY_BINARY", program)
    out = tmp_path / "types.d.ts"
    said = telegraphy("types", "--typescript", "--out", str(out))
    assert said == f"{out} has 12 event types.\n"
    assert out.read_text() == 'for TypeScript\n"shop.Document"\n'
    os.utime(out, (1, 1))
    said = telegraphy("types", "--typescript", "--out", str(out))
    assert said == f"{out} has 12 event types, as before.\n"
    assert out.stat().st_mtime == 1


@pytest.mark.usefixtures("_nothing_set")
def test_types_without_the_gateway_s_program_say_how_to_get_it():
    with pytest.raises(CommandError, match="Run `make build` in the"):
        telegraphy("types", "--typescript")


def test_a_program_that_cannot_write_types_is_named(tmp_path, monkeypatch):
    program = make_program(
        tmp_path / "program",
        b'#!/bin/sh\n[ "$1" = --version ] && { echo telegraphy 0.0.0; exit; }\n'
        b'echo "telegraphy: there is no command types" >&2; exit 2\n',
    )
    monkeypatch.setenv("TELEGRAPHY_BINARY", program)
    with pytest.raises(CommandError, match=r"program cannot write the types: .* types$"):
        telegraphy("types", "--typescript")


def test_a_file_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    program = make_program(tmp_path / "program", TYPES_PROGRAM)
    monkeypatch.setenv("TELEGRAPHY_BINARY", program)
    with pytest.raises(
        CommandError, match=r"nowhere/x\.json cannot be written: .*No such"
    ):
        telegraphy("types", "--out", str(tmp_path / "nowhere" / "x.json"))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--typescript"], "manage.py telegraphy types --typescript"),
        (["--check", "--out", "x"], "manage.py telegraphy types --out"),
        (["types", "--push"], "--push is nothing for `types`"),
        (["types", "--port", "1"], "--port is nothing for `types`"),
    ],
)
def test_options_that_mean_nothing_together_are_named(arguments, reason):
    with pytest.raises(CommandError, match=reason):
        telegraphy(*arguments)


# -- what the gateway says of rules


def test_what_is_wrong_with_a_rule_is_told_by_the_name_of_its_class(
    stand_in, tmp_path, monkeypatch, capsys
):
    """The program judges, and speaks of the file that it was given."""
    program = make_program(
        tmp_path / "program",
        b'#!/bin/sh\n[ "$1" = --version ] && { echo telegraphy 0.0.0; exit; }\n'
        b'printf \'%s: types[1].access.rule: unknown field "ownr" at line 1, column 1: '
        b'"ownr == auth.user_id"; did you mean owner?\\n\' "$3"; exit 1\n',
    )
    monkeypatch.setenv("TELEGRAPHY_BINARY", program)
    with pytest.raises(SystemExit):
        telegraphy("--check")
    assert capsys.readouterr().err == (
        'project.shop.events.DocumentEvents: access: unknown field "ownr" at line 1, '
        'column 1: "ownr == auth.user_id"; did you mean owner?\n'
    )


def test_a_wrong_rule_is_told_before_anything_runs(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("CHECK_CODE", "1")
    with pytest.raises(SystemExit):
        telegraphy()
    assert said(tmp_path)["command"] == "check"


def test_what_a_running_gateway_says_of_a_rule_has_its_place(tmp_path, settings):
    def refuse(header: dict[str, Any], _events: Any) -> dict[str, Any]:
        return {
            "kind": "refused",
            "id": header["id"],
            "code": "invalid_catalogue",
            "message": 'unknown field "ownr" at line 1, column 3: "  ownr"',
            "member": "types[1].access.rule",
            "line": 1,
            "column": 3,
            "nearest": ["owner"],
        }

    with FakeGateway(tmp_path, refuse) as gateway:
        settings.TELEGRAPHY = {"ENDPOINT": gateway.endpoint}
        with pytest.raises(CommandError) as refused:
            telegraphy("--push")
        assert str(refused.value) == (
            'invalid_catalogue: unknown field "ownr" at line 1, column 3: "  ownr" '
            "(at project.shop.events.DocumentEvents: access); did you mean owner?"
        )
        with pytest.raises(Refused) as caught:
            push_catalogue(gateway.endpoint, "key", {})
        assert (caught.value.line, caught.value.column) == (1, 3)


# -- a gateway that runs already


def accept_catalogue(header: dict[str, Any], _events: Any) -> dict[str, Any]:
    if header["kind"] == "ping":
        return {"kind": "pong", "id": header["id"]}
    return {
        "kind": "catalogue_accepted",
        "id": header["id"],
        "catalogue": 4,
        "changed": True,
    }


def test_push_hands_the_catalogue_to_the_gateway_that_runs(tmp_path, settings):
    with FakeGateway(tmp_path, accept_catalogue) as gateway:
        settings.TELEGRAPHY = {"ENDPOINT": gateway.endpoint}
        shown = telegraphy("--push")
        assert shown == "The gateway has catalogue version 4 with 12 event types.\n"
        [(header, _)] = gateway.requests
        assert header == {"kind": "catalogue", "id": 1, "key": conf.ingest_key}
        assert json.loads(gateway.bodies[0]) == json.loads(telegraphy("--catalogue"))


def test_a_refused_catalogue_is_shown_with_member_and_reason(tmp_path, settings):
    def refuse(header: dict[str, Any], _events: Any) -> dict[str, Any]:
        return {
            "kind": "refused",
            "id": header["id"],
            "code": "invalid_catalogue",
            "message": "no such type",
            "member": "types[0].fields[1].type",
            "nearest": ["int", "uint"],
        }

    with FakeGateway(tmp_path, refuse) as gateway:
        settings.TELEGRAPHY = {"ENDPOINT": gateway.endpoint}
        with pytest.raises(CommandError) as refused:
            telegraphy("--push")
        assert str(refused.value) == (
            "invalid_catalogue: no such type (at project.shop.events.CustomerEvents: "
            "field 'name': type); did you mean int or uint?"
        )
        with pytest.raises(Refused):
            ping(gateway.endpoint, "key")


def test_a_gateway_that_is_not_there_is_said_to_be_so(tmp_path):
    with pytest.raises(Unreachable, match=r"no gateway answered at ipc:.* within 0.1 s"):
        push_catalogue(f"ipc://{tmp_path}/nobody", "key", {}, timeout=0.1)


def test_an_answer_out_of_place_is_an_error(tmp_path):
    def pong(header: dict[str, Any], _events: Any) -> dict[str, Any]:
        return {"kind": "pong", "id": header["id"]}

    with FakeGateway(tmp_path, pong) as gateway:
        ping(gateway.endpoint, "key")
        with pytest.raises(GatewayError, match="answered with a Pong"):
            push_catalogue(gateway.endpoint, "key", {})


# -- code that changes


def test_the_watcher_sees_files_that_change_come_and_go(tmp_path, monkeypatch):
    app = tmp_path / "app"
    app.mkdir()
    (app / "models.py").write_text("")
    configs = [type("Config", (), {"path": str(app)})]
    monkeypatch.setattr("django.apps.apps.get_app_configs", lambda: configs)
    watcher = CodeWatcher(lambda path: None)
    assert watcher.look() is None
    (app / "events.py").write_text("")
    assert watcher.look() == app / "events.py"
    later = time.time() + 10
    os.utime(app / "models.py", (later, later))
    assert watcher.look() == app / "models.py"
    (app / "events.py").unlink()
    assert watcher.look() == app / "events.py"
    assert watcher.look() is None


def test_changed_code_is_pushed_while_the_gateway_runs_on(stand_in, tmp_path):
    project = tmp_path / "site"
    (project / "app").mkdir(parents=True)
    (project / "app" / "__init__.py").write_text("")
    events = project / "app" / "events.py"
    events.write_text("import telegraphy\nclass One(telegraphy.Event):\n    n: int\n")
    with FakeGateway(tmp_path, accept_catalogue) as gateway:
        (project / "site_settings.py").write_text(
            "SECRET_KEY = 'x' * 20\nDEBUG = True\n"
            "INSTALLED_APPS = ['telegraphy.django', 'app']\n"
            f"TELEGRAPHY = {{'ENDPOINT': {gateway.endpoint!r}}}\n"
        )
        command = manage(
            WAIT="1", DJANGO_SETTINGS_MODULE="site_settings", PYTHONPATH=str(project)
        )
        try:
            until((tmp_path / "said.json").exists, seconds=20)
            before = said(tmp_path)["catalogue"]
            assert [one["name"] for one in before["types"]] == ["app.One"]
            events.write_text(events.read_text() + "class Two(One): pass\n")
            until(lambda: gateway.bodies, seconds=20)
            after = json.loads(gateway.bodies[0])
            assert [one["name"] for one in after["types"]] == ["app.One", "app.Two"]
            read_until(command, "events.py changed. The gateway has catalogue version 4")
            command.send_signal(signal.SIGTERM)
            out, error = command.communicate(timeout=20)
        finally:
            command.kill()
    assert out == "drained after SIGTERM\n", error
