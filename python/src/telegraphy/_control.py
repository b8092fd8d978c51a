"""Handing over a catalogue, and asking whether a gateway is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._answers import CatalogueAccepted, Pong
from ._ask import ask


def push_catalogue(
    endpoint: str, key: str, document: Mapping[str, Any], *, timeout: float = 5.0
) -> CatalogueAccepted:
    """Hand a catalogue document (`registry.catalogue(app)`) to the gateway.

    Raises `Refused` (the old catalogue stays) or `Unreachable`.
    """
    return ask(endpoint, key, "catalogue", document, CatalogueAccepted, timeout=timeout)


def ping(endpoint: str, key: str, *, timeout: float = 5.0) -> None:
    """Return if the gateway is there and knows the key; else raise `Unreachable` or
    `Refused`."""
    ask(endpoint, key, "ping", None, Pong, timeout=timeout)
