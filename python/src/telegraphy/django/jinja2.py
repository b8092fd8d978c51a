"""The tag for Jinja templates: `{{ telegraphy() }}`.

def environment(**options):
    env = jinja2.Environment(**options)
    env.globals["telegraphy"] = telegraphy.django.jinja2.telegraphy
    return env
"""

from __future__ import annotations

from django.utils.safestring import SafeString
from jinja2 import pass_context
from jinja2.runtime import Context

from ._tag import render


@pass_context
def telegraphy(context: Context, *, cached: bool = False) -> SafeString:
    """The configuration and the script of the client; place it in the page's head.  With
    `cached=True` for a page that a cache may keep."""
    return render(context.get("request"), context.get("csp_nonce"), cached=cached)
