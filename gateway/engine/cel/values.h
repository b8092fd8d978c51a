/* What operators and functions do with values: private to the evaluator.
 *
 * Nothing here recurses on input, and nothing calls the heap but through the space. Work
 * that grows with a value's size is paid for in steps. */
#ifndef TG_CEL_VALUES_H
#define TG_CEL_VALUES_H

#include "engine/cel/program.h"

/* One run. */
struct tg_work {
    struct tg_space *space;
    uint32_t steps; /* That are left; 0: it ends, whatever stands in the way. */
};

extern const char tg_no_overload[];
extern const char tg_no_memory[];
extern const char tg_no_steps[];
extern const char tg_no_key[];
extern const char tg_overflow[];

/* Pay for work; false: it cannot be paid. */
static inline bool tg_spend(struct tg_work *work, size_t steps)
{
    if (steps >= work->steps) {
        work->steps = 0;
        return false;
    }
    work->steps -= (uint32_t)steps;
    return true;
}

/* Pay for looking at `size` bytes. */
static inline bool tg_spend_bytes(struct tg_work *work, size_t size)
{
    enum { BYTES_PER_STEP = 64 };
    return tg_spend(work, size / BYTES_PER_STEP);
}

/* Forget what the last run left in the space. */
void tg_space_reset(struct tg_space *space);
/* A list or map with room for `count` items or entries; NULL as tg_space_take. */
struct tg_value_list *tg_list_take(struct tg_space *space, uint32_t count);
struct tg_value_map *tg_map_take(struct tg_space *space, uint32_t count);

static inline bool tg_value_is_number(struct tg_value value)
{
    return (value.kind >= TG_VALUE_INT && value.kind <= TG_VALUE_DOUBLE) ||
           value.kind == TG_VALUE_DECIMAL;
}

/* How two values lie to each other. */
enum tg_order {
    TG_ORDER_NONE, /* Not comparable. */
    TG_ORDER_LESS,
    TG_ORDER_EQUAL,
    TG_ORDER_GREATER,
    TG_ORDER_UNORDERED, /* One is NaN: every comparison is false. */
};

/* Of scalars: numbers on their one line, the others with their own kind. */
enum tg_order tg_value_order(struct tg_value a, struct tg_value b);

/* `a == b`: BOOL, or an ERROR. */
struct tg_value tg_value_same(struct tg_work *work, struct tg_value a, struct tg_value b);

/* Looking into a LIST or MAP, one after another. All zero but for what iter_on sets. */
struct tg_iter {
    struct tg_value of;
    uint32_t at;
    struct tg_json json;
};

struct tg_iter tg_iter_on(struct tg_value container);
/* The next item of a list; of a map the next key, and its value. False at the end. */
bool tg_iter_next(struct tg_iter *iter, struct tg_space *space, struct tg_value *item,
                  struct tg_value *value);

/* Items or entries of a LIST or MAP. */
uint32_t tg_value_count(struct tg_value container);
/* The value of a map's key; ERROR (tg_no_key) if it is not there. */
struct tg_value tg_map_find(struct tg_work *work, struct tg_value map,
                            struct tg_value key);
/* May it be a map's key? */
bool tg_value_is_key(struct tg_value value);

/* Operators. An operand that is an ERROR is the result. */
struct tg_value tg_op_index(struct tg_work *work, struct tg_value of,
                            struct tg_value index);
struct tg_value tg_op_select(struct tg_work *work, struct tg_value of,
                             struct tg_slice name);
struct tg_value tg_op_has(struct tg_work *work, struct tg_value of, struct tg_slice name);
struct tg_value tg_op_in(struct tg_work *work, struct tg_value item, struct tg_value of);
struct tg_value tg_op_not(struct tg_value a);
struct tg_value tg_op_negate(struct tg_work *work, struct tg_value a);
/* `op` is of enum tg_ast_kind: MULTIPLY … IN. */
struct tg_value tg_op_binary(struct tg_work *work, int op, struct tg_value a,
                             struct tg_value b);

/* How a value is made from others of another kind: `int(x)`. */
struct tg_value tg_to_bool(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count);
struct tg_value tg_to_int(struct tg_work *work, const struct tg_value *arguments,
                          uint32_t count);
struct tg_value tg_to_uint(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count);
struct tg_value tg_to_double(struct tg_work *work, const struct tg_value *arguments,
                             uint32_t count);
struct tg_value tg_to_string(struct tg_work *work, const struct tg_value *arguments,
                             uint32_t count);
struct tg_value tg_to_bytes(struct tg_work *work, const struct tg_value *arguments,
                            uint32_t count);
struct tg_value tg_to_timestamp(struct tg_work *work, const struct tg_value *arguments,
                                uint32_t count);
struct tg_value tg_to_duration(struct tg_work *work, const struct tg_value *arguments,
                               uint32_t count);
struct tg_value tg_to_date(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count);
struct tg_value tg_to_type(struct tg_work *work, const struct tg_value *arguments,
                           uint32_t count);

/* The name of a value's type ("int"), as CEL writes it. */
struct tg_slice tg_value_type_name(enum tg_value_kind kind);
/* The type of this name. */
bool tg_type_find(struct tg_slice name, struct tg_value *type);
/* The shortest digits that are read as this double again, as JavaScript writes them. The
 * size of the text. */
enum { TG_DOUBLE_TEXT_SIZE = 40 };

size_t tg_double_write(double real, char text[TG_DOUBLE_TEXT_SIZE]);

/* Functions, by their number. Arguments are no ERROR; a receiver is the first. */
enum { TG_ARGUMENTS_MAX = 2 };

struct tg_function {
    const char *name;
    uint8_t least; /* Arguments. */
    uint8_t most;
    bool is_function; /* It may be called f(x); */
    bool is_method;   /* it may be called x.f(). */
    struct tg_value (*call)(struct tg_work *work, const struct tg_value *arguments,
                            uint32_t count);
};

extern const struct tg_function tg_functions[];

/* The number, or -1: there is none of this name, use and count of arguments. */
int tg_function_find(struct tg_slice name, bool is_method, uint32_t count);
/* Is there one of this name, however used? */
bool tg_function_exists(struct tg_slice name);

/* The getters of timestamps and durations: getFullYear … */
#define TG_GETTERS(X) \
    X(getFullYear)    \
    X(getMonth)       \
    X(getDayOfYear)   \
    X(getDayOfMonth)  \
    X(getDate)        \
    X(getDayOfWeek)   \
    X(getHours)       \
    X(getMinutes)     \
    X(getSeconds)     \
    X(getMilliseconds)

#define TG_GETTER(name)                                  \
    struct tg_value tg_call_##name(struct tg_work *work, \
                                   const struct tg_value *arguments, uint32_t count);
TG_GETTERS(TG_GETTER)
#undef TG_GETTER

#endif
