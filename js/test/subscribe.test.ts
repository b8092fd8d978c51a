import { afterEach, describe, expect, it, vi } from 'vitest';

import { ClosedError } from '../src/errors.js';
import { any, where } from '../src/where.js';
import { epoch, eventAt, subscribed, subscribeId, World } from './fakes.js';
import { granted, Subscriber } from './subscriber.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('subscribing', () => {
  it('connects by itself', async () => {
    const world = new World();
    const { subscription } = new Subscriber(world);
    expect(subscription.state).toEqual({ name: 'pending' });
    world.socket.welcome();
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id: 2 }]);
    expect(subscription.state).toEqual({ name: 'subscribing' });
    world.socket.say(subscribed(2));
    expect(subscription.state).toEqual({ name: 'subscribed', delivery: 'recoverable' });
    await expect(subscription.ready).resolves.toEqual({ epoch, offset: 41 });
    expect(subscription.position).toEqual({ epoch, offset: 41 });
    expect(subscription.type).toBe('board.Order');
  });

  it('sends only the options that were given', () => {
    const world = new World().connect();
    const since = { epoch, offset: 7 };
    new Subscriber(world, { where: 'total > 100', fields: ['id'], durable: 'mine', since });
    expect(world.socket.heard()).toEqual([
      {
        kind: 'subscribe',
        id: 2,
        type: 'board.Order',
        where: 'total > 100',
        fields: ['id'],
        durable: 'mine',
        since,
      },
    ]);
  });

  it('hands each event to the handler, with what it says and no more', () => {
    const world = new World().connect();
    const { events, subscription } = granted(world);
    world.socket.say(
      eventAt(42, {
        op: 'change',
        old: { status: 'new' },
        changed: ['status'],
        data: { id: 7, status: 'paid' },
        sequel: 'unknown',
      }),
    );
    expect(events).toEqual([
      {
        type: 'board.Order',
        op: 'change',
        data: { id: 7, status: 'paid' },
        id: 'id-42',
        time: '2026-11-23T02:16:34.120331Z',
        position: { epoch, offset: 42 },
        old: { status: 'new' },
        changed: ['status'],
        redelivered: false,
      },
    ]);
    expect(subscription.position).toEqual({ epoch, offset: 42 });
  });

  it('hands nothing to a subscription of another cohort', () => {
    const world = new World().connect();
    const orders = granted(world);
    world.socket.say(eventAt(42, { cohort: 2 }));
    expect(orders.events).toEqual([]);
  });

  it('hands an event of a shared cohort once to each', () => {
    const world = new World().connect();
    const one = granted(world);
    const two = granted(world);
    world.socket.say(eventAt(42));
    expect(one.offsets).toEqual([42]);
    expect(two.offsets).toEqual([42]);
  });

  it('spares a subscription what another of its cohort asked to have again', () => {
    const world = new World().connect();
    const one = granted(world);
    const two = granted(
      world,
      { since: { epoch, offset: 39 } },
      { position: { epoch, offset: 39 }, resume: 'resumed' },
    );
    for (const offset of [40, 41, 42]) world.socket.say(eventAt(offset));
    expect(one.offsets).toEqual([42]);
    expect(two.offsets).toEqual([40, 41, 42]);
  });

  it('says before the first event that it stands, and says so once', () => {
    const world = new World().connect();
    const { calls } = granted(world);
    expect(calls).toEqual([['subscribed', 41]]);
    world.reconnect();
    world.socket.say(subscribed(subscribeId(world.socket.heard()), { resume: 'resumed' }));
    expect(calls).toEqual([['subscribed', 41]]);
  });

  it('refuses to be called without a handler', () => {
    const { gateway } = new World();
    expect(() => gateway.subscribe('board.Order', {} as never)).toThrow(
      'subscribe() wants (type, handler) or (type, options, handler)',
    );
  });
});

describe('a query', () => {
  const nothing = (): void => undefined;

  it.each([
    ['total > 100', 'total > 100'],
    [{ status: 'paid', total: { gt: 100 } }, 'status == "paid" && total > 100'],
    [where`owner_id == ${7}`, 'owner_id == 7'],
    [any({ a: 1 }, { b: 2 }), 'a == 1 || b == 2'],
  ])('%j is sent as CEL, and again after a reconnect', (query, cel) => {
    const world = new World().connect();
    world.gateway.subscribe('board.Order', { where: query }, nothing);
    const asked = { kind: 'subscribe', type: 'board.Order', where: cel };
    expect(world.socket.heard()).toEqual([{ ...asked, id: 2 }]);
    world.reconnect();
    expect(world.socket.heard()).toEqual([{ ...asked, id: 2 }]);
  });

  it('is what it was when it was handed over', () => {
    const world = new World().connect();
    const query = { status: 'paid' };
    world.gateway.subscribe('board.Order', { where: query }, nothing);
    query.status = 'new';
    world.reconnect();
    expect(world.socket.heard()).toMatchObject([{ where: 'status == "paid"' }]);
  });

  it('that is none is told at once, and nothing is sent', () => {
    const world = new World().connect();
    const subscribe = (query: object): void => {
      world.gateway.subscribe('board.Order', { where: query as never }, nothing);
    };
    expect(() => {
      subscribe({ owner: undefined });
    }).toThrow('owner cannot be undefined');
    expect(() => {
      subscribe({});
    }).toThrow(TypeError);
    world.reconnect();
    expect(world.socket.heard()).toEqual([]);
  });

  it('lets rows enter and leave', () => {
    const world = new World().connect();
    const { events } = granted(world, { where: 'total > 100' });
    world.socket.say(eventAt(42, { op: 'add' }));
    world.socket.say(eventAt(43, { op: 'remove', data: { id: 42 } }));
    expect(events.map(({ op, data }) => [op, data])).toEqual([
      ['add', { id: 42, status: 'new' }],
      ['remove', { id: 42 }],
    ]);
  });
});

describe('a channel', () => {
  const nothing = (): void => undefined;

  it('is a subscription to fields with their values', () => {
    const world = new World().connect();
    const subscription = world.gateway.channel('chat.Message', { room: 42 }, nothing);
    expect(world.socket.heard()).toEqual([
      { kind: 'subscribe', type: 'chat.Message', where: 'room == 42', id: 2 },
    ]);
    expect(subscription.type).toBe('chat.Message');
    world.socket.say(subscribed(2));
    subscription();
    expect(world.socket.heard()).toMatchObject([{ kind: 'unsubscribe' }]);
  });

  it('takes the options of subscribe(), a further query too', () => {
    const world = new World().connect();
    const gaps: unknown[] = [];
    const options = { fields: ['text'], onGap: (gap: unknown) => gaps.push(gap) };
    world.gateway.channel('chat.Message', { room: 42, team: 'a' }, options, nothing);
    const where = 'spam || hidden';
    world.gateway.channel('chat.Message', { room: 42 }, { where }, nothing);
    expect(world.socket.heard()).toEqual([
      {
        kind: 'subscribe',
        type: 'chat.Message',
        where: 'room == 42 && team == "a"',
        fields: ['text'],
        id: 2,
      },
      {
        kind: 'subscribe',
        type: 'chat.Message',
        where: 'room == 42 && (spam || hidden)',
        id: 3,
      },
    ]);
    world.socket.say(subscribed(2));
    world.socket.say(eventAt(50, { prev: 49 }));
    expect(gaps).toHaveLength(1);
  });

  it.each([
    ['no handler', ['a.A', { room: 1 }], 'subscribe() wants'],
    ['no fields', ['a.A', nothing], 'a channel is a field or more'],
    ['options after the handler', ['a.A', { room: 1 }, nothing, {}], 'subscribe() wants'],
    [
      'an option that there is not',
      ['a.A', { room: 1 }, { ongap: nothing }, nothing],
      '"ongap"',
    ],
  ])('is told a mistake: %s', (_, mistaken, message) => {
    const world = new World().connect();
    expect(() =>
      world.gateway.channel(...(mistaken as [string, { room: 1 }, () => void])),
    ).toThrow(message);
    expect(world.socket.heard()).toEqual([]);
  });
});

describe('the undo', () => {
  it('ends the subscription', () => {
    const world = new World().connect();
    const { subscription, events } = granted(world);
    subscription();
    expect(world.socket.heard()).toEqual([{ kind: 'unsubscribe', subscription: 2, id: 3 }]);
    expect(subscription.state).toEqual({ name: 'unsubscribed' });
    world.socket.say(eventAt(42));
    world.socket.say({ kind: 'unsubscribed', id: 3 });
    expect(events).toEqual([]);
    world.reconnect();
    expect(world.socket.heard()).toEqual([]);
  });

  it('is also called unsubscribe, and works once', () => {
    const world = new World().connect();
    const { subscription } = granted(world);
    subscription.unsubscribe();
    subscription.unsubscribe();
    subscription();
    expect(world.socket.heard()).toHaveLength(1);
  });

  it('asks nothing of the gateway while there is no connection', async () => {
    const world = new World();
    const { subscription } = new Subscriber(world);
    subscription();
    world.socket.welcome();
    expect(world.socket.heard()).toEqual([]);
    await expect(subscription.ready).rejects.toEqual(new ClosedError('unsubscribed'));
  });

  it('waits for an answer that is under way, and hands out nothing meanwhile', () => {
    const world = new World().connect();
    const { subscription, events, calls } = new Subscriber(world);
    subscription();
    expect(subscription.state.name).toBe('unsubscribed');
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id: 2 }]);
    world.socket.say(subscribed(2));
    world.socket.say(eventAt(42));
    expect(world.socket.heard()).toEqual([{ kind: 'unsubscribe', subscription: 2, id: 3 }]);
    world.socket.say({ kind: 'unsubscribed', id: 3 });
    expect(events).toEqual([]);
    expect(calls).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  it('needs to say nothing more when the answer under way is a refusal', () => {
    const world = new World().connect();
    const { subscription, calls } = new Subscriber(world);
    subscription();
    world.socket.heard();
    world.socket.say({ kind: 'error', id: 2, code: 'unknown_type', message: 'no' });
    expect(world.socket.heard()).toEqual([]);
    expect(calls).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  it('leaves the others of the cohort alone', () => {
    const world = new World().connect();
    const one = granted(world);
    const two = granted(world);
    one.subscription();
    world.socket.say(eventAt(42));
    expect(one.offsets).toEqual([]);
    expect(two.offsets).toEqual([42]);
  });

  it('may be called by a handler, of itself and of others', () => {
    const world = new World().connect();
    const one = new Subscriber(world);
    const two = new Subscriber(world);
    for (const id of [2, 3]) world.socket.say(subscribed(id));
    world.gateway.on('error', () => undefined);
    const three = world.gateway.subscribe('board.Order', () => {
      two.subscription();
      three();
    });
    world.socket.say(subscribed(4));
    const four = new Subscriber(world);
    world.socket.say(subscribed(5));
    four.subscription.unsubscribe();
    world.socket.say(eventAt(42));
    world.socket.say(eventAt(43));
    expect(one.offsets).toEqual([42, 43]);
    expect(two.offsets).toEqual([42]);
    expect(three.state.name).toBe('unsubscribed');
    expect(four.offsets).toEqual([]);
  });

  it('called from onGap spares the handler the event after it', () => {
    const world = new World().connect();
    const subscriber: Subscriber = granted(world, {
      onGap: () => {
        subscriber.subscription();
      },
    });
    world.socket.say(eventAt(50, { prev: 49 }));
    expect(subscriber.events).toEqual([]);
  });

  it('does not break a number that the gateway gives to another cohort next', () => {
    const world = new World().connect();
    const one = granted(world);
    one.subscription();
    const two = granted(world);
    world.socket.say(eventAt(42));
    expect(one.offsets).toEqual([]);
    expect(two.offsets).toEqual([42]);
  });
});

describe('what was lost', () => {
  it('is told when the gateway says so', () => {
    const world = new World().connect();
    const { subscription, calls } = granted(world);
    world.socket.say({ kind: 'gap', cohort: 1, epoch, from: 42, to: 50, reason: 'slow' });
    expect(calls.slice(1)).toEqual([['gap', { epoch, from: 42, to: 50, reason: 'slow' }]]);
    expect(subscription.position).toEqual({ epoch, offset: 50 });
    world.socket.say(eventAt(51));
    expect(calls).toHaveLength(2);
  });

  it('is told only as far as it concerns the subscription', () => {
    const world = new World().connect();
    const one = granted(world);
    const two = granted(world, {}, { position: { epoch, offset: 45 } });
    const three = granted(world, {}, { position: { epoch, offset: 50 } });
    world.socket.say({ kind: 'gap', cohort: 1, epoch, from: 42, to: 50, reason: 'slow' });
    expect(one.calls[1]).toEqual(['gap', { epoch, from: 42, to: 50, reason: 'slow' }]);
    expect(two.calls[1]).toEqual(['gap', { epoch, from: 46, to: 50, reason: 'slow' }]);
    expect(three.calls[1]).toBeUndefined();
  });

  it('is noticed from prev', () => {
    const world = new World().connect();
    const { calls, offsets, subscription } = granted(world);
    expect(offsets).toEqual([]);
    world.socket.say(eventAt(50, { prev: 48 }));
    expect(calls.slice(1)).toEqual([['gap', { epoch, from: 42, to: 48, reason: 'detected' }]]);
    expect(subscription.position).toEqual({ epoch, offset: 50 });
  });

  it('is noticed when it is a single event', () => {
    const world = new World().connect();
    const { calls } = granted(world);
    world.socket.say(eventAt(43, { prev: 42 }));
    expect(calls.slice(1)).toEqual([['gap', { epoch, from: 42, to: 42, reason: 'detected' }]]);
  });

  it('is not suspected where offsets were skipped', () => {
    const world = new World().connect();
    const subscriber = granted(world);
    world.socket.say(eventAt(50, { prev: 41 }));
    world.socket.say(eventAt(77, { prev: 50 }));
    expect(subscriber.offsets).toEqual([50, 77]);
    expect(subscriber.calls).toHaveLength(1);
  });

  it('is unknown after a reset', () => {
    const world = new World().connect();
    const { calls, subscription } = granted(world);
    const position = { epoch: 'another', offset: 3 };
    world.socket.say({ kind: 'reset', cohort: 1, reason: 'epoch', ended: false, position });
    expect(calls.slice(1)).toEqual([['reset', 'epoch']]);
    expect(subscription.position).toEqual(position);
    expect(subscription.state.name).toBe('subscribed');
  });

  it('is unknown when the epoch changes without a reset', () => {
    const world = new World().connect();
    const { calls, events, subscription } = granted(world);
    const position = { epoch: 'another', offset: 1 };
    world.socket.say(eventAt(1, { position, prev: 0 }));
    expect(calls.slice(1)).toEqual([['reset', 'epoch']]);
    expect(events).toHaveLength(1);
    expect(subscription.position).toEqual(position);
  });
});

describe('what comes twice', () => {
  it('is not handed out twice', () => {
    const world = new World().connect();
    const { events, subscription } = granted(world);
    world.socket.say(eventAt(42));
    world.socket.say(eventAt(42, { redelivered: true }));
    world.socket.say(eventAt(43, { id: 'id-42' }));
    expect(events).toHaveLength(1);
    expect(subscription.position).toEqual({ epoch, offset: 43 });
  });

  it('is handed out when this client did not have it, with a mark', () => {
    const world = new World().connect();
    const { events, subscription, calls } = granted(world);
    world.socket.say(eventAt(30, { redelivered: true }));
    expect(events).toMatchObject([{ id: 'id-30', redelivered: true }]);
    expect(subscription.position).toEqual({ epoch, offset: 41 });
    expect(calls).toHaveLength(1);
  });
});

describe('a new connection', () => {
  it('resumes after the last position, without a word', () => {
    const world = new World().connect();
    const { calls, subscription, events } = granted(world);
    world.socket.say(eventAt(42));
    world.socket.end(1012);
    expect(subscription.state).toEqual({ name: 'pending' });
    world.clock.advance(1_000);
    world.socket.welcome();
    expect(world.socket.heard()).toEqual([
      { kind: 'subscribe', type: 'board.Order', since: { epoch, offset: 42 }, id: 2 },
    ]);
    world.socket.say(
      subscribed(2, { cohort: 9, position: { epoch, offset: 42 }, resume: 'resumed' }),
    );
    world.socket.say(eventAt(43, { cohort: 1 }));
    world.socket.say(eventAt(43, { cohort: 9 }));
    expect(events.map(({ position }) => position.offset)).toEqual([42, 43]);
    expect(calls).toEqual([['subscribed', 41]]);
  });

  it('tells when the gateway cannot resume', () => {
    const world = new World().connect();
    const { calls, subscription } = granted(world);
    world.reconnect();
    const position = { epoch: 'another', offset: 0 };
    world.socket.say(
      subscribed(subscribeId(world.socket.heard()), {
        position,
        resume: 'reset',
        reason: 'trimmed',
      }),
    );
    expect(calls.slice(1)).toEqual([['reset', 'trimmed']]);
    expect(subscription.position).toEqual(position);
    expect(subscription.state.name).toBe('subscribed');
  });

  it('begins where the application asked to, when there is nothing later', () => {
    const world = new World();
    const since = { epoch, offset: 7 };
    const { subscription } = new Subscriber(world, { since });
    expect(subscription.position).toEqual(since);
    world.socket.end(1006);
    world.clock.advance(125);
    world.socket.welcome();
    expect(world.socket.heard()).toMatchObject([{ kind: 'subscribe', since }]);
  });

  it('asks for all subscriptions, in their order', () => {
    const world = new World().connect();
    for (const type of ['a.A', 'b.B', 'c.C']) world.gateway.subscribe(type, () => undefined);
    world.reconnect();
    expect(world.socket.heard().map(({ type }) => type)).toEqual(['a.A', 'b.B', 'c.C']);
  });

  it('asks once for one that a listener of connected added', () => {
    const world = new World();
    world.gateway.on('state', ({ name }) => {
      if (name === 'connected') world.gateway.subscribe('late.One', () => undefined);
    });
    world.gateway.subscribe('early.One', () => undefined);
    world.socket.welcome();
    expect(world.socket.heard().map(({ type }) => type)).toEqual(['late.One', 'early.One']);
  });

  it('without an answer about resuming is not taken at its word', () => {
    const world = new World().connect();
    granted(world);
    world.reconnect();
    world.socket.say(subscribed(subscribeId(world.socket.heard())));
    expect(world.errors[0]).toMatchObject({ name: 'ProtocolError', member: 'resume' });
    expect(world.gateway.state.name).toBe('waiting');
  });
});
