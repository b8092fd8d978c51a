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

/** For all pages of the host, so that tabs share it. */
export function cookieStore(name: string): SessionStore {
  const put = (token: string, seconds: number): void => {
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `${name}=${token}; Path=/; Max-Age=${seconds}; SameSite=Strict${secure}`;
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
