/* The engine's door to the heap. Nothing under engine/ calls malloc itself, so that a
 * test can make the n-th allocation fail (testing/heap.h) and count what is held. */
#ifndef TG_BASE_MEM_H
#define TG_BASE_MEM_H

#include <stddef.h>

/* What a heap is taken to keep for itself with each block: for budgets that count bytes
 * pinned with their overhead. */
enum { TG_HEAP_OVERHEAD = 16 };

/* A heap: realloc's contract in one function. `size` 0 frees and returns NULL. */
struct tg_heap {
    void *(*resize)(void *context, void *memory, size_t size);
    void *context;
};

/* Use `heap` from now on; NULL means malloc again. Only before the first allocation or
 * in a test of one thread: memory must go back to the heap that it came from. */
void tg_heap_use(const struct tg_heap *heap);

/* Memory that is not set, or NULL. `size` is at least 1. */
void *tg_alloc(size_t size) __attribute__((malloc));
/* Zeroed memory for `count` items of `size` bytes, or NULL (also if they overflow). */
void *tg_zalloc(size_t count, size_t size) __attribute__((malloc));
/* As realloc: on failure NULL, and `memory` stays as it was. */
void *tg_resize(void *memory, size_t size) __attribute__((warn_unused_result));
/* NULL is fine. */
void tg_free(void *memory);

#endif
