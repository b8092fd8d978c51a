/* From a hash to what has it: chains of links that live inside what is found, so that
 * putting in needs no memory and cannot fail. Several may have one hash, or one key: who
 * looks compares.
 *
 * Grown by splitting one chain at each insertion (linear hashing): no insertion pays for
 * the others. */
#ifndef TG_IDENTITY_INDEX_H
#define TG_IDENTITY_INDEX_H

#include <stdint.h>

#include "engine/base/err.h"

struct tg_index_link {
    struct tg_index_link *next;
    struct tg_index_link **at; /* Where the pointer to this one is; NULL: in no index. */
    uint64_t hash;
};

enum { TG_INDEX_ROUNDS = 26 };

struct tg_index {
    /* The first has 64 chains, each further one as many as all before it: none moves. */
    struct tg_index_link **rounds[TG_INDEX_ROUNDS];
    uint32_t round; /* Of splitting; there are 64 << round chains at its beginning. */
    uint32_t split; /* The chain to be split next; all before it are. */
    uint32_t count;
};

/* TG_ENOMEM  As it says; all zero may be finished. */
TG_MUST_USE enum tg_err tg_index_init(struct tg_index *index);
/* What is in it is not touched. */
void tg_index_finish(struct tg_index *index);
void tg_index_put(struct tg_index *index, struct tg_index_link *link, uint64_t hash);
/* Harmless if it is in none. */
void tg_index_remove(struct tg_index *index, struct tg_index_link *link);
/* The first link that has this hash, and the one after `link`; NULL: no more. */
struct tg_index_link *tg_index_first(const struct tg_index *index, uint64_t hash);
struct tg_index_link *tg_index_next(const struct tg_index_link *link);

#endif
