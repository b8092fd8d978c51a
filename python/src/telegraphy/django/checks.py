"""System checks.

telegraphy.E001  TELEGRAPHY has an unknown setting
telegraphy.E002  a setting has a value that it cannot have
telegraphy.E003  a ModelEvents does not say its fields
telegraphy.E004  it names a field that the model does not have
telegraphy.E005  it names a field whose type has no place in events
telegraphy.E006  two declarations have the same name
telegraphy.E007  it has an unknown option
telegraphy.E008  an option has a value that it cannot have
telegraphy.E009  the gateway would refuse the event type
telegraphy.E010  a method does not say what it returns
telegraphy.E011  a field is for rules alone, and sent too
telegraphy.E012  is_authorized_user or audience is not as it must be
telegraphy.W001  fields = "__all__"
telegraphy.W002  the on_delete of a relation changes rows without an event
telegraphy.W003  a database has AUTOCOMMIT off
telegraphy.W004  fields are inherited from a table whose own saves are not seen
telegraphy.W005  a ModelEvents with fields is registered for no model
telegraphy.W006  the browser script is not built
telegraphy.W007  the gateway would refuse a rule, unless it is configured otherwise
telegraphy.W010  browsers would connect without TLS (deploy, or SECURE_SSL_REDIRECT)
telegraphy.W011  (deploy) the gateway would believe what clients say of themselves
telegraphy.W012  types are not public, and there is no ticket view
telegraphy.W013  (deploy) pages of every origin may connect
telegraphy.W014  (deploy) sessions may be kept in a cookie that is not Secure
telegraphy.W015  (deploy) tickets are signed with a key that was not chosen
telegraphy.W016  (deploy) error reports show the cookie of sessions
telegraphy.W017  a rule asks for a claim that no user has
telegraphy.W018  a method has almost the name of one that decides who may have what
telegraphy.W019  browsers would connect to no path
telegraphy.I001  rules are not judged, as the gateway's program is not there
telegraphy.I002  types are not public, and pages hold no tickets: no middleware
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import models
from django.utils.module_loading import import_string

from .._errors import DefinitionError, did_you_mean
from .._registry import registry
from .._types import APP_NAME, PUBLIC, EventType, check_event_type
from ..backends import BaseBackend
from ._claim_checks import check_claims
from ._declaration import ModelDeclaration
from ._model_events import unregistered
from ._rules import NotJudged, hint_for, mistakes_of_rules
from ._tag import SCRIPT
from .conf import CLIENT_PATH, SESSION_STORES, SETTINGS, SIGNING, TICKETS, conf

SOCKET_PATH_MAX: Final = 107
"""What the kernel takes as the path of a local socket, on Linux; 103 on macOS."""

TICKET_TIMEOUT_MAX: Final = 5.0

KEY = re.compile(r"[!-+\--~]{16,256}")
"""What the gateway takes; a comma would end it in the gateway's environment."""

KINDS: Final = {
    str: "a string",
    int: "a whole number",
    float: "a number of seconds",
    dict: "a dict",
    list: "a list",
}

SECRET: Final = ("INGEST_KEY", "SIGNING")
"""What messages do not show."""

MIDDLEWARE: Final = "telegraphy.django.middleware.TelegraphyMiddleware"

COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
"""A token of RFC 9110, which is what cookies are named with (RFC 6265)."""

PERMISSION = re.compile(r"[^.\s]+\.\S+")

Apps = Sequence[AppConfig] | None


def register_checks() -> None:
    register(check_settings, "telegraphy")
    register(check_databases, "telegraphy")
    register(check_event_types, "telegraphy")
    register(check_claims, "telegraphy")
    register(check_unregistered, "telegraphy")
    register(check_script, "telegraphy")
    register(check_identity, "telegraphy")
    register(check_path, "telegraphy")
    register(check_encryption, "telegraphy")
    register(check_deployment, Tags.security, deploy=True)


def check_settings(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    return list(_settings_messages())


def _settings_messages() -> Iterator[CheckMessage]:
    given = getattr(settings, "TELEGRAPHY", None)
    if given is not None and not isinstance(given, dict):
        yield _bad_setting("", f"must be a dict, not {given!r}")
        return
    sound = True
    for name, value in (given or {}).items():
        if name not in SETTINGS:
            yield Error(
                f"TELEGRAPHY has no setting {name!r}{did_you_mean(str(name), SETTINGS)}",
                hint=f"The settings are {', '.join(SETTINGS)}.",
                id="telegraphy.E001",
            )
        elif value is not None and not is_of_kind(value, SETTINGS[name]):
            sound = False
            shown = type(value).__name__ if name in SECRET else repr(value)
            yield _bad_setting(name, f"must be {KINDS[SETTINGS[name]]}, not {shown}")
    if sound:
        yield from _value_messages()


def _value_messages() -> Iterator[CheckMessage]:
    if not APP_NAME.fullmatch(conf.app):
        yield _bad_setting(
            "APP", f"must be 1 to 64 of a-z, 0-9, _ and -, not {conf.app!r}"
        )
    for name, port in (
        ("CLIENT_PORT", conf.client_port),
        ("INGEST_PORT", conf.ingest_port),
    ):
        if not 0 < port < 65_536:
            yield _bad_setting(name, f"must be between 1 and 65535, not {port}")
    key = conf.ingest_key
    if not KEY.fullmatch(key):
        yield _bad_setting(
            "INGEST_KEY",
            "must be 16 to 256 printable ASCII characters, without blanks and commas",
        )
    yield from _endpoint_messages(conf.endpoint)
    if conf.client_url is not None:
        url = urlsplit(conf.client_url)
        if url.scheme not in ("ws", "wss") or not url.netloc:
            yield _bad_setting(
                "CLIENT_URL",
                "must be like 'wss://live.example.com/v1/websocket', "
                f"not {conf.client_url!r}",
            )
    yield from _backend_messages()
    yield from _identity_messages()


def is_of_kind(value: object, kind: type) -> bool:
    kinds = {float: (float, int), list: (list, tuple)}.get(kind, (kind,))
    return type(value) in kinds


def _identity_messages() -> Iterator[CheckMessage]:
    for name, value, known in (
        ("TICKETS", conf.tickets, TICKETS),
        ("SESSION_STORE", conf.session_store, SESSION_STORES),
    ):
        if value not in known:
            words = " or ".join(map(repr, known))
            yield _bad_setting(
                name, f"must be {words}, not {value!r}{did_you_mean(value, known)}"
            )
    if not 0 < conf.ticket_timeout <= TICKET_TIMEOUT_MAX:
        yield _bad_setting(
            "TICKET_TIMEOUT",
            f"must be more than 0 and at most {TICKET_TIMEOUT_MAX:g} seconds, in which a "
            f"page waits, not {conf.ticket_timeout:g}",
        )
    for name, path in (("CLAIMS", conf.claims), ("SCOPES", conf.scopes)):
        yield from _callable_messages(name, path)
    for permission in conf.permissions:
        if not (isinstance(permission, str) and PERMISSION.fullmatch(permission)):
            yield _bad_setting(
                "PERMISSIONS",
                "must be a list of permissions such as 'shop.view_order'; "
                f"{permission!r} is none",
            )
    yield from _cookie_messages()
    yield from _signing_messages()


def _callable_messages(name: str, path: str | None) -> Iterator[CheckMessage]:
    if path is None:
        return
    try:
        found = import_string(path)
    except ImportError as error:
        yield _bad_setting(name, f"cannot be imported: {error}")
        return
    if not callable(found):
        yield _bad_setting(name, f"must be a function of a request; {path} is none")


def _cookie_messages() -> Iterator[CheckMessage]:
    name = conf.session_cookie_name
    taken = {
        getattr(settings, other): other
        for other in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME")
    }
    if name in taken:
        yield _bad_setting(
            "SESSION_COOKIE_NAME",
            f"is {name!r}, which is Django's {taken[name]}: it must have its own",
        )
    elif not COOKIE_NAME.fullmatch(name):
        yield _bad_setting(
            "SESSION_COOKIE_NAME",
            "must be 1 to 128 letters, digits and !#$%&'*+-.^_`|~, as names of cookies "
            f"are, not {name!r}",
        )


def _signing_messages() -> Iterator[CheckMessage]:
    for name, value in conf.signing.items():
        if name not in SIGNING:
            yield _bad_setting(
                "SIGNING",
                f"has no {name!r}{did_you_mean(str(name), SIGNING)}",
                f"It may have {', '.join(SIGNING)}.",
            )
            return
        if type(value) is not SIGNING[name]:
            # Not the value, which may be the key.
            yield _bad_setting("SIGNING", f"must have {KINDS[SIGNING[name]]} as {name}")
            return
    if {"KEY", "KEY_FILE"} <= conf.signing.keys():
        yield _bad_setting("SIGNING", "must have KEY or KEY_FILE, not both")
    elif conf.tickets == "signed":
        try:
            _ = conf.signing_key
        except DefinitionError as error:
            yield _bad_setting("SIGNING", f"is no key to sign with: {error}")


def _endpoint_messages(endpoint: str) -> Iterator[CheckMessage]:
    scheme, _, address = endpoint.partition("://")
    if scheme not in ("ipc", "tcp") or not address:
        yield _bad_setting(
            "ENDPOINT",
            f"must be like 'ipc:///run/telegraphy/ingest.ipc' or 'tcp://127.0.0.1:1846', "
            f"not {endpoint!r}",
        )
    elif scheme == "ipc" and len(address.encode()) > SOCKET_PATH_MAX:
        yield _bad_setting(
            "ENDPOINT",
            f"is a path of {len(address.encode())} bytes; a local socket can have "
            f"{SOCKET_PATH_MAX}: {endpoint!r}",
            "Set the environment variable TELEGRAPHY_RUNTIME_DIR to a shorter path.",
        )
    elif scheme == "tcp" and not address.rpartition(":")[2].isdecimal():
        yield _bad_setting("ENDPOINT", f"must end with a port: {endpoint!r}")


def _backend_messages() -> Iterator[CheckMessage]:
    try:
        backend_class = import_string(conf.backend)
    except ImportError as error:
        yield _bad_setting("BACKEND", f"cannot be imported: {error}")
        return
    if not (isinstance(backend_class, type) and issubclass(backend_class, BaseBackend)):
        yield _bad_setting(
            "BACKEND", f"must be a subclass of BaseBackend, which {conf.backend} is not"
        )
        return
    try:
        known = backend_class.option_names()
        unknown = [name for name in conf.options if known and name not in known]
        for name in unknown:
            yield _bad_setting(
                "OPTIONS",
                f"names {name!r}, which {conf.backend} does not have"
                f"{did_you_mean(str(name), known)}",
                f"Its options are {', '.join(known)}.",
            )
        if not unknown:
            backend_class(endpoint=conf.endpoint, key=conf.ingest_key, **conf.options)
    except (TypeError, ValueError) as error:
        yield _bad_setting("OPTIONS", f"do not fit {conf.backend}: {error}")


def _bad_setting(name: str, text: str, hint: str | None = None) -> Error:
    where = f"TELEGRAPHY[{name!r}]" if name else "TELEGRAPHY"
    return Error(f"{where} {text}", hint=hint, id="telegraphy.E002")


def check_databases(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    return [
        CheckWarning(
            f"The database {alias!r} has AUTOCOMMIT off: events outside of "
            "transaction.atomic cannot wait for its commit and are lost",
            hint="Leave AUTOCOMMIT on and use transaction.atomic.",
            id="telegraphy.W003",
        )
        for alias, options in settings.DATABASES.items()
        if not options.get("AUTOCOMMIT", True)
    ]


def check_event_types(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    types: list[EventType] = []
    models_of: dict[str, type[models.Model]] = {}
    for declaration in registry:
        if isinstance(declaration, ModelDeclaration):
            problems = declaration.problems()
            found.extend(
                (CheckWarning if one.is_warning else Error)(
                    one.message, hint=one.hint, id=one.id
                )
                for one in problems
            )
            if any(not one.is_warning for one in problems):
                continue
            models_of[declaration.event_name] = declaration.model
        types.append(declaration.event_type())
    right: dict[str, EventType] = {}
    for one in types:
        sentences = check_event_type(one)
        found.extend(
            Error(f"{one.declared_by}: {sentence}", id="telegraphy.E009")
            for sentence in sentences
        )
        if not sentences:
            right[one.name] = one
    rules = [one for one in right.values() if one.rule is not None]
    return [*found, *_name_messages(types), *_rule_messages(rules, models_of)]


def _rule_messages(
    types: Sequence[EventType], models_of: Mapping[str, type[models.Model]]
) -> Iterator[CheckMessage]:
    try:
        mistakes = mistakes_of_rules(types) if types else []
    except NotJudged as reason:
        yield Info(
            f"access rules are not judged: {reason}",
            hint="`manage.py telegraphy` judges them before it runs the gateway.",
            id="telegraphy.I001",
        )
        return
    for one in mistakes:
        text = f"{one.event_type.declared_by}: access: {one.message}"
        if one.is_configurable:
            yield CheckWarning(
                text,
                hint="Set `queries` in TELEGRAPHY['GATEWAY'], or in the gateway's own "
                "configuration, which these checks do not read.",
                id="telegraphy.W007",
            )
        else:
            hint = hint_for(one, models_of.get(one.event_type.name))
            yield Error(text, hint=hint, id="telegraphy.E009")


def _name_messages(types: Sequence[EventType]) -> Iterator[CheckMessage]:
    first: dict[str, EventType] = {}
    for one in types:
        other = first.setdefault(one.name, one)
        if other is not one:
            yield Error(
                f"{other.declared_by} and {one.declared_by} both declare the event type "
                f"{one.name!r}",
                hint="Give one of them another name.",
                id="telegraphy.E006",
            )


def check_unregistered(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    return [
        CheckWarning(
            f"{cls.__module__}.{cls.__qualname__} has fields, and is registered for no "
            "model: it does nothing",
            hint="Write @register(Order) before it, with the model that it is of.",
            id="telegraphy.W005",
        )
        for cls in unregistered()
    ]


def check_script(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    # Without staticfiles the project serves its static files in a way of its own.
    if not apps.is_installed("django.contrib.staticfiles") or finders.find(SCRIPT):
        return []
    return [
        CheckWarning(
            f"the browser script is not built: there is no static file {SCRIPT!r}",
            hint="Run `make build` in the Telegraphy repository.",
            id="telegraphy.W006",
        )
    ]


def check_identity(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """How clients become somebody, where that matters to them."""
    private = names_of_private_types()
    if not private or conf.believes_clients:
        return []
    shown = f"{private[0]} and {len(private) - 1} more" if private[1:] else private[0]
    if conf.ticket_url() is None:
        return [
            CheckWarning(
                f"{shown}: not for everyone, and pages cannot ask who they are: there is "
                "no ticket view",
                hint='Add path("telegraphy/", include("telegraphy.django.urls")) to the '
                "URLconf.",
                id="telegraphy.W012",
            )
        ]
    if MIDDLEWARE not in settings.MIDDLEWARE:
        return [
            Info(
                f"{shown}: not for everyone, and each page asks who it is by a request "
                "of its own",
                hint=f"Add {MIDDLEWARE!r} to MIDDLEWARE, after AuthenticationMiddleware: "
                "pages then hold their ticket.",
                id="telegraphy.I002",
            )
        ]
    return []


def names_of_private_types() -> list[str]:
    found = []
    for declaration in registry:
        try:
            one = declaration.event_type()
        except DefinitionError:
            continue  # which is told of
        if one.access != PUBLIC:
            found.append(one.name)
    return sorted(found)


def check_path(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """The gateway answers 404 to what is not its path, and pages cannot see why."""
    url = urlsplit(conf.client_url or "")
    if url.scheme not in ("ws", "wss") or url.path not in ("", "/"):
        return []
    return [
        CheckWarning(
            f"TELEGRAPHY['CLIENT_URL'] is {conf.client_url!r}, which has no path",
            hint=f"The gateway listens at {CLIENT_PATH}: put that behind the host, "
            "unless a proxy does.",
            id="telegraphy.W019",
        )
    ]


def check_encryption(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """Browsers do not let a page of https connect to ws://."""
    if is_plain() and settings.SECURE_SSL_REDIRECT:
        return [_plain_message("browsers let no page of https connect there")]
    return []


def is_plain() -> bool:
    return conf.client_url is not None and urlsplit(conf.client_url).scheme != "wss"


def _plain_message(what: str) -> CheckWarning:
    return CheckWarning(
        f"TELEGRAPHY['CLIENT_URL'] is {conf.client_url!r}: {what}",
        hint="Put the gateway behind TLS and use wss://.",
        id="telegraphy.W010",
    )


def is_hidden_in_reports(name: str) -> bool:
    """In mails to the admins, for one, which have the cookies of the request."""
    report_filter = import_string(settings.DEFAULT_EXCEPTION_REPORTER_FILTER)()
    return bool(report_filter.cleanse_setting(name, "shown") != "shown")


def check_deployment(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if is_plain() and not settings.SECURE_SSL_REDIRECT:
        found.append(
            _plain_message("whatever passes there can be read and changed on its way")
        )
    if conf.believes_clients:
        found.append(
            CheckWarning(
                "TELEGRAPHY['GATEWAY'] has testing.claims: the gateway believes whatever "
                "a client says of itself, so access rules keep nobody out",
                hint="Set it in the settings of tests alone.",
                id="telegraphy.W011",
            )
        )
    if "*" in conf.allowed_origins:
        found.append(
            CheckWarning(
                "TELEGRAPHY['GATEWAY'] has clients.allowed_origins '*': pages of every "
                "site may connect from the browsers of your users",
                hint="List the origins of your pages, such as 'https://shop.example'.",
                id="telegraphy.W013",
            )
        )
    is_kept = conf.session_store == "cookie" and names_of_private_types()
    if is_kept and not settings.SESSION_COOKIE_SECURE:
        found.append(
            CheckWarning(
                "SESSION_COOKIE_SECURE is off, so there may be pages without TLS: on "
                f"those the cookie {conf.session_cookie_name!r} is not Secure either",
                hint="Set SESSION_COOKIE_SECURE and serve pages by https alone, or set "
                "TELEGRAPHY['SESSION_STORE'] to 'memory'.",
                id="telegraphy.W014",
            )
        )
    if is_kept and not is_hidden_in_reports(conf.session_cookie_name):
        found.append(
            CheckWarning(
                f"error reports show the cookie {conf.session_cookie_name!r}, with which "
                "whoever reads them can be its user",
                hint="Give TELEGRAPHY['SESSION_COOKIE_NAME'] a name that Django hides, "
                'such as one with "token" in it.',
                id="telegraphy.W016",
            )
        )
    if conf.tickets == "signed" and not {"KEY", "KEY_FILE"} & conf.signing.keys():
        found.append(
            CheckWarning(
                "TELEGRAPHY['SIGNING'] has no key, so tickets are signed with one that "
                "is made of SECRET_KEY: whoever knows that can be anybody",
                hint="Give the gateway and TELEGRAPHY['SIGNING'] a key of their own.",
                id="telegraphy.W015",
            )
        )
    return found
