/* From a bound tree to literals: negations moved inwards, comparisons of one slot with
 * constants on the slot's number line; what is no such comparison is a program. Private
 * to this folder. */
#ifndef TG_QUERY_NORMAL_H
#define TG_QUERY_NORMAL_H

#include "engine/query/bind.h"
#include "engine/query/build.h"
#include "engine/query/place.h"

struct tg_normal_step;

/* All zero, but for the first three. */
struct tg_normal {
    const struct tg_schema *schema;
    struct tg_bound *bound;
    struct tg_builder *builder;
    struct tg_refusal *refusal;
    struct tg_buf *programs; /* As of struct tg_filter_request. */
    struct tg_space space;
    enum tg_err err; /* Sticky. */
    struct tg_normal_step *steps;
    uint32_t steps_count;
    uint32_t steps_capacity;
    struct tg_buf numbers; /* int64_t: of one list. */
    struct tg_buf texts;   /* struct tg_slice: likewise. */
};

/* Tell the builder, within the AND or OR that is open, all of the bound tree. At most
 * `open` groups are open already.
 *
 * TG_EINVAL, TG_ELIMIT  A program was refused; `refusal` says why.
 * TG_ENOMEM             */
TG_MUST_USE enum tg_err tg_normal_tell(struct tg_normal *normal, uint32_t open);
void tg_normal_finish(struct tg_normal *normal);

/* --- Between the files of the normal form ---------------------------------------- */

/* normal_literal.c: a node that is no AND, OR, NOT or ?:. */
void tg_normal_literal(struct tg_normal *normal, uint32_t node, bool negated);
/* normal_in.c: IN. False: it takes a program. */
bool tg_normal_in(struct tg_normal *normal, uint32_t node, bool negated);
/* Likewise: is the constant an item of the list that the slot is? */
bool tg_normal_item(struct tg_normal *normal, struct tg_value value, uint16_t slot,
                    bool negated);
/* normal_exists.c: EXISTS and ALL; likewise. */
bool tg_normal_exists(struct tg_normal *normal, uint32_t node, bool negated);
/* normal_constant.c: the value of a constant node, good until the next is looked at. Of
 * a LIST or MAP that is written out the kind alone: no slot is compared with more. */
struct tg_value tg_normal_constant(struct tg_normal *normal, uint32_t node);

static inline const struct tg_ast_node *tg_normal_node(const struct tg_normal *normal,
                                                       uint32_t node)
{
    return &normal->bound->tree.nodes[node];
}

static inline uint32_t tg_normal_child(const struct tg_normal *normal, uint32_t node,
                                       uint32_t n)
{
    return tg_ast_child_index(&normal->bound->tree, tg_normal_node(normal, node), n);
}

/* The slot that the node is, or -1. */
static inline int32_t tg_normal_slot(const struct tg_normal *normal, uint32_t node)
{
    int32_t variable = normal->bound->nodes[node].variable;
    return variable < TG_SLOTS_MAX ? variable : -1;
}

/* What a slot's cells are; `items` (may be NULL) of a LIST. */
enum tg_field_kind tg_slot_kind(const struct tg_schema *schema, uint16_t slot,
                                enum tg_field_kind *items);

#endif
