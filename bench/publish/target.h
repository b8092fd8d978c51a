/* Something that takes batches of events and acknowledges them, seen as a blocking
 * connection. */
#ifndef BENCH_PUBLISH_TARGET_H
#define BENCH_PUBLISH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target_options {
    const char
        *address;    /* zmq: endpoint; redis: path of a socket, or port on 127.0.0.1 */
    const char *key; /* zmq: the ingest key */
    unsigned depth;  /* events a batch */
    unsigned data_bytes;
};

struct target_kind {
    const char *name;
    void *(*open)(const struct target_options *options); /* NULL: said on stderr */
    /* Send the `depth` events from `seq` on as one batch. */
    bool (*send)(void *self, uint64_t seq);
    /* Wait for the acknowledgement of the oldest batch still open; false: not all were
     * taken. */
    bool (*wait)(void *self);
    void (*close)(void *self);
};

extern const struct target_kind target_zmq, target_redis;

#endif
