/* A connection on the clients' port: an HTTP handshake, then a WebSocket.
 *
 *   HANDSHAKE --101--> TALK --close frame sent--> CLOSING
 *       |  \                                        |
 *       |   +--an answer (404, 403, 503 …)----------+--> ended, lingers, over
 *       +--nothing whole in time: 408---------------+
 *
 * A connection in TALK costs this structure and nothing else while it is idle. */
#ifndef TG_NET_CLIENT_H
#define TG_NET_CLIENT_H

#include "engine/codec/http1.h"
#include "engine/codec/websocket.h"
#include "engine/hub/hub.h"
#include "server/config/config.h"
#include "server/net/net.h"
#include "server/net/shard.h"
#include "server/net/turn_away.h"

/* What the connections of one shard share. */
struct tg_clients {
    struct tg_net *net;
    struct tg_hub *hub;
    struct tg_shard_common *common;
    struct tg_ws_limits limits;
    struct tg_http_request request; /* Of whichever handshake is being read. */
    struct tg_buf text;
    struct tg_turn_away away;
    bool proxy_told; /* Of one that is not configured. */
};

void tg_clients_init(struct tg_clients *clients, struct tg_net *net, struct tg_hub *hub,
                     struct tg_shard_common *common);
void tg_clients_finish(struct tg_clients *clients);
/* A listener's `accepted`: `context` is a struct tg_clients. */
void tg_clients_accepted(void *context, int fd);
/* Write out what the hub has queued, once for each peer. */
void tg_clients_flush(struct tg_clients *clients);
/* Write out what waits for this peer, now: the hub's `relieve`. */
void tg_clients_relieve(struct tg_peer *peer);
/* Close every connection: the gateway ends. */
void tg_clients_end(struct tg_clients *clients);

/* The hub's `identify`: of a peer of any shard; `context` is not looked at. */
enum tg_err tg_clients_identify(void *context, struct tg_peer *peer,
                                struct tg_credentials *credentials,
                                struct tg_admission *admission,
                                struct tg_refusal *refusal);

/* The hub's `address`, likewise. */
void tg_clients_address(void *context, const struct tg_peer *peer,
                        char text[TG_HUB_ADDRESS_SIZE]);

/* The hub's `frame`: one text message, unmasked. */
struct tg_frame *tg_client_frame(void *context, struct tg_slice message);

#endif
