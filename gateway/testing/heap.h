/* A heap for tests: it makes the n-th allocation fail and counts what was not freed. */
#ifndef TG_TESTING_HEAP_H
#define TG_TESTING_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/mem.h"

struct tg_test_heap {
    struct tg_heap heap;
    size_t calls;    /* Allocations and growths that were asked for. */
    size_t fail_at;  /* Which of them fails, counted from 1; 0: none. */
    bool fail_after; /* All after it fail too. */
    size_t blocks;   /* Held at present. */
    size_t bytes;
    size_t bytes_peak;
};

/* Use it as the engine's heap, with all counters at 0. */
void tg_test_heap_begin(struct tg_test_heap *heap, size_t fail_at);
/* Go back to malloc. True if nothing is held any more. */
bool tg_test_heap_end(struct tg_test_heap *heap);

#endif
