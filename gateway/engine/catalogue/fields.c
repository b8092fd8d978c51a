#include "engine/catalogue/reader.h"

#include <stdio.h>

/* From this many fields on they are found through a map. */
enum { FEW_FIELDS = 12 };

static const struct tg_slice field_kinds[] = {
    TG_LIT_INIT("int"),    TG_LIT_INIT("double"),   TG_LIT_INIT("decimal"),
    TG_LIT_INIT("string"), TG_LIT_INIT("bool"),     TG_LIT_INIT("timestamp"),
    TG_LIT_INIT("date"),   TG_LIT_INIT("duration"), TG_LIT_INIT("uuid"),
    TG_LIT_INIT("json"),   TG_LIT_INIT("list"),
};

static bool is_scalar(struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    return kind != TG_JSON_NONE && kind != TG_JSON_ARRAY && kind != TG_JSON_OBJECT;
}

static enum tg_err read_choices(struct tg_reader *r, struct tg_json choices)
{
    static const struct tg_slice names[] = {TG_LIT_INIT("value"), TG_LIT_INIT("label")};
    r->choices[r->field_at] = choices;
    if (tg_json_kind(choices) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(choices) != TG_JSON_ARRAY) {
        return tg_reader_refuse_kind(r, "choices", "a list of {value, label}", choices);
    }
    uint32_t at = 0;
    for (struct tg_json choice = tg_json_first(choices);
         tg_json_kind(choice) != TG_JSON_NONE; choice = tg_json_next(choice), at++) {
        char place[48];
        struct tg_json values[2];
        snprintf(place, sizeof place, "choices[%u]", at);
        enum tg_err err = tg_reader_members(r, choice, place, names, 2, values);
        if (err != TG_OK) {
            return err;
        }
        snprintf(place, sizeof place, "choices[%u].value", at);
        if (!is_scalar(values[0])) {
            return tg_reader_refuse_kind(
                r, place, "a string, a number, true, false or null", values[0]);
        }
        snprintf(place, sizeof place, "choices[%u].label", at);
        if (tg_json_kind(values[1]) != TG_JSON_STRING) {
            return tg_reader_refuse_kind(r, place, "a string", values[1]);
        }
    }
    return TG_OK;
}

static enum tg_err read_field_name(struct tg_reader *r, struct tg_json value,
                                   struct tg_field *field)
{
    struct tg_slice name;
    enum tg_err err = tg_reader_string(r, value, "name", "a string", &name);
    if (err != TG_OK) {
        return err;
    }
    if (name.size > TG_FIELD_NAME_MAX || tg_reader_name_parts(name) != 1) {
        return tg_reader_invalid(
            r, "name",
            "\"%.*s\" is no name of a field: it should be 1 to %d letters, digits "
            "and underscores, not beginning with a digit",
            TG_FMT(tg_refusal_quote(name)), TG_FIELD_NAME_MAX);
    }
    field->name = tg_reader_keep(r, name);
    return TG_OK;
}

static enum tg_err read_field_kind(struct tg_reader *r, struct tg_json kind,
                                   struct tg_json items, struct tg_field *field)
{
    uint32_t found;
    uint32_t count = sizeof field_kinds / sizeof *field_kinds;
    enum tg_err err = tg_reader_word(r, kind, "type", field_kinds, count, &found);
    if (err != TG_OK) {
        return err;
    }
    field->kind = (enum tg_field_kind)found;
    if (field->kind != TG_FIELD_LIST) {
        return tg_json_kind(items) == TG_JSON_NONE
                   ? TG_OK
                   : tg_reader_invalid(r, "items",
                                       "items is for a field of the type list only");
    }
    err = tg_reader_word(r, items, "items", field_kinds, count - 1, &found);
    if (err == TG_OK) {
        field->items = (enum tg_field_kind)found;
    }
    return err;
}

/* Enter the field so that a second one of its name is noticed. */
static enum tg_err enter_field(struct tg_reader *r, struct tg_field *field)
{
    struct tg_type *type = r->type;
    if (tg_type_field(type, field->name) != NULL) {
        return tg_reader_invalid(r, "name", "the field %.*s is there twice",
                                 TG_FMT(field->name));
    }
    type->schema.fields_count++;
    if (type->schema.fields_count <= FEW_FIELDS) {
        return TG_OK;
    }
    /* From here on a map finds them, the first few too. */
    for (size_t at = type->fields_by_name.count; at < type->schema.fields_count; at++) {
        struct tg_field *known = &r->fields[at];
        if (tg_map_put(&type->fields_by_name, known->name, known) != TG_OK) {
            return tg_reader_out_of_memory(r);
        }
    }
    return TG_OK;
}

static enum tg_err read_switch(struct tg_reader *r, struct tg_json value,
                               const char *place, bool *on)
{
    return tg_json_kind(value) == TG_JSON_NONE || tg_json_bool(value, on)
               ? TG_OK
               : tg_reader_refuse_kind(r, place, "true or false", value);
}

static enum tg_err read_field(struct tg_reader *r, struct tg_json object)
{
    enum { NAME, TYPE, NULLABLE, ITEMS, VERBOSE_NAME, CHOICES, HIDDEN, COUNT };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("name"),   TG_LIT_INIT("type"),         TG_LIT_INIT("nullable"),
        TG_LIT_INIT("items"),  TG_LIT_INIT("verbose_name"), TG_LIT_INIT("choices"),
        TG_LIT_INIT("hidden"),
    };
    struct tg_json values[COUNT];
    struct tg_field *field = &r->fields[r->field_at];
    enum tg_err err = tg_reader_members(r, object, "", names, COUNT, values);
    if (err == TG_OK) {
        err = read_field_name(r, values[NAME], field);
    }
    if (err == TG_OK) {
        err = read_field_kind(r, values[TYPE], values[ITEMS], field);
    }
    if (err != TG_OK) {
        return err;
    }
    err = read_switch(r, values[NULLABLE], "nullable", &field->nullable);
    if (err == TG_OK) {
        err = read_switch(r, values[HIDDEN], "hidden", &field->hidden);
    }
    if (err != TG_OK) {
        return err;
    }
    r->type->hidden_count += field->hidden ? 1 : 0;
    field->verbose_name = field->name;
    err = tg_reader_verbose_name(r, values[VERBOSE_NAME], "verbose_name",
                                 &field->verbose_name);
    if (err == TG_OK) {
        err = read_choices(r, values[CHOICES]);
    }
    return err == TG_OK ? enter_field(r, field) : err;
}

enum tg_err tg_reader_fields(struct tg_reader *r, struct tg_json fields)
{
    r->level = TG_AT_FIELD;
    r->field_at = 0;
    for (struct tg_json field = tg_json_first(fields);
         tg_json_kind(field) != TG_JSON_NONE; field = tg_json_next(field)) {
        enum tg_err err = read_field(r, field);
        if (err != TG_OK) {
            return err;
        }
        r->field_at++;
    }
    r->level = TG_AT_TYPE;
    return TG_OK;
}
