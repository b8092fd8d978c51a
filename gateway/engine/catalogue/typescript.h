/* A catalogue's event types as TypeScript: a module that adds to the `EventTypes` of the
 * JavaScript client, so that the compiler knows what an event has and what a query may
 * ask.
 *
 *   'shop.Order': {
 *     data: { readonly id: Int; readonly status: "new" | "paid"; … };
 *     key: 'id';
 *     operations: 'create' | 'update' | 'delete';
 *     fields: { id: 'int'; status: 'string'; … };
 *   };
 *
 * `data` is what events carry (PROTOCOL.md 5), `fields` the kinds of it. An int is `Int`,
 * of which the client says what it is: beyond 2^53 a string. Choices become a union of
 * literals, if all of them are values of the field and there are at most 100. What may be
 * null may be absent. Hidden fields are left out.
 *
 * Names of types and fields were judged when the catalogue was read. What is for people
 * (names in comments, choices) cannot end the comment or literal that it stands in, nor
 * turn the order of reading. */
#ifndef TG_CATALOGUE_TYPESCRIPT_H
#define TG_CATALOGUE_TYPESCRIPT_H

#include "engine/catalogue/catalogue.h"

/* Append the text. Without memory the buffer has failed. */
void tg_typescript_write(const struct tg_catalogue *catalogue, struct tg_buf *buf);

#endif
