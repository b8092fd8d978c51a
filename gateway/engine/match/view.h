/* A row as the matcher looks at it: for each slot that a filter uses, its state, its
 * number, and the number of its text or number among the constants of literals. */
#ifndef TG_MATCH_VIEW_H
#define TG_MATCH_VIEW_H

#include "engine/match/intern.h"
#include "engine/query/filter.h"

/* Numbers are cut into bands for bitmaps of ranges (grid.h). */
enum { TG_BANDS = 15, TG_NO_BAND = TG_BANDS };

/* Where, of the slots that have such; NULL: of none. */
struct tg_bands {
    int64_t (*cuts[TG_SLOTS_MAX])[TG_BANDS - 1];
};

static inline uint8_t tg_band_of(const struct tg_bands *bands, uint16_t slot,
                                 int64_t number)
{
    uint32_t band = 0;
    for (uint32_t i = 0; i < TG_BANDS - 1; i++) {
        band += (*bands->cuts[slot])[i] <= number;
    }
    return (uint8_t)band;
}

/* Which slots are used, and how often. */
struct tg_uses {
    uint32_t any[TG_SLOTS_MAX];   /* Literals on the slot. */
    uint32_t equal[TG_SLOTS_MAX]; /* Of those, such as need its constant's number. */
    uint16_t listed[TG_SLOTS_MAX];
    uint16_t place[TG_SLOTS_MAX]; /* In `listed`. */
    uint32_t count;
};

void tg_uses_add(struct tg_uses *uses, uint16_t slot, bool equal);
void tg_uses_remove(struct tg_uses *uses, uint16_t slot, bool equal);

struct tg_view {
    const struct tg_row *row;
    int64_t number[TG_SLOTS_MAX];
    uint32_t id[TG_SLOTS_MAX]; /* 0: in no literal. */
    uint8_t state[TG_SLOTS_MAX];
    uint8_t band[TG_SLOTS_MAX]; /* Of slots with bands. */
};

/* Look at `row`. Where `other` is given, all slots outside of `changed` are as there. */
void tg_view_fill(struct tg_view *view, const struct tg_row *row,
                  const struct tg_uses *uses, const struct tg_intern *intern,
                  const struct tg_bands *bands, const struct tg_view *other,
                  uint64_t changed);

#endif
