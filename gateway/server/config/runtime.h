/* The runtime directory, for those who have no configuration: the terminal's client. */
#ifndef TG_CONFIG_RUNTIME_H
#define TG_CONFIG_RUNTIME_H

#include "server/config/config.h"

/* Where the runtime directory is if nothing says otherwise: $TELEGRAPHY_RUNTIME_DIR, else
 * /tmp/telegraphy-<uid>. The caller's, to tg_free. `get` NULL: the process's own
 * environment. NULL if `why` says what is wrong, or (`why` empty) without memory. */
char *tg_runtime_dir_default(char *(*get)(const char *name), char *why, size_t why_size);

#endif
