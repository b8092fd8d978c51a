import type { Clock } from './clock.js';
import { readCookie } from './cookies.js';

/** Keeps the token of a session (PROTOCOL.md 6.2): a secret, by which the client is known again. */
export interface SessionStore {
  /** Asked anew each time, since whoever shares the store may have a newer one. */
  read(): string | null;
  /** Each token replaces the one before, and is good for no longer than this. */
  write(token: string, expiresInMs: number): void;
  forget(): void;
}

/** For this object alone: gone with the page or program. */
export function memoryStore(clock: Clock): SessionStore {
  let kept: { readonly token: string; readonly until: number } | undefined;
  return {
    read: () => (kept && clock.now() < kept.until ? kept.token : null),
    write(token, expiresInMs) {
      kept = { token, until: clock.now() + expiresInMs };
    },
    forget() {
      kept = undefined;
    },
  };
}

/** For all pages of the host, so that tabs share it; perhaps until the browser is closed only. */
export function cookieStore(name: string, untilClosed = false): SessionStore {
  const put = (token: string, seconds: number): void => {
    const life = untilClosed && token ? '' : `; Max-Age=${seconds}`;
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `${name}=${token}; Path=/${life}; SameSite=Strict${secure}`;
  };
  return {
    read: () => readCookie(name),
    write(token, expiresInMs) {
      put(token, Math.floor(expiresInMs / 1000));
    },
    forget() {
      put('', 0);
    },
  };
}
