/* From a checked tree to one in which every name is a variable with a number or a
 * constant: ready for the normal form, and for programs. Private to this folder. */
#ifndef TG_QUERY_BIND_H
#define TG_QUERY_BIND_H

#include "engine/query/check.h"
#include "engine/query/program.h"

/* Numbers of variables. Below: slots. */
enum {
    TG_VARIABLE_HAS = 1024,     /* + slot: has(data.x), a bool. */
    TG_VARIABLE_MISSING = 2048, /* A claim that is not there: always an error. */
    TG_VARIABLE_KNOWN = 2049,   /* + place in `known`. */
};

enum { TG_BOUND_NODES_MAX = 65536 };

struct tg_bound_node {
    int32_t variable; /* -1: it is none. */
    bool is_constant; /* The same at every event; an error, maybe. */
    bool about_event; /* It looks at `old` or `event`. */
    uint32_t size;    /* Nodes of the subtree. */
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

/* A copy that stays; `data` NULL without memory. */
struct tg_slice tg_keep_copy(struct tg_keep *keep, struct tg_slice text);
void tg_keep_finish(struct tg_keep *keep);

#endif
