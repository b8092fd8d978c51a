"""The vectors agree with the schemas, with codes.json, and with their own README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "protocol/vectors"
SCHEMAS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "protocol/schema").glob("*.json"))
}
REGISTRY = Registry().with_resources(
    (f"{name}.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
CODES = json.loads((ROOT / "protocol/codes.json").read_text(encoding="utf-8"))

MEMBERS = {
    "messages/client": {"name", "message"},
    "messages/gateway": {"name", "message"},
    "messages/ingest": {"name", "kind", "app", "catalogue", "send", "message", "expect"},
    "messages/websocket": {"name", "bytes", "expect"},
    "messages/http": {"name", "port", "text", "expect"},
    "reject/client": {"name", "after_connect", "claims", "before", "times", "send", "expect"},
    "reject/gateway": {"name", "send", "expect"},
    "reject/ingest": {"name", "kind", "app", "catalogue", "body", "send", "expect"},
    "reject/websocket": {"name", "bytes", "expect"},
    "reject/http": {"name", "port", "text", "expect"},
    "match": {"name", "type", "where", "claims", "matches", "others", "steps"},
    "query": {"name", "q", "object", "source", "cel", "expect"},
}

# Codes that no vector can provoke in this version, and why.
NOT_PROVOKED = {
    "too_many_connections": "needs many connections: e2e/",
    "too_many_messages": "needs a clock: e2e/",
    "overloaded": "needs a gateway without memory: tests of the gateway",
    "forbidden": "needs a key that may not everything: e2e/test_management.py",
    "internal": "a fault of the gateway",
}
CLOSES_NOT_PROVOKED = {
    "too_many_connections": "needs many connections: e2e/",
    "too_many_messages": "needs a clock: e2e/",
    1001: "the gateway echoes it, and never begins with it",
    1006: "never sent",
    1011: "a fault of the gateway",
    1012: "the end of the gateway: e2e/",
    4401: "needs somebody who ends an identity: e2e/",
    4409: "needs somebody who changes an identity: e2e/",
    4408: "needs a clock: e2e/",
    4410: "needs a clock: e2e/",
    4411: "needs a clock: e2e/",
}


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((VECTORS / folder).glob("*.json"))]
    assert found, folders
    return found


def cases_of(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cases"]


def cases(folder: str) -> Iterator[dict]:
    for path in files(folder):
        yield from cases_of(path)


def each_file(*folders: str):
    """Parametrize by vector file; the test says itself which of its cases it judges."""
    return pytest.mark.parametrize(
        "path", files(*folders), ids=lambda path: str(path.relative_to(VECTORS))
    )


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


# Headers that share their kind with a document or an answer.
SHARED_KINDS = {"catalogue", "ticket", "clients", "disconnect", "unsubscribe"}


def ingest_schema(case: dict, value: dict) -> str:
    """The name of the schema that a case of messages/ingest or reject/ingest is of."""
    if case["kind"] == "header":
        shared = value["kind"] in SHARED_KINDS
        return f"ingest.{value['kind']}_header" if shared else f"ingest.{value['kind']}"
    if case["kind"] == "answer":
        return f"ingest.{value['kind']}"
    return f"ingest.{case['kind']}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"{name}.json"


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "common"])
def test_each_message_has_a_good_vector(name: str) -> None:
    who = name.split(".")[0]
    used = set()
    for case in cases(f"messages/{who}"):
        value = case.get("message", case.get("send"))
        if who != "ingest":
            used.add(f"{who}.{value['kind']}")
        elif case["kind"] != "batch":
            used.add(ingest_schema(case, value))
    assert name in used


@pytest.mark.parametrize("folder", MEMBERS)
def test_files_have_the_form_that_the_readme_says(folder: str) -> None:
    for path in files(folder):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert set(document) == {"about", "cases"}, path
        names = [case["name"] for case in document["cases"]]
        assert len(names) == len(set(names)), path
        for case in document["cases"]:
            assert set(case) <= MEMBERS[folder], f"{path}: {case['name']}"
            if folder.startswith("reject/"):
                assert case["expect"], f"{path}: {case['name']}"


def test_no_folder_is_unknown() -> None:
    folders = {str(path.parent.relative_to(VECTORS)) for path in VECTORS.rglob("*.json")}
    assert folders == set(MEMBERS) | {"catalogues"}


@each_file("messages/client", "messages/gateway")
def test_good_messages_are_of_their_schema(path: Path) -> None:
    for case in cases_of(path):
        validator(f"{path.parent.name}.{case['message']['kind']}").validate(case["message"])


@each_file("messages/ingest")
def test_good_ingest_documents_are_of_their_schema(path: Path) -> None:
    for case in cases_of(path):
        value = case.get("message", case.get("send"))
        if case["kind"] == "batch":
            refused = {entry["index"] for entry in case["expect"].get("refused", [])}
            for index, event in enumerate(value):
                if index not in refused:
                    validator("ingest.event").validate(event)
        else:
            validator(ingest_schema(case, value)).validate(value)


@pytest.mark.parametrize("path", files("catalogues"), ids=lambda path: path.stem)
def test_shared_catalogue_is_of_its_schema(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    validator("ingest.catalogue").validate(document)
    assert document["app"] == path.stem


# Bad cases that JSON Schema takes for good: it cannot count bytes, compare members with each
# other, or know a type's definition. Exactly these, so that no schema is weaker than it says.
BEYOND_SCHEMA = {
    "reject/client/members.json": {"an id of 33 letters but 66 bytes"},
    "reject/gateway/deliveries.json": {"gap that ends before it begins"},
    "reject/ingest/management.json": {
        "clients, a user of 65 letters but 130 bytes",
        "clients, a type that does not exist",
        "unsubscribe, from a connection that nobody has",
    },
    "reject/ingest/tickets.json": {
        "a user of 65 letters but 130 bytes",
        "a session of 33 letters but 66 bytes",
        "claims of 4,097 bytes",
        "an origin with the port of its scheme",
    },
    "reject/ingest/events.json": {
        "no operation, though there are several",
        "an operation that this type does not have",
        "a day that does not exist",
        "a minute that does not exist",
        "changed with a field that the type does not have",
        "a type that does not exist",
        "a type in the wrong case",
        "a type of another application",
    },
    "reject/ingest/catalogues.json": {
        "another application's name",
        "another application's type",
        "a name twice",
        "a key that is no field",
        "a nullable key",
        "a field name twice",
        "a rule that is not CEL",
        "a rule with one equals sign",
        "a rule over a field that there is not",
        "a rule over a field that there is not, hidden or not",
        "a rule whose types do not fit",
        "a rule that is no bool",
        "a rule over old values",
        "a rule over what happened",
        "a rule with something that no query may use",
        "a rule that is too deep",
        "a key that is hidden",
        "not yet: recoverable",
        "not yet: guaranteed",
    },
}


def schema_of_bad(path: Path, case: dict) -> str | None:
    """The schema that a bad case breaks; None if what is wrong lies elsewhere."""
    sent = case["send"]
    who = path.parent.name
    if not isinstance(sent, dict):
        return None
    if who == "client":
        name = f"client.{sent.get('kind')}"
        return name if case["expect"]["code"] == "invalid_message" and name in SCHEMAS else None
    if who == "gateway":
        name = f"gateway.{sent.get('kind')}"
        return name if name in SCHEMAS else None
    if case["kind"] == "header":
        codes = as_list(case["expect"]["code"])
        of_header = "invalid_message" in codes or "key" not in sent or sent["key"] == ""
        return ingest_schema(case, sent) if "kind" in sent and of_header else None
    # What is wrong with a value, the type's definition says.
    member = as_list(case["expect"].get("member", ""))[0]
    return None if member.startswith(("data.", "old.")) else ingest_schema(case, sent)


@each_file("reject/client", "reject/gateway", "reject/ingest")
def test_bad_documents_are_not_of_their_schema(path: Path) -> None:
    taken = set()
    for case in cases_of(path):
        name = schema_of_bad(path, case)
        if name in SCHEMAS and validator(name).is_valid(case["send"]):
            taken.add(case["name"])
    assert taken == BEYOND_SCHEMA.get(str(path.relative_to(VECTORS)), set())


@each_file("reject/client")
def test_what_is_refused_for_other_reasons_is_well_formed(path: Path) -> None:
    """A case of `not_supported` that is malformed as well would prove nothing."""
    for case in cases_of(path):
        sent = case["send"]
        if isinstance(sent, dict) and case["expect"]["code"] not in (
            "invalid_message",
            "unknown_kind",
        ):
            validator(f"client.{sent['kind']}").validate(sent)
        for message in case.get("before", []):
            message = message.get("message", message)
            validator(f"client.{message['kind']}").validate(message)


@pytest.mark.parametrize(
    "name", [name for name in SCHEMAS if name.startswith(("client.", "gateway."))]
)
def test_each_message_has_a_bad_vector(name: str) -> None:
    who, kind = name.split(".")
    assert any(
        isinstance(case["send"], dict) and case["send"].get("kind") == kind
        for case in cases(f"reject/{who}")
    )


@each_file("reject/client", "reject/ingest", "reject/http")
def test_expected_codes_are_in_codes_json(path: Path) -> None:
    known = {entry["code"]: entry["http"] for entry in CODES["errors"]}
    for case in cases_of(path):
        statuses = as_list(case["expect"].get("status", []))
        for code in as_list(case["expect"].get("code", [])):
            assert code in known, case["name"]
            # What HTTP has a status for is an invalid request with that status.
            assert not statuses or {known[code], 411, 415} & set(statuses), case["name"]


@each_file("reject/client", "reject/websocket")
def test_expected_closes_are_in_codes_json(path: Path) -> None:
    known = {entry["close"] for entry in CODES["closes"]}
    for case in cases_of(path):
        assert set(as_list(case["expect"].get("close", []))) <= known, case["name"]


@each_file("match")
def test_what_happens_and_what_is_told_are_well_formed(path: Path) -> None:
    shop = json.loads((VECTORS / "catalogues/shop.json").read_text(encoding="utf-8"))
    operations = {kind["name"]: kind["operations"] for kind in shop["types"]}
    for case in cases_of(path):
        subscribe = {"kind": "subscribe", "id": 1, "type": case["type"]}
        where = {"where": case["where"]} if "where" in case else {}
        validator("client.subscribe").validate(subscribe | where)
        connect = {"claims": case["claims"]} if "claims" in case else {}
        validator("client.connect").validate({"kind": "connect", "id": 1, **connect})
        assert ("steps" in case) != ("matches" in case and "others" in case), case["name"]
        for data in [*case.get("matches", []), *case.get("others", [])]:
            validator("ingest.event").validate({"type": case["type"], "data": data})
            assert operations[case["type"]] == ["event"]
        for step in case.get("steps", []):
            validator("ingest.event").validate({"type": case["type"], **step["event"]})
            assert step["event"]["op"] in operations[case["type"]]
            told = step["told"]
            assert told is None or {"op", "data"} <= set(told) <= {"op", "data", "old", "changed"}
            assert told is None or told["op"] in ("add", "change", "remove"), case["name"]


@each_file("messages/websocket", "reject/websocket")
def test_bytes_are_hexadecimal(path: Path) -> None:
    for case in cases_of(path):
        for item in case["bytes"]:
            bytes.fromhex(item["hex"] if isinstance(item, dict) else item)
            assert isinstance(item, str) or (set(item) == {"repeat", "hex"} and item["repeat"] > 0)


@each_file("messages/http", "reject/http")
def test_text_is_one_byte_a_character(path: Path) -> None:
    for case in cases_of(path):
        assert case["port"] in ("client", "ingest")
        for item in case["text"]:
            (item["text"] if isinstance(item, dict) else item).encode("latin-1")


@each_file("reject/http")
def test_content_length_says_what_follows(path: Path) -> None:
    """Unless the length itself is what is wrong, it is the body's."""
    for case in cases_of(path):
        text = "".join(
            item if isinstance(item, str) else item["text"] * item["repeat"]
            for item in case["text"]
        )
        head, _, body = text.partition("\r\n\r\n")
        lengths = re.findall(r"(?m)^Content-Length: (\d+)\r?$", head)
        about_length = "Content-Length" in case["name"] or "Transfer-Encoding" in head
        if len(lengths) == 1 and int(lengths[0]) <= 8 * 1024 * 1024 and not about_length:
            assert int(lengths[0]) == len(body), case["name"]


def test_every_code_that_a_peer_can_provoke_has_a_vector() -> None:
    provoked = set()
    for folder in MEMBERS:
        for case in cases(folder):
            expect = case.get("expect", {})
            provoked |= set(as_list(expect.get("code", [])))
            provoked |= {entry["code"] for entry in expect.get("refused", [])}
    everything = {entry["code"] for entry in CODES["errors"]}
    assert provoked == everything - set(NOT_PROVOKED)


def test_every_close_that_a_peer_can_provoke_has_a_vector() -> None:
    provoked = {1000}  # messages/websocket, beside others that are only echoed
    for folder in ("reject/client", "reject/websocket"):
        for case in cases(folder):
            provoked |= set(as_list(case["expect"].get("close", [])))
    everything = {entry["close"] for entry in CODES["closes"]}
    assert provoked == everything - set(CLOSES_NOT_PROVOKED)
