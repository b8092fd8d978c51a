"""`Q`: Python that becomes a query, and nothing but the query that was written."""

from __future__ import annotations

import copy
import json
import pickle
import random
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import models

from project.shop.models import Customer
from telegraphy import Q, auth

VECTORS = Path(__file__).resolve().parents[2] / "protocol" / "vectors" / "query"
NAMES: dict[str, Any] = {
    "Q": Q,
    "auth": auth,
    "Decimal": Decimal,
    "UUID": UUID,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "timezone": timezone,
}
CASES = [
    pytest.param(case, id=case["name"])
    for case in json.loads((VECTORS / "sugar.json").read_text("utf-8"))["cases"]
    if "q" in case
]


@pytest.mark.parametrize("case", CASES)
def test_a_query_is_the_text_that_the_vectors_say(case):
    source = compile(case["q"], case["name"], "eval")
    if case["cel"] is None:
        with pytest.raises((TypeError, ValueError)):
            eval(source, NAMES)  # noqa: S307 - our own vectors
    else:
        assert str(eval(source, NAMES)) == case["cel"]  # noqa: S307


GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "python.md"


def test_the_guide_shows_what_is_so():
    section = GUIDE.read_text("utf-8").split("## Queries and rules in Python")[1]
    lookups = section.split("\n| value |")[0].replace("\\|", "|")
    shown = 0
    for row in re.findall(r"^\| (`.+?) \| (`.+) \|$", lookups, re.MULTILINE):
        asked, queries = (re.findall(r"`([^`]+)`", cell) for cell in row)
        for one in asked:
            if not one.startswith("__") and "…" not in one:
                query = eval(f"Q({one})", NAMES)  # noqa: S307 - our own guide
                assert str(query) in queries, row
                shown += 1
    assert shown == 21, "rows that are not read prove nothing"


# -- values


class Status(models.TextChoices):
    PAID = "paid"


class Level(IntEnum):
    HIGH = 3


class Size(Enum):
    SMALL = "s"


class Column(str, Enum):
    """Of which `str()` and `format()` say something else, by the version of Python."""

    STATUS = "status"
    TOTAL = "total"


class Amount(int):
    """Says something else than it is."""

    def __str__(self) -> str:
        return "1 || true"

    __repr__ = __str__


class Name(str):
    """Likewise."""

    def __str__(self) -> str:
        return '" || true || "'

    def __format__(self, _spec: str) -> str:
        return str(self)


class Day(date):
    """Likewise."""

    def isoformat(self) -> str:
        return '") || true || x == date("'


class Number(UUID):
    """Likewise."""

    def __str__(self) -> str:
        return '" || true || "'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Status.PAID, '"paid"'),
        (Level.HIGH, "3"),
        (Size.SMALL, '"s"'),
        (Amount(7), "7"),
        (Name("a"), r'"\" || true || \""'),
        (Day(2026, 1, 2), r'date("\") || true || x == date(\"")'),
        (Number(int=1), r'"\" || true || \""'),
        (date(26, 1, 2), 'date("0026-01-02")'),
        (
            datetime(1, 1, 1, tzinfo=timezone.utc),
            'timestamp("0001-01-01T00:00:00.000Z")',
        ),
        (datetime(2026, 7, 1, 12), 'timestamp("2026-07-01T10:00:00.000Z")'),
    ],
)
def test_values_are_written_as_what_they_are(value, written):
    """With Django a naive datetime is in the current zone, as in events."""
    assert str(Q(x=value)) == f"x == {written}"


def test_what_changed_is_named_by_what_names_are():
    assert str(Q(changed=Column.STATUS)) == '"status" in event.changed'
    assert str(Q(changed__in=[Column.STATUS, Column.TOTAL])) == (
        '"status" in event.changed || "total" in event.changed'
    )
    assert str(Q(changed=Name("status"))) == r'"\" || true || \"" in event.changed'


def test_a_set_is_written_in_one_order():
    assert str(Q(x__in={"b", "a", "c"})) == 'x in ["a", "b", "c"]'


def test_no_text_ever_ends_its_literal():
    chance = random.Random(1)  # noqa: S311
    for _ in range(2_000):
        text = "".join(
            chance.choice("\"'\\\n\r\0 |&ax\u2028\U0001f600") for _ in range(12)
        )
        written = str(Q(x=text)).removeprefix("x == ")
        assert json.loads(written) == text
        assert "\n" not in written
        assert "\r" not in written


# -- conditions


def test_an_empty_q_changes_nothing():
    one = Q(a=1)
    assert Q() & one == one | Q() == one
    assert ~Q() == Q()
    assert Q() != one


def test_a_chain_is_as_flat_as_it_was_written():
    found = Q()
    for number in range(4):
        found |= Q(x=number)
    assert str(found) == "x == 0 || x == 1 || x == 2 || x == 3"


def test_queries_and_claims_are_values():
    assert Q(a=1) == Q(a=1) != Q(a=2)
    assert hash(Q(a=1)) == hash(Q(a=1))
    assert auth.user_id == auth["user_id"] != auth.group
    assert len({auth.user_id, auth["user_id"], Q(auth.user_id)}) == 2
    assert repr(Q(a=1)) == "<Q: a == 1>"
    assert repr(auth.user_id) == "<Claim: auth.user_id>"
    for value in (Q(a=1), auth.team["odd name"].id):
        assert copy.deepcopy(value) == value
        assert pickle.loads(pickle.dumps(value)) == value


# -- mistakes; each message says what would be right


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Q(auth.role == "admin"), 'write Q(auth__role="admin")'),
        (lambda: Q("total > 1"), "not of str 'total > 1'"),
        (lambda: Q(models.Q(a=1)), "lookups by name, Qs and claims, not of Q <Q:"),
        (lambda: Q(a=Q(b=1)), "join conditions with &, | and ~"),
        (lambda: Q(a=models.F("b")), "a: F F(b) has no form in queries"),
        (lambda: Q(customer=Customer(pk=1)), "; write its key"),
        (lambda: Q(a__in=(n for n in [1])), "; write list(…)"),
        (lambda: Q(a__in="abc"), "must be a list of values"),
        (lambda: Q(a=[1]), "a list is for the lookups in and contains"),
        (lambda: Q(a__contains=1), "for a field that is a list, write a list"),
        (lambda: Q(a__gt=None), "a__gt: nothing is more or less than None"),
        (lambda: Q(a__isnull="yes"), "must be True or False, not str 'yes'"),
        (lambda: Q(a__range=1), "(lowest, highest), not int 1"),
        (lambda: Q(changed=1), "must be the name of a field, not int 1"),
        (lambda: auth[1], "claims have names, strings, not int 1"),
        (lambda: bool(auth.is_staff), "join conditions with &, | and ~"),
        (lambda: Q(a=1) and Q(b=1), "drop conditions; write &, | and ~"),
        (lambda: Q(a=1) or Q(b=1), "drop conditions; write &, | and ~"),
        (lambda: not Q(a=1), "drop conditions; write &, | and ~"),
        (lambda: Q() and Q(b=1), "drop conditions; write &, | and ~"),
        (lambda: auth.is_staff and Q(a=1), "join conditions with &, | and ~"),
        (lambda: not auth.is_staff, "join conditions with &, | and ~"),
        (lambda: 1 < Q(a=1) < 3, "not supported between"),
        (lambda: list(auth), "'Claim' object is not iterable"),
        (lambda: "a" in auth.groups, "'Claim'"),
        (lambda: Q(a=1) & "b == 1", "unsupported operand"),
    ],
)
def test_a_wrong_type_is_named(make, reason):
    with pytest.raises(TypeError, match=re.escape(reason)):
        make()


def test_a_text_is_not_to_be_made_a_list_of_its_letters():
    with pytest.raises(TypeError, match=r"not str 'abc'$"):
        Q(a__in="abc")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: str(Q()), "an empty Q() is no query"),
        (lambda: Q(a=2**63), "a must fit in 64 bits"),
        (lambda: Q(a=float("nan")), "a must be a finite float, not float nan"),
        (lambda: Q(a=Decimal("inf")), "a must be a finite Decimal"),
        (lambda: Q(a="\ud800"), "unpaired surrogate"),
        (lambda: Q(a__icontains="x"), "queries tell upper from lower case"),
        (lambda: Q(a__regex="x"), "use startswith, endswith or contains"),
        (lambda: Q(a__ne=1), "write ~Q(…)"),
        (lambda: Q(a__grt=1), "a__grt: there is no lookup 'grt'; did you mean gt? (A"),
        (lambda: Q(a__grt=1), "(A key of that name in JSON is a__grt__exact)"),
        (lambda: Q(a__b__lteq=1), "no lookup 'lteq'; did you mean lte?"),
        (lambda: Q(a__startwith="x"), "did you mean startswith?"),
        (lambda: Q(a__starts_with="x"), "did you mean startswith?"),
        (lambda: Q(a__startsWith="x"), "did you mean startswith?"),
        (lambda: Q(a__endwith="x"), "did you mean endswith?"),
        (lambda: Q(a__contians="x"), "did you mean contains?"),
        (lambda: Q(a__is_null=True), "did you mean isnull?"),
        (lambda: Q(old__a__exat=1), "did you mean exact?"),
        (lambda: Q(a__icontain="x"), "queries tell upper from lower case"),
        (lambda: Q(a__IN=["x"]), "did you mean in?"),
        (lambda: Q(a__eq=1), "did you mean exact?"),
        (lambda: Q(at__year=2026), "compare the whole, as in gte and lt of two dates"),
        (lambda: Q(at__date=date(2026, 1, 1)), "compare the whole"),
        (lambda: Q(**{"a b": 1}), "'a b' is not a name of a field"),
        (lambda: Q(**{"zürich": 1}), "'zürich' is not a name of a field"),
        (lambda: Q(old=1), "as in old__status; a field of that name is data__old"),
        (lambda: Q(event__user=1), "an event has op, type, time"),
        (lambda: Q(changed__gt=1), "a field that is called changed is data__changed"),
        (lambda: Q(a__b__=1), "a name is missing"),
        (lambda: Q(owner=auth), "`auth` is all claims of a client"),
        (lambda: Q(tags__contains=[]), "everything contains an empty list"),
    ],
)
def test_a_wrong_value_is_named(make, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        make()


def test_a_key_in_json_is_not_taken_for_a_slip():
    for key in [
        "id", "at", "lat", "alt", "ip", "min", "max", "name", "size", "type",
        "data", "state", "count", "content", "container", "exit", "rate",
        "color", "updated_at", "ranges_from", "start", "end", "note", "index",
    ]:  # fmt: skip
        assert str(Q(**{f"meta__{key}": 1})) == f"meta.{key} == 1"


def test_a_key_in_json_may_have_the_name_of_a_lookup():
    assert str(Q(meta__date__exact="x")) == 'meta.date == "x"'
    assert str(Q(meta__gt__exact=1, meta__grt__gt=2)) == "meta.gt == 1 && meta.grt > 2"
    assert str(Q(auth__year=1, old__date="x", event__time__gt=auth.then)) == (
        'auth.year == 1 && old.date == "x" && event.time > auth.then'
    )


def test_a_claim_that_begins_with_an_underscore_is_written_as_a_key():
    with pytest.raises(AttributeError, match='written auth\\["_id"\\]'):
        _ = auth._id
    assert str(auth["_id"]) == "auth._id"
