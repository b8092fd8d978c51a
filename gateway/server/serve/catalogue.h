/* Catalogues that the gateway begins with. */
#ifndef TG_SERVE_CATALOGUE_H
#define TG_SERVE_CATALOGUE_H

#include "server/sequencer/desk.h"

/* Hand the document in the file to the desk, for the application that it names. False
 * with `reason`. */
bool tg_catalogue_load(struct tg_desk *desk, const char *path, char *reason,
                       size_t reason_size);

#endif
