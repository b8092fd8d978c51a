#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "common/clock.h"
#include "common/event.h"
#include "publish/target.h"

enum { ANSWER_MS_MAX = 10000, ANSWER_BYTES = 256 * 1024 };

struct zmq_target {
    void *context, *socket;
    struct target_options options;
    char run[40];
    char *answer;
};

static void *open_zmq(const struct target_options *options)
{
    struct zmq_target *z = calloc(1, sizeof *z);
    if (!z || !(z->answer = malloc(ANSWER_BYTES)))
        abort();
    z->options = *options;
    /* Other ids in each run: the gateway remembers the last 65,536. */
    snprintf(z->run, sizeof z->run, "%x%llx", (unsigned)getpid(),
             (unsigned long long)clock_now_ns() & 0xffffff);
    z->context = zmq_ctx_new();
    z->socket = zmq_socket(z->context, ZMQ_DEALER);
    int linger = 0, patience = ANSWER_MS_MAX;
    zmq_setsockopt(z->socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(z->socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    if (zmq_connect(z->socket, options->address) == 0)
        return z;
    fprintf(stderr, "publish: cannot connect to %s: %s\n", options->address,
            zmq_strerror(errno));
    return NULL;
}

static void free_body(void *data, void *hint)
{
    (void)hint;
    free(data);
}

static bool send_zmq(void *self, uint64_t seq)
{
    struct zmq_target *z = self;
    char header[512];
    int header_length = snprintf(header, sizeof header,
                                 "{\"kind\":\"publish\",\"id\":%llu,\"key\":\"%s\"}",
                                 (unsigned long long)seq, z->options.key);
    char *body = malloc((size_t)z->options.depth * (z->options.data_bytes + 128));
    if (!body)
        abort();
    size_t length = 0;
    uint64_t now = clock_now_ns();
    for (unsigned i = 0; i < z->options.depth; i++) {
        if (i)
            body[length++] = '\n';
        length +=
            event_line_write(body + length, z->options.data_bytes, z->run, seq + i, now);
    }
    zmq_msg_t message;
    zmq_msg_init_data(&message, body, length, free_body, NULL);
    if (zmq_send(z->socket, header, (size_t)header_length, ZMQ_SNDMORE) >= 0 &&
        zmq_msg_send(&message, z->socket, 0) >= 0)
        return true;
    fprintf(stderr, "publish: zmq_send: %s\n", zmq_strerror(errno));
    return false;
}

static bool wait_zmq(void *self)
{
    struct zmq_target *z = self;
    int length = zmq_recv(z->socket, z->answer, ANSWER_BYTES - 1, 0);
    if (length < 0) {
        fprintf(stderr, "publish: no answer from the gateway: %s\n", zmq_strerror(errno));
        return false;
    }
    z->answer[length < ANSWER_BYTES ? length : ANSWER_BYTES - 1] = 0;
    const char *accepted = strstr(z->answer, "\"accepted\":");
    const char *duplicates = strstr(z->answer, "\"duplicates\":");
    if (accepted && strtoul(accepted + 11, NULL, 10) == z->options.depth &&
        (!duplicates || strtoul(duplicates + 13, NULL, 10) == 0))
        return true;
    fprintf(stderr, "publish: not the whole batch was accepted anew: %.500s\n",
            z->answer);
    return false;
}

static void close_zmq(void *self)
{
    struct zmq_target *z = self;
    zmq_close(z->socket);
    zmq_ctx_term(z->context);
    free(z->answer);
    free(z);
}

const struct target_kind target_zmq = {"zmq", open_zmq, send_zmq, wait_zmq, close_zmq};
