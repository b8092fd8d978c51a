"""Django Channels as its tutorial has it, in one file: a consumer in a group, and a view that sends
to the group.

One process, so the in-memory channel layer serves: faster than the Redis layer that a deployment
with more processes needs, and therefore fair to Channels.
"""

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="not a secret: this runs on loopback, for a bench",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["channels"],
    MIDDLEWARE=[],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    LOGGING_CONFIG=None,
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402  (after setup)
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

GROUP = "orders"


class Orders(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send("ready")

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def order(self, message: dict[str, str]) -> None:
        await self.send(message["text"])


async def publish(request: HttpRequest) -> HttpResponse:
    layer = get_channel_layer()
    await layer.group_send(GROUP, {"type": "order", "text": request.body.decode()})
    answer = HttpResponse(b"ok")
    answer["Content-Length"] = "2"
    return answer


urlpatterns = [path("publish", publish)]
application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([path("subscribe", Orders.as_asgi())]),
    }
)
