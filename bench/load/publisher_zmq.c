#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "common/event.h"
#include "load/publisher.h"

struct zmq_publisher {
    struct publisher *owner;
    void *context, *socket;
    uv_poll_t poll;
    unsigned data_bytes;
    char key[256];
    char run[32];
};

/* ZMQ_FD is edge-triggered: everything there is must be read after each wake-up and each
 * send. */
static void drain(struct zmq_publisher *z)
{
    for (;;) {
        char answer[2048];
        int length = zmq_recv(z->socket, answer, sizeof answer, ZMQ_DONTWAIT);
        if (length < 0)
            return;
        size_t size = (size_t)length < sizeof answer ? (size_t)length : sizeof answer;
        if (!memmem(answer, size, "\"published\"", 11) ||
            memmem(answer, size, "\"refused\"", 9))
            publisher_refuse(z->owner, "the gateway answered", answer,
                             size < 500 ? size : 500);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    drain(poll->data);
}

static void *zmq_open(uv_loop_t *loop, const struct publisher_options *options,
                      const char *target, struct publisher *owner)
{
    struct zmq_publisher *z = calloc(1, sizeof *z);
    if (!z)
        abort();
    z->owner = owner;
    z->data_bytes = options->data_bytes;
    snprintf(z->key, sizeof z->key, "%s", options->key ? options->key : "");
    snprintf(z->run, sizeof z->run, "load%d", (int)getpid());
    z->context = zmq_ctx_new();
    z->socket = zmq_socket(z->context, ZMQ_DEALER);
    int none = 0;
    zmq_setsockopt(z->socket, ZMQ_LINGER, &none, sizeof none);
    if (zmq_connect(z->socket, target)) {
        fprintf(stderr, "load: cannot publish to %s: %s\n", target, zmq_strerror(errno));
        zmq_close(z->socket);
        zmq_ctx_term(z->context);
        free(z);
        return NULL;
    }
    int fd;
    size_t fd_size = sizeof fd;
    zmq_getsockopt(z->socket, ZMQ_FD, &fd, &fd_size);
    uv_poll_init(loop, &z->poll, fd);
    z->poll.data = z;
    uv_poll_start(&z->poll, UV_READABLE, on_poll);
    return z;
}

static void zmq_send_event(void *self, uint64_t seq, uint64_t at_ns)
{
    struct zmq_publisher *z = self;
    char header[512], line[EVENT_LINE_MAX];
    int header_length = snprintf(header, sizeof header,
                                 "{\"kind\":\"publish\",\"id\":%llu,\"key\":\"%s\"}",
                                 (unsigned long long)seq, z->key);
    size_t length = event_line_write(line, z->data_bytes, z->run, seq, at_ns);
    if (zmq_send(z->socket, header, (size_t)header_length, ZMQ_SNDMORE | ZMQ_DONTWAIT) <
            0 ||
        zmq_send(z->socket, line, length, ZMQ_DONTWAIT) < 0)
        publisher_refuse(z->owner, "zmq_send:", zmq_strerror(errno), 80);
    drain(z);
}

const struct publisher_kind publisher_zmq = {zmq_open, zmq_send_event};
