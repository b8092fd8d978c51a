import { describe, expect, it } from 'vitest';

import { ProtocolError } from '../src/errors.js';
import { parseServerMessage } from '../src/parse.js';
import { connected, eventAt, subscribed } from './fakes.js';
import type { Json } from './fakes.js';

const type: Json = {
  name: 'board.Order',
  verbose_name: 'order',
  verbose_name_plural: 'orders',
  operations: ['create', 'update', 'delete'],
  key: ['id'],
  fields: [
    { name: 'id', type: 'int', nullable: false, verbose_name: 'ID' },
    {
      name: 'tags',
      type: 'list',
      nullable: true,
      verbose_name: 'tags',
      items: 'string',
      choices: [{ value: null, label: 'none' }],
    },
  ],
  delivery: 'live',
  ttl_ms: 300_000,
  access: 'public',
};

const good: Readonly<Record<string, Json>> = {
  connected: { ...connected, user: '7', session: { token: 'tgs_a', expires_in_ms: 1 } },
  subscribed: subscribed(2),
  'subscribed, reset': subscribed('two', { resume: 'reset', reason: 'trimmed' }),
  unsubscribed: { kind: 'unsubscribed', id: 3 },
  acked: { kind: 'acked', id: 4 },
  pong: { kind: 'pong', id: 5 },
  types: { kind: 'types', id: 6, catalogue: 3, types: [type] },
  event: eventAt(1, { old: {}, changed: [], redelivered: true }),
  gap: { kind: 'gap', cohort: 1, epoch: 'e', from: 1, to: 2, reason: 'slow' },
  reset: { kind: 'reset', cohort: 1, reason: 'forbidden', ended: true },
  types_changed: { kind: 'types_changed', catalogue: 4 },
  error: {
    kind: 'error',
    id: 7,
    code: 'unknown_type',
    message: 'no',
    member: 'type',
    nearest: ['board.Order'],
    retry_after_ms: 10,
  },
  'error without id': { kind: 'error', code: 'invalid_json', message: 'no' },
};

/** Changes one member; a path names it: `types.0.fields.1.type`. */
function withMember(message: Json, path: string, value: unknown): Json {
  const copy = structuredClone(message);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const holder = names.reduce<Json>((object, name) => object[name] as Json, copy);
  holder[last] = value;
  return copy;
}

describe('a good message', () => {
  it.each(Object.entries(good))('%s is read as it is', (_, message) => {
    expect(parseServerMessage(JSON.stringify(message))).toEqual(message);
  });

  it('may have members that only a newer client knows', () => {
    const more = withMember(connected, 'gateway.mood', 'fine');
    expect(parseServerMessage(JSON.stringify({ ...more, weather: { token: 't' } }))).toEqual(
      connected,
    );
  });

  it.each(['weather', 'unknown', 'constructor', '__proto__', ''])(
    'may be of a kind that only a newer client knows: %j',
    (name) => {
      const text = JSON.stringify({ kind: name, id: -1 });
      expect(parseServerMessage(text)).toEqual({ kind: 'unknown', name });
    },
  );
});

describe('a session that cannot be read', () => {
  it.each([
    'tgs_secret',
    { token: ['tgs_secret'], expires_in_ms: 1 },
    { token: `tgs_secret${'x'.repeat(256)}`, expires_in_ms: 1 },
  ])('is not quoted by the error', (session) => {
    const text = JSON.stringify({ ...connected, session });
    expect(() => parseServerMessage(text)).toThrow(ProtocolError);
    expect(() => parseServerMessage(text)).not.toThrow('secret');
  });
});

describe('a bad message names the first member that is wrong', () => {
  it.each<[string, string, unknown]>([
    ['connected', 'user', ''],
    ['connected', 'session.token', ''],
    ['connected', 'session.expires_in_ms', '1'],
    ['connected', 'id', undefined],
    ['connected', 'id', -1],
    ['connected', 'id', 1.5],
    ['connected', 'id', 2 ** 53],
    ['connected', 'id', ''],
    ['connected', 'id', 'x'.repeat(65)],
    ['connected', 'client', 7],
    ['connected', 'gateway', null],
    ['connected', 'gateway.version', 1],
    ['connected', 'catalogue', '3'],
    ['connected', 'ping_interval_ms', 0],
    ['connected', 'limits', []],
    ['connected', 'limits.subscriptions', undefined],
    ['subscribed', 'cohort', null],
    ['subscribed', 'type', ''],
    ['subscribed', 'position', '41'],
    ['subscribed', 'position.epoch', ''],
    ['subscribed', 'position.epoch', 'x'.repeat(33)],
    ['subscribed', 'position.offset', -1],
    ['subscribed', 'delivery', 'perhaps'],
    ['subscribed, reset', 'resume', 'maybe'],
    ['subscribed, reset', 'reason', undefined],
    ['unsubscribed', 'id', null],
    ['types', 'types', {}],
    ['types', 'types.0.ttl_ms', undefined],
    ['types', 'types.0.access', 'anyone'],
    ['types', 'types.0.operations.1', 'add'],
    ['types', 'types.0.fields.1.type', 'colour'],
    ['types', 'types.0.fields.1.items', 'list'],
    ['types', 'types.0.fields.1.nullable', 'yes'],
    ['types', 'types.0.fields.1.choices.0.value', undefined],
    ['event', 'prev', undefined],
    ['event', 'op', 'create'],
    ['event', 'position.offset', '1'],
    ['event', 'id', 12],
    ['event', 'time', null],
    ['event', 'data', []],
    ['event', 'data', 'text'],
    ['event', 'old', null],
    ['event', 'changed', 'status'],
    ['event', 'redelivered', 1],
    ['gap', 'from', 0],
    ['gap', 'to', 0],
    ['gap', 'reason', undefined],
    ['reset', 'ended', 'no'],
    ['reset', 'position', 0],
    ['types_changed', 'catalogue', undefined],
    ['error', 'code', ''],
    ['error', 'message', undefined],
    ['error', 'nearest', 'board.Order'],
    ['error', 'retry_after_ms', -5],
  ])('%s: %s %j', (kind, path, value) => {
    const text = JSON.stringify(withMember(good[kind] ?? {}, path, value));
    const error = caught(text);
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ member: path.replace(/\.(\d+)/g, '[$1]') });
  });

  it('even where two members are at odds', () => {
    expect(
      caught('{"kind":"gap","cohort":1,"epoch":"e","from":5,"to":4,"reason":"slow"}'),
    ).toEqual(new ProtocolError('to', 'to should be at least `from`, but is 4'));
    expect(caught('{"kind":"reset","cohort":1,"reason":"epoch","ended":false}')).toEqual(
      new ProtocolError('position', 'position should be an object, but is nothing'),
    );
  });

  it('and says what would be right', () => {
    expect(caught('{"kind":"types_changed","catalogue":"four"}').message).toBe(
      'catalogue should be an integer from 0 to 2^53-1, but is "four"',
    );
    expect(caught('{"id":1}').message).toBe('kind should be a string, but is nothing');
    expect(caught('null').message).toBe('the message should be an object, but is null');
    expect(caught('{"kind"').message).toBe('the message should be JSON, but is "{\\"kind\\""');
    expect(caught(new Uint8Array(1)).message).toBe('the message should be text, but is binary');
  });
});

function caught(raw: unknown): Error {
  try {
    parseServerMessage(raw);
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
