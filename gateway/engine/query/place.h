/* Where a constant lies on the number line of a slot, exactly. Private to this folder. */
#ifndef TG_QUERY_PLACE_H
#define TG_QUERY_PLACE_H

#include "engine/cel/value.h"
#include "engine/query/schema.h"

enum tg_placed {
    TG_PLACED,   /* `below` and `above` say where. */
    TG_FOREIGN,  /* Of another type: equal to nothing there, and in no order with it. */
    TG_UNPLACED, /* Only a program can tell. */
};

/* The nearest numbers of the line: the same one if the constant lies on it. Values that
 * are less than the constant have numbers of at most `below` (or, if it lies there, below
 * that); `has_below` false: there are none. */
struct tg_place {
    bool is_there;
    bool has_below;
    bool has_above;
    int64_t below;
    int64_t above;
};

/* For kinds with numbers: INT, DOUBLE, DECIMAL, BOOL, TIMESTAMP, DATE, DURATION. */
enum tg_placed tg_place(enum tg_field_kind kind, struct tg_value value,
                        struct tg_place *place);

#endif
