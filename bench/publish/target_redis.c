/* Redis PUBLISH in a pipeline: `depth` commands in one write, the same bytes as the
 * gateway gets as event; the acknowledgement is an integer (of subscribers: 0) for each.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/event.h"
#include "publish/target.h"

enum { ANSWER_BYTES = 65536 };

struct redis_target {
    int fd;
    struct target_options options;
    char *batch;
    char answer[ANSWER_BYTES];
    size_t answer_first, answer_length;
};

/* A path is a Unix socket, as the gateway's ingest is; a number a port on loopback. */
static int connect_to(const char *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in tcp = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)atoi(address)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_local = address[0] == '/';
    snprintf(local.sun_path, sizeof local.sun_path, "%s", address);
    int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (!is_local)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int failed = is_local ? connect(fd, (struct sockaddr *)&local, sizeof local)
                          : connect(fd, (struct sockaddr *)&tcp, sizeof tcp);
    if (!failed)
        return fd;
    fprintf(stderr, "publish: cannot connect to Redis at %s: %s\n", address,
            strerror(errno));
    close(fd);
    return -1;
}

static void *open_redis(const struct target_options *options)
{
    struct redis_target *r = calloc(1, sizeof *r);
    if (!r || !(r->batch = malloc((size_t)options->depth * (options->data_bytes + 256))))
        abort();
    r->options = *options;
    r->fd = connect_to(options->address);
    return r->fd < 0 ? NULL : r;
}

static bool send_redis(void *self, uint64_t seq)
{
    struct redis_target *r = self;
    size_t length = 0;
    uint64_t now = clock_now_ns();
    for (unsigned i = 0; i < r->options.depth; i++) {
        char line[EVENT_LINE_MAX];
        size_t size =
            event_line_write(line, r->options.data_bytes, "redis", seq + i, now);
        length += (size_t)sprintf(r->batch + length,
                                  "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%zu\r\n",
                                  sizeof EVENT_TYPE - 1, EVENT_TYPE, size);
        memcpy(r->batch + length, line, size);
        memcpy(r->batch + length + size, "\r\n", 2);
        length += size + 2;
    }
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(r->fd, r->batch + sent, length - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            fprintf(stderr, "publish: send to Redis: %s\n", strerror(errno));
            return false;
        }
        sent += (size_t)n;
    }
    return true;
}

static bool wait_redis(void *self)
{
    struct redis_target *r = self;
    for (unsigned open = r->options.depth; open > 0;) {
        char *first = r->answer + r->answer_first;
        char *end = memchr(first, '\n', r->answer_length - r->answer_first);
        if (end) {
            if (*first != ':') {
                fprintf(stderr, "publish: Redis answered %.*s\n", (int)(end - first),
                        first);
                return false;
            }
            r->answer_first += (size_t)(end - first) + 1;
            open--;
            continue;
        }
        r->answer_length -= r->answer_first;
        memmove(r->answer, first, r->answer_length);
        r->answer_first = 0;
        ssize_t n =
            recv(r->fd, r->answer + r->answer_length, ANSWER_BYTES - r->answer_length, 0);
        if (n <= 0) {
            fprintf(stderr, "publish: no answer from Redis: %s\n",
                    n ? strerror(errno) : "closed");
            return false;
        }
        r->answer_length += (size_t)n;
    }
    return true;
}

static void close_redis(void *self)
{
    struct redis_target *r = self;
    close(r->fd);
    free(r->batch);
    free(r);
}

const struct target_kind target_redis = {"redis", open_redis, send_redis, wait_redis,
                                         close_redis};
