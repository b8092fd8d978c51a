# Generated from protocol/codes.json by tools/codegen.py; edit that file, not this one.
"""Codes of `error` messages and of WebSocket closes: see protocol/PROTOCOL.md 8."""

from __future__ import annotations

from enum import Enum, IntEnum

__all__ = ["CLOSE_GROUP", "HTTP_STATUS", "Close", "ErrorCode"]


class ErrorCode(str, Enum):
    """What an `error` or `refused` answer says in `code`."""

    # the text is not JSON as PROTOCOL.md 1 wants it
    INVALID_JSON = "invalid_json"
    # a member is missing or has a wrong type or value; `member` names it
    INVALID_MESSAGE = "invalid_message"
    # no message of this kind is known here
    UNKNOWN_KIND = "unknown_kind"
    # the first message must be `connect`
    NOT_CONNECTED = "not_connected"
    # a connection is connected once
    ALREADY_CONNECTED = "already_connected"
    # known to the protocol, not to this gateway; `member` names what
    NOT_SUPPORTED = "not_supported"
    # there is no such event type, or this client may not have it; `nearest` lists
    # similar names
    UNKNOWN_TYPE = "unknown_type"
    # whoever asks may not do this
    FORBIDDEN = "forbidden"
    # needs an identity, and none was shown, or none that is good here
    UNAUTHENTICATED = "unauthenticated"
    # a subscription with this id stands already
    DUPLICATE_SUBSCRIPTION = "duplicate_subscription"
    # no subscription with this id stands
    UNKNOWN_SUBSCRIPTION = "unknown_subscription"
    # the connection or the client is at its limit of subscriptions
    TOO_MANY_SUBSCRIPTIONS = "too_many_subscriptions"
    # the client is at its limit of connections
    TOO_MANY_CONNECTIONS = "too_many_connections"
    # messages come too fast; not carried out, try again after `retry_after_ms`
    TOO_MANY_MESSAGES = "too_many_messages"
    # the query is not CEL; `line` and `column` say where
    QUERY_SYNTAX = "query_syntax"
    # the query names a field or variable that it cannot; `nearest` lists similar ones
    QUERY_FIELD = "query_field"
    # the query's types do not fit each other, or the whole is no bool
    QUERY_TYPE = "query_type"
    # CEL, but not of the part that queries may use here
    QUERY_UNSUPPORTED = "query_unsupported"
    # the query is longer, deeper or costlier than a query may be
    QUERY_LIMIT = "query_limit"
    # the ingest key is missing or wrong
    INVALID_KEY = "invalid_key"
    # a member of the event is missing or has a wrong type or value
    INVALID_EVENT = "invalid_event"
    # a member that the document does not have; `nearest` lists similar ones
    UNKNOWN_MEMBER = "unknown_member"
    # the catalogue was refused; the old one stays
    INVALID_CATALOGUE = "invalid_catalogue"
    # another application declared this event type first
    TYPE_TAKEN = "type_taken"
    # over a limit of size or count
    TOO_LARGE = "too_large"
    # the gateway cannot take it now; try again after `retry_after_ms`
    OVERLOADED = "overloaded"
    # no such path, or no such subscription
    NOT_FOUND = "not_found"
    # the path does not take this method
    METHOD_NOT_ALLOWED = "method_not_allowed"
    # not HTTP/1.1 as RFC 9112 wants it
    INVALID_REQUEST = "invalid_request"
    # a fault of the gateway; its log has more
    INTERNAL = "internal"

    def __str__(self) -> str:
        return self.value


class Close(IntEnum):
    """Why a WebSocket was closed."""

    # either side is done
    NORMAL = 1000
    # the page or the gateway goes away
    GOING_AWAY = 1001
    # RFC 6455 was broken
    PROTOCOL_ERROR = 1002
    # a binary message
    UNSUPPORTED_DATA = 1003
    # never sent: the connection ended without a close frame
    ABNORMAL = 1006
    # a text message is not UTF-8
    INVALID_UTF8 = 1007
    # a message over the limit
    MESSAGE_TOO_BIG = 1009
    # a fault of the gateway
    INTERNAL_ERROR = 1011
    # the gateway ends in good order; another will be there
    SERVICE_RESTART = 1012
    # the gateway is at a limit
    TRY_AGAIN_LATER = 1013
    # too many messages in a row that could not be understood
    BAD_MESSAGES = 4400
    # the identity of this client has ended
    UNAUTHENTICATED = 4401
    # no `connect` in time
    CONNECT_TIMEOUT = 4408
    # the identity of this client is to be shown anew, with a new ticket
    IDENTITY_CHANGED = 4409
    # the client did not read for too long
    SLOW_READER = 4410
    # pings stayed unanswered
    PING_TIMEOUT = 4411
    # the connection pins more bytes than it may
    OVER_BUDGET = 4413


HTTP_STATUS: dict[ErrorCode, int] = {
    ErrorCode.INVALID_JSON: 400,
    ErrorCode.INVALID_MESSAGE: 400,
    ErrorCode.UNKNOWN_KIND: 400,
    ErrorCode.NOT_CONNECTED: 400,
    ErrorCode.ALREADY_CONNECTED: 400,
    ErrorCode.NOT_SUPPORTED: 501,
    ErrorCode.UNKNOWN_TYPE: 404,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.DUPLICATE_SUBSCRIPTION: 400,
    ErrorCode.UNKNOWN_SUBSCRIPTION: 404,
    ErrorCode.TOO_MANY_SUBSCRIPTIONS: 429,
    ErrorCode.TOO_MANY_CONNECTIONS: 429,
    ErrorCode.TOO_MANY_MESSAGES: 429,
    ErrorCode.QUERY_SYNTAX: 400,
    ErrorCode.QUERY_FIELD: 400,
    ErrorCode.QUERY_TYPE: 400,
    ErrorCode.QUERY_UNSUPPORTED: 400,
    ErrorCode.QUERY_LIMIT: 400,
    ErrorCode.INVALID_KEY: 401,
    ErrorCode.INVALID_EVENT: 400,
    ErrorCode.UNKNOWN_MEMBER: 400,
    ErrorCode.INVALID_CATALOGUE: 400,
    ErrorCode.TYPE_TAKEN: 409,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.INTERNAL: 500,
}
"""The HTTP status of an answer with this code."""

CLOSE_GROUP: dict[Close, str] = {
    Close.NORMAL: "stop",
    Close.GOING_AWAY: "retry",
    Close.PROTOCOL_ERROR: "stop",
    Close.UNSUPPORTED_DATA: "stop",
    Close.ABNORMAL: "retry",
    Close.INVALID_UTF8: "stop",
    Close.MESSAGE_TOO_BIG: "stop",
    Close.INTERNAL_ERROR: "retry",
    Close.SERVICE_RESTART: "retry",
    Close.TRY_AGAIN_LATER: "retry",
    Close.BAD_MESSAGES: "stop",
    Close.UNAUTHENTICATED: "stop",
    Close.CONNECT_TIMEOUT: "retry",
    Close.IDENTITY_CHANGED: "retry",
    Close.SLOW_READER: "retry",
    Close.PING_TIMEOUT: "retry",
    Close.OVER_BUDGET: "retry",
}
"""`"retry"`: a client connects again by itself; `"stop"`: it does not."""
