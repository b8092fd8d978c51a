import { backoffMs } from './backoff.js';
import type { BackoffOptions } from './backoff.js';
import { systemClock } from './clock.js';
import type { Clock, Undo } from './clock.js';
import { Connection } from './connection.js';
import type { Delivery, End, SocketConstructor } from './connection.js';
import { Emitter } from './emitter.js';
import { ClosedError, HandlerError, RefusedError } from './errors.js';
import { Identity } from './identity.js';
import type { IdentityOptions } from './identity.js';
import type { ConnectedMessage, EventType } from './messages.js';
import { checkNames, checkOptions } from './names.js';
import type { NamesOf } from './names.js';
import { Entry, subscribeOptions } from './subscription.js';
import type { EventHandler, EventOf, SubscribeOptions, Subscription } from './subscription.js';
import type { CsrfOptions } from './ticket.js';
import type { AnyName, Channel, EventTypes, Where } from './types.js';
import { gatewayUrl } from './url.js';
import type { Address } from './url.js';
import { version } from './version.js';
import { pageWake } from './wake.js';
import type { Wake } from './wake.js';
import { all, channelText } from './where.js';

export interface GatewayOptions extends Address, IdentityOptions {
  /** Name and version of the program, for the gateway's logs. */
  readonly client?: string;
  readonly backoff?: BackoffOptions;
  /** Where there is none in the environment, as in Node before 22: that of `ws`, for instance. */
  readonly WebSocket?: SocketConstructor;
  readonly clock?: Clock;
  /** From 0 (included) to 1 (not). */
  readonly random?: () => number;
  readonly wake?: Wake;
}

/**
 * Where the gateway object stands. `attempt` counts from 1 since the last good connection.
 *
 *     idle --connect--> connecting --> connected
 *                        ^      |         |
 *                        |      v         v
 *                        +--- waiting ----+      any --close, or a reason to stop--> closed
 */
export type GatewayState =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting'; readonly attempt: number }
  /** `client`: the id that the gateway gave to this client; `user`: who it is, null: nobody. */
  | { readonly name: 'connected'; readonly client: string; readonly user: string | null }
  /** The next attempt comes by itself, after `delayMs` or when the network comes back. */
  | {
      readonly name: 'waiting';
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  /** No further attempt until `connect()`. `requested`: by `close()`. */
  | { readonly name: 'closed'; readonly reason: string };

export interface GatewayEvents {
  state: GatewayState;
  /** The gateway has other event types now: ask again with `types()` if it matters. */
  typesChanged: { readonly catalogue: number };
  /** What no other handler was told: also in the console. */
  error: Error;
}

const gatewayOptions: NamesOf<GatewayOptions> = {
  url: true,
  port: true,
  path: true,
  ticket: true,
  ticketUrl: true,
  csrf: true,
  anonymous: true,
  session: true,
  client: true,
  backoff: true,
  WebSocket: true,
  clock: true,
  random: true,
  wake: true,
};

const backoffOptions: NamesOf<BackoffOptions> = { baseMs: true, capMs: true };

const csrfOptions: NamesOf<CsrfOptions> = { cookie: true, header: true };

const gatewayEvents: NamesOf<GatewayEvents> = { state: true, typesChanged: true, error: true };

/** A connection that lasted this long was a good one: the backoff begins anew after it. */
const goodMs = 5_000;

interface Waiter<T> {
  readonly fulfil: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The client's side of a gateway: one connection at a time, replaced when it ends, and the
 * subscriptions, which outlive it.
 *
 *     const gateway = new Gateway();
 *     const undo = gateway.subscribe('board.Order', (event) => console.log(event.op, event.data));
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #emitter: Emitter<GatewayEvents>;
  readonly #identity: Identity;
  readonly #entries = new Set<Entry>();
  /** The subscriptions of each cohort of this connection. */
  readonly #cohorts = new Map<number, Set<Entry>>();
  readonly #connecting = new Set<Waiter<void>>();
  /** Calls of `types()` that have no answer yet. */
  readonly #asking = new Set<Waiter<readonly EventType[]>>();
  #state: GatewayState = { name: 'idle' };
  #connection: Connection | undefined;
  #connectedAt = 0;
  /** Since the last good connection. */
  #failures = 0;
  #catalogue: number | undefined;
  /** Was it said that types are not for anonymous clients? */
  #advised = false;
  #undoWait: Undo = () => undefined;
  #undoWake: Undo = () => undefined;

  /** @throws TypeError if there is an option, or a value of one, that it does not know. */
  constructor(options: GatewayOptions = {}) {
    checkOptions('Gateway', options, gatewayOptions);
    checkOptions('Gateway’s backoff', options.backoff ?? {}, backoffOptions);
    checkOptions('Gateway’s csrf', options.csrf ?? {}, csrfOptions);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#emitter = new Emitter((name, error) => {
      // One that listens for errors and throws must not be told of it, over and over.
      if (name === 'error') console.error(error);
      else this.#report(new HandlerError(`a listener of "${name}"`, error));
    });
    this.#identity = new Identity(options, this.#clock, (error) => {
      this.#report(error);
    });
  }

  get state(): GatewayState {
    return this.#state;
  }

  /**
   * Returns its undo.
   *
   * @throws TypeError if there is no such event.
   */
  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (payload: GatewayEvents[Name]) => void,
  ): Undo {
    checkNames('on()', 'event', [name], gatewayEvents);
    return this.#emitter.on(name, listener);
  }

  /**
   * Connects, and stays connected until `close()`. Fulfilled once connected; rejected when the
   * gateway says that it is no use to try again, or on `close()`.
   */
  connect(): Promise<void> {
    return new Promise((fulfil, reject) => {
      if (this.#state.name === 'connected') {
        fulfil();
        return;
      }
      this.#connecting.add({ fulfil, reject });
      if (this.#state.name === 'idle' || this.#state.name === 'closed') this.#begin();
    });
  }

  /** Disconnects. Subscriptions stay listed, for another `connect()`. */
  close(): void {
    if (this.#state.name !== 'closed') this.#stop('requested');
  }

  /**
   * Hands every later event of `type` to `handler`, over all connections to come, and connects if
   * that was not done yet. Returns its undo, which also tells how the subscription stands.
   *
   * @throws TypeError if the arguments are others, there is an option that it does not know, or
   * `where` is no query.
   */
  subscribe<Name extends keyof EventTypes>(
    type: Name,
    handler: (event: EventOf<Name>) => void,
  ): Subscription;
  subscribe<Name extends keyof EventTypes>(
    type: Name,
    options: SubscribeOptions<Name>,
    handler: (event: EventOf<Name>) => void,
  ): Subscription;
  subscribe<T = unknown>(type: AnyName, handler: EventHandler<T>): Subscription;
  subscribe<T = unknown>(
    type: AnyName,
    options: SubscribeOptions,
    handler: EventHandler<T>,
  ): Subscription;
  subscribe(type: string, first: unknown, second?: unknown): Subscription {
    const alone = typeof first === 'function';
    const [options, handler] = alone ? [{}, first] : [first, second];
    if (
      typeof type !== 'string' ||
      typeof handler !== 'function' ||
      // Options after the handler would be lost.
      (alone && second !== undefined)
    ) {
      const got = [type, first, second].map((argument) => typeof argument).join(', ');
      throw new TypeError(
        `subscribe() wants (type, handler) or (type, options, handler), but got (${got})`,
      );
    }
    checkOptions('subscribe()', options, subscribeOptions);
    const entry = new Entry(
      type,
      options as SubscribeOptions,
      // That the events of `type` have data as it wants is the caller's word; nothing checks it.
      handler as EventHandler,
      (undone) => {
        this.#undo(undone);
      },
      (error) => {
        this.#report(error);
      },
    );
    this.#entries.add(entry);
    if (this.#state.name === 'closed') entry.cutOff(new ClosedError(this.#state.reason));
    else if (this.#state.name === 'idle') this.#begin();
    else this.#ask(entry);
    return entry.handle;
  }

  /**
   * Subscribes to those events of `type` whose fields have these values: short for a query
   * (`where`) that says so. With a query among the options, both must hold.
   *
   * @throws TypeError as `subscribe`, or if `fields` are no fields with values.
   */
  channel<Name extends keyof EventTypes>(
    type: Name,
    fields: Channel<Name>,
    handler: (event: EventOf<Name>) => void,
  ): Subscription;
  channel<Name extends keyof EventTypes>(
    type: Name,
    fields: Channel<Name>,
    options: SubscribeOptions<Name>,
    handler: (event: EventOf<Name>) => void,
  ): Subscription;
  channel<T = unknown>(type: AnyName, fields: Channel, handler: EventHandler<T>): Subscription;
  channel<T = unknown>(
    type: AnyName,
    fields: Channel,
    options: SubscribeOptions,
    handler: EventHandler<T>,
  ): Subscription;
  channel(type: string, fields: unknown, ...rest: readonly unknown[]): Subscription {
    const [handler, options = {}] = [...rest].reverse();
    const text = channelText(fields);
    const given = options as SubscribeOptions;
    return this.subscribe(
      type as never,
      {
        ...given,
        where: 'where' in given ? all(fields as Channel, given.where as Where) : text,
      },
      handler as EventHandler,
    );
  }

  /** The event types that this client may subscribe to. Connects if that was not done yet. */
  types(): Promise<readonly EventType[]> {
    return new Promise((fulfil, reject) => {
      if (this.#state.name === 'closed') {
        reject(new ClosedError(this.#state.reason));
        return;
      }
      const waiter = { fulfil, reject };
      this.#asking.add(waiter);
      if (this.#state.name === 'idle') this.#begin();
      else this.#askTypes(waiter);
    });
  }

  // ---- States --------------------------------------------------------------------------------

  /** The only place where the state changes. */
  #enter(state: GatewayState): void {
    this.#state = state;
    this.#emitter.emit('state', state);
  }

  /** From `idle` or `closed`. */
  #begin(): void {
    this.#failures = 0;
    this.#undoWake = (this.#options.wake ?? pageWake)(() => {
      if (this.#state.name === 'waiting') this.#open();
      else this.#connection?.check();
    });
    this.#open();
  }

  #open(): void {
    this.#undoWait();
    const connection = new Connection(this.#clock, this.#identity, {
      connected: (message) => {
        this.#connected(message);
      },
      delivered: (message) => {
        this.#deliver(message);
      },
      ended: (end) => {
        this.#ended(end);
      },
    });
    this.#connection = connection;
    this.#enter({ name: 'connecting', attempt: this.#failures + 1 });
    // A listener may have closed it again.
    if (this.#connection !== connection) return;
    let url: string;
    let Socket: SocketConstructor;
    try {
      url = gatewayUrl(this.#options, typeof location === 'undefined' ? undefined : location);
      Socket = this.#socketConstructor();
    } catch (error) {
      this.#report(error as Error);
      this.#stop('invalid_options');
      return;
    }
    connection.start(Socket, url, this.#options.client ?? `telegraphy-js/${version}`);
  }

  #socketConstructor(): SocketConstructor {
    const given = this.#options.WebSocket;
    if (given) return given;
    if (typeof WebSocket === 'undefined') {
      throw new TypeError(
        'there is no WebSocket here: give one, as in `new Gateway({ url, WebSocket })`',
      );
    }
    return WebSocket;
  }

  #connected(message: ConnectedMessage): void {
    const { client, user = null, catalogue } = message;
    this.#connectedAt = this.#clock.now();
    const changed = this.#catalogue !== undefined && this.#catalogue !== catalogue;
    this.#catalogue = catalogue;
    const anew = this.#identity.granted(message);
    if (anew) {
      for (const entry of this.#entries) entry.identityChanged();
    }
    this.#enter({ name: 'connected', client, user });
    this.#settle(this.#connecting, (waiter) => {
      waiter.fulfil();
    });
    // Another client may have other types.
    if (changed || anew) this.#emitter.emit('typesChanged', { catalogue });
    // Not those that a listener added just now; and nothing, if it closed.
    for (const entry of this.#entries) {
      if (entry.state.name === 'pending') this.#ask(entry);
    }
    for (const waiter of this.#asking) this.#askTypes(waiter);
  }

  #ended({ reason, retry, retryAfterMs, error }: End): void {
    if (this.#state.name === 'connected' && this.#clock.now() - this.#connectedAt >= goodMs) {
      this.#failures = 0;
    }
    this.#forgetConnection();
    const changed = reason === 'identity_changed';
    if (changed || reason === 'unauthenticated') this.#identity.over();
    // Who was somebody does not come back as nobody.
    if (retry && (!changed || this.#identity.renewable)) this.#wait(reason, retryAfterMs);
    else this.#stop(reason);
    if (error) this.#report(error);
  }

  #wait(reason: string, retryAfterMs: number): void {
    const attempt = ++this.#failures;
    const random = this.#options.random ?? Math.random;
    const delayMs = retryAfterMs + backoffMs(attempt, random(), this.#options.backoff);
    this.#undoWait = this.#clock.after(delayMs, () => {
      this.#open();
    });
    this.#enter({ name: 'waiting', attempt, delayMs, reason });
  }

  #stop(reason: string): void {
    this.#undoWait();
    this.#undoWake();
    this.#identity.closed();
    this.#connection?.close();
    this.#forgetConnection();
    this.#enter({ name: 'closed', reason });
    const error = new ClosedError(reason);
    this.#settle(this.#connecting, (waiter) => {
      waiter.reject(error);
    });
    this.#settle(this.#asking, (waiter) => {
      waiter.reject(error);
    });
    for (const entry of this.#entries) entry.cutOff(error);
  }

  #forgetConnection(): void {
    this.#connection = undefined;
    this.#cohorts.clear();
    for (const entry of this.#entries) entry.lost();
  }

  #settle<T>(waiters: Set<Waiter<T>>, settle: (waiter: Waiter<T>) => void): void {
    for (const waiter of waiters) {
      waiters.delete(waiter);
      settle(waiter);
    }
  }

  // ---- Requests ------------------------------------------------------------------------------

  /** Asks for a subscription, if there is a connection; else it is done when there is one. */
  #ask(entry: Entry): void {
    if (this.#state.name !== 'connected') return;
    const request = this.#connection?.request(entry.asked(), (answer) => {
      if (entry.request !== request) return;
      if (entry.state.name !== 'subscribing') {
        // Undone while the answer was under way.
        if (answer.kind === 'subscribed') this.#unsubscribe(request);
        return;
      }
      if (answer.kind === 'subscribed') {
        const cohort = this.#cohorts.get(answer.cohort) ?? new Set();
        this.#cohorts.set(answer.cohort, cohort.add(entry));
        entry.granted(answer);
        return;
      }
      const error = new RefusedError(answer.code, answer.message, {
        ...answer,
        type: entry.type,
      });
      if (error.code === 'unauthenticated') this.#advise(entry.type);
      entry.refused(error);
      if (error.retryAfterMs !== undefined) {
        this.#clock.after(error.retryAfterMs, () => {
          if (entry.state.name === 'refused' && entry.request === request) this.#ask(entry);
        });
      }
    });
    entry.request = request;
  }

  #undo(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    const { name } = entry.state;
    const { cohort, request } = entry;
    entry.undone();
    // What is under way for it belongs to nobody from here on. Of one whose answer is under way,
    // that is waited for: it may be refused.
    if (name !== 'subscribed' || cohort === undefined) return;
    this.#leave(cohort, entry);
    this.#unsubscribe(request);
  }

  #unsubscribe(subscription: number | undefined): void {
    if (subscription === undefined) return;
    this.#connection?.request({ kind: 'unsubscribe', subscription }, () => undefined);
  }

  /** Says once, in the console, what may help an anonymous client that was refused a type. */
  #advise(type: string): void {
    if (this.#advised) return;
    this.#advised = true;
    const why = this.#identity.renewable
      ? 'nobody is logged in'
      : 'there is no ticket, and no `ticketUrl`';
    console.warn(`telegraphy: "${type}" is not public, and this client is anonymous: ${why}`);
  }

  #leave(cohort: number, entry: Entry): void {
    const entries = this.#cohorts.get(cohort);
    entries?.delete(entry);
    if (entries?.size === 0) this.#cohorts.delete(cohort);
  }

  #askTypes(waiter: Waiter<readonly EventType[]>): void {
    if (this.#state.name !== 'connected') return;
    this.#connection?.request({ kind: 'types' }, (answer) => {
      this.#asking.delete(waiter);
      if (answer.kind === 'types') waiter.fulfil(answer.types);
      else waiter.reject(new RefusedError(answer.code, answer.message, answer));
    });
  }

  // ---- Deliveries ----------------------------------------------------------------------------

  #deliver(message: Delivery): void {
    if (message.kind === 'types_changed') {
      this.#typesChanged(message.catalogue);
      return;
    }
    if (message.kind === 'error') {
      this.#report(new RefusedError(message.code, message.message, message));
      return;
    }
    // A copy: handlers subscribe and unsubscribe. None: the cohort was left a moment ago.
    for (const entry of [...(this.#cohorts.get(message.cohort) ?? [])]) {
      if (entry.cohort !== message.cohort) continue;
      switch (message.kind) {
        case 'event':
          entry.event(message);
          break;
        case 'gap':
          entry.gap(message);
          break;
        case 'reset':
          if (message.ended) this.#leave(message.cohort, entry);
          entry.reset(message, this.#catalogue);
          if (entry.state.name === 'pending') this.#ask(entry);
      }
    }
  }

  #typesChanged(catalogue: number): void {
    this.#catalogue = catalogue;
    for (const entry of this.#entries) {
      if (entry.state.name === 'refused') this.#ask(entry);
    }
    this.#emitter.emit('typesChanged', { catalogue });
  }

  #report(error: Error): void {
    console.error(error);
    this.#emitter.emit('error', error);
  }
}
