/** Telegraphy's client: real-time events of a web application, in a browser or in Node. */
export { Gateway } from './gateway.js';
export type { GatewayEvents, GatewayOptions, GatewayState } from './gateway.js';
export { all, any, not, where } from './where.js';
// With a star, so that a program may add to `EventTypes` under the name of the package.
export type * from './types.js';
export type {
  EventHandler,
  EventOf,
  Gap,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
  TelegraphyEvent,
} from './subscription.js';
export {
  ClosedError,
  HandlerError,
  ProtocolError,
  RefusedError,
  TelegraphyError,
  TicketError,
} from './errors.js';
export { Close, ErrorCode, closeGroup } from './codes.js';
export { parseServerMessage } from './parse.js';
export type * from './messages.js';
export type { IdentityOptions, TicketSource } from './identity.js';
export type { SessionStore } from './session.js';
export type { CsrfOptions } from './ticket.js';
export type { BackoffOptions } from './backoff.js';
export type { Clock, Undo } from './clock.js';
export type { SocketConstructor, SocketLike } from './connection.js';
export type { Wake } from './wake.js';
export { version } from './version.js';
