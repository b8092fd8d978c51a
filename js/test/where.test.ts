import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { all, any, channelText, not, queryText, where } from '../src/where.js';

interface Case {
  readonly name: string;
  readonly object?: unknown;
  readonly cel: string | null;
}

const sugar = JSON.parse(
  readFileSync(new URL('../../protocol/vectors/query/sugar.json', import.meta.url), 'utf8'),
  (_, value: unknown) =>
    typeof value === 'object' && value !== null && '$date' in value
      ? new Date(value.$date as string)
      : value,
) as { readonly cases: readonly Case[] };

const cases = sugar.cases.filter((one) => 'object' in one);

describe('the object form, as the vectors have it', () => {
  it.each(cases.map((one): [string, Case] => [one.name, one]))('%s', (_, { object, cel }) => {
    if (cel === null) expect(() => queryText(object)).toThrow(TypeError);
    else expect(queryText(object)).toBe(cel);
  });

  it('in more than a few', () => {
    expect(cases.length).toBeGreaterThan(20);
  });
});

describe('the object form', () => {
  it.each([
    ['a text is CEL as it is', 'total > 100', 'total > 100'],
    ['a bigint', { id: 2n ** 63n - 1n }, 'id == 9223372036854775807'],
    ['the least bigint', { id: -(2n ** 63n) }, 'id == -9223372036854775808'],
    ['minus nothing', { x: -0 }, 'x == 0'],
    ['a number too large for an int', { x: { lt: 1e21 } }, 'x < 1e+21'],
    ['a very small number', { x: { gt: -1e-7 } }, 'x > -1e-7'],
    ['null among a list', { x: ['a', null] }, 'x in ["a", null]'],
    ['a list that is empty', { x: [] }, 'x in []'],
    ['unequal to null', { x: { ne: null } }, 'x != null'],
    [
      'a Date, and a list of them',
      { at: { in: [new Date(0), new Date(1)] } },
      'at in [timestamp("1970-01-01T00:00:00.000Z"), timestamp("1970-01-01T00:00:00.001Z")]',
    ],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), 'a == 1'],
    ['an object of another window', runInContext('({ a: 1 })', createContext()), 'a == 1'],
    [
      'what a replacement would read',
      { a: { contains: "$& $1 $' f v" } },
      'a.contains("$& $1 $\' f v")',
    ],
    ['fields called as the placeholders', { f: { has: 'v' }, v: 'f' }, '"v" in f && v == "f"'],
  ])('writes %s', (_, query: unknown, cel) => {
    expect(queryText(query)).toBe(cel);
  });

  it('knows every word of CEL', () => {
    const words =
      'true false null in as break const continue else for function if import let loop package ' +
      'namespace return var void while';
    for (const word of words.split(' ')) {
      expect(queryText({ [word]: 1 })).toBe(`data["${word}"] == 1`);
      expect(queryText({ [`${word}s`]: 1 })).toBe(`${word}s == 1`);
    }
  });

  const values =
    'only a string, number (a bigint from 2^53 on), boolean, Date, null or a list of these';
  const query = 'a query is a text, or an object of a field or more';

  it.each([
    ['nothing', undefined, query],
    ['an empty object', {}, query],
    ['a list', [{ a: 1 }], query],
    ['a Map', new Map([['a', 1]]), query],
    ['a number', 7, query],
    ['undefined', { a: undefined }, `a cannot be undefined, ${values}`],
    ['a hole in a list', { a: Array(1) }, `a cannot be undefined, ${values}`],
    ['NaN', { a: { gt: NaN } }, `a cannot be NaN, ${values}`],
    ['infinity', { a: -Infinity }, `a cannot be -Infinity, ${values}`],
    ['a number that is not exact', { a: 2 ** 53 }, `a cannot be 9007199254740992, ${values}`],
    ['a bigint beyond 64 bits', { a: 2n ** 63n }, `a cannot be 9223372036854775808, ${values}`],
    ['a Date that is none', { a: new Date(NaN) }, `a cannot be Invalid Date, ${values}`],
    ['half a surrogate pair', { a: 'x\ud800' }, `a cannot be x\ud800, ${values}`],
    ['a function', { a: Boolean }, `a cannot be ${String(Boolean)}, ${values}`],
    ['a Set', { a: new Set() }, `a cannot be [object Set], ${values}`],
    [
      'an operator that there is not',
      { a: { $gt: 1 } },
      'the query of a knows no operator "$gt", only eq, ne, gt, gte, lt, lte, in, nin, contains, ' +
        'startsWith, endsWith, has, isNull',
    ],
    [
      'one that every object inherits',
      { a: { toString: 1 } },
      'the query of a knows no operator "toString"',
    ],
    ['no operator', { b: 1, a: {} }, 'nothing is asked of a'],
    ['a list where a value must be', { a: { eq: [1] } }, '"eq" of a cannot be [1]'],
    ['a value where a list must be', { a: { nin: 1 } }, '"nin" of a cannot be 1'],
    [
      'what is neither null nor not',
      { a: { isNull: 'false' } },
      '"isNull" of a cannot be "false"',
    ],
    [
      'a path',
      { 'meta.color': 'red' },
      '"meta.color" is no field; inside of one looks a text: "meta.color == 1"',
    ],
    ['more than a name', { 'a == 1 || b\n': 1 }, '"a == 1 || b\n" is no field'],
    ['a name in other letters', { größe: 1 }, '"größe" is no field'],
  ])('refuses %s', (_, mistaken: unknown, message) => {
    expect(() => queryText(mistaken)).toThrow(TypeError);
    expect(() => queryText(mistaken)).toThrow(message);
  });
});

describe('all, any, not', () => {
  it('join queries of both kinds', () => {
    expect(any({ a: 1, b: 2 }, { c: 3 })).toBe('a == 1 && b == 2 || c == 3');
    expect(all({ a: 1 }, 'b > 2 || c', { d: 4 })).toBe('a == 1 && (b > 2 || c) && d == 4');
    expect(not({ a: 1, b: 2 })).toBe('!(a == 1 && b == 2)');
    expect(not('a || b')).toBe('!(a || b)');
    expect(all({ a: 1 }, not(any({ b: 2 }, { c: [3] })))).toBe(
      'a == 1 && (!(b == 2 || c in [3]))',
    );
  });

  it('keep a text together, whatever it has at its end', () => {
    expect(any('a // one of\n', 'b // two')).toBe('(a // one of\n\n) || (b // two\n)');
    expect(not('a == "//"')).toBe('!(a == "//"\n)');
    expect(all('(a) == ")" // )', "b == r'\\'")).toBe('((a) == ")" // )\n) && (b == r\'\\\')');
  });

  it.each([
    'true) || (true',
    'a) ',
    '(a',
    ') && (',
    'a == "',
    "a == 'b\\'",
    '"""a" ',
    'a == "// ',
  ])('refuse a text that would reach out of its brackets: %s', (text) => {
    const mistake = new TypeError(`brackets or quotes are open in ${text}`);
    expect(() => all({ room: 42 }, text)).toThrow(mistake);
    expect(() => any(text, 'b')).toThrow(mistake);
    expect(() => not(text)).toThrow(mistake);
  });

  it('refuse to join nothing', () => {
    expect(() => all()).toThrow(TypeError);
    expect(() => any()).toThrow(TypeError);
    expect(() => any({})).toThrow(TypeError);
    expect(() => not(undefined as never)).toThrow(TypeError);
  });
});

describe('a channel', () => {
  it('is fields with their values', () => {
    expect(channelText({ room: 42 })).toBe('room == 42');
    expect(channelText({ room: 'a"b', at: new Date(0), team: null })).toBe(
      'room == "a\\"b" && at == timestamp("1970-01-01T00:00:00.000Z") && team == null',
    );
  });

  it.each([{}, [], 'room == 42', { room: [1, 2] }, { room: { gt: 1 } }, null])(
    'is not %j',
    (fields) => {
      expect(() => channelText(fields)).toThrow(
        new TypeError('a channel is a field or more, each with one value: { room: 42 }'),
      );
    },
  );

  it('has no field that is undefined', () => {
    expect(() => channelText({ room: undefined })).toThrow('room cannot be undefined');
  });
});

describe('the template', () => {
  const evil = '" || true || "';

  it('writes each value as a literal', () => {
    expect(where`owner_id == ${7} && name == ${'Zoë "Z"'}`).toBe(
      'owner_id == 7 && name == "Zoë \\"Z\\""',
    );
    expect(where`${'gift'} in tags && at > ${new Date(0)} && x in ${[1, null]}`).toBe(
      '"gift" in tags && at > timestamp("1970-01-01T00:00:00.000Z") && x in [1, null]',
    );
    expect(where`elapsed > duration(${'5s'})`).toBe('elapsed > duration("5s")');
    expect(where`a && ${true}`).toBe('a && true');
    expect(where`a`).toBe('a');
    expect(where`name == ${evil}`).toBe('name == "\\" || true || \\""');
  });

  it('takes what stands in it as it stands, backslashes too', () => {
    expect(where`a == "\n\\" && b == ${1}`).toBe('a == "\\n\\\\" && b == 1');
  });

  it('lets no two tokens become one', () => {
    expect(where`a == r${'\\d'}`).toBe('a == r "\\\\d"');
    expect(where`x1${2} == 3`).toBe('x1 2 == 3');
    expect(where`${1}${2}`).toBe('1 2');
    expect(where`${''}${evil}`).toBe('"" "\\" || true || \\""');
    expect(where`${''}"a"`).toBe('"" "a"');
    expect(where`a == ""${'b'}`).toBe('a == "" "b"');
    expect(where`${5}u`).toBe('5 u');
    expect(where`a == -${-5}`).toBe('a == --5');
  });

  it.each([
    ['"', where.bind(null, ...parts('a == "', '"')), 'double quotes'],
    ["'", where.bind(null, ...parts("a == '", "'")), 'single quotes'],
    ['"""', where.bind(null, ...parts('a == """x" ', '"""')), 'three quotes'],
    ["r'", where.bind(null, ...parts("a == r'\\' + '", "'")), 'quotes after a raw text'],
    ['"\\"', where.bind(null, ...parts('a == "\\"', '"')), 'quotes after an escaped one'],
    ['"\\\\"', where.bind(null, ...parts('a == "b\\\\\\"c', '"')), 'quotes after backslashes'],
    ['//', where.bind(null, ...parts('a // == ', '\n')), 'a comment'],
    ["'//", where.bind(null, ...parts('a == "//" // it\'s ', '\n')), 'a comment after text'],
    ['many', where.bind(null, ...parts(`a == "${'\\'.repeat(99)}"`, '"')), 'many backslashes'],
  ])('refuses a value inside of quotes: %s', (_, made) => {
    expect(made).toThrow(
      new TypeError('value 1 of the query stands in quotes: it brings its own'),
    );
  });

  it.each([
    ['a == "//" && b == ', '', 'a == "//" && b == "v"'],
    ['a == "it\'s" && b == ', ' && c == "', 'a == "it\'s" && b == "v" && c == "'],
    ["a == 'b\\\\' && b == ", '', 'a == \'b\\\\\' && b == "v"'],
    ["a == r'\\' && b == ", '', 'a == r\'\\\' && b == "v"'],
    ['a == """"b"" """ && b == ', '', 'a == """"b"" """ && b == "v"'],
    ['// it\'s "odd\na == ', '', '// it\'s "odd\na == "v"'],
    ["a == '' && b == ", '', 'a == \'\' && b == "v"'],
  ])('sees where quotes and comments end: %s', (before, after, cel) => {
    expect(where(...parts(before, after))).toBe(cel);
  });

  it('sees it in every text of a few characters', () => {
    const alphabet = ['"', "'", '\\', 'r', '/', '\n', ' '];
    let texts = [''];
    for (let size = 0; size < 6; size += 1) {
      for (const text of texts) {
        const refused = ((): boolean => {
          try {
            where(...parts(text, ''));
            return false;
          } catch {
            return true;
          }
        })();
        if (refused !== isOpen(text)) expect([text, refused]).toEqual([text, isOpen(text)]);
      }
      texts = texts.flatMap((text) => alphabet.map((more) => text + more));
    }
    expect(texts).toHaveLength(alphabet.length ** 6);
  });

  it('refuses what is no value, and says which', () => {
    expect(() => where`a == ${1} && b == ${undefined as never}`).toThrow(
      'value 2 of the query cannot be undefined',
    );
    expect(() => where`a == ${{ gt: 1 } as never}`).toThrow('value 1 of the query cannot be');
  });

  it('refuses to be called with a text, of which it could escape nothing', () => {
    for (const mistaken of [`a == ${evil}`, { a: 1 }, undefined, ['a']]) {
      expect(() => where(mistaken as never)).toThrow(TypeError);
    }
    expect(() => where('a' as never)).toThrow('write where`…`, without parentheses');
  });
});

/** What a tag gets, for `before${'v'}after`. */
function parts(before: string, after: string): [TemplateStringsArray, string] {
  const raw = [before, after];
  return [Object.assign([...raw], { raw }), 'v'];
}

/** Does CEL's text end within a string or a comment? Read as the specification says. */
function isOpen(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('//', at)) {
      at = text.indexOf('\n', at);
      if (at < 0) return true;
    } else if (/^r?["']/.test(text.slice(at))) {
      const raw = text[at] === 'r';
      if (raw) at += 1;
      const [quote = ''] = /^("""|'''|"|')/.exec(text.slice(at)) ?? [];
      at += quote.length;
      while (!text.startsWith(quote, at)) {
        if (at >= text.length) return true;
        at += text[at] === '\\' && !raw ? 2 : 1;
      }
      at += quote.length;
    } else {
      at += 1;
    }
  }
  return false;
}
