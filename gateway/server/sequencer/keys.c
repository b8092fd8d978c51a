#include "server/sequencer/keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "engine/base/mem.h"

struct key {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char *app;
    size_t app_size;
    uint8_t may;
};

struct tg_keys {
    struct key *items;
    size_t count;
};

struct tg_keys *tg_keys_create(void)
{
    return tg_zalloc(1, sizeof(struct tg_keys));
}

void tg_keys_destroy(struct tg_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (size_t i = 0; i < keys->count; i++) {
        tg_free(keys->items[i].app);
    }
    tg_free(keys->items);
    tg_free(keys);
}

enum tg_err tg_keys_add(struct tg_keys *keys, struct tg_slice app, struct tg_slice key,
                        uint8_t may)
{
    struct key *items = tg_resize(keys->items, (keys->count + 1) * sizeof *items);
    if (items == NULL) {
        return TG_ENOMEM;
    }
    keys->items = items;
    struct key *item = &items[keys->count];
    item->app = tg_alloc(app.size);
    if (item->app == NULL) {
        return TG_ENOMEM;
    }
    memcpy(item->app, app.data, app.size);
    item->app_size = app.size;
    item->may = may;
    SHA256(key.data, key.size, item->digest);
    keys->count++;
    return TG_OK;
}

bool tg_keys_find(const struct tg_keys *keys, struct tg_slice key,
                  struct tg_key_owner *owner)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const struct key *found = NULL;
    SHA256(key.data, key.size, digest);
    for (size_t i = 0; i < keys->count; i++) {
        if (CRYPTO_memcmp(digest, keys->items[i].digest, sizeof digest) == 0) {
            found = &keys->items[i];
        }
    }
    if (found != NULL) {
        *owner = (struct tg_key_owner){tg_slice(found->app, found->app_size), found->may};
    }
    return found != NULL;
}
