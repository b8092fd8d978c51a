"""Three WebSocket clients that others wrote, behind one interface."""

import json
from collections.abc import Iterator
from typing import Any

import websockets.sync.client
from websockets.exceptions import ConnectionClosed

from .browser import Page
from .node import NodeProgram

SUBPROTOCOL = "telegraphy.v1"
TIMEOUT_S = 20.0


class Closed(Exception):
    """The connection was closed, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Peer:
    """One connection. Messages are JSON; `read` raises Closed at its end."""

    protocol: str

    def send(self, text: str) -> None:
        raise NotImplementedError

    def send_binary(self, text: str) -> None:
        raise NotImplementedError

    def read_text(self) -> str:
        raise NotImplementedError

    def close(self, code: int = 1000) -> None:
        raise NotImplementedError

    def send_json(self, **message: Any) -> None:
        self.send(json.dumps(message))

    def read(self) -> Any:
        return json.loads(self.read_text())

    def request(self, **message: Any) -> Any:
        self.send_json(**message)
        return self.read()

    def close_code(self) -> int:
        """The code of the close, over all that comes before it."""
        try:
            while True:
                self.read_text()
        except Closed as closed:
            return closed.code


class WebsocketsPeer(Peer):
    """PyPI `websockets`."""

    def __init__(self, url: str) -> None:
        self._socket = websockets.sync.client.connect(
            url,
            subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
            proxy=None,
        ).__enter__()
        self.protocol = str(self._socket.subprotocol)

    def send(self, text: str) -> None:
        self._socket.send(text)

    def send_binary(self, text: str) -> None:
        self._socket.send(text.encode())

    def send_fragments(self, parts: list[str], ping_between: str) -> str:
        pongs = []

        def with_ping() -> Iterator[str]:
            yield parts[0]
            pongs.append(self._socket.ping(ping_between))
            yield from parts[1:]

        self._socket.send(with_ping())
        assert pongs[0].wait(TIMEOUT_S)
        return ping_between

    def ping(self, payload: str) -> str:
        # `websockets` takes only a pong with the ping's own payload for an answer to it.
        assert self._socket.ping(payload).wait(TIMEOUT_S)
        return payload

    def read_text(self) -> str:
        try:
            text = self._socket.recv(TIMEOUT_S)
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from None
        assert isinstance(text, str)
        return text

    def close(self, code: int = 1000) -> None:
        self._socket.close(code)


class WsPeer(Peer):
    """npm `ws`."""

    def __init__(self, node: NodeProgram, url: str) -> None:
        self._node = node
        opened = node.ask(None, "open", url, [SUBPROTOCOL])
        self._number, self.protocol = opened["number"], opened["protocol"]

    def _ask(self, do: str, *values: Any) -> Any:
        return self._node.ask(self._number, do, *values)

    def send(self, text: str) -> None:
        self._ask("send", text)

    def send_binary(self, text: str) -> None:
        self._ask("sendBinary", text)

    def send_fragments(self, parts: list[str], ping_between: str) -> str:
        self._ask("sendFragments", parts, ping_between)
        return self._ask("pong")

    def ping(self, payload: str) -> str:
        return self._ask("ping", payload)

    def read_text(self) -> str:
        item = self._ask("read")
        if "close" in item:
            raise Closed(item["close"])
        return item["text"]

    def close(self, code: int = 1000) -> None:
        self._ask("close", code)


class ChromiumPeer(Peer):
    """The WebSocket of Chromium, in a page whose origin is the gateway's own host."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        page.goto(url.replace("ws:", "http:").replace("/v1/websocket", "/healthz"))
        self.protocol = page.evaluate(
            """([url, protocol]) => new Promise((resolve, reject) => {
                window.came = [];
                window.socket = new WebSocket(url, [protocol]);
                socket.onmessage = ({ data }) => came.push({ text: data });
                socket.onclose = ({ code }) => { came.push({ close: code }); reject(code); };
                socket.onopen = () => resolve(socket.protocol);
            })""",
            [url, SUBPROTOCOL],
        )

    def send(self, text: str) -> None:
        self._page.evaluate("(text) => socket.send(text)", text)

    def send_binary(self, text: str) -> None:
        self._page.evaluate("(text) => socket.send(new Blob([text]))", text)

    def read_text(self) -> str:
        self._page.wait_for("() => came.length > 0")
        item = self._page.evaluate("() => came.shift()")
        if "close" in item:
            raise Closed(item["close"])
        return item["text"]

    def close(self, code: int = 1000) -> None:
        self._page.evaluate("(code) => socket.close(code)", code)
