"""Queries: lists that keep themselves, cohorts, rooms, and what a change of the type does.

What a query means, case by case, is in protocol/vectors/match (test_vectors.py)."""

from collections.abc import Iterator

from harness.client import Client
from harness.gateway import Gateway, field
from harness.queries import (
    MARK,
    TICK,
    Story,
    changed_type,
    create,
    delete,
    hear,
    refused,
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
        reset = hear(client, "reset")
        assert (reset["cohort"], reset["reason"], reset["ended"]) == (
            cohort,
            "query_changed",
            True,
        )
        answer = refused(client, "room == 3", "test.Tick")
        assert answer["code"] == "query_field"
        queried.publish("test.Tick", {"n": 3})
        event = hear(client, "event")
        assert (event["cohort"], event["data"]) == (kept, {"n": 3})


def test_a_query_goes_on_when_a_field_is_added(queried: Gateway) -> None:
    with Client(queried.client_port) as client:
        cohort = client.subscribe("test.Tick", where="room == 3")["cohort"]
        fields = [*TICK["fields"], field("more", "string", nullable=True)]
        assert queried.put_catalogue(changed_type("test.Tick", fields=fields), MARK).status == 200
        assert hear(client, "types_changed")
        queried.publish("test.Tick", {"n": 1, "room": 3, "more": "x"})
        event = hear(client, "event")
        assert (event["cohort"], event["data"]["more"]) == (cohort, "x")
