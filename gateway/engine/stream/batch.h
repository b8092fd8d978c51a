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
#include "engine/query/row.h"

struct tg_roster;

/* A place in the batch's bytes; of size 0: there is none. */
struct tg_span {
    uint32_t at;
    uint32_t size;
};

struct tg_event {
    uint32_t stream;      /* The stream's number: an index in the shards' tables. */
    uint8_t op;           /* enum tg_op */
    uint8_t time_size;    /* Of the text of `time`, which stands right before `shown`. */
    bool silent;          /* An update of hidden fields alone. */
    struct tg_span tail;  /* `"type":…}`, as it is delivered. */
    struct tg_span shown; /* The data in the tail, without hidden fields. */
    /* As they were published: raw JSON. Where nothing is hidden they are in the tail. */
    struct tg_span data;
    struct tg_span old;
    struct tg_span changed;
    uint64_t offset;    /* Of the position; from 1. */
    int64_t expires_us; /* By the gateway's clock, fixed at acceptance; 0: never. */
};

struct tg_batch {
    atomic_uint refs;
    struct tg_catalogue *catalogue; /* Of the events; NULL of an errand. */
    struct tg_roster *roster;       /* NULL, or to be followed before the events. */
    void *errand; /* NULL, or what the owner of the shards wants done, in this order. */
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
/* A batch without events, that brings an errand, which stays the caller's and must live
 * as long as the batch; NULL without memory. */
struct tg_batch *tg_batch_of_errand(void *errand);
/* An empty batch with one reference, for up to `capacity` events; NULL without memory. It
 * takes a reference of `catalogue`. */
struct tg_batch *tg_batch_create(struct tg_catalogue *catalogue, uint32_t capacity);
void tg_batch_ref(struct tg_batch *batch);
/* NULL is fine. From any thread. */
void tg_batch_unref(struct tg_batch *batch);

static inline struct tg_slice tg_batch_slice(const struct tg_batch *batch,
                                             struct tg_span span)
{
    return tg_slice(batch->bytes.data + span.at, span.size);
}

/* What queries look at. */
struct tg_event_parts tg_event_parts(const struct tg_batch *batch,
                                     const struct tg_event *event);

/* The subscriber's word for the sender's operation (PROTOCOL.md 4). */
struct tg_slice tg_delivered_op(enum tg_op op);
/* Append the event's tail with another operation and other data, and no old, no changed;
 * `type` is the event's. */
void tg_event_write_as(const struct tg_batch *batch, const struct tg_event *event,
                       struct tg_slice type, enum tg_op op, struct tg_slice data,
                       struct tg_buf *buf);

/* A change of the catalogue, as the shards need it: which streams there are now. */
struct tg_stream_entry {
    struct tg_type *type; /* Borrowed from the roster's catalogue. */
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
