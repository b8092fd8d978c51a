"""Single requests to a gateway that are waited for: handing over a catalogue, asking
whether it is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import zmq

from ._answers import Answer, CatalogueAccepted, Pong, RefusedRequest, parse_answer
from ._errors import GatewayError, Refused, Unreachable
from ._values import to_json

REQUEST_ID: Final = 1


def push_catalogue(
    endpoint: str, key: str, document: Mapping[str, Any], *, timeout: float = 5.0
) -> CatalogueAccepted:
    """Hand a catalogue document (`registry.catalogue(app)`) to the gateway.

    Raises `Refused` (the old catalogue stays) or `Unreachable`.
    """
    answer = _ask(endpoint, key, "catalogue", to_json(document), timeout)
    if not isinstance(answer, CatalogueAccepted):
        raise _unexpected(answer)
    return answer


def ping(endpoint: str, key: str, *, timeout: float = 5.0) -> None:
    """Return if the gateway is there and knows the key; else raise `Unreachable` or
    `Refused`."""
    answer = _ask(endpoint, key, "ping", b"", timeout)
    if not isinstance(answer, Pong):
        raise _unexpected(answer)


def _ask(endpoint: str, key: str, kind: str, body: bytes, timeout: float) -> Answer:
    header = to_json({"kind": kind, "id": REQUEST_ID, "key": key})
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint)
        socket.send_multipart((header, body))
        if not socket.poll(int(timeout * 1_000)):
            raise Unreachable(f"no gateway answered at {endpoint} within {timeout:g} s")
        answer = parse_answer(socket.recv_multipart()[-1])
    if isinstance(answer, RefusedRequest):
        raise Refused(
            answer.code,
            answer.message,
            member=answer.member,
            nearest=answer.nearest,
            line=answer.line,
            column=answer.column,
        )
    return answer


def _unexpected(answer: Answer) -> GatewayError:
    return GatewayError(f"the gateway answered with a {type(answer).__name__}")
