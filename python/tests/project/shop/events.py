from decimal import Decimal

import telegraphy
from telegraphy import Q, auth
from telegraphy.django import ModelEvents, register

from .models import (
    Customer,
    Document,
    Everything,
    Follower,
    Landmark,
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


@register(Landmark)
class LandmarkEvents(ModelEvents[Landmark]):
    fields = ["height"]


@register(Ticket, Seat, Follower)
class PlainEvents(ModelEvents[Ticket]):
    fields = "__all__"


@register(Document)
class DocumentEvents(ModelEvents[Document]):
    """Some may see it, and nobody sees who."""

    fields = ["title"]
    rule_fields = ["owner", "readers"]
    access = Q(owner=auth.user_id) | Q(readers__contains=[auth.user_id])

    def readers(self, instance: Document) -> list[int]:
        return [instance.owner, *instance.shared_with]


@register(Everything)
class EverythingEvents(ModelEvents[Everything]):
    fields = [
        "big", "small", "ratio", "price", "flag", "at", "day", "hour", "lasts", "uid",
        "extra", "slug", "address", "upload", "restaurant", "loud",
    ]  # fmt: skip
