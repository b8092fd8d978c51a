"""What the log advises; the Django app puts in its own words."""

start = "Start it with `telegraphy serve`."
"""When no gateway is there."""

key = "a gateway that does not know this application?"
"""When it does not know the key."""
