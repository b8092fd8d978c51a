"""What the log advises; the Django app puts in its own words."""

start = "Start it with `telegraphy serve`."
"""When no gateway is there."""

curve = "If it runs, its log says whom it does not let in (ingest.curve_refused)."
"""When no gateway is there, or none that takes our keys."""

key = "a gateway that does not know this application?"
"""When it does not know the key."""
