import { afterEach, describe, expect, it, vi } from 'vitest';

import { subscribed, World } from './fakes.js';
import { granted, Subscriber } from './subscriber.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const tooMany = (
  id: number,
  more: object = { retry_after_ms: 200 },
): Record<string, unknown> => ({
  kind: 'error',
  id,
  code: 'too_many_messages',
  message: 'messages come too fast',
  ...more,
});

describe('messages that came too fast', () => {
  it('are sent again when the gateway says, one at a time, and nobody is told', () => {
    const world = new World().connect();
    const subscribers = [new Subscriber(world), new Subscriber(world), new Subscriber(world)];
    world.socket.heard();
    for (const id of [2, 3, 4]) world.socket.say(tooMany(id));
    world.clock.advance(199);
    expect(world.socket.heard()).toEqual([]);
    for (const id of [2, 3, 4]) {
      world.clock.advance(id === 2 ? 1 : 25);
      expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id }]);
      world.socket.say(subscribed(id));
    }
    expect(subscribers.map(({ state }) => state)).toEqual(Array(3).fill('subscribed'));
    expect(subscribers.flatMap(({ calls }) => calls)).toEqual(
      Array(3).fill(['subscribed', 41]),
    );
    expect(world.errors).toEqual([]);
  });

  it('keep others waiting behind them, until all is said', () => {
    const world = new World().connect();
    new Subscriber(world);
    world.socket.heard();
    world.socket.say(tooMany(2));
    world.gateway.types().catch(() => undefined);
    expect(world.socket.heard()).toEqual([]);
    world.clock.advance(1_000);
    expect(world.socket.heard().map(({ kind }) => kind)).toEqual(['subscribe', 'types']);
    new Subscriber(world);
    expect(world.socket.heard()).toHaveLength(1);
  });

  it('wait anew when they still come too fast', () => {
    const world = new World().connect();
    new Subscriber(world);
    new Subscriber(world);
    world.socket.heard();
    world.socket.say(tooMany(2));
    world.socket.say(tooMany(3));
    world.clock.advance(200);
    expect(world.socket.heard()).toMatchObject([{ id: 2 }]);
    world.socket.say(tooMany(2, { retry_after_ms: 500 }));
    world.clock.advance(499);
    expect(world.socket.heard()).toEqual([]);
    world.clock.advance(26);
    expect(world.socket.heard()).toMatchObject([{ id: 3 }, { id: 2 }]);
  });

  it('wait a second when the gateway does not say how long', () => {
    const world = new World().connect();
    new Subscriber(world);
    world.socket.heard();
    world.socket.say(tooMany(2, {}));
    world.clock.advance(999);
    expect(world.socket.heard()).toEqual([]);
    world.clock.advance(1);
    expect(world.socket.heard()).toHaveLength(1);
  });

  it('may be an undo: it is said all the same', () => {
    const world = new World().connect();
    const { subscription } = granted(world);
    subscription();
    world.socket.heard();
    world.socket.say(tooMany(3));
    world.clock.advance(200);
    expect(world.socket.heard()).toEqual([{ kind: 'unsubscribe', subscription: 2, id: 3 }]);
  });

  it('leave no subscription behind that was undone meanwhile', () => {
    const world = new World().connect();
    const { subscription } = new Subscriber(world);
    world.socket.heard();
    world.socket.say(tooMany(2));
    subscription();
    world.clock.advance(200);
    world.socket.say(subscribed(2));
    world.clock.advance(200);
    expect(world.socket.heard().map(({ kind }) => kind)).toEqual(['subscribe', 'unsubscribe']);
  });

  it('are not said on another connection', () => {
    const world = new World().connect();
    granted(world);
    world.gateway.types().catch(() => undefined);
    world.socket.heard();
    world.socket.say(tooMany(3, { retry_after_ms: 20_000 }));
    world.reconnect();
    expect(world.socket.heard().map(({ kind }) => kind)).toEqual(['subscribe', 'types']);
    world.clock.advance(20_000);
    expect(world.socket.heard()).toEqual([]);
  });
});

describe('a client that is at its limit of connections', () => {
  it('waits, and tries again', () => {
    const world = new World();
    world.gateway.connect().catch(() => undefined);
    world.socket.open();
    world.socket.say({ kind: 'error', id: 1, code: 'too_many_connections', message: 'no' });
    expect(world.gateway.state).toMatchObject({ name: 'waiting' });
  });
});
