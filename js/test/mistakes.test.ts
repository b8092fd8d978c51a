import { afterEach, describe, expect, it, vi } from 'vitest';

import { Gateway } from '../src/gateway.js';
import { World } from './fakes.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const nothing = (): void => undefined;
const subscribeNames = 'where, fields, durable, since, onSubscribed, onGap, onReset, onError';
const gatewayNames =
  'url, port, path, ticket, ticketUrl, csrf, anonymous, session, client, backoff, ' +
  'WebSocket, clock, random, wake';

describe('a mistake in subscribe()', () => {
  it.each([
    [
      'an option that there is not',
      ['a.A', { ongap: nothing }, nothing],
      `subscribe() knows no option "ongap", only ${subscribeNames}`,
    ],
    [
      'an option that every object inherits',
      ['a.A', { toString: nothing }, nothing],
      `subscribe() knows no option "toString", only ${subscribeNames}`,
    ],
    [
      'options after the handler',
      ['a.A', nothing, { onGap: nothing }],
      'subscribe() wants (type, handler) or (type, options, handler), ' +
        'but got (string, function, object)',
    ],
    [
      'two handlers',
      ['a.A', nothing, nothing],
      'subscribe() wants (type, handler) or (type, options, handler), ' +
        'but got (string, function, function)',
    ],
    [
      'no handler',
      ['a.A', { onGap: nothing }],
      'subscribe() wants (type, handler) or (type, options, handler), ' +
        'but got (string, object, undefined)',
    ],
    [
      'no type',
      [nothing],
      'subscribe() wants (type, handler) or (type, options, handler), ' +
        'but got (function, undefined, undefined)',
    ],
    [
      'null for options',
      ['a.A', null, nothing],
      'the options of subscribe() should be an object, but are null',
    ],
    [
      'a query without its name',
      ['a.A', 'x > 1', nothing],
      'the options of subscribe() should be an object, but are "x > 1"',
    ],
  ])('is told, as %s', (_, mistaken, message) => {
    const world = new World();
    expect(() => world.gateway.subscribe(...(mistaken as [string, () => void]))).toThrow(
      new TypeError(message),
    );
    expect(world.gateway.state).toEqual({ name: 'idle' });
    world.connect();
    expect(world.socket.heard()).toEqual([]);
  });

  it('is not an option that is left undefined', () => {
    const world = new World().connect();
    const options = { fields: undefined, onGap: undefined } as object;
    world.gateway.subscribe('a.A', options, nothing);
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'a.A', id: 2 }]);
  });

  it('is a query that is undefined, which would ask for everything', () => {
    const world = new World().connect();
    const options = { where: undefined } as object;
    const message = 'a query is a text, or an object of a field or more, or left out';
    expect(() => world.gateway.subscribe('a.A', options, nothing)).toThrow(
      new TypeError(message),
    );
    expect(() => world.gateway.channel('a.A', { id: 7 }, options, nothing)).toThrow(
      new TypeError(message),
    );
    expect(world.socket.heard()).toEqual([]);
  });
});

describe('a mistake in the options of a Gateway', () => {
  it.each([
    [{ ulr: 'ws://localhost/' }, `Gateway knows no option "ulr", only ${gatewayNames}`],
    [{ websocket: null }, `Gateway knows no option "websocket", only ${gatewayNames}`],
    [{ backoff: { base: 10 } }, 'Gateway’s backoff knows no option "base", only baseMs, capMs'],
    [{ csrf: { token: 'x' } }, 'Gateway’s csrf knows no option "token", only cookie, header'],
    [{ ticket: { tgt: 1 } }, '`ticket` should be a string or a function'],
    [{ session: 'cookies' }, '`session` should be "cookie", "memory" or a SessionStore'],
    [{ session: null }, '`session` should be "cookie", "memory" or a SessionStore'],
    [
      'ws://localhost/',
      'the options of Gateway should be an object, but are "ws://localhost/"',
    ],
  ])('is told: %j', (options, message) => {
    expect(() => new Gateway(options as object)).toThrow(new TypeError(message));
  });
});

describe('a mistake in on()', () => {
  it.each(['typeschanged', 'open', 'constructor'])('is told: %s', (name) => {
    expect(() => new World().gateway.on(name as 'state', nothing)).toThrow(
      new TypeError(`on() knows no event "${name}", only state, typesChanged, error`),
    );
  });
});
