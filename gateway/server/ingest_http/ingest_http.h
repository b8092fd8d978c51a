/* Ingest over HTTP (INGEST.md 3), and the little management that there is: health, types.
 */
#ifndef TG_INGEST_HTTP_INGEST_HTTP_H
#define TG_INGEST_HTTP_INGEST_HTTP_H

#include "engine/base/outbox.h"
#include "server/net/net.h"
#include "server/sequencer/desk.h"

struct tg_ingest_http {
    struct tg_net *net;
    struct tg_desk *desk;
    struct tg_shard_common *common;
    struct tg_listener listener;
    struct tg_outbox_pool pool;
    struct tg_http_request *request;
    struct tg_buf members; /* Of the answer's object. */
    struct tg_buf text;
    uint64_t body_bytes; /* That the bodies under way announced. */
    uint32_t places;     /* Connections that have one of the places. */
};

/* Serve on `fd`, which becomes the ingest's.
 *
 * TG_ENOMEM, TG_EIO  Nothing was made; `fd` is still the caller's. */
TG_MUST_USE enum tg_err tg_ingest_http_open(struct tg_ingest_http *ingest,
                                            struct tg_net *net, int fd,
                                            struct tg_desk *desk,
                                            struct tg_shard_common *common);
/* Accept no more, end what stands; memory goes with `finish`, after the loop. */
void tg_ingest_http_close(struct tg_ingest_http *ingest);
void tg_ingest_http_finish(struct tg_ingest_http *ingest);

#endif
