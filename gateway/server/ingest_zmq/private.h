/* What the files of ZeroMQ ingest share. */
#ifndef TG_INGEST_ZMQ_PRIVATE_H
#define TG_INGEST_ZMQ_PRIVATE_H

#include <zmq.h>

#include "engine/json/json.h"
#include "server/ingest_zmq/ingest_zmq.h"

struct tg_ingest_zmq {
    struct tg_net *net;
    uint32_t request_bytes_max;
    struct tg_desk *desk;
    void *zmq;
    void *socket;
    struct tg_curve *curve; /* NULL: whoever may open the socket is let in. */
    uv_poll_t poll;
    uv_idle_t more; /* There is more to read than one turn takes. */
    struct tg_json_doc doc;
    struct tg_buf scratch;
    struct tg_buf members;
    struct tg_buf answer;
    bool closed;
};

/* One request. */
struct request {
    struct tg_slice header;
    struct tg_slice body;
    int64_t id;
    bool has_id;
    struct tg_slice kind;
    struct tg_key_owner owner;
};

/* requests.c */
/* Carry the request of `identity` out, and answer it or see to that. */
void ingest_serve(struct tg_ingest_zmq *ingest, struct request *request,
                  zmq_msg_t *identity);
void ingest_refuse(struct tg_ingest_zmq *ingest, const struct request *request,
                   zmq_msg_t *identity, const struct tg_refusal *refusal);

/* ingest_zmq.c */
/* Send what stands in `ingest->answer`, and wipe it: it may hold a ticket. */
void ingest_send(struct tg_ingest_zmq *ingest, zmq_msg_t *identity);

#endif
