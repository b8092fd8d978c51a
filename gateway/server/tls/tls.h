/* TLS of the clients' port: the server's side of OpenSSL, 1.2 and 1.3 with authenticated
 * ciphers only. One context for all shards; a new certificate takes the place of the old
 * one for connections that begin after it. */
#ifndef TG_TLS_TLS_H
#define TG_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

struct tg_tls;
struct tg_tls_conn;

/* Read the certificate chain and its key, both PEM. NULL with `why`. */
struct tg_tls *tg_tls_open(const char *certificate, const char *key, char *why,
                           size_t why_size);
/* NULL is fine. All connections must be closed. */
void tg_tls_close(struct tg_tls *tls);
/* Read both files anew. From any thread.
 *
 * TG_EIO  `why` says what is wrong with them; the old ones stay in use. */
TG_MUST_USE enum tg_err tg_tls_reload(struct tg_tls *tls, char *why, size_t why_size);

/* The server's side of a connection over `fd`, which stays the caller's; NULL without
 * memory. */
struct tg_tls_conn *tg_tls_accept(struct tg_tls *tls, int fd);
/* NULL is fine. */
void tg_tls_conn_close(struct tg_tls_conn *conn);

enum { TG_TLS_AGAIN_READ = -1, TG_TLS_AGAIN_WRITE = -2, TG_TLS_OVER = -3 };

/* Bytes read or written, 0 at the peer's end, or one of the above: AGAIN when the socket
 * can be read (written). The handshake is done by the first of these calls. */
ptrdiff_t tg_tls_read(struct tg_tls_conn *conn, void *data, size_t size);
ptrdiff_t tg_tls_write(struct tg_tls_conn *conn, const void *data, size_t size);
/* Does it hold bytes that are decrypted already, so that no socket would tell of them? */
bool tg_tls_pending(const struct tg_tls_conn *conn);
/* Say that nothing more comes (close_notify). */
void tg_tls_shutdown(struct tg_tls_conn *conn);

#endif
