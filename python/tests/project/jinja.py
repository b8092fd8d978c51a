from typing import Any

import jinja2

from telegraphy.django.jinja2 import telegraphy


def environment(**options: Any) -> jinja2.Environment:
    env = jinja2.Environment(**options)  # noqa: S701 (Django passes autoescape)
    env.globals["telegraphy"] = telegraphy
    return env
