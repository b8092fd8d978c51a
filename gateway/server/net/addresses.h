/* What each address that connects to the clients' port may use (PROTOCOL.md 9).
 *
 * All shards use it, under one lock: once when a connection begins, once when it ends,
 * and when something is refused. An address is an IPv4 address or the first 64 bits of an
 * IPv6 one. A limit per minute is a bucket: so many at once, and as many again a minute.
 *
 * One that has no connection and full buckets is forgotten. So is, before its time, the
 * one that did nothing for longest, where TG_ADDRESSES_QUIET_MAX have no connection: an
 * attacker with so many addresses would not be held back by any of them. */
#ifndef TG_NET_ADDRESSES_H
#define TG_NET_ADDRESSES_H

#include <netinet/in.h>

#include "engine/base/err.h"
#include "server/config/config.h"

struct tg_addresses;

/* IPv4 as mapped into IPv6. */
struct tg_address {
    struct in6_addr bytes;
};

enum { TG_ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN, TG_ADDRESSES_QUIET_MAX = 65536 };

/* From text: "192.0.2.7", "2001:db8::1". False if it is none. */
TG_MUST_USE bool tg_address_read(const char *text, struct tg_address *address);
/* Of whoever is at the other end of the socket `fd`. False if that is known no more. */
TG_MUST_USE bool tg_address_of_peer(int fd, struct tg_address *address);
/* As text. */
void tg_address_write(const struct tg_address *address, char text[TG_ADDRESS_TEXT_MAX]);

/* NULL without memory. */
struct tg_addresses *tg_addresses_create(const struct tg_config_limits *limits);
/* NULL is fine. */
void tg_addresses_destroy(struct tg_addresses *addresses);

/* What who may not enter now is told. */
struct tg_wait {
    uint32_t retry_after_ms;
    const char *why; /* Static. */
};

/* One more connection of this address begins: false if it may not, with `wait`. What
 * entered must leave. */
TG_MUST_USE bool tg_addresses_enter(struct tg_addresses *addresses,
                                    const struct tg_address *address, uint64_t now_ms,
                                    struct tg_wait *wait);
void tg_addresses_leave(struct tg_addresses *addresses, const struct tg_address *address);
/* A ticket or a token that it showed was refused. An Origin does not count: any web page
 * can make its visitors' browsers show one, and would shut their address out. */
void tg_addresses_refused(struct tg_addresses *addresses,
                          const struct tg_address *address, uint64_t now_ms);
/* How many addresses are remembered. */
size_t tg_addresses_count(struct tg_addresses *addresses);

#endif
