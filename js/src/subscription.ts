import { ClosedError, HandlerError, ProtocolError, RefusedError } from './errors.js';
import type { TelegraphyError } from './errors.js';
import type {
  DeliveryClass,
  EventMessage,
  GapMessage,
  Operation,
  Position,
  ResetMessage,
  SubscribedMessage,
  SubscribeMessage,
} from './messages.js';
import type { NamesOf } from './names.js';
import { Recent } from './recent.js';
import type { EventData, EventKey, EventName, EventOperation, Where } from './types.js';
import { queryText } from './where.js';

interface AnyEvent {
  /** Name of the event type. */
  readonly type: string;
  /** The event's own id: the same when it is delivered again. */
  readonly id: string;
  /** When it happened, RFC 3339. */
  readonly time: string;
  readonly position: Position;
  /** The names of the fields that a change changed, where the event has them. */
  readonly changed?: readonly string[];
  /** Was it sent before? */
  readonly redelivered: boolean;
}

type Removed<T, Key extends keyof T> = [Key] extends [never]
  ? Partial<T>
  : Pick<T, Key> & Partial<Omit<T, Key>>;

/** What a handler gets. A `remove` may have nothing in `data` but the key. */
export type TelegraphyEvent<
  T = unknown,
  Key extends keyof T = never,
  Op extends Operation = Operation,
> =
  | ([Exclude<Op, 'remove'>] extends [never]
      ? never
      : AnyEvent & {
          readonly op: Exclude<Op, 'remove'>;
          readonly data: T;
          readonly old?: Partial<T>;
        })
  | ('remove' extends Op
      ? AnyEvent & {
          readonly op: 'remove';
          readonly data: Removed<T, Key>;
          readonly old?: Partial<T>;
        }
      : never);

/** What a handler of this event type gets, if the type is declared (see `EventTypes`). */
export type EventOf<Name extends EventName> = TelegraphyEvent<
  EventData<Name>,
  EventKey<Name>,
  EventOperation<Name>
>;

/** Called once per event, in the order of the stream. A promise that it returns is not awaited. */
export type EventHandler<T = unknown> = (event: TelegraphyEvent<T>) => void;

/** Events that will not come: both offsets, and all between. */
export interface Gap {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  /** `slow`: the gateway dropped them for this connection; `detected`: by this client. */
  readonly reason: string;
}

/** `Name`: of the event type, whose fields a query in object form is then held to. */
export interface SubscribeOptions<Name extends string = string> {
  /**
   * A query, in CEL or as an object: only the events that it holds for. Of a model, `add` and
   * `remove` then say that a row has come to fulfil it, or does no longer.
   */
  readonly where?: Where<Name>;
  /** Send these fields only. */
  readonly fields?: readonly string[];
  /** Name of a durable subscription. */
  readonly durable?: string;
  /** Begin after this position instead of now. */
  readonly since?: Position;
  /**
   * It stands for the first time: the data may be loaded now, since whatever happens from here on
   * comes as an event, and no event came before. Later connections resume without a word.
   */
  readonly onSubscribed?: (position: Position) => void;
  /** These events were lost to this subscription; it goes on after them. */
  readonly onGap?: (gap: Gap) => void;
  /**
   * An unknown number of events was lost: load the data anew. `epoch`, `trimmed`, `limit`,
   * `forbidden`, `closed`; or `query_changed`: the event type has changed, or `identity_changed`:
   * this client is somebody else or has other rights, and the subscription stands anew.
   */
  readonly onReset?: (reason: string) => void;
  /**
   * The gateway refused the subscription, or ended it. It stays listed, and is asked for again
   * when the event types change and when the client connects the next time; not if `closed`:
   * whoever manages the gateway ended it.
   */
  readonly onError?: (error: RefusedError) => void;
}

export const subscribeOptions: NamesOf<SubscribeOptions> = {
  where: true,
  fields: true,
  durable: true,
  since: true,
  onSubscribed: true,
  onGap: true,
  onReset: true,
  onError: true,
};

export type SubscriptionState =
  /** To be asked for as soon as there is a connection. */
  | { readonly name: 'pending' }
  | { readonly name: 'subscribing' }
  /** Every later event is delivered, or reported lost. */
  | { readonly name: 'subscribed'; readonly delivery: DeliveryClass }
  /** Not granted, or granted and then ended. */
  | { readonly name: 'refused'; readonly error: RefusedError }
  /** By whoever manages the gateway. Not asked for again. */
  | { readonly name: 'ended'; readonly error: RefusedError }
  | { readonly name: 'unsubscribed' };

/** A subscription is the function that takes it back. */
export interface Subscription {
  (): void;
  /** The same, by name. */
  readonly unsubscribe: () => void;
  /** Name of the event type. */
  readonly type: string;
  readonly state: SubscriptionState;
  /** Up to here everything was delivered or reported lost. */
  readonly position: Position | undefined;
  /** Fulfilled when it first stands; rejected when it is refused, taken back or cut off before. */
  readonly ready: Promise<Position>;
}

/** How many event ids a subscription remembers, so as not to hand out one twice. */
const remembered = 1024;

/**
 * What the gateway object keeps of a subscription: where it stands, and what its handlers must
 * hear. It outlives connections and sends nothing itself.
 *
 *     pending --asked--> subscribing --granted--> subscribed
 *        ^                    |                       |
 *        |                    +------> refused <------+ (reset, ended) --closed--> ended
 *        +--- connection lost: from any but ended and unsubscribed, which are final;
 *             and from subscribed, when the event type has changed (query_changed)
 */
export class Entry {
  readonly type: string;
  readonly handle: Subscription;
  /** Its number on this connection, while it is subscribed. */
  cohort: number | undefined;
  /** The id of its latest request. */
  request: number | undefined;

  readonly #options: SubscribeOptions;
  readonly #where: string | undefined;
  readonly #handler: EventHandler;
  readonly #report: (error: TelegraphyError) => void;
  readonly #recent = new Recent(remembered);
  #state: SubscriptionState = { name: 'pending' };
  #position: Position | undefined;
  /** Was it ever granted? */
  #stood = false;
  /** Why it must be asked for anew from the beginning: to be told when it stands again. */
  #ended: string | undefined;
  /** The catalogue with which that was last done, on this connection. */
  #renewed: number | undefined;
  #fulfil: (position: Position) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  /** @throws TypeError if `where` is no query. */
  constructor(
    type: string,
    options: SubscribeOptions,
    handler: EventHandler,
    undo: (entry: Entry) => void,
    report: (error: TelegraphyError) => void,
  ) {
    this.type = type;
    this.#options = options;
    // Said and undefined is a slip, and must not ask for everything.
    this.#where = 'where' in options ? queryText(options.where) : undefined;
    this.#handler = handler;
    this.#report = report;
    this.#position = options.since;

    const ready = new Promise<Position>((fulfil, reject) => {
      this.#fulfil = fulfil;
      this.#reject = reject;
    });
    // Who does not look at `ready` hears of a refusal through `onError`.
    ready.catch(() => undefined);

    const unsubscribe = (): void => {
      undo(this);
    };
    // A function of its own: `unsubscribe` must not become a property of itself.
    this.handle = Object.defineProperties(
      (): void => {
        unsubscribe();
      },
      {
        unsubscribe: { value: unsubscribe },
        type: { value: type },
        ready: { value: ready },
        state: { get: () => this.#state },
        position: { get: () => this.#position },
      },
    ) as Subscription;
  }

  get state(): SubscriptionState {
    return this.#state;
  }

  /** What to ask the gateway for. */
  asked(): Omit<SubscribeMessage, 'id'> {
    this.#state = { name: 'subscribing' };
    const { fields, durable } = this.#options;
    return {
      kind: 'subscribe',
      type: this.type,
      ...(this.#where !== undefined && { where: this.#where }),
      ...(fields && { fields }),
      ...(durable !== undefined && { durable }),
      ...(this.#position && { since: this.#position }),
    };
  }

  granted(message: SubscribedMessage): void {
    if (this.#position && !message.resume) {
      throw new ProtocolError('resume', 'resume is missing, though the request had since');
    }
    this.#state = { name: 'subscribed', delivery: message.delivery };
    this.cohort = message.cohort;
    this.#position = message.position;
    this.#fulfil(message.position);
    if (!this.#stood) this.#call('onSubscribed', this.#options.onSubscribed, message.position);
    this.#stood = true;
    const lost = this.#ended ?? (message.resume === 'reset' ? message.reason : undefined);
    this.#ended = undefined;
    if (lost !== undefined) this.#reset(lost);
  }

  refused(error: RefusedError, name: 'refused' | 'ended' = 'refused'): void {
    this.#state = { name, error };
    this.cohort = undefined;
    this.#reject(error);
    if (this.#options.onError) this.#call('onError', this.#options.onError, error);
    else this.#report(error);
  }

  /** The connection is gone; the position stays, to resume after. */
  lost(): void {
    if (this.#state.name !== 'ended') this.#state = { name: 'pending' };
    this.cohort = undefined;
    this.#renewed = undefined;
  }

  /** What was delivered so far may be another's, or less or more than is due from here on. */
  identityChanged(): void {
    if (this.#stood) this.#anew('identity_changed');
  }

  #anew(reason: string): void {
    this.#position = undefined;
    this.#ended = reason;
  }

  /** The gateway object is closed; it may be connected again. */
  cutOff(error: ClosedError): void {
    this.#reject(error);
  }

  undone(): void {
    this.#state = { name: 'unsubscribed' };
    this.cohort = undefined;
    this.#reject(new ClosedError('unsubscribed'));
  }

  event(message: EventMessage): void {
    const known = this.#position;
    if (known?.epoch === message.position.epoch) {
      if (message.position.offset <= known.offset) {
        // Another subscription of the cohort began further back: this one had it already.
        if (!message.redelivered) return;
      } else {
        if (message.prev > known.offset) {
          this.#gap({
            epoch: known.epoch,
            from: known.offset + 1,
            to: message.prev,
            reason: 'detected',
          });
        }
        this.#position = message.position;
      }
    } else {
      // Another history, and no `reset` said so: not to be passed over in silence.
      this.#position = message.position;
      if (known) this.#reset('epoch');
    }
    if (this.#recent.seen(message.id)) return;
    const { type, op, data, id, time, position, old, changed, redelivered = false } = message;
    this.#call('the handler', this.#handler, {
      type,
      op,
      data,
      id,
      time,
      position,
      ...(old && { old }),
      ...(changed && { changed }),
      redelivered,
    });
  }

  gap({ epoch, from, to, reason }: GapMessage): void {
    const known = this.#position;
    if (known?.epoch === epoch) {
      if (to <= known.offset) return;
      from = Math.max(from, known.offset + 1);
    }
    this.#position = { epoch, offset: to };
    this.#gap({ epoch, from, to, reason });
  }

  reset(message: ResetMessage, catalogue: number | undefined): void {
    const { ended, reason } = message;
    if (ended && reason === 'query_changed' && catalogue !== this.#renewed) {
      // The type is another now: asked for again, it may stand. Where, is for the answer to say.
      // Once for each catalogue: a gateway that ends it over and over is not asked over and over.
      this.lost();
      this.#renewed = catalogue;
      this.#anew(reason);
      return;
    }
    if (message.position) this.#position = message.position;
    this.#reset(reason);
    if (ended && this.#state.name === 'subscribed') {
      this.refused(
        new RefusedError(reason, `the gateway ended it: ${reason}`, { type: this.type }),
        reason === 'closed' ? 'ended' : 'refused',
      );
    }
  }

  #gap(gap: Gap): void {
    this.#call('onGap', this.#options.onGap, gap);
  }

  #reset(reason: string): void {
    this.#call('onReset', this.#options.onReset, reason);
  }

  /** Hands over to the application, whose mistakes stay its own. */
  #call<T>(name: string, handler: ((value: T) => unknown) | undefined, value: T): void {
    const failed = (cause: unknown): void => {
      this.#report(new HandlerError(`${name} of "${this.type}"`, cause));
    };
    // Not after its undo, even when that came from `onGap` a moment ago.
    if (!handler || this.#state.name === 'unsubscribed') return;
    try {
      const result = handler(value);
      if (result instanceof Promise) result.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }
}
