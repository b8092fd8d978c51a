"""`manage.py telegraphy`: runs the gateway with every event type of the project."""

from __future__ import annotations

import argparse
import errno
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import autoreload

from ...._control import push_catalogue
from ...._errors import DefinitionError, GatewayError
from ...._publisher import hints
from ...._registry import registry
from ...._types import EventType
from ..._binary import BinaryNotFound, find_binary, flag_of, flags, flat
from ..._gateway_files import CATALOGUE_FILE, GatewayFiles, gateway_files
from ..._watching import CodeWatcher
from ...conf import CLIENT_PATH, conf

KEYS_VARIABLE: Final = "TELEGRAPHY_INGEST_KEYS"
PUSH_SECONDS: Final = 5.0
UP_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.05
LOOPBACK: Final = "127.0.0.1"
PORT_TAKEN: Final = (
    "Another gateway (or another program) has this port: set TELEGRAPHY['CLIENT_PORT'] "
    "and TELEGRAPHY['INGEST_PORT'], or use --push if it is this project's own."
)


class Command(BaseCommand):
    help = "Runs the gateway with every event type of this project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "action",
            nargs="?",
            choices=["types"],
            help="print what the front end knows of the event types, and run nothing",
        )
        parser.add_argument(
            "--typescript",
            action="store_true",
            help="with `types`: as TypeScript, for the JavaScript client (else as JSON)",
        )
        parser.add_argument(
            "--out", metavar="FILE", help="with `types`: write them to this file"
        )
        parser.add_argument(
            "--addr",
            help="address that clients connect to; 0.0.0.0 for every network",
        )
        parser.add_argument(
            "--port",
            type=int,
            help="port that clients connect to (default: TELEGRAPHY['CLIENT_PORT'])",
        )
        parser.add_argument(
            "--config", help="the gateway's own configuration file (YAML)"
        )
        parser.add_argument(
            "--reload",
            action=argparse.BooleanOptionalAction,
            default=None,
            help="hand the event types over again when code changes (default: if DEBUG)",
        )
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument(
            "--check",
            action="store_true",
            help="only check the event types and the gateway's configuration",
        )
        instead.add_argument(
            "--push",
            action="store_true",
            help="only hand the event types to the gateway that runs already",
        )
        instead.add_argument(
            "--catalogue",
            action="store_true",
            help="only print the catalogue document, as JSON",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check_combination(options)
        try:
            document = registry.catalogue(conf.app)
            if options["action"] == "types":
                self._types(document, options)
            elif options["catalogue"]:
                self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
            elif options["push"]:
                self._push(document)
            else:
                self._run(document, options)
        except GatewayError as error:
            words = in_python_words(hints.with_key(error), registry.types())
            raise CommandError(words) from None
        except (DefinitionError, BinaryNotFound) as error:
            raise CommandError(str(error)) from None

    # -- what the front end knows

    def _types(self, document: dict[str, Any], options: dict[str, Any]) -> None:
        text = self._types_text(document, options)
        if options["out"] is None:
            self.stdout.write(text, ending="")
            return
        path = Path(options["out"])
        try:
            # What looks at the file's time, such as a bundler, has nothing to do then.
            is_same = path.is_file() and path.read_text("utf-8") == text
            if not is_same:
                path.write_text(text, "utf-8")
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{path} cannot be written: {error}") from None
        news = ", as before" if is_same else ""
        self.stdout.write(f"{path} has {count_of_types(document)}{news}.")

    def _types_text(self, document: dict[str, Any], options: dict[str, Any]) -> str:
        """Written by the gateway's program, the one that knows what it tells clients."""
        binary = find_binary()
        form = ["--typescript"] if options["typescript"] else []
        with gateway_files(document) as files:
            done = subprocess.run(
                [binary, "types", *form, str(files.catalogue)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        if done.returncode:
            words = in_python_words(done.stderr.strip(), registry.types())
            raise CommandError(f"{binary} cannot write the types: {words}")
        return done.stdout

    # -- asking a gateway that runs

    def _push(self, document: dict[str, Any]) -> None:
        answer = push_catalogue(
            conf.endpoint,
            conf.ingest_key,
            document,
            timeout=PUSH_SECONDS,
            **conf.curve_options,
        )
        news = "" if answer.changed else ", as before"
        self.stdout.write(
            f"The gateway has catalogue version {answer.catalogue} with "
            f"{count_of_types(document)}{news}."
        )

    # -- running one

    def _run(self, document: dict[str, Any], options: dict[str, Any]) -> None:
        binary = find_binary()
        with gateway_files(document) as files:
            if options["check"]:
                code = self._check(binary, files, document, options)
            else:
                code = self._serve(binary, files, document, options)
        if code:
            sys.exit(code)

    def _check(
        self,
        binary: str,
        files: GatewayFiles,
        document: dict[str, Any],
        options: dict[str, Any],
    ) -> int:
        self._show_types(document)
        code, words = self._judge(binary, files, options)
        if words:
            self.stderr.write(words)
        return code

    def _serve(
        self,
        binary: str,
        files: GatewayFiles,
        document: dict[str, Any],
        options: dict[str, Any],
    ) -> int:
        self._show_types(document)
        if conf.gateway or any(is_rule(one["access"]) for one in document["types"]):
            code, words = self._judge(binary, files, options)
            if code:
                self.stderr.write(words)
                return code
        ports = {self._ingest_address(), self._client_address(options)}
        taken = any(is_taken(host, port) for host, port in ports)
        watching = settings.DEBUG if options["reload"] is None else options["reload"]
        watcher = CodeWatcher(lambda path: self._code_changed(path, options))
        forwarder = SignalForwarder()
        # In its own session, so that Ctrl-C reaches it once: through us.
        gateway = subprocess.Popen(
            [binary, "serve", *self._flags(files, options)],
            env=self._environment(),
            start_new_session=True,
        )
        try:
            forwarder.forward_to(gateway)
            if watching:
                watcher.start()
            if not taken and comes_up(gateway, *self._ingest_address()):
                self._show_addresses(options)
            code = gateway.wait()
            if code and taken:
                self.stderr.write(self.style.ERROR(PORT_TAKEN))
        finally:
            watcher.stop()
            if gateway.poll() is None:
                gateway.terminate()
                gateway.wait()
            forwarder.close()
        return 128 - code if code < 0 else code

    def _flags(self, files: GatewayFiles, options: dict[str, Any]) -> list[str]:
        given: dict[str, Any] = {
            "catalogues": files.catalogue,
            "clients.port": options["port"] or conf.client_port,
            "ingest.port": conf.ingest_port,
            "ingest.zmq": conf.endpoint,
        }
        if options["addr"]:
            given["clients.host"] = options["addr"]
        if options["config"] or files.config:
            given["config"] = options["config"] or files.config
        return flags({**dict(flat(conf.gateway)), **given})

    def _judge(
        self, binary: str, files: GatewayFiles, options: dict[str, Any]
    ) -> tuple[int, str]:
        """The exit status of the gateway's program asked to check its settings, and its
        words, which name them as they are here."""
        done = subprocess.run(
            [binary, "check", *self._flags(files, options)],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        words = in_our_words(done.stdout, dict(flat(conf.gateway)))
        return done.returncode, in_python_words(words, registry.types())

    def _ingest_address(self) -> tuple[str, int]:
        host = dict(flat(conf.gateway)).get("ingest.host")
        return str(host or LOOPBACK), conf.ingest_port

    def _client_address(self, options: dict[str, Any]) -> tuple[str, int]:
        host = options["addr"] or dict(flat(conf.gateway)).get("clients.host")
        return str(host or LOOPBACK), options["port"] or conf.client_port

    def _environment(self) -> dict[str, str]:
        # Not a flag: every user of a machine can read its command lines.
        return {**os.environ, KEYS_VARIABLE: f"{conf.app}={conf.ingest_key}"}

    def _show_types(self, document: dict[str, Any]) -> None:
        hint = (
            ""
            if document["types"]
            else " (is there an events.py in an app of INSTALLED_APPS?)"
        )
        self.stdout.write(f"Application {conf.app!r}: {count_of_types(document)}{hint}.")
        width = max((len(one["name"]) for one in document["types"]), default=0)
        for one in document["types"]:
            access = one["access"]
            shown = f"rule: {access['rule']}" if is_rule(access) else access
            if one.get("checked"):
                shown += ", checked for each user"
            operations = ", ".join(one["operations"])
            self.stdout.write(f"  {one['name']:{width}}  {operations:22}  {shown}")
        self.stdout.flush()

    def _show_addresses(self, options: dict[str, Any]) -> None:
        address, port = self._client_address(options)
        shown = f"[{address}]" if ":" in address else address
        scheme = "wss" if dict(flat(conf.gateway)).get("clients.certificate") else "ws"
        self.stdout.write(f"Clients connect to {scheme}://{shown}:{port}{CLIENT_PATH}")
        self.stdout.write(f"Events come in at {conf.endpoint}")
        if not conf.client_url and port != conf.client_port:
            self.stderr.write(
                self.style.WARNING(
                    f"Pages will look for it at port {conf.client_port}: "
                    f"set TELEGRAPHY['CLIENT_PORT'] = {port}."
                )
            )
        self.stdout.flush()

    # -- while it runs

    def _code_changed(self, path: Path, options: dict[str, Any]) -> None:
        """Read the code anew in another process, which hands the catalogue over.  Nothing
        restarts, and no client notices more than what changed."""
        done = subprocess.run(
            [*this_program(), "telegraphy", "--push", *repeated(options)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            self.stdout.write(f"{path.name} changed. {done.stdout.strip()}")
        else:
            reason = reason_of(done.stderr) or f"exit status {done.returncode}"
            self.stderr.write(
                f"{path.name} changed, and the event types stay as they were:\n{reason}"
            )
        self.stdout.flush()


def is_rule(access: str | dict[str, str]) -> bool:
    return not isinstance(access, str)


def check_combination(options: dict[str, Any]) -> None:
    """What argparse cannot say: options that mean nothing together."""
    if options["action"] == "types":
        for name in ("check", "push", "catalogue", "addr", "port", "config", "reload"):
            if options[name]:
                raise CommandError(f"--{name} is nothing for `types`, which runs nothing")
    else:
        for name in ("typescript", "out"):
            if options[name]:
                raise CommandError(
                    f"--{name} is for `types`: manage.py telegraphy types --{name}"
                )


def in_python_words(text: str, types: Sequence[EventType]) -> str:
    """`types[2].access.rule` as its author knows it: `shop.events.Orders: access`."""

    def named(found: re.Match[str]) -> str:
        if int(found[1]) >= len(types):
            return found[0]
        event_type = types[int(found[1])]
        member = found[2].removesuffix(".rule")
        field = re.fullmatch(r"\.fields\[(\d+)\](.*)", member)
        if field and int(field[1]) < len(event_type.fields):
            member = f".field {event_type.fields[int(field[1])].name!r}{field[2]}"
        where = event_type.declared_by or event_type.name
        return ": ".join([where, *member.split(".")[1:]])

    path = rf"(?:\S*{re.escape(CATALOGUE_FILE)}: )?"
    return re.sub(path + r"\btypes\[(\d{1,6})\]((?:\.\w+(?:\[\d+\])?)*)", named, text)


def count_of_types(document: dict[str, Any]) -> str:
    count = len(document["types"])
    return "1 event type" if count == 1 else f"{count} event types"


def is_taken(host: str, port: int) -> bool:
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE  # the gateway tells of all else
    return False


def comes_up(gateway: subprocess.Popen[bytes], host: str, port: int) -> bool:
    """Wait until the gateway answers; False if it ended before.  One that does not answer
    where we look, as its configuration file says otherwise, is taken to be up."""
    end = time.monotonic() + UP_SECONDS
    address = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104
    while gateway.poll() is None:
        if is_healthy(address, port) or time.monotonic() >= end:
            return True
        time.sleep(POLL_SECONDS)
    return False


def is_healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def in_our_words(text: str, given: Mapping[str, Any]) -> str:
    """The gateway's words, with TELEGRAPHY["GATEWAY"] in the place of its flags."""
    for name in given:
        flag = re.escape(flag_of(name))
        ours = f"TELEGRAPHY['GATEWAY'], {name!r}"
        text = re.sub(rf'there is no flag "{flag}"', f"{ours}: no such setting", text)
        text = re.sub(rf"(?m)(?<=^telegraphy: ){flag}(?=:)", ours, text)
    # No part of a setting's name before the dot has a dash.
    return re.sub(
        r"did you mean --([a-z]+)-([a-z-]+)\?",
        lambda found: f"did you mean {found[1]}.{found[2].replace('-', '_')}?",
        text,
    )


def reason_of(text: str) -> str:
    """What matters of the error output of a command: the errors that system checks found;
    else the end of a traceback, from its last file and line on; else the last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"\S.*?: \([\w.]+\.E\d+\) ", line)]
    if errors:
        return "\n".join(dict.fromkeys(errors))
    files = [index for index, line in enumerate(lines) if line.startswith('  File "')]
    return textwrap.dedent("\n".join(lines[files[-1] :] if files else lines[-1:])).strip()


class SignalForwarder:
    """SIGTERM and SIGINT are the gateway's: it ends in good order, and we with it.  Made
    before the gateway is, so that none kills us and leaves a gateway alone."""

    def __init__(self) -> None:
        self._gateway: subprocess.Popen[bytes] | None = None
        self._pending: list[int] = []
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                self._before[number] = signal.signal(number, self._forward)

    def forward_to(self, gateway: subprocess.Popen[bytes]) -> None:
        self._gateway = gateway
        for number in self._pending:
            gateway.send_signal(number)

    def close(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        if self._gateway is None:
            self._pending.append(number)
        else:
            self._gateway.send_signal(number)


def this_program() -> list[str]:
    """How this process was started, up to the name of the command."""
    arguments = [str(part) for part in autoreload.get_child_arguments()]
    return arguments[: len(arguments) - len(sys.argv[1:])]


def repeated(options: dict[str, Any]) -> list[str]:
    """Django's own options that the other process needs too."""
    found = []
    for name in ("settings", "pythonpath"):
        if options.get(name):
            found.append(f"--{name}={options[name]}")
    return found
