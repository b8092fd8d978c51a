import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';

import { Gateway } from '../src/gateway.js';
import { connected, eventAt, subscribed } from './fakes.js';
import type { Json } from './fakes.js';

/** The smallest gateway: one type, an event in the same packet as the answer to `subscribe`. */
function answer(socket: WebSocket, { kind, id }: Json): void {
  const say = (message: Json): void => {
    socket.send(JSON.stringify(message));
  };
  if (kind === 'connect') say({ ...connected, id });
  if (kind === 'subscribe') {
    say(subscribed(id));
    say(eventAt(42));
  }
  if (kind === 'unsubscribe') say({ kind: 'unsubscribed', id });
}

describe('with real sockets, those of ws', () => {
  let server: WebSocketServer;
  let gateway: Gateway;

  beforeEach(async () => {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        answer(socket, JSON.parse(data.toString()) as Json);
      });
    });
    const { port } = server.address() as AddressInfo;
    gateway = new Gateway({
      url: `ws://127.0.0.1:${port}/`,
      WebSocket,
      backoff: { baseMs: 5 },
    });
  });

  afterEach(() => {
    gateway.close();
    server.close();
    for (const socket of server.clients) socket.terminate();
  });

  it('hears an event that comes right behind the answer', async () => {
    const event = await new Promise((resolve) => gateway.subscribe('board.Order', resolve));
    expect(event).toMatchObject({ id: 'id-42' });
  });

  it('comes back after the gateway went away', async () => {
    await gateway.connect();
    const waiting = new Promise((resolve) => {
      gateway.on('state', (state) => {
        if (state.name === 'waiting') resolve(state);
      });
    });
    for (const socket of server.clients) socket.close(1012);
    expect(await waiting).toMatchObject({ reason: 'service_restart' });
    await gateway.connect();
    expect(gateway.state.name).toBe('connected');
  });

  it('may be closed while it connects, without an error that nobody caught', async () => {
    const connecting = gateway.connect();
    gateway.close();
    await expect(connecting).rejects.toMatchObject({ reason: 'requested' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('ends with code 1000', async () => {
    await gateway.connect();
    const codes = new Promise((resolve) => {
      for (const socket of server.clients) socket.on('close', resolve);
    });
    gateway.close();
    expect(await codes).toBe(1000);
  });
});
