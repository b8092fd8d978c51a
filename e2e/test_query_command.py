"""`telegraphy query` in a terminal: what is right, what is wrong and where, what matches."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.gateway import binary

ORDER = {
    "name": "test.Order",
    "operations": ["create", "update", "delete"],
    "key": ["id"],
    "access": {"rule": "owner == auth.user_id"},
    "fields": [
        {"name": "id", "type": "int"},
        {"name": "status", "type": "string"},
        {"name": "total", "type": "decimal", "nullable": True},
        {"name": "owner", "type": "int", "hidden": True},
    ],
}
NOTE = {
    "name": "test.Note",
    "operations": ["event"],
    "key": [],
    "fields": [{"name": "text", "type": "string"}],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a catalogue, one type, claims and an event."""
    for name, value in {
        "shop": {"app": "test", "types": [ORDER, NOTE]},
        "note": NOTE,
        "claims": {"user_id": 7},
        "paid": {
            "op": "update",
            "data": {"id": 1, "status": "paid", "total": "99.95", "owner": 7},
            "old": {"status": "new"},
            "changed": ["status"],
        },
        "said": {"data": {"text": "hello"}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    return tmp_path


def query(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binary()), "query", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )


OF_ORDERS = ("--schema", "shop.json", "--type", "test.Order")


def test_a_right_query_is_called_right(files: Path) -> None:
    answer = query(files, "check", "total > 100 && status == 'paid'", *OF_ORDERS)
    assert (answer.returncode, answer.stdout, answer.stderr) == (
        0,
        "telegraphy: the query is right\n",
        "",
    )


def test_a_wrong_query_is_shown_with_its_place(files: Path) -> None:
    answer = query(files, "check", 'status == "é" &&\n  totl > 100', *OF_ORDERS)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.splitlines() == [
        'telegraphy: query_field: there is no field or variable "totl" at line 2, column 3: '
        '"totl > 100"; did you mean total?',
        "    totl > 100",
        "    ^^^^",
    ]


def test_columns_are_characters_and_strings_are_underlined_whole(files: Path) -> None:
    answer = query(files, "check", 'status == "é漢" && total > "abc"', *OF_ORDERS)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[1:] == [
        '  status == "é漢" && total > "abc"',
        "                            ^^^^^",
    ]


def test_no_terminal_is_driven_by_a_query(files: Path) -> None:
    answer = query(files, "check", "\x1b[31mtotl", *OF_ORDERS)
    assert answer.returncode == 1
    assert "\x1b" not in answer.stderr


def test_a_hidden_field_is_no_field(files: Path) -> None:
    answer = query(files, "check", "owner == 7", *OF_ORDERS)
    assert answer.returncode == 1
    assert answer.stderr.startswith(
        'telegraphy: query_field: there is no field or variable "owner"'
    )


def test_explain_shows_the_normal_form_with_rule_and_claims(files: Path) -> None:
    where = "!(id == 1 || status == 'new')"
    answer = query(files, "explain", where, *OF_ORDERS, "--claims", "claims.json")
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines[0] == 'filter: id != 1 && status != "new" && owner == 7'
    assert lines[1] == "asked: of the row before and of the row after"
    assert any(line.startswith("cost: ") for line in lines)


def test_explain_names_what_no_index_can_find(files: Path) -> None:
    where = "status == 'paid' && !(id + 1 > 100)"
    answer = query(files, "explain", where, *OF_ORDERS, "--claims", "claims.json")
    assert "program !(id + 1 > 100)" in answer.stdout.splitlines()


def test_explain_knows_a_query_about_what_happened(files: Path) -> None:
    where = "old.status == 'new'"
    answer = query(files, "explain", where, *OF_ORDERS, "--claims", "claims.json")
    assert "asked: once, about the event" in answer.stdout.splitlines()


@pytest.mark.parametrize(
    ("where", "claims", "lines"),
    [
        ("status == 'paid'", True, ["before: false", "after: true", "told: add"]),
        ("total < 100", True, ["before: true", "after: true", "told: change"]),
        ("status == 'new'", True, ["before: true", "after: false", "told: remove"]),
        ("total > 100", True, ["before: false", "after: false", "told: nothing"]),
        ("total < 100", False, ["before: false", "after: false", "told: nothing"]),
        ("old.status == 'new'", True, ["before: -", "after: true", "told: change"]),
    ],
)
def test_eval_says_what_a_subscriber_is_told(
    files: Path, where: str, claims: bool, lines: list[str]
) -> None:
    given = ["--claims", "claims.json"] if claims else []
    answer = query(files, "eval", where, *OF_ORDERS, "--event", "paid.json", *given)
    rule = [] if claims else ["rule: owner == auth.user_id (no claims given: --claims FILE)"]
    assert (answer.returncode, answer.stdout.splitlines(), answer.stderr) == (0, rule + lines, "")


def test_a_type_by_itself_is_a_schema_too(files: Path) -> None:
    answer = query(
        files, "eval", "text.startsWith('he')", "--schema", "note.json", "--event", "said.json"
    )
    assert answer.stdout.splitlines() == ["before: -", "after: true", "told: event"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [("[1, 2, 3].exists(n, n > 2)", "true"), ("1 + 1", "2"), ("{'a': [1u]}", '{"a": [1u]}')],
)
def test_eval_without_a_schema_gives_a_value(files: Path, expression: str, value: str) -> None:
    answer = query(files, "eval", expression)
    assert (answer.returncode, answer.stdout) == (0, value + "\n")


@pytest.mark.parametrize("expression", ["1/0", "9223372036854775807 + 1", "[1][2]"])
def test_an_error_is_no_value(files: Path, expression: str) -> None:
    answer = query(files, "eval", expression)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("telegraphy: error: ")


def test_false_is_a_value(files: Path) -> None:
    assert query(files, "eval", "1 > 2").returncode == 0


def test_a_query_without_a_schema_is_told_what_it_lacks(files: Path) -> None:
    answer = query(files, "eval", 'status == "paid"')
    assert answer.returncode == 1
    assert "--schema FILE --event FILE" in answer.stderr


@pytest.mark.parametrize(
    ("where", "warning"),
    [
        ("total > 100 && total < 50", "this query matches no event"),
        ("id == 1 || true", "this query matches every event"),
        ("id == auth.user_id", "this query matches no event of a client without claims"),
    ],
)
def test_a_query_that_decides_nothing_is_warned_of(files: Path, where: str, warning: str) -> None:
    answer = query(files, "check", where, *OF_ORDERS)
    assert (answer.returncode, answer.stdout) == (0, "telegraphy: the query is right\n")
    assert answer.stderr.startswith(f"telegraphy: warning: {warning}")


def test_explain_says_that_no_claims_are_given(files: Path) -> None:
    answer = query(files, "explain", "id == 1", *OF_ORDERS)
    assert answer.stdout.splitlines()[:2] == [
        "rule: owner == auth.user_id (no claims given: --claims FILE)",
        "filter: false",
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"op": "create", "data": {"id": "x", "status": "a"}}, "data.id"),
        ({"op": "create", "data": {"id": 1, "statu": "a"}}, "statu"),
        ({"op": "add", "data": {"id": 1}}, "create"),
        ({"data": {"id": 1}}, "create"),
    ],
)
def test_a_wrong_event_is_refused_as_publish_refuses_it(
    files: Path, event: dict[str, object], said: str
) -> None:
    (files / "wrong.json").write_text(json.dumps(event))
    answer = query(files, "eval", "id == 1", *OF_ORDERS, "--event", "wrong.json")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("telegraphy: wrong.json: ")
    assert said in answer.stderr


def test_of_a_long_query_the_part_that_is_wrong_is_shown(files: Path) -> None:
    many = ", ".join(["1"] * 600)
    answer = query(files, "check", f"id in [{many}] && totl > 1 && id in [{many}]", *OF_ORDERS)
    lines = answer.stderr.splitlines()
    assert all(len(line) < 80 for line in lines[1:])
    assert lines[1][lines[2].index("^") :].startswith("totl")


def test_the_operations_of_events_are_not_those_of_handlers(files: Path) -> None:
    answer = query(files, "check", 'event.op == "add"', *OF_ORDERS)
    assert answer.returncode == 1
    assert 'event.op is never "add"; it is "create", "update" or "delete"' in answer.stderr
    assert "did you mean create?" in answer.stderr


def test_a_rule_is_checked_and_pointed_at(files: Path) -> None:
    answer = query(files, "check", "id == 1", *OF_ORDERS, "--rule", "ownr == 7")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[1:] == ["  ownr == 7", "  ^^^^"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "id", "--schema", "none.json"], "none.json: No such file or directory"),
        (
            ["check", "id", "--schema", "shop.json"],
            "the document has 2 types: say which of test.Order, test.Note",
        ),
        (
            ["check", "id", "--schema", "shop.json", "--type", "test.Ordr"],
            'there is no event type "test.Ordr"; did you mean test.Order?',
        ),
        (
            ["eval", "id == 1", *OF_ORDERS, "--event", "said.json"],
            "said.json: invalid_event: ",
        ),
        (["check", "id == 1", *OF_ORDERS, "--claims", "/dev/null/x"], "Not a directory"),
    ],
)
def test_what_cannot_be_read_is_named(files: Path, arguments: list[str], said: str) -> None:
    answer = query(files, *arguments)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], 'wants "check", explain or eval, and a query'),
        (["chek", "id"], 'wants check, explain or eval; got "chek"'),
        (["check"], 'wants a query, such as "total > 100"'),
        (["check", "", *OF_ORDERS], 'wants a query, such as "total > 100"'),
        (["explain", "", *OF_ORDERS], 'wants a query, such as "total > 100"'),
        (["eval", ""], 'wants a query, such as "total > 100"'),
        (["check", "id == 1"], 'wants "--schema", a file with a catalogue document or one type'),
        (["eval", "id", "--schema", "x"], 'wants "--event", a file with an event'),
        (["check", "id", "--schema", "x", "--event", "y"], 'looks at no event; got --event "y"'),
        (["check", "id", "--shema", "x"], 'there is no option "--shema"; did you mean --schema?'),
    ],
)
def test_a_wrong_command_line_is_told(files: Path, arguments: list[str], said: str) -> None:
    answer = query(files, *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("telegraphy: query: ")
    assert said in answer.stderr
