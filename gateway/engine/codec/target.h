/* Request targets and hosts (RFC 9112 3.2, RFC 3986), within the codec. */
#ifndef TG_CODEC_TARGET_H
#define TG_CODEC_TARGET_H

#include "engine/codec/http1.h"

/* Set `path`, `query`, and for a whole URI `host`, from `target` and `method`.
 *
 * TG_EPROTO  It is none of: /path?query, http://host/path?query, and * for OPTIONS. */
TG_MUST_USE enum tg_err tg_http_target_split(struct tg_http_request *request);
/* True for a name or address, with or without a port. */
bool tg_http_host_valid(struct tg_slice host);
/* `host` without its port; IPv6 keeps its brackets. `host` is valid. */
struct tg_slice tg_http_host_name(struct tg_slice host);

#endif
