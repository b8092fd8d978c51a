/** That names and choices of a catalogue declared nothing else than what they are. */
import type { EventData, EventKey, EventName } from 'telegraphy';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export const same: readonly [
  Same<EventName, 'odd.Choices' | 'odd.Names' | 'odd.parts.Of_1.Name'>,
  Same<EventKey<'odd.Names'>, 'new' | 'constructor'>,
  Same<
    EventData<'odd.Choices'>['quotes'],
    '"; } } evil: \'' | '`${1}\\' | '' | '\u2028\u202e\0\n'
  >,
  Same<EventData<'odd.Choices'>['levels'], -1 | 9007199254740991>,
  Same<EventData<'odd.Choices'>['sizes'], '0.50' | '1.00' | null | undefined>,
  Same<
    keyof EventData<'odd.Names'>,
    | ('new' | 'constructor' | 'readonly' | 'get' | 'set' | 'static' | '__proto__' | 'in')
    | ('_' | 'data')
  >,
] = [true, true, true, true, true, true];
