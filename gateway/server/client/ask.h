/* Requests to a gateway's ingest over HTTP, one after the other on one connection. */
#ifndef TG_CLIENT_ASK_H
#define TG_CLIENT_ASK_H

#include "engine/base/buf.h"
#include "server/client/wire.h"
#include "server/config/config.h"

struct tg_ask {
    const struct tg_url *url; /* Borrowed. */
    char key[TG_RUNTIME_KEY_SIZE];
    struct tg_wire wire;
    struct tg_buf answer; /* The body of the last one. */
    unsigned status;
};

/* Find the key (in the file, the environment, the runtime directory) and whom to trust.
 * False: stderr was told why. */
bool tg_ask_begin(struct tg_ask *ask, const struct tg_url *url, const char *key_file,
                  const char *ca);
/* Wipes the key. */
void tg_ask_finish(struct tg_ask *ask);
/* Connect, unless it is connected. False: a line of `err` says why not. */
bool tg_ask_open(struct tg_ask *ask, struct tg_buf *err);
/* Append the head of a request for `path` (with its query) below that of `url`, with a
 * body of `size` bytes of `content_type`; NULL: it has none. */
void tg_ask_head(const struct tg_url *url, const char *key, const char *method,
                 struct tg_slice path, const char *content_type, size_t size,
                 struct tg_buf *request);
/* Send the request, and read its answer. NULL, or what went wrong, as a phrase. */
const char *tg_ask_send(struct tg_ask *ask, struct tg_slice request);

#endif
