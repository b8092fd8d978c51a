#include "engine/catalogue/document.h"

static void write_choices(struct tg_json choices, struct tg_buf *scratch,
                          struct tg_buf *buf)
{
    tg_json_write_name(buf, "choices");
    tg_buf_add_byte(buf, '[');
    for (struct tg_json choice = tg_json_first(choices);
         tg_json_kind(choice) != TG_JSON_NONE; choice = tg_json_next(choice)) {
        struct tg_slice label = tg_slice(NULL, 0);
        buf->failed |= !tg_json_string(tg_json_get(choice, "label"), scratch, &label);
        tg_json_write_comma(buf);
        tg_buf_add_byte(buf, '{');
        tg_json_write_name(buf, "value");
        tg_buf_add_slice(buf, tg_json_raw(tg_json_get(choice, "value")));
        tg_json_write_name(buf, "label");
        tg_json_write_string(buf, label);
        tg_buf_add_byte(buf, '}');
    }
    tg_buf_add_byte(buf, ']');
}

static void write_field(const struct tg_field *field, struct tg_json choices,
                        struct tg_buf *scratch, struct tg_buf *buf)
{
    tg_json_write_comma(buf);
    tg_buf_add_byte(buf, '{');
    tg_json_write_name(buf, "name");
    tg_json_write_string(buf, field->name);
    tg_json_write_name(buf, "type");
    tg_json_write_text(buf, tg_field_kind_text(field->kind));
    tg_json_write_name(buf, "nullable");
    tg_buf_add_text(buf, field->nullable ? "true" : "false");
    tg_json_write_name(buf, "verbose_name");
    tg_json_write_string(buf, field->verbose_name);
    if (field->kind == TG_FIELD_LIST) {
        tg_json_write_name(buf, "items");
        tg_json_write_text(buf, tg_field_kind_text(field->items));
    }
    if (tg_json_size(choices) != 0) {
        write_choices(choices, scratch, buf);
    }
    tg_buf_add_byte(buf, '}');
}

static void write_operations(const struct tg_type *type, struct tg_buf *buf)
{
    tg_json_write_name(buf, "operations");
    tg_buf_add_byte(buf, '[');
    for (int op = 0; op < TG_OP_COUNT; op++) {
        if (tg_type_has_op(type, (enum tg_op)op)) {
            tg_json_write_comma(buf);
            tg_json_write_text(buf, tg_op_text((enum tg_op)op));
        }
    }
    tg_buf_add_byte(buf, ']');
}

static void write_key(const struct tg_type *type, struct tg_buf *buf)
{
    tg_json_write_name(buf, "key");
    tg_buf_add_byte(buf, '[');
    for (uint32_t i = 0; i < type->keys_count; i++) {
        tg_json_write_comma(buf);
        tg_json_write_string(buf, type->schema.fields[type->keys[i]].name);
    }
    tg_buf_add_byte(buf, ']');
}

bool tg_type_describe(struct tg_type *type, const struct tg_json *choices,
                      struct tg_buf *scratch)
{
    struct tg_buf *buf = &type->metadata;
    tg_json_write_name(buf, "name");
    tg_json_write_string(buf, type->schema.name);
    tg_json_write_name(buf, "verbose_name");
    tg_json_write_string(buf, type->verbose_name);
    tg_json_write_name(buf, "verbose_name_plural");
    tg_json_write_string(buf, type->verbose_name_plural);
    write_operations(type, buf);
    write_key(type, buf);
    tg_json_write_name(buf, "fields");
    tg_buf_add_byte(buf, '[');
    for (uint32_t i = 0; i < type->schema.fields_count; i++) {
        if (!type->schema.fields[i].hidden) {
            write_field(&type->schema.fields[i], choices[i], scratch, buf);
        }
    }
    tg_buf_add_byte(buf, ']');
    tg_json_write_name(buf, "delivery");
    tg_json_write_text(buf, tg_delivery_text(type->delivery));
    tg_json_write_name(buf, "ttl_ms");
    if (type->ttl_ms == 0) {
        tg_buf_add_text(buf, "null");
    } else {
        tg_json_write_int(buf, type->ttl_ms);
    }
    tg_json_write_name(buf, "access");
    tg_json_write_text(buf, tg_access_text(type->access));
    return !buf->failed;
}
