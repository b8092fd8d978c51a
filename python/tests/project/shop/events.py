from decimal import Decimal

import telegraphy
from telegraphy.django import ModelEvents, register

from .models import (
    Customer,
    Everything,
    Follower,
    Line,
    Order,
    Place,
    Restaurant,
    Seat,
    Ticket,
)


class PriceChanged(telegraphy.Event):
    symbol: str
    price: Decimal

    class Meta:
        access = telegraphy.PUBLIC


@register(Order)
class OrderEvents(ModelEvents[Order]):
    fields = ["number", "status", "total", "customer"]
    access = telegraphy.PUBLIC


@register(Customer)
class CustomerEvents(ModelEvents[Customer]):
    fields = ["name", "shout"]
    operations = ["create", "update"]

    def shout(self, instance: Customer) -> str:
        return instance.name.upper()


@register(Line)
class LineEvents(ModelEvents[Line]):
    fields = ["order_id", "count", "cents", "created"]


@register(Place, Restaurant)
class PlaceEvents(ModelEvents[Place]):
    fields = ["name"]


@register(Ticket, Seat, Follower)
class PlainEvents(ModelEvents[Ticket]):
    fields = "__all__"


@register(Everything)
class EverythingEvents(ModelEvents[Everything]):
    fields = [
        "big", "small", "ratio", "price", "flag", "at", "day", "hour", "lasts", "uid",
        "extra", "slug", "address", "upload", "restaurant", "loud",
    ]  # fmt: skip
