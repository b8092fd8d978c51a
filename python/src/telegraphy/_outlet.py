"""Where published events go: the current backend, perhaps after a commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from . import _signing
from ._encoded import EncodedEvent
from ._errors import NotConfigured
from ._signing import SigningKey
from .backends.base import BaseBackend
from .backends.zeromq import ZeroMQBackend


class Courier(Protocol):
    """Decides when an event goes to the backend."""

    def send(self, event: EncodedEvent, *, using: str | None) -> None: ...

    async def asend(self, event: EncodedEvent, *, using: str | None) -> None: ...


class DirectCourier:
    """At once: without Django there is no transaction to wait for."""

    def send(self, event: EncodedEvent, *, using: str | None) -> None:
        if using is not None:
            raise TypeError("`using` names a database of Django: leave it out without")
        current_backend().publish((event,))

    async def asend(self, event: EncodedEvent, *, using: str | None) -> None:
        self.send(event, using=using)


courier: Courier = DirectCourier()
make_backend: Callable[[], BaseBackend] | None = None
"""Makes the backend when one is needed first.  The Django app sets it."""

_backend: BaseBackend | None = None
_backend_lock = threading.Lock()


def send(event: EncodedEvent, *, using: str | None = None) -> None:
    courier.send(event, using=using)


async def asend(event: EncodedEvent, *, using: str | None = None) -> None:
    await courier.asend(event, using=using)


def configure(
    *,
    key: str = "",
    endpoint: str | None = None,
    backend: BaseBackend | None = None,
    signing_key: SigningKey | None = None,
    **options: Any,
) -> BaseBackend:
    """Say where this process's events go; returns the backend.

    `key` is the ingest key, `endpoint` the gateway's ingest socket (default: the local
    one), `options` those of `Publisher`.  Or give a `backend` of your own.  `signing_key`
    is for `sign_ticket`.  Django projects use the setting TELEGRAPHY instead.
    """
    if backend is None:
        backend = ZeroMQBackend(endpoint=endpoint, key=key, **options)
    elif key or endpoint is not None or options:
        raise TypeError("give a backend, or the key and options of the default one")
    replace_backend(backend)
    _signing.configure_key(signing_key)
    return backend


def replace_backend(backend: BaseBackend | None) -> BaseBackend | None:
    """Make `backend` the current one; returns the one before.  Closes nothing."""
    global _backend
    before, _backend = _backend, backend
    return before


def current_backend() -> BaseBackend:
    global _backend
    if _backend is None and make_backend is not None:
        with _backend_lock:
            if _backend is None:
                _backend = make_backend()
    if _backend is None:
        raise NotConfigured(
            "no gateway is configured: call telegraphy.configure(key=...) first, or add "
            "'telegraphy.django' to INSTALLED_APPS in a Django project"
        )
    return _backend
