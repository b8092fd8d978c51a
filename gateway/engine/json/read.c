/* The reading half: one pass over the text, a loop over what may stand next. Open
 * containers are a list through the token array, so depth costs no stack. */
#include "engine/json/json.h"

#include "engine/base/mem.h"
#include "engine/json/names.h"
#include "engine/json/number.h"
#include "engine/json/text.h"
#include "engine/json/token.h"

#define NO_CONTAINER UINT32_MAX
enum { TEXT_BYTES_MAX = 1 << 30 };

struct reader {
    struct tg_json_doc *doc;
    const uint8_t *begin;
    const uint8_t *at;
    const uint8_t *end;
    uint32_t open; /* The innermost container, or NO_CONTAINER. */
    uint32_t depth;
    uint32_t depth_max;
    uint32_t values_max;
    struct tg_json_error error;
};

static enum tg_err fail_as(struct reader *r, enum tg_err err, const uint8_t *where,
                           const char *message)
{
    r->error = (struct tg_json_error){(size_t)(where - r->begin), message, false};
    return err;
}

static enum tg_err fail(struct reader *r, const uint8_t *where, const char *message)
{
    return fail_as(r, TG_EINVAL, where,
                   where == r->end ? "the text ends too early" : message);
}

static enum tg_err out_of_memory(struct reader *r)
{
    return fail_as(r, TG_ENOMEM, r->at, "out of memory");
}

static void skip_space(struct reader *r)
{
    const uint8_t *at = r->at;
    while (at < r->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    r->at = at;
}

/* --- tokens ---------------------------------------------------------------------- */

static enum tg_err grow(struct reader *r)
{
    struct tg_json_doc *doc = r->doc;
    uint32_t capacity = doc->capacity < 32 ? 64 : doc->capacity * 2;
    struct tg_json_token *tokens = tg_resize(doc->tokens, capacity * sizeof *tokens);
    if (tokens == NULL) {
        return out_of_memory(r);
    }
    doc->tokens = tokens;
    doc->capacity = capacity;
    return TG_OK;
}

/* A token that begins at `r->at`. */
static inline enum tg_err push(struct reader *r, enum tg_json_kind kind, uint32_t *index)
{
    struct tg_json_doc *doc = r->doc;
    if (doc->count == r->values_max) {
        return fail_as(r, TG_ELIMIT, r->at, "too many values");
    }
    if (doc->count == doc->capacity) {
        enum tg_err err = grow(r);
        if (err != TG_OK) {
            return err;
        }
    }
    *index = doc->count++;
    struct tg_json_token *t = &doc->tokens[*index];
    t->start = (uint32_t)(r->at - r->begin);
    t->kind = (uint8_t)kind;
    t->flags = 0;
    return TG_OK;
}

/* A value: a token that its container counts. */
static inline enum tg_err push_value(struct reader *r, enum tg_json_kind kind,
                                     uint32_t *index)
{
    enum tg_err err = push(r, kind, index);
    if (err == TG_OK && r->open != NO_CONTAINER) {
        struct tg_json_token *open = &r->doc->tokens[r->open];
        open->size++;
        open->end = *index;
        if (open->kind == TG_JSON_OBJECT) {
            r->doc->tokens[*index].flags = TG_JSON_MEMBER;
        }
    }
    return err;
}

/* --- scalars --------------------------------------------------------------------- */

/* The string at `r->at`, its opening quote; leaves it after the closing one. */
static enum tg_err read_string(struct reader *r, uint8_t *flags)
{
    const uint8_t *at = r->at + 1;
    const uint8_t *end = r->end;
    for (;;) {
        while (end - at >= 8) {
            size_t plain = tg_json_plain(at);
            at += plain;
            if (plain < 8) {
                break;
            }
        }
        if (at == end) {
            return fail(r, at, "");
        }
        if (*at == '"') {
            r->at = at + 1;
            return TG_OK;
        }
        size_t size;
        if (*at == '\\') {
            uint8_t bytes[4];
            size_t bytes_size;
            size = tg_json_escape(at, end, bytes, &bytes_size);
            *flags |= TG_JSON_ESCAPED;
            if (size == 0) {
                return fail(
                    r, at,
                    "a string has an escape that is none, or half a surrogate pair");
            }
        } else if (*at < 0x20) {
            return fail(r, at,
                        "a control character stands in a string: it must be escaped");
        } else {
            size = tg_utf8_size(at, end);
            if (size == 0) {
                return fail(r, at, "a string is not UTF-8");
            }
        }
        at += size;
    }
}

static enum tg_err read_word(struct reader *r, const char *word, size_t size,
                             enum tg_json_kind kind)
{
    for (size_t i = 0; i < size; i++) {
        if (r->at + i == r->end || r->at[i] != (uint8_t)word[i]) {
            return fail(r, r->at + i, "no value begins like this");
        }
    }
    uint32_t index;
    enum tg_err err = push_value(r, kind, &index);
    if (err == TG_OK) {
        r->at += size;
        r->doc->tokens[index].end = (uint32_t)(r->at - r->begin);
    }
    return err;
}

static enum tg_err read_number(struct reader *r)
{
    struct tg_json_number number;
    enum tg_err err = tg_json_number(r->at, r->end, &r->doc->scratch, &number);
    if (err == TG_ENOMEM) {
        return out_of_memory(r);
    }
    if (err != TG_OK) {
        return fail(r, number.after, number.message);
    }
    uint32_t index;
    err = push_value(r, number.is_integer ? TG_JSON_INT : TG_JSON_DOUBLE, &index);
    if (err != TG_OK) {
        return err;
    }
    struct tg_json_token *t = &r->doc->tokens[index];
    if (number.is_integer) {
        t->integer = number.integer;
    } else {
        t->real = number.real;
    }
    r->at = number.after;
    t->end = (uint32_t)(r->at - r->begin);
    return TG_OK;
}

/* --- structure ------------------------------------------------------------------- */

static enum tg_err read_name(struct reader *r)
{
    if (r->at == r->end || *r->at != '"') {
        return fail(r, r->at, "a member name in quotes should stand here");
    }
    struct tg_json_doc *doc = r->doc;
    uint32_t index;
    enum tg_err err = push(r, TG_JSON_STRING, &index);
    if (err != TG_OK) {
        return err;
    }
    struct tg_json_token *name = &doc->tokens[index];
    err = read_string(r, &name->flags);
    if (err != TG_OK) {
        return err;
    }
    name->end = (uint32_t)(r->at - r->begin);
    if (!tg_json_name_key(doc, name)) {
        return out_of_memory(r);
    }
    skip_space(r);
    if (r->at == r->end || *r->at != ':') {
        return fail(r, r->at, "a colon should stand here");
    }
    r->at++;
    return TG_OK;
}

static enum tg_err open_container(struct reader *r, enum tg_json_kind kind)
{
    if (r->depth == r->depth_max) {
        fail_as(r, TG_ELIMIT, r->at, "too many levels of lists and objects");
        r->error.too_deep = true;
        return TG_ELIMIT;
    }
    uint32_t index;
    enum tg_err err = push_value(r, kind, &index);
    if (err == TG_OK) {
        struct tg_json_token *t = &r->doc->tokens[index];
        t->next = r->open;
        t->size = 0;
        r->open = index;
        r->depth++;
        r->at++;
    }
    return err;
}

static enum tg_err close_container(struct reader *r)
{
    struct tg_json_doc *doc = r->doc;
    uint32_t index = r->open;
    struct tg_json_token *t = &doc->tokens[index];
    r->open = t->next;
    r->depth--;
    if (t->size > 0) {
        doc->tokens[t->end].flags |= TG_JSON_LAST;
    }
    r->at++;
    t->end = (uint32_t)(r->at - r->begin);
    t->next = doc->count;
    if (t->kind == TG_JSON_ARRAY) {
        return TG_OK;
    }
    uint32_t repeated;
    if (!tg_json_name_repeats(doc, index, &repeated)) {
        return out_of_memory(r);
    }
    const uint8_t *where = r->begin + doc->tokens[repeated].start;
    return repeated == 0 ? TG_OK : fail(r, where, "a member name appears twice");
}

static enum tg_err read_value(struct reader *r)
{
    if (r->at == r->end) {
        return fail(r, r->at, "");
    }
    switch (*r->at) {
    case '"': {
        uint32_t index;
        enum tg_err err = push_value(r, TG_JSON_STRING, &index);
        if (err == TG_OK) {
            struct tg_json_token *t = &r->doc->tokens[index];
            err = read_string(r, &t->flags);
            t->end = (uint32_t)(r->at - r->begin);
        }
        return err;
    }
    case '{':
        return open_container(r, TG_JSON_OBJECT);
    case '[':
        return open_container(r, TG_JSON_ARRAY);
    case 't':
        return read_word(r, "true", 4, TG_JSON_BOOL);
    case 'f':
        return read_word(r, "false", 5, TG_JSON_BOOL);
    case 'n':
        return read_word(r, "null", 4, TG_JSON_NULL);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r);
    default:
        return fail(r, r->at, "no value begins like this");
    }
}

/* After a value: close what ends here. Leaves `r->at` where the next value or name should
 * begin, or sets `*done`. */
static enum tg_err read_after(struct reader *r, bool *done)
{
    for (;;) {
        skip_space(r);
        if (r->open == NO_CONTAINER) {
            *done = true;
            return r->at == r->end ? TG_OK
                                   : fail(r, r->at, "something follows after the value");
        }
        const struct tg_json_token *open = &r->doc->tokens[r->open];
        bool object = open->kind == TG_JSON_OBJECT;
        uint8_t byte = r->at == r->end ? 0 : *r->at;
        if (byte == ',' && open->size > 0) {
            r->at++;
            skip_space(r);
            return TG_OK;
        }
        if (byte != (object ? '}' : ']')) {
            /* Nothing in it yet: the first one may stand here. */
            if (open->size == 0) {
                return TG_OK;
            }
            return fail(r, r->at,
                        object ? "a comma or } should stand here"
                               : "a comma or ] should stand here");
        }
        enum tg_err err = close_container(r);
        if (err != TG_OK) {
            return err;
        }
    }
}

static enum tg_err read_text(struct reader *r)
{
    bool done = false;
    skip_space(r);
    if (r->at == r->end) {
        return fail_as(r, TG_EINVAL, r->at, "there is no value");
    }
    for (;;) {
        enum tg_err err = read_value(r);
        if (err == TG_OK) {
            err = read_after(r, &done);
        }
        if (err != TG_OK || done) {
            return err;
        }
        if (r->doc->tokens[r->open].kind == TG_JSON_OBJECT) {
            err = read_name(r);
            if (err != TG_OK) {
                return err;
            }
            skip_space(r);
        }
    }
}

enum tg_err tg_json_parse(struct tg_json_doc *doc, struct tg_slice text,
                          const struct tg_json_limits *limits,
                          struct tg_json_error *error)
{
    static const struct tg_json_limits defaults = {0};
    if (limits == NULL) {
        limits = &defaults;
    }
    if (text.data == NULL) {
        text = TG_LIT("");
    }
    struct reader r = {
        .doc = doc,
        .begin = text.data,
        .at = text.data,
        .end = text.data + text.size,
        .open = NO_CONTAINER,
        .depth_max = limits->depth_max != 0 ? limits->depth_max : 32,
        .values_max = limits->values_max != 0 ? limits->values_max : 100000,
    };
    doc->text = text;
    doc->count = 0;
    enum tg_err err = text.size > TEXT_BYTES_MAX
                          ? fail_as(&r, TG_ELIMIT, r.at, "longer than 1 GiB")
                          : read_text(&r);
    if (err != TG_OK) {
        doc->count = 0;
        if (error != NULL) {
            *error = r.error;
        }
    }
    return err;
}
