"""The setting TELEGRAPHY, typed, with its defaults.

    TELEGRAPHY = {"CLIENT_URL": "wss://live.example.com/v1/websocket"}

In development nothing has to be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from django.conf import settings as django_settings
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac

from .. import _outlet
from .._errors import DefinitionError
from .._publisher import default_endpoint
from .._signing import SigningKey
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
    "TICKETS": str,
    "TICKET_TIMEOUT": float,
    "SIGNING": dict,
    "CLAIMS": str,
    "PERMISSIONS": list,
    "SCOPES": str,
    "SESSION_STORE": str,
    "SESSION_COOKIE_NAME": str,
}
"""Every setting and the type it has.  None means the default."""

SIGNING: Final[dict[str, type]] = {
    "KID": str,
    "ALGORITHM": str,
    "KEY": str,
    "KEY_FILE": str,
}
"""What TELEGRAPHY["SIGNING"] may say."""

TICKETS: Final = ("gateway", "signed")
SESSION_STORES: Final = ("cookie", "memory")
TICKET_VIEW: Final = "telegraphy:ticket"


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
    def curve_options(self) -> dict[str, Any]:
        """What OPTIONS says of CURVE."""
        return {
            name: self.options[name]
            for name in ("curve_server_key", "curve_key_file")
            if name in self.options
        }

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

    @cached_property
    def tickets(self) -> str:
        """Who makes tickets: the gateway, or this project, which signs them."""
        return str(self.given.get("TICKETS", "gateway"))

    @cached_property
    def ticket_timeout(self) -> float:
        """So many seconds may a page wait for its ticket."""
        return float(self.given.get("TICKET_TIMEOUT", 0.25))

    @cached_property
    def signing(self) -> Mapping[str, Any]:
        return dict(self.given.get("SIGNING", {}))

    @cached_property
    def signing_key(self) -> SigningKey:
        """What signs tickets; raises `DefinitionError` if it cannot be a key.  By default
        derived from SECRET_KEY, as the ingest key is."""
        key = self.signing.get("KEY")
        path = self.signing.get("KEY_FILE")
        if key is None and path is not None:
            try:
                key = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeError) as error:
                raise DefinitionError(f"KEY_FILE cannot be read: {error}") from None
        if key is None:
            key = salted_hmac("telegraphy.signing", "key", algorithm="sha256").hexdigest()
        return SigningKey(
            app=self.app,
            kid=self.signing.get("KID", "django"),
            algorithm=self.signing.get("ALGORITHM", "HS256"),
            key=key,
        )

    @cached_property
    def claims(self) -> str | None:
        """The dotted path of `claims(request)`, the project's own claims."""
        return self.given.get("CLAIMS")

    @cached_property
    def permissions(self) -> tuple[str, ...]:
        """Which permissions rules and queries look at."""
        return tuple(self.given.get("PERMISSIONS", ()))

    @cached_property
    def scopes(self) -> str | None:
        """The dotted path of `scopes(request)`, to be met with a type's `audience`."""
        return self.given.get("SCOPES")

    @cached_property
    def session_store(self) -> str:
        """Where pages keep their session with the gateway."""
        return str(self.given.get("SESSION_STORE", "cookie"))

    @cached_property
    def session_cookie_name(self) -> str:
        return str(self.given.get("SESSION_COOKIE_NAME", "telegraphy_session_token"))

    @property
    def believes_clients(self) -> bool:
        """Do clients of this gateway say themselves who they are, as tests want it?"""
        return bool(self._of_gateway("testing", "claims"))

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Whose pages may connect to the gateway that the command starts, as set."""
        given = self._of_gateway("clients", "allowed_origins")
        if isinstance(given, str):
            return tuple(one.strip() for one in given.split(","))
        return tuple(given or ())

    def _of_gateway(self, section: str, name: str) -> Any:
        nested = self.gateway.get(section)
        found = nested.get(name) if isinstance(nested, Mapping) else None
        return self.gateway.get(f"{section}.{name}", found)

    def ticket_url(self) -> str | None:
        """The ticket view's address; None if `telegraphy.django.urls` is not included."""
        if not getattr(django_settings, "ROOT_URLCONF", None):
            return None
        try:
            return reverse(TICKET_VIEW)
        except NoReverseMatch:
            return None

    def page_config(
        self,
        *,
        ticket: str | None = None,
        anonymous: bool = False,
        until_closed: bool | None = None,
    ) -> dict[str, Any]:
        """What the client in a page needs to know.  `until_closed`: the visitor's session
        with Django ends with the browser, and so must what it becomes here; None: that is
        as in the settings."""
        address: dict[str, Any]
        if self.client_url:
            address = {"url": self.client_url, "port": None, "path": None}
        else:
            address = {"url": None, "port": self.client_port, "path": CLIENT_PATH}
        return {
            **address,
            "ticket": ticket,
            "ticketUrl": self.ticket_url(),
            "anonymous": anonymous,
            "csrf": {
                "cookie": django_settings.CSRF_COOKIE_NAME,
                "header": header_name(django_settings.CSRF_HEADER_NAME),
            },
            "session": {
                "store": self.session_store,
                "cookie": self.session_cookie_name,
                "untilClosed": (
                    django_settings.SESSION_EXPIRE_AT_BROWSER_CLOSE
                    if until_closed is None
                    else until_closed
                ),
            },
        }

    def forget(self) -> None:
        self.__dict__.clear()


def header_name(meta: str) -> str:
    """`HTTP_X_CSRFTOKEN`, as Django has it, as a request has it."""
    name = meta.removeprefix("HTTP_").replace("_", "-").title()
    return name.replace("Csrftoken", "CSRFToken")


conf: Final = Settings()


def forget_settings(*, setting: str, **_kwargs: Any) -> None:
    """Receives `setting_changed`, which tests send."""
    if setting in ("TELEGRAPHY", "SECRET_KEY", "ROOT_URLCONF"):
        conf.forget()
        before = _outlet.replace_backend(None)
        if before is not None:
            before.close(timeout=0)
