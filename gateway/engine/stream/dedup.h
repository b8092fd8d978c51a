/* Which event ids were seen lately, so that publishing again makes no second event.
 *
 * A window over the last `capacity` ids: a ring in order of arrival, and an open hash
 * table over it. An id is kept as 128 bits of keyed hash with the application's name, so
 * that memory is fixed (40 bytes an id) whatever ids publishers choose. In a window of
 * 65,536 an id is taken for another with a chance of some 2⁻¹¹², once in 10²⁰ years at
 * a million events a second.
 *
 * Every event comes through here, and the window does not fit the nearest cache: a
 * look-up touches one line of the table and, unless the id is a repeat, none of the ring.
 */
#ifndef TG_STREAM_DEDUP_H
#define TG_STREAM_DEDUP_H

#include "engine/base/err.h"
#include "engine/base/slice.h"

struct tg_dedup;

/* A window of `capacity` ids (0: remembers none); NULL without memory. */
struct tg_dedup *tg_dedup_create(uint32_t capacity);
void tg_dedup_destroy(struct tg_dedup *dedup);

/* What an id is kept as. */
struct tg_dedup_key {
    uint64_t low;
    uint64_t high;
};

/* The key of `id`, of the application that `salt` stands for: a hash of its name. */
struct tg_dedup_key tg_dedup_key(struct tg_slice id, uint64_t salt);

/* A look-up of `key` comes soon: have what it needs at hand by then. */
void tg_dedup_prefetch(const struct tg_dedup *dedup, struct tg_dedup_key key);
/* Was it seen? Then true, and the offset remembered with it. */
bool tg_dedup_find(const struct tg_dedup *dedup, struct tg_dedup_key key,
                   uint64_t *offset);
/* Remember it, after a `find` of the same that gave false; the oldest may go. */
void tg_dedup_add(struct tg_dedup *dedup, struct tg_dedup_key key, uint64_t offset);

#endif
