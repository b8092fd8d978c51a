/* Whom a proxy speaks for: X-Forwarded-For, of proxies that the configuration names.
 *
 * Each proxy adds the address that it saw to the right end, so only what trusted ones
 * added can be believed: the list is read from its right end over addresses of trusted
 * proxies, and ends at the first that is none. What stands further left is anybody's
 * word, and is not looked at. Several header lines are one list. An item is an address,
 * IPv6 with or without brackets, perhaps with a port (`192.0.2.7:4711`,
 * `[2001:db8::1]:4711`). Where an item is none, or after TG_FORWARDED_MAX of them, what
 * was found so far stands: the proxy that handed it on. */
#ifndef TG_NET_FORWARDED_H
#define TG_NET_FORWARDED_H

#include "engine/codec/http1.h"
#include "server/net/addresses.h"

enum { TG_FORWARDED_MAX = 16 };

/* Is it one of these? */
bool tg_address_is_in(const struct tg_address *address,
                      const struct tg_config_networks *networks);
/* From the address of the connection, which is a trusted proxy's, to that of whom it
 * speaks for. */
void tg_forwarded_address(const struct tg_config_networks *trusted,
                          const struct tg_http_headers *headers,
                          struct tg_address *address);

#endif
