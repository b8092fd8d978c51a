"""System checks: each finds its mistake, says where, and what would be right."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import models

import telegraphy
from project.shop.models import (
    Customer,
    Document,
    Everything,
    Follower,
    Line,
    Order,
    Restaurant,
    Seat,
)
from telegraphy import Q, auth, registry
from telegraphy.django import ModelEvents, _model_events, register
from telegraphy.django._binary import BinaryNotFound, find_binary
from telegraphy.django._declaration import ModelDeclaration, silent_effect
from telegraphy.django._signals import disconnect

if TYPE_CHECKING:
    from somewhere import OnlyForTypeCheckers


@pytest.fixture(autouse=True)
def _only_what_the_test_declares() -> Iterator[None]:
    with registry.isolated():
        for declaration in registry:
            registry.remove(declaration)
        _model_events._classes.clear()
        yield
        declared = [one for one in registry if isinstance(one, ModelDeclaration)]
    for declaration in declared:
        disconnect(declaration)


def messages(**options: Any) -> list[CheckMessage]:
    # By tag: some of Django's own checks want a database.
    found = run_checks(tags=["telegraphy", "security"], **options)
    return [one for one in found if str(one.id).startswith("telegraphy.")]


def the_message(**options: Any) -> CheckMessage:
    found = messages(**options)
    assert len(found) == 1, found
    return found[0]


def declare(model: type[models.Model], **attributes: Any) -> type[ModelEvents[Any]]:
    cls = type("Declared", (ModelEvents,), {"__module__": __name__, **attributes})
    return register(model)(cls)


def test_a_right_declaration_has_nothing_to_say():
    declare(Order, fields=["number", "total"], operations=["create"])
    assert messages() == []


# -- declarations


@pytest.mark.parametrize("fields", [None, [], "number", ["number", 1], {"number": 1}])
def test_fields_must_be_said(fields):
    attributes = {} if fields is None else {"fields": fields}
    declare(Order, **attributes)
    message = the_message()
    assert message.id == "telegraphy.E003"
    assert "test_checks.Declared must say which fields of shop.Order" in message.msg
    assert message.hint


def test_all_fields_is_a_warning():
    declare(Customer, fields="__all__")
    message = the_message()
    assert message.id == "telegraphy.W001"
    assert message.level < 40
    assert [field.name for field in registry.types()[0].fields] == ["id", "name"]


def test_an_unknown_field_names_the_nearest():
    declare(Order, fields=["numbre"], operations=["create"])
    message = the_message()
    assert message.id == "telegraphy.E004"
    assert "shop.Order has no field 'numbre'; did you mean 'number'?" in message.msg


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("blob", "field 'blob': bytes have no form in JSON"),
        ("tags", "field 'tags': it has no column of its own"),
    ],
)
def test_a_field_without_a_type_in_events_is_refused(field, reason):
    declare(Everything, fields=[field])
    message = the_message()
    assert message.id == "telegraphy.E005"
    assert reason in message.msg
    assert f"def {field}(self, instance) -> str" in message.hint


def test_a_relation_from_the_other_side_is_refused():
    declare(Customer, fields=["order"])
    assert the_message().id == "telegraphy.E005"


def test_two_declarations_of_one_name_are_refused():
    declare(Order, fields=["number"], operations=["create"])

    class Other(telegraphy.Event):
        class Meta:
            name = "shop.Order"

    message = the_message()
    assert message.id == "telegraphy.E006"
    assert "both declare the event type 'shop.Order'" in message.msg


def test_an_unknown_option_names_the_nearest():
    declare(Customer, fields=["name"], acces=telegraphy.PUBLIC, helper=lambda self: None)
    message = the_message()
    assert message.id == "telegraphy.E007"
    assert "there is no option 'acces'; did you mean 'access'?" in message.msg


# -- rule_fields and access


def test_fields_for_rules_are_hidden_in_the_catalogue():
    def size(self: Any, instance: Document) -> int:
        return 1

    declare(Document, fields=["title"], rule_fields=["owner", "size"], size=size)
    assert messages() == []
    [declared] = registry.types()
    fields = declared.describe()["fields"]
    assert [field["name"] for field in fields] == ["id", "title", "owner", "size"]
    assert [field.get("hidden") for field in fields] == [None, None, True, True]


def test_a_method_for_rules_says_what_it_returns_too():
    declare(
        Document,
        fields=["title"],
        rule_fields=["size"],
        size=lambda self, instance: 1,
    )
    assert the_message().id == "telegraphy.E010"


@pytest.mark.parametrize(
    ("fields", "rule_fields"),
    [
        (["title", "owner"], ["owner"]),
        ("__all__", ["owner"]),
        (["title"], ["id"]),
        (["title"], ["pk"]),
    ],
)
def test_what_subscribers_see_is_not_for_rules_alone(fields, rule_fields):
    declare(Document, fields=fields, rule_fields=rule_fields)
    message = next(one for one in messages() if one.id != "telegraphy.W001")
    assert message.id == "telegraphy.E011"
    assert f"rule_fields names {rule_fields[0]!r}, which subscribers see" in message.msg
    assert "the primary key is always sent" in message.hint


def test_a_foreign_key_is_one_field_under_both_of_its_names():
    declare(Order, fields=["customer"], rule_fields=["customer_id"])
    assert "telegraphy.E011" in {one.id for one in messages()}


@pytest.mark.parametrize(
    ("rule_fields", "number", "reason"),
    [
        ("__all__", "E008", "not '__all__'; every field must be named"),
        (
            "owner",
            "E008",
            "rule_fields must be a list of names, not 'owner'; write ['own",
        ),
        ([1], "E008", "rule_fields must be a list of names, not [1]"),
        (None, "E008", "rule_fields must be a list of names, not None"),
        (["ownr"], "E004", "shop.Document has no field 'ownr'; did you mean 'owner'?"),
    ],
)
def test_wrong_fields_for_rules_are_named(rule_fields, number, reason):
    declare(Document, fields=["title"], rule_fields=rule_fields)
    message = the_message()
    assert message.id == f"telegraphy.{number}"
    assert reason in message.msg


@pytest.mark.parametrize(
    "access",
    [
        "owner == auth.user_id",
        telegraphy.Q(owner=telegraphy.auth.user_id),
        telegraphy.auth.is_staff,
        # Longer than the gateway takes by default: `queries.bytes_max` is its own affair.
        telegraphy.Q(owner__in=list(range(1_000))),
    ],
)
def test_a_rule_is_text_a_query_or_a_claim(access):
    declare(Document, fields=["title"], rule_fields=["owner"], access=access)
    assert [one for one in messages() if one.id != "telegraphy.W007"] == []
    [declared] = registry.types()
    assert declared.describe()["access"] == {"rule": str(access)}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"operations": ["creat"]}, "'creat'; did you mean"),
        ({"operations": []}, "operations must be a list"),
        ({"operations": "create"}, "operations must be a list"),
        ({"access": None}, "access must be"),
        ({"access": "  "}, "or a rule (a string or a telegraphy.Q), not '  '"),
        ({"access": telegraphy.Q()}, "access: an empty Q() is no query"),
        ({"access": telegraphy.auth}, "access: `auth` is all claims of a client"),
        ({"access": models.Q(a=1)}, "(a string or a telegraphy.Q), not <Q:"),
        ({"access": "x == " + "1" * 65_536}, "65,541 bytes; 65,536 is the most"),
        ({"delivery": "alive"}, "did you mean 'live'"),
        ({"ttl": 3}, "ttl must be a timedelta"),
        ({"name": "Order"}, "name must be two or more words"),
    ],
)
def test_an_option_with_a_wrong_value_is_named(options, reason):
    if reason.startswith("'creat'"):
        reason = "not ['creat']; did you mean 'create'?"
    declare(Customer, fields=["name"], **options)
    message = the_message()
    assert message.id == "telegraphy.E008"
    assert reason in message.msg


def test_what_the_gateway_would_refuse_is_found_before():
    declare(Customer, fields=["name"], name="shop." + "x" * 130)
    message = the_message()
    assert message.id == "telegraphy.E009"
    assert "at most 128 characters" in message.msg


def test_a_method_must_say_what_it_returns():
    def silent(self, instance):
        return "x"

    def wrong(self, instance) -> bytes:
        return b"x"

    def unread(self, instance) -> OnlyForTypeCheckers:
        return "x"

    declare(
        Customer,
        fields=["silent", "wrong", "unread"],
        silent=silent,
        wrong=wrong,
        unread=unread,
    )
    found = messages()
    assert {one.id for one in found} == {"telegraphy.E010"}
    assert "def silent(self, instance) -> str" in found[0].msg
    assert "bytes have no form in JSON" in found[1].msg
    assert "not under `if TYPE_CHECKING`" in found[2].msg


def test_a_method_may_take_what_only_type_checkers_know():
    def shout(self, instance: OnlyForTypeCheckers) -> str:
        return instance.name

    declare(Customer, fields=["shout"], shout=shout)
    assert messages() == []


@pytest.mark.parametrize(
    ("model", "field", "operations", "expected"),
    [
        (Order, "customer", ["update"], True),
        (Order, "customer", ["create"], False),
        (Order, "number", ["update"], False),
        (Line, "order", ["update", "delete"], False),
    ],
)
def test_a_relation_that_rewrites_rows_silently_is_a_warning(
    model, field, operations, expected
):
    declare(model, fields=[field], operations=operations)
    found = [message for message in messages() if message.id == "telegraphy.W002"]
    assert bool(found) is expected
    for message in found:
        assert "deleting a shop.Customer will update rows of shop.Order" in message.msg


def test_what_each_on_delete_does_without_a_signal():
    assert silent_effect(models.CASCADE) is None
    assert silent_effect(models.PROTECT) is None
    assert silent_effect(models.SET_NULL) == "update"
    assert silent_effect(models.SET_DEFAULT) == "update"
    assert silent_effect(models.SET(1)) == "update"
    assert silent_effect(models.DO_NOTHING) is None
    for name, effect in (
        ("DB_CASCADE", "delete"),
        ("DB_SET_NULL", "update"),
        ("DB_SET_DEFAULT", "update"),
    ):
        if hasattr(models, name):  # since Django 6.1
            assert silent_effect(getattr(models, name)) == effect


def test_fields_of_a_parent_s_table_are_a_warning():
    declare(Restaurant, fields=["name", "stars"])
    message = the_message()
    assert message.id == "telegraphy.W004"
    assert "saving a shop.Place itself changes fields of shop.Restaurant" in message.msg


def test_a_composite_key_is_no_problem():
    declare(Seat, fields=["taken", "row", "pk"])
    assert messages() == []
    assert registry.types()[0].key == ("row", "number")


def test_options_are_inherited():
    class Base(ModelEvents[Any]):
        fields = ["name"]
        operations = ["create"]
        access = telegraphy.PUBLIC

    class Derived(Base):
        operations = ["delete"]
        verbose_name = "client"

    register(Customer)(Derived)
    [one] = registry.types()
    assert (one.operations, one.access) == (("delete",), telegraphy.PUBLIC)
    assert (one.verbose_name, one.verbose_name_plural) == ("client", "clients")


def test_a_wrong_declaration_is_logged_where_no_checks_run(caplog):
    declare(Follower, fields=["nothing"])
    assert "no events of shop.Follower: test_checks.Declared" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["manage.py", "runserver", "8001"], True),
        (["/x/manage.py", "telegraphy"], True),
        (["manage.py", "telegraphy", "--skip-checks"], False),
        (["manage.py", "shell"], False),
        (["manage.py"], False),
        (["gunicorn", "check"], False),
    ],
)
def test_it_is_not_logged_beside_the_checks_that_tell(
    monkeypatch, caplog, arguments, told
):
    monkeypatch.setattr("sys.argv", arguments)
    declare(Follower, fields=["nothing"])
    assert (caplog.text == "") is told


@pytest.mark.parametrize(
    ("register_it", "message"),
    [
        (lambda: register(), "needs the model"),
        (lambda: register(Bare), r"write @register\(Order\) before Bare"),
        (lambda: register("shop.Order"), "takes model classes, not 'shop.Order'"),
        (lambda: register(models.Model), "models with a table"),
        (lambda: register(Order)(object), "is for subclasses of ModelEvents"),
    ],
)
def test_register_says_what_it_takes(register_it: Callable[[], object], message: str):
    class AbstractModel(models.Model):
        class Meta:
            abstract = True
            app_label = "shop"

    if "table" in message:
        with pytest.raises(TypeError, match="AbstractModel is abstract"):
            register(AbstractModel)
    else:
        with pytest.raises(TypeError, match=message):
            register_it()


class Bare(ModelEvents[Any]):
    pass


def test_a_class_with_fields_that_nobody_registered_is_a_warning():
    class Base(ModelEvents[Any]):
        fields = ["number"]
        operations = ["create"]

    class Registered(Base):
        pass

    class Forgotten(ModelEvents[Any]):
        fields = ["number"]

    register(Order)(Registered)
    message = the_message()
    assert message.id == "telegraphy.W005"
    assert "Forgotten has fields, and is registered for no model" in message.msg
    assert "@register(Order)" in str(message.hint)


def test_a_browser_script_that_is_not_built_is_a_warning(settings, tmp_path):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.staticfiles"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [str(tmp_path)]
    message = the_message()
    assert message.id == "telegraphy.W006"
    assert "make build" in str(message.hint)
    (tmp_path / "telegraphy").mkdir()
    (tmp_path / "telegraphy" / "telegraphy.js").write_text("")
    assert messages() == []


# -- rules, which the gateway's program judges


def real_gateway() -> str | None:
    try:
        return find_binary()
    except BinaryNotFound:
        return None


needs_gateway = pytest.mark.skipif(
    real_gateway() is None, reason="the gateway is not built"
)


@needs_gateway
@pytest.mark.parametrize(
    ("rule", "message", "hint"),
    [
        (
            "ownr == auth.user_id",
            'there is no field or variable "ownr" at line 1, column 1: '
            '"ownr == auth.user_id"; did you mean owner?',
            None,
        ),
        (
            "owner == auth.user_id &&\n  shared_with == 1",
            'there is no field or variable "shared_with" at line 2, column 3: "sha',
            'shop.Document has "shared_with": add it to rule_fields.',
        ),
        ("owner = 1", '"=" is no operator; did you mean "=="? at line 1, column 7', None),
        (Q(old__owner=1), "at line 1, column 1", None),
        (Q(nobody=1), 'no field or variable "nobody" at line 1, column 1', None),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(rule, message, hint):
    declare(Document, fields=["title"], rule_fields=["owner"], access=rule)
    found = the_message()
    assert found.id == "telegraphy.E009"
    assert found.msg.startswith("test_checks.Declared: access: ")
    assert message in found.msg
    assert found.hint == hint


@needs_gateway
@pytest.mark.parametrize(
    ("rule", "rule_fields"),
    [
        ("customer.name == auth.user_id", []),
        ("customer.name == auth.user_id", ["customer"]),
        ("customer__name == auth.user_id", []),
        (Q(customer__name=auth.user_id), []),
    ],
)
def test_a_rule_that_looks_at_another_table_is_shown_how(rule, rule_fields):
    declare(
        Order,
        fields=["number"],
        operations=["create"],
        rule_fields=rule_fields,
        access=rule,
    )
    hint = str(the_message().hint)
    assert 'rule_fields = ["customer_name"]' in hint
    assert "def customer_name(self, instance) -> " in hint

    def customer_name(self, instance) -> str:
        return instance.customer.name

    [before] = registry
    registry.remove(before)
    declare(
        Order,
        fields=["number"],
        operations=["create"],
        rule_fields=["customer_name"],
        access="customer_name == auth.user_id",
        customer_name=customer_name,
    )
    assert messages() == []


@needs_gateway
def test_a_column_has_the_name_that_the_class_gave_it():
    declare(
        Order,
        fields=["number"],
        operations=["create"],
        rule_fields=["customer"],
        access="customer_id == auth.user_id",
    )
    message = the_message()
    assert 'no field or variable "customer_id" at line 1, column 1' in message.msg
    assert message.hint == "Here it is called customer: write that."


@needs_gateway
def test_every_wrong_rule_is_told_by_asking_once(monkeypatch):
    declare(Document, fields=["title"], access="titl == 'a'")
    declare(Customer, fields=["name"], access="nam == 'a'")
    declare(Order, fields=["number"], operations=["create"], access="number == 'a'")
    asked = []
    run = subprocess.run

    def counting(command, **options):
        asked.append(command[1])
        return run(command, **options)

    monkeypatch.setattr("subprocess.run", counting)
    found = sorted(str(one.msg) for one in messages())
    assert [re.findall("did you mean (.*)", one) for one in found] == [
        ["name?"],
        ["title?"],
    ]
    assert asked.count("check") == 1


@needs_gateway
def test_what_the_gateway_may_be_told_to_allow_is_a_warning(settings):
    declare(Document, fields=["title"], access="title.matches('a+')")
    message = the_message()
    assert message.id == "telegraphy.W007"
    assert '"matches" is not allowed by this gateway' in message.msg
    assert "at line 1, column 7" in message.msg
    settings.TELEGRAPHY = {"GATEWAY": {"queries": {"matches": True}}}
    assert messages() == []


@needs_gateway
@pytest.mark.parametrize(
    "rule",
    [
        Q(title__in=["x" * 5_000]),
        " || ".join(["title == 'x'"] * 90),
        "(" * 40 + "title == 'x'" + ")" * 40,
        f"title in [{', '.join(['1'] * 1_001)}]".replace("1", "''"),
    ],
)
def test_limits_of_the_gateway_may_be_others(rule):
    declare(Document, fields=["title"], access=rule)
    assert the_message().id == "telegraphy.W007"


def test_without_the_program_rules_are_said_to_be_not_judged(settings, monkeypatch):
    declare(Document, fields=["title"], access="titl == 'a'")
    monkeypatch.setenv("TELEGRAPHY_BINARY", "/nothing/telegraphy")
    message = the_message()
    assert message.id == "telegraphy.I001"
    assert message.level < 30
    assert "access rules are not judged: the environment variable" in message.msg
    registry.remove(next(iter(registry)))
    declare(Document, fields=["title"], access=telegraphy.PUBLIC)
    assert messages() == [], "nothing is to be judged"


# -- settings


@pytest.mark.parametrize(
    ("given", "id_", "reason"),
    [
        ({"BACKND": "x"}, "E001", "no setting 'BACKND'; did you mean 'BACKEND'?"),
        ("x", "E002", "TELEGRAPHY must be a dict, not 'x'"),
        (
            {"CLIENT_PORT": "1844"},
            "E002",
            "TELEGRAPHY['CLIENT_PORT'] must be a whole number, not",
        ),
        (
            {"CLIENT_PORT": True},
            "E002",
            "TELEGRAPHY['CLIENT_PORT'] must be a whole number, not",
        ),
        ({"CLIENT_PORT": 70_000}, "E002", "must be between 1 and 65535, not 70000"),
        ({"APP": "My Shop"}, "E002", "TELEGRAPHY['APP'] must be 1 to 64 of a-z"),
        ({"INGEST_KEY": "short"}, "E002", "must be 16 to 256 printable"),
        ({"INGEST_KEY": "with,comma-and-so-on"}, "E002", "must be 16 to 256 printable"),
        ({"ENDPOINT": "http://x"}, "E002", "must be like 'ipc:///run"),
        ({"ENDPOINT": "tcp://127.0.0.1"}, "E002", "must end with a port"),
        ({"ENDPOINT": "ipc:///" + "x" * 120}, "E002", "is a path of 121 bytes"),
        ({"CLIENT_URL": "https://x"}, "E002", "must be like 'wss://live"),
        ({"BACKEND": "nowhere.Backend"}, "E002", "cannot be imported"),
        ({"BACKEND": "decimal.Decimal"}, "E002", "must be a subclass of BaseBackend"),
        (
            {"OPTIONS": {"queue_mx": 1}},
            "E002",
            "names 'queue_mx', which telegraphy.backends.ZeroMQBackend does not have; "
            "did you mean 'queue_max'?",
        ),
        (
            {"BACKEND": "telegraphy.backends.DummyBackend", "OPTIONS": {"a": 1}},
            "E002",
            "do not fit telegraphy.backends.DummyBackend",
        ),
        ({"OPTIONS": {"queue_max": 0}}, "E002", "queue_max must be 1 or more, not 0"),
    ],
)
def test_a_wrong_setting_is_named(settings, given, id_, reason):
    settings.TELEGRAPHY = given
    message = the_message()
    assert message.id == f"telegraphy.{id_}"
    assert reason in message.msg


def test_the_key_is_in_no_message(settings):
    settings.TELEGRAPHY = {"INGEST_KEY": "secret"}
    assert "secret" not in str(the_message())


def test_a_database_without_autocommit_is_a_warning(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "AUTOCOMMIT", False)
    message = the_message()
    assert message.id == "telegraphy.W003"
    assert "'default' has AUTOCOMMIT off" in message.msg


@pytest.mark.parametrize("url", ["wss://live.example.com", "wss://live.example.com/"])
def test_an_address_without_a_path_is_a_warning(settings, url):
    settings.TELEGRAPHY = {"CLIENT_URL": url}
    message = the_message()
    assert message.id == "telegraphy.W019"
    assert url in message.msg
    assert "/v1/websocket" in message.hint


def test_an_address_without_tls_is_a_warning_before_deployment_only(settings):
    settings.TELEGRAPHY = {"CLIENT_URL": "ws://live.example.com/v1/websocket"}
    assert messages() == []
    assert the_message(include_deployment_checks=True).id == "telegraphy.W010"
    settings.TELEGRAPHY = {"CLIENT_URL": "wss://live.example.com/v1/websocket"}
    assert messages(include_deployment_checks=True) == []


@pytest.mark.parametrize(
    "gateway", [{"testing.claims": True}, {"testing": {"claims": True}}]
)
def test_believing_clients_is_a_warning_before_deployment_only(settings, gateway):
    settings.TELEGRAPHY = {"GATEWAY": gateway}
    assert messages() == []
    assert the_message(include_deployment_checks=True).id == "telegraphy.W011"
    settings.TELEGRAPHY = {"GATEWAY": {"testing": {"claims": False}}}
    assert messages(include_deployment_checks=True) == []
