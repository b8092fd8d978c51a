#include "server/serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/ingest_http/ingest_http.h"
#include "server/ingest_zmq/ingest_zmq.h"
#include "server/log/log.h"
#include "server/net/addresses.h"
#include "server/net/shard.h"
#include "server/net/turn_away.h"
#include "server/process/process.h"
#include "server/sequencer/desk.h"
#include "server/serve/catalogue.h"
#include "server/tls/tls.h"

enum {
    SHARDS_MAX = 256,
    LOG_TICK_MS = 1000,
    CERTIFICATE_TICK_MS = 24 * 60 * 60 * 1000,
    HEAP_KEPT_BYTES = 16 * 1024 * 1024,
    HEAP_LARGE_BYTES = 1024 * 1024,
    /* Beside the clients': ingest's 1,024 connections, and what shards and libzmq need.
     */
    SPARE_DESCRIPTORS = 1024 + 128,
    DESCRIPTORS_PER_SHARD = 8 + TG_TURN_AWAY_LINGERING_MAX,
};

struct gateway {
    const struct tg_config *config;
    struct tg_shard_common common;
    struct tg_net net; /* Of the main thread: ingest, sequencer, signals. */
    struct tg_shard *shards[SHARDS_MAX];
    uint32_t shard_count;
    struct tg_desk *desk;
    struct tg_ingest_http http;
    struct tg_ingest_zmq *zmq;
    uv_async_t resumed;
    uv_async_t shard_ended;
    atomic_uint shards_running;
    uv_signal_t signals[2];
    uv_signal_t reload; /* SIGHUP. */
    uv_timer_t log_tick;
    uv_timer_t certificate_tick;
    bool ending;
};

/* Ending. */

static void on_resumed(uv_async_t *async)
{
    struct gateway *gateway = async->data;
    if (gateway->zmq != NULL && !gateway->ending) {
        tg_ingest_zmq_resume(gateway->zmq);
    }
}

/* From a shard's thread. */
static void desk_resumed(void *context)
{
    struct gateway *gateway = context;
    uv_async_send(&gateway->resumed);
}

/* From a shard's thread. */
static void session_ended(void *context, const struct tg_selection *selection)
{
    struct gateway *gateway = context;
    tg_desk_session_ended(gateway->desk, selection);
}

/* From a shard's thread. */
static void shard_ended(void *context)
{
    struct gateway *gateway = context;
    atomic_fetch_sub(&gateway->shards_running, 1);
    uv_async_send(&gateway->shard_ended);
}

/* The loop runs, and hears a second signal, until every shard has ended; they see to it
 * that this takes no longer than configured. */
static void on_shard_ended(uv_async_t *async)
{
    struct gateway *gateway = async->data;
    if (atomic_load(&gateway->shards_running) == 0) {
        tg_net_stop(&gateway->net);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct gateway *gateway = signal->data;
    if (gateway->ending) {
        tg_warn("gateway.killed", TG_F("reason", "a second signal"));
        _exit(1);
    }
    gateway->ending = true;
    tg_info("gateway.ending", TG_F("signal", number));
    /* Publishers first, so that what was acknowledged is what the shards deliver last. */
    tg_ingest_zmq_close(gateway->zmq);
    tg_ingest_http_close(&gateway->http);
    atomic_store(&gateway->common.ending, true);
    for (uint32_t i = 0; i < gateway->shard_count; i++) {
        tg_shard_end(gateway->shards[i]);
    }
}

/* A certificate that cannot be used changes nothing, and neither does a process without
 * descriptors to read it with. */
static void on_reload(uv_signal_t *signal, int number)
{
    struct gateway *gateway = signal->data;
    const struct tg_config_clients *clients = &gateway->config->clients;
    char why[TG_TLS_WHY_MAX];
    (void)number;
    if (gateway->common.tls == NULL) {
        tg_info("gateway.not_reloaded", TG_F("reason", "clients.certificate is off, and "
                                                       "all else needs a restart"));
    } else if (tg_tls_reload(gateway->common.tls, why) != TG_OK) {
        tg_error("tls.not_reloaded", TG_F("reason", why),
                 TG_F("hint", "the certificate of before stays in use"));
    } else {
        tg_info("tls.reloaded", TG_F("certificate", clients->certificate));
        tg_tls_warn_of_expiry(gateway->common.tls);
    }
}

static void on_log_tick(uv_timer_t *timer)
{
    (void)timer;
    tg_log_tick(false);
}

static void on_certificate_tick(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    if (gateway->common.tls != NULL) {
        tg_tls_warn_of_expiry(gateway->common.tls);
    }
}

/* Starting. */

static bool fail(const char *what, const char *why)
{
    tg_error("gateway.not_started", TG_F("doing", what), TG_F("reason", why));
    return false;
}

/* One descriptor a connection: ask for as many as the hard limit gives. How many
 * connections there may be, which is less than configured where descriptors are few: who
 * comes after that is told so, which running out of descriptors would not. */
static uint32_t connections_max(const struct tg_config *config)
{
    uint32_t wanted = config->clients.connections_max;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return wanted;
    }
    rlim_t spare = SPARE_DESCRIPTORS + (rlim_t)config->shards * DESCRIPTORS_PER_SHARD;
    rlim_t want = wanted + spare;
    if (limit.rlim_cur < want) {
        limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= want) {
        return wanted;
    }
    return limit.rlim_cur <= 2 * spare ? (uint32_t)limit.rlim_cur / 2
                                       : (uint32_t)(limit.rlim_cur - spare);
}

static bool start_net(struct gateway *gateway)
{
    if (tg_net_init(&gateway->net, NULL, NULL) != TG_OK) {
        return fail("making the loop", strerror(errno));
    }
    uv_loop_t *loop = &gateway->net.loop;
    gateway->net.write_ms = gateway->config->timeouts.write_ms;
    gateway->resumed.data = gateway;
    gateway->shard_ended.data = gateway;
    uv_async_init(loop, &gateway->resumed, on_resumed);
    uv_async_init(loop, &gateway->shard_ended, on_shard_ended);
    uv_timer_init(loop, &gateway->log_tick);
    uv_timer_start(&gateway->log_tick, on_log_tick, LOG_TICK_MS, LOG_TICK_MS);
    gateway->certificate_tick.data = gateway;
    uv_timer_init(loop, &gateway->certificate_tick);
    uv_timer_start(&gateway->certificate_tick, on_certificate_tick, 0,
                   CERTIFICATE_TICK_MS);
    static const int numbers[2] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(loop, &gateway->signals[i]);
        gateway->signals[i].data = gateway;
        uv_signal_start(&gateway->signals[i], on_signal, numbers[i]);
    }
    uv_signal_init(loop, &gateway->reload);
    gateway->reload.data = gateway;
    uv_signal_start(&gateway->reload, on_reload, SIGHUP);
    return true;
}

static bool open_identities(struct gateway *gateway)
{
    char why[512];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    gateway->common.identities = tg_identities_open(
        gateway->config,
        &(struct tg_identities_hooks){.session_ended = session_ended, .context = gateway},
        (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, why, sizeof why);
    return gateway->common.identities != NULL || fail("opening the sessions", why);
}

static bool open_tls(struct gateway *gateway)
{
    const struct tg_config_clients *clients = &gateway->config->clients;
    char why[TG_TLS_WHY_MAX];
    if (clients->certificate == NULL) {
        return true;
    }
    gateway->common.tls =
        tg_tls_open(clients->certificate, clients->certificate_key, why);
    return gateway->common.tls != NULL || fail("reading clients.certificate", why);
}

static bool fail_to_listen(const char *whom, const char *host, uint32_t port)
{
    int error = errno;
    char what[128];
    snprintf(what, sizeof what, "listening for %s on %s port %u", whom, host, port);
    return fail(what, strerror(error));
}

static bool create_shard(struct gateway *gateway)
{
    const struct tg_config *config = gateway->config;
    const struct tg_config_clients *clients = &config->clients;
    int fd = tg_listen(clients->host, clients->port, clients->backlog, true);
    if (fd < 0) {
        return fail_to_listen("clients", clients->host, clients->port);
    }
    int echo_fd = -1;
    if (config->conformance.enabled) {
        echo_fd = tg_listen("127.0.0.1", config->conformance.port, 128, true);
        if (echo_fd < 0) {
            return fail_to_listen("conformance", "127.0.0.1", config->conformance.port);
        }
    }
    struct tg_shard *shard =
        tg_shard_create(&gateway->common, gateway->shard_count, fd, echo_fd);
    if (shard == NULL) {
        return fail("making a shard", "out of memory");
    }
    gateway->shards[gateway->shard_count++] = shard;
    return true;
}

/* Before the sessions are opened, which belong to the gateway of this port. */
static bool clients_port_is_free(const struct gateway *gateway)
{
    const struct tg_config_clients *clients = &gateway->config->clients;
    return tg_listen_is_free(clients->host, clients->port) ||
           fail_to_listen("clients", clients->host, clients->port);
}

static bool create_shards(struct gateway *gateway)
{
    const struct tg_config *config = gateway->config;
    while (gateway->shard_count < config->shards && gateway->shard_count < SHARDS_MAX) {
        if (!create_shard(gateway)) {
            return false;
        }
    }
    return true;
}

static bool run_shards(struct gateway *gateway)
{
    for (uint32_t i = 0; i < gateway->shard_count; i++) {
        atomic_fetch_add(&gateway->shards_running, 1);
        if (tg_shard_run(gateway->shards[i]) != TG_OK) {
            return fail("running a shard", "no thread is to be had");
        }
    }
    return true;
}

static bool add_key(struct gateway *gateway, const char *app, const char *key,
                    uint8_t may)
{
    if (tg_desk_add_key(gateway->desk, tg_slice_of(app), tg_slice_of(key), may) !=
        TG_OK) {
        return fail("adding an ingest key", "out of memory");
    }
    return true;
}

/* The keys of the configuration; or, if there are none, one that is kept for the user. */
static bool add_keys(struct gateway *gateway)
{
    const struct tg_config *config = gateway->config;
    for (size_t i = 0; i < config->ingest.keys.count; i++) {
        const struct tg_config_key *item = &config->ingest.keys.items[i];
        if (!add_key(gateway, item->app, item->key, item->may)) {
            return false;
        }
    }
    if (config->ingest.keys.count != 0) {
        return true;
    }
    char key[TG_RUNTIME_KEY_SIZE];
    char why[256];
    if (tg_runtime_ingest_key(config->runtime_dir, gateway->config->ingest.port, true,
                              key, why, sizeof why) != TG_OK) {
        return fail("making an ingest key", why);
    }
    bool added = add_key(gateway, "default", key, TG_ROLES_ALL);
    explicit_bzero(key, sizeof key);
    char file[512];
    snprintf(file, sizeof file, "%s/ingest-%u.key", config->runtime_dir,
             gateway->config->ingest.port);
    tg_info("ingest.default_key", TG_F("app", "default"), TG_F("key_file", file),
            TG_F("hint", "no ingest.keys are configured"));
    return added;
}

static bool start_ingest(struct gateway *gateway)
{
    const struct tg_config *config = gateway->config;
    int fd = tg_listen(config->ingest.host, config->ingest.port, 128, false);
    if (fd < 0) {
        return fail_to_listen("ingest", config->ingest.host, config->ingest.port);
    }
    gateway->desk = tg_desk_create(&(struct tg_desk_config){
        .config = config,
        .net = &gateway->net,
        .shards = gateway->shards,
        .shard_count = gateway->shard_count,
        .identities = gateway->common.identities,
        .resumed = desk_resumed,
        .context = gateway,
    });
    if (gateway->desk == NULL ||
        tg_ingest_http_open(&gateway->http, &gateway->net, fd, gateway->desk,
                            &gateway->common) != TG_OK) {
        return fail("starting ingest", "out of memory");
    }
    return add_keys(gateway);
}

/* The runtime directory must be ours before a socket goes into it. */
static bool start_zmq(struct gateway *gateway)
{
    const struct tg_config *config = gateway->config;
    char why[TG_INGEST_ZMQ_WHY_MAX];
    char reason[TG_INGEST_ZMQ_WHY_MAX + 128];
    if (config->ingest.zmq == NULL) {
        return true;
    }
    if (strncmp(config->ingest.zmq, "ipc://", 6) == 0 &&
        strncmp(config->ingest.zmq + 6, config->runtime_dir,
                strlen(config->runtime_dir)) == 0) {
        int dir = -1;
        if (tg_runtime_open(config->runtime_dir, true, &dir, reason, sizeof reason) !=
            TG_OK) {
            return fail("opening the runtime directory", reason);
        }
        close(dir);
    }
    gateway->zmq =
        tg_ingest_zmq_open(&gateway->net, config->ingest.zmq, gateway->desk, config, why);
    if (gateway->zmq == NULL) {
        snprintf(reason, sizeof reason, "%s: %s", config->ingest.zmq, why);
        return fail("binding ZeroMQ ingest", reason);
    }
    return true;
}

static bool load_catalogues(struct gateway *gateway)
{
    char reason[512];
    for (size_t i = 0; i < gateway->config->catalogues.count; i++) {
        if (!tg_catalogue_load(gateway->desk, gateway->config->catalogues.items[i],
                               reason, sizeof reason)) {
            return fail("loading a catalogue", reason);
        }
    }
    return true;
}

/* Life. */

static bool start(struct gateway *gateway)
{
    gateway->common.connections_max = connections_max(gateway->config);
    gateway->common.addresses = tg_addresses_create(&gateway->config->limits);
    if (gateway->common.addresses == NULL) {
        return fail("counting addresses", "out of memory");
    }
    if (!start_net(gateway) || !open_tls(gateway) || !clients_port_is_free(gateway) ||
        !open_identities(gateway) || !create_shards(gateway) || !start_ingest(gateway) ||
        !load_catalogues(gateway) || !run_shards(gateway) || !start_zmq(gateway)) {
        return false;
    }
    tg_process_warn_of_root();
    if (gateway->config->process.hardening && !tg_process_is_looked_into()) {
        tg_process_confine();
    }
    tg_info("gateway.started", TG_F("version", TG_VERSION),
            TG_F("clients_host", gateway->config->clients.host),
            TG_F("clients_port", gateway->config->clients.port),
            TG_F("tls", (bool)(gateway->common.tls != NULL)),
            TG_F("ingest_host", gateway->config->ingest.host),
            TG_F("ingest_port", gateway->config->ingest.port),
            TG_F("zmq", gateway->config->ingest.zmq == NULL
                            ? "off"
                            : gateway->config->ingest.zmq),
            TG_F("shards", gateway->shard_count),
            TG_F("connections_max", gateway->common.connections_max));
    return true;
}

static void finish(struct gateway *gateway)
{
    for (uint32_t i = 0; i < gateway->shard_count; i++) {
        tg_shard_join(gateway->shards[i]);
    }
    tg_identities_close(gateway->common.identities);
    /* No batch is under way any more, and no end of identities: nobody wakes this loop
     * again. */
    tg_desk_close(gateway->desk);
    uv_close((uv_handle_t *)&gateway->resumed, NULL);
    uv_close((uv_handle_t *)&gateway->shard_ended, NULL);
    uv_close((uv_handle_t *)&gateway->log_tick, NULL);
    uv_close((uv_handle_t *)&gateway->certificate_tick, NULL);
    uv_close((uv_handle_t *)&gateway->signals[0], NULL);
    uv_close((uv_handle_t *)&gateway->signals[1], NULL);
    uv_close((uv_handle_t *)&gateway->reload, NULL);
    while (!tg_list_empty(&gateway->net.conns)) {
        tg_conn_kill(TG_ENTRY(gateway->net.conns.next, struct tg_conn, link));
    }
    tg_net_finish(&gateway->net);
    tg_ingest_zmq_finish(gateway->zmq);
    tg_ingest_http_finish(&gateway->http);
    tg_desk_destroy(gateway->desk);
    tg_tls_close(gateway->common.tls);
    tg_addresses_destroy(gateway->common.addresses);
}

/* Batches are made by one thread and freed by another, tens of kilobytes at a time:
 * without these, glibc gives the top of the heap back and asks for it again all the time,
 * and each page is zeroed anew. */
static void tune_heap(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, HEAP_LARGE_BYTES);
#endif
}

int tg_serve(const struct tg_config *config)
{
    tune_heap();
    struct gateway *gateway = tg_zalloc(1, sizeof *gateway);
    if (gateway == NULL) {
        fail("starting", "out of memory");
        return 1;
    }
    gateway->config = config;
    atomic_init(&gateway->common.connections, 0);
    atomic_init(&gateway->common.ending, false);
    gateway->common.config = config;
    gateway->common.ended = shard_ended;
    gateway->common.context = gateway;
    if (!start(gateway)) {
        /* Threads may be running: the process ends and gives all back. */
        _exit(1);
    }
    tg_net_run(&gateway->net);
    finish(gateway);
    tg_free(gateway);
    tg_info("gateway.ended");
    tg_log_tick(true);
    return 0;
}
