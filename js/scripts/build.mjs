// Makes dist/ anew: index.js for programs, telegraphy.js for a page's <script>. Types: tsc.
import { mkdir, rm, writeFile } from 'node:fs/promises';

import { bundleAll } from './bundle.mjs';

const directory = new URL('../', import.meta.url);

await rm(new URL('dist/', directory), { recursive: true, force: true });
await mkdir(new URL('dist/', directory));
for (const [name, contents] of await bundleAll(directory)) {
  await writeFile(new URL(name, directory), contents);
}
