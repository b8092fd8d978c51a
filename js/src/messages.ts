/**
 * The messages of protocol/PROTOCOL.md, one type each, with the names that they have on the wire.
 * `parse.ts` turns text into them.
 */

/** Chosen by the client: this one uses integers. */
export type RequestId = number | string;

/** A place in a stream. The same epoch and offset always name the same event. */
export interface Position {
  /** Opaque; another one means another history. */
  readonly epoch: string;
  /** From 1, without gaps; 0 is before the first event. */
  readonly offset: number;
}

/** What happened, as the subscriber sees it (PROTOCOL.md 4). */
export type Operation = 'add' | 'change' | 'remove' | 'event';

/** What the gateway promises for a type (docs/guide/javascript.md says it in words). */
export type DeliveryClass = 'live' | 'recoverable' | 'guaranteed';

// ---- From the client -------------------------------------------------------------------------

export interface ConnectMessage {
  readonly kind: 'connect';
  readonly id: RequestId;
  readonly client?: string;
  /** Shown once (PROTOCOL.md 6.1). */
  readonly ticket?: string;
  /** The session's latest token (PROTOCOL.md 6.2). */
  readonly session?: string;
}

export interface SubscribeMessage {
  readonly kind: 'subscribe';
  readonly id: RequestId;
  readonly type: string;
  readonly where?: string;
  readonly fields?: readonly string[];
  readonly durable?: string;
  readonly since?: Position;
}

export interface UnsubscribeMessage {
  readonly kind: 'unsubscribe';
  readonly id: RequestId;
  readonly subscription: RequestId;
}

export interface TypesRequest {
  readonly kind: 'types';
  readonly id: RequestId;
}

export interface PingMessage {
  readonly kind: 'ping';
  readonly id: RequestId;
}

/** What this client says. One variant per message. */
export type ClientMessage =
  ConnectMessage | SubscribeMessage | UnsubscribeMessage | TypesRequest | PingMessage;

// ---- From the gateway ------------------------------------------------------------------------

export interface ConnectedMessage {
  readonly kind: 'connected';
  readonly id: RequestId;
  readonly client: string;
  readonly gateway: { readonly name: string; readonly version: string };
  readonly catalogue: number;
  readonly ping_interval_ms: number;
  readonly limits: { readonly message_bytes: number; readonly subscriptions: number };
  /** Who this client is, as the web application names its users. Not there: anonymous. */
  readonly user?: string;
  /** To be shown the next time, in place of the token before. */
  readonly session?: { readonly token: string; readonly expires_in_ms: number };
}

export interface SubscribedMessage {
  readonly kind: 'subscribed';
  readonly id: RequestId;
  readonly cohort: number;
  readonly type: string;
  readonly position: Position;
  readonly delivery: DeliveryClass;
  readonly resume?: 'resumed' | 'reset';
  readonly reason?: string;
}

/** An answer that says nothing but that the request was carried out. */
export interface DoneMessage {
  readonly kind: 'unsubscribed' | 'acked' | 'pong';
  readonly id: RequestId;
}

export interface TypesMessage {
  readonly kind: 'types';
  readonly id: RequestId;
  readonly catalogue: number;
  readonly types: readonly EventType[];
}

export interface EventMessage {
  readonly kind: 'event';
  readonly cohort: number;
  readonly prev: number;
  readonly type: string;
  readonly op: Operation;
  readonly position: Position;
  readonly id: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly old?: Readonly<Record<string, unknown>>;
  readonly changed?: readonly string[];
  readonly redelivered?: boolean;
}

export interface GapMessage {
  readonly kind: 'gap';
  readonly cohort: number;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface ResetMessage {
  readonly kind: 'reset';
  readonly cohort: number;
  readonly reason: string;
  readonly ended: boolean;
  /** There unless `ended`. */
  readonly position?: Position;
}

export interface TypesChangedMessage {
  readonly kind: 'types_changed';
  readonly catalogue: number;
}

export interface ErrorMessage {
  readonly kind: 'error';
  readonly id?: RequestId;
  readonly code: string;
  readonly message: string;
  readonly member?: string;
  /** Where in the text of `member`, both from 1. */
  readonly line?: number;
  readonly column?: number;
  readonly nearest?: readonly string[];
  readonly retry_after_ms?: number;
}

/** From a newer gateway: to be ignored. */
export interface UnknownMessage {
  readonly kind: 'unknown';
  /** The `kind` that was sent. */
  readonly name: string;
}

/** What the gateway may say. One variant per message. */
export type ServerMessage =
  | ConnectedMessage
  | SubscribedMessage
  | DoneMessage
  | TypesMessage
  | EventMessage
  | GapMessage
  | ResetMessage
  | TypesChangedMessage
  | ErrorMessage
  | UnknownMessage;

// ---- Metadata (PROTOCOL.md 5) ------------------------------------------------------------------

/** The type of a field's values. A newer gateway may know more. */
export type FieldType =
  | 'int'
  | 'double'
  | 'decimal'
  | 'string'
  | 'bool'
  | 'timestamp'
  | 'date'
  | 'duration'
  | 'uuid'
  | 'json'
  | 'list';

export interface FieldChoice {
  readonly value: unknown;
  readonly label: string;
}

export interface EventField {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly verbose_name: string;
  /** The type of a list's items. */
  readonly items?: Exclude<FieldType, 'list'>;
  readonly choices?: readonly FieldChoice[];
}

/** An event type that this client may subscribe to. */
export interface EventType {
  readonly name: string;
  readonly verbose_name: string;
  readonly verbose_name_plural: string;
  /** What senders do; what a subscriber sees is an `Operation`. */
  readonly operations: readonly ('create' | 'update' | 'delete' | 'event')[];
  /** The fields that identify a row; empty for a custom event. */
  readonly key: readonly string[];
  readonly fields: readonly EventField[];
  readonly delivery: DeliveryClass;
  /** How long an event is good for; null: without end. */
  readonly ttl_ms: number | null;
  readonly access: 'public' | 'authenticated' | 'rule';
}
