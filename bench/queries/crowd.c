#include "queries/crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load/frames.h"

enum { READ_BYTES = 64 * 1024, READY_MAX = 256, PER_ADDRESS = 5000, TEXT_MAX = 256 };

struct member {
    int fd;
    unsigned index;
    unsigned answers; /* To `connect` and `subscribe`. */
    size_t kept;      /* Of an incomplete frame. */
    char bytes[READ_BYTES];
};

struct crowd {
    unsigned connections;
    int epoll;
    struct crowd_counts counts;
    struct member *members;
};

static bool fail(const char *what, const char *why)
{
    fprintf(stderr, "queries: %s: %s\n", what, why);
    return false;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = write(fd, bytes, size);
        if (sent < 0 && errno != EINTR)
            return fail("writing", strerror(errno));
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
    return true;
}

static void take_event(struct crowd *crowd, const struct member *member,
                       const struct frame *frame)
{
    const char *owner = memmem(frame->payload, frame->length, "\"owner\":", 8);
    bool is_event = frame->length > 16 &&
                    memcmp(frame->payload, "{\"kind\":\"event\"", 15) == 0;
    if (is_event && owner &&
        strtoul(owner + 8, NULL, 10) % crowd->connections == member->index)
        crowd->counts.delivered++;
    else if (crowd->counts.strays++ < 5)
        fprintf(stderr, "queries: a stray: %.*s\n",
                (int)(frame->length < 300 ? frame->length : 300), frame->payload);
}

/* Take the whole frames among what was read. */
static bool take(struct crowd *crowd, struct member *member, bool answers)
{
    size_t at = 0;
    struct frame frame;
    enum frame_result result;
    while ((result = frame_read(&frame, member->bytes + at, member->kept - at)) ==
           FRAME_WHOLE) {
        at += frame.size;
        if (frame.opcode != FRAME_TEXT)
            continue;
        if (!answers)
            take_event(crowd, member, &frame);
        else if (memmem(frame.payload, frame.length, "\"kind\":\"error\"", 14))
            return fail("refused", strndup(frame.payload, frame.length));
        else
            member->answers++;
    }
    memmove(member->bytes, member->bytes + at, member->kept - at);
    member->kept -= at;
    return result != FRAME_WRONG || fail("reading", "a frame that is none");
}

static bool read_some(struct member *member)
{
    ssize_t size =
        read(member->fd, member->bytes + member->kept, READ_BYTES - member->kept);
    if (size <= 0)
        return size < 0 && (errno == EAGAIN || errno == EINTR);
    member->kept += (size_t)size;
    return true;
}

static int connect_from(unsigned index, unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr =
                                   htonl(INADDR_LOOPBACK + index / PER_ADDRESS)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) ||
        connect(fd, (struct sockaddr *)&to, sizeof to)) {
        fail("connecting", strerror(errno));
        return -1;
    }
    return fd;
}

static bool upgrade(struct member *member, unsigned port)
{
    char request[512];
    int size = snprintf(request, sizeof request,
                        "GET /v1/websocket HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: telegraphy.v1\r\n\r\n",
                        port);
    if (!write_all(member->fd, request, (size_t)size))
        return false;
    char *end = NULL;
    while (!end) {
        if (!read_some(member))
            return fail("upgrading", "the gateway closed the connection");
        end = memmem(member->bytes, member->kept, "\r\n\r\n", 4);
    }
    if (memcmp(member->bytes, "HTTP/1.1 101", 12) != 0)
        return fail("upgrading", "not 101");
    size_t used = (size_t)(end + 4 - member->bytes);
    member->kept -= used;
    memmove(member->bytes, end + 4, member->kept);
    return true;
}

/* `connect`, then every subscription of this connection at once; wait for all answers. */
static bool subscribe(struct crowd *crowd, struct member *member, unsigned subscriptions)
{
    unsigned wanted = 1;
    char *out = malloc((size_t)(subscriptions / crowd->connections + 3) *
                       (TEXT_MAX + FRAME_HEADER_MAX));
    char text[TEXT_MAX];
    int length = snprintf(text, sizeof text, "{\"kind\":\"connect\",\"id\":0}");
    size_t size = frame_write(out, FRAME_TEXT, text, (size_t)length);
    for (unsigned i = member->index; i < subscriptions; i += crowd->connections) {
        length = snprintf(text, sizeof text,
                          "{\"kind\":\"subscribe\",\"id\":%u,\"type\":\"bench.Row\","
                          "\"where\":\"owner == %u\"}",
                          wanted++, i);
        size += frame_write(out + size, FRAME_TEXT, text, (size_t)length);
    }
    bool right = write_all(member->fd, out, size);
    free(out);
    while (right && member->answers < wanted)
        right = read_some(member) && take(crowd, member, true);
    return right || fail("subscribing", "the gateway closed the connection");
}

static bool watch(struct crowd *crowd, struct member *member)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
    fcntl(member->fd, F_SETFL, fcntl(member->fd, F_GETFL) | O_NONBLOCK);
    return epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, member->fd, &event) == 0;
}

struct crowd *crowd_open(unsigned port, unsigned connections, unsigned subscriptions)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    if (!crowd || !(crowd->members = calloc(connections, sizeof *crowd->members)))
        abort();
    crowd->connections = connections;
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < connections; i++) {
        struct member *member = &crowd->members[i];
        member->index = i;
        member->fd = connect_from(i, port);
        if (member->fd < 0 || !upgrade(member, port) ||
            !subscribe(crowd, member, subscriptions) || !watch(crowd, member))
            return NULL;
    }
    return crowd;
}

bool crowd_read(struct crowd *crowd, int patience_ms)
{
    struct epoll_event ready[READY_MAX];
    int count = epoll_wait(crowd->epoll, ready, READY_MAX, patience_ms);
    for (int i = 0; i < count; i++) {
        struct member *member = ready[i].data.ptr;
        if (!read_some(member) || !take(crowd, member, false))
            return fail("reading", "a connection has ended");
    }
    return count > 0;
}

struct crowd_counts crowd_counts(const struct crowd *crowd)
{
    return crowd->counts;
}
