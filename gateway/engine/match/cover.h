/* The access cover: through which keys a filter is reached, such that whatever makes it
 * true has one of them. A literal is its own; an OR's is all of its children's; an AND's
 * is the cheapest of its children's, or up to three of its equalities as one key. It is
 * as long as the filter at most, times the constants of its sets. */
#ifndef TG_MATCH_COVER_H
#define TG_MATCH_COVER_H

#include "engine/match/posting.h"
#include "engine/match/residual.h"

/* All zero is empty. */
struct tg_cover {
    struct tg_access *accesses;
    uint32_t count;
    uint32_t capacity;
    struct tg_band *bands; /* Of the accesses by grids, one after another. */
    uint32_t bands_count;
    uint32_t bands_capacity;
    bool multi; /* One row may have several of them. */
};

/* What the choice goes by. */
struct tg_cover_context {
    const struct tg_intern *intern;
    const struct tg_stats *stats;
    const struct tg_postings *postings;
    uint32_t filters; /* Entered so far. */
};

void tg_cover_finish(struct tg_cover *cover);

/* Number the constants of the draft's literals, with a use of each.
 *
 * TG_ENOMEM  None is used. */
TG_MUST_USE enum tg_err tg_cover_intern(struct tg_draft *draft, struct tg_intern *intern);
/* The same without using them: those that are there. */
TG_MUST_USE enum tg_err tg_cover_look_up(struct tg_draft *draft,
                                         const struct tg_intern *intern);
void tg_cover_release(const struct tg_draft *draft, struct tg_intern *intern);
/* Is the literal compared by the number of its slot's value? */
bool tg_cover_equal(const struct tg_draft *draft, uint32_t term);

/* By how many bytes a prefix of `size` bytes is looked up: few lengths have shapes. */
uint32_t tg_cover_prefix_length(uint32_t size);

/* Work out the odds and costs of all terms. */
void tg_cover_weigh(struct tg_draft *draft, const struct tg_cover_context *context);
/* Choose, and mark what the choice decides as covered.
 *
 * TG_ENOMEM  There is no cover. */
TG_MUST_USE enum tg_err tg_cover_choose(struct tg_cover *cover, struct tg_draft *draft,
                                        const struct tg_cover_context *context);

#endif
