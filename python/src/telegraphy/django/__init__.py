"""The Django app: models whose changes are events.

INSTALLED_APPS = [..., "telegraphy.django"]

# shop/events.py, found by itself
@register(Order)
class OrderEvents(ModelEvents[Order]):
    fields = ["number", "status", "total"]
"""

from ._ending import adisconnect, disconnect
from ._model_events import ModelEvents, register
from ._muting import muted

__all__ = ["ModelEvents", "adisconnect", "disconnect", "muted", "register"]
