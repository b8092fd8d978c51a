import { ProtocolError } from './errors.js';

export type Members = Readonly<Record<string, unknown>>;

/**
 * Checks a value, and returns it typed. `member` is where it stands, for the error.
 *
 * @throws ProtocolError
 */
export type Read<T> = (value: unknown, member: string) => T;

export function wrong(member: string, wanted: string, value: unknown): never {
  // What stands there is a secret, and this text goes to consoles and logs.
  const got = /session|ticket/.test(member)
    ? 'another'
    : value === undefined
      ? 'nothing'
      : JSON.stringify(value).slice(0, 60);
  throw new ProtocolError(
    member,
    `${member || 'the message'} should be ${wanted}, but is ${got}`,
  );
}

export const integer =
  (least: number): Read<number> =>
  (value, member) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? (value as number)
      : wrong(member, `an integer from ${least} to 2^53-1`, value);

export const natural = integer(0);

export const text =
  (least = 0, most = Infinity): Read<string> =>
  (value, member) =>
    typeof value === 'string' && value.length >= least && value.length <= most
      ? value
      : wrong(
          member,
          most < Infinity ? `a string of ${least} to ${most} characters` : 'a string',
          value,
        );

export const string = text();
export const name = text(1, 256);

export const flag: Read<boolean> = (value, member) =>
  typeof value === 'boolean' ? value : wrong(member, 'true or false', value);

export const oneOf =
  <T extends string>(...values: readonly T[]): Read<T> =>
  (value, member) =>
    values.find((one) => one === value) ?? wrong(member, `one of ${values.join(', ')}`, value);

export const members: Read<Members> = (value, member) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : wrong(member, 'an object', value);

export const list =
  <T>(item: Read<T>): Read<readonly T[]> =>
  (value, member) =>
    Array.isArray(value)
      ? value.map((one, index) => item(one, `${member}[${index}]`))
      : wrong(member, 'a list', value);

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, member) =>
    value === undefined ? undefined : read(value, member);

/** Null is as good as not there. */
export const maybe =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, member) =>
    value == null ? undefined : read(value, member);

export const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (value, member) =>
    value === null ? null : read(value, member);

/** One reader per member of T; those that T may lack are read with `optional`. */
type Shape<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K>
    ? Read<Required<T>[K] | undefined>
    : Read<T[K]>;
};

/** An object with these members. Others are dropped: either side may be newer. */
export const shape = <T>(schema: Shape<T>): Read<T> => {
  const readers = Object.entries<Read<unknown>>(schema);
  return (value, member) => {
    const from = members(value, member);
    const into: Record<string, unknown> = {};
    for (const [key, read] of readers) {
      const part = read(from[key], member ? `${member}.${key}` : key);
      if (part !== undefined) into[key] = part;
    }
    return into as T;
  };
};
