/* A schema from a catalogue document: what queries need of it. The whole document is
 * judged by engine/catalogue, for those who have a gateway. */
#include <stdio.h>

#include "engine/base/mem.h"
#include "engine/query/query.h"

struct tg_query_schema {
    struct tg_schema schema;
    struct tg_buf text;
    struct tg_json_doc doc;
    struct tg_buf rule;
    struct tg_buf scratch;
    struct tg_field *fields;
};

static enum tg_err refuse_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

#define refuse(refusal, member, ...)                                              \
    (tg_refusal_set((refusal), TG_CODE_INVALID_CATALOGUE, (member), __VA_ARGS__), \
     TG_EINVAL)

/* --- Fields ---------------------------------------------------------------------- */

static bool is_name(struct tg_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool digit = byte >= '0' && byte <= '9' && i > 0;
        if (!letter && !digit && byte != '_') {
            return false;
        }
    }
    return name.size > 0 && name.size <= TG_FIELD_NAME_MAX;
}

static bool read_kind(struct tg_json value, enum tg_field_kind *kind)
{
    struct tg_slice text;
    if (!tg_json_string(value, NULL, &text)) {
        return false;
    }
    for (int i = 0; i < TG_FIELD_KIND_COUNT; i++) {
        if (tg_slice_is(text, tg_field_kind_text((enum tg_field_kind)i))) {
            *kind = (enum tg_field_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_flag(struct tg_json object, const char *name, bool *flag)
{
    struct tg_json value = tg_json_get(object, name);
    *flag = false;
    return tg_json_kind(value) == TG_JSON_NONE || tg_json_bool(value, flag);
}

static enum tg_err read_field(struct tg_json value, uint32_t at, struct tg_field *field,
                              struct tg_refusal *refusal)
{
    char member[48];
    snprintf(member, sizeof member, "fields[%u]", at);
    if (!tg_json_string(tg_json_get(value, "name"), NULL, &field->name) ||
        !is_name(field->name)) {
        return refuse(refusal, member, "%s should have a name of A-Z a-z 0-9 _", member);
    }
    if (!read_kind(tg_json_get(value, "type"), &field->kind)) {
        return refuse(refusal, member, "%s should have a type, as \"int\"", member);
    }
    if (field->kind == TG_FIELD_LIST &&
        (!read_kind(tg_json_get(value, "items"), &field->items) ||
         field->items == TG_FIELD_LIST)) {
        return refuse(refusal, member, "%s, a list, should have items, as \"int\"",
                      member);
    }
    if (!read_flag(value, "nullable", &field->nullable) ||
        !read_flag(value, "hidden", &field->hidden)) {
        return refuse(refusal, member, "nullable and hidden of %s are true or false",
                      member);
    }
    return TG_OK;
}

static enum tg_err read_fields(struct tg_query_schema *schema, struct tg_json fields,
                               struct tg_refusal *refusal)
{
    uint32_t count = tg_json_size(fields);
    if (tg_json_kind(fields) != TG_JSON_ARRAY || count == 0 || count > TG_FIELDS_MAX) {
        return refuse(refusal, "fields", "fields should be a list of 1 to %d fields",
                      TG_FIELDS_MAX);
    }
    schema->fields = tg_zalloc(count, sizeof *schema->fields);
    if (schema->fields == NULL) {
        return refuse_memory(refusal);
    }
    struct tg_json value = tg_json_first(fields);
    for (uint32_t i = 0; i < count; i++, value = tg_json_next(value)) {
        enum tg_err err = read_field(value, i, &schema->fields[i], refusal);
        if (err != TG_OK) {
            return err;
        }
    }
    schema->schema.fields = schema->fields;
    schema->schema.fields_count = count;
    return TG_OK;
}

/* --- A type ---------------------------------------------------------------------- */

static enum tg_err read_operations(struct tg_schema *schema, struct tg_json operations,
                                   struct tg_refusal *refusal)
{
    struct tg_slice text;
    for (struct tg_json value = tg_json_first(operations); value.token != NULL;
         value = tg_json_next(value)) {
        bool known = false;
        for (int op = 0; op < TG_OP_COUNT; op++) {
            if (tg_json_string(value, NULL, &text) &&
                tg_slice_is(text, tg_op_text((enum tg_op)op))) {
                schema->operations |= 1u << op;
                known = true;
            }
        }
        if (!known) {
            return refuse(refusal, "operations",
                          "operations should be of create, update, delete, event");
        }
    }
    if (schema->operations == 0) {
        return refuse(refusal, "operations",
                      "operations should be a list, and not empty");
    }
    return TG_OK;
}

static enum tg_err read_type(struct tg_query_schema *schema, struct tg_json type,
                             struct tg_refusal *refusal)
{
    if (!tg_json_string(tg_json_get(type, "name"), NULL, &schema->schema.name)) {
        return refuse(refusal, "name", "a type should be an object with a name");
    }
    struct tg_slice rule;
    struct tg_json access = tg_json_get(type, "access");
    if (tg_json_string(tg_json_get(access, "rule"), &schema->scratch, &rule)) {
        tg_buf_add_slice(&schema->rule, rule);
    }
    if (schema->rule.failed || schema->scratch.failed) {
        return refuse_memory(refusal);
    }
    enum tg_err err =
        read_operations(&schema->schema, tg_json_get(type, "operations"), refusal);
    return err == TG_OK ? read_fields(schema, tg_json_get(type, "fields"), refusal) : err;
}

static enum tg_err refuse_many(struct tg_json types, struct tg_refusal *refusal)
{
    enum { NAMED_MAX = 6, NAMES_SIZE = 200 };
    char names[NAMES_SIZE] = "";
    size_t at = 0;
    uint32_t named = 0;
    struct tg_slice name;
    for (struct tg_json type = tg_json_first(types); type.token != NULL;
         type = tg_json_next(type)) {
        bool is_name = tg_json_string(tg_json_get(type, "name"), NULL, &name);
        struct tg_slice shown = is_name ? tg_refusal_quote(name) : tg_slice(NULL, 0);
        if (is_name && named < NAMED_MAX && at + shown.size + 8 < NAMES_SIZE) {
            at += (size_t)snprintf(names + at, NAMES_SIZE - at, "%s%.*s",
                                   named == 0 ? "" : ", ", TG_FMT(shown));
            named++;
        }
    }
    uint32_t count = tg_json_size(types);
    return refuse(refusal, "types", "the document has %u types: say which%s%s%s", count,
                  named == 0 ? "" : " of ", names, named < count ? ", …" : "");
}

/* The type of this name among `types`. */
static enum tg_err find_type(struct tg_json types, struct tg_slice name,
                             struct tg_json *type, struct tg_refusal *refusal)
{
    struct tg_nearest nearest;
    struct tg_slice known;
    *type = tg_json_first(types);
    if (name.size == 0 && tg_json_size(types) == 1) {
        return TG_OK;
    }
    tg_nearest_init(&nearest, name);
    for (; type->token != NULL; *type = tg_json_next(*type)) {
        if (!tg_json_string(tg_json_get(*type, "name"), NULL, &known)) {
            continue;
        }
        if (tg_slice_equal(known, name)) {
            return TG_OK;
        }
        tg_nearest_offer_dotted(&nearest, known);
    }
    if (name.size == 0) {
        return refuse_many(types, refusal);
    }
    tg_refusal_set(refusal, TG_CODE_UNKNOWN_TYPE, "type",
                   "there is no event type \"%.*s\"", TG_FMT(tg_refusal_quote(name)));
    tg_refusal_suggest_all(refusal, &nearest);
    return TG_EINVAL;
}

static enum tg_err read_document(struct tg_query_schema *schema, struct tg_slice document,
                                 struct tg_slice name, struct tg_refusal *refusal)
{
    struct tg_json_error error;
    struct tg_json_limits limits = {.values_max = 1000000};
    tg_buf_add_slice(&schema->text, document);
    if (schema->text.failed) {
        return refuse_memory(refusal);
    }
    enum tg_err err =
        tg_json_parse(&schema->doc, tg_buf_slice(&schema->text), &limits, &error);
    if (err == TG_ENOMEM) {
        return refuse_memory(refusal);
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, NULL, "byte %zu: %s", error.offset,
                       error.message);
        return TG_EINVAL;
    }
    struct tg_json type = tg_json_root(&schema->doc);
    struct tg_json types = tg_json_get(type, "types");
    if (tg_json_kind(types) == TG_JSON_ARRAY) {
        err = find_type(types, name, &type, refusal);
        if (err != TG_OK) {
            return err;
        }
    }
    return read_type(schema, type, refusal);
}

enum tg_err tg_query_schema_read(struct tg_slice document, struct tg_slice type,
                                 struct tg_query_schema **schema,
                                 struct tg_refusal *refusal)
{
    struct tg_query_schema *made = tg_zalloc(1, sizeof *made);
    if (made == NULL) {
        return refuse_memory(refusal);
    }
    enum tg_err err = read_document(made, document, type, refusal);
    if (err != TG_OK) {
        tg_query_schema_destroy(made);
        return err;
    }
    *schema = made;
    return TG_OK;
}

const struct tg_schema *tg_query_schema_get(const struct tg_query_schema *schema)
{
    return &schema->schema;
}

struct tg_slice tg_query_schema_rule(const struct tg_query_schema *schema)
{
    return tg_buf_slice(&schema->rule);
}

void tg_query_schema_destroy(struct tg_query_schema *schema)
{
    if (schema != NULL) {
        tg_buf_finish(&schema->text);
        tg_buf_finish(&schema->rule);
        tg_buf_finish(&schema->scratch);
        tg_json_finish(&schema->doc);
        tg_free(schema->fields);
        tg_free(schema);
    }
}
