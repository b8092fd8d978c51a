#include "engine/catalogue/typescript.h"

#include "engine/base/utf8.h"
#include "engine/json/json.h"

enum { CHOICES_MAX = 100, VALUES_MAX = 1000000 };

/* The largest integer that a number of JavaScript holds as itself, and all below it. */
#define SAFE_MAX ((INT64_C(1) << 53) - 1)

static const char head[] =
    "// The event types of a gateway, for TypeScript. Made by `telegraphy types "
    "--typescript`:\n"
    "// not to be edited, but to be made anew when they change.\n";

/* A JSON string as a literal: JSON's escapes are JavaScript's. */
static void write_literal(struct tg_slice json, struct tg_buf *buf)
{
    for (size_t i = 0; i < json.size; i++) {
        uint32_t code;
        size_t size = tg_utf8_obeyed(json, i, &code);
        if (size != 0) {
            tg_buf_printf(buf, "\\u%04x", code);
            i += size - 1;
        } else {
            tg_buf_add_byte(buf, json.data[i]);
        }
    }
}

static void write_comment_text(struct tg_slice text, struct tg_buf *buf)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        uint32_t code;
        size_t size = tg_utf8_obeyed(text, i, &code);
        if (size != 0 || byte < ' ') {
            tg_buf_add_byte(buf, ' ');
            i += size > 1 ? size - 1 : 0;
            continue;
        }
        if (byte == '/' && i > 0 && text.data[i - 1] == '*') {
            tg_buf_add_byte(buf, '\\');
        }
        tg_buf_add_byte(buf, byte);
    }
}

static const char *kind_type(enum tg_field_kind kind)
{
    switch (kind) {
    case TG_FIELD_INT:
        return "Int";
    case TG_FIELD_DOUBLE:
        return "number";
    case TG_FIELD_BOOL:
        return "boolean";
    case TG_FIELD_JSON:
    case TG_FIELD_LIST:
        return "unknown";
    case TG_FIELD_DECIMAL:
    case TG_FIELD_STRING:
    case TG_FIELD_TIMESTAMP:
    case TG_FIELD_DATE:
    case TG_FIELD_DURATION:
    case TG_FIELD_UUID:
        break;
    }
    return "string";
}

/* A string that is the writing of something else: a comment says of what. */
static bool is_written(enum tg_field_kind kind)
{
    return kind != TG_FIELD_STRING && strcmp(kind_type(kind), "string") == 0;
}

static enum tg_field_kind item_kind(const struct tg_field *field)
{
    return field->kind == TG_FIELD_LIST ? field->items : field->kind;
}

/* Is this choice one that stands for a value of such a field in an event? */
static bool is_value(struct tg_json value, enum tg_field_kind kind)
{
    int64_t number;
    switch (tg_json_kind(value)) {
    case TG_JSON_STRING:
        return strcmp(kind_type(kind), "string") == 0;
    case TG_JSON_INT:
        return kind == TG_FIELD_DOUBLE ||
               (kind == TG_FIELD_INT && tg_json_int(value, &number) &&
                number <= SAFE_MAX && number >= -SAFE_MAX);
    case TG_JSON_DOUBLE:
        return kind == TG_FIELD_DOUBLE;
    default:
        return false;
    }
}

/* Whether a null among the choices is one or not, `nullable` says it. */
static struct tg_json choice_value(struct tg_json choice)
{
    struct tg_json value = tg_json_get(choice, "value");
    return tg_json_kind(value) == TG_JSON_NULL ? (struct tg_json){0} : value;
}

static bool is_union(const struct tg_field *field, struct tg_json choices)
{
    uint32_t count = 0;
    for (struct tg_json choice = tg_json_first(choices);
         tg_json_kind(choice) != TG_JSON_NONE; choice = tg_json_next(choice)) {
        struct tg_json value = choice_value(choice);
        if (tg_json_kind(value) != TG_JSON_NONE && !is_value(value, field->kind)) {
            return false;
        }
        count += tg_json_kind(value) != TG_JSON_NONE ? 1 : 0;
    }
    return count != 0 && count <= CHOICES_MAX;
}

static void write_union(struct tg_json choices, struct tg_buf *buf)
{
    const char *between = "";
    for (struct tg_json choice = tg_json_first(choices);
         tg_json_kind(choice) != TG_JSON_NONE; choice = tg_json_next(choice)) {
        struct tg_json value = choice_value(choice);
        if (tg_json_kind(value) != TG_JSON_NONE) {
            tg_buf_add_text(buf, between);
            write_literal(tg_json_raw(value), buf);
            between = " | ";
        }
    }
}

static void write_comment(const struct tg_field *field, struct tg_buf *buf)
{
    bool written = is_written(item_kind(field));
    if (!written && tg_slice_equal(field->verbose_name, field->name)) {
        return;
    }
    tg_buf_add_text(buf, "        /** ");
    write_comment_text(field->verbose_name, buf);
    if (written) {
        tg_buf_printf(buf, " (%s)", tg_field_kind_text(item_kind(field)));
    }
    tg_buf_add_text(buf, " */\n");
}

static void write_member(const struct tg_field *field, struct tg_json choices,
                         struct tg_buf *buf)
{
    write_comment(field, buf);
    tg_buf_add_text(buf, "        readonly ");
    tg_buf_add_slice(buf, field->name);
    tg_buf_add_text(buf, field->nullable ? "?: " : ": ");
    if (field->kind == TG_FIELD_LIST) {
        tg_buf_printf(buf, "readonly %s[]", kind_type(field->items));
    } else if (is_union(field, choices)) {
        write_union(choices, buf);
    } else {
        tg_buf_add_text(buf, kind_type(field->kind));
    }
    bool known = field->kind != TG_FIELD_JSON; /* Else null is among the unknown. */
    tg_buf_add_text(buf, field->nullable && known ? " | null;\n" : ";\n");
}

static void write_data(const struct tg_type *type, struct tg_json fields,
                       struct tg_buf *buf)
{
    const struct tg_schema *schema = &type->schema;
    struct tg_json shown = tg_json_first(fields);
    tg_buf_add_text(buf, "      data: {\n");
    for (uint32_t i = 0; i < schema->fields_count; i++) {
        if (!schema->fields[i].hidden) {
            write_member(&schema->fields[i], tg_json_get(shown, "choices"), buf);
            shown = tg_json_next(shown);
        }
    }
    tg_buf_add_text(buf, "      };\n");
}

static void write_fields(const struct tg_schema *schema, struct tg_buf *buf)
{
    tg_buf_add_text(buf, "      fields: {\n");
    for (uint32_t i = 0; i < schema->fields_count; i++) {
        const struct tg_field *field = &schema->fields[i];
        if (!field->hidden) {
            tg_buf_printf(buf, "        %.*s: '%s%s';\n", TG_FMT(field->name),
                          tg_field_kind_text(item_kind(field)),
                          field->kind == TG_FIELD_LIST ? "[]" : "");
        }
    }
    tg_buf_add_text(buf, "      };\n");
}

static void write_key(const struct tg_type *type, struct tg_buf *buf)
{
    tg_buf_add_text(buf, "      key: ");
    for (uint32_t i = 0; i < type->keys_count; i++) {
        tg_buf_printf(buf, "%s'%.*s'", i == 0 ? "" : " | ",
                      TG_FMT(type->schema.fields[type->keys[i]].name));
    }
    tg_buf_add_text(buf, type->keys_count == 0 ? "never;\n" : ";\n");
}

static void write_operations(const struct tg_type *type, struct tg_buf *buf)
{
    const char *between = "";
    tg_buf_add_text(buf, "      operations: ");
    for (int op = 0; op < TG_OP_COUNT; op++) {
        if (tg_type_has_op(type, (enum tg_op)op)) {
            tg_buf_printf(buf, "%s'%s'", between, tg_op_text((enum tg_op)op));
            between = " | ";
        }
    }
    tg_buf_add_text(buf, ";\n");
}

/* The choices are in the metadata alone. */
static void write_type(const struct tg_type *type, struct tg_json metadata,
                       struct tg_buf *buf)
{
    tg_buf_add_text(buf, "    /** ");
    write_comment_text(type->verbose_name, buf);
    tg_buf_printf(buf, " */\n    '%.*s': {\n", TG_FMT(type->schema.name));
    write_data(type, tg_json_get(metadata, "fields"), buf);
    write_key(type, buf);
    write_operations(type, buf);
    write_fields(&type->schema, buf);
    tg_buf_add_text(buf, "    };\n");
}

static bool has_int(const struct tg_catalogue *catalogue)
{
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        const struct tg_schema *schema = &tg_catalogue_at(catalogue, i)->schema;
        for (uint32_t at = 0; at < schema->fields_count; at++) {
            if (!schema->fields[at].hidden &&
                item_kind(&schema->fields[at]) == TG_FIELD_INT) {
                return true;
            }
        }
    }
    return false;
}

void tg_typescript_write(const struct tg_catalogue *catalogue, struct tg_buf *buf)
{
    struct tg_json_doc doc = {0};
    struct tg_buf metadata = {0};
    const struct tg_json_limits limits = {.values_max = VALUES_MAX};
    struct tg_json_error error;
    tg_buf_add_text(buf, head);
    /* Either makes it a module, without which it would declare another `telegraphy`. */
    tg_buf_add_text(buf, has_int(catalogue) ? "import type { Int } from 'telegraphy';\n"
                                            : "export {};\n");
    tg_buf_add_text(buf, "\ndeclare module 'telegraphy' {\n  interface EventTypes {\n");
    for (size_t i = 0; i < tg_catalogue_size(catalogue) && !buf->failed; i++) {
        const struct tg_type *type = tg_catalogue_at(catalogue, i);
        tg_buf_clear(&metadata);
        tg_type_write(type, false, &metadata);
        if (metadata.failed ||
            tg_json_parse(&doc, tg_buf_slice(&metadata), &limits, &error) != TG_OK) {
            buf->failed = true;
            break;
        }
        write_type(type, tg_json_root(&doc), buf);
    }
    tg_buf_add_text(buf, "  }\n}\n");
    tg_json_finish(&doc);
    tg_buf_finish(&metadata);
}
