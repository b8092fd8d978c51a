#include "engine/cel/scalar.h"

enum { DAY_S = 24 * 60 * 60, FRACTION_DIGITS = 9 };

static char *put_digits(char *at, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

/* `.5`, or nothing. */
static char *put_fraction(char *at, uint32_t nanos)
{
    if (nanos == 0) {
        return at;
    }
    *at++ = '.';
    at = put_digits(at, nanos, FRACTION_DIGITS);
    while (at[-1] == '0') {
        at--;
    }
    return at;
}

size_t tg_date_write(int64_t days, char text[TG_SCALAR_TEXT_SIZE])
{
    struct tg_civil civil = tg_civil_of_days(days);
    char *at = put_digits(text, (uint64_t)civil.year, 4);
    *at++ = '-';
    at = put_digits(at, (uint64_t)civil.month, 2);
    *at++ = '-';
    at = put_digits(at, (uint64_t)civil.day, 2);
    return (size_t)(at - text);
}

size_t tg_timestamp_write(struct tg_timestamp timestamp, char text[TG_SCALAR_TEXT_SIZE])
{
    int64_t since = timestamp.seconds - TG_TIMESTAMP_SECONDS_MIN;
    int64_t rest = since % DAY_S;
    char *at = text + tg_date_write((timestamp.seconds - rest) / DAY_S, text);
    *at++ = 'T';
    at = put_digits(at, (uint64_t)rest / 3600, 2);
    *at++ = ':';
    at = put_digits(at, (uint64_t)rest / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, (uint64_t)rest % 60, 2);
    at = put_fraction(at, timestamp.nanos);
    *at++ = 'Z';
    return (size_t)(at - text);
}

size_t tg_duration_write(struct tg_duration duration, char text[TG_SCALAR_TEXT_SIZE])
{
    char *at = text;
    bool negative = duration.seconds < 0 || duration.nanos < 0;
    if (negative) {
        *at++ = '-';
    }
    uint64_t seconds = (uint64_t)(negative ? -duration.seconds : duration.seconds);
    int digits = 1;
    for (uint64_t rest = seconds; rest >= 10; rest /= 10) {
        digits++;
    }
    at = put_digits(at, seconds, digits);
    at = put_fraction(at, (uint32_t)(negative ? -duration.nanos : duration.nanos));
    *at++ = 's';
    return (size_t)(at - text);
}
