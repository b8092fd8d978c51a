#include "engine/match/composite.h"

#include "engine/match/match.h"

enum {
    CANDIDATES_MAX = 5, /* Equalities of an AND that are weighed against each other. */
};

double tg_cover_probe_share(const struct tg_cover_context *context,
                            const struct tg_shape_key *key)
{
    const struct tg_shape *shape = tg_postings_shape(context->postings, key);
    return TG_COST_PROBE / ((shape == NULL ? 0 : shape->filters) + 64.0);
}

/* Some equalities of one AND, the rarest first. */
struct equalities {
    uint32_t terms[CANDIDATES_MAX];
    uint32_t count;
};

static struct equalities equalities_of(const struct tg_draft *draft, uint32_t group)
{
    const struct tg_term *terms = draft->filter->terms;
    struct equalities all = {.count = 0};
    for (uint32_t i = group + 1; i < group + terms[group].skip; i += terms[i].skip) {
        if (!tg_cover_is_key(draft, i)) {
            continue;
        }
        uint32_t place = all.count < CANDIDATES_MAX ? all.count++ : all.count;
        while (place > 0 && draft->odds[all.terms[place - 1]] > draft->odds[i]) {
            if (place < CANDIDATES_MAX) {
                all.terms[place] = all.terms[place - 1];
            }
            place--;
        }
        if (place < CANDIDATES_MAX) {
            all.terms[place] = i;
        }
    }
    return all;
}

static bool composite_make(const struct tg_draft *draft, const struct equalities *all,
                           uint32_t mask, struct tg_composite *made)
{
    *made = (struct tg_composite){.odds = 1, .keys = 1};
    made->key.mode = TG_SHAPE_TUPLE;
    for (uint32_t i = 0; i < all->count; i++) {
        if ((mask >> i & 1) == 0) {
            continue;
        }
        uint32_t term = all->terms[i];
        uint16_t slot = draft->filter->terms[term].slot;
        uint32_t place = made->key.count++;
        for (; place > 0 && made->key.slots[place - 1] > slot; place--) {
            made->key.slots[place] = made->key.slots[place - 1];
            made->terms[place] = made->terms[place - 1];
        }
        made->key.slots[place] = slot;
        made->terms[place] = term;
        made->odds *= draft->odds[term];
        made->keys *= draft->constants[term].count;
        if (made->keys > TG_MATCH_KEYS_MAX && made->key.count > 1) {
            return false;
        }
    }
    /* One slot twice happens to numbers beside texts alone, and is never true. */
    return (made->key.count < 2 || made->key.slots[0] != made->key.slots[1]) &&
           (made->key.count < 3 || made->key.slots[1] != made->key.slots[2]);
}

double tg_composite_choose(const struct tg_draft *draft, uint32_t group,
                           const struct tg_cover_context *context,
                           struct tg_composite *chosen)
{
    struct equalities all = equalities_of(draft, group);
    bool shapes_full = context->postings->tuples >= 48 + context->filters / 512;
    double best = __builtin_inf();
    for (uint32_t mask = 1; mask < 1u << all.count; mask++) {
        struct tg_composite made;
        if (__builtin_popcount(mask) > TG_TUPLE_MAX ||
            !composite_make(draft, &all, mask, &made)) {
            continue;
        }
        if (made.key.count > 1 && shapes_full &&
            tg_postings_shape(context->postings, &made.key) == NULL) {
            continue;
        }
        double cost = TG_COST_CANDIDATE * made.odds +
                      tg_cover_probe_share(context, &made.key) + 0.001 * made.keys;
        if (cost < best) {
            best = cost;
            *chosen = made;
        }
    }
    return best;
}
