/* A value of CEL at run time, small and passed by value. What it points at belongs to the
 * program, to the event, or to the evaluation's space, and lives until the next one. */
#ifndef TG_QUERY_VALUE_H
#define TG_QUERY_VALUE_H

#include "engine/json/json.h"
#include "engine/query/scalar.h"

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

/* Why an evaluation has no value: for people, never shown to other clients. */
struct tg_value_list;
struct tg_value_map;

struct tg_value {
    uint8_t kind;
    union {
        bool boolean;
        int64_t integer; /* Of DATE too. */
        uint64_t unsigned_integer;
        double real;
        struct tg_slice text; /* STRING, BYTES; the name of a TYPE. */
        struct tg_timestamp timestamp;
        struct tg_duration duration;
        struct tg_slice decimal; /* Its canonical digits: "-12.5". */
        const struct tg_value_list *list;
        const struct tg_value_map *map;
        struct tg_json json; /* A LIST or MAP as it came in JSON (`is_json`). */
        const char *error;   /* A static string: "no such overload". */
    };
    bool is_json;
};

#endif
