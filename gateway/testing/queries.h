/* An event type with a field of every kind, and events of it, for tests of queries. JSON
 * is written with ' for ", to be read by people. */
#ifndef TG_TESTING_QUERIES_H
#define TG_TESTING_QUERIES_H

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/query/row.h"

enum {
    F_ID,
    F_STATUS,
    F_TOTAL,
    F_WEIGHT,
    F_PAID,
    F_CREATED,
    F_DAY,
    F_TOOK,
    F_OWNER,
    F_META,
    F_TAGS,
    F_COUNTS,
    F_PRIORITY,
    F_SECRET,
    F_IN,
    F_COUNT,
};

static const struct tg_field orders_fields[F_COUNT] = {
    [F_ID] = {.name = TG_LIT_INIT("id"), .kind = TG_FIELD_INT},
    [F_STATUS] = {.name = TG_LIT_INIT("status"), .kind = TG_FIELD_STRING},
    [F_TOTAL] = {.name = TG_LIT_INIT("total"),
                 .kind = TG_FIELD_DECIMAL,
                 .nullable = true},
    [F_WEIGHT] = {.name = TG_LIT_INIT("weight"),
                  .kind = TG_FIELD_DOUBLE,
                  .nullable = true},
    [F_PAID] = {.name = TG_LIT_INIT("paid"), .kind = TG_FIELD_BOOL, .nullable = true},
    [F_CREATED] = {.name = TG_LIT_INIT("created"),
                   .kind = TG_FIELD_TIMESTAMP,
                   .nullable = true},
    [F_DAY] = {.name = TG_LIT_INIT("day"), .kind = TG_FIELD_DATE, .nullable = true},
    [F_TOOK] = {.name = TG_LIT_INIT("took"), .kind = TG_FIELD_DURATION, .nullable = true},
    [F_OWNER] = {.name = TG_LIT_INIT("owner"), .kind = TG_FIELD_UUID, .nullable = true},
    [F_META] = {.name = TG_LIT_INIT("meta"), .kind = TG_FIELD_JSON, .nullable = true},
    [F_TAGS] = {.name = TG_LIT_INIT("tags"),
                .kind = TG_FIELD_LIST,
                .items = TG_FIELD_STRING,
                .nullable = true},
    [F_COUNTS] = {.name = TG_LIT_INIT("counts"),
                  .kind = TG_FIELD_LIST,
                  .items = TG_FIELD_INT,
                  .nullable = true},
    [F_PRIORITY] = {.name = TG_LIT_INIT("priority"),
                    .kind = TG_FIELD_INT,
                    .nullable = true},
    [F_SECRET] = {.name = TG_LIT_INIT("secret"),
                  .kind = TG_FIELD_STRING,
                  .nullable = true,
                  .hidden = true},
    [F_IN] = {.name = TG_LIT_INIT("in"), .kind = TG_FIELD_STRING, .nullable = true},
};

static const struct tg_schema orders_schema __attribute__((unused)) = {
    .name = TG_LIT_INIT("shop.Order"),
    .fields = orders_fields,
    .fields_count = F_COUNT,
    .operations = 1u << TG_OP_CREATE | 1u << TG_OP_UPDATE | 1u << TG_OP_DELETE,
};

/* `text` with " for '; good until the sixteenth call from here. */
static inline struct tg_slice quoted(const char *text)
{
    static char texts[16][4096];
    static size_t at;
    char *copy = texts[at = (at + 1) % 16];
    snprintf(copy, sizeof texts[0], "%s", text == NULL ? "" : text);
    for (char *c = copy; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return tg_slice_of(copy);
}

/* Parts of an event; NULL: not there. */
static inline struct tg_event_parts parts_of(enum tg_op op, const char *data,
                                             const char *old, const char *changed)
{
    return (struct tg_event_parts){.op = op,
                                   .data = quoted(data),
                                   .old = quoted(old),
                                   .changed = quoted(changed),
                                   .time = TG_LIT("2026-11-23T02:16:34.120331Z")};
}

#endif
