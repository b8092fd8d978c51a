#include "engine/query/schema.h"

const char *tg_op_text(enum tg_op op)
{
    static const char *const texts[] = {"create", "update", "delete", "event"};
    return texts[op];
}

const char *tg_field_kind_text(enum tg_field_kind kind)
{
    static const char *const texts[] = {
        "int",  "double",   "decimal", "string", "bool", "timestamp",
        "date", "duration", "uuid",    "json",   "list",
    };
    return texts[kind];
}
