#include "engine/json/json.h"

#include "engine/base/mem.h"
#include "engine/json/text.h"

void tg_json_finish(struct tg_json_doc *doc)
{
    tg_free(doc->tokens);
    tg_buf_finish(&doc->scratch);
    *doc = (struct tg_json_doc){0};
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

bool tg_json_unescape(const struct tg_json_doc *doc, const struct tg_json_token *t,
                      struct tg_buf *scratch, struct tg_slice *string)
{
    if (scratch == NULL) {
        return false;
    }
    tg_buf_clear(scratch);
    unescape(tg_json_inside(doc, t), scratch);
    if (scratch->failed) {
        return false;
    }
    *string = tg_buf_slice(scratch);
    return true;
}

bool tg_json_escaped_is(struct tg_slice source, struct tg_slice name)
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

struct tg_json tg_json_get(struct tg_json object, const char *name)
{
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        return (struct tg_json){0};
    }
    struct tg_slice wanted = tg_slice_of(name);
    struct tg_json value = tg_json_first(object);
    while (value.token != NULL && !tg_json_name_is(value, wanted)) {
        value = tg_json_next(value);
    }
    return value;
}

bool tg_json_double(struct tg_json value, double *number)
{
    const struct tg_json_token *t = value.token;
    if (t == NULL || (t->kind != TG_JSON_INT && t->kind != TG_JSON_DOUBLE)) {
        return false;
    }
    *number = t->kind == TG_JSON_INT ? (double)t->integer : t->real;
    return true;
}

bool tg_json_bool(struct tg_json value, bool *truth)
{
    const struct tg_json_token *t = value.token;
    if (t == NULL || t->kind != TG_JSON_BOOL) {
        return false;
    }
    *truth = value.doc->text.data[t->start] == 't';
    return true;
}
