"""`Publisher`: a bounded queue in front of a thread that talks with the gateway.

The happy path: `publish` appends to the queue and wakes the thread; the thread takes what
is queued as one batch, sends it, and counts it when the gateway's answer comes.  Else

- the gateway is down: events wait in the queue, and after two seconds the log says so;
  at `queue_max` further ones are lost
- the connection breaks: what was not answered is sent again first, in order, with the
  same ids, so that the gateway can tell repeats
- no answer for `resend_after`: the same, on a new connection, then less and less often
- no answer for `give_up_after`: the batch is given up and counted as unknown.  Not so a
  request (of `request`), which takes its turn among the events as a batch of its own
- the gateway is overloaded: nothing is sent until it wants more
- the process forks: the child begins anew, empty, and the parent keeps what it has
- the process ends: it waits a second for the queue to empty

Nothing of this reaches the caller of `publish` or `request`.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing.util
import os
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._answers import (
    BadAnswer,
    Disconnected,
    Published,
    RefusedEvent,
    RefusedRequest,
    parse_answer,
)
from .._curve import CurveKeys, KeyFile, curve_keys
from .._encoded import EncodedEvent
from .._stats import Stats
from .._values import to_json
from . import hints
from .link import GatewayLink, Waker
from .log import ThrottledLog
from .native import make_lock, start_thread, wait_until
from .state import Batch, Item, Options, Request, State

EXIT_FLUSH_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 2.0
"""So long may events wait without a gateway; then it is said."""
JOIN_SECONDS: Final = 1.0
OVERLOADED_SECONDS: Final = 1.0


class Publisher:
    """Hands events to a gateway over ZeroMQ.  Any thread may use it, also after a fork.

    `queue_max`      events that may wait; at the limit new ones are lost and counted.  So
                     many requests may wait besides
    `batch_max`      events a request (the gateway takes 4,096)
    `linger`         seconds that a batch which is not full waits for more events
    `in_flight_max`  batches that may be unanswered at a time
    `resend_after`   seconds without an answer after which a batch is sent again
    `give_up_after`  seconds after which an unanswered batch is given up
    `log_interval`   the same complaint is logged once in so many seconds
    `curve_server_key`, `curve_key_file`  for a gateway that speaks CURVE: its public key,
                     and the file with the secret key of our own
    """

    def __init__(
        self,
        endpoint: str,
        key: str,
        *,
        queue_max: int = 10_000,
        batch_max: int = 500,
        linger: float = 0.0,
        in_flight_max: int = 16,
        resend_after: float = 2.0,
        give_up_after: float = 30.0,
        log_interval: float = 10.0,
        curve_server_key: str | None = None,
        curve_key_file: KeyFile | None = None,
    ) -> None:
        self.endpoint: Final = endpoint
        self.curve: Final = curve_keys(curve_server_key, curve_key_file)
        self._key: Final = key
        self._options: Final = Options(
            queue_max=queue_max,
            batch_max=batch_max,
            linger=linger,
            in_flight_max=in_flight_max,
            resend_after=resend_after,
            give_up_after=give_up_after,
            log_interval=log_interval,
        )
        self._worker: _Worker | None = None
        self._begin()
        _publishers.add(self)

    def __repr__(self) -> str:
        return f"<Publisher to {self.endpoint}>"

    def publish(self, *events: EncodedEvent) -> None:
        """Queue these events, in order.  Does not wait and does not raise."""
        self._notice_fork()
        room, wake = self._state.put(events, time.monotonic())
        if room < len(events):
            self._log.warning(
                "queue_full",
                "the queue of %d events is full: %s lost; is the gateway running at %s?",
                self._options.queue_max,
                events_text(len(events) - room),
                self.endpoint,
            )
        self._see_to_it(wake)

    def request(self, kind: str, document: Mapping[str, Any]) -> None:
        """Queue a request, to be made after what was published before.  It must harm
        nothing to repeat it.  Does not wait and does not raise."""
        self._notice_fork()
        request = Request(kind, to_json(document))
        queued, wake = self._state.put_request(request, time.monotonic())
        if not queued:
            self._log.error(
                "requests_full",
                "%d requests wait already: a %s is lost; is the gateway running at %s?",
                self._options.queue_max,
                kind,
                self.endpoint,
            )
        self._see_to_it(wake)

    def count_lost(self, count: int) -> None:
        """Count events as lost that never came as far as `publish`."""
        self._notice_fork()
        self._state.count_lost(count)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until every event was answered or given up; False if some are still
        queued after `timeout` seconds."""
        self._notice_fork()
        return self._state.wait_until_idle(timeout)

    def close(self, timeout: float = 1.0) -> None:
        """Flush for at most `timeout` seconds, lose the rest, and end the thread.  A
        later `publish` starts it again."""
        self._notice_fork()
        self._state.wait_until_idle(timeout)
        with self._worker_lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()
        unheard = worker is not None and not worker.was_connected
        lost = self._state.lose_all()
        if lost:
            self._log.warning(
                "closed",
                "%s lost: the publisher was closed%s",
                items_text(lost),
                f"; {self._absence}" if unheard else "",
            )

    @property
    def _absence(self) -> str:
        return f"no gateway answers at {self.endpoint}. {hints.start}"

    @property
    def stats(self) -> Stats:
        self._notice_fork()
        return self._state.stats()

    def _notice_fork(self) -> None:
        # Where os.fork is not what forked, such as in an embedding server.
        if self._pid != os.getpid():
            self._begin_after_fork()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._state = State(self._options)
        self._log = ThrottledLog(
            logging.getLogger("telegraphy"), self._options.log_interval
        )
        self._worker_lock = make_lock()
        self._worker = None

    def _begin_after_fork(self) -> None:
        """Begin anew: the thread does not exist here, locks may be held by nobody, what
        is queued is the parent's, and so is its ZeroMQ context: not to be touched."""
        if self._worker is not None:
            _parents_workers.append(self._worker)
        self._begin()

    def _see_to_it(self, wake: bool) -> None:
        worker = self._worker
        if worker is None or not worker.alive:
            self._start_worker()
        elif wake:
            worker.waker.wake()

    def _start_worker(self) -> None:
        with self._worker_lock:
            if self._worker is not None and self._worker.alive:
                return
            worker = _Worker(self.endpoint, self._key, self.curve, self._state, self._log)
            try:
                worker.start()
            except RuntimeError:  # the interpreter is ending and starts no more threads
                lost = self._state.lose_all()
                self._log.warning(
                    "ending", "%s lost: the process is ending", items_text(lost)
                )
            else:
                self._worker = worker


class _Worker:
    """The thread, which alone touches the socket."""

    def __init__(
        self,
        endpoint: str,
        key: str,
        curve: CurveKeys | None,
        state: State,
        log: ThrottledLog,
    ) -> None:
        self.waker: Final = Waker()
        self._endpoint = endpoint
        self._key = key
        self._curve = curve
        self._state = state
        self._log = log
        self.alive = False
        self.was_connected = True
        """Was a gateway there when this thread last looked?"""
        self._stopping = False
        self._complain_at: float | None = None

    def start(self) -> None:
        self.alive = True
        try:
            start_thread(self._run, "telegraphy-publisher")
        except RuntimeError:
            self.alive = False
            self.waker.close()
            raise

    def stop(self) -> None:
        self._stopping = True
        self.waker.wake()
        wait_until(lambda: not self.alive, JOIN_SECONDS)

    def _run(self) -> None:
        try:
            self._link = GatewayLink(self._endpoint, self._key, self.waker, self._curve)
            try:
                while not self._stopping:
                    self._turn(time.monotonic())
            finally:
                self._link.close()
        except Exception:
            self._log.exception(
                "crashed",
                "publishing to %s failed; the next event tries again",
                self._endpoint,
            )
        finally:
            self._state.send_again_all()
            self.waker.close()
            self.alive = False

    def _turn(self, now: float) -> None:
        """Send all that may be sent, then sleep until something happens."""
        self._give_up(now)
        self._send_due(now)
        timeout = self._state.fall_asleep(time.monotonic(), connected=self._link.able)
        self.was_connected = self._link.connected
        happened = self._link.wait(self._complain(now, timeout))
        self._state.woke_up()
        for answer in happened.answers:
            self._settle(answer)
        if happened.disconnected:
            self._state.send_again_all()

    def _complain(self, now: float, timeout: float | None) -> float | None:
        """Say that no gateway is there, once events have waited for it.  How long the
        thread may sleep until it has to look again."""
        events, requests = (0, 0) if self._link.connected else self._state.waiting()
        if not events + requests:
            self._complain_at = None
            return timeout
        if self._complain_at is None:
            self._complain_at = now + SILENCE_SECONDS
        if now >= self._complain_at:
            self._log.warning(
                "no_gateway",
                "no gateway answers at %s; %s %s. %s",
                self._endpoint,
                count_text(events, requests),
                "waits" if events + requests == 1 else "wait",
                hints.start if self._curve is None else f"{hints.start} {hints.curve}",
            )
            interval = max(self._state.options.log_interval, SILENCE_SECONDS)
            self._complain_at = now + interval
        left = self._complain_at - now
        return left if timeout is None else min(left, timeout)

    def _give_up(self, now: float) -> None:
        unknown = self._state.give_up(now)
        if unknown:
            self._log.warning(
                "unknown",
                "%s sent and not answered: may have arrived",
                events_text(unknown),
            )
        if self._state.is_silent(now):
            self._link.reconnect()
            self._state.send_again_all()

    def _send_due(self, now: float) -> None:
        while self._link.able:
            batch = self._state.next_batch(now)
            if batch is None:
                return
            if self._link.send(batch.kind, batch.id, batch.body):
                self._state.was_sent(batch, now)
            else:
                self._state.was_not_sent(batch)

    def _settle(self, text: bytes) -> None:
        try:
            answer = parse_answer(text)
        except BadAnswer as error:
            self._log.error("bad_answer", "%s", error)
            return
        if isinstance(answer, Published):
            batch = self._state.peek(answer.id)
            if batch is not None:
                # Logged first, so that it is there when `flush` returns.
                self._log_refused(batch, answer.refused)
                self._state.answered(
                    batch.id, accepted=answer.accepted, refused=len(answer.refused)
                )
        elif isinstance(answer, Disconnected):
            batch = self._state.peek(answer.id)
            if batch is not None:
                self._state.answered(batch.id, accepted=1, refused=0)
        elif isinstance(answer, RefusedRequest):
            self._settle_refused(answer)

    def _settle_refused(self, answer: RefusedRequest) -> None:
        if answer.id is not None and answer.code == "overloaded":
            seconds = (answer.retry_after_ms or OVERLOADED_SECONDS * 1_000) / 1_000
            self._state.postpone(answer.id, time.monotonic() + seconds)
            return
        batch = self._state.peek(answer.id)
        self._log.error(
            f"refused {answer.code}",
            "the gateway at %s refused %s: %s: %s",
            self._endpoint,
            items_text(batch.items) if batch is not None else "a request",
            answer.code,
            answer.message + (f" ({hints.key})" if answer.code == "invalid_key" else ""),
        )
        if batch is not None:
            self._state.answered(batch.id, accepted=0, refused=len(batch.items))

    def _log_refused(self, batch: Batch, refused: Sequence[RefusedEvent]) -> None:
        types = [item.type for item in batch.items if isinstance(item, EncodedEvent)]
        for one in refused:
            of_type = types[one.index] if one.index < len(types) else "?"
            self._log.error(
                f"refused {one.code} {of_type}",
                "the gateway refused an event of type %s: %s: %s%s",
                of_type,
                one.code,
                one.message,
                f" (at {one.member})" if one.member else "",
            )


def events_text(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def items_text(items: Sequence[Item]) -> str:
    requests = sum(isinstance(item, Request) for item in items)
    return count_text(len(items) - requests, requests)


def count_text(events: int, requests: int) -> str:
    texts = []
    if events or not requests:
        texts.append(events_text(events))
    if requests:
        texts.append("1 disconnect" if requests == 1 else f"{requests} disconnects")
    return " and ".join(texts)


_publishers: Final[weakref.WeakSet[Publisher]] = weakref.WeakSet()
_parents_workers: Final[list[_Worker]] = []
"""Kept for ever in a forked child: to destroy them is the parent's business."""


def _after_fork_in_child() -> None:
    for publisher in tuple(_publishers):
        publisher._begin_after_fork()


def _flush_at_exit() -> None:
    until = time.monotonic() + EXIT_FLUSH_SECONDS
    for publisher in tuple(_publishers):
        publisher.close(max(0.0, until - time.monotonic()))


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_flush_at_exit)

# A child of `multiprocessing` ends without running what `atexit` holds; it has finalizers
# of its own, and forgets its parent's when it begins.
multiprocessing.util.register_after_fork(
    _publishers,
    lambda _: multiprocessing.util.Finalize(None, _flush_at_exit, exitpriority=0),
)
