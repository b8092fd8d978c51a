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

/* The number at `at` if it is of the most frequent form: up to 18 digits, which fit 64
 * bits in any case, and nothing else. Where it ends; NULL for any other, good or bad. */
static inline const uint8_t *tg_json_few_digits(const uint8_t *at, const uint8_t *end,
                                                int64_t *integer)
{
    enum { FEW = 18 };
    const uint8_t *begin = at;
    const uint8_t *stop = end - at > FEW ? at + FEW : end;
    int64_t number = 0;
    for (unsigned digit; at < stop && (digit = *at - (unsigned)'0') <= 9; at++) {
        number = number * 10 + digit;
    }
    uint8_t next = at == end ? 0 : *at;
    bool more = (next >= '0' && next <= '9') || next == '.' || (next | 0x20) == 'e';
    bool needless = *begin == '0' && at - begin > 1;
    *integer = number;
    return at == begin || more || needless ? NULL : at;
}

#endif
