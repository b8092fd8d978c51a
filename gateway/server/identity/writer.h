/* What changes about sessions goes to the file behind the tables' back: a thread gathers
 * for a moment and commits what there is together. Who waits for an end makes it go at
 * once. */
#ifndef TG_IDENTITY_WRITER_H
#define TG_IDENTITY_WRITER_H

#include "server/identity/identities.h"

struct tg_writer;

/* Open the file, load what is in it into the tables, and begin. NULL: `why`. */
struct tg_writer *tg_writer_open(struct tg_identities *identities, int64_t now_us,
                                 char *why, size_t why_size);
/* Write what is left, and end the thread. NULL is fine. */
void tg_writer_close(struct tg_writer *writer);

/* Under the lock: there may be news in the tables' lists. */
void tg_writer_wake(struct tg_writer *writer);
/* Under the lock: call `done` when all that has ended so far is on the disk.
 *
 * TG_ENOMEM  It will be, but `done` will not be called. */
TG_MUST_USE enum tg_err tg_writer_wait(struct tg_writer *writer, tg_identities_done *done,
                                       void *context, uint32_t sessions);

#endif
