/* JSON (RFC 8259), read strictly and without allocating per value.
 *
 * `tg_json_parse` judges the whole text at once and leaves a flat array of tokens, in
 * the order of the text; values stay where they are and are looked at through
 * `struct tg_json`, a cursor. Reading is iterative (no recursion on input). Strict means:
 * UTF-8 judged, no unpaired surrogate escape, no duplicate member name in one object
 * (compared after unescaping), a stated depth, no byte after the value but white space,
 * and numbers that are exact as a signed 64-bit integer or finite as a double.
 *
 * A document may be parsed into again and again; it keeps its token array, so that a
 * thread that parses a million events allocates a few times. */
#ifndef TG_JSON_JSON_H
#define TG_JSON_JSON_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/slice.h"

enum tg_json_kind {
    TG_JSON_NONE, /* No value: a member that is not there, the end of an iteration. */
    TG_JSON_NULL,
    TG_JSON_BOOL,
    TG_JSON_INT,    /* No fraction, no exponent, fits int64_t. */
    TG_JSON_DOUBLE, /* Any other number (100000000000000000000 too); finite. */
    TG_JSON_STRING,
    TG_JSON_ARRAY,
    TG_JSON_OBJECT,
};

struct tg_json_token; /* Private to this folder. */

/* All zero is a document without a value. */
struct tg_json_doc {
    struct tg_slice text; /* Borrowed: must stay until the last look at a value. */
    struct tg_json_token *tokens;
    uint32_t count;
    uint32_t capacity;
    struct tg_buf scratch; /* For parsing: names with escapes, the look for duplicates. */
};

/* A value in a document; small, passed by value. Valid until the next parse. */
struct tg_json {
    const struct tg_json_doc *doc;
    const struct tg_json_token *token; /* NULL: NONE. */
};

struct tg_json_limits {
    uint32_t depth_max;  /* Levels of arrays and objects; 0 means 32. */
    uint32_t values_max; /* Values and names in all; 0 means 100,000. */
};

struct tg_json_error {
    size_t offset;       /* Of the byte that is wrong, from 0. */
    const char *message; /* A static string: "a member name appears twice". */
    bool too_deep;       /* Of TG_ELIMIT: too many levels, not too many values. */
};

/* Read `text` (at most 1 GiB) into `doc`.
 *
 * TG_EINVAL  It is not JSON; `error` says where and why.
 * TG_ELIMIT  Deeper or more than `limits` (NULL: the defaults); `error` says which.
 * TG_ENOMEM  Nothing is in `doc`. */
TG_MUST_USE enum tg_err tg_json_parse(struct tg_json_doc *doc, struct tg_slice text,
                                      const struct tg_json_limits *limits,
                                      struct tg_json_error *error);
void tg_json_finish(struct tg_json_doc *doc);

/* The document's value. */
static inline struct tg_json tg_json_root(const struct tg_json_doc *doc);
static inline enum tg_json_kind tg_json_kind(struct tg_json value);
/* "a string", "null", "nothing": for messages. */
const char *tg_json_kind_text(enum tg_json_kind kind);

/* The value's source text as it came (strings with their quotes). */
static inline struct tg_slice tg_json_raw(struct tg_json value);

/* The member of an object, NONE if it is not there or this is no object. */
struct tg_json tg_json_get(struct tg_json object, const char *name);
/* Is this a member's value, and the member's name (unescaped) `name`? Takes no memory. */
static inline bool tg_json_name_is(struct tg_json member_value, struct tg_slice name);
/* How many members or items; 0 for other kinds. */
static inline uint32_t tg_json_size(struct tg_json value);
/* The first item of an array, or first member's value of an object; NONE if empty.
 * `tg_json_next` goes on from one item or member value to the next, and gives NONE at
 * the end. */
static inline struct tg_json tg_json_first(struct tg_json container);
static inline struct tg_json tg_json_next(struct tg_json item);
/* The name of the member whose value this is, unescaped. Borrows from the text, or from
 * `scratch` (cleared first) if it had escapes; empty if it had and `scratch` is NULL or
 * found no memory. Only for values reached from an object by first/next/get. */
static inline struct tg_slice tg_json_name(struct tg_json member_value,
                                           struct tg_buf *scratch);

/* A string's bytes, unescaped: borrowed from the text, or from `scratch` (cleared first)
 * if it had escapes. `scratch` may be NULL if escapes are to be refused. False if it is
 * no string (or has escapes and no scratch, or memory ended). It may contain NUL. */
static inline bool tg_json_string(struct tg_json value, struct tg_buf *scratch,
                                  struct tg_slice *string);
static inline bool tg_json_int(struct tg_json value, int64_t *number);
/* Of INT and DOUBLE. */
bool tg_json_double(struct tg_json value, double *number);
bool tg_json_bool(struct tg_json value, bool *truth);

/* Writing: append to a buffer; failure is the buffer's (sticky). */

/* A string with quotes, escaped as RFC 8259 section 7 asks; the bytes must be UTF-8
 * (invalid ones become U+FFFD). */
void tg_json_write_string(struct tg_buf *buf, struct tg_slice string);
void tg_json_write_text(struct tg_buf *buf, const char *text);
void tg_json_write_int(struct tg_buf *buf, int64_t number);
/* A comma, unless the buffer is empty or its last byte opens a container. */
void tg_json_write_comma(struct tg_buf *buf);
/* `"name":`, preceded by a comma where `tg_json_write_comma` sets one. */
void tg_json_write_name(struct tg_buf *buf, const char *name);

#include "engine/json/look.h"

#endif
