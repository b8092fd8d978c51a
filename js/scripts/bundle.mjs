// How the two files of dist/ are made; build.mjs writes them, size.mjs and the tests look at them.
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

/** @type {Readonly<Record<string, import('esbuild').BuildOptions>>} */
const bundles = {
  // For programs with a bundler of their own: readable, one file.
  'dist/index.js': { entryPoints: ['src/index.ts'], format: 'esm' },
  // For a page's <script>: small. No source map: Django's manifest storage would look for it.
  'dist/telegraphy.js': { entryPoints: ['src/page.ts'], format: 'iife', minify: true },
};

/** @type {(directory: URL) => Promise<ReadonlyMap<string, Uint8Array>>} */
export async function bundleAll(directory) {
  /** @type {Map<string, Uint8Array>} */
  const made = new Map();
  for (const [name, options] of Object.entries(bundles)) {
    const { outputFiles } = await build({
      ...options,
      absWorkingDir: fileURLToPath(directory),
      bundle: true,
      target: 'es2022',
      charset: 'utf8',
      write: false,
      logLevel: 'warning',
      outfile: name,
      banner: { js: '/* Telegraphy, BSD-3-Clause */' },
    });
    for (const file of outputFiles) made.set(name, file.contents);
  }
  return made;
}
