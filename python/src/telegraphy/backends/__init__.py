"""Where events can go.  See `BaseBackend` for what each promises."""

from .._stats import Stats
from .base import BaseBackend
from .dummy import DummyBackend
from .memory import MemoryBackend
from .zeromq import ZeroMQBackend

__all__ = ["BaseBackend", "DummyBackend", "MemoryBackend", "Stats", "ZeroMQBackend"]
