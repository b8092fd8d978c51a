/* A value of CEL at run time, small and passed by value. What it points at belongs to the
 * program, to the event, or to the evaluation's space, and lives until the next one. */
#ifndef TG_CEL_VALUE_H
#define TG_CEL_VALUE_H

#include "engine/cel/scalar.h"
#include "engine/json/json.h"

enum tg_value_kind {
    TG_VALUE_ERROR, /* CEL's error: absorbed by && and || where they may. */
    TG_VALUE_NULL,
    TG_VALUE_BOOL,
    TG_VALUE_INT,
    TG_VALUE_UINT,
    TG_VALUE_DOUBLE,
    TG_VALUE_STRING,
    TG_VALUE_BYTES,
    TG_VALUE_TIMESTAMP,
    TG_VALUE_DURATION,
    TG_VALUE_DECIMAL, /* Ours: exact, on the same number line as int, uint and double. */
    TG_VALUE_DATE,    /* Ours: days since 1970-01-01. */
    TG_VALUE_LIST,
    TG_VALUE_MAP,
    TG_VALUE_TYPE,
};

struct tg_value_list;
struct tg_value_map;

struct tg_value {
    uint8_t kind;
    bool is_literal; /* Of a DOUBLE: it has `exact`. */
    bool is_json;    /* Of a LIST or MAP: `json`, as it came. */
    union {
        bool boolean;
        int64_t integer; /* Of DATE too. */
        uint64_t unsigned_integer;
        struct {
            double real;
            const char *exact; /* If `is_literal`: its digits as they were written, which
                                  decimals meet instead: "99.95". */
        };
        struct tg_slice text; /* STRING, BYTES; the name of a TYPE. */
        struct tg_timestamp timestamp;
        struct tg_duration duration;
        struct tg_slice decimal; /* Its digits: "-12.5". */
        const struct tg_value_list *list;
        const struct tg_value_map *map;
        struct tg_json json;
        const char *error; /* Why there is no value, for people: a static string. Never
                              shown to other clients. */
    };
};

struct tg_value_list {
    uint32_t count;
    struct tg_value items[];
};

/* Keys are BOOL, INT, UINT or STRING, none equal to another. */
struct tg_value_map {
    uint32_t count;
    struct tg_value entries[]; /* Key, value, key, value … */
};

static inline struct tg_value tg_value_error(const char *error)
{
    return (struct tg_value){.kind = TG_VALUE_ERROR, .error = error};
}

static inline struct tg_value tg_value_null(void)
{
    return (struct tg_value){.kind = TG_VALUE_NULL};
}

static inline struct tg_value tg_value_bool(bool boolean)
{
    return (struct tg_value){.kind = TG_VALUE_BOOL, .boolean = boolean};
}

static inline struct tg_value tg_value_int(int64_t integer)
{
    return (struct tg_value){.kind = TG_VALUE_INT, .integer = integer};
}

static inline struct tg_value tg_value_uint(uint64_t integer)
{
    return (struct tg_value){.kind = TG_VALUE_UINT, .unsigned_integer = integer};
}

static inline struct tg_value tg_value_double(double real)
{
    return (struct tg_value){.kind = TG_VALUE_DOUBLE, .real = real};
}

/* Of STRING, BYTES, DECIMAL or TYPE. */
static inline struct tg_value tg_value_text(enum tg_value_kind kind, struct tg_slice text)
{
    return (struct tg_value){.kind = (uint8_t)kind, .text = text};
}

static inline struct tg_value tg_value_string(struct tg_slice text)
{
    return tg_value_text(TG_VALUE_STRING, text);
}

static inline struct tg_value tg_value_timestamp(struct tg_timestamp timestamp)
{
    return (struct tg_value){.kind = TG_VALUE_TIMESTAMP, .timestamp = timestamp};
}

static inline struct tg_value tg_value_duration(struct tg_duration duration)
{
    return (struct tg_value){.kind = TG_VALUE_DURATION, .duration = duration};
}

static inline struct tg_value tg_value_date(int64_t days)
{
    return (struct tg_value){.kind = TG_VALUE_DATE, .integer = days};
}

#endif
