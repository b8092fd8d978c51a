"""The generated constants say what codes.json says, in each language."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import codegen
import pytest

CODES = codegen.load(codegen.ROOT / codegen.SOURCE)


def test_the_committed_files_are_up_to_date() -> None:
    assert codegen.outdated() == {}


def test_a_change_of_codes_json_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "protocol").mkdir()
    (tmp_path / codegen.SOURCE).write_text(json.dumps(CODES))
    assert set(codegen.outdated(tmp_path)) == set(codegen.OUTPUTS)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"code": "Bad Code", "http": 400, "meaning": ""}, "lower_case_words"),
        ({"code": "fine", "http": 200, "meaning": ""}, "not an error status"),
        ({"code": "internal", "http": 500, "meaning": ""}, "appears twice"),
    ],
)
def test_an_error_that_cannot_be_is_refused(tmp_path: Path, entry: dict, words: str) -> None:
    path = tmp_path / "codes.json"
    path.write_text(json.dumps({**CODES, "errors": [*CODES["errors"], entry]}))
    with pytest.raises(codegen.CodesError, match=words):
        codegen.load(path)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"close": 2000, "name": "x", "group": "stop", "meaning": ""}, "not ours to use"),
        ({"close": 4499, "name": "x", "group": "perhaps", "meaning": ""}, "'retry' or 'stop'"),
        ({"close": 1000, "name": "x", "group": "stop", "meaning": ""}, "appears twice"),
    ],
)
def test_a_close_that_cannot_be_is_refused(tmp_path: Path, entry: dict, words: str) -> None:
    path = tmp_path / "codes.json"
    path.write_text(json.dumps({**CODES, "closes": [*CODES["closes"], entry]}))
    with pytest.raises(codegen.CodesError, match=words):
        codegen.load(path)


def test_python_says_what_codes_json_says() -> None:
    names: dict = {"__name__": "generated"}
    exec(codegen.emit_python(CODES), names)
    for entry in CODES["errors"]:
        code = names["ErrorCode"](entry["code"])
        assert (str(code), names["HTTP_STATUS"][code]) == (entry["code"], entry["http"])
    for entry in CODES["closes"]:
        close = names["Close"](entry["close"])
        assert (close.name.lower(), names["CLOSE_GROUP"][close]) == (entry["name"], entry["group"])


def test_c_says_what_codes_json_says(tmp_path: Path) -> None:
    calls = "".join(
        f'    printf("%s %d\\n", tg_code_text({i}), tg_code_http({i}));\n'
        for i in range(len(CODES["errors"]))
    ) + "".join(
        f'    printf("%s %d\\n", tg_close_text({e["close"]}), tg_close_retries({e["close"]}));\n'
        for e in CODES["closes"]
    )
    (tmp_path / "codes.h").write_text(codegen.emit_c(CODES))
    (tmp_path / "a.c").write_text(
        f'#include "codes.h"\n#include <stdio.h>\nint main(void)\n{{\n{calls}    return 0;\n}}\n'
    )
    program = tmp_path / "a"
    warnings = ["-std=gnu17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run(["cc", *warnings, "-o", str(program), str(tmp_path / "a.c")], check=True)
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    wanted = [f"{e['code']} {e['http']}" for e in CODES["errors"]]
    wanted += [f"{e['name']} {int(e['group'] == 'retry')}" for e in CODES["closes"]]
    assert lines.splitlines() == wanted


def test_typescript_has_every_code_and_close() -> None:
    text = codegen.emit_typescript(CODES)
    for entry in CODES["errors"]:
        assert f"  {entry['code']}: '{entry['code']}',\n" in text
    for entry in CODES["closes"]:
        assert f"  {entry['name']}: {entry['close']},\n" in text
        assert f"  {entry['close']}: '{entry['group']}',\n" in text
