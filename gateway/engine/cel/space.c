#include "engine/base/mem.h"
#include "engine/cel/values.h"

enum {
    BYTES_MAX_DEFAULT = 1024 * 1024,
    FIRST = 8 * 1024,
    ALIGNMENT = 8,
};

/* A block begins with this. */
struct block {
    struct block *before;
    size_t capacity;
};

static void free_before(struct block *block)
{
    struct block *before = block->before;
    block->before = NULL;
    while (before != NULL) {
        struct block *next = before->before;
        tg_free(before);
        before = next;
    }
}

static size_t held(const struct tg_space *space)
{
    size_t bytes = 0;
    const struct block *block = (const struct block *)(const void *)space->memory;
    for (; block != NULL; block = block->before) {
        bytes += block->capacity;
    }
    return bytes;
}

/* A block of at least `size` bytes more in front of the others. */
static bool grow(struct tg_space *space, size_t size)
{
    size_t most = space->bytes_max == 0 ? BYTES_MAX_DEFAULT : space->bytes_max;
    size_t have = held(space);
    size_t least = sizeof(struct block) + size;
    if (have >= most || least < size || least > most - have) {
        return false;
    }
    size_t capacity = space->capacity == 0 ? FIRST : space->capacity * 2;
    capacity = capacity < least ? least : capacity;
    capacity = capacity > most - have ? most - have : capacity;
    struct block *block = tg_alloc(capacity);
    if (block == NULL) {
        return false;
    }
    *block = (struct block){(struct block *)(void *)space->memory, capacity};
    space->memory = (uint8_t *)block;
    space->capacity = capacity;
    space->used = sizeof *block;
    return true;
}

void *tg_space_take(struct tg_space *space, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (space->capacity - space->used < size && !grow(space, size)) {
        return NULL;
    }
    void *memory = space->memory + space->used;
    space->used += size;
    return memory;
}

void tg_space_reset(struct tg_space *space)
{
    if (space->memory != NULL) {
        free_before((struct block *)(void *)space->memory);
        space->used = sizeof(struct block);
    }
}

void tg_space_finish(struct tg_space *space)
{
    if (space->memory != NULL) {
        free_before((struct block *)(void *)space->memory);
    }
    tg_free(space->memory);
    tg_buf_finish(&space->scratch);
    *space = (struct tg_space){.bytes_max = space->bytes_max};
}
