#include "engine/json/json.h"

#include "engine/base/mem.h"
#include "engine/json/text.h"
#include "engine/json/token.h"

void tg_json_finish(struct tg_json_doc *doc)
{
    tg_free(doc->tokens);
    tg_buf_finish(&doc->scratch);
    *doc = (struct tg_json_doc){0};
}

static const struct tg_json none = {0};

static const struct tg_json_token *token(struct tg_json value)
{
    return value.doc == NULL ? NULL : &value.doc->tokens[value.at];
}

struct tg_json tg_json_root(const struct tg_json_doc *doc)
{
    return doc->count == 0 ? none : (struct tg_json){doc, 0};
}

enum tg_json_kind tg_json_kind(struct tg_json value)
{
    const struct tg_json_token *t = token(value);
    return t == NULL ? TG_JSON_NONE : (enum tg_json_kind)t->kind;
}

const char *tg_json_kind_text(enum tg_json_kind kind)
{
    static const char *const texts[] = {
        [TG_JSON_NONE] = "nothing",    [TG_JSON_NULL] = "null",
        [TG_JSON_BOOL] = "a boolean",  [TG_JSON_INT] = "an integer",
        [TG_JSON_DOUBLE] = "a number", [TG_JSON_STRING] = "a string",
        [TG_JSON_ARRAY] = "a list",    [TG_JSON_OBJECT] = "an object",
    };
    return texts[kind];
}

static struct tg_slice raw(const struct tg_json_doc *doc, const struct tg_json_token *t)
{
    return tg_slice(doc->text.data + t->start, t->end - t->start);
}

struct tg_slice tg_json_raw(struct tg_json value)
{
    const struct tg_json_token *t = token(value);
    return t == NULL ? tg_slice(NULL, 0) : raw(value.doc, t);
}

/* A string's source text without its quotes. */
static struct tg_slice inside(const struct tg_json_doc *doc,
                              const struct tg_json_token *t)
{
    return tg_slice(doc->text.data + t->start + 1, t->end - t->start - 2);
}

/* Append what `source` (judged already) says once its escapes are read. */
static void unescape(struct tg_slice source, struct tg_buf *to)
{
    const uint8_t *at = source.data;
    const uint8_t *end = at + source.size;
    while (at < end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
        if (escape == NULL) {
            escape = end;
        }
        tg_buf_add(to, at, (size_t)(escape - at));
        at = escape;
        if (at < end) {
            uint8_t bytes[4];
            size_t size = 0;
            at += tg_json_escape(at, end, bytes, &size);
            tg_buf_add(to, bytes, size);
        }
    }
}

static bool string_of(const struct tg_json_doc *doc, const struct tg_json_token *t,
                      struct tg_buf *scratch, struct tg_slice *string)
{
    if ((t->flags & TG_JSON_ESCAPED) == 0) {
        *string = inside(doc, t);
        return true;
    }
    if (scratch == NULL) {
        return false;
    }
    tg_buf_clear(scratch);
    unescape(inside(doc, t), scratch);
    if (scratch->failed) {
        return false;
    }
    *string = tg_buf_slice(scratch);
    return true;
}

/* Does the source text with escapes say `name`? */
static bool escaped_is(struct tg_slice source, struct tg_slice name)
{
    const uint8_t *at = source.data;
    const uint8_t *end = at + source.size;
    while (at < end) {
        uint8_t bytes[4] = {*at};
        size_t size = 1;
        at += *at == '\\' ? tg_json_escape(at, end, bytes, &size) : 1;
        if (name.size < size || memcmp(name.data, bytes, size) != 0) {
            return false;
        }
        name = tg_slice(name.data + size, name.size - size);
    }
    return name.size == 0;
}

bool tg_json_name_is(struct tg_json member_value, struct tg_slice name)
{
    const struct tg_json_token *t = token(member_value);
    if (t == NULL || (t->flags & TG_JSON_MEMBER) == 0) {
        return false;
    }
    struct tg_slice source = inside(member_value.doc, t - 1);
    return ((t - 1)->flags & TG_JSON_ESCAPED) == 0 ? tg_slice_equal(source, name)
                                                   : escaped_is(source, name);
}

struct tg_json tg_json_get(struct tg_json object, const char *name)
{
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        return none;
    }
    struct tg_slice wanted = tg_slice_of(name);
    struct tg_json value = tg_json_first(object);
    while (value.doc != NULL && !tg_json_name_is(value, wanted)) {
        value = tg_json_next(value);
    }
    return value;
}

uint32_t tg_json_size(struct tg_json value)
{
    const struct tg_json_token *t = token(value);
    return t == NULL || t->kind < TG_JSON_ARRAY ? 0 : t->size;
}

struct tg_json tg_json_first(struct tg_json container)
{
    if (tg_json_size(container) == 0) {
        return none;
    }
    uint32_t skip = token(container)->kind == TG_JSON_OBJECT ? 2 : 1;
    return (struct tg_json){container.doc, container.at + skip};
}

struct tg_json tg_json_next(struct tg_json item)
{
    const struct tg_json_token *t = token(item);
    /* The root is the last of nothing; it has no mark and no one after it. */
    if (t == NULL || (t->flags & TG_JSON_LAST) != 0 || item.at == 0) {
        return none;
    }
    uint32_t next = tg_json_after(item.doc->tokens, item.at);
    return (struct tg_json){item.doc, next + ((t->flags & TG_JSON_MEMBER) != 0 ? 1 : 0)};
}

struct tg_slice tg_json_name(struct tg_json member_value, struct tg_buf *scratch)
{
    const struct tg_json_token *t = token(member_value);
    struct tg_slice name = tg_slice(NULL, 0);
    if (t != NULL && (t->flags & TG_JSON_MEMBER) != 0) {
        string_of(member_value.doc, t - 1, scratch, &name);
    }
    return name;
}

bool tg_json_string(struct tg_json value, struct tg_buf *scratch, struct tg_slice *string)
{
    const struct tg_json_token *t = token(value);
    return t != NULL && t->kind == TG_JSON_STRING &&
           string_of(value.doc, t, scratch, string);
}

bool tg_json_int(struct tg_json value, int64_t *number)
{
    const struct tg_json_token *t = token(value);
    if (t == NULL || t->kind != TG_JSON_INT) {
        return false;
    }
    *number = t->integer;
    return true;
}

bool tg_json_double(struct tg_json value, double *number)
{
    const struct tg_json_token *t = token(value);
    if (t == NULL || (t->kind != TG_JSON_INT && t->kind != TG_JSON_DOUBLE)) {
        return false;
    }
    *number = t->kind == TG_JSON_INT ? (double)t->integer : t->real;
    return true;
}

bool tg_json_bool(struct tg_json value, bool *truth)
{
    const struct tg_json_token *t = token(value);
    if (t == NULL || t->kind != TG_JSON_BOOL) {
        return false;
    }
    *truth = value.doc->text.data[t->start] == 't';
    return true;
}
