"""Checks of what rules ask of users, and of methods that nothing calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

import telegraphy
from project.shop.models import Customer
from telegraphy import Q, auth, registry
from telegraphy.django import ModelEvents, register
from telegraphy.django._claim_checks import claims_read_by

MEMORY = {"BACKEND": "telegraphy.backends.MemoryBackend"}


@pytest.fixture(autouse=True)
def _only_what_the_test_declares() -> Iterator[None]:
    with registry.isolated():
        for declaration in registry:
            registry.remove(declaration)
        yield


def declare(**attributes: Any) -> None:
    register(Customer)(
        type("Declared", (ModelEvents,), {"fields": ["name"], **attributes})
    )


def messages() -> list[CheckMessage]:
    found = run_checks(tags=["telegraphy"])
    return [one for one in found if one.id in ("telegraphy.W017", "telegraphy.W018")]


@pytest.mark.parametrize(
    ("rule", "claims"),
    [
        ("name == auth.user_id || auth.is_staff", ["user_id", "is_staff"]),
        ('name in auth["regions"] && "x" in auth . scopes', ["regions", "scopes"]),
        (r'name == "auth.x \" auth.y" || name == auth.z', ["z"]),
        ("data.auth.x == 1 || oauth.y == 2", []),
        ("auth.a == auth.a", ["a"]),
    ],
)
def test_the_claims_of_a_rule_are_found(rule, claims):
    assert claims_read_by(rule) == claims


def test_a_claim_that_no_user_has_names_the_nearest():
    declare(access="name == auth.usr_id")
    [found] = messages()
    assert found.id == "telegraphy.W017"
    assert found.msg == (
        "test_claim_checks.Declared: access: no user has auth.usr_id; "
        "did you mean 'user_id'?"
    )
    assert "TELEGRAPHY['CLAIMS']" in str(found.hint)


@pytest.mark.parametrize(
    "access",
    [Q(name=auth.user_id) | Q(auth.is_staff), telegraphy.PUBLIC, "auth.is_staff"],
)
def test_claims_that_every_user_has_are_right(access):
    declare(access=access)
    assert messages() == []


@pytest.mark.parametrize(
    "given",
    [{"CLAIMS": "project.shop.models.Customer"}, {"GATEWAY": {"testing.claims": True}}],
)
def test_where_claims_may_be_any_none_is_wrong(settings, given):
    settings.TELEGRAPHY = {**MEMORY, **given}
    declare(access="name == auth.region")
    assert messages() == []


@pytest.mark.parametrize(
    ("access", "setting"),
    [
        ('"a" in auth.scopes', "SCOPES"),
        ('"shop.view_order" in auth.permissions', "PERMISSIONS"),
    ],
)
def test_a_claim_that_is_always_empty_names_its_setting(settings, access, setting):
    declare(access=access)
    [found] = messages()
    assert f"is empty for every user: TELEGRAPHY has no {setting!r}" in found.msg
    right = {"SCOPES": "project.shop.models.Customer", "PERMISSIONS": ["shop.view_order"]}
    settings.TELEGRAPHY = {**MEMORY, setting: right[setting]}
    assert messages() == []


def test_an_audience_without_scopes_is_nobody():
    declare(audience=lambda self, instance: ["team:1"])
    [found] = messages()
    assert "Declared: audience: auth.scopes is empty for every user" in found.msg


def test_a_method_that_almost_decides_who_may_have_what_is_told_of():
    declare(is_authorised_user=lambda self, user: False)
    [found] = messages()
    assert found.id == "telegraphy.W018"
    assert found.msg.endswith(
        "Declared: nothing calls is_authorised_user; did you mean 'is_authorized_user'?"
    )


def test_helpers_and_fields_may_have_any_name():
    def audiences(self, instance) -> str:
        return ""

    declare(fields=["name", "audiences"], audiences=audiences, initials=lambda self: "")
    assert messages() == []
