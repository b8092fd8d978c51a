/* The one place where events get their order.
 *
 * Feed it what applications hand in (catalogues, lists of events); it checks, drops
 * repeats, gives offsets, and returns what every shard must be told: a batch of events,
 * or a roster of streams after a change of the catalogue. It reads no clock, owns no
 * socket and knows no thread: the caller hands its results to all shards in the order in
 * which they came. */
#ifndef TG_STREAM_SEQUENCER_H
#define TG_STREAM_SEQUENCER_H

#include "engine/base/codes.h"
#include "engine/catalogue/catalogue.h"
#include "engine/json/json.h"
#include "engine/stream/batch.h"

struct tg_sequencer;

struct tg_sequencer_config {
    uint32_t batch_events_max;    /* Events in one publish. */
    uint32_t dedup_window;        /* Ids that are remembered; 0: none. */
    struct tg_query_limits rules; /* Of access rules; all zero: the defaults. */
    /* Unpredictable bits, for epochs. */
    uint64_t (*random)(void *context);
    void *context;
};

/* NULL without memory. */
struct tg_sequencer *tg_sequencer_create(const struct tg_sequencer_config *config);
void tg_sequencer_destroy(struct tg_sequencer *sequencer);

/* The present catalogue: borrowed until the next call that changes it. Never NULL. */
struct tg_catalogue *tg_sequencer_catalogue(struct tg_sequencer *sequencer);

/* How a publish went, for the status of its answer. */
struct tg_publish_summary {
    uint32_t accepted;
    uint32_t refused;
    enum tg_code first_code; /* Of the first refusal. */
};

/* Publish the events of `body` for the application `app` (INGEST.md 4).
 *
 * `lines`: the body is NDJSON; otherwise it is one event, which may span lines.
 * `now_us`: the gateway's clock, microseconds since 1970.
 * The answer's members after `kind` and `id`, without braces (`"accepted":1,…`), are
 * added to `answer`. `*batch` gets the accepted events, the caller's to unref, or NULL if
 * there are none.
 *
 * TG_ELIMIT  More events than allowed; nothing was taken, `refusal` says so.
 * TG_EINVAL  There is no event in it; likewise.
 * TG_ENOMEM  Nothing was taken. */
TG_MUST_USE enum tg_err tg_sequencer_publish(
    struct tg_sequencer *sequencer, struct tg_slice app, struct tg_slice body, bool lines,
    int64_t now_us, struct tg_buf *answer, struct tg_batch **batch,
    struct tg_publish_summary *summary, struct tg_refusal *refusal);

/* Replace `app`'s catalogue (INGEST.md 5). `*roster` gets what the shards must know, the
 * caller's to unref, or NULL if nothing changed.
 *
 * TG_EINVAL  Refused: `refusal` says why, the old one stays whole.
 * TG_ENOMEM  Likewise, for want of memory. */
TG_MUST_USE enum tg_err tg_sequencer_replace(struct tg_sequencer *sequencer,
                                             struct tg_slice app,
                                             struct tg_slice document,
                                             struct tg_roster **roster,
                                             struct tg_refusal *refusal);

#endif
