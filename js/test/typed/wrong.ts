/** Mistakes, for what the compiler says of them first: see `typed.test.ts`. */
import { Gateway } from 'telegraphy';

declare const gateway: Gateway;

gateway.subscribe('shop.Ordr', () => undefined);
gateway.subscribe('shop.Order', { where: { totl: 1 } }, () => undefined);
gateway.channel('shop.Ordr', { id: 7 }, () => undefined);
gateway.channel('shop.Order', { idd: 7 }, () => undefined);
