/* What client.c and upgrade.c share: one connection on the clients' port. Nothing else
 * includes it. */
#ifndef TG_NET_CONNECTION_H
#define TG_NET_CONNECTION_H

#include <time.h>

#include "server/net/addresses.h"
#include "server/net/client.h"
#include "server/net/exchange.h"

_Static_assert((int)TG_HUB_ADDRESS_SIZE >= (int)TG_ADDRESS_TEXT_MAX,
               "an address as text fits");

enum phase { HANDSHAKE, TALK, CLOSING };

struct client {
    struct tg_conn conn; /* First: the net frees it. */
    struct tg_clients *clients;
    struct tg_peer peer;
    struct tg_exchange *exchange; /* Only in HANDSHAKE. */
    char *origin;                 /* From the handshake to `connect`; NULL: none. */
    struct tg_ws_decoder decoder;
    struct tg_address address;
    uint64_t began_ms; /* When it was accepted; from TALK on, when that began. */
    uint64_t heard_ms;
    uint64_t expires_ms; /* When its identity does; 0: never. */
    bool entered;        /* Among those of its address. */
    bool proxied;        /* By one whose X-Forwarded-For is believed. */
    bool connected;      /* It said `connect`, and was answered. */
    uint8_t phase;
    uint8_t pings; /* Sent and not answered by anything yet. */
};

static inline const struct tg_config *config_of(const struct client *client)
{
    return client->clients->common->config;
}

/* Microseconds since 1970. */
static inline int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* upgrade.c: read heads until one upgrades or the bytes are used up; how many were taken.
 */
size_t tg_upgrade_received(struct client *client, const uint8_t *data, size_t size);
/* Answer with an error, and end. */
void tg_upgrade_refuse(struct client *client, unsigned status, const char *message);

#endif
