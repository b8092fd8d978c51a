import { afterEach, describe, expect, it, vi } from 'vitest';

import { ClosedError, HandlerError, RefusedError } from '../src/errors.js';
import { epoch, eventAt, subscribed, subscribeId, World } from './fakes.js';
import type { Json } from './fakes.js';
import { granted, Subscriber } from './subscriber.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a refusal', () => {
  const refusal = {
    kind: 'error',
    code: 'unknown_type',
    message: 'there is no event type "board.Ordr"',
    member: 'type',
    nearest: ['board.Order'],
  };

  it('is told to onError and to ready', async () => {
    const world = new World().connect();
    const { subscription, calls } = new Subscriber(world);
    world.socket.say({ ...refusal, id: 2 });
    expect(calls).toEqual([['error', 'unknown_type']]);
    const error = await subscription.ready.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      code: 'unknown_type',
      message:
        'subscription to "board.Order": there is no event type "board.Ordr"; ' +
        'did you mean "board.Order"?',
      type: 'board.Order',
      member: 'type',
      nearest: ['board.Order'],
    });
    expect(subscription.state).toEqual({ name: 'refused', error });
    expect(world.errors).toEqual([]);
  });

  it('names all that may have been meant, and nothing where the gateway names nothing', () => {
    const nearest = ['board.Order', 'board.Border'];
    const { message } = new RefusedError('unknown_type', 'no such type', { nearest });
    expect(message).toBe('no such type; did you mean "board.Order" or "board.Border"?');
    expect(new RefusedError('forbidden', 'not yours', { nearest: [] })).toMatchObject({
      message: 'not yours',
      type: undefined,
      nearest: [],
    });
  });

  it('is told to everybody when there is no onError', () => {
    const world = new World().connect();
    world.gateway.subscribe('board.Ordr', () => undefined);
    world.socket.say({ ...refusal, id: 2 });
    expect(world.errors).toMatchObject([{ name: 'RefusedError', code: 'unknown_type' }]);
    expect(world.logged).toHaveBeenCalledTimes(1);
  });

  it('is not for ever: it is asked for again when the types change', () => {
    const world = new World().connect();
    const subscriber = new Subscriber(world);
    world.socket.heard();
    world.socket.say({ ...refusal, id: 2 });
    world.socket.say({ kind: 'types_changed', catalogue: 4 });
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id: 3 }]);
    world.socket.say(subscribed(3));
    expect(subscriber.state).toBe('subscribed');
    expect(subscriber.calls).toEqual([
      ['error', 'unknown_type'],
      ['subscribed', 41],
    ]);
  });

  it('of one that stood before is told as well, and it is asked for at the next connection', () => {
    const world = new World().connect();
    const subscriber = granted(world);
    world.reconnect();
    const id = subscribeId(world.socket.heard());
    world.socket.say({ kind: 'error', id, code: 'forbidden', message: 'no longer' });
    expect(subscriber.calls.at(-1)).toEqual(['error', 'forbidden']);
    expect(subscriber.state).toBe('refused');
    world.reconnect();
    expect(world.socket.heard()).toMatchObject([
      { kind: 'subscribe', since: { epoch, offset: 41 } },
    ]);
  });

  it('that is only for now is tried again when the gateway says', () => {
    const world = new World().connect();
    const subscriber = new Subscriber(world);
    world.socket.heard();
    world.socket.say({ ...refusal, id: 2, code: 'overloaded', retry_after_ms: 500 });
    world.clock.advance(499);
    expect(world.socket.heard()).toEqual([]);
    world.clock.advance(1);
    expect(world.socket.heard()).toMatchObject([{ kind: 'subscribe', id: 3 }]);
    world.socket.say(subscribed(3));
    expect(subscriber.state).toBe('subscribed');
  });

  it('that is only for now is not tried again after the undo', () => {
    const world = new World().connect();
    const { subscription } = new Subscriber(world);
    world.socket.heard();
    world.socket.say({ ...refusal, id: 2, code: 'overloaded', retry_after_ms: 500 });
    subscription();
    world.clock.advance(5_000);
    expect(world.socket.heard()).toEqual([]);
  });

  it('may come later, as a reset that ends the subscription', () => {
    const world = new World().connect();
    const one = granted(world);
    const two = granted(world);
    world.socket.heard();
    world.socket.say({ kind: 'reset', cohort: 1, reason: 'forbidden', ended: true });
    expect(one.subscription.state).toMatchObject({
      error: {
        message: 'subscription to "board.Order": the gateway ended it: forbidden',
        type: 'board.Order',
      },
    });
    for (const { calls, state, subscription } of [one, two]) {
      expect(calls.slice(1)).toEqual([
        ['reset', 'forbidden'],
        ['error', 'forbidden'],
      ]);
      expect(state).toBe('refused');
      expect(subscription.position).toEqual({ epoch, offset: 41 });
    }
    world.socket.say(eventAt(42));
    expect(one.events).toEqual([]);
    one.subscription();
    world.socket.say({ kind: 'types_changed', catalogue: 4 });
    expect(world.socket.heard()).toMatchObject([
      { kind: 'subscribe', since: { epoch, offset: 41 } },
    ]);
  });

  it('may be for good: one that was closed from outside is not asked for again', () => {
    const world = new World().connect();
    const { calls, subscription } = granted(world);
    world.socket.say({ kind: 'reset', cohort: 1, reason: 'closed', ended: true });
    expect(subscription.state).toMatchObject({
      name: 'ended',
      error: {
        code: 'closed',
        message: 'subscription to "board.Order": the gateway ended it: closed',
      },
    });
    expect(calls.slice(1)).toEqual([
      ['reset', 'closed'],
      ['error', 'closed'],
    ]);
    world.socket.say(eventAt(42));
    world.socket.heard();
    world.socket.say({ kind: 'types_changed', catalogue: 4 });
    world.reconnect();
    world.gateway.close();
    void world.gateway.connect();
    world.socket.welcome();
    expect(world.socket.heard()).toEqual([]);
    expect(subscription.state.name).toBe('ended');
    subscription();
    expect(subscription.state.name).toBe('unsubscribed');
    expect(world.socket.heard()).toEqual([]);
  });

  it('of a query says where it is wrong', () => {
    const world = new World().connect();
    const { subscription } = new Subscriber(world, { where: 'totl > 100' });
    world.socket.say({
      kind: 'error',
      id: 2,
      code: 'query_field',
      message: 'unknown field "totl" at line 1, column 1: "totl > 100"',
      member: 'where',
      line: 1,
      column: 1,
      nearest: ['total'],
    });
    expect(subscription.state).toMatchObject({
      name: 'refused',
      error: {
        code: 'query_field',
        member: 'where',
        line: 1,
        column: 1,
        nearest: ['total'],
        message:
          'subscription to "board.Order": unknown field "totl" at line 1, column 1: ' +
          '"totl > 100"; did you mean "total"?',
      },
    });
  });
});

describe('a subscription that ends because the event type has changed', () => {
  const changed: Json = { kind: 'reset', cohort: 1, reason: 'query_changed', ended: true };

  /** One with a query, which stands. */
  function standing(): { world: World; subscriber: Subscriber } {
    const world = new World().connect();
    const subscriber = granted(world, { where: 'total > 100' });
    world.socket.heard();
    return { world, subscriber };
  }

  it('is asked for again, and tells that data may have been lost when it stands', () => {
    const { world, subscriber } = standing();
    world.socket.say(changed);
    expect(world.socket.heard()).toEqual([
      { kind: 'subscribe', type: 'board.Order', where: 'total > 100', id: 3 },
    ]);
    expect(subscriber.state).toBe('subscribing');
    expect(subscriber.calls.slice(1)).toEqual([]);
    const position = { epoch, offset: 50 };
    world.socket.say(subscribed(3, { cohort: 2, position }));
    expect(subscriber.calls.slice(1)).toEqual([['reset', 'query_changed']]);
    expect(subscriber.subscription.position).toEqual(position);
    world.socket.say(eventAt(51));
    world.socket.say(eventAt(51, { cohort: 2 }));
    expect(subscriber.offsets).toEqual([51]);
    world.socket.say({ kind: 'types_changed', catalogue: 4 });
    world.socket.say({ ...changed, cohort: 2 });
    expect(world.socket.heard()).toHaveLength(1);
  });

  it('is not asked for over and over when the event types stay as they are', () => {
    const { world, subscriber } = standing();
    world.socket.say(changed);
    world.socket.say(subscribed(3));
    world.socket.heard();
    world.socket.say(changed);
    expect(world.socket.heard()).toEqual([]);
    expect(subscriber.state).toBe('refused');
    expect(subscriber.calls.slice(1)).toEqual([
      ['reset', 'query_changed'],
      ['reset', 'query_changed'],
      ['error', 'query_changed'],
    ]);
    world.reconnect();
    world.socket.say(
      subscribed(subscribeId(world.socket.heard()), { resume: 'reset', reason: 'trimmed' }),
    );
    world.socket.say(changed);
    expect(world.socket.heard()).toHaveLength(1);
  });

  it('is over when that is refused, until the event types change again', () => {
    const { world, subscriber } = standing();
    world.socket.say(changed);
    world.socket.say({ kind: 'error', id: 3, code: 'query_field', message: 'unknown field' });
    expect(subscriber.state).toBe('refused');
    expect(subscriber.calls.slice(1)).toEqual([['error', 'query_field']]);
    world.socket.heard();
    world.clock.advance(20_000);
    expect(world.socket.heard()).toEqual([]);
    world.socket.say({ kind: 'types_changed', catalogue: 5 });
    expect(subscribeId(world.socket.heard())).toBe(4);
    world.socket.say(subscribed(4));
    expect(subscriber.calls.slice(2)).toEqual([['reset', 'query_changed']]);
  });

  it('is asked for once when the event types change at the same time', () => {
    const { world } = standing();
    world.socket.say(changed);
    world.socket.say({ kind: 'types_changed', catalogue: 4 });
    expect(world.socket.heard()).toHaveLength(1);
  });

  it('is asked for as ever when the connection is lost meanwhile', () => {
    const { world, subscriber } = standing();
    world.socket.say(changed);
    world.reconnect();
    expect(world.socket.heard()).toEqual([
      { kind: 'subscribe', type: 'board.Order', where: 'total > 100', id: 2 },
    ]);
    world.socket.say(subscribed(2));
    expect(subscriber.calls.slice(1)).toEqual([['reset', 'query_changed']]);
    world.reconnect();
    world.socket.say(subscribed(2, { resume: 'resumed' }));
    expect(subscriber.calls).toHaveLength(2);
  });

  it('is not asked for after its undo', () => {
    const { world, subscriber } = standing();
    world.socket.say(changed);
    subscriber.subscription();
    world.socket.say(subscribed(3, { cohort: 2 }));
    world.socket.say(eventAt(51, { cohort: 2 }));
    expect(world.socket.heard().map(({ kind }) => kind)).toEqual(['subscribe', 'unsubscribe']);
    expect(subscriber.events).toEqual([]);
    expect(subscriber.calls).toHaveLength(1);
  });
});

describe('a gateway object that is closed', () => {
  it('keeps its subscriptions for another connect()', async () => {
    const world = new World().connect();
    const { subscription } = granted(world);
    const pending = new Subscriber(world);
    world.gateway.close();
    await expect(pending.subscription.ready).rejects.toEqual(new ClosedError('requested'));
    expect(subscription.state).toEqual({ name: 'pending' });
    void world.gateway.connect();
    world.socket.welcome();
    expect(world.socket.heard()).toHaveLength(2);
  });

  it('hands out nothing more, not even of the event whose handler closed it', () => {
    const world = new World().connect();
    world.gateway.subscribe('board.Order', () => {
      world.gateway.close();
    });
    world.socket.say(subscribed(2));
    world.socket.heard();
    const other = granted(world);
    world.socket.say(eventAt(42));
    expect(other.events).toEqual([]);
  });

  it('does not connect because of a subscription', async () => {
    const world = new World().connect();
    world.gateway.close();
    const { subscription } = new Subscriber(world);
    expect(world.sockets).toHaveLength(1);
    await expect(subscription.ready).rejects.toEqual(new ClosedError('requested'));
    void world.gateway.connect();
    world.socket.welcome();
    expect(world.socket.heard()).toMatchObject([{ kind: 'subscribe' }]);
  });
});

describe('a handler that fails', () => {
  it('does not keep an event from the others', () => {
    const world = new World().connect();
    const cause = new Error('oops');
    world.gateway.subscribe('board.Order', () => {
      throw cause;
    });
    world.socket.say(subscribed(2));
    world.socket.heard();
    const other = granted(world);
    world.socket.say(eventAt(42));
    world.socket.say(eventAt(43));
    expect(other.offsets).toEqual([42, 43]);
    expect(world.errors).toHaveLength(2);
    expect(world.errors[0]).toBeInstanceOf(HandlerError);
    expect(world.errors[0]?.message).toBe('the handler of "board.Order" failed: Error: oops');
    expect(world.errors[0]?.cause).toBe(cause);
    expect(world.logged).toHaveBeenCalledTimes(2);
  });

  it('is reported also when it does so later', async () => {
    const world = new World().connect();
    world.gateway.subscribe('board.Order', (() => Promise.reject(new Error('late'))) as never);
    world.socket.say(subscribed(2));
    world.socket.say(eventAt(42));
    await Promise.resolve();
    expect(world.errors.map(({ message }) => message)).toEqual([
      'the handler of "board.Order" failed: Error: late',
    ]);
  });

  it.each(['onSubscribed', 'onGap', 'onReset', 'onError'] as const)('may be %s', (name) => {
    const world = new World().connect();
    const { events } = granted(world, {
      [name]: () => {
        throw new Error('oops');
      },
    });
    world.socket.say(eventAt(50, { prev: 45 }));
    world.socket.say({ kind: 'reset', cohort: 1, reason: 'forbidden', ended: true });
    expect(events).toHaveLength(1);
    expect(world.errors.map(({ message }) => message)).toEqual([
      `${name} of "board.Order" failed: Error: oops`,
    ]);
  });
});

describe('types()', () => {
  const type: Json = {
    name: 'board.Order',
    verbose_name: 'order',
    verbose_name_plural: 'orders',
    operations: ['create', 'update', 'delete'],
    key: ['id'],
    fields: [{ name: 'id', type: 'int', nullable: false, verbose_name: 'ID' }],
    delivery: 'live',
    ttl_ms: null,
    access: 'public',
  };

  it('connects and gives what there is', async () => {
    const world = new World();
    const types = world.gateway.types();
    world.socket.welcome();
    expect(world.socket.heard()).toEqual([{ kind: 'types', id: 2 }]);
    world.socket.say({ kind: 'types', id: 2, catalogue: 3, types: [type] });
    await expect(types).resolves.toEqual([type]);
  });

  it('asks again when the connection was lost before the answer', async () => {
    const world = new World().connect();
    const types = world.gateway.types();
    world.reconnect();
    expect(world.socket.heard()).toEqual([{ kind: 'types', id: 2 }]);
    world.socket.say({ kind: 'types', id: 2, catalogue: 3, types: [] });
    await expect(types).resolves.toEqual([]);
    world.reconnect();
    expect(world.socket.heard()).toEqual([]);
  });

  it('is rejected when the gateway refuses', async () => {
    const world = new World().connect();
    const types = world.gateway.types();
    world.socket.say({ kind: 'error', id: 2, code: 'internal', message: 'sorry' });
    await expect(types).rejects.toMatchObject({ name: 'RefusedError', code: 'internal' });
  });

  it('is rejected when the gateway object is closed, before and after', async () => {
    const world = new World().connect();
    const before = world.gateway.types();
    world.gateway.close();
    await expect(before).rejects.toEqual(new ClosedError('requested'));
    await expect(world.gateway.types()).rejects.toEqual(new ClosedError('requested'));
  });
});
