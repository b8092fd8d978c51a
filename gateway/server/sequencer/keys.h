/* Which application an ingest key belongs to, and what it may do. */
#ifndef TG_SEQUENCER_KEYS_H
#define TG_SEQUENCER_KEYS_H

#include "engine/base/err.h"
#include "engine/base/slice.h"
#include "server/config/config.h"

struct tg_keys;

struct tg_key_owner {
    struct tg_slice app; /* Borrowed from the keys. */
    uint8_t may;         /* Roles: enum tg_role. */
};

/* An empty set; NULL without memory. */
struct tg_keys *tg_keys_create(void);
/* NULL is fine. */
void tg_keys_destroy(struct tg_keys *keys);
/* Only a digest of `key` is kept.
 *
 * TG_ENOMEM  Nothing was added. */
TG_MUST_USE enum tg_err tg_keys_add(struct tg_keys *keys, struct tg_slice app,
                                    struct tg_slice key, uint8_t may);
/* Who has `key`; false: nobody. The time it takes does not depend on how much of a
 * key was right: digests are compared, each of them, whole. */
bool tg_keys_find(const struct tg_keys *keys, struct tg_slice key,
                  struct tg_key_owner *owner);

#endif
