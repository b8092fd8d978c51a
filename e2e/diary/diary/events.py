"""Who may see which page."""

import telegraphy
from telegraphy import Q, auth
from telegraphy.django import ModelEvents, register

from .models import Letter, Page


@register(Page)
class PageEvents(ModelEvents):
    fields = ["text", "stars"]
    rule_fields = ["owner_id", "mood"]
    access = "owner_id == auth.user_id"


@register(Letter)
class LetterEvents(ModelEvents):
    fields = ["text"]
    rule_fields = ["reader_ids"]
    access = Q(auth.is_postman) | Q(reader_ids__contains=[auth.user_id])

    def reader_ids(self, instance: Letter) -> list[int]:
        return instance.readers


class Mark(telegraphy.Event):
    """For everyone who says who they are: tells a test that all before it has come."""

    n: int
