/* What the kernel says about the server under test: CPU time and memory of a set of
 * processes.
 *
 * The sum of CPU time is the process clock (clock_getcpuclockid): nanoseconds, all
 * threads, the ended ones included. /proc/PID/stat only counts ticks of 10 ms, so it
 * serves for the split into user and system, never for the sum. */
#ifndef BENCH_COMMON_COUNTERS_H
#define BENCH_COMMON_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { COUNTERS_PIDS_MAX = 64 };

struct server_pids {
    pid_t pid[COUNTERS_PIDS_MAX];
    unsigned count;
};

struct cpu_time {
    uint64_t total_ns;
    uint64_t user_ticks;
    uint64_t system_ticks;
};

/* Kilobytes, summed over the processes, from smaps_rollup. */
struct memory {
    uint64_t rss_kb;
    uint64_t anonymous_kb;
    uint64_t private_dirty_kb;
};

/* Reads "12,34,56". False if it isn't a list of 1 to COUNTERS_PIDS_MAX process ids. */
bool server_pids_parse(struct server_pids *pids, const char *text);

/* False if one of the processes is gone. */
bool cpu_time_read(const struct server_pids *pids, struct cpu_time *cpu);
bool memory_read(const struct server_pids *pids, struct memory *memory);

/* What was spent between two readings. */
struct cpu_time cpu_time_since(struct cpu_time before, struct cpu_time after);

#endif
