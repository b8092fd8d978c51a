#include "engine/identity/index.h"

#include <assert.h>

#include "engine/base/mem.h"

enum { FIRST_CHAINS = 64 };

static uint32_t level_of(const struct tg_index *index)
{
    return (uint32_t)FIRST_CHAINS << index->round;
}

enum tg_err tg_index_init(struct tg_index *index)
{
    *index = (struct tg_index){0};
    index->rounds[0] = tg_zalloc(FIRST_CHAINS, sizeof(struct tg_index_link *));
    return index->rounds[0] == NULL ? TG_ENOMEM : TG_OK;
}

void tg_index_finish(struct tg_index *index)
{
    for (uint32_t i = 0; i < TG_INDEX_ROUNDS; i++) {
        tg_free(index->rounds[i]);
    }
    *index = (struct tg_index){0};
}

static struct tg_index_link **chain_at(const struct tg_index *index, uint32_t at)
{
    if (at < FIRST_CHAINS) {
        return &index->rounds[0][at];
    }
    uint32_t round = 31 - (uint32_t)__builtin_clz(at / FIRST_CHAINS);
    return &index->rounds[round + 1][at - ((uint32_t)FIRST_CHAINS << round)];
}

static struct tg_index_link **chain_of(const struct tg_index *index, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (level_of(index) - 1);
    if (at < index->split) {
        at = (uint32_t)hash & (2 * level_of(index) - 1);
    }
    return chain_at(index, at);
}

static void chain_put(struct tg_index_link **chain, struct tg_index_link *link)
{
    link->next = *chain;
    link->at = chain;
    if (link->next != NULL) {
        link->next->at = &link->next;
    }
    *chain = link;
}

static void chain_take(struct tg_index_link *link)
{
    *link->at = link->next;
    if (link->next != NULL) {
        link->next->at = link->at;
    }
    link->next = NULL;
    link->at = NULL;
}

/* One chain more, which takes its part of the chain that is split. Without memory chains
 * get longer: no reason to refuse anybody. */
static void split_one(struct tg_index *index)
{
    uint32_t level = level_of(index);
    if (index->split == 0 && index->rounds[index->round + 1] == NULL) {
        if (index->round + 2 >= TG_INDEX_ROUNDS) {
            return;
        }
        index->rounds[index->round + 1] =
            tg_zalloc(level, sizeof(struct tg_index_link *));
        if (index->rounds[index->round + 1] == NULL) {
            return;
        }
    }
    struct tg_index_link **upper = chain_at(index, index->split + level);
    struct tg_index_link *link = *chain_at(index, index->split);
    while (link != NULL) {
        struct tg_index_link *next = link->next;
        if ((link->hash & level) != 0) {
            chain_take(link);
            chain_put(upper, link);
        }
        link = next;
    }
    index->split++;
    if (index->split == level) {
        index->split = 0;
        index->round++;
    }
}

void tg_index_put(struct tg_index *index, struct tg_index_link *link, uint64_t hash)
{
    assert(link->at == NULL);
    link->hash = hash;
    chain_put(chain_of(index, hash), link);
    index->count++;
    if (index->count > level_of(index) + index->split) {
        split_one(index);
    }
}

void tg_index_remove(struct tg_index *index, struct tg_index_link *link)
{
    if (link->at != NULL) {
        chain_take(link);
        index->count--;
    }
}

static struct tg_index_link *equal_from(struct tg_index_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

struct tg_index_link *tg_index_first(const struct tg_index *index, uint64_t hash)
{
    return equal_from(*chain_of(index, hash), hash);
}

struct tg_index_link *tg_index_next(const struct tg_index_link *link)
{
    return equal_from(link->next, link->hash);
}
