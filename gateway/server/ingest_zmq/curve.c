#include "server/ingest_zmq/curve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "engine/base/mem.h"
#include "server/ingest_zmq/curve_keys.h"
#include "server/log/log.h"

static const char domain[] = "telegraphy";
static const char monitor_endpoint[] = "inproc://curve-monitor";

enum { FRAMES_MAX = 8, QUESTIONS_PER_TURN = 64 };

/* A socket of this process's own, read when the loop says so. */
struct ear {
    void *socket;
    uv_poll_t poll;
    uv_idle_t more;
    bool watched;
    bool (*take)(struct tg_curve *curve); /* False: nothing waits. */
    struct tg_curve *curve;
};

struct tg_curve {
    struct tg_net *net;
    void *zmq;
    void *secured;      /* The socket that is; NULL: none yet. */
    struct ear handler; /* ZAP. */
    struct ear monitor; /* Who never came so far as to be asked about. */
    char secret[TG_CURVE_KEY_SIZE];
    uint8_t (*clients)[TG_CURVE_BYTES];
    size_t client_count;
};

/* Ears. libzmq's descriptors tell of changes only: read until nothing is left. */

static void on_more(uv_idle_t *idle);

static void ear_pump(struct ear *ear)
{
    for (int i = 0; i < QUESTIONS_PER_TURN; i++) {
        if (!ear->take(ear->curve)) {
            uv_idle_stop(&ear->more);
            return;
        }
    }
    uv_idle_start(&ear->more, on_more);
}

static void on_more(uv_idle_t *idle)
{
    ear_pump(idle->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    ear_pump(poll->data);
}

static bool ear_open(struct tg_curve *curve, struct ear *ear,
                     bool (*take)(struct tg_curve *curve), char why[TG_CURVE_WHY_MAX])
{
    int fd;
    size_t size = sizeof fd;
    ear->curve = curve;
    ear->take = take;
    ear->poll.data = ear;
    ear->more.data = ear;
    if (zmq_getsockopt(ear->socket, ZMQ_FD, &fd, &size) != 0 ||
        uv_poll_init(&curve->net->loop, &ear->poll, fd) != 0) {
        snprintf(why, TG_CURVE_WHY_MAX, "a descriptor of libzmq cannot be watched");
        return false;
    }
    uv_idle_init(&curve->net->loop, &ear->more);
    ear->watched = true;
    uv_poll_start(&ear->poll, UV_READABLE, on_poll);
    ear_pump(ear);
    return true;
}

static void ear_close(struct ear *ear)
{
    if (ear->watched) {
        ear->watched = false;
        uv_close((uv_handle_t *)&ear->poll, NULL);
        uv_close((uv_handle_t *)&ear->more, NULL);
    }
}

/* The frames of one message, each initialised; how many, 0 if none waits. What is over
 * FRAMES_MAX is thrown away. */
static int receive(void *socket, zmq_msg_t frames[FRAMES_MAX])
{
    int count = 0;
    bool more = true;
    for (int i = 0; i < FRAMES_MAX; i++) {
        zmq_msg_init(&frames[i]);
    }
    while (more) {
        zmq_msg_t *frame = &frames[count < FRAMES_MAX ? count : FRAMES_MAX - 1];
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
        more = zmq_msg_more(frame) != 0;
        count++;
    }
    return count < FRAMES_MAX ? count : FRAMES_MAX;
}

static void release(zmq_msg_t frames[FRAMES_MAX])
{
    for (int i = 0; i < FRAMES_MAX; i++) {
        zmq_msg_close(&frames[i]);
    }
}

static struct tg_slice frame_slice(zmq_msg_t *frame)
{
    return tg_slice(zmq_msg_data(frame), zmq_msg_size(frame));
}

/* RFC 27: version, request id, domain, address, identity, mechanism, credentials. */
enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, QUESTION };

static bool is_listed(const struct tg_curve *curve, struct tg_slice key)
{
    for (size_t i = 0; key.size == TG_CURVE_BYTES && i < curve->client_count; i++) {
        if (memcmp(curve->clients[i], key.data, TG_CURVE_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* With the key, so that whoever is to be let in can be: it is no secret. */
static void log_refused(struct tg_slice address, struct tg_slice key)
{
    char text[TG_CURVE_KEY_SIZE] = "";
    if (key.size == TG_CURVE_BYTES) {
        zmq_z85_encode(text, key.data, TG_CURVE_BYTES);
    }
    tg_log_limited(TG_LOG_WARN, "ingest.curve_refused", TG_F("address", address),
                   TG_F("public_key", text),
                   TG_F("reason", "not among ingest.curve_clients"));
}

static void answer(void *socket, struct tg_slice request, bool admitted)
{
    const char *status = admitted ? "200" : "400";
    const struct tg_slice frames[] = {TG_LIT("1.0"),       request, tg_slice_of(status),
                                      TG_LIT("not known"), {0},     {0}};
    int count = (int)(sizeof frames / sizeof *frames);
    for (int i = 0; i < count; i++) {
        zmq_send(socket, frames[i].data, frames[i].size,
                 ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0));
    }
}

static bool take_question(struct tg_curve *curve)
{
    zmq_msg_t frames[FRAMES_MAX];
    int count = receive(curve->handler.socket, frames);
    if (count > 0) {
        bool asks = count == QUESTION &&
                    tg_slice_is(frame_slice(&frames[VERSION]), "1.0");
        struct tg_slice key = asks ? frame_slice(&frames[CREDENTIALS])
                                   : (struct tg_slice){0};
        bool admitted = asks && tg_slice_is(frame_slice(&frames[MECHANISM]), "CURVE") &&
                        tg_slice_is(frame_slice(&frames[DOMAIN]), domain) &&
                        is_listed(curve, key);
        if (!admitted && asks) {
            log_refused(frame_slice(&frames[ADDRESS]), key);
        }
        answer(curve->handler.socket,
               count > REQUEST ? frame_slice(&frames[REQUEST]) : (struct tg_slice){0},
               admitted);
    }
    release(frames);
    return count > 0;
}

static const char *fault_text(uint16_t event, uint32_t fault)
{
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
        /* Both sides see that they do not fit; whoever is first hangs up. */
        return "it hung up during the handshake, as who does not speak CURVE does";
    }
    switch (fault) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
        return "it does not speak CURVE";
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
    case ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE:
        return "it knows another public key of the gateway, or has no key that fits";
    default:
        return "its handshake is not that of ZeroMQ with CURVE";
    }
}

/* An event's number and value, and the endpoint of ours that it happened at. */
static bool take_failure(struct tg_curve *curve)
{
    zmq_msg_t frames[FRAMES_MAX];
    int count = receive(curve->monitor.socket, frames);
    if (count >= 1 && zmq_msg_size(&frames[0]) == 6) {
        const uint8_t *bytes = zmq_msg_data(&frames[0]);
        uint16_t event;
        uint32_t fault;
        memcpy(&event, bytes, sizeof event);
        memcpy(&fault, bytes + sizeof event, sizeof fault);
        tg_log_limited(TG_LOG_WARN, "ingest.curve_refused",
                       TG_F("reason", fault_text(event, fault)));
    }
    release(frames);
    return count > 0;
}

/* Life. */

static bool read_clients(struct tg_curve *curve, const struct tg_config_list *keys)
{
    curve->clients = tg_zalloc(keys->count + 1, sizeof *curve->clients);
    for (size_t i = 0; curve->clients != NULL && i < keys->count; i++) {
        (void)zmq_z85_decode(curve->clients[i], keys->items[i]); /* They were checked. */
        curve->client_count++;
    }
    return curve->clients != NULL;
}

struct tg_curve *tg_curve_open(struct tg_net *net, void *zmq,
                               const struct tg_config_ingest *config,
                               char why[TG_CURVE_WHY_MAX])
{
    char public_key[TG_CURVE_KEY_SIZE];
    if (!tg_curve_check(config, why)) {
        return NULL;
    }
    struct tg_curve *curve = tg_zalloc(1, sizeof *curve);
    if (curve == NULL || !read_clients(curve, &config->curve_clients)) {
        snprintf(why, TG_CURVE_WHY_MAX, "out of memory");
        tg_free(curve);
        return NULL;
    }
    curve->net = net;
    curve->zmq = zmq;
    if (!tg_curve_secret_read(config->curve_key_file, curve->secret, public_key, why)) {
        goto fail;
    }
    curve->handler.socket = zmq_socket(zmq, ZMQ_REP);
    if (curve->handler.socket == NULL ||
        zmq_bind(curve->handler.socket, "inproc://zeromq.zap.01") != 0) {
        snprintf(why, TG_CURVE_WHY_MAX, "%s", zmq_strerror(errno));
        goto fail;
    }
    if (!ear_open(curve, &curve->handler, take_question, why)) {
        goto fail;
    }
    tg_info("ingest.curve", TG_F("public_key", public_key),
            TG_F("clients", curve->client_count));
    return curve;
fail:
    tg_curve_close(curve);
    tg_curve_finish(curve);
    return NULL;
}

bool tg_curve_secure(struct tg_curve *curve, void *socket, char why[TG_CURVE_WHY_MAX])
{
    int on = 1;
    bool right = zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, sizeof domain - 1) == 0 &&
                 zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) == 0 &&
                 zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, curve->secret,
                                TG_CURVE_KEY_SIZE) == 0 &&
                 zmq_socket_monitor(socket, monitor_endpoint,
                                    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) == 0;
    explicit_bzero(curve->secret, sizeof curve->secret);
    curve->monitor.socket = right ? zmq_socket(curve->zmq, ZMQ_PAIR) : NULL;
    right = curve->monitor.socket != NULL &&
            zmq_connect(curve->monitor.socket, monitor_endpoint) == 0;
    if (!right) {
        snprintf(why, TG_CURVE_WHY_MAX, "%s", zmq_strerror(errno));
        return false;
    }
    curve->secured = socket;
    return ear_open(curve, &curve->monitor, take_failure, why);
}

void tg_curve_close(struct tg_curve *curve)
{
    if (curve == NULL) {
        return;
    }
    if (curve->secured != NULL) {
        /* Its thread waits for a monitor that is full, and would for ever. */
        while (take_failure(curve)) {}
        zmq_socket_monitor(curve->secured, NULL, 0);
        curve->secured = NULL;
    }
    ear_close(&curve->handler);
    ear_close(&curve->monitor);
}

void tg_curve_finish(struct tg_curve *curve)
{
    if (curve == NULL) {
        return;
    }
    if (curve->monitor.socket != NULL) {
        zmq_close(curve->monitor.socket);
    }
    if (curve->handler.socket != NULL) {
        zmq_close(curve->handler.socket);
    }
    explicit_bzero(curve->secret, sizeof curve->secret);
    tg_free(curve->clients);
    tg_free(curve);
}
