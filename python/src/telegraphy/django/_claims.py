"""What a request's user may say of themselves at the gateway: the claims, which access
rules and queries read as `auth.…`.

Any user model will do: what it does not have (groups, permissions, `is_staff`) is empty
or false.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .conf import conf

if TYPE_CHECKING:
    from django.http import HttpRequest

CLAIMS: Final = (
    "user_id",
    "is_staff",
    "is_superuser",
    "groups",
    "permissions",
    "scopes",
)
"""What every user has, whatever TELEGRAPHY["CLAIMS"] adds."""


def claims_of(request: HttpRequest, user: Any) -> dict[str, Any]:
    """Raises `ImproperlyConfigured` where TELEGRAPHY["CLAIMS"] or ["SCOPES"] gives
    something that cannot be claims; else whatever those raise."""
    return {
        "user_id": user.pk if isinstance(user.pk, int) else str(user.pk),
        "is_staff": bool(getattr(user, "is_staff", False)),
        "is_superuser": bool(getattr(user, "is_superuser", False)),
        "groups": _groups(user),
        "permissions": _permissions(user),
        "scopes": _scopes(request),
        **_own_claims(request),
    }


def _groups(user: Any) -> list[str]:
    groups: Any = getattr(user, "groups", None)
    if not hasattr(groups, "values_list"):
        return []
    return sorted(groups.values_list("name", flat=True))


def _permissions(user: Any) -> list[str]:
    if not hasattr(user, "has_perm"):
        return []
    return [name for name in conf.permissions if user.has_perm(name)]


def _scopes(request: HttpRequest) -> list[str]:
    if not conf.scopes:
        return []
    scopes = import_string(conf.scopes)(request)
    if isinstance(scopes, Iterable) and not isinstance(scopes, (str, bytes)):
        found = list(scopes)
        if all(isinstance(one, str) for one in found):
            return found
    raise ImproperlyConfigured(
        f"TELEGRAPHY['SCOPES']: {conf.scopes} must give a list of strings, not {scopes!r}"
    )


def _own_claims(request: HttpRequest) -> Mapping[str, Any]:
    if not conf.claims:
        return {}
    claims = import_string(conf.claims)(request)
    if isinstance(claims, Mapping) and all(isinstance(name, str) for name in claims):
        return claims
    raise ImproperlyConfigured(
        f"TELEGRAPHY['CLAIMS']: {conf.claims} must give a dict with strings as its keys, "
        f"not {claims!r}"
    )
