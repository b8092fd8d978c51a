/* Cells as values of CEL: what programs look at. Private to this folder. */
#ifndef TG_QUERY_LOAD_H
#define TG_QUERY_LOAD_H

#include "engine/cel/program.h"
#include "engine/query/row.h"

struct tg_load {
    const struct tg_schema *schema;
    const struct tg_row *row;
};

/* Of a bound tree's variables (bind.h); `context` is a struct tg_load. */
struct tg_value tg_load_variable(void *context, int32_t variable, struct tg_space *space);

#endif
