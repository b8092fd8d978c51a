from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, RequestContext, engines
from django.test import RequestFactory


class LazyNonce:
    """As Django 6's and django-csp's: false until somebody has seen it."""

    def __init__(self) -> None:
        self.seen = False

    def __bool__(self) -> bool:
        return self.seen

    def __str__(self) -> str:
        self.seen = True
        return 'r4nd0m"'


def render(engine: str, request: Any = None, **context: Any) -> str:
    source = {
        "django": "{% load telegraphy %}{% telegraphy %}",
        "jinja2": "{{ telegraphy() }}",
    }[engine]
    return engines[engine].from_string(source).render(context, request)


both = pytest.mark.parametrize("engine", ["django", "jinja2"])


@both
def test_the_tag_is_a_configuration_and_a_deferred_script(engine):
    page = render(engine)
    config = re.search(
        r'<script id="telegraphy-config" type="application/json">(.*?)</script>', page
    )
    assert config
    assert json.loads(config[1]) == {
        "url": None,
        "port": 1844,
        "path": "/v1/websocket",
        "ticket": None,
        "ticketUrl": "/telegraphy/ticket/",
        "anonymous": False,
        "csrf": {"cookie": "csrftoken", "header": "X-CSRFToken"},
        "session": {
            "store": "cookie",
            "cookie": "telegraphy_session_token",
            "untilClosed": False,
        },
    }
    assert page.endswith('<script defer src="/static/telegraphy/telegraphy.js"></script>')


@both
def test_an_address_in_the_settings_is_escaped_for_the_page(engine, settings):
    settings.TELEGRAPHY = {"CLIENT_URL": "wss://x/</script><script>alert(1)"}
    page = render(engine)
    assert "</script><script>alert" not in page
    assert r"\u003C/script\u003E" in page


@both
def test_the_nonce_of_django_csp_is_taken_although_it_is_false_at_first(engine):
    request = RequestFactory().get("/")
    request.csp_nonce = LazyNonce()
    assert 'nonce="r4nd0m&quot;"' in render(engine, request)


@both
def test_the_nonce_of_django_6_is_taken_although_it_is_false_at_first(engine):
    assert 'nonce="r4nd0m&quot;"' in render(engine, csp_nonce=LazyNonce())


@both
def test_without_a_nonce_there_is_none(engine):
    assert "nonce" not in render(engine, RequestFactory().get("/"))


def test_the_tag_works_without_a_request():
    template = (
        engines["django"].from_string("{% load telegraphy %}{% telegraphy %}").template
    )
    assert "telegraphy-config" in template.render(Context())
    request = SimpleNamespace(META={})
    assert "telegraphy-config" in template.render(RequestContext(request))
