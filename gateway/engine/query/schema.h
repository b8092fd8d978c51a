/* What a query may look at: the fields of an event type, as the type declares them
 * (INGEST.md 5), and the operations that make its events. */
#ifndef TG_QUERY_SCHEMA_H
#define TG_QUERY_SCHEMA_H

#include "engine/base/slice.h"

enum tg_op { TG_OP_CREATE, TG_OP_UPDATE, TG_OP_DELETE, TG_OP_EVENT };
enum { TG_OP_COUNT = 4 };

enum tg_field_kind {
    TG_FIELD_INT,
    TG_FIELD_DOUBLE,
    TG_FIELD_DECIMAL,
    TG_FIELD_STRING,
    TG_FIELD_BOOL,
    TG_FIELD_TIMESTAMP,
    TG_FIELD_DATE,
    TG_FIELD_DURATION,
    TG_FIELD_UUID,
    TG_FIELD_JSON,
    TG_FIELD_LIST,
};
enum { TG_FIELD_KIND_COUNT = 11 };

/* The names of the protocol: "update", "timestamp". */
const char *tg_op_text(enum tg_op op);
const char *tg_field_kind_text(enum tg_field_kind kind);

enum { TG_FIELDS_MAX = 256, TG_FIELD_NAME_MAX = 64 };

/* (Choices are for people: they are in the metadata, and no value is held to them.) */
struct tg_field {
    struct tg_slice name;
    struct tg_slice verbose_name;
    enum tg_field_kind kind;
    enum tg_field_kind items; /* Of a LIST. */
    bool nullable;
    bool hidden; /* For access rules alone: in no `where`, no data, no metadata. */
};

/* Borrowed by all that is made from it. */
struct tg_schema {
    struct tg_slice name;          /* Of the event type. */
    const struct tg_field *fields; /* At most TG_FIELDS_MAX. */
    uint32_t fields_count;
    uint32_t operations; /* Bits 1 << tg_op. */
};

#endif
