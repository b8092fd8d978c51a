import type { Clock } from './clock.js';
import { readCookie } from './cookies.js';
import { TicketError } from './errors.js';
import type { TicketSource } from './identity.js';

/** How the web application wants to be shown that a request is its own page's. */
export interface CsrfOptions {
  /** Name of the cookie that holds the token. Default `csrftoken`, as Django's. */
  readonly cookie?: string;
  /** Name of the header that shows it. Default `X-CSRFToken`. */
  readonly header?: string;
}

/** For all requests of one ticket together: a gateway waits 10 s for `connect`. */
const limitMs = 8_000;
/** What a web application may ask for at most. */
const retryMsMax = 60_000;

/**
 * Gets tickets by POST from `url`, as Django's ticket view gives them. Where the cookie with the
 * CSRF token is not for scripts, or is out of date (403), a GET gives a token first.
 */
export function ticketFrom(
  url: string,
  { cookie = 'csrftoken', header = 'X-CSRFToken' }: CsrfOptions,
  clock: Clock,
): TicketSource {
  return async () => {
    const limit = new AbortController();
    const undo = clock.after(limitMs, () => {
      limit.abort();
    });
    const ask = (method: string, token?: string): Promise<Response> =>
      fetch(url, {
        method,
        headers: token === undefined ? {} : { [header]: token },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: limit.signal,
      });
    const member = async (response: Response, name: string): Promise<unknown> => {
      if (!response.ok) {
        const seconds = Number(response.headers.get('Retry-After')) || 0;
        const retryMs = Math.min(Math.max(seconds, 0) * 1000, retryMsMax);
        throw new TicketError(`${url} answered ${response.status}`, retryMs);
      }
      const value = ((await response.json()) as Record<string, unknown> | null)?.[name];
      if (value === null || (typeof value === 'string' && value)) return value;
      throw new TicketError(`${url} gave no ${name}`);
    };
    try {
      const token = readCookie(cookie);
      let response = token === null ? undefined : await ask('POST', token);
      if (!response || response.status === 403) {
        response = await ask('POST', String(await member(await ask('GET'), 'csrf_token')));
      }
      return (await member(response, 'ticket')) as string | null;
    } catch (cause) {
      if (cause instanceof TicketError) throw cause;
      // Not what else it says: that may quote from the answer.
      throw new TicketError(`${url} gave an ${(cause as Error).name}`);
    } finally {
      undo();
    }
  };
}
