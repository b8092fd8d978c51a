/* A connection's bytes from and to its socket: as they are, or through TLS. */
#ifndef TG_NET_SOCKET_H
#define TG_NET_SOCKET_H

#include "engine/base/slice.h"
#include "server/net/net.h"

enum { TG_SOCKET_AGAIN = -1, TG_SOCKET_OVER = -2 };

/* Read into the net's read buffer: how many bytes, 0 at the peer's end, or one of the
 * above. Less than the buffer holds, if no more can be read now. */
ptrdiff_t tg_socket_read(struct tg_conn *conn);
/* Write of `slices` from their begin what one call takes: how many bytes, or one of the
 * above. */
ptrdiff_t tg_socket_write(struct tg_conn *conn, const struct tg_slice *slices, int count);

#endif
