"""Make the demo's users and the first orders. Safe to run again."""

from datetime import timedelta
from random import choice, uniform

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from board.bursts import new_order
from board.models import Note, Order, Status
from board.team import PASSWORD, TEAM

NAME = "demo"
FIRST_ORDERS = 24


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        if not settings.DEBUG:
            raise CommandError("the demo's user has a known password: only with DEBUG")
        users = get_user_model().objects
        if not users.filter(username=NAME).exists():
            users.create_superuser(NAME, "demo@example.com", PASSWORD)
        for name, first_name in TEAM.items():
            if not users.filter(username=name).exists():
                users.create_user(name, password=PASSWORD, first_name=first_name)
        if not Note.objects.exists():
            ada, grace = (users.get(username=name) for name in TEAM)
            back = Note(author=grace, text="The grinder is back from repair.")
            cake = Note(author=ada, recipient=grace, text="Cake at four. Tell nobody.")
            Note.objects.bulk_create([back, cake])
        if not Order.objects.exists():
            statuses = [Status.NEW, Status.PAID, Status.SENT, Status.SENT, Status.CANCELLED]
            orders = [new_order(status=choice(statuses)) for _ in range(FIRST_ORDERS)]
            Order.objects.bulk_create(orders)
            self.spread_over_the_last_minutes()
        self.stdout.write(
            f"{Order.objects.count()} orders, users {NAME}, {', '.join(TEAM)}, password {PASSWORD}"
        )

    def spread_over_the_last_minutes(self) -> None:
        """`created_at` is set by Django, so a second step gives the chart something to show."""
        moment = timezone.now()
        orders = list(Order.objects.order_by("-id"))
        for order in orders:
            moment -= timedelta(seconds=uniform(0.5, 9))
            order.created_at = moment
        Order.objects.bulk_update(orders, ["created_at"])
