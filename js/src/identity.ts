import type { Clock } from './clock.js';
import { HandlerError } from './errors.js';
import type { TelegraphyError } from './errors.js';
import type { ConnectedMessage, ConnectMessage } from './messages.js';
import { cookieStore, memoryStore } from './session.js';
import type { SessionStore } from './session.js';
import { ticketFrom } from './ticket.js';
import type { CsrfOptions } from './ticket.js';

/** Gets a ticket from the web application; null: nobody is logged in. */
export type TicketSource = () => string | null | Promise<string | null>;

export interface IdentityOptions {
  /**
   * Who this client is: a ticket, which is good once; or a function that gets one, called anew
   * whenever a fresh one is needed.
   */
  readonly ticket?: string | TicketSource | null | undefined;
  /** From where a page gets fresh tickets: that of Django's ticket view. */
  readonly ticketUrl?: string | null | undefined;
  readonly csrf?: CsrfOptions;
  /** Nobody is logged in: a kept session is forgotten, and no ticket asked for before `close()`. */
  readonly anonymous?: boolean | null | undefined;
  /** Where the session's token is kept. Default `memory`; `cookie`: all tabs share it. */
  readonly session?: 'cookie' | 'memory' | SessionStore | undefined;
}

/** What `connect` shows. */
export type Credentials = Pick<ConnectMessage, 'ticket' | 'session'>;

/** The cookie's name where no page says another. */
export const sessionCookie = 'telegraphy_session_token';

/** A ticket that waited for longer is not worth showing, if another can be had. */
const freshMs = 25_000;
/** A token that was shown this long ago, without an answer, may look like a copy by now. */
const graceMs = 8_000;

/**
 * Who this client is, over all its connections: what `connect` shows, and where that comes from.
 *
 * - A ticket at hand is shown once, together with a kept session.
 * - Else the kept session; without one, a ticket is got; if there is none to be had, nothing.
 * - What was refused is not shown again: a fresh ticket is.
 */
export class Identity {
  readonly #clock: Clock;
  readonly #report: (error: TelegraphyError) => void;
  readonly #source: TicketSource | undefined;
  readonly #store: SessionStore;
  #ticket: string | undefined;
  #ticketAt: number;
  /** Did the ticket come from the source, or with the options? */
  #got = false;
  /** A kept session will not do. */
  #wanted = false;
  /** Nobody is logged in, as far as is known. Not asked again for each connection. */
  #nobody = false;
  #shown: Credentials = {};
  #shownAt = 0;
  /** The latest token of this client: another one in the store may be another client's. */
  #token: string | undefined;
  /** Until `closed()` once more. */
  #round = 0;
  /** Of the connection before. */
  #user: string | undefined;
  #known = false;

  /** @throws TypeError if an option has a value that it cannot have. */
  constructor(
    options: IdentityOptions,
    clock: Clock,
    report: (error: TelegraphyError) => void,
  ) {
    const { ticket, ticketUrl, csrf = {}, anonymous, session = 'memory' } = options;
    this.#clock = clock;
    this.#report = report;
    this.#ticketAt = clock.now();
    if (typeof ticket === 'string') this.#ticket = ticket;
    else if (typeof ticket === 'function') this.#source = ticket;
    else if (ticket != null) throw new TypeError('`ticket` should be a string or a function');
    if (ticketUrl != null) this.#source ??= ticketFrom(ticketUrl, csrf, clock);
    if (session === 'cookie') this.#store = cookieStore(sessionCookie);
    else if (session === 'memory') this.#store = memoryStore(clock);
    else if (typeof (session as Partial<SessionStore> | null)?.read === 'function')
      this.#store = session;
    else {
      throw new TypeError('`session` should be "cookie", "memory" or a SessionStore');
    }
    if (anonymous) this.#isNobody();
  }

  /** Can a fresh ticket be had? */
  get renewable(): boolean {
    return this.#source !== undefined;
  }

  /** Somebody may log in before the application connects again. */
  closed(): void {
    this.#round += 1;
    this.#nobody = false;
  }

  /** What `connect` shows now; a promise if a ticket has to be got before this is asked again. */
  show(): Credentials | Promise<void> {
    if (this.#source && this.#needsTicket()) return this.#get(this.#source);
    const ticket = this.#ticket;
    const session = this.#session();
    if (this.renewable) this.#ticket = undefined;
    this.#shownAt = this.#clock.now();
    this.#shown = {
      ...(ticket !== undefined && { ticket }),
      ...(session !== null && { session }),
    };
    return this.#shown;
  }

  /** `connected`. Is the client another than before, or has it other rights? */
  granted({ user, session }: ConnectedMessage): boolean {
    const { ticket, session: shown } = this.#shown;
    const anew = this.#known && (user !== this.#user || ticket !== undefined);
    this.#known = true;
    this.#user = user;
    this.#shown = {};
    this.#ticket = undefined;
    this.#wanted = false;
    if (session) {
      this.#token = session.token;
      this.#nobody = false;
      this.#kept((store) => {
        // Unless another tab has gone on from what was shown: what it has is no older.
        if (ticket !== undefined || [shown, null].includes(store.read())) {
          store.write(session.token, session.expires_in_ms);
        }
      });
    }
    return anew;
  }

  /** `connect` was refused. May something else, or nothing, be shown at once? */
  refused(code: string): boolean {
    const { ticket, session } = this.#shown;
    this.#shown = {};
    if (code !== 'unauthenticated' || !(ticket ?? session)) return false;
    this.#ticket = undefined;
    this.#wanted = this.renewable;
    // Beside a ticket, a session is no reason to refuse.
    if (ticket === undefined) this.#forget(session);
    return ticket === undefined || (this.renewable ? !this.#got : session !== undefined);
  }

  /** The gateway has ended the identity: its session is over. */
  over(): void {
    this.#forget(this.#token);
    this.#wanted = this.renewable;
  }

  #needsTicket(): boolean {
    if (this.#ticket !== undefined && this.#since(this.#ticketAt) < freshMs) return false;
    return this.#wanted || (!this.#nobody && this.#session() === null);
  }

  async #get(source: TicketSource): Promise<void> {
    const round = this.#round;
    const ticket: unknown = await source();
    if (round !== this.#round) return;
    if (typeof ticket === 'string') {
      this.#ticket = ticket;
      this.#ticketAt = this.#clock.now();
      this.#got = true;
    } else if (ticket === null) {
      this.#isNobody();
    } else throw new TypeError(`\`ticket\` should give a string or null`);
    this.#wanted = false;
  }

  #isNobody(): void {
    this.#nobody = true;
    this.#kept((store) => {
      store.forget();
    });
  }

  /** The token that is kept, unless to show it might end the session. */
  #session(): string | null {
    const token = this.#kept((store) => store.read()) ?? null;
    const doubtful =
      this.renewable && token === this.#shown.session && this.#since(this.#shownAt) > graceMs;
    return doubtful ? null : token;
  }

  #forget(token: string | undefined): void {
    this.#kept((store) => {
      if (store.read() === token) store.forget();
    });
  }

  #kept<T>(use: (store: SessionStore) => T): T | undefined {
    try {
      return use(this.#store);
    } catch (cause) {
      this.#report(new HandlerError('the session store', cause));
      return undefined;
    }
  }

  #since(time: number): number {
    return this.#clock.now() - time;
  }
}
