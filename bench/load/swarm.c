#include "load/swarm.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/event.h"
#include "load/frames.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum { READ_BYTES = 256 * 1024, COMPLAINTS_MAX = 5, STASH_MAX = 2 << 20 };

enum state { CONNECTING, UPGRADING, GREETING, READY, ENDED };

struct subscriber {
    uv_tcp_t tcp;
    struct swarm *swarm;
    uv_connect_t *connect;
    uint64_t seq; /* the last event seen */
    char *stash;  /* an incomplete message from earlier reads */
    size_t stash_length, stash_capacity;
    enum state state;
};

struct swarm {
    uv_loop_t *loop;
    uv_prepare_t prepare; /* active while opening */
    struct swarm_options options;
    struct swarm_counts counts;
    char request[512];
    char
        read_buffer[READ_BYTES]; /* One for all: each read is consumed before the next. */
    uint64_t seq;
    unsigned wanted, started, opening, complaints;
};

/* RFC 6455 1.3: the sample key and the answer it must have. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char key_accepted[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct swarm *swarm_create(uv_loop_t *loop, const struct swarm_options *options)
{
    struct swarm *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->loop = loop;
    s->options = *options;
    uv_prepare_init(loop, &s->prepare);
    s->prepare.data = s;
    const struct dialect *d = options->dialect;
    snprintf(s->request, sizeof s->request,
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: "
             "13\r\n%s%s%s\r\n",
             options->path ? options->path : d->path, options->port, key,
             d->subprotocol ? "Sec-WebSocket-Protocol: " : "",
             d->subprotocol ? d->subprotocol : "", d->subprotocol ? "\r\n" : "");
    return s;
}

const struct swarm_counts *swarm_counts_get(const struct swarm *s)
{
    return &s->counts;
}

void swarm_counts_clear(struct swarm *s)
{
    s->counts = (struct swarm_counts){.ready = s->counts.ready,
                                      .failed = s->counts.failed,
                                      .dropped = s->counts.dropped};
}

static void on_closed(uv_handle_t *handle)
{
    struct subscriber *sub = handle->data;
    free(sub->stash);
    free(sub);
}

/* The only way out. The first few reasons are printed: ten thousand equal ones help
 * nobody. */
static void end(struct subscriber *sub, const char *why, const char *detail,
                size_t length)
{
    struct swarm *s = sub->swarm;
    if (sub->state == ENDED)
        return;
    if (s->complaints++ < COMPLAINTS_MAX)
        fprintf(stderr, "load: a subscriber of %s ended %s: %s %.*s\n",
                s->options.dialect->name,
                sub->state == READY ? "after it was ready" : "while opening", why,
                (int)length, detail);
    if (sub->state == READY) {
        s->counts.dropped++;
        s->counts.ready--;
    } else {
        s->counts.failed++;
        s->opening--;
    }
    sub->state = ENDED;
    uv_close((uv_handle_t *)&sub->tcp, on_closed);
}

static void say(struct subscriber *sub, unsigned opcode, const char *text, size_t length)
{
    char frame[FRAME_HEADER_MAX + 512];
    if (length > sizeof frame - FRAME_HEADER_MAX)
        length = sizeof frame - FRAME_HEADER_MAX;
    uv_buf_t buf = uv_buf_init(frame, (unsigned)frame_write(frame, opcode, text, length));
    int sent = uv_try_write((uv_stream_t *)&sub->tcp, &buf, 1);
    if (sent != (int)buf.len)
        end(sub, "could not write", sent < 0 ? uv_strerror(sent) : "a whole frame", 40);
}

static void become_ready(struct subscriber *sub)
{
    struct swarm *s = sub->swarm;
    if (sub->state == READY)
        return;
    sub->state = READY;
    sub->seq = s->seq;
    s->counts.ready++;
    s->opening--;
}

static void take_event(struct subscriber *sub, const struct frame *frame)
{
    struct swarm *s = sub->swarm;
    struct swarm_counts *c = &s->counts;
    uint64_t seq, at_ns;
    if (!event_find(frame->payload, frame->length, &seq, &at_ns)) {
        c->stray++;
        return;
    }
    if (seq <= sub->seq) {
        c->repeated++;
        return;
    }
    c->skipped += seq - sub->seq - 1;
    sub->seq = seq;
    c->delivered++;
    c->bytes += frame->size;
    if (!c->frame_bytes_min || frame->size < c->frame_bytes_min)
        c->frame_bytes_min = (unsigned)frame->size;
    if (frame->size > c->frame_bytes_max)
        c->frame_bytes_max = (unsigned)frame->size;
    s->options.on_event(s->options.context, seq, at_ns);
}

static void take_frame(struct subscriber *sub, const struct frame *frame)
{
    struct swarm *s = sub->swarm;
    if (frame->opcode == FRAME_PING) {
        s->counts.pings++;
        say(sub, FRAME_PONG, frame->payload, frame->length);
        return;
    }
    if (frame->opcode == FRAME_CLOSE) {
        char code[32] = "without a code";
        if (frame->length >= 2)
            snprintf(code, sizeof code, "%u",
                     (unsigned char)frame->payload[0] * 256u +
                         (unsigned char)frame->payload[1]);
        end(sub, "close frame", code, strlen(code));
        return;
    }
    if (frame->opcode != FRAME_TEXT && frame->opcode != FRAME_BINARY)
        return;
    const char *reply = NULL;
    enum verdict verdict =
        s->options.dialect->judge(frame->payload, frame->length, &reply);
    if (reply)
        say(sub, FRAME_TEXT, reply, strlen(reply));
    if (verdict == VERDICT_READY)
        become_ready(sub);
    else if (verdict == VERDICT_EVENT)
        take_event(sub, frame);
    else if (verdict == VERDICT_LOSS)
        s->counts.announced++;
    else if (verdict == VERDICT_FAIL)
        end(sub, "refused:", frame->payload, frame->length < 300 ? frame->length : 300);
}

/* Returns how many bytes the response took; 0 if it is not complete yet (or wrong:
 * ENDED). */
static size_t take_upgrade(struct subscriber *sub, const char *bytes, size_t length)
{
    const char *blank = memmem(bytes, length, "\r\n\r\n", 4);
    if (!blank)
        return 0;
    size_t size = (size_t)(blank - bytes) + 4;
    if (length < 12 || memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
        end(sub, "not upgraded:", bytes, strcspn(bytes, "\r"));
        return 0;
    }
    if (!memmem(bytes, size, key_accepted, sizeof key_accepted - 1)) {
        end(sub, "upgraded with a wrong Sec-WebSocket-Accept", "", 0);
        return 0;
    }
    const struct dialect *d = sub->swarm->options.dialect;
    sub->state = GREETING;
    if (!d->greeting)
        become_ready(sub);
    else if (*d->greeting)
        say(sub, FRAME_TEXT, d->greeting, strlen(d->greeting));
    return size;
}

/* Returns how many bytes were taken. */
static size_t take(struct subscriber *sub, const char *bytes, size_t length)
{
    size_t done = 0;
    if (sub->state == UPGRADING)
        done = take_upgrade(sub, bytes, length);
    while ((sub->state == GREETING || sub->state == READY) && done < length) {
        struct frame frame;
        enum frame_result result = frame_read(&frame, bytes + done, length - done);
        if (result == FRAME_PARTIAL)
            break;
        if (result == FRAME_WRONG) {
            end(sub, "sent a frame that is not allowed", "", 0);
            break;
        }
        done += frame.size;
        take_frame(sub, &frame);
    }
    return done;
}

static void stash_add(struct subscriber *sub, const char *bytes, size_t length)
{
    size_t need = sub->stash_length + length;
    if (need > sub->stash_capacity) {
        size_t capacity = need < 1024 ? 1024 : need * 2;
        char *grown = need < STASH_MAX ? realloc(sub->stash, capacity) : NULL;
        if (!grown) {
            end(sub, "sent a message without an end", "", 0);
            return;
        }
        sub->stash = grown;
        sub->stash_capacity = capacity;
    }
    memcpy(sub->stash + sub->stash_length, bytes, length);
    sub->stash_length = need;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
    struct subscriber *sub = stream->data;
    if (sub->state == ENDED || length == 0)
        return;
    if (length < 0) {
        end(sub, "read:", uv_strerror((int)length), 60);
        return;
    }
    if (sub->stash_length == 0) {
        size_t done = take(sub, buf->base, (size_t)length);
        if (sub->state != ENDED && done < (size_t)length)
            stash_add(sub, buf->base + done, (size_t)length - done);
        return;
    }
    stash_add(sub, buf->base, (size_t)length);
    if (sub->state == ENDED)
        return;
    size_t done = take(sub, sub->stash, sub->stash_length);
    if (sub->state == ENDED)
        return;
    memmove(sub->stash, sub->stash + done, sub->stash_length - done);
    sub->stash_length -= done;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct subscriber *sub = handle->data;
    *buf = uv_buf_init(sub->swarm->read_buffer, READ_BYTES);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct subscriber *sub = request->data;
    free(request);
    if (sub->state == ENDED)
        return;
    if (status) {
        end(sub, "connect:", uv_strerror(status), 60);
        return;
    }
    struct swarm *s = sub->swarm;
    uv_buf_t buf = uv_buf_init(s->request, (unsigned)strlen(s->request));
    sub->state = UPGRADING;
    int sent = uv_try_write((uv_stream_t *)&sub->tcp, &buf, 1);
    if (sent != (int)buf.len)
        end(sub, "could not write the request", "", 0);
    else
        uv_read_start((uv_stream_t *)&sub->tcp, on_alloc, on_read);
}

/* A socket bound to one of several loopback addresses: one address has only some 28,000
 * ports. The port itself is chosen at connect, so that it need only differ per
 * destination. */
static int socket_from(unsigned address_index)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in source = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + address_index)};
    if (bind(fd, (struct sockaddr *)&source, sizeof source)) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static void open_one(struct swarm *s)
{
    struct subscriber *sub = calloc(1, sizeof *sub);
    uv_connect_t *request = calloc(1, sizeof *request);
    if (!sub || !request)
        abort();
    sub->swarm = s;
    uv_tcp_init(s->loop, &sub->tcp);
    sub->tcp.data = sub;
    s->opening++;
    unsigned address_index = s->started++ / s->options.per_address;
    int fd = socket_from(address_index);
    int error = fd < 0 ? fd : uv_tcp_open(&sub->tcp, fd);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    request->data = sub;
    if (!error)
        error = uv_tcp_connect(request, &sub->tcp, (struct sockaddr *)&to, on_connected);
    if (error) {
        free(request);
        end(sub, "connect:", uv_strerror(error), 60);
    }
}

/* Once a loop turn while there is something to open, so that one that fails at once never
 * opens the next from within itself. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct swarm *s = prepare->data;
    while (s->opening < s->options.opening_max && s->started < s->wanted)
        open_one(s);
    if (s->opening == 0) {
        uv_prepare_stop(prepare);
        s->options.on_opened(s->options.context);
    }
}

void swarm_open(struct swarm *s, unsigned count, uint64_t seq)
{
    s->seq = seq;
    s->wanted += count;
    uv_prepare_start(&s->prepare, on_prepare);
}
