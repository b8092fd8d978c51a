#include "engine/cel/values.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/utf8.h"
#include "engine/cel/decimal.h"

static struct tg_value overload(void)
{
    return tg_value_error(tg_no_overload);
}

static struct tg_value range(void)
{
    return tg_value_error("range error");
}

struct tg_value tg_to_bool(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count)
{
    static const char *const words[] = {"0", "f", "false", "False", "FALSE",
                                        "1", "t", "true",  "True",  "TRUE"};
    (void)work;
    (void)count;
    if (arguments[0].kind == TG_VALUE_BOOL) {
        return arguments[0];
    }
    if (arguments[0].kind != TG_VALUE_STRING) {
        return overload();
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (tg_slice_is(arguments[0].text, words[i])) {
            return tg_value_bool(i >= 5);
        }
    }
    return tg_value_error("no bool in this string");
}

/* Digits with a sign that may be there; the magnitude is at most `most`. */
static bool read_integer(struct tg_slice text, bool *negative, uint64_t *magnitude)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.size;
    *negative = text.size > 0 && *at == '-';
    *magnitude = 0;
    if (text.size > 0 && (*at == '-' || *at == '+')) {
        at++;
    }
    if (at == end) {
        return false;
    }
    for (; at < end; at++) {
        if (*at < '0' || *at > '9' ||
            __builtin_mul_overflow(*magnitude, UINT64_C(10), magnitude) ||
            __builtin_add_overflow(*magnitude, (uint64_t)(*at - '0'), magnitude)) {
            return false;
        }
    }
    return true;
}

static struct tg_value int_of_string(struct tg_slice text)
{
    bool negative;
    uint64_t magnitude;
    if (!read_integer(text, &negative, &magnitude) ||
        magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return tg_value_error("no int in this string");
    }
    return tg_value_int((int64_t)(negative ? 0 - magnitude : magnitude));
}

/* The whole part of a decimal. */
static struct tg_slice whole_of(struct tg_slice decimal)
{
    const uint8_t *point = memchr(decimal.data, '.', decimal.size);
    return point == NULL ? decimal
                         : tg_slice(decimal.data, (size_t)(point - decimal.data));
}

struct tg_value tg_to_int(struct tg_work *work, const struct tg_value *arguments,
                          uint32_t count)
{
    struct tg_value of = arguments[0];
    (void)work;
    (void)count;
    switch ((enum tg_value_kind)of.kind) {
    case TG_VALUE_INT:
        return of;
    case TG_VALUE_UINT:
        return of.unsigned_integer > INT64_MAX
                   ? range()
                   : tg_value_int((int64_t)of.unsigned_integer);
    case TG_VALUE_DOUBLE:
        /* The ends themselves may have been rounded to: they are out, as CEL has it. */
        return of.real > -0x1p63 && of.real < 0x1p63 ? tg_value_int((int64_t)of.real)
                                                     : range();
    case TG_VALUE_DECIMAL:
        of = int_of_string(whole_of(of.decimal));
        return of.kind == TG_VALUE_ERROR ? range() : of;
    case TG_VALUE_STRING:
        return int_of_string(of.text);
    case TG_VALUE_TIMESTAMP:
        return tg_value_int(of.timestamp.seconds);
    default:
        return overload();
    }
}

struct tg_value tg_to_uint(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count)
{
    struct tg_value of = arguments[0];
    bool negative;
    uint64_t magnitude;
    (void)work;
    (void)count;
    switch ((enum tg_value_kind)of.kind) {
    case TG_VALUE_UINT:
        return of;
    case TG_VALUE_INT:
        return of.integer < 0 ? range() : tg_value_uint((uint64_t)of.integer);
    case TG_VALUE_DOUBLE:
        return of.real >= 0 && of.real < 0x1p64 ? tg_value_uint((uint64_t)of.real)
                                                : range();
    case TG_VALUE_DECIMAL:
        return read_integer(whole_of(of.decimal), &negative, &magnitude) &&
                       (!negative || magnitude == 0)
                   ? tg_value_uint(magnitude)
                   : range();
    case TG_VALUE_STRING:
        return read_integer(of.text, &negative, &magnitude) && !negative
                   ? tg_value_uint(magnitude)
                   : tg_value_error("no uint in this string");
    default:
        return overload();
    }
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return at;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit on one side of the point. */
static bool is_double(struct tg_slice text)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.size;
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    const uint8_t *whole = at;
    at = skip_digits(at, end);
    size_t digits = (size_t)(at - whole);
    if (at < end && *at == '.') {
        const uint8_t *fraction = ++at;
        at = skip_digits(at, end);
        digits += (size_t)(at - fraction);
    }
    if (digits != 0 && at < end && (*at | 0x20) == 'e') {
        at++;
        at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
        const uint8_t *exponent = at;
        at = skip_digits(at, end);
        digits = at == exponent ? 0 : digits;
    }
    return digits != 0 && at == end;
}

/* strtod reads a full stop, since the process never calls setlocale. */
static struct tg_value double_of_text(struct tg_work *work, struct tg_slice text)
{
    struct tg_buf *scratch = &work->space->scratch;
    tg_buf_clear(scratch);
    tg_buf_add_slice(scratch, text);
    tg_buf_add_byte(scratch, '\0');
    if (scratch->failed || !tg_spend_bytes(work, text.size)) {
        return tg_value_error(scratch->failed ? tg_no_memory : tg_no_steps);
    }
    return tg_value_double(strtod((const char *)scratch->data, NULL));
}

static struct tg_value double_of_string(struct tg_work *work, struct tg_slice text)
{
    static const struct {
        const char *word;
        double real;
    } words[] = {
        {"NaN", (double)NAN},     {"Infinity", INFINITY}, {"+Infinity", INFINITY},
        {"-Infinity", -INFINITY}, {"inf", INFINITY},      {"+inf", INFINITY},
        {"-inf", -INFINITY},      {"Inf", INFINITY},      {"+Inf", INFINITY},
        {"-Inf", -INFINITY},
    };
    if (is_double(text)) {
        return double_of_text(work, text);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (tg_slice_is(text, words[i].word)) {
            return tg_value_double(words[i].real);
        }
    }
    return tg_value_error("no double in this string");
}

struct tg_value tg_to_double(struct tg_work *work, const struct tg_value *arguments,
                             uint32_t count)
{
    struct tg_value of = arguments[0];
    (void)count;
    switch ((enum tg_value_kind)of.kind) {
    case TG_VALUE_DOUBLE:
        return of;
    case TG_VALUE_INT:
        return tg_value_double((double)of.integer);
    case TG_VALUE_UINT:
        return tg_value_double((double)of.unsigned_integer);
    case TG_VALUE_DECIMAL:
        return double_of_text(work, of.decimal);
    case TG_VALUE_STRING:
        return double_of_string(work, of.text);
    default:
        return overload();
    }
}

/* The fewest digits that are read as this double again, as `%.*e` has them, with a full
 * stop likewise. If 15 are enough, what stands before their zeros is the fewest: a double
 * keeps every 15 digits; but a subnormal does not. */
static void write_fewest(double real, char digits[TG_DOUBLE_TEXT_SIZE])
{
    for (int precision = fabs(real) < DBL_MIN ? 0 : DBL_DIG - 1; precision < 17;
         precision++) {
        snprintf(digits, TG_DOUBLE_TEXT_SIZE, "%.*e", precision, real);
        if (strtod(digits, NULL) == real) {
            break;
        }
    }
    char *e = strchr(digits, 'e');
    char *end = e;
    if (strchr(digits, '.') != NULL) {
        while (end[-1] == '0') {
            end--;
        }
        end -= end[-1] == '.';
    }
    memmove(end, e, strlen(e) + 1);
}

size_t tg_double_write(double real, char text[TG_DOUBLE_TEXT_SIZE])
{
    enum { LARGEST_PLAIN = 21, SMALLEST_PLAIN = -6 };
    if (isnan(real) || isinf(real)) {
        const char *word = isnan(real) ? "NaN" : real > 0 ? "Infinity" : "-Infinity";
        memcpy(text, word, strlen(word));
        return strlen(word);
    }
    char digits[TG_DOUBLE_TEXT_SIZE];
    write_fewest(real, digits);
    char *e = strchr(digits, 'e');
    int exponent = atoi(e + 1);
    if (exponent < SMALLEST_PLAIN || exponent >= LARGEST_PLAIN) {
        return (size_t)snprintf(text, TG_DOUBLE_TEXT_SIZE, "%.*se%+d", (int)(e - digits),
                                digits, exponent);
    }
    /* As a decimal, which has its own way of moving the point. */
    struct tg_decimal_text decimal;
    if (!tg_decimal_canonical(tg_slice(digits, strlen(digits)), &decimal)) {
        return 0;
    }
    size_t sign = signbit(real) != 0 && decimal.data[0] != '-' ? 1 : 0;
    text[0] = '-';
    memcpy(text + sign, decimal.data, decimal.size);
    return decimal.size + sign;
}

/* A text in the space. */
static struct tg_value keep(struct tg_work *work, enum tg_value_kind kind,
                            const char *text, size_t size)
{
    char *copy = tg_space_take(work->space, size);
    if (copy == NULL) {
        return tg_value_error(tg_no_memory);
    }
    memcpy(copy, text, size);
    return tg_value_text(kind, tg_slice(copy, size));
}

static struct tg_value string_of_bytes(struct tg_work *work, struct tg_slice bytes)
{
    if (!tg_spend_bytes(work, bytes.size)) {
        return tg_value_error(tg_no_steps);
    }
    return tg_utf8_valid(bytes) ? tg_value_string(bytes)
                                : tg_value_error("the bytes are no UTF-8");
}

struct tg_value tg_to_string(struct tg_work *work, const struct tg_value *arguments,
                             uint32_t count)
{
    enum { DOUBLE_STEPS = 32 }; /* Its digits are not found in one. */
    struct tg_value of = arguments[0];
    char text[TG_DECIMAL_TEXT_SIZE];
    struct tg_decimal_text digits;
    size_t size;
    (void)count;
    switch ((enum tg_value_kind)of.kind) {
    case TG_VALUE_STRING:
        return of;
    case TG_VALUE_BYTES:
        return string_of_bytes(work, of.text);
    case TG_VALUE_BOOL:
        return tg_value_string(of.boolean ? TG_LIT("true") : TG_LIT("false"));
    case TG_VALUE_INT:
        tg_decimal_of_int(of.integer, &digits);
        return keep(work, TG_VALUE_STRING, digits.data, digits.size);
    case TG_VALUE_UINT:
        tg_decimal_of_uint(of.unsigned_integer, &digits);
        return keep(work, TG_VALUE_STRING, digits.data, digits.size);
    case TG_VALUE_DOUBLE:
        if (!tg_spend(work, DOUBLE_STEPS)) {
            return tg_value_error(tg_no_steps);
        }
        size = tg_double_write(of.real, text);
        break;
    case TG_VALUE_DECIMAL:
        return tg_value_string(of.decimal);
    case TG_VALUE_TIMESTAMP:
        size = tg_timestamp_write(of.timestamp, text);
        break;
    case TG_VALUE_DURATION:
        size = tg_duration_write(of.duration, text);
        break;
    case TG_VALUE_DATE:
        size = tg_date_write(of.integer, text);
        break;
    default:
        return overload();
    }
    return keep(work, TG_VALUE_STRING, text, size);
}

struct tg_value tg_to_bytes(struct tg_work *work, const struct tg_value *arguments,
                            uint32_t count)
{
    (void)work;
    (void)count;
    if (arguments[0].kind == TG_VALUE_STRING || arguments[0].kind == TG_VALUE_BYTES) {
        return tg_value_text(TG_VALUE_BYTES, arguments[0].text);
    }
    return overload();
}

struct tg_value tg_to_timestamp(struct tg_work *work, const struct tg_value *arguments,
                                uint32_t count)
{
    struct tg_value of = arguments[0];
    struct tg_timestamp timestamp;
    (void)work;
    (void)count;
    switch ((enum tg_value_kind)of.kind) {
    case TG_VALUE_TIMESTAMP:
        return of;
    case TG_VALUE_INT:
        return of.integer < TG_TIMESTAMP_SECONDS_MIN ||
                       of.integer > TG_TIMESTAMP_SECONDS_MAX
                   ? range()
                   : tg_value_timestamp((struct tg_timestamp){.seconds = of.integer});
    case TG_VALUE_STRING:
        return tg_timestamp_read(of.text, &timestamp)
                   ? tg_value_timestamp(timestamp)
                   : tg_value_error("no timestamp in this string");
    default:
        return overload();
    }
}

struct tg_value tg_to_duration(struct tg_work *work, const struct tg_value *arguments,
                               uint32_t count)
{
    struct tg_duration duration;
    (void)work;
    (void)count;
    if (arguments[0].kind == TG_VALUE_DURATION) {
        return arguments[0];
    }
    if (arguments[0].kind != TG_VALUE_STRING) {
        return overload();
    }
    return tg_duration_read_units(arguments[0].text, &duration)
               ? tg_value_duration(duration)
               : tg_value_error("no duration in this string");
}

struct tg_value tg_to_date(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count)
{
    int64_t days;
    (void)work;
    (void)count;
    if (arguments[0].kind == TG_VALUE_DATE) {
        return arguments[0];
    }
    if (arguments[0].kind != TG_VALUE_STRING) {
        return overload();
    }
    return tg_date_read(arguments[0].text, &days)
               ? tg_value_date(days)
               : tg_value_error("no date in this string");
}

static const char *const type_names[] = {
    [TG_VALUE_NULL] = "null_type",
    [TG_VALUE_BOOL] = "bool",
    [TG_VALUE_INT] = "int",
    [TG_VALUE_UINT] = "uint",
    [TG_VALUE_DOUBLE] = "double",
    [TG_VALUE_STRING] = "string",
    [TG_VALUE_BYTES] = "bytes",
    [TG_VALUE_TIMESTAMP] = "google.protobuf.Timestamp",
    [TG_VALUE_DURATION] = "google.protobuf.Duration",
    [TG_VALUE_DECIMAL] = "decimal",
    [TG_VALUE_DATE] = "date",
    [TG_VALUE_LIST] = "list",
    [TG_VALUE_MAP] = "map",
    [TG_VALUE_TYPE] = "type",
};
enum { TYPES_COUNT = sizeof type_names / sizeof *type_names };

struct tg_slice tg_value_type_name(enum tg_value_kind kind)
{
    return tg_slice_of(type_names[kind] == NULL ? "error" : type_names[kind]);
}

bool tg_type_find(struct tg_slice name, struct tg_value *type)
{
    for (int kind = TG_VALUE_NULL; kind < TYPES_COUNT; kind++) {
        if (tg_slice_is(name, type_names[kind])) {
            *type = tg_value_text(TG_VALUE_TYPE, tg_slice_of(type_names[kind]));
            return true;
        }
    }
    return false;
}

struct tg_value tg_to_type(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count)
{
    (void)work;
    (void)count;
    return tg_value_text(TG_VALUE_TYPE,
                         tg_value_type_name((enum tg_value_kind)arguments[0].kind));
}
