#include "server/sequencer/desk.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/mem.h"
#include "engine/catalogue/typescript.h"
#include "server/log/log.h"

enum {
    /* What may be under way to the shards at a time. */
    UNDER_WAY_BYTES_MAX = 64 * 1024 * 1024,
    UNDER_WAY_BATCHES_MAX = TG_SHARD_RING / 2,
};

struct tg_desk {
    struct tg_shard **shards;
    uint32_t shard_count;
    struct tg_sequencer *sequencer;
    struct tg_keys *keys;
    struct tg_identities *identities;
    struct tg_management *management;
    void (*resumed)(void *context);
    void *context;
    struct tg_desk_counts counts;
    /* Shared with the shards, which give batches back. */
    atomic_size_t under_way_bytes;
    atomic_size_t under_way_batches;
    atomic_bool waited_for;
};

static uint64_t random_bits(void *context)
{
    uint64_t bits = 0;
    (void)context;
    if (RAND_bytes((uint8_t *)&bits, sizeof bits) != 1) {
        abort(); /* A guessable epoch could name two histories. */
    }
    return bits;
}

struct tg_desk *tg_desk_create(const struct tg_desk_config *given)
{
    const struct tg_config *config = given->config;
    struct tg_desk *desk = tg_zalloc(1, sizeof *desk);
    if (desk == NULL) {
        return NULL;
    }
    desk->shards = given->shards;
    desk->shard_count = given->shard_count;
    desk->identities = given->identities;
    desk->resumed = given->resumed;
    desk->context = given->context;
    desk->keys = tg_keys_create();
    desk->sequencer = tg_sequencer_create(&(struct tg_sequencer_config){
        .batch_events_max = config->ingest.batch_events_max,
        .dedup_window = config->ingest.dedup_window,
        .rules = tg_config_query_limits(config),
        .random = random_bits,
    });
    if (desk->keys != NULL && desk->sequencer != NULL) {
        desk->management = tg_management_create(given->net, desk->shards,
                                                desk->shard_count, desk->identities);
    }
    if (desk->management == NULL) {
        tg_desk_destroy(desk);
        return NULL;
    }
    return desk;
}

void tg_desk_close(struct tg_desk *desk)
{
    if (desk != NULL) {
        tg_management_close(desk->management);
    }
}

void tg_desk_destroy(struct tg_desk *desk)
{
    if (desk != NULL) {
        tg_management_destroy(desk->management);
        tg_sequencer_destroy(desk->sequencer);
        tg_keys_destroy(desk->keys);
        tg_free(desk);
    }
}

enum tg_err tg_desk_add_key(struct tg_desk *desk, struct tg_slice app,
                            struct tg_slice key, uint8_t may)
{
    return tg_keys_add(desk->keys, app, key, may);
}

bool tg_desk_admit(struct tg_desk *desk, struct tg_slice key, struct tg_key_owner *owner,
                   struct tg_refusal *refusal)
{
    if (tg_keys_find(desk->keys, key, owner)) {
        return true;
    }
    tg_refusal_set(refusal, TG_CODE_INVALID_KEY, NULL,
                   key.size == 0 ? "an ingest key is needed"
                                 : "this is no ingest key of this gateway");
    tg_log_limited(TG_LOG_WARN, "ingest.invalid_key", TG_F("given", key.size != 0));
    return false;
}

bool tg_desk_may(const struct tg_key_owner *owner, enum tg_role role,
                 struct tg_refusal *refusal)
{
    if ((owner->may & role) != 0) {
        return true;
    }
    tg_refusal_set(refusal, TG_CODE_FORBIDDEN, NULL,
                   "this needs a key that may \"%s\"; this one may not",
                   tg_role_text(role));
    tg_log_limited(TG_LOG_WARN, "ingest.forbidden", TG_F("app", owner->app),
                   TG_F("missing", tg_role_text(role)));
    return false;
}

/* Handing out. */

static bool over(struct tg_desk *desk, size_t part)
{
    return atomic_load(&desk->under_way_bytes) > UNDER_WAY_BYTES_MAX / part ||
           atomic_load(&desk->under_way_batches) > UNDER_WAY_BATCHES_MAX / part;
}

/* On a shard's thread, the last one to give the batch back. */
static void on_released(void *context, size_t weight)
{
    struct tg_desk *desk = context;
    atomic_fetch_sub(&desk->under_way_bytes, weight);
    atomic_fetch_sub(&desk->under_way_batches, 1);
    if (atomic_load(&desk->waited_for) && !over(desk, 2) &&
        atomic_exchange(&desk->waited_for, false)) {
        desk->resumed(desk->context);
    }
}

bool tg_desk_full(struct tg_desk *desk)
{
    if (!over(desk, 1)) {
        return false;
    }
    atomic_store(&desk->waited_for, true);
    /* It may have got room between the two looks, and nobody would tell. */
    return over(desk, 2) || !atomic_exchange(&desk->waited_for, false);
}

static void hand_out(struct tg_desk *desk, struct tg_batch *batch)
{
    batch->released = on_released;
    batch->context = desk;
    atomic_fetch_add(&desk->under_way_bytes, batch->weight);
    atomic_fetch_add(&desk->under_way_batches, 1);
    for (uint32_t i = 0; i < desk->shard_count; i++) {
        tg_batch_ref(batch);
        if (tg_shard_hand(desk->shards[i], batch) != TG_OK) {
            /* `full` keeps far below the ring's size: this is our own bug. */
            tg_error("desk.ring_full", TG_F("shard", i));
            abort();
        }
        tg_shard_wake(desk->shards[i]);
    }
    tg_batch_unref(batch);
}

/* Handing in. */

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum tg_err tg_desk_publish(struct tg_desk *desk, struct tg_slice app,
                            struct tg_slice body, bool lines, struct tg_buf *answer,
                            struct tg_publish_summary *summary,
                            struct tg_refusal *refusal)
{
    struct tg_batch *batch = NULL;
    enum tg_err err = tg_sequencer_publish(desk->sequencer, app, body, lines, now_us(),
                                           answer, &batch, summary, refusal);
    if (err != TG_OK) {
        return err;
    }
    desk->counts.accepted += summary->accepted;
    desk->counts.refused += summary->refused;
    if (summary->refused != 0) {
        tg_log_limited(TG_LOG_WARN, "ingest.events_refused", TG_F("app", app),
                       TG_F("refused", summary->refused),
                       TG_F("first_code", tg_code_text(summary->first_code)));
    }
    if (batch != NULL) {
        hand_out(desk, batch);
    }
    return TG_OK;
}

enum tg_err tg_desk_replace(struct tg_desk *desk, struct tg_slice app,
                            struct tg_slice document, struct tg_buf *answer,
                            struct tg_refusal *refusal)
{
    struct tg_roster *roster = NULL;
    enum tg_err err =
        tg_sequencer_replace(desk->sequencer, app, document, &roster, refusal);
    if (err != TG_OK) {
        tg_log_limited(TG_LOG_WARN, "catalogue.refused", TG_F("app", app),
                       TG_F("code", tg_code_text(refusal->code)),
                       TG_F("member", refusal->member),
                       TG_F("message", refusal->message));
        return err;
    }
    struct tg_catalogue *catalogue = tg_sequencer_catalogue(desk->sequencer);
    bool changed = roster != NULL;
    desk->counts.catalogue = tg_catalogue_version(catalogue);
    if (changed) {
        struct tg_batch *batch = tg_batch_of_roster(roster);
        if (batch == NULL) {
            tg_error("desk.out_of_memory",
                     TG_F("doing", "telling the shards of a catalogue"));
            abort(); /* The sequencer has changed already: shards that do not know would
                        lie. */
        }
        hand_out(desk, batch);
        tg_info("catalogue.accepted", TG_F("app", app),
                TG_F("version", desk->counts.catalogue),
                TG_F("types", tg_catalogue_size(catalogue)));
    }
    tg_buf_add_text(answer, "\"catalogue\":");
    tg_buf_add_u64(answer, desk->counts.catalogue);
    tg_buf_add_text(answer, changed ? ",\"changed\":true" : ",\"changed\":false");
    return TG_OK;
}

void tg_desk_types(struct tg_desk *desk, struct tg_buf *answer)
{
    const struct tg_catalogue *catalogue = tg_sequencer_catalogue(desk->sequencer);
    tg_buf_add_text(answer, "\"catalogue\":");
    tg_buf_add_u64(answer, tg_catalogue_version(catalogue));
    tg_buf_add_text(answer, ",\"types\":[");
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        tg_buf_add_text(answer, i == 0 ? "" : ",");
        tg_type_write(tg_catalogue_at(catalogue, i), true, answer);
    }
    tg_buf_add_byte(answer, ']');
}

void tg_desk_typescript(struct tg_desk *desk, struct tg_buf *answer)
{
    tg_typescript_write(tg_sequencer_catalogue(desk->sequencer), answer);
}

enum tg_err tg_desk_ticket(struct tg_desk *desk, struct tg_slice app,
                           struct tg_slice request, struct tg_buf *answer,
                           struct tg_refusal *refusal)
{
    enum tg_err err =
        tg_identities_ticket(desk->identities, app, request, now_us(), answer, refusal);
    if (err != TG_OK) {
        tg_log_limited(TG_LOG_WARN, "ingest.ticket_refused", TG_F("app", app),
                       TG_F("code", tg_code_text(refusal->code)),
                       TG_F("member", refusal->member));
    }
    return err;
}

enum tg_err tg_desk_manage(struct tg_desk *desk, enum tg_errand_kind kind,
                           struct tg_slice app, struct tg_slice document,
                           const struct tg_manage_asker *asker,
                           struct tg_refusal *refusal)
{
    return tg_manage(desk->management, tg_sequencer_catalogue(desk->sequencer), kind, app,
                     document, asker, refusal);
}

void tg_desk_session_ended(struct tg_desk *desk, const struct tg_selection *selection)
{
    tg_manage_session_ended(desk->management, selection);
}

struct tg_desk_counts tg_desk_counts(const struct tg_desk *desk)
{
    return desk->counts;
}
