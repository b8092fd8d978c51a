"""Saves: what they send, and what they do not."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from project.shop.models import (
    Customer,
    Document,
    Everything,
    Follower,
    Line,
    OpenOrder,
    Order,
    Place,
    Restaurant,
    Seat,
    Ticket,
    Tower,
)
from telegraphy import current_backend
from telegraphy.django import muted
from telegraphy.testing import assert_event, capture_events


class Undone(Exception):
    pass


def create_and_fail(number: str) -> None:
    Order.objects.create(number=number)
    raise Undone


class CommitTests(TransactionTestCase):
    """With real transactions."""

    databases = {"default", "other"}

    def test_event_waits_for_commit(self):
        with capture_events() as events:
            with transaction.atomic():
                Order.objects.create(number="1")
                assert events == []
            assert [event.op for event in events] == ["create"]

    def test_without_a_transaction_the_event_is_sent_at_once(self):
        with capture_events() as events:
            Order.objects.create(number="1")
            assert [event.op for event in events] == ["create"]

    def test_a_rolled_back_transaction_sends_nothing(self):
        with capture_events() as events:
            with pytest.raises(Undone), transaction.atomic():
                create_and_fail("1")
            assert events == []

    def test_a_rolled_back_savepoint_sends_nothing(self):
        with capture_events() as events:
            with transaction.atomic():
                Order.objects.create(number="kept")
                with pytest.raises(Undone), transaction.atomic():
                    create_and_fail("undone")
            assert [event.data["number"] for event in events] == ["kept"]

    def test_the_transaction_is_that_of_the_database_which_was_written(self):
        with capture_events() as events:
            with transaction.atomic(using="default"):
                Order.objects.using("other").create(number="1")
                assert len(events) == 1, "`default` is not what it waits for"
            with transaction.atomic(using="other"):
                Order.objects.using("other").create(number="2")
                assert len(events) == 1
            assert len(events) == 2

    def test_payload_is_frozen_at_signal_time(self):
        with capture_events() as events:
            with transaction.atomic():
                order = Order.objects.create(number="1", status="new")
                order.status = "changed later, and not saved"
            assert events[0].data["status"] == "new"

    def test_a_deleted_row_has_its_key_although_the_instance_lost_it(self):
        order = Order.objects.create(number="1")
        key = order.pk
        with capture_events() as events:
            with transaction.atomic():
                order.delete()
            assert order.pk is None
            assert_event(events, "shop.Order", op="delete", data={"id": key})

    def test_a_capture_inside_of_a_test_s_own_transaction_waits_for_its_commit(self):
        with capture_events() as outer:
            with transaction.atomic():
                with capture_events() as inner:
                    Order.objects.create(number="1")
                assert inner == []
            assert len(outer) == 1

    def test_events_of_a_transaction_come_in_the_order_of_its_writes(self):
        with capture_events() as events, transaction.atomic():
            order = Order.objects.create(number="1")
            order.status = "paid"
            order.save()
            order.delete()
        assert [event.op for event in events] == ["create", "update", "delete"]


class SaveTests(TestCase):
    def test_a_plain_test_case_captures_events(self):
        with capture_events() as events:
            Order.objects.create(number="A-1", total=Decimal("99.95"))
        [event] = events
        assert (event.type, event.op) == ("shop.Order", "create")
        assert event.data == {
            "id": event.data["id"],
            "number": "A-1",
            "status": "new",
            "total": "99.95",
            "customer": None,
        }
        assert event.changed is None
        assert event.old is None

    def test_a_captured_test_sends_nothing_to_the_real_backend(self):
        before = len(current_backend().events)
        with capture_events():
            Order.objects.create(number="1")
        assert len(current_backend().events) == before

    def test_an_update_says_what_changed_and_what_it_was(self):
        order = Order.objects.create(number="1", total="5")
        with capture_events() as events:
            order.status = "paid"
            order.note = "not declared"
            order.save()
        [event] = events
        assert event.op == "update"
        assert event.changed == ["status"]
        assert event.old == {"status": "new"}
        assert event.data["status"] == "paid"

    def test_a_save_that_changes_nothing_declared_sends_nothing(self):
        order = Order.objects.create(number="1")
        with capture_events() as events:
            order.save()
            order.note = "not declared"
            order.save()
            order.save(update_fields=["note"])
            order.save(update_fields=[])
        assert events == []

    def test_an_instance_that_was_never_loaded_is_compared_with_its_row(self):
        order = Order.objects.create(number="1", status="paid", total="5")
        with capture_events() as events:
            Order(pk=order.pk, number="1", status="sent", total="5").save()
        [event] = events
        assert (event.op, event.changed, event.old) == (
            "update",
            ["status"],
            {"status": "paid"},
        )

    def test_update_fields_sends_what_was_written_not_what_the_instance_holds(self):
        order = Order.objects.create(number="1", total="5")
        with capture_events() as events:
            order.total = Decimal(77)
            order.status = "paid"
            order.save(update_fields=["status"])
        [event] = events
        assert event.changed == ["status"]
        assert event.data["total"] == "5.00"

    def test_update_fields_says_what_was_written_not_what_changed(self):
        order = Order.objects.create(number="1")
        with capture_events() as events:
            order.save(update_fields=["status"])
        assert events == []

    def test_deferred_fields_are_sent_as_the_row_has_them(self):
        order = Order.objects.create(number="1", total="5")
        deferred = Order.objects.only("status").get(pk=order.pk)
        with capture_events() as events:
            deferred.status = "paid"
            deferred.save()
        [event] = events
        assert event.changed == ["status"]
        assert event.data["number"] == "1"

    def test_an_expression_is_sent_as_what_it_became(self):
        order = Order.objects.create(number="1")
        line = Line.objects.create(order=order, count=2)
        with capture_events() as events:
            line.count = F("count") + 3
            line.save()
        [event] = events
        assert event.data["count"] == 5
        assert event.old == {"count": 2, "cents": 200}

    def test_generated_columns_and_defaults_of_the_database_are_sent(self):
        order = Order.objects.create(number="1")
        with capture_events() as events:
            line = Line.objects.create(order=order, count=2)
            line.count = 3
            line.save()
        created, updated = events
        assert created.data["cents"] == 200
        assert created.data["created"].endswith("Z")
        assert updated.data["cents"] == 300
        assert updated.changed == ["count", "cents"]
        assert updated.data["created"] == created.data["created"]

    def test_values_are_those_of_the_database_not_those_that_were_assigned(self):
        with capture_events() as events:
            order = Order.objects.create(number=12, total="9.5")
            order.refresh_from_db()
            order.save()
        [event] = events
        assert event.data["number"] == "12"
        assert event.data["total"] == "9.50"

    def test_a_key_with_a_default_costs_no_query_when_it_is_new(self):
        with self.assertNumQueries(1), capture_events() as events:
            Ticket.objects.create(title="one")
        assert uuid.UUID(events[0].data["id"])

    def test_a_save_costs_one_query_more_at_most(self):
        order = Order.objects.create(number="1")
        with self.assertNumQueries(2):
            order.status = "paid"
            order.save()
        with self.assertNumQueries(1):
            Order.objects.create(number="2")
        with self.assertNumQueries(1):
            order.save(update_fields=["note"])

    def test_fixtures_are_no_events(self):
        from django.core import serializers

        text = serializers.serialize("json", [Order(pk=5, number="1")])
        with capture_events() as events:
            for loaded in serializers.deserialize("json", text):
                loaded.save()
        assert Order.objects.filter(pk=5).exists()
        assert events == []

    def test_a_foreign_key_is_its_key_under_the_name_that_was_written(self):
        customer = Customer.objects.create(name="Ada")
        with capture_events() as events:
            order = Order.objects.create(number="1", customer=customer)
            line = Line.objects.create(order=order)
        assert_event(events, "shop.Order", data={"customer": customer.pk})
        assert_event(events, "shop.Line", data={"order_id": order.pk, "id": line.pk})

    def test_a_method_is_a_field_and_is_compared_too(self):
        with capture_events() as events:
            customer = Customer.objects.create(name="ada")
            customer.name = "bob"
            customer.save()
        created, updated = events
        assert created.data["shout"] == "ADA"
        assert updated.changed == ["name", "shout"]
        assert updated.old == {"name": "ada", "shout": "ADA"}

    def test_a_method_sees_the_row_not_what_was_only_assigned(self):
        customer = Customer.objects.create(name="ada")
        with capture_events() as events:
            customer.name = "never written"
            customer.save(update_fields=[])
            Customer.objects.only("id").get(pk=customer.pk).save()
        assert events == []

    def test_operations_that_are_not_declared_are_not_sent(self):
        customer = Customer.objects.create(name="ada")
        with capture_events() as events:
            customer.delete()
        assert events == []

    def test_an_instance_saved_again_while_it_is_saved_sends_where_it_ended(self):
        follower = Follower.objects.create()
        with capture_events() as events:
            follower.steps = 1
            follower.save()
        assert [event.data["steps"] for event in events][-1] == 2
        assert "_telegraphy_before" not in vars(follower)

    def test_a_save_that_fails_leaves_no_event_and_the_next_one_is_right(self):
        order = Order.objects.create(number="1")
        order.total = "no number"
        with capture_events() as events:
            with pytest.raises(ValidationError), transaction.atomic():
                order.save()
            order.total = Decimal(2)
            order.save()
        [event] = events
        assert event.old == {"total": "0.00"}

    def test_a_save_still_raises_its_own_database_errors(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            Line(order_id=None).save()

    def test_muted_models_send_nothing_and_others_do(self):
        with capture_events() as events:
            with muted(Order):
                Order.objects.create(number="1")
                Customer.objects.create(name="ada")
            with muted():
                Customer.objects.create(name="bob")
                with muted(Order):
                    pass
                Customer.objects.create(name="eve")
            Order.objects.create(number="2")
        assert [event.type for event in events] == ["shop.Customer", "shop.Order"]

    def test_a_value_that_cannot_be_sent_is_lost_and_counted_and_the_row_is_saved(self):
        with (
            capture_events() as events,
            self.assertLogs("telegraphy", logging.ERROR) as logs,
        ):
            stats = current_backend()
            row = Everything.objects.create(extra={"a": 2**70})
        assert Everything.objects.filter(pk=row.pk).exists()
        assert events == []
        assert stats.stats.lost == 1
        assert (
            "shop.Everything was lost: field 'extra': extra.a must fit in 64 bits"
            in (logs.output[0])
        )

    def test_every_type_of_field_is_written_as_the_protocol_says(self):
        place = Restaurant.objects.create(name="Rex")
        with capture_events() as events:
            Everything.objects.create(
                big=2**60,
                small=1,
                ratio=0.5,
                price=Decimal("1E+3"),
                flag=True,
                at=dt.datetime(2026, 11, 23, 3, 16, 34, 120331, dt.timezone.utc),
                day=dt.date(2026, 11, 23),
                hour=dt.time(9, 30),
                lasts=dt.timedelta(minutes=1, milliseconds=33_500),
                uid=uuid.UUID("12345678-1234-5678-1234-567812345678"),
                extra={"a": [1, None, "ü"]},
                slug="a-b",
                address="::1",
                upload="up/file.txt",
                restaurant=place,
            )
        data = dict(events[-1].data)
        assert data.pop("id")
        assert data == {
            "big": str(2**60),
            "small": 1,
            "ratio": 0.5,
            "price": "1000.000",
            "flag": True,
            "at": "2026-11-23T03:16:34.120331Z",
            "day": "2026-11-23",
            "hour": "09:30:00",
            "lasts": "93.5s",
            "uid": "12345678-1234-5678-1234-567812345678",
            "extra": {"a": [1, None, "ü"]},
            "slug": "a-b",
            "address": "::1",
            "upload": "up/file.txt",
            "restaurant": place.pk,
            "loud": "A-B",
        }

    def test_what_was_read_from_the_database_is_no_change(self):
        row = Everything.objects.create(
            at=timezone.now(),
            price="1.5",
            lasts=dt.timedelta(1),
            hour=dt.time(1),
            extra={"b": 1},
        )
        with capture_events() as events:
            Everything.objects.get(pk=row.pk).save()
            row.save()
        assert events == []


class InheritanceTests(TestCase):
    def test_saving_a_proxy_is_an_event_of_its_model(self):
        with capture_events() as events:
            order = OpenOrder.objects.create(number="1")
            order.status = "paid"
            order.save()
            order.delete()
        assert [(event.type, event.op) for event in events] == [
            ("shop.Order", "create"),
            ("shop.Order", "update"),
            ("shop.Order", "delete"),
        ]

    def test_saving_a_multi_table_child_is_one_event_of_each_declared_type(self):
        with capture_events() as events:
            restaurant = Restaurant.objects.create(name="Rex")
            restaurant.name = "Max"
            restaurant.save()
        assert sorted((event.type, event.op) for event in events) == [
            ("shop.Place", "create"),
            ("shop.Place", "update"),
            ("shop.Restaurant", "create"),
            ("shop.Restaurant", "update"),
        ]
        place = assert_event(events, "shop.Place", op="update")
        assert place.data == {"id": restaurant.pk, "name": "Max"}
        assert place.old == {"name": "Rex"}

    def test_a_child_of_a_parent_that_is_there_updates_the_parent(self):
        place = Place.objects.create(name="Rex")
        with capture_events() as events:
            Restaurant(place_ptr=place, name="Max").save()
        assert_event(
            events, "shop.Place", op="update", data={"id": place.pk, "name": "Max"}
        )
        assert_event(events, "shop.Restaurant", op="create")

    def test_deleting_a_multi_table_child_is_one_event_of_each_declared_type(self):
        restaurant = Restaurant.objects.create(name="Rex")
        key = restaurant.pk
        with capture_events() as events:
            restaurant.delete()
        assert sorted((event.type, event.op) for event in events) == [
            ("shop.Place", "delete"),
            ("shop.Restaurant", "delete"),
        ]
        assert_event(events, "shop.Place", data={"id": key})

    def test_deleting_a_child_but_not_its_parent_is_no_event_of_the_parent(self):
        restaurant = Restaurant.objects.create(name="Rex")
        with capture_events() as events:
            restaurant.delete(keep_parents=True)
        assert [event.type for event in events] == ["shop.Restaurant"]

    def test_a_composite_key_is_sent_as_its_fields(self):
        with capture_events() as events:
            seat = Seat.objects.create(row="A", number=7)
            seat.taken = True
            seat.save()
        assert events[0].data == {"row": "A", "number": 7, "taken": False}
        assert events[1].changed == ["taken"]


class RuleFieldsTests(TestCase):
    """The gateway needs them before and after: who loses a row, and who gets it?"""

    def test_they_are_in_data_old_and_changed_as_all_fields_are(self):
        document = Document.objects.create(title="a", owner=1)
        with capture_events() as events:
            document.owner = 2
            document.save(update_fields=["owner"])
        [event] = events
        assert event.data == {
            "id": document.pk,
            "title": "a",
            "owner": 2,
            "readers": [2],
        }
        assert event.changed == ["owner", "readers"]
        assert event.old == {"owner": 1, "readers": [1]}

    def test_a_column_for_rules_alone_costs_no_query_more(self):
        document = Document.objects.create(title="a", owner=1)
        with self.assertNumQueries(2):
            document.save()

    def test_what_only_rules_see_is_an_event_when_it_changes(self):
        document = Document.objects.create(title="a", owner=1)
        with capture_events() as events:
            document.shared_with = [5]
            document.save()
        [event] = events
        assert event.changed == ["readers"]
        assert event.old == {"readers": [1]}


class DeleteTests(TestCase):
    def test_a_delete_carries_the_values_that_were_there(self):
        order = Order.objects.create(number="1", total="5")
        key = order.pk
        with capture_events() as events:
            order.delete()
        [event] = events
        assert event.op == "delete"
        assert event.data == {
            "id": key,
            "number": "1",
            "status": "new",
            "total": "5.00",
            "customer": None,
        }

    def test_a_delete_carries_what_the_database_has_not_what_the_instance_holds(self):
        order = Order.objects.create(number="1")
        Order.objects.filter(pk=order.pk).update(status="paid")
        order.number = "never saved"
        with capture_events() as events:
            order.delete()
        assert_event(events, "shop.Order", data={"number": "1", "status": "paid"})

    def test_a_row_that_was_never_loaded_is_sent_as_it_was(self):
        key = Order.objects.create(number="1", status="sent").pk
        with capture_events() as events:
            Order(pk=key).delete()
        assert_event(events, "shop.Order", data={"number": "1", "status": "sent"})

    def test_deleting_a_row_that_is_gone_is_no_event(self):
        order = Order.objects.create(number="1")
        Order.objects.filter(pk=order.pk)._raw_delete("default")
        with capture_events() as events:
            order.delete()
        assert events == []

    def test_deleting_an_instance_costs_one_query_more(self):
        order = Order.objects.create(number="1")
        with muted(Order):  # the same without an event
            again = Order.objects.create(number="2")
            with CaptureQueriesContext(connection) as silent:
                again.delete()
        with self.assertNumQueries(len(silent) + 1), capture_events() as events:
            order.delete()
        assert len(events) == 1

    def test_deleting_a_queryset_costs_no_query_more(self):
        def count(number: int) -> int:
            for one in range(number):
                order = Order.objects.create(number=str(one))
                Line.objects.create(order=order)
            with CaptureQueriesContext(connection) as queries:
                Order.objects.all().delete()
            return len(queries)

        with muted():
            silent = count(5)
        with capture_events() as events:
            assert count(5) == silent
        assert sum(event.op == "delete" for event in events) == 10

    def test_a_parent_that_goes_with_its_child_is_sent_as_the_database_has_it(self):
        restaurant = Restaurant.objects.create(name="Rex")
        restaurant.name = "never saved"
        with capture_events() as events:
            restaurant.delete()
        assert {event.data["name"] for event in events} == {"Rex"}

    def test_so_is_one_whose_key_is_not_the_child_s(self):
        tower = Tower.objects.create(name="Eiffel", code="E", height=330)
        tower.height = 1
        with capture_events() as events:
            tower.delete()
        [landmark] = [event for event in events if event.type == "shop.Landmark"]
        assert landmark.data == {"code": "E", "height": 330}

    def test_a_method_sees_the_row_that_is_deleted(self):
        ticket = Document.objects.create(title="a", owner=7)
        ticket.title = "never saved"
        with capture_events() as events:
            ticket.delete()
        assert_event(events, "shop.Document", data={"title": "a", "readers": [7]})

    def test_deleting_through_a_queryset_sends_each_row_and_what_it_cascades_to(self):
        order = Order.objects.create(number="1")
        Order.objects.create(number="2")
        Line.objects.create(order=order)
        with capture_events() as events:
            Order.objects.all().delete()
        assert sorted((event.type, event.op) for event in events) == [
            ("shop.Line", "delete"),
            ("shop.Order", "delete"),
            ("shop.Order", "delete"),
        ]

    def test_a_delete_carries_what_was_deferred(self):
        key = Order.objects.create(number="1").pk
        Order.objects.create(number="2")
        with capture_events() as events:
            Order.objects.only("id").get(pk=key).delete()
            Order.objects.only("id").filter(number="2").delete()
        assert [event.data["number"] for event in events] == ["1", "2"]

    def test_models_that_do_not_declare_deletes_are_still_deleted_fast(self):
        from django.db.models.signals import post_delete, pre_delete

        assert not pre_delete.has_listeners(Customer)
        assert not post_delete.has_listeners(Customer)
