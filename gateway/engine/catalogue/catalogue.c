#include "engine/catalogue/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/catalogue/document.h"

enum { NEAREST_TYPES_MAX = 10000 };

struct tg_catalogue {
    atomic_uint refs;
    uint64_t version;
    struct tg_map by_name;
    size_t count;
    struct tg_type *types[]; /* In the order of their names; one reference each. */
};

static struct tg_catalogue *catalogue_alloc(size_t types)
{
    struct tg_catalogue *catalogue =
        tg_zalloc(1, sizeof *catalogue + types * sizeof(struct tg_type *));
    if (catalogue != NULL) {
        atomic_init(&catalogue->refs, 1);
    }
    return catalogue;
}

struct tg_catalogue *tg_catalogue_create(void)
{
    return catalogue_alloc(0);
}

void tg_catalogue_ref(struct tg_catalogue *catalogue)
{
    atomic_fetch_add_explicit(&catalogue->refs, 1, memory_order_relaxed);
}

void tg_catalogue_unref(struct tg_catalogue *catalogue)
{
    if (catalogue == NULL ||
        atomic_fetch_sub_explicit(&catalogue->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < catalogue->count; i++) {
        tg_type_unref(catalogue->types[i]);
    }
    tg_map_finish(&catalogue->by_name);
    tg_free(catalogue);
}

uint64_t tg_catalogue_version(const struct tg_catalogue *catalogue)
{
    return catalogue->version;
}

size_t tg_catalogue_size(const struct tg_catalogue *catalogue)
{
    return catalogue->count;
}

struct tg_type *tg_catalogue_at(const struct tg_catalogue *catalogue, size_t index)
{
    return catalogue->types[index];
}

struct tg_type *tg_catalogue_get(const struct tg_catalogue *catalogue,
                                 struct tg_slice name)
{
    return tg_map_get(&catalogue->by_name, name);
}

/* --- replacing ------------------------------------------------------------------- */

/* A name belongs to the application that declared it first. */
static enum tg_err refuse_taken(const struct tg_catalogue *old, struct tg_slice app,
                                const struct tg_document *document,
                                struct tg_refusal *refusal)
{
    for (uint32_t i = 0; i < document->count; i++) {
        struct tg_slice name = document->types[i]->schema.name;
        const struct tg_type *present = tg_catalogue_get(old, name);
        if (present != NULL && !tg_slice_equal(present->app, app)) {
            char path[32];
            snprintf(path, sizeof path, "types[%u].name", i);
            tg_refusal_set(
                refusal, TG_CODE_TYPE_TAKEN, path,
                "the event type %.*s belongs to the application \"%.*s\", which "
                "declared it first",
                TG_FMT(name), TG_FMT(tg_refusal_quote(present->app)));
            return TG_EINVAL;
        }
    }
    return TG_OK;
}

static bool same_definition(const struct tg_type *a, const struct tg_type *b)
{
    return tg_type_same_for_queries(a, b) && a->checked == b->checked &&
           tg_slice_equal(tg_buf_slice(&a->metadata), tg_buf_slice(&b->metadata));
}

/* Put the old object in the place of each type that is defined as before; how many. */
static size_t keep_same(const struct tg_catalogue *old, struct tg_document *document)
{
    size_t same = 0;
    for (uint32_t i = 0; i < document->count; i++) {
        struct tg_type *present = tg_catalogue_get(old, document->types[i]->schema.name);
        if (present != NULL && same_definition(present, document->types[i])) {
            tg_type_unref(document->types[i]);
            tg_type_ref(present);
            document->types[i] = present;
            same++;
        }
    }
    return same;
}

static size_t types_of(const struct tg_catalogue *catalogue, struct tg_slice app)
{
    size_t count = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        count += tg_slice_equal(catalogue->types[i]->app, app) ? 1 : 0;
    }
    return count;
}

static int by_name(const void *a, const void *b)
{
    struct tg_slice x = (*(struct tg_type *const *)a)->schema.name;
    struct tg_slice y = (*(struct tg_type *const *)b)->schema.name;
    int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);
    return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

static enum tg_err add(struct tg_catalogue *catalogue, struct tg_type *type)
{
    enum tg_err err = tg_map_put(&catalogue->by_name, type->schema.name, type);
    if (err == TG_OK) {
        tg_type_ref(type);
        catalogue->types[catalogue->count++] = type;
    }
    return err;
}

/* The types of `old` that are not `app`'s, and those of the document. */
static struct tg_catalogue *join(const struct tg_catalogue *old, struct tg_slice app,
                                 const struct tg_document *document)
{
    struct tg_catalogue *catalogue = catalogue_alloc(old->count + document->count);
    if (catalogue == NULL) {
        return NULL;
    }
    enum tg_err err = TG_OK;
    for (size_t i = 0; i < old->count && err == TG_OK; i++) {
        if (!tg_slice_equal(old->types[i]->app, app)) {
            err = add(catalogue, old->types[i]);
        }
    }
    for (uint32_t i = 0; i < document->count && err == TG_OK; i++) {
        err = add(catalogue, document->types[i]);
    }
    if (err != TG_OK) {
        tg_catalogue_unref(catalogue);
        return NULL;
    }
    qsort(catalogue->types, catalogue->count, sizeof(struct tg_type *), by_name);
    catalogue->version = old->version + 1;
    return catalogue;
}

enum tg_err tg_catalogue_replace(struct tg_catalogue *old, struct tg_slice app,
                                 struct tg_slice document_text,
                                 const struct tg_catalogue_limits *limits,
                                 struct tg_catalogue **next, struct tg_refusal *refusal,
                                 bool *changed)
{
    struct tg_document document;
    enum tg_err err = tg_document_read(&document, app, document_text, limits,
                                       old->version + 1, refusal);
    if (err != TG_OK) {
        return err;
    }
    err = refuse_taken(old, app, &document, refusal);
    if (err != TG_OK) {
        tg_document_finish(&document);
        return err;
    }
    size_t same = keep_same(old, &document);
    struct tg_catalogue *joined = NULL;
    bool differs = same != document.count || same != types_of(old, app);
    if (differs) {
        joined = join(old, app, &document);
    } else {
        joined = old;
        tg_catalogue_ref(old);
    }
    tg_document_finish(&document);
    if (joined == NULL) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    *next = joined;
    *changed = differs;
    return TG_OK;
}

/* --- unknown types --------------------------------------------------------------- */

void tg_catalogue_nearest(const struct tg_catalogue *catalogue, tg_type_filter *may,
                          void *context, struct tg_nearest *nearest)
{
    for (size_t i = 0; i < catalogue->count && i < NEAREST_TYPES_MAX; i++) {
        const struct tg_type *type = catalogue->types[i];
        if (may == NULL || may(context, type)) {
            tg_nearest_offer_dotted(nearest, type->schema.name);
        }
    }
}

void tg_catalogue_refuse_type(const struct tg_catalogue *catalogue, struct tg_slice name,
                              const char *member, tg_type_filter *may, void *context,
                              struct tg_refusal *refusal)
{
    struct tg_nearest nearest;
    tg_refusal_set(refusal, TG_CODE_UNKNOWN_TYPE, member,
                   "there is no event type \"%.*s\"", TG_FMT(tg_refusal_quote(name)));
    tg_nearest_init(&nearest, name);
    tg_catalogue_nearest(catalogue, may, context, &nearest);
    tg_refusal_suggest_all(refusal, &nearest);
}
