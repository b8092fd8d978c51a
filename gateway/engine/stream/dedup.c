#include "engine/stream/dedup.h"

#include "engine/base/map.h"
#include "engine/base/mem.h"

struct seen {
    uint64_t low;
    uint64_t high;
    uint64_t offset;
};

struct tg_dedup {
    struct seen *ring; /* The ids in order of arrival; `next` is the oldest's place when full. */
    uint32_t *table;   /* Index in the ring + 1; 0 is free. Open addressing. */
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
    while (slots < UINT32_C(1) << 30 && slots / 2 < capacity) {
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

/* 128 bits from two hashes that differ in what is mixed in. */
static struct seen seen_of(struct tg_slice app, struct tg_slice id)
{
    uint64_t low = tg_hash(id);
    uint64_t words[2] = {low, tg_hash(app)};
    uint8_t text[80];
    size_t size = id.size < 64 ? id.size : 64;
    memcpy(text, words, sizeof words);
    memcpy(text + sizeof words, id.data, size);
    return (struct seen){.low = low ^ words[1],
                         .high = tg_hash(tg_slice(text, sizeof words + size))};
}

/* The slot of the table where it is, or the free one where it would go. */
static uint32_t dedup_slot(const struct tg_dedup *dedup, const struct seen *seen)
{
    uint32_t slot = (uint32_t)seen->low & dedup->mask;
    while (dedup->table[slot] != 0) {
        const struct seen *other = &dedup->ring[dedup->table[slot] - 1];
        if (other->low == seen->low && other->high == seen->high) {
            break;
        }
        slot = (slot + 1) & dedup->mask;
    }
    return slot;
}

bool tg_dedup_find(struct tg_dedup *dedup, struct tg_slice app, struct tg_slice id,
                   uint64_t *offset)
{
    struct seen seen = seen_of(app, id);
    uint32_t slot = dedup_slot(dedup, &seen);
    if (dedup->table[slot] == 0) {
        return false;
    }
    *offset = dedup->ring[dedup->table[slot] - 1].offset;
    return true;
}

/* Take the ring's entry `index` out of the table, closing the hole by shifting back. */
static void dedup_forget(struct tg_dedup *dedup, uint32_t index)
{
    uint32_t mask = dedup->mask;
    uint32_t hole = dedup_slot(dedup, &dedup->ring[index]);
    for (uint32_t slot = (hole + 1) & mask; dedup->table[slot] != 0; slot = (slot + 1) & mask) {
        uint32_t home = (uint32_t)dedup->ring[dedup->table[slot] - 1].low & mask;
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            dedup->table[hole] = dedup->table[slot];
            hole = slot;
        }
    }
    dedup->table[hole] = 0;
}

void tg_dedup_add(struct tg_dedup *dedup, struct tg_slice app, struct tg_slice id,
                  uint64_t offset)
{
    if (dedup->capacity == 0) {
        return;
    }
    if (dedup->count == dedup->capacity) {
        dedup_forget(dedup, dedup->next);
    } else {
        dedup->count++;
    }
    struct seen seen = seen_of(app, id);
    seen.offset = offset;
    dedup->ring[dedup->next] = seen;
    dedup->table[dedup_slot(dedup, &seen)] = dedup->next + 1;
    dedup->next = (dedup->next + 1) % dedup->capacity;
}

