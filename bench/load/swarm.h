/* N subscribers in one process, each a WebSocket of its own.
 *
 *   CONNECTING --tcp--> UPGRADING --101--> GREETING --subscribed--> READY
 *        any of them --error, end, close frame--> ENDED
 *
 * An end before READY is a failed opening; after it, a dropped connection. */
#ifndef BENCH_LOAD_SWARM_H
#define BENCH_LOAD_SWARM_H

#include <stdint.h>
#include <uv.h>

#include "load/dialect.h"

struct swarm;

struct swarm_options {
    const struct dialect *dialect;
    unsigned port;
    const char *path;     /* overrides the dialect's, or NULL */
    unsigned opening_max; /* connections being opened at a time */
    unsigned per_address; /* connections from one of 127.0.0.1, 127.0.0.2, … */
    void (*on_opened)(void *context); /* each subscriber asked for is READY or ENDED */
    void (*on_event)(void *context, uint64_t seq, uint64_t at_ns);
    void *context;
};

struct swarm_counts {
    unsigned ready;     /* now */
    unsigned failed;    /* ended before READY */
    unsigned dropped;   /* ended after it */
    uint64_t delivered; /* events that were new to their subscriber */
    uint64_t skipped;   /* events that a later one overtook: lost */
    uint64_t repeated;  /* events that came again or too late */
    uint64_t announced; /* losses that the server itself announced */
    uint64_t stray;     /* messages without an event in them */
    uint64_t pings;     /* WebSocket pings, each answered */
    uint64_t bytes;     /* of the frames that brought events */
    unsigned frame_bytes_min, frame_bytes_max;
};

struct swarm *swarm_create(uv_loop_t *loop, const struct swarm_options *options);

/* Open `count` more. `seq` is the last event published so far. */
void swarm_open(struct swarm *s, unsigned count, uint64_t seq);

const struct swarm_counts *swarm_counts_get(const struct swarm *s);

/* Set the counts of events (not of connections) to zero. */
void swarm_counts_clear(struct swarm *s);

#endif
