"""uWebSockets through socketify: its own topics do the fan-out, Python only sees each publish.

server.py PORT
"""

import sys
from collections import deque

from socketify import App, AppListenOptions, CompressOptions, OpCode

TOPIC = "orders"

# socketify 0.0.31 lets Python collect a response while its body is still on its way, and then
# aborts in cffi.from_handle: after some eighty publishes, each time. So the last ones are kept.
kept: deque[object] = deque(maxlen=64)

app = App()


def on_open(ws) -> None:
    ws.subscribe(TOPIC)
    ws.send("ready", OpCode.TEXT)


async def publish(response, request) -> None:
    kept.append(response)
    body = await response.get_text()
    app.publish(TOPIC, body, OpCode.TEXT)
    response.end("ok")


app.ws(
    "/subscribe",
    {
        "compression": CompressOptions.DISABLED,
        "idle_timeout": 120,
        "send_pings_automatically": True,
        "open": on_open,
    },
)
app.post("/publish", publish)
app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"))
app.run()
