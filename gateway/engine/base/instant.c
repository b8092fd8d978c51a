#include "engine/base/instant.h"

/* Both count from 0000-03-01, so that the leap day is the last of its year; an era is 400
 * years of 146,097 days. No date before year 0 comes here. */
struct tg_civil tg_civil_of_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t day_of_era = z % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct tg_civil){
        .year = (int32_t)(era * 400 + year_of_era + (month <= 2 ? 1 : 0)),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

int64_t tg_civil_days(struct tg_civil civil)
{
    /* An era more, for January of year 0, which a time zone may reach. */
    int64_t year = civil.year - (civil.month <= 2 ? 1 : 0) + 400;
    int64_t month_from_march = civil.month > 2 ? civil.month - 3 : civil.month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + civil.day - 1;
    return year / 400 * 146097 + year % 400 * 365 + year % 400 / 4 - year % 400 / 100 +
           day_of_year - 719468 - 146097;
}

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
    uint64_t rest = seconds % 86400;
    struct tg_civil date = tg_civil_of_days((int64_t)(seconds / 86400));

    char *at = put_digits(text, (uint64_t)date.year, 4);
    *at++ = '-';
    at = put_digits(at, (uint64_t)date.month, 2);
    *at++ = '-';
    at = put_digits(at, (uint64_t)date.day, 2);
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
