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
import {
  flag,
  integer,
  list,
  members,
  name,
  natural,
  oneOf,
  optional,
  orNull,
  shape,
  string,
  text,
  wrong,
} from './readers.js';
import type { Read } from './readers.js';

const requestId: Read<RequestId> = (value, member) =>
  typeof value === 'string' ? text(1, 64)(value, member) : natural(value, member);

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
  user: optional(name),
  session: optional(
    shape<NonNullable<ConnectedMessage['session']>>({
      token: name,
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
