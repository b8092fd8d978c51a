#include "engine/json/number.h"

#include <math.h>
#include <stdlib.h>

/* 10^19 - 1 is the most that fits 64 bits in any case. */
enum { DIGITS_MAX = 19 };

/* What the grammar found. `digits` is their value if there are at most DIGITS_MAX. */
struct parts {
    bool negative;
    bool whole; /* No fraction, no exponent. */
    uint64_t digits;
    uint64_t digits_count; /* From the first that is not 0. */
    int64_t exponent;
};

static enum tg_err refuse(struct tg_json_number *number, const uint8_t *where,
                          const char *message)
{
    number->after = where;
    number->message = message;
    return TG_EINVAL;
}

static inline bool is_digit(const uint8_t *at, const uint8_t *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static inline const uint8_t *read_digits(const uint8_t *at, const uint8_t *end,
                                         struct parts *parts)
{
    for (; is_digit(at, end); at++) {
        if (parts->digits != 0 || *at != '0') {
            parts->digits_count++;
        }
        if (parts->digits_count <= DIGITS_MAX) {
            parts->digits = parts->digits * 10 + (uint64_t)(*at - '0');
        }
    }
    return at;
}

/* exp = e [ minus / plus ] 1*DIGIT; `at` is after the e. NULL without a digit. */
static const uint8_t *read_exponent(const uint8_t *at, const uint8_t *end,
                                    struct parts *parts)
{
    /* Far outside of any double, and sums of it cannot overflow. */
    const int64_t far = INT64_C(1) << 40;
    struct parts power = {0};
    bool minus = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    const uint8_t *after = read_digits(at, end, &power);
    bool is_far = power.digits_count > DIGITS_MAX || power.digits > (uint64_t)far;
    int64_t size = is_far ? far : (int64_t)power.digits;
    parts->exponent += minus ? -size : size;
    parts->whole = false;
    return after;
}

/* RFC 8259 section 6: number = [ minus ] int [ frac ] [ exp ]. */
static enum tg_err read_parts(const uint8_t *at, const uint8_t *end, struct parts *parts,
                              struct tg_json_number *number)
{
    static const char lacks[] = "a number lacks a digit";
    *parts = (struct parts){.whole = true};
    if (*at == '-') {
        parts->negative = true;
        at++;
    }
    if (!is_digit(at, end)) {
        return refuse(number, at, lacks);
    }
    if (*at == '0' && is_digit(at + 1, end)) {
        return refuse(number, at, "a number begins with a needless 0");
    }
    at = read_digits(at, end, parts);
    if (at < end && *at == '.') {
        const uint8_t *fraction = at + 1;
        at = read_digits(fraction, end, parts);
        if (at == fraction) {
            return refuse(number, at, lacks);
        }
        parts->whole = false;
        parts->exponent = -(at - fraction);
    }
    if (at < end && (*at | 0x20) == 'e') {
        at = read_exponent(at + 1, end, parts);
        if (!is_digit(at - 1, end)) {
            return refuse(number, at, lacks);
        }
    }
    number->after = at;
    return TG_OK;
}

/* Correctly rounded. Up to 2^53 and 10^22 both factors are exact, so that one
 * multiplication or division rounds once (Clinger 1990). The rest is left to strtod,
 * which reads a full stop, since the process never calls setlocale. */
static enum tg_err to_double(const uint8_t *at, const struct parts *parts,
                             struct tg_buf *scratch, struct tg_json_number *number)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (parts->digits_count <= DIGITS_MAX && parts->digits <= UINT64_C(1) << 53 &&
        parts->exponent >= -22 && parts->exponent <= 22) {
        double magnitude = (double)parts->digits;
        magnitude = parts->exponent < 0 ? magnitude / powers[-parts->exponent]
                                        : magnitude * powers[parts->exponent];
        number->real = parts->negative ? -magnitude : magnitude;
        return TG_OK;
    }
    char few[64];
    char *copy = few;
    size_t size = (size_t)(number->after - at);
    if (size >= sizeof few) {
        tg_buf_clear(scratch);
        copy = (char *)tg_buf_room(scratch, size + 1);
        if (copy == NULL) {
            return TG_ENOMEM;
        }
    }
    memcpy(copy, at, size);
    copy[size] = '\0';
    number->real = strtod(copy, NULL);
    return isfinite(number->real)
               ? TG_OK
               : refuse(number, at, "a number is too large for a double");
}

enum tg_err tg_json_number(const uint8_t *at, const uint8_t *end, struct tg_buf *scratch,
                           struct tg_json_number *number)
{
    struct parts parts;
    enum tg_err err = read_parts(at, end, &parts, number);
    if (err != TG_OK) {
        return err;
    }
    uint64_t most = (uint64_t)INT64_MAX + (parts.negative ? 1 : 0);
    number->is_integer = parts.whole && parts.digits_count <= DIGITS_MAX &&
                         parts.digits <= most;
    if (!number->is_integer) {
        return to_double(at, &parts, scratch, number);
    }
    number->integer = (int64_t)(parts.negative ? 0 - parts.digits : parts.digits);
    return TG_OK;
}
