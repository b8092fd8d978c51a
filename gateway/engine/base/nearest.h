/* "Did you mean": names that are close to one that nobody knows. */
#ifndef TG_BASE_NEAREST_H
#define TG_BASE_NEAREST_H

#include "engine/base/slice.h"

enum {
    TG_NEAREST_MAX = 3,
    TG_NEAREST_NAME_MAX = 128,
    TG_NEAREST_TEXT_MAX = 512,
};

/* Collects the closest of the names that it is shown. */
struct tg_nearest {
    struct tg_slice wanted;
    struct tg_slice names[TG_NEAREST_MAX]; /* Closest first; borrowed. */
    uint32_t costs[TG_NEAREST_MAX];
    uint32_t count;
    uint32_t steps_left; /* Of the work that this search may still do. */
};

void tg_nearest_init(struct tg_nearest *nearest, struct tg_slice wanted);
/* Consider `name`. A name is close if it can be had by at most max(2, a third of its
 * length; 1 up to three letters) of: leave out, put in, replace, swap two neighbours
 * (Damerau-Levenshtein, as optimal string alignment); another case of a letter costs
 * half, and of a whole name no more. Names above 128 bytes are close to nothing; after
 * some 32,000 comparisons of letters (0.2 ms) no more names are considered. What is
 * further away than the closest by a letter is left out. */
void tg_nearest_offer(struct tg_nearest *nearest, struct tg_slice name);
/* The same, where `name` has parts, joined by dots or hyphens, and its last part may have
 * been meant alone, or the parts before it wrongly: `Order` and `shop.Order` for
 * `board.Order`, `port` for `clients-port`. */
void tg_nearest_offer_dotted(struct tg_nearest *nearest, struct tg_slice name);
/* "; did you mean a, b or c?" with `before` before each name, or "". Returns `text`. */
const char *tg_nearest_text(const struct tg_nearest *nearest, const char *before,
                            char text[TG_NEAREST_TEXT_MAX]);

#endif
