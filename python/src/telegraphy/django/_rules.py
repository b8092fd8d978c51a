"""Access rules, judged by the gateway's program: Python knows the classes and the models,
the program the language."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from .._types import EventType
from ._binary import BinaryNotFound, find_binary, flags, flat
from .conf import conf

SECONDS: Final = 10.0
CONFIGURABLE: Final = re.compile(
    r"is not allowed by this gateway|\b(?:at most|may cost) \d|should have 1 to"
)
"""What the gateway's own configuration file may allow, which is not known here."""


class NotJudged(Exception):
    """The message says why."""


@dataclass(frozen=True, slots=True)
class Mistake:
    event_type: EventType
    message: str
    """With line and column, and what may have been meant."""

    @property
    def is_configurable(self) -> bool:
        return CONFIGURABLE.search(self.message) is not None


def mistakes_of_rules(types: Sequence[EventType]) -> list[Mistake]:
    """What the gateway's program says of their rules; `NotJudged` if it is not there."""
    try:
        binary = find_binary()
    except BinaryNotFound as error:
        raise NotJudged(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="telegraphy-") as directory:
        # One document each, as the program stops at the first mistake of a document.
        names = [f"{index}.json" for index in range(len(types))]
        for name, one in zip(names, types, strict=True):
            # Its own rule alone: what `audience` adds is right, and would shift columns.
            own = replace(one, audience=False)
            document = {"app": f"type-{name[:-5]}", "types": [own.describe()]}
            text = json.dumps(document, ensure_ascii=False)
            Path(directory, name).write_text(text, encoding="utf-8")
        settings = {
            name: value
            for name, value in flat(conf.gateway)
            if name.startswith("queries.")
        }
        command = [binary, "check", *flags({**settings, "catalogues": names})]
        try:
            done = subprocess.run(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotJudged(str(error)) from None
    found = list(_mistakes(done.stdout, types))
    if done.returncode and not found:
        raise NotJudged(done.stdout.strip() or f"{binary} ended with {done.returncode}")
    return found


def _mistakes(output: str, types: Sequence[EventType]) -> Iterator[Mistake]:
    line = re.compile(r"(?m)^(\d{1,6})\.json: types\[0\]\.access(?:\.rule)?: (.*)$")
    for number, message in line.findall(output):
        if int(number) < len(types):
            yield Mistake(types[int(number)], message)


def hint_for(mistake: Mistake, model: type[models.Model] | None) -> str | None:
    """What the model tells of a name that the event type does not have."""
    named = re.match(r'there is no field or variable "(\w+)"', mistake.message)
    step = re.match(r'(\w+) \(.*?\) has no members, so no "(\w+)"', mistake.message)
    if model is None:
        return None
    if step:
        return _other_table(model, step[1], step[2])
    if not named:
        return None
    first, _, rest = named[1].partition("__")
    if not rest:
        member = re.search(rf"\b{first}\.(\w+)", mistake.event_type.access)
        rest = member[1] if member else ""
    known = {field.name for field in mistake.event_type.fields}
    return _other_table(model, first, rest) or _own_column(model, first, known)


def _other_table(model: type[models.Model], name: str, member: str) -> str | None:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    if not field.is_relation or (field.concrete and not member):
        return None
    method = f"{name}_{member}".strip("_").replace("__", "_")
    return (
        f"A rule sees one row of {model._meta.label}, and what methods make of it: write "
        f'rule_fields = ["{method}"] and def {method}(self, instance) -> str '
        f"(or what it is), and ask for {method}."
    )


def _own_column(
    model: type[models.Model], name: str, known: Collection[str]
) -> str | None:
    for column in model._meta.concrete_fields:
        names = {column.name, column.attname}
        if name in names:
            here = names.intersection(known)
            return (
                f"Here it is called {here.pop()}: write that."
                if here
                else f'{model._meta.label} has "{name}": add it to rule_fields.'
            )
    return None
