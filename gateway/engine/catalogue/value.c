#include "engine/catalogue/value.h"

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
        if (c->at == c->end || *c->at < '0' || *c->at > '9') {
            c->good = false;
            return 0;
        }
        number = number * 10 + (*c->at++ - '0');
    }
    return number;
}

/* All digits that stand here: how many. */
static size_t take_digits(struct cursor *c)
{
    const uint8_t *begin = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        c->at++;
    }
    return (size_t)(c->at - begin);
}

static int month_days(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

struct day {
    int day;
    int month_days;
};

static struct day take_date(struct cursor *c)
{
    int year = take_number(c, 4);
    take(c, '-');
    int month = take_number(c, 2);
    take(c, '-');
    int day = take_number(c, 2);
    if (!c->good || month < 1 || month > 12) {
        c->good = false;
        return (struct day){1, 31};
    }
    int days = month_days(year, month);
    c->good = day >= 1 && day <= days;
    return (struct day){day, days};
}

bool tg_is_date(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    take_date(&c);
    return c.good && c.at == c.end;
}

/* RFC 3339 section 5.7: 23:59:60 UTC at the end of a month; `minute` is the local minute
 * of the day, `offset` that of the time zone. */
static bool may_leap(struct day day, int minute, int offset)
{
    enum { DAY = 24 * 60 };
    int utc = minute - offset;
    int shift = utc < 0 ? -1 : utc >= DAY ? 1 : 0;
    int last = day.month_days - shift;
    bool is_last = shift < 0 ? day.day == 1 : day.day == last;
    return is_last && utc - shift * DAY == DAY - 1;
}

bool tg_is_timestamp(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    struct day day = take_date(&c);
    take(&c, 'T');
    int hour = take_number(&c, 2);
    take(&c, ':');
    int minute = take_number(&c, 2);
    take(&c, ':');
    int second = take_number(&c, 2);
    if (take_if(&c, '.') && take_digits(&c) == 0) {
        return false;
    }
    int offset = 0;
    if (!take_if(&c, 'Z')) {
        bool west = take_if(&c, '-');
        if (!west) {
            take(&c, '+');
        }
        int hours = take_number(&c, 2);
        take(&c, ':');
        int minutes = take_number(&c, 2);
        if (hours > 23 || minutes > 59) {
            return false;
        }
        offset = (hours * 60 + minutes) * (west ? -1 : 1);
    }
    if (!c.good || c.at != c.end || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    return second < 60 || may_leap(day, hour * 60 + minute, offset);
}

/* A decimal at the cursor; how many digits it has before and after the point. */
static void take_decimal(struct cursor *c, size_t *before, size_t *after)
{
    take_if(c, '-');
    bool zero = next_is(c, '0');
    *before = take_digits(c);
    *after = 0;
    if (*before == 0 || (zero && *before > 1)) {
        c->good = false;
    }
    if (take_if(c, '.')) {
        *after = take_digits(c);
        c->good = c->good && *after > 0;
    }
}

bool tg_is_decimal(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    size_t before;
    size_t after;
    take_decimal(&c, &before, &after);
    return c.good && c.at == c.end;
}

bool tg_is_duration(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    size_t before;
    size_t after;
    take_decimal(&c, &before, &after);
    take(&c, 's');
    return c.good && c.at == c.end && before <= 18 && after <= 9;
}

bool tg_is_uuid(struct tg_slice text)
{
    if (text.size != 36) {
        return false;
    }
    for (size_t i = 0; i < 36; i++) {
        uint8_t byte = text.data[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        if (dash ? byte != '-' : !digit) {
            return false;
        }
    }
    return true;
}

enum { SAFE_BITS = 53 };
static const int64_t safe_max = (INT64_C(1) << SAFE_BITS) - 1;

bool tg_is_big_int(struct tg_slice text)
{
    struct cursor c = cursor_on(text);
    bool negative = take_if(&c, '-');
    const uint8_t *digits = c.at;
    size_t count = take_digits(&c);
    if (c.at != c.end || count < 16 || count > 19 || *digits == '0') {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number = number * 10 + (uint64_t)(digits[i] - '0');
    }
    return number > (uint64_t)safe_max &&
           number <= (uint64_t)INT64_MAX + (negative ? 1 : 0);
}

static bool is_int(struct tg_json value, struct tg_buf *scratch)
{
    int64_t number;
    if (tg_json_int(value, &number)) {
        return number >= -safe_max && number <= safe_max;
    }
    struct tg_slice text;
    return tg_json_string(value, scratch, &text) && tg_is_big_int(text);
}

static bool is_text(struct tg_json value, bool (*is)(struct tg_slice),
                    struct tg_buf *scratch)
{
    struct tg_slice text;
    return tg_json_string(value, scratch, &text) && is(text);
}

bool tg_value_is(struct tg_json value, enum tg_field_kind kind, struct tg_buf *scratch)
{
    switch (kind) {
    case TG_FIELD_INT:
        return is_int(value, scratch);
    case TG_FIELD_DOUBLE:
        return tg_json_kind(value) == TG_JSON_INT ||
               tg_json_kind(value) == TG_JSON_DOUBLE;
    case TG_FIELD_DECIMAL:
        return is_text(value, tg_is_decimal, scratch);
    case TG_FIELD_STRING:
        return tg_json_kind(value) == TG_JSON_STRING;
    case TG_FIELD_BOOL:
        return tg_json_kind(value) == TG_JSON_BOOL;
    case TG_FIELD_TIMESTAMP:
        return is_text(value, tg_is_timestamp, scratch);
    case TG_FIELD_DATE:
        return is_text(value, tg_is_date, scratch);
    case TG_FIELD_DURATION:
        return is_text(value, tg_is_duration, scratch);
    case TG_FIELD_UUID:
        return is_text(value, tg_is_uuid, scratch);
    case TG_FIELD_JSON:
        return tg_json_kind(value) != TG_JSON_NONE;
    case TG_FIELD_LIST:
        break;
    }
    return tg_json_kind(value) == TG_JSON_ARRAY;
}

const char *tg_value_wanted(enum tg_field_kind kind)
{
    switch (kind) {
    case TG_FIELD_INT:
        return "a number without fraction or exponent (beyond 2^53-1, its digits in a "
               "string)";
    case TG_FIELD_DOUBLE:
        return "a number";
    case TG_FIELD_DECIMAL:
        return "a decimal number in a string, as \"-12.50\"";
    case TG_FIELD_STRING:
        return "a string";
    case TG_FIELD_BOOL:
        return "true or false";
    case TG_FIELD_TIMESTAMP:
        return "an RFC 3339 time with offset, as \"2026-11-23T02:16:34.120331Z\"";
    case TG_FIELD_DATE:
        return "a date, as \"2026-11-23\"";
    case TG_FIELD_DURATION:
        return "seconds with their unit, as \"93.5s\"";
    case TG_FIELD_UUID:
        return "a UUID in 36 lower-case characters";
    case TG_FIELD_JSON:
        return "any JSON value";
    case TG_FIELD_LIST:
        break;
    }
    return "a list";
}
