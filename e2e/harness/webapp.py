"""A web application that is not Django: one page, and one user at a time who is logged in."""

import json
import secrets
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .gateway import ROOT, Gateway
from .identity import ticket

PAGE = """<!doctype html><title>page</title>
<script type="application/json" id="telegraphy-config">{config}</script>
<script src="/telegraphy.js"></script>
<script>
  window.seen = [];
  window.calls = [];
  telegraphy.on('state', ({{ name, reason }}) => calls.push(reason ?? name));
  telegraphy.subscribe('test.News', ({{ data }}) => seen.push(data.n));
</script>
"""


class WebApp:
    """Its pages are at `url`; those at `url + "with-ticket"` bring one."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.user: str | None = "7"
        """Who is logged in."""
        self.anonymous = False
        """Does the page say that it was made for nobody?"""
        self.embedded: str | None = None
        """The ticket in pages, where that is always the same."""
        self.ticket_status = 200
        self.asked: list[str] = []
        """The requests to the ticket view: methods."""
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                app.get(self)

            def do_POST(self) -> None:
                app.post(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == "/telegraphy.js":
            script = (ROOT / "js/dist/telegraphy.js").read_bytes()
            answer(request, 200, script, "text/javascript")
        elif request.path == "/ticket":
            self.asked.append("GET")
            token = secrets.token_hex(8)
            cookie = f"csrf={token}; Path=/; HttpOnly"
            answer(request, 200, json_of(csrf_token=token), Set_Cookie=cookie)
        elif request.path == "/favicon.ico":
            answer(request, 404, b"")
        else:
            brings = request.path == "/with-ticket"
            config = {
                "url": self.gateway.url,
                "ticket": (self.embedded or self.ticket()) if brings else None,
                "ticketUrl": "/ticket",
                "anonymous": self.anonymous,
                "csrf": {"cookie": "csrf", "header": "X-Token"},
                "session": {"store": "cookie", "cookie": "kept"},
            }
            page = PAGE.format(config=json.dumps(config))
            answer(request, 200, page.encode(), "text/html")

    def post(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append("POST")
        cookies = SimpleCookie(request.headers.get("Cookie", ""))
        wanted = cookies["csrf"].value if "csrf" in cookies else None
        if wanted is None or request.headers.get("X-Token") != wanted:
            answer(request, 403, json_of(error="not from a page of this site"))
        elif self.ticket_status != 200:
            answer(request, self.ticket_status, json_of(error="no"), Retry_After="1")
        else:
            answer(request, 200, json_of(ticket=self.ticket() if self.user else None))

    def ticket(self) -> str:
        return ticket(self.gateway, self.user or "", origin=self.url.rstrip("/"))


def json_of(**members: Any) -> bytes:
    return json.dumps(members).encode()


def answer(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    **headers: str,
) -> None:
    request.send_response(status)
    request.send_header("Content-Type", content_type)
    request.send_header("Content-Length", str(len(body)))
    request.send_header("Cache-Control", "no-store")
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)
