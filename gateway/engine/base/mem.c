#include "engine/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct tg_heap *heap_in_use;

static void *heap_resize(void *memory, size_t size)
{
    if (heap_in_use != NULL) {
        return heap_in_use->resize(heap_in_use->context, memory, size);
    }
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

void tg_heap_use(const struct tg_heap *heap)
{
    heap_in_use = heap;
}

void *tg_alloc(size_t size)
{
    return heap_resize(NULL, size == 0 ? 1 : size);
}

void *tg_zalloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *memory = tg_alloc(count * size);
    if (memory != NULL) {
        memset(memory, 0, count * size);
    }
    return memory;
}

void *tg_resize(void *memory, size_t size)
{
    return heap_resize(memory, size == 0 ? 1 : size);
}

void tg_free(void *memory)
{
    if (memory != NULL) {
        heap_resize(memory, 0);
    }
}
