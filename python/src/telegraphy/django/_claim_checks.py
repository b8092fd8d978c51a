"""Rules that ask for a claim that no user has: they are right to the gateway, which knows
no claims before there are clients, and let nobody in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from .._errors import DefinitionError, did_you_mean
from .._registry import registry
from .._types import EventType
from ._claims import CLAIMS
from .conf import conf

READ: Final = re.compile(
    r"""
    (?<![\w.]) auth \s* (?: \. \s* (?P<name>\w+)
                         | \[ \s* (?P<quote>["']) (?P<key>\w+) (?P=quote) \s* \] )
    | "(?: \\. | [^"\\] )*" | '(?: \\. | [^'\\] )*'
    """,
    re.VERBOSE,
)
"""A claim, or a literal, in which there is none."""


def claims_read_by(rule: str) -> list[str]:
    """In the order of the rule, each once.

    >>> claims_read_by('owner == auth.user_id || auth["region"] == "auth.x"')
    ['user_id', 'region']
    """
    found = (one["name"] or one["key"] for one in READ.finditer(rule))
    return list(dict.fromkeys(name for name in found if name))


def check_claims(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    if conf.claims or conf.believes_clients:
        return []  # they may be any
    return [message for one in _types() for message in _messages(one)]


def _types() -> list[EventType]:
    found = []
    for declaration in registry:
        with suppress(DefinitionError):  # which is told of
            found.append(declaration.event_type())
    return sorted(found, key=lambda one: one.name)


def _messages(one: EventType) -> Iterator[CheckMessage]:
    where = one.declared_by or one.name
    if one.audience and not conf.scopes:
        yield _empty(f"{where}: audience", "scopes", "SCOPES")
    for name in claims_read_by(one.access):
        if name not in CLAIMS:
            yield CheckWarning(
                f"{where}: access: no user has auth.{name}{did_you_mean(name, CLAIMS)}",
                hint=f"Users have {', '.join(CLAIMS)}. TELEGRAPHY['CLAIMS'] may name a "
                "function that gives others.",
                id="telegraphy.W017",
            )
        elif name == "scopes" and not conf.scopes:
            yield _empty(f"{where}: access", name, "SCOPES")
        elif name == "permissions" and not conf.permissions:
            yield _empty(f"{where}: access", name, "PERMISSIONS")


def _empty(where: str, claim: str, setting: str) -> CheckMessage:
    return CheckWarning(
        f"{where}: auth.{claim} is empty for every user: TELEGRAPHY has no {setting!r}",
        hint=f"Set TELEGRAPHY[{setting!r}]: docs/guide/django.md says what it is.",
        id="telegraphy.W017",
    )
