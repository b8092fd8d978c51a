import { readFile } from 'node:fs/promises';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { backoffMs } from '../src/backoff.js';
import { systemClock } from '../src/clock.js';
import { Emitter } from '../src/emitter.js';
import { Recent } from '../src/recent.js';
import { gatewayUrl } from '../src/url.js';
import { version } from '../src/version.js';
import { pageWake } from '../src/wake.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('backoff', () => {
  it('is anything from nothing to its bound', () => {
    expect(backoffMs(3, 0)).toBe(0);
    expect(backoffMs(3, 0.999_999)).toBe(1000);
  });

  it('doubles its bound, up to the cap', () => {
    expect([1, 2, 3, 6, 7, 99, 5000].map((failures) => backoffMs(failures, 1))).toEqual([
      250, 500, 1000, 8000, 15_000, 15_000, 15_000,
    ]);
  });

  it('can be set', () => {
    expect(backoffMs(1, 1, { baseMs: 10 })).toBe(10);
    expect(backoffMs(9, 1, { capMs: 700 })).toBe(700);
  });
});

describe('recent ids', () => {
  it('are remembered up to the limit, the latest for longest', () => {
    const recent = new Recent(3);
    expect(['a', 'b', 'c', 'a', 'd'].map((id) => recent.seen(id))).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(recent.seen('a')).toBe(true);
    expect(recent.seen('b')).toBe(false);
  });
});

describe('an emitter', () => {
  it('takes a listener twice, and away one at a time', () => {
    const heard: number[] = [];
    const emitter = new Emitter<{ n: number }>(() => undefined);
    const listener = (n: number): void => void heard.push(n);
    const undo = emitter.on('n', listener);
    emitter.on('n', listener);
    emitter.emit('n', 1);
    undo();
    emitter.emit('n', 2);
    expect(heard).toEqual([1, 1, 2]);
  });
});

describe('the address of the gateway', () => {
  const plain = { protocol: 'http:', hostname: 'shop.example' };
  const secure = { protocol: 'https:', hostname: 'shop.example' };

  it.each([
    [{}, plain, 'ws://shop.example:1844/v1/websocket'],
    [{}, secure, 'wss://shop.example:1844/v1/websocket'],
    [{ url: null, port: null, path: null }, plain, 'ws://shop.example:1844/v1/websocket'],
    [{ url: '' }, plain, 'ws://shop.example:1844/v1/websocket'],
    [{ port: 9000 }, plain, 'ws://shop.example:9000/v1/websocket'],
    [{ path: '/live' }, plain, 'ws://shop.example:1844/live'],
    [{ url: '/live', port: 443, path: '/no' }, secure, 'wss://shop.example/live'],
    [{ url: 'live' }, plain, 'ws://shop.example:1844/live'],
    [{}, { protocol: 'http:', hostname: '[::1]' }, 'ws://[::1]:1844/v1/websocket'],
    [{ url: 'ws://a.example:7/x', port: 9 }, secure, 'ws://a.example:7/x'],
    [{ url: 'HTTPS://a.example/x' }, undefined, 'wss://a.example/x'],
    [{ url: 'http://a.example/x' }, undefined, 'ws://a.example/x'],
  ])('%j on %j is %s', (address, page, url) => {
    expect(gatewayUrl(address, page)).toBe(url);
  });

  it('is not guessed', () => {
    expect(() => gatewayUrl({})).toThrow(
      'there is no page whose host could be used: give an absolute url, ' +
        'as "ws://localhost:1844/v1/websocket"',
    );
    expect(() => gatewayUrl({}, { protocol: 'file:', hostname: '' })).toThrow(
      'there is no page',
    );
    expect(() => gatewayUrl({ url: 'ftp://a.example/' }, plain)).toThrow(
      'the url should begin with ws:, wss:, http: or https:, but is "ftp://a.example/"',
    );
  });
});

describe('waking up', () => {
  it('is heard of in a page, until its undo', () => {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    vi.stubGlobal('document', document);
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    let woken = 0;
    const undo = pageWake(() => (woken += 1));
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toBe(2);
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toBe(2);
    undo();
    document.visibilityState = 'visible';
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toBe(2);
  });

  it('is not heard of elsewhere', () => {
    const undo = pageWake(() => {
      throw new Error('never');
    });
    expect(undo).not.toThrow();
  });
});

describe('the system clock', () => {
  it('calls once, later, unless undone', () => {
    vi.useFakeTimers();
    const heard: string[] = [];
    systemClock.after(10, () => heard.push('kept'));
    systemClock.after(10, () => heard.push('undone'))();
    const start = systemClock.now();
    vi.advanceTimersByTime(10);
    expect(heard).toEqual(['kept']);
    expect(systemClock.now() - start).toBe(10);
  });
});

describe('the version', () => {
  it('is that of the package', async () => {
    const manifest = JSON.parse(
      await readFile(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(version).toBe(manifest.version);
  });
});
