/* What is left to ask of a candidate, as code of 32-bit words in one run: literals in the
 * order in which they are likely to decide, each with the place to go on at if it does.
 * So AND and OR need neither a tree nor a stack.
 *
 *   bits 0-4 operation; 5: negated; 6: jump if true (else: if false);
 *   bits 8-17 slot; 18-31 where to jump: words from the beginning, or REJECT. */
#ifndef TG_MATCH_RESIDUAL_H
#define TG_MATCH_RESIDUAL_H

#include "engine/match/stats.h"

enum { TG_RESIDUAL_REJECT = (1 << 14) - 1 };

/* A literal's constants as numbers; of a literal that is not compared so, `count` 0. */
struct tg_constants {
    uint32_t first; /* In `ids`. */
    uint32_t count;
};

/* A term in the order of the code. */
struct tg_draft_node {
    uint32_t term;
    uint32_t end;    /* The node after its subtree. */
    uint32_t offset; /* Its first word. */
    uint32_t target; /* The node to jump to. */
    bool jump_if_true;
};

/* What is known of a filter while it is entered. All zero is empty. */
struct tg_draft {
    const struct tg_filter *filter;
    uint32_t *ids;
    uint32_t ids_count;
    uint32_t ids_capacity;
    struct tg_constants *constants; /* By term. So the rest: */
    double *odds;                   /* In how many events it is true, 0 to 1. */
    double *costs;                  /* Of reaching the filter by it. */
    uint8_t *chosen;
    uint8_t *covered; /* Its access structure has decided it. */
    uint32_t *order;
    struct tg_draft_node *nodes;
    uint32_t terms_capacity;
    uint32_t *code;
    uint32_t code_count;
    uint32_t code_capacity;
    bool exotic; /* The code looks at the filter itself. */
};

void tg_draft_finish(struct tg_draft *draft);
/* Room for the terms of `filter`. */
TG_MUST_USE enum tg_err tg_draft_begin(struct tg_draft *draft,
                                       const struct tg_filter *filter);

/* Compile all that is not covered: no code means that nothing is left to ask.
 *
 * TG_ENOMEM  There is no code. */
TG_MUST_USE enum tg_err tg_residual_compile(struct tg_draft *draft);

/* Who is asked: a view, and for exotic literals the filter itself. */
struct tg_asked {
    const struct tg_view *view;
    const struct tg_schema *schema;
    struct tg_space *space;
};

/* `filter` may be NULL unless the code is exotic. */
bool tg_residual_run(const uint32_t *code, uint32_t count, const struct tg_asked *asked,
                     const struct tg_filter *filter);

#endif
