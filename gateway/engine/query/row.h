/* An event as queries see it: a row after it and a row before it, each field in a cell
 * that comparisons can read without looking at JSON again.
 *
 * The row before an update is the row after it with the values of `old` laid over it; a
 * field that `changed` names and `old` does not have is missing from it. With neither
 * `old` nor `changed`, nothing is known to have changed, and both are the same. A create
 * has no row before it; a delete none after it: its row before is `data` with `old` laid
 * over it. A custom event has a row after it alone. */
#ifndef TG_QUERY_ROW_H
#define TG_QUERY_ROW_H

#include "engine/base/err.h"
#include "engine/json/json.h"
#include "engine/query/schema.h"

/* Where things are. Fields of the row: their index in the schema. */
enum {
    TG_SLOT_OLD = 256, /* + index: `old.x`. */
    TG_SLOT_OP = 512,  /* `event.op`: text, the sender's word. */
    TG_SLOT_TIME,      /* `event.time`: a timestamp. */
    TG_SLOT_CHANGED,   /* `event.changed`: a list of texts; empty if unknown. */
    TG_SLOTS_MAX,
};

enum tg_cell_state { TG_CELL_ABSENT, TG_CELL_NULL, TG_CELL_HERE };

/* A field's value. Of kind
 *   INT, DOUBLE, BOOL, TIMESTAMP, DATE, DURATION, DECIMAL: `number`, on the kind's
 *     order-preserving line (scalar.h; an INT is itself, a BOOL 0 or 1, a DATE its days);
 *   STRING, UUID: `text`, unescaped;
 *   LIST: `items`, of which none is absent or null;
 *   JSON: `json` alone. `json` is always there, for values that must be read exactly. */
struct tg_cell {
    uint8_t state;
    uint8_t kind; /* enum tg_field_kind */
    uint32_t items_count;
    union {
        int64_t number;
        struct tg_slice text;
        const struct tg_cell *items;
    };
    struct tg_json json;
};

/* The cells of one row. Slots of fields are dense; the rest is one array. Read it by
 * tg_row_cell only. */
struct tg_row {
    const struct tg_cell *fields;
    const struct tg_cell *old;   /* Of `old.x`: NULL where there are none. */
    const struct tg_cell *event; /* From TG_SLOT_OP on. */
};

extern const struct tg_cell tg_cell_absent;

static inline const struct tg_cell *tg_row_cell(const struct tg_row *row, uint16_t slot)
{
    if (slot < TG_SLOT_OLD) {
        return &row->fields[slot];
    }
    if (slot < TG_SLOT_OP) {
        return row->old == NULL ? &tg_cell_absent : &row->old[slot - TG_SLOT_OLD];
    }
    return &row->event[slot - TG_SLOT_OP];
}

/* The parts of an event that was checked against its type: raw JSON, empty where there
 * is none; `time` is the text without quotes. */
struct tg_event_parts {
    enum tg_op op;
    struct tg_slice data;
    struct tg_slice old;
    struct tg_slice changed;
    struct tg_slice time;
};

/* Both rows of one event. All zero is empty; it may be read into again and again, and
 * then takes memory only to grow. */
struct tg_rows {
    bool has_after;
    bool has_before;
    struct tg_row after;
    struct tg_row before;
    /* Fields whose value differs between the rows, as a set that may hold more: bit
     * (index % 64). All bits where only one row is there. */
    uint64_t changed;
    struct tg_rows_memory *memory; /* Private to row.c. */
};

/* The bit of a slot in sets such as `changed`; `old.x` counts as x. */
static inline uint64_t tg_slot_bit(uint16_t slot)
{
    return slot < TG_SLOT_OP ? UINT64_C(1) << slot % 64 : UINT64_MAX;
}

/* Read the event; the texts must stay until the last look at the rows.
 *
 * TG_EINVAL  It is not an event of the schema (which whoever checked it would have said).
 * TG_ENOMEM  Likewise nothing to look at. */
TG_MUST_USE enum tg_err tg_rows_read(struct tg_rows *rows, const struct tg_schema *schema,
                                     const struct tg_event_parts *parts);
void tg_rows_finish(struct tg_rows *rows);

#endif
