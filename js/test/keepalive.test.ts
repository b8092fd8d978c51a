import { afterEach, describe, expect, it, vi } from 'vitest';

import { World } from './fakes.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A fresh connection, whose gateway asked for a ping after 25 s of silence. */
function connectedWorld(): World {
  const world = new World();
  void world.gateway.connect();
  world.socket.welcome();
  return world;
}

const pings = (world: World): number =>
  world.socket.heard().filter(({ kind }) => kind === 'ping').length;

describe('keep-alive', () => {
  it('asks after as much silence as the gateway said', () => {
    const world = connectedWorld();
    world.clock.advance(24_999);
    expect(pings(world)).toBe(0);
    world.clock.advance(1);
    expect(pings(world)).toBe(1);
  });

  it('does not ask while there is something to hear', () => {
    const world = connectedWorld();
    for (let i = 0; i < 20; i += 1) {
      world.clock.advance(20_000);
      world.socket.say({ kind: 'types_changed', catalogue: 3 });
    }
    expect(pings(world)).toBe(0);
  });

  it('goes on when the answer comes', () => {
    const world = connectedWorld();
    for (let i = 0; i < 5; i += 1) {
      world.clock.advance(25_000);
      const [ping] = world.socket.heard();
      expect(ping?.['kind']).toBe('ping');
      world.clock.advance(9_999);
      world.socket.say({ kind: 'pong', id: ping?.['id'] });
    }
    expect(world.gateway.state.name).toBe('connected');
  });

  it('takes anything else for an answer', () => {
    const world = connectedWorld();
    world.clock.advance(25_000);
    world.socket.say({ kind: 'types_changed', catalogue: 3 });
    world.clock.advance(10_000);
    expect(world.gateway.state.name).toBe('connected');
  });

  it('drops a line on which nothing comes within 10 s, without waiting for its close event', () => {
    const world = connectedWorld();
    world.clock.advance(34_999);
    expect(world.gateway.state.name).toBe('connected');
    world.clock.advance(1);
    expect(world.gateway.state).toEqual({
      name: 'waiting',
      attempt: 1,
      delayMs: 125,
      reason: 'silent',
    });
    expect(world.socket.closedWith).toBe(1000);
  });

  it('asks at once after a sleep', () => {
    const world = connectedWorld();
    world.clock.advance(2_000);
    world.clock.sleep(10_000);
    expect(pings(world)).toBe(1);
  });

  it('gives an answer that waits unread after a sleep another 10 s', () => {
    const world = connectedWorld();
    world.clock.advance(25_000);
    expect(pings(world)).toBe(1);
    world.clock.sleep(3_600_000);
    expect(world.gateway.state.name).toBe('connected');
    expect(pings(world)).toBe(1);
    world.clock.advance(10_000);
    expect(world.gateway.state.name).toBe('waiting');
  });

  it('notices a dead line although the timers of a hidden page are always late', () => {
    const world = connectedWorld();
    for (let minutes = 0; minutes < 3; minutes += 1) world.clock.sleep(60_000);
    expect(world.gateway.state.name).toBe('waiting');
  });

  it('asks when the page is shown again', () => {
    const world = connectedWorld();
    world.clock.advance(1_000);
    world.wake();
    world.wake();
    expect(pings(world)).toBe(1);
    world.clock.advance(10_000);
    expect(world.gateway.state.name).toBe('waiting');
  });

  it('is not put off by a clock that is set back', () => {
    const world = connectedWorld();
    world.clock.advance(4_000);
    world.clock.setBack(3_600_000);
    world.clock.advance(31_000);
    expect(pings(world)).toBe(1);
  });

  it('leaves no timer behind', () => {
    const world = connectedWorld();
    world.gateway.close();
    expect(world.clock.waiting).toBe(0);
  });
});
