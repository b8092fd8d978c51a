#include "testing/heap.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Each block is preceded by its size, so that what is held can be counted. The prefix
 * keeps malloc's alignment. */
union prefix {
    size_t size;
    max_align_t align;
};

static void *test_resize(void *context, void *memory, size_t size)
{
    struct tg_test_heap *heap = context;
    union prefix *block = memory == NULL ? NULL : (union prefix *)memory - 1;
    size_t before = block == NULL ? 0 : block->size;
    if (size == 0) {
        if (block != NULL) {
            heap->blocks--;
            heap->bytes -= before;
            free(block);
        }
        return NULL;
    }
    heap->calls++;
    bool fails = heap->calls == heap->fail_at ||
                 (heap->fail_after && heap->fail_at != 0 && heap->calls > heap->fail_at);
    union prefix *moved = fails ? NULL : malloc(sizeof *moved + size);
    if (moved == NULL) {
        return NULL;
    }
    /* Always another place: who keeps an old pointer is found out by the sanitizer. */
    moved->size = size;
    if (block != NULL) {
        memcpy(moved + 1, block + 1, before < size ? before : size);
        free(block);
    }
    heap->blocks += block == NULL;
    heap->bytes += size - before;
    if (heap->bytes > heap->bytes_peak) {
        heap->bytes_peak = heap->bytes;
    }
    return moved + 1;
}

void tg_test_heap_begin(struct tg_test_heap *heap, size_t fail_at)
{
    *heap = (struct tg_test_heap){
        .heap = {test_resize, heap},
        .fail_at = fail_at,
    };
    tg_heap_use(&heap->heap);
}

bool tg_test_heap_end(struct tg_test_heap *heap)
{
    tg_heap_use(NULL);
    return heap->blocks == 0;
}
