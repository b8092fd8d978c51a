/* The one event that all benches send: an order, as a shop's page would get it, padded to
 * an exact number of bytes.
 *
 *   {"seq":17,"at":81234567890123,"status":"paid","total":"18.44",
 *    "customer":"Ada Lovelace","note":"…"}
 *
 * `seq` numbers the events of a run, so that a lost or repeated one is noticed; `at` is
 * when it was due to be sent (clock_now_ns), so that a late sender doesn't flatter the
 * latency. */
#ifndef BENCH_COMMON_EVENT_H
#define BENCH_COMMON_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name of its type in the gateway's catalogue. */
#define EVENT_TYPE "bench.Order"

enum {
    EVENT_DATA_MIN = 160,
    EVENT_DATA_MAX = 16384,
    EVENT_LINE_MAX = EVENT_DATA_MAX + 512
};

/* Writes exactly `bytes` bytes (EVENT_DATA_MIN to EVENT_DATA_MAX) and a 0 to `out`. */
void event_data_write(char *out, size_t bytes, uint64_t seq, uint64_t at_ns);

/* Writes the event as the gateway's ingest takes it (INGEST.md 4), without a line's end,
 * and returns its length. The id is `run`-`seq`; `out` has room for EVENT_LINE_MAX. */
size_t event_line_write(char *out, size_t data_bytes, const char *run, uint64_t seq,
                        uint64_t at_ns);

/* Finds `seq` and `at` in a message that has such data somewhere inside. */
bool event_find(const char *message, size_t length, uint64_t *seq, uint64_t *at_ns);

#endif
