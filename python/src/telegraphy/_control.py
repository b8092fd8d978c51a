"""Handing over a catalogue, and asking whether a gateway is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._answers import CatalogueAccepted, Pong
from ._ask import ask
from ._curve import KeyFile, curve_keys


def push_catalogue(
    endpoint: str,
    key: str,
    document: Mapping[str, Any],
    *,
    timeout: float = 5.0,
    curve_server_key: str | None = None,
    curve_key_file: KeyFile | None = None,
) -> CatalogueAccepted:
    """Hand a catalogue document (`registry.catalogue(app)`) to the gateway.

    Raises `Refused` (the old catalogue stays) or `Unreachable`.  Keys of CURVE are as
    those of `Publisher`.
    """
    return ask(
        endpoint,
        key,
        "catalogue",
        document,
        CatalogueAccepted,
        timeout=timeout,
        curve=curve_keys(curve_server_key, curve_key_file),
    )


def ping(
    endpoint: str,
    key: str,
    *,
    timeout: float = 5.0,
    curve_server_key: str | None = None,
    curve_key_file: KeyFile | None = None,
) -> None:
    """Return if the gateway is there and knows the key; else raise `Unreachable` or
    `Refused`.  Keys of CURVE are as those of `Publisher`."""
    curve = curve_keys(curve_server_key, curve_key_file)
    ask(endpoint, key, "ping", None, Pong, timeout=timeout, curve=curve)
