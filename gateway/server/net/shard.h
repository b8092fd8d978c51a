/* One shard: a thread with its own loop, listeners, connections and hub.
 *
 * It shares nothing with the others. The sequencer hands it batches over a bounded ring
 * and wakes it; everything else comes from its sockets. */
#ifndef TG_NET_SHARD_H
#define TG_NET_SHARD_H

#include <stdatomic.h>

#include "engine/base/ring.h"
#include "engine/hub/errand.h"
#include "server/config/config.h"
#include "server/net/net.h"

struct tg_addresses;
struct tg_identities;
struct tg_tls;

/* What all shards of a gateway share. */
struct tg_shard_common {
    const struct tg_config *config;
    struct tg_identities *identities;
    struct tg_addresses *addresses;
    struct tg_tls *tls;       /* NULL: the clients' port speaks in the clear. */
    uint32_t connections_max; /* As configured, or as many as descriptors allow. */
    atomic_uint connections;  /* On the clients' port, of all shards. */
    atomic_ullong deliveries; /* By all shards; see struct tg_hub_counts. */
    atomic_ullong dropped;
    atomic_ullong expired;
    atomic_uint queries;
    atomic_uint filters;
    atomic_uint opaque;
    atomic_bool ending;
    /* Called by each shard's thread as the last it does. */
    void (*ended)(void *context);
    void *context;
};

/* What the `errand` of a batch is here: one for all shards, each of which leaves its
 * result in the place of its own number. */
struct tg_shard_errand {
    struct tg_errand errand;
    struct tg_errand_result *results;
};

struct tg_shard;

enum { TG_SHARD_RING = 8192 };

/* The shard of this number, from 0, that will accept on `client_fd`, and on
 * `conformance_fd` unless it is -1; both become the shard's. NULL without memory. */
struct tg_shard *tg_shard_create(struct tg_shard_common *common, uint32_t number,
                                 int client_fd, int conformance_fd);
/* Take in what was handed to it so far, then let its thread run: the first client finds
 * the catalogue there.
 *
 * TG_EIO  There is no thread to be had. */
TG_MUST_USE enum tg_err tg_shard_run(struct tg_shard *shard);
/* Hand it a batch, with a reference that becomes the shard's; from the sequencer's
 * thread.
 *
 * TG_EFULL  The ring is full: the caller hands out too much at a time. */
TG_MUST_USE enum tg_err tg_shard_hand(struct tg_shard *shard, struct tg_batch *batch);
/* It was handed something: look. */
void tg_shard_wake(struct tg_shard *shard);
/* End in good order: accept no more, deliver what was handed, close every connection with
 * 1012 and wait for them, at most the configured time. Returns at once. */
void tg_shard_end(struct tg_shard *shard);
/* Wait until it has ended, and free it. */
void tg_shard_join(struct tg_shard *shard);

#endif
