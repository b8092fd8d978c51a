/* Reading keys of CURVE; for curve.c. */
#ifndef TG_INGEST_ZMQ_CURVE_KEYS_H
#define TG_INGEST_ZMQ_CURVE_KEYS_H

#include "server/ingest_zmq/curve.h"

enum { TG_CURVE_BYTES = 32 };

/* The secret key of the file, and the public key that belongs to it. False with `why`. */
bool tg_curve_secret_read(const char *path, char secret[TG_CURVE_KEY_SIZE],
                          char public_key[TG_CURVE_KEY_SIZE], char why[TG_CURVE_WHY_MAX]);

#endif
