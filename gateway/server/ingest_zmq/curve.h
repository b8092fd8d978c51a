/* CURVE on the ingest socket (RFC 26/ZeroMQ): who may connect at all.
 *
 * libzmq asks a handler inside of this process (RFC 27, ZAP) about each public key that
 * has proved itself. Where nobody answers it would let everybody in: so the handler is
 * bound before the socket, and stays until that is closed. */
#ifndef TG_INGEST_ZMQ_CURVE_H
#define TG_INGEST_ZMQ_CURVE_H

#include "server/config/config.h"
#include "server/net/net.h"

enum { TG_CURVE_WHY_MAX = 600 };

struct tg_curve;

/* Answer for the sockets of the context `zmq`; NULL with `why`. */
struct tg_curve *tg_curve_open(struct tg_net *net, void *zmq,
                               const struct tg_config_ingest *config,
                               char why[TG_CURVE_WHY_MAX]);
/* Let `socket`, which is not bound yet, speak CURVE and nothing else. False with `why`.
 */
bool tg_curve_secure(struct tg_curve *curve, void *socket, char why[TG_CURVE_WHY_MAX]);
/* Let nobody else in. NULL is fine. */
void tg_curve_close(struct tg_curve *curve);
/* After the loop has run its last turn and the socket is closed. NULL is fine. */
void tg_curve_finish(struct tg_curve *curve);

/* The keys of the configuration, if they are keys: false with `why`. */
bool tg_curve_check(const struct tg_config_ingest *config, char why[TG_CURVE_WHY_MAX]);

enum { TG_CURVE_KEY_SIZE = 41 }; /* Z85, and a NUL. */

/* Make a pair of keys in the files `name`.secret (0600) and `name`.public (0644), neither
 * of which may be there. False with `why`, and nothing is left. */
bool tg_curve_keys_make(const char *name, char public_key[TG_CURVE_KEY_SIZE],
                        char why[TG_CURVE_WHY_MAX]);

#endif
