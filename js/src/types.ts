/**
 * What the compiler may know about event types: nothing, until a file that
 * `telegraphy types --typescript` made declares them. No code, only types.
 */
import type { FieldType, Operation } from './messages.js';

/**
 * The event types of a project, by name. Empty here; a generated file adds to it:
 *
 *     declare module 'telegraphy' {
 *       interface EventTypes {
 *         'shop.Order': {
 *           data: { readonly id: Int; readonly total?: string | null };
 *           key: 'id';
 *           operations: 'create' | 'update' | 'delete';
 *           fields: { id: 'int'; total: 'decimal' };
 *         };
 *       }
 *     }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- to be added to.
export interface EventTypes {}

/**
 * What a project says about its types as a whole. Empty here, to be added to: `int: number` says
 * that no integer of its events goes beyond 2^53.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- to be added to.
export interface TypeOptions {}

/** A field of the type `int`: beyond ±(2^53−1) it is a string of digits. See `TypeOptions`. */
export type Int = TypeOptions extends { readonly int: infer Type } ? Type : number | string;

/** The names of event types: those that are declared, or any where none is. */
export type EventName = [keyof EventTypes] extends [never] ? string : keyof EventTypes;

/** Where no event type is declared, any name will do; else the declared ones alone. */
export type AnyName = [keyof EventTypes] extends [never] ? string : never;

type Member<Name, Key extends string> = Name extends keyof EventTypes
  ? EventTypes[Name] extends Readonly<Record<Key, infer Type>>
    ? Type
    : never
  : never;

/** The `data` of an event type that is declared. */
export type EventData<Name extends EventName> = Member<Name, 'data'>;

/** The fields that identify a row of it. */
export type EventKey<Name extends EventName> = Extract<
  Member<Name, 'key'>,
  keyof EventData<Name>
>;

/** What a subscriber may see of it: with a query, an update may also be an `add` or a `remove`. */
export type EventOperation<Name extends EventName> = {
  readonly create: 'add';
  readonly update: Exclude<Operation, 'event'>;
  readonly delete: 'remove';
  readonly event: 'event';
}[Extract<Member<Name, 'operations'>, 'create' | 'update' | 'delete' | 'event'>];

// ---- Queries -----------------------------------------------------------------------------------

/** What a field may be compared with. */
export type Value = string | number | bigint | boolean | Date | null;

/** What may stand in a template of `where`. */
export type TemplateValue = Value | readonly TemplateValue[];

type Items<Kind> = Kind extends `${infer Item}[]` ? Item : never;

/** What a field of a kind is compared with; null is told apart. */
type Operand<Kind, Data> = Kind extends 'int' | 'double' | 'decimal'
  ? number | bigint
  : Kind extends 'string'
    ? Extract<Data, string>
    : Kind extends 'uuid' | 'date'
      ? string
      : Kind extends 'timestamp'
        ? Date
        : Kind extends 'bool'
          ? boolean
          : Kind extends 'json'
            ? Exclude<Value, Date | null>
            : never;

/** `unknown` is JSON, where null is a value among others. */
type Nullable<Data> = unknown extends Data ? null : Extract<Data, null>;

/** Every name that a generated file may have for the kind of a field. */
export type FieldKind = Exclude<FieldType, 'list'> | `${Exclude<FieldType, 'list'>}[]`;

interface Same<Type> {
  readonly eq?: Type;
  readonly ne?: Type;
  readonly in?: readonly Type[];
  readonly nin?: readonly Type[];
}

interface Ordered<Type> {
  readonly gt?: Type;
  readonly gte?: Type;
  readonly lt?: Type;
  readonly lte?: Type;
}

interface Text {
  readonly contains?: string;
  readonly startsWith?: string;
  readonly endsWith?: string;
}

interface Listed<Type> {
  readonly has?: Type;
}

interface MayBeNull {
  readonly isNull?: boolean;
}

type Unordered = 'bool' | 'uuid' | 'duration';
type Nothing = unknown;

type OperatorsOf<Kind, Data> = ([Nullable<Data>] extends [never] ? Nothing : MayBeNull) &
  (Kind extends `${string}[]`
    ? Listed<Operand<Items<Kind>, string>>
    : (Kind extends 'duration' ? Nothing : Same<Operand<Kind, Data> | Nullable<Data>>) &
        (Kind extends Unordered ? Nothing : Ordered<Operand<Kind, Data>>) &
        (Kind extends 'string' | 'json' ? Text : Nothing) &
        (Kind extends 'json' ? Listed<Operand<Kind, Data>> : Nothing));

type ConditionOf<Kind, Data> =
  | Operand<Kind, Data>
  | Nullable<Data>
  | (Kind extends 'duration' | `${string}[]`
      ? never
      : readonly (Operand<Kind, Data> | Nullable<Data>)[])
  | OperatorsOf<Kind, Data>;

/** What may be wanted of a field, where nothing is known of it. */
export type Condition =
  Value | readonly Value[] | (Same<Value> & Ordered<Value> & Text & Listed<Value> & MayBeNull);

type DataOf<Name, Field> = Field extends keyof Member<Name, 'data'>
  ? Member<Name, 'data'>[Field]
  : unknown;

/** A query as an object: all of these hold. */
export type Conditions<Name extends string = string> = Name extends keyof EventTypes
  ? {
      readonly [Field in keyof Member<Name, 'fields'>]?: ConditionOf<
        Member<Name, 'fields'>[Field],
        DataOf<Name, Field>
      >;
    }
  : Readonly<Record<string, Condition>>;

/** A query: in CEL, or as an object. */
export type Where<Name extends string = string> = string | Conditions<Name>;

/** The fields of a channel, each with the one value that it must have. */
export type Channel<Name extends string = string> = Name extends keyof EventTypes
  ? {
      readonly [Field in keyof Member<Name, 'fields'>]?:
        | Operand<Member<Name, 'fields'>[Field], DataOf<Name, Field>>
        | Nullable<DataOf<Name, Field>>;
    }
  : Readonly<Record<string, Value>>;
