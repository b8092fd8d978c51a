/* Ingest over ZeroMQ (INGEST.md 2): a ROUTER socket, watched by the sequencer's loop. */
#ifndef TG_INGEST_ZMQ_INGEST_ZMQ_H
#define TG_INGEST_ZMQ_INGEST_ZMQ_H

#include "server/net/net.h"
#include "server/sequencer/desk.h"

struct tg_ingest_zmq;

enum { TG_INGEST_ZMQ_WHY_MAX = 600 };

/* Bind `endpoint` and serve. NULL, with `why`, if that is not possible. */
struct tg_ingest_zmq *tg_ingest_zmq_open(struct tg_net *net, const char *endpoint,
                                         struct tg_desk *desk,
                                         const struct tg_config *config,
                                         char why[TG_INGEST_ZMQ_WHY_MAX]);
/* The desk has room again: read on. From the loop's thread. */
void tg_ingest_zmq_resume(struct tg_ingest_zmq *ingest);
/* Take no more; the answers that are queued still go out, at most for a second. NULL is
 * fine. */
void tg_ingest_zmq_close(struct tg_ingest_zmq *ingest);
/* After the loop has run its last turn. NULL is fine. */
void tg_ingest_zmq_finish(struct tg_ingest_zmq *ingest);

#endif
