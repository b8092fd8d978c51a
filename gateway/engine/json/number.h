/* Reading numbers: private to this folder. */
#ifndef TG_JSON_NUMBER_H
#define TG_JSON_NUMBER_H

#include "engine/base/buf.h"

struct tg_json_number {
    bool is_integer; /* No fraction, no exponent, fits int64_t. */
    int64_t integer;
    double real;
    const uint8_t *after; /* Where it ends; if it is refused: the byte that is wrong. */
    const char *message;  /* Why it is refused. */
};

/* Read the number at `at`, before `end`; there is at least a byte.
 *
 * TG_EINVAL  It is none, or too large for a double.
 * TG_ENOMEM  A long one needs `scratch`, which found no memory. */
TG_MUST_USE enum tg_err tg_json_number(const uint8_t *at, const uint8_t *end,
                                       struct tg_buf *scratch,
                                       struct tg_json_number *number);

#endif
