import { createContext, runInContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { bundleAll } from '../scripts/bundle.mjs';
import { overBudget, weigh } from '../scripts/weigh.mjs';
import type { Telegraphy } from '../src/page.js';
import { FakeSocket } from './fakes.js';

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
    ['{', 'SyntaxError'],
    ['[1', 'SyntaxError'],
    ['7', 'it is not an object'],
    ['{"port":"1844"}', 'port should be a number or null, but is "1844"'],
    ['{"url":7}', 'url should be a string or null, but is 7'],
  ])('says what is wrong with the configuration %s', (config, what) => {
    expect(() => load(config)).toThrow(what);
    expect(() => load(config)).toThrow(
      'telegraphy: cannot use the configuration in #telegraphy-config',
    );
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

describe('the page’s console', () => {
  const warning =
    'telegraphy: no gateway answers at wss://shop.example:1844/v1/websocket; ' +
    'is `manage.py telegraphy` running?';

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
