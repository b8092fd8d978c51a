#include "engine/catalogue/reader.h"

#include <stdio.h>

enum tg_err tg_reader_operations(struct tg_reader *r, struct tg_json list)
{
    static const struct tg_slice words[] = {
        TG_LIT_INIT("create"),
        TG_LIT_INIT("update"),
        TG_LIT_INIT("delete"),
        TG_LIT_INIT("event"),
    };
    if (tg_json_kind(list) != TG_JSON_ARRAY) {
        return tg_reader_refuse_kind(
            r, "operations", "a list with event, or with some of create, update, delete",
            list);
    }
    if (tg_json_size(list) == 0) {
        return tg_reader_invalid(
            r, "operations",
            "operations is empty: it should be a list with event, or with some of "
            "create, update, delete");
    }
    uint32_t at = 0;
    for (struct tg_json item = tg_json_first(list); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item), at++) {
        char place[32];
        uint32_t op = 0;
        snprintf(place, sizeof place, "operations[%u]", at);
        enum tg_err err = tg_reader_word(r, item, place, words, TG_OP_COUNT, &op);
        if (err != TG_OK) {
            return err;
        }
        if (tg_type_has_op(r->type, (enum tg_op)op)) {
            return tg_reader_invalid(r, place, "%s is there twice",
                                     tg_op_text((enum tg_op)op));
        }
        r->type->schema.operations |= 1u << op;
        if (tg_type_has_op(r->type, TG_OP_EVENT) && at > 0) {
            return tg_reader_invalid(r, place,
                                     "event does not go with create, update or delete");
        }
    }
    return TG_OK;
}

static enum tg_err read_key_field(struct tg_reader *r, struct tg_json item,
                                  const char *place)
{
    struct tg_slice name;
    struct tg_type *type = r->type;
    enum tg_err err = tg_reader_string(r, item, place, "the name of a field", &name);
    if (err != TG_OK) {
        return err;
    }
    const struct tg_field *field = tg_type_field(type, name);
    struct tg_slice quoted = tg_refusal_quote(name);
    if (field == NULL) {
        tg_reader_invalid(r, place, "there is no field \"%.*s\"", TG_FMT(quoted));
        tg_type_suggest_fields(type, name, r->refusal);
        return TG_EINVAL;
    }
    if (field->nullable) {
        return tg_reader_invalid(
            r, place, "the field %.*s is nullable, so it cannot identify a row",
            TG_FMT(quoted));
    }
    if (field->hidden) {
        return tg_reader_invalid(
            r, place,
            "the field %.*s is hidden, so it cannot tell subscribers which row it is",
            TG_FMT(quoted));
    }
    uint32_t index = (uint32_t)(field - type->schema.fields);
    if (tg_field_set_has(&type->key_set, index)) {
        return tg_reader_invalid(r, place, "the field %.*s is there twice",
                                 TG_FMT(quoted));
    }
    tg_field_set_add(&type->key_set, index);
    r->keys[type->keys_count++] = index;
    return TG_OK;
}

enum tg_err tg_reader_key(struct tg_reader *r, struct tg_json list)
{
    bool custom = tg_type_has_op(r->type, TG_OP_EVENT);
    if (tg_json_kind(list) != TG_JSON_ARRAY && tg_json_kind(list) != TG_JSON_NONE) {
        return tg_reader_refuse_kind(r, "key", "a list of names of fields", list);
    }
    if (tg_json_size(list) == 0) {
        return custom ? TG_OK
                      : tg_reader_invalid(
                            r, "key",
                            "key is missing: it should name the fields that identify a "
                            "row, since the operations are not [\"event\"]");
    }
    if (custom) {
        return tg_reader_invalid(r, "key",
                                 "a custom event (operations: [\"event\"]) has no key");
    }
    uint32_t at = 0;
    for (struct tg_json item = tg_json_first(list); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item), at++) {
        char place[32];
        snprintf(place, sizeof place, "key[%u]", at);
        enum tg_err err = read_key_field(r, item, place);
        if (err != TG_OK) {
            return err;
        }
    }
    return TG_OK;
}

/* Whatever is wrong with the rule, it is the catalogue that is refused. */
static enum tg_err check_rule(struct tg_reader *r)
{
    struct tg_refusal why;
    if (r->compiler == NULL) {
        r->compiler = tg_compiler_create();
    }
    if (r->compiler == NULL) {
        return tg_reader_out_of_memory(r);
    }
    enum tg_err err = tg_rule_check(r->compiler, &r->type->schema, r->type->rule,
                                    &r->limits.rules, &why);
    if (err == TG_OK) {
        return TG_OK;
    }
    if (err == TG_ENOMEM) {
        return tg_reader_out_of_memory(r);
    }
    tg_reader_invalid(r, "access.rule", "%s", why.message);
    r->refusal->line = why.line;
    r->refusal->column = why.column;
    for (uint32_t i = 0; i < why.nearest_count; i++) {
        tg_refusal_suggest(r->refusal, tg_slice_of(why.nearest[i]));
    }
    return TG_EINVAL;
}

enum tg_err tg_reader_access(struct tg_reader *r, struct tg_json value)
{
    static const struct tg_slice words[] = {TG_LIT_INIT("public"),
                                            TG_LIT_INIT("authenticated")};
    static const struct tg_slice names[] = {TG_LIT_INIT("rule")};
    r->type->access = TG_ACCESS_AUTHENTICATED;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(value) == TG_JSON_STRING) {
        uint32_t access = 0;
        enum tg_err err = tg_reader_word(r, value, "access", words, 2, &access);
        r->type->access = (enum tg_access)access;
        return err;
    }
    if (tg_json_kind(value) != TG_JSON_OBJECT) {
        return tg_reader_refuse_kind(
            r, "access", "\"public\", \"authenticated\" or {\"rule\": \"…\"}", value);
    }
    struct tg_json rule;
    struct tg_slice text;
    enum tg_err err = tg_reader_members(r, value, "access", names, 1, &rule);
    if (err == TG_OK) {
        err = tg_reader_string(r, rule, "access.rule", "a string", &text);
    }
    if (err != TG_OK) {
        return err;
    }
    if (text.size == 0) {
        return tg_reader_invalid(r, "access.rule", "the rule is empty");
    }
    r->type->access = TG_ACCESS_RULE;
    r->type->rule = tg_reader_keep(r, text);
    return check_rule(r);
}

enum tg_err tg_reader_checked(struct tg_reader *r, struct tg_json value)
{
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (!tg_json_bool(value, &r->type->checked)) {
        return tg_reader_refuse_kind(r, "checked", "true or false", value);
    }
    if (r->type->checked && r->type->access == TG_ACCESS_PUBLIC) {
        return tg_reader_invalid(
            r, "checked",
            "a public type is for everybody, so it cannot be checked "
            "who may have it");
    }
    return TG_OK;
}

enum tg_err tg_reader_delivery(struct tg_reader *r, struct tg_json value)
{
    static const struct tg_slice words[] = {
        TG_LIT_INIT("live"),
        TG_LIT_INIT("recoverable"),
        TG_LIT_INIT("guaranteed"),
    };
    uint32_t delivery = TG_DELIVERY_LIVE;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    enum tg_err err = tg_reader_word(r, value, "delivery", words, 3, &delivery);
    if (err == TG_OK && delivery != TG_DELIVERY_LIVE) {
        return tg_reader_refuse(
            r, TG_CODE_NOT_SUPPORTED, "delivery",
            "this gateway has no store yet, so delivery can only be live, not %s",
            tg_delivery_text((enum tg_delivery)delivery));
    }
    return err;
}

enum tg_err tg_reader_ttl(struct tg_reader *r, struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_NONE || kind == TG_JSON_NULL) {
        return TG_OK;
    }
    int64_t ttl_ms;
    if (!tg_json_int(value, &ttl_ms) || ttl_ms <= 0) {
        return tg_reader_invalid(r, "ttl_ms",
                                 "ttl_ms should be an integer above 0, or null");
    }
    r->type->ttl_ms = ttl_ms;
    return TG_OK;
}

/* The name, and the names for people that are made from it. */
enum tg_err tg_reader_names(struct tg_reader *r, struct tg_json name_value,
                            struct tg_json verbose, struct tg_json plural)
{
    struct tg_type *type = r->type;
    struct tg_slice name;
    enum tg_err err = tg_reader_string(r, name_value, "name", "a string", &name);
    if (err != TG_OK) {
        return err;
    }
    if (name.size > TG_TYPE_NAME_MAX || tg_reader_name_parts(name) < 2) {
        return tg_reader_invalid(
            r, "name",
            "\"%.*s\" is no name of an event type: it should be two or more words "
            "joined by dots, as board.Order, of at most %d bytes",
            TG_FMT(tg_refusal_quote(name)), TG_TYPE_NAME_MAX);
    }
    type->schema.name = tg_reader_keep(r, name);
    size_t label = type->schema.name.size;
    while (type->schema.name.data[label - 1] != '.') {
        label--;
    }
    type->verbose_name =
        tg_slice(type->schema.name.data + label, type->schema.name.size - label);
    err = tg_reader_verbose_name(r, verbose, "verbose_name", &type->verbose_name);
    if (err != TG_OK) {
        return err;
    }
    if (tg_json_kind(plural) == TG_JSON_NONE) {
        type->verbose_name_plural = tg_reader_keep(r, type->verbose_name);
        type->verbose_name_plural.size += tg_reader_keep(r, TG_LIT("s")).size;
        return TG_OK;
    }
    return tg_reader_verbose_name(r, plural, "verbose_name_plural",
                                  &type->verbose_name_plural);
}
