from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from .._tag import render

register = template.Library()


@register.simple_tag(takes_context=True)
def telegraphy(context: Context, *, cached: bool = False) -> SafeString:
    """The configuration and the script of the client; place it in the page's head.  With
    `cached=True` for a page that a cache may keep."""
    request = context.get("request") or getattr(context, "request", None)
    return render(request, context.get("csp_nonce"), cached=cached)
