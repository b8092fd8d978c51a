// Generated from protocol/codes.json by tools/codegen.py; edit that file, not this one.

/** What an `error` says in `code`: see protocol/PROTOCOL.md 8. */
export const ErrorCode = {
  /** the text is not JSON as PROTOCOL.md 1 wants it */
  invalid_json: 'invalid_json',
  /** a member is missing or has a wrong type or value; `member` names it */
  invalid_message: 'invalid_message',
  /** no message of this kind is known here */
  unknown_kind: 'unknown_kind',
  /** the first message must be `connect` */
  not_connected: 'not_connected',
  /** a connection is connected once */
  already_connected: 'already_connected',
  /** known to the protocol, not to this gateway; `member` names what */
  not_supported: 'not_supported',
  /** there is no such event type, or this client may not have it; `nearest` lists similar names */
  unknown_type: 'unknown_type',
  /** whoever asks may not do this */
  forbidden: 'forbidden',
  /** needs an identity, and none was shown, or none that is good here */
  unauthenticated: 'unauthenticated',
  /** a subscription with this id stands already */
  duplicate_subscription: 'duplicate_subscription',
  /** no subscription with this id stands */
  unknown_subscription: 'unknown_subscription',
  /** the connection or the client is at its limit of subscriptions */
  too_many_subscriptions: 'too_many_subscriptions',
  /** the client is at its limit of connections */
  too_many_connections: 'too_many_connections',
  /** messages come too fast; not carried out, try again after `retry_after_ms` */
  too_many_messages: 'too_many_messages',
  /** the query is not CEL; `line` and `column` say where */
  query_syntax: 'query_syntax',
  /** the query names a field or variable that it cannot; `nearest` lists similar ones */
  query_field: 'query_field',
  /** the query's types do not fit each other, or the whole is no bool */
  query_type: 'query_type',
  /** CEL, but not of the part that queries may use here */
  query_unsupported: 'query_unsupported',
  /** the query is longer, deeper or costlier than a query may be */
  query_limit: 'query_limit',
  /** the ingest key is missing or wrong */
  invalid_key: 'invalid_key',
  /** a member of the event is missing or has a wrong type or value */
  invalid_event: 'invalid_event',
  /** a member that the document does not have; `nearest` lists similar ones */
  unknown_member: 'unknown_member',
  /** the catalogue was refused; the old one stays */
  invalid_catalogue: 'invalid_catalogue',
  /** another application declared this event type first */
  type_taken: 'type_taken',
  /** over a limit of size or count */
  too_large: 'too_large',
  /** the gateway cannot take it now; try again after `retry_after_ms` */
  overloaded: 'overloaded',
  /** no such path, or no such subscription */
  not_found: 'not_found',
  /** the path does not take this method */
  method_not_allowed: 'method_not_allowed',
  /** not HTTP/1.1 as RFC 9112 wants it */
  invalid_request: 'invalid_request',
  /** a fault of the gateway; its log has more */
  internal: 'internal',
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Why a WebSocket was closed. */
export const Close = {
  /** either side is done */
  normal: 1000,
  /** the page or the gateway goes away */
  going_away: 1001,
  /** RFC 6455 was broken */
  protocol_error: 1002,
  /** a binary message */
  unsupported_data: 1003,
  /** never sent: the connection ended without a close frame */
  abnormal: 1006,
  /** a text message is not UTF-8 */
  invalid_utf8: 1007,
  /** a message over the limit */
  message_too_big: 1009,
  /** a fault of the gateway */
  internal_error: 1011,
  /** the gateway ends in good order; another will be there */
  service_restart: 1012,
  /** the gateway is at a limit */
  try_again_later: 1013,
  /** too many messages in a row that could not be understood */
  bad_messages: 4400,
  /** the identity of this client has ended */
  unauthenticated: 4401,
  /** no `connect` in time */
  connect_timeout: 4408,
  /** the identity of this client is to be shown anew, with a new ticket */
  identity_changed: 4409,
  /** the client did not read for too long */
  slow_reader: 4410,
  /** pings stayed unanswered */
  ping_timeout: 4411,
  /** the connection pins more bytes than it may */
  over_budget: 4413,
} as const;
export type Close = (typeof Close)[keyof typeof Close];

/** `retry`: the client connects again by itself; `stop`: it does not. */
export const closeGroup: Readonly<Record<number, 'retry' | 'stop'>> = {
  1000: 'stop',
  1001: 'retry',
  1002: 'stop',
  1003: 'stop',
  1006: 'retry',
  1007: 'stop',
  1009: 'stop',
  1011: 'retry',
  1012: 'retry',
  1013: 'retry',
  4400: 'stop',
  4401: 'stop',
  4408: 'retry',
  4409: 'retry',
  4410: 'retry',
  4411: 'retry',
  4413: 'retry',
};
