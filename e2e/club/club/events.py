"""Who hears of what."""

import telegraphy
from telegraphy.django import ModelEvents, register

from .models import Letter, Notice


@register(Notice)
class NoticeEvents(ModelEvents):
    fields = ["text"]
    access = telegraphy.PUBLIC


@register(Letter)
class LetterEvents(ModelEvents):
    fields = ["text"]
    rule_fields = ["member"]
    access = "member == auth.user_id"


class Minutes(telegraphy.Event):
    """For all members."""

    text: str


class SafeOpened(telegraphy.Event):
    """For those who may open it."""

    text: str

    @classmethod
    def is_authorized_user(cls, user):
        return user.has_perm("club.open_safe")
