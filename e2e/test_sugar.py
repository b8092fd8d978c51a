"""What Python writes as `Q`, and JavaScript as objects, the real gateway takes for a query."""

import json
import os
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from telegraphy import Q

from harness.client import Client
from harness.gateway import ROOT, Gateway, binary, event_type, field
from harness.queries import MARK

CASES = [
    case
    for case in json.loads((ROOT / "protocol/vectors/query/sugar.json").read_text())["cases"]
    if case["cel"] is not None
]

# Whatever it is called and holds: JSON may be compared with anything.
NAMES = sorted(
    {
        *"abcdex",
        *("at", "day", "debt", "lasts", "late", "meta", "name", "note", "paid", "region", "sent"),
        *("level", "owner_id", "status", "tags", "tax", "team_id", "total", "uid"),
        *("in", "for", "type", "timestamp", "old", "event", "auth", "data", "changed"),
    }
)
ANYTHING = event_type(
    "test.Anything",
    operations=["create", "update", "delete"],
    key=["id"],
    fields=[field("id", "int"), *(field(name, "json", nullable=True) for name in NAMES)],
)


@pytest.fixture
def anything(shared_gateway: Gateway) -> Gateway:
    assert shared_gateway.put_catalogue(ANYTHING, MARK).status == 200
    return shared_gateway


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_text_is_a_query(case: dict[str, Any], anything: Gateway) -> None:
    with Client(anything.client_port) as client:
        answer = client.request("subscribe", type="test.Anything", where=case["cel"])
        assert answer["kind"] == "subscribed", answer


@pytest.mark.parametrize(
    "text", ['" || true || "', "\\", "\n\r\t\b\f\0", "'☕' 😀 \u007f\u2028", "/* */ // {} %s"]
)
def test_a_text_of_odd_characters_matches_itself_alone(text: str, anything: Gateway) -> None:
    with Client(anything.client_port) as client:
        client.subscribe("test.Anything", where=str(Q(name=text)))
        client.subscribe("test.Mark")
        anything.publish("test.Anything", {"id": 1, "name": f"{text} "}, op="create")
        anything.publish("test.Anything", {"id": 2, "name": text}, op="create")
        anything.publish("test.Mark", {"n": 1})
        assert client.next()["data"] == {"id": 2, "name": text}
        assert client.next()["type"] == "test.Mark"


def evaluated(expression: str) -> Any:
    done = subprocess.run(
        [str(binary()), "query", "eval", expression], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, (expression, done.stderr)
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", range(5))
def test_literals_mean_what_python_meant(seed: int) -> None:
    chance = random.Random(seed)
    characters = "\"'\\\n\r\t\b\f\0\x1f\x7f\x85 |&x{}%/\u00e9\u2028\ufffe\U0001f600"
    values = [
        *("".join(chance.choices(characters, k=chance.randrange(9))) for _ in range(60)),
        *(chance.randrange(-(2**63), 2**63) >> chance.randrange(64) for _ in range(60)),
        *(chance.uniform(-1, 1) * 10 ** chance.randrange(-300, 300) for _ in range(60)),
        *(0.1, -0.0, 5e-324, 1.7976931348623157e308, 2.5, 1e16, 1e22, 2**63 - 1, -(2**63)),
        *(True, False, None),
    ]
    found = evaluated(str(Q(x__in=values)).removeprefix("x in "))
    assert found == values
    assert [type(one) for one in found if type(one) is not float] == [
        type(one) for one in values if type(one) is not float
    ]


@pytest.mark.parametrize(
    ("value", "same"),
    [
        (datetime(2026, 11, 23, 2, 16, 34, 120331, timezone.utc),
         'timestamp("2026-11-23T03:16:34.120331+01:00")'),
        (datetime(1, 1, 1, tzinfo=timezone.utc), 'timestamp("0001-01-01T00:00:00Z")'),
        (datetime.max.replace(tzinfo=timezone.utc), 'timestamp("9999-12-31T23:59:59.999999Z")'),
        (date(26, 1, 2), 'date("0026-01-02")'),
        (timedelta(days=-1, microseconds=1), 'duration("-23h59m59.999999s")'),
        (timedelta(hours=1, milliseconds=5), 'duration("3600s5ms")'),
    ],
)  # fmt: skip
def test_times_mean_what_python_meant(value: Any, same: str) -> None:
    text = str(Q(x=value)).removeprefix("x == ")
    assert evaluated(f"{text} == {same}") is True


def test_a_long_chain_is_still_a_query(anything: Gateway) -> None:
    query = Q()
    for number in range(60):
        query |= Q(x=number)
    with Client(anything.client_port) as client:
        answer = client.request("subscribe", type="test.Anything", where=str(query))
        assert answer["kind"] == "subscribed", answer


# ---- rules, by the command

EVENTS = """
import telegraphy


class Note(telegraphy.Event):
    text: str
    owner_id: int

    class Meta:
        rule_fields = ["owner_id"]
        access = RULE
"""


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('"ownr_id == auth.user_id"', ["line 1, column 1", "did you mean owner_id?"]),
        ('"owner_id == 1 &&\\n  text > 2"', ["line 2, column"]),
        ('telegraphy.Q(old__text="a")', ["line 1, column 1"]),
        ('telegraphy.Q(owner_id="a")', ["line 1, column"]),
        ('"owner_id = auth.user_id"', ["line 1, column 10"]),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_with_class_line_and_column(
    rule: str, said: list[str], tmp_path: Path
) -> None:
    """Python knows the class, the gateway the language."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/__init__.py").touch()
    (tmp_path / "notes/events.py").write_text(EVENTS.replace("RULE", rule))
    (tmp_path / "settings.py").write_text(
        "SECRET_KEY = 'only for tests'\nINSTALLED_APPS = ['telegraphy.django', 'notes']\n"
    )
    python_path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    for command, told in (
        (["check"], "?: (telegraphy.E009) notes.events.Note: "),
        (["telegraphy", "--check"], "?: (telegraphy.E009) notes.events.Note: "),
        (["telegraphy", "--check", "--skip-checks"], "notes.events.Note: "),
        (["telegraphy", "--no-reload", "--skip-checks"], "notes.events.Note: "),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "django", *command],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "settings",
                "PYTHONPATH": python_path,
                "TELEGRAPHY_BINARY": str(binary()),
                "TELEGRAPHY_RUNTIME_DIR": str(tmp_path / "run"),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode != 0
        [line] = [one for one in done.stderr.splitlines() if one.startswith(told)]
        for words in ("access: ", *said):
            assert words in line
        assert "catalogue.json" not in done.stderr
        assert "types[" not in done.stderr
