/* The query language by itself, for programs that have no gateway: a schema, a query, an
 * event, and what became of it. See examples/query/.
 *
 *   tg_query_schema_read(document, type, &schema, &refusal)    what fields there are
 *   tg_query_compile(&text, &query, &refusal)                  or what is wrong, where
 *   tg_query_ask(query, event, &answer, &refusal)              does the event match?
 *
 * A query may be asked again and again, by one thread at a time. */
#ifndef TG_QUERY_QUERY_H
#define TG_QUERY_QUERY_H

#include "engine/query/filter.h"

/* A schema that was read from JSON. */
struct tg_query_schema;

/* Read `document`: a type as a catalogue has it (INGEST.md 5), or a whole catalogue, of
 * which `type` is the name; empty: the only one. Only what queries look at is judged.
 * `*schema` is the caller's.
 *
 * TG_EINVAL  `invalid_json`; `invalid_catalogue`, with the member; `unknown_type`.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_query_schema_read(struct tg_slice document,
                                             struct tg_slice type,
                                             struct tg_query_schema **schema,
                                             struct tg_refusal *refusal);
/* Borrowed. (Whoever has a struct tg_schema of their own needs none of this.) */
const struct tg_schema *tg_query_schema_get(const struct tg_query_schema *schema);
/* The type's access rule; empty: it has none. */
struct tg_slice tg_query_schema_rule(const struct tg_query_schema *schema);
/* NULL is fine. */
void tg_query_schema_destroy(struct tg_query_schema *schema);

/* What a query is made of. */
struct tg_query_text {
    const struct tg_schema *schema;       /* Borrowed as long as the query lives. */
    struct tg_slice where;                /* Empty: everything. */
    struct tg_slice access;               /* The type's rule; empty: none. */
    struct tg_slice claims;               /* A JSON object; empty: no claim is made. */
    const struct tg_query_limits *limits; /* NULL: the defaults. */
};

struct tg_query;

/* `*query` is the caller's. Errors as of tg_filter_compile; of the rule too, with
 * `member` "access"; `invalid_json` of the claims. */
TG_MUST_USE enum tg_err tg_query_compile(const struct tg_query_text *text,
                                         struct tg_query **query,
                                         struct tg_refusal *refusal);
/* NULL is fine. */
void tg_query_destroy(struct tg_query *query);
/* Borrowed. */
const struct tg_filter *tg_query_filter(const struct tg_query *query);

/* What a subscriber is told of an event (QUERY.md 6). */
enum tg_query_told {
    TG_TOLD_NOTHING,
    TG_TOLD_ADD,
    TG_TOLD_CHANGE,
    TG_TOLD_REMOVE,
    TG_TOLD_EVENT,
};

/* "nothing", "add", … */
const char *tg_query_told_text(enum tg_query_told told);

/* If the query is about the event it is asked once, of the row that there is; of the one
 * after, if there are both. */
struct tg_query_answer {
    enum tg_query_told told;
    bool has_before; /* There is a row before the event; so the next. */
    bool has_after;
    bool before; /* The query is true of it; so the next. */
    bool after;
};

/* Ask about `event`, a JSON object with `data` and maybe `op`, `old`, `changed`, `time`
 * (INGEST.md 4; other members are not looked at). `op` may be left out if the type has
 * one operation.
 *
 * TG_EINVAL  It is no event of the type: `invalid_json`, `invalid_event`.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_query_ask(struct tg_query *query, struct tg_slice event,
                                     struct tg_query_answer *answer,
                                     struct tg_refusal *refusal);
/* Append the query's normal form as CEL. */
void tg_query_write(const struct tg_query *query, struct tg_buf *buf);

/* What of it is no comparison of a field with constants, and is evaluated for each event
 * that nothing else ruled out: as it was written, one part a line. Borrowed. */
struct tg_slice tg_query_programs(const struct tg_query *query);

/* CEL without a schema: the value of `source`, in which no name means anything, appended
 * as tg_value_write does. `*is_error`: it is an error, as that of 1/0.
 *
 * TG_EINVAL, TG_ELIMIT, TG_ENOMEM  As of tg_parse and tg_program_compile. */
TG_MUST_USE enum tg_err tg_query_evaluate(struct tg_slice source, struct tg_buf *buf,
                                          bool *is_error, struct tg_refusal *refusal);

#endif
