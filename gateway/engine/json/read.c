/* The reading half: one pass over the text, a loop over what may stand next. Open
 * containers are a list through the token array, so depth costs no stack. */
#include "engine/json/json.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/map.h"
#include "engine/base/mem.h"
#include "engine/json/text.h"
#include "engine/json/token.h"

#define NO_CONTAINER UINT32_MAX
enum { TEXT_BYTES_MAX = 1 << 30 };
/* From this many members on, names are looked up in a table to find one that repeats. */
enum { FEW_MEMBERS = 16 };

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
    r->error = (struct tg_json_error){(size_t)(where - r->begin), message};
    return err;
}

static enum tg_err fail(struct reader *r, const uint8_t *where, const char *message)
{
    return fail_as(r, TG_EINVAL, where,
                   where == r->end ? "the text ends too early" : message);
}

static void skip_space(struct reader *r)
{
    const uint8_t *at = r->at;
    while (at < r->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    r->at = at;
}

/* --- tokens ------------------------------------------------------------------------ */

static enum tg_err grow(struct reader *r)
{
    struct tg_json_doc *doc = r->doc;
    uint32_t capacity = doc->capacity < 32 ? 64 : doc->capacity * 2;
    struct tg_json_token *tokens = tg_resize(doc->tokens, capacity * sizeof *tokens);
    if (tokens == NULL) {
        return fail_as(r, TG_ENOMEM, r->at, "out of memory");
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

/* --- scalars ----------------------------------------------------------------------- */

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

/* What the grammar found in a number. `digits` and `exponent` hold its value if
 * `digits_count` is at most 19. */
struct number {
    bool negative;
    bool whole; /* No fraction, no exponent. */
    uint64_t digits;
    uint64_t digits_count; /* From the first that is not 0. */
    int64_t exponent;
};

static inline bool is_digit(const struct reader *r, const uint8_t *at)
{
    return at < r->end && *at >= '0' && *at <= '9';
}

static inline const uint8_t *read_digits(const struct reader *r, const uint8_t *at,
                                         struct number *n)
{
    for (; is_digit(r, at); at++) {
        if (n->digits != 0 || *at != '0') {
            n->digits_count++;
        }
        if (n->digits_count <= 19) {
            n->digits = n->digits * 10 + (uint64_t)(*at - '0');
        }
    }
    return at;
}

/* RFC 8259 section 6: number = [ minus ] int [ frac ] [ exp ]. */
static enum tg_err scan_number(struct reader *r, const uint8_t **after, struct number *n)
{
    const uint8_t *at = r->at;
    *n = (struct number){.whole = true};
    if (*at == '-') {
        n->negative = true;
        at++;
    }
    if (!is_digit(r, at)) {
        return fail(r, at, "a number lacks a digit");
    }
    if (*at == '0' && is_digit(r, at + 1)) {
        return fail(r, at, "a number begins with a needless 0");
    }
    at = read_digits(r, at, n);
    if (at < r->end && *at == '.') {
        const uint8_t *point = at++;
        if (!is_digit(r, at)) {
            return fail(r, at, "a number lacks a digit");
        }
        at = read_digits(r, at, n);
        n->whole = false;
        n->exponent = -(at - point - 1);
    }
    if (at < r->end && (*at | 0x20) == 'e') {
        at++;
        bool minus = at < r->end && *at == '-';
        if (at < r->end && (*at == '-' || *at == '+')) {
            at++;
        }
        if (!is_digit(r, at)) {
            return fail(r, at, "a number lacks a digit");
        }
        struct number power = {0};
        at = read_digits(r, at, &power);
        /* Far outside of any double, and the sum cannot overflow. */
        int64_t size = power.digits > (1 << 30) || power.digits_count > 19
                           ? INT64_C(1) << 40
                           : (int64_t)power.digits;
        n->whole = false;
        n->exponent += minus ? -size : size;
    }
    *after = at;
    return TG_OK;
}

/* Correctly rounded. Up to 2^53 and 10^22 both factors are exact, so that one
 * multiplication or division rounds once (Clinger 1990); the rest is strtod's. The process
 * never calls setlocale: strtod reads a full stop. */
static enum tg_err to_double(struct reader *r, const uint8_t *after,
                             const struct number *n, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (n->digits_count <= 19 && n->digits <= UINT64_C(1) << 53 && n->exponent >= -22 &&
        n->exponent <= 22) {
        double magnitude = (double)n->digits;
        magnitude = n->exponent < 0 ? magnitude / powers[-n->exponent]
                                    : magnitude * powers[n->exponent];
        *value = n->negative ? -magnitude : magnitude;
        return TG_OK;
    }
    char few[64];
    char *copy = few;
    size_t size = (size_t)(after - r->at);
    if (size >= sizeof few) {
        tg_buf_clear(&r->doc->scratch);
        copy = (char *)tg_buf_room(&r->doc->scratch, size + 1);
        if (copy == NULL) {
            return fail_as(r, TG_ENOMEM, r->at, "out of memory");
        }
    }
    memcpy(copy, r->at, size);
    copy[size] = '\0';
    *value = strtod(copy, NULL);
    return isfinite(*value) ? TG_OK
                            : fail(r, r->at, "a number is too large for a double");
}

static enum tg_err read_number(struct reader *r)
{
    struct number n;
    const uint8_t *after;
    enum tg_err err = scan_number(r, &after, &n);
    if (err != TG_OK) {
        return err;
    }
    double real = 0;
    if (n.whole) {
        uint64_t most = (uint64_t)INT64_MAX + (n.negative ? 1 : 0);
        if (n.digits_count > 19 || n.digits > most) {
            return fail(r, r->at, "an integer outside 64 bits");
        }
    } else {
        err = to_double(r, after, &n, &real);
        if (err != TG_OK) {
            return err;
        }
    }
    uint32_t index;
    err = push_value(r, n.whole ? TG_JSON_INT : TG_JSON_DOUBLE, &index);
    if (err != TG_OK) {
        return err;
    }
    struct tg_json_token *t = &r->doc->tokens[index];
    if (n.whole) {
        t->integer = (int64_t)(n.negative ? 0 - n.digits : n.digits);
    } else {
        t->real = real;
    }
    r->at = after;
    t->end = (uint32_t)(after - r->begin);
    return TG_OK;
}

/* --- names ------------------------------------------------------------------------- */

/* The unescaped name; borrowed from the text, or appended to the document's scratch. */
static bool name_bytes(struct tg_json_doc *doc, const struct tg_json_token *name,
                       struct tg_slice *bytes)
{
    struct tg_slice source = tg_slice(doc->text.data + name->start + 1,
                                      name->end - name->start - 2);
    if ((name->flags & TG_JSON_ESCAPED) == 0) {
        *bytes = source;
        return true;
    }
    struct tg_buf *scratch = &doc->scratch;
    size_t before = scratch->size;
    /* Unescaping never makes a string longer. */
    uint8_t *to = tg_buf_room(scratch, source.size);
    if (to == NULL) {
        return false;
    }
    for (size_t i = 0; i < source.size;) {
        size_t size = 1;
        if (source.data[i] == '\\') {
            i += tg_json_escape(source.data + i, source.data + source.size, to, &size);
        } else {
            *to = source.data[i++];
        }
        to += size;
    }
    scratch->size = (size_t)(to - scratch->data);
    *bytes = tg_slice(scratch->data + before, scratch->size - before);
    return true;
}

static bool same_name(struct tg_json_doc *doc, uint32_t a, uint32_t b, bool *same)
{
    struct tg_slice first;
    struct tg_slice second;
    if (!name_bytes(doc, &doc->tokens[a], &first) ||
        !name_bytes(doc, &doc->tokens[b], &second)) {
        return false;
    }
    if ((doc->tokens[a].flags & TG_JSON_ESCAPED) != 0) {
        /* The second may have moved it. */
        bool also = (doc->tokens[b].flags & TG_JSON_ESCAPED) != 0;
        size_t after = doc->scratch.size - (also ? second.size : 0);
        first.data = doc->scratch.data + after - first.size;
    }
    *same = tg_slice_equal(first, second);
    return true;
}

/* The first 8 bytes and the size: equal for equal names. */
static uint64_t name_key(struct tg_slice name, const uint8_t *readable_to)
{
    uint64_t key = 0;
    if (name.size >= 8) {
        uint64_t tail;
        memcpy(&key, name.data, 8);
        memcpy(&tail, name.data + name.size - 8, 8);
        key ^= tail * UINT64_C(0x9e3779b97f4a7c15);
    } else if (name.size > 0 && readable_to - name.data >= 8) {
        memcpy(&key, name.data, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        key = __builtin_bswap64(key);
#endif
        key &= UINT64_MAX >> (64 - 8 * name.size);
    } else {
        for (size_t i = 0; i < name.size; i++) {
            key |= (uint64_t)name.data[i] << (8 * i);
        }
    }
    return key ^ (uint64_t)name.size << 56;
}

static enum tg_err out_of_memory(struct reader *r)
{
    return fail_as(r, TG_ENOMEM, r->at, "out of memory");
}

static enum tg_err repeats(struct reader *r, uint32_t name)
{
    return fail(r, r->begin + r->doc->tokens[name].start, "a member name appears twice");
}

static enum tg_err check_few(struct reader *r, uint32_t object, uint32_t size)
{
    struct tg_json_doc *doc = r->doc;
    uint64_t keys[FEW_MEMBERS];
    uint32_t names[FEW_MEMBERS];
    uint32_t name = object + 1;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t key = doc->tokens[name].key;
        for (uint32_t j = 0; j < i; j++) {
            if (keys[j] != key) {
                continue;
            }
            bool same;
            tg_buf_clear(&doc->scratch);
            if (!same_name(doc, names[j], name, &same)) {
                return out_of_memory(r);
            }
            if (same) {
                return repeats(r, name);
            }
        }
        keys[i] = key;
        names[i] = name;
        name = tg_json_after(doc->tokens, name + 1);
    }
    return TG_OK;
}

/* A table of places, open addressing, at the beginning of the scratch buffer; the hash is
 * keyed, so that names cannot be chosen to collide. */
static enum tg_err check_many(struct reader *r, uint32_t object, uint32_t size)
{
    struct tg_json_doc *doc = r->doc;
    size_t places = 64;
    while (places < (size_t)size * 2) {
        places *= 2;
    }
    tg_buf_clear(&doc->scratch);
    uint8_t *table = tg_buf_room(&doc->scratch, places * sizeof(uint32_t));
    if (table == NULL) {
        return out_of_memory(r);
    }
    memset(table, 0xff, places * sizeof(uint32_t));
    size_t table_size = places * sizeof(uint32_t);
    doc->scratch.size = table_size;

    uint32_t name = object + 1;
    for (uint32_t i = 0; i < size; i++) {
        struct tg_slice bytes;
        doc->scratch.size = table_size;
        if (!name_bytes(doc, &doc->tokens[name], &bytes)) {
            return out_of_memory(r);
        }
        uint64_t hash = tg_hash(bytes);
        doc->tokens[name].key = hash;
        size_t at = hash & (places - 1);
        for (;; at = (at + 1) & (places - 1)) {
            uint32_t other = ((const uint32_t *)(const void *)doc->scratch.data)[at];
            if (other == UINT32_MAX) {
                break;
            }
            bool same = false;
            doc->scratch.size = table_size;
            if (doc->tokens[other].key == hash && !same_name(doc, other, name, &same)) {
                return out_of_memory(r);
            }
            if (same) {
                return repeats(r, name);
            }
        }
        ((uint32_t *)(void *)doc->scratch.data)[at] = name;
        name = tg_json_after(doc->tokens, name + 1);
    }
    return TG_OK;
}

/* --- structure --------------------------------------------------------------------- */

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
    struct tg_slice bytes;
    tg_buf_clear(&doc->scratch);
    if (!name_bytes(doc, name, &bytes)) {
        return out_of_memory(r);
    }
    name->key = name_key(bytes, name->flags != 0 ? bytes.data + bytes.size : r->end);
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
        return fail_as(r, TG_ELIMIT, r->at, "too many levels of lists and objects");
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
    if (t->kind == TG_JSON_ARRAY || t->size < 2) {
        return TG_OK;
    }
    return t->size <= FEW_MEMBERS ? check_few(r, index, t->size)
                                  : check_many(r, index, t->size);
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
    case '{': return open_container(r, TG_JSON_OBJECT);
    case '[': return open_container(r, TG_JSON_ARRAY);
    case 't': return read_word(r, "true", 4, TG_JSON_BOOL);
    case 'f': return read_word(r, "false", 5, TG_JSON_BOOL);
    case 'n': return read_word(r, "null", 4, TG_JSON_NULL);
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
    case '9': return read_number(r);
    default: return fail(r, r->at, "no value begins like this");
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
