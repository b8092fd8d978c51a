import type { Clock, Undo } from './clock.js';
import { Close, closeGroup } from './codes.js';
import type { ErrorCode } from './codes.js';
import { HandlerError, ProtocolError, RefusedError, TicketError } from './errors.js';
import type { Identity } from './identity.js';
import { KeepAlive } from './keepalive.js';
import type {
  ClientMessage,
  ConnectedMessage,
  DoneMessage,
  ErrorMessage,
  EventMessage,
  GapMessage,
  ResetMessage,
  ServerMessage,
  SubscribedMessage,
  TypesChangedMessage,
  TypesMessage,
} from './messages.js';
import { Pace } from './pace.js';
import { parseServerMessage } from './parse.js';

/** The part of a WebSocket that is used here: a browser's has it, and so has that of `ws`. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export type SocketConstructor = new (url: string, protocol: string) => SocketLike;

export const subprotocol = 'telegraphy.v1';

/** From the constructor to `connected`. */
const connectMs = 15_000;

/** How a connection ended. */
export interface End {
  /**
   * A name of `Close`, a code of `ErrorCode`, or one of `silent`, `bad_message`, `invalid_url`,
   * `no_ticket`.
   */
  readonly reason: string;
  /** Is another one worth trying? */
  readonly retry: boolean;
  /** Not before this. */
  readonly retryAfterMs: number;
  /** What the application should hear of. */
  readonly error?: Error;
}

/** Messages that answer no request. */
export type Delivery =
  EventMessage | GapMessage | ResetMessage | TypesChangedMessage | ErrorMessage;

export interface Listener {
  connected(message: ConnectedMessage): void;
  delivered(message: Delivery): void;
  /** Called once, and nothing after it. */
  ended(end: End): void;
}

type Ending = Omit<End, 'retryAfterMs'> & Partial<End>;

interface Answers {
  connect: ConnectedMessage;
  subscribe: SubscribedMessage;
  unsubscribe: DoneMessage;
  types: TypesMessage;
  ping: DoneMessage;
}

const answerKinds: Readonly<Record<keyof Answers, ServerMessage['kind']>> = {
  connect: 'connected',
  subscribe: 'subscribed',
  unsubscribe: 'unsubscribed',
  types: 'types',
  ping: 'pong',
};

type WithoutId<Message> = Message extends ClientMessage ? Omit<Message, 'id'> : never;

interface Pending {
  readonly kind: ServerMessage['kind'];
  /** The request itself, should it have to be sent again. */
  readonly text: string;
  readonly answered: (answer: never) => void;
}

const closeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(Close).map(([name, code]) => [code, name]),
);

/** Errors of `connect` after which another attempt may go better. (Not `ErrorCode.…`: bytes.) */
const passing: readonly string[] = [
  'overloaded',
  'internal',
  'too_many_connections',
] satisfies readonly ErrorCode[];
/** After `too_many_messages`, if the gateway does not say when. */
const throttledMs = 1_000;

/**
 * One socket, from its opening to its end: sends requests, gives each its answer, reads every
 * message at the edge, and notices when the line is dead.
 *
 * - It goes well: open, `connect`, `connected`, then requests and deliveries.
 * - What `connect` showed is refused: it shows something else, once.
 * - The socket closes, in whichever state: `ended` with what the close code says.
 * - `connect` is refused, nothing is `connected` in time, a message cannot be read, or the line
 *   is silent: the socket is dropped, and `ended` is called without waiting for its close event,
 *   for which a browser may take minutes.
 */
export class Connection {
  readonly #clock: Clock;
  readonly #listener: Listener;
  readonly #identity: Identity;
  readonly #pending = new Map<number | string, Pending>();
  readonly #pace: Pace;
  #socket: SocketLike | undefined;
  #keepAlive: KeepAlive | undefined;
  #undoTimeout: Undo = () => undefined;
  #lastId = 0;
  #retryAfterMs = 0;

  constructor(clock: Clock, identity: Identity, listener: Listener) {
    this.#clock = clock;
    this.#identity = identity;
    this.#listener = listener;
    this.#pace = new Pace(clock, (text) => this.#socket?.send(text));
  }

  start(Socket: SocketConstructor, url: string, client: string): void {
    let socket: SocketLike;
    try {
      socket = new Socket(url, subprotocol);
    } catch (cause) {
      // What browsers say of ws: on a page that came by https: tells no way out.
      const hint = String(cause).startsWith('SecurityError') ? '; this page needs wss:' : '';
      const error = new Error(`cannot connect to "${url}": ${String(cause)}${hint}`, { cause });
      this.#end({ reason: 'invalid_url', retry: false, error });
      return;
    }
    this.#socket = socket;
    this.#undoTimeout = this.#clock.after(connectMs, () => {
      this.#drop({ reason: 'connect_timeout', retry: true });
    });
    socket.onopen = () => {
      this.#greet(client);
    };
    socket.onmessage = (event: { readonly data: unknown }) => {
      this.#read(event.data);
    };
    socket.onclose = ({ code }: { readonly code: number }) => {
      this.#end({
        reason: closeNames.get(code) ?? `close_${code}`,
        retry: closeGroup[code] !== 'stop',
      });
    };
    // A close event follows, and says more. `ws` throws when nobody listens.
    socket.onerror = () => undefined;
  }

  /** Sends a request; `answered` is called in the order of the gateway's messages. */
  request<Kind extends keyof Answers>(
    message: WithoutId<ClientMessage> & { readonly kind: Kind },
    answered: (answer: Answers[Kind] | ErrorMessage) => void,
  ): number {
    const id = ++this.#lastId;
    const text = JSON.stringify({ ...message, id });
    this.#pending.set(id, { kind: answerKinds[message.kind], text, answered });
    this.#pace.send(text);
    return id;
  }

  /** Asks whether the line is alive, without waiting for the next time to do so. */
  check(): void {
    this.#keepAlive?.check();
  }

  /** Ends it from this side; `ended` is not called. */
  close(): void {
    this.#release()?.close(Close.normal);
  }

  /** Says `connect`: a second time only after a refusal, if there is something else to show. */
  #greet(client: string, again = false): void {
    const credentials = this.#identity.show();
    if (credentials instanceof Promise) {
      const socket = this.#socket;
      credentials.then(
        () => {
          if (this.#socket === socket) this.#greet(client, again);
        },
        (cause: unknown) => {
          if (this.#socket === socket) this.#withoutTicket(cause);
        },
      );
      return;
    }
    this.request({ kind: 'connect', client, ...credentials }, (answer) => {
      if (answer.kind === 'connected') this.#greeted(answer);
      else if (this.#identity.refused(answer.code) && !again) this.#greet(client, true);
      else this.#refused(answer);
    });
  }

  #withoutTicket(cause: unknown): void {
    const error = cause instanceof TicketError ? cause : new HandlerError('`ticket`', cause);
    const { retryAfterMs = 0 } = error as Partial<TicketError>;
    this.#drop({ reason: 'no_ticket', retry: true, retryAfterMs, error });
  }

  #refused(answer: ErrorMessage): void {
    const { code } = answer;
    this.#drop({
      reason: code,
      retry: passing.includes(code) || (code === 'unauthenticated' && this.#identity.renewable),
      retryAfterMs: answer.retry_after_ms ?? 0,
      error: new RefusedError(code, answer.message, answer),
    });
  }

  #greeted(answer: ConnectedMessage): void {
    this.#undoTimeout();
    this.#keepAlive = new KeepAlive(this.#clock, answer.ping_interval_ms, {
      ask: () => {
        this.request({ kind: 'ping' }, () => undefined);
      },
      dead: () => {
        this.#drop({ reason: 'silent', retry: true });
      },
    });
    this.#listener.connected(answer);
  }

  #read(data: unknown): void {
    this.#keepAlive?.heard();
    try {
      this.#take(parseServerMessage(data));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#drop({ reason: 'bad_message', retry: true, error });
    }
  }

  #take(message: ServerMessage): void {
    if (message.kind === 'unknown') return;
    if (
      message.kind === 'event' ||
      message.kind === 'gap' ||
      message.kind === 'reset' ||
      message.kind === 'types_changed'
    ) {
      this.#listener.delivered(message);
      return;
    }
    if (message.kind === 'error' && message.id === undefined) {
      this.#retryAfterMs = message.retry_after_ms ?? 0;
      this.#listener.delivered(message);
      return;
    }
    const id = message.id ?? '';
    const pending = this.#pending.get(id);
    if (!pending) {
      throw new ProtocolError('id', `id is ${JSON.stringify(id)}, but no such request is open`);
    }
    if (message.kind !== pending.kind && message.kind !== 'error') {
      throw new ProtocolError(
        'kind',
        `kind should be ${pending.kind} or error, but is ${message.kind}`,
      );
    }
    if (message.kind === 'error' && message.code === 'too_many_messages') {
      this.#pace.again(pending.text, message.retry_after_ms ?? throttledMs);
      return;
    }
    this.#pending.delete(id);
    pending.answered(message as never);
  }

  /** Ends it because of what this side saw. Of the codes under 3000 a script may send only 1000. */
  #drop(end: Ending): void {
    const socket = this.#socket;
    this.#end(end);
    socket?.close(Close.normal);
  }

  #end(end: Ending): void {
    this.#release();
    this.#listener.ended({ retryAfterMs: this.#retryAfterMs, ...end });
  }

  /** Nothing is heard from the socket after this. */
  #release(): SocketLike | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#undoTimeout();
    this.#keepAlive?.stop();
    this.#pace.stop();
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }
}
