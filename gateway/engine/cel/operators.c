#include "engine/cel/values.h"

#include <math.h>

#include "engine/cel/decimal.h"

enum { NANOS = 1000 * 1000 * 1000 };

/* Two timestamps may be as far apart as 64 bits of nanoseconds say (292 years): CEL's
 * conformance suite wants an error beyond. */
#define APART_MAX (INT64_MAX / NANOS)

static struct tg_value overload(void)
{
    return tg_value_error(tg_no_overload);
}

static struct tg_value overflow(void)
{
    return tg_value_error(tg_overflow);
}

struct tg_value tg_op_not(struct tg_value a)
{
    if (a.kind == TG_VALUE_BOOL) {
        return tg_value_bool(!a.boolean);
    }
    return a.kind == TG_VALUE_ERROR ? a : overload();
}

/* The decimal in the space. */
static struct tg_value keep(struct tg_work *work, bool fits, struct tg_decimal_text *text)
{
    if (!fits) {
        return overflow();
    }
    char *copy = tg_space_take(work->space, text->size);
    if (copy == NULL) {
        return tg_value_error(tg_no_memory);
    }
    memcpy(copy, text->data, text->size);
    return tg_value_text(TG_VALUE_DECIMAL, tg_slice(copy, text->size));
}

struct tg_value tg_op_negate(struct tg_work *work, struct tg_value a)
{
    struct tg_decimal_text text;
    switch ((enum tg_value_kind)a.kind) {
    case TG_VALUE_ERROR:
        return a;
    case TG_VALUE_INT:
        return a.integer == INT64_MIN ? overflow() : tg_value_int(-a.integer);
    case TG_VALUE_DOUBLE:
        return tg_value_double(-a.real);
    case TG_VALUE_DECIMAL:
        return keep(work, tg_decimal_add(TG_LIT("0"), a.decimal, true, &text), &text);
    default:
        return overload();
    }
}

static struct tg_value with_ints(int op, int64_t a, int64_t b)
{
    int64_t result = 0;
    bool over = false;
    switch (op) {
    case TG_AST_ADD:
        over = __builtin_add_overflow(a, b, &result);
        break;
    case TG_AST_SUBTRACT:
        over = __builtin_sub_overflow(a, b, &result);
        break;
    case TG_AST_MULTIPLY:
        over = __builtin_mul_overflow(a, b, &result);
        break;
    default:
        if (b == 0) {
            return tg_value_error(op == TG_AST_DIVIDE
                                      ? "division by zero"
                                      : "remainder of a division by zero");
        }
        over = a == INT64_MIN && b == -1;
        if (!over) {
            result = op == TG_AST_DIVIDE ? a / b : a % b;
        }
    }
    return over ? overflow() : tg_value_int(result);
}

static struct tg_value with_uints(int op, uint64_t a, uint64_t b)
{
    uint64_t result = 0;
    bool over = false;
    switch (op) {
    case TG_AST_ADD:
        over = __builtin_add_overflow(a, b, &result);
        break;
    case TG_AST_SUBTRACT:
        over = __builtin_sub_overflow(a, b, &result);
        break;
    case TG_AST_MULTIPLY:
        over = __builtin_mul_overflow(a, b, &result);
        break;
    default:
        if (b == 0) {
            return tg_value_error(op == TG_AST_DIVIDE
                                      ? "division by zero"
                                      : "remainder of a division by zero");
        }
        result = op == TG_AST_DIVIDE ? a / b : a % b;
    }
    return over ? overflow() : tg_value_uint(result);
}

/* IEEE 754 says what a division by zero is. */
__attribute__((no_sanitize("float-divide-by-zero"))) static struct tg_value with_doubles(
    int op, double a, double b)
{
    switch (op) {
    case TG_AST_ADD:
        return tg_value_double(a + b);
    case TG_AST_SUBTRACT:
        return tg_value_double(a - b);
    case TG_AST_MULTIPLY:
        return tg_value_double(a * b);
    case TG_AST_DIVIDE:
        return tg_value_double(a / b);
    default:
        return overload();
    }
}

/* A number as a decimal, exactly; `text` is for what must be written first. */
static bool as_decimal(struct tg_value value, struct tg_decimal_text *text,
                       struct tg_slice *decimal)
{
    if (value.kind == TG_VALUE_DECIMAL) {
        *decimal = value.decimal;
        return true;
    }
    if (value.kind == TG_VALUE_DOUBLE && value.is_literal) {
        *decimal = tg_slice_of(value.exact);
        return true;
    }
    if (value.kind == TG_VALUE_INT) {
        tg_decimal_of_int(value.integer, text);
    } else if (value.kind == TG_VALUE_UINT) {
        tg_decimal_of_uint(value.unsigned_integer, text);
    } else {
        return false;
    }
    *decimal = tg_slice(text->data, text->size);
    return true;
}

static struct tg_value with_decimals(struct tg_work *work, int op, struct tg_value a,
                                     struct tg_value b)
{
    struct tg_decimal_text texts[2];
    struct tg_decimal_text result;
    struct tg_slice left;
    struct tg_slice right;
    if (!as_decimal(a, &texts[0], &left) || !as_decimal(b, &texts[1], &right)) {
        return overload();
    }
    if (!tg_spend_bytes(work, left.size + right.size)) {
        return tg_value_error(tg_no_steps);
    }
    switch (op) {
    case TG_AST_ADD:
    case TG_AST_SUBTRACT:
        return keep(work, tg_decimal_add(left, right, op == TG_AST_SUBTRACT, &result),
                    &result);
    case TG_AST_MULTIPLY:
        return keep(work, tg_decimal_multiply(left, right, &result), &result);
    default:
        return overload();
    }
}

static bool is_duration(struct tg_duration d)
{
    bool over = d.seconds > TG_DURATION_SECONDS_MAX ||
                d.seconds < -TG_DURATION_SECONDS_MAX ||
                (d.seconds == TG_DURATION_SECONDS_MAX && d.nanos > 0) ||
                (d.seconds == -TG_DURATION_SECONDS_MAX && d.nanos < 0);
    return !over;
}

/* Both parts of one sign again. */
static struct tg_value duration_of(int64_t seconds, int64_t nanos)
{
    seconds += nanos / NANOS;
    nanos %= NANOS;
    if (seconds > 0 && nanos < 0) {
        seconds--;
        nanos += NANOS;
    } else if (seconds < 0 && nanos > 0) {
        seconds++;
        nanos -= NANOS;
    }
    struct tg_duration duration = {seconds, (int32_t)nanos};
    return is_duration(duration) ? tg_value_duration(duration) : overflow();
}

static struct tg_value timestamp_of(int64_t seconds, int64_t nanos)
{
    if (nanos < 0) {
        seconds--;
        nanos += NANOS;
    } else if (nanos >= NANOS) {
        seconds++;
        nanos -= NANOS;
    }
    if (seconds < TG_TIMESTAMP_SECONDS_MIN || seconds > TG_TIMESTAMP_SECONDS_MAX) {
        return overflow();
    }
    return tg_value_timestamp((struct tg_timestamp){seconds, (uint32_t)nanos});
}

/* Of TIMESTAMP and DURATION; `sign` is -1 for a subtraction. */
static struct tg_value with_times(struct tg_value a, struct tg_value b, int sign)
{
    bool left = a.kind == TG_VALUE_TIMESTAMP;
    bool right = b.kind == TG_VALUE_TIMESTAMP;
    if ((left && right && sign > 0) || (!left && right && sign < 0)) {
        return overload();
    }
    /* Neither kind has more than 18 digits of seconds: their sum fits. */
    int64_t seconds = left ? a.timestamp.seconds : a.duration.seconds;
    int64_t nanos = left ? (int64_t)a.timestamp.nanos : a.duration.nanos;
    seconds += sign * (right ? b.timestamp.seconds : b.duration.seconds);
    nanos += sign * (right ? (int64_t)b.timestamp.nanos : b.duration.nanos);
    if (left && right && (seconds > APART_MAX || seconds < -APART_MAX)) {
        return overflow();
    }
    return left != right ? timestamp_of(seconds, nanos) : duration_of(seconds, nanos);
}

static struct tg_value join(struct tg_work *work, struct tg_value a, struct tg_value b)
{
    size_t size = a.text.size + b.text.size;
    if (a.text.size == 0 || b.text.size == 0) {
        return a.text.size == 0 ? b : a;
    }
    uint8_t *text = tg_spend_bytes(work, size) ? tg_space_take(work->space, size) : NULL;
    if (text == NULL) {
        return tg_value_error(work->steps == 0 ? tg_no_steps : tg_no_memory);
    }
    memcpy(text, a.text.data, a.text.size);
    memcpy(text + a.text.size, b.text.data, b.text.size);
    return tg_value_text((enum tg_value_kind)a.kind, tg_slice(text, size));
}

static struct tg_value join_lists(struct tg_work *work, struct tg_value a,
                                  struct tg_value b)
{
    uint64_t count = (uint64_t)tg_value_count(a) + tg_value_count(b);
    if (!tg_spend(work, count / 4)) {
        return tg_value_error(tg_no_steps);
    }
    struct tg_value_list *list =
        count > UINT32_MAX ? NULL : tg_list_take(work->space, (uint32_t)count);
    if (list == NULL) {
        return tg_value_error(tg_no_memory);
    }
    struct tg_iter iters[2] = {tg_iter_on(a), tg_iter_on(b)};
    struct tg_value unused;
    uint32_t at = 0;
    for (int i = 0; i < 2; i++) {
        while (tg_iter_next(&iters[i], work->space, &list->items[at], &unused)) {
            if (list->items[at].kind == TG_VALUE_ERROR) {
                return list->items[at];
            }
            at++;
        }
    }
    return (struct tg_value){.kind = TG_VALUE_LIST, .list = list};
}

static bool is_time(struct tg_value value)
{
    return value.kind == TG_VALUE_TIMESTAMP || value.kind == TG_VALUE_DURATION;
}

static struct tg_value arithmetic(struct tg_work *work, int op, struct tg_value a,
                                  struct tg_value b)
{
    if (is_time(a) && is_time(b) && (op == TG_AST_ADD || op == TG_AST_SUBTRACT)) {
        return with_times(a, b, op == TG_AST_ADD ? 1 : -1);
    }
    if (a.kind == TG_VALUE_DECIMAL || b.kind == TG_VALUE_DECIMAL) {
        return with_decimals(work, op, a, b);
    }
    if (a.kind != b.kind) {
        return overload();
    }
    switch ((enum tg_value_kind)a.kind) {
    case TG_VALUE_INT:
        return with_ints(op, a.integer, b.integer);
    case TG_VALUE_UINT:
        return with_uints(op, a.unsigned_integer, b.unsigned_integer);
    case TG_VALUE_DOUBLE:
        return with_doubles(op, a.real, b.real);
    case TG_VALUE_STRING:
    case TG_VALUE_BYTES:
        return op == TG_AST_ADD ? join(work, a, b) : overload();
    case TG_VALUE_LIST:
        return op == TG_AST_ADD ? join_lists(work, a, b) : overload();
    default:
        return overload();
    }
}

static struct tg_value ordering(struct tg_work *work, int op, struct tg_value a,
                                struct tg_value b)
{
    if (a.kind == TG_VALUE_STRING && !tg_spend_bytes(work, a.text.size)) {
        return tg_value_error(tg_no_steps);
    }
    switch (tg_value_order(a, b)) {
    case TG_ORDER_LESS:
        return tg_value_bool(op == TG_AST_LESS || op == TG_AST_LESS_EQUAL);
    case TG_ORDER_EQUAL:
        return tg_value_bool(op == TG_AST_LESS_EQUAL || op == TG_AST_GREATER_EQUAL);
    case TG_ORDER_GREATER:
        return tg_value_bool(op == TG_AST_GREATER || op == TG_AST_GREATER_EQUAL);
    case TG_ORDER_UNORDERED:
        return tg_value_bool(false);
    case TG_ORDER_NONE:
        break;
    }
    return overload();
}

struct tg_value tg_op_binary(struct tg_work *work, int op, struct tg_value a,
                             struct tg_value b)
{
    if (a.kind == TG_VALUE_ERROR || b.kind == TG_VALUE_ERROR) {
        return a.kind == TG_VALUE_ERROR ? a : b;
    }
    switch (op) {
    case TG_AST_EQUAL:
        return tg_value_same(work, a, b);
    case TG_AST_NOT_EQUAL:
        return tg_op_not(tg_value_same(work, a, b));
    case TG_AST_LESS:
    case TG_AST_LESS_EQUAL:
    case TG_AST_GREATER:
    case TG_AST_GREATER_EQUAL:
        return ordering(work, op, a, b);
    case TG_AST_IN:
        return tg_op_in(work, a, b);
    default:
        return arithmetic(work, op, a, b);
    }
}
