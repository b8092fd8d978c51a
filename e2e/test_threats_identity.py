"""The threats to identities, by their numbers in the security guide: tickets stolen, copied,
logged; sessions that outlive a logout; the events of others; the management."""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.client import Client
from harness.gateway import Gateway, event_type, field
from harness.identity import back, disconnect, identities, post, refusal, somebody, ticket
from harness.ingest import Dealer
from harness.processes import until

PRIVATE = event_type("test.Private", access="authenticated")
OWN = event_type(
    "test.Own",
    access={"rule": "owner == auth.user_id"},
    fields=[field("n", "int"), field("owner", "int")],
)
SECRET = event_type("test.Secret", access="authenticated", checked=True)
OPEN = event_type("test.Open")
TYPES = (PRIVATE, OWN, SECRET, OPEN)

INVALID = "unauthenticated"
SIGNING_KEY = "a-key-for-tests-of-at-least-32-bytes"


@pytest.fixture
def told(new_gateway: Callable[..., Gateway]) -> Gateway:
    gateway = new_gateway()
    assert gateway.put_catalogue(*TYPES).status == 200
    return gateway


def spend(gateway: Gateway, text: str) -> str:
    with Client(gateway.client_port, connect=False) as client:
        answer = client.request("connect", ticket=text)
        return str(answer.get("code", answer["kind"]))


# ---- 2: a ticket stolen or replayed


def test_threat_02_of_a_thousand_who_show_one_ticket_exactly_one_is_let_in(told: Gateway) -> None:
    text = ticket(told, life_ms=30_000)
    clients = [Client(told.client_port, connect=False) for _ in range(1000)]
    try:
        for client in clients:
            client.send({"kind": "connect", "id": 1, "ticket": text})
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda client: client.read(), clients))
    finally:
        for client in clients:
            client.wire.socket.close()
    kinds = [answer.get("code", answer["kind"]) for answer in answers]
    assert kinds.count("connected") == 1
    assert kinds.count(INVALID) == 999
    assert identities(told)["sessions"] == 1


def test_threat_02_whatever_is_wrong_with_a_ticket_the_words_are_the_same(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway, other = new_gateway(log={"level": "debug"}), new_gateway()
    origin = "http://127.0.0.1:8000"
    spent = ticket(gateway)
    somebody_else = Client(gateway.client_port, connect=False)
    somebody_else.connect(ticket=spent)
    expired = ticket(gateway, life_ms=1)
    time.sleep(0.05)
    right = ticket(gateway, origin=origin)
    forged = right[:-1] + ("A" if right[-1] != "A" else "B")
    refusals = {
        "spent": refusal(gateway, ticket=spent),
        "expired": refusal(gateway, ticket=expired),
        "forged": refusal(gateway, ticket=forged),
        "cut short": refusal(gateway, ticket=right[:-8]),
        "made up": refusal(gateway, ticket="tgt_" + "A" * 43),
        "another gateway's": refusal(gateway, ticket=ticket(other)),
        "of another Origin": refusal(gateway, ticket=right, origin="http://127.0.0.1:9999"),
        "of no Origin": refusal(gateway, ticket=ticket(gateway, origin=origin)),
        "no ticket at all": refusal(gateway, ticket="hello"),
    }
    before = ticket(gateway)
    gateway.stop()
    gateway.start()
    refusals["of before a restart"] = refusal(gateway, ticket=before)
    assert set(map(json.dumps, refusals.values())) == {json.dumps(refusals["spent"])}, refusals
    assert refusals["spent"]["code"] == INVALID
    words = (gateway.folder / "gateway-1.log").read_text()
    for reason in ("is not known here: never made, used, or expired", "is for another Origin"):
        assert reason in words, "whoever runs the gateway can find out"


def test_threat_02_a_ticket_is_good_from_its_own_origin(told: Gateway) -> None:
    origin = f"http://127.0.0.1:{told.client_port}"
    with somebody(told, origin=origin) as client:
        assert client.connected["user"] == "7"


def test_threat_02_a_ticket_of_another_origin_is_spent_by_the_attempt_or_not_but_never_twice(
    told: Gateway,
) -> None:
    text = ticket(told, origin="http://127.0.0.1:8000")
    assert spend(told, text) == INVALID
    with Client(told.client_port, connect=False, origin="http://127.0.0.1:8000") as client:
        first = client.request("connect", ticket=text)
        second = spend(told, text)
    assert second == INVALID, (first, second)


# ---- 3: replay among several gateways


def test_threat_03_only_the_gateway_that_made_a_ticket_spends_it(
    new_gateway: Callable[..., Gateway],
) -> None:
    one, two = new_gateway(), new_gateway()
    text = ticket(one)
    assert spend(two, text) == INVALID
    assert spend(one, text) == "connected"
    assert spend(two, text) == INVALID


# ---- 4: secrets in logs, addresses, errors, metrics


def words_of_process(pid: int) -> str:
    folder = Path(f"/proc/{pid}")
    return "".join(
        (folder / name).read_bytes().decode(errors="replace") for name in ("cmdline", "comm")
    )


def test_threat_04_no_secret_is_in_a_log_an_answer_a_file_or_the_process_list(
    new_gateway: Callable[..., Gateway],
) -> None:
    signing = {"app": "test", "kid": "k1", "algorithm": "HS256", "key": SIGNING_KEY}
    gateway = new_gateway(log={"level": "debug"}, tokens={"keys": [signing], "skew_ms": 0})
    assert gateway.put_catalogue(*TYPES).status == 200
    secrets = {"ingest key": gateway.key, "signing key": SIGNING_KEY}
    answers: list[str] = []

    secrets["ticket"] = ticket(gateway, claims={"user_id": 7})
    secrets["ticket never shown"] = ticket(gateway)
    with Client(gateway.client_port, connect=False) as client:
        client.connect(ticket=secrets["ticket"])
        secrets["first token"] = client.connected["session"]["token"]
        client.subscribe("test.Private")
        answers.append(json.dumps(client.request("subscribe", type="test.Nothing")))
        listed = gateway.http("GET", "/api/v1/clients", key=gateway.key)
        answers.append(listed.body.decode())
    with back(gateway, secrets["first token"]) as client:
        secrets["second token"] = client.connected["session"]["token"]
    with back(gateway, secrets["second token"]) as client:
        secrets["third token"] = client.connected["session"]["token"]
        # A copy: the session ends, and the log has to say so without the token.
        answers.append(json.dumps(refusal(gateway, session=secrets["first token"])))
        assert client.wire.read_close() == 4401
    wait_for_the_next_second()
    secrets["signed ticket"] = signed()
    secrets["signed ticket, wrong"] = signed(exp=1)
    assert spend(gateway, secrets["signed ticket"]) == "connected"
    for text in ("ticket", "signed ticket", "signed ticket, wrong"):
        answers.append(json.dumps(refusal(gateway, ticket=secrets[text])))
    with Dealer(gateway.zmq) as dealer:
        answers.append(json.dumps(dealer.ask({"kind": "nothing", "id": 1, "key": gateway.key})))
        answers.append(json.dumps(dealer.ask({"kind": "ping", "id": 2, "key": gateway.key + "x"})))
    answers.append(post(gateway, "/api/v1/tickets", {"user": 1}).body.decode())
    answers.append(json.dumps(disconnect(gateway, user="7")))
    for port in (gateway.client_port, gateway.ingest_port):
        answers.append(gateway.http("GET", "/healthz", port=port).body.decode())
        wrong = f"/api/v1/clients?ticket={secrets['ticket']}"
        gateway.http("GET", wrong, key=gateway.key, port=port)

    assert gateway.program is not None
    places = {
        "the log": gateway.program.words(),
        "an answer": "\n".join(answers),
        "the process list": words_of_process(gateway.pid),
    }
    gateway.stop()
    places["the log after the end"] = gateway.program.words()
    for path in gateway.runtime.rglob("*"):
        if path.is_file():
            places[path.name] = path.read_bytes().decode("latin-1")
    found = [
        (name, place)
        for name, secret in secrets.items()
        for place, words in places.items()
        # The session's own halves, too: a token is not whole in what was cut short.
        for part in {secret, secret[4:36] if secret.startswith("tg") else secret}
        if part in words
    ]
    assert found == []
    assert "session.reused" in places["the log"], "the search must have had something to find"


# ---- 5: signed tickets


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def wait_for_the_next_second() -> None:
    """A gateway takes no signed ticket of before its start, and those count whole seconds."""
    time.sleep(1 - time.time() % 1)


def signed(header: dict[str, Any] | None = None, key: str = SIGNING_KEY, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": "test",
        "aud": "telegraphy",
        "sub": "7",
        "iat": now,
        "exp": now + 60,
        "jti": os.urandom(8).hex(),
        **changes,
    }
    parts = [header or {"alg": "HS256", "kid": "k1"}]
    parts.append({name: value for name, value in claims.items() if value is not None})
    text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    if parts[0].get("alg") == "none":
        return text + "."
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64url(mac)}"


WRONG_TOKENS: dict[str, dict[str, Any]] = {
    "no algorithm": {"header": {"alg": "none", "kid": "k1"}},
    "another algorithm": {"header": {"alg": "HS512", "kid": "k1"}},
    "an algorithm of the other kind": {"header": {"alg": "EdDSA", "kid": "k1"}},
    "an unknown key": {"header": {"alg": "HS256", "kid": "k2"}},
    "no key": {"header": {"alg": "HS256"}},
    "a key of its own": {"header": {"alg": "HS256", "kid": "k1", "jwk": {"k": "AA"}}, "key": "AA"},
    "critical extensions": {"header": {"alg": "HS256", "kid": "k1", "crit": ["exp"]}},
    "a wrong signature": {"key": "another key of at least 32 bytes here"},
    "expired": {"exp": int(time.time()) - 100, "iat": int(time.time()) - 130},
    "no expiry": {"exp": None},
    "too long a life": {"exp": int(time.time()) + 100_000},
    "of the future": {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3660},
    "another audience": {"aud": "somebody-else"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "board"},
    "no issuer": {"iss": None},
    "nobody": {"sub": None},
    "no jti": {"jti": None},
}


@pytest.fixture(scope="module")
def signing_gateway(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    signing = {"app": "test", "kid": "k1", "algorithm": "HS256", "key": SIGNING_KEY}
    gateway = new_gateway_anywhere(tokens={"keys": [signing], "skew_ms": 0})
    wait_for_the_next_second()
    return gateway


def test_threat_05_a_signed_ticket_that_is_right_is_good(signing_gateway: Gateway) -> None:
    assert spend(signing_gateway, signed()) == "connected"
    assert spend(signing_gateway, signed(aud=["other", "telegraphy"])) == "connected"


@pytest.mark.parametrize("what", WRONG_TOKENS)
def test_threat_05_a_signed_ticket_is_refused_with(signing_gateway: Gateway, what: str) -> None:
    assert spend(signing_gateway, signed(**WRONG_TOKENS[what])) == INVALID


def test_threat_05_a_signed_ticket_is_good_once_and_not_after_a_restart(
    new_gateway: Callable[..., Gateway],
) -> None:
    signing = {"app": "test", "kid": "k1", "algorithm": "HS256", "key": SIGNING_KEY}
    gateway = new_gateway(tokens={"keys": [signing], "skew_ms": 0})
    wait_for_the_next_second()
    text = signed()
    assert spend(gateway, text) == "connected"
    assert spend(gateway, text) == INVALID
    gateway.kill()
    gateway.start()
    assert spend(gateway, text) == INVALID


# ---- 6: a session that outlives the logout


def test_threat_06_who_logs_out_gets_nothing_that_comes_after(told: Gateway) -> None:
    with (
        somebody(told, session="browser") as here,
        somebody(told, session="telephone") as there,
    ):
        here.subscribe("test.Private")
        there.subscribe("test.Private")
        counts = disconnect(told, user="7", session="browser")
        assert (counts["sessions"], counts["connections"]) == (1, 1)
        told.publish("test.Private", {"n": 1})
        assert here.wire.read_close() == 4401
        assert there.next()["data"]["n"] == 1
        token = here.connected["session"]["token"]
        assert refusal(told, session=token)["code"] == INVALID


def test_threat_06_a_ticket_made_before_the_logout_is_no_good_after_it(told: Gateway) -> None:
    text = ticket(told, session="browser")
    disconnect(told, session="browser")
    assert spend(told, text) == INVALID


def test_threat_06_a_logout_outlives_a_crash(told: Gateway) -> None:
    with somebody(told) as client:
        token = client.connected["session"]["token"]
        disconnect(told, user="7")
    told.kill()
    told.start()
    assert refusal(told, session=token)["code"] == INVALID


def test_threat_06_a_connection_ends_with_its_session(new_gateway: Callable[..., Gateway]) -> None:
    gateway = new_gateway(sessions={"life_ms": 10_000})
    with somebody(gateway, session_life_ms=1500) as client:
        assert client.connected["session"]["expires_in_ms"] <= 1500
        assert client.wire.read_close() == 4409


# ---- 7: the token with which a client comes back


def test_threat_07_a_copy_of_a_token_ends_the_session_for_both(told: Gateway) -> None:
    with somebody(told) as first:
        stolen = first.connected["session"]["token"]
    with back(told, stolen) as thief:
        assert thief.connected["client"] == first.connected["client"]
        newer = thief.connected["session"]["token"]
    with back(told, newer) as client:
        newest = client.connected["session"]["token"]
        assert refusal(told, session=stolen)["code"] == INVALID
        assert client.wire.read_close() == 4401
    assert refusal(told, session=newest)["code"] == INVALID
    assert identities(told)["reused"] == 1


def test_threat_07_an_answer_that_was_lost_harms_nobody(told: Gateway) -> None:
    with somebody(told) as first:
        token = first.connected["session"]["token"]
    with back(told, token) as lost, back(told, token) as again:
        assert lost.connected["session"]["token"] == again.connected["session"]["token"]
        assert lost.connected["client"] == again.connected["client"]


def test_threat_07_without_grace_the_second_use_is_a_copy(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(sessions={"grace_ms": 0})
    with somebody(gateway) as first:
        token = first.connected["session"]["token"]
    with back(gateway, token) as client:
        assert refusal(gateway, session=token)["code"] == INVALID
        assert client.wire.read_close() == 4401


def test_threat_07_a_token_is_good_from_its_own_origin_alone(told: Gateway) -> None:
    origin = f"http://127.0.0.1:{told.client_port}"
    with somebody(told, origin=origin) as client:
        token = client.connected["session"]["token"]
    assert refusal(told, session=token)["code"] == INVALID
    assert refusal(told, session=token, origin="http://127.0.0.1:1")["code"] == INVALID
    with back(told, token, origin=origin) as again:
        assert again.connected["client"] == client.connected["client"]


# ---- 8: others' events


def test_threat_08_what_one_may_not_have_does_not_exist(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(apps=("test", "board"))
    assert gateway.put_catalogue(*TYPES).status == 200
    other = event_type("board.Private", access="authenticated")
    assert gateway.put_catalogue(other, app="board").status == 200

    def refused(client: Client, name: str) -> str:
        answer = client.request("subscribe", type=name)
        assert answer.pop("id")
        return json.dumps(answer).replace(name, "NAME")

    with Client(gateway.client_port) as nobody, somebody(gateway) as client:
        for there, absent in (("test.Private", "test.Pritave"), ("test.Secret", "test.Serect")):
            assert refused(nobody, there) == refused(nobody, absent)
            assert '"unauthenticated"' in refused(nobody, there)
        for there, absent in (("board.Private", "baord.Private"), ("test.Secret", "test.Serect")):
            assert refused(client, there) == refused(client, absent)
            assert '"unknown_type"' in refused(client, there)
        names = {each["name"] for each in client.request("types")["types"]}
        assert names == {"test.Private", "test.Own", "test.Open"}
        assert [each["name"] for each in nobody.request("types")["types"]] == ["test.Open"]
    with somebody(gateway, types=["test.Secret"]) as client:
        client.subscribe("test.Secret")


def test_threat_08_a_client_gets_the_rows_that_its_claims_allow(told: Gateway) -> None:
    with (
        somebody(told, "7", claims={"user_id": 7}) as seven,
        somebody(told, "8", claims={"user_id": 8}) as eight,
        somebody(told, "9") as without,
    ):
        for client in (seven, eight, without):
            client.subscribe("test.Own")
        told.publish("test.Own", {"n": 1, "owner": 8}, {"n": 2, "owner": 7})
        assert seven.next()["data"]["n"] == 2
        assert eight.next()["data"]["n"] == 1
        assert without.is_usable()
        assert without.waiting == []


def test_threat_08_a_type_that_is_taken_away_ends_its_subscriptions(told: Gateway) -> None:
    with somebody(told) as client:
        client.subscribe("test.Private")
        closed = {**PRIVATE, "checked": True}
        assert told.put_catalogue(closed, OWN, SECRET, OPEN).status == 200
        reset = next(message for message in iter(client.read, None) if message["kind"] == "reset")
        assert (reset["reason"], reset["ended"]) == ("forbidden", True)


# ---- 19: the management


def test_threat_19_the_management_is_for_keys_that_may_manage(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway()
    gateway.stop()
    settings = json.loads(gateway.config.read_text())
    settings["ingest"]["keys"][0]["may"] = ["publish"]
    gateway.config.write_text(json.dumps(settings))
    gateway.start()
    assert gateway.put_catalogue(*TYPES).status == 200
    for path, body in (
        ("/api/v1/tickets", {"user": "7"}),
        ("/api/v1/disconnect", {"user": "7"}),
        ("/api/v1/unsubscribe", {"connection": 1, "subscription": 1}),
    ):
        answer = post(gateway, path, body)
        assert (answer.status, answer.json["code"]) == (403, "forbidden"), path
    listed = gateway.http("GET", "/api/v1/clients", key=gateway.key)
    assert (listed.status, listed.json["code"]) == (403, "forbidden")
    assert gateway.http("GET", "/api/v1/clients").status == 401
    assert gateway.http("GET", "/api/v1/clients", port=gateway.client_port).status == 404


def test_threat_19_one_application_does_not_manage_the_clients_of_another(
    new_gateway: Callable[..., Gateway],
) -> None:
    gateway = new_gateway(apps=("test", "board"))
    assert gateway.put_catalogue(*TYPES).status == 200
    with somebody(gateway) as client:
        client.subscribe("test.Private")
        assert disconnect(gateway, user="7", app="board")["connections"] == 0
        assert (
            disconnect(gateway, client=client.connected["client"], app="board")["connections"] == 0
        )
        listed = gateway.http("GET", "/api/v1/clients", key=gateway.keys["board"])
        assert listed.json["clients"] == []
        assert client.is_usable()


def test_threat_19_what_the_management_did_is_in_the_log(told: Gateway) -> None:
    with somebody(told):
        disconnect(told, user="7")
    assert told.program is not None
    words = told.program.words
    until("the line is written", lambda: "management.disconnect" in words())
    line = next(line for line in words().splitlines() if "management.disconnect" in line)
    assert "app=test" in line
