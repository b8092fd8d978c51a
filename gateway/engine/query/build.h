/* From literals to a filter in canonical form. The compiler ends here; tests and tools
 * that have no text begin here.
 *
 * Terms are told in preorder. Canonical means: no AND in an AND, no OR in an OR, none
 * with fewer than two terms, TRUE and FALSE only as the whole; equal terms once, terms in
 * one fixed order; of one AND, ranges and sets on one slot intersected (nothing left:
 * FALSE); of one OR, equalities and sets on one slot united. Failure is sticky, and told
 * at the end. */
#ifndef TG_QUERY_BUILD_H
#define TG_QUERY_BUILD_H

#include "engine/query/filter.h"

struct tg_builder;

struct tg_builder *tg_builder_create(void);
void tg_builder_destroy(struct tg_builder *builder);

/* What a closed group came to in its canonical form; nothing after a failure. */
struct tg_build_sum {
    uint32_t cost; /* As of struct tg_filter; so the next. */
    bool about_event;
};

/* Open an AND or an OR (of none: TRUE, FALSE), and close it. At most 64 are open. */
void tg_build_open(struct tg_builder *builder, enum tg_term_kind kind);
struct tg_build_sum tg_build_close(struct tg_builder *builder);

void tg_build_constant(struct tg_builder *builder, bool value);
void tg_build_number(struct tg_builder *builder, uint16_t slot, int64_t number,
                     bool negated);
void tg_build_numbers(struct tg_builder *builder, uint16_t slot, const int64_t *numbers,
                      uint32_t count, bool negated);
void tg_build_range(struct tg_builder *builder, uint16_t slot, int64_t low, int64_t high);
void tg_build_text(struct tg_builder *builder, uint16_t slot, struct tg_slice text,
                   bool negated);
void tg_build_texts(struct tg_builder *builder, uint16_t slot,
                    const struct tg_slice *texts, uint32_t count, bool negated);
/* `low` or `high` with data NULL: no such end. */
void tg_build_text_range(struct tg_builder *builder, uint16_t slot, struct tg_slice low,
                         bool low_open, struct tg_slice high, bool high_open);
/* PREFIX, SUFFIX, CONTAINS, ITEM_TEXT. */
void tg_build_part(struct tg_builder *builder, enum tg_term_kind kind, uint16_t slot,
                   struct tg_slice text, bool negated);
/* ITEM_NUMBER. */
void tg_build_item(struct tg_builder *builder, uint16_t slot, int64_t number,
                   bool negated);
/* IS_NULL, IS_EMPTY, PRESENT. */
void tg_build_state(struct tg_builder *builder, enum tg_term_kind kind, uint16_t slot,
                    bool negated);
/* `slots`: tg_slot_bit of all that it loads; `about_event`: it loads `old` or `event`. */
void tg_build_program(struct tg_builder *builder, const struct tg_program *program,
                      uint64_t slots, bool about_event, bool negated);

/* The filter, the caller's to tg_free; the builder is empty again.
 *
 * TG_ENOMEM  There is none. */
TG_MUST_USE enum tg_err tg_build_finish(struct tg_builder *builder,
                                        struct tg_filter **filter);

#endif
