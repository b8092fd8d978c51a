/** What the compiler must say to those who use the package; see also `Gateway.subscribe`. */
import WebSocket from 'ws';
import { expectTypeOf, test } from 'vitest';

import { Gateway, parseServerMessage } from '../src/index.js';
import type {
  EventType,
  GatewayState,
  Position,
  RefusedError,
  ServerMessage,
  SocketConstructor,
  Subscription,
  TelegraphyEvent,
} from '../src/index.js';

interface Order {
  readonly id: number;
  readonly status: string;
}

declare const gateway: Gateway;

test('the data of an event are unknown until the caller says what they are', () => {
  gateway.subscribe('board.Order', (event) => {
    expectTypeOf(event).toEqualTypeOf<TelegraphyEvent>();
    expectTypeOf(event.data).toBeUnknown();
  });
});

test('a removed row may have nothing but its key', () => {
  gateway.subscribe<Order>('board.Order', (event) => {
    expectTypeOf(event.data.status).toEqualTypeOf<string | undefined>();
    if (event.op === 'remove') expectTypeOf(event.data).toEqualTypeOf<Partial<Order>>();
    else expectTypeOf(event.data).toEqualTypeOf<Order>();
  });
});

test('subscribe() takes options or not, and returns its undo', () => {
  expectTypeOf(gateway.subscribe('a.A', () => undefined)).toEqualTypeOf<Subscription>();
  const undo = gateway.subscribe(
    'a.A',
    {
      where: 'x > 1',
      onGap: ({ from, to }) => {
        expectTypeOf([from, to]).toEqualTypeOf<number[]>();
      },
      onReset: (reason) => {
        expectTypeOf(reason).toBeString();
      },
      onError: (error) => {
        expectTypeOf(error).toEqualTypeOf<RefusedError>();
      },
    },
    () => undefined,
  );
  expectTypeOf(undo).returns.toBeVoid();
  expectTypeOf(undo.unsubscribe).returns.toBeVoid();
  expectTypeOf(undo.ready).resolves.toEqualTypeOf<Position>();
  // @ts-expect-error -- only the subscription itself moves its position.
  undo.position = { epoch: 'e', offset: 1 };
  // @ts-expect-error -- there is no such option.
  gateway.subscribe('a.A', { whre: 'x > 1' }, () => undefined);
  // @ts-expect-error -- a subscription without a handler is of no use.
  gateway.subscribe('a.A', { where: 'x > 1' });
});

test('a state has what belongs to its name', () => {
  gateway.on('state', (state) => {
    expectTypeOf(state).toEqualTypeOf<GatewayState>();
    if (state.name === 'waiting') expectTypeOf(state.delayMs).toBeNumber();
    if (state.name === 'connected') expectTypeOf(state.client).toBeString();
    // @ts-expect-error -- only a connected one has a client id.
    expectTypeOf(state.client).toBeString();
  });
  // @ts-expect-error -- there is no such event.
  gateway.on('stat', () => undefined);
  // @ts-expect-error -- the state is not to be set.
  gateway.state = { name: 'idle' };
});

test('types() gives metadata', () => {
  expectTypeOf(gateway.types()).resolves.toEqualTypeOf<readonly EventType[]>();
});

test('a message is one of a union, told apart by kind', () => {
  expectTypeOf(parseServerMessage('')).toEqualTypeOf<ServerMessage>();
  const message = parseServerMessage('');
  if (message.kind === 'gap') expectTypeOf(message.from).toBeNumber();
});

test('the WebSocket of a browser will do, and so will that of ws', () => {
  expectTypeOf(globalThis.WebSocket).toExtend<SocketConstructor>();
  expectTypeOf(WebSocket).toExtend<SocketConstructor>();
  expectTypeOf(new Gateway({ url: 'ws://localhost/', WebSocket })).toEqualTypeOf<Gateway>();
});

test('a client has an identity by a ticket, or by a function that gets one', () => {
  new Gateway({ ticket: 'tgt_1', session: 'cookie' });
  new Gateway({ ticket: () => null, csrf: { cookie: 'csrf' } });
  new Gateway({ ticket: () => Promise.resolve('tgt_1'), ticketUrl: '/ticket/' });
  // @ts-expect-error: whoever forgets to return it is not nobody
  new Gateway({ ticket: () => undefined });
  // @ts-expect-error: a store has read(), write() and forget()
  new Gateway({ session: { read: () => null } });
  if (gateway.state.name === 'connected') {
    expectTypeOf(gateway.state.user).toEqualTypeOf<string | null>();
  }
});
