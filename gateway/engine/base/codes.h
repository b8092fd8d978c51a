/* Generated from protocol/codes.json by tools/codegen.py; edit that file, not this one.
 *
 * The codes of `error` messages and of WebSocket closes: see protocol/PROTOCOL.md 8. */
#ifndef TG_BASE_CODES_H
#define TG_BASE_CODES_H

#include <stdbool.h>

/* clang-format off */

enum tg_code {
    /* the text is not JSON as PROTOCOL.md 1 wants it */
    TG_CODE_INVALID_JSON,
    /* a member is missing or has a wrong type or value; `member` names it */
    TG_CODE_INVALID_MESSAGE,
    /* no message of this kind is known here */
    TG_CODE_UNKNOWN_KIND,
    /* the first message must be `connect` */
    TG_CODE_NOT_CONNECTED,
    /* a connection is connected once */
    TG_CODE_ALREADY_CONNECTED,
    /* known to the protocol, not to this gateway; `member` names what */
    TG_CODE_NOT_SUPPORTED,
    /* there is no such event type, or this client may not have it; `nearest` lists
     * similar names */
    TG_CODE_UNKNOWN_TYPE,
    /* whoever asks may not do this */
    TG_CODE_FORBIDDEN,
    /* needs an identity, and none was shown, or none that is good here */
    TG_CODE_UNAUTHENTICATED,
    /* a subscription with this id stands already */
    TG_CODE_DUPLICATE_SUBSCRIPTION,
    /* no subscription with this id stands */
    TG_CODE_UNKNOWN_SUBSCRIPTION,
    /* the connection or the client is at its limit of subscriptions */
    TG_CODE_TOO_MANY_SUBSCRIPTIONS,
    /* the client is at its limit of connections */
    TG_CODE_TOO_MANY_CONNECTIONS,
    /* messages come too fast; not carried out, try again after `retry_after_ms` */
    TG_CODE_TOO_MANY_MESSAGES,
    /* the query is not CEL; `line` and `column` say where */
    TG_CODE_QUERY_SYNTAX,
    /* the query names a field or variable that it cannot; `nearest` lists similar
     * ones */
    TG_CODE_QUERY_FIELD,
    /* the query's types do not fit each other, or the whole is no bool */
    TG_CODE_QUERY_TYPE,
    /* CEL, but not of the part that queries may use here */
    TG_CODE_QUERY_UNSUPPORTED,
    /* the query is longer, deeper or costlier than a query may be */
    TG_CODE_QUERY_LIMIT,
    /* the ingest key is missing or wrong */
    TG_CODE_INVALID_KEY,
    /* a member of the event is missing or has a wrong type or value */
    TG_CODE_INVALID_EVENT,
    /* a member that the document does not have; `nearest` lists similar ones */
    TG_CODE_UNKNOWN_MEMBER,
    /* the catalogue was refused; the old one stays */
    TG_CODE_INVALID_CATALOGUE,
    /* another application declared this event type first */
    TG_CODE_TYPE_TAKEN,
    /* over a limit of size or count */
    TG_CODE_TOO_LARGE,
    /* the gateway cannot take it now; try again after `retry_after_ms` */
    TG_CODE_OVERLOADED,
    /* no such path, or no such subscription */
    TG_CODE_NOT_FOUND,
    /* the path does not take this method */
    TG_CODE_METHOD_NOT_ALLOWED,
    /* not HTTP/1.1 as RFC 9112 wants it */
    TG_CODE_INVALID_REQUEST,
    /* a fault of the gateway; its log has more */
    TG_CODE_INTERNAL,
};

enum { TG_CODE_COUNT = 30 };

enum tg_close {
    /* either side is done */
    TG_CLOSE_NORMAL = 1000,
    /* the page or the gateway goes away */
    TG_CLOSE_GOING_AWAY = 1001,
    /* RFC 6455 was broken */
    TG_CLOSE_PROTOCOL_ERROR = 1002,
    /* a binary message */
    TG_CLOSE_UNSUPPORTED_DATA = 1003,
    /* never sent: the connection ended without a close frame */
    TG_CLOSE_ABNORMAL = 1006,
    /* a text message is not UTF-8 */
    TG_CLOSE_INVALID_UTF8 = 1007,
    /* a message over the limit */
    TG_CLOSE_MESSAGE_TOO_BIG = 1009,
    /* a fault of the gateway */
    TG_CLOSE_INTERNAL_ERROR = 1011,
    /* the gateway ends in good order; another will be there */
    TG_CLOSE_SERVICE_RESTART = 1012,
    /* the gateway is at a limit */
    TG_CLOSE_TRY_AGAIN_LATER = 1013,
    /* too many messages in a row that could not be understood */
    TG_CLOSE_BAD_MESSAGES = 4400,
    /* the identity of this client has ended */
    TG_CLOSE_UNAUTHENTICATED = 4401,
    /* no `connect` in time */
    TG_CLOSE_CONNECT_TIMEOUT = 4408,
    /* the identity of this client is to be shown anew, with a new ticket */
    TG_CLOSE_IDENTITY_CHANGED = 4409,
    /* the client did not read for too long */
    TG_CLOSE_SLOW_READER = 4410,
    /* pings stayed unanswered */
    TG_CLOSE_PING_TIMEOUT = 4411,
    /* the connection pins more bytes than it may */
    TG_CLOSE_OVER_BUDGET = 4413,
};

/* The code as it is written on the wire: "unknown_type". */
static inline const char *tg_code_text(enum tg_code code)
{
    switch (code) {
    case TG_CODE_INVALID_JSON: return "invalid_json";
    case TG_CODE_INVALID_MESSAGE: return "invalid_message";
    case TG_CODE_UNKNOWN_KIND: return "unknown_kind";
    case TG_CODE_NOT_CONNECTED: return "not_connected";
    case TG_CODE_ALREADY_CONNECTED: return "already_connected";
    case TG_CODE_NOT_SUPPORTED: return "not_supported";
    case TG_CODE_UNKNOWN_TYPE: return "unknown_type";
    case TG_CODE_FORBIDDEN: return "forbidden";
    case TG_CODE_UNAUTHENTICATED: return "unauthenticated";
    case TG_CODE_DUPLICATE_SUBSCRIPTION: return "duplicate_subscription";
    case TG_CODE_UNKNOWN_SUBSCRIPTION: return "unknown_subscription";
    case TG_CODE_TOO_MANY_SUBSCRIPTIONS: return "too_many_subscriptions";
    case TG_CODE_TOO_MANY_CONNECTIONS: return "too_many_connections";
    case TG_CODE_TOO_MANY_MESSAGES: return "too_many_messages";
    case TG_CODE_QUERY_SYNTAX: return "query_syntax";
    case TG_CODE_QUERY_FIELD: return "query_field";
    case TG_CODE_QUERY_TYPE: return "query_type";
    case TG_CODE_QUERY_UNSUPPORTED: return "query_unsupported";
    case TG_CODE_QUERY_LIMIT: return "query_limit";
    case TG_CODE_INVALID_KEY: return "invalid_key";
    case TG_CODE_INVALID_EVENT: return "invalid_event";
    case TG_CODE_UNKNOWN_MEMBER: return "unknown_member";
    case TG_CODE_INVALID_CATALOGUE: return "invalid_catalogue";
    case TG_CODE_TYPE_TAKEN: return "type_taken";
    case TG_CODE_TOO_LARGE: return "too_large";
    case TG_CODE_OVERLOADED: return "overloaded";
    case TG_CODE_NOT_FOUND: return "not_found";
    case TG_CODE_METHOD_NOT_ALLOWED: return "method_not_allowed";
    case TG_CODE_INVALID_REQUEST: return "invalid_request";
    case TG_CODE_INTERNAL: return "internal";
    }
    return "internal";
}

/* The HTTP status of an answer with this code. */
static inline int tg_code_http(enum tg_code code)
{
    switch (code) {
    case TG_CODE_INVALID_JSON: return 400;
    case TG_CODE_INVALID_MESSAGE: return 400;
    case TG_CODE_UNKNOWN_KIND: return 400;
    case TG_CODE_NOT_CONNECTED: return 400;
    case TG_CODE_ALREADY_CONNECTED: return 400;
    case TG_CODE_NOT_SUPPORTED: return 501;
    case TG_CODE_UNKNOWN_TYPE: return 404;
    case TG_CODE_FORBIDDEN: return 403;
    case TG_CODE_UNAUTHENTICATED: return 401;
    case TG_CODE_DUPLICATE_SUBSCRIPTION: return 400;
    case TG_CODE_UNKNOWN_SUBSCRIPTION: return 404;
    case TG_CODE_TOO_MANY_SUBSCRIPTIONS: return 429;
    case TG_CODE_TOO_MANY_CONNECTIONS: return 429;
    case TG_CODE_TOO_MANY_MESSAGES: return 429;
    case TG_CODE_QUERY_SYNTAX: return 400;
    case TG_CODE_QUERY_FIELD: return 400;
    case TG_CODE_QUERY_TYPE: return 400;
    case TG_CODE_QUERY_UNSUPPORTED: return 400;
    case TG_CODE_QUERY_LIMIT: return 400;
    case TG_CODE_INVALID_KEY: return 401;
    case TG_CODE_INVALID_EVENT: return 400;
    case TG_CODE_UNKNOWN_MEMBER: return 400;
    case TG_CODE_INVALID_CATALOGUE: return 400;
    case TG_CODE_TYPE_TAKEN: return 409;
    case TG_CODE_TOO_LARGE: return 413;
    case TG_CODE_OVERLOADED: return 503;
    case TG_CODE_NOT_FOUND: return 404;
    case TG_CODE_METHOD_NOT_ALLOWED: return 405;
    case TG_CODE_INVALID_REQUEST: return 400;
    case TG_CODE_INTERNAL: return 500;
    }
    return 500;
}

/* The name of a close code, for logs; "unknown" if codes.json does not have it. */
static inline const char *tg_close_text(int close)
{
    switch (close) {
    case TG_CLOSE_NORMAL: return "normal";
    case TG_CLOSE_GOING_AWAY: return "going_away";
    case TG_CLOSE_PROTOCOL_ERROR: return "protocol_error";
    case TG_CLOSE_UNSUPPORTED_DATA: return "unsupported_data";
    case TG_CLOSE_ABNORMAL: return "abnormal";
    case TG_CLOSE_INVALID_UTF8: return "invalid_utf8";
    case TG_CLOSE_MESSAGE_TOO_BIG: return "message_too_big";
    case TG_CLOSE_INTERNAL_ERROR: return "internal_error";
    case TG_CLOSE_SERVICE_RESTART: return "service_restart";
    case TG_CLOSE_TRY_AGAIN_LATER: return "try_again_later";
    case TG_CLOSE_BAD_MESSAGES: return "bad_messages";
    case TG_CLOSE_UNAUTHENTICATED: return "unauthenticated";
    case TG_CLOSE_CONNECT_TIMEOUT: return "connect_timeout";
    case TG_CLOSE_IDENTITY_CHANGED: return "identity_changed";
    case TG_CLOSE_SLOW_READER: return "slow_reader";
    case TG_CLOSE_PING_TIMEOUT: return "ping_timeout";
    case TG_CLOSE_OVER_BUDGET: return "over_budget";
    }
    return "unknown";
}

/* Does a client that meets this close code connect again by itself? Codes that
 * codes.json does not have are of the group `retry`. */
static inline bool tg_close_retries(int close)
{
    switch (close) {
    case TG_CLOSE_NORMAL:
    case TG_CLOSE_PROTOCOL_ERROR:
    case TG_CLOSE_UNSUPPORTED_DATA:
    case TG_CLOSE_INVALID_UTF8:
    case TG_CLOSE_MESSAGE_TOO_BIG:
    case TG_CLOSE_BAD_MESSAGES:
    case TG_CLOSE_UNAUTHENTICATED:
        return false;
    }
    return true;
}

/* clang-format on */

#endif
