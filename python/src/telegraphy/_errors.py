"""Every exception of the package.

    TelegraphyError
    ├── DefinitionError (TypeError)    an event class is not written as it must be
    ├── InvalidEvent (ValueError)      a value does not fit its field
    ├── InvalidRequest (ValueError)    a gateway is asked for what none would do
    ├── NotConfigured                  something was to be sent before `configure()`
    └── GatewayError                   asking the gateway did not end well
        ├── Unreachable                it did not answer in time
        └── Refused                    it answered no; `code` says why

Publishing raises none of the last three: a gateway that is down or refuses an event never
breaks its caller.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class TelegraphyError(Exception):
    """The root of all of them."""


class DefinitionError(TelegraphyError, TypeError):
    """An event class is not written as it must be."""


class InvalidEvent(TelegraphyError, ValueError):
    """A value does not fit its field.  `member` is its path, such as `tags[2]`."""

    def __init__(self, message: str, *, member: str | None = None) -> None:
        super().__init__(message)
        self.member = member


class InvalidRequest(TelegraphyError, ValueError):
    """A gateway is asked for what none would do.  `member` is what is wrong."""

    def __init__(self, message: str, *, member: str | None = None) -> None:
        super().__init__(message)
        self.member = member


class NotConfigured(TelegraphyError):
    """Something was to be sent before it was said where to."""


class GatewayError(TelegraphyError):
    """Asking the gateway did not end well."""


class Unreachable(GatewayError):
    """The gateway did not answer in time."""


class Refused(GatewayError):
    """The gateway answered no.  `line` and `column` are of the text that `member` names,
    an access rule."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        member: str | None = None,
        nearest: Sequence[str] = (),
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        text = f"{code}: {message}"
        if member:
            text += f" (at {member})"
        if nearest:
            text += f"; did you mean {one_of(nearest)}?"
        super().__init__(text)
        self.code = code
        self.message = message
        self.member = member
        self.nearest = tuple(nearest)
        self.line = line
        self.column = column


def one_of(names: Sequence[str]) -> str:
    """As the gateway's program says it: `id, name or note`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint that ends a message about an unknown name; empty if nothing is near.

    >>> did_you_mean("acess", ["access", "delivery"])
    "; did you mean 'access'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
