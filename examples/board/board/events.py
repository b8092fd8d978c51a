"""What a page may hear about. Telegraphy finds this module by itself, as Django finds admin.py."""

import telegraphy
from telegraphy import Q, auth
from telegraphy.django import ModelEvents, register

from .models import Note, Order


@register(Order)
class OrderEvents(ModelEvents):
    """Every order that is saved or deleted, by whom- and wherever: type "board.Order"."""

    fields = ["id", "number", "customer", "product", "quantity", "status", "total", "created_at"]
    access = telegraphy.PUBLIC


@register(Note)
class NoteEvents(ModelEvents):
    """For those who are logged in: notes to all, and what is between oneself and another."""

    fields = ["text", "writer", "reader", "created_at"]
    rule_fields = ["author", "recipient"]  # what the rule looks at, and no page gets
    access = Q(recipient=None) | Q(recipient=auth.user_id) | Q(author=auth.user_id)

    def writer(self, instance: Note) -> str:
        return instance.author.get_short_name()

    def reader(self, instance: Note) -> str | None:
        return instance.recipient and instance.recipient.get_short_name()


class BurstStarted(telegraphy.Event):
    """A custom event, which no model stands behind: somebody pressed the burst button."""

    orders: int
    seconds: float

    class Meta:
        access = telegraphy.PUBLIC
