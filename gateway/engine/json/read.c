/* The reading half: one pass over the text, a loop over what may stand next. Open
 * containers are a list through the token array, so depth costs no stack. */
#include "engine/json/json.h"

#include "engine/base/mem.h"
#include "engine/json/names.h"
#include "engine/json/number.h"
#include "engine/json/text.h"

/* Kept out of line, so that what is frequent stays together. */
#define RARE __attribute__((cold, noinline))
/* And what is small and in the way of every member is put where it is needed. */
#define ALWAYS       inline __attribute__((always_inline))
#define NO_CONTAINER UINT32_MAX
enum { TEXT_BYTES_MAX = 1 << 30 };

/* Each function reads what stands at `at`, and returns where it ends or, after `fail`,
 * NULL: so the place stays in a register. */
struct reader {
    struct tg_json_doc *doc;
    const uint8_t *begin;
    const uint8_t *end;
    struct tg_json_token *next; /* Where the next token goes, */
    struct tg_json_token *room; /* unless it is here: memory or the limit ends. */
    struct tg_json_token *open; /* The innermost container, or NULL. */
    struct tg_json_token *last; /* The last value of it, */
    uint32_t size;              /* of so many. */
    uint8_t closer;             /* } or ], as `open` ends. */
    uint8_t member;             /* TG_JSON_MEMBER if its values are members. */
    uint32_t depth;
    uint32_t depth_max;
    uint32_t values_max;
    enum tg_err err;
    struct tg_json_error error;
};

RARE static const uint8_t *fail_as(struct reader *r, enum tg_err err,
                                   const uint8_t *where, const char *message)
{
    r->err = err;
    r->error = (struct tg_json_error){(size_t)(where - r->begin), message, false};
    return NULL;
}

RARE static const uint8_t *fail(struct reader *r, const uint8_t *where,
                                const char *message)
{
    return fail_as(r, TG_EINVAL, where,
                   where == r->end ? "the text ends too early" : message);
}

RARE static const uint8_t *out_of_memory(struct reader *r, const uint8_t *at)
{
    return fail_as(r, TG_ENOMEM, at, "out of memory");
}

static inline const uint8_t *skip_space(const struct reader *r, const uint8_t *at)
{
    while (at < r->end && *at <= ' ' &&
           (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    return at;
}

/* --- tokens ---------------------------------------------------------------------- */

static uint32_t index_of(const struct reader *r, const struct tg_json_token *t)
{
    return t == NULL ? NO_CONTAINER : (uint32_t)(t - r->doc->tokens);
}

static struct tg_json_token *token_at(const struct reader *r, uint32_t index)
{
    return index == NO_CONTAINER ? NULL : &r->doc->tokens[index];
}

static void set_room(struct reader *r)
{
    uint32_t capacity = r->doc->capacity;
    if (capacity != 0) {
        r->room = r->doc->tokens + (capacity < r->values_max ? capacity : r->values_max);
    }
}

/* There is no room for the token of what stands at `at`. */
RARE static const uint8_t *grow(struct reader *r, const uint8_t *at)
{
    struct tg_json_doc *doc = r->doc;
    uint32_t count = doc->capacity == 0 ? 0 : (uint32_t)(r->next - doc->tokens);
    if (count == r->values_max) {
        return fail_as(r, TG_ELIMIT, at, "too many values");
    }
    uint32_t open = index_of(r, r->open);
    uint32_t last = index_of(r, r->last);
    uint32_t capacity = doc->capacity < 32 ? 64 : doc->capacity * 2;
    struct tg_json_token *tokens = tg_resize(doc->tokens, capacity * sizeof *tokens);
    if (tokens == NULL) {
        return out_of_memory(r, at);
    }
    doc->tokens = tokens;
    doc->capacity = capacity;
    r->next = tokens + count;
    r->open = token_at(r, open);
    r->last = token_at(r, last);
    set_room(r);
    return at;
}

/* A token for what begins at `at`; NULL after `fail`. */
static inline struct tg_json_token *push(struct reader *r, const uint8_t *at,
                                         enum tg_json_kind kind, uint8_t flags)
{
    if (r->next == r->room && grow(r, at) == NULL) {
        return NULL;
    }
    struct tg_json_token *t = r->next++;
    t->start = (uint32_t)(at - r->begin);
    t->kind = (uint8_t)kind;
    t->flags = flags;
    return t;
}

/* A value: a token that its container counts. */
static inline struct tg_json_token *push_value(struct reader *r, const uint8_t *at,
                                               enum tg_json_kind kind)
{
    struct tg_json_token *t = push(r, at, kind, r->member);
    r->last = t;
    r->size++;
    return t;
}

/* The token's text ends before `at`. */
static inline const uint8_t *end_token(const struct reader *r, struct tg_json_token *t,
                                       const uint8_t *at)
{
    t->end = (uint32_t)(at - r->begin);
    return at;
}

/* --- scalars --------------------------------------------------------------------- */

/* The escapes and the bytes beyond ASCII that stand one after the other at `at`. */
static const uint8_t *read_odd(struct reader *r, const uint8_t *at, uint8_t *flags)
{
    if (at == r->end) {
        return fail(r, at, "");
    }
    if (*at < 0x20) {
        return fail(r, at, "a control character stands in a string: it must be escaped");
    }
    while (at < r->end && (*at == '\\' || *at >= 0x80)) {
        size_t size;
        if (*at == '\\') {
            uint8_t bytes[4];
            size_t bytes_size;
            size = tg_json_escape(at, r->end, bytes, &bytes_size);
            *flags |= TG_JSON_ESCAPED;
            if (size == 0) {
                return fail(
                    r, at,
                    "a string has an escape that is none, or half a surrogate pair");
            }
        } else {
            size = tg_utf8_size(at, r->end);
            if (size == 0) {
                return fail(r, at, "a string is not UTF-8");
            }
        }
        at += size;
    }
    return at;
}

/* A string of any form, from `at` on, somewhere inside it. */
static __attribute__((noinline)) const uint8_t *read_any_string(struct reader *r,
                                                                const uint8_t *at,
                                                                struct tg_json_token *t)
{
    at = tg_json_plain_end(at, r->begin, r->end);
    while (at == r->end || *at != '"') {
        at = read_odd(r, at, &t->flags);
        if (at == NULL) {
            return NULL;
        }
        at = tg_json_plain_end(at, r->begin, r->end);
    }
    return end_token(r, t, at + 1);
}

/* The string whose opening quote stands at `at`. Most are short and plain: such a one is
 * seen whole in its first stride. */
static ALWAYS const uint8_t *read_string(struct reader *r, const uint8_t *at,
                                         struct tg_json_token *t)
{
    at++;
    if (r->end - at >= TG_JSON_STRIDE) {
        uint64_t odd = tg_json_odd(at);
        if (odd == 0) {
            return read_any_string(r, at + TG_JSON_STRIDE, t);
        }
        at += tg_json_odd_first(odd);
        if (*at == '"') {
            return end_token(r, t, at + 1);
        }
    }
    return read_any_string(r, at, t);
}

static const uint8_t *read_word(struct reader *r, const uint8_t *at, const char *word,
                                size_t size, enum tg_json_kind kind)
{
    for (size_t i = 0; i < size; i++) {
        if (at + i == r->end || at[i] != (uint8_t)word[i]) {
            return fail(r, at + i, "no value begins like this");
        }
    }
    struct tg_json_token *t = push_value(r, at, kind);
    return t == NULL ? NULL : end_token(r, t, at + size);
}

/* A number of any form. */
static const uint8_t *read_any_number(struct reader *r, const uint8_t *at)
{
    struct tg_json_number number;
    enum tg_err err = tg_json_number(at, r->end, &r->doc->scratch, &number);
    if (err == TG_ENOMEM) {
        return out_of_memory(r, at);
    }
    if (err != TG_OK) {
        return fail(r, number.after, number.message);
    }
    struct tg_json_token *t =
        push_value(r, at, number.is_integer ? TG_JSON_INT : TG_JSON_DOUBLE);
    if (t == NULL) {
        return NULL;
    }
    if (number.is_integer) {
        t->integer = number.integer;
    } else {
        t->real = number.real;
    }
    return end_token(r, t, number.after);
}

static inline const uint8_t *read_number(struct reader *r, const uint8_t *at)
{
    int64_t integer;
    const uint8_t *after = tg_json_few_digits(at, r->end, &integer);
    if (after == NULL) {
        return read_any_number(r, at);
    }
    struct tg_json_token *t = push_value(r, at, TG_JSON_INT);
    if (t == NULL) {
        return NULL;
    }
    t->integer = integer;
    return end_token(r, t, after);
}

/* --- structure ------------------------------------------------------------------- */

/* `byte` with white space around it; NULL, without failure, if it is not there. */
static inline const uint8_t *take(const struct reader *r, const uint8_t *at, uint8_t byte)
{
    /* Mostly there is no white space. */
    if (r->end - at >= 2 && at[0] == byte && at[1] > ' ') {
        return at + 1;
    }
    at = skip_space(r, at);
    return at < r->end && *at == byte ? skip_space(r, at + 1) : NULL;
}

/* A member's name and its colon. */
static inline const uint8_t *read_name(struct reader *r, const uint8_t *at)
{
    if (at == r->end || *at != '"') {
        return fail(r, at, "a member name in quotes should stand here");
    }
    struct tg_json_token *name = push(r, at, TG_JSON_STRING, 0);
    if (name == NULL) {
        return NULL;
    }
    at = read_string(r, at, name);
    if (at == NULL) {
        return NULL;
    }
    if (!tg_json_name_key(r->doc, name)) {
        return out_of_memory(r, at);
    }
    const uint8_t *after = take(r, at, ':');
    return after != NULL ? after
                         : fail(r, skip_space(r, at), "a colon should stand here");
}

/* Go on in `open`, which may be NULL. */
static inline void enter(struct reader *r, struct tg_json_token *open, uint32_t size)
{
    bool object = open != NULL && open->kind == TG_JSON_OBJECT;
    r->open = open;
    r->size = size;
    r->closer = object ? '}' : ']';
    r->member = object ? TG_JSON_MEMBER : 0;
}

static const uint8_t *open_container(struct reader *r, const uint8_t *at,
                                     enum tg_json_kind kind)
{
    if (r->depth == r->depth_max) {
        fail_as(r, TG_ELIMIT, at, "too many levels of lists and objects");
        r->error.too_deep = true;
        return NULL;
    }
    struct tg_json_token *t = push_value(r, at, kind);
    if (t == NULL) {
        return NULL;
    }
    t->next = index_of(r, r->open);
    if (r->open != NULL) {
        r->open->size = r->size;
    }
    enter(r, t, 0);
    r->depth++;
    return at + 1;
}

static const uint8_t *close_container(struct reader *r, const uint8_t *at)
{
    struct tg_json_doc *doc = r->doc;
    struct tg_json_token *t = r->open;
    struct tg_json_token *parent = token_at(r, t->next);
    if (r->size > 0) {
        r->last->flags |= TG_JSON_LAST;
    }
    t->size = r->size;
    t->next = (uint32_t)(r->next - doc->tokens);
    at = end_token(r, t, at + 1);
    r->last = t;
    r->depth--;
    enter(r, parent, parent == NULL ? 0 : parent->size);
    if (t->kind == TG_JSON_ARRAY) {
        return at;
    }
    uint32_t repeated;
    if (!tg_json_name_repeats(doc, index_of(r, t), &repeated)) {
        return out_of_memory(r, at);
    }
    const uint8_t *where = r->begin + doc->tokens[repeated].start;
    return repeated == 0 ? at : fail(r, where, "a member name appears twice");
}

/* A scalar, or as much of a container as opens it. */
static inline const uint8_t *read_value(struct reader *r, const uint8_t *at)
{
    if (at == r->end) {
        return fail(r, at, "");
    }
    /* The most frequent first; the rest goes through a table. */
    if (*at == '"') {
        struct tg_json_token *t = push_value(r, at, TG_JSON_STRING);
        return t == NULL ? NULL : read_string(r, at, t);
    }
    switch (*at) {
    case '{':
        return open_container(r, at, TG_JSON_OBJECT);
    case '[':
        return open_container(r, at, TG_JSON_ARRAY);
    case 't':
        return read_word(r, at, "true", 4, TG_JSON_BOOL);
    case 'f':
        return read_word(r, at, "false", 5, TG_JSON_BOOL);
    case 'n':
        return read_word(r, at, "null", 4, TG_JSON_NULL);
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
        return read_number(r, at);
    default:
        return fail(r, at, "no value begins like this");
    }
}

/* After a value, without a comma: close what ends here. Where the next value or name
 * should begin, or, with nothing open, the end. */
static const uint8_t *read_closers(struct reader *r, const uint8_t *at)
{
    for (;;) {
        at = skip_space(r, at);
        if (r->open == NULL) {
            return at == r->end ? at : fail(r, at, "something follows after the value");
        }
        if (at < r->end && *at == r->closer) {
            at = close_container(r, at);
            if (at == NULL) {
                return NULL;
            }
            continue;
        }
        /* Nothing in it yet: the first one may stand here. */
        if (r->size == 0) {
            return at;
        }
        const uint8_t *next = take(r, at, ',');
        if (next == NULL) {
            return fail(r, at,
                        r->member ? "a comma or } should stand here"
                                  : "a comma or ] should stand here");
        }
        return next;
    }
}

static const uint8_t *read_text(struct reader *r, const uint8_t *at)
{
    at = skip_space(r, at);
    if (at == r->end) {
        return fail_as(r, TG_EINVAL, at, "there is no value");
    }
    for (;;) {
        at = read_value(r, at);
        if (at == NULL) {
            return NULL;
        }
        const uint8_t *next = r->open != NULL && r->size > 0 ? take(r, at, ',') : NULL;
        at = next != NULL ? next : read_closers(r, at);
        if (at == NULL || r->open == NULL) {
            return at;
        }
        if (r->member) {
            at = read_name(r, at);
            if (at == NULL) {
                return NULL;
            }
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
        .end = text.data + text.size,
        .next = doc->tokens,
        .depth_max = limits->depth_max != 0 ? limits->depth_max : 32,
        .values_max = limits->values_max != 0 ? limits->values_max : 100000,
    };
    set_room(&r);
    doc->text = text;
    doc->count = 0;
    const uint8_t *after = text.size > TEXT_BYTES_MAX
                               ? fail_as(&r, TG_ELIMIT, r.begin, "longer than 1 GiB")
                               : read_text(&r, r.begin);
    if (after == NULL) {
        if (error != NULL) {
            *error = r.error;
        }
        return r.err;
    }
    doc->count = (uint32_t)(r.next - doc->tokens);
    return TG_OK;
}
