/* Keys of an AND: one to three of its equalities and sets, joined. */
#ifndef TG_MATCH_COMPOSITE_H
#define TG_MATCH_COMPOSITE_H

#include "engine/match/cover.h"

/* What things cost at an event, in ns or so. */
#define TG_COST_CANDIDATE 20.0
#define TG_COST_PROBE     8.0

/* Some equalities of an AND, as a key: their terms by slot. */
struct tg_composite {
    uint32_t terms[TG_TUPLE_MAX];
    struct tg_shape_key key;
    double odds;
    uint32_t keys;
};

/* May the literal be a part of a key? */
bool tg_cover_is_key(const struct tg_draft *draft, uint32_t term);
/* The part of a probe that falls to one filter: of a shape that many share, little. */
double tg_cover_probe_share(const struct tg_cover_context *context,
                            const struct tg_shape_key *key);
/* The cheapest key of the AND, and its cost; infinite if it has no equality. */
double tg_composite_choose(const struct tg_draft *draft, uint32_t group,
                           const struct tg_cover_context *context,
                           struct tg_composite *chosen);

#endif
