#include "engine/catalogue/document.h"

#include "engine/catalogue/reader.h"

enum { TYPES_MAX = 1000, VALUES_MAX = 1000000 };

/* One block: the type, its fields, its key, its strings. */
static enum tg_err type_begin(struct tg_reader *r, struct tg_json object, uint32_t fields,
                              uint32_t keys)
{
    size_t fields_at = sizeof(struct tg_type);
    size_t keys_at = fields_at + fields * sizeof(struct tg_field);
    size_t strings_at = keys_at + keys * sizeof(uint32_t);
    /* The document's strings, the application's name, and a plural that was left out. */
    size_t strings = tg_json_raw(object).size + r->app.size + TG_VERBOSE_NAME_MAX + 1;
    uint8_t *block = tg_zalloc(1, strings_at + strings);
    if (block == NULL) {
        return tg_reader_out_of_memory(r);
    }
    struct tg_type *type = (struct tg_type *)(void *)block;
    atomic_init(&type->refs, 1);
    r->type = type;
    r->fields = (struct tg_field *)(void *)(block + fields_at);
    r->room = block + strings_at;
    r->room_end = r->room + strings;
    r->keys = (uint32_t *)(void *)(block + keys_at);
    type->schema.fields = r->fields;
    type->keys = r->keys;
    type->version = r->version;
    type->app = tg_reader_keep(r, r->app);
    return TG_OK;
}

static enum tg_err type_end(struct tg_reader *r)
{
    struct tg_type *type = r->type;
    for (uint32_t i = 0; i < type->schema.fields_count; i++) {
        if (!type->schema.fields[i].nullable) {
            tg_field_set_add(&type->needed_set, i);
        }
    }
    uintptr_t first = (uintptr_t)tg_map_get(&r->names, type->schema.name);
    if (first != 0) {
        return tg_reader_invalid(
            r, "name", "the type %.*s is there twice, first as types[%u]",
            TG_FMT(tg_refusal_quote(type->schema.name)), (unsigned)(first - 1));
    }
    void *number = (void *)(uintptr_t)(r->type_at + 1);
    if (tg_map_put(&r->names, type->schema.name, number) != TG_OK ||
        !tg_type_describe(type, r->choices, &r->scratch)) {
        return tg_reader_out_of_memory(r);
    }
    return TG_OK;
}

/* Leaves the type in `r->type`, also half made. */
static enum tg_err read_type(struct tg_reader *r, struct tg_json object)
{
    enum {
        NAME,
        VERBOSE,
        PLURAL,
        OPS,
        KEY,
        ACCESS,
        CHECKED,
        DELIVERY,
        TTL,
        FIELDS,
        COUNT
    };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("name"),
        TG_LIT_INIT("verbose_name"),
        TG_LIT_INIT("verbose_name_plural"),
        TG_LIT_INIT("operations"),
        TG_LIT_INIT("key"),
        TG_LIT_INIT("access"),
        TG_LIT_INIT("checked"),
        TG_LIT_INIT("delivery"),
        TG_LIT_INIT("ttl_ms"),
        TG_LIT_INIT("fields"),
    };
    struct tg_json values[COUNT];
    enum tg_err err = tg_reader_members(r, object, "", names, COUNT, values);
    if (err != TG_OK) {
        return err;
    }
    if (tg_json_kind(values[FIELDS]) != TG_JSON_ARRAY) {
        return tg_reader_refuse_kind(r, "fields", "a list", values[FIELDS]);
    }
    uint32_t fields = tg_json_size(values[FIELDS]);
    if (fields > r->limits.fields_max) {
        return tg_reader_refuse(r, TG_CODE_TOO_LARGE, "fields", "%u fields: more than %u",
                                fields, r->limits.fields_max);
    }
    /* Each key names another field, so there cannot be more of them. */
    err = type_begin(r, object, fields, fields);
    if (err == TG_OK) {
        err = tg_reader_names(r, values[NAME], values[VERBOSE], values[PLURAL]);
    }
    if (err == TG_OK) {
        err = tg_reader_fields(r, values[FIELDS]);
    }
    if (err == TG_OK) {
        err = tg_reader_operations(r, values[OPS]);
    }
    if (err == TG_OK) {
        err = tg_reader_key(r, values[KEY]);
    }
    if (err == TG_OK) {
        err = tg_reader_access(r, values[ACCESS]);
    }
    if (err == TG_OK) {
        err = tg_reader_checked(r, values[CHECKED]);
    }
    if (err == TG_OK) {
        err = tg_reader_delivery(r, values[DELIVERY]);
    }
    if (err == TG_OK) {
        err = tg_reader_ttl(r, values[TTL]);
    }
    return err == TG_OK ? type_end(r) : err;
}

static enum tg_err read_types(struct tg_reader *r, struct tg_json list,
                              struct tg_document *document)
{
    r->level = TG_AT_TYPE;
    for (struct tg_json item = tg_json_first(list); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item)) {
        enum tg_err err = read_type(r, item);
        if (err != TG_OK) {
            tg_type_unref(r->type);
            return err;
        }
        document->types[document->count++] = r->type;
        r->type = NULL;
        r->type_at++;
    }
    r->level = TG_AT_DOCUMENT;
    return TG_OK;
}

static enum tg_err read_document(struct tg_reader *r, struct tg_slice text,
                                 struct tg_document *document)
{
    enum { APP, TYPES, COUNT };
    static const struct tg_slice names[] = {TG_LIT_INIT("app"), TG_LIT_INIT("types")};
    struct tg_json_limits limits = {.values_max = r->limits.values_max};
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(&r->doc, text, &limits, &error);
    if (err == TG_ENOMEM) {
        return tg_reader_out_of_memory(r);
    }
    if (err != TG_OK) {
        bool too_large = err == TG_ELIMIT && !error.too_deep;
        enum tg_code code = too_large ? TG_CODE_TOO_LARGE : TG_CODE_INVALID_JSON;
        return tg_reader_refuse(r, code, "", "the catalogue document, byte %zu: %s",
                                error.offset, error.message);
    }
    struct tg_json values[COUNT];
    struct tg_slice app;
    struct tg_json root = tg_json_root(&r->doc);
    if (tg_json_kind(root) != TG_JSON_OBJECT) {
        return tg_reader_invalid(r, "",
                                 "a catalogue document should be an object, not %s",
                                 tg_json_kind_text(tg_json_kind(root)));
    }
    err = tg_reader_members(r, root, "", names, COUNT, values);
    if (err == TG_OK) {
        err = tg_reader_string(r, values[APP], "app", "a string", &app);
    }
    if (err != TG_OK) {
        return err;
    }
    if (!tg_slice_equal(app, r->app)) {
        return tg_reader_invalid(
            r, "app", "the ingest key is of the application \"%.*s\", not \"%.*s\"",
            TG_FMT(r->app), TG_FMT(tg_refusal_quote(app)));
    }
    if (tg_json_kind(values[TYPES]) != TG_JSON_ARRAY) {
        return tg_reader_refuse_kind(r, "types", "a list", values[TYPES]);
    }
    uint32_t count = tg_json_size(values[TYPES]);
    if (count > r->limits.types_max) {
        return tg_reader_refuse(r, TG_CODE_TOO_LARGE, "types", "%u types: more than %u",
                                count, r->limits.types_max);
    }
    document->types = tg_zalloc(count, sizeof(struct tg_type *));
    if (document->types == NULL) {
        return tg_reader_out_of_memory(r);
    }
    return read_types(r, values[TYPES], document);
}

static uint32_t or_default(uint32_t limit, uint32_t otherwise)
{
    return limit != 0 ? limit : otherwise;
}

enum tg_err tg_document_read(struct tg_document *document, struct tg_slice app,
                             struct tg_slice text,
                             const struct tg_catalogue_limits *limits, uint64_t version,
                             struct tg_refusal *refusal)
{
    struct tg_catalogue_limits wanted = {0};
    if (limits != NULL) {
        wanted = *limits;
    }
    struct tg_reader *r = tg_zalloc(1, sizeof *r);
    *document = (struct tg_document){0};
    if (r == NULL) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    r->app = app;
    r->version = version;
    r->refusal = refusal;
    r->limits.types_max = or_default(wanted.types_max, TYPES_MAX);
    r->limits.fields_max = or_default(wanted.fields_max, TG_TYPE_FIELDS_MAX);
    if (r->limits.fields_max > TG_TYPE_FIELDS_MAX) {
        r->limits.fields_max = TG_TYPE_FIELDS_MAX;
    }
    r->limits.values_max = or_default(wanted.values_max, VALUES_MAX);
    r->limits.rules = wanted.rules.bytes_max != 0 ? wanted.rules
                                                  : tg_query_limits_default;
    enum tg_err err = read_document(r, text, document);
    tg_json_finish(&r->doc);
    tg_buf_finish(&r->scratch);
    tg_map_finish(&r->names);
    tg_compiler_destroy(r->compiler);
    tg_free(r);
    if (err != TG_OK) {
        tg_document_finish(document);
    }
    return err;
}

void tg_document_finish(struct tg_document *document)
{
    for (uint32_t i = 0; i < document->count; i++) {
        tg_type_unref(document->types[i]);
    }
    tg_free(document->types);
    *document = (struct tg_document){0};
}
