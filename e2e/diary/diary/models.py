"""Pages that belong to somebody."""

from django.db import models


class Page(models.Model):
    text = models.CharField(max_length=80)
    stars = models.IntegerField(default=0)
    owner_id = models.IntegerField()
    mood = models.CharField(max_length=20, default="calm")


class Letter(models.Model):
    """For those whom it names."""

    text = models.CharField(max_length=80)
    readers = models.JSONField(default=list)
