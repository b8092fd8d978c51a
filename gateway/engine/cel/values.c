#include "engine/cel/values.h"

#include <math.h>

#include "engine/cel/decimal.h"

const char tg_no_overload[] = "no such overload";
const char tg_no_memory[] = "out of memory";
const char tg_no_steps[] = "too many steps";
const char tg_no_key[] = "no such key";
const char tg_overflow[] = "overflow";

static enum tg_order order_of(int comparison)
{
    return comparison < 0    ? TG_ORDER_LESS
           : comparison == 0 ? TG_ORDER_EQUAL
                             : TG_ORDER_GREATER;
}

static enum tg_order turned(enum tg_order order)
{
    return order == TG_ORDER_LESS      ? TG_ORDER_GREATER
           : order == TG_ORDER_GREATER ? TG_ORDER_LESS
                                       : order;
}

static enum tg_order order_of_texts(struct tg_slice a, struct tg_slice b)
{
    return order_of(tg_slice_compare(a, b));
}

static enum tg_order order_of_doubles(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return TG_ORDER_UNORDERED;
    }
    return order_of((a > b) - (a < b));
}

static enum tg_order order_of_uints(uint64_t a, uint64_t b)
{
    return order_of((a > b) - (a < b));
}

static enum tg_order order_of_ints(int64_t a, int64_t b)
{
    return order_of((a > b) - (a < b));
}

/* An integer to a double: the double's whole part is an integer of the same size, or lies
 * beyond all of them; then its fraction decides. */
static enum tg_order order_of_int_and_double(int64_t a, double b)
{
    if (isnan(b)) {
        return TG_ORDER_UNORDERED;
    }
    if (b >= 0x1p63 || b < -0x1p63) {
        return b > 0 ? TG_ORDER_LESS : TG_ORDER_GREATER;
    }
    double whole = trunc(b);
    int64_t integer = (int64_t)whole;
    return a != integer ? order_of_ints(a, integer) : order_of((whole > b) - (whole < b));
}

static enum tg_order order_of_uint_and_double(uint64_t a, double b)
{
    if (isnan(b)) {
        return TG_ORDER_UNORDERED;
    }
    if (b >= 0x1p64 || b < 0) {
        return b > 0 ? TG_ORDER_LESS : TG_ORDER_GREATER;
    }
    double whole = trunc(b);
    uint64_t integer = (uint64_t)whole;
    return a != integer ? order_of_uints(a, integer)
                        : order_of((whole > b) - (whole < b));
}

static enum tg_order order_of_decimal_and_double(struct tg_slice a, struct tg_value of)
{
    double b = of.real;
    if (of.is_literal) {
        return order_of(tg_decimal_compare(a, tg_slice_of(of.exact)));
    }
    return isnan(b) ? TG_ORDER_UNORDERED : order_of(tg_decimal_compare_double(a, b));
}

static enum tg_order order_of_decimal_and(struct tg_slice a, struct tg_value b)
{
    struct tg_decimal_text text;
    if (b.kind == TG_VALUE_DECIMAL) {
        return order_of(tg_decimal_compare(a, b.decimal));
    }
    if (b.kind == TG_VALUE_DOUBLE) {
        return order_of_decimal_and_double(a, b);
    }
    if (b.kind == TG_VALUE_INT) {
        tg_decimal_of_int(b.integer, &text);
    } else {
        tg_decimal_of_uint(b.unsigned_integer, &text);
    }
    return order_of(tg_decimal_compare(a, tg_slice(text.data, text.size)));
}

/* Of numbers of two kinds, the first being INT or UINT. */
static enum tg_order order_of_integer_and(struct tg_value a, struct tg_value b)
{
    if (a.kind == TG_VALUE_UINT) {
        return b.kind == TG_VALUE_DOUBLE
                   ? order_of_uint_and_double(a.unsigned_integer, b.real)
                   : turned(order_of_integer_and(b, a));
    }
    if (b.kind == TG_VALUE_DOUBLE) {
        return order_of_int_and_double(a.integer, b.real);
    }
    return a.integer < 0 ? TG_ORDER_LESS
                         : order_of_uints((uint64_t)a.integer, b.unsigned_integer);
}

static enum tg_order order_of_numbers(struct tg_value a, struct tg_value b)
{
    if (a.kind == TG_VALUE_DECIMAL) {
        return order_of_decimal_and(a.decimal, b);
    }
    if (b.kind == TG_VALUE_DECIMAL) {
        return turned(order_of_decimal_and(b.decimal, a));
    }
    return a.kind == TG_VALUE_DOUBLE ? turned(order_of_integer_and(b, a))
                                     : order_of_integer_and(a, b);
}

enum tg_order tg_value_order(struct tg_value a, struct tg_value b)
{
    if (a.kind != b.kind || a.kind == TG_VALUE_DECIMAL) {
        return tg_value_is_number(a) && tg_value_is_number(b) ? order_of_numbers(a, b)
                                                              : TG_ORDER_NONE;
    }
    switch ((enum tg_value_kind)a.kind) {
    case TG_VALUE_BOOL:
        return order_of((int)a.boolean - (int)b.boolean);
    case TG_VALUE_INT:
    case TG_VALUE_DATE:
        return order_of_ints(a.integer, b.integer);
    case TG_VALUE_UINT:
        return order_of_uints(a.unsigned_integer, b.unsigned_integer);
    case TG_VALUE_DOUBLE:
        return order_of_doubles(a.real, b.real);
    case TG_VALUE_STRING:
    case TG_VALUE_BYTES:
        return order_of_texts(a.text, b.text);
    case TG_VALUE_TIMESTAMP:
        return order_of(tg_timestamp_compare(a.timestamp, b.timestamp));
    case TG_VALUE_DURATION:
        return order_of(tg_duration_compare(a.duration, b.duration));
    case TG_VALUE_ERROR:
    case TG_VALUE_NULL:
    case TG_VALUE_DECIMAL:
    case TG_VALUE_LIST:
    case TG_VALUE_MAP:
    case TG_VALUE_TYPE:
        break;
    }
    return TG_ORDER_NONE;
}

/* Two lists, or two maps, in the middle of being compared. */
struct pair {
    struct tg_iter left;
    struct tg_iter right; /* Of lists; of maps `right.of` alone. */
};

enum { DEPTH_MAX = 64 };

static bool is_container(struct tg_value value)
{
    return value.kind == TG_VALUE_LIST || value.kind == TG_VALUE_MAP;
}

static bool is_text(struct tg_value value)
{
    return value.kind == TG_VALUE_STRING || value.kind == TG_VALUE_BYTES;
}

/* Are they the same, as far as can be told without looking into them? Two containers that
 * might be are to be looked into. */
static bool may_be_same(struct tg_work *work, struct tg_value a, struct tg_value b)
{
    if (a.kind == b.kind && is_text(a)) {
        return a.text.size == b.text.size && tg_spend_bytes(work, a.text.size) &&
               tg_slice_equal(a.text, b.text);
    }
    if (a.kind == b.kind && is_container(a)) {
        return tg_value_count(a) == tg_value_count(b);
    }
    if (a.kind == b.kind && a.kind == TG_VALUE_NULL) {
        return true;
    }
    if (a.kind == b.kind && a.kind == TG_VALUE_TYPE) {
        return tg_slice_equal(a.text, b.text);
    }
    return tg_value_order(a, b) == TG_ORDER_EQUAL;
}

/* The next two to compare; false at the end. Of a key that the other map does not have,
 * the second is an ERROR of tg_no_key. */
static bool next_pair(struct tg_work *work, struct pair *pair, struct tg_value *a,
                      struct tg_value *b)
{
    struct tg_value key;
    struct tg_value unused;
    if (!tg_iter_next(&pair->left, work->space, &key, a)) {
        return false;
    }
    if (pair->left.of.kind == TG_VALUE_LIST) {
        return tg_iter_next(&pair->right, work->space, b, &unused);
    }
    *b = key.kind == TG_VALUE_ERROR ? key : tg_map_find(work, pair->right.of, key);
    return true;
}

/* Look into two containers of one kind and size. */
static struct tg_value same_inside(struct tg_work *work, struct tg_value a,
                                   struct tg_value b)
{
    struct pair pairs[DEPTH_MAX];
    uint32_t depth = 1;
    pairs[0] = (struct pair){tg_iter_on(a), tg_iter_on(b)};
    while (depth > 0) {
        if (!next_pair(work, &pairs[depth - 1], &a, &b)) {
            depth--;
            continue;
        }
        if (b.kind == TG_VALUE_ERROR && b.error == tg_no_key) {
            return tg_value_bool(false);
        }
        if (a.kind == TG_VALUE_ERROR || b.kind == TG_VALUE_ERROR) {
            return a.kind == TG_VALUE_ERROR ? a : b;
        }
        if (!tg_spend(work, 1)) {
            return tg_value_error(tg_no_steps);
        }
        if (!may_be_same(work, a, b)) {
            return tg_value_bool(false);
        }
        if (is_container(a)) {
            if (depth == DEPTH_MAX) {
                return tg_value_error("too deep to compare");
            }
            pairs[depth++] = (struct pair){tg_iter_on(a), tg_iter_on(b)};
        }
    }
    return tg_value_bool(true);
}

struct tg_value tg_value_same(struct tg_work *work, struct tg_value a, struct tg_value b)
{
    if (a.kind == TG_VALUE_ERROR || b.kind == TG_VALUE_ERROR) {
        return a.kind == TG_VALUE_ERROR ? a : b;
    }
    if (!may_be_same(work, a, b)) {
        return tg_value_bool(false);
    }
    return is_container(a) ? same_inside(work, a, b) : tg_value_bool(true);
}

int tg_value_equal(struct tg_value a, struct tg_value b)
{
    struct tg_space space = {0};
    struct tg_work work = {&space, UINT32_MAX};
    struct tg_value same = tg_value_same(&work, a, b);
    tg_space_finish(&space);
    return same.kind == TG_VALUE_ERROR ? -1 : same.boolean;
}
