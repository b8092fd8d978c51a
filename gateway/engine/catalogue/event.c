#include "engine/catalogue/event.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/catalogue/value.h"
#include "engine/cel/scalar.h"
#include "engine/json/members.h"

enum { TYPE, OP, ID, TIME, DATA, CHANGED, OLD, COUNT };
/* In the order in which they mostly come. */
static const struct tg_slice names[COUNT] = {
    TG_LIT_INIT("type"), TG_LIT_INIT("op"),      TG_LIT_INIT("id"),  TG_LIT_INIT("time"),
    TG_LIT_INIT("data"), TG_LIT_INIT("changed"), TG_LIT_INIT("old"),
};

struct reader {
    const struct tg_catalogue *catalogue;
    struct tg_slice app;
    struct tg_type *likely;
    struct tg_buf *scratch;
    struct tg_event_fields *fields;
    struct tg_refusal *refusal;
};

__attribute__((format(printf, 3, 4))) static enum tg_err refuse(struct reader *r,
                                                                const char *member,
                                                                const char *format, ...)
{
    char message[TG_REFUSAL_MESSAGE_MAX + 8];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    /* What looked wrong may only have found no memory to be looked at. */
    if (r->scratch->failed) {
        tg_buf_clear(r->scratch);
        tg_refusal_set(r->refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    tg_refusal_set(r->refusal, TG_CODE_INVALID_EVENT, member, "%s", message);
    return TG_EINVAL;
}

static enum tg_err refuse_kind(struct reader *r, const char *member, const char *wanted,
                               struct tg_json value)
{
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return refuse(r, member, "%s is missing: it should be %s", member, wanted);
    }
    return refuse(r, member, "%s should be %s, not %s", member, wanted,
                  tg_json_kind_text(tg_json_kind(value)));
}

/* `value` has a name that is not known in `place`; the caller suggests others. */
static enum tg_err refuse_unknown(struct reader *r, const char *place,
                                  struct tg_json value, const char *what,
                                  struct tg_slice *name)
{
    *name = tg_json_name(value, r->scratch);
    struct tg_slice quoted = tg_refusal_quote(*name);
    char member[TG_REFUSAL_NAME_MAX];
    snprintf(member, sizeof member, "%s%.*s", place, TG_FMT(quoted));
    enum tg_err err = refuse(r, member, "there is no %s \"%.*s\"", what, TG_FMT(quoted));
    r->refusal->code = err == TG_ENOMEM ? r->refusal->code : TG_CODE_UNKNOWN_MEMBER;
    return err;
}

/* --- type, op, id, time ---------------------------------------------------------- */

static bool is_of_app(void *context, const struct tg_type *type)
{
    const struct tg_slice *app = context;
    return tg_slice_equal(type->app, *app);
}

static enum tg_err read_type(struct reader *r, struct tg_json value)
{
    struct tg_slice name;
    if (!tg_json_string(value, r->scratch, &name)) {
        return refuse_kind(r, "type", "the name of an event type", value);
    }
    struct tg_type *type = r->likely;
    if (type == NULL || !tg_slice_equal(type->schema.name, name)) {
        type = tg_catalogue_get(r->catalogue, name);
    }
    if (type == NULL || !tg_slice_equal(type->app, r->app)) {
        tg_catalogue_refuse_type(r->catalogue, name, "type", is_of_app, &r->app,
                                 r->refusal);
        return TG_EINVAL;
    }
    r->fields->type = type;
    return TG_OK;
}

static const char *operations_text(const struct tg_type *type, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "one of");
    for (int op = 0; op < TG_OP_COUNT; op++) {
        if (tg_type_has_op(type, (enum tg_op)op)) {
            used += (size_t)snprintf(text + used, size - used, "%s %s",
                                     text[used - 1] == 'f' ? "" : ",",
                                     tg_op_text((enum tg_op)op));
        }
    }
    return text;
}

static enum tg_err read_op(struct reader *r, struct tg_json value)
{
    const struct tg_type *type = r->fields->type;
    struct tg_slice text;
    bool is_string = tg_json_string(value, r->scratch, &text);
    if (tg_json_kind(value) == TG_JSON_NONE &&
        (type->schema.operations & (type->schema.operations - 1)) == 0) {
        r->fields->op = (enum tg_op)__builtin_ctz(type->schema.operations);
        return TG_OK;
    }
    for (int op = 0; is_string && op < TG_OP_COUNT; op++) {
        if (tg_slice_is(text, tg_op_text((enum tg_op)op)) &&
            tg_type_has_op(type, (enum tg_op)op)) {
            r->fields->op = (enum tg_op)op;
            return TG_OK;
        }
    }
    char wanted[64];
    operations_text(type, wanted, sizeof wanted);
    if (!is_string) {
        return refuse_kind(r, "op", wanted, value);
    }
    return refuse(r, "op", "\"%.*s\" is no operation of %.*s: it should be %s",
                  TG_FMT(tg_refusal_quote(text)), TG_FMT(type->schema.name), wanted);
}

static bool is_id_byte(uint8_t byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    bool digit = byte >= '0' && byte <= '9';
    return letter || digit || byte == '_' || byte == '.' || byte == ':' || byte == '-';
}

/* The top bit of each byte of `ascii` (none has it set itself) that is in the range. */
static inline uint64_t bytes_within(uint64_t ascii, uint8_t first, uint8_t last)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return (ascii + ones * (0x80u - first)) & ~(ascii + ones * (0x7fu - last));
}

/* The same of 8 bytes at once. */
static inline bool are_id_bytes(const uint8_t *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t ascii = word & ones * 0x7f;
    uint64_t good = bytes_within(ascii | ones * 0x20, 'a', 'z') |
                    bytes_within(ascii, '0', ':') | bytes_within(ascii, '-', '.') |
                    bytes_within(ascii, '_', '_');
    return ((good & ~word) & ones * 0x80) == ones * 0x80;
}

static bool is_id(struct tg_slice text)
{
    size_t at = 0;
    if (text.size < 1 || text.size > TG_EVENT_ID_MAX) {
        return false;
    }
    for (; text.size - at >= 8; at += 8) {
        if (!are_id_bytes(text.data + at)) {
            return false;
        }
    }
    /* The rest, together with some that were looked at. */
    if (text.size >= 8) {
        return are_id_bytes(text.data + text.size - 8);
    }
    while (at < text.size && is_id_byte(text.data[at])) {
        at++;
    }
    return at == text.size;
}

/* Keep a text that was unescaped to the scratch buffer, which is needed again. */
static struct tg_slice keep(const struct reader *r, struct tg_slice text, char *room)
{
    if (text.data != r->scratch->data) {
        return text;
    }
    memcpy(room, text.data, text.size);
    return tg_slice(room, text.size);
}

static enum tg_err read_id(struct reader *r, struct tg_json value)
{
    struct tg_slice text;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        r->fields->id = tg_slice(NULL, 0);
        return TG_OK;
    }
    if (!tg_json_string(value, r->scratch, &text)) {
        return refuse_kind(r, "id", "a string", value);
    }
    if (!is_id(text)) {
        return refuse(r, "id",
                      "id should be 1 to %d of A-Z a-z 0-9 _ . : -, not \"%.*s\"",
                      TG_EVENT_ID_MAX, TG_FMT(tg_refusal_quote(text)));
    }
    r->fields->id = keep(r, text, r->fields->unescaped);
    return TG_OK;
}

static enum tg_err read_time(struct reader *r, struct tg_json value)
{
    struct tg_slice text;
    struct tg_timestamp time;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        r->fields->time = tg_slice(NULL, 0);
        return TG_OK;
    }
    const char *wanted = tg_value_wanted(TG_FIELD_TIMESTAMP);
    if (!tg_json_string(value, r->scratch, &text)) {
        return refuse_kind(r, "time", wanted, value);
    }
    if (text.size > TG_EVENT_TIME_MAX || !tg_timestamp_read(text, &time)) {
        return refuse(r, "time", "time should be %s, not \"%.*s\"", wanted,
                      TG_FMT(tg_refusal_quote(text)));
    }
    r->fields->time = keep(r, text, r->fields->unescaped + TG_EVENT_ID_MAX);
    return TG_OK;
}

/* --- data and old ---------------------------------------------------------------- */

/* The field of this member: most often the one after the last, `*at`. */
static const struct tg_field *find_field(const struct tg_type *type, struct tg_json value,
                                         uint32_t *at)
{
    const struct tg_field *field = NULL;
    if (*at < type->schema.fields_count &&
        tg_json_name_is(value, type->schema.fields[*at].name)) {
        field = &type->schema.fields[*at];
    } else {
        /* An empty slice if the name has escapes, or is empty; then look at each. */
        struct tg_slice name = tg_json_name(value, NULL);
        field = name.size != 0 ? tg_type_field(type, name) : NULL;
        for (uint32_t i = 0;
             name.size == 0 && field == NULL && i < type->schema.fields_count; i++) {
            field = tg_json_name_is(value, type->schema.fields[i].name)
                        ? &type->schema.fields[i]
                        : NULL;
        }
    }
    if (field != NULL) {
        *at = (uint32_t)(field - type->schema.fields) + 1;
    }
    return field;
}

static enum tg_err refuse_value(struct reader *r, const char *place,
                                const struct tg_field *field, int64_t item,
                                struct tg_json value)
{
    enum tg_field_kind kind = item < 0 ? field->kind : field->items;
    struct tg_slice name = tg_refusal_quote(field->name);
    char member[TG_REFUSAL_NAME_MAX];
    int size = snprintf(member, sizeof member, "%s%.*s", place, TG_FMT(name));
    if (item >= 0) {
        snprintf(member + size, sizeof member - (size_t)size, "[%lld]", (long long)item);
    }
    if (tg_json_kind(value) == TG_JSON_NULL) {
        const char *because = item < 0 ? "the field is not nullable"
                                       : "an item is never null";
        return refuse(r, member, "%s is null, but %s", member, because);
    }
    struct tg_slice raw = tg_json_raw(value);
    struct tg_slice quoted = tg_refusal_quote(raw);
    return refuse(r, member, "%s (%s) should be %s, not %.*s%s", member,
                  tg_field_kind_text(kind), tg_value_wanted(kind), TG_FMT(quoted),
                  quoted.size < raw.size ? "…" : "");
}

static enum tg_err check_value(struct reader *r, const char *place,
                               const struct tg_field *field, struct tg_json value)
{
    if (tg_value_is_plainly(value, field->kind) ||
        (tg_json_kind(value) == TG_JSON_NULL && field->nullable)) {
        return TG_OK;
    }
    if (!tg_value_is(value, field->kind, r->scratch)) {
        return refuse_value(r, place, field, -1, value);
    }
    if (field->kind != TG_FIELD_LIST) {
        return TG_OK;
    }
    int64_t at = 0;
    for (struct tg_json item = tg_json_first(value); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item), at++) {
        if (!tg_value_is(item, field->items, r->scratch)) {
            return refuse_value(r, place, field, at, item);
        }
    }
    return TG_OK;
}

/* Check the members of `object`, whose path is `place` ("data."); which fields it has. */
static enum tg_err check_object(struct reader *r, const char *place,
                                struct tg_json object, struct tg_field_set *seen)
{
    const struct tg_type *type = r->fields->type;
    uint32_t at = 0;
    for (struct tg_json value = tg_json_first(object);
         tg_json_kind(value) != TG_JSON_NONE; value = tg_json_next(value)) {
        const struct tg_field *field = find_field(type, value, &at);
        if (field == NULL) {
            struct tg_slice name;
            enum tg_err err = refuse_unknown(r, place, value, "field", &name);
            if (err == TG_EINVAL) {
                tg_type_suggest_fields(type, name, r->refusal);
            }
            return err;
        }
        enum tg_err err = check_value(r, place, field, value);
        if (err != TG_OK) {
            return err;
        }
        tg_field_set_add(seen, at - 1);
    }
    return TG_OK;
}

static enum tg_err check_data(struct reader *r, struct tg_json data)
{
    const struct tg_type *type = r->fields->type;
    struct tg_field_set seen = {{0}};
    if (tg_json_kind(data) != TG_JSON_OBJECT) {
        return refuse_kind(r, "data", "an object with the type's fields", data);
    }
    enum tg_err err = check_object(r, "data.", data, &seen);
    if (err != TG_OK) {
        return err;
    }
    bool key_only = r->fields->op == TG_OP_DELETE;
    const struct tg_field_set *needed = key_only ? &type->key_set : &type->needed_set;
    for (uint32_t i = 0; i < TG_TYPE_FIELDS_MAX / 64; i++) {
        uint64_t missing = needed->words[i] & ~seen.words[i];
        if (missing != 0) {
            uint32_t index = i * 64 + (uint32_t)__builtin_ctzll(missing);
            struct tg_slice name = tg_refusal_quote(type->schema.fields[index].name);
            char member[TG_REFUSAL_NAME_MAX];
            snprintf(member, sizeof member, "data.%.*s", TG_FMT(name));
            return refuse(r, member, "%s is missing, but %s", member,
                          key_only ? "a delete needs the whole key"
                                   : "the field is not nullable");
        }
    }
    r->fields->data = tg_json_raw(data);
    return TG_OK;
}

static enum tg_err check_old(struct reader *r, struct tg_json old)
{
    struct tg_field_set seen = {{0}};
    if (tg_json_kind(old) == TG_JSON_NONE) {
        r->fields->old = tg_slice(NULL, 0);
        return TG_OK;
    }
    if (r->fields->op != TG_OP_UPDATE && r->fields->op != TG_OP_DELETE) {
        return refuse(r, "old", "old is for update and delete only, not for %s",
                      tg_op_text(r->fields->op));
    }
    if (tg_json_kind(old) != TG_JSON_OBJECT) {
        return refuse_kind(r, "old", "an object with earlier values of fields", old);
    }
    r->fields->old = tg_json_raw(old);
    return check_object(r, "old.", old, &seen);
}

/* --- changed --------------------------------------------------------------------- */

static enum tg_err check_changed_item(struct reader *r, struct tg_json item, uint32_t at)
{
    char member[32];
    struct tg_slice name;
    const struct tg_type *type = r->fields->type;
    bool is_string = tg_json_string(item, r->scratch, &name);
    if (is_string && tg_type_field(type, name) != NULL) {
        return TG_OK;
    }
    snprintf(member, sizeof member, "changed[%u]", at);
    if (!is_string) {
        return refuse_kind(r, member, "the name of a field", item);
    }
    enum tg_err err =
        refuse(r, member, "there is no field \"%.*s\"", TG_FMT(tg_refusal_quote(name)));
    if (err == TG_EINVAL) {
        tg_type_suggest_fields(type, name, r->refusal);
    }
    return err;
}

static enum tg_err check_changed(struct reader *r, struct tg_json changed)
{
    if (tg_json_kind(changed) == TG_JSON_NONE) {
        r->fields->changed = tg_slice(NULL, 0);
        return TG_OK;
    }
    if (r->fields->op != TG_OP_UPDATE) {
        return refuse(r, "changed", "changed is for update only, not for %s",
                      tg_op_text(r->fields->op));
    }
    if (tg_json_kind(changed) != TG_JSON_ARRAY) {
        return refuse_kind(r, "changed", "a list of names of fields", changed);
    }
    uint32_t at = 0;
    for (struct tg_json item = tg_json_first(changed); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item), at++) {
        enum tg_err err = check_changed_item(r, item, at);
        if (err != TG_OK) {
            return err;
        }
    }
    r->fields->changed = tg_json_raw(changed);
    return TG_OK;
}

enum tg_err tg_event_read(const struct tg_catalogue *catalogue, struct tg_slice app,
                          struct tg_type *likely, struct tg_json_doc *doc,
                          struct tg_event_fields *fields, struct tg_refusal *refusal)
{
    struct reader r = {catalogue, app, likely, &doc->scratch, fields, refusal};
    struct tg_json values[COUNT];
    struct tg_json unknown;
    struct tg_json root = tg_json_root(doc);
    tg_buf_clear(&doc->scratch);
    if (tg_json_kind(root) != TG_JSON_OBJECT) {
        return refuse(&r, "", "an event should be an object, not %s",
                      tg_json_kind_text(tg_json_kind(root)));
    }
    if (!tg_members_find(root, names, COUNT, values, &unknown)) {
        struct tg_slice name;
        enum tg_err err = refuse_unknown(&r, "", unknown, "member", &name);
        if (err == TG_EINVAL) {
            tg_names_suggest(names, COUNT, name, refusal);
        }
        return err;
    }
    enum tg_err err = read_type(&r, values[TYPE]);
    if (err == TG_OK) {
        err = read_op(&r, values[OP]);
    }
    if (err == TG_OK) {
        err = read_id(&r, values[ID]);
    }
    if (err == TG_OK) {
        err = read_time(&r, values[TIME]);
    }
    if (err == TG_OK) {
        err = check_data(&r, values[DATA]);
    }
    if (err == TG_OK) {
        err = check_changed(&r, values[CHANGED]);
    }
    return err == TG_OK ? check_old(&r, values[OLD]) : err;
}
