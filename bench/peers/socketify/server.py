"""uWebSockets through socketify: its own topics do the fan-out, Python only sees each publish.

server.py PORT
"""

import sys

from socketify import App, AppListenOptions, CompressOptions, OpCode

TOPIC = "orders"

app = App()


def on_open(ws) -> None:
    ws.subscribe(TOPIC)
    ws.send("ready", OpCode.TEXT)


async def publish(response, request) -> None:
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
