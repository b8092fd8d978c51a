"""Who hears of which row: Django's models, the gateway, and two who must not know of each other."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from telegraphy import Q

from harness.client import Client
from harness.diary import Diary
from harness.project import Console

ADA, BOB = 1, 2


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Diary]:
    diary = Diary(tmp_path_factory.mktemp("diary"))
    try:
        diary.manage("migrate", "--run-syncdb", "--verbosity", "0")
        diary.start_gateway()
        yield diary
    finally:
        diary.end()


@pytest.fixture(scope="module")
def console(diary: Diary) -> Console:
    return diary.console()


MARKS = itertools.count(1)


class Reader:
    """Somebody who reads along, and keeps every word that came over the line."""

    def __init__(self, diary: Diary, console: Console, **claims: Any) -> None:
        self.console = console
        self.client = diary.connect(**claims)
        self.words: list[str] = []
        self._read = self.client.read
        self.client.read = self._remember  # type: ignore[method-assign]
        self.client.subscribe("diary.Mark")

    def _remember(self, *arguments: Any) -> dict[str, Any]:
        message = self._read(*arguments)
        self.words.append(json.dumps(message))
        return message

    def heard(self) -> list[tuple[Any, ...]]:
        """What came since the last time: (op, data), with `old` and `changed` if they came."""
        mark = next(MARKS)
        self.console.run(f"Mark(n={mark}).publish()")
        found: list[tuple[Any, ...]] = []
        while True:
            event = self.client.next()
            if event["type"] != "diary.Mark":
                more = [event[name] for name in ("old", "changed") if name in event]
                found.append((event["op"], event["data"], *more))
            elif event["data"]["n"] == mark:
                return found


@pytest.fixture
def reader(diary: Diary, console: Console) -> Iterator[Callable[..., Reader]]:
    """Makes readers of one type; to the end of the test."""
    readers: list[Reader] = []

    def make(user_id: Any, where: str | None = None, type: str = "diary.Page") -> Reader:
        readers.append(Reader(diary, console, user_id=user_id))
        asked = {} if where is None else {"where": where}
        readers[-1].client.subscribe(type, **asked)
        return readers[-1]

    yield make
    for one in readers:
        one.client.wire.socket.close()


def write(console: Console, owner: int, **values: Any) -> int:
    """A new page; its key."""
    given = {"text": "dear diary", "owner_id": owner, **values}
    return console.run(f"page = Page.objects.create(**{given!r}); result = page.pk")


def change(console: Console, key: int, **values: Any) -> None:
    console.run(
        f"""
        page = Page.objects.get(pk={key})
        for name, value in {values!r}.items():
            setattr(page, name, value)
        page.save()
        """
    )


# ---- one's own rows, and nobody else's


def test_each_hears_of_their_own_rows_alone(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA), reader(BOB)
    key = write(console, ADA, text="a secret of Ada's")
    change(console, key, stars=3)
    console.run(f"Page.objects.get(pk={key}).delete()")
    shown = {"id": key, "text": "a secret of Ada's", "stars": 0}
    starred = {**shown, "stars": 3}
    [added, changed, removed] = ada.heard()
    assert added == ("add", shown)
    assert changed == ("change", starred, {"stars": 0}, ["stars"])
    assert removed[:2] == ("remove", {"id": key}) or removed[:2] == ("remove", starred)
    assert bob.heard() == []
    assert "secret" not in "".join(bob.words)


def test_a_row_that_changes_hands_is_removed_here_and_added_there(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA), reader(BOB)
    key = write(console, ADA, text="before", stars=1)
    change(console, key, owner_id=BOB, text="after")
    change(console, key, text="later")
    assert ada.heard() == [
        ("add", {"id": key, "text": "before", "stars": 1}),
        ("remove", {"id": key}),
    ]
    assert bob.heard() == [
        ("add", {"id": key, "text": "after", "stars": 1}),
        ("change", {"id": key, "text": "later", "stars": 1}, {"text": "after"}, ["text"]),
    ]
    assert "after" not in "".join(ada.words)
    assert "before" not in "".join(bob.words)


def test_a_row_that_changes_hands_by_update_fields_alone_does_so_too(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA), reader(BOB)
    key = write(console, ADA)
    console.run(
        f"""
        page = Page(pk={key}, owner_id={BOB}, text="never saved")
        page.save(update_fields=["owner_id"])
        """
    )
    assert [event[0] for event in ada.heard()] == ["add", "remove"]
    assert bob.heard() == [("add", {"id": key, "text": "dear diary", "stars": 0})]


def test_a_delete_is_told_to_whom_the_database_says(
    reader: Callable[..., Reader], console: Console
) -> None:
    """Not to whom the instance says, which was never saved so."""
    ada, bob = reader(ADA), reader(BOB)
    key = write(console, ADA)
    console.run(
        f"""
        page = Page.objects.get(pk={key})
        page.owner_id = {BOB}
        page.delete()
        """
    )
    assert [event[0] for event in ada.heard()] == ["add", "remove"]
    assert bob.heard() == []


def test_rows_deleted_as_a_set_go_from_whoever_has_them(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA), reader(BOB)
    write(console, ADA, text="a set")
    write(console, BOB, text="a set")
    console.run("Page.objects.filter(text='a set').delete()")
    assert [event[0] for event in ada.heard()] == ["add", "remove"]
    assert [event[0] for event in bob.heard()] == ["add", "remove"]


def test_rolled_back_work_is_nobody_s(reader: Callable[..., Reader], console: Console) -> None:
    ada, bob = reader(ADA), reader(BOB)
    key = write(console, ADA)
    console.run(
        f"""
        from django.db import transaction
        try:
            with transaction.atomic():
                page = Page.objects.get(pk={key})
                page.owner_id = {BOB}
                page.save()
                raise KeyError
        except KeyError:
            pass
        """
    )
    assert [event[0] for event in ada.heard()] == ["add"]
    assert bob.heard() == []


# ---- queries within the rule


def test_a_query_chooses_among_one_s_own_rows(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA, "stars > 2"), reader(BOB, "true || stars > 2")
    key = write(console, ADA, stars=3)
    change(console, key, stars=1)
    assert [event[0] for event in ada.heard()] == ["add", "remove"]
    assert bob.heard() == []


def test_what_a_row_was_before_one_had_it_is_not_shown(
    reader: Callable[..., Reader], console: Console
) -> None:
    """A query about what happened would be an oracle on rows of others."""
    bob = reader(BOB, 'old.text == "before" || event.op == "update"')
    key = write(console, ADA, text="before")
    change(console, key, owner_id=BOB, text="after")
    assert bob.heard() == []
    change(console, key, text="later")
    [event] = bob.heard()
    assert event[:2] == ("change", {"id": key, "text": "later", "stars": 0})


# ---- what only the rule sees

HIDDEN = ("owner_id", "mood")


def test_nothing_that_anybody_gets_names_what_only_the_rule_sees(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA), reader(BOB)
    for one in (ada, bob):
        one.client.request("types")
        one.client.subscribe("diary.Page", where='"stars" in event.changed')
    key = write(console, ADA, mood="furious")
    change(console, key, mood="gay", stars=1)
    change(console, key, owner_id=BOB)
    console.run(f"Page.objects.get(pk={key}).delete()")
    ada.heard()
    bob.heard()
    for words in (*ada.words, *bob.words):
        for secret in (*HIDDEN, "furious", "gay", "hidden", "auth."):
            assert secret not in words


def test_a_change_of_what_only_the_rule_sees_is_no_change(
    reader: Callable[..., Reader], console: Console
) -> None:
    ada = reader(ADA)
    key = write(console, ADA)
    change(console, key, mood="gay")
    assert [event[0] for event in ada.heard()] == ["add"]


@pytest.mark.parametrize(
    "form",
    [
        "{} == 2",
        "data.{} == 2",
        'data["{}"] == 2',
        "old.{} == 2",
        "has(data.{})",
        "has(old.{})",
        "stars == 1 || {} == 2",
    ],
)
def test_a_query_that_names_it_is_answered_as_if_there_were_no_such_field(
    form: str, reader: Callable[..., Reader]
) -> None:
    ada = reader(ADA)

    def said(name: str) -> dict[str, Any]:
        answer = ada.client.request("subscribe", type="diary.Page", where=form.replace("{}", name))
        assert answer["kind"] == "error", answer
        answer.pop("id")
        return json.loads(json.dumps(answer).replace(name, "NAME"))

    assert said("owner_id") == said("zwner_iq")
    assert said("owner_i").get("nearest", []) == [], "nor is it suggested"


def test_it_is_never_among_what_changed(reader: Callable[..., Reader], console: Console) -> None:
    ada = reader(ADA, "size(event.changed) > 1")
    key = write(console, ADA)
    change(console, key, mood="gay", stars=2)
    assert ada.heard() == []


# ---- who one is


def test_who_does_not_say_who_they_are_has_nothing(diary: Diary) -> None:
    with Client(diary.gateway_port) as client:
        assert client.request("types")["types"] == []
        answer = client.request("subscribe", type="diary.Page")
        assert (answer["code"], answer["member"]) == ("unauthenticated", "type")


@pytest.mark.parametrize("user_id", ["1", 1.5, None, True, [1], {"is": 1}])
def test_a_claim_of_another_type_is_nobody(
    user_id: Any, reader: Callable[..., Reader], console: Console
) -> None:
    somebody = reader(user_id)
    write(console, ADA)
    assert somebody.heard() == []


def test_a_rule_made_of_a_q_and_a_method_holds(
    diary: Diary, reader: Callable[..., Reader], console: Console
) -> None:
    ada, bob = reader(ADA, type="diary.Letter"), reader(BOB, type="diary.Letter")
    postman = Reader(diary, console, is_postman=True)
    postman.client.subscribe("diary.Letter")
    key = console.run(
        f"""
        letter = Letter.objects.create(text="dear both", readers=[{ADA}])
        letter.readers = [{ADA}, {BOB}]
        letter.save()
        letter.readers = [{BOB}]
        letter.save()
        result = letter.pk
        """
    )
    shown = {"id": key, "text": "dear both"}
    assert ada.heard() == [("add", shown), ("remove", {"id": key})]
    assert bob.heard() == [("add", shown)]
    assert postman.heard() == [("add", shown)], "who reads it is not theirs to know"
    postman.client.wire.socket.close()
    assert "reader_ids" not in "".join((*ada.words, *bob.words, *postman.words))


# ---- whoever keeps a list by what comes has what the database has

# The same text is a telegraphy.Q here and a django.db.models.Q there.
QUERIES = [
    "Q()",
    "Q(stars__gt=2)",
    "Q(stars__range=(1, 3), text__startswith='b')",
    "~Q(stars__in=[0, 2]) | Q(text='a')",
    "Q(Q(text__contains='b') | Q(stars=0), ~Q(text='bb'))",
]

WORK = """
import random
from django.db import models, transaction

chance = random.Random(SEED)

class Undone(Exception):
    pass

def values():
    return {
        "text": chance.choice(["a", "b", "ab", "bb"]),
        "stars": chance.randrange(5),
        "owner_id": chance.choice([1, 1, 2]),
        "mood": chance.choice(["calm", "gay"]),
    }

def some():
    pages = list(Page.objects.all())
    return chance.choice(pages) if pages else Page.objects.create(**values())

def create():
    Page.objects.create(**values())

def change():
    page = some()
    for name, value in values().items():
        if chance.random() < 0.5:
            setattr(page, name, value)
    page.save()

def change_some_fields():
    page = some()
    for name, value in values().items():
        setattr(page, name, value)
    page.save(update_fields=chance.sample(["text", "stars", "owner_id", "mood"], 2))

def save_what_is_old():
    page = some()
    change()
    page.save()

def delete():
    page = some()
    page.owner_id, page.stars = 3 - page.owner_id, 9  # never saved
    page.delete()

def delete_some():
    Page.objects.filter(stars=chance.randrange(5), text="b").delete()

def undo():
    try:
        with transaction.atomic():
            create(), change(), delete()
            raise Undone
    except Undone:
        pass

def change_together():
    with transaction.atomic():
        create(), change(), change(), delete()

for _ in range(STEPS):
    chance.choices(
        [create, change, change_some_fields, save_what_is_old, delete, delete_some, undo,
         change_together],
        weights=[6, 6, 4, 2, 2, 1, 1, 1],
    )[0]()
result = None
"""


@pytest.mark.parametrize("seed", range(3))
def test_whoever_keeps_a_list_by_what_comes_has_what_the_database_has(
    seed: int, diary: Diary, console: Console, reader: Callable[..., Reader]
) -> None:
    console.run("Page.objects.all().delete()")
    reader(ADA).heard()  # so that this has come through
    kept = []
    for query in QUERIES:
        asked = eval(query, {"Q": Q})
        for owner in (ADA, BOB):
            kept.append((query, owner, reader(owner, None if asked == Q() else str(asked))))
    console.run(WORK.replace("SEED", str(seed)).replace("STEPS", "150"))
    for query, owner, one in kept:
        rows: dict[int, dict[str, Any]] = {}
        for op, data, *_ in one.heard():
            if op == "remove":
                del rows[data["id"]]  # it must be there
            else:
                assert (data["id"] in rows) == (op == "change")
                rows[data["id"]] = data
        wanted = console.run(
            f"""
            Q = models.Q
            pages = Page.objects.filter({query}, owner_id={owner}).values("id", "text", "stars")
            result = list(pages)
            """
        )
        assert sorted(rows.values(), key=lambda row: row["id"]) == wanted, (query, owner)
