"""The files of protocol/vectors, as cases for pytest."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .gateway import ROOT

VECTORS = ROOT / "protocol/vectors"


def cases(folder: str, **wanted: Any) -> list[Any]:
    """Every case of every file below `folder`; with `wanted`, those that have these members."""
    found = []
    for path in sorted((VECTORS / folder).glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            if all(case.get(name) == value for name, value in wanted.items()):
                found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    assert found, f"no vectors in {folder}"
    return found


def catalogue(name: str) -> str:
    return (VECTORS / "catalogues" / f"{name}.json").read_text("utf-8")


def text_of(parts: Any, **values: str) -> bytes:
    """Text, or a list of texts and repetitions; `{name}` stands for a value, `{n}` for the turn.

    Each character is one byte where all fit into one: requests may hold any byte."""

    def pieces() -> Iterator[str]:
        for part in [parts] if isinstance(parts, str) else parts:
            if isinstance(part, str):
                yield part
            else:
                yield from (
                    part["text"].replace("{n}", str(n)) for n in range(1, part["repeat"] + 1)
                )

    text = "".join(pieces())
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def bytes_of(parts: list[Any]) -> bytes:
    """Hexadecimal digits, or a list of those and repetitions."""
    whole = b""
    for part in parts:
        if isinstance(part, str):
            whole += bytes.fromhex(part)
        else:
            whole += bytes.fromhex(part["hex"]) * part["repeat"]
    return whole


def message_of(sent: Any, n: int = 1, **values: str) -> str:
    """A message as it goes over the line; a string is the text as it is."""
    text = sent if isinstance(sent, str) else json.dumps(sent, ensure_ascii=False)
    for name, value in {"n": str(n), **values}.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def one_of(wanted: Any) -> list[Any]:
    """Where the protocol leaves a choice, a vector has a list."""
    return wanted if isinstance(wanted, list) else [wanted]
