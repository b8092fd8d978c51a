/* How the values of fields are written in JSON (PROTOCOL.md 5). */
#ifndef TG_CATALOGUE_VALUE_H
#define TG_CATALOGUE_VALUE_H

#include "engine/catalogue/type.h"
#include "engine/json/json.h"

/* Is `value` written as a field of `kind` must be? Of a LIST only that it is a list; null
 * is right for JSON alone. `scratch` is for strings with escapes. */
bool tg_value_is(struct tg_json value, enum tg_field_kind kind, struct tg_buf *scratch);
/* A part of the same for the most frequent kinds, to be inlined: true if it surely is. */
static inline bool tg_value_is_plainly(struct tg_json value, enum tg_field_kind kind)
{
    enum { SAFE_BITS = 53 };
    int64_t number;
    return (kind == TG_FIELD_STRING && tg_json_kind(value) == TG_JSON_STRING) ||
           (kind == TG_FIELD_INT && tg_json_int(value, &number) && number >= 0 &&
            number >> SAFE_BITS == 0);
}
/* What would be right, for messages: "a decimal number in a string, as \"-12.50\"". */
const char *tg_value_wanted(enum tg_field_kind kind);

/* The texts themselves, without quotes; those of times and decimals are read by
 * engine/cel/scalar.h. */

/* 8-4-4-4-12 lower-case hexadecimal digits. */
bool tg_is_uuid(struct tg_slice text);
/* The digits of a signed 64-bit integer outside of ±(2^53-1). */
bool tg_is_big_int(struct tg_slice text);

#endif
