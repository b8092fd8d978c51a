#include "load/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/histogram.h"

enum {
    EVENT_PATIENCE_MS = 20000,
    LATE_EVENTS_MAX = 3,
    SETTLE_MS = 20,
    RATE_PATIENCE_MS = 2000
};

/* Of four digits from the first on, so that all frames of a run have the same size. */
enum { FIRST_SEQ = 1000 };

enum doing { NOTHING, OPENING, PUBLISHING, RATING, ENDING, HOLDING };

struct commands {
    uv_loop_t *loop;
    struct commands_options options;
    struct swarm *swarm;
    struct publisher *publisher;
    enum doing doing;
    void (*on_done)(void *context);
    void *done_context;

    uv_timer_t timer;
    uv_poll_t ticker; /* a timerfd: libuv's own timers are a millisecond coarse */
    int ticker_fd;
    uint64_t seq; /* the last event published */

    /* of the present command */
    char name[16];
    uint64_t events, events_sent, refused_before;
    uint64_t first_seq, expected, interval_ns, began_ns, due_ns;
    unsigned awaited; /* PUBLISHING: how many subscribers still lack the last event */
    unsigned late_events, dropped_before;
    struct cpu_time cpu_before;
    double load_cpu_before;
    struct histogram latency;
};

static double own_cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void server_gone(void)
{
    fprintf(stderr, "load: a process of the server is gone\n");
    exit(1);
}

static struct cpu_time cpu_now(const struct commands *c)
{
    struct cpu_time cpu = {0};
    if (c->options.pids.count && !cpu_time_read(&c->options.pids, &cpu))
        server_gone();
    return cpu;
}

static void begin(struct commands *c, const char *name)
{
    snprintf(c->name, sizeof c->name, "%s", name);
    swarm_counts_clear(c->swarm);
    histogram_clear(&c->latency);
    c->dropped_before = swarm_counts_get(c->swarm)->dropped;
    c->refused_before = c->publisher ? publisher_refused(c->publisher) : 0;
    c->first_seq = c->seq + 1;
    c->events_sent = c->expected = c->late_events = 0;
    c->cpu_before = cpu_now(c);
    c->load_cpu_before = own_cpu_seconds();
    c->began_ns = clock_now_ns();
}

static void print_memory(const struct commands *c)
{
    struct memory m;
    if (!c->options.pids.count)
        return;
    if (!memory_read(&c->options.pids, &m))
        server_gone();
    printf(",\"rss_kb\":%llu,\"anonymous_kb\":%llu,\"private_dirty_kb\":%llu",
           (unsigned long long)m.rss_kb, (unsigned long long)m.anonymous_kb,
           (unsigned long long)m.private_dirty_kb);
}

static void print_deliveries(const struct commands *c, double seconds)
{
    const struct swarm_counts *n = swarm_counts_get(c->swarm);
    printf(
        ",\"events\":%llu,\"events_refused\":%llu,\"events_late\":%u,\"expected\":%llu,"
        "\"delivered\":%llu,\"lost\":%llu,\"repeated\":%llu,\"announced_lost\":%llu,"
        "\"stray\":%llu",
        (unsigned long long)c->events_sent,
        (unsigned long long)(publisher_refused(c->publisher) - c->refused_before),
        c->late_events, (unsigned long long)c->expected, (unsigned long long)n->delivered,
        (unsigned long long)(c->expected > n->delivered ? c->expected - n->delivered : 0),
        (unsigned long long)n->repeated, (unsigned long long)n->announced,
        (unsigned long long)n->stray);
    printf(",\"frame_bytes_min\":%u,\"frame_bytes_max\":%u,\"frame_bytes\":%.1f",
           n->frame_bytes_min, n->frame_bytes_max,
           n->delivered ? (double)n->bytes / (double)n->delivered : 0.0);
    printf(",\"deliveries_per_second\":%.0f", (double)n->delivered / seconds);
    printf(",\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           (double)histogram_quantile_ns(&c->latency, 0.5) / 1e3,
           (double)histogram_quantile_ns(&c->latency, 0.99) / 1e3,
           (double)histogram_quantile_ns(&c->latency, 0.999) / 1e3,
           (double)c->latency.max_ns / 1e3);
}

static void print_cpu(const struct commands *c)
{
    const struct swarm_counts *n = swarm_counts_get(c->swarm);
    struct cpu_time cpu = cpu_time_since(c->cpu_before, cpu_now(c));
    double ticks = (double)(cpu.user_ticks + cpu.system_ticks);
    double user_share = ticks > 0 ? (double)cpu.user_ticks / ticks : 0;
    double total_us = (double)cpu.total_ns / 1e3;
    printf(",\"cpu_us\":%.0f,\"cpu_user_us\":%.0f,\"cpu_system_us\":%.0f", total_us,
           total_us * user_share, total_us * (1 - user_share));
    if (n->delivered)
        printf(",\"cpu_us_per_delivery\":%.4f", total_us / (double)n->delivered);
}

static void finish(struct commands *c)
{
    double seconds = (double)(clock_now_ns() - c->began_ns) / 1e9;
    const struct swarm_counts *n = swarm_counts_get(c->swarm);
    printf(
        "{\"do\":\"%s\",\"seconds\":%.3f,\"subscribers\":%u,\"failed\":%u,\"dropped\":%u,"
        "\"pings\":%llu,\"load_cpu_us\":%.0f",
        c->name, seconds, n->ready, n->failed, n->dropped - c->dropped_before,
        (unsigned long long)n->pings, (own_cpu_seconds() - c->load_cpu_before) * 1e6);
    if (c->doing == ENDING)
        print_deliveries(c, seconds);
    if (c->options.pids.count)
        print_cpu(c);
    print_memory(c);
    printf("}\n");
    fflush(stdout);
    c->doing = NOTHING;
    c->on_done(c->done_context);
}

static void on_finish(uv_timer_t *timer)
{
    finish(timer->data);
}

/* The last subscriber has its event, but the server may have a little more to do. */
static void finish_soon(struct commands *c)
{
    c->doing = ENDING;
    uv_timer_start(&c->timer, on_finish, SETTLE_MS, 0);
}

static void publish_one(struct commands *c, uint64_t at_ns)
{
    unsigned ready = swarm_counts_get(c->swarm)->ready;
    c->awaited = ready;
    c->expected += ready;
    c->events_sent++;
    publisher_send(c->publisher, ++c->seq, at_ns);
}

static void on_impatience(uv_timer_t *timer);

static void publish_next(struct commands *c)
{
    if (c->events_sent == c->events) {
        finish_soon(c);
        return;
    }
    uv_timer_start(&c->timer, on_impatience, EVENT_PATIENCE_MS, 0);
    publish_one(c, clock_now_ns());
}

static void on_impatience(uv_timer_t *timer)
{
    struct commands *c = timer->data;
    fprintf(
        stderr,
        "load: event %llu of %s is still missing at %u of %u subscribers after %d ms\n",
        (unsigned long long)c->seq, c->options.swarm.dialect->name, c->awaited,
        swarm_counts_get(c->swarm)->ready, EVENT_PATIENCE_MS);
    if (++c->late_events == LATE_EVENTS_MAX)
        c->events = c->events_sent; /* It won't get better. */
    publish_next(c);
}

static void on_event(void *context, uint64_t seq, uint64_t at_ns)
{
    struct commands *c = context;
    uint64_t now = clock_now_ns();
    histogram_add(&c->latency, now > at_ns ? now - at_ns : 0);
    if (c->doing == PUBLISHING && seq == c->seq && --c->awaited == 0)
        publish_next(c);
    else if (c->doing == RATING && c->events_sent == c->events &&
             swarm_counts_get(c->swarm)->delivered == c->expected)
        finish_soon(c);
}

static void on_tick(uv_poll_t *ticker, int status, int events)
{
    (void)status, (void)events;
    struct commands *c = ticker->data;
    uint64_t ticks;
    if (read(c->ticker_fd, &ticks, sizeof ticks) != sizeof ticks)
        return;
    for (; ticks > 0 && c->events_sent < c->events; ticks--) {
        publish_one(c, c->due_ns);
        c->due_ns += c->interval_ns;
    }
    if (c->events_sent == c->events)
        uv_poll_stop(&c->ticker);
}

static void on_rate_over(uv_timer_t *timer)
{
    struct commands *c = timer->data;
    c->doing = ENDING;
    finish(c);
}

static void rate_begin(struct commands *c, double hz, double seconds)
{
    c->doing = RATING;
    c->events = (uint64_t)(hz * seconds);
    c->interval_ns = (uint64_t)(1e9 / hz);
    c->due_ns = clock_now_ns() + c->interval_ns;
    struct itimerspec spec = {
        .it_value = {(time_t)(c->due_ns / 1000000000u), (long)(c->due_ns % 1000000000u)},
        .it_interval = {(time_t)(c->interval_ns / 1000000000u),
                        (long)(c->interval_ns % 1000000000u)}};
    timerfd_settime(c->ticker_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    uv_poll_start(&c->ticker, UV_READABLE, on_tick);
    uv_timer_start(&c->timer, on_rate_over, (uint64_t)(seconds * 1000) + RATE_PATIENCE_MS,
                   0);
}

static void on_opened(void *context)
{
    struct commands *c = context;
    if (c->doing == OPENING)
        uv_timer_start(&c->timer, on_finish, SETTLE_MS * 10, 0);
}

struct commands *commands_create(uv_loop_t *loop, const struct commands_options *options)
{
    struct commands *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->loop = loop;
    c->seq = FIRST_SEQ;
    c->options = *options;
    c->options.swarm.on_opened = on_opened;
    c->options.swarm.on_event = on_event;
    c->options.swarm.context = c;
    c->swarm = swarm_create(loop, &c->options.swarm);
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    c->ticker_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    uv_poll_init(loop, &c->ticker, c->ticker_fd);
    c->ticker.data = c;
    if (options->publisher.target) {
        c->publisher = publisher_open(loop, &c->options.publisher);
        if (!c->publisher)
            return NULL;
    }
    return c;
}

static bool complain(const char *line)
{
    fprintf(stderr,
            "load: cannot do \"%s\": open N, publish N, rate HZ SECONDS, hold SECONDS or "
            "memory is meant, and publishing needs --publish\n",
            line);
    return false;
}

bool commands_do(struct commands *c, const char *line, void (*on_done)(void *),
                 void *context)
{
    unsigned count;
    double hz, seconds;
    c->on_done = on_done;
    c->done_context = context;
    if (sscanf(line, "open %u", &count) == 1 && count > 0) {
        begin(c, "open");
        c->doing = OPENING;
        swarm_open(c->swarm, count, c->seq);
    } else if (sscanf(line, "publish %u", &count) == 1 && count > 0 && c->publisher) {
        begin(c, "publish");
        c->doing = PUBLISHING;
        c->events = count;
        publish_next(c);
    } else if (sscanf(line, "rate %lf %lf", &hz, &seconds) == 2 && hz * seconds >= 1 &&
               c->publisher) {
        begin(c, "rate");
        rate_begin(c, hz, seconds);
    } else if (sscanf(line, "hold %lf", &seconds) == 1 && seconds > 0) {
        begin(c, "hold");
        c->doing = HOLDING;
        uv_timer_start(&c->timer, on_finish, (uint64_t)(seconds * 1000), 0);
    } else if (strcmp(line, "memory") == 0) {
        begin(c, "memory");
        finish(c);
    } else {
        return complain(line);
    }
    return true;
}
