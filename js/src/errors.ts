/**
 * What can go wrong, as classes:
 *
 *     TelegraphyError
 *     ├── ProtocolError   the gateway said something that PROTOCOL.md does not know
 *     ├── RefusedError    the gateway answered a request with `error`, or ended a subscription
 *     ├── TicketError     the web application gave no ticket; it is tried again
 *     ├── ClosedError     the gateway object is closed, so the request has no answer
 *     └── HandlerError    a handler of the application threw; `cause` is what it threw
 */
export class TelegraphyError extends Error {
  override readonly name: string = 'TelegraphyError';
}

/** A message that does not follow protocol/PROTOCOL.md. */
export class ProtocolError extends TelegraphyError {
  override readonly name = 'ProtocolError';

  /** The first member that is wrong, as a path (`position.offset`); empty for the whole message. */
  readonly member: string;

  constructor(member: string, message: string) {
    super(message);
    this.member = member;
  }
}

/** What an `error` of the gateway says besides its code and message. */
export interface RefusalDetails {
  readonly member?: string;
  readonly line?: number;
  readonly column?: number;
  readonly nearest?: readonly string[];
  readonly retry_after_ms?: number;
  /** Of the subscription that it is about. */
  readonly type?: string;
}

/**
 * The gateway refused a request, or went back on a subscription that it had granted. The message
 * is the gateway's, with what the rest says:
 *
 *     there is no event type "board.Ordr"; did you mean "board.Order"?
 */
export class RefusedError extends TelegraphyError {
  override readonly name = 'RefusedError';

  /** One of `ErrorCode`; a newer gateway may have others. */
  readonly code: string;
  /** The event type of the subscription that it is about, if it is about one. */
  readonly type: string | undefined;
  /** The member of the request that is wrong. */
  readonly member: string | undefined;
  /** Where in the query it is wrong, both from 1: of the text that was sent, in characters. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Names that may have been meant. */
  readonly nearest: readonly string[];
  /** When it may be tried again; the client does so by itself. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: RefusalDetails = {}) {
    const { type, member, nearest = [] } = details;
    const about = type === undefined ? '' : `subscription to "${type}": `;
    const meant = nearest.map((name) => `"${name}"`).join(' or ');
    super(about + message + (meant && `; did you mean ${meant}?`));
    this.code = code;
    this.type = type;
    this.member = member;
    this.line = details.line;
    this.column = details.column;
    this.nearest = nearest;
    this.retryAfterMs = details.retry_after_ms;
  }
}

/** There is no ticket to be had now, and without one this client would not be who it is. */
export class TicketError extends TelegraphyError {
  override readonly name = 'TicketError';

  /** How long the web application asks to wait. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(`there is no ticket: ${message}`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The gateway object was closed before there was an answer. */
export class ClosedError extends TelegraphyError {
  override readonly name = 'ClosedError';

  /** As in the state `closed`. */
  readonly reason: string;

  constructor(reason: string) {
    super(`the gateway is closed: ${reason}`);
    this.reason = reason;
  }
}

/** A handler threw, or its promise was rejected. The others got their event all the same. */
export class HandlerError extends TelegraphyError {
  override readonly name = 'HandlerError';

  constructor(handler: string, cause: unknown) {
    super(`${handler} failed: ${String(cause)}`, { cause });
  }
}
