#include "engine/stream/dedup.h"

#include "engine/base/map.h"
#include "engine/base/mem.h"

struct seen {
    struct tg_dedup_key key;
    uint64_t offset;
};

/* The tag is the lower half of the key's `low`: it tells a slot's home, and nearly always
 * whether the ring is worth a look. */
struct slot {
    uint32_t tag;
    uint32_t place; /* In the ring, + 1; 0: the slot is free. */
};

struct tg_dedup {
    struct seen
        *ring; /* The ids in order of arrival; `next` is the oldest's place when full. */
    struct slot *table; /* Open addressing, at most half full. */
    uint32_t capacity;
    uint32_t count;
    uint32_t next;
    uint32_t mask;
};

struct tg_dedup *tg_dedup_create(uint32_t capacity)
{
    struct tg_dedup *dedup = tg_zalloc(1, sizeof *dedup);
    if (dedup == NULL) {
        return NULL;
    }
    uint32_t slots = 4;
    while (slots < UINT32_C(1) << 31 && slots / 2 < capacity) {
        slots *= 2;
    }
    dedup->capacity = capacity;
    dedup->mask = slots - 1;
    dedup->ring = tg_zalloc(capacity == 0 ? 1 : capacity, sizeof *dedup->ring);
    dedup->table = tg_zalloc(slots, sizeof *dedup->table);
    if (dedup->ring == NULL || dedup->table == NULL) {
        tg_dedup_destroy(dedup);
        return NULL;
    }
    return dedup;
}

void tg_dedup_destroy(struct tg_dedup *dedup)
{
    if (dedup != NULL) {
        tg_free(dedup->ring);
        tg_free(dedup->table);
        tg_free(dedup);
    }
}

struct tg_dedup_key tg_dedup_key(struct tg_slice id, uint64_t salt)
{
    struct tg_dedup_key key;
    tg_hash_two(id, salt, &key.low, &key.high);
    return key;
}

/* The slot where it is, or the free one where it would go. */
static uint32_t slot_of(const struct tg_dedup *dedup, struct tg_dedup_key key)
{
    uint32_t tag = (uint32_t)key.low;
    uint32_t at = tag & dedup->mask;
    for (; dedup->table[at].place != 0; at = (at + 1) & dedup->mask) {
        if (dedup->table[at].tag == tag) {
            struct tg_dedup_key other = dedup->ring[dedup->table[at].place - 1].key;
            if (other.low == key.low && other.high == key.high) {
                break;
            }
        }
    }
    return at;
}

void tg_dedup_prefetch(const struct tg_dedup *dedup, struct tg_dedup_key key)
{
    __builtin_prefetch(&dedup->table[(uint32_t)key.low & dedup->mask]);
}

bool tg_dedup_find(const struct tg_dedup *dedup, struct tg_dedup_key key,
                   uint64_t *offset)
{
    uint32_t at = slot_of(dedup, key);
    if (dedup->table[at].place == 0) {
        return false;
    }
    *offset = dedup->ring[dedup->table[at].place - 1].offset;
    return true;
}

/* Take the oldest out of the table, closing the hole by shifting back (Knuth 6.4, R). */
static void forget_oldest(struct tg_dedup *dedup)
{
    uint32_t mask = dedup->mask;
    uint32_t hole = slot_of(dedup, dedup->ring[dedup->next].key);
    for (uint32_t at = (hole + 1) & mask; dedup->table[at].place != 0;
         at = (at + 1) & mask) {
        uint32_t home = dedup->table[at].tag & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            dedup->table[hole] = dedup->table[at];
            hole = at;
        }
    }
    dedup->table[hole].place = 0;
    /* The next to go is known: have its slot at hand by then. */
    uint32_t after = dedup->next + 1 == dedup->capacity ? 0 : dedup->next + 1;
    __builtin_prefetch(&dedup->table[(uint32_t)dedup->ring[after].key.low & mask]);
}

void tg_dedup_add(struct tg_dedup *dedup, struct tg_dedup_key key, uint64_t offset)
{
    if (dedup->capacity == 0) {
        return;
    }
    if (dedup->count == dedup->capacity) {
        forget_oldest(dedup);
    } else {
        dedup->count++;
    }
    dedup->ring[dedup->next] = (struct seen){key, offset};
    dedup->table[slot_of(dedup, key)] =
        (struct slot){.tag = (uint32_t)key.low, .place = dedup->next + 1};
    dedup->next = dedup->next + 1 == dedup->capacity ? 0 : dedup->next + 1;
}
