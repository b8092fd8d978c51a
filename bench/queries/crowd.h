/* C WebSocket connections that hold S subscriptions together, each with a query of its
 * own: subscription i asks for `owner == i`, on connection i % C.
 *
 * They are opened one after the other with blocking sockets, and then watched. */
#ifndef BENCH_QUERIES_CROWD_H
#define BENCH_QUERIES_CROWD_H

#include <stdbool.h>
#include <stdint.h>

struct crowd;

struct crowd_counts {
    uint64_t delivered; /* Events that came to whom they concern. */
    uint64_t strays;    /* To another, or what is no event. */
};

/* NULL: said on stderr. */
struct crowd *crowd_open(unsigned port, unsigned connections, unsigned subscriptions);
/* Read what comes, for at most `patience_ms`; false: nothing came, or one has ended. */
bool crowd_read(struct crowd *crowd, int patience_ms);
struct crowd_counts crowd_counts(const struct crowd *crowd);

#endif
