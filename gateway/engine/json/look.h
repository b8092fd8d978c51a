/* The bodies of those looks at values that every event takes, to be inlined where it is
 * judged; json.h says what they do, and includes this. What begins with `tg_json_` and is
 * not in json.h is private to this folder. */
#ifndef TG_JSON_LOOK_H
#define TG_JSON_LOOK_H

#include "engine/base/buf.h"
#include "engine/json/token.h"

/* What a string token with escapes says, in `scratch`. */
bool tg_json_unescape(const struct tg_json_doc *doc, const struct tg_json_token *t,
                      struct tg_buf *scratch, struct tg_slice *string);
/* Does the source text with escapes say `name`? */
bool tg_json_escaped_is(struct tg_slice source, struct tg_slice name);

/* The token after this value and all that is in it. */
static inline uint32_t tg_json_after(const struct tg_json_token *tokens, uint32_t at)
{
    return tokens[at].kind >= TG_JSON_ARRAY ? tokens[at].next : at + 1;
}

/* A string's source text without its quotes. */
static inline struct tg_slice tg_json_inside(const struct tg_json_doc *doc,
                                             const struct tg_json_token *t)
{
    return tg_slice(doc->text.data + t->start + 1, t->end - t->start - 2);
}

static inline bool tg_json_string_of(const struct tg_json_doc *doc,
                                     const struct tg_json_token *t,
                                     struct tg_buf *scratch, struct tg_slice *string)
{
    if ((t->flags & TG_JSON_ESCAPED) != 0) {
        return tg_json_unescape(doc, t, scratch, string);
    }
    *string = tg_json_inside(doc, t);
    return true;
}

/* Are these `size` bytes the same? Names are short: two overlapping reads take in up to
 * 16 bytes, and cost less than the call of memcmp. */
static inline bool tg_json_same(const uint8_t *a, const uint8_t *b, size_t size)
{
    if (size > 16) {
        return memcmp(a, b, size) == 0;
    }
    if (size >= 8) {
        return memcmp(a, b, 8) == 0 && memcmp(a + size - 8, b + size - 8, 8) == 0;
    }
    if (size >= 4) {
        return memcmp(a, b, 4) == 0 && memcmp(a + size - 4, b + size - 4, 4) == 0;
    }
    return size == 0 ||
           (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

static inline struct tg_json tg_json_root(const struct tg_json_doc *doc)
{
    return doc->count == 0 ? (struct tg_json){0} : (struct tg_json){doc, doc->tokens};
}

static inline enum tg_json_kind tg_json_kind(struct tg_json value)
{
    const struct tg_json_token *t = value.token;
    return t == NULL ? TG_JSON_NONE : (enum tg_json_kind)t->kind;
}

static inline struct tg_slice tg_json_raw(struct tg_json value)
{
    const struct tg_json_token *t = value.token;
    return t == NULL ? tg_slice(NULL, 0)
                     : tg_slice(value.doc->text.data + t->start, t->end - t->start);
}

static inline uint32_t tg_json_size(struct tg_json value)
{
    const struct tg_json_token *t = value.token;
    return t == NULL || t->kind < TG_JSON_ARRAY ? 0 : t->size;
}

static inline struct tg_json tg_json_first(struct tg_json container)
{
    if (tg_json_size(container) == 0) {
        return (struct tg_json){0};
    }
    uint32_t skip = container.token->kind == TG_JSON_OBJECT ? 2 : 1;
    return (struct tg_json){container.doc, container.token + skip};
}

static inline struct tg_json tg_json_next(struct tg_json item)
{
    const struct tg_json_token *t = item.token;
    /* The root is the last of nothing; it has no mark and no one after it. */
    if (t == NULL || (t->flags & TG_JSON_LAST) != 0 || t == item.doc->tokens) {
        return (struct tg_json){0};
    }
    const struct tg_json_token *next =
        t->kind >= TG_JSON_ARRAY ? item.doc->tokens + t->next : t + 1;
    return (struct tg_json){item.doc, next + ((t->flags & TG_JSON_MEMBER) != 0 ? 1 : 0)};
}

static inline bool tg_json_name_is(struct tg_json member_value, struct tg_slice name)
{
    const struct tg_json_token *t = member_value.token;
    if (t == NULL || (t->flags & TG_JSON_MEMBER) == 0) {
        return false;
    }
    struct tg_slice source = tg_json_inside(member_value.doc, t - 1);
    if (((t - 1)->flags & TG_JSON_ESCAPED) != 0) {
        return tg_json_escaped_is(source, name);
    }
    return source.size == name.size && tg_json_same(source.data, name.data, name.size);
}

static inline struct tg_slice tg_json_name(struct tg_json member_value,
                                           struct tg_buf *scratch)
{
    const struct tg_json_token *t = member_value.token;
    struct tg_slice name = tg_slice(NULL, 0);
    if (t != NULL && (t->flags & TG_JSON_MEMBER) != 0) {
        tg_json_string_of(member_value.doc, t - 1, scratch, &name);
    }
    return name;
}

static inline bool tg_json_string(struct tg_json value, struct tg_buf *scratch,
                                  struct tg_slice *string)
{
    const struct tg_json_token *t = value.token;
    return t != NULL && t->kind == TG_JSON_STRING &&
           tg_json_string_of(value.doc, t, scratch, string);
}

static inline bool tg_json_int(struct tg_json value, int64_t *number)
{
    const struct tg_json_token *t = value.token;
    if (t == NULL || t->kind != TG_JSON_INT) {
        return false;
    }
    *number = t->integer;
    return true;
}

#endif
