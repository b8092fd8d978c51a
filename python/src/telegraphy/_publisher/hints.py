"""What the log advises; the Django app puts in its own words."""

from __future__ import annotations

from .._errors import GatewayError

start = "Start it with `telegraphy serve`."
"""When no gateway is there."""

curve = "If it runs, its log says whom it does not let in (ingest.curve_refused)."
"""When no gateway is there, or none that takes our keys."""

key = "a gateway that does not know this application?"
"""When it does not know the key."""


def with_key(error: GatewayError) -> str:
    """The error, and what may help if it is about the key."""
    about_key = getattr(error, "code", None) == "invalid_key"
    return f"{error} ({key})" if about_key else str(error)
