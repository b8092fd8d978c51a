import { vi } from 'vitest';

import type { Clock, Undo } from '../src/clock.js';
import type { SocketConstructor, SocketLike } from '../src/connection.js';
import { Gateway } from '../src/gateway.js';
import type { GatewayOptions, GatewayState } from '../src/gateway.js';
import type { SessionStore } from '../src/session.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that moves when it is told to. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Undo {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many timers are still to fire. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Lets time pass; each timer fires when it is due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ at }) => at <= end)
        .reduce<Timer | undefined>(
          (first, timer) => (first && first.at <= timer.at ? first : timer),
          undefined,
        );
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  /** The machine sleeps: time passes, and no timer fires before it is over. */
  sleep(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }

  setBack(ms: number): void {
    this.#now -= ms;
    this.#timers = this.#timers.map(({ at, callback }) => ({ at: at - ms, callback }));
  }
}

export type Json = Record<string, unknown>;

/** A socket whose other end is the test. */
export class FakeSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly url: string;
  readonly protocol: string;
  /** What the client closed it with. */
  closedWith: number | undefined;
  #sent: Json[] = [];

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
  }

  send(data: string): void {
    this.#sent.push(JSON.parse(data) as Json);
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  /** What the client has said since this was last asked. */
  heard(): readonly Json[] {
    const heard = this.#sent;
    this.#sent = [];
    return heard;
  }

  open(): void {
    this.onopen?.(undefined as never);
  }

  say(message: Json | string): void {
    const data = typeof message === 'string' ? message : JSON.stringify(message);
    this.onmessage?.({ data } as never);
  }

  /** The connection ends from the other side, or somewhere between. */
  end(code: number): void {
    this.onclose?.({ code } as never);
  }

  /** Opens it, and answers `connect` as a gateway does. */
  welcome(more: Json = {}): void {
    this.open();
    const [connect] = this.heard();
    this.say({ ...connected, id: connect?.['id'], ...more });
  }
}

export const connected: Json = {
  kind: 'connected',
  id: 1,
  client: 'c-7f31c0de9b2a44d1',
  gateway: { name: 'telegraphy', version: '0.1.0' },
  catalogue: 3,
  ping_interval_ms: 25_000,
  limits: { message_bytes: 65_536, subscriptions: 100 },
};

/** A session that is kept where the test, or another tab, can look. */
export class Kept implements SessionStore {
  token: string | null;
  expiresInMs: number | undefined;

  constructor(token: string | null = null) {
    this.token = token;
  }

  read(): string | null {
    return this.token;
  }

  write(token: string, expiresInMs: number): void {
    this.token = token;
    this.expiresInMs = expiresInMs;
  }

  forget(): void {
    this.token = null;
  }
}

export const epoch = '5be1f6c2d0a94e73';

/** An `event` of cohort 1. */
export function eventAt(offset: number, more: Json = {}): Json {
  return {
    kind: 'event',
    cohort: 1,
    prev: offset - 1,
    type: 'board.Order',
    op: 'add',
    position: { epoch, offset },
    id: `id-${String(offset)}`,
    time: '2026-11-23T02:16:34.120331Z',
    data: { id: offset, status: 'new' },
    ...more,
  };
}

/** An answer to `subscribe`, in cohort 1 at offset 41. */
export function subscribed(id: unknown, more: Json = {}): Json {
  return {
    kind: 'subscribed',
    id,
    cohort: 1,
    type: 'board.Order',
    position: { epoch, offset: 41 },
    delivery: 'recoverable',
    ...more,
  };
}

/** A gateway object all of whose surroundings the test holds. */
export class World {
  readonly clock = new FakeClock();
  readonly sockets: FakeSocket[] = [];
  readonly states: GatewayState[] = [];
  readonly errors: Error[] = [];
  readonly logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  readonly gateway: Gateway;
  /** The page is shown again, or the network is back. */
  wake: () => void = () => undefined;
  awake = 0;

  constructor(options: GatewayOptions = {}) {
    const sockets = this.sockets;
    class Socket extends FakeSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        sockets.push(this);
      }
    }
    this.gateway = new Gateway({
      url: 'ws://gateway.example/v1/websocket',
      clock: this.clock,
      random: () => 0.5,
      WebSocket: Socket satisfies SocketConstructor,
      wake: (listener) => {
        this.wake = listener;
        this.awake += 1;
        return () => {
          this.awake -= 1;
        };
      },
      ...options,
    });
    this.gateway.on('state', (state) => this.states.push(state));
    this.gateway.on('error', (error) => this.errors.push(error));
  }

  /** The socket of the latest attempt. */
  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('the client has not tried to connect');
    return last;
  }

  get stateNames(): readonly string[] {
    return this.states.map(({ name }) => name);
  }

  /** Connects, and stays so for long enough that it counts as a good connection. */
  connect(): this {
    void this.gateway.connect();
    this.socket.welcome();
    this.clock.advance(6_000);
    return this;
  }

  /** Loses the connection and gets another. */
  reconnect(more: Json = {}): void {
    this.socket.end(1012);
    this.clock.advance(15_000);
    this.socket.welcome(more);
  }
}

/** The id of the first `subscribe` among what was said. */
export function subscribeId(heard: readonly Json[]): unknown {
  return heard.find(({ kind }) => kind === 'subscribe')?.['id'];
}
