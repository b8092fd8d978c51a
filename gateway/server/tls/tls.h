/* TLS of the clients' port: the server's side of OpenSSL, 1.2 and 1.3 with authenticated
 * ciphers only. One context for all shards; a new certificate takes the place of the old
 * one for connections that begin after it. And the client's side, for `telegraphy tail`.
 *
 * No connection keeps a buffer while it is idle. */
#ifndef TG_TLS_TLS_H
#define TG_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

struct tg_tls;
struct tg_tls_conn;

enum { TG_TLS_WHY_MAX = 600 };

/* Read the certificate chain and its key, both PEM. NULL with `why`. */
struct tg_tls *tg_tls_open(const char *certificate, const char *key,
                           char why[TG_TLS_WHY_MAX]);
/* Read both files anew. Sessions of before are not resumed, so that whoever comes sees
 * the new certificate. From any thread.
 *
 * TG_EIO  `why` says what is wrong with them; the old ones stay in use. */
TG_MUST_USE enum tg_err tg_tls_reload(struct tg_tls *tls, char why[TG_TLS_WHY_MAX]);
/* A line of the log if the certificate has expired, or will within two weeks: to be
 * asked for now and then. */
void tg_tls_warn_of_expiry(struct tg_tls *tls);
/* The client's side: it trusts the authorities of `ca_file` (PEM), or with NULL those of
 * the system. NULL with `why`. */
struct tg_tls *tg_tls_open_client(const char *ca_file, char why[TG_TLS_WHY_MAX]);
/* NULL is fine. All connections must be closed. */
void tg_tls_close(struct tg_tls *tls);

/* The server's side of a connection over `fd`, which stays the caller's; NULL without
 * memory. From any thread; the connection is that thread's. */
struct tg_tls_conn *tg_tls_accept(struct tg_tls *tls, int fd);
/* The client's side, to `host`, a name or an address that the certificate must have. */
struct tg_tls_conn *tg_tls_connect(struct tg_tls *tls, int fd, const char *host);
/* NULL is fine. */
void tg_tls_conn_close(struct tg_tls_conn *conn);

/* AGAIN: when the socket can be read (written). OVER: nothing more can be read or
 * written, see tg_tls_why. */
enum { TG_TLS_AGAIN_READ = -1, TG_TLS_AGAIN_WRITE = -2, TG_TLS_OVER = -3 };
enum { TG_TLS_RECORD_MAX = 16 * 1024 };

/* Do the handshake, which reading and writing would do on their way too: 0 when it is
 * done, or one of the above. */
ptrdiff_t tg_tls_shake_hands(struct tg_tls_conn *conn);
/* Bytes read, 0 at the peer's end, or one of the above. The handshake is done on the way.
 * With room for at least TG_TLS_RECORD_MAX bytes nothing that was decrypted stays behind:
 * the socket tells of all that can still be read. One call takes a bounded number of
 * records, so that no peer keeps it busy. */
ptrdiff_t tg_tls_read(struct tg_tls_conn *conn, void *data, size_t size);
/* Bytes written, at most TG_TLS_RECORD_MAX, or one of the above. After AGAIN the bytes
 * are offered again, and more may follow them; only its number says that they are out. */
ptrdiff_t tg_tls_write(struct tg_tls_conn *conn, const void *data, size_t size);
/* Is the handshake done? */
bool tg_tls_ready(const struct tg_tls_conn *conn);
/* What the socket took so far, encrypted: it tells progress inside one write. */
uint64_t tg_tls_written(const struct tg_tls_conn *conn);
/* Say that nothing more comes (close_notify), if the socket takes it. */
void tg_tls_shutdown(struct tg_tls_conn *conn);
/* After OVER: what went wrong, as a phrase; empty if the peer just went away. */
const char *tg_tls_why(const struct tg_tls_conn *conn);

#endif
