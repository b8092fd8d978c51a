#include "engine/base/ring.h"

#include <stdatomic.h>
#include <stdint.h>

#include "engine/base/mem.h"

struct tg_ring {
    size_t mask;
    _Alignas(64) atomic_size_t tail; /* Written by the producer. */
    _Alignas(64) atomic_size_t head; /* Written by the consumer. */
    _Alignas(64) void *items[];
};

/* The heap promises 16-byte alignment; the indices need only to lie apart. */
struct tg_ring *tg_ring_create(size_t capacity)
{
    if (capacity > SIZE_MAX / 4 / sizeof(void *)) {
        return NULL;
    }
    size_t size = 2;
    while (size < capacity) {
        size *= 2;
    }
    void *memory = tg_zalloc(1, sizeof(struct tg_ring) + size * sizeof(void *) + 64 +
                                    sizeof(void *));
    if (memory == NULL) {
        return NULL;
    }
    /* Keep the heap's own pointer just below the aligned ring, for destroy. */
    size_t address = ((size_t)memory + sizeof(void *) + 63) & ~(size_t)63;
    struct tg_ring *ring = (void *)address;
    ((void **)ring)[-1] = memory;
    ring->mask = size - 1;
    return ring;
}

void tg_ring_destroy(struct tg_ring *ring)
{
    if (ring != NULL) {
        tg_free(((void **)ring)[-1]);
    }
}

enum tg_err tg_ring_push(struct tg_ring *ring, void *item)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (tail - head > ring->mask) {
        return TG_EFULL;
    }
    ring->items[tail & ring->mask] = item;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return TG_OK;
}

void *tg_ring_pop(struct tg_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head == tail) {
        return NULL;
    }
    void *item = ring->items[head & ring->mask];
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return item;
}

bool tg_ring_empty(struct tg_ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_relaxed) ==
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}
