"""What the club writes."""

from django.conf import settings
from django.db import models


class Notice(models.Model):
    """On the door."""

    text = models.CharField(max_length=80)


class Letter(models.Model):
    """To one member."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.CharField(max_length=80)

    class Meta:
        permissions = [("open_safe", "Can open the safe")]
