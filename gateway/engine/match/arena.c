#include "engine/match/arena.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"

enum { SEGMENT_UNITS = 1 << TG_ARENA_SEGMENT_BITS, CLASSES = 12 };

static const uint8_t class_units[CLASSES] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};

static uint32_t class_of(size_t size)
{
    assert(size <= TG_ARENA_SIZE_MAX);
    uint32_t class = 0;
    while ((size_t)class_units[class] * TG_ARENA_UNIT < size) {
        class ++;
    }
    return class;
}

void tg_arena_finish(struct tg_arena *arena)
{
    for (uint32_t i = 0; i < arena->segments_count; i++) {
        tg_free(arena->blocks[i]);
    }
    tg_free(arena->blocks);
    tg_free(arena->segments);
    *arena = (struct tg_arena){0};
}

static void free_push(struct tg_arena *arena, uint32_t class, uint32_t ref)
{
    memcpy(tg_arena_at(arena, ref), &arena->free[class], sizeof ref);
    arena->free[class] = ref;
}

/* What is left of the last segment goes to the free blocks, in the largest parts. */
static void segment_retire(struct tg_arena *arena)
{
    while (arena->segments_count > 0 && arena->next < SEGMENT_UNITS) {
        uint32_t class = CLASSES - 1;
        while (class_units[class] > SEGMENT_UNITS - arena->next) {
            class --;
        }
        free_push(arena, class,
                  (arena->segments_count - 1) << TG_ARENA_SEGMENT_BITS | arena->next);
        arena->next += class_units[class];
    }
}

static int directory_grow(struct tg_arena *arena)
{
    uint32_t capacity = arena->segments_capacity == 0 ? 8 : arena->segments_capacity * 2;
    uint8_t **segments = tg_resize(arena->segments, capacity * sizeof *segments);
    if (segments == NULL) {
        return -1;
    }
    arena->segments = segments;
    void **blocks = tg_resize(arena->blocks, capacity * sizeof *blocks);
    if (blocks == NULL) {
        return -1;
    }
    arena->blocks = blocks;
    arena->segments_capacity = capacity;
    return 0;
}

/* Ask the heap for one segment, or for a whole block of them when there are many. */
static int block_add(struct tg_arena *arena)
{
    size_t segment = SEGMENT_UNITS * (size_t)TG_ARENA_UNIT;
    uint32_t many = TG_ARENA_BLOCK / (uint32_t)segment;
    uint32_t count = arena->segments_count < many / 2 ? 1 : many;
    size_t size = count == 1 ? segment + TG_ARENA_UNIT : TG_ARENA_BLOCK;
    while (arena->segments_count + count > arena->segments_capacity) {
        if (directory_grow(arena) != 0) {
            return -1;
        }
    }
    uint8_t *block = tg_alloc(size);
    if (block == NULL) {
        return -1;
    }
    /* A block of the heap's own alignment may lack the room for its last segment. */
    size_t past = (TG_ARENA_UNIT - (uintptr_t)block % TG_ARENA_UNIT) % TG_ARENA_UNIT;
    count = (uint32_t)((size - past) / segment);
    for (uint32_t i = 0; i < count; i++) {
        arena->segments[arena->segments_count + i] = block + past + i * segment;
        arena->blocks[arena->segments_count + i] = i == 0 ? block : NULL;
    }
    arena->segments_ready = count;
    arena->bytes += size;
    return 0;
}

static int segment_add(struct tg_arena *arena)
{
    if (arena->segments_count == 1u << (TG_ARENA_REF_BITS - TG_ARENA_SEGMENT_BITS) ||
        (arena->segments_ready == 0 && block_add(arena) != 0)) {
        return -1;
    }
    segment_retire(arena);
    /* Number 0 is nothing. */
    arena->next = arena->segments_count == 0 ? 1 : 0;
    arena->segments_count++;
    arena->segments_ready--;
    return 0;
}

uint32_t tg_arena_take(struct tg_arena *arena, size_t size)
{
    uint32_t class = class_of(size);
    uint32_t ref = arena->free[class];
    if (ref != 0) {
        memcpy(&arena->free[class], tg_arena_at(arena, ref), sizeof ref);
        return ref;
    }
    if ((arena->segments_count == 0 ||
         arena->next + class_units[class] > SEGMENT_UNITS) &&
        segment_add(arena) != 0) {
        return 0;
    }
    ref = (arena->segments_count - 1) << TG_ARENA_SEGMENT_BITS | arena->next;
    arena->next += class_units[class];
    return ref;
}

void tg_arena_give(struct tg_arena *arena, uint32_t ref, size_t size)
{
    free_push(arena, class_of(size), ref);
}
