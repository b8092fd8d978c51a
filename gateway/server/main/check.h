/* What `telegraphy check` looks at beyond the configuration itself. Nothing is made. */
#ifndef TG_MAIN_CHECK_H
#define TG_MAIN_CHECK_H

#include "engine/base/buf.h"
#include "engine/catalogue/catalogue.h"
#include "server/config/config.h"

/* False: `err` has lines that say what is wrong. One that is not there is right: `serve`
 * makes it. */
bool tg_check_runtime_dir(const struct tg_config *config, struct tg_buf *err);
/* The certificate of the clients' port and its key, if there are any. */
bool tg_check_certificate(const struct tg_config *config, struct tg_buf *err);
/* The keys of CURVE, if there are any. */
bool tg_check_curve(const struct tg_config *config, struct tg_buf *err);
/* Every catalogue document, in the order in which `serve` loads them. */
bool tg_check_catalogues(const struct tg_config *config, struct tg_buf *err);
/* Read one of them from the file `path`: `*catalogue` becomes the one that has its types
 * too. False: it stays, and a line in `err` says what is wrong. */
bool tg_check_document(struct tg_catalogue **catalogue, const char *path,
                       const struct tg_catalogue_limits *limits, struct tg_buf *err);

/* Append what the file holds, at most 8 MiB. NULL, or what is wrong. */
const char *tg_check_read(const char *path, struct tg_buf *text);

#endif
