/**
 * Queries from JavaScript's values: the object form, and a template that escapes what it is given.
 * Both give CEL (protocol/QUERY.md); what the query means, and whether it fits the event type, is
 * the gateway's to say.
 */
import { checkNames } from './names.js';
import type { TemplateValue, Where } from './types.js';

/** The words of CEL, and the names that a field would hide: such a field is `data["in"]`. */
const words = new RegExp(
  '^(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|' +
    'namespace|return|var|void|while|data|old|event|auth)$',
);

function literal(value: unknown, of: string): string {
  const text = String(value);
  switch (typeof value) {
    case 'string':
      if (!/\p{Cs}/u.test(value)) return JSON.stringify(value);
      break;
    case 'number':
      // Not NaN, not infinity, and no integer that may have been another before it was a number.
      if (Number.isSafeInteger(value) || /[.e]/.test(text)) return text;
      break;
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return text;
      break;
    case 'boolean':
      return text;
    default:
      if (value === null) return text;
      if (Array.isArray(value)) {
        return `[${Array.from(value, (item) => literal(item, of)).join(', ')}]`;
      }
      if (value instanceof Date && value.getTime() === value.getTime()) {
        return `timestamp("${value.toISOString()}")`;
      }
  }
  throw new TypeError(
    `${of} cannot be ${text}, only a string, number (a bigint from 2^53 on), boolean, Date, null ` +
      'or a list of these',
  );
}

/** How they are written, of a field `f` and a value `v`. */
const operators: Readonly<Record<string, string>> = {
  eq: 'f == v',
  ne: 'f != v',
  gt: 'f > v',
  gte: 'f >= v',
  lt: 'f < v',
  lte: 'f <= v',
  in: 'f in v',
  nin: '!(f in v)',
  contains: 'f.contains(v)',
  startsWith: 'f.startsWith(v)',
  endsWith: 'f.endsWith(v)',
  has: 'v in f',
  isNull: 'f == null',
};

/** Written as `{…}`, in whichever window: no list, Date, Map or the like. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function condition([name, wanted]: [string, unknown]): readonly string[] {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new TypeError(`"${name}" is no field; inside of one looks a text: "meta.color == 1"`);
  }
  const field = words.test(name) ? `data["${name}"]` : name;
  const asked = Object.entries(
    isPlain(wanted) ? wanted : { [Array.isArray(wanted) ? 'in' : 'eq']: wanted },
  );
  if (asked.length === 0) throw new TypeError(`nothing is asked of ${field}`);
  return asked.map(([operator, value]) => {
    checkNames(`the query of ${field}`, 'operator', [operator], operators);
    const text = literal(value, field);
    const isNull = operator === 'isNull';
    if (
      Array.isArray(value) !== /^n?in$/.test(operator) ||
      (isNull && typeof value !== 'boolean')
    ) {
      throw new TypeError(`"${operator}" of ${field} cannot be ${text}`);
    }
    const form = operators[isNull && value === false ? 'ne' : operator] ?? '';
    return form.replace(/\b[fv]\b/g, (part) => (part === 'f' ? field : isNull ? 'null' : text));
  });
}

/**
 * The query in CEL.
 *
 * @throws TypeError if it is none, or says something that there is no literal for.
 */
export function queryText(query: unknown): string {
  if (typeof query === 'string') return query;
  const parts = isPlain(query) ? Object.entries(query).flatMap(condition) : [];
  if (parts.length > 0) return parts.join(' && ');
  throw new TypeError('a query is a text, or an object of a field or more, or left out');
}

/**
 * The same for fields that must have one value each.
 *
 * @throws TypeError likewise, or if there is none, or more is said of one than its value.
 */
export function channelText(fields: unknown): string {
  const values = isPlain(fields) ? Object.values(fields) : [];
  if (values.length === 0 || values.some((value) => isPlain(value) || Array.isArray(value))) {
    throw new TypeError('a channel is a field or more, each with one value: { room: 42 }');
  }
  return queryText(fields);
}

const opening = `("""|'''|"(?!"")|'(?!''))`;
/** Strings and comments of CEL from end to end. Of one that is open its first quote is left. */
const whole = new RegExp(
  `[rR]${opening}[^]*?\\1|${opening}(?:\\\\[^]|(?!\\2|\\\\)[^])*\\2|//.*\\n`,
  'g',
);

/** A text in brackets, which none of its own may close, and no comment at its end may hide. */
function bracketed(text: string): string {
  const closed = text.includes('//') ? `${text}\n` : text;
  let rest = closed.replace(whole, ' ');
  for (let last = ''; last !== rest;) [last, rest] = [rest, rest.replace(/\([^()]*\)/g, ' ')];
  if (/[()"']/.test(rest)) throw new TypeError(`brackets or quotes are open in ${text}`);
  return `(${closed})`;
}

function join(queries: readonly unknown[], operator: string): string {
  if (queries.length === 0) throw new TypeError('a query of no queries');
  return queries
    .map((query) => (typeof query === 'string' ? bracketed(query) : queryText(query)))
    .join(operator);
}

/** Every one of these holds. */
export function all<Name extends string = string>(...queries: readonly Where<Name>[]): string {
  return join(queries, ' && ');
}

/** One of these holds, or more. */
export function any<Name extends string = string>(...queries: readonly Where<Name>[]): string {
  return join(queries, ' || ');
}

/** This does not hold. (Nothing is said of a field that is not there: neither holds then.) */
export function not<Name extends string = string>(query: Where<Name>): string {
  return `!${bracketed(queryText(query))}`;
}

/** No token of one may run into one of the other: `r` and `"…"` would be a raw string. */
const glue = (before: string, after: string): string =>
  before + (/[\w"']$/.test(before) && /^[\w"']/.test(after) ? ' ' : '') + after;

/**
 * CEL with values in it, each of them escaped: where`owner_id == ${id} && name == ${name}`.
 *
 * @throws TypeError if there is no literal for a value, or it stands where none can be.
 */
export function where(
  texts: TemplateStringsArray,
  ...values: readonly TemplateValue[]
): string {
  // Of a mere string nothing could be escaped any more.
  if (typeof texts === 'string' || !('raw' in texts)) {
    throw new TypeError('write where`…`, without parentheses');
  }
  // What stands there is CEL, its backslashes too.
  return texts.raw.reduce((query, text, index) => {
    query = glue(query, text);
    if (index === values.length) return query;
    const of = `value ${index + 1} of the query`;
    if (/["']|\/\//.test(text.replace(whole, ' '))) {
      throw new TypeError(`${of} stands in quotes: it brings its own`);
    }
    return glue(query, literal(values[index], of));
  }, '');
}
