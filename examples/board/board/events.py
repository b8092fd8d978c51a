"""What a page may hear about. Telegraphy finds this module by itself, as Django finds admin.py."""

import telegraphy
from telegraphy.django import ModelEvents, register

from .models import Order


@register(Order)
class OrderEvents(ModelEvents):
    """Every order that is saved or deleted, by whom- and wherever: type "board.Order"."""

    fields = ["id", "number", "customer", "product", "quantity", "status", "total", "created_at"]
    access = telegraphy.PUBLIC


class BurstStarted(telegraphy.Event):
    """A custom event, which no model stands behind: somebody pressed the burst button."""

    orders: int
    seconds: float

    class Meta:
        access = telegraphy.PUBLIC
