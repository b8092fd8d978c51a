/* Range-encoded bitmaps: 512 filters of several ranges each, asked at once.
 *
 * A slot's numbers are cut into bands, at places where literals end. For each slot of a
 * grid and each band there is one line of bits: whom a number in that band rules out. The
 * lines of an event's bands, laid over each other, leave those who may match; whoever has
 * no range on a slot is ruled out by none of its lines. */
#ifndef TG_MATCH_GRID_H
#define TG_MATCH_GRID_H

#include "engine/match/arena.h"
#include "engine/match/view.h"

enum {
    TG_GRID_FILTERS = 512,
    TG_GRID_SLOTS = 112, /* What ranges there are beyond is asked of the filter alone. */
};

/* A range in bands: those of its ends. */
struct tg_band {
    uint16_t slot;
    uint8_t low;
    uint8_t high;
};

struct tg_grid_slot {
    uint32_t lines; /* In the arena: a line for each band, the last for `not here`. */
    uint16_t slot;
};

/* In the arena, behind the header of a chunk (posting.h). */
struct tg_grid {
    uint8_t header[32];
    uint64_t mask; /* tg_slot_bit of its slots. */
    uint32_t slots_count;
    uint32_t used; /* Places that were ever taken. */
    uint64_t unused[2];
    uint64_t live[TG_GRID_FILTERS / 64];
    struct tg_grid_slot slots[TG_GRID_SLOTS];
    uint32_t items[TG_GRID_FILTERS];
};

_Static_assert(sizeof(struct tg_grid) <= TG_ARENA_SIZE_MAX, "a grid is a block");

/* `ends`: some numbers at which ranges end; they are sorted. */
void tg_bands_cut(int64_t cuts[TG_BANDS - 1], int64_t *ends, uint32_t count);

void tg_grid_init(struct tg_grid *grid);
/* The lines' memory. */
void tg_grid_finish(struct tg_grid *grid, struct tg_arena *arena);
/* Put `item` into a free place: which; UINT32_MAX without memory. */
uint32_t tg_grid_put(struct tg_grid *grid, struct tg_arena *arena, uint32_t item,
                     const struct tg_band *bands, uint32_t count);
void tg_grid_clear(struct tg_grid *grid, uint32_t place);
/* Ask for the lines that the view will need. */
void tg_grid_prefetch(const struct tg_grid *grid, const struct tg_arena *arena,
                      const struct tg_view *view);
/* Those who may match. */
uint32_t tg_grid_select(const struct tg_grid *grid, const struct tg_arena *arena,
                        const struct tg_view *view, uint32_t items[TG_GRID_FILTERS]);

#endif
