/* Time, for all benches: CLOCK_MONOTONIC in nanoseconds. Every process of this machine
 * shares it, so a stamp made by a publisher can be subtracted from one made by a
 * subscriber. */
#ifndef BENCH_COMMON_CLOCK_H
#define BENCH_COMMON_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ns(void);

/* Sleep; for set-up code, never inside a measurement. */
void clock_sleep_ms(unsigned ms);

#endif
