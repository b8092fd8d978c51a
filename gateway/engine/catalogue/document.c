#include "engine/catalogue/document.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/mem.h"
#include "engine/catalogue/members.h"

enum { TYPES_MAX = 1000, VALUES_MAX = 1000000, RULE_MAX = 4096 };
/* From this many fields on they are found through a map. */
enum { FEW_FIELDS = 12 };

enum level { AT_DOCUMENT, AT_TYPE, AT_FIELD };

struct reader {
    struct tg_slice app;
    struct tg_catalogue_limits limits;
    uint64_t version;
    struct tg_refusal *refusal;
    struct tg_json_doc doc;
    struct tg_buf scratch;
    struct tg_map names; /* Of the types so far; the values are their number, from 1. */

    /* Where we are: for paths. */
    enum level level;
    uint32_t type_at;
    uint32_t field_at;

    /* The type in the making: behind its arrays it has room for its strings. */
    struct tg_type *type;
    struct tg_field *fields;
    uint8_t *room;
    uint8_t *room_end;
    struct tg_json choices[TG_TYPE_FIELDS_MAX];
};

/* --- refusing ------------------------------------------------------------------------ */

static enum tg_err out_of_memory(struct reader *r)
{
    tg_refusal_set(r->refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

/* Refuse what stands at `place` ("name", "operations[1]"; "": the object itself). */
__attribute__((format(printf, 4, 5))) static enum tg_err refuse_as(
    struct reader *r, enum tg_code code, const char *place, const char *format, ...)
{
    char message[TG_REFUSAL_MESSAGE_MAX + 8];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    char path[TG_REFUSAL_NAME_MAX + 8];
    const char *dot = place[0] != '\0' && r->level != AT_DOCUMENT ? "." : "";
    if (r->level == AT_DOCUMENT) {
        snprintf(path, sizeof path, "%s", place);
    } else if (r->level == AT_TYPE) {
        snprintf(path, sizeof path, "types[%u]%s%s", r->type_at, dot, place);
    } else {
        snprintf(path, sizeof path, "types[%u].fields[%u]%s%s", r->type_at, r->field_at,
                 dot, place);
    }
    tg_refusal_set(r->refusal, code, path, "%s", message);
    return TG_EINVAL;
}

#define refuse(r, place, ...) refuse_as(r, TG_CODE_INVALID_CATALOGUE, place, __VA_ARGS__)

static enum tg_err refuse_kind(struct reader *r, const char *place, const char *wanted,
                               struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_NONE) {
        return refuse(r, place, "%s is missing: it should be %s", place, wanted);
    }
    return refuse(r, place, "%s should be %s, not %s", place[0] == '\0' ? "this" : place,
                  wanted, tg_json_kind_text(kind));
}

/* --- what members are made of -------------------------------------------------------- */

static enum tg_err read_members(struct reader *r, struct tg_json object,
                                const char *place, const struct tg_slice *names,
                                uint32_t count, struct tg_json *values)
{
    struct tg_json unknown;
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        return refuse_kind(r, place, "an object", object);
    }
    if (tg_members_find(object, names, count, values, &unknown)) {
        return TG_OK;
    }
    struct tg_slice name = tg_json_name(unknown, &r->scratch);
    if (r->scratch.failed) {
        return out_of_memory(r);
    }
    struct tg_slice quoted = tg_refusal_quote(name);
    char path[TG_REFUSAL_NAME_MAX];
    snprintf(path, sizeof path, "%s%s%.*s", place, place[0] == '\0' ? "" : ".",
             TG_FMT(quoted));
    refuse(r, path, "there is no member \"%.*s\" here", TG_FMT(quoted));
    tg_names_suggest(names, count, name, r->refusal);
    return TG_EINVAL;
}

/* A string as it says; borrowed until the next one is read. */
static enum tg_err read_string(struct reader *r, struct tg_json value, const char *place,
                               const char *wanted, struct tg_slice *string)
{
    if (tg_json_kind(value) != TG_JSON_STRING) {
        return refuse_kind(r, place, wanted, value);
    }
    return tg_json_string(value, &r->scratch, string) ? TG_OK : out_of_memory(r);
}

/* One of a few words: its place among them. */
static enum tg_err read_word(struct reader *r, struct tg_json value, const char *place,
                             const struct tg_slice *words, uint32_t count,
                             uint32_t *found)
{
    char list[160] = "one of";
    size_t size = strlen(list);
    for (uint32_t i = 0; i < count; i++) {
        size += (size_t)snprintf(list + size, sizeof list - size, "%s %.*s",
                                 i == 0 ? "" : ",", TG_FMT(words[i]));
    }
    struct tg_slice word;
    enum tg_err err = read_string(r, value, place, list, &word);
    if (err != TG_OK) {
        return err;
    }
    int at = tg_names_find(words, count, word);
    if (at < 0) {
        struct tg_slice quoted = tg_refusal_quote(word);
        refuse(r, place, "\"%.*s\" is not known here: it should be %s", TG_FMT(quoted),
               list);
        tg_names_suggest(words, count, word, r->refusal);
        return TG_EINVAL;
    }
    *found = (uint32_t)at;
    return TG_OK;
}

/* Keep a copy of `string` in the type. There is room: no string of the document gets
 * longer by being read. */
static struct tg_slice keep(struct reader *r, struct tg_slice string)
{
    assert(string.size <= (size_t)(r->room_end - r->room));
    struct tg_slice kept = tg_slice(r->room, string.size);
    if (string.size != 0) {
        memcpy(r->room, string.data, string.size);
    }
    r->room += string.size;
    return kept;
}

static enum tg_err read_verbose_name(struct reader *r, struct tg_json value,
                                     const char *place, struct tg_slice *name)
{
    struct tg_slice string;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    enum tg_err err = read_string(r, value, place, "a string", &string);
    if (err != TG_OK) {
        return err;
    }
    if (string.size > TG_VERBOSE_NAME_MAX) {
        return refuse(r, place, "%s is longer than %d bytes", place, TG_VERBOSE_NAME_MAX);
    }
    *name = keep(r, string);
    return TG_OK;
}

static bool is_word_byte(uint8_t byte, bool first)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  byte == '_';
    return letter || (!first && byte >= '0' && byte <= '9');
}

/* How many parts `[A-Za-z_][A-Za-z0-9_]*` joined by dots `name` has; 0: it is none. */
static uint32_t name_parts(struct tg_slice name)
{
    uint32_t parts = 0;
    bool first = true;
    for (size_t i = 0; i < name.size; i++) {
        if (!first && name.data[i] == '.') {
            first = true;
        } else if (is_word_byte(name.data[i], first)) {
            parts += first ? 1 : 0;
            first = false;
        } else {
            return 0;
        }
    }
    return first ? 0 : parts;
}

/* --- fields -------------------------------------------------------------------------- */

static const struct tg_slice field_kinds[] = {
    TG_LIT_INIT("int"),  TG_LIT_INIT("double"),    TG_LIT_INIT("decimal"), TG_LIT_INIT("string"),
    TG_LIT_INIT("bool"), TG_LIT_INIT("timestamp"), TG_LIT_INIT("date"),    TG_LIT_INIT("duration"),
    TG_LIT_INIT("uuid"), TG_LIT_INIT("json"),      TG_LIT_INIT("list"),
};

static bool is_scalar(struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    return kind != TG_JSON_NONE && kind != TG_JSON_ARRAY && kind != TG_JSON_OBJECT;
}

static enum tg_err read_choices(struct reader *r, struct tg_json choices)
{
    static const struct tg_slice names[] = {TG_LIT_INIT("value"), TG_LIT_INIT("label")};
    r->choices[r->field_at] = choices;
    if (tg_json_kind(choices) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(choices) != TG_JSON_ARRAY) {
        return refuse_kind(r, "choices", "a list of {value, label}", choices);
    }
    uint32_t at = 0;
    for (struct tg_json choice = tg_json_first(choices);
         tg_json_kind(choice) != TG_JSON_NONE; choice = tg_json_next(choice), at++) {
        char place[48];
        struct tg_json values[2];
        snprintf(place, sizeof place, "choices[%u]", at);
        enum tg_err err = read_members(r, choice, place, names, 2, values);
        if (err != TG_OK) {
            return err;
        }
        snprintf(place, sizeof place, "choices[%u].value", at);
        if (!is_scalar(values[0])) {
            return refuse_kind(r, place, "a string, a number, true, false or null",
                               values[0]);
        }
        snprintf(place, sizeof place, "choices[%u].label", at);
        if (tg_json_kind(values[1]) != TG_JSON_STRING) {
            return refuse_kind(r, place, "a string", values[1]);
        }
    }
    return TG_OK;
}

static enum tg_err read_field_name(struct reader *r, struct tg_json value,
                                   struct tg_field *field)
{
    struct tg_slice name;
    enum tg_err err = read_string(r, value, "name", "a string", &name);
    if (err != TG_OK) {
        return err;
    }
    if (name.size > TG_FIELD_NAME_MAX || name_parts(name) != 1) {
        return refuse(
            r, "name",
            "\"%.*s\" is no name of a field: it should be 1 to %d letters, digits "
            "and underscores, not beginning with a digit",
            TG_FMT(tg_refusal_quote(name)), TG_FIELD_NAME_MAX);
    }
    field->name = keep(r, name);
    return TG_OK;
}

static enum tg_err read_field_kind(struct reader *r, struct tg_json kind,
                                   struct tg_json items, struct tg_field *field)
{
    uint32_t found;
    uint32_t count = sizeof field_kinds / sizeof *field_kinds;
    enum tg_err err = read_word(r, kind, "type", field_kinds, count, &found);
    if (err != TG_OK) {
        return err;
    }
    field->kind = (enum tg_field_kind)found;
    if (field->kind != TG_FIELD_LIST) {
        return tg_json_kind(items) == TG_JSON_NONE
                   ? TG_OK
                   : refuse(r, "items", "items is for a field of the type list only");
    }
    err = read_word(r, items, "items", field_kinds, count - 1, &found);
    if (err == TG_OK) {
        field->items = (enum tg_field_kind)found;
    }
    return err;
}

/* Enter the field so that a second one of its name is noticed. */
static enum tg_err enter_field(struct reader *r, struct tg_field *field)
{
    struct tg_type *type = r->type;
    if (tg_type_field(type, field->name) != NULL) {
        return refuse(r, "name", "the field %.*s is there twice", TG_FMT(field->name));
    }
    type->fields_count++;
    if (type->fields_count <= FEW_FIELDS) {
        return TG_OK;
    }
    /* From here on a map finds them, the first few too. */
    for (size_t at = type->fields_by_name.count; at < type->fields_count; at++) {
        struct tg_field *known = &r->fields[at];
        if (tg_map_put(&type->fields_by_name, known->name, known) != TG_OK) {
            return out_of_memory(r);
        }
    }
    return TG_OK;
}

static enum tg_err read_field(struct reader *r, struct tg_json object)
{
    enum { NAME, TYPE, NULLABLE, ITEMS, VERBOSE_NAME, CHOICES, COUNT };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("name"),  TG_LIT_INIT("type"),         TG_LIT_INIT("nullable"),
        TG_LIT_INIT("items"), TG_LIT_INIT("verbose_name"), TG_LIT_INIT("choices"),
    };
    struct tg_json values[COUNT];
    struct tg_field *field = &r->fields[r->field_at];
    enum tg_err err = read_members(r, object, "", names, COUNT, values);
    if (err == TG_OK) {
        err = read_field_name(r, values[NAME], field);
    }
    if (err == TG_OK) {
        err = read_field_kind(r, values[TYPE], values[ITEMS], field);
    }
    if (err != TG_OK) {
        return err;
    }
    if (tg_json_kind(values[NULLABLE]) != TG_JSON_NONE &&
        !tg_json_bool(values[NULLABLE], &field->nullable)) {
        return refuse_kind(r, "nullable", "true or false", values[NULLABLE]);
    }
    field->verbose_name = field->name;
    err = read_verbose_name(r, values[VERBOSE_NAME], "verbose_name",
                            &field->verbose_name);
    if (err == TG_OK) {
        err = read_choices(r, values[CHOICES]);
    }
    return err == TG_OK ? enter_field(r, field) : err;
}

static enum tg_err read_fields(struct reader *r, struct tg_json fields)
{
    r->level = AT_FIELD;
    r->field_at = 0;
    for (struct tg_json field = tg_json_first(fields);
         tg_json_kind(field) != TG_JSON_NONE; field = tg_json_next(field)) {
        enum tg_err err = read_field(r, field);
        if (err != TG_OK) {
            return err;
        }
        r->field_at++;
    }
    r->level = AT_TYPE;
    return TG_OK;
}

/* --- the type's other members -------------------------------------------------------- */

static enum tg_err read_operations(struct reader *r, struct tg_json list)
{
    static const struct tg_slice words[] = {
        TG_LIT_INIT("create"),
        TG_LIT_INIT("update"),
        TG_LIT_INIT("delete"),
        TG_LIT_INIT("event"),
    };
    if (tg_json_kind(list) != TG_JSON_ARRAY) {
        return refuse_kind(r, "operations",
                           "a list with event, or with some of create, update, delete",
                           list);
    }
    if (tg_json_size(list) == 0) {
        return refuse(
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
        enum tg_err err = read_word(r, item, place, words, TG_OP_COUNT, &op);
        if (err != TG_OK) {
            return err;
        }
        if (tg_type_has_op(r->type, (enum tg_op)op)) {
            return refuse(r, place, "%s is there twice", tg_op_text((enum tg_op)op));
        }
        r->type->operations |= 1u << op;
    }
    if (tg_type_has_op(r->type, TG_OP_EVENT) && at > 1) {
        return refuse(r, "operations", "event does not go with create, update or delete");
    }
    return TG_OK;
}

static enum tg_err read_key_field(struct reader *r, struct tg_json item,
                                  const char *place, uint32_t *keys)
{
    struct tg_slice name;
    struct tg_type *type = r->type;
    enum tg_err err = read_string(r, item, place, "the name of a field", &name);
    if (err != TG_OK) {
        return err;
    }
    const struct tg_field *field = tg_type_field(type, name);
    struct tg_slice quoted = tg_refusal_quote(name);
    if (field == NULL) {
        refuse(r, place, "there is no field \"%.*s\"", TG_FMT(quoted));
        tg_type_suggest_fields(type, name, r->refusal);
        return TG_EINVAL;
    }
    if (field->nullable) {
        return refuse(r, place, "the field %.*s is nullable, so it cannot identify a row",
                      TG_FMT(quoted));
    }
    uint32_t index = (uint32_t)(field - type->fields);
    if (tg_field_set_has(&type->key_set, index)) {
        return refuse(r, place, "the field %.*s is there twice", TG_FMT(quoted));
    }
    tg_field_set_add(&type->key_set, index);
    keys[type->keys_count++] = index;
    return TG_OK;
}

static enum tg_err read_key(struct reader *r, struct tg_json list, uint32_t *keys)
{
    bool custom = tg_type_has_op(r->type, TG_OP_EVENT);
    if (tg_json_kind(list) != TG_JSON_ARRAY && tg_json_kind(list) != TG_JSON_NONE) {
        return refuse_kind(r, "key", "a list of names of fields", list);
    }
    if (tg_json_size(list) == 0) {
        return custom
                   ? TG_OK
                   : refuse(r, "key",
                            "key is missing: it should name the fields that identify a "
                            "row, since the operations are not [\"event\"]");
    }
    if (custom) {
        return refuse(r, "key", "a custom event (operations: [\"event\"]) has no key");
    }
    uint32_t at = 0;
    for (struct tg_json item = tg_json_first(list); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item), at++) {
        char place[32];
        snprintf(place, sizeof place, "key[%u]", at);
        enum tg_err err = read_key_field(r, item, place, keys);
        if (err != TG_OK) {
            return err;
        }
    }
    return TG_OK;
}

static enum tg_err read_access(struct reader *r, struct tg_json value)
{
    static const struct tg_slice words[] = {TG_LIT_INIT("public"), TG_LIT_INIT("authenticated")};
    static const struct tg_slice names[] = {TG_LIT_INIT("rule")};
    r->type->access = TG_ACCESS_AUTHENTICATED;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(value) == TG_JSON_STRING) {
        uint32_t access = 0;
        enum tg_err err = read_word(r, value, "access", words, 2, &access);
        r->type->access = (enum tg_access)access;
        return err;
    }
    if (tg_json_kind(value) != TG_JSON_OBJECT) {
        return refuse_kind(r, "access",
                           "\"public\", \"authenticated\" or {\"rule\": \"…\"}", value);
    }
    struct tg_json rule;
    struct tg_slice text;
    enum tg_err err = read_members(r, value, "access", names, 1, &rule);
    if (err == TG_OK) {
        err = read_string(r, rule, "access.rule", "a string", &text);
    }
    if (err != TG_OK) {
        return err;
    }
    if (text.size == 0 || text.size > RULE_MAX) {
        return refuse(r, "access.rule", "a rule should have 1 to %d bytes", RULE_MAX);
    }
    r->type->access = TG_ACCESS_RULE;
    r->type->rule = keep(r, text);
    return TG_OK;
}

static enum tg_err read_delivery(struct reader *r, struct tg_json value)
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
    enum tg_err err = read_word(r, value, "delivery", words, 3, &delivery);
    if (err == TG_OK && delivery != TG_DELIVERY_LIVE) {
        return refuse_as(
            r, TG_CODE_NOT_SUPPORTED, "delivery",
            "this gateway has no store yet, so delivery can only be live, not %s",
            tg_delivery_text((enum tg_delivery)delivery));
    }
    return err;
}

static enum tg_err read_ttl(struct reader *r, struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_NONE || kind == TG_JSON_NULL) {
        return TG_OK;
    }
    int64_t ttl_ms;
    if (!tg_json_int(value, &ttl_ms) || ttl_ms <= 0) {
        return refuse(r, "ttl_ms", "ttl_ms should be an integer above 0, or null");
    }
    r->type->ttl_ms = ttl_ms;
    return TG_OK;
}

/* The name, and the names for people that are made from it. */
static enum tg_err read_names(struct reader *r, struct tg_json name_value,
                              struct tg_json verbose, struct tg_json plural)
{
    struct tg_type *type = r->type;
    struct tg_slice name;
    enum tg_err err = read_string(r, name_value, "name", "a string", &name);
    if (err != TG_OK) {
        return err;
    }
    if (name.size > TG_TYPE_NAME_MAX || name_parts(name) < 2) {
        return refuse(
            r, "name",
            "\"%.*s\" is no name of an event type: it should be two or more words "
            "joined by dots, as board.Order, of at most %d bytes",
            TG_FMT(tg_refusal_quote(name)), TG_TYPE_NAME_MAX);
    }
    type->name = keep(r, name);
    size_t label = type->name.size;
    while (type->name.data[label - 1] != '.') {
        label--;
    }
    type->verbose_name = tg_slice(type->name.data + label, type->name.size - label);
    err = read_verbose_name(r, verbose, "verbose_name", &type->verbose_name);
    if (err != TG_OK) {
        return err;
    }
    if (tg_json_kind(plural) == TG_JSON_NONE) {
        type->verbose_name_plural = keep(r, type->verbose_name);
        type->verbose_name_plural.size += keep(r, TG_LIT("s")).size;
        return TG_OK;
    }
    return read_verbose_name(r, plural, "verbose_name_plural",
                             &type->verbose_name_plural);
}

/* --- types --------------------------------------------------------------------------- */

/* One block: the type, its fields, its key, its strings. */
static enum tg_err type_begin(struct reader *r, struct tg_json object, uint32_t fields,
                              uint32_t keys, uint32_t **key_room)
{
    size_t fields_at = sizeof(struct tg_type);
    size_t keys_at = fields_at + fields * sizeof(struct tg_field);
    size_t strings_at = keys_at + keys * sizeof(uint32_t);
    /* The document's strings, the application's name, and a plural that was left out. */
    size_t strings = tg_json_raw(object).size + r->app.size + TG_VERBOSE_NAME_MAX + 1;
    uint8_t *block = tg_zalloc(1, strings_at + strings);
    if (block == NULL) {
        return out_of_memory(r);
    }
    struct tg_type *type = (struct tg_type *)(void *)block;
    atomic_init(&type->refs, 1);
    r->type = type;
    r->fields = (struct tg_field *)(void *)(block + fields_at);
    r->room = block + strings_at;
    r->room_end = r->room + strings;
    *key_room = (uint32_t *)(void *)(block + keys_at);
    type->fields = r->fields;
    type->keys = *key_room;
    type->version = r->version;
    type->app = keep(r, r->app);
    return TG_OK;
}

static enum tg_err type_end(struct reader *r)
{
    struct tg_type *type = r->type;
    for (uint32_t i = 0; i < type->fields_count; i++) {
        if (!type->fields[i].nullable) {
            tg_field_set_add(&type->needed_set, i);
        }
    }
    uintptr_t first = (uintptr_t)tg_map_get(&r->names, type->name);
    if (first != 0) {
        return refuse(r, "name", "the type %.*s is there twice, first as types[%u]",
                      TG_FMT(tg_refusal_quote(type->name)), (unsigned)(first - 1));
    }
    void *number = (void *)(uintptr_t)(r->type_at + 1);
    if (tg_map_put(&r->names, type->name, number) != TG_OK ||
        !tg_type_describe(type, r->choices, &r->scratch)) {
        return out_of_memory(r);
    }
    return TG_OK;
}

/* Leaves the type in `r->type`, also half made. */
static enum tg_err read_type(struct reader *r, struct tg_json object)
{
    enum { NAME, VERBOSE, PLURAL, OPS, KEY, ACCESS, DELIVERY, TTL, FIELDS, COUNT };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("name"),       TG_LIT_INIT("verbose_name"), TG_LIT_INIT("verbose_name_plural"),
        TG_LIT_INIT("operations"), TG_LIT_INIT("key"),          TG_LIT_INIT("access"),
        TG_LIT_INIT("delivery"),   TG_LIT_INIT("ttl_ms"),       TG_LIT_INIT("fields"),
    };
    struct tg_json values[COUNT];
    enum tg_err err = read_members(r, object, "", names, COUNT, values);
    if (err != TG_OK) {
        return err;
    }
    if (tg_json_kind(values[FIELDS]) != TG_JSON_ARRAY) {
        return refuse_kind(r, "fields", "a list", values[FIELDS]);
    }
    uint32_t fields = tg_json_size(values[FIELDS]);
    if (fields > r->limits.fields_max) {
        return refuse_as(r, TG_CODE_TOO_LARGE, "fields", "%u fields: more than %u",
                         fields, r->limits.fields_max);
    }
    uint32_t *keys;
    /* Each key names another field, so there cannot be more of them. */
    err = type_begin(r, object, fields, fields, &keys);
    if (err == TG_OK) {
        err = read_names(r, values[NAME], values[VERBOSE], values[PLURAL]);
    }
    if (err == TG_OK) {
        err = read_fields(r, values[FIELDS]);
    }
    if (err == TG_OK) {
        err = read_operations(r, values[OPS]);
    }
    if (err == TG_OK) {
        err = read_key(r, values[KEY], keys);
    }
    if (err == TG_OK) {
        err = read_access(r, values[ACCESS]);
    }
    if (err == TG_OK) {
        err = read_delivery(r, values[DELIVERY]);
    }
    if (err == TG_OK) {
        err = read_ttl(r, values[TTL]);
    }
    return err == TG_OK ? type_end(r) : err;
}

static enum tg_err read_types(struct reader *r, struct tg_json list,
                              struct tg_document *document)
{
    r->level = AT_TYPE;
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
    r->level = AT_DOCUMENT;
    return TG_OK;
}

static enum tg_err read_document(struct reader *r, struct tg_slice text,
                                 struct tg_document *document)
{
    enum { APP, TYPES, COUNT };
    static const struct tg_slice names[] = {TG_LIT_INIT("app"), TG_LIT_INIT("types")};
    struct tg_json_limits limits = {.values_max = r->limits.values_max};
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(&r->doc, text, &limits, &error);
    if (err == TG_ENOMEM) {
        return out_of_memory(r);
    }
    if (err != TG_OK) {
        enum tg_code code = err == TG_ELIMIT ? TG_CODE_TOO_LARGE : TG_CODE_INVALID_JSON;
        return refuse_as(r, code, "", "the catalogue document, byte %zu: %s",
                         error.offset, error.message);
    }
    struct tg_json values[COUNT];
    struct tg_slice app;
    struct tg_json root = tg_json_root(&r->doc);
    if (tg_json_kind(root) != TG_JSON_OBJECT) {
        return refuse(r, "", "a catalogue document should be an object, not %s",
                      tg_json_kind_text(tg_json_kind(root)));
    }
    err = read_members(r, root, "", names, COUNT, values);
    if (err == TG_OK) {
        err = read_string(r, values[APP], "app", "a string", &app);
    }
    if (err != TG_OK) {
        return err;
    }
    if (!tg_slice_equal(app, r->app)) {
        return refuse(r, "app",
                      "the ingest key is of the application \"%.*s\", not \"%.*s\"",
                      TG_FMT(r->app), TG_FMT(tg_refusal_quote(app)));
    }
    if (tg_json_kind(values[TYPES]) != TG_JSON_ARRAY) {
        return refuse_kind(r, "types", "a list", values[TYPES]);
    }
    uint32_t count = tg_json_size(values[TYPES]);
    if (count > r->limits.types_max) {
        return refuse_as(r, TG_CODE_TOO_LARGE, "types", "%u types: more than %u", count,
                         r->limits.types_max);
    }
    document->types = tg_zalloc(count, sizeof(struct tg_type *));
    if (document->types == NULL) {
        return out_of_memory(r);
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
    struct reader *r = tg_zalloc(1, sizeof *r);
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
    enum tg_err err = read_document(r, text, document);
    tg_json_finish(&r->doc);
    tg_buf_finish(&r->scratch);
    tg_map_finish(&r->names);
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
