"""Who may have what, as classes decide it: `is_authorized_user` and `audience`."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import TestCase

import telegraphy
from project.shop.models import Customer, Document, Everything
from telegraphy import DefinitionError, InvalidEvent, registry
from telegraphy.django import ModelEvents, register
from telegraphy.django._declaration import ModelDeclaration
from telegraphy.django._signals import disconnect
from telegraphy.testing import assert_event, capture_events

STAFF = SimpleNamespace(is_staff=True)
VISITOR = SimpleNamespace(is_staff=False)


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    with registry.isolated():
        yield


def described(name: str) -> dict[str, Any]:
    types = registry.catalogue("shop")["types"]
    return next(one for one in types if one["name"] == name)


# -- is_authorized_user


def test_a_class_that_judges_users_declares_a_checked_type():
    class Margin(telegraphy.Event):
        percent: int

        class Meta:
            name = "shop.Margin"

        @classmethod
        def is_authorized_user(cls, user: Any) -> bool:
            return bool(user.is_staff)

    class Plain(telegraphy.Event):
        percent: int

        class Meta:
            name = "shop.Plain"

    assert described("shop.Margin")["checked"] is True
    assert described("shop.Margin")["access"] == "authenticated"
    assert "checked" not in described("shop.Plain")
    assert registry.checked_types_for(STAFF) == ("shop.Margin",)
    assert registry.checked_types_for(VISITOR) == ()


def test_it_may_be_written_as_any_kind_of_method():
    class AsMethod(telegraphy.Event):
        def is_authorized_user(self, user: Any) -> bool:
            return bool(user.is_staff)

    class AsStatic(telegraphy.Event):
        @staticmethod
        def is_authorized_user(user: Any) -> bool:
            return bool(user.is_staff)

    class Inherits(AsMethod):
        pass

    names = ("tests.AsMethod", "tests.AsStatic", "tests.Inherits")
    found = tuple(name.split(".")[-1] for name in registry.checked_types_for(STAFF))
    assert found == tuple(name.split(".")[-1] for name in names)
    assert registry.checked_types_for(VISITOR) == ()


def test_of_a_model_it_is_a_method_of_its_events():
    class Judged(ModelEvents[Document]):
        fields = ["title"]
        name = "shop.JudgedDocument"

        def is_authorized_user(self, user: Any) -> bool:
            assert self.model is Document
            return bool(user.is_staff)

    registry.add(ModelDeclaration(Document, Judged(Document)))
    assert described("shop.JudgedDocument")["checked"] is True
    assert registry.checked_types_for(STAFF) == ("shop.JudgedDocument",)
    assert registry.checked_types_for(AnonymousUser()) == ()


def test_one_that_fails_allows_nobody_and_the_log_says_why(caplog):
    class Broken(telegraphy.Event):
        @classmethod
        def is_authorized_user(cls, user: Any) -> bool:
            return bool(user.is_member_of_the_board)

    with caplog.at_level(logging.ERROR, "telegraphy"):
        assert registry.checked_types_for(STAFF) == ()
    assert "Broken.is_authorized_user failed: it allows nobody" in caplog.text
    assert "is_member_of_the_board" in caplog.text


@pytest.mark.parametrize("answer", [1, "yes", [STAFF], None, Document])
def test_only_true_allows(caplog, answer):
    class Vague(telegraphy.Event):
        @classmethod
        def is_authorized_user(cls, user: Any) -> Any:
            return answer

    with caplog.at_level(logging.ERROR, "telegraphy"):
        assert registry.checked_types_for(STAFF) == ()
    assert "must return True or False, not" in caplog.text


def test_a_check_and_public_access_contradict_each_other():
    with pytest.raises(
        DefinitionError, match=r"access is PUBLIC, .* is_authorized_user is never asked"
    ):

        class Everyone(telegraphy.Event):
            class Meta:
                access = telegraphy.PUBLIC

            @classmethod
            def is_authorized_user(cls, user: Any) -> bool:
                return False


async def _asynchronous(_self: object, _user: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (True, r"must be a method, def is_authorized_user\(self, user\) -> bool"),
        (_asynchronous, "must not be async"),
        (lambda self: True, r"write def is_authorized_user\(self, user\) -> bool"),
        (lambda self, user, more: True, "write def is_authorized_user"),
    ],
)
def test_one_that_cannot_be_asked_is_a_wrong_definition(attribute, message):
    with pytest.raises(DefinitionError, match=message):
        type("Wrong", (telegraphy.Event,), {"is_authorized_user": attribute})


# -- audience of custom events


def test_an_audience_is_a_hidden_field_and_a_rule():
    class Whisper(telegraphy.Event):
        text: str
        team: int

        class Meta:
            name = "shop.Whisper"

        def audience(self) -> list[str]:
            return [f"team:{self.team}", "staff"]

    whisper = described("shop.Whisper")
    assert whisper["access"] == {"rule": "auth.scopes.exists(s, s in audience)"}
    assert whisper["fields"][-1] == {
        "name": "audience",
        "type": "list",
        "items": "string",
        "verbose_name": "audience",
        "hidden": True,
    }
    with capture_events() as events:
        Whisper(text="psst", team=7).publish()
    data = {"text": "psst", "team": 7, "audience": ["staff", "team:7"]}
    assert_event(events, "shop.Whisper", data=data)


def test_an_audience_is_not_hidden_by_a_comment():
    class Whisper(telegraphy.Event):
        owner: int

        class Meta:
            name = "shop.Whisper"
            access = "owner == auth.user_id // theirs"

        def audience(self) -> Iterable[str]:
            yield "team:1"

    assert described("shop.Whisper")["access"]["rule"] == (
        "(owner == auth.user_id // theirs\n) && auth.scopes.exists(s, s in audience)"
    )


def test_an_audience_comes_on_top_of_a_rule():
    class Whisper(telegraphy.Event):
        owner: int

        class Meta:
            name = "shop.Whisper"
            access = "owner == auth.user_id || auth.is_staff"

        def audience(self) -> Iterable[str]:
            yield "team:1"

    rule = described("shop.Whisper")["access"]["rule"]
    assert rule == (
        "(owner == auth.user_id || auth.is_staff) && auth.scopes.exists(s, s in audience)"
    )


def test_an_audience_and_public_access_contradict_each_other():
    with pytest.raises(DefinitionError, match=r"PUBLIC, .* audience is never asked"):

        class Everyone(telegraphy.Event):
            class Meta:
                access = telegraphy.PUBLIC

            def audience(self) -> list[str]:
                return []


WRONG_AUDIENCES: list[tuple[Any, str]] = [
    ("team:1", "audience must be a list of str, not str 'team:1'; write ['team:1']"),
    (None, "audience must be a list of str, not None"),
    (7, "audience must be a list of str, not int 7"),
    ([7], "audience must be a str, not int 7"),
    ([""], "a scope of audience must have 1 to 128 bytes"),
    (["x" * 129], "a scope of audience must have 1 to 128 bytes, not str 'xxx"),
    ([str(n) for n in range(1_001)], "audience has 1,001 scopes; 1,000 is the most"),
]


@pytest.mark.parametrize(("scopes", "message"), WRONG_AUDIENCES)
def test_a_wrong_audience_of_an_event_is_named(scopes, message):
    class Whisper(telegraphy.Event):
        text: str

        def audience(self) -> Any:
            return scopes

    with pytest.raises(InvalidEvent, match="^Whisper: " + re.escape(message)) as caught:
        Whisper(text="psst").publish()
    assert caught.value.member == "audience"


def test_an_event_with_a_field_called_audience_is_as_any_other():
    class Concert(telegraphy.Event):
        audience: int

        class Meta:
            name = "shop.Concert"

    assert described("shop.Concert")["access"] == "authenticated"
    with capture_events() as events:
        Concert(audience=400).publish()
    assert_event(events, "shop.Concert", data={"audience": 400})


def test_a_field_and_a_method_of_one_name_contradict_each_other():
    class Concert(telegraphy.Event):
        audience: int

        class Meta:
            abstract = True

    with pytest.raises(DefinitionError, match=r"'audience'.*rename the field"):

        class Opera(Concert):
            def audience(self) -> list[str]:  # type: ignore[override]
                return []


# -- audience of models


class AudienceTests(TestCase):
    def setUp(self) -> None:
        context = registry.isolated()
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.calls: list[int] = []

    def declare(
        self, audience: Callable[[Document], Any], **attributes: Any
    ) -> ModelDeclaration:
        def method(_self: object, instance: Document) -> Any:
            self.calls.append(instance.owner)
            return audience(instance)

        cls = type(
            "Scoped",
            (ModelEvents,),
            {
                "fields": ["title"],
                "name": "shop.Scoped",
                "audience": method,
                **attributes,
            },
        )
        register(Document)(cls)
        declaration = next(
            one
            for one in registry
            if isinstance(one, ModelDeclaration) and one.declared_in is cls
        )
        self.addCleanup(disconnect, declaration)
        return declaration

    def test_it_is_a_hidden_field_and_a_rule(self):
        self.declare(lambda document: [], access="auth.is_staff")
        scoped = described("shop.Scoped")
        assert scoped["access"] == {
            "rule": "(auth.is_staff) && auth.scopes.exists(s, s in audience)"
        }
        assert scoped["fields"][-1]["name"] == "audience"
        assert scoped["fields"][-1]["hidden"] is True

    def test_every_write_carries_who_has_the_row_and_who_had_it(self):
        self.declare(lambda document: {f"user:{document.owner}", "staff"})
        with capture_events() as events:
            document = Document.objects.create(title="a", owner=7)
            document.owner = 8
            document.save()
            document.delete()
        created, updated, deleted = (one for one in events if one.type == "shop.Scoped")
        assert created.data["audience"] == ["staff", "user:7"]
        assert updated.data["audience"] == ["staff", "user:8"]
        assert updated.changed == ["audience"]
        assert updated.old == {"audience": ["staff", "user:7"]}
        assert deleted.data["audience"] == ["staff", "user:8"]

    def test_it_is_asked_once_for_each_row_of_a_write(self):
        self.declare(lambda document: ["staff"])
        with capture_events():
            document = Document.objects.create(title="a", owner=7)
            assert self.calls == [7]
            document.owner = 8
            document.save()
            assert self.calls == [7, 7, 8]

    def test_the_same_scopes_in_another_order_are_no_change(self):
        orders = iter([["b", "a"], ["a", "b"], ["b", "a", "a"]])
        self.declare(lambda document: next(orders))
        with capture_events() as events:
            document = Document.objects.create(title="a", owner=7)
            document.owner = 8  # which is no field of this declaration
            document.save()
        assert [one.op for one in events if one.type == "shop.Scoped"] == ["create"]

    def test_a_wrong_audience_loses_the_event_and_not_the_save(self):
        self.declare(lambda document: "staff")
        with (
            self.assertLogs("telegraphy", logging.ERROR) as logs,
            capture_events() as events,
        ):
            document = Document.objects.create(title="a", owner=7)
        assert Document.objects.filter(pk=document.pk).exists()
        assert [one for one in events if one.type == "shop.Scoped"] == []
        assert "audience must be a list of str, not str 'staff'" in logs.output[0]

    def test_a_delete_whose_audience_is_not_known_says_nothing_of_it(self):
        self.declare(lambda document: [f"user:{document.owner}"][document.owner - 7 :])
        with capture_events() as events:
            document = Document.objects.create(title="a", owner=7)
            self.calls.clear()
            document.delete()
        deleted = [one for one in events if one.type == "shop.Scoped"][-1]
        assert deleted.data["audience"] == ["user:7"]
        assert self.calls == [7]

    def test_a_relation_that_changes_is_seen_at_the_next_save_and_not_before(self):
        class Tagged(ModelEvents[Everything]):
            fields = ["big"]
            name = "shop.Tagged"

            def audience(self, instance: Everything) -> list[str]:
                return [f"reader:{one.name}" for one in instance.tags.all()]

        register(Everything)(Tagged)
        declaration = next(one for one in registry if one.declared_in is Tagged)
        self.addCleanup(disconnect, declaration)
        with capture_events() as events:
            row = Everything.objects.create()
            row.tags.add(Customer.objects.create(name="ada"))
            row.big = 1
            row.save()
        created, saved = (one for one in events if one.type == "shop.Tagged")
        assert created.data["audience"] == []
        assert saved.data["audience"] == ["reader:ada"]
        assert saved.changed == ["big"]

    def test_contradictions_are_found_by_the_system_check(self):
        for attributes, message in (
            ({"access": telegraphy.PUBLIC}, "audience is never asked"),
            ({"fields": ["title", "audience"]}, "the method audience decides who may"),
            ({"rule_fields": ["audience"]}, "the method audience decides who may"),
            ({"audience": lambda self: []}, "write def audience(self, instance)"),
        ):
            with self.subTest(message):
                cls = type(
                    "Wrong",
                    (ModelEvents,),
                    {
                        "fields": ["title"],
                        "audience": lambda self, instance: [],
                        **attributes,
                    },
                )
                problems = ModelDeclaration(Document, cls(Document)).problems()
                assert [one.id for one in problems] == ["telegraphy.E012"]
                assert message in problems[0].message
