/**
 * The script for a page, as Django's `{% telegraphy %}` includes it: reads the configuration that
 * the page holds and defines the global `telegraphy`. Nothing connects before it is used.
 */
import { Gateway } from './gateway.js';
import type { GatewayState } from './gateway.js';
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

function readConfig(): Address {
  const source = document.getElementById(configId)?.textContent;
  if (!source) return {};
  try {
    const config: unknown = JSON.parse(source);
    if (typeof config !== 'object' || config === null)
      throw new TypeError('it is not an object');
    return checked(config as Record<keyof Address, unknown>);
  } catch (error) {
    throw new TypeError(
      `telegraphy: cannot use the configuration in #${configId}: ${String(error)}`,
    );
  }
}

function checked({ url, port, path }: Record<keyof Address, unknown>): Address {
  const want = (name: string, type: string, value: unknown): never => {
    throw new TypeError(`${name} should be a ${type} or null, but is ${JSON.stringify(value)}`);
  };
  url ??= null;
  port ??= null;
  path ??= null;
  return {
    url: typeof url === 'string' || url === null ? url : want('url', 'string', url),
    port: typeof port === 'number' || port === null ? port : want('port', 'number', port),
    path: typeof path === 'string' || path === null ? path : want('path', 'string', path),
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
        `telegraphy: no gateway answers at ${url}; is \`manage.py telegraphy\` running?`,
      );
    }
    if (state.name === 'connected' || state.name === 'closed') warned = false;
    before = state.name;
  });
}

function createTelegraphy(): Telegraphy {
  const address = readConfig();
  const gateway = new Gateway(address);
  warnOfSilence(gateway, address);
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
