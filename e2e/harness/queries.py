"""Rows and queries about them: what the tests of queries have in common."""

import itertools
import json
from typing import Any

from .client import Client
from .gateway import Gateway, event_type, field

ORDER = event_type(
    "test.Order",
    operations=["create", "update", "delete"],
    key=["id"],
    fields=[
        field("id", "int"),
        field("number", "string", nullable=True),
        field("status", "string", nullable=True),
        field("total", "decimal", nullable=True),
        field("weight", "double", nullable=True),
        field("tags", "list", items="string", nullable=True),
        field("due", "date", nullable=True),
        field("token", "uuid", nullable=True),
        field("made", "timestamp", nullable=True),
        field("payload", "json", nullable=True),
        field("owner_q", "int", nullable=True, hidden=True),
        field("in", "int", nullable=True),
    ],
)
TICK = event_type("test.Tick", fields=[field("n", "int"), field("room", "int", nullable=True)])
MARK = event_type("test.Mark", fields=[field("n", "int")])
ROW = event_type(
    "test.Row",
    operations=["create", "update", "delete"],
    key=["id"],
    access={"rule": "owner == auth.user_id || auth.is_staff"},
    fields=[
        field("id", "int"),
        field("text", "string", nullable=True),
        field("owner", "int", nullable=True, hidden=True),
    ],
)
KNOWN = event_type("test.Known", access="authenticated")
TYPES = (ORDER, TICK, MARK, ROW, KNOWN)


def connect_as(gateway: Gateway, **claims: Any) -> Client:
    client = Client(gateway.client_port, connect=False)
    answer = client.request("connect", claims=claims)
    assert answer["kind"] == "connected", answer
    return client


MARKS = itertools.count(1)
"""Each is published once, so that a story knows its own from that of another."""


class Story:
    """A subscription, and what it is told of each thing that happens to a row."""

    def __init__(self, gateway: Gateway, where: str | None, client: Client | None = None) -> None:
        self.gateway = gateway
        self.client = client or Client(gateway.client_port)
        self.client.subscribe("test.Mark")
        asked = {} if where is None else {"where": where}
        self.subscribed = self.client.subscribe("test.Order", **asked)

    def told(self, *events: dict[str, Any], type: str = "test.Order") -> list[Any]:
        """Publish; then (op, data) of each delivery, with `old` and `changed` if they came."""
        for event in events:
            answer = self.gateway.publish_lines(json.dumps({"type": type, **event}))
            assert answer.status == 200, answer.body
        mark = next(MARKS)
        self.gateway.publish("test.Mark", {"n": mark})
        heard = []
        while True:
            event = hear(self.client, "event")
            if event["type"] == "test.Mark":
                if event["data"]["n"] == mark:
                    return heard
                continue
            more = [event[name] for name in ("old", "changed") if name in event]
            heard.append((event["op"], event["data"], *more))


def create(**data: Any) -> dict[str, Any]:
    return {"op": "create", "data": data}


def delete(**data: Any) -> dict[str, Any]:
    return {"op": "delete", "data": data}


def update(old: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {"op": "update", "data": data, "old": old, "changed": list(old)}


def refused(client: Client, where: str, type: str = "test.Order") -> dict[str, Any]:
    answer = client.request("subscribe", type=type, where=where)
    assert answer["kind"] == "error", (where[:80], answer)
    assert answer["member"] == "where"
    assert answer["line"] >= 1
    assert answer["column"] >= 1
    message = answer["message"]
    assert 0 < len(message.encode()) <= 256
    assert all(ord(character) >= 0x20 for character in message), message
    assert f"line {answer['line']}, column {answer['column']}" in message
    return answer


def hear(client: Client, kind: str) -> dict[str, Any]:
    """The next message of `kind`; that the types have changed may be told at any time."""
    while True:
        message = client.waiting.pop(0) if client.waiting else client.read()
        if message["kind"] == kind:
            return message
        assert message["kind"] == "types_changed", message


def changed_type(name: str, **changes: Any) -> dict[str, Any]:
    kind = next(one for one in TYPES if one["name"] == name)
    return {**kind, **changes}
