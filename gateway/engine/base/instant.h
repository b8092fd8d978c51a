/* Days and instants. The engine reads no clock: whoever calls brings the time. */
#ifndef TG_BASE_INSTANT_H
#define TG_BASE_INSTANT_H

#include <stddef.h>
#include <stdint.h>

/* A day of the proleptic Gregorian calendar. */
struct tg_civil {
    int32_t year;
    int32_t month; /* From 1. */
    int32_t day;   /* From 1. */
};

/* From days since 1970-01-01, and back; from the last day before year 0 on. */
struct tg_civil tg_civil_of_days(int64_t days);
int64_t tg_civil_days(struct tg_civil civil);

enum { TG_INSTANT_TEXT_SIZE = 32 };

/* Write `us` (microseconds since 1970-01-01 UTC; years 1970 to 9999) as RFC 3339,
 * `2026-11-23T02:16:34.120331Z`, without a NUL that counts. The number of characters. */
size_t tg_instant_write(int64_t us, char text[TG_INSTANT_TEXT_SIZE]);

#endif
