/* Memory in units of a cache line, named by 32-bit numbers, in segments that never move:
 * entries, postings and interned values all lie in it. What is given back is kept by
 * size, and given again. */
#ifndef TG_MATCH_ARENA_H
#define TG_MATCH_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum {
    TG_ARENA_UNIT = 64,
    TG_ARENA_SIZE_MAX = 4096, /* Of one block. */
    TG_ARENA_SEGMENT_BITS = 10,
    /* Beyond the first segments, memory is asked for in blocks of 2 MiB, which a heap may
     * back by huge pages: matching jumps about, and page tables cost as much as data. */
    TG_ARENA_BLOCK = 2 << 20,
    TG_ARENA_REF_BITS = 28, /* 16 GiB. */
};

/* All zero is empty. */
struct tg_arena {
    uint8_t **segments; /* Aligned to units. */
    void **blocks;      /* What the heap gave; NULL where a block goes on. */
    uint32_t segments_count;
    uint32_t segments_capacity;
    uint32_t segments_ready; /* Of the last block: not counted yet. */
    uint32_t next;           /* Units of the last segment that are taken. */
    uint32_t free[12];
    size_t bytes; /* Of the segments. */
};

static inline void *tg_arena_at(const struct tg_arena *arena, uint32_t ref)
{
    return arena->segments[ref >> TG_ARENA_SEGMENT_BITS] +
           (size_t)(ref & ((1u << TG_ARENA_SEGMENT_BITS) - 1)) * TG_ARENA_UNIT;
}

void tg_arena_finish(struct tg_arena *arena);
/* A block of at least `size` bytes, at most TG_ARENA_SIZE_MAX, that is not set; 0 without
 * memory. */
uint32_t tg_arena_take(struct tg_arena *arena, size_t size);
/* `size`: as it was taken. */
void tg_arena_give(struct tg_arena *arena, uint32_t ref, size_t size);

#endif
