/** As shop.ts, in a project that says that none of its integers is beyond 2^53. */
import type { EventData, Gateway } from 'telegraphy';
import 'telegraphy/page';

declare module 'telegraphy' {
  interface TypeOptions {
    int: number;
  }
}

declare const gateway: Gateway;

export const next = (order: EventData<'shop.Order'>): number => order.id + 1;

gateway.subscribe('shop.Order', ({ op, data }) => {
  if (op === 'remove') return;
  gateway.channel('shop.OrderLine', { order: data.id }, () => undefined);
});

// The global of a page knows the same event types.
telegraphy.channel('shop.Order', { status: 'new' }, ({ data }) => data.id + 1);
const { where, any, not } = telegraphy;
telegraphy.subscribe('shop.Order', { where: where`id in ${[1, 2]}` }, () => undefined);
telegraphy.subscribe('shop.Order', { where: not(any({ id: 1 }, 'id > 7')) }, () => undefined);
// @ts-expect-error -- and only these.
telegraphy.subscribe('shop.Ordr', () => undefined);
