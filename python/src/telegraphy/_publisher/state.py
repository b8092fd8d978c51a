"""What waits, what is on its way, and what became of the rest: no socket, no clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from .._encoded import EncodedEvent
from .._stats import Stats
from .native import make_lock, wait_until

BATCH_BYTES_MAX: Final = 4 * 1024 * 1024
BATCH_EVENTS_MAX: Final = 4_096
RESEND_FACTOR_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `Publisher`."""

    queue_max: int
    batch_max: int
    linger: float
    in_flight_max: int
    resend_after: float
    give_up_after: float
    log_interval: float

    def __post_init__(self) -> None:
        for name in ("queue_max", "batch_max", "in_flight_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)!r}")
        for name in ("linger", "resend_after", "give_up_after", "log_interval"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)!r}")
        if self.batch_max > BATCH_EVENTS_MAX:
            raise ValueError(
                f"batch_max must be at most {BATCH_EVENTS_MAX} (the gateway's limit), "
                f"not {self.batch_max!r}"
            )


@dataclass(frozen=True, slots=True)
class Request:
    """What takes its turn among the events, and is no event."""

    kind: str
    line: bytes


Item: TypeAlias = EncodedEvent | Request


@dataclass(slots=True, eq=False)
class Batch:
    """What is sent, answered and sent again together: events, or one request."""

    id: int
    items: tuple[Item, ...]
    first_sent: float = 0.0
    last_sent: float = 0.0
    attempts: int = 0

    @property
    def request(self) -> Request | None:
        first = self.items[0]
        return first if isinstance(first, Request) else None

    @property
    def kind(self) -> str:
        return "publish" if self.request is None else self.request.kind

    @property
    def body(self) -> bytes:
        return b"\n".join(item.line for item in self.items)


class State:
    """Shared by the callers of `publish` and the thread.  Every event and request is in
    exactly one place: `_queue`, a batch of `_again` (to be sent before anything newer), a
    batch of `_in_flight` (sent, not answered), or counted."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._lock = make_lock()
        self._queue: deque[Item] = deque()
        self._requests_queued = 0
        self._again: deque[Batch] = deque()
        self._in_flight: dict[int, Batch] = {}
        self._next_id = 1
        self._in_batches = 0
        self._waiting_since = 0.0
        self._hold_until = 0.0
        self._asleep = False
        self._sent = self._accepted = self._refused = self._lost = self._unknown = 0

    # -- for the callers of `publish`

    def put(self, events: Sequence[EncodedEvent], now: float) -> tuple[int, bool]:
        """Queue what there is room for.  How many that was, and whether the thread sleeps
        and should be woken."""
        with self._lock:
            waiting = len(self._queue) - self._requests_queued
            room = min(len(events), self.options.queue_max - waiting)
            if not self._queue:
                self._waiting_since = now
            self._queue.extend(events[:room] if room < len(events) else events)
            self._lost += len(events) - room
            return room, room > 0 and self._wake()

    def put_request(self, request: Request, now: float) -> tuple[bool, bool]:
        """Queue a request, if there is room: as much as for events, and its own.  Was
        there, and should the thread be woken?"""
        with self._lock:
            if self._requests_queued >= self.options.queue_max:
                self._lost += 1
                return False, False
            if not self._queue:
                self._waiting_since = now
            self._queue.append(request)
            self._requests_queued += 1
            return True, self._wake()

    def wait_until_idle(self, timeout: float | None) -> bool:
        return wait_until(self._is_idle, timeout)

    def waiting(self) -> tuple[int, int]:
        """How many events and requests are queued or unanswered."""
        with self._lock:
            requests = self._requests_queued + sum(
                batch.request is not None
                for batch in (*self._again, *self._in_flight.values())
            )
            return self._outstanding() - requests, requests

    def lose_all(self) -> list[Item]:
        """Give up everything that is queued: what was never sent is lost, and returned;
        the rest is unknown."""
        with self._lock:
            lost = list(self._queue)
            for batch in (*self._again, *self._in_flight.values()):
                if batch.attempts:
                    self._unknown += len(batch.items)
                else:
                    lost.extend(batch.items)
            self._lost += len(lost)
            self._queue.clear()
            self._requests_queued = 0
            self._again.clear()
            self._in_flight.clear()
            self._in_batches = 0
            return lost

    def count_lost(self, count: int) -> None:
        with self._lock:
            self._lost += count

    def stats(self) -> Stats:
        with self._lock:
            return Stats(
                queued=self._outstanding(),
                sent=self._sent,
                accepted=self._accepted,
                refused=self._refused,
                lost=self._lost,
                unknown=self._unknown,
            )

    # -- for the thread

    def next_batch(self, now: float) -> Batch | None:
        """Take the batch to be sent now, if there is one."""
        with self._lock:
            if not self._may_send(now):
                return None
            if self._again:
                return self._again.popleft()
            items = self._take_request() or self._take_events()
            self._waiting_since = now
            batch = Batch(self._next_id, tuple(items))
            self._next_id += 1
            self._in_batches += len(items)
            return batch

    def was_sent(self, batch: Batch, now: float) -> None:
        with self._lock:
            if not batch.attempts:
                batch.first_sent = now
                self._sent += len(batch.items)
            batch.attempts += 1
            batch.last_sent = now
            self._in_flight[batch.id] = batch

    def was_not_sent(self, batch: Batch) -> None:
        with self._lock:
            self._again.appendleft(batch)

    def answered(self, batch_id: int, *, accepted: int, refused: int) -> None:
        """Count a batch that the gateway answered.  What the answer leaves open is
        unknown."""
        with self._lock:
            batch = self._in_flight.pop(batch_id)
            total = len(batch.items)
            accepted = min(accepted, total)
            refused = min(refused, total - accepted)
            self._accepted += accepted
            self._refused += refused
            self._unknown += total - accepted - refused
            self._leave(batch)

    def peek(self, batch_id: int | None) -> Batch | None:
        """A batch that is in flight."""
        with self._lock:
            return None if batch_id is None else self._in_flight.get(batch_id)

    def postpone(self, batch_id: int, until: float) -> None:
        """The gateway cannot take this batch now: nothing is sent before `until`."""
        with self._lock:
            batch = self._in_flight.pop(batch_id, None)
            if batch is not None:
                self._again = deque(sorted((batch, *self._again), key=lambda b: b.id))
                self._hold_until = max(self._hold_until, until)

    def send_again_all(self) -> None:
        """What is in flight will not be answered: it goes first, in its old order."""
        with self._lock:
            batches = (*self._in_flight.values(), *self._again)
            self._again = deque(sorted(batches, key=lambda b: b.id))
            self._in_flight.clear()

    def give_up(self, now: float) -> int:
        """Count those batches of events as unknown that are unanswered for too long.  A
        request is not given up: to repeat it harms nothing, to forget it might."""
        with self._lock:
            old = [
                batch
                for batch in (*self._in_flight.values(), *self._again)
                if now >= self._give_up_at(batch)
            ]
            for batch in old:
                self._in_flight.pop(batch.id, None)
                if batch in self._again:
                    self._again.remove(batch)
                self._unknown += len(batch.items)
                self._leave(batch)
            return sum(len(batch.items) for batch in old)

    def is_silent(self, now: float) -> bool:
        """Has a batch waited so long for its answer that it is to be sent again?"""
        with self._lock:
            return any(now >= self._silent_at(b) for b in self._in_flight.values())

    def fall_asleep(self, now: float, *, connected: bool) -> float | None:
        """How long the thread may sleep: None is until it is woken.  `put` wakes it only
        from having nothing to do; else it waits for the gateway or the time."""
        with self._lock:
            able = connected and len(self._in_flight) < self.options.in_flight_max
            if able and self._may_send(now):
                return 0.0
            times = [self._silent_at(batch) for batch in self._in_flight.values()]
            times += [
                self._give_up_at(batch)
                for batch in (*self._in_flight.values(), *self._again)
                if self._give_up_at(batch) < math.inf
            ]
            if not (self._queue or self._again):
                self._asleep = True
            elif able:
                if now < self._hold_until:
                    times.append(self._hold_until)
                elif self._queue:
                    times.append(self._waiting_since + self.options.linger)
            return max(0.0, min(times) - now) if times else None

    def woke_up(self) -> None:
        with self._lock:
            self._asleep = False

    def _is_idle(self) -> bool:
        with self._lock:
            return self._outstanding() == 0

    # -- with the lock held

    def _take_request(self) -> list[Item]:
        """The request that is next, if one is."""
        if not isinstance(self._queue[0], Request):
            return []
        self._requests_queued -= 1
        return [self._queue.popleft()]

    def _take_events(self) -> list[Item]:
        """The events that are next, up to a request and the limits of a batch."""
        events: list[Item] = []
        size = 0
        while self._queue and len(events) < self.options.batch_max:
            size += len(self._queue[0].line) + 1
            if isinstance(self._queue[0], Request) or (events and size > BATCH_BYTES_MAX):
                break
            events.append(self._queue.popleft())
        return events

    def _wake(self) -> bool:
        wake, self._asleep = self._asleep, False
        return wake

    def _outstanding(self) -> int:
        return len(self._queue) + self._in_batches

    def _leave(self, batch: Batch) -> None:
        self._in_batches -= len(batch.items)

    def _may_send(self, now: float) -> bool:
        if now < self._hold_until or len(self._in_flight) >= self.options.in_flight_max:
            return False
        if self._again or len(self._queue) >= self.options.batch_max:
            return True
        return bool(self._queue) and now >= self._waiting_since + self.options.linger

    def _silent_at(self, batch: Batch) -> float:
        factor = min(1 << (batch.attempts - 1), RESEND_FACTOR_MAX)
        return batch.last_sent + self.options.resend_after * factor

    def _give_up_at(self, batch: Batch) -> float:
        if not batch.attempts or batch.request is not None:
            return math.inf
        return batch.first_sent + self.options.give_up_after
