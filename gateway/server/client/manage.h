/* The management's answers as words. No input or output here. */
#ifndef TG_CLIENT_MANAGE_H
#define TG_CLIENT_MANAGE_H

#include "engine/base/buf.h"
#include "server/client/options.h"

/* The path of `clients` with its query, from after the connection `after` on. */
void tg_manage_clients_path(const struct tg_manage_options *options, uint64_t after,
                            struct tg_buf *path);
/* The body of `disconnect`. */
void tg_manage_disconnect_body(const struct tg_manage_options *options,
                               struct tg_buf *body);

/* What the gateway answered, as lines for stdout (`out`) and stderr (`err`). `*after` is
 * where a list goes on; 0: it is all. False: it was refused. */
bool tg_manage_answer(const struct tg_manage_options *options, unsigned status,
                      struct tg_slice body, uint64_t *after, struct tg_buf *out,
                      struct tg_buf *err);

#endif
