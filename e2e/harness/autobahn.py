"""The cases of the Autobahn testsuite, run by a fuzzing client of our own.

The suite's release on PyPI (25.10.1) installs on Python 3 and does not run there: `wstest` is
Python 2 throughout (print statements, implicit relative imports, text and bytes mixed). Its *cases*
are small classes that say what to send and what must come back, and judge it themselves; all but
one are also valid Python 3. So the cases come from the package, unchanged, and this module is what
they talk to: a WebSocket client that behaves as Autobahn's does with `failByDrop = False`.

Python 2's text was bytes. Here each character of a case's text stands for one byte (latin-1), both
ways, so that what the cases compare means what it meant there.
"""

import asyncio
import base64
import binascii
import builtins
import codecs
import hashlib
import importlib.util
import os
import re
import struct
import sys
import time
import types
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .wire import CLOSE, CONTINUATION, PING, PONG, encode

CLOSE_HANDSHAKE_S = 5.0
SERVER_DROPS_WITHIN_S = 5.0


# ---- the cases, and what they import


def package() -> Path:
    spec = importlib.util.find_spec("autobahntestsuite")
    assert spec is not None, "autobahntestsuite is not installed"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


class Utf8Validator:
    """Does `validate` see no error, and the end of a character?"""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def validate(self, text: str) -> tuple[bool, bool]:
        try:
            self._decoder.decode(octets(text))
        except UnicodeDecodeError:
            return False, False
        return True, self._decoder.getstate()[0] == b""


@dataclass
class PerMessageDeflateOffer:
    acceptNoContextTakeover: bool = True
    acceptMaxWindowBits: bool = True
    requestNoContextTakeover: bool = False
    requestMaxWindowBits: int = 0

    def header(self) -> str:
        words = ["permessage-deflate"]
        if self.acceptNoContextTakeover:
            words.append("client_no_context_takeover")
        if self.acceptMaxWindowBits:
            words.append("client_max_window_bits")
        if self.requestNoContextTakeover:
            words.append("server_no_context_takeover")
        if self.requestMaxWindowBits:
            words.append(f"server_max_window_bits={self.requestMaxWindowBits}")
        return "; ".join(words)


class WebSocketProtocol:
    MESSAGE_TYPE_TEXT = 1
    MESSAGE_TYPE_BINARY = 2
    STATE_CLOSED, STATE_CONNECTING, STATE_CLOSING, STATE_OPEN = range(4)
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_GOING_AWAY = 1001
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007


def module(name: str, **members: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__dict__.update(members)
    return made


def stand_ins(folder: Path) -> dict[str, types.ModuleType]:
    """Modules that the cases import, as far as they use them."""

    def nothing(*_: object) -> None: ...

    names = {
        "Offer": PerMessageDeflateOffer,
        "OfferAccept": nothing,
        "Response": dict,
        "ResponseAccept": nothing,
    }
    return {
        "autobahn": module("autobahn"),
        "autobahn.websocket": module("autobahn.websocket"),
        "autobahn.websocket.protocol": module("protocol", WebSocketProtocol=WebSocketProtocol),
        "autobahn.websocket.utf8validator": module("utf8", Utf8Validator=Utf8Validator),
        "autobahn.websocket.compress": module(
            "compress", **{f"PerMessageDeflate{name}": value for name, value in names.items()}
        ),
        "binascii": module(
            "binascii",
            b2a_hex=lambda text: binascii.b2a_hex(octets(text)).decode(),
            hexlify=binascii.hexlify,
        ),
        "pkg_resources": module(
            "pkg_resources", resource_filename=lambda _, name: str(folder / name)
        ),
        "twisted": module("twisted"),
        "twisted.internet": module(
            "internet", reactor=None, interfaces=module("interfaces", IPushProducer=None)
        ),
        "zope": module("zope"),
        "zope.interface": module("interface", implements=nothing),
    }


def as_python_3(source: str) -> str:
    """The few places where Python 3 reads the cases differently."""
    source = re.sub(r"^(\s*)print\b *(.*)$", r"\1print(\2)", source, flags=re.MULTILINE)
    source = source.replace("(object, Case, )", "(Case,)")
    return source.replace(" / self.p.autoFragmentSize", " // self.p.autoFragmentSize")


class CaseFinder:
    """Imports `caseN_N_N` (and `case`, their base class) from the package's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if "." in name or not (self.folder / f"{name}.py").is_file():
            return None
        return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, made: types.ModuleType) -> None:
        path = self.folder / f"{made.__name__}.py"
        made.__dict__.update(xrange=range, unichr=chr)
        # Read as latin-1, a text in the source is the bytes that Python 2 saw in it.
        source = as_python_3(path.read_text("latin-1"))
        exec(compile(source, str(path), "exec"), made.__dict__)


def load_cases() -> list[type]:
    """Every case that the suite runs, in its order."""
    folder = package()
    finder: Any = CaseFinder(folder / "case")
    replaced = stand_ins(folder)
    before = dict(sys.modules)
    sys.modules.update(replaced)
    sys.meta_path.insert(0, finder)
    try:
        listing = types.ModuleType("autobahntestsuite_cases")
        path = folder / "case/__init__.py"
        # In its names a case's file and class look alike: `from case1_1_1 import *`.
        source = as_python_3(path.read_text("utf-8"))
        exec(compile(source, str(path), "exec"), listing.__dict__)
        base = sys.modules["case"].Case
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - set(before):
            if name in replaced or name.startswith("case"):
                del sys.modules[name]
        sys.modules.update({name: before[name] for name in replaced if name in before})
    # The original compares pickles, which in Python 3 differ for equal values.
    base.compare = lambda self, one, other: plain(one) == plain(other)
    return listing.Cases


def case_id(case: type) -> str:
    return case.__name__.removeprefix("Case").replace("_", ".")


# ---- text that stands for bytes


def octets(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


# ---- what a case talks to


@dataclass
class Outcome:
    """What a case says of the gateway."""

    id: str
    behavior: str
    behavior_close: str
    result: str
    seconds: float
    received: list[Any] = field(default_factory=list)

    @property
    def good(self) -> bool:
        fine = {"OK", "NON-STRICT", "INFORMATIONAL"}
        return self.behavior in fine and self.behavior_close in fine

    def __str__(self) -> str:
        return f"{self.id}: {self.behavior} / close {self.behavior_close}: {self.result}"


class Fuzzer(WebSocketProtocol):
    """One case's connection: the part of Autobahn's client protocol that cases use."""

    def __init__(self, case: type, port: int, path: str) -> None:
        self.port, self.path = port, path
        self.factory = types.SimpleNamespace(isServer=False)
        self.state = self.STATE_CONNECTING
        self.connectionWasOpen = self.wasClean = False
        self.closedByMe = self.failedByMe = self.droppedByMe = False
        self.remoteCloseCode: int | None = None
        self.remoteCloseReason = self.localCloseReason = ""
        self.createWirelog = False
        self.autoFragmentSize = 0
        self.trafficStats = None
        self.txFrameStats: Counter[int] = Counter()
        self.perMessageCompressionOffers: list[PerMessageDeflateOffer] = []
        self.perMessageCompressionAccept: Any = None
        self._perMessageCompress: Deflate | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._message: tuple[int, bool, list[bytes]] | None = None
        self._begun = 0
        self._case_class = case
        self.case = case(self)
        # Those two take bytes; everything older took Python 2's text.
        self._wants_bytes = case_id(case).split(".")[0] in ("12", "13")

    async def run(self) -> Outcome:
        start = time.monotonic()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            if await self._handshake():
                self.state, self.connectionWasOpen = self.STATE_OPEN, True
                self.case.onOpen()
                await self._read_frames()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.state = self.STATE_CLOSED
            for timer in self._timers:
                timer.cancel()
            self.writer.close()
        self.case.onConnectionLost(self.failedByMe)
        case = self.case
        words = f"{case.result} {case.resultClose}"
        return Outcome(
            case_id(self._case_class),
            case.behavior,
            case.behaviorClose,
            words,
            time.monotonic() - start,
            [str(item)[:100] for item in case.received[:20]],
        )

    async def _handshake(self) -> bool:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        offers = [offer.header() for offer in self.perMessageCompressionOffers]
        if offers:
            lines.append(f"Sec-WebSocket-Extensions: {', '.join(offers)}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()
        if " 101 " not in head.split("\r\n")[0] or accept not in head:
            self.case.result = f"The handshake failed: {head!r}"
            return False
        found = re.search(r"(?im)^sec-websocket-extensions:\s*(.*?)\s*$", head)
        if found and offers:
            self._perMessageCompress = Deflate(found[1], self._case_class)
        return True

    # ---- receiving

    async def _read_frames(self) -> None:
        while True:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            assert not second & 0x80, "a frame from the server was masked"
            payload = await self.reader.readexactly(length)
            fin, rsv, opcode = bool(first & 0x80), (first >> 4) & 7, first & 0xF
            if opcode == CLOSE:
                self._on_close_frame(payload)
            elif opcode == PING:
                self.sendFrame(PONG, payload)
            elif opcode == PONG:
                self.case.onPong(payload.decode("latin-1"))
            else:
                self._on_data(opcode, fin, rsv, payload)

    def _on_data(self, opcode: int, fin: bool, rsv: int, payload: bytes) -> None:
        if opcode == CONTINUATION:
            assert self._message is not None, "a continuation of nothing"
            assert rsv == 0, f"reserved bits {rsv}"
            self._message[2].append(payload)
        else:
            assert self._message is None, "a new message within a message"
            assert rsv == 0 or (rsv == 4 and self._perMessageCompress), f"reserved bits {rsv}"
            self._message = opcode, rsv == 4, [payload]
        if not fin:
            return
        opcode, compressed, parts = self._message
        self._message = None
        whole = b"".join(parts)
        if compressed:
            assert self._perMessageCompress is not None
            whole = self._perMessageCompress.inflate(whole)
        if self.state == self.STATE_OPEN:
            binary = opcode == self.MESSAGE_TYPE_BINARY
            self.case.onMessage(whole if self._wants_bytes else whole.decode("latin-1"), binary)

    def _on_close_frame(self, payload: bytes) -> None:
        if len(payload) >= 2:
            (self.remoteCloseCode,) = struct.unpack("!H", payload[:2])
            self.remoteCloseReason = payload[2:].decode("utf-8")
        self.wasClean = True
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(self.CLOSE_STATUS_CODE_NORMAL, isReply=True)
        self._later(SERVER_DROPS_WITHIN_S, self._drop)
        self.case.onClose(self.wasClean, self.remoteCloseCode, self.remoteCloseReason)

    def _drop(self) -> None:
        self.wasClean, self.droppedByMe = False, True
        self.writer.transport.abort()

    # ---- sending, by the names that cases use

    def sendFrame(
        self,
        opcode: int,
        payload: str | bytes = "",
        fin: bool = True,
        rsv: int = 0,
        mask: object = None,
        payload_len: int | None = None,
        chopsize: int | None = None,
        sync: bool = False,
    ) -> None:
        data = octets(payload)
        if payload_len is not None:
            data = (data * (payload_len // max(1, len(data)) + 1))[:payload_len] if data else b""
        self.txFrameStats[opcode] += 1
        frame = encode(opcode, data, fin=fin, rsv=rsv)
        step = chopsize or len(frame)
        for start in range(0, len(frame), step):
            self.writer.write(frame[start : start + step])

    def sendMessage(
        self,
        payload: str | bytes,
        isBinary: bool = False,
        fragmentSize: int | None = None,
        sync: bool = False,
        doNotCompress: bool = False,
    ) -> None:
        data = octets(payload)
        opcode = self.MESSAGE_TYPE_BINARY if isBinary else self.MESSAGE_TYPE_TEXT
        rsv = 0
        if self._perMessageCompress and not doNotCompress:
            data, rsv = self._perMessageCompress.deflate(data), 4
        size = fragmentSize or self.autoFragmentSize or len(data) or 1
        starts: Iterable[int] = range(0, len(data), size) if data else [0]
        last = max(starts)
        for start in starts:
            piece = data[start : start + size]
            self.sendFrame(opcode, piece, fin=start == last, rsv=rsv)
            opcode, rsv = CONTINUATION, 0

    def beginMessage(self, isBinary: bool = False, opcode: int | None = None) -> None:
        self._begun = opcode or (self.MESSAGE_TYPE_BINARY if isBinary else self.MESSAGE_TYPE_TEXT)

    def beginMessageFrame(self, length: int) -> None:
        # With a mask of zeros the data go out as they are, in whatever pieces.
        head = bytes([self._begun, 0x80 | 127]) + struct.pack("!Q", length) + bytes(4)
        if length < 126:
            head = bytes([self._begun, 0x80 | length]) + bytes(4)
        elif length < 1 << 16:
            head = bytes([self._begun, 0x80 | 126]) + struct.pack("!H", length) + bytes(4)
        self.writer.write(head)
        self._begun = CONTINUATION

    def sendMessageFrameData(self, payload: str, sync: bool = False) -> None:
        self.writer.write(octets(payload))

    def endMessage(self) -> None:
        self.sendFrame(CONTINUATION, b"")

    def sendCloseFrame(
        self,
        code: int | None = None,
        reasonUtf8: str | bytes | None = None,
        isReply: bool = False,
    ) -> None:
        if self.state != self.STATE_OPEN:
            return
        payload = b"" if code is None else struct.pack("!H", code) + octets(reasonUtf8 or "")
        self.sendFrame(CLOSE, payload)
        self.state = self.STATE_CLOSING
        self.closedByMe = not isReply
        self.localCloseReason = octets(reasonUtf8 or "").decode("latin-1")
        if self.closedByMe:
            self._later(CLOSE_HANDSHAKE_S, self._close_timed_out)

    def _close_timed_out(self) -> None:
        if not self.wasClean:
            self._drop()

    def sendClose(self, code: int | None = None, reason: str | None = None) -> None:
        self.sendCloseFrame(code, None if reason is None else reason.encode("utf-8"))

    # ---- time

    def _later(self, delay: float, call: Callable[[], object]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay, call))

    def continueLater(self, delay: float, call: Callable[[], object], tag: object = None) -> None:
        self._later(delay, lambda: self.state != self.STATE_CLOSED and call())

    def closeAfter(self, delay: float) -> None:
        self._later(delay, self.sendClose)

    def killAfter(self, delay: float) -> None:
        self._later(delay, self._fail)

    def _fail(self) -> None:
        if self.state != self.STATE_CLOSED:
            self.failedByMe = True
            self.sendCloseFrame(self.CLOSE_STATUS_CODE_GOING_AWAY)

    def enableWirelog(self, enable: bool) -> None:
        self.createWirelog = enable


class Deflate:
    """permessage-deflate (RFC 7692) as it was agreed on."""

    def __init__(self, agreed: str, case: type) -> None:
        name, *parameters = [part.strip() for part in agreed.split(";")]
        assert name == "permessage-deflate", agreed
        said = dict(part.partition("=")[::2] for part in parameters)
        self._fresh = "client_no_context_takeover" in said
        self._peer_fresh = "server_no_context_takeover" in said
        self._bits = int(said.get("client_max_window_bits", "15"))
        self._peer_bits = int(said.get("server_max_window_bits", "15"))
        offers = case.CLIENT_OFFERS  # type: ignore[attr-defined]
        for offer in offers:
            # A server may promise a smaller window than it was asked for (RFC 7692, 7.1.2.1).
            if self._peer_bits <= (offer.requestMaxWindowBits or 15) and (
                self._peer_fresh or not offer.requestNoContextTakeover
            ):
                break
        else:
            raise AssertionError(f"the answer {agreed!r} fits no offer of {offers}")
        self._begin()
        self._begin_peer()

    def _begin(self) -> None:
        # zlib cannot make windows of 8 bits, and silently takes 9.
        self._out = zlib.compressobj(wbits=-max(9, self._bits))

    def _begin_peer(self) -> None:
        self._in = zlib.decompressobj(wbits=-self._peer_bits)

    def deflate(self, data: bytes) -> bytes:
        packed = self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)
        if self._fresh:
            self._begin()
        return packed.removesuffix(b"\x00\x00\xff\xff")

    def inflate(self, data: bytes) -> bytes:
        whole = self._in.decompress(data + b"\x00\x00\xff\xff")
        if self._peer_fresh:
            self._begin_peer()
        return whole


def run(cases: Iterable[type], port: int, *, path: str = "/", at_once: int = 12) -> list[Outcome]:
    """Run cases side by side; most of them mainly wait."""

    async def run_all() -> list[Outcome]:
        slots = asyncio.Semaphore(at_once)

        async def run_one(case: type) -> Outcome:
            async with slots:
                try:
                    return await Fuzzer(case, port, path).run()
                except builtins.AssertionError as wrong:
                    return Outcome(case_id(case), "FAILED", "FAILED", str(wrong), 0)

        return await asyncio.gather(*(run_one(case) for case in cases))

    return asyncio.run(run_all())
