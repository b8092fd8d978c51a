/* How many events a second are taken and acknowledged: the gateway's ZeroMQ ingest, or
 * Redis PUBLISH, both in batches of `depth` events with `window` batches in flight.
 *
 * Back of the envelope: an event line has some 260 bytes. To read it as JSON, check it
 * against its type and remember its id takes the gateway perhaps 3 µs, so 300,000 a
 * second on one core; the system calls are shared by a batch and vanish from depth 16 on.
 * Redis does less with each (split the command, look up a channel that nobody listens
 * to): about 1 µs. At depth 1 both are bound by two system calls and a wake-up on either
 * side per event, some 10 to 20 µs. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "common/counters.h"
#include "common/event.h"
#include "publish/target.h"

struct run {
    const struct target_kind *kind;
    void *target;
    unsigned depth, window;
    uint64_t seq;
};

/* `events` is rounded up to whole batches; returns how many were acknowledged. */
static uint64_t publish(struct run *r, uint64_t events)
{
    uint64_t batches = (events + r->depth - 1) / r->depth, sent = 0, done = 0;
    while (done < batches) {
        while (sent < batches && sent - done < r->window) {
            if (!r->kind->send(r->target, r->seq))
                exit(1);
            r->seq += r->depth;
            sent++;
        }
        if (!r->kind->wait(r->target))
            exit(1);
        done++;
    }
    return done * r->depth;
}

static double own_cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int usage(void)
{
    fprintf(
        stderr,
        "usage: publish --to zmq|redis --address ENDPOINT|PATH|PORT [--key KEY] [--depth "
        "N]\n"
        "               [--window N] [--events N] [--data-bytes N] [--pids PID,...]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"to", 1, NULL, 't'},    {"address", 1, NULL, 'a'},    {"key", 1, NULL, 'k'},
        {"depth", 1, NULL, 'd'}, {"window", 1, NULL, 'w'},     {"events", 1, NULL, 'e'},
        {"pids", 1, NULL, 'p'},  {"data-bytes", 1, NULL, 'b'}, {NULL, 0, NULL, 0},
    };
    struct target_options o = {.key = "", .depth = 128, .data_bytes = 200};
    struct server_pids pids = {.count = 0};
    struct run r = {.window = 4, .seq = 1};
    uint64_t events = 100000;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 't':
            r.kind = strcmp(optarg, "zmq") == 0     ? &target_zmq
                     : strcmp(optarg, "redis") == 0 ? &target_redis
                                                    : NULL;
            break;
        case 'a':
            o.address = optarg;
            break;
        case 'k':
            o.key = optarg;
            break;
        case 'd':
            o.depth = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'w':
            r.window = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'e':
            events = strtoull(optarg, NULL, 10);
            break;
        case 'b':
            o.data_bytes = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'p':
            if (!server_pids_parse(&pids, optarg))
                return usage();
            break;
        default:
            return usage();
        }
    }
    if (!r.kind || !o.address || !o.depth || !r.window || !events ||
        o.data_bytes < EVENT_DATA_MIN || o.data_bytes > EVENT_DATA_MAX)
        return usage();
    r.depth = o.depth;
    r.target = r.kind->open(&o);
    if (!r.target)
        return 1;

    char line[EVENT_LINE_MAX];
    size_t line_bytes =
        event_line_write(line, o.data_bytes, "1234567890123", 123456, clock_now_ns());
    publish(&r, events / 20 + 1); /* connections made, pages touched */
    struct cpu_time before = {0}, after = {0};
    if (pids.count && !cpu_time_read(&pids, &before))
        return 1;
    double own = own_cpu_us();
    uint64_t began = clock_now_ns();
    uint64_t done = publish(&r, events);
    double seconds = (double)(clock_now_ns() - began) / 1e9;
    own = own_cpu_us() - own;
    if (pids.count && !cpu_time_read(&pids, &after))
        return 1;
    printf("{\"do\":\"publish\",\"to\":\"%s\",\"depth\":%u,\"window\":%u,\"events\":%llu,"
           "\"seconds\":%.4f,\"events_per_second\":%.0f,\"line_bytes\":%zu,"
           "\"publisher_cpu_us_per_event\":%.4f",
           r.kind->name, r.depth, r.window, (unsigned long long)done, seconds,
           (double)done / seconds, line_bytes, own / (double)done);
    if (pids.count)
        printf(",\"server_cpu_us_per_event\":%.4f",
               (double)cpu_time_since(before, after).total_ns / 1e3 / (double)done);
    printf("}\n");
    r.kind->close(r.target);
    return 0;
}
