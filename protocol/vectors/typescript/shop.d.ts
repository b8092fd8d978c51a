// The event types of a gateway, for TypeScript. Made by `telegraphy types --typescript`:
// not to be edited, but to be made anew when they change.
import type { Int } from 'telegraphy';

declare module 'telegraphy' {
  interface EventTypes {
    /** Audit */
    'shop.Audit': {
      data: {
        readonly text: string;
      };
      key: never;
      operations: 'event';
      fields: {
        text: 'string';
      };
    };
    /** Invoice */
    'shop.Invoice': {
      data: {
        readonly id: Int;
      };
      key: 'id';
      operations: 'create';
      fields: {
        id: 'int';
      };
    };
    /** order */
    'shop.Order': {
      data: {
        readonly id: Int;
        /** order number */
        readonly number: string;
        readonly status: "new" | "paid";
        /** total (decimal) */
        readonly total?: string | null;
        readonly tags?: readonly string[] | null;
      };
      key: 'id';
      operations: 'create' | 'update' | 'delete';
      fields: {
        id: 'int';
        number: 'string';
        status: 'string';
        total: 'decimal';
        tags: 'string[]';
      };
    };
    /** OrderLine */
    'shop.OrderLine': {
      data: {
        readonly order: Int;
        readonly line: Int;
        readonly text: string;
      };
      key: 'order' | 'line';
      operations: 'create' | 'delete';
      fields: {
        order: 'int';
        line: 'int';
        text: 'string';
      };
    };
    /** Parcel */
    'shop.Parcel': {
      data: {
        readonly id: Int;
        readonly place: string;
      };
      key: 'id';
      operations: 'create' | 'update' | 'delete';
      fields: {
        id: 'int';
        place: 'string';
      };
    };
    /** Payout */
    'shop.Payout': {
      data: {
        readonly id: Int;
      };
      key: 'id';
      operations: 'create';
      fields: {
        id: 'int';
      };
    };
    /** price change */
    'shop.PriceChanged': {
      data: {
        readonly symbol: string;
        /** price (decimal) */
        readonly price: string;
      };
      key: never;
      operations: 'event';
      fields: {
        symbol: 'string';
        price: 'decimal';
      };
    };
    /** Sample */
    'shop.Sample': {
      data: {
        readonly int?: Int | null;
        readonly double?: number | null;
        /** decimal (decimal) */
        readonly decimal?: string | null;
        readonly string?: string | null;
        readonly bool?: boolean | null;
        /** timestamp (timestamp) */
        readonly timestamp?: string | null;
        /** date (date) */
        readonly date?: string | null;
        /** duration (duration) */
        readonly duration?: string | null;
        /** uuid (uuid) */
        readonly uuid?: string | null;
        readonly json?: unknown;
        readonly ints?: readonly Int[] | null;
        /** dates (date) */
        readonly dates?: readonly string[] | null;
      };
      key: never;
      operations: 'event';
      fields: {
        int: 'int';
        double: 'double';
        decimal: 'decimal';
        string: 'string';
        bool: 'bool';
        timestamp: 'timestamp';
        date: 'date';
        duration: 'duration';
        uuid: 'uuid';
        json: 'json';
        ints: 'int[]';
        dates: 'date[]';
      };
    };
    /** Ticket */
    'shop.Ticket': {
      data: {
        readonly id: Int;
        readonly text: string;
      };
      key: 'id';
      operations: 'create' | 'update' | 'delete';
      fields: {
        id: 'int';
        text: 'string';
      };
    };
  }
}
