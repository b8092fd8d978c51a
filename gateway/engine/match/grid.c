#include "engine/match/grid.h"

#include <string.h>

enum { WORDS = TG_GRID_FILTERS / 64, LINES = TG_BANDS + 1 };

struct lines {
    uint64_t bits[LINES][WORDS];
};

static struct lines *lines_of(const struct tg_grid *grid, const struct tg_arena *arena,
                              uint32_t n)
{
    return tg_arena_at(arena, grid->slots[n].lines);
}

void tg_bands_cut(int64_t cuts[TG_BANDS - 1], int64_t *ends, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        int64_t end = ends[i];
        uint32_t place = i;
        for (; place > 0 && ends[place - 1] > end; place--) {
            ends[place] = ends[place - 1];
        }
        ends[place] = end;
    }
    for (uint32_t i = 0; i < TG_BANDS - 1; i++) {
        cuts[i] = count == 0 ? 0 : ends[(i + 1) * count / TG_BANDS];
    }
}

void tg_grid_init(struct tg_grid *grid)
{
    memset(grid->live, 0, sizeof grid->live);
    grid->slots_count = 0;
    grid->used = 0;
    grid->mask = 0;
}

void tg_grid_finish(struct tg_grid *grid, struct tg_arena *arena)
{
    for (uint32_t i = 0; i < grid->slots_count; i++) {
        tg_arena_give(arena, grid->slots[i].lines, sizeof(struct lines));
    }
}

/* The slot's lines, made if there is room; TG_GRID_SLOTS if not. */
static uint32_t slot_get(struct tg_grid *grid, struct tg_arena *arena, uint16_t slot,
                         bool *failed)
{
    for (uint32_t i = 0; i < grid->slots_count; i++) {
        if (grid->slots[i].slot == slot) {
            return i;
        }
    }
    if (grid->slots_count == TG_GRID_SLOTS) {
        return TG_GRID_SLOTS;
    }
    uint32_t ref = tg_arena_take(arena, sizeof(struct lines));
    if (ref == 0) {
        *failed = true;
        return TG_GRID_SLOTS;
    }
    memset(tg_arena_at(arena, ref), 0, sizeof(struct lines));
    grid->slots[grid->slots_count] = (struct tg_grid_slot){ref, slot};
    grid->mask |= tg_slot_bit(slot);
    return grid->slots_count++;
}

static uint32_t place_free(const struct tg_grid *grid)
{
    uint32_t word = 0;
    while (grid->live[word] == UINT64_MAX) {
        word++;
    }
    return word * 64 + (uint32_t)__builtin_ctzll(~grid->live[word]);
}

/* What the filter that was there before had ruled out. */
static void place_wipe(struct tg_grid *grid, const struct tg_arena *arena, uint32_t place)
{
    uint64_t bit = UINT64_C(1) << place % 64;
    for (uint32_t i = 0; i < grid->slots_count; i++) {
        struct lines *lines = lines_of(grid, arena, i);
        for (uint32_t line = 0; line < LINES; line++) {
            lines->bits[line][place / 64] &= ~bit;
        }
    }
}

uint32_t tg_grid_put(struct tg_grid *grid, struct tg_arena *arena, uint32_t item,
                     const struct tg_band *bands, uint32_t count)
{
    uint32_t place = place_free(grid);
    uint64_t bit = UINT64_C(1) << place % 64;
    if (place < grid->used) {
        place_wipe(grid, arena, place);
    }
    grid->used = place < grid->used ? grid->used : place + 1;
    for (uint32_t i = 0; i < count; i++) {
        bool failed = false;
        uint32_t n = slot_get(grid, arena, bands[i].slot, &failed);
        if (failed) {
            return UINT32_MAX;
        }
        if (n == TG_GRID_SLOTS) {
            continue;
        }
        struct lines *lines = lines_of(grid, arena, n);
        for (uint32_t line = 0; line < LINES; line++) {
            bool out = line < bands[i].low || line > bands[i].high;
            lines->bits[line][place / 64] |= out ? bit : 0;
        }
    }
    grid->items[place] = item;
    grid->live[place / 64] |= bit;
    return place;
}

void tg_grid_clear(struct tg_grid *grid, uint32_t place)
{
    grid->live[place / 64] &= ~(UINT64_C(1) << place % 64);
}

void tg_grid_prefetch(const struct tg_grid *grid, const struct tg_arena *arena,
                      const struct tg_view *view)
{
    for (uint32_t i = 0; i < grid->slots_count; i++) {
        __builtin_prefetch(
            lines_of(grid, arena, i)->bits[view->band[grid->slots[i].slot]]);
    }
}

uint32_t tg_grid_select(const struct tg_grid *grid, const struct tg_arena *arena,
                        const struct tg_view *view, uint32_t items[TG_GRID_FILTERS])
{
    uint64_t left[WORDS];
    memcpy(left, grid->live, sizeof left);
    for (uint32_t i = 0; i < grid->slots_count; i++) {
        const uint64_t *out =
            lines_of(grid, arena, i)->bits[view->band[grid->slots[i].slot]];
        uint64_t any = 0;
        for (uint32_t word = 0; word < WORDS; word++) {
            left[word] &= ~out[word];
            any |= left[word];
        }
        if (any == 0) {
            return 0;
        }
    }
    uint32_t count = 0;
    for (uint32_t word = 0; word < WORDS; word++) {
        for (uint64_t bits = left[word]; bits != 0; bits &= bits - 1) {
            items[count++] = grid->items[word * 64 + (uint32_t)__builtin_ctzll(bits)];
        }
    }
    return count;
}
