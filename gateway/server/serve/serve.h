/* The gateway, running: shards, sequencer and ingest joined, from the first listening
 * socket to the last closed one. */
#ifndef TG_SERVE_SERVE_H
#define TG_SERVE_SERVE_H

#include "server/config/config.h"

/* Run the gateway until SIGTERM or SIGINT, then end in good order. The exit status of the
 * process: 0 after a good end, 1 if it could not start (the log says why). */
int tg_serve(const struct tg_config *config);

#endif
