#include "engine/match/cover.h"

#include "engine/base/mem.h"
#include "engine/match/composite.h"

enum {
    ACCESSES_MAX = 2048, /* Of a filter; else it is asked at every event. */
};

/* What a look at a column's range costs, as TG_COST_CANDIDATE. */
static const double cost_column = 1.2;

void tg_cover_finish(struct tg_cover *cover)
{
    tg_free(cover->accesses);
    tg_free(cover->bands);
    *cover = (struct tg_cover){0};
}

/* ---- how often a literal is true, and what it costs to reach a filter by it ---- */

bool tg_cover_is_key(const struct tg_draft *draft, uint32_t term)
{
    return tg_cover_equal(draft, term) && !draft->filter->terms[term].negated;
}

static double odds_equal(const struct tg_draft *draft, uint32_t at,
                         const struct tg_stats *stats)
{
    const struct tg_term *term = &draft->filter->terms[at];
    struct tg_constants constants = draft->constants[at];
    double odds = 0;
    for (uint32_t i = 0; i < constants.count; i++) {
        odds += tg_stats_equal(stats, term->slot, draft->ids[constants.first + i]);
    }
    odds = odds > 0.98 ? 0.98 : odds;
    return term->negated ? 1 - odds : odds;
}

static double odds_literal(const struct tg_draft *draft, uint32_t at,
                           const struct tg_stats *stats)
{
    const struct tg_term *term = &draft->filter->terms[at];
    if (tg_cover_equal(draft, at)) {
        return odds_equal(draft, at, stats);
    }
    double here = tg_stats_here(stats, term->slot);
    switch (term->kind) {
    case TG_TERM_TRUE:
        return 1;
    case TG_TERM_FALSE:
        return 0;
    case TG_TERM_NUMBER_RANGE:
        return tg_stats_range(stats, term->slot, term->low, term->high);
    case TG_TERM_PREFIX:
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        return term->negated ? here * 0.9 : here * tg_stats_unlike(stats, term->slot);
    case TG_TERM_IS_NULL:
        return term->negated ? here : tg_stats_null(stats, term->slot);
    case TG_TERM_PRESENT:
        return term->negated ? 1.01 - here : here;
    case TG_TERM_PROGRAM:
        return 0.5;
    default:
        return here * 0.4;
    }
}

static struct tg_shape_key key_of(uint8_t mode, uint16_t slot)
{
    return (struct tg_shape_key){.mode = mode, .count = 1, .slots = {slot}};
}

/* The shape by which a literal alone is reached. */
static struct tg_shape_key literal_shape(const struct tg_draft *draft, uint32_t at)
{
    const struct tg_term *term = &draft->filter->terms[at];
    bool has_ids = draft->constants[at].count != 0;
    if (tg_cover_is_key(draft, at)) {
        return key_of(TG_SHAPE_TUPLE, term->slot);
    }
    switch (term->kind) {
    case TG_TERM_NUMBER_RANGE:
        return key_of(TG_SHAPE_RANGE, term->slot);
    case TG_TERM_PREFIX:
        if (has_ids) {
            struct tg_shape_key key = key_of(TG_SHAPE_PREFIX, term->slot);
            key.length = tg_cover_prefix_length(term->size);
            return key;
        }
        return key_of(TG_SHAPE_HERE, term->slot);
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        return key_of(has_ids ? TG_SHAPE_ITEM : TG_SHAPE_HERE, term->slot);
    case TG_TERM_IS_NULL:
        return key_of(term->negated ? TG_SHAPE_HERE : TG_SHAPE_NULL, term->slot);
    case TG_TERM_PRESENT:
        return key_of(term->negated ? TG_SHAPE_ABSENT : TG_SHAPE_SAID, term->slot);
    case TG_TERM_NUMBER_IS:
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_TEXT_IS:
    case TG_TERM_TEXT_ONE:
    case TG_TERM_IS_EMPTY:
        /* Negated, they are true of null. */
        return key_of(term->negated ? TG_SHAPE_SAID : TG_SHAPE_HERE, term->slot);
    case TG_TERM_TRUE:
    case TG_TERM_PROGRAM:
        return (struct tg_shape_key){.mode = TG_SHAPE_ALL};
    default:
        return key_of(TG_SHAPE_HERE, term->slot);
    }
}

static double cost_literal(const struct tg_draft *draft, uint32_t at,
                           const struct tg_cover_context *context)
{
    const struct tg_term *term = &draft->filter->terms[at];
    struct tg_shape_key key = literal_shape(draft, at);
    double reached = TG_COST_CANDIDATE * draft->odds[at];
    switch (key.mode) {
    case TG_SHAPE_TUPLE:
        return reached + tg_cover_probe_share(context, &key);
    case TG_SHAPE_ITEM:
    case TG_SHAPE_PREFIX:
        return reached + 2 * tg_cover_probe_share(context, &key);
    case TG_SHAPE_RANGE:
        return reached + cost_column * tg_stats_here(context->stats, term->slot);
    case TG_SHAPE_ALL:
        return TG_COST_CANDIDATE * 1.5;
    case TG_SHAPE_NULL:
    case TG_SHAPE_ABSENT:
        return reached;
    default:
        return TG_COST_CANDIDATE * tg_stats_here(context->stats, term->slot);
    }
}

/* ---- costs, from the leaves to the root ---- */

static void weigh_and(struct tg_draft *draft, uint32_t at,
                      const struct tg_cover_context *context)
{
    const struct tg_term *terms = draft->filter->terms;
    struct tg_composite unused;
    draft->odds[at] = 1;
    draft->costs[at] = tg_composite_choose(draft, at, context, &unused);
    for (uint32_t i = at + 1; i < at + terms[at].skip; i += terms[i].skip) {
        draft->odds[at] *= draft->odds[i];
        if (draft->costs[i] < draft->costs[at]) {
            draft->costs[at] = draft->costs[i];
        }
    }
}

static void weigh_or(struct tg_draft *draft, uint32_t at)
{
    const struct tg_term *terms = draft->filter->terms;
    double none = 1;
    draft->costs[at] = 0;
    for (uint32_t i = at + 1; i < at + terms[at].skip; i += terms[i].skip) {
        none *= 1 - draft->odds[i];
        draft->costs[at] += draft->costs[i];
    }
    draft->odds[at] = 1 - none;
}

void tg_cover_weigh(struct tg_draft *draft, const struct tg_cover_context *context)
{
    for (uint32_t i = draft->filter->terms_count; i-- > 0;) {
        switch (draft->filter->terms[i].kind) {
        case TG_TERM_AND:
            weigh_and(draft, i, context);
            break;
        case TG_TERM_OR:
            weigh_or(draft, i);
            break;
        default:
            draft->odds[i] = odds_literal(draft, i, context->stats);
            draft->costs[i] = cost_literal(draft, i, context);
        }
    }
}

/* ---- writing the cover ---- */

static struct tg_access *access_add(struct tg_cover *cover)
{
    if (cover->count == cover->capacity) {
        uint32_t capacity = cover->capacity == 0 ? 16 : cover->capacity * 2;
        struct tg_access *accesses =
            tg_resize(cover->accesses, capacity * sizeof *accesses);
        if (accesses == NULL) {
            return NULL;
        }
        cover->accesses = accesses;
        cover->capacity = capacity;
    }
    struct tg_access *access = &cover->accesses[cover->count++];
    *access = (struct tg_access){.range_slot = TG_NO_SLOT};
    return access;
}

/* The narrowest range beside a key, to look at before the filter; 0: none. */
static uint32_t range_beside(const struct tg_draft *draft, uint32_t group)
{
    const struct tg_term *terms = draft->filter->terms;
    uint32_t best = 0;
    if (terms[group].kind == TG_TERM_AND) {
        for (uint32_t i = group + 1; i < group + terms[group].skip; i += terms[i].skip) {
            if (terms[i].kind == TG_TERM_NUMBER_RANGE && draft->odds[i] < 0.9 &&
                (best == 0 || draft->odds[i] < draft->odds[best])) {
                best = i;
            }
        }
    }
    return best;
}

static void access_range(struct tg_access *access, const struct tg_term *term)
{
    access->range_slot = term->slot;
    access->low = term->low;
    access->high = term->high;
}

/* All keys of a composite: each constant of each set with each of the others'. `range`:
 * the term beside it, or 0. */
static enum tg_err write_composite(struct tg_cover *cover, const struct tg_draft *draft,
                                   const struct tg_composite *made, uint32_t range)
{
    for (uint32_t n = 0; n < made->keys; n++) {
        struct tg_access *access = access_add(cover);
        if (access == NULL) {
            return TG_ENOMEM;
        }
        access->shape = made->key;
        uint32_t left = n;
        for (uint32_t i = 0; i < made->key.count; i++) {
            struct tg_constants constants = draft->constants[made->terms[i]];
            access->ids[i] = draft->ids[constants.first + left % constants.count];
            left /= constants.count;
        }
        if (range != 0) {
            access_range(access, &draft->filter->terms[range]);
        }
    }
    return TG_OK;
}

static enum tg_err write_literal(struct tg_cover *cover, const struct tg_draft *draft,
                                 uint32_t at)
{
    const struct tg_term *term = &draft->filter->terms[at];
    struct tg_shape_key key = literal_shape(draft, at);
    if (term->kind == TG_TERM_FALSE) {
        return TG_OK;
    }
    bool by_ids = key.mode < TG_SHAPE_HERE;
    struct tg_constants constants = draft->constants[at];
    uint32_t count = by_ids ? constants.count : 1;
    for (uint32_t n = 0; n < count; n++) {
        struct tg_access *access = access_add(cover);
        if (access == NULL) {
            return TG_ENOMEM;
        }
        access->shape = key;
        access->ids[0] = by_ids ? draft->ids[constants.first + n] : 0;
        if (key.mode == TG_SHAPE_RANGE) {
            access_range(access, term);
        }
    }
    cover->multi = cover->multi || key.mode == TG_SHAPE_ITEM;
    return TG_OK;
}

/* Literals at the top that the access decides by itself need not be asked again. */
static void cover_literal(struct tg_draft *draft, uint32_t at)
{
    const struct tg_term *term = &draft->filter->terms[at];
    bool decides = tg_cover_is_key(draft, at) || term->kind == TG_TERM_NUMBER_RANGE ||
                   (term->kind == TG_TERM_PREFIX && draft->constants[at].count != 0 &&
                    tg_cover_prefix_length(term->size) == term->size);
    draft->covered[at] = decides;
}

/* ---- grids: an AND of several ranges ---- */

static uint32_t banded(const struct tg_draft *draft, uint32_t group,
                       const struct tg_cover_context *context, struct tg_band *bands)
{
    const struct tg_term *terms = draft->filter->terms;
    uint32_t count = 0;
    for (uint32_t i = group + 1; i < group + terms[group].skip; i += terms[i].skip) {
        if (terms[i].kind == TG_TERM_NUMBER_RANGE &&
            context->postings->bands.cuts[terms[i].slot] != NULL) {
            const struct tg_bands *cuts = &context->postings->bands;
            if (bands != NULL) {
                bands[count] = (struct tg_band){
                    terms[i].slot, tg_band_of(cuts, terms[i].slot, terms[i].low),
                    tg_band_of(cuts, terms[i].slot, terms[i].high)};
            }
            count++;
        }
    }
    return count;
}

/* Reach the AND's ranges by a grid, among which `term` has the rarest. False: there is no
 * grid for them yet, or no memory. */
static bool write_grid(struct tg_cover *cover, const struct tg_draft *draft,
                       uint32_t group, uint32_t term,
                       const struct tg_cover_context *context)
{
    const struct tg_bands *cuts = &context->postings->bands;
    const struct tg_term *range = &draft->filter->terms[term];
    uint32_t count = banded(draft, group, context, NULL);
    if (range->kind != TG_TERM_NUMBER_RANGE || cuts->cuts[range->slot] == NULL ||
        count < 2) {
        return false;
    }
    if (cover->bands_count + count > cover->bands_capacity) {
        uint32_t capacity = (cover->bands_count + count) * 2;
        struct tg_band *bands = tg_resize(cover->bands, capacity * sizeof *bands);
        if (bands == NULL) {
            return false;
        }
        cover->bands = bands;
        cover->bands_capacity = capacity;
    }
    struct tg_access *access = access_add(cover);
    if (access == NULL) {
        return false;
    }
    banded(draft, group, context, cover->bands + cover->bands_count);
    access->shape = key_of(TG_SHAPE_GRID, range->slot);
    access->shape.length = tg_band_of(cuts, range->slot, range->low) |
                           (uint32_t)tg_band_of(cuts, range->slot, range->high) << 8;
    access->bands_first = cover->bands_count;
    access->bands_count = count;
    cover->bands_count += count;
    return true;
}

static enum tg_err choose_and(struct tg_cover *cover, struct tg_draft *draft, uint32_t at,
                              const struct tg_cover_context *context)
{
    const struct tg_term *terms = draft->filter->terms;
    struct tg_composite made;
    double composite_cost = tg_composite_choose(draft, at, context, &made);
    uint32_t best = 0;
    for (uint32_t i = at + 1; i < at + terms[at].skip; i += terms[i].skip) {
        if (draft->costs[i] < composite_cost &&
            (best == 0 || draft->costs[i] < draft->costs[best])) {
            best = i;
        }
    }
    if (best != 0) {
        if (write_grid(cover, draft, at, best, context)) {
            return TG_OK;
        }
        draft->chosen[best] = 1;
        if (at == 0) {
            cover_literal(draft, best);
        }
        return TG_OK;
    }
    uint32_t range = range_beside(draft, at);
    if (at == 0) {
        for (uint32_t i = 0; i < made.key.count; i++) {
            draft->covered[made.terms[i]] = 1;
        }
        draft->covered[range] = range != 0;
    }
    return write_composite(cover, draft, &made, range);
}

static enum tg_err cover_all(struct tg_cover *cover, struct tg_draft *draft)
{
    memset(draft->covered, 0, draft->filter->terms_count);
    cover->count = 0;
    cover->multi = false;
    struct tg_access *access = access_add(cover);
    if (access == NULL) {
        return TG_ENOMEM;
    }
    access->shape.mode = TG_SHAPE_ALL;
    return TG_OK;
}

enum tg_err tg_cover_choose(struct tg_cover *cover, struct tg_draft *draft,
                            const struct tg_cover_context *context)
{
    const struct tg_term *terms = draft->filter->terms;
    uint32_t count = draft->filter->terms_count;
    cover->count = 0;
    cover->bands_count = 0;
    cover->multi = false;
    tg_cover_weigh(draft, context);
    memset(draft->chosen, 0, count);
    draft->chosen[0] = 1;
    if (count == 1) {
        cover_literal(draft, 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        enum tg_err err = TG_OK;
        if (!draft->chosen[i]) {
            continue;
        }
        if (terms[i].kind == TG_TERM_AND) {
            err = choose_and(cover, draft, i, context);
        } else if (terms[i].kind == TG_TERM_OR) {
            cover->multi = true;
            for (uint32_t k = i + 1; k < i + terms[i].skip; k += terms[k].skip) {
                draft->chosen[k] = 1;
            }
        } else {
            err = write_literal(cover, draft, i);
        }
        if (err != TG_OK) {
            return err;
        }
        if (cover->count > ACCESSES_MAX) {
            return cover_all(cover, draft);
        }
    }
    return TG_OK;
}
