import { afterEach, describe, expect, it, vi } from 'vitest';

import { ClosedError, TicketError } from '../src/errors.js';
import type { GatewayOptions } from '../src/gateway.js';
import type { TicketSource } from '../src/identity.js';
import { Kept, World } from './fakes.js';
import type { Json } from './fakes.js';
import { granted } from './subscriber.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What `connected` says to one who has an identity. */
function known(token: string, more: Json = {}): Json {
  return { user: '7', session: { token, expires_in_ms: 60_000 }, ...more };
}

const refusal: Json = {
  kind: 'error',
  code: 'unauthenticated',
  message: 'the ticket or session is not good here',
};

/** Lets promises that are fulfilled go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** A web application that hands out tickets by the number. */
function tickets(): TicketSource & { given: number } {
  const source = (): string => {
    source.given += 1;
    return `tgt_${source.given}`;
  };
  source.given = 0;
  return source;
}

/** What the client of a world shows in its latest `connect`; undefined if it said none. */
async function shown(world: World): Promise<Json | undefined> {
  await settled();
  const connect = world.socket.heard().find(({ kind }) => kind === 'connect');
  if (!connect) return undefined;
  const { ticket, session } = connect;
  return { ...(ticket !== undefined && { ticket }), ...(session !== undefined && { session }) };
}

/** A world that has begun to connect, and whose socket is open. */
function opened(options: GatewayOptions): World {
  const world = new World(options);
  world.gateway.connect().catch(() => undefined);
  world.socket.open();
  return world;
}

/** One that is connected as user 7, with the token tgs_1, and has been for a while. */
async function somebody(options: GatewayOptions = {}): Promise<World> {
  const world = opened({ ticket: tickets(), ...options });
  await settled();
  world.socket.heard();
  world.socket.say({ ...welcome(1), ...known('tgs_1') });
  world.clock.advance(6_000);
  return world;
}

function welcome(id: number): Json {
  return {
    kind: 'connected',
    id,
    client: 'c-7f31c0de9b2a44d1',
    gateway: { name: 'telegraphy', version: '0.1.0' },
    catalogue: 3,
    ping_interval_ms: 25_000,
    limits: { message_bytes: 65_536, subscriptions: 100 },
  };
}

/** The connection ends, and the next one is open. */
function again(world: World, code = 1012): void {
  world.socket.end(code);
  world.clock.advance(15_000);
  world.socket.open();
}

describe('connect shows', () => {
  it('nothing of a client that has no identity', async () => {
    const world = opened({});
    expect(await shown(world)).toEqual({});
    world.socket.say(welcome(1));
    expect(world.gateway.state).toMatchObject({ name: 'connected', user: null });
    again(world);
    expect(await shown(world)).toEqual({});
  });

  it('a ticket that it was given', async () => {
    const world = opened({ ticket: 'tgt_given' });
    expect(await shown(world)).toEqual({ ticket: 'tgt_given' });
    world.socket.say({ ...welcome(1), ...known('tgs_1') });
    expect(world.gateway.state).toEqual({
      name: 'connected',
      client: 'c-7f31c0de9b2a44d1',
      user: '7',
    });
  });

  it('that ticket once, and then the session', async () => {
    const world = opened({ ticket: 'tgt_given' });
    world.socket.heard();
    world.socket.say({ ...welcome(1), ...known('tgs_1') });
    again(world);
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
  });

  it('each session token once: the next time the one that came with the answer', async () => {
    const world = await somebody();
    for (const [shows, comes] of [
      ['tgs_1', 'tgs_2'],
      ['tgs_2', 'tgs_3'],
    ] as const) {
      again(world);
      expect(await shown(world)).toEqual({ session: shows });
      world.socket.say({ ...welcome(1), ...known(comes) });
    }
  });

  it('the ticket that a page came with together with a session that is kept', async () => {
    const world = opened({ ticket: 'tgt_page', session: new Kept('tgs_old') });
    expect(await shown(world)).toEqual({ ticket: 'tgt_page', session: 'tgs_old' });
  });

  it('the session alone, where a ticket would have to be got', async () => {
    const ticket = tickets();
    const world = opened({ ticket, session: new Kept('tgs_old') });
    expect(await shown(world)).toEqual({ session: 'tgs_old' });
    expect(ticket.given).toBe(0);
  });

  it('a ticket that it got, for want of a session', async () => {
    const world = opened({ ticket: () => Promise.resolve('tgt_got') });
    expect(world.socket.heard()).toEqual([]);
    expect(await shown(world)).toEqual({ ticket: 'tgt_got' });
  });

  it('nothing when nobody is logged in, and forgets a session that was kept', async () => {
    const session = new Kept('tgs_old');
    const world = opened({ ticket: () => null, session });
    world.socket.heard();
    world.socket.say({ ...refusal, id: 1 });
    expect(await shown(world)).toEqual({});
    expect(session.token).toBeNull();
    world.socket.say(welcome(2));
    expect(world.gateway.state).toMatchObject({ name: 'connected', user: null });
  });

  it('what another tab has kept meanwhile, read when the socket is open', async () => {
    const session = new Kept();
    const world = await somebody({ session });
    expect(session.token).toBe('tgs_1');
    world.socket.end(1012);
    world.clock.advance(1_000);
    session.token = 'tgs_5';
    world.socket.open();
    expect(await shown(world)).toEqual({ session: 'tgs_5' });
  });

  it('asks once whether anybody is logged in, until connect() is called anew', async () => {
    const ticket = vi.fn(() => null);
    const world = opened({ ticket });
    expect(await shown(world)).toEqual({});
    world.socket.say(welcome(1));
    again(world);
    expect(await shown(world)).toEqual({});
    expect(ticket).toHaveBeenCalledTimes(1);
    world.gateway.close();
    void world.gateway.connect();
    world.socket.open();
    expect(await shown(world)).toEqual({});
    expect(ticket).toHaveBeenCalledTimes(2);
  });

  it('what it asks for after close(), not what comes late of what it asked before', async () => {
    const answers: ((ticket: string | null) => void)[] = [];
    const session = new Kept();
    const ticket = (): Promise<string | null> =>
      new Promise((fulfil) => {
        answers.push(fulfil);
      });
    const world = opened({ ticket, session });
    await settled();
    world.gateway.close();
    // Somebody logs in.
    void world.gateway.connect();
    world.socket.open();
    session.token = 'tgs_of_another_tab';
    answers[0]?.(null);
    await settled();
    expect(session.token).toBe('tgs_of_another_tab');
    answers[1]?.('tgt_2');
    expect(await shown(world)).toMatchObject({ ticket: 'tgt_2' });
  });

  it('nothing on a page that was made for nobody, until connect() is called anew', async () => {
    const ticket = tickets();
    const session = new Kept('tgs_old');
    const world = opened({ ticket, session, anonymous: true });
    expect(await shown(world)).toEqual({});
    expect(session.token).toBeNull();
    world.socket.say(welcome(1));
    again(world);
    expect(await shown(world)).toEqual({});
    world.gateway.close();
    void world.gateway.connect();
    world.socket.open();
    expect(await shown(world)).toEqual({ ticket: 'tgt_1' });
  });

  it('the session of another tab where somebody has logged in since', async () => {
    const session = new Kept();
    const world = opened({ ticket: tickets(), session, anonymous: true });
    expect(await shown(world)).toEqual({});
    world.socket.say(welcome(1));
    session.token = 'tgs_tab';
    again(world);
    expect(await shown(world)).toEqual({ session: 'tgs_tab' });
  });

  it('a fresh ticket in place of one that a page came with long ago', async () => {
    const world = new World({ ticket: 'tgt_page', ticketUrl: '/ticket/' });
    stubTickets('tgt_fresh');
    world.clock.advance(30_000);
    void world.gateway.connect();
    world.socket.open();
    await vi.waitFor(async () => {
      expect(await shown(world)).toEqual({ ticket: 'tgt_fresh' });
    });
  });
});

describe('the token of a session', () => {
  it('is kept at once, and for as long as the gateway says', async () => {
    const session = new Kept();
    await somebody({ session });
    expect(session).toMatchObject({ token: 'tgs_1', expiresInMs: 60_000 });
  });

  it('is not shown from memory when its time is over', async () => {
    const ticket = tickets();
    const world = await somebody({ ticket });
    world.clock.advance(60_000);
    again(world);
    expect(await shown(world)).toEqual({ ticket: 'tgt_2' });
  });

  it('does not replace the one with which another tab went on', async () => {
    const session = new Kept();
    const world = await somebody({ session });
    again(world);
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
    session.token = 'tgs_3';
    world.socket.say({ ...welcome(1), ...known('tgs_2') });
    expect(session.token).toBe('tgs_3');
  });

  it('is shown again when the answer was lost', async () => {
    const world = await somebody();
    again(world);
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
    world.socket.end(1006);
    world.clock.advance(1_000);
    world.socket.open();
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
  });

  it('is not, so late that it would look like a copy: a ticket alone is', async () => {
    const world = await somebody();
    again(world);
    world.socket.heard();
    again(world, 1006);
    expect(await shown(world)).toEqual({ ticket: 'tgt_2' });
  });

  it('is shown all the same where no ticket is to be had', async () => {
    const world = opened({ session: new Kept('tgs_1') });
    world.socket.heard();
    again(world, 1006);
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
  });

  it('is no older for a gateway that was overloaded', async () => {
    const ticket = tickets();
    const world = await somebody({ ticket });
    again(world);
    world.socket.heard();
    world.socket.say({ kind: 'error', id: 1, code: 'overloaded', message: 'later' });
    world.clock.advance(15_000);
    world.socket.open();
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
    expect(ticket.given).toBe(1);
  });

  it('may be kept badly: that is reported, and a ticket got', async () => {
    const fail = (): never => {
      throw new Error('no disk');
    };
    const session = { read: fail, write: fail, forget: fail };
    const world = opened({ ticket: tickets(), session });
    expect(await shown(world)).toEqual({ ticket: 'tgt_1' });
    world.socket.say({ ...welcome(1), ...known('tgs_1') });
    expect(world.gateway.state.name).toBe('connected');
    expect(world.errors[0]?.message).toBe('the session store failed: Error: no disk');
  });
});

describe('what is refused', () => {
  it('is a session: forgotten, and a ticket got on the same connection', async () => {
    const session = new Kept('tgs_old');
    const world = opened({ ticket: tickets(), session });
    world.socket.heard();
    world.socket.say({ ...refusal, id: 1 });
    expect(session.token).toBeNull();
    expect(await shown(world)).toEqual({ ticket: 'tgt_1' });
    expect(world.sockets).toHaveLength(1);
    world.socket.say({ ...welcome(2), ...known('tgs_1') });
    expect(world.gateway.state).toMatchObject({ name: 'connected', user: '7' });
    expect(world.errors).toEqual([]);
  });

  it('is not forgotten when another tab has another by now', async () => {
    const session = new Kept('tgs_old');
    const world = opened({ ticket: tickets(), session });
    world.socket.heard();
    session.token = 'tgs_new';
    world.socket.say({ ...refusal, id: 1 });
    expect(await shown(world)).toEqual({ ticket: 'tgt_1', session: 'tgs_new' });
  });

  it('is the ticket of a page: a fresh one is shown with the session', async () => {
    stubTickets('tgt_fresh');
    const world = opened({
      ticket: 'tgt_page',
      ticketUrl: '/ticket/',
      session: new Kept('tgs_1'),
    });
    expect(await shown(world)).toEqual({ ticket: 'tgt_page', session: 'tgs_1' });
    world.socket.say({ ...refusal, id: 1 });
    await vi.waitFor(async () => {
      expect(await shown(world)).toEqual({ ticket: 'tgt_fresh', session: 'tgs_1' });
    });
    expect(world.sockets).toHaveLength(1);
  });

  it('is a fresh ticket: it waits, longer each time, and tries another', async () => {
    const ticket = tickets();
    const world = opened({ ticket });
    const delays: number[] = [];
    for (let attempt = 1; attempt < 9; attempt += 1) {
      expect(await shown(world)).toEqual({ ticket: `tgt_${attempt}` });
      world.socket.say({ ...refusal, id: 1 });
      expect(world.gateway.state).toMatchObject({ name: 'waiting', reason: 'unauthenticated' });
      if (world.gateway.state.name === 'waiting') delays.push(world.gateway.state.delayMs);
      await settled();
      expect(ticket.given).toBe(attempt);
      world.clock.advance(15_000);
      world.socket.open();
    }
    expect(delays).toEqual([125, 250, 500, 1000, 2000, 4000, 7500, 7500]);
    expect(world.errors[0]).toMatchObject({ code: 'unauthenticated' });
  });

  it('is twice on one connection at most', async () => {
    const world = opened({ ticket: tickets(), session: new Kept('tgs_old') });
    world.socket.heard();
    world.socket.say({ ...refusal, id: 1 });
    expect(await shown(world)).toEqual({ ticket: 'tgt_1' });
    world.socket.say({ ...refusal, id: 2 });
    expect(await shown(world)).toBeUndefined();
    expect(world.gateway.state.name).toBe('waiting');
  });

  it('is the only ticket there is: it stops, and is not silently nobody', async () => {
    const world = new World({ ticket: 'tgt_given' });
    const connecting = world.gateway.connect();
    world.socket.open();
    world.socket.heard();
    world.socket.say({ ...refusal, id: 1 });
    await expect(connecting).rejects.toEqual(new ClosedError('unauthenticated'));
    expect(world.socket.heard()).toEqual([]);
    expect(world.errors).toMatchObject([{ code: 'unauthenticated' }]);
  });

  it('is that ticket, beside a session: the session is shown', async () => {
    const world = opened({ ticket: 'tgt_given', session: new Kept('tgs_1') });
    world.socket.heard();
    world.socket.say({ ...refusal, id: 1 });
    expect(await shown(world)).toEqual({ session: 'tgs_1' });
  });

  it('is a session that was kept, without a way to a ticket: it goes on without', async () => {
    const session = new Kept('tgs_others');
    const world = opened({ session });
    world.socket.heard();
    world.socket.say({ ...refusal, id: 1 });
    expect(await shown(world)).toEqual({});
    expect(session.token).toBeNull();
  });

  it('tells nothing of what was shown', async () => {
    const world = opened({ ticket: () => 'tgt_secret', session: new Kept('tgs_secret') });
    await shown(world);
    world.socket.say({ ...refusal, id: 1 });
    await shown(world);
    world.socket.say({ ...refusal, id: 2 });
    const said = JSON.stringify([world.errors, world.states, world.logged.mock.calls]);
    expect(said).toContain('unauthenticated');
    expect(said).not.toContain('secret');
  });
});

describe('a ticket that is not to be had', () => {
  const failing = (cause: Error): GatewayOptions => ({
    ticket: () => Promise.reject(cause),
  });

  it('is waited for like a connection, not done without', async () => {
    const world = opened(failing(new TicketError('/ticket/ answered 503', 3_000)));
    expect(await shown(world)).toBeUndefined();
    expect(world.gateway.state).toEqual({
      name: 'waiting',
      attempt: 1,
      delayMs: 3_125,
      reason: 'no_ticket',
    });
    expect(world.socket.closedWith).toBe(1000);
    expect(world.errors[0]?.message).toBe('there is no ticket: /ticket/ answered 503');
    world.clock.advance(3_125);
    expect(world.sockets).toHaveLength(2);
  });

  it('is told of, when the fault is that of the function', async () => {
    const world = opened(failing(new Error('oops')));
    await settled();
    expect(world.errors[0]?.message).toBe('`ticket` failed: Error: oops');
    expect(world.gateway.state).toMatchObject({ name: 'waiting', reason: 'no_ticket' });
  });

  it('is also one that is undefined', async () => {
    const world = opened({ ticket: (() => undefined) as never });
    expect(await shown(world)).toBeUndefined();
    expect(world.errors[0]?.message).toBe(
      '`ticket` failed: TypeError: `ticket` should give a string or null',
    );
  });

  it('is used by the next attempt if it comes after the end of this one', async () => {
    const gives: ((ticket: string) => void)[] = [];
    const world = opened({ ticket: () => new Promise((fulfil) => gives.push(fulfil)) });
    again(world, 4408);
    gives[0]?.('tgt_late');
    expect(await shown(world)).toBeUndefined();
    again(world, 4408);
    expect(await shown(world)).toEqual({ ticket: 'tgt_late' });
    expect(gives).toHaveLength(2);
  });
});

describe('the end of an identity', () => {
  it('with 4401: it is closed, the session forgotten', async () => {
    const session = new Kept();
    const ticket = tickets();
    const world = await somebody({ ticket, session });
    world.socket.end(4401);
    expect(world.gateway.state).toEqual({ name: 'closed', reason: 'unauthenticated' });
    expect(session.token).toBeNull();
    world.clock.advance(3_600_000);
    expect(world.sockets).toHaveLength(1);
    void world.gateway.connect();
    world.socket.open();
    expect(await shown(world)).toEqual({ ticket: 'tgt_2' });
  });

  it('with 4409: the session is forgotten, and it comes back at once with a ticket', async () => {
    const session = new Kept();
    const world = await somebody({ session });
    world.socket.end(4409);
    expect(session.token).toBeNull();
    expect(world.gateway.state).toMatchObject({ name: 'waiting', delayMs: 125 });
    world.clock.advance(125);
    world.socket.open();
    expect(await shown(world)).toEqual({ ticket: 'tgt_2' });
  });

  it('with 4409, over and over: later and later', async () => {
    const world = await somebody();
    const delays: number[] = [];
    for (let time = 0; time < 4; time += 1) {
      world.socket.end(4409);
      if (world.gateway.state.name === 'waiting') delays.push(world.gateway.state.delayMs);
      world.clock.advance(2_000);
      world.socket.open();
      await settled();
      world.socket.heard();
      world.socket.say({ ...welcome(1), ...known('tgs_1') });
    }
    expect(delays).toEqual([125, 250, 500, 1000]);
  });

  it('with 4409, without a way to a ticket: it is closed, and not silently nobody', () => {
    const world = opened({ ticket: 'tgt_given' });
    world.socket.heard();
    world.socket.say({ ...welcome(1), ...known('tgs_1') });
    world.socket.end(4409);
    expect(world.gateway.state).toEqual({ name: 'closed', reason: 'identity_changed' });
  });

  it('leaves alone what another tab has kept since, and shows both', async () => {
    const session = new Kept();
    const world = await somebody({ session });
    session.token = 'tgs_new';
    again(world, 4409);
    expect(session.token).toBe('tgs_new');
    expect(await shown(world)).toEqual({ ticket: 'tgt_2', session: 'tgs_new' });
  });
});

describe('another identity', () => {
  it('has nothing of what was delivered before: subscriptions begin anew, and say so', async () => {
    const world = await somebody();
    const { calls, subscription } = granted(world);
    const types: unknown[] = [];
    world.gateway.on('typesChanged', (news) => types.push(news));
    again(world, 4409);
    await settled();
    world.socket.heard();
    world.socket.say({ ...welcome(1), ...known('tgs_9') });
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id: 2 }]);
    world.socket.say({
      kind: 'subscribed',
      id: 2,
      cohort: 1,
      type: 'board.Order',
      position: { epoch: 'e', offset: 50 },
      delivery: 'live',
    });
    expect(calls.slice(1)).toEqual([['reset', 'identity_changed']]);
    expect(subscription.position).toEqual({ epoch: 'e', offset: 50 });
    expect(types).toEqual([{ catalogue: 3 }]);
  });

  it('may be that of another tab’s session', async () => {
    const session = new Kept();
    const world = await somebody({ session });
    granted(world);
    session.token = 'tgs_others';
    again(world);
    world.socket.heard();
    world.socket.say({ ...welcome(1), ...known('tgs_2', { user: '8' }) });
    expect(world.gateway.state).toMatchObject({ user: '8' });
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id: 2 }]);
  });

  it('is none that comes back with its session: subscriptions resume, all at once', async () => {
    const world = await somebody();
    const subscribers = [granted(world), granted(world), granted(world)];
    again(world);
    world.socket.heard();
    world.socket.say({ ...welcome(1), ...known('tgs_2') });
    const since = subscribers[0]?.subscription.position;
    expect(since).toBeDefined();
    expect(world.socket.heard()).toEqual(
      [2, 3, 4].map((id) => ({ kind: 'subscribe', type: 'board.Order', since, id })),
    );
  });

  it('asks again for what was refused to the one before', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    let ticket: string | null = null;
    const world = opened({ ticket: () => ticket });
    await settled();
    world.socket.heard();
    world.socket.say(welcome(1));
    const subscription = world.gateway.subscribe('board.Order', () => undefined);
    world.socket.heard();
    world.socket.say({ ...refusal, id: 2 });
    expect(subscription.state.name).toBe('refused');
    expect(warn).toHaveBeenCalledTimes(1);
    ticket = 'tgt_1';
    world.gateway.close();
    void world.gateway.connect();
    world.socket.open();
    expect(await shown(world)).toEqual({ ticket: 'tgt_1' });
    world.socket.say({ ...welcome(1), ...known('tgs_1') });
    expect(world.socket.heard()).toEqual([{ kind: 'subscribe', type: 'board.Order', id: 2 }]);
  });
});

describe('an anonymous client that is refused a type', () => {
  it.each([
    [{}, 'there is no ticket, and no `ticketUrl`'],
    [{ ticket: () => null }, 'nobody is logged in'],
  ])('is told once in the console what may help', async (options, why) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const world = opened(options);
    await settled();
    world.socket.heard();
    world.socket.say(welcome(1));
    for (const id of [2, 3]) {
      world.gateway.subscribe('board.Order', () => undefined);
      world.socket.say({ ...refusal, id });
    }
    expect(warn.mock.calls).toEqual([
      [`telegraphy: "board.Order" is not public, and this client is anonymous: ${why}`],
    ]);
  });
});

/** A web application at the page’s own address that gives `ticket`. */
function stubTickets(ticket: string | null): void {
  vi.stubGlobal('document', { cookie: 'csrftoken=abc' });
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ ticket })));
}

afterEach(() => {
  vi.unstubAllGlobals();
});
