/* From a checked tree to one in which every name is a variable with a number or a
 * constant: ready for the normal form, and for programs. Private to this folder. */
#ifndef TG_QUERY_BIND_H
#define TG_QUERY_BIND_H

#include "engine/cel/program.h"
#include "engine/query/check.h"

/* Numbers of variables. Below: slots. */
enum {
    TG_VARIABLE_HAS = 1024,     /* + slot: has(data.x), a bool. */
    TG_VARIABLE_MISSING = 2048, /* A claim that is not there: always an error. */
    TG_VARIABLE_KNOWN = 2049,   /* + place in `known`. */
};

/* Nodes that claims may come to, however often they are named: four times what the
 * largest claims are. And what a pattern is counted as. Both bound the work of compiling.
 */
enum { TG_BOUND_CLAIMS_MAX = 8192, TG_BOUND_PATTERN = 1000 };

struct tg_bound_node {
    int32_t variable; /* -1: it is none. */
    bool is_constant; /* The same at every event; an error, maybe. */
    bool about_event; /* It looks at `old` or `event`. */
    uint32_t size;    /* Nodes of the subtree, and TG_BOUND_PATTERN for each pattern. */
    uint64_t slots;   /* tg_slot_bit of all that it looks at. */
};

/* Texts that live as long as what was bound: blocks, freed all at once. */
struct tg_keep {
    struct tg_keep_block *blocks;
};

/* All zero is empty. */
struct tg_bound {
    struct tg_ast tree; /* Variables are NAMEs, `#` and the number. */
    struct tg_bound_node *nodes;
    struct tg_value *known;
    uint32_t known_count;
    uint32_t known_capacity;
    uint32_t nodes_max;
    uint32_t *places; /* By the node of the source: its place in `tree`. */
    uint32_t places_capacity;
    struct tg_keep keep;
    struct tg_buf scratch;
};

/* Bind the checked tree `ast`. `shift` is added to the slots of fields: TG_SLOT_OLD asks
 * the same of the row before. Texts of `ast` and of `claims` are borrowed.
 *
 * TG_ELIMIT  Claims are so large, and named so often, that it is too much.
 * TG_ENOMEM  */
TG_MUST_USE enum tg_err tg_bind(struct tg_bound *bound, const struct tg_ast *ast,
                                const struct tg_check *check,
                                const struct tg_schema *schema, struct tg_json claims,
                                uint16_t shift);
void tg_bound_finish(struct tg_bound *bound);

/* What the names of a bound tree are, for tg_program_compile. */
struct tg_scope tg_bound_scope(const struct tg_bound *bound);

/* --- Between the files of binding ------------------------------------------------ */

struct tg_binder {
    struct tg_bound *bound;
    const struct tg_ast *ast;
    const struct tg_meaning *meanings;
    const struct tg_schema *schema;
    struct tg_json claims;
    uint16_t shift;
};

/* Add `node` with these children, the last of the tree now. In the next ones `from` is
 * the source's node that it stands for. */
enum tg_err tg_bind_add(struct tg_binder *b, struct tg_ast_node node,
                        const uint32_t *children, uint32_t count);
/* A string, a variable. */
enum tg_err tg_bind_text(struct tg_binder *b, const struct tg_ast_node *from,
                         struct tg_slice text);
enum tg_err tg_bind_variable(struct tg_binder *b, const struct tg_ast_node *from,
                             uint32_t variable);
/* A constant that no literal of the source is. */
enum tg_err tg_bind_known(struct tg_binder *b, const struct tg_ast_node *from,
                          struct tg_value value);
/* The decimal of `text`, or `other` if it has too many digits. */
enum tg_err tg_bind_decimal(struct tg_binder *b, const struct tg_ast_node *other,
                            struct tg_slice text);
/* A string as a value of the type beside it, if it has the form; else as a string. */
enum tg_err tg_bind_text_as(struct tg_binder *b, const struct tg_ast_node *from,
                            struct tg_slice text, uint8_t read_as);
/* bind_claims.c */
enum tg_err tg_bind_claim(struct tg_binder *b, uint32_t at);
enum tg_err tg_bind_has_claim(struct tg_binder *b, const struct tg_ast_node *node);

/* A copy that stays; `data` NULL without memory. */
struct tg_slice tg_keep_copy(struct tg_keep *keep, struct tg_slice text);
void tg_keep_finish(struct tg_keep *keep);

#endif
