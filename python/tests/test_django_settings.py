"""The setting TELEGRAPHY, and what follows from it."""

from __future__ import annotations

import asyncio
import logging
import os
from decimal import Decimal

import pytest
from django.db import connections, transaction

import telegraphy
from project.shop.events import PriceChanged
from telegraphy import current_backend
from telegraphy.backends import DummyBackend, MemoryBackend, ZeroMQBackend
from telegraphy.django import _courier
from telegraphy.django._naming import sanitised
from telegraphy.django.conf import conf
from telegraphy.testing import capture_events

PRICE = PriceChanged(symbol="TG", price=Decimal("18.44"))


def address():
    """Where pages look for the gateway."""
    config = conf.page_config()
    return {name: config[name] for name in ("url", "port", "path")}


def test_nothing_has_to_be_set(settings, monkeypatch):
    monkeypatch.delenv("TELEGRAPHY_RUNTIME_DIR", raising=False)
    del settings.TELEGRAPHY
    assert conf.app == "project"
    assert conf.endpoint == f"ipc:///tmp/telegraphy-{os.getuid()}/ingest-1845.ipc"
    assert address() == {"url": None, "port": 1844, "path": "/v1/websocket"}
    assert len(conf.ingest_key) == 64
    assert isinstance(current_backend(), ZeroMQBackend)


def test_the_key_follows_from_the_secret_key_and_does_not_show_it(settings):
    first = conf.ingest_key
    assert first == conf.ingest_key
    settings.SECRET_KEY = "another"
    assert conf.ingest_key != first
    assert "another" not in conf.ingest_key


def test_the_endpoint_follows_the_port_and_the_runtime_directory(settings, monkeypatch):
    monkeypatch.setenv("TELEGRAPHY_RUNTIME_DIR", "/run/telegraphy")
    settings.TELEGRAPHY = {"INGEST_PORT": 2000}
    assert conf.endpoint == "ipc:///run/telegraphy/ingest-2000.ipc"
    settings.TELEGRAPHY = {"ENDPOINT": "tcp://127.0.0.1:9"}
    assert conf.endpoint == "tcp://127.0.0.1:9"


def test_an_address_that_is_set_is_what_pages_use(settings):
    settings.TELEGRAPHY = {"CLIENT_URL": "wss://live.example.com/x"}
    assert address() == {
        "url": "wss://live.example.com/x",
        "port": None,
        "path": None,
    }


def test_none_is_the_default(settings):
    settings.TELEGRAPHY = {"APP": None, "CLIENT_PORT": None}
    assert (conf.app, conf.client_port) == ("project", 1844)


@pytest.mark.parametrize(
    ("module", "app"),
    [
        ("board.settings", "board"),
        ("My.Shop", "my"),
        ("süß.urls", "s-"),
        ("", "django"),
        ("x" * 80, "x" * 64),
    ],
)
def test_the_application_s_name_comes_from_the_project_s(module, app):
    assert sanitised(module) == app


def test_a_changed_setting_changes_the_backend(settings):
    settings.TELEGRAPHY = {"BACKEND": "telegraphy.backends.DummyBackend"}
    assert isinstance(current_backend(), DummyBackend)
    settings.TELEGRAPHY = {
        "BACKEND": "telegraphy.backends.MemoryBackend",
        "OPTIONS": {"events_max": 1},
    }
    backend = current_backend()
    assert isinstance(backend, MemoryBackend)
    PRICE.publish()
    PRICE.publish()
    assert backend.stats.lost == 1


def test_a_backend_that_cannot_be_made_breaks_nobody(settings, caplog):
    settings.TELEGRAPHY = {"BACKEND": "nowhere.Backend"}
    with caplog.at_level(logging.ERROR, "telegraphy"):
        PRICE.publish()
        _courier.count_lost()
    assert "an event of type shop.PriceChanged was lost" in caplog.text


# -- custom events and transactions


def test_a_custom_event_is_named_after_its_app():
    assert PriceChanged.event_type().name == "shop.PriceChanged"


def test_a_custom_event_needs_no_database():
    # pytest-django forbids databases here: to ask one about a transaction would raise.
    with capture_events() as events:
        PRICE.publish()
        assert [event.data for event in events] == [{"symbol": "TG", "price": "18.44"}]


@pytest.mark.django_db(transaction=True)
def test_a_custom_event_waits_for_the_commit():
    with capture_events() as events:
        with transaction.atomic():
            PRICE.publish()
            assert events == []
        assert len(events) == 1


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_a_custom_event_may_name_the_database_that_it_waits_for():
    with capture_events() as events, transaction.atomic(using="other"):
        PRICE.publish()
        assert len(events) == 1
        PRICE.publish(using="other")
        assert len(events) == 1
    assert len(events) == 2


@pytest.mark.django_db
def test_a_custom_event_is_captured_in_a_test_s_transaction():
    with capture_events() as events:
        PRICE.publish()
        with pytest.raises(ValueError, match="undo"), transaction.atomic():
            publish_and_fail()
    assert len(events) == 1


def publish_and_fail() -> None:
    PRICE.publish()
    raise ValueError("undo")


def test_other_callbacks_of_the_transaction_are_left_alone(db):
    called = []
    with capture_events():
        transaction.on_commit(lambda: called.append(1))
    assert called == []


def test_asynchronous_code_publishes_too():
    async def main() -> None:
        await PRICE.apublish()
        PRICE.publish()

    with capture_events() as events:
        asyncio.run(main())
    assert len(events) == 2


@pytest.mark.django_db(transaction=True)
def test_without_autocommit_an_event_is_lost_and_counted_and_nothing_breaks(caplog):
    with capture_events() as events, caplog.at_level(logging.ERROR, "telegraphy"):
        backend = current_backend()
        transaction.set_autocommit(False)
        try:
            PRICE.publish()
            transaction.rollback()
        finally:
            transaction.set_autocommit(True)
    assert events == []
    assert backend.stats.lost == 1
    assert "AUTOCOMMIT off" in caplog.text


def test_autocommit_of_a_database_not_yet_connected_is_read_from_its_settings():
    assert not _courier.is_manual("default")
    connection = connections["default"]
    before = connection.connection, connection.settings_dict["AUTOCOMMIT"]
    connection.connection, connection.settings_dict["AUTOCOMMIT"] = None, False
    try:
        assert _courier.is_manual("default")
    finally:
        connection.connection, connection.settings_dict["AUTOCOMMIT"] = before


def test_django_s_events_module_is_found_by_itself():
    assert telegraphy.registry.get("shop.PriceChanged") is PriceChanged.event_type()
