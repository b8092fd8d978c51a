#include "engine/cel/scalar.h"

#include <assert.h>

enum {
    DAY_S = 24 * 60 * 60,
    NANOS = 1000 * 1000 * 1000,
    DURATION_DIGITS_MAX = 18,
    FRACTION_DIGITS = 9,
};

/* A cursor over a short text: each step takes what it wants, or leaves `good` false. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool good;
};

static struct cursor cursor_on(struct tg_slice text)
{
    if (text.size == 0) {
        text = TG_LIT("");
    }
    return (struct cursor){text.data, text.data + text.size, true};
}

static bool next_is(const struct cursor *c, uint8_t byte)
{
    return c->at < c->end && *c->at == byte;
}

static bool next_is_digit(const struct cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static void take(struct cursor *c, uint8_t byte)
{
    if (next_is(c, byte)) {
        c->at++;
    } else {
        c->good = false;
    }
}

static bool take_if(struct cursor *c, uint8_t byte)
{
    bool is = next_is(c, byte);
    c->at += is ? 1 : 0;
    return is;
}

/* Exactly `count` digits. */
static int take_number(struct cursor *c, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (!next_is_digit(c)) {
            c->good = false;
            return 0;
        }
        number = number * 10 + (*c->at++ - '0');
    }
    return number;
}

/* All digits that stand here: how many. The value of the first `digits_max` of them. */
static size_t take_digits(struct cursor *c, size_t digits_max, uint64_t *value)
{
    const uint8_t *begin = c->at;
    *value = 0;
    for (; next_is_digit(c); c->at++) {
        if ((size_t)(c->at - begin) < digits_max) {
            *value = *value * 10 + (uint64_t)(*c->at - '0');
        }
    }
    return (size_t)(c->at - begin);
}

/* The digits of a fraction as `of` digits: .5 of 9 is 500,000,000. How many there
 * were. */
static size_t take_fraction(struct cursor *c, size_t of, uint64_t *value)
{
    size_t count = take_digits(c, of, value);
    for (size_t i = count; i < of; i++) {
        *value *= 10;
    }
    return count;
}

static int month_days(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static int64_t take_date(struct cursor *c)
{
    struct tg_civil civil = {.year = take_number(c, 4)};
    take(c, '-');
    civil.month = take_number(c, 2);
    take(c, '-');
    civil.day = take_number(c, 2);
    c->good = c->good && civil.year >= 1 && civil.month >= 1 && civil.month <= 12 &&
              civil.day >= 1 && civil.day <= month_days(civil.year, civil.month);
    return c->good ? tg_civil_days(civil) : 0;
}

bool tg_date_read(struct tg_slice text, int64_t *days)
{
    struct cursor c = cursor_on(text);
    int64_t date = take_date(&c);
    if (!c.good || c.at != c.end) {
        return false;
    }
    *days = date;
    return true;
}

/* time-offset = "Z" / time-numoffset (RFC 3339 section 5.6), in seconds. */
static int64_t take_offset(struct cursor *c)
{
    if (take_if(c, 'Z')) {
        return 0;
    }
    bool west = take_if(c, '-');
    if (!west) {
        take(c, '+');
    }
    int hours = take_number(c, 2);
    take(c, ':');
    int minutes = take_number(c, 2);
    c->good = c->good && hours <= 23 && minutes <= 59;
    return (int64_t)(hours * 60 + minutes) * (west ? -60 : 60);
}

/* Is the second before `seconds` the last of a month? Only there may a leap second be
 * (RFC 3339 section 5.7). */
static bool month_begins(int64_t seconds)
{
    return seconds % DAY_S == 0 && tg_civil_of_days(seconds / DAY_S).day == 1;
}

bool tg_timestamp_read(struct tg_slice text, struct tg_timestamp *timestamp)
{
    struct cursor c = cursor_on(text);
    int64_t days = take_date(&c);
    take(&c, 'T');
    int hour = take_number(&c, 2);
    take(&c, ':');
    int minute = take_number(&c, 2);
    take(&c, ':');
    int second = take_number(&c, 2);
    uint64_t nanos = 0;
    if (take_if(&c, '.') && take_fraction(&c, FRACTION_DIGITS, &nanos) == 0) {
        return false;
    }
    int64_t offset = take_offset(&c);
    if (!c.good || c.at != c.end || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    int64_t seconds = days * DAY_S + hour * 3600 + minute * 60 + second - offset;
    if (second == 60 && !month_begins(seconds--)) {
        return false;
    }
    if (seconds < TG_TIMESTAMP_SECONDS_MIN || seconds > TG_TIMESTAMP_SECONDS_MAX) {
        return false;
    }
    *timestamp = (struct tg_timestamp){seconds, (uint32_t)nanos};
    return true;
}

/* A decimal as events have it, at the cursor. */
struct decimal {
    bool negative;
    size_t before; /* Digits before the point, and after it. */
    size_t after;
    uint64_t whole; /* Of the first DURATION_DIGITS_MAX. */
    uint64_t nanos;
};

static struct decimal take_decimal(struct cursor *c)
{
    struct decimal d = {.negative = take_if(c, '-')};
    bool zero = next_is(c, '0');
    d.before = take_digits(c, DURATION_DIGITS_MAX, &d.whole);
    if (d.before == 0 || (zero && d.before > 1)) {
        c->good = false;
    }
    if (take_if(c, '.')) {
        d.after = take_fraction(c, FRACTION_DIGITS, &d.nanos);
        c->good = c->good && d.after > 0;
    }
    return d;
}

bool tg_decimal_valid(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    take_decimal(&c);
    return c.good && c.at == c.end;
}

bool tg_duration_read(struct tg_slice text, struct tg_duration *duration)
{
    struct cursor c = cursor_on(text);
    struct decimal d = take_decimal(&c);
    take(&c, 's');
    if (!c.good || c.at != c.end || d.before > DURATION_DIGITS_MAX ||
        d.after > FRACTION_DIGITS) {
        return false;
    }
    int64_t seconds = (int64_t)d.whole;
    int32_t nanos = (int32_t)d.nanos;
    *duration = d.negative ? (struct tg_duration){-seconds, -nanos}
                           : (struct tg_duration){seconds, nanos};
    return true;
}

/* The unit at the cursor in nanoseconds; 0: none. */
static int64_t take_unit(struct cursor *c)
{
    static const struct unit {
        const char *name;
        int64_t nanos;
    } units[] = {
        {"ms", INT64_C(1000000)}, /* Before m. */
        {"h", INT64_C(3600) * NANOS},
        {"m", INT64_C(60) * NANOS},
        {"s", NANOS},
        {"us", 1000},
        {"\xc2\xb5s", 1000},
        {"\xce\xbcs", 1000},
        {"ns", 1},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t size = strlen(units[i].name);
        if ((size_t)(c->end - c->at) >= size && memcmp(c->at, units[i].name, size) == 0) {
            c->at += size;
            return units[i].nanos;
        }
    }
    return 0;
}

__extension__ typedef __int128 int128;

/* `1.5h` in nanoseconds. Parts of a nanosecond are cut. */
static int128 take_units(struct cursor *c)
{
    uint64_t whole;
    uint64_t fraction = 0;
    size_t before = take_digits(c, DURATION_DIGITS_MAX, &whole);
    size_t after = 0;
    if (take_if(c, '.')) {
        after = take_fraction(c, DURATION_DIGITS_MAX, &fraction);
    }
    int64_t unit = take_unit(c);
    c->good = c->good && before <= DURATION_DIGITS_MAX && before + after > 0 && unit != 0;
    const int64_t whole_fraction = INT64_C(1000000000000000000);
    return (int128)whole * unit + (int128)fraction * unit / whole_fraction;
}

bool tg_duration_read_units(struct tg_slice text, struct tg_duration *duration)
{
    struct cursor c = cursor_on(text);
    bool negative = take_if(&c, '-');
    if (!negative) {
        take_if(&c, '+');
    }
    const int128 most = (int128)TG_DURATION_SECONDS_MAX * NANOS;
    int128 nanos = 0;
    if (c.end - c.at == 1 && *c.at == '0') {
        *duration = (struct tg_duration){0};
        return true;
    }
    if (c.at == c.end) {
        return false;
    }
    while (c.at != c.end) {
        nanos += take_units(&c);
        if (!c.good || nanos > most) {
            return false;
        }
    }
    nanos = negative ? -nanos : nanos;
    *duration = (struct tg_duration){(int64_t)(nanos / NANOS), (int32_t)(nanos % NANOS)};
    return true;
}

int tg_timestamp_compare(struct tg_timestamp a, struct tg_timestamp b)
{
    if (a.seconds != b.seconds) {
        return a.seconds < b.seconds ? -1 : 1;
    }
    return (a.nanos > b.nanos) - (a.nanos < b.nanos);
}

int tg_duration_compare(struct tg_duration a, struct tg_duration b)
{
    if (a.seconds != b.seconds) {
        return a.seconds < b.seconds ? -1 : 1;
    }
    return (a.nanos > b.nanos) - (a.nanos < b.nanos);
}

/* Number lines. */

int64_t tg_number_of_double(double real)
{
    int64_t bits;
    memcpy(&bits, &real, sizeof bits);
    /* Of negative ones the magnitude is what remains without the sign; -0.0 is 0. */
    return bits < 0 ? -(bits & INT64_MAX) : bits;
}

int64_t tg_number_of_timestamp(struct tg_timestamp timestamp)
{
    int64_t micros =
        (timestamp.seconds - TG_TIMESTAMP_SECONDS_MIN) * 1000000 + timestamp.nanos / 1000;
    return micros * 2 + (timestamp.nanos % 1000 != 0 ? 1 : 0);
}

int64_t tg_number_of_duration(struct tg_duration duration)
{
    const int64_t last = TG_DURATION_SECONDS_MAX * 1000000 * 2 + 1;
    int64_t seconds = duration.seconds;
    bool beyond =
        seconds > TG_DURATION_SECONDS_MAX || seconds < -TG_DURATION_SECONDS_MAX ||
        ((seconds == TG_DURATION_SECONDS_MAX || seconds == -TG_DURATION_SECONDS_MAX) &&
         duration.nanos != 0);
    if (beyond) {
        return seconds < 0 ? -last : last;
    }
    /* Microseconds are cut towards the past, so that the rest goes forward. */
    int64_t micros = seconds * 1000000 + duration.nanos / 1000;
    int32_t rest = duration.nanos % 1000;
    micros -= rest < 0 ? 1 : 0;
    return micros * 2 + (rest != 0 ? 1 : 0);
}

/* 17 significant digits are from 10^16 on and below 10^17; for each of the 32 powers of
 * ten a decimal may begin with, that many numbers stand one after another. */
enum { SIGNIFICANT = 17, POWER_MIN = -16, POWER_MAX = 15 };
static const int64_t significant_min = INT64_C(10000000000000000);
static const int64_t numbers_per_power = INT64_C(90000000000000000);

/* The significant digits of a decimal's text. */
struct significant {
    bool negative;
    bool exact;     /* No digit but 0 after the seventeenth. */
    int64_t power;  /* Of ten, that the first digit counts. */
    int64_t digits; /* Exactly 17; 0: the number is 0. */
};

static void add_digit(struct significant *s, uint8_t digit, size_t *count)
{
    if (*count == 0 && digit == 0) {
        return;
    }
    if (*count < SIGNIFICANT) {
        s->digits = s->digits * 10 + digit;
    } else if (digit != 0) {
        s->exact = false;
    }
    ++*count;
}

/* The exponent of a literal, `e-5`, at the cursor; far is far enough. */
static int64_t take_exponent(struct cursor *c)
{
    if (!take_if(c, 'e') && !take_if(c, 'E')) {
        return 0;
    }
    bool minus = take_if(c, '-');
    if (!minus) {
        take_if(c, '+');
    }
    while (take_if(c, '0')) {}
    uint64_t value;
    size_t count = take_digits(c, 9, &value);
    int64_t size = count > 9 ? INT64_C(1) << 40 : (int64_t)value;
    return minus ? -size : size;
}

static struct significant significant_of(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    struct significant s = {.negative = take_if(&c, '-'), .exact = true};
    size_t count = 0;
    int64_t before = 0;
    int64_t zeros = 0; /* Right after the point, before all that counts. */
    for (; next_is_digit(&c); c.at++) {
        add_digit(&s, (uint8_t)(*c.at - '0'), &count);
    }
    before = (int64_t)count;
    if (take_if(&c, '.')) {
        for (; next_is_digit(&c); c.at++) {
            zeros += count == 0 && *c.at == '0' ? 1 : 0;
            add_digit(&s, (uint8_t)(*c.at - '0'), &count);
        }
    }
    for (; count < SIGNIFICANT; count++) {
        s.digits *= 10;
    }
    s.power = before > 0 ? before - 1 : -1 - zeros;
    s.power += take_exponent(&c);
    return s;
}

int64_t tg_number_of_decimal(struct tg_slice text)
{
    struct significant s = significant_of(text);
    int64_t number = 0;
    if (s.digits == 0) {
        return 0;
    }
    if (s.power < POWER_MIN) {
        number = 1;
    } else if (s.power > POWER_MAX) {
        number = (POWER_MAX - POWER_MIN + 1) * numbers_per_power * 2 + 1;
    } else {
        assert(s.digits >= significant_min);
        number =
            ((s.power - POWER_MIN) * numbers_per_power + s.digits - significant_min + 1) *
            2;
        number += s.exact ? 0 : 1;
    }
    return s.negative ? -number : number;
}
