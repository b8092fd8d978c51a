#include "engine/catalogue/value.h"

#include "engine/cel/scalar.h"

static bool is_date(struct tg_slice text)
{
    int64_t days;
    return tg_date_read(text, &days);
}

static bool is_timestamp(struct tg_slice text)
{
    struct tg_timestamp timestamp;
    return tg_timestamp_read(text, &timestamp);
}

static bool is_duration(struct tg_slice text)
{
    struct tg_duration duration;
    return tg_duration_read(text, &duration);
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
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t count = text.size - (negative ? 1 : 0);
    const uint8_t *digits = text.data + (negative ? 1 : 0);
    if (count < 16 || count > 19 || *digits == '0') {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
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
        return is_text(value, tg_decimal_valid, scratch);
    case TG_FIELD_STRING:
        return tg_json_kind(value) == TG_JSON_STRING;
    case TG_FIELD_BOOL:
        return tg_json_kind(value) == TG_JSON_BOOL;
    case TG_FIELD_TIMESTAMP:
        return is_text(value, is_timestamp, scratch);
    case TG_FIELD_DATE:
        return is_text(value, is_date, scratch);
    case TG_FIELD_DURATION:
        return is_text(value, is_duration, scratch);
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
