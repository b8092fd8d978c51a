/* Sec-WebSocket-Extensions (RFC 6455 9.1), within the codec. */
#ifndef TG_CODEC_EXTENSIONS_H
#define TG_CODEC_EXTENSIONS_H

#include "engine/codec/handshake.h"

/* Find the first offer of permessage-deflate in the headers that `policy` (NULL: none)
 * can meet, and set `deflate` to what is agreed; `on` is false if there is none.
 *
 * TG_EPROTO  A header is no list of extensions. */
TG_MUST_USE enum tg_err tg_ws_extensions_judge(const struct tg_http_headers *headers,
                                               const struct tg_ws_deflate *policy,
                                               struct tg_ws_deflate *deflate);

#endif
