/* Frames and the queue of frames that waits for one connection.
 *
 * A frame is bytes as they go on the wire, built once and shared by every connection
 * that gets it. Frames belong to one thread (a shard): their counts are not atomic.
 *
 * An outbox costs three words while it is empty. Its nodes come from a pool that the
 * outboxes of a shard share. */
#ifndef TG_BASE_OUTBOX_H
#define TG_BASE_OUTBOX_H

#include "engine/base/buf.h"
#include "engine/base/err.h"

struct tg_frame {
    uint32_t refs;
    uint32_t size;
    uint8_t bytes[];
};

/* A frame with one reference and room for `size` bytes, or NULL. */
struct tg_frame *tg_frame_create(size_t size);
/* A frame that holds a copy of `bytes`, or NULL. */
struct tg_frame *tg_frame_of(struct tg_slice bytes);
void tg_frame_ref(struct tg_frame *frame);
/* NULL is fine. */
void tg_frame_unref(struct tg_frame *frame);

struct tg_outbox_node;

/* All zero is an empty pool. It keeps at most `TG_OUTBOX_SPARE` free nodes. */
struct tg_outbox_pool {
    struct tg_outbox_node *spare;
    uint32_t spare_count;
};

enum {
    TG_OUTBOX_SPARE = 4096,
    /* What one queued frame costs beside its bytes, for the budget of a connection. */
    TG_OUTBOX_OVERHEAD = 64,
};

void tg_outbox_pool_finish(struct tg_outbox_pool *pool);

/* All zero is empty. */
struct tg_outbox {
    struct tg_outbox_node *first;
    struct tg_outbox_node *last;
    uint32_t sent; /* Bytes of the first frame that are gone already. */
    uint32_t size; /* Bytes that wait, with TG_OUTBOX_OVERHEAD for each frame. */
};

static inline bool tg_outbox_empty(const struct tg_outbox *outbox)
{
    return outbox->first == NULL;
}

/* Add `frame` at the end, with a reference of its own.
 *
 * TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err tg_outbox_add(struct tg_outbox *outbox,
                                      struct tg_outbox_pool *pool,
                                      struct tg_frame *frame);
/* The waiting bytes as up to `max` slices, in order; how many. They are borrowed until
 * the next `tg_outbox_sent` or `tg_outbox_clear`. */
int tg_outbox_peek(const struct tg_outbox *outbox, struct tg_slice *slices, int max);
/* `size` bytes from the front are on their way: forget them. */
void tg_outbox_sent(struct tg_outbox *outbox, struct tg_outbox_pool *pool, size_t size);
void tg_outbox_clear(struct tg_outbox *outbox, struct tg_outbox_pool *pool);

#endif
