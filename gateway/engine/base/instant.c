#include "engine/base/instant.h"

/* Put `value` as `digits` decimal digits, zeros in front. */
static char *put_digits(char *at, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

size_t tg_instant_write(int64_t us, char text[TG_INSTANT_TEXT_SIZE])
{
    const int64_t last_us = INT64_C(253402300799999999); /* 9999-12-31T23:59:59.999999Z */
    if (us < 0) {
        us = 0;
    } else if (us > last_us) {
        us = last_us;
    }
    uint64_t seconds = (uint64_t)us / 1000000;
    uint64_t days = seconds / 86400;
    uint64_t rest = seconds % 86400;
    /* From days to a date in the proleptic Gregorian calendar: count from 0000-03-01, so
     * that the leap day is the last of its year; an era is 400 years of 146,097 days. */
    uint64_t z = days + 719468;
    uint64_t era = z / 146097;
    uint64_t day_of_era = z % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

    char *at = put_digits(text, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, rest / 3600, 2);
    *at++ = ':';
    at = put_digits(at, rest / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, rest % 60, 2);
    *at++ = '.';
    at = put_digits(at, (uint64_t)us % 1000000, 6);
    *at++ = 'Z';
    return (size_t)(at - text);
}
