/** How long to wait between attempts to connect. */
export interface BackoffOptions {
  /** The first wait is anything up to this; the bound doubles with each failure. Default 250. */
  readonly baseMs?: number;
  /** The bound never exceeds this. Default 15 000. */
  readonly capMs?: number;
}

/**
 * Exponential backoff with full jitter: after the n-th failure in a row, anything from 0 to
 * `base · 2ⁿ⁻¹`, capped. The whole range is random, since the clients of a gateway that went down
 * all begin to wait at the same moment.
 *
 *     backoffMs(1, 0.5)  // 125
 *     backoffMs(4, 0.5)  // 1000
 *     backoffMs(99, 0.5) // 7500
 */
export function backoffMs(
  failures: number,
  random: number,
  options: BackoffOptions = {},
): number {
  const { baseMs = 250, capMs = 15_000 } = options;
  return Math.round(random * Math.min(capMs, baseMs * 2 ** (failures - 1)));
}
