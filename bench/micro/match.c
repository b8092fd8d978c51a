/* How long it takes to find whom one event concerns, beside the scan over all filters in
 * the same run: `bench_match [WORKLOADS [FILTERS…]]`, such as `bench_match TMR 1000000`.
 *
 * Back of the envelope, at a million filters of 128 bytes: nothing is in the cache, so a
 * candidate costs one miss, some 80 ns, or 10 to 20 if enough are asked for ahead; a
 * probe of a key costs one more. T has four keys an event and a few dozen candidates:
 * some us. The scan reads 40 bytes a filter one after another, 10 GB/s: 4 ms.
 *
 * B has 250 fields of 400 values where the design says 1,000 of 100: a type has at most
 * 256 fields, and so a literal is as rare. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/mem.h"
#include "engine/match/match.h"
#include "match_workloads.h"

enum { EVENTS = 256, ROUNDS = 9, CHURNS = 20000, D_FILTERS = 10000 };

struct figures {
    double *us; /* Of each call. */
    uint32_t count;
    double mean;
};

struct run {
    char name;
    uint32_t filters;
    struct workload workload;
    struct tg_builder *builder;
    struct tg_matcher *matcher;
    struct tg_cell (*cells)[2][FIELDS]; /* Of each event: after, before. */
    struct tg_rows *rows;
    uint32_t *owners; /* Subscribers of each filter. */
    uint32_t *entries;
    uint64_t delivered;
};

static double clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* What others do on the machine is not in it; asking costs a system call. */
static double cpu_us(void)
{
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at_part(struct figures *figures, double part)
{
    return figures->us[(uint32_t)((figures->count - 1) * part)];
}

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- filters and events ---- */

/* A filter that is not there yet. */
static struct tg_filter *fresh(struct run *run)
{
    for (;;) {
        struct tg_filter *filter;
        workload_filter(&run->workload, run->builder);
        if (tg_build_finish(run->builder, &filter) != TG_OK) {
            abort();
        }
        if (tg_matcher_find(run->matcher, filter) == NULL) {
            return filter;
        }
        tg_free(filter);
    }
}

static double enter(struct run *run, uint32_t n, const struct tg_filter *filter)
{
    double begin = cpu_us();
    if (tg_matcher_add(run->matcher, filter, &run->owners[n], &run->entries[n]) !=
        TG_OK) {
        abort();
    }
    return cpu_us() - begin;
}

static void roll_events(struct run *run)
{
    run->cells = must(malloc(EVENTS * sizeof *run->cells));
    run->rows = must(calloc(EVENTS, sizeof *run->rows));
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct tg_rows *rows = &run->rows[i];
        workload_event(&run->workload, run->cells[i][0]);
        rows->has_after = true;
        rows->changed = UINT64_MAX;
        rows->after.fields = run->cells[i][0];
        if (run->name == 'L') {
            memcpy(run->cells[i][1], run->cells[i][0], sizeof run->cells[i][1]);
            rows->has_before = true;
            rows->changed = workload_change(&run->workload, run->cells[i][1]);
            rows->before.fields = run->cells[i][1];
        }
    }
}

static uint64_t fan_out(const struct tg_match *matches, uint32_t count)
{
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < count; i++) {
        delivered += *(uint32_t *)matches[i].owner;
    }
    return delivered;
}

/* ---- measuring ---- */

static double match_one(struct run *run, uint32_t n, bool scan, uint64_t *matched)
{
    const struct tg_match *matches;
    uint32_t count;
    double begin = now_us();
    enum tg_err err =
        scan ? tg_matcher_scan(run->matcher, &run->rows[n], &matches, &count)
             : tg_matcher_match(run->matcher, &run->rows[n], &matches, &count);
    double spent = now_us() - begin;
    if (err != TG_OK) {
        abort();
    }
    *matched += count;
    run->delivered += fan_out(matches, count);
    return spent;
}

static void settle(struct figures *figures)
{
    qsort(figures->us, figures->count, sizeof *figures->us, by_value);
    for (uint32_t i = 0; i < figures->count; i++) {
        figures->mean += figures->us[i] / figures->count;
    }
}

/* Take a filter out and put another in its stead. */
static void churn_one(struct run *run, struct figures *in, struct figures *out)
{
    uint32_t n = workload_roll(&run->workload, run->filters);
    struct tg_filter *filter = fresh(run);
    double begin = cpu_us();
    tg_matcher_remove(run->matcher, run->entries[n]);
    out->us[out->count++] = cpu_us() - begin;
    in->us[in->count++] = enter(run, n, filter);
    tg_free(filter);
}

/* The index in ROUNDS rounds over the events; the scan for some two seconds. Means are of
 * CPU time: others on the machine are in them only by what they leave of the caches. */
static void measure(struct run *run, struct figures *index, struct figures *scan,
                    struct figures *in, struct figures *out, uint64_t matched[2])
{
    uint64_t unused = 0;
    double round_us[ROUNDS];
    double scan_us = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        match_one(run, i, false, &unused);
    }
    match_one(run, 0, true, &unused);
    double once = match_one(run, 0, true, &unused);
    uint32_t scans = once * EVENTS < 2e6 ? EVENTS : (uint32_t)(2e6 / once) + 3;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        double begin = cpu_us();
        double churned = 0;
        for (uint32_t i = 0; i < EVENTS; i++) {
            index->us[index->count++] = match_one(run, i, false, &matched[0]);
            if (run->name == 'U' && i % 10 == 0) {
                double aside = cpu_us();
                churn_one(run, in, out);
                churned += cpu_us() - aside;
            }
        }
        round_us[round] = (cpu_us() - begin - churned) / EVENTS;
        if (round == ROUNDS / 2 && run->name != 'U') {
            begin = cpu_us();
            for (uint32_t i = 0; i < scans; i++) {
                scan->us[scan->count++] = match_one(run, i % EVENTS, true, &matched[1]);
            }
            scan_us = (cpu_us() - begin) / scans;
        }
    }
    settle(index);
    qsort(round_us, ROUNDS, sizeof *round_us, by_value);
    index->mean = round_us[ROUNDS / 2];
    settle(scan);
    scan->mean = scan_us;
}

static void print_json(const struct run *run, struct figures *index, struct figures *scan,
                       struct figures *in, struct figures *out, const uint64_t matched[2],
                       double candidates, double bytes)
{
    double matches = (double)matched[0] / index->count;
    printf("{\"workload\":\"%c\",\"filters\":%u,\"us_mean\":%.3f,\"us_p50\":%.3f,"
           "\"us_p99\":%.3f,\"matches\":%.2f,\"candidates\":%.2f,"
           "\"bytes_per_filter\":%.0f,\"scan_us\":%.1f,\"delivered\":%.0f,",
           run->name, run->filters, index->mean, at_part(index, 0.5),
           at_part(index, 0.99), matches, candidates, bytes, scan->mean,
           (double)run->delivered / (index->count + scan->count + EVENTS + 2));
    printf("\"insert_us\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.1f},"
           "\"delete_us\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.1f}}\n",
           at_part(in, 0.5), at_part(in, 0.99), at_part(in, 1), at_part(out, 0.5),
           at_part(out, 0.99), at_part(out, 1));
}

static void print_text(const struct run *run, struct figures *index, struct figures *scan,
                       struct figures *in, struct figures *out, const uint64_t matched[2],
                       double candidates, double bytes)
{
    double matches = (double)matched[0] / index->count;
    printf("%c %8u: %8.2f us an event (p50 %.2f, p99 %.2f), scan %9.1f us, x%.1f; %.1f "
           "matches, %.0f ns each, %.1f candidates each; %.0f bytes a filter\n",
           run->name, run->filters, index->mean, at_part(index, 0.5),
           at_part(index, 0.99), scan->mean, scan->mean / index->mean, matches,
           index->mean * 1e3 / matches, candidates / matches, bytes);
    printf("            insert %.2f us (p99 %.2f, max %.0f), delete %.2f us (p99 %.2f, "
           "max %.0f)\n",
           at_part(in, 0.5), at_part(in, 0.99), at_part(in, 1), at_part(out, 0.5),
           at_part(out, 0.99), at_part(out, 1));
    fflush(stdout);
}

/* ---- one workload ---- */

static void fill(struct run *run, struct figures *in)
{
    for (uint32_t n = 0; n < run->filters; n++) {
        struct tg_filter *filter = fresh(run);
        run->owners[n] = 1;
        in->us[in->count++] = enter(run, n, filter);
        tg_free(filter);
    }
}

static void run_workload(char name, uint32_t filters, bool json)
{
    struct run run = {.name = name, .filters = name == 'D' ? D_FILTERS : filters};
    char base = name == 'L' ? 'M' : name == 'U' || name == 'D' ? 'T' : name;
    struct figures index = {must(malloc(ROUNDS * EVENTS * sizeof(double))), 0, 0};
    struct figures scan = {must(malloc(ROUNDS * EVENTS * sizeof(double))), 0, 0};
    struct figures in = {must(malloc((filters + CHURNS + D_FILTERS) * sizeof(double))), 0,
                         0};
    struct figures out = {must(malloc(2 * CHURNS * sizeof(double))), 0, 0};
    uint64_t matched[2] = {0, 0};
    workload_begin(&run.workload, base, 20261123);
    run.builder = must(tg_builder_create());
    run.matcher = must(tg_matcher_create(workload_schema()));
    run.owners = must(calloc(run.filters, sizeof *run.owners));
    run.entries = must(calloc(run.filters, sizeof *run.entries));
    fill(&run, &in);
    if (name == 'D') {
        for (uint32_t i = run.filters; i < filters; i++) {
            run.owners[workload_popular(&run.workload)]++;
        }
    }
    roll_events(&run);
    uint64_t before = tg_matcher_counts(run.matcher).candidates;
    measure(&run, &index, &scan, &in, &out, matched);
    double calls = (double)index.count + EVENTS;
    double candidates =
        (double)(tg_matcher_counts(run.matcher).candidates - before) / calls;
    double bytes = (double)tg_matcher_counts(run.matcher).bytes / run.filters;
    for (uint32_t i = 0; i < CHURNS; i++) {
        churn_one(&run, &in, &out);
    }
    settle(&in);
    settle(&out);
    (json ? print_json : print_text)(&run, &index, &scan, &in, &out, matched, candidates,
                                     bytes);
    tg_matcher_destroy(run.matcher);
    tg_builder_destroy(run.builder);
    free(run.owners);
    free(run.entries);
    free(run.cells);
    free(run.rows);
    free(index.us);
    free(scan.us);
    free(in.us);
    free(out.us);
}

int main(int count, char **arguments)
{
    static const uint32_t sizes[] = {1000, 10000, 100000, 1000000};
    bool json = count > 1 && strcmp(arguments[1], "--json") == 0;
    int first = json ? 2 : 1;
    const char *names = count > first ? arguments[first] : "TMRBDPLU";
    workloads_prepare();
    for (const char *name = names; *name != '\0'; name++) {
        if (count > first + 1) {
            for (int i = first + 1; i < count; i++) {
                run_workload(*name, (uint32_t)strtoul(arguments[i], NULL, 10), json);
            }
            continue;
        }
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            run_workload(*name, sizes[i], json);
        }
    }
    return 0;
}
