#include "server/net/shard.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/log/log.h"
#include "server/net/client.h"
#include "server/net/conformance.h"

/* Of batches; a turn's deliveries are written out at its end. */
enum { NEWS_BYTES_PER_TURN = 256 * 1024 };

struct tg_shard {
    struct tg_net net;
    struct tg_shard_common *common;
    uint32_t number; /* Among the shards, from 0. */
    struct tg_hub *hub;
    struct tg_clients clients;
    struct tg_conformance conformance;
    struct tg_listener client_listener;
    struct tg_listener conformance_listener;
    struct tg_ring *ring;
    uv_async_t news;
    uv_timer_t drain;
    uv_thread_t thread;
    struct tg_hub_counts told; /* What the common counts have of this shard already. */
    bool ending;
};

static uint64_t random_bits(void *context)
{
    uint64_t bits = 0;
    (void)context;
    if (RAND_bytes((uint8_t *)&bits, sizeof bits) != 1) {
        abort(); /* Without randomness nobody's identity means anything. */
    }
    return bits;
}

/* The hub's `now_ms`. */
static uint64_t now_ms(void *context)
{
    const struct tg_shard *shard = context;
    return tg_net_now(&shard->net);
}

/* The hub's `relieve`. */
static void relieve(void *context, struct tg_peer *peer)
{
    (void)context;
    tg_clients_relieve(peer);
}

/* The end in good order. */

static void on_drained(uv_timer_t *timer)
{
    struct tg_shard *shard = timer->data;
    struct tg_net *net = &shard->net;
    while (!tg_list_empty(&net->conns)) {
        tg_conn_kill(TG_ENTRY(net->conns.next, struct tg_conn, link));
    }
}

static void shard_begin_end(struct tg_shard *shard)
{
    shard->ending = true;
    tg_listener_close(&shard->client_listener);
    tg_listener_close(&shard->conformance_listener);
    tg_clients_end(&shard->clients);
    tg_conformance_end(&shard->conformance);
    uv_timer_start(&shard->drain, on_drained, shard->common->config->timeouts.drain_ms,
                   0);
}

/* Each turn. */

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void take_batch(struct tg_shard *shard, struct tg_batch *batch)
{
    if (batch->roster != NULL && tg_hub_follow(shard->hub, batch->roster) != TG_OK) {
        tg_error("shard.cannot_follow",
                 TG_F("reason", "out of memory for the catalogue"));
        abort();
    }
    if (batch->errand != NULL) {
        const struct tg_shard_errand *carried = batch->errand;
        tg_hub_run(shard->hub, &carried->errand, &carried->results[shard->number]);
    } else {
        tg_hub_deliver(shard->hub, batch, now_us());
    }
    tg_batch_unref(batch);
}

/* Take what one turn may: publishers may be faster than this shard, and its connections
 * must not wait for them to pause. False if there is more. */
static bool take_news(struct tg_shard *shard)
{
    size_t taken = 0;
    while (taken < NEWS_BYTES_PER_TURN) {
        struct tg_batch *batch = tg_ring_pop(shard->ring);
        if (batch == NULL) {
            return true;
        }
        taken += batch->weight;
        take_batch(shard, batch);
    }
    return tg_ring_empty(shard->ring);
}

static void on_news(uv_async_t *async)
{
    struct tg_shard *shard = async->data;
    bool ending = atomic_load(&shard->common->ending);
    if (!take_news(shard)) {
        uv_async_send(&shard->news);
    } else if (ending && !shard->ending) {
        /* Nothing is handed in after the end was said, and all before it was taken. */
        shard_begin_end(shard);
    }
}

static void tell_counts(struct tg_shard *shard)
{
    struct tg_hub_counts counts = tg_hub_counts(shard->hub);
    struct tg_shard_common *common = shard->common;
    uint64_t dropped = counts.dropped - shard->told.dropped;
    if (dropped != 0) {
        tg_log_limited(TG_LOG_WARN, "client.events_lost", TG_F("deliveries", dropped),
                       TG_F("reason", "clients read too slowly; they are told"));
    }
    atomic_fetch_add_explicit(&common->deliveries,
                              counts.deliveries - shard->told.deliveries,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&common->dropped, dropped, memory_order_relaxed);
    atomic_fetch_add_explicit(&common->expired, counts.expired - shard->told.expired,
                              memory_order_relaxed);
    /* These go up and down; a difference that is negative wraps, and so does the sum. */
    atomic_fetch_add_explicit(&common->queries, counts.queries - shard->told.queries,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&common->filters, counts.filters - shard->told.filters,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&common->opaque, counts.opaque - shard->told.opaque,
                              memory_order_relaxed);
    shard->told = counts;
}

static void on_turn(void *context)
{
    struct tg_shard *shard = context;
    tg_clients_flush(&shard->clients);
    tell_counts(shard);
    if (shard->ending && shard->net.conn_count == 0) {
        tg_net_stop(&shard->net);
    }
}

/* Life. */

static void shard_main(void *argument)
{
    struct tg_shard *shard = argument;
    tg_net_run(&shard->net);
    shard->common->ended(shard->common->context);
}

static struct tg_hub *shard_hub(struct tg_shard *shard)
{
    const struct tg_config *config = shard->common->config;
    struct tg_hub_config hub = {
        .connection_bytes_max = config->limits.connection_bytes_max,
        .unconnected_bytes_max = config->limits.unconnected_bytes_max,
        .subscriptions_max = config->limits.subscriptions_max,
        .bad_messages_max = config->limits.bad_messages_max,
        .refused_connects_max = config->limits.refused_connects_max,
        .client_subscriptions_max = config->limits.client_subscriptions_max,
        .messages = {.per_second = config->limits.messages_per_second,
                     .burst = config->limits.messages_burst},
        .message_bytes_max = config->limits.message_bytes_max,
        .ping_interval_ms = config->timeouts.ping_interval_ms,
        .query_cost_max = config->queries.connection_cost_max,
        .queries = tg_config_query_limits(config),
        .claims_believed = config->testing.claims,
        .number_first = shard->number + 1,
        .number_step = config->shards,
        .identify = shard->common->identities == NULL ? NULL : tg_clients_identify,
        .now_ms = now_ms,
        .random = random_bits,
        .address = tg_clients_address,
        .frame = tg_client_frame,
        .relieve = relieve,
        .context = shard,
    };
    return tg_hub_create(&hub);
}

static enum tg_err shard_open(struct tg_shard *shard, int client_fd, int conformance_fd)
{
    struct tg_net *net = &shard->net;
    shard->news.data = shard;
    shard->drain.data = shard;
    uv_timer_init(&net->loop, &shard->drain);
    if (uv_async_init(&net->loop, &shard->news, on_news) != 0) {
        return TG_EIO;
    }
    net->write_ms = shard->common->config->timeouts.write_ms;
    tg_clients_init(&shard->clients, net, shard->hub, shard->common);
    tg_conformance_init(&shard->conformance, net);
    enum tg_err err = tg_listener_open(&shard->client_listener, net, client_fd,
                                       tg_clients_accepted, &shard->clients);
    if (err == TG_OK && conformance_fd >= 0) {
        err = tg_listener_open(&shard->conformance_listener, net, conformance_fd,
                               tg_conformance_accepted, &shard->conformance);
    }
    return err;
}

struct tg_shard *tg_shard_create(struct tg_shard_common *common, uint32_t number,
                                 int client_fd, int conformance_fd)
{
    struct tg_shard *shard = tg_zalloc(1, sizeof *shard);
    if (shard == NULL) {
        return NULL;
    }
    shard->common = common;
    shard->number = number;
    shard->hub = shard_hub(shard);
    shard->ring = tg_ring_create(TG_SHARD_RING);
    /* A gateway that cannot start its shards ends at once: the process gives all back. */
    if (shard->hub == NULL || shard->ring == NULL ||
        tg_net_init(&shard->net, on_turn, shard) != TG_OK ||
        shard_open(shard, client_fd, conformance_fd) != TG_OK) {
        return NULL;
    }
    return shard;
}

enum tg_err tg_shard_run(struct tg_shard *shard)
{
    while (!take_news(shard)) {}
    return uv_thread_create(&shard->thread, shard_main, shard) == 0 ? TG_OK : TG_EIO;
}

enum tg_err tg_shard_hand(struct tg_shard *shard, struct tg_batch *batch)
{
    return tg_ring_push(shard->ring, batch);
}

void tg_shard_wake(struct tg_shard *shard)
{
    uv_async_send(&shard->news);
}

void tg_shard_end(struct tg_shard *shard)
{
    tg_shard_wake(shard);
}

void tg_shard_join(struct tg_shard *shard)
{
    uv_thread_join(&shard->thread);
    /* Only now: until here somebody might have woken it. */
    uv_close((uv_handle_t *)&shard->news, NULL);
    uv_close((uv_handle_t *)&shard->drain, NULL);
    tg_net_finish(&shard->net);
    tg_clients_finish(&shard->clients);
    tg_conformance_finish(&shard->conformance);
    tg_hub_destroy(shard->hub);
    for (struct tg_batch *batch; (batch = tg_ring_pop(shard->ring)) != NULL;) {
        tg_batch_unref(batch);
    }
    tg_ring_destroy(shard->ring);
    tg_free(shard);
}
