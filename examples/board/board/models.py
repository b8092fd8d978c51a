"""Orders at a small coffee roaster's, and what its people write to each other."""

import secrets
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

# No letters or digits that are mistaken for one another when read aloud.
NUMBER_CHARACTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_number() -> str:
    """A number to call out at the counter, such as "7KQ-2MD"."""
    characters = "".join(secrets.choice(NUMBER_CHARACTERS) for _ in range(6))
    return f"{characters[:3]}-{characters[3:]}"


class Product(models.TextChoices):
    ESPRESSO = "espresso", "House espresso, 250 g"
    ETHIOPIA = "ethiopia", "Ethiopia Guji, 250 g"
    COLOMBIA = "colombia", "Colombia Huila, 250 g"
    DECAF = "decaf", "Decaf, 250 g"
    COLD_BREW = "cold-brew", "Cold brew, bottle"
    FILTERS = "filters", "Paper filters, 100"


PRICES = {
    Product.ESPRESSO: Decimal("9.50"),
    Product.ETHIOPIA: Decimal("13.90"),
    Product.COLOMBIA: Decimal("11.40"),
    Product.DECAF: Decimal("10.20"),
    Product.COLD_BREW: Decimal("4.80"),
    Product.FILTERS: Decimal("3.60"),
}


class Status(models.TextChoices):
    NEW = "new", "New"
    PAID = "paid", "Paid"
    SENT = "sent", "Sent"
    CANCELLED = "cancelled", "Cancelled"


NEXT_STATUS = {Status.NEW: Status.PAID, Status.PAID: Status.SENT}


class Order(models.Model):
    number = models.CharField(max_length=12, default=new_number, editable=False)
    customer = models.CharField(max_length=60)
    product = models.CharField(max_length=20, choices=Product.choices, default=Product.ESPRESSO)
    quantity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.NEW)
    total = models.DecimalField(max_digits=8, decimal_places=2, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.number} for {self.customer}"

    def save(self, *args, **kwargs) -> None:
        if self.total is None:
            self.total = PRICES[Product(self.product)] * self.quantity
        super().save(*args, **kwargs)

    def advance(self) -> bool:
        """Take the order one step on: new, paid, sent. False when there is no next step."""
        following = NEXT_STATUS.get(Status(self.status))
        if following is None:
            return False
        self.status = following
        self.save(update_fields=["status"])
        return True


class Note(models.Model):
    """From one of the team to another, or to all of it."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes_written"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notes_received",
        null=True,
        blank=True,
        help_text="Nobody in particular: everyone who is logged in.",
    )
    text = models.CharField(max_length=140)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text
