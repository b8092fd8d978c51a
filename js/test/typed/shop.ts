/**
 * What the compiler must say, and must not let pass, when the event types are declared. Never run:
 * `typed.test.ts` has it compiled with what `telegraphy types --typescript` makes of the catalogue
 * of protocol/vectors/catalogues/shop.json.
 */
import { all, any, Gateway } from 'telegraphy';
import type { Conditions, EventData, EventName, EventOf, Int, Subscription } from 'telegraphy';

declare const gateway: Gateway;

/** Compiles if both are the same type. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(...proof: Same<A, B> extends true ? [] : ['these types differ']): void;
function same(): void {}

// ---- Events

same<
  EventName,
  | 'shop.Audit'
  | 'shop.Invoice'
  | 'shop.Order'
  | 'shop.OrderLine'
  | 'shop.Parcel'
  | 'shop.Payout'
  | 'shop.PriceChanged'
  | 'shop.Sample'
  | 'shop.Ticket'
>();
same<Int, number | string>();

const undo: Subscription = gateway.subscribe('shop.Order', (event) => {
  same<typeof event, EventOf<'shop.Order'>>();
  same<typeof event.op, 'add' | 'change' | 'remove'>();
  same<typeof event.data.id, Int>();
  switch (event.op) {
    case 'remove':
      // Only the key is sure.
      same<typeof event.data.id, Int>();
      same<typeof event.data.status, 'new' | 'paid' | undefined>();
      break;
    default:
      same<typeof event.data, EventData<'shop.Order'>>();
      same<typeof event.data.status, 'new' | 'paid'>();
      same<typeof event.data.total, string | null | undefined>();
      same<typeof event.data.tags, readonly string[] | null | undefined>();
      same<typeof event.old, Partial<EventData<'shop.Order'>> | undefined>();
      // @ts-expect-error -- there is no such field.
      event.data.totl;
      // @ts-expect-error -- the data are not the handler's to change.
      event.data.number = '7';
  }
});
undo();

gateway.subscribe('shop.OrderLine', {}, ({ op, data }) => {
  same<typeof op, 'add' | 'remove'>();
  same<typeof data.order, Int>();
  same<typeof data.line, Int>();
  same<typeof data.text, string | undefined>();
});

gateway.subscribe('shop.PriceChanged', ({ op, data }) => {
  same<typeof op, 'event'>();
  same<typeof data, EventData<'shop.PriceChanged'>>();
  same<typeof data.price, string>();
});

gateway.subscribe('shop.Ticket', ({ data }) => {
  // @ts-expect-error -- a hidden field is none for clients.
  return data.owner;
});
// @ts-expect-error -- nor is it for queries.
gateway.subscribe('shop.Ticket', { where: { owner: 7 } }, () => undefined);

// @ts-expect-error -- there is no such event type.
gateway.subscribe('shop.Ordr', () => undefined);
// @ts-expect-error -- nor with options,
gateway.subscribe('shop.Ordr', {}, () => undefined);
// @ts-expect-error -- nor as a channel,
gateway.channel('shop.Ordr', { id: 7 }, () => undefined);
declare const name: string;
// @ts-expect-error -- nor by a name that may be any.
gateway.subscribe(name, () => undefined);
gateway.subscribe(name as EventName, ({ data }) => data);
// @ts-expect-error -- a handler that wants other data.
gateway.subscribe('shop.Order', (event: { data: { colour: string } }) => event);

// ---- Queries

gateway.subscribe('shop.Order', { where: 'total > 100' }, () => undefined);
gateway.subscribe(
  'shop.Order',
  {
    where: {
      status: 'paid',
      total: { gt: 100, lte: 2n ** 70n, ne: null },
      number: { startsWith: 'A-', nin: ['A-1', 'A-2'] },
      tags: { has: 'gift', isNull: false },
      id: [1, 2, 3n],
    },
    onGap: () => undefined,
  },
  () => undefined,
);
same<Parameters<typeof gateway.types>, []>();

const fine: readonly Conditions<'shop.Sample'>[] = [
  {
    int: 1,
    double: 0.5,
    decimal: 99.95,
    string: 's',
    bool: true,
    uuid: '…',
    date: '2026-11-23',
  },
  {
    timestamp: { gte: new Date() },
    date: { lt: '2026-11-23' },
    string: { lt: 'm', in: ['a'] },
  },
  { duration: { isNull: true }, json: { gt: 1, contains: 'x', has: 'y' }, ints: { has: 1 } },
  {
    timestamp: new Date(),
    dates: { has: '2026-11-23' },
    int: null,
    ints: null,
    bool: { ne: true },
    json: null,
  },
  { json: { ne: null, isNull: false, in: [1, null] } },
];
const wrong: readonly Conditions<'shop.Sample'>[] = [
  // @ts-expect-error -- there is no such field.
  { intt: 1 },
  // @ts-expect-error -- there is no such operator.
  { int: { greater: 1 } },
  // @ts-expect-error -- an int is compared with a number.
  { int: '1' },
  // @ts-expect-error -- so is each of a list.
  { int: [1, '2'] },
  // @ts-expect-error -- a decimal is compared with a number, though it comes as a string.
  { decimal: { gt: '99.95' } },
  // @ts-expect-error -- a timestamp is compared with a Date.
  { timestamp: '2026-11-23T00:00:00Z' },
  // @ts-expect-error -- a day is no moment.
  { date: new Date() },
  // @ts-expect-error -- neither true nor false is the greater.
  { bool: { gt: false } },
  // @ts-expect-error -- one UUID is not before another.
  { uuid: { lt: '…' } },
  // @ts-expect-error -- only a text begins with something.
  { int: { startsWith: '1' } },
  // @ts-expect-error -- a list is asked what it has.
  { ints: [1] },
  // @ts-expect-error -- and of its own kind.
  { ints: { has: '1' } },
  // @ts-expect-error -- JavaScript has no duration: where`duration > duration(${'5s'})`.
  { duration: '5s' },
  // @ts-expect-error -- nor has a query anything that is undefined.
  { int: undefined },
];
const orders: readonly Conditions<'shop.Order'>[] = [
  // @ts-expect-error -- none of the choices.
  { status: 'piad' },
  // @ts-expect-error -- nor in a list of them.
  { status: { in: ['new', 'piad'] } },
  // @ts-expect-error -- it is never null.
  { status: null },
  // @ts-expect-error -- so nothing is unequal to it for that.
  { id: { ne: null } },
  // @ts-expect-error -- nor is it asked.
  { id: { isNull: true } },
];
export const all_of_them = [fine, wrong, orders];

// @ts-expect-error -- a query is held to the event type.
gateway.subscribe('shop.Order', { where: { totl: 1 } }, () => undefined);
// @ts-expect-error -- no query is none that is undefined.
gateway.subscribe('shop.Order', { where: undefined }, () => undefined);
// @ts-expect-error -- there is no such option.
gateway.subscribe('shop.Order', { whre: 'x > 1' }, () => undefined);

export const query = any<'shop.Order'>({ status: 'paid' }, 'total > 100');
// @ts-expect-error -- held to the event type, if told of which.
all<'shop.Order'>({ status: 'piad' });
all({ whatever: 1 });

// ---- Channels

gateway.channel('shop.Order', { status: 'paid' }, (event) => {
  same<typeof event, EventOf<'shop.Order'>>();
});
gateway.channel(
  'shop.Order',
  { id: 7, total: null },
  { where: 'x', fields: [] },
  () => undefined,
);
// @ts-expect-error -- it is never null.
gateway.channel('shop.Order', { id: null }, () => undefined);
// @ts-expect-error -- a list is no value of a channel.
gateway.channel('shop.Order', { tags: ['gift'] }, () => undefined);
// @ts-expect-error -- a channel is equality, of one value.
gateway.channel('shop.Order', { id: { gt: 7 } }, () => undefined);
// @ts-expect-error -- nor a choice of several.
gateway.channel('shop.Order', { id: [7, 8] }, () => undefined);
// @ts-expect-error -- there is no such field.
gateway.channel('shop.Order', { room: 7 }, () => undefined);
