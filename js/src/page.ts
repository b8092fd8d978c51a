/**
 * The script for a page, as Django's `{% telegraphy %}` includes it: reads the configuration that
 * the page holds and defines the global `telegraphy`. Nothing connects before it is used.
 */
import { Gateway } from './gateway.js';
import type { GatewayOptions, GatewayState } from './gateway.js';
import { sessionCookie } from './identity.js';
import { flag, maybe, natural, oneOf, shape, string } from './readers.js';
import { cookieStore } from './session.js';
import type { CsrfOptions } from './ticket.js';
import type { Address } from './url.js';
import { gatewayUrl } from './url.js';
import { version } from './version.js';
import { all, any, not, where } from './where.js';

const configId = 'telegraphy-config';

/** The global `telegraphy`. */
export interface Telegraphy {
  /** The page's gateway, which connects at the first use. The others are its methods. */
  readonly gateway: Gateway;
  readonly subscribe: Gateway['subscribe'];
  readonly channel: Gateway['channel'];
  readonly types: Gateway['types'];
  readonly on: Gateway['on'];
  readonly state: GatewayState;
  /** For queries. */
  readonly where: typeof where;
  readonly all: typeof all;
  readonly any: typeof any;
  readonly not: typeof not;
  /** For another gateway than the page's. */
  readonly Gateway: typeof Gateway;
  readonly version: string;
}

declare global {
  // Only a `var` becomes a property of `globalThis`. Undefined until the script has run.
  var telegraphy: Telegraphy;
}

interface PageConfig {
  readonly url?: string;
  readonly port?: number;
  readonly path?: string;
  readonly ticket?: string;
  readonly ticketUrl?: string;
  readonly anonymous?: boolean;
  readonly csrf?: CsrfOptions;
  readonly session?: {
    readonly store?: 'cookie' | 'memory';
    readonly cookie?: string;
    /** Does the web application's own session end when the browser is closed? */
    readonly untilClosed?: boolean;
  };
}

const pageConfig = shape<PageConfig>({
  url: maybe(string),
  port: maybe(natural),
  path: maybe(string),
  ticket: maybe(string),
  ticketUrl: maybe(string),
  anonymous: maybe(flag),
  csrf: maybe(shape<CsrfOptions>({ cookie: maybe(string), header: maybe(string) })),
  session: maybe(
    shape<NonNullable<PageConfig['session']>>({
      store: maybe(oneOf('cookie', 'memory')),
      cookie: maybe(string),
      untilClosed: maybe(flag),
    }),
  ),
});

function readConfig(): GatewayOptions {
  const source = document.getElementById(configId)?.textContent;
  if (!source) return {};
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    // The browser's own words would quote from it, and there may be a ticket in it.
    throw new TypeError(`#${configId} is not JSON`);
  }
  const { session, ...rest } = pageConfig(value, `#${configId}`);
  if (session?.store !== 'cookie') return rest;
  return {
    ...rest,
    session: cookieStore(session.cookie ?? sessionCookie, session.untilClosed),
  };
}

/**
 * Says in the console that no gateway answers: once, until one did. A browser's own word for it
 * does not tell what to start. Not when a connection is lost, which mends itself as a rule.
 */
function warnOfSilence(gateway: Gateway, address: Address): void {
  let before = gateway.state.name;
  let warned = false;
  gateway.on('state', (state) => {
    const unanswered =
      before === 'connecting' &&
      state.name === 'waiting' &&
      ['abnormal', 'connect_timeout'].includes(state.reason);
    if (unanswered && !warned) {
      warned = true;
      const url = gatewayUrl(address, location);
      console.warn(
        `telegraphy: no gateway answers at ${url}; is \`manage.py telegraphy\` running? ` +
          'If it is, its log says what it refuses.',
      );
    }
    if (state.name === 'connected' || state.name === 'closed') warned = false;
    before = state.name;
  });
}

function createTelegraphy(): Telegraphy {
  const options = readConfig();
  const gateway = new Gateway(options);
  warnOfSilence(gateway, options);
  return {
    gateway,
    subscribe: gateway.subscribe.bind(gateway),
    channel: gateway.channel.bind(gateway),
    types: gateway.types.bind(gateway),
    on: gateway.on.bind(gateway),
    get state() {
      return gateway.state;
    },
    where,
    all,
    any,
    not,
    Gateway,
    version,
  };
}

// A page that includes the script twice keeps one connection. (Not `in`: an element with the id
// "telegraphy" is a property of the window, too.)
const before = (globalThis as Partial<typeof globalThis>).telegraphy;
if (!before?.gateway) globalThis.telegraphy = createTelegraphy();
