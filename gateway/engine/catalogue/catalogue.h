/* All event types of all applications, at one version. Immutable and shared between
 * threads by counting: a change makes a new catalogue, and whoever holds the old one
 * keeps it whole.
 *
 *   old --replace(app, document)--> new, in which `app` has the types of the document,
 *                                   and types that did not change are the same objects */
#ifndef TG_CATALOGUE_CATALOGUE_H
#define TG_CATALOGUE_CATALOGUE_H

#include "engine/base/err.h"
#include "engine/base/nearest.h"
#include "engine/catalogue/type.h"
#include "engine/cel/parse.h"
#include "engine/json/refusal.h"

struct tg_catalogue;

/* Of one document; 0 anywhere (`rules`: all zero) means the default. */
struct tg_catalogue_limits {
    uint32_t types_max;           /* 1,000 */
    uint32_t fields_max;          /* 256, and not more than that. */
    uint32_t values_max;          /* JSON values and names in all: 1,000,000 */
    struct tg_query_limits rules; /* Of each access rule. */
};

/* The empty catalogue, version 0; NULL without memory. */
struct tg_catalogue *tg_catalogue_create(void);
void tg_catalogue_ref(struct tg_catalogue *catalogue);
/* NULL is fine. From any thread. */
void tg_catalogue_unref(struct tg_catalogue *catalogue);

/* 1 for the first that was accepted. */
uint64_t tg_catalogue_version(const struct tg_catalogue *catalogue);
size_t tg_catalogue_size(const struct tg_catalogue *catalogue);
/* The types in the order of their names; borrowed. */
struct tg_type *tg_catalogue_at(const struct tg_catalogue *catalogue, size_t index);
/* Borrowed; NULL if there is none. */
struct tg_type *tg_catalogue_get(const struct tg_catalogue *catalogue,
                                 struct tg_slice name);

/* `*next` becomes `old` with `app`'s types as `document` (INGEST.md 5) has them, with one
 * reference that is the caller's. If the document says what `old` holds already,
 * `*changed` is false and `*next` is `old` itself, with one more reference.
 *
 * TG_EINVAL  Refused: `refusal` says why (`invalid_json`, `invalid_catalogue`,
 *            `type_taken`, `not_supported`, `too_large`). Unknown members are
 *            `invalid_catalogue` here, with the nearest names.
 * TG_ENOMEM  Likewise, with `overloaded`. */
TG_MUST_USE enum tg_err tg_catalogue_replace(struct tg_catalogue *old,
                                             struct tg_slice app,
                                             struct tg_slice document,
                                             const struct tg_catalogue_limits *limits,
                                             struct tg_catalogue **next,
                                             struct tg_refusal *refusal, bool *changed);

/* Offer `nearest` the names of the types that `may` (NULL: all). At most 10,000 types are
 * looked at. */
typedef bool tg_type_filter(void *context, const struct tg_type *type);
void tg_catalogue_nearest(const struct tg_catalogue *catalogue, tg_type_filter *may,
                          void *context, struct tg_nearest *nearest);
/* Fill `refusal` with `unknown_type` for `name`, and the nearest types that `may`. */
void tg_catalogue_refuse_type(const struct tg_catalogue *catalogue, struct tg_slice name,
                              const char *member, tg_type_filter *may, void *context,
                              struct tg_refusal *refusal);

#endif
