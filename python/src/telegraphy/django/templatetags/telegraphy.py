from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from .._tag import render

register = template.Library()


@register.simple_tag(takes_context=True)
def telegraphy(context: Context) -> SafeString:
    """The configuration and the script of the client; place it in the page's head."""
    return render(context.get("request"), context.get("csp_nonce"))
