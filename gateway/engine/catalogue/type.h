/* One event type as an application declared it (INGEST.md 5). Immutable and shared
 * between threads by counting; it stays the same object over changes of the catalogue
 * that do not concern it, so that `==` says whether a type is as it was. */
#ifndef TG_CATALOGUE_TYPE_H
#define TG_CATALOGUE_TYPE_H

#include <stdatomic.h>

#include "engine/base/buf.h"
#include "engine/base/map.h"
#include "engine/base/slice.h"
#include "engine/json/refusal.h"
#include "engine/query/schema.h"

enum tg_access { TG_ACCESS_PUBLIC, TG_ACCESS_AUTHENTICATED, TG_ACCESS_RULE };
enum tg_delivery { TG_DELIVERY_LIVE, TG_DELIVERY_RECOVERABLE, TG_DELIVERY_GUARANTEED };

/* The names of the protocol: "rule", "live". */
const char *tg_access_text(enum tg_access access);
const char *tg_delivery_text(enum tg_delivery delivery);

enum {
    TG_TYPE_FIELDS_MAX = TG_FIELDS_MAX,
    TG_TYPE_NAME_MAX = 128,
    TG_VERBOSE_NAME_MAX = 256,
};

/* A set of fields, by their index. */
struct tg_field_set {
    uint64_t words[TG_TYPE_FIELDS_MAX / 64];
};

static inline void tg_field_set_add(struct tg_field_set *set, uint32_t index)
{
    set->words[index / 64] |= UINT64_C(1) << index % 64;
}

static inline bool tg_field_set_has(const struct tg_field_set *set, uint32_t index)
{
    return (set->words[index / 64] >> index % 64 & 1) != 0;
}

/* Read-only but for `refs`. All slices and arrays live as long as the type. */
struct tg_type {
    atomic_uint refs;
    uint64_t version; /* Of the catalogue with which this definition came. */
    struct tg_slice app;
    struct tg_schema schema; /* Its name, operations and fields, hidden ones too. */
    struct tg_slice verbose_name;
    struct tg_slice verbose_name_plural;
    struct tg_slice rule;   /* Of TG_ACCESS_RULE; else empty. Never shown to clients. */
    struct tg_buf metadata; /* PROTOCOL.md 5, without the braces around it. */
    enum tg_access access;
    bool checked; /* For those alone whose ticket names it. Not shown to clients. */
    enum tg_delivery delivery;
    int64_t ttl_ms; /* 0: none. */
    uint32_t hidden_count;
    uint32_t keys_count;
    const uint32_t *keys; /* Indexes of fields, in the order declared; none is hidden. */
    struct tg_field_set key_set;    /* Those that a `delete` must have. */
    struct tg_field_set needed_set; /* Those that every other event must have. */
    struct tg_map fields_by_name;   /* Empty if there are few. */
};

void tg_type_ref(struct tg_type *type);
/* NULL is fine. From any thread. */
void tg_type_unref(struct tg_type *type);

static inline struct tg_slice tg_type_name(const struct tg_type *type)
{
    return type->schema.name;
}

static inline bool tg_type_has_op(const struct tg_type *type, enum tg_op op)
{
    return (type->schema.operations & 1u << op) != 0;
}

/* Borrowed; NULL if there is none of this name. */
const struct tg_field *tg_type_field(const struct tg_type *type, struct tg_slice name);
/* Suggest the names of fields that are near `wanted`. */
void tg_type_suggest_fields(const struct tg_type *type, struct tg_slice wanted,
                            struct tg_refusal *refusal);

/* Are both the same for whoever asks for events: fields (hidden ones too), operations,
 * access rule? Then a filter of the one is a filter of the other. */
bool tg_type_same_for_queries(const struct tg_type *a, const struct tg_type *b);

/* Append the type's metadata as a JSON object (PROTOCOL.md 5); for those who manage the
 * gateway with `app` as its first member, and `checked` (INGEST.md 3). */
void tg_type_write(const struct tg_type *type, bool managing, struct tg_buf *buf);

#endif
