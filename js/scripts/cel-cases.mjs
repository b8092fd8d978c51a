// Writes the cases of CEL's conformance suite as one list of JSON, for the C tests of gateway/
// engine/cel that run them: node scripts/cel-cases.mjs FILE
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';

/** @typedef {typeof tests} Suite */

/** @type {(suite: Suite, path: string) => Generator<object>} */
function* casesOf(suite, path) {
  for (const { original } of suite.tests ?? []) {
    yield { ...original, name: `${path}${original.name ?? original.expr}` };
  }
  for (const inner of suite.suites ?? []) yield* casesOf(inner, `${path}${inner.name}/`);
}

const file = process.argv[2];
if (file === undefined) throw new Error('cel-cases.mjs: which file shall be written?');
const cases = [...casesOf(tests, '')];
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`);
