/* A filter: what one subscription may have and wants (`access && where`), in canonical
 * form, ready for the matcher.
 *
 *   parse -> check against the schema -> bind the client's claims -> fold constants ->
 *   negation-normal form -> canonical order
 *
 * In that form every error may be taken for false: a monotone formula of literals is true
 * exactly when it is true with error := false (QUERY.md). So a filter is two-valued.
 *
 * A filter is one block of memory without pointers: header, terms in preorder, bytes.
 * Equal filters have equal bytes. What is not a comparison of one slot with constants
 * (arithmetic, field against field, JSON paths, ?:) is a literal of kind PROGRAM: the
 * bytecode of program.h, that must give exactly `true` (or, negated, exactly `false`). */
#ifndef TG_QUERY_FILTER_H
#define TG_QUERY_FILTER_H

#include "engine/cel/parse.h"
#include "engine/cel/program.h"
#include "engine/query/row.h"

enum tg_term_kind {
    TG_TERM_TRUE, /* Only as the whole filter; so FALSE. */
    TG_TERM_FALSE,
    TG_TERM_AND, /* The terms that follow, up to `skip` after this one, are its own. */
    TG_TERM_OR,
    /* Literals on one slot. All are false if the cell is absent (but a negated PRESENT).
     * `negated` ones of the next six are true of null too (but IS_NULL): null is
     * different from everything. */
    TG_TERM_NUMBER_IS,  /* number == low. */
    TG_TERM_NUMBER_ONE, /* Among the `count` numbers at `at`, ascending. */
    TG_TERM_TEXT_IS,    /* The `size` bytes at `at`. */
    TG_TERM_TEXT_ONE,   /* Among the `count` texts at `at` (struct tg_term_text),
                           ascending. */
    TG_TERM_IS_NULL,
    TG_TERM_IS_EMPTY, /* A list of no items. (size(tags) == 0) */
    /* Never true of null; negation is resolved, `negated` is false of the ranges. */
    TG_TERM_NUMBER_RANGE, /* low <= number <= high. */
    TG_TERM_TEXT_RANGE,   /* Between two texts, by bytes. */
    TG_TERM_PREFIX,       /* The `size` bytes at `at`; may be `negated`. So the next. */
    TG_TERM_SUFFIX,
    TG_TERM_CONTAINS,
    TG_TERM_ITEM_NUMBER, /* The list has an item equal to low. */
    TG_TERM_ITEM_TEXT,   /* … to the text. */
    TG_TERM_PRESENT,     /* has(data.x): here or null; `negated`: absent. */
    TG_TERM_PROGRAM, /* A program of `size` bytes at `at`: true, or `negated`: false. */
};

/* A term. Offsets (`at`) count from the filter's beginning. */
struct tg_term {
    uint8_t kind;
    bool negated;
    uint16_t slot;
    uint32_t skip; /* Terms of this subtree, itself included: the next sibling. */
    union {
        struct {
            int64_t low;
            int64_t high;
        };
        struct {
            uint32_t at;
            uint32_t size;
            uint32_t count;
        };
        struct { /* TEXT_RANGE: an open end has UINT32_MAX as its place. */
            uint32_t low_at;
            uint32_t low_size;
            uint32_t high_at;
            uint32_t high_size : 30;
            uint32_t low_open : 1; /* The end itself is outside. */
            uint32_t high_open : 1;
        };
    };
};

struct tg_term_text {
    uint32_t at;
    uint32_t size;
};

struct tg_filter {
    uint32_t size;        /* Bytes of the whole. */
    uint32_t terms_count; /* At least 1. */
    uint32_t cost;        /* Static: steps of one evaluation at most. */
    uint32_t programs;    /* Literals of kind PROGRAM. */
    uint64_t slots;       /* tg_slot_bit of all that it looks at. */
    bool about_event; /* It looks at `old` or `event`: a query about what happened, not
                             about rows, so it is asked of the event alone. */
    struct tg_term terms[];
};

static inline struct tg_slice tg_filter_bytes(const struct tg_filter *filter, uint32_t at,
                                              uint32_t size)
{
    return tg_slice((const uint8_t *)filter + at, size);
}

/* What to compile. */
struct tg_filter_request {
    const struct tg_schema *schema;
    struct tg_slice access; /* The type's rule; empty: everyone may have all. */
    struct tg_slice where;  /* Empty: all that one may have. */
    struct tg_json claims;  /* An object; NONE: no claim is made. */
    const struct tg_query_limits *limits; /* Of `where`; the rule was checked before. */
    /* NULL, or where to tell people which parts became programs: each as it was written,
     * one a line. Not for clients: the rule's are among them. */
    struct tg_buf *programs;
};

/* What compiling keeps from one to the next: all zero is empty. */
struct tg_compiler;
struct tg_compiler *tg_compiler_create(void);
void tg_compiler_destroy(struct tg_compiler *compiler);

/* `*filter` is the caller's, to tg_free. A refusal speaks of `where` alone, and never of
 * what it may not see: hidden fields are unknown to it.
 *
 * TG_EINVAL  `query_syntax`, `query_field`, `query_type`, `query_unsupported`.
 * TG_ELIMIT  `query_limit`.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_filter_compile(struct tg_compiler *compiler,
                                          const struct tg_filter_request *request,
                                          struct tg_filter **filter,
                                          struct tg_refusal *refusal);

/* Check an access rule as a catalogue brings it, without claims: hidden fields are known
 * to it, `auth.*` may be anything, `old` and `event` may not be named; its cost is
 * judged as if no claim were there. Errors as above. */
TG_MUST_USE enum tg_err tg_rule_check(struct tg_compiler *compiler,
                                      const struct tg_schema *schema,
                                      struct tg_slice rule,
                                      const struct tg_query_limits *limits,
                                      struct tg_refusal *refusal);

/* Is it true of the row? The contiguous scan, which the matcher is held to. All of it
 * takes TG_STEPS_MAX steps at most: each program has a share of them as large as its part
 * of the filter's cost, and is an error (so not true, negated or not) where it is not
 * done within that. */
bool tg_filter_is_true(const struct tg_filter *filter, const struct tg_schema *schema,
                       const struct tg_row *row, struct tg_space *space);
/* One literal (no AND, OR) of it. */
bool tg_term_is_true(const struct tg_filter *filter, const struct tg_term *term,
                     const struct tg_schema *schema, const struct tg_row *row,
                     struct tg_space *space);

/* Append the normal form as CEL: what `explain` shows. */
void tg_filter_write(const struct tg_filter *filter, const struct tg_schema *schema,
                     struct tg_buf *buf);

#endif
