"""What `{% telegraphy %}` puts into a page, for any template language."""

from __future__ import annotations

from typing import Any, Final

from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from ._page import word_for
from .conf import conf

CONFIG_ID: Final = "telegraphy-config"
SCRIPT: Final = "telegraphy/telegraphy.js"


def render(
    request: Any = None, csp_nonce: object = None, *, cached: bool = False
) -> SafeString:
    """The configuration and the client's script.

    `cached` says that a cache may keep the page which cannot be noticed here.

    The nonce of the page's Content-Security-Policy is found by itself: Django 6's in the
    template's context, django-csp's at the request.  (Either is false until it is used
    for the first time, so only None means that there is none.)
    """
    nonce = csp_nonce
    if nonce is None:
        nonce = getattr(request, "csp_nonce", None)
    word = word_for(request, cached=cached)
    page_config = conf.page_config(
        ticket=word.ticket, anonymous=word.anonymous, until_closed=word.until_closed
    )
    config = json_script(page_config, CONFIG_ID)
    source = static(SCRIPT)
    if nonce is None:
        return format_html('{}\n<script defer src="{}"></script>', config, source)
    return format_html(
        '{}\n<script defer src="{}" nonce="{}"></script>', config, source, nonce
    )
