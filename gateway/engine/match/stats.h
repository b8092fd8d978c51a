/* How often things are in events: what the choice of access structures goes by. Until
 * events were seen, the literals themselves tell how many values a slot may have. */
#ifndef TG_MATCH_STATS_H
#define TG_MATCH_STATS_H

#include "engine/match/view.h"

enum { TG_STATS_SKETCH = 1 << 14, TG_STATS_RING = 64, TG_STATS_REGISTERS = 32 };

struct tg_stats_slot {
    uint32_t here; /* Of the sampled events. */
    uint32_t null;
    uint32_t numbers_count;           /* Ever noted. */
    int64_t numbers[TG_STATS_RING];   /* The latest. */
    uint8_t tops[TG_STATS_REGISTERS]; /* Of the literals' constants, to count them. */
    uint32_t ends_count;              /* Of ranges in literals, ever noted. */
    int64_t ends[TG_STATS_RING];      /* The latest. */
};

/* All zero is empty. */
struct tg_stats {
    uint32_t events; /* Sampled ones, fading. */
    uint32_t calls;
    uint16_t *sketch; /* How often a slot had a value; NULL until an event was noted. */
    struct tg_stats_slot *slots[TG_SLOTS_MAX]; /* NULL until used. */
};

void tg_stats_finish(struct tg_stats *stats);
size_t tg_stats_bytes(const struct tg_stats *stats);
/* An event was looked at: noted, if it is its turn. (Without memory, nothing is.) */
void tg_stats_note(struct tg_stats *stats, const struct tg_view *view,
                   const struct tg_uses *uses);
/* A literal compares the slot with the constant `id`. */
void tg_stats_literal(struct tg_stats *stats, uint16_t slot, uint32_t id);
/* A literal asks for a range. */
void tg_stats_ends(struct tg_stats *stats, uint16_t slot, int64_t low, int64_t high);

/* Of events: the part, 0 to 1, in which the slot is here; is null; has the constant. */
double tg_stats_here(const struct tg_stats *stats, uint16_t slot);
double tg_stats_null(const struct tg_stats *stats, uint16_t slot);
double tg_stats_equal(const struct tg_stats *stats, uint16_t slot, uint32_t id);
/* … has the beginning, or the item, of some literal. */
double tg_stats_unlike(const struct tg_stats *stats, uint16_t slot);
double tg_stats_range(const struct tg_stats *stats, uint16_t slot, int64_t low,
                      int64_t high);

#endif
