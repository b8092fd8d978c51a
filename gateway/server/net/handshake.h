/* What a WebSocket handshake needs beside the codec: SHA-1, and the Origin's rule. */
#ifndef TG_NET_HANDSHAKE_H
#define TG_NET_HANDSHAKE_H

#include "engine/codec/handshake.h"
#include "server/config/config.h"

enum { TG_ACCEPT_SIZE = 28 };

/* The value of Sec-WebSocket-Accept for `key` (RFC 6455 4.2.2). False if OpenSSL fails.
 */
bool tg_handshake_accept(struct tg_slice key, char accept[TG_ACCEPT_SIZE + 1]);

/* May a page of this request's Origin connect? A request without one comes from no
 * browser. Where the connection is `secure`, same-host means a page that came by https:
 * anybody on the way could have written one that came by http. */
bool tg_origin_allowed(const struct tg_config_origins *allowed,
                       const struct tg_http_request *request, bool secure);

#endif
