/* Hands events to the server under test, in the way that server takes them.
 *
 *   zmq:ENDPOINT     the gateway's ingest (INGEST.md 2), one acknowledged event a request
 *   http:PORT/PATH   POST of the event's data, each after the answer to the last
 *   stream:PORT      the floor: length (4 bytes, big endian), then the event's data
 */
#ifndef BENCH_LOAD_PUBLISHER_H
#define BENCH_LOAD_PUBLISHER_H

#include <stdint.h>
#include <uv.h>

struct publisher;

struct publisher_options {
    const char *target;
    const char *key; /* the ingest key, for zmq */
    unsigned data_bytes;
    unsigned
        frame_bytes; /* stream: the whole frame shall have this size; 0: as it comes */
};

/* What each kind provides. There is no close: a publisher lives as long as the tool. */
struct publisher_kind {
    void *(*open)(uv_loop_t *loop, const struct publisher_options *options,
                  const char *target, struct publisher *owner);
    void (*send)(void *self, uint64_t seq, uint64_t at_ns);
};

extern const struct publisher_kind publisher_zmq, publisher_http, publisher_stream;

/* NULL if the target can't be used; the reason is on stderr. */
struct publisher *publisher_open(uv_loop_t *loop,
                                 const struct publisher_options *options);
void publisher_send(struct publisher *p, uint64_t seq, uint64_t at_ns);

/* Events that the server did not take. The first few reasons go to stderr. */
uint64_t publisher_refused(const struct publisher *p);
void publisher_refuse(struct publisher *p, const char *why, const char *detail,
                      size_t length);

#endif
