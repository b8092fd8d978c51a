/* What the matcher is measured with: filters and events of the workloads T M R B P, with
 * fixed seeds (D, L and U are other uses of T and M). */
#ifndef BENCH_MATCH_WORKLOADS_H
#define BENCH_MATCH_WORKLOADS_H

#include "engine/query/build.h"

/* 15 categorical fields of 2 to 100,000 values, Zipf 0.5 to 1.0; five numeric; a path.
 * R has 20 numeric ones from NUMERIC on; B has its own 250. */
enum {
    CATEGORICAL = 15,
    NUMERIC = 15, /* The first of them. */
    PATH = 35,
    FIELDS = 250,
    EVENT_FIELDS = 20,
    NUMBERS = 1000000, /* Numeric fields are 0 to this. */
};

struct workload {
    char name; /* T, M, R, B or P */
    uint64_t state;
};

void workloads_prepare(void);
const struct tg_schema *workload_schema(void);
void workload_begin(struct workload *workload, char name, uint64_t seed);
/* Tell a filter to the builder. */
void workload_filter(struct workload *workload, struct tg_builder *builder);
/* The cells of an event: FIELDS of them. */
void workload_event(struct workload *workload, struct tg_cell *cells);
/* Give one or two fields of the event other values; which, as tg_slot_bit. */
uint64_t workload_change(struct workload *workload, struct tg_cell *cells);
/* Even, 0 to below `below`. */
uint32_t workload_roll(struct workload *workload, uint32_t below);
/* Zipf 1 over 10,000. */
uint32_t workload_popular(struct workload *workload);

#endif
