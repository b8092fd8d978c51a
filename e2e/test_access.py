"""Who may have which rows: access rules, claims, hidden fields."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.client import Client
from harness.gateway import Gateway
from harness.queries import (
    MARK,
    ORDER,
    TYPES,
    Story,
    changed_type,
    connect_as,
    create,
    delete,
    hear,
    refused,
    update,
)


@pytest.fixture(scope="module")
def with_claims(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    return new_gateway_anywhere(testing={"claims": True})


@pytest.fixture
def known(with_claims: Gateway) -> Gateway:
    """A gateway that takes a client's word for who it is."""
    assert with_claims.put_catalogue(*TYPES).status == 200
    return with_claims


FORMS = [
    "{} == 7",
    "7 < {}",
    "{} == null",
    "data.{} == 7",
    'data["{}"] == 7',
    "old.{} == 7",
    'old["{}"] == 7',
    "has(data.{})",
    "has(old.{})",
    "true || {} == 7",
    "false && {} == 7",
    "!has(data.{}) || id == 7",
    '{} == "text"',
    "{}.x == 7",
    "{}(7)",
    "tags.exists({}, {} == 7)",
    "{} in [1, 2]",
    "id == 7 &&\n  id == 8 || {} > id",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_hidden_field_is_refused_as_one_that_does_not_exist(form: str, client: Client) -> None:
    def said(name: str) -> Any:
        answer = client.request("subscribe", type="test.Order", where=form.replace("{}", name))
        answer.pop("id")
        if answer["kind"] == "subscribed":
            return "subscribed"
        return json.loads(json.dumps(answer).replace(name, "NAME"))

    # As long as each other, so that places and similar names are the same.
    assert said("owner_q") == said("zwner_q")


def test_hidden_fields_are_never_suggested(client: Client) -> None:
    for near in ("owner_", "owner_w", "ownerq", "owner", "Owner_q"):
        assert "owner_q" not in json.dumps(refused(client, f"{near} == 7"))


def test_hidden_fields_are_in_nothing_that_a_client_gets(queried: Gateway, client: Client) -> None:
    types = client.request("types")
    assert "owner_q" not in json.dumps(types)
    assert "hidden" not in json.dumps(types)
    story = Story(queried, "id > 0", client)
    row = {"id": 1, "status": "new", "owner_q": 5}
    shown = {"id": 1, "status": "new"}
    assert story.told(create(**row)) == [("add", shown)]
    both = update({"status": "old", "owner_q": 4}, **row)
    assert story.told(both) == [("change", shown, {"status": "old"}, ["status"])]
    assert story.told(update({"owner_q": 4}, **row)) == []
    [removed] = story.told({**delete(**row), "old": {"owner_q": 5}})
    assert "owner_q" not in json.dumps(removed)
    everything = Story(queried, None)
    assert everything.told(create(**row)) == [("add", shown)]


def test_what_changed_does_not_name_hidden_fields(queried: Gateway) -> None:
    row = {"id": 1, "status": "new", "owner_q": 5}
    story = Story(queried, "size(event.changed) == 1")
    assert len(story.told(update({"owner_q": 4, "status": "old"}, **row))) == 1


# ---- access rules


def rows(gateway: Gateway, where: str | None = None, **claims: Any) -> Story:
    """What a client with these claims is told of test.Row."""
    client = connect_as(gateway, **claims)
    client.subscribe("test.Row", **({} if where is None else {"where": where}))
    return Story(gateway, "false", client)


def test_a_client_gets_the_rows_that_its_rule_allows(known: Gateway) -> None:
    mine, theirs = rows(known, user_id=7), rows(known, user_id=8)
    staff, nobody = rows(known, is_staff=True), rows(known)
    shown = {"id": 1, "text": "a"}
    event = create(**shown, owner=7)
    assert mine.told(event, type="test.Row") == [("add", shown)]
    assert theirs.told(type="test.Row") == []
    assert staff.told(type="test.Row") == [("add", shown)]
    assert nobody.told(type="test.Row") == []


def test_a_row_that_a_client_may_no_longer_see_is_removed(known: Gateway) -> None:
    mine, theirs = rows(known, user_id=7), rows(known, user_id=8)
    shown = {"id": 1, "text": "a"}
    moved = update({"owner": 7}, **shown, owner=8)
    assert mine.told(create(**shown, owner=7), moved, type="test.Row") == [
        ("add", shown),
        ("remove", {"id": 1}),
    ]
    assert theirs.told(type="test.Row") == [("add", shown)]
    orphaned = update({"owner": 8}, **shown, owner=None)
    assert theirs.told(orphaned, type="test.Row") == [("remove", {"id": 1})]
    assert mine.told(delete(**shown, owner=None), type="test.Row") == []


def test_a_query_asks_only_among_what_the_rule_allows(known: Gateway) -> None:
    story = rows(known, 'true || text == "a"', user_id=7)
    assert story.told(create(id=1, text="a", owner=8), type="test.Row") == []
    assert story.told(create(id=2, owner=7), type="test.Row") == [("add", {"id": 2})]
    negated = rows(known, '!(text == "a")', user_id=7)
    assert negated.told(create(id=1, text="b", owner=8), type="test.Row") == []
    assert negated.told(create(id=1, text="b", owner=7), type="test.Row") != []


def test_old_values_of_a_row_that_was_not_allowed_are_not_shown(known: Gateway) -> None:
    story = rows(known, 'old.text == "secret"', user_id=7)
    row = {"id": 1, "text": "now"}
    taken = update({"text": "secret", "owner": 8}, **row, owner=7)
    assert story.told(taken, type="test.Row") == []
    own = update({"text": "secret"}, **row, owner=7)
    assert [one[:2] for one in story.told(own, type="test.Row")] == [("change", row)]
    entering = rows(known, user_id=7)
    assert entering.told(taken, type="test.Row") == [("add", row)]


def test_a_hidden_field_of_a_rule_is_unknown_to_who_is_under_it(known: Gateway) -> None:
    client = connect_as(known, user_id=7)
    answer = refused(client, "owner == 7", "test.Row")
    assert (answer["code"], answer.get("nearest")) == ("query_field", None)
    assert "auth" not in answer["message"]


def test_claims_are_constants_of_a_query(known: Gateway) -> None:
    client = connect_as(known, rooms=[1, 2], user_id=7, name="ada", deep={"n": 3})
    client.subscribe("test.Tick", where='room in auth.rooms && auth.name == "ada"')
    client.subscribe("test.Tick", where="room == auth.deep.n")
    client.subscribe("test.Tick", where="room > auth.name")
    known.publish("test.Tick", *({"n": n, "room": n} for n in range(5)))
    assert [client.next()["data"]["n"] for _ in range(3)] == [1, 2, 3]
    assert client.is_usable()
    assert client.waiting == []


def test_equal_claims_share_a_cohort_and_others_do_not(known: Gateway) -> None:
    client = connect_as(known, user_id=7)
    own = client.subscribe("test.Row")["cohort"]
    assert client.subscribe("test.Row")["cohort"] == own
    assert client.subscribe("test.Row", where="id > 1")["cohort"] != own


def test_nobody_is_answered_as_if_there_were_no_such_type(client: Client) -> None:
    for type in ("test.Row", "test.Known"):
        for asked in ({}, {"where": "id =="}, {"where": "owner == 7"}):
            answer = client.request("subscribe", type=type, **asked)
            assert (answer["code"], answer["member"]) == ("unauthenticated", "type"), answer
            absent = client.request("subscribe", type="z" * len(type), **asked)
            del answer["id"], absent["id"]
            assert json.dumps(absent).replace("z" * len(type), type) == json.dumps(answer)
    assert {one["name"] for one in client.request("types")["types"]} == {
        "test.Order",
        "test.Tick",
        "test.Mark",
    }


def test_claims_are_for_tests_only(queried: Gateway, known: Gateway) -> None:
    with Client(queried.client_port, connect=False) as client:
        answer = client.request("connect", claims={"is_staff": True})
        assert (answer["code"], answer["member"]) == ("not_supported", "claims")
        assert client.request("ping")["code"] == "not_connected"
    assert known.program is not None
    assert "claims" in known.program.words()
    with Client(known.client_port, connect=False) as client:
        for wrong in (7, [], None, "staff"):
            answer = client.request("connect", claims=wrong)
            assert (answer["code"], answer["member"]) == ("invalid_message", "claims")
        answer = client.request("connect", claims={"x": "x" * 4096})
        assert (answer["code"], answer["member"]) == ("invalid_message", "claims")
        assert client.request("connect", claims={"x": "x" * 4000})["kind"] == "connected"


def test_a_rule_that_changes_ends_what_it_changes(known: Gateway) -> None:
    client = connect_as(known, user_id=7)
    cohort = client.subscribe("test.Row")["cohort"]
    stricter = changed_type("test.Row", access={"rule": "owner == auth.user_id && id > 100"})
    assert known.put_catalogue(stricter, MARK, ORDER).status == 200
    reset = hear(client, "reset")
    assert (reset["cohort"], reset["reason"], reset["ended"]) == (cohort, "query_changed", True)
    client.subscribe("test.Row")
    story = Story(known, "false", client)
    event = create(id=101, owner=7)
    heard = story.told(create(id=1, owner=7), event, type="test.Row")
    assert heard == [("add", {"id": 101})]
