#!/usr/bin/env python3
"""Write the constants of the three languages from protocol/codes.json.

    tools/codegen.py            write what is out of date, and say so
    tools/codegen.py --check    write nothing; name what is out of date (exit 1)

The generated files are committed, so that nobody needs this script to build. The same
codes.json always gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "protocol/codes.json"
NOTICE = f"Generated from {SOURCE} by tools/codegen.py; edit that file, not this one."


class CodesError(ValueError):
    """codes.json is not what the generator needs; the text says where and why."""


def load(path: Path) -> dict:
    """Read codes.json and check what the three languages rely on."""
    try:
        codes = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CodesError(f"{SOURCE}: {error}") from error
    seen: set[str] = set()
    for index, entry in enumerate(codes["errors"]):
        where = f"{SOURCE}: errors[{index}]"
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", entry["code"]):
            raise CodesError(f"{where}.code: {entry['code']!r} is not lower_case_words")
        if not 400 <= entry["http"] <= 599:
            raise CodesError(f"{where}.http: {entry['http']} is not an error status")
        if entry["code"] in seen:
            raise CodesError(f"{where}.code: {entry['code']!r} appears twice")
        seen.add(entry["code"])
    numbers: set[int] = set()
    names: set[str] = set()
    for index, entry in enumerate(codes["closes"]):
        where = f"{SOURCE}: closes[{index}]"
        if not (1000 <= entry["close"] <= 1015 or 4000 <= entry["close"] <= 4999):
            raise CodesError(f"{where}.close: {entry['close']} is not ours to use")
        if entry["group"] not in ("retry", "stop"):
            raise CodesError(f"{where}.group: must be 'retry' or 'stop'")
        if entry["close"] in numbers or entry["name"] in names:
            raise CodesError(f"{where}: {entry['close']} {entry['name']!r} appears twice")
        numbers.add(entry["close"])
        names.add(entry["name"])
    return codes


def c_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def wrap(text: str, width: int) -> list[str]:
    """Break at spaces; no line longer than `width` unless one word is."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def c_comment(text: str, indent: str) -> list[str]:
    lines = wrap(text, 80 - len(indent))
    if len(lines) == 1:
        return [f"{indent}/* {lines[0]} */"]
    first, *rest = lines
    out = [f"{indent}/* {first}", *(f"{indent} * {line}" for line in rest)]
    out[-1] += " */"
    return out


def emit_c(codes: dict) -> str:
    """One header, usable by every layer: enums and the tables as inline functions."""
    errors, closes = codes["errors"], codes["closes"]
    out = [
        f"/* {NOTICE}",
        " *",
        " * The codes of `error` messages and of WebSocket closes: see protocol/PROTOCOL.md 8. */",
        "#ifndef TG_BASE_CODES_H",
        "#define TG_BASE_CODES_H",
        "",
        "#include <stdbool.h>",
        "",
        "/* clang-format off */",
        "",
        "enum tg_code {",
    ]
    for entry in errors:
        out += c_comment(entry["meaning"], "    ")
        out.append(f"    TG_CODE_{entry['code'].upper()},")
    out += [
        "};",
        "",
        f"enum {{ TG_CODE_COUNT = {len(errors)} }};",
        "",
        "enum tg_close {",
    ]
    for entry in closes:
        out += c_comment(entry["meaning"], "    ")
        out.append(f"    TG_CLOSE_{entry['name'].upper()} = {entry['close']},")
    out += [
        "};",
        "",
        '/* The code as it is written on the wire: "unknown_type". */',
        "static inline const char *tg_code_text(enum tg_code code)",
        "{",
        "    switch (code) {",
    ]
    for entry in errors:
        out.append(f"    case TG_CODE_{entry['code'].upper()}: return {c_string(entry['code'])};")
    out += [
        "    }",
        '    return "internal";',
        "}",
        "",
        "/* The HTTP status of an answer with this code. */",
        "static inline int tg_code_http(enum tg_code code)",
        "{",
        "    switch (code) {",
    ]
    for entry in errors:
        out.append(f"    case TG_CODE_{entry['code'].upper()}: return {entry['http']};")
    out += [
        "    }",
        "    return 500;",
        "}",
        "",
        '/* The name of a close code, for logs; "unknown" if codes.json does not have it. */',
        "static inline const char *tg_close_text(int close)",
        "{",
        "    switch (close) {",
    ]
    for entry in closes:
        out.append(f"    case TG_CLOSE_{entry['name'].upper()}: return {c_string(entry['name'])};")
    out += [
        "    }",
        '    return "unknown";',
        "}",
        "",
        "/* Does a client that meets this close code connect again by itself? Codes that",
        " * codes.json does not have are of the group `retry`. */",
        "static inline bool tg_close_retries(int close)",
        "{",
        "    switch (close) {",
    ]
    for entry in closes:
        if entry["group"] == "stop":
            out.append(f"    case TG_CLOSE_{entry['name'].upper()}:")
    out += [
        "        return false;",
        "    }",
        "    return true;",
        "}",
        "",
        "/* clang-format on */",
        "",
        "#endif",
        "",
    ]
    return "\n".join(out)


def emit_python(codes: dict) -> str:
    errors, closes = codes["errors"], codes["closes"]
    out = [
        f"# {NOTICE}",
        '"""Codes of `error` messages and of WebSocket closes: see protocol/PROTOCOL.md 8."""',
        "",
        "from __future__ import annotations",
        "",
        "from enum import Enum, IntEnum",
        "",
        '__all__ = ["CLOSE_GROUP", "HTTP_STATUS", "Close", "ErrorCode"]',
        "",
        "",
        "class ErrorCode(str, Enum):",
        '    """What an `error` or `refused` answer says in `code`."""',
        "",
    ]
    for entry in errors:
        out += [f"    # {line}" for line in wrap(entry["meaning"], 80)]
        out.append(f"    {entry['code'].upper()} = {c_string(entry['code'])}")
    out += [
        "",
        "    def __str__(self) -> str:",
        "        return self.value",
        "",
        "",
        "class Close(IntEnum):",
        '    """Why a WebSocket was closed."""',
        "",
    ]
    for entry in closes:
        out += [f"    # {line}" for line in wrap(entry["meaning"], 80)]
        out.append(f"    {entry['name'].upper()} = {entry['close']}")
    out += ["", "", "HTTP_STATUS: dict[ErrorCode, int] = {"]
    out += [f"    ErrorCode.{e['code'].upper()}: {e['http']}," for e in errors]
    out += [
        "}",
        '"""The HTTP status of an answer with this code."""',
        "",
        "CLOSE_GROUP: dict[Close, str] = {",
    ]
    out += [f"    Close.{e['name'].upper()}: {c_string(e['group'])}," for e in closes]
    out += [
        "}",
        '"""`"retry"`: a client connects again by itself; `"stop"`: it does not."""',
        "",
    ]
    return "\n".join(out)


def emit_typescript(codes: dict) -> str:
    errors, closes = codes["errors"], codes["closes"]
    out = [
        f"// {NOTICE}",
        "",
        "/** What an `error` says in `code`: see protocol/PROTOCOL.md 8. */",
        "export const ErrorCode = {",
    ]
    for entry in errors:
        out.append(f"  /** {entry['meaning']} */")
        out.append(f"  {entry['code']}: '{entry['code']}',")
    out += [
        "} as const;",
        "export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];",
        "",
        "/** Why a WebSocket was closed. */",
        "export const Close = {",
    ]
    for entry in closes:
        out.append(f"  /** {entry['meaning']} */")
        out.append(f"  {entry['name']}: {entry['close']},")
    out += [
        "} as const;",
        "export type Close = (typeof Close)[keyof typeof Close];",
        "",
        "/** `retry`: the client connects again by itself; `stop`: it does not. */",
        "export const closeGroup: Readonly<Record<number, 'retry' | 'stop'>> = {",
    ]
    out += [f"  {e['close']}: '{e['group']}'," for e in closes]
    out += ["};", ""]
    return "\n".join(out)


OUTPUTS = {
    "gateway/engine/base/codes.h": emit_c,
    "python/src/telegraphy/_codes.py": emit_python,
    "js/src/codes.ts": emit_typescript,
}


def outdated(root: Path = ROOT) -> dict[str, str]:
    """The generated files that differ from what codes.json says, with their right text."""
    codes = load(root / SOURCE)
    wrong = {}
    for path, emit in OUTPUTS.items():
        text = emit(codes)
        file = root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            wrong[path] = text
    return wrong


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name what is wrong")
    options = parser.parse_args(argv)
    try:
        wrong = outdated()
    except CodesError as error:
        print(error, file=sys.stderr)
        return 2
    for path, text in wrong.items():
        if options.check:
            print(f"{path} is out of date: run tools/codegen.py", file=sys.stderr)
        else:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
