/* A bounded queue of pointers from one thread to one other.
 *
 * One producer, one consumer, no lock: each side writes its own index and reads the
 * other's. The indices live on cache lines of their own. */
#ifndef TG_BASE_RING_H
#define TG_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/err.h"

struct tg_ring;

/* A ring for `capacity` items, rounded up to a power of two; NULL without memory. */
struct tg_ring *tg_ring_create(size_t capacity);
/* The items are the caller's: take them out first. NULL is fine. */
void tg_ring_destroy(struct tg_ring *ring);
/* TG_EFULL  The item was not taken. */
TG_MUST_USE enum tg_err tg_ring_push(struct tg_ring *ring, void *item);
/* For the consumer: is there nothing to pop at present? */
bool tg_ring_empty(struct tg_ring *ring);
/* The oldest item, or NULL. */
void *tg_ring_pop(struct tg_ring *ring);

#endif
