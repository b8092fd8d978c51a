/** Where clients find a gateway unless told otherwise. */
export const defaultPort = 1844;
export const defaultPath = '/v1/websocket';

export interface Address {
  /** Absolute (`ws:`, `wss:`, `http:`, `https:`), or a path, or nothing. */
  readonly url?: string | null | undefined;
  /** For a `url` that is not absolute. Default 1844. */
  readonly port?: number | null | undefined;
  /** For want of a `url`. Default `/v1/websocket`. */
  readonly path?: string | null | undefined;
}

/** The part of `location` that is used here. */
export interface PageLocation {
  readonly protocol: string;
  readonly hostname: string;
}

/**
 * The address of the gateway. What is not absolute is taken from the page: its host, but the port
 * of the gateway, and `wss:` if the page came by `https:`.
 *
 *     on https://shop.example/orders/:
 *     {}                              wss://shop.example:1844/v1/websocket
 *     { url: '/live', port: 443 }     wss://shop.example/live
 *     { url: 'ws://localhost:9000/' } ws://localhost:9000/
 */
export function gatewayUrl({ url, port, path }: Address, page?: PageLocation): string {
  const wanted = [url, path].find(Boolean) ?? defaultPath;
  const absolute = /^(?:ws|http)(s?):\/\//i.exec(wanted);
  if (absolute) return wanted.replace(/^[^:]+/, `ws${(absolute[1] ?? '').toLowerCase()}`);
  if (/^[a-z][a-z0-9+.-]*:/i.test(wanted)) {
    throw new TypeError(
      `the url should begin with ws:, wss:, http: or https:, but is "${wanted}"`,
    );
  }
  if (!page?.hostname) {
    throw new TypeError(
      `there is no page whose host could be used: give an absolute url, ` +
        `as "ws://localhost:${defaultPort}${defaultPath}"`,
    );
  }
  const scheme = page.protocol === 'https:' ? 'wss' : 'ws';
  return new URL(wanted, `${scheme}://${page.hostname}:${port ?? defaultPort}/`).href;
}
