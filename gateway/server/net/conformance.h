/* The conformance profile: raw WebSocket echo and HTTP body echo, so that suites which
 * others wrote can be pointed at the gateway's codecs.
 *
 * Off by default, loopback only. Any path and subprotocol upgrades to an echo of text and
 * binary, with permessage-deflate; `/` answers 200 to every method and echoes the body;
 * other paths are 404. Messages and bodies up to 16 MiB, up to 65,536 fragments a
 * message. */
#ifndef TG_NET_CONFORMANCE_H
#define TG_NET_CONFORMANCE_H

#include "engine/base/outbox.h"
#include "engine/codec/http1.h"
#include "server/net/net.h"

struct tg_conformance {
    struct tg_net *net;
    struct tg_outbox_pool pool;
    struct tg_http_request request;
    struct tg_buf text;
    struct tg_buf inflated;
};

void tg_conformance_init(struct tg_conformance *conformance, struct tg_net *net);
void tg_conformance_finish(struct tg_conformance *conformance);
/* A listener's `accepted`: `context` is a struct tg_conformance. */
void tg_conformance_accepted(void *context, int fd);
/* Close every connection: the gateway ends. */
void tg_conformance_end(struct tg_conformance *conformance);

#endif
