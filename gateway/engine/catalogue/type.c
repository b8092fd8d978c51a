#include "engine/catalogue/type.h"

#include "engine/base/mem.h"
#include "engine/base/nearest.h"
#include "engine/json/json.h"

const char *tg_access_text(enum tg_access access)
{
    static const char *const texts[] = {"public", "authenticated", "rule"};
    return texts[access];
}

const char *tg_delivery_text(enum tg_delivery delivery)
{
    static const char *const texts[] = {"live", "recoverable", "guaranteed"};
    return texts[delivery];
}

void tg_type_ref(struct tg_type *type)
{
    atomic_fetch_add_explicit(&type->refs, 1, memory_order_relaxed);
}

void tg_type_unref(struct tg_type *type)
{
    if (type != NULL &&
        atomic_fetch_sub_explicit(&type->refs, 1, memory_order_acq_rel) == 1) {
        tg_map_finish(&type->fields_by_name);
        tg_buf_finish(&type->metadata);
        tg_free(type);
    }
}

const struct tg_field *tg_type_field(const struct tg_type *type, struct tg_slice name)
{
    if (type->fields_by_name.count != 0) {
        return tg_map_get(&type->fields_by_name, name);
    }
    for (uint32_t i = 0; i < type->schema.fields_count; i++) {
        if (tg_slice_equal(type->schema.fields[i].name, name)) {
            return &type->schema.fields[i];
        }
    }
    return NULL;
}

void tg_type_suggest_fields(const struct tg_type *type, struct tg_slice wanted,
                            struct tg_refusal *refusal)
{
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, wanted);
    for (uint32_t i = 0; i < type->schema.fields_count; i++) {
        tg_nearest_offer(&nearest, type->schema.fields[i].name);
    }
    tg_refusal_suggest_all(refusal, &nearest);
}

static bool same_field(const struct tg_field *a, const struct tg_field *b)
{
    return tg_slice_equal(a->name, b->name) && a->kind == b->kind &&
           a->items == b->items && a->nullable == b->nullable && a->hidden == b->hidden;
}

bool tg_type_same_for_queries(const struct tg_type *a, const struct tg_type *b)
{
    bool same = a->schema.operations == b->schema.operations &&
                a->schema.fields_count == b->schema.fields_count &&
                tg_slice_equal(a->rule, b->rule);
    for (uint32_t i = 0; same && i < a->schema.fields_count; i++) {
        same = same_field(&a->schema.fields[i], &b->schema.fields[i]);
    }
    return same;
}

void tg_type_write(const struct tg_type *type, bool managing, struct tg_buf *buf)
{
    tg_buf_add_byte(buf, '{');
    if (managing) {
        tg_json_write_name(buf, "app");
        tg_json_write_string(buf, type->app);
        tg_buf_add_byte(buf, ',');
    }
    tg_buf_add_slice(buf, tg_buf_slice(&type->metadata));
    if (managing && type->checked) {
        tg_json_write_name(buf, "checked");
        tg_buf_add_text(buf, "true");
    }
    tg_buf_add_byte(buf, '}');
}
