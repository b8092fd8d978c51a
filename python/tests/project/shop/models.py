from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F
from django.db.models.functions import Now, Upper


class Customer(models.Model):
    name = models.CharField(max_length=50)


class Order(models.Model):
    STATUSES = [("new", "New"), ("paid", "Paid"), ("sent", "Sent")]

    number = models.CharField(max_length=20, verbose_name="order number")
    status = models.CharField(max_length=10, choices=STATUSES, default="new")
    total = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    customer = models.ForeignKey(
        Customer, on_delete=models.SET_NULL, null=True, blank=True
    )
    note = models.TextField(default="", blank=True)


class OpenOrder(Order):
    class Meta:
        proxy = True


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    count = models.IntegerField(default=1)
    unit_cents = models.IntegerField(default=100)
    cents = models.GeneratedField(
        expression=F("count") * F("unit_cents"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    created = models.DateTimeField(db_default=Now())


class Place(models.Model):
    name = models.CharField(max_length=50)


class Restaurant(Place):
    stars = models.IntegerField(default=0)


class Landmark(models.Model):
    code = models.CharField(max_length=10, primary_key=True)
    height = models.IntegerField(default=0)


class Tower(Place, Landmark):  # type: ignore[misc]  # each has its own `pk`
    """A row in three tables, with a key of its own in each parent's."""


class Ticket(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=50)


class Seat(models.Model):
    pk = models.CompositePrimaryKey("row", "number")
    row = models.CharField(max_length=2)
    number = models.IntegerField()
    taken = models.BooleanField(default=False)


class Everything(models.Model):
    big = models.BigIntegerField(default=0)
    small = models.PositiveSmallIntegerField(default=0, choices=[(0, "no"), (1, "yes")])
    ratio = models.FloatField(default=0.0)
    price = models.DecimalField(max_digits=12, decimal_places=3, default=0)
    flag = models.BooleanField(null=True)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    hour = models.TimeField(null=True)
    lasts = models.DurationField(null=True)
    uid = models.UUIDField(null=True)
    extra = models.JSONField(default=dict)
    slug = models.SlugField(default="")
    address = models.GenericIPAddressField(null=True)
    upload = models.FileField(upload_to="up", blank=True, default="")
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, null=True)
    blob = models.BinaryField(default=b"")
    tags = models.ManyToManyField(Customer)
    loud = models.GeneratedField(
        expression=Upper("slug"),
        output_field=models.CharField(max_length=50),
        db_persist=True,
    )


class Document(models.Model):
    title = models.CharField(max_length=50)
    owner = models.IntegerField()
    shared_with = models.JSONField(default=list)


class Staff(User):
    desk = models.CharField(max_length=5)


class Contractor(User):
    """A user whose own key is another."""

    badge = models.CharField(max_length=5, primary_key=True)
    user = models.OneToOneField(
        User, models.CASCADE, parent_link=True, related_name="contractor"
    )


class Follower(models.Model):
    """Saves itself again from a receiver of its own `post_save`."""

    steps = models.IntegerField(default=0)


def follow(instance: Follower, **_kwargs: Any) -> None:
    if instance.steps == 1:
        instance.steps = 2
        instance.save()


models.signals.post_save.connect(follow, Follower)
