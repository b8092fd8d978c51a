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
#include "server/sequencer/manage.h"

struct tg_desk;

/* All are borrowed and must outlive the desk. */
struct tg_desk_config {
    const struct tg_config *config;
    struct tg_net *net; /* Of the desk's thread. */
    struct tg_shard **shards;
    uint32_t shard_count;
    struct tg_identities *identities; /* As of tg_management_create. */
    /* Called, on any thread, when a desk that was full has room again. */
    void (*resumed)(void *context);
    void *context;
};

/* NULL without memory. */
struct tg_desk *tg_desk_create(const struct tg_desk_config *config);
/* As tg_management_close. NULL is fine. */
void tg_desk_close(struct tg_desk *desk);
/* After the loop; all shards must have ended. NULL is fine. */
void tg_desk_destroy(struct tg_desk *desk);
TG_MUST_USE enum tg_err tg_desk_add_key(struct tg_desk *desk, struct tg_slice app,
                                        struct tg_slice key, uint8_t may);

/* Who has `key`; false, with the refusal `invalid_key`, if nobody has. */
bool tg_desk_admit(struct tg_desk *desk, struct tg_slice key, struct tg_key_owner *owner,
                   struct tg_refusal *refusal);
/* May it do this? Else false, with the refusal `forbidden`. */
bool tg_desk_may(const struct tg_key_owner *owner, enum tg_role role,
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

/* Make a ticket: as tg_identities_ticket. */
TG_MUST_USE enum tg_err tg_desk_ticket(struct tg_desk *desk, struct tg_slice app,
                                       struct tg_slice request, struct tg_buf *answer,
                                       struct tg_refusal *refusal);
/* As tg_manage. */
TG_MUST_USE enum tg_err tg_desk_manage(struct tg_desk *desk, enum tg_errand_kind kind,
                                       struct tg_slice app, struct tg_slice document,
                                       const struct tg_manage_asker *asker,
                                       struct tg_refusal *refusal);
/* As tg_manage_session_ended. From any thread. */
void tg_desk_session_ended(struct tg_desk *desk, const struct tg_selection *selection);

struct tg_desk_counts {
    uint64_t accepted;
    uint64_t refused;
    uint64_t catalogue;
};

struct tg_desk_counts tg_desk_counts(const struct tg_desk *desk);

#endif
