/* From an event to the filters that it concerns, among a million, in microseconds.
 *
 * One matcher per event type and shard; it belongs to one thread. It holds each filter
 * once (equal filters are one entry, which a cohort owns), finds candidates through
 * access structures that each filter chose when it was added, and decides them by their
 * residual. What it finds is exactly what `tg_filter_is_true` says of each.
 *
 * After: Fabret et al., SIGMOD 2001 (access predicates); Whang et al., PVLDB 2009; Ji &
 * Jacobsen, SIGMOD 2021 (A-Tree: shared normal forms); Shi & Qian, DASFAA 2022 (HEM). */
#ifndef TG_MATCH_MATCH_H
#define TG_MATCH_MATCH_H

#include "engine/query/filter.h"

struct tg_matcher;

/* An AND of sets may be reached by keys that several of them make together, each constant
 * with each: by as many at most. */
enum { TG_MATCH_KEYS_MAX = 64 };

/* `schema` is borrowed. NULL without memory. */
struct tg_matcher *tg_matcher_create(const struct tg_schema *schema);
/* NULL is fine. */
void tg_matcher_destroy(struct tg_matcher *matcher);
/* The schema is another one from now on, likewise borrowed, of which all filters are that
 * were entered. */
void tg_matcher_redefine(struct tg_matcher *matcher, const struct tg_schema *schema);

/* Enter a filter that is not there yet. The matcher keeps a copy.
 *
 * TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err tg_matcher_add(struct tg_matcher *matcher,
                                       const struct tg_filter *filter, void *owner,
                                       uint32_t *entry);
/* The owner of the entry with this very filter, or NULL. */
void *tg_matcher_find(const struct tg_matcher *matcher, const struct tg_filter *filter);
/* Forget it; its number may be given again. Not while matches are being looked at. */
void tg_matcher_remove(struct tg_matcher *matcher, uint32_t entry);
/* Borrowed until the next call for this matcher: filters are kept packed. */
const struct tg_filter *tg_matcher_filter(const struct tg_matcher *matcher,
                                          uint32_t entry);

/* A filter that the event concerns: true of the row before, of the row after, or both.
 * (A filter about the event: `after` alone, of the row that there is.) */
struct tg_match {
    void *owner;
    bool before;
    bool after;
};

/* Find them all. `*matches` is the matcher's, good until its next call, in no order, each
 * owner once.
 *
 * TG_ENOMEM  It could not be told whom the event concerns. */
TG_MUST_USE enum tg_err tg_matcher_match(struct tg_matcher *matcher,
                                         const struct tg_rows *rows,
                                         const struct tg_match **matches,
                                         uint32_t *count);
/* The same by looking at every filter: the oracle of the tests, the baseline of the
 * benchmarks. */
TG_MUST_USE enum tg_err tg_matcher_scan(struct tg_matcher *matcher,
                                        const struct tg_rows *rows,
                                        const struct tg_match **matches, uint32_t *count);

/* For `explain` and the metrics. */
struct tg_matcher_counts {
    uint32_t filters;
    uint32_t opaque;     /* Filters without an access structure: asked at every event. */
    size_t bytes;        /* Held in all. */
    uint64_t candidates; /* Filters that were looked at, since the beginning. */
    uint64_t matches;
};

struct tg_matcher_counts tg_matcher_counts(const struct tg_matcher *matcher);
/* Append which access structures `filter` would get, one a line. */
void tg_matcher_explain(const struct tg_matcher *matcher, const struct tg_filter *filter,
                        struct tg_buf *buf);

#endif
