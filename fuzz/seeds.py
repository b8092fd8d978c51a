"""Writes the first inputs of the corpora beside it: `python3 fuzz/seeds.py`.

Names are said in words; what a fuzzer added later is named by its hash and stays as it is.
"""

import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
UPGRADE = (
    b"GET /v1/websocket HTTP/1.1\r\nHost: localhost:1844\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" + KEY
)
PROTOCOL = b"Sec-WebSocket-Protocol: telegraphy.v1\r\n"


def request(
    headers: bytes, line: bytes = b"POST / HTTP/1.1", host: bytes = b"Host: a\r\n"
) -> bytes:
    return line + b"\r\n" + host + headers + b"\r\n"


def offer(text: bytes) -> bytes:
    return UPGRADE + PROTOCOL + b"Sec-WebSocket-Extensions: " + text + b"\r\n\r\n"


def http1() -> dict[str, bytes]:
    """Cuts, settings (1: a reply, 2: small limits), heads."""
    usual, reply, small = b"\x03\x00", b"\x05\x01", b"\x02\x02"
    return {
        "get": usual + b"GET /healthz?a=1 HTTP/1.1\r\nHost: a:80\r\nAccept: */*\r\n\r\n",
        "pipelined": usual + b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        "post": usual + request(b"Content-Length: 42\r\nExpect: 100-continue\r\n"),
        "upgrade": usual + UPGRADE + PROTOCOL + b"Origin: http://localhost:8000\r\n\r\n",
        "upgrade-ipv6": usual
        + UPGRADE.replace(b"localhost", b"[::1]")
        + b"Origin: http://[::1]\r\n\r\n",
        "upgrade-null-origin": usual + UPGRADE + b"Origin: null\r\n\r\n",
        "upgrade-version": usual + UPGRADE.replace(b"13", b"8") + b"\r\n",
        "upgrade-no-protocol": usual + UPGRADE + b"\r\n",
        "upgrade-key": usual + UPGRADE.replace(b"==", b"=") + PROTOCOL + b"\r\n",
        "deflate": usual + offer(b"permessage-deflate; client_max_window_bits"),
        "deflate-all": usual
        + offer(
            b"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            b'server_max_window_bits=10; client_max_window_bits="9"'
        ),
        "deflate-second": usual + offer(b"x; y=1, permessage-deflate; z, permessage-deflate"),
        "deflate-repeated": usual
        + offer(b"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9"),
        "deflate-malformed": usual + offer(b'permessage-deflate; a="'),
        "uri": usual + request(b"", b"GET http://b:81/x?y HTTP/1.1"),
        "star": usual + request(b"", b"OPTIONS * HTTP/1.1"),
        "connect": usual + request(b"", b"CONNECT a:80 HTTP/1.1"),
        "http2": usual + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "http10": usual + b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "http09": usual + b"GET /\r\n",
        "no-host": usual + request(b"", host=b""),
        "two-hosts": usual + request(b"Host: b\r\n"),
        "bad-host": usual + request(b"", host=b"Host: a@b\r\n"),
        "length-and-chunked": usual
        + request(b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        "two-lengths": usual + request(b"Content-Length: 1\r\nContent-Length: 1\r\n"),
        "list-of-lengths": usual + request(b"Content-Length: 1, 1\r\n"),
        "empty-length": usual + request(b"Content-Length: \r\n"),
        "great-length": usual + request(b"Content-Length: 18446744073709551616\r\n"),
        "chunked": usual + request(b"Transfer-Encoding: chunked\r\n"),
        "gzip": usual + request(b"Transfer-Encoding: gzip, chunked\r\n"),
        "chunked-10": usual + request(b"Transfer-Encoding: chunked\r\n", b"POST / HTTP/1.0"),
        "expectation": usual + request(b"Expect: the-unexpected\r\n"),
        "bare-lf": usual + b"GET / HTTP/1.1\nHost: a\n\n",
        "bare-cr": usual + request(b"X: a\rb\r\n"),
        "folded": usual + request(b"X: a\r\n b\r\n"),
        "space-before-colon": usual + request(b"X : a\r\n"),
        "no-colon": usual + request(b"X\r\n"),
        "no-name": usual + request(b": a\r\n"),
        "nul": usual + request(b"X: a\0b\r\n"),
        "latin": usual + request(b"X: caf\xe9\t \r\n"),
        "tls": usual + b"\x16\x03\x01\x02\x00\x01\x00",
        "target-escape": usual + request(b"", b"GET /%7ex/%zz HTTP/1.1"),
        "target-query": usual + request(b"", b"GET /?a[]={1}|2 HTTP/1.1"),
        "small-line": small + request(b"X: " + b"x" * 57 + b"\r\n"),
        "small-line-over": small + request(b"X: " + b"x" * 58 + b"\r\n"),
        "small-headers": small + request(b"X: 1\r\n" * 4),
        "small-headers-over": small + request(b"X: 1\r\n" * 5),
        "small-block": small
        + request((b"X: " + b"x" * 50 + b"\r\n") * 3 + b"X: " + b"y" * 10 + b"\r\n"),
        "reply-101": reply
        + b"HTTP/1.1 101 Switching Protocols\r\n"
        + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x00",
        "reply-accepted": reply
        + b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + b"Sec-WebSocket-Accept: accept\r\n\r\n",
        "reply-404": reply + b"HTTP/1.0 404\r\nContent-Length: 3\r\n\r\n",
        "reply-chunked": reply + b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
        "reply-bad": reply + b"HTTP/1.1 2x0 OK\r\n\r\n",
    }


def frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"\0\0\0\0"
) -> bytes:
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = 0x80 if mask is not None else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
    if mask is None:
        return head + payload
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def forwarded() -> dict[str, bytes]:
    """Lines of X-Forwarded-For."""
    return {
        "one": b"198.51.100.7",
        "spoofed": b"203.0.113.9, 198.51.100.7, 10.1.2.3",
        "lines": b"203.0.113.9\n198.51.100.7, 10.1.2.3\n10.3.2.1",
        "ports": b"198.51.100.7:4711, [2001:db8::7]:4711, [2001:db8:1::2]",
        "empty": b" , ,,\n\n,",
        "unknown": b"198.51.100.7, unknown\n_hidden, 10.1.2.3",
        "brackets": b"[::1, ]:1, [], [, :, [1.2.3.4]:5, ::ffff:10.0.0.9",
        "many": b", ".join([b"10.1.2.3"] * 40),
        "lines-many": b"\n".join([b"10.1.2.3"] * 120),
    }


def websocket() -> dict[str, bytes]:
    """Cuts, settings (1: a client, 2: compression agreed, 4: small limits), frames."""
    server, client, compressed, small = b"\x03\x00", b"\x03\x01", b"\x03\x02", b"\x03\x04"
    text, binary, close, ping, pong = 1, 2, 8, 9, 10
    more = {"fin": False}
    key = b"\x37\xfa\x21\x3d"
    return {
        "text": server + frame(text, b"hello"),
        "text-masked": server + frame(text, "κόσμε".encode(), mask=key),
        "empty": server + frame(text, b"") + frame(binary, b"") + frame(ping, b""),
        "several": server
        + frame(text, b"a")
        + frame(binary, b"\xff")
        + frame(text, b"b", mask=key),
        "fragments": server
        + frame(text, "κό".encode()[:3], **more)
        + frame(ping, b"p")
        + frame(0, "κό".encode()[3:], **more)
        + frame(pong, b"")
        + frame(0, b"")
        + frame(text, b"next"),
        "fragments-empty": server
        + frame(binary, b"", **more)
        + frame(0, b"", **more)
        + frame(0, b""),
        "ping-125": server + frame(ping, b"x" * 125, mask=key),
        "ping-126": server + frame(ping, b"x" * 126),
        "ping-fragment": server + frame(ping, b"x", **more),
        "length-126": server + frame(binary, b"x" * 126),
        "length-300": server + frame(text, b"y" * 300, mask=key),
        "length-long": server + b"\x82\xfe\x00\x05\0\0\0\0hello",
        "length-long-64": server + b"\x82\xff" + struct.pack(">Q", 65535) + b"\0\0\0\0",
        "length-65536": server + b"\x82\xff" + struct.pack(">Q", 65536) + b"\0\0\0\0and some bytes",
        "length-65537": server + b"\x82\xff" + struct.pack(">Q", 65537) + b"\0\0\0\0",
        "length-sign": server + b"\x82\xff" + struct.pack(">Q", 1 << 63) + b"\0\0\0\0",
        "unmasked": server + frame(text, b"x", mask=None),
        "rsv1": server + frame(text, b"x", rsv=4),
        "rsv2": server + frame(text, b"x", rsv=2),
        "rsv3": server + frame(ping, b"x", rsv=1),
        "opcode-3": server + frame(3, b"x"),
        "opcode-11": server + frame(11, b"x"),
        "continuation": server + frame(0, b"x"),
        "interleaved": server + frame(text, b"x", **more) + frame(text, b"y"),
        "utf8-bad": server + frame(text, b"abc\xed\xa0\x80def"),
        "utf8-cut": server + frame(text, b"abc\xf0\x90"),
        "utf8-fragments": server
        + frame(text, b"\xf4", **more)
        + frame(0, b"\x90", **more)
        + frame(0, b"\x80\x80"),
        "utf8-early": server + b"\x81\xfe\x01\x00\0\0\0\0abc\xff",
        "close": server + frame(close, b""),
        "close-1000": server + frame(close, b"\x03\xe8bye") + frame(ping, b"x"),
        "close-4000": server + frame(close, b"\x0f\xa0" + "κ".encode()),
        "close-1": server + frame(close, b"\x03"),
        "close-1005": server + frame(close, b"\x03\xed"),
        "close-utf8": server + frame(close, b"\x03\xe8\xce"),
        "close-in-message": server + frame(text, b"x", **more) + frame(close, b"\x03\xe9"),
        "client-text": client + frame(text, b"hello", mask=None) + frame(ping, b"", mask=None),
        "client-fragments": client
        + frame(text, b"a", mask=None, **more)
        + frame(0, b"b", mask=None),
        "client-masked": client + frame(text, b"hello"),
        "compressed": compressed + frame(text, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=4),
        "compressed-fragments": compressed
        + frame(binary, b"\xf2", rsv=4, **more)
        + frame(0, b"\x48"),
        "compressed-twice": compressed
        + frame(binary, b"\xf2", rsv=4, **more)
        + frame(0, b"\x48", rsv=4),
        "compressed-ping": compressed + frame(ping, b"\xf2", rsv=4),
        "small-20": small
        + frame(text, b"x" * 20)
        + frame(text, b"x" * 10, **more)
        + frame(0, b"x" * 10),
        "small-21": small + frame(text, b"x" * 21),
        "small-sum": small + frame(text, b"x" * 10, **more) + frame(0, b"x" * 11),
        "small-fragments": small + frame(text, b"", **more) + frame(0, b"", **more) + frame(0, b""),
        "small-fragments-over": small + frame(text, b"", **more) + frame(0, b"", **more) * 3,
    }


def utf8() -> dict[str, bytes]:
    """Cuts, text."""
    texts = {
        "ascii": b"plain text of more than eight bytes",
        "greek": "κόσμε".encode(),
        "mixed": "a ä € 𐍈 and ASCII for the fast path, 日本語".encode(),
        "first-2": b"\xc2\x80",
        "last-2": b"\xdf\xbf",
        "first-3": b"\xe0\xa0\x80",
        "last-3": b"\xef\xbf\xbf",
        "first-4": b"\xf0\x90\x80\x80",
        "last-4": b"\xf4\x8f\xbf\xbf",
        "before-surrogates": b"\xed\x9f\xbf\xee\x80\x80",
        "surrogate-high": b"\xed\xa0\x80",
        "surrogate-low": b"\xed\xbf\xbf",
        "over-the-top": b"\xf4\x90\x80\x80",
        "f5": b"\xf5\x80\x80\x80",
        "overlong-2": b"\xc0\xaf",
        "overlong-2-last": b"\xc1\xbf",
        "overlong-3": b"\xe0\x9f\xbf",
        "overlong-4": b"\xf0\x8f\xbf\xbf",
        "lonely": b"abc\x80def",
        "lonely-late": b"0123456789abcdef\xbf",
        "cut-2": b"abc\xce",
        "cut-3": b"abc\xe2\x82",
        "cut-4": b"abc\xf0\x9f\x90",
        "restart": b"\xe2\x82\xe2\x82\xac",
        "fe-ff": b"\xfe\xff",
        "nul": b"\0a\0",
        "bom": b"\xef\xbb\xbftext",
        "aligned": b"01234567\xe2\x82\xac012345678\xf0\x9f\x90\x98",
    }
    return {name: bytes([len(text) % 7]) + text for name, text in texts.items()}


def deflated(message: bytes, *, bits: int = 15, final: bool = False) -> bytes:
    work = zlib.compressobj(6, zlib.DEFLATED, -bits)
    if final:
        return work.compress(message) + work.flush(zlib.Z_FINISH) + b"\0"
    return (work.compress(message) + work.flush(zlib.Z_SYNC_FLUSH))[:-4]


def deflate() -> dict[str, bytes]:
    """Window and takeover (128), limits (size as power of two; 128: with a ratio), message."""
    plain, takeover = b"\x07\x11", b"\x87\x11"
    text = b"to be or not to be, that is the question: " * 8
    return {
        "hello": plain + b"\xf2\x48\xcd\xc9\xc9\x07\x00",
        "stored": plain + b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        "final": plain + deflated(text, final=True),
        "final-takeover": takeover + deflated(text, final=True),
        "final-bare": takeover + b"\xf3\x48\xcd\xc9\xc9\x07\x00",
        "finals": takeover + b"\xf3\x48\xcd\xc9\xc9\x07\x00" * 3 + b"\x00",
        "two-blocks": plain + b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        "back-reference": takeover + b"\xf2\x00\x11\x00\x00",
        "empty": plain + b"\x00",
        "nothing": plain,
        "text": takeover + deflated(text),
        "text-bits-9": b"\x01\x11" + deflated(text, bits=9),
        "zeros": plain + deflated(b"\0" * 20000),
        "zeros-limit": b"\x07\x0a" + deflated(b"\0" * 1025),
        "zeros-ratio": b"\x07\x91" + deflated(b"\0" * 20000),
        "zeros-no-ratio": b"\x07\x8a" + deflated(b"\0" * 1000),
        "bad-type": plain + b"\x07",
        "bad-stored": plain + b"\x00\x05\x00\x00\x00Hello",
        "cut": plain + b"\xf2\x48\xcd\xc9",
        "cut-stored": plain + b"\x00\x05\x00\xfa\xffHel",
    }


def query_parse() -> dict[str, bytes]:
    """Limits (0: wide, 1: as usual, 2: small), the query."""
    wide, usual, small = b"\x00", b"\x01", b"\x02"
    triples = (
        rb"""['''c\n"d"
''', r'\d', R"", "a", 'b', """
        + b'"""e"f\n"""]'
    )
    return {
        "filter": usual + b'status == "paid" && total > 100 || !(owner in [1, 2, 3])',
        "operators": usual + b"a * b / c % d + e - f <= g == h != i < j >= k > l in m",
        "condition": usual + b"a ? b : c ? (d ? e : f) : g",
        "numbers": wide + b"[0, -1, 0x1F, 12u, 0xFFu, .5, 1.5, -2e3, 1.25E-7, --3, -(4)]",
        "int-least": usual + b"-9223372036854775808",
        "int-beyond": usual + b"9223372036854775808",
        "strings": wide + triples,
        "escapes": wide + rb'"\a\b\f\n\r\t\v\\\?\"' + rb"\'\`\x41\101\u00e9\U0001f600" + b'"',
        "surrogates": wide + rb'"\ud83d\ude00"',
        "bytes": wide + rb"""[b"\xff\377", B'a', br"\x", bR'''b''']""",
        "utf8": wide + "'caf\u00e9 \U0001f600\u2028\u200f'".encode(),
        "not-utf8": wide + b"'caf\xe9'",
        "select": usual + b"data.total == .old.total && data.`a-b`.for",
        "index": usual + b'data["key"][0].x[y[z]]',
        "calls": usual + b'size(a.b) + a.size() > f() && name.startsWith("x", 1) || .g(1)',
        "has": usual + b"has(data.x) && has(a.b().c) && has(a.`b`)",
        "has-bad": usual + b"has(x)",
        "macros": wide + b"a.all(x, x > 1) && b.exists(y, c.exists_one(z, z == y))",
        "map": wide + b"a.filter(x, x > 1).map(x, x * 2) == a.map(x, x > 1, x * 2)",
        "not-macros": wide + b"a.all(x) || a.map(b.c) || has() || .has(a)",
        "macro-bad": wide + b"a.all(b.c, 1)",
        "message": wide + b"a.b.C{x: 1, `y-z`: D{}, for: [2,],}",
        "maps": wide + b'{"a": 1, 2: {3u: null,}, true: {}}',
        "comments": wide + b"a // one\n + // two\r\n b // three",
        "minus-comment": wide + b"- // five\n 5.5 - -6",
        "optional": usual + b"a.?b",
        "reserved": usual + b"for == 1",
        "unclosed": usual + b"f(a[1 == {2: (3",
        "mismatch": usual + b"[(a]",
        "quote": usual + b"'abc",
        "words": usual + b"not a and b",
        "deep": usual + b"(" * 40 + b"a",
        "deep-wide": wide + b"!(" * 120 + b"a" + b")" * 120,
        "chain": wide + b"a" + b".b" * 200,
        "items": small + b"[1, 2, 3]",
        "nodes": small + b"a + b",
        "nothing": usual,
    }


def query_filter() -> dict[str, bytes]:
    """A query, the event's data, old values."""
    row = (
        b'{"id":1,"s":"ab","total":"99.950","w":1.5,"paid":true,'
        b'"at":"2026-11-23T02:16:34.1203319Z","day":"2026-11-23","took":"1.5s",'
        b'"u":"01234567-89ab-cdef-0123-456789abcdef","m":{"k":[1,"a"]},"tags":["a","b"],'
        b'"ns":[1,"9007199254740993"],"hid":3}'
    )
    queries = {
        "numbers": b"id < 1.5 && w >= 9007199254740993 && total == 99.95 && id in [1, 2.0, 3u]",
        "texts": b's in ["ab", "c", null] || s > "a" && s.startsWith("a") && !s.contains("x")',
        "times": b'at > timestamp("2026-11-23T00:00:00Z") && took < duration("1h")',
        "dates": b'day == "2026-11-23" || day in [date("2026-11-22")]',
        "uuid": b'u == "01234567-89AB-cdef-0123-456789abcdef"',
        "lists": b'"a" in tags && 2 in ns && size(tags) > 0 && ns[0] == 1',
        "macros": b'tags.exists(t, t == "a") && ns.all(n, n > 0 && n < 9)',
        "json": b"m.k[0] == 1 && has(m.k) && m != null && m in [1, {}]",
        "states": b"has(data.total) && total != null && !has(old.w) && paid",
        "logic": b"!(id == 1 ? paid : !(w < 2.0)) || (true && false)",
        "claims": b"id == auth.n || s in auth.list || auth.nobody || auth.map.k.b == [1]",
        "event": b'event.op == "update" && "s" in event.changed && old.s != s',
        "event-time": b'event.time == timestamp("2026-11-23T02:16:34.1203319Z")',
        "arithmetic": b'id + 1 == 2 && total * 2 > 3 && -id < 0 && s + s == "abab"',
        "data": b'data["s"] == data.s && dyn(s) == 1 && double(total) / 2.0 > 1.0',
        "matches": b's.matches("^a.*b$")',
        "hidden": b"hid == 3",
        "unknown": b"totl > 100",
        "unfit": b'total > "a"',
        "not-bool": b"id",
    }
    old = b'{"s":"a","total":null}'
    updates = {"states", "event", "logic"}
    return {
        name: where + b"\0" + row + (b"\0" + old if name in updates else b"")
        for name, where in queries.items()
    } | {"absent": queries["numbers"] + b"\0{}", "null": queries["texts"] + b'\0{"s":"a"}'}


def query_regex() -> dict[str, bytes]:
    """A pattern, a byte that is no UTF-8, and a text."""
    return {
        "literal": b"abc\xffxabcx",
        "alternatives": b"^(a|bc|)(d|e)$\xffbce",
        "repetitions": b"^a*b+c?d{2}e{2,}f{1,3}(g|h){0,2}$\xffabbcddeeefgh",
        "lazy": b"a*?b+?c??\xffab",
        "nested": b"((a{2}){3}|(b*)*)+x\xffaaaaaabbx",
        "classes": rb"^[a-cx][^a-c][]a][\d\W-][[:alpha:]][[:^digit:]]$" + b"\xffad]-zz",
        "perl": rb"\d\D\s\S\w\W" + b"\xff1a b_-",
        "edges": rb"(?m)^\ba\b$|\A\Bb\B\z" + b"\xffx\na\nb",
        "flags": b"(?i)ab(?-i:c)(?s:.)(?m)$\xffABc\n\n",
        "groups": b"(?P<x>a)(?<y>b)(?:c)\xffabc",
        "escapes": rb"\.\*\n\x41\x{1F600}\101\Qa.b\E" + b"\xff.*\nA",
        "utf8": "[α-ω]+é.".encode() + b"\xff" + "αβé€".encode(),
        "not-utf8": b"a..b\xffa\xfe\xc3b",
        "slow": b"(a+)+$\xff" + b"a" * 200 + b"!",
        "large": b"((a{30}){30}){2}\xffaaa",
        "too-large": b"((a{100}){100})\xffa",
        "deep": b"(" * 101,
        "back-reference": rb"(a)\1",
        "look-around": b"a(?=b)",
        "nothing": b"",
    }


def query_eval() -> dict[str, bytes]:
    """Budgets (bit 0: unknown names are late errors, bit 1: data is known), the query."""
    usual, late, known, poor = b"\xf0", b"\xf1", b"\xf2", b"\x04"
    loops = b"[1,2,3].all(a, [1,2,3].exists(b, [1,2].exists_one(c, a + b + c > 4)))"
    return {
        "variables": usual + b"data.total + x == 5 && data['abc'] && data.deep.a.b[1] == 2.5",
        "known": known + b"data.tags + data.deep.a.b == ['a'] || has(data.total)",
        "has": usual + b"has(data.x) || has(old.missing) || has(data.deep.a) && !has(data.abc)",
        "late": late + b"nobody.knows || f(1).g() && A{b: 1} == c || true",
        "container": usual + b"y == at.y && .at.y > y && [1].map(y, y) == [1]",
        "int": usual + b"-x * 3 / 2 % 5 + 9223372036854775807 - 1 > -(-9223372036854775808)",
        "uint": usual + b"(18446744073709551615u + 1u) / 0u > 2u * 3u - 4u || 1u % 0u == 0u",
        "double": usual + b"1.5 / 0.0 * -2e300 + 0.1 - 5e-324 < 0.0 / 0.0 || -(1.5) == -1.5",
        "line": usual + b"9007199254740993 > 9007199254740992.0 && 1u < 1.5 && -1 < 1u && x < 0.5",
        "decimal": usual + b"price * 2 - 99.95 + price == price && -price < price * 1e20 * 1e20",
        "exact": usual + b"price in [1.5, 99.95] && (x > 0 ? 1.5 : 99.95) == price && price < 100u",
        "texts": usual + b"'a' + 'b' == 'ab' && b'a' + b'b' < b'c' && 'abc'.contains('b')",
        "ends": usual + b"'abc'.startsWith('') && 'abc'.endsWith('bc') && size('caf\xc3\xa9') == 4",
        "case": usual + b"'aBc'.lowerAscii() + 'aBc'.upperAscii() == string(b'abc')",
        "matches": usual + b"'abc'.matches('^a.c$') && data.tags.all(t, t.matches('[ab]')) ",
        "matches-bad": late + b"'a'.matches('(') || 'a'.matches(at.z)",
        "to-int": usual + b"int('-7') + int(7u) + int(7.9) + int(at.y) + int(price) == uint('7')",
        "to-double": usual + b"double('1e3') + double(price) + double(7) > double('NaN')",
        "to-string": usual
        + b"string(1) + string(1u) + string(1.5e-7) + string(true) + string(day)",
        "to-bool": usual + b"bool('true') && bool('F') || bytes('a') == b'a'",
        "types": usual + b"[type(1), int, type(type(x)), google.protobuf.Duration, dyn(null)]",
        "times": usual
        + b"timestamp('2026-11-23T00:00:00Z') + duration('1h30m') > at.y - duration('-1s')",
        "apart": usual + b"timestamp(0) - timestamp('9999-12-31T23:59:59.9Z') < duration('0.5s')",
        "getters": usual
        + b"[at.y.getFullYear(), at.y.getMonth('+01:00'), at.y.getDayOfYear('UTC')]",
        "getters-days": usual
        + b"[at.y.getDate(), at.y.getDayOfMonth(), at.y.getDayOfWeek('-23:59')]",
        "getters-clock": usual
        + b"duration('3661.5s').getMinutes() + at.y.getHours() + at.y.getSeconds()",
        "dates": usual + b"day < date('2026-11-24') && day == date(day) && day != at.y",
        "lists": usual
        + b"[1, 'a', [2.0]] + [null] == [1u, 'a', [2], null] && 1 in [x, 1] && [1][0] == 1",
        "maps": usual
        + b"{'a': 1, 2: {3u: null}}[2][3] == null && 'a' in {'a': 1} && size({}) == 0",
        "map-keys": usual + b"{1: 'a', 1u: 'b'} == {1.0: 2} || {1: 2}[1.0] == 2 || {b'': 1}[b'']",
        "loops": usual + loops,
        "loops-poor": poor + loops,
        "map-each": poor + b"data.tags.map(t, t != 'a', t + t).filter(t, t < 'c') == ['b\\nb\\n']",
        "errors": usual + b"(1/0 > 0 || 'a') && [0, 1].exists(i, 1/i == 1) || {'a': 1}.b.c == 1",
        "condition": usual + b"x > 0 ? 1/0 : x < 0 ? 'yes' : nobody",
    }


def ticket() -> dict[str, bytes]:
    """What it is (fuzz/ticket.c), and the rest."""
    now = 1795000000
    good = b'"iss":"shop","aud":["a","telegraphy"],"sub":"7","iat":%d,"exp":%d.5,"jti":"j1"' % (
        now,
        now + 60,
    )
    more = (
        b',"nbf":1,"claims":{"user_id":7,"scopes":["a"]},"types":["shop.A","shop.B"],'
        b'"origin":"https://shop.example","session":"s1","session_life_ms":60000'
    )
    head = b'{"alg":"HS256","kid":"h1"}'
    text = struct.pack(">H", 4) + b"shop"
    record = b"r\x01" + bytes(range(16)) + struct.pack(">Iqq", 3, now * 10**6, (now + 60) * 10**6)
    record += struct.pack(">H", 0) + text + text + struct.pack(">H", 0)
    record += struct.pack(">H", 2) + b"{}" + struct.pack(">H", 1) + text
    jwt = b"eyJhbGciOiJIUzI1NiIsImtpZCI6ImgxIn0.e30.c2ln"
    return {
        "request": b'r{"user":"7","claims":{"user_id":7,"is_staff":false},"types":["shop.A"],'
        b'"origin":"https://shop.example","session":"s1","session_life_ms":1000,"life_ms":5}',
        "request-least": b'r{"user":"\\u0037"}',
        "request-near": b'r{"usr":"7"}',
        "request-null": b'r{"user":"7","origin":null}',
        "request-origin": b'r{"user":"7","origin":"http://shop.example:80"}',
        "request-other-origin": b'r{"user":"7","origin":"app://shop"}',
        "request-life": b'r{"user":"7","life_ms":0}',
        "request-great-life": b'r{"user":"7","session_life_ms":9223372036854775807}',
        "request-types": b'r{"user":"7","types":["",7]}',
        "request-claims": b'r{"user":"7","claims":[]}',
        "request-list": b"r[]",
        "jwt": b"j" + jwt,
        "jwt-none": b"jeyJhbGciOiJub25lIn0.e30.",
        "jwt-eddsa": b"jeyJhbGciOiJFZERTQSIsImtpZCI6ImUxIn0.e30.c2ln",
        "jwt-two-parts": b"je30.e30",
        "jwt-padding": b"je30=.e30=.c2ln",
        "signed": b"s" + head + b"\0{" + good + more + b"}",
        "signed-least": b"s" + head + b"\0{" + good + b"}",
        "signed-crit": b's{"alg":"HS256","kid":"h1","crit":["b64"]}\0{' + good + b"}",
        "signed-alg": b's{"alg":"none","kid":"h1"}\0{' + good + b"}",
        "signed-kid": b's{"alg":"HS256","kid":"\\u00681"}\0{' + good + b"}",
        "signed-twice": b"s" + head + b'\0{"iss":"shop",' + good + b"}",
        "signed-times": b"s" + head + b'\0{"iss":"shop","aud":"telegraphy","iat":1e300}',
        "shown": b"ttgt_8yNd\0tgs_AAAA\0https://shop.example",
        "shown-session": b"t\0tgs_" + b"A" * 70 + b"\0",
        "shown-signed": b"t" + jwt + b"\0\0",
        "record": b"f" + record,
        "record-cut": b"f" + record[:-3],
    }


for corpus in (
    deflate,
    forwarded,
    http1,
    ticket,
    utf8,
    websocket,
    query_eval,
    query_filter,
    query_parse,
    query_regex,
):
    folder = HERE / f"{corpus.__name__}.corpus"
    folder.mkdir(exist_ok=True)
    for name, data in corpus().items():
        (folder / name).write_bytes(data)
