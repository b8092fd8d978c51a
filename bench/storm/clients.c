#include "storm/clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "load/frames.h"

enum { PER_ADDRESS = 5000, READ_BYTES = 64 * 1024, EVENTS_MAX = 512, TEXT_MAX = 1024 };
enum { COMPLAINTS_MAX = 5 };

enum state { AWAY, CONNECTING, UPGRADING, ASKING, READY };

struct client {
    int fd;
    enum state state;
    uint64_t began_ns;
    char id[32];      /* as the gateway named it */
    char token[160];  /* of its session */
    char stash[4096]; /* an incomplete message from earlier reads */
    size_t stash_length;
};

struct clients {
    unsigned port, count, opening, complaints;
    int epoll;
    struct clients_counts counts;
    ticket_of *ticket;
    void *context;
    struct client items[];
};

struct clients *clients_create(unsigned port, unsigned count)
{
    struct clients *c = calloc(1, sizeof *c + count * sizeof c->items[0]);
    if (!c)
        abort();
    c->port = port;
    c->count = count;
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < count; i++)
        c->items[i].fd = -1;
    return c;
}

const struct clients_counts *clients_counts_get(const struct clients *c)
{
    return &c->counts;
}

/* The socket is over. The first few reasons are printed. */
static void leave(struct clients *c, struct client *client, const char *why,
                  const char *detail, size_t length)
{
    if (client->state != READY) {
        c->opening--;
        c->counts.ended++;
        if (c->complaints++ < COMPLAINTS_MAX)
            fprintf(stderr, "storm: a client could not be opened: %s %.*s\n", why,
                    (int)length, detail);
    } else {
        c->counts.ready--;
    }
    client->state = AWAY;
    client->stash_length = 0;
    close(client->fd);
    client->fd = -1;
}

static bool say(struct clients *c, struct client *client, const char *text)
{
    char frame[FRAME_HEADER_MAX + TEXT_MAX];
    size_t size = frame_write(frame, FRAME_TEXT, text, strlen(text));
    if (send(client->fd, frame, size, MSG_NOSIGNAL) == (ssize_t)size)
        return true;
    leave(c, client, "could not write:", strerror(errno), 60);
    return false;
}

/* `connect` and `subscribe` in one go: nothing that the second says depends on the answer
 * to the first. */
static void ask(struct clients *c, struct client *client)
{
    char text[TEXT_MAX];
    if (c->ticket)
        snprintf(text, sizeof text, "{\"kind\":\"connect\",\"id\":1,\"ticket\":\"%s\"}",
                 c->ticket(c->context, (unsigned)(client - c->items)));
    else
        snprintf(text, sizeof text, "{\"kind\":\"connect\",\"id\":1,\"session\":\"%s\"}",
                 client->token);
    if (say(c, client, text))
        say(c, client, "{\"kind\":\"subscribe\",\"id\":2,\"type\":\"bench.Private\"}");
}

/* The text of a member that has no escapes, into `out`. */
static bool member(const char *message, size_t length, const char *name, char *out,
                   size_t out_size)
{
    char wanted[32];
    size_t wanted_size = (size_t)snprintf(wanted, sizeof wanted, "\"%s\":\"", name);
    const char *at = memmem(message, length, wanted, wanted_size);
    if (!at)
        return false;
    at += wanted_size;
    const char *end = memchr(at, '"', (size_t)(message + length - at));
    if (!end || (size_t)(end - at) >= out_size)
        return false;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = 0;
    return true;
}

static void take_connected(struct clients *c, struct client *client, const char *message,
                           size_t length)
{
    char id[sizeof client->id] = "";
    if (!member(message, length, "client", id, sizeof id) ||
        !member(message, length, "token", client->token, sizeof client->token)) {
        leave(c, client, "connected without a session:", message, length);
        return;
    }
    if (!c->ticket && strcmp(id, client->id) != 0)
        c->counts.strangers++;
    memcpy(client->id, id, sizeof id);
}

static void take_message(struct clients *c, struct client *client, const char *message,
                         size_t length)
{
    if (memmem(message, length, "\"kind\":\"connected\"", 18)) {
        take_connected(c, client, message, length);
    } else if (memmem(message, length, "\"kind\":\"subscribed\"", 19)) {
        client->state = READY;
        c->opening--;
        c->counts.ready++;
        histogram_add(&c->counts.subscribed, clock_now_ns() - client->began_ns);
    } else if (memmem(message, length, "\"kind\":\"error\"", 14)) {
        c->counts.refused++;
        leave(c, client, "refused:", message, length < 300 ? length : 300);
    }
}

/* How many bytes were taken. */
static size_t take_upgrade(struct clients *c, struct client *client, const char *bytes,
                           size_t length)
{
    const char *blank = memmem(bytes, length, "\r\n\r\n", 4);
    if (!blank)
        return 0;
    if (memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
        leave(c, client, "not upgraded:", bytes, strcspn(bytes, "\r"));
        return 0;
    }
    client->state = ASKING;
    histogram_add(&c->counts.handshake, clock_now_ns() - client->began_ns);
    ask(c, client);
    return (size_t)(blank - bytes) + 4;
}

static void take(struct clients *c, struct client *client)
{
    size_t done = 0;
    if (client->state == UPGRADING)
        done = take_upgrade(c, client, client->stash, client->stash_length);
    while (client->state >= ASKING && done < client->stash_length) {
        struct frame frame;
        enum frame_result result =
            frame_read(&frame, client->stash + done, client->stash_length - done);
        if (result == FRAME_PARTIAL)
            break;
        if (result == FRAME_WRONG || frame.opcode == FRAME_CLOSE) {
            leave(c, client, "closed", "", 0);
            break;
        }
        done += frame.size;
        if (frame.opcode == FRAME_TEXT)
            take_message(c, client, frame.payload, frame.length);
    }
    if (client->state != AWAY) {
        memmove(client->stash, client->stash + done, client->stash_length - done);
        client->stash_length -= done;
    }
}

static void on_readable(struct clients *c, struct client *client)
{
    ssize_t length = recv(client->fd, client->stash + client->stash_length,
                          sizeof client->stash - client->stash_length, 0);
    if (length < 0 && errno == EAGAIN)
        return;
    if (length <= 0) {
        leave(c, client, "ended:", length == 0 ? "closed" : strerror(errno), 60);
        return;
    }
    client->stash_length += (size_t)length;
    take(c, client);
}

static void on_writable(struct clients *c, struct client *client)
{
    int error = 0;
    socklen_t size = sizeof error;
    char request[256];
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        leave(c, client, "connect:", strerror(error), 60);
        return;
    }
    int length = snprintf(
        request, sizeof request,
        "GET /v1/websocket HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: telegraphy.v1\r\n\r\n",
        c->port);
    client->state = UPGRADING;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, client->fd, &event);
    if (send(client->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        leave(c, client, "could not write:", strerror(errno), 60);
}

static void begin(struct clients *c, struct client *client)
{
    unsigned index = (unsigned)(client - c->items);
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr =
                                   htonl(INADDR_LOOPBACK + index / PER_ADDRESS)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)c->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    client->state = CONNECTING;
    client->began_ns = clock_now_ns();
    c->opening++;
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
    if (client->fd < 0 || bind(client->fd, (struct sockaddr *)&from, sizeof from) ||
        (connect(client->fd, (struct sockaddr *)&to, sizeof to) &&
         errno != EINPROGRESS) ||
        epoll_ctl(c->epoll, EPOLL_CTL_ADD, client->fd, &event))
        leave(c, client, "connect:", strerror(errno), 60);
}

/* One look at the sockets; false if nothing happened for `wait_ms`. */
static bool pump(struct clients *c, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(c->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        if (client->state == CONNECTING)
            on_writable(c, client);
        else if (client->state != AWAY)
            on_readable(c, client);
    }
    return count > 0;
}

double clients_open(struct clients *c, ticket_of *ticket, void *context,
                    unsigned opening_max, unsigned patience_s)
{
    uint64_t began_ns = clock_now_ns(),
             end_ns = began_ns + patience_s * UINT64_C(1000000000);
    c->ticket = ticket;
    c->context = context;
    c->counts = (struct clients_counts){.ready = c->counts.ready};
    c->complaints = 0;
    for (unsigned i = 0; i < c->count; i++) {
        if (c->items[i].state == AWAY)
            begin(c, &c->items[i]);
        while (c->opening >= opening_max && clock_now_ns() < end_ns)
            pump(c, 100);
        if (i % 64 == 0)
            pump(c, 0); /* The first answers come while the last are being opened. */
    }
    while (c->opening > 0 && clock_now_ns() < end_ns)
        pump(c, 100);
    return (double)(clock_now_ns() - began_ns) / 1e9;
}

bool clients_lose(struct clients *c, unsigned patience_s)
{
    uint64_t end_ns = clock_now_ns() + patience_s * UINT64_C(1000000000);
    while (c->counts.ready > 0 && clock_now_ns() < end_ns)
        pump(c, 100);
    return c->counts.ready == 0;
}
