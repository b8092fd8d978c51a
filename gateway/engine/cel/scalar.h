/* Numbers and times: reading their texts, comparing them exactly, and placing them on
 * order-preserving 64-bit number lines, on which the matcher works. */
#ifndef TG_CEL_SCALAR_H
#define TG_CEL_SCALAR_H

#include "engine/base/instant.h"
#include "engine/base/slice.h"

/* 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z, as CEL has it. */
struct tg_timestamp {
    int64_t seconds; /* Since 1970-01-01T00:00:00Z. */
    uint32_t nanos;  /* 0 to 999,999,999, forward. */
};

/* Both parts have the same sign, or are 0. CEL's own reach to ±315,576,000,000 s; a
 * field may hold up to 18 digits of seconds. */
struct tg_duration {
    int64_t seconds;
    int32_t nanos;
};

#define TG_TIMESTAMP_SECONDS_MIN INT64_C(-62135596800)
#define TG_TIMESTAMP_SECONDS_MAX INT64_C(253402300799)
#define TG_DURATION_SECONDS_MAX  INT64_C(315576000000)

/* RFC 3339 with offset, T and Z in upper case, on a day that the calendar has; digits of
 * the fraction after the ninth are cut. A leap second (only where one may be: 23:59:60
 * UTC on the last of a month) is the second before it. */
bool tg_timestamp_read(struct tg_slice text, struct tg_timestamp *timestamp);
/* YYYY-MM-DD, from year 1 on: days since 1970-01-01. */
bool tg_date_read(struct tg_slice text, int64_t *days);
/* A field's form: a decimal of seconds (up to 18 digits, a fraction of up to 9) and `s`.
 * CEL's own `duration("1h30m")` is wider: see tg_duration_read_units. */
bool tg_duration_read(struct tg_slice text, struct tg_duration *duration);
/* An optional sign and one or more of: decimal, then h, m, s, ms, us (µs) or ns; or 0.
 * False too beyond what CEL has. */
bool tg_duration_read_units(struct tg_slice text, struct tg_duration *duration);
/* A decimal as in events: optional minus, digits without needless zeros, optionally a
 * point and digits. */
bool tg_decimal_valid(struct tg_slice text);

/* `2026-11-23T02:16:34.5Z`, `93.5s`: no needless zeros. The size of the text, which has
 * no NUL. */
enum { TG_SCALAR_TEXT_SIZE = 40 };

size_t tg_timestamp_write(struct tg_timestamp timestamp, char text[TG_SCALAR_TEXT_SIZE]);
size_t tg_date_write(int64_t days, char text[TG_SCALAR_TEXT_SIZE]);
size_t tg_duration_write(struct tg_duration duration, char text[TG_SCALAR_TEXT_SIZE]);

/* -1, 0, 1. */
int tg_timestamp_compare(struct tg_timestamp a, struct tg_timestamp b);
int tg_duration_compare(struct tg_duration a, struct tg_duration b);

/* Order-preserving numbers. For two values of one kind, a < b as values if and only if
 * number(a) < number(b), and they are equal if and only if the numbers are, as long as
 * both are exact. A number that is not exact lies strictly between the exact ones around
 * it (its low bit is set), so that comparing it with an exact one is always right. */

/* -0.0 is 0.0; never called with a NaN. Always exact. */
int64_t tg_number_of_double(double real);
/* Microseconds since year 1, times two; the low bit: there is more. */
int64_t tg_number_of_timestamp(struct tg_timestamp timestamp);
/* Microseconds, times two, likewise. What is beyond ±TG_DURATION_SECONDS_MAX is not exact
 * and lies beyond all that is. */
int64_t tg_number_of_duration(struct tg_duration duration);
/* Of a decimal's text (as in events: optional minus, digits, optional fraction; and as in
 * CEL's literals, with an exponent). Exact up to 17 significant digits with a magnitude
 * from 10^-16 to below 10^16; what is larger or smaller is not exact and lies beyond. */
int64_t tg_number_of_decimal(struct tg_slice text);

static inline bool tg_number_is_exact(int64_t number)
{
    return (number & 1) == 0; /* Of timestamps, durations and decimals. */
}

#endif
