import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

import { bundleAll } from './bundle.mjs';

/**
 * @typedef {object} Weight
 * @property {string} name
 * @property {number} bytes
 * @property {number} gzipped
 * @property {number} budget
 */

/**
 * Weighs what a build would make now, not what an older one left in dist/.
 * @type {(directory: URL) => Promise<readonly Weight[]>}
 */
export async function weigh(directory) {
  const manifest = JSON.parse(await readFile(new URL('package.json', directory), 'utf8'));
  const made = await bundleAll(directory);
  return Object.entries(manifest.sizeBudget).map(([name, budget]) => {
    const contents = made.get(name);
    if (!contents)
      throw new Error(`package.json has a size budget for ${name}, which is not built`);
    const gzipped = gzipSync(contents, { level: 9 }).length;
    return { name, bytes: contents.length, gzipped, budget: Number(budget) };
  });
}

/** @type {(weights: readonly Weight[]) => readonly Weight[]} */
export function overBudget(weights) {
  return weights.filter(({ gzipped, budget }) => gzipped > budget);
}
