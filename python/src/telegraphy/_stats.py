from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What became of the events of this process so far, and of its `queue_disconnect`s,
    each of which counts as one."""

    queued: int = 0
    """Waiting to be sent, or sent and not answered yet."""
    sent: int = 0
    """Sent at least once."""
    accepted: int = 0
    """The gateway has them."""
    refused: int = 0
    """The gateway said no; the log says why."""
    lost: int = 0
    """Dropped here: the queue was full, or the process ended."""
    unknown: int = 0
    """Sent and never answered: they may have arrived."""
