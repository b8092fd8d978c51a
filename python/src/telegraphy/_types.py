"""Event types: what the catalogue says about each kind of event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from ._errors import DefinitionError, did_you_mean
from ._fields import FIELD_NAME_MAX, FIELDS_MAX, Field
from ._query import Condition

PUBLIC: Final = "public"
"""`access` of events that any client may have."""

AUTHENTICATED: Final = "authenticated"
"""`access` of events for clients with an identity (the default)."""

AUDIENCE_RULE: Final = "auth.scopes.exists(s, s in audience)"
"""What `audience` adds to the access of a type."""

DELIVERIES: Final = ("live", "recoverable", "guaranteed")
EVENT: Final = ("event",)
MODEL_OPERATIONS: Final = ("create", "update", "delete")

TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
APP_NAME = re.compile(r"[a-z0-9_-]{1,64}")
TYPE_NAME_MAX: Final = 128
VERBOSE_NAME_MAX: Final = 256
TYPES_MAX: Final = 1_000
RULE_BYTES_MAX: Final = 65_536
"""What no gateway takes, however it is configured (`queries.bytes_max`)."""


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One entry of the catalogue (INGEST.md 5)."""

    name: str
    fields: tuple[Field, ...]
    operations: tuple[str, ...] = EVENT
    key: tuple[str, ...] = ()
    access: str = AUTHENTICATED
    checked: bool = False
    """Only for clients whose ticket names it?"""
    audience: bool = False
    """Only for clients who have one of the event's scopes?"""
    delivery: str = "live"
    ttl: timedelta | None = None
    verbose_name: str = ""
    verbose_name_plural: str = ""
    declared_by: str = ""
    """The class that declares it, for messages."""

    @property
    def rule(self) -> str | None:
        """The whole access rule, if there is one."""
        own = None if self.access in (PUBLIC, AUTHENTICATED) else self.access
        if not self.audience:
            return own
        if own is None:
            return AUDIENCE_RULE
        end = "\n" if "//" in own else ""  # of a comment, which would hide the rest
        return f"({own}{end}) && {AUDIENCE_RULE}"

    def describe(self) -> dict[str, Any]:
        """This type in a catalogue document."""
        described: dict[str, Any] = {
            "name": self.name,
            "verbose_name": self.verbose_name,
            "verbose_name_plural": self.verbose_name_plural,
            "operations": list(self.operations),
        }
        if self.key:
            described["key"] = list(self.key)
        rule = self.rule
        described["access"] = self.access if rule is None else {"rule": rule}
        if self.checked:
            described["checked"] = True
        described |= {
            "delivery": self.delivery,
            "ttl_ms": ttl_ms(self.ttl),
            "fields": [field.describe() for field in self.fields],
        }
        return described


def ttl_ms(ttl: timedelta | None) -> int | None:
    return None if ttl is None else ttl // timedelta(milliseconds=1)


def rule_text(access: str | Condition) -> str:
    """`access` as the catalogue has it; `ValueError` for an empty `Q`."""
    return str(access)


def check_event_type(event_type: EventType) -> list[str]:
    """What the gateway would refuse in it, as sentences."""
    problems = []
    name = event_type.name
    if len(name) > TYPE_NAME_MAX or not TYPE_NAME.fullmatch(name):
        problems.append(
            f"name {name!r} must be two or more words of letters, digits and _ joined by "
            f"dots, at most {TYPE_NAME_MAX} characters, such as 'shop.Order'"
        )
    if len(event_type.fields) > FIELDS_MAX:
        problems.append(f"has {len(event_type.fields)} fields; {FIELDS_MAX} is the most")
    for field in event_type.fields:
        if len(field.name) > FIELD_NAME_MAX or not FIELD_NAME.fullmatch(field.name):
            problems.append(
                f"field name {field.name!r} must be letters, digits and _, "
                f"at most {FIELD_NAME_MAX}"
            )
        if len(field.verbose_name) > VERBOSE_NAME_MAX:
            problems.append(f"field {field.name!r} has a verbose name over 256 chars")
    for option in ("verbose_name", "verbose_name_plural"):
        if len(getattr(event_type, option)) > VERBOSE_NAME_MAX:
            problems.append(f"{option} is over {VERBOSE_NAME_MAX} characters")
    return problems


def check_options(options: Mapping[str, Any], where: str) -> None:
    """Raise `DefinitionError` for a value of `access`, `delivery`, `ttl` or a name that
    no event type can have; `where` begins the message."""
    check_access(options.get("access", AUTHENTICATED), where)
    check_names(options.get("rule_fields", ()), where)
    delivery = options.get("delivery", "live")
    if delivery not in DELIVERIES:
        raise DefinitionError(
            f"{where}: delivery must be one of {', '.join(map(repr, DELIVERIES))}, "
            f"not {delivery!r}{did_you_mean(str(delivery), DELIVERIES)}"
        )
    ttl = options.get("ttl")
    if ttl is not None and (
        not isinstance(ttl, timedelta) or ttl < timedelta(milliseconds=1)
    ):
        raise DefinitionError(
            f"{where}: ttl must be a timedelta of a millisecond or more, or None, "
            f"not {ttl!r}"
        )
    name = options.get("name")
    if name is not None and not (isinstance(name, str) and TYPE_NAME.fullmatch(name)):
        raise DefinitionError(
            f"{where}: name must be two or more words joined by dots, such as "
            f"'shop.PriceChanged', not {name!r}"
        )


def check_access(access: object, where: str) -> None:
    """What is wrong with it at first sight; whether a rule is right the gateway tells."""
    try:
        rule = str(access) if isinstance(access, (str, Condition)) else ""
    except ValueError as error:  # an empty Q
        raise DefinitionError(f"{where}: access: {error}") from None
    if not rule.strip():
        raise DefinitionError(
            f"{where}: access must be telegraphy.PUBLIC, telegraphy.AUTHENTICATED or a "
            f"rule (a string or a telegraphy.Q), not {access!r}"
        )
    if rule not in (PUBLIC, AUTHENTICATED) and rule.isidentifier():
        near = did_you_mean(rule.lower(), (PUBLIC, AUTHENTICATED))
        if near:
            raise DefinitionError(f"{where}: access {rule!r} is not a rule{near}")
    size = len(rule.encode(errors="replace"))
    if size > RULE_BYTES_MAX:
        raise DefinitionError(
            f"{where}: access is a rule of {size:,} bytes; {RULE_BYTES_MAX:,} is the most"
        )


def check_names(names: object, where: str) -> None:
    """Is it what `rule_fields` may be, a list of names?"""
    if not isinstance(names, (list, tuple)) or not all(
        isinstance(name, str) for name in names
    ):
        hint = (
            "; every field must be named"
            if names == "__all__"
            else f"; write [{names!r}]"
            if isinstance(names, str)
            else ""
        )
        raise DefinitionError(
            f"{where}: rule_fields must be a list of names, not {names!r}{hint}"
        )


def plural(verbose_name: str) -> str:
    return verbose_name + "s"
