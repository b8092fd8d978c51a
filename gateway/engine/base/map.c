#include "engine/base/map.h"

#include <assert.h>

#include "engine/base/mem.h"

static uint64_t hash_seed = UINT64_C(0x5851f42d4c957f2d);

void tg_hash_seed(uint64_t seed)
{
    hash_seed = seed | 1;
}

/* Multiply to 128 bits and fold: the mixing step of the wyhash family. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

static uint64_t load32(const uint8_t *data)
{
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* The last 0 to 16 bytes as two words, by reads that may overlap. */
static void load_tail(const uint8_t *data, size_t size, uint64_t *a, uint64_t *b)
{
    if (size >= 8) {
        *a = load64(data);
        *b = load64(data + size - 8);
    } else if (size >= 4) {
        *a = load32(data);
        *b = load32(data + size - 4);
    } else if (size > 0) {
        *a = (uint64_t)data[0] << 16 | (uint64_t)data[size / 2] << 8 | data[size - 1];
        *b = 0;
    } else {
        *a = 0;
        *b = 0;
    }
}

/* All but the last step: the state, and the two words that are left to mix in. The seed
 * is in both factors of every product: else who knows the constants could make one of
 * them 0, and all such keys would collide. */
static uint64_t hash_begin(struct tg_slice bytes, uint64_t seed, uint64_t *a, uint64_t *b)
{
    uint64_t state = seed ^ mix(bytes.size ^ seed, UINT64_C(0x9e3779b97f4a7c15));
    const uint8_t *data = bytes.data;
    size_t left = bytes.size;
    while (left > 16) {
        state = mix(load64(data) ^ seed ^ UINT64_C(0xa0761d6478bd642f),
                    load64(data + 8) ^ state);
        data += 16;
        left -= 16;
    }
    load_tail(data, left, a, b);
    return state;
}

uint64_t tg_hash(struct tg_slice bytes)
{
    uint64_t a;
    uint64_t b;
    uint64_t state = hash_begin(bytes, hash_seed, &a, &b);
    state = mix(a ^ hash_seed ^ UINT64_C(0xe7037ed1a0b428db), b ^ state);
    return mix(state, hash_seed ^ UINT64_C(0x8ebc6af09c88c6e3));
}

void tg_hash_two(struct tg_slice bytes, uint64_t salt, uint64_t *low, uint64_t *high)
{
    uint64_t a;
    uint64_t b;
    uint64_t first = hash_begin(bytes, hash_seed ^ salt, &a, &b);
    /* The halves share no seed: what collides in one does not in the other. */
    uint64_t c;
    uint64_t d;
    uint64_t second =
        hash_begin(bytes, mix(hash_seed, salt ^ UINT64_C(0x589965cc75374cc3)), &c, &d);
    *low = mix(mix(a ^ hash_seed ^ UINT64_C(0xe7037ed1a0b428db), b ^ first),
               hash_seed ^ salt);
    *high = mix(mix(c ^ hash_seed ^ UINT64_C(0x1d8e4e27c47d124f), d ^ second),
                hash_seed ^ UINT64_C(0x8ebc6af09c88c6e3));
}

void tg_map_finish(struct tg_map *map)
{
    tg_free(map->entries);
    *map = (struct tg_map){0};
}

/* The place of `key`, or the free place where it would go. */
static size_t map_find(const struct tg_map *map, struct tg_slice key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    size_t at = hash & mask;
    while (map->entries[at].value != NULL) {
        if (map->entries[at].hash == hash && tg_slice_equal(map->entries[at].key, key)) {
            break;
        }
        at = (at + 1) & mask;
    }
    return at;
}

void *tg_map_get(const struct tg_map *map, struct tg_slice key)
{
    if (map->count == 0) {
        return NULL;
    }
    return map->entries[map_find(map, key, tg_hash(key))].value;
}

static enum tg_err map_grow(struct tg_map *map)
{
    size_t capacity = map->capacity == 0 ? 16 : map->capacity * 2;
    struct tg_map_entry *entries = tg_zalloc(capacity, sizeof *entries);
    if (entries == NULL) {
        return TG_ENOMEM;
    }
    struct tg_map bigger = {entries, map->count, capacity};
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].value != NULL) {
            entries[map_find(&bigger, map->entries[i].key, map->entries[i].hash)] =
                map->entries[i];
        }
    }
    tg_free(map->entries);
    *map = bigger;
    return TG_OK;
}

enum tg_err tg_map_put(struct tg_map *map, struct tg_slice key, void *value)
{
    assert(value != NULL);
    if (tg_map_get(map, key) != NULL) {
        return TG_EEXIST;
    }
    if ((map->count + 1) * 4 > map->capacity * 3) {
        enum tg_err err = map_grow(map);
        if (err != TG_OK) {
            return err;
        }
    }
    uint64_t hash = tg_hash(key);
    map->entries[map_find(map, key, hash)] = (struct tg_map_entry){key, value, hash};
    map->count++;
    return TG_OK;
}

void *tg_map_remove(struct tg_map *map, struct tg_slice key)
{
    if (map->count == 0) {
        return NULL;
    }
    size_t mask = map->capacity - 1;
    size_t at = map_find(map, key, tg_hash(key));
    void *value = map->entries[at].value;
    if (value == NULL) {
        return NULL;
    }
    /* Close the hole by shifting back, so that no tombstones gather (Knuth 6.4, R). */
    size_t hole = at;
    for (size_t i = (at + 1) & mask; map->entries[i].value != NULL; i = (i + 1) & mask) {
        size_t home = map->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (struct tg_map_entry){0};
    map->count--;
    return value;
}

struct tg_map_entry *tg_map_next(const struct tg_map *map, size_t *at)
{
    while (*at < map->capacity) {
        struct tg_map_entry *entry = &map->entries[(*at)++];
        if (entry->value != NULL) {
            return entry;
        }
    }
    return NULL;
}
