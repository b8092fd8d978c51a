import { readdirSync, readFileSync } from 'node:fs';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { Close, closeGroup, ErrorCode } from '../src/codes.js';
import { ProtocolError } from '../src/errors.js';
import type { ConnectMessage, SubscribeMessage } from '../src/messages.js';
import { parseServerMessage } from '../src/parse.js';
import { connected, epoch, Kept, subscribed, World } from './fakes.js';
import type { Json } from './fakes.js';

const protocol = new URL('../../protocol/', import.meta.url);

interface Case {
  readonly name: string;
  readonly message: Json;
  readonly send: Json | string;
  readonly expect: { readonly member: string | readonly string[] };
}

/** What the vectors have a client say, in what this one can be made to say. */
type Said = { readonly kind: string } & Partial<
  Pick<ConnectMessage, 'client' | 'ticket' | 'session'> &
    Pick<SubscribeMessage, SubscribeMember>
>;
type SubscribeMember = 'type' | 'where' | 'fields' | 'durable' | 'since';

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, protocol), 'utf8'));

interface Schema {
  readonly properties?: Json;
  readonly allOf?: readonly { readonly $ref: string }[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** The names that a schema gives, those of what it builds upon included. */
function membersOf(file: string): readonly string[] {
  const { properties = {}, allOf = [] } = read(`schema/${file}`) as Schema;
  const { $defs = {} } = read('schema/common.json') as Schema;
  const parts = allOf.map(({ $ref }) => $defs[$ref.replace('common.json#/$defs/', '')]);
  return [properties, ...parts.map((part) => part?.properties ?? {})].flatMap(Object.keys);
}

/** The cases of every file of a folder of protocol/vectors, with the names of both. */
function cases(folder: string): readonly [string, Case][] {
  const files = readdirSync(new URL(`vectors/${folder}`, protocol)).sort();
  return files.flatMap((file) =>
    (read(`vectors/${folder}/${file}`) as { cases: readonly Case[] }).cases.map(
      (one): [string, Case] => [`${file}: ${one.name}`, one],
    ),
  );
}

/** Members that a message type of this client has no name for are dropped by reading it. */
function subset(read: unknown, sent: unknown): boolean {
  if (Array.isArray(read) && Array.isArray(sent)) {
    return read.length === sent.length && read.every((one, index) => subset(one, sent[index]));
  }
  if (typeof read === 'object' && read !== null && typeof sent === 'object' && sent !== null) {
    return Object.entries(read).every(([key, value]) => subset(value, (sent as Json)[key]));
  }
  return Object.is(read, sent);
}

describe('what a gateway may say is read', () => {
  it.each(cases('messages/gateway'))('%s', (_, { message }) => {
    const parsed = parseServerMessage(JSON.stringify(message));
    if (parsed.kind === 'unknown') {
      expect(parsed.name).toBe(message['kind']);
      return;
    }
    expect(subset(parsed, message)).toBe(true);
    const names = membersOf(`gateway.${parsed.kind}.json`);
    const known = Object.keys(message).filter((key) => names.includes(key));
    expect(Object.keys(parsed).sort()).toEqual(known.sort());
  });

  it('in all its kinds', () => {
    const kinds = new Set(cases('messages/gateway').map(([, { message }]) => message['kind']));
    const schemas = readdirSync(new URL('schema', protocol))
      .map((file) => /^gateway\.(.*)\.json$/.exec(file)?.[1])
      .filter((kind) => kind !== undefined);
    expect(schemas.length).toBeGreaterThan(0);
    for (const kind of schemas) {
      expect(kinds).toContain(kind);
      expect(() => parseServerMessage(JSON.stringify({ kind }))).toThrow(ProtocolError);
    }
  });
});

describe('what a gateway must not say is refused, and the member named', () => {
  it.each(cases('reject/gateway'))('%s', (_, { send, expect: { member } }) => {
    const text = typeof send === 'string' ? send : JSON.stringify(send);
    let caught: unknown;
    try {
      parseServerMessage(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ProtocolError);
    expect([member].flat()).toContain((caught as ProtocolError).member);
  });
});

describe('what this client says', () => {
  const ajv = new Ajv2020({ strict: false });
  for (const file of readdirSync(new URL('schema', protocol))) {
    ajv.addSchema(read(`schema/${file}`) as object);
  }

  /** Checks a message against the schema of its kind. */
  function conforms(message: Json): void {
    const validate = ajv.getSchema(`client.${String(message['kind'])}.json`);
    if (!validate) throw new Error(`there is no schema for ${JSON.stringify(message)}`);
    void validate(message);
    expect(validate.errors ?? [], JSON.stringify(message)).toEqual([]);
  }

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Has the client say what `message` says; undefined where there is no way to. */
  function said(message: Json): Json | undefined {
    const {
      kind,
      type = 'shop.Order',
      client,
      ticket,
      session,
      where,
      fields,
      durable,
      since,
    } = message as unknown as Said;
    const world = new World({
      ...(client !== undefined && { client }),
      ...(ticket !== undefined && { ticket }),
      ...(session !== undefined && { session: new Kept(session) }),
    });
    if (kind === 'connect') {
      if ('claims' in message) return undefined;
      void world.gateway.connect();
      world.socket.open();
      return world.socket.heard()[0];
    }
    world.connect();
    switch (kind) {
      case 'subscribe':
      case 'unsubscribe': {
        const undo = world.gateway.subscribe(
          type,
          {
            ...(where !== undefined && { where }),
            ...(fields !== undefined && { fields }),
            ...(durable !== undefined && { durable }),
            ...(since !== undefined && { since }),
          },
          () => undefined,
        );
        if (kind === 'unsubscribe') {
          world.socket.say(subscribed(2));
          undo();
        }
        return world.socket.heard().find((one) => one['kind'] === kind);
      }
      case 'types':
        world.gateway.types().catch(() => undefined);
        return world.socket.heard()[0];
      case 'ping':
        world.wake();
        return world.socket.heard()[0];
      default:
        return undefined;
    }
  }

  const all = cases('messages/client');
  const unsaid = all.filter(([, { message }]) => said(message) === undefined);

  it.each(all.filter((one) => !unsaid.includes(one)))('is as in %s', (_, { message }) => {
    const sent = said(message) ?? {};
    conforms(sent);
    // Ids are its own, and it always says which client it is.
    const { id, client, subscription, ...same } = sent;
    expect(typeof id).toBe('number');
    expect(subset(same, message)).toBe(true);
    expect(
      client === undefined || message['client'] === undefined || client === message['client'],
    ).toBe(true);
    expect(subscription !== undefined).toBe(message['kind'] === 'unsubscribe');
    for (const name of ['ticket', 'session', 'type', 'where', 'fields', 'durable', 'since']) {
      if (name in message) expect(sent).toHaveProperty(name);
    }
  });

  it('lacks what comes with durable subscriptions, what is for tests, and no more', () => {
    const what = new Set(
      unsaid.flatMap(([, { message }]) =>
        message['kind'] === 'connect' ? Object.keys(message).slice(2) : [message['kind']],
      ),
    );
    expect(what).toEqual(new Set(['ack', 'claims']));
  });

  it('conforms in a whole conversation, the ids of which are not used twice', () => {
    const world = new World();
    const undo = world.gateway.subscribe('shop.Order', () => undefined);
    world.socket.open();
    const heard = [...world.socket.heard()];
    world.socket.say(connected);
    heard.push(...world.socket.heard());
    world.socket.say(subscribed(2));
    world.gateway.types().catch(() => undefined);
    world.clock.advance(25_000);
    undo();
    heard.push(...world.socket.heard());
    expect(heard.map(({ kind }) => kind)).toEqual([
      'connect',
      'subscribe',
      'types',
      'ping',
      'unsubscribe',
    ]);
    heard.forEach(conforms);
    expect(heard.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is measured: the schemas do refuse', () => {
    const validate = ajv.getSchema('client.subscribe.json');
    expect(validate?.({ kind: 'subscribe', id: 1, type: 'a.A', since: { epoch } })).toBe(false);
  });
});

describe('the codes', () => {
  const codes = read('codes.json') as {
    errors: readonly { code: string }[];
    closes: readonly { close: number; name: string; group: string }[];
  };

  it('are those of codes.json', () => {
    expect(Object.values(ErrorCode)).toEqual(codes.errors.map(({ code }) => code));
    expect(Object.entries(Close)).toEqual(codes.closes.map(({ close, name }) => [name, close]));
    expect(Object.entries(closeGroup)).toEqual(
      codes.closes.map(({ close, group }) => [String(close), group]),
    );
  });
});
