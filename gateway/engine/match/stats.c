#include "engine/match/stats.h"

#include "engine/base/mem.h"

/* The first events are all noted, then one of sixteen; after FADE, old ones count half.
 */
enum { NOTED_AT_FIRST = 512, EVERY = 16, FADE = 8192, PRIOR = 16 };

void tg_stats_finish(struct tg_stats *stats)
{
    for (uint32_t i = 0; i < TG_SLOTS_MAX; i++) {
        tg_free(stats->slots[i]);
    }
    tg_free(stats->sketch);
    *stats = (struct tg_stats){0};
}

size_t tg_stats_bytes(const struct tg_stats *stats)
{
    size_t bytes = stats->sketch == NULL ? 0 : TG_STATS_SKETCH * sizeof *stats->sketch;
    for (uint32_t i = 0; i < TG_SLOTS_MAX; i++) {
        bytes += stats->slots[i] == NULL ? 0 : sizeof *stats->slots[i];
    }
    return bytes;
}

static uint32_t mixed(uint32_t slot, uint32_t id)
{
    uint64_t mix = ((uint64_t)id << 10 | slot) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mix >> 32);
}

static struct tg_stats_slot *slot_of(struct tg_stats *stats, uint16_t slot)
{
    if (stats->slots[slot] == NULL) {
        stats->slots[slot] = tg_zalloc(1, sizeof *stats->slots[slot]);
    }
    return stats->slots[slot];
}

static void fade(struct tg_stats *stats)
{
    stats->events /= 2;
    for (uint32_t i = 0; i < TG_STATS_SKETCH; i++) {
        stats->sketch[i] /= 2;
    }
    for (uint32_t i = 0; i < TG_SLOTS_MAX; i++) {
        if (stats->slots[i] != NULL) {
            stats->slots[i]->here /= 2;
            stats->slots[i]->null /= 2;
        }
    }
}

void tg_stats_note(struct tg_stats *stats, const struct tg_view *view,
                   const struct tg_uses *uses)
{
    stats->calls++;
    if (stats->calls > NOTED_AT_FIRST && stats->calls % EVERY != 0) {
        return;
    }
    if (stats->sketch == NULL) {
        stats->sketch = tg_zalloc(TG_STATS_SKETCH, sizeof *stats->sketch);
        if (stats->sketch == NULL) {
            return;
        }
    }
    stats->events++;
    for (uint32_t i = 0; i < uses->count; i++) {
        uint16_t slot = uses->listed[i];
        struct tg_stats_slot *one = slot_of(stats, slot);
        if (one == NULL) {
            continue;
        }
        one->null += view->state[slot] == TG_CELL_NULL;
        if (view->state[slot] == TG_CELL_HERE) {
            one->here++;
            one->numbers[one->numbers_count++ % TG_STATS_RING] = view->number[slot];
            uint16_t *cell =
                &stats->sketch[mixed(slot, view->id[slot]) % TG_STATS_SKETCH];
            *cell += view->id[slot] != 0 && *cell != UINT16_MAX;
        }
    }
    if (stats->events >= FADE) {
        fade(stats);
    }
}

void tg_stats_literal(struct tg_stats *stats, uint16_t slot, uint32_t id)
{
    struct tg_stats_slot *one = slot_of(stats, slot);
    if (one != NULL) {
        uint32_t hash = mixed(slot, id) * 0x85ebca6bu;
        uint8_t *top = &one->tops[hash % TG_STATS_REGISTERS];
        uint32_t rest = hash / TG_STATS_REGISTERS;
        uint8_t rank = rest == 0 ? 28 : (uint8_t)(__builtin_clz(rest) - 4);
        *top = rank > *top ? rank : *top;
    }
}

void tg_stats_ends(struct tg_stats *stats, uint16_t slot, int64_t low, int64_t high)
{
    struct tg_stats_slot *one = slot_of(stats, slot);
    if (one != NULL && low != INT64_MIN) {
        one->ends[one->ends_count++ % TG_STATS_RING] = low;
    }
    if (one != NULL && high != INT64_MAX) {
        one->ends[one->ends_count++ % TG_STATS_RING] = high;
    }
}

/* HyperLogLog (Flajolet et al., 2007), coarse: within a fifth or so is good enough. */
static double distinct(const struct tg_stats_slot *one)
{
    double sum = 0;
    for (uint32_t i = 0; i < TG_STATS_REGISTERS; i++) {
        sum += 1.0 / (double)(1u << one->tops[i]);
    }
    return 0.697 * TG_STATS_REGISTERS * TG_STATS_REGISTERS / sum;
}

double tg_stats_here(const struct tg_stats *stats, uint16_t slot)
{
    const struct tg_stats_slot *one = stats->slots[slot];
    return ((one == NULL ? 0 : one->here) + (double)PRIOR) / (stats->events + PRIOR);
}

double tg_stats_null(const struct tg_stats *stats, uint16_t slot)
{
    const struct tg_stats_slot *one = stats->slots[slot];
    return ((one == NULL ? 0 : one->null) + 0.1 * PRIOR) / (stats->events + PRIOR);
}

/* One of so many as the literals speak of, or of a few if they are few. */
static double prior_of(const struct tg_stats_slot *one)
{
    double prior = one == NULL ? 0.5 : 1.0 / (distinct(one) - 20);
    return prior > 0.5 || prior < 0 ? 0.5 : prior;
}

double tg_stats_unlike(const struct tg_stats *stats, uint16_t slot)
{
    return prior_of(stats->slots[slot]);
}

double tg_stats_equal(const struct tg_stats *stats, uint16_t slot, uint32_t id)
{
    double prior = prior_of(stats->slots[slot]);
    double seen =
        stats->sketch == NULL ? 0 : stats->sketch[mixed(slot, id) % TG_STATS_SKETCH];
    return (seen + prior * PRIOR) / (stats->events + PRIOR);
}

double tg_stats_range(const struct tg_stats *stats, uint16_t slot, int64_t low,
                      int64_t high)
{
    const struct tg_stats_slot *one = stats->slots[slot];
    double prior = low == INT64_MIN || high == INT64_MAX ? 0.5 : 0.25;
    uint32_t count = one == NULL ? 0 : one->numbers_count;
    count = count > TG_STATS_RING ? TG_STATS_RING : count;
    uint32_t in = 0;
    for (uint32_t i = 0; i < count; i++) {
        in += one->numbers[i] >= low && one->numbers[i] <= high;
    }
    return (in + prior * 4) / (count + 4) * tg_stats_here(stats, slot);
}
