"""Events as they go to the gateway (INGEST.md 4)."""

from __future__ import annotations

import json
import os
import re
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from . import _values
from ._errors import InvalidEvent

EVENT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
EVENT_BYTES_MAX: Final = 1024 * 1024
"""Far above what a client would take (64 KiB by default), far below the 8 MiB of a
request."""


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """One event, frozen: `line` is what is sent, the rest is for logs and tests."""

    type: str
    op: str
    id: str
    line: bytes

    @classmethod
    def make(
        cls,
        *,
        type: str,
        op: str,
        data: Mapping[str, Any],
        id: str,
        time: str,
        changed: Sequence[str] | None = None,
        old: Mapping[str, Any] | None = None,
    ) -> EncodedEvent:
        """Raises `InvalidEvent` if it is too large for the gateway."""
        document: dict[str, Any] = {"type": type, "op": op, "id": id, "time": time}
        document["data"] = data
        if changed is not None:
            document["changed"] = list(changed)
        if old is not None:
            document["old"] = old
        line = _values.to_json(document)
        if len(line) > EVENT_BYTES_MAX:
            raise InvalidEvent(
                f"an event of type {type} has {len(line):,} bytes; "
                f"{EVENT_BYTES_MAX:,} is the most",
                member="data",
            )
        return cls(type=type, op=op, id=id, line=line)

    def document(self) -> dict[str, Any]:
        """The event as the gateway reads it."""
        read: dict[str, Any] = json.loads(self.line)
        return read


def new_id() -> str:
    """A new event id: 32 hexadecimal digits that sort by time (as UUID version 7)."""
    millis = clock.time_ns() // 1_000_000
    return f"{millis:012x}7{os.urandom(10).hex()[1:]}"


def now() -> str:
    moment = datetime.now(timezone.utc).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


def check_event_id(event_id: str) -> str:
    if not EVENT_ID.fullmatch(event_id):
        raise InvalidEvent(
            "event_id must be 1 to 64 characters of A-Z, a-z, 0-9, _ . : and -, "
            f"not {event_id!r}",
            member="id",
        )
    return event_id
