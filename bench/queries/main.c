/* Events that concern one subscription each, among S with different queries.
 *
 * Back of the envelope: the gateway reads an event twice as JSON (ingest, shard), finds
 * one filter by one lookup of a hash, and writes one frame to one socket: some 10 µs, of
 * which the system call is most. None of it depends on S, but for the caches. */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#include "common/clock.h"
#include "common/counters.h"
#include "queries/crowd.h"

enum { SILENCE_MS = 5000, ANSWER_MS_MAX = 20000, LINE_BYTES = 320 };

struct run {
    const char *endpoint, *key;
    unsigned port, connections, subscriptions, depth, window;
    uint64_t events, first; /* `first`: other owners in the measurement than before it */
    struct server_pids pids;
};

/* One batch, whose events go through all owners in no order that a cache would like. */
static bool send_batch(const struct run *r, void *socket, uint64_t from)
{
    static char body[1 << 20];
    char header[512];
    int header_size = snprintf(header, sizeof header,
                               "{\"kind\":\"publish\",\"id\":%llu,\"key\":\"%s\"}",
                               (unsigned long long)from, r->key);
    size_t size = 0;
    for (uint64_t i = from; i < from + r->depth; i++)
        size += (size_t)sprintf(
            body + size,
            "{\"type\":\"bench.Row\",\"data\":{\"seq\":%llu,\"owner\":%llu,"
            "\"status\":\"paid\",\"total\":\"18.44\",\"customer\":\"Ada Lovelace\","
            "\"note\":\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
            "abcdefghijklmnopqrstuvwxyz\"}}\n",
            (unsigned long long)i, (unsigned long long)(i * 7919 % r->subscriptions));
    return zmq_send(socket, header, (size_t)header_size, ZMQ_SNDMORE) >= 0 &&
           zmq_send(socket, body, size, 0) >= 0;
}

static bool await_answer(const struct run *r, void *socket)
{
    static char answer[1 << 20];
    int size = zmq_recv(socket, answer, sizeof answer - 1, 0);
    if (size < 0)
        return false;
    answer[size < (int)sizeof answer ? size : (int)sizeof answer - 1] = 0;
    const char *accepted = strstr(answer, "\"accepted\":");
    return accepted && strtoul(accepted + 11, NULL, 10) == r->depth;
}

static void *publish(void *argument)
{
    const struct run *r = argument;
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int patience = ANSWER_MS_MAX;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_connect(socket, r->endpoint);
    uint64_t batches = r->events / r->depth, sent = 0;
    for (uint64_t done = 0; done < batches; done++) {
        while (sent < batches && sent - done < r->window)
            if (!send_batch(r, socket, r->first + sent++ * r->depth))
                exit(1);
        if (!await_answer(r, socket)) {
            fprintf(stderr, "queries: a batch was not taken whole\n");
            exit(1);
        }
    }
    zmq_close(socket);
    zmq_ctx_term(context);
    return NULL;
}

/* Publish, and read until each event has come or nothing comes any more. */
static double deliver(const struct run *r, struct crowd *crowd)
{
    pthread_t thread;
    uint64_t began_ns = clock_now_ns(), last_ns = began_ns;
    uint64_t wanted = crowd_counts(crowd).delivered + r->events;
    pthread_create(&thread, NULL, publish, (void *)(uintptr_t)r);
    while (crowd_counts(crowd).delivered < wanted && crowd_read(crowd, SILENCE_MS))
        last_ns = clock_now_ns();
    pthread_join(thread, NULL);
    return (double)(last_ns - began_ns) / 1e9;
}

static void measure(const struct run *r, struct crowd *crowd, double opening)
{
    struct cpu_time before, after;
    struct memory memory = {0};
    struct crowd_counts warm = crowd_counts(crowd);
    if (!cpu_time_read(&r->pids, &before))
        exit(1);
    double seconds = deliver(r, crowd);
    struct crowd_counts counts = crowd_counts(crowd);
    if (!cpu_time_read(&r->pids, &after) || !memory_read(&r->pids, &memory))
        exit(1);
    struct cpu_time cpu = cpu_time_since(before, after);
    uint64_t delivered = counts.delivered - warm.delivered;
    printf("{\"connections\":%u,\"subscriptions\":%u,\"opening_seconds\":%.3f,"
           "\"events\":%llu,\"delivered\":%llu,\"strays\":%llu,\"seconds\":%.3f,"
           "\"events_per_second\":%.0f,\"cpu_us_per_event\":%.3f,\"rss_kb\":%llu}\n",
           r->connections, r->subscriptions, opening, (unsigned long long)r->events,
           (unsigned long long)delivered, (unsigned long long)counts.strays, seconds,
           (double)delivered / seconds, (double)cpu.total_ns / 1e3 / (double)r->events,
           (unsigned long long)memory.rss_kb);
}

static int usage(void)
{
    fprintf(stderr, "usage: queries --port PORT --zmq ENDPOINT --key KEY --pids PID,... "
                    "[--connections N]\n"
                    "               [--subscriptions N] [--events N] [--depth N] "
                    "[--window N]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"port", 1, NULL, 'p'},        {"zmq", 1, NULL, 'z'},
        {"key", 1, NULL, 'k'},         {"pids", 1, NULL, 'i'},
        {"connections", 1, NULL, 'c'}, {"subscriptions", 1, NULL, 's'},
        {"events", 1, NULL, 'e'},      {"depth", 1, NULL, 'd'},
        {"window", 1, NULL, 'w'},      {NULL, 0, NULL, 0},
    };
    struct run r = {.connections = 2000,
                    .subscriptions = 100000,
                    .depth = 100,
                    .window = 4,
                    .events = 100000};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        unsigned long value = optarg ? strtoul(optarg, NULL, 10) : 0;
        if (option == 'p')
            r.port = (unsigned)value;
        else if (option == 'z')
            r.endpoint = optarg;
        else if (option == 'k')
            r.key = optarg;
        else if (option == 'i' && !server_pids_parse(&r.pids, optarg))
            return usage();
        else if (option == 'c')
            r.connections = (unsigned)value;
        else if (option == 's')
            r.subscriptions = (unsigned)value;
        else if (option == 'e')
            r.events = value;
        else if (option == 'd')
            r.depth = (unsigned)value;
        else if (option == 'w')
            r.window = (unsigned)value;
        else if (option == '?')
            return usage();
    }
    if (!r.port || !r.endpoint || !r.key || !r.pids.count || !r.connections ||
        !r.subscriptions || !r.depth || r.depth > (1 << 20) / LINE_BYTES || !r.window ||
        r.events < r.depth)
        return usage();
    r.events -= r.events % r.depth;
    struct rlimit files = {200000, 200000};
    setrlimit(RLIMIT_NOFILE, &files);
    uint64_t began_ns = clock_now_ns();
    struct crowd *crowd = crowd_open(r.port, r.connections, r.subscriptions);
    if (!crowd)
        return 1;
    double opening = (double)(clock_now_ns() - began_ns) / 1e9;
    /* The first events find cold caches and an unconnected publisher. */
    struct run warm_up = r;
    warm_up.events = r.depth * 20;
    deliver(&warm_up, crowd);
    r.first = warm_up.events;
    measure(&r, crowd, opening);
    return 0;
}
