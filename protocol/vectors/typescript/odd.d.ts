// The event types of a gateway, for TypeScript. Made by `telegraphy types --typescript`:
// not to be edited, but to be made anew when they change.
import type { Int } from 'telegraphy';

declare module 'telegraphy' {
  interface EventTypes {
    /** Choices */
    'odd.Choices': {
      data: {
        readonly quotes: "\"; } } evil: '" | "`${1}\\" | "" | "\u2028\u202e\u0000\n";
        readonly levels: -1 | 9007199254740991;
        readonly too_large: Int;
        readonly ratios: 1 | -0.5e-3;
        /** sizes (decimal) */
        readonly sizes?: "0.50" | "1.00" | null;
        readonly none?: string | null;
        readonly mixed: string;
        readonly flags: boolean;
        readonly many: readonly string[];
      };
      key: never;
      operations: 'event';
      fields: {
        quotes: 'string';
        levels: 'int';
        too_large: 'int';
        ratios: 'double';
        sizes: 'decimal';
        none: 'string';
        mixed: 'string';
        flags: 'bool';
        many: 'string[]';
      };
    };
    /** ends *\/ a comment    * /*\/ and begins /* another */
    'odd.Names': {
      data: {
        readonly new: string;
        /** constructor (uuid) */
        readonly constructor: string;
        /**  */
        readonly readonly: boolean;
        readonly get: number;
        /** *\/ (duration) */
        readonly set: string;
        /** static (decimal) */
        readonly static: readonly string[];
        readonly __proto__?: unknown;
        readonly in?: readonly unknown[] | null;
        /**  turned   and  broken  (date) */
        readonly _: string;
        /** data (timestamp) */
        readonly data: string;
      };
      key: 'new' | 'constructor';
      operations: 'update' | 'delete';
      fields: {
        new: 'string';
        constructor: 'uuid';
        readonly: 'bool';
        get: 'double';
        set: 'duration';
        static: 'decimal[]';
        __proto__: 'json';
        in: 'json[]';
        _: 'date';
        data: 'timestamp';
      };
    };
    /** Name */
    'odd.parts.Of_1.Name': {
      data: {
      };
      key: never;
      operations: 'event';
      fields: {
      };
    };
  }
}
