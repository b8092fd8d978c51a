/* The two kinds that are a TCP connection: `http:` and `stream:`.
 *
 * HTTP: one request at a time, on a connection that is made anew where the server closed
 * it while nothing was asked (servers do so after some seconds); what is due meanwhile
 * waits in a ring, and its stamp still says when it was due. The answer must have a
 * Content-Length (or be a 204), which all the peers' apps do. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/event.h"
#include "load/publisher.h"

enum { WAITING_MAX = 8192, ANSWER_MAX = 8192 };

struct stream_publisher {
    struct publisher *owner;
    uv_loop_t *loop;
    uv_tcp_t *tcp; /* NULL: to be connected */
    bool is_http;
    unsigned data_bytes, port;
    char path[128];
    /* http only */
    bool is_asking;
    struct {
        uint64_t seq, at_ns;
    } waiting[WAITING_MAX];
    unsigned waiting_first, waiting_count;
    char answer[ANSWER_MAX];
    size_t answer_length;
};

struct message {
    uv_write_t request;
    char bytes[EVENT_DATA_MAX + 512];
};

static void refuse(struct stream_publisher *p, const char *why, const char *detail)
{
    publisher_refuse(p->owner, why, detail, strlen(detail));
}

static void on_written(uv_write_t *request, int status)
{
    struct stream_publisher *p = request->handle->data;
    /* Of a handle that is being closed the reason is known already. */
    if (status && status != UV_ECANCELED)
        refuse(p, "write:", uv_strerror(status));
    free(request);
}

static void connect_to_server(struct stream_publisher *p);

static void post(struct stream_publisher *p, uint64_t seq, uint64_t at_ns)
{
    struct message *m = malloc(sizeof *m);
    if (!m)
        abort();
    if (!p->tcp)
        connect_to_server(p);
    size_t head;
    if (p->is_http) {
        head = (size_t)snprintf(
            m->bytes, 512,
            "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
            "Content-Type: application/json\r\nContent-Length: %u\r\n\r\n",
            p->path, p->port, p->data_bytes);
    } else {
        for (unsigned i = 0; i < 4; i++)
            m->bytes[i] = (char)(p->data_bytes >> (24 - 8 * i));
        head = 4;
    }
    event_data_write(m->bytes + head, p->data_bytes, seq, at_ns);
    uv_buf_t buf = uv_buf_init(m->bytes, (unsigned)head + p->data_bytes);
    int error = uv_write(&m->request, (uv_stream_t *)p->tcp, &buf, 1, on_written);
    if (error) {
        refuse(p, "write:", uv_strerror(error));
        free(m);
    }
}

static void post_next(struct stream_publisher *p)
{
    if (p->is_asking || p->waiting_count == 0)
        return;
    unsigned first = p->waiting_first;
    p->waiting_first = (first + 1) % WAITING_MAX;
    p->waiting_count--;
    p->is_asking = true;
    post(p, p->waiting[first].seq, p->waiting[first].at_ns);
}

/* The size of the complete answer at the beginning of `answer`; 0 if it isn't complete.
 */
static size_t answer_size(struct stream_publisher *p)
{
    char *blank = memmem(p->answer, p->answer_length, "\r\n\r\n", 4);
    if (!blank)
        return 0;
    size_t head = (size_t)(blank - p->answer) + 4;
    unsigned long body = 0;
    for (char *line = p->answer; line < blank;
         line = (char *)memmem(line, (size_t)(blank + 2 - line), "\r\n", 2) + 2)
        if (strncasecmp(line, "content-length:", 15) == 0)
            body = strtoul(line + 15, NULL, 10);
    return p->answer_length >= head + body ? head + body : 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void disconnect(struct stream_publisher *p)
{
    if (p->tcp)
        uv_close((uv_handle_t *)p->tcp, on_closed);
    p->tcp = NULL;
    p->is_asking = false;
    p->answer_length = 0;
}

static void on_answer(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
    (void)buf;
    struct stream_publisher *p = stream->data;
    if (length < 0) {
        if (p->is_asking || !p->is_http)
            refuse(p, "the publisher's connection ended:", uv_strerror((int)length));
        disconnect(p);
        post_next(p);
        return;
    }
    if (!p->is_http)
        return;
    p->answer_length += (size_t)length;
    size_t size = answer_size(p);
    if (size == 0)
        return;
    if (memcmp(p->answer, "HTTP/1.1 2", 10) != 0)
        publisher_refuse(p->owner, "the server answered", p->answer,
                         strcspn(p->answer, "\r"));
    memmove(p->answer, p->answer + size, p->answer_length - size);
    p->answer_length -= size;
    p->is_asking = false;
    post_next(p);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct stream_publisher *p = handle->data;
    if (!p->is_http || p->answer_length >= ANSWER_MAX)
        p->answer_length = 0;
    *buf = uv_buf_init(p->answer + p->answer_length,
                       (unsigned)(ANSWER_MAX - p->answer_length));
}

static void on_connected(uv_connect_t *request, int status)
{
    struct stream_publisher *p = request->data;
    uv_stream_t *stream = request->handle;
    free(request);
    if (status && status != UV_ECANCELED) {
        refuse(p, "connect:", uv_strerror(status));
        disconnect(p);
    } else if (!status) {
        uv_read_start(stream, on_alloc, on_answer);
    }
}

/* What is written before the connection stands, libuv keeps until it does. */
static void connect_to_server(struct stream_publisher *p)
{
    uv_connect_t *request = malloc(sizeof *request);
    p->tcp = malloc(sizeof *p->tcp);
    if (!request || !p->tcp)
        abort();
    uv_tcp_init(p->loop, p->tcp);
    uv_tcp_nodelay(p->tcp, 1);
    p->tcp->data = p;
    request->data = p;
    struct sockaddr_in to;
    uv_ip4_addr("127.0.0.1", (int)p->port, &to);
    /* The only errors are those of bad arguments; a refusal comes to on_connected. */
    if (uv_tcp_connect(request, p->tcp, (struct sockaddr *)&to, on_connected))
        abort();
}

static struct stream_publisher *open_to(uv_loop_t *loop,
                                        const struct publisher_options *options,
                                        const char *target, struct publisher *owner)
{
    char *end;
    unsigned long port = strtoul(target, &end, 10);
    if (port == 0 || port > 65535) {
        fprintf(stderr, "load: \"%s\" does not begin with a port\n", target);
        return NULL;
    }
    struct stream_publisher *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->owner = owner;
    p->data_bytes = options->data_bytes;
    p->port = (unsigned)port;
    snprintf(p->path, sizeof p->path, "%s", *end ? end : "/");
    p->loop = loop;
    connect_to_server(p);
    return p;
}

static void *http_open(uv_loop_t *loop, const struct publisher_options *options,
                       const char *target, struct publisher *owner)
{
    struct stream_publisher *p = open_to(loop, options, target, owner);
    if (p)
        p->is_http = true;
    return p;
}

static void *stream_open(uv_loop_t *loop, const struct publisher_options *options,
                         const char *target, struct publisher *owner)
{
    struct stream_publisher *p = open_to(loop, options, target, owner);
    /* The floor sends what it gets in a frame with a header of 2 or 4 bytes. */
    if (p && options->frame_bytes)
        p->data_bytes = options->frame_bytes - (options->frame_bytes >= 130 ? 4 : 2);
    return p;
}

static void http_send(void *self, uint64_t seq, uint64_t at_ns)
{
    struct stream_publisher *p = self;
    if (p->waiting_count == WAITING_MAX) {
        refuse(p, "the server is so slow that",
               "thousands of events wait to be handed to it");
        return;
    }
    unsigned last = (p->waiting_first + p->waiting_count++) % WAITING_MAX;
    p->waiting[last].seq = seq;
    p->waiting[last].at_ns = at_ns;
    post_next(p);
}

static void stream_send(void *self, uint64_t seq, uint64_t at_ns)
{
    post(self, seq, at_ns);
}

const struct publisher_kind publisher_http = {http_open, http_send};
const struct publisher_kind publisher_stream = {stream_open, stream_send};
