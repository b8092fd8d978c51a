import { ProtocolError } from './errors.js';
import type {
  ConnectedMessage,
  DoneMessage,
  ErrorMessage,
  EventField,
  EventMessage,
  EventType,
  FieldChoice,
  FieldType,
  GapMessage,
  Position,
  RequestId,
  ResetMessage,
  ServerMessage,
  SubscribedMessage,
  TypesChangedMessage,
  TypesMessage,
} from './messages.js';

type Members = Readonly<Record<string, unknown>>;

/** Checks a value and returns it typed. `member` is where it stands, for the error. */
type Read<T> = (value: unknown, member: string) => T;

function wrong(member: string, wanted: string, value: unknown): never {
  // What stands in a session is a secret, and this text goes to consoles and logs.
  const got = member.startsWith('session')
    ? 'another'
    : value === undefined
      ? 'nothing'
      : JSON.stringify(value).slice(0, 60);
  throw new ProtocolError(
    member,
    `${member || 'the message'} should be ${wanted}, but is ${got}`,
  );
}

// ---- Readers of values -----------------------------------------------------------------------

const integer =
  (least: number): Read<number> =>
  (value, member) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? (value as number)
      : wrong(member, `an integer from ${least} to 2^53-1`, value);

const natural = integer(0);

const text =
  (least = 0, most = Infinity): Read<string> =>
  (value, member) =>
    typeof value === 'string' && value.length >= least && value.length <= most
      ? value
      : wrong(
          member,
          most < Infinity ? `a string of ${least} to ${most} characters` : 'a string',
          value,
        );

const string = text();
const name = text(1, 256);

const flag: Read<boolean> = (value, member) =>
  typeof value === 'boolean' ? value : wrong(member, 'true or false', value);

const oneOf =
  <T extends string>(...values: readonly T[]): Read<T> =>
  (value, member) =>
    values.find((one) => one === value) ?? wrong(member, `one of ${values.join(', ')}`, value);

const members: Read<Members> = (value, member) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : wrong(member, 'an object', value);

const list =
  <T>(item: Read<T>): Read<readonly T[]> =>
  (value, member) =>
    Array.isArray(value)
      ? value.map((one, index) => item(one, `${member}[${index}]`))
      : wrong(member, 'a list', value);

const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, member) =>
    value === undefined ? undefined : read(value, member);

const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (value, member) =>
    value === null ? null : read(value, member);

const requestId: Read<RequestId> = (value, member) =>
  typeof value === 'string' ? text(1, 64)(value, member) : natural(value, member);

/** One reader per member of T; those that T may lack are read with `optional`. */
type Shape<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K>
    ? Read<Required<T>[K] | undefined>
    : Read<T[K]>;
};

/** An object with these members. Others are dropped: either side may be newer. */
const shape = <T>(schema: Shape<T>): Read<T> => {
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

// ---- Readers of messages, in the order of PROTOCOL.md 2.2 ------------------------------------

const position = shape<Position>({ epoch: text(1, 32), offset: natural });

const delivery = oneOf('live', 'recoverable', 'guaranteed');

const connected = shape<ConnectedMessage>({
  kind: oneOf('connected'),
  id: requestId,
  client: text(1),
  gateway: shape<ConnectedMessage['gateway']>({ name: string, version: string }),
  catalogue: natural,
  ping_interval_ms: integer(1),
  limits: shape<ConnectedMessage['limits']>({ message_bytes: natural, subscriptions: natural }),
  user: optional(text(1)),
  session: optional(
    shape<NonNullable<ConnectedMessage['session']>>({
      token: text(1, 256),
      expires_in_ms: natural,
    }),
  ),
});

const subscribedShape = shape<SubscribedMessage>({
  kind: oneOf('subscribed'),
  id: requestId,
  cohort: natural,
  type: name,
  position,
  delivery,
  resume: optional(oneOf('resumed', 'reset')),
  reason: optional(string),
});

const subscribed: Read<SubscribedMessage> = (value, member) => {
  const message = subscribedShape(value, member);
  if (message.resume === 'reset') string(message.reason, 'reason');
  return message;
};

const done = shape<DoneMessage>({
  kind: oneOf('unsubscribed', 'acked', 'pong'),
  id: requestId,
});

const scalars = [
  'int',
  'double',
  'decimal',
  'string',
  'bool',
  'timestamp',
  'date',
  'duration',
  'uuid',
  'json',
] as const satisfies readonly FieldType[];

const anything: Read<unknown> = (value, member) =>
  value === undefined ? wrong(member, 'a value', value) : value;

const eventType = shape<EventType>({
  name,
  verbose_name: string,
  verbose_name_plural: string,
  operations: list(oneOf('create', 'update', 'delete', 'event')),
  key: list(name),
  fields: list(
    shape<EventField>({
      name,
      type: oneOf(...scalars, 'list'),
      nullable: flag,
      verbose_name: string,
      items: optional(oneOf(...scalars)),
      choices: optional(list(shape<FieldChoice>({ value: anything, label: string }))),
    }),
  ),
  delivery,
  ttl_ms: orNull(natural),
  access: oneOf('public', 'authenticated', 'rule'),
});

const types = shape<TypesMessage>({
  kind: oneOf('types'),
  id: requestId,
  catalogue: natural,
  types: list(eventType),
});

const event = shape<EventMessage>({
  kind: oneOf('event'),
  cohort: natural,
  prev: natural,
  type: name,
  op: oneOf('add', 'change', 'remove', 'event'),
  position,
  id: text(1),
  time: text(1),
  data: members,
  old: optional(members),
  changed: optional(list(string)),
  redelivered: optional(flag),
});

const gapShape = shape<GapMessage>({
  kind: oneOf('gap'),
  cohort: natural,
  epoch: text(1, 32),
  from: integer(1),
  to: integer(1),
  reason: string,
});

const gap: Read<GapMessage> = (value, member) => {
  const message = gapShape(value, member);
  return message.to >= message.from ? message : wrong('to', 'at least `from`', message.to);
};

const resetShape = shape<ResetMessage>({
  kind: oneOf('reset'),
  cohort: natural,
  reason: string,
  ended: flag,
  position: optional(position),
});

const reset: Read<ResetMessage> = (value, member) => {
  const message = resetShape(value, member);
  if (!message.ended) position(message.position, 'position');
  return message;
};

const typesChanged = shape<TypesChangedMessage>({
  kind: oneOf('types_changed'),
  catalogue: natural,
});

const error = shape<ErrorMessage>({
  kind: oneOf('error'),
  id: optional(requestId),
  code: text(1),
  message: string,
  member: optional(string),
  line: optional(integer(1)),
  column: optional(integer(1)),
  nearest: optional(list(string)),
  retry_after_ms: optional(natural),
});

// A map, not an object: a `kind` of "constructor" is only an unknown kind.
const readers: ReadonlyMap<string, Read<ServerMessage>> = new Map<string, Read<ServerMessage>>([
  ['connected', connected],
  ['subscribed', subscribed],
  ['unsubscribed', done],
  ['acked', done],
  ['pong', done],
  ['types', types],
  ['event', event],
  ['gap', gap],
  ['reset', reset],
  ['types_changed', typesChanged],
  ['error', error],
]);

/**
 * Reads one message of the gateway. Members that are not known are dropped, and a `kind` that is
 * not known gives `{ kind: 'unknown' }`.
 *
 * @throws ProtocolError naming the first member that is wrong.
 */
export function parseServerMessage(raw: unknown): ServerMessage {
  if (typeof raw !== 'string') {
    throw new ProtocolError('', 'the message should be text, but is binary');
  }
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new ProtocolError(
      '',
      `the message should be JSON, but is ${JSON.stringify(raw.slice(0, 60))}`,
    );
  }
  const kind = string(members(value, '')['kind'], 'kind');
  return readers.get(kind)?.(value, '') ?? { kind: 'unknown', name: kind };
}
