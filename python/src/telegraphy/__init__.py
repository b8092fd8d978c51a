"""Real-time events: define them as classes, publish them from anywhere.

    class PriceChanged(telegraphy.Event):
        symbol: str
        price: Decimal

    PriceChanged(symbol="TG", price=Decimal("18.44")).publish()

This package needs no Django; `telegraphy.django` is the Django app.
"""

from ._answers import (
    CatalogueAccepted,
    Connection,
    Disconnected,
    StandingSubscription,
    Ticket,
)
from ._codes import Close, ErrorCode
from ._control import ping, push_catalogue
from ._encoded import EncodedEvent
from ._errors import (
    DefinitionError,
    GatewayError,
    InvalidEvent,
    InvalidRequest,
    NotConfigured,
    Refused,
    TelegraphyError,
    Unreachable,
)
from ._event import Event
from ._fields import Choice, Field
from ._management import (
    aclients,
    adisconnect,
    aunsubscribe,
    clients,
    disconnect,
    queue_disconnect,
    unsubscribe,
)
from ._outlet import configure, current_backend
from ._publisher import Publisher, default_endpoint
from ._query import Claim, Q, auth
from ._registry import Registry, registry
from ._requests import ClientsRequest, DisconnectRequest, TicketRequest
from ._signing import SigningKey, sign_ticket
from ._stats import Stats
from ._tickets import acreate_ticket, create_ticket
from ._types import AUTHENTICATED, PUBLIC, EventType

__all__ = [
    # Events
    "Event",
    "PUBLIC",
    "AUTHENTICATED",
    "registry",
    # Queries and access rules
    "Q",
    "auth",
    "Claim",
    # Publishing
    "configure",
    "current_backend",
    "Publisher",
    "Stats",
    "default_endpoint",
    # Who is there
    "create_ticket",
    "acreate_ticket",
    "Ticket",
    "TicketRequest",
    "sign_ticket",
    "SigningKey",
    "clients",
    "aclients",
    "ClientsRequest",
    "Connection",
    "StandingSubscription",
    "disconnect",
    "adisconnect",
    "queue_disconnect",
    "DisconnectRequest",
    "Disconnected",
    "unsubscribe",
    "aunsubscribe",
    # The catalogue
    "EventType",
    "Field",
    "Choice",
    "EncodedEvent",
    "Registry",
    "push_catalogue",
    "ping",
    "CatalogueAccepted",
    # What can go wrong
    "TelegraphyError",
    "DefinitionError",
    "InvalidEvent",
    "InvalidRequest",
    "NotConfigured",
    "GatewayError",
    "Unreachable",
    "Refused",
    "ErrorCode",
    "Close",
]

__version__ = "0.1.0"
