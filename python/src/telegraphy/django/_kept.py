"""Pages that something of the project's own has kept: `cache.set("home", html)`.

The tag cannot see that what it renders will be kept.  The middleware sees it afterwards:
a response that holds a word of which its request knows nothing.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Final

from django.utils.html import json_script

from ._tag import CONFIG_ID

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from ._visit import Visit

CONFIG: Final = re.compile(
    rb'<script id="%s" type="application/json">(.*?)</script>' % CONFIG_ID.encode(),
    re.DOTALL,
)

logger: Final = logging.getLogger("telegraphy")

_told: Final[set[str]] = set()


def forget_words_of_others(visit: Visit, response: HttpResponseBase) -> None:
    """What a page says of somebody else's visit, it says no more."""
    if response.streaming or visit.is_personal:
        return
    content: bytes = response.content  # type: ignore[attr-defined]
    mended = CONFIG.sub(_unsaid, content)
    if mended == content:
        return
    response.content = mended  # type: ignore[attr-defined]
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(mended))
    _tell(visit)


def _unsaid(found: re.Match[bytes]) -> bytes:
    try:
        config = json.loads(found[1])
        said = config["ticket"] is not None or config["anonymous"]
    except (ValueError, TypeError, KeyError):
        return found[0]  # not ours
    if not said:
        return found[0]
    unsaid = {**config, "ticket": None, "anonymous": False}
    return json_script(unsaid, CONFIG_ID).encode()


def _tell(visit: Visit) -> None:
    match = visit.request.resolver_match
    view = match.view_name if match is not None else visit.request.path
    if view not in _told:
        _told.add(view)
        logger.error(
            "the page of %s was kept with what it said of another visitor, which was "
            "taken out of it now: write {%% telegraphy cached=True %%} where pages are "
            "kept",
            view,
        )
