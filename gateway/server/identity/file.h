/* The file of sessions: an SQLite database with a record each (record.h), in the runtime
 * directory as `sessions-<port>.db`. What a transaction committed is on the disk. */
#ifndef TG_IDENTITY_FILE_H
#define TG_IDENTITY_FILE_H

#include <stdint.h>

#include "engine/base/err.h"
#include "engine/base/slice.h"

struct tg_session_file;

/* Open it, made (0600) if it is not there. NULL with `why` if it cannot be had: it is in
 * use, not ours, open to others, something else, damaged, or of another key. */
struct tg_session_file *tg_session_file_open(const char *runtime_dir, uint32_t port,
                                             struct tg_slice key, char *why,
                                             size_t why_size);
/* NULL is fine. */
void tg_session_file_close(struct tg_session_file *file);

/* Tell every record, in no order. `tell` says if it is a right one.
 *
 * TG_EIO     The file is damaged; `why`.
 * TG_ENOMEM  As it says. */
typedef enum tg_err tg_session_file_tell(void *context, uint64_t client,
                                         struct tg_slice record);
TG_MUST_USE enum tg_err tg_session_file_load(struct tg_session_file *file,
                                             tg_session_file_tell *tell, void *context,
                                             char *why, size_t why_size);

/* A transaction: begin, put and remove, commit. After TG_EIO of any of them nothing of it
 * is in the file; tg_session_file_fault says why, until the next call. */
TG_MUST_USE enum tg_err tg_session_file_begin(struct tg_session_file *file);
TG_MUST_USE enum tg_err tg_session_file_put(struct tg_session_file *file, uint64_t client,
                                            struct tg_slice record);
TG_MUST_USE enum tg_err tg_session_file_remove(struct tg_session_file *file,
                                               uint64_t client);
TG_MUST_USE enum tg_err tg_session_file_commit(struct tg_session_file *file);
const char *tg_session_file_fault(const struct tg_session_file *file);

#endif
