"""Events of Django wait for the commit of their transaction."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Final

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from .. import _outlet
from .._encoded import EncodedEvent
from .._requests import DisconnectRequest
from ..backends import BaseBackend
from ._visit import current
from .conf import conf

logger: Final = logging.getLogger("telegraphy")


class CommitCourier:
    """Sends after the commit of the transaction that is open on the database `using`; at
    once if none is."""

    def send(self, event: EncodedEvent, *, using: str | None) -> None:
        alias = using or DEFAULT_DB_ALIAS
        if not after_commit(partial(deliver, event), alias):
            logger.error(
                "an event of type %s was lost: the database %r has AUTOCOMMIT off and no "
                "transaction.atomic is open, so its commit cannot be waited for",
                event.type,
                alias,
            )
            count_lost()

    async def asend(self, event: EncodedEvent, *, using: str | None) -> None:
        # Transactions belong to the thread in which asynchronous code uses the ORM.
        await sync_to_async(self.send)(event, using=using)


def after_commit(delivery: partial[None], alias: str) -> bool:
    """Run it after the commit of the open transaction, or now if there is none.  False if
    somebody commits by hand, which nobody can wait for."""
    if connections[alias].in_atomic_block:
        transaction.on_commit(delivery, using=alias, robust=True)
    elif is_manual(alias):
        return False
    else:
        # Not through on_commit, which would open a connection just to find this out.
        delivery()
    return True


def end_after_commit(request: DisconnectRequest, *, using: str | None = None) -> None:
    """An end that nobody can wait for comes at once: better early than never."""
    delivery = partial(deliver_end, request)
    if not after_commit(delivery, using or DEFAULT_DB_ALIAS):
        delivery()


def deliver_end(request: DisconnectRequest) -> None:
    visit = current.get()
    if visit is None or not visit.postpone(request):
        queue_end(request)


def queue_end(request: DisconnectRequest) -> None:
    try:
        _outlet.current_backend().queue_disconnect(request)
    except Exception:
        logger.exception("the end of an identity was lost")


def deliver(event: EncodedEvent) -> None:
    try:
        _outlet.current_backend().publish((event,))
    except Exception:
        # A backend that cannot even be made, which system checks report.
        logger.exception("an event of type %s was lost", event.type)


def count_lost() -> None:
    try:
        _outlet.current_backend().count_lost(1)
    except Exception:
        logger.exception("the backend cannot count what was lost")


def is_manual(alias: str) -> bool:
    """Does somebody commit this database by hand?"""
    connection = connections[alias]
    if connection.connection is None:
        return not connection.settings_dict["AUTOCOMMIT"]
    return not connection.autocommit


def make_backend() -> BaseBackend:
    backend_class = import_string(conf.backend)
    backend: BaseBackend = backend_class(
        endpoint=conf.endpoint, key=conf.ingest_key, **conf.options
    )
    return backend


def make_aware(naive: datetime) -> datetime:
    return timezone.make_aware(naive)


def settle_tests() -> AbstractContextManager[None]:
    # Imported here: django.test is nothing that a running site needs.
    from ._capture import settle

    return settle()
