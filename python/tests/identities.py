"""What the tests of identities share: pages as a browser reads them, and a gateway in
memory."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client

from telegraphy import current_backend
from telegraphy.backends import MemoryBackend

CONFIG = re.compile(
    r'<script id="telegraphy-config" type="application/json">(.*?)</script>', re.DOTALL
)


def config_in(page: str) -> dict[str, Any]:
    """What the client in a page would read."""
    [found] = CONFIG.findall(page)
    config: dict[str, Any] = json.loads(html.unescape(found))
    return config


def config_of(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    text = b"".join(response) if response.streaming else response.content
    return config_in(text.decode())


def gateway() -> MemoryBackend:
    backend = current_backend()
    assert isinstance(backend, MemoryBackend)
    return backend


def ends() -> list[tuple[str, str, str]]:
    """What the gateway was told to end since the last time."""
    found = []
    for one in gateway().disconnects:
        what, name = ("user", one.user) if one.user else ("session", one.session)
        found.append((what, str(name), one.reason))
    gateway().disconnects.clear()
    return found


def make_user(name: str, **values: Any) -> Any:
    return get_user_model().objects.create_user(name, password="old", **values)


def browser_of(name: str) -> Client:
    """Somebody who has just logged in."""
    client = Client()
    assert client.get(f"/login/{name}/").status_code == 200
    gateway().clear()
    return client
