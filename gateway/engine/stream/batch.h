/* Events on their way from the sequencer to the shards.
 *
 * A batch is what one publish brought: immutable once it is sealed, shared by all shards,
 * counted atomically. Each event's text from `"type"` to the closing brace is written
 * once, here; a shard only puts the cohort's members in front of it. */
#ifndef TG_STREAM_BATCH_H
#define TG_STREAM_BATCH_H

#include <stdatomic.h>

#include "engine/base/buf.h"
#include "engine/catalogue/catalogue.h"

struct tg_roster;

struct tg_event {
    uint32_t stream;  /* The stream's number: an index in the shards' tables. */
    uint32_t tail_at; /* `"type":…}` in the batch's bytes. */
    uint32_t tail_size;
    uint64_t offset;    /* Of the position; from 1. */
    int64_t expires_us; /* By the gateway's clock, fixed at acceptance; 0: never. */
};

struct tg_batch {
    atomic_uint refs;
    struct tg_catalogue *catalogue; /* The version that the events were checked under. */
    struct tg_roster *roster;       /* NULL, or to be followed before the events. */
    struct tg_buf bytes;
    /* Called with the batch's weight when the last reference goes; may be NULL. */
    void (*released)(void *context, size_t weight);
    void *context;
    size_t weight; /* Bytes that it holds, overhead included. */
    uint32_t count;
    uint32_t capacity;
    struct tg_event events[];
};

/* A batch without events, that brings a roster, whose reference it takes over; NULL
 * without memory. */
struct tg_batch *tg_batch_of_roster(struct tg_roster *roster);
/* An empty batch with one reference, for up to `capacity` events; NULL without memory. It
 * takes a reference of `catalogue`. */
struct tg_batch *tg_batch_create(struct tg_catalogue *catalogue, uint32_t capacity);
void tg_batch_ref(struct tg_batch *batch);
/* NULL is fine. From any thread. */
void tg_batch_unref(struct tg_batch *batch);

static inline struct tg_slice tg_event_tail(const struct tg_batch *batch,
                                            const struct tg_event *event)
{
    return tg_slice(batch->bytes.data + event->tail_at, event->tail_size);
}

/* A change of the catalogue, as the shards need it: which streams there are now. */
struct tg_stream_entry {
    const struct tg_type *type; /* Borrowed from the roster's catalogue. */
    uint32_t stream;
    char epoch[17];
    uint64_t head; /* Offset of its newest event; 0 before the first. */
};

struct tg_roster {
    atomic_uint refs;
    struct tg_catalogue *catalogue;
    uint32_t count;
    uint32_t streams_max;             /* Every stream's number is below this. */
    struct tg_stream_entry entries[]; /* In the order of the types' names. */
};

struct tg_roster *tg_roster_create(struct tg_catalogue *catalogue, uint32_t count);
/* The number of the stream of `type`, which must be of the roster's catalogue. */
uint32_t tg_roster_stream(const struct tg_roster *roster, const struct tg_type *type);
void tg_roster_ref(struct tg_roster *roster);
/* NULL is fine. From any thread. */
void tg_roster_unref(struct tg_roster *roster);

#endif
