/** One entry for each member of `T`: the compiler sees to it that none is forgotten. */
export type NamesOf<T> = Readonly<Record<keyof T, true>>;

/**
 * For callers without a compiler, whom a name that is passed over would cost an hour.
 *
 * @throws TypeError naming the first of `names` that is not among `known`, and those that are.
 */
export function checkNames(
  where: string,
  kind: 'option' | 'event' | 'operator',
  names: readonly string[],
  known: object,
): void {
  for (const name of names) {
    if (Object.hasOwn(known, name)) continue;
    throw new TypeError(
      `${where} knows no ${kind} "${name}", only ${Object.keys(known).join(', ')}`,
    );
  }
}

/** The same for the names of all options. */
export function checkOptions(where: string, options: unknown, known: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `the options of ${where} should be an object, but are ${JSON.stringify(options)}`,
    );
  }
  checkNames(where, 'option', Object.keys(options), known);
}
