"""`telegraphy.Event`: definition, values, publishing; without Django's help."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NewType, TypedDict
from uuid import UUID

import pytest

import telegraphy
from telegraphy import DefinitionError, Event, InvalidEvent, registry
from telegraphy._fields import field_from_annotation
from telegraphy.backends import DummyBackend, MemoryBackend
from telegraphy.testing import assert_event, capture_events

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypeCheckers


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    with registry.isolated():
        yield


class Colour(enum.Enum):
    RED = "red"
    DARK_GREEN = "green"


class Size(TypedDict):
    width: int


Symbol = NewType("Symbol", str)


# -- definition


def test_annotations_are_fields_in_their_order():
    class PriceChanged(Event):
        symbol: str
        price: Decimal
        previous: Decimal | None = None

    described = PriceChanged.event_type().describe()
    assert described == {
        "name": "test_events.PriceChanged",
        "verbose_name": "price changed",
        "verbose_name_plural": "price changeds",
        "operations": ["event"],
        "access": "authenticated",
        "delivery": "live",
        "ttl_ms": None,
        "fields": [
            {"name": "symbol", "type": "string", "verbose_name": "symbol"},
            {"name": "price", "type": "decimal", "verbose_name": "price"},
            {
                "name": "previous",
                "type": "decimal",
                "nullable": True,
                "verbose_name": "previous",
            },
        ],
    }


@pytest.mark.parametrize(
    ("annotation", "described"),
    [
        (int, {"type": "int"}),
        (float, {"type": "double"}),
        (bool, {"type": "bool"}),
        (dt.datetime, {"type": "timestamp"}),
        (dt.date, {"type": "date"}),
        (dt.timedelta, {"type": "duration"}),
        (UUID, {"type": "uuid"}),
        (dict, {"type": "json"}),
        (dict[str, int], {"type": "json"}),
        (Size, {"type": "json"}),
        (Any, {"type": "json", "nullable": True}),
        (list[UUID], {"type": "list", "items": "uuid"}),
        (list[int] | None, {"type": "list", "items": "int", "nullable": True}),
        (Symbol, {"type": "string"}),
        (Annotated[int, "how many"], {"type": "int", "verbose_name": "how many"}),
        (
            Literal["a", "b", None],
            {
                "type": "string",
                "nullable": True,
                "choices": [{"value": "a", "label": "a"}, {"value": "b", "label": "b"}],
            },
        ),
        (Literal[1], {"type": "int", "choices": [{"value": 1, "label": "1"}]}),
        (
            Colour,
            {
                "type": "string",
                "choices": [
                    {"value": "red", "label": "Red"},
                    {"value": "green", "label": "Dark green"},
                ],
            },
        ),
    ],
)
def test_an_annotation_is_a_type_of_the_protocol(annotation, described):
    field = field_from_annotation("x", annotation)
    assert field.describe() == {"name": "x", "verbose_name": "x", **described}


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (object, "for any JSON value write Any"),
        (bytes, "bytes have no form in JSON; use str with base64"),
        (dt.time, "no type for a time of day; use str"),
        (list, r"say what the list holds: list\[str\]"),
        (set[str], r"use list\[...\]"),
        (list[list[int]], "a list holds neither lists nor None"),
        (list[int | None], "a list holds neither lists nor None"),
        (int | str, "a field has one type, or that and None"),
        (Literal["a", 1], "choices are all str or all int"),
        (complex, "use int, float, Decimal"),
    ],
)
def test_an_annotation_that_has_no_type_is_refused_with_what_to_write(
    annotation, message
):
    with pytest.raises(DefinitionError, match=message):
        field_from_annotation("x", annotation)


def test_a_wrong_annotation_names_the_class_and_the_field():
    with pytest.raises(DefinitionError, match=r"Wrong: field 'picture': bytes is not"):

        class Wrong(Event):
            picture: bytes


def test_an_annotation_for_type_checkers_only_is_refused_with_the_reason():
    with pytest.raises(DefinitionError, match="not under `if TYPE_CHECKING`"):

        class Wrong(Event):
            price: OnlyForTypeCheckers


@pytest.mark.parametrize("name", ["publish", "event_id", "Meta", "encoded"])
def test_a_field_cannot_have_the_name_of_something_that_events_have(name):
    with pytest.raises(DefinitionError, match=f"cannot be named '{name}'"):
        type("Wrong", (Event,), {"__annotations__": {name: int}, "__module__": __name__})


def test_a_private_annotation_is_refused_and_class_variables_are_no_fields():
    class Right(Event):
        shared: ClassVar[int] = 1
        n: int

    assert [field.name for field in Right.event_type().fields] == ["n"]
    with pytest.raises(DefinitionError, match="'_n' begins with _"):

        class Wrong(Event):
            _n: int


def test_an_unknown_meta_option_names_the_nearest():
    with pytest.raises(
        DefinitionError, match=r"no option 'acess'; did you mean 'access'\?"
    ):

        class Wrong(Event):
            class Meta:
                acess = telegraphy.PUBLIC


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access": True}, "access must be telegraphy.PUBLIC"),
        ({"access": "Public"}, "access 'Public' is not a rule; did you mean 'public'"),
        ({"delivery": "lives"}, "delivery must be one of .* did you mean 'live'"),
        ({"ttl": 5}, "ttl must be a timedelta"),
        ({"ttl": dt.timedelta(0)}, "ttl must be a timedelta"),
        ({"name": "PriceChanged"}, "name must be two or more words joined by dots"),
    ],
)
def test_an_option_with_a_wrong_value_is_refused(options, message):
    with pytest.raises(DefinitionError, match=message):
        type(
            "Wrong", (Event,), {"Meta": type("Meta", (), options), "__module__": __name__}
        )


def test_a_rule_is_an_access():
    class Secret(Event):
        owner: int

        class Meta:
            access = "owner == auth.user_id"

    assert Secret.event_type().describe()["access"] == {"rule": "owner == auth.user_id"}


def test_fields_and_what_concerns_all_are_inherited_but_names_are_not():
    class Base(Event):
        at: dt.datetime
        source: str = "base"

        class Meta:
            abstract = True
            access = telegraphy.PUBLIC
            ttl = dt.timedelta(seconds=1)
            verbose_name = "basis"

    class Child(Base):
        source = "child"
        n: int

        class Meta:
            name = "other.Child"

    class Grandchild(Child):
        class Meta(Child.Meta):
            access = telegraphy.AUTHENTICATED

    child, grandchild = Child.event_type(), Grandchild.event_type()
    assert [field.name for field in child.fields] == ["at", "source", "n"]
    assert child.access == telegraphy.PUBLIC
    assert child.verbose_name == "child"
    assert grandchild.name == "test_events.Grandchild"
    assert grandchild.access == telegraphy.AUTHENTICATED
    assert grandchild.ttl == dt.timedelta(seconds=1)
    event = Grandchild(at=dt.datetime.now(dt.timezone.utc), n=1)
    assert event.source == "child"


def test_an_abstract_event_is_in_no_catalogue_and_has_no_instances():
    class Base(Event):
        class Meta:
            abstract = True

    assert "test_events.Base" not in [one.name for one in registry.types()]
    with pytest.raises(DefinitionError, match="is abstract"):
        Base()
    with pytest.raises(DefinitionError, match="inherit from it"):
        Event()


def test_a_default_must_fit_its_field():
    with pytest.raises(
        DefinitionError, match="the default of n must be an int, not str 'one'"
    ):

        class Wrong(Event):
            n: int = "one"  # type: ignore[assignment]


def test_a_mutable_default_is_each_event_s_own():
    class Tagged(Event):
        tags: list[str] = []

    Tagged().tags.append("x")
    assert Tagged().tags == []


def test_two_types_of_one_name_are_refused_in_the_catalogue():
    class One(Event):
        class Meta:
            name = "shop.Same"

    class Two(Event):
        class Meta:
            name = "shop.Same"

    with pytest.raises(
        DefinitionError, match=r"One and .*Two both declare .* 'shop.Same'"
    ):
        registry.catalogue("shop")


def test_a_class_that_is_loaded_again_replaces_itself():
    for _ in range(2):

        class Reloaded(Event):
            n: int

    names = [one.name for one in registry.types()]
    assert names.count("test_events.Reloaded") == 1


def test_an_application_s_name_is_checked():
    with pytest.raises(DefinitionError, match="not 'My Shop'"):
        registry.catalogue("My Shop")


def test_the_registry_finds_a_type_by_name():
    class Found(Event):
        pass

    assert registry.get("test_events.Found") is Found.event_type()
    assert registry.get("test_events.Lost") is None


# -- values


with registry.isolated():  # other tests count the types of the project

    class Sample(Event):
        n: int
        ratio: float = 0.0
        price: Decimal = Decimal(0)
        name: str = ""
        flag: bool = False
        at: dt.datetime | None = None
        day: dt.date | None = None
        uid: UUID | None = None
        tags: list[str] = []
        colour: Colour = Colour.RED
        extra: Any = None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n": "1"}, "Sample: n must be an int, not str '1'"),
        ({"n": True}, "n must be an int, not bool True"),
        ({"n": None}, "n must not be None: it is not nullable"),
        ({"n": 2**63}, "n must fit in 64 bits, signed; int 9223372036854775808 does not"),
        ({"ratio": math.nan}, "ratio must be a finite float, not float nan"),
        ({"ratio": 10**400}, "ratio must be a finite float"),
        (
            {"price": 18.44},
            r'price must be a Decimal, not float 18.44; write Decimal\("18.44"\)',
        ),
        ({"price": Decimal("NaN")}, "price must be a finite Decimal"),
        ({"price": Decimal("1E+5000")}, "price must be between"),
        ({"name": b"x"}, "name must be a str, not bytes b'x'"),
        ({"name": "\ud800"}, "name must be valid Unicode"),
        ({"flag": 1}, "flag must be True or False, not int 1"),
        ({"at": dt.date(2026, 1, 1)}, "at must be a datetime, not date"),
        ({"day": dt.datetime.now(dt.timezone.utc)}, "day must be a date, not datetime"),
        ({"uid": "x"}, "uid must be a UUID, not str 'x'"),
        ({"tags": "abc"}, "tags must be a list of string, not str 'abc'"),
        ({"tags": ["a", 2]}, r"tags\[1\] must be a str, not int 2"),
        (
            {"colour": "gren"},
            "colour must be one of 'red', 'green', not 'gren'; did you mean",
        ),
        ({"extra": {"a": [object()]}}, r"extra.a\[0\] must be a JSON value, not object"),
        ({"extra": {1: "x"}}, "extra must have strings as keys, not int 1"),
        ({"extra": {"a": math.inf}}, "extra.a must be a finite float"),
        ({"price_": 1}, "Sample has no field 'price_'; did you mean 'price'"),
    ],
)
def test_a_wrong_value_names_the_field_what_came_and_what_is_right(values, message):
    with pytest.raises(InvalidEvent, match=message) as caught:
        Sample(**{"n": 1, **values})
    assert caught.value.member.split(".")[0].split("[")[0] in values


def test_a_missing_field_is_named():
    with pytest.raises(InvalidEvent, match="Sample needs 'n'"):
        Sample()  # type: ignore[call-arg]


def test_values_come_by_keyword_only():
    with pytest.raises(TypeError):
        Sample(1)  # type: ignore[misc]


def test_a_loop_in_a_json_value_is_refused_and_not_followed():
    loop: dict[str, Any] = {}
    loop["again"] = loop
    with pytest.raises(
        (InvalidEvent, RecursionError), match="nested deeper than 29 levels"
    ):
        Sample(n=1, extra=loop)


def test_a_json_value_as_deep_as_allowed_is_as_deep_as_the_gateway_reads():
    deep: Any = 0
    for _ in range(28):
        deep = [deep]
    line = Sample(n=1, extra=deep).encoded().line.decode()
    depth = most = 0
    for character in line:
        depth += (character in "[{") - (character in "]}")
        most = max(most, depth)
    assert most <= 32


def test_an_event_does_not_change():
    event = Sample(n=1, tags=["a"])
    with pytest.raises(AttributeError, match="does not change"):
        event.n = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="does not change"):
        del event.n
    given = ["a"]
    event = Sample(n=1, tags=given)
    given.append("b")
    assert json.loads(event.encoded().line)["data"]["tags"] == ["a"]


def test_events_are_equal_by_their_values_and_shown_with_them():
    assert Sample(n=1) == Sample(n=1)
    assert Sample(n=1) != Sample(n=2)
    assert Sample(n=1) != object()
    assert repr(Sample(n=7)).startswith("Sample(n=7, ratio=0.0, price=Decimal('0')")


def test_an_unknown_attribute_names_the_nearest():
    with pytest.raises(AttributeError, match=r"no field 'prise'; did you mean 'price'\?"):
        Sample(n=1).prise  # noqa: B018


def test_an_event_can_be_copied_and_pickled():
    import copy
    import pickle

    event = Sample(n=1)
    for twin in (
        copy.copy(event),
        copy.deepcopy(event),
        pickle.loads(pickle.dumps(event)),
    ):
        assert twin == event
        assert twin.event_id == event.event_id


def test_an_event_that_is_too_large_is_refused():
    with pytest.raises(InvalidEvent, match="1,048,576 is the most"):
        Sample(n=1, name="x" * 2**20).encoded()


# -- publishing


def test_an_event_is_published_with_its_id_and_time():
    event = Sample(n=1)
    with capture_events() as events:
        event.publish()
        event.publish()
    assert [one.id for one in events] == [event.event_id] * 2
    document = json.loads(event.encoded().line)
    assert document["time"].endswith("Z")
    assert document["op"] == "event"


def test_an_id_of_one_s_own_replaces_the_event_s():
    with capture_events() as events:
        Sample(n=1).publish(event_id="task-7")
        with pytest.raises(InvalidEvent, match="event_id must be 1 to 64 characters"):
            Sample(n=1).publish(event_id="no blanks")
    assert [one.id for one in events] == ["task-7"]


def test_assert_event_shows_what_there_was_instead():
    with capture_events() as events:
        Sample(n=1).publish()
    assert assert_event(events, "test_events.Sample", data={"n": 1}).op == "event"
    with pytest.raises(
        AssertionError, match=r"0 events are .*; there were:\n  test_events"
    ):
        assert_event(events, "test_events.Sample", data={"n": 2})


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PLAIN = """
import asyncio, sys, telegraphy
from telegraphy.backends import MemoryBackend
from telegraphy.testing import capture_events
class Tick(telegraphy.Event):
    n: int
"""


def test_without_django_events_go_to_the_configured_backend():
    run_python(
        PLAIN
        + """
backend = telegraphy.configure(backend=MemoryBackend())
Tick(n=1).publish()
asyncio.run(Tick(n=2).apublish())
assert [one.document()["data"]["n"] for one in backend.events] == [1, 2]
with capture_events() as events:
    Tick(n=3).publish()
assert len(events) == 1 and len(backend.events) == 2
assert Tick.event_type().name == "main.Tick"
assert not any(name.split(".")[0] == "django" for name in sys.modules)
try:
    Tick(n=4).publish(using="default")
except TypeError as error:
    assert "names a database of Django" in str(error)
else:
    raise AssertionError
"""
    )


def test_without_configuration_publishing_says_what_to_do():
    run_python(
        PLAIN
        + """
try:
    Tick(n=1).publish()
except telegraphy.NotConfigured as error:
    assert "telegraphy.configure(key=...)" in str(error)
else:
    raise AssertionError
"""
    )


def test_configure_wants_a_backend_or_its_options_not_both():
    with pytest.raises(TypeError, match="give a backend, or the key"):
        telegraphy.configure(backend=DummyBackend(), key="x")


def test_the_memory_backend_keeps_so_many_and_counts_the_rest():
    backend = MemoryBackend(events_max=2)
    for n in range(3):
        backend.publish([Sample(n=n).encoded()])
    assert [one.document()["data"]["n"] for one in backend.events] == [1, 2]
    assert (backend.stats.accepted, backend.stats.lost) == (3, 1)
    backend.clear()
    assert backend.events == []


def test_the_dummy_backend_forgets():
    backend = DummyBackend()
    backend.publish([Sample(n=1).encoded()])
    backend.close()
    assert backend.flush()
    assert backend.stats == telegraphy.Stats()


def test_naive_datetimes_are_refused_without_django():
    run_python(
        PLAIN
        + """
import datetime
class At(telegraphy.Event):
    at: datetime.datetime
try:
    At(at=datetime.datetime(2026, 1, 1))
except telegraphy.InvalidEvent as error:
    assert "at must be an aware datetime" in str(error), error
else:
    raise AssertionError
"""
    )


def test_with_django_a_naive_datetime_is_in_the_current_zone():
    event = Sample(n=1, at=dt.datetime(2026, 7, 1, 12))  # in Zurich
    assert json.loads(event.encoded().line)["data"]["at"] == "2026-07-01T10:00:00.000000Z"


# -- rules


def test_fields_for_rules_alone_are_hidden():
    class Whisper(telegraphy.Event):
        text: str
        to: int

        class Meta:
            rule_fields = ["to"]
            access = telegraphy.Q(to=telegraphy.auth.user_id)

    described = Whisper.event_type().describe()
    assert described["access"] == {"rule": "to == auth.user_id"}
    assert [field.get("hidden", False) for field in described["fields"]] == [False, True]
    event = Whisper(text="psst", to=7)
    assert event.to == 7
    assert event.encoded().document()["data"] == {"text": "psst", "to": 7}


def test_a_hidden_field_stays_hidden_in_classes_that_inherit_it():
    class Private(telegraphy.Event):
        owner: int

        class Meta:
            abstract = True
            rule_fields = ["owner"]

    class Letter(Private):
        text: str

    class Parcel(Private):
        owner: int | None = None
        weight: int

        class Meta:
            rule_fields = ["weight"]

    def hidden(cls: type[telegraphy.Event]) -> set[str]:
        return {field.name for field in cls.event_type().fields if field.hidden}

    assert hidden(Letter) == {"owner"}
    assert hidden(Parcel) == {"owner", "weight"}


@pytest.mark.parametrize(
    ("rule_fields", "reason"),
    [
        (["ownr"], "rule_fields names 'ownr', which is no field; did you mean 'owner'?"),
        ("owner", "must be a list of names, not 'owner'; write ['owner']"),
        ("__all__", "every field must be named"),
    ],
)
def test_wrong_fields_for_rules_are_named(rule_fields, reason):
    meta = type("Meta", (), {"rule_fields": rule_fields})
    with pytest.raises(DefinitionError, match=re.escape(reason)):

        class Wrong(telegraphy.Event):
            owner: int
            Meta = meta


# -- the façade


def test_the_facade_is_complete():
    for module in (telegraphy, telegraphy.backends, telegraphy.testing):
        public = {
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and getattr(value, "__module__", module.__name__).startswith("telegraphy")
            and (isinstance(value, (type, str)) or callable(value))
        }
        public -= {"settle"} if module is telegraphy.testing else set()
        defined = {
            name
            for name in public
            if module is telegraphy
            or vars(module)[name].__module__.startswith(module.__name__)
        }
        assert defined <= set(module.__all__), module.__name__
        assert all(hasattr(module, name) for name in module.__all__)
        assert len(set(module.__all__)) == len(module.__all__)


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert telegraphy.__version__ == version("telegraphy")
