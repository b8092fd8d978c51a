/* Latencies, in buckets that are at most 1/64 (1.6 %) wide, up to an hour: fixed memory,
 * exact counts. */
#ifndef BENCH_COMMON_HISTOGRAM_H
#define BENCH_COMMON_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 64 * 40 };

struct histogram {
    uint64_t bucket[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t max_ns;
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t ns);

/* The least upper bound of the given share (0.99: p99) of all that was added; 0 if
 * nothing was. */
uint64_t histogram_quantile_ns(const struct histogram *h, double share);

#endif
