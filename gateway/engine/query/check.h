/* What the names of an expression mean, and whether its types fit: before any event is
 * seen. Private to this folder. */
#ifndef TG_QUERY_CHECK_H
#define TG_QUERY_CHECK_H

#include "engine/cel/parse.h"
#include "engine/cel/scalar.h"
#include "engine/query/row.h"

/* Types as they are known before any event. ANY: it is looked at per event. */
enum tg_type_known {
    TG_KNOWN_ANY,
    TG_KNOWN_NULL,
    TG_KNOWN_BOOL,
    TG_KNOWN_INT,
    TG_KNOWN_UINT,
    TG_KNOWN_DOUBLE,
    TG_KNOWN_DECIMAL,
    TG_KNOWN_STRING,
    TG_KNOWN_UUID,
    TG_KNOWN_TIMESTAMP,
    TG_KNOWN_DURATION,
    TG_KNOWN_DATE,
    TG_KNOWN_LIST,
};

/* What a node is. */
enum tg_meaning_kind {
    TG_MEANS_VALUE, /* What its kind says, of its children. */
    TG_MEANS_DATA,  /* `data`; it has fields, and is no value. So the next three. */
    TG_MEANS_OLD,
    TG_MEANS_EVENT,
    TG_MEANS_AUTH,
    TG_MEANS_CLAIM, /* auth.a.b: a path of names from `auth` on. */
    TG_MEANS_SLOT,  /* A field, `event.op`, … */
    TG_MEANS_TYPE,  /* `event.type` */
    TG_MEANS_HAS,   /* has(data.x): `slot`. */
    TG_MEANS_HAS_CLAIM,
    TG_MEANS_LOCAL, /* The variable of a macro. */
};

struct tg_meaning {
    uint8_t is;       /* enum tg_meaning_kind */
    uint8_t type;     /* enum tg_type_known; so the next two. */
    uint8_t items;    /* Of a LIST. */
    uint8_t read_as;  /* A literal or claim beside a field is read as this type, if it has
                         the form. ANY: it is what it is. */
    bool nullable;    /* It may be null. */
    bool is_constant; /* A literal, or made of such alone. */
    uint16_t slot;    /* A LOCAL's: of the list that the macro runs through. */
    uint32_t macro;   /* The macro in whose body this is, plus one; 0: in none. */
};

/* What is kept from one check to the next; all zero is empty. */
struct tg_check {
    struct tg_meaning *nodes; /* By the index of the tree's nodes. */
    uint32_t capacity;
};

/* Check the whole tree. `is_rule`: hidden fields are known, `old` and `event` are not.
 *
 * TG_EINVAL  `query_field`, `query_type`, `query_unsupported`.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_check(struct tg_check *check, const struct tg_ast *ast,
                                 const struct tg_schema *schema, bool is_rule,
                                 const struct tg_query_limits *limits,
                                 struct tg_refusal *refusal);
void tg_check_finish(struct tg_check *check);

/* --- Between the files of the check ---------------------------------------------- */

struct tg_checker {
    struct tg_meaning *nodes;
    const struct tg_ast *ast;
    const struct tg_schema *schema;
    const struct tg_query_limits *limits;
    struct tg_refusal *refusal;
    uint32_t patterns_cost; /* Of those seen so far. */
    bool is_rule;
};

#define tg_check_refuse(c, code, place, ...)                                        \
    (tg_query_refuse((c)->refusal, (code), (c)->ast->source, (place), __VA_ARGS__), \
     TG_EINVAL)

static inline struct tg_meaning *tg_check_child(const struct tg_checker *c,
                                                const struct tg_ast_node *node,
                                                uint32_t n)
{
    return &c->nodes[tg_ast_child_index(c->ast, node, n)];
}

/* check_names.c: NAME, SELECT, INDEX, HAS. */
enum tg_err tg_check_name(struct tg_checker *c, uint32_t at);
enum tg_err tg_check_select(struct tg_checker *c, uint32_t at);
enum tg_err tg_check_index(struct tg_checker *c, uint32_t at);
enum tg_err tg_check_has(struct tg_checker *c, uint32_t at);
/* check_calls.c: CALL, METHOD. */
enum tg_err tg_check_call(struct tg_checker *c, uint32_t at);
/* check_types.c: operators. */
enum tg_err tg_check_compare(struct tg_checker *c, uint32_t at);
enum tg_err tg_check_in(struct tg_checker *c, uint32_t at);
enum tg_err tg_check_arithmetic(struct tg_checker *c, uint32_t at);
enum tg_err tg_check_negate(struct tg_checker *c, uint32_t at);
/* check_names.c: is there such a field, that this expression may know? */
enum tg_err tg_check_field(struct tg_checker *c, uint32_t place, struct tg_slice name);
bool tg_check_is_text_field(const struct tg_checker *c, struct tg_slice name);
/* check_hints.c: the literal at `at`, compared with event.op, must be an operation. */
enum tg_err tg_check_operation(struct tg_checker *c, uint32_t at);
/* What is meant by a word of another language (`None`, `toLowerCase`); empty: unknown. */
struct tg_slice tg_hint_value(struct tg_slice word);
struct tg_slice tg_hint_function(struct tg_slice word);
/* Make `name` the one that is near. */
void tg_hint_only(struct tg_nearest *nearest, struct tg_slice name);
/* "; write timestamp("…")" for what stands where a value of `type` should, or "". */
enum { TG_HINT_MAX = 96 };
const char *tg_hint_literal(uint8_t type, const struct tg_ast_node *literal,
                            char hint[TG_HINT_MAX]);
/* Is the unknown name at `at` compared with a text? Then it may be one without quotes. */
bool tg_hint_is_text(const struct tg_checker *c, uint32_t at);
/* `total (decimal)`, for messages. */
enum { TG_CHECK_TEXT_MAX = 128 };
/* What the node is in the source, or … if it is too long, or has lines. */
struct tg_slice tg_check_source(const struct tg_checker *c, uint32_t at);
const char *tg_check_text(const struct tg_checker *c, uint32_t at,
                          char text[TG_CHECK_TEXT_MAX]);
/* `"create", "update" or "delete"`, of a set of bits. */
const char *tg_operations_text(uint32_t operations, char text[TG_CHECK_TEXT_MAX]);
const char *tg_type_known_text(enum tg_type_known type);
/* 36 characters, in any case. */
bool tg_check_is_uuid(struct tg_slice text);

static inline bool tg_type_is_text(uint8_t type)
{
    return type == TG_KNOWN_STRING || type == TG_KNOWN_UUID;
}

static inline bool tg_type_is_number(uint8_t type)
{
    return type >= TG_KNOWN_INT && type <= TG_KNOWN_DECIMAL;
}

#endif
