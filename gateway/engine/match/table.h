/* From 32-bit hashes to 32-bit numbers, by extendible hashing: a directory of small
 * open-addressing segments, of which one at a time is split when it is full. So growing
 * never moves more than a segment. Several numbers may have one hash; who asks compares
 * what they name. */
#ifndef TG_MATCH_TABLE_H
#define TG_MATCH_TABLE_H

#include "engine/base/err.h"
#include "engine/match/arena.h"

enum { TG_TABLE_SEGMENT = 511 }; /* So that a segment is the arena's largest block. */

struct tg_table_slot {
    uint32_t hash;
    uint32_t ref; /* 0: free. */
};

struct tg_table_segment {
    uint32_t depth; /* Bits of the hash, from the top, that all in it share. */
    uint32_t count;
    struct tg_table_slot slots[TG_TABLE_SEGMENT];
};

/* All zero but the arena is empty. */
struct tg_table {
    struct tg_arena *arena;
    uint32_t *directory; /* Segments in the arena. */
    uint32_t depth;      /* The directory has 2^depth places. */
    size_t count;
    uint64_t moved; /* Slots that splits moved, since the beginning. */
};

/* The directory's memory; the segments are the arena's. */
void tg_table_finish(struct tg_table *table);

static inline struct tg_table_segment *tg_table_segment_of(const struct tg_table *table,
                                                           uint32_t hash)
{
    return tg_arena_at(table->arena,
                       table->directory[(uint64_t)hash >> (32 - table->depth)]);
}

static inline uint32_t tg_table_home(uint32_t hash)
{
    return (hash & 0xffff) * TG_TABLE_SEGMENT >> 16;
}

static inline uint32_t tg_table_after(uint32_t slot)
{
    return slot + 1 == TG_TABLE_SEGMENT ? 0 : slot + 1;
}

static inline void tg_table_prefetch(const struct tg_table *table, uint32_t hash)
{
    if (table->directory != NULL) {
        __builtin_prefetch(&tg_table_segment_of(table, hash)->slots[tg_table_home(hash)]);
    }
}

/* The numbers with this hash, one by one: begin with `*at` UINT32_MAX; 0 at the end. */
static inline uint32_t tg_table_next(const struct tg_table *table, uint32_t hash,
                                     uint32_t *at)
{
    if (table->directory == NULL) {
        return 0;
    }
    const struct tg_table_segment *segment = tg_table_segment_of(table, hash);
    for (;;) {
        *at = *at == UINT32_MAX ? tg_table_home(hash) : tg_table_after(*at);
        const struct tg_table_slot *slot = &segment->slots[*at];
        if (slot->ref == 0 || slot->hash == hash) {
            return slot->ref;
        }
    }
}

/* TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err tg_table_put(struct tg_table *table, uint32_t hash, uint32_t ref);
void tg_table_remove(struct tg_table *table, uint32_t hash, uint32_t ref);
/* `ref` is called `other` from now on. */
void tg_table_rename(struct tg_table *table, uint32_t hash, uint32_t ref, uint32_t other);
/* All numbers, one by one: begin with `*at` 0; 0 at the end. */
uint32_t tg_table_each(const struct tg_table *table, size_t *at);

#endif
