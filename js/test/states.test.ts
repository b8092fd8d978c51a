import { afterEach, describe, expect, it, vi } from 'vitest';

import { ClosedError, ProtocolError, RefusedError } from '../src/errors.js';
import { Gateway } from '../src/gateway.js';
import { connected, FakeSocket, World } from './fakes.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('connecting', () => {
  it('opens nothing before it is asked to', () => {
    const world = new World();
    expect(world.sockets).toEqual([]);
    expect(world.gateway.state).toEqual({ name: 'idle' });
  });

  it('offers the subprotocol and says connect first', () => {
    const world = new World({ client: 'board/2.1' });
    void world.gateway.connect();
    expect(world.socket.url).toBe('ws://gateway.example/v1/websocket');
    expect(world.socket.protocol).toBe('telegraphy.v1');
    expect(world.socket.heard()).toEqual([]);
    world.socket.open();
    expect(world.socket.heard()).toEqual([{ kind: 'connect', id: 1, client: 'board/2.1' }]);
  });

  it('tells each state as an event', async () => {
    const world = new World();
    const connecting = world.gateway.connect();
    world.socket.welcome();
    await connecting;
    expect(world.states).toEqual([
      { name: 'connecting', attempt: 1 },
      { name: 'connected', client: 'c-7f31c0de9b2a44d1', user: null },
    ]);
    expect(world.gateway.state).toBe(world.states[1]);
  });

  it('connects once, however often it is asked to', async () => {
    const world = new World();
    const both = [world.gateway.connect(), world.gateway.connect()];
    expect(world.sockets).toHaveLength(1);
    world.socket.welcome();
    await Promise.all(both);
    await world.gateway.connect();
    expect(world.sockets).toHaveLength(1);
  });

  it('gives up an attempt that leads nowhere within 15 s', () => {
    const world = new World();
    void world.gateway.connect();
    world.socket.open();
    world.clock.advance(14_999);
    expect(world.gateway.state.name).toBe('connecting');
    world.clock.advance(1);
    expect(world.gateway.state).toMatchObject({ name: 'waiting', reason: 'connect_timeout' });
    expect(world.socket.closedWith).toBe(1000);
  });

  it('hears nothing more from a socket that it has dropped', () => {
    const world = new World();
    void world.gateway.connect();
    const first = world.socket;
    world.clock.advance(20_000);
    first.welcome();
    first.end(4401);
    expect(world.stateNames).toEqual(['connecting', 'waiting', 'connecting']);
  });

  it('reports a url that no WebSocket takes, and stops', async () => {
    class Picky extends FakeSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        throw new SyntaxError('bad url');
      }
    }
    const world = new World({ WebSocket: Picky });
    await expect(world.gateway.connect()).rejects.toEqual(new ClosedError('invalid_url'));
    expect(world.gateway.state).toEqual({ name: 'closed', reason: 'invalid_url' });
    expect(world.errors[0]?.message).toBe(
      'cannot connect to "ws://gateway.example/v1/websocket": SyntaxError: bad url',
    );
  });

  it('reports that there is no page to take the host from, and stops', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const gateway = new Gateway();
    await expect(gateway.connect()).rejects.toThrow(ClosedError);
    expect(gateway.state).toEqual({ name: 'closed', reason: 'invalid_options' });
  });

  it('reports that there is no WebSocket, and stops', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    vi.stubGlobal('WebSocket', undefined);
    const errors: string[] = [];
    const gateway = new Gateway({ url: 'ws://localhost:1844/v1/websocket' });
    gateway.on('error', ({ message }) => errors.push(message));
    await expect(gateway.connect()).rejects.toThrow(ClosedError);
    expect(errors).toEqual([
      'there is no WebSocket here: give one, as in `new Gateway({ url, WebSocket })`',
    ]);
    vi.unstubAllGlobals();
  });
});

describe('connecting again', () => {
  it.each([
    [1001, 'going_away'],
    [1006, 'abnormal'],
    [1011, 'internal_error'],
    [1012, 'service_restart'],
    [1013, 'try_again_later'],
    [4408, 'connect_timeout'],
    [4410, 'slow_reader'],
    [4411, 'ping_timeout'],
    [4413, 'over_budget'],
    [4999, 'close_4999'],
  ])('after close code %i (%s)', (code, reason) => {
    const world = new World().connect();
    world.socket.end(code);
    expect(world.gateway.state).toEqual({ name: 'waiting', attempt: 1, delayMs: 125, reason });
    world.clock.advance(125);
    expect(world.gateway.state).toEqual({ name: 'connecting', attempt: 2 });
    expect(world.sockets).toHaveLength(2);
  });

  it.each([
    [1000, 'normal'],
    [1002, 'protocol_error'],
    [1003, 'unsupported_data'],
    [1007, 'invalid_utf8'],
    [1009, 'message_too_big'],
    [4400, 'bad_messages'],
    [4401, 'unauthenticated'],
  ])('not after close code %i (%s)', (code, reason) => {
    const world = new World().connect();
    world.socket.end(code);
    expect(world.gateway.state).toEqual({ name: 'closed', reason });
    world.clock.advance(3_600_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.clock.waiting).toBe(0);
  });

  it('waits longer after each failure, up to the cap', () => {
    const world = new World().connect();
    const delays: number[] = [];
    for (let failure = 0; failure < 9; failure += 1) {
      world.socket.end(1006);
      if (world.gateway.state.name === 'waiting') delays.push(world.gateway.state.delayMs);
      world.clock.advance(15_000);
    }
    expect(delays).toEqual([125, 250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
  });

  it('keeps waiting longer when the gateway takes it and drops it at once', () => {
    const world = new World().connect();
    const delays: number[] = [];
    for (let failure = 0; failure < 4; failure += 1) {
      world.socket.end(1013);
      if (world.gateway.state.name === 'waiting') delays.push(world.gateway.state.delayMs);
      world.clock.advance(2_000);
      world.socket.welcome();
    }
    expect(delays).toEqual([125, 250, 500, 1000]);
    world.clock.advance(5_000);
    world.socket.end(1013);
    expect(world.gateway.state).toMatchObject({ attempt: 1, delayMs: 125 });
  });

  it('adds to its own delay what the gateway asks for', () => {
    const world = new World();
    void world.gateway.connect();
    world.socket.open();
    world.socket.say({
      kind: 'error',
      id: 1,
      code: 'overloaded',
      message: 'later',
      retry_after_ms: 3_000,
    });
    expect(world.gateway.state).toEqual({
      name: 'waiting',
      attempt: 1,
      delayMs: 3_125,
      reason: 'overloaded',
    });
    expect(world.errors[0]).toBeInstanceOf(RefusedError);
  });

  it('heeds a retry_after_ms that came before the close', () => {
    const world = new World().connect();
    world.socket.say({ kind: 'error', code: 'overloaded', message: 'go', retry_after_ms: 800 });
    world.socket.end(1013);
    expect(world.gateway.state).toMatchObject({ name: 'waiting', delayMs: 925 });
  });

  it('stops when connect is refused for good', async () => {
    const world = new World();
    const connecting = world.gateway.connect();
    world.socket.open();
    world.socket.say({
      kind: 'error',
      id: 1,
      code: 'unauthenticated',
      message: 'who are you?',
    });
    await expect(connecting).rejects.toEqual(new ClosedError('unauthenticated'));
    expect(world.gateway.state).toEqual({ name: 'closed', reason: 'unauthenticated' });
    expect(world.errors[0]).toMatchObject({ code: 'unauthenticated', message: 'who are you?' });
  });

  it('tries at once when the network comes back', () => {
    const world = new World().connect();
    world.socket.end(1006);
    world.wake();
    expect(world.gateway.state).toEqual({ name: 'connecting', attempt: 2 });
    world.clock.advance(125);
    expect(world.sockets).toHaveLength(2);
  });

  it('keeps connect() open over failed attempts', async () => {
    const world = new World();
    const connecting = world.gateway.connect();
    world.socket.end(1006);
    world.clock.advance(125);
    world.socket.welcome();
    await connecting;
    expect(world.gateway.state.name).toBe('connected');
  });
});

describe('closing', () => {
  it('says so to the gateway and stops', async () => {
    const world = new World();
    const connecting = world.gateway.connect();
    world.gateway.close();
    await expect(connecting).rejects.toEqual(new ClosedError('requested'));
    expect(world.socket.closedWith).toBe(1000);
    expect(world.gateway.state).toEqual({ name: 'closed', reason: 'requested' });
    world.clock.advance(3_600_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.clock.waiting).toBe(0);
    expect(world.awake).toBe(0);
  });

  it('ends a wait', () => {
    const world = new World().connect();
    world.socket.end(1006);
    world.gateway.close();
    world.clock.advance(60_000);
    expect(world.stateNames).toEqual(['connecting', 'connected', 'waiting', 'closed']);
  });

  it('happens once', () => {
    const world = new World().connect();
    world.gateway.close();
    world.gateway.close();
    expect(world.stateNames).toEqual(['connecting', 'connected', 'closed']);
  });

  it('can be taken back with connect()', async () => {
    const world = new World().connect();
    world.gateway.close();
    const connecting = world.gateway.connect();
    world.socket.welcome();
    await connecting;
    expect(world.gateway.state.name).toBe('connected');
    expect(world.awake).toBe(1);
  });

  it.each(['connecting', 'connected', 'waiting'])('may be done by a listener of %s', (name) => {
    const world = new World();
    world.gateway.on('state', (state) => {
      if (state.name === name) world.gateway.close();
    });
    world.gateway.subscribe('board.Order', () => undefined);
    world.sockets[0]?.welcome();
    world.sockets[0]?.end(1006);
    world.clock.advance(60_000);
    expect(world.stateNames.at(-1)).toBe('closed');
    expect(world.stateNames.filter((one) => one === 'connecting')).toHaveLength(1);
    expect(world.clock.waiting).toBe(0);
  });
});

describe('what the gateway should not say', () => {
  it.each([
    ['{"kind":', ''],
    ['[]', ''],
    ['{"kind":"connected","id":1}', 'client'],
    ['{"kind":"event","cohort":"one"}', 'cohort'],
    ['{"kind":"pong","id":77}', 'id'],
  ])('%s drops the connection, and another is tried', (text, member) => {
    const world = new World().connect();
    world.socket.say(text);
    expect(world.socket.closedWith).toBe(1000);
    expect(world.gateway.state).toMatchObject({ name: 'waiting', reason: 'bad_message' });
    expect(world.errors).toHaveLength(1);
    expect(world.errors[0]).toBeInstanceOf(ProtocolError);
    expect(world.errors[0]).toMatchObject({ member });
    expect(world.logged).toHaveBeenCalledTimes(1);
  });

  it('includes an answer of another kind than the request', () => {
    const world = new World();
    void world.gateway.connect();
    world.socket.open();
    world.socket.say({ kind: 'pong', id: 1 });
    expect(world.errors[0]).toMatchObject({
      member: 'kind',
      message: 'kind should be connected or error, but is pong',
    });
  });

  it('includes a second answer to a request', () => {
    const world = new World().connect();
    world.socket.say(connected);
    expect(world.errors[0]?.message).toBe('id is 1, but no such request is open');
  });

  it('includes a binary message', () => {
    const world = new World().connect();
    world.socket.onmessage?.({ data: new ArrayBuffer(2) } as never);
    expect(world.errors[0]?.message).toBe('the message should be text, but is binary');
  });

  it('does not include a kind that only a newer gateway knows', () => {
    const world = new World().connect();
    world.socket.say({ kind: 'weather', of: 'tomorrow' });
    expect(world.gateway.state.name).toBe('connected');
    expect(world.errors).toEqual([]);
  });
});

describe('other news', () => {
  it('hands on errors that answer no request', () => {
    const world = new World().connect();
    world.socket.say({ kind: 'error', code: 'invalid_json', message: 'not JSON' });
    expect(world.errors[0]).toMatchObject({ name: 'RefusedError', code: 'invalid_json' });
    expect(world.gateway.state.name).toBe('connected');
  });

  it('tells that the event types changed', () => {
    const world = new World().connect();
    const heard: unknown[] = [];
    world.gateway.on('typesChanged', (news) => heard.push(news));
    world.socket.say({ kind: 'types_changed', catalogue: 4 });
    expect(heard).toEqual([{ catalogue: 4 }]);
  });

  it('tells so as well when they changed while it was away', () => {
    const world = new World().connect();
    const heard: unknown[] = [];
    world.gateway.on('typesChanged', (news) => heard.push(news));
    world.reconnect({ catalogue: 3 });
    expect(heard).toEqual([]);
    world.reconnect({ catalogue: 4 });
    expect(heard).toEqual([{ catalogue: 4 }]);
    world.socket.say({ kind: 'types_changed', catalogue: 5 });
    world.reconnect({ catalogue: 5 });
    expect(heard).toEqual([{ catalogue: 4 }, { catalogue: 5 }]);
  });

  it('stops telling a listener whose undo was called', () => {
    const world = new World();
    const heard: string[] = [];
    const undo = world.gateway.on('state', ({ name }) => heard.push(name));
    void world.gateway.connect();
    undo();
    undo();
    world.socket.welcome();
    expect(heard).toEqual(['connecting']);
  });

  it('survives listeners that throw', () => {
    const world = new World();
    world.gateway.on('error', () => {
      throw new Error('not again');
    });
    world.gateway.on('state', () => {
      throw new Error('oops');
    });
    void world.gateway.connect();
    world.socket.open();
    world.socket.say(connected);
    expect(world.gateway.state.name).toBe('connected');
    expect(world.errors.map(({ message }) => message)).toEqual([
      'a listener of "state" failed: Error: oops',
      'a listener of "state" failed: Error: oops',
    ]);
  });
});
