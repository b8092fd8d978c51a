/* From a run of bytes to a pointer: open addressing, linear probing, grown at 3/4.
 *
 * The map borrows its keys: whoever puts a value in keeps the key's bytes alive and
 * unchanged until it is removed (usually the key is a member of the value). Hashes
 * are keyed with a seed of the process, so that a peer who chooses keys cannot choose
 * collisions. */
#ifndef TG_BASE_MAP_H
#define TG_BASE_MAP_H

#include "engine/base/err.h"
#include "engine/base/slice.h"

struct tg_map_entry {
    struct tg_slice key;
    void *value; /* NULL: the place is free. */
    uint64_t hash;
};

struct tg_map {
    struct tg_map_entry *entries;
    size_t count;
    size_t capacity; /* A power of two, or 0. */
};

/* All zero is an empty map. */
void tg_map_finish(struct tg_map *map);
/* The value, or NULL. */
void *tg_map_get(const struct tg_map *map, struct tg_slice key);
/* TG_EEXIST  The key has a value; nothing changed.
 * TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err tg_map_put(struct tg_map *map, struct tg_slice key, void *value);
/* The value that was there, or NULL. */
void *tg_map_remove(struct tg_map *map, struct tg_slice key);
/* The next entry from place `*at` on, which it moves; NULL at the end. Begin with 0. The
 * map must not change meanwhile. */
struct tg_map_entry *tg_map_next(const struct tg_map *map, size_t *at);

/* A 64-bit hash of the bytes under the seed of the process (set once at start, before
 * any map is filled). */
void tg_hash_seed(uint64_t seed);
uint64_t tg_hash(struct tg_slice bytes);
/* 128 bits, for what is known by its hash alone; `salt` keeps kinds apart. */
void tg_hash_two(struct tg_slice bytes, uint64_t salt, uint64_t *low, uint64_t *high);

#endif
