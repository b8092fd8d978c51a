"""The setting TELEGRAPHY, typed, with its defaults.

    TELEGRAPHY = {"CLIENT_URL": "wss://live.example.com/v1/websocket"}

In development nothing has to be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from django.conf import settings as django_settings
from django.utils.crypto import salted_hmac

from .. import _outlet
from .._errors import did_you_mean
from .._publisher import default_endpoint
from .._signing import SigningKey, replace_key
from ._naming import project_name

CLIENT_PORT: Final = 1844
INGEST_PORT: Final = 1845
CLIENT_PATH: Final = "/v1/websocket"

SETTINGS: Final[dict[str, type]] = {
    "APP": str,
    "BACKEND": str,
    "OPTIONS": dict,
    "ENDPOINT": str,
    "INGEST_KEY": str,
    "INGEST_PORT": int,
    "CLIENT_URL": str,
    "CLIENT_PORT": int,
    "BINARY": str,
    "GATEWAY": dict,
    "SIGNING": dict,
}
"""Every setting and the type it has.  None means the default."""

SIGNING: Final = ("ALGORITHM", "KID", "KEY", "KEY_FILE")


class Settings:
    """What TELEGRAPHY says; read when first asked for, forgotten when it changes."""

    @cached_property
    def given(self) -> Mapping[str, Any]:
        given = getattr(django_settings, "TELEGRAPHY", None) or {}
        if not isinstance(given, Mapping):
            return {}
        return {name: value for name, value in given.items() if value is not None}

    @cached_property
    def app(self) -> str:
        """This project's name at the gateway."""
        return str(self.given.get("APP") or project_name())

    @cached_property
    def backend(self) -> str:
        return str(self.given.get("BACKEND", "telegraphy.backends.ZeroMQBackend"))

    @cached_property
    def options(self) -> dict[str, Any]:
        """Further arguments of the backend."""
        return dict(self.given.get("OPTIONS", {}))

    @cached_property
    def endpoint(self) -> str:
        """The gateway's ingest socket."""
        return str(self.given.get("ENDPOINT") or default_endpoint(self.ingest_port))

    @cached_property
    def ingest_key(self) -> str:
        """By default derived from SECRET_KEY, so that the project and the gateway that
        `manage.py telegraphy` starts agree without being told."""
        given = self.given.get("INGEST_KEY")
        if given:
            return str(given)
        return salted_hmac("telegraphy.ingest", "key", algorithm="sha256").hexdigest()

    @cached_property
    def signing_key(self) -> SigningKey | None:
        """To sign tickets with, instead of asking the gateway for them.  Raises
        `ValueError` if it cannot be used."""
        given = self.given.get("SIGNING")
        if not given:
            return None
        unknown = next((name for name in given if name not in SIGNING), None)
        if unknown is not None:
            raise ValueError(
                f"there is no {unknown!r}{did_you_mean(str(unknown), SIGNING)}"
            )
        if ("KEY" in given) == ("KEY_FILE" in given):
            raise ValueError("it must have KEY or KEY_FILE")
        if "KID" not in given:
            raise ValueError("it must have KID, the name of the key at the gateway")
        named = {
            "app": self.app,
            "kid": given["KID"],
            "algorithm": given.get("ALGORITHM", "HS256"),
        }
        if "KEY" in given:
            return SigningKey(key=given["KEY"], **named)
        return SigningKey.from_file(given["KEY_FILE"], **named)

    @cached_property
    def ingest_port(self) -> int:
        return int(self.given.get("INGEST_PORT", INGEST_PORT))

    @cached_property
    def client_url(self) -> str | None:
        """Where browsers connect.  None: the page's own host, at `client_port`."""
        return self.given.get("CLIENT_URL")

    @cached_property
    def client_port(self) -> int:
        return int(self.given.get("CLIENT_PORT", CLIENT_PORT))

    @cached_property
    def binary(self) -> str | None:
        """The gateway's program.  None: it is looked for."""
        return self.given.get("BINARY")

    @cached_property
    def gateway(self) -> dict[str, Any]:
        """Further settings of the gateway that `manage.py telegraphy` starts."""
        return dict(self.given.get("GATEWAY", {}))

    @property
    def believes_clients(self) -> bool:
        """Do clients of this gateway say themselves who they are, as tests want it?"""
        section = self.gateway.get("testing")
        nested = section.get("claims") if isinstance(section, Mapping) else None
        return bool(self.gateway.get("testing.claims", nested))

    def page_config(self) -> dict[str, str | int | None]:
        """What the client in a page needs to know."""
        if self.client_url:
            return {"url": self.client_url, "port": None, "path": None}
        return {"url": None, "port": self.client_port, "path": CLIENT_PATH}

    def forget(self) -> None:
        self.__dict__.clear()


conf: Final = Settings()


def forget_settings(*, setting: str, **_kwargs: Any) -> None:
    """Receives `setting_changed`, which tests send."""
    if setting in ("TELEGRAPHY", "SECRET_KEY", "ROOT_URLCONF"):
        conf.forget()
        replace_key(None)
        before = _outlet.replace_backend(None)
        if before is not None:
            before.close(timeout=0)
