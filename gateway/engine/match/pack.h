/* A filter in few bytes: what an entry keeps of it, to find it by and to give it back. */
#ifndef TG_MATCH_PACK_H
#define TG_MATCH_PACK_H

#include "engine/base/buf.h"
#include "engine/query/filter.h"

/* Append the packed form; false if the filter has none (programs, rare literals) or there
 * is no memory. Equal filters have equal forms. */
bool tg_pack(struct tg_buf *buf, const struct tg_filter *filter);
/* The filter again, in `buf`, which is overwritten; NULL without memory. */
const struct tg_filter *tg_unpack(struct tg_buf *buf, const uint8_t *packed);

#endif
