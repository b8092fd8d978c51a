import { fileURLToPath } from 'node:url';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const directory = new URL('./typed/', import.meta.url);
const generated = new URL('../../protocol/vectors/typescript/', import.meta.url);

/** What the compiler has to say about these files together. */
function complaints(...files: readonly URL[]): readonly string[] {
  const path = fileURLToPath(new URL('tsconfig.json', directory));
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, fileURLToPath(directory));
  const names = files.map((file) => fileURLToPath(file));
  const program = ts.createProgram(names, { ...options, skipLibCheck: false });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, start = 0, messageText }) =>
        `${file?.fileName ?? ''}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1}: ` +
        ts.flattenDiagnosticMessageText(messageText, '\n'),
    );
}

describe('the event types that `telegraphy types --typescript` declares', () => {
  it('type events and queries, and let no mistake pass', { timeout: 60_000 }, () => {
    expect(complaints(new URL('shop.d.ts', generated), new URL('shop.ts', directory))).toEqual(
      [],
    );
  });

  it('have integers that are numbers, if the project says so', { timeout: 60_000 }, () => {
    expect(complaints(new URL('shop.d.ts', generated), new URL('ints.ts', directory))).toEqual(
      [],
    );
  });

  it('are TypeScript, whatever the catalogue says', { timeout: 60_000 }, () => {
    expect(complaints(new URL('odd.d.ts', generated), new URL('odd.ts', directory))).toEqual(
      [],
    );
  });

  it('say first what helps', { timeout: 60_000 }, () => {
    const found = complaints(new URL('shop.d.ts', generated), new URL('wrong.ts', directory));
    // Of a name that any project may have "not assignable to 'never'" is all that can be said.
    expect(found.map((complaint) => complaint.split("'never'")[0])).toEqual([
      expect.stringMatching(
        /wrong\.ts:6: .*"shop.Ordr"' is not assignable .*'keyof EventTypes'/s,
      ),
      expect.stringMatching(/wrong\.ts:7: .*'totl' does not exist .*Did you mean .*'total'/s),
      expect.stringMatching(
        /wrong\.ts:8: .*"shop.Ordr"' is not assignable .*'keyof EventTypes'/s,
      ),
      expect.stringMatching(/wrong\.ts:9: .*'idd' does not exist /s),
    ]);
  });

  it('would be found to be none', { timeout: 60_000 }, () => {
    const [complaint] = complaints(new URL('shop.ts', directory));
    expect(complaint).toContain('shop.ts');
  });
});
