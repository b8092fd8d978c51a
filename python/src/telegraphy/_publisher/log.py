from __future__ import annotations

import logging
import time
from typing import Final

from .native import make_lock


class ThrottledLog:
    """Logs each kind of complaint at most once in `interval` seconds, and then says how
    many came in between: a gateway that is down must not fill the disk too."""

    def __init__(self, logger: logging.Logger, interval: float) -> None:
        self._logger = logger
        self._interval = interval
        self._lock = make_lock()
        self._last: Final[dict[str, float]] = {}
        self._hidden: Final[dict[str, int]] = {}

    def warning(self, kind: str, text: str, *args: object) -> None:
        self._log(logging.WARNING, kind, text, args)

    def error(self, kind: str, text: str, *args: object) -> None:
        self._log(logging.ERROR, kind, text, args)

    def exception(self, kind: str, text: str, *args: object) -> None:
        self._log(logging.ERROR, kind, text, args, exc_info=True)

    def _log(
        self,
        level: int,
        kind: str,
        text: str,
        args: tuple[object, ...],
        *,
        exc_info: bool = False,
    ) -> None:
        now = time.monotonic()
        with self._lock:
            last = self._last.get(kind)
            if last is not None and now - last < self._interval:
                self._hidden[kind] = self._hidden.get(kind, 0) + 1
                return
            self._last[kind] = now
            hidden = self._hidden.pop(kind, 0)
        if hidden:
            text += " (and %d times more since this was last logged)"
            args = (*args, hidden)
        self._logger.log(level, text, *args, exc_info=exc_info)
