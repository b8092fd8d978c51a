#include "server/ingest_zmq/ingest_zmq.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/ingest_zmq/curve.h"
#include "server/ingest_zmq/private.h"
#include "server/log/log.h"

enum {
    REQUESTS_PER_TURN = 64,
    BYTES_PER_TURN = 1024 * 1024,
    RECEIVE_QUEUE = 64,  /* Requests of one publisher that wait in libzmq. */
    ANSWER_QUEUE = 1000, /* Answers that one publisher has not read. */
    LINGER_MS = 1000,
    KEEPALIVE_S = 30,
    /* By so much a part may be over the limit to be told so; libzmq just drops the
     * connection of who sends even more. */
    OVER_BYTES_MAX = 1024 * 1024,
};

static void on_more(uv_idle_t *idle);

/* Throw the rest of a message of too many parts away. */
static void skip_parts(void *socket)
{
    int more = 1;
    size_t size = sizeof more;
    while (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) == 0 && more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) {
            more = 0;
        }
        zmq_msg_close(&part);
    }
}

enum { PARTS = 3 }; /* Identity, header, body. */

/* The parts of the next message, each initialised; how many there were, -1 if none waits.
 */
static int receive(void *socket, zmq_msg_t parts[PARTS])
{
    int count = 0;
    for (int i = 0; i < PARTS; i++) {
        zmq_msg_init(&parts[i]);
    }
    do {
        if (zmq_msg_recv(&parts[count], socket, ZMQ_DONTWAIT) < 0) {
            return count == 0 ? -1 : count;
        }
        count++;
    } while (count < PARTS && zmq_msg_more(&parts[count - 1]));
    if (count == PARTS && zmq_msg_more(&parts[PARTS - 1])) {
        skip_parts(socket);
        return PARTS + 1;
    }
    return count;
}

static struct tg_slice part_slice(zmq_msg_t *part)
{
    return tg_slice(zmq_msg_data(part), zmq_msg_size(part));
}

void ingest_send(struct tg_ingest_zmq *ingest, zmq_msg_t *identity)
{
    if (ingest->answer.failed) {
        tg_error("ingest.answer_lost", TG_F("reason", "out of memory"));
        return;
    }
    /* A publisher that does not read its answers, or is gone, gets none: it does not
     * know. */
    if (zmq_msg_send(identity, ingest->socket, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(ingest->socket, ingest->answer.data, ingest->answer.size, ZMQ_DONTWAIT) <
            0) {
        tg_log_limited(TG_LOG_WARN, "ingest.answer_lost",
                       TG_F("reason", zmq_strerror(errno)));
    }
    explicit_bzero(ingest->answer.data, ingest->answer.size);
}

/* Serve one request, and add what its body weighs to `bytes`. False if none waits. */
static bool serve_next(struct tg_ingest_zmq *ingest, size_t *bytes)
{
    zmq_msg_t parts[PARTS];
    int count = receive(ingest->socket, parts);
    if (count >= 1) {
        struct request request = {0};
        if (count == PARTS) {
            request.header = part_slice(&parts[1]);
            request.body = part_slice(&parts[2]);
            *bytes += request.body.size;
            ingest_serve(ingest, &request, &parts[0]);
        } else {
            struct tg_refusal refusal;
            tg_refusal_set(&refusal, TG_CODE_INVALID_MESSAGE, NULL,
                           "a request has two parts, header and body; this has %s",
                           count < PARTS ? "fewer" : "more");
            ingest_refuse(ingest, &request, &parts[0], &refusal);
        }
    }
    for (int i = 0; i < PARTS; i++) {
        zmq_msg_close(&parts[i]);
    }
    return count >= 0;
}

/* libzmq's descriptor tells of changes only (edge-triggered): read until nothing is left,
 * and come back next turn if that would take too long. */
static void pump(struct tg_ingest_zmq *ingest)
{
    size_t bytes = 0;
    for (int i = 0; i < REQUESTS_PER_TURN && bytes < BYTES_PER_TURN; i++) {
        if (ingest->closed || tg_desk_full(ingest->desk) || !serve_next(ingest, &bytes)) {
            uv_idle_stop(&ingest->more);
            return;
        }
    }
    uv_idle_start(&ingest->more, on_more);
}

static void on_more(uv_idle_t *idle)
{
    pump(idle->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

void tg_ingest_zmq_resume(struct tg_ingest_zmq *ingest)
{
    if (!ingest->closed) {
        uv_idle_start(&ingest->more, on_more);
    }
}

static void set_option(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

/* Does nobody listen on the socket `path` any more? False with `why`. */
static bool is_left_over(const char *path, const char **why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        *why = "the path is too long for a socket";
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        *why = strerror(errno);
        return false;
    }
    int status = connect(fd, (const struct sockaddr *)&address, sizeof address);
    int error = status == 0 ? 0 : errno;
    close(fd);
    *why = error == 0 || error == EAGAIN ? "another gateway listens there"
                                         : strerror(error);
    return error == ECONNREFUSED;
}

/* libzmq removes whatever stands where it binds: make sure that it is a socket which an
 * ended gateway has left. */
static bool path_is_free(const char *path, const char **why)
{
    struct stat there;
    if (lstat(path, &there) != 0) {
        *why = strerror(errno);
        return errno == ENOENT;
    }
    if (!S_ISSOCK(there.st_mode)) {
        *why = "what stands there is no socket: move it away, or choose another path";
        return false;
    }
    if (!is_left_over(path, why)) {
        return false;
    }
    *why = "what an ended gateway has left there cannot be removed";
    return unlink(path) == 0;
}

static bool bind_socket(struct tg_ingest_zmq *ingest, const char *endpoint,
                        const struct tg_config *config, char why[TG_INGEST_ZMQ_WHY_MAX])
{
    static const char ipc[] = "ipc://";
    const char *fault;
    int64_t message_max = (int64_t)config->ingest.request_bytes_max + OVER_BYTES_MAX;
    zmq_setsockopt(ingest->socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max);
    set_option(ingest->socket, ZMQ_RCVHWM, RECEIVE_QUEUE);
    set_option(ingest->socket, ZMQ_SNDHWM, ANSWER_QUEUE);
    set_option(ingest->socket, ZMQ_LINGER, LINGER_MS);
    set_option(ingest->socket, ZMQ_IPV6, 1);
    /* Each costs a descriptor: who says nothing is let go, who is gone is found out. */
    set_option(ingest->socket, ZMQ_HANDSHAKE_IVL, (int)config->timeouts.header_ms);
    set_option(ingest->socket, ZMQ_TCP_KEEPALIVE, 1);
    set_option(ingest->socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_S);
    set_option(ingest->socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_S);
    set_option(ingest->socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
    /* An answer that cannot go out is an error, instead of nothing. */
    set_option(ingest->socket, ZMQ_ROUTER_MANDATORY, 1);
    if (strncmp(endpoint, ipc, sizeof ipc - 1) == 0 &&
        !path_is_free(endpoint + sizeof ipc - 1, &fault)) {
        snprintf(why, TG_INGEST_ZMQ_WHY_MAX, "%s", fault);
        return false;
    }
    /* From its first moment on the socket is its user's only. */
    mode_t mask = umask(0177);
    bool bound = zmq_bind(ingest->socket, endpoint) == 0;
    if (!bound) {
        snprintf(why, TG_INGEST_ZMQ_WHY_MAX, "%s", zmq_strerror(errno));
    }
    umask(mask);
    return bound;
}

/* CURVE, where it is wanted. */
static bool secure_socket(struct tg_ingest_zmq *ingest,
                          const struct tg_config_ingest *config,
                          char why[TG_INGEST_ZMQ_WHY_MAX])
{
    if (config->curve_key_file == NULL) {
        return true;
    }
    ingest->curve = tg_curve_open(ingest->net, ingest->zmq, config, why);
    return ingest->curve != NULL && tg_curve_secure(ingest->curve, ingest->socket, why);
}

static bool watch_socket(struct tg_ingest_zmq *ingest, char why[TG_INGEST_ZMQ_WHY_MAX])
{
    uv_loop_t *loop = &ingest->net->loop;
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(ingest->socket, ZMQ_FD, &fd, &size) != 0 ||
        uv_poll_init(loop, &ingest->poll, fd) != 0) {
        snprintf(why, TG_INGEST_ZMQ_WHY_MAX, "its descriptor cannot be watched");
        return false;
    }
    uv_idle_init(loop, &ingest->more);
    ingest->poll.data = ingest;
    ingest->more.data = ingest;
    uv_poll_start(&ingest->poll, UV_READABLE, on_poll);
    return true;
}

struct tg_ingest_zmq *tg_ingest_zmq_open(struct tg_net *net, const char *endpoint,
                                         struct tg_desk *desk,
                                         const struct tg_config *config,
                                         char why[TG_INGEST_ZMQ_WHY_MAX])
{
    struct tg_ingest_zmq *ingest = tg_zalloc(1, sizeof *ingest);
    if (ingest == NULL) {
        snprintf(why, TG_INGEST_ZMQ_WHY_MAX, "out of memory");
        return NULL;
    }
    ingest->net = net;
    ingest->desk = desk;
    ingest->request_bytes_max = config->ingest.request_bytes_max;
    ingest->zmq = zmq_ctx_new();
    ingest->socket = ingest->zmq == NULL ? NULL : zmq_socket(ingest->zmq, ZMQ_ROUTER);
    if (ingest->socket == NULL) {
        snprintf(why, TG_INGEST_ZMQ_WHY_MAX, "%s", zmq_strerror(errno));
        goto fail;
    }
    if (!secure_socket(ingest, &config->ingest, why) ||
        !bind_socket(ingest, endpoint, config, why) || !watch_socket(ingest, why)) {
        goto fail;
    }
    pump(ingest);
    return ingest;
fail:
    tg_curve_close(ingest->curve);
    tg_ingest_zmq_finish(ingest);
    return NULL;
}

void tg_ingest_zmq_close(struct tg_ingest_zmq *ingest)
{
    if (ingest != NULL && !ingest->closed) {
        ingest->closed = true;
        uv_close((uv_handle_t *)&ingest->poll, NULL);
        uv_close((uv_handle_t *)&ingest->more, NULL);
        tg_curve_close(ingest->curve);
    }
}

void tg_ingest_zmq_finish(struct tg_ingest_zmq *ingest)
{
    if (ingest == NULL) {
        return;
    }
    if (ingest->socket != NULL) {
        zmq_close(ingest->socket);
    }
    tg_curve_finish(ingest->curve);
    if (ingest->zmq != NULL) {
        zmq_ctx_term(ingest->zmq);
    }
    tg_json_finish(&ingest->doc);
    tg_buf_finish(&ingest->scratch);
    tg_buf_finish(&ingest->members);
    tg_buf_finish(&ingest->answer);
    tg_free(ingest);
}
