import { afterEach, describe, expect, it, vi } from 'vitest';

import { TicketError } from '../src/errors.js';
import { cookieStore, memoryStore } from '../src/session.js';
import { ticketFrom } from '../src/ticket.js';
import type { CsrfOptions } from '../src/ticket.js';
import { FakeClock } from './fakes.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A web application that answers with these, one after the other. */
function application(cookie: string, ...answers: readonly (Response | Error)[]): Asked[] {
  const asked: Asked[] = [];
  const left = [...answers];
  vi.stubGlobal('document', { cookie });
  vi.stubGlobal('fetch', (url: string, options: RequestInit & Asked) => {
    const { method, headers } = options;
    expect(url).toBe('/ticket/');
    expect(options).toMatchObject({ credentials: 'same-origin', cache: 'no-store' });
    asked.push({ method, headers });
    const answer = left.shift();
    return answer instanceof Response
      ? Promise.resolve(answer)
      : Promise.reject(answer ?? new Error('asked too often'));
  });
  return asked;
}

const get = (csrf: CsrfOptions = {}, clock = new FakeClock()): unknown =>
  ticketFrom('/ticket/', csrf, clock)();

const ticket = (value: unknown): Response => Response.json({ ticket: value });
const token = (): Response => Response.json({ csrf_token: 'made' });
const status = (code: number, headers = {}): Response =>
  Response.json({ error: 'no' }, { status: code, headers });

describe('a ticket of the web application', () => {
  it('is asked for with the token of the CSRF cookie', async () => {
    const asked = application('a=1; csrftoken=abc; b=2', ticket('tgt_1'));
    await expect(get()).resolves.toBe('tgt_1');
    expect(asked).toEqual([{ method: 'POST', headers: { 'X-CSRFToken': 'abc' } }]);
  });

  it('is asked for by other names, where the page says so', async () => {
    const asked = application('csrftoken=no; other=abc', ticket('tgt_1'));
    await expect(get({ cookie: 'other', header: 'X-Other' })).resolves.toBe('tgt_1');
    expect(asked).toEqual([{ method: 'POST', headers: { 'X-Other': 'abc' } }]);
  });

  it.each(['', 'xcsrftoken=abc', 'csrftoken='])(
    'is asked for with a token that was got first, where the cookies are "%s"',
    async (cookies) => {
      const asked = application(cookies, token(), ticket('tgt_1'));
      await expect(get()).resolves.toBe('tgt_1');
      expect(asked).toEqual([
        { method: 'GET', headers: {} },
        { method: 'POST', headers: { 'X-CSRFToken': 'made' } },
      ]);
    },
  );

  it('is asked for anew with such a token after 403', async () => {
    const asked = application('csrftoken=old', status(403), token(), ticket('tgt_1'));
    await expect(get()).resolves.toBe('tgt_1');
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
  });

  it('is null where nobody is logged in', async () => {
    application('csrftoken=abc', ticket(null));
    await expect(get()).resolves.toBeNull();
  });

  it.each([
    ['a refusal', [status(403), token(), status(403)], '/ticket/ answered 403'],
    ['no such view', [status(404)], '/ticket/ answered 404'],
    ['the page of a login', [new Response('<html>tgt_secret')], '/ticket/ gave an SyntaxError'],
    ['an empty answer', [Response.json({})], '/ticket/ gave no ticket'],
    ['an empty ticket', [ticket('')], '/ticket/ gave no ticket'],
    ['a list', [Response.json(['tgt_secret'])], '/ticket/ gave no ticket'],
    ['null', [Response.json(null)], '/ticket/ gave no ticket'],
    ['a network that is down', [new TypeError('Failed')], '/ticket/ gave an TypeError'],
    [
      'a token that is missing',
      [status(403), Response.json({})],
      '/ticket/ gave no csrf_token',
    ],
  ])('is not to be had from %s, and that is never nobody', async (_, answers, message) => {
    application('csrftoken=abc', ...answers);
    const error = await (get() as Promise<unknown>).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(TicketError);
    expect(error).toMatchObject({ message: `there is no ticket: ${message}`, retryAfterMs: 0 });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect((error as Error).cause).toBeUndefined();
  });

  it.each([
    ['2', 2_000],
    ['3600', 60_000],
    ['-5', 0],
    ['Mon, 23 Nov 2026 02:16:34 GMT', 0],
  ])('is to be asked for later, if Retry-After is %s', async (after, retryAfterMs) => {
    application('csrftoken=abc', status(503, { 'Retry-After': after }));
    await expect(get()).rejects.toMatchObject({ retryAfterMs });
  });

  it('is not waited for longer than a gateway waits for connect', async () => {
    vi.stubGlobal('document', { cookie: 'csrftoken=abc' });
    vi.stubGlobal('fetch', (_: string, { signal }: { signal: AbortSignal }) => {
      return new Promise((_fulfil, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    });
    const clock = new FakeClock();
    const getting = get({}, clock) as Promise<unknown>;
    clock.advance(8_000);
    await expect(getting).rejects.toThrow('/ticket/ gave an AbortError');
    expect(clock.waiting).toBe(0);
  });
});

describe('a session that is kept in a cookie', () => {
  /** A page with one cookie, which tells what it was last set to. */
  function page(protocol: string): { cookie: string } {
    const document = { cookie: '' };
    vi.stubGlobal('location', { protocol });
    vi.stubGlobal('document', document);
    return document;
  }

  it('is sent by no other site, and lasts as long as the gateway says', () => {
    const document = page('http:');
    cookieStore('telegraphy_session_token').write('tgs_1', 43_200_999);
    expect(document.cookie).toBe(
      'telegraphy_session_token=tgs_1; Path=/; Max-Age=43200; SameSite=Strict',
    );
  });

  it('never goes unencrypted, on a page that came by https', () => {
    const document = page('https:');
    cookieStore('telegraphy_session_token').write('tgs_1', 5_000);
    expect(document.cookie).toContain('; Secure');
  });

  it('lasts until the browser is closed, where the session of the site does', () => {
    const document = page('https:');
    const store = cookieStore('kept', true);
    store.write('tgs_1', 43_200_000);
    expect(document.cookie).toBe('kept=tgs_1; Path=/; SameSite=Strict; Secure');
    store.forget();
    expect(document.cookie).toContain('kept=; Path=/; Max-Age=0');
  });

  it('is read among the others, and only by its whole name', () => {
    const document = page('http:');
    document.cookie = 'xkept=no; kept=tgs_1; keptx=no';
    expect(cookieStore('kept').read()).toBe('tgs_1');
    expect(cookieStore('kep').read()).toBeNull();
  });

  it('is forgotten', () => {
    const document = page('http:');
    cookieStore('kept').forget();
    expect(document.cookie).toBe('kept=; Path=/; Max-Age=0; SameSite=Strict');
    expect(cookieStore('kept').read()).toBeNull();
  });
});

describe('a session that is kept in memory', () => {
  it('is there until its time is over, or it is forgotten', () => {
    const clock = new FakeClock();
    const store = memoryStore(clock);
    expect(store.read()).toBeNull();
    store.write('tgs_1', 1_000);
    clock.advance(999);
    expect(store.read()).toBe('tgs_1');
    clock.advance(1);
    expect(store.read()).toBeNull();
    store.write('tgs_2', 1_000);
    store.forget();
    expect(store.read()).toBeNull();
  });
});
