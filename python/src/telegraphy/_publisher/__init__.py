"""The way to the gateway over ZeroMQ; `publisher.py` tells the whole story."""

from .publisher import Publisher
from .runtime import default_endpoint, runtime_directory

__all__ = ["Publisher", "default_endpoint", "runtime_directory"]
