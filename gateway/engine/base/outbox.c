#include "engine/base/outbox.h"

#include <assert.h>

#include "engine/base/mem.h"

struct tg_outbox_node {
    struct tg_outbox_node *next;
    struct tg_frame *frame;
};

struct tg_frame *tg_frame_create(size_t size)
{
    if (size > UINT32_MAX - sizeof(struct tg_frame)) {
        return NULL;
    }
    struct tg_frame *frame = tg_alloc(sizeof *frame + size);
    if (frame != NULL) {
        frame->refs = 1;
        frame->size = (uint32_t)size;
    }
    return frame;
}

struct tg_frame *tg_frame_of(struct tg_slice bytes)
{
    struct tg_frame *frame = tg_frame_create(bytes.size);
    if (frame != NULL && bytes.size != 0) {
        memcpy(frame->bytes, bytes.data, bytes.size);
    }
    return frame;
}

void tg_frame_ref(struct tg_frame *frame)
{
    frame->refs++;
}

void tg_frame_unref(struct tg_frame *frame)
{
    if (frame != NULL && --frame->refs == 0) {
        tg_free(frame);
    }
}

void tg_outbox_pool_finish(struct tg_outbox_pool *pool)
{
    while (pool->spare != NULL) {
        struct tg_outbox_node *node = pool->spare;
        pool->spare = node->next;
        tg_free(node);
    }
    pool->spare_count = 0;
}

static struct tg_outbox_node *pool_take(struct tg_outbox_pool *pool)
{
    struct tg_outbox_node *node = pool->spare;
    if (node == NULL) {
        return tg_alloc(sizeof *node);
    }
    pool->spare = node->next;
    pool->spare_count--;
    return node;
}

static void pool_give(struct tg_outbox_pool *pool, struct tg_outbox_node *node)
{
    if (pool->spare_count >= TG_OUTBOX_SPARE) {
        tg_free(node);
        return;
    }
    node->next = pool->spare;
    pool->spare = node;
    pool->spare_count++;
}

enum tg_err tg_outbox_add(struct tg_outbox *outbox, struct tg_outbox_pool *pool,
                          struct tg_frame *frame)
{
    struct tg_outbox_node *node = pool_take(pool);
    if (node == NULL) {
        return TG_ENOMEM;
    }
    tg_frame_ref(frame);
    node->frame = frame;
    node->next = NULL;
    if (outbox->last == NULL) {
        outbox->first = node;
    } else {
        outbox->last->next = node;
    }
    outbox->last = node;
    outbox->size += frame->size + TG_OUTBOX_OVERHEAD;
    return TG_OK;
}

int tg_outbox_peek(const struct tg_outbox *outbox, struct tg_slice *slices, int max)
{
    int count = 0;
    size_t skip = outbox->sent;
    for (struct tg_outbox_node *node = outbox->first; node != NULL && count < max;
         node = node->next) {
        slices[count++] = tg_slice(node->frame->bytes + skip, node->frame->size - skip);
        skip = 0;
    }
    return count;
}

/* Take the first node out and give its frame back. */
static void outbox_shift(struct tg_outbox *outbox, struct tg_outbox_pool *pool)
{
    struct tg_outbox_node *node = outbox->first;
    outbox->size -= node->frame->size - outbox->sent + TG_OUTBOX_OVERHEAD;
    outbox->sent = 0;
    outbox->first = node->next;
    if (outbox->first == NULL) {
        outbox->last = NULL;
    }
    tg_frame_unref(node->frame);
    pool_give(pool, node);
}

void tg_outbox_sent(struct tg_outbox *outbox, struct tg_outbox_pool *pool, size_t size)
{
    while (size > 0) {
        assert(outbox->first != NULL);
        size_t left = outbox->first->frame->size - outbox->sent;
        if (size < left) {
            outbox->sent += (uint32_t)size;
            outbox->size -= (uint32_t)size;
            return;
        }
        size -= left;
        outbox_shift(outbox, pool);
    }
}

void tg_outbox_clear(struct tg_outbox *outbox, struct tg_outbox_pool *pool)
{
    while (outbox->first != NULL) {
        outbox_shift(outbox, pool);
    }
}
