/* From 32-bit hashes to 32-bit numbers, by extendible hashing: a directory of small
 * open-addressing segments, of which one at a time is split when it is full. So growing
 * never moves more than a segment. Several numbers may have one hash; who asks compares
 * what they name. */
#ifndef TG_MATCH_TABLE_H
#define TG_MATCH_TABLE_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { TG_TABLE_SEGMENT_BITS = 9, TG_TABLE_SEGMENT = 1 << TG_TABLE_SEGMENT_BITS };

struct tg_table_slot {
    uint32_t hash;
    uint32_t ref; /* 0: free. */
};

struct tg_table_segment {
    uint32_t depth; /* Bits of the hash, from the top, that all in it share. */
    uint32_t count;
    struct tg_table_slot slots[TG_TABLE_SEGMENT];
};

/* All zero is empty. */
struct tg_table {
    struct tg_table_segment **directory;
    uint32_t depth; /* The directory has 2^depth places. */
    size_t count;
    size_t bytes;
    uint64_t moved; /* Slots that splits moved, since the beginning. */
};

void tg_table_finish(struct tg_table *table);

static inline struct tg_table_segment *tg_table_segment_of(const struct tg_table *table,
                                                           uint32_t hash)
{
    return table->directory[(uint64_t)hash >> (32 - table->depth)];
}

static inline void tg_table_prefetch(const struct tg_table *table, uint32_t hash)
{
    if (table->directory != NULL) {
        __builtin_prefetch(
            &tg_table_segment_of(table, hash)->slots[hash % TG_TABLE_SEGMENT]);
    }
}

/* The numbers with this hash, one by one: begin with `*at` 0; 0 at the end. */
static inline uint32_t tg_table_next(const struct tg_table *table, uint32_t hash,
                                     uint32_t *at)
{
    if (table->directory == NULL) {
        return 0;
    }
    const struct tg_table_segment *segment = tg_table_segment_of(table, hash);
    for (;;) {
        const struct tg_table_slot *slot =
            &segment->slots[(hash + (*at)++) % TG_TABLE_SEGMENT];
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
