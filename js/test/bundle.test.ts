import { createContext, runInContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { bundleAll } from '../scripts/bundle.mjs';
import { overBudget, weigh } from '../scripts/weigh.mjs';
import type { Telegraphy } from '../src/page.js';
import { connected, FakeSocket } from './fakes.js';

const directory = new URL('../', import.meta.url);
const made = await bundleAll(directory);
const script = new TextDecoder().decode(made.get('dist/telegraphy.js'));

/** A page, as far as the script looks at it. `config` is the text of its configuration. */
function load(
  config?: string,
  more: object = {},
): { telegraphy: Telegraphy; opened: string[] } {
  const opened: string[] = [];
  const page = createContext({
    console,
    setTimeout,
    clearTimeout,
    URL,
    location: { protocol: 'https:', hostname: 'shop.example' },
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    document: {
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
      getElementById: (id: string) =>
        id === 'telegraphy-config' && config !== undefined ? { textContent: config } : null,
    },
    WebSocket: class {
      constructor(url: string) {
        opened.push(url);
      }
      close(): void {
        opened.push('closed');
      }
    },
    ...more,
  });
  runInContext(script, page);
  return { telegraphy: (page as { telegraphy: Telegraphy }).telegraphy, opened };
}

/** Subscribes, and tells where the page's gateway then connects to. */
function whereTo(config?: string): string | undefined {
  const { telegraphy, opened } = load(config);
  expect(opened).toEqual([]);
  expect(telegraphy.state).toEqual({ name: 'idle' });
  telegraphy.subscribe('board.Order', () => undefined);
  expect(telegraphy.state).toEqual({ name: 'connecting', attempt: 1 });
  telegraphy.gateway.close();
  return opened[0];
}

describe('the script for a page', () => {
  it('connects to the page’s host when there is no configuration', () => {
    expect(whereTo()).toBe('wss://shop.example:1844/v1/websocket');
    expect(whereTo('{}')).toBe('wss://shop.example:1844/v1/websocket');
  });

  it('connects to where the configuration says', () => {
    expect(whereTo('{"url":"ws://localhost:9/x"}')).toBe('ws://localhost:9/x');
    expect(whereTo('{"url":null,"port":443,"path":"/live"}')).toBe('wss://shop.example/live');
  });

  it.each([
    ['{', ' is not JSON'],
    ['{"ticket":"tgt_secret"', ' is not JSON'],
    ['7', ' should be an object, but is 7'],
    ['{"port":"1844"}', '.port should be an integer from 0 to 2^53-1, but is "1844"'],
    ['{"url":7}', '.url should be a string, but is 7'],
    ['{"ticket":["tgt_secret"]}', '.ticket should be a string, but is another'],
    ['{"csrf":"csrftoken"}', '.csrf should be an object, but is "csrftoken"'],
    ['{"session":{"store":"disk"}}', '.session.store should be one of cookie, memory'],
  ])('says what is wrong with the configuration %s', (config, what) => {
    expect(() => load(config)).toThrow(`#telegraphy-config${what}`);
    expect(() => load(config)).not.toThrow('secret');
  });

  it('defines what it promises', async () => {
    const { telegraphy, opened } = load();
    expect(Object.keys(telegraphy).sort()).toEqual(
      [
        ...['Gateway', 'gateway', 'on', 'state', 'subscribe', 'channel', 'types', 'version'],
        ...['where', 'all', 'any', 'not'],
      ].sort(),
    );
    expect(telegraphy.any({ a: 1 }, telegraphy.where`b == ${'x'}`)).toBe(
      'a == 1 || (b == "x")',
    );
    const states: string[] = [];
    const undo = telegraphy.on('state', ({ name }) => states.push(name));
    const types = telegraphy.types();
    telegraphy.gateway.close();
    undo();
    await expect(types).rejects.toMatchObject({ name: 'ClosedError' });
    expect(states).toEqual(['connecting', 'closed']);
    expect(new telegraphy.Gateway().state.name).toBe('idle');
    expect(opened).toHaveLength(2);
  });

  it('does nothing when it runs a second time', () => {
    const first = { gateway: {} };
    expect(load(undefined, { telegraphy: first }).telegraphy).toBe(first);
  });

  it('minds no element that is called telegraphy', () => {
    expect(
      load(undefined, { telegraphy: { tagName: 'DIV' } }).telegraphy.gateway,
    ).toBeDefined();
  });
});

describe('who is there, on a page', () => {
  interface Shown {
    /** Of the `connect` that the page sent. */
    readonly message: Readonly<Record<string, unknown>> | undefined;
    readonly cookies: readonly string[];
    readonly asked: readonly unknown[];
  }

  /** Loads a page, subscribes, and tells what it then showed the gateway. */
  async function shows(config: object, cookie = ''): Promise<Shown> {
    const sockets: FakeSocket[] = [];
    const cookies: string[] = [];
    const asked: unknown[] = [];
    const document = {
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
      getElementById: () => ({ textContent: JSON.stringify(config) }),
      get cookie() {
        return cookie;
      },
      set cookie(text: string) {
        cookies.push(text);
        if (text.includes('Max-Age=0')) cookie = '';
      },
    };
    const { telegraphy } = load(undefined, {
      document,
      AbortController,
      fetch: (url: string, { method, headers }: RequestInit) => {
        asked.push([method, url, headers]);
        return Promise.resolve(Response.json({ ticket: 'tgt_fetched' }));
      },
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocol: string) {
          super(url, protocol);
          sockets.push(this);
        }
      },
    });
    expect(asked).toEqual([]);
    telegraphy.subscribe('board.Order', () => undefined);
    sockets[0]?.open();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const [message] = sockets[0]?.heard() ?? [];
    sockets[0]?.say({
      ...connected,
      id: 1,
      user: '7',
      session: { token: 'tgs_new', expires_in_ms: 60_000 },
    });
    telegraphy.gateway.close();
    return { message, cookies, asked };
  }

  const page = {
    url: null,
    port: null,
    path: null,
    ticket: null,
    ticketUrl: '/telegraphy/ticket/',
    anonymous: false,
    csrf: { cookie: 'site_csrf', header: 'X-Site' },
    session: { store: 'cookie', cookie: 'site_session' },
  };

  it('is said by the ticket in it, beside the session in the cookie', async () => {
    const kept = 'site_csrf=abc; site_session=tgs_old';
    const { message, cookies, asked } = await shows({ ...page, ticket: 'tgt_page' }, kept);
    expect(message).toMatchObject({ ticket: 'tgt_page', session: 'tgs_old' });
    expect(cookies).toEqual([
      'site_session=tgs_new; Path=/; Max-Age=60; SameSite=Strict; Secure',
    ]);
    expect(asked).toEqual([]);
  });

  it('is kept until the browser is closed, where the page says so', async () => {
    const session = { ...page.session, untilClosed: true };
    const { cookies } = await shows({ ...page, session, ticket: 'tgt_page' });
    expect(cookies).toEqual(['site_session=tgs_new; Path=/; SameSite=Strict; Secure']);
  });

  it('is said by the session alone, if the page may be one for many', async () => {
    const { message, asked } = await shows(page, 'site_session=tgs_old');
    expect(message).toMatchObject({ session: 'tgs_old' });
    expect(message).not.toHaveProperty('ticket');
    expect(asked).toEqual([]);
  });

  it('is asked of the web application, if there is no session', async () => {
    const { message, asked } = await shows(page, 'site_csrf=abc');
    expect(message).toMatchObject({ ticket: 'tgt_fetched' });
    expect(asked).toEqual([['POST', '/telegraphy/ticket/', { 'X-Site': 'abc' }]]);
  });

  it('is nobody on a page that was made for nobody: a session has ended', async () => {
    const { message, cookies, asked } = await shows(
      { ...page, anonymous: true },
      'site_session=tgs_old',
    );
    expect(message).toEqual({ kind: 'connect', id: 1, client: 'telegraphy-js/0.1.0' });
    expect(cookies[0]).toMatch(/^site_session=; .*Max-Age=0/);
    expect(asked).toEqual([]);
  });

  it('is nobody where there is neither ticket nor ticket view', async () => {
    const { message, asked } = await shows({ ...page, ticketUrl: null });
    expect(message).toEqual({ kind: 'connect', id: 1, client: 'telegraphy-js/0.1.0' });
    expect(asked).toEqual([]);
  });

  it('is kept in memory alone, if the page says so', async () => {
    const { message, cookies } = await shows(
      { ...page, session: { store: 'memory', cookie: 'site_session' } },
      'site_csrf=abc; site_session=tgs_others',
    );
    expect(message).toMatchObject({ ticket: 'tgt_fetched' });
    expect(message).not.toHaveProperty('session');
    expect(cookies).toEqual([]);
  });
});

describe('the page’s console', () => {
  const warning =
    'telegraphy: no gateway answers at wss://shop.example:1844/v1/websocket; ' +
    'is `manage.py telegraphy` running? If it is, its log says what it refuses.';

  /** A page with a socket that the test holds, and what its console was told. */
  function watched(): {
    telegraphy: Telegraphy;
    warnings: string[];
    socket: () => FakeSocket;
    /** The latest attempt ends so, and the next one begins. */
    fail: (code: number) => void;
  } {
    const warnings: string[] = [];
    const sockets: FakeSocket[] = [];
    let timers: (() => void)[] = [];
    const { telegraphy } = load(undefined, {
      console: { error: () => undefined, warn: (text: string) => warnings.push(text) },
      setTimeout: (callback: () => void) => timers.push(callback),
      clearTimeout: () => (timers = []),
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocol: string) {
          super(url, protocol);
          sockets.push(this);
        }
      },
    });
    const socket = (): FakeSocket => {
      const last = sockets.at(-1);
      if (!last) throw new Error('the page has not tried to connect');
      return last;
    };
    const fail = (code: number): void => {
      const count = sockets.length;
      socket().end(code);
      expect(telegraphy.state.name).toBe('waiting');
      for (const callback of timers.splice(0)) callback();
      expect(sockets).toHaveLength(count + 1);
    };
    telegraphy.subscribe('board.Order', () => undefined);
    return { telegraphy, warnings, socket, fail };
  }

  it('is told once that no gateway answers', () => {
    const { warnings, fail } = watched();
    expect(warnings).toEqual([]);
    fail(1006);
    expect(warnings).toEqual([warning]);
    fail(1006);
    fail(1006);
    expect(warnings).toEqual([warning]);
  });

  it('is told again in the next outage, though not of the mere loss of a connection', () => {
    const { warnings, socket, fail } = watched();
    fail(1006);
    socket().welcome();
    fail(1006);
    expect(warnings).toHaveLength(1);
    fail(1006);
    fail(1006);
    expect(warnings).toEqual([warning, warning]);
  });

  it('is told again after close() and connect()', () => {
    const { telegraphy, warnings, fail } = watched();
    fail(1006);
    telegraphy.gateway.close();
    telegraphy.gateway.connect().catch(() => undefined);
    fail(1006);
    expect(warnings).toHaveLength(2);
  });

  it('is told nothing when a gateway answers that it is not ready', () => {
    const { warnings, fail } = watched();
    fail(1013);
    fail(1012);
    expect(warnings).toEqual([]);
  });

  it('is told nothing of other gateways than the page’s', () => {
    const { telegraphy, warnings, socket } = watched();
    const other = new telegraphy.Gateway({ url: 'ws://other.example/' });
    other.connect().catch(() => undefined);
    socket().end(1006);
    expect(other.state.name).toBe('waiting');
    expect(warnings).toEqual([]);
  });
});

describe('a build', () => {
  it('comes out the same each time', async () => {
    expect(await bundleAll(directory)).toEqual(made);
  });

  it('names no source map, which Django’s manifest storage would look for', () => {
    expect(script).not.toContain('sourceMappingURL');
  });

  it('keeps within the size budget of package.json', async () => {
    const weights = await weigh(directory);
    expect(weights.map(({ name }) => name)).toEqual(['dist/telegraphy.js']);
    expect(overBudget(weights)).toEqual([]);
  });

  it('would be told if it did not', () => {
    const heavy = { name: 'x', bytes: 9, gzipped: 8, budget: 7 };
    expect(overBudget([heavy, { ...heavy, budget: 8 }])).toEqual([heavy]);
  });
});
