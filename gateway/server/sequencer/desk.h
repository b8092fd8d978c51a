/* Where ingest hands in what applications send, whichever way it came.
 *
 * The desk joins the keys, the sequencer and the shards: it judges, gives the answer's
 * text, and hands what was accepted to every shard. One thread. */
#ifndef TG_SEQUENCER_DESK_H
#define TG_SEQUENCER_DESK_H

#include "engine/stream/sequencer.h"
#include "server/config/config.h"
#include "server/net/shard.h"
#include "server/sequencer/keys.h"

struct tg_desk;

/* `shards` are borrowed and must outlive the desk; so is `config`. `resumed` is called,
 * on any thread, when a desk that was full has room again. NULL without memory. */
struct tg_desk *tg_desk_create(const struct tg_config *config, struct tg_shard **shards,
                               uint32_t shard_count, void (*resumed)(void *context),
                               void *context);
/* All shards must have ended. */
void tg_desk_destroy(struct tg_desk *desk);
TG_MUST_USE enum tg_err tg_desk_add_key(struct tg_desk *desk, struct tg_slice app,
                                        struct tg_slice key);

/* The application of `key`; false, with the refusal `invalid_key`, if there is none. */
bool tg_desk_admit(struct tg_desk *desk, struct tg_slice key, struct tg_slice *app,
                   struct tg_refusal *refusal);
/* Too much is under way to the shards: take nothing more in until `resumed`. */
bool tg_desk_full(struct tg_desk *desk);

/* Publish `body` for `app`: the members of a `published` answer, without braces and
 * without `kind`, are added to `answer`. On failure nothing was published and `refusal`
 * says why. */
TG_MUST_USE enum tg_err tg_desk_publish(struct tg_desk *desk, struct tg_slice app,
                                        struct tg_slice body, bool lines,
                                        struct tg_buf *answer,
                                        struct tg_publish_summary *summary,
                                        struct tg_refusal *refusal);
/* Replace the catalogue of `app`; the members of `catalogue_accepted` likewise. */
TG_MUST_USE enum tg_err tg_desk_replace(struct tg_desk *desk, struct tg_slice app,
                                        struct tg_slice document, struct tg_buf *answer,
                                        struct tg_refusal *refusal);
/* `"catalogue":n,"types":[…]`: all types of all applications. */
void tg_desk_types(struct tg_desk *desk, struct tg_buf *answer);
/* The same as TypeScript. */
void tg_desk_typescript(struct tg_desk *desk, struct tg_buf *answer);

struct tg_desk_counts {
    uint64_t accepted;
    uint64_t refused;
    uint64_t catalogue;
};

struct tg_desk_counts tg_desk_counts(const struct tg_desk *desk);

#endif
