"""Queries: what they mean, what live ones deliver, and what a change of the type does to them."""

from collections.abc import Iterator
from typing import Any

import pytest

from harness.client import Client
from harness.gateway import Gateway, field
from harness.queries import (
    MARK,
    TICK,
    Story,
    changed_type,
    create,
    delete,
    refused,
    reset_of,
    update,
)


def test_a_live_query_tells_what_enters_changes_and_leaves(queried: Gateway) -> None:
    story = Story(queried, 'status == "open" && total > 10')
    a = {"id": 1, "status": "open", "total": "99.95"}
    assert story.told(create(**a)) == [("add", a)]
    assert story.told(create(id=2, status="new", total="99.95")) == []
    more = {**a, "total": "100"}
    change = update({"total": "99.95"}, **more)
    assert story.told(change) == [("change", more, {"total": "99.95"}, ["total"])]
    paid = {**more, "status": "paid"}
    assert story.told(update({"status": "open"}, **paid)) == [("remove", {"id": 1})]
    assert story.told(update({"total": "100"}, **{**paid, "total": "5"})) == []
    again = {"id": 2, "status": "open", "total": "99.95"}
    assert story.told(update({"status": "new"}, **again)) == [("add", again)]
    [removed] = story.told(delete(**again))
    assert removed[:1] == ("remove",)
    assert removed[1]["id"] == 2
    assert story.told(delete(**paid)) == []


def test_an_update_that_says_nothing_of_before_changes_what_matches(queried: Gateway) -> None:
    story = Story(queried, 'status == "open"')
    row = {"id": 1, "status": "open"}
    assert story.told({"op": "update", "data": row}) == [("change", row)]
    assert story.told({"op": "update", "data": {**row, "status": "paid"}}) == []


def test_what_changed_names_and_old_lacks_is_unknown_before(queried: Gateway) -> None:
    story = Story(queried, 'status == "open"')
    row = {"id": 1, "status": "open"}
    event = {"op": "update", "data": row, "changed": ["status"]}
    assert story.told(event) == [("add", row)]
    event = {"op": "update", "data": {**row, "status": "paid"}, "changed": ["status"]}
    assert story.told(event) == []


def test_a_delete_with_the_key_alone_removes_what_the_key_decides(queried: Gateway) -> None:
    by_status = Story(queried, 'status == "open"')
    by_key = Story(queried, "id in [7, 8]")
    assert by_status.told(delete(id=7)) == []
    assert by_key.told(delete(id=7), delete(id=9)) == [("remove", {"id": 7})] * 2


def test_a_delete_may_tell_the_row_in_old(queried: Gateway) -> None:
    story = Story(queried, 'status == "open"')
    [removed] = story.told({**delete(id=7), "old": {"status": "open"}})
    assert removed[:2] == ("remove", {"id": 7})


def test_a_query_about_what_happened_is_asked_once(queried: Gateway) -> None:
    paid = Story(queried, '"status" in event.changed && status == "paid"')
    row = {"id": 1, "status": "paid", "total": "5"}
    pay = update({"status": "open"}, **row)
    assert paid.told(pay) == [("change", row, {"status": "open"}, ["status"])]
    assert paid.told(update({"total": "5"}, **{**row, "total": "6"})) == []
    crossed = Story(queried, "old.total < 10 && total >= 10")
    up = {"id": 1, "total": "10"}
    assert crossed.told(update({"total": "9.99"}, **up))[0][:2] == ("change", up)
    assert crossed.told(update({"total": "10"}, id=1, total="11")) == []
    gone = Story(queried, 'event.op == "delete"')
    [removed] = gone.told(create(**row), pay, delete(**row))
    assert (removed[0], removed[1]["id"]) == ("remove", 1)


def test_a_custom_event_is_delivered_if_it_matches(queried: Gateway) -> None:
    with Client(queried.client_port) as client:
        client.subscribe("test.Tick", where="room in [1, 2] && n > 5")
        sent = [{"n": n, "room": n % 4} for n in range(20)] + [{"n": 99}]
        queried.publish("test.Tick", *sent, {"n": 100, "room": 1})
        heard = []
        while not heard or heard[-1]["n"] != 100:
            event = client.next()
            assert event["op"] == "event"
            heard.append(event["data"])
        wanted = [one for one in sent if one.get("room") in (1, 2) and one["n"] > 5]
        assert heard == [*wanted, {"n": 100, "room": 1}]


def test_prev_says_that_nothing_was_missed_between(queried: Gateway) -> None:
    with Client(queried.client_port) as client:
        position = client.subscribe("test.Tick", where="n % 7 == 0")["position"]
        queried.publish("test.Tick", *({"n": n} for n in range(1, 50)))
        at = position["offset"]
        for n in range(7, 50, 7):
            event = client.next()
            assert event["data"]["n"] == n
            assert event["prev"] <= event["position"]["offset"] - 1
            assert event["prev"] >= at
            at = event["position"]["offset"]


ABSENT = object()


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ("total > 100", ["150"]),
        ("!(total > 100)", ["50"]),
        ("total != 50", ["150", None]),
        ("!(total == 50)", ["150", None]),
        ("total == null", [None]),
        ("total != null", ["50", "150"]),
        ("!(total in [50, 60])", ["150", None]),
        ("has(data.total)", ["50", "150", None]),
        ("!has(data.total)", [ABSENT]),
        ("total > 100 || true", ["50", "150", None, ABSENT]),
        ("total > 100 || id == 1", ["50", "150", None, ABSENT]),
        ("total > 100 && false", []),
        ("total == 50.0 || total == 150.00", ["50", "150"]),
        ("total + total == 300", ["150"]),
        ("total > 100 ? true : true", ["50", "150"]),
        ("!has(data.total) || total == null", [None, ABSENT]),
    ],
)
def test_null_and_absence_are_what_the_guide_says(
    where: str, matches: list[Any], queried: Gateway
) -> None:
    story = Story(queried, where)
    rows = [
        {"id": 1} if total is ABSENT else {"id": 1, "total": total}
        for total in ("50", "150", None, ABSENT)
    ]
    heard = story.told(*(create(**row) for row in rows))
    wanted = [{"id": 1} if total is ABSENT else {"id": 1, "total": total} for total in matches]
    assert [data for _, data in heard] == wanted


@pytest.mark.parametrize(
    ("where", "good", "bad"),
    [
        ("total == 99.95", {"total": "99.950"}, {"total": "99.9500000000000001"}),
        ("total == 0.1", {"total": "0.10"}, {"total": "0.1000000000000000055"}),
        ("weight == 0.1", {"weight": 0.1}, {"weight": 0.10000000000000002}),
        ("weight > 6", {"weight": 6.5}, {"weight": 6.0}),
        ("id == 9007199254740993", {"id": "9007199254740993"}, {"id": "9007199254740992"}),
        ("id > 9007199254740992.0", {"id": "9007199254740993"}, {"id": "9007199254740992"}),
        ("id < 7.5 && id > 6.5", {"id": 7}, {"id": 8}),
        ('status == "é漢😀"', {"status": "é漢😀"}, {"status": "e\u0301漢😀"}),
        ("status.size() == 3", {"status": "é漢😀"}, {"status": "abcd"}),
        ('number.startsWith("A-")', {"number": "A-7"}, {"number": "BA-7"}),
        ('number.endsWith("-Z")', {"number": "7-Z"}, {"number": "-Z7"}),
        ('number.contains("漢")', {"number": "a漢b"}, {"number": "ab"}),
        ('number.lowerAscii() == "a-7"', {"number": "A-7"}, {"number": "A-8"}),
        ('"gift" in tags', {"tags": ["x", "gift"]}, {"tags": ["gifts"]}),
        ('!("gift" in tags)', {"tags": []}, {"tags": None}),
        ("size(tags) == 2", {"tags": ["a", "b"]}, {"tags": ["a"]}),
        ('tags.exists(t, t.startsWith("vip"))', {"tags": ["a", "vip1"]}, {"tags": []}),
        ('tags.all(t, t != "x")', {"tags": []}, {"tags": ["a", "x"]}),
        ('due > "2026-11-23"', {"due": "2026-11-24"}, {"due": "2026-11-23"}),
        ('due == date("2026-11-23")', {"due": "2026-11-23"}, {"due": "2026-11-22"}),
        (
            'token == "0190F3A2-C1AA-7BBB-8CCC-DDDDDDDDDDDD"',
            {"token": "0190f3a2-c1aa-7bbb-8ccc-dddddddddddd"},
            {"token": "0190f3a2-c1aa-7bbb-8ccc-ddddddddddde"},
        ),
        (
            'made == timestamp("2026-11-23T02:16:34Z")',
            {"made": "2026-11-23T03:16:34+01:00"},
            {"made": "2026-11-23T02:16:34.000000001Z"},
        ),
        (
            'event.time - made < duration("1h")',
            {"made": "2026-11-23T02:00:00Z"},
            {"made": "2026-11-23T01:00:00Z"},
        ),
        ("payload.a.b[0] == 7", {"payload": {"a": {"b": [7]}}}, {"payload": {"a": {"b": []}}}),
        ('payload["odd name"] == "x"', {"payload": {"odd name": "x"}}, {"payload": [1]}),
        ("has(payload.a)", {"payload": {"a": None}}, {"payload": {}}),
        ("payload > 1", {"payload": 1.5}, {"payload": "x"}),
        ("payload != 1", {"payload": "x"}, {"payload": 1}),
        ('data["in"] == 3', {"in": 3}, {"in": 4}),
        ("total * 2 > id", {"id": 3, "total": "1.6"}, {"id": 3, "total": "1.5"}),
        ('(id > 5 ? status : number) == "x"', {"id": 6, "status": "x"}, {"id": 5, "status": "x"}),
        ("10 / id > 2", {"id": 3}, {"id": 0}),
        ("id + 9223372036854775807 > 0", {"id": 0}, {"id": 1}),
        ('event.type == "test.Order"', {"id": 1}, None),
        ('event.op != "create"', None, {"id": 1}),
        ("auth.user_id == id || id == 3", {"id": 3}, {"id": 4}),
        ("!has(auth.user_id)", {"id": 3}, None),
    ],
)
def test_a_query_means_what_the_specification_says(
    where: str, good: dict[str, Any] | None, bad: dict[str, Any] | None, queried: Gateway
) -> None:
    story = Story(queried, where)
    when = {"time": "2026-11-23T02:16:34Z"}
    if good is not None:
        row = {"id": 1, **good}
        assert story.told({**create(**row), **when}) == [("add", row)]
    if bad is not None:
        assert story.told({**create(**{"id": 1, **bad}), **when}) == []


def test_what_means_the_same_is_one_cohort(client: Client) -> None:
    cohorts = [
        client.subscribe("test.Order", where=where)["cohort"]
        for where in (
            'total > 100 && status == "paid"',
            "status=='paid'&&data.total>100.00 // the same",
            '!(total <= 100 || status != "paid")',
            'total > 100 && status == "open"',
        )
    ]
    assert len(set(cohorts[:2])) == 1
    assert cohorts[3] not in cohorts[:3]
    everything = client.subscribe("test.Order")["cohort"]
    assert everything not in cohorts
    assert client.subscribe("test.Order", where="true")["cohort"] not in cohorts


def test_two_hundred_rooms_hear_nothing_of_each_other(queried: Gateway) -> None:
    clients = [Client(queried.client_port) for _ in range(4)]
    rooms: dict[int, list[int]] = {}
    for n, client in enumerate(clients):
        rooms[n] = list(range(n * 50, n * 50 + 50))
        for room in rooms[n]:
            client.subscribe("test.Tick", where=f"room == {room}")
    queried.publish("test.Tick", *({"n": n, "room": n % 200} for n in range(1000)))
    for n, client in enumerate(clients):
        heard = [client.next()["data"] for _ in range(250)]
        assert heard == [one for one in all_ticks() if one["room"] in rooms[n]]
        assert client.is_usable()
        assert client.waiting == []
        client.wire.socket.close()


def all_ticks() -> Iterator[dict[str, int]]:
    return ({"n": n, "room": n % 200} for n in range(1000))


# ---- a type changes


def test_a_query_that_no_longer_checks_ends_with_query_changed(queried: Gateway) -> None:
    with Client(queried.client_port) as client:
        cohort = client.subscribe("test.Tick", where="room == 3")["cohort"]
        kept = client.subscribe("test.Tick", where="n == 3")["cohort"]
        smaller = changed_type("test.Tick", fields=[field("n", "int")])
        assert queried.put_catalogue(smaller, MARK).status == 200
        reset = reset_of(client)
        assert (reset["cohort"], reset["reason"], reset["ended"]) == (
            cohort,
            "query_changed",
            True,
        )
        answer = refused(client, "room == 3", "test.Tick")
        assert answer["code"] == "query_field"
        queried.publish("test.Tick", {"n": 3})
        event = client.next()
        assert (event["cohort"], event["data"]) == (kept, {"n": 3})


def test_a_query_goes_on_when_a_field_is_added(queried: Gateway) -> None:
    with Client(queried.client_port) as client:
        cohort = client.subscribe("test.Tick", where="room == 3")["cohort"]
        fields = [*TICK["fields"], field("more", "string", nullable=True)]
        assert queried.put_catalogue(changed_type("test.Tick", fields=fields), MARK).status == 200
        assert client.next("types_changed")
        queried.publish("test.Tick", {"n": 1, "room": 3, "more": "x"})
        event = client.next()
        assert (event["cohort"], event["data"]["more"]) == (cohort, "x")
