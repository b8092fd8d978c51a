"""Names that come from the project instead of being written out."""

from __future__ import annotations

import re

from django.apps import apps
from django.conf import settings


def app_label_of(module: str) -> str | None:
    """The label of the app that a module belongs to."""
    if not apps.apps_ready:
        return None
    config = apps.get_containing_app_config(module)
    return config.label if config is not None else None


def project_name() -> str:
    """What to call this project at the gateway: its package, as `a-z0-9_-`."""
    for setting in ("ROOT_URLCONF", "WSGI_APPLICATION"):
        module = getattr(settings, setting, None)
        if isinstance(module, str) and module:
            return sanitised(module)
    return sanitised(getattr(settings, "SETTINGS_MODULE", None) or "")


def sanitised(module: str) -> str:
    first = module.split(".")[0].lower()
    return re.sub(r"[^a-z0-9_-]+", "-", first)[:64] or "django"
