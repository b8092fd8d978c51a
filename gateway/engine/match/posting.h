/* Postings: the filters behind one key, and the shapes of keys.
 *
 * A shape says what a key is made of: values of one to three slots (TUPLE), one item of a
 * list (ITEM), the beginning of a text (PREFIX), or only that a slot is in some state. A
 * posting is a chain of chunks; a chunk is plain, or has for each filter the ends of a
 * range of one slot, which is looked at before the filter is. */
#ifndef TG_MATCH_POSTING_H
#define TG_MATCH_POSTING_H

#include "engine/match/grid.h"
#include "engine/match/table.h"

enum tg_shape_mode {
    TG_SHAPE_TUPLE,
    TG_SHAPE_ITEM,
    TG_SHAPE_PREFIX,
    /* One posting each, from here on. */
    TG_SHAPE_HERE,
    TG_SHAPE_NULL,
    TG_SHAPE_SAID, /* Here or null. */
    TG_SHAPE_ABSENT,
    TG_SHAPE_RANGE, /* Here, and in the range of the chunks. */
    TG_SHAPE_GRID,  /* Here, in some bands (`length`: the first, the last << 8); filters
                       of several ranges, in grids. */
    TG_SHAPE_ALL,   /* Every event: no access structure. */
};

enum { TG_TUPLE_MAX = 3, TG_NO_SLOT = UINT16_MAX };

struct tg_shape_key {
    uint8_t mode;
    uint8_t count; /* Slots; of a TUPLE 1 to 3, ascending. */
    uint16_t slots[TG_TUPLE_MAX];
    uint32_t length; /* Of a PREFIX. */
};

struct tg_shape {
    struct tg_shape_key key;
    uint32_t postings; /* 0: the place is free. */
    uint32_t filters;  /* Items in all of them. */
    uint32_t root;     /* From HERE on: the posting. */
    uint64_t slots;    /* tg_slot_bit of the key's. */
    uint64_t ranges;   /* tg_slot_bit of all ranges that chunks ever had. */
};

/* An item: an entry, with what is known of it beforehand. */
enum {
    TG_ITEM_DECIDED = 1u << 28, /* There is no residual. */
    TG_ITEM_MULTI = 1u << 29,   /* It may be met more than once in one row. */
    TG_ITEM_ABOUT = 1u << 30,   /* About the event. */
    TG_ITEM_REF = TG_ITEM_DECIDED - 1,
};
/* Its residual goes on in the next line of the cache. (No enumerator has 32 bits.) */
#define TG_ITEM_LONG (UINT32_C(1) << 31)

struct tg_chunk {
    uint32_t next;
    uint32_t prev; /* 0: the first of its posting. */
    uint16_t count;
    uint16_t capacity;
    uint16_t range_slot; /* TG_NO_SLOT: plain. */
    uint16_t size;       /* Bytes. */
    uint32_t shape;
    uint32_t ids[TG_TUPLE_MAX];
    uint32_t items[]; /* Of `capacity`, padded to 8 bytes; then lows, then highs. */
};

static inline int64_t *tg_chunk_lows(struct tg_chunk *chunk)
{
    return (int64_t *)(void *)(chunk->items + (chunk->capacity + 1u) / 2 * 2);
}

static inline int64_t *tg_chunk_highs(struct tg_chunk *chunk)
{
    return tg_chunk_lows(chunk) + chunk->capacity;
}

/* One way to reach a filter. */
struct tg_access {
    struct tg_shape_key shape;
    uint32_t ids[TG_TUPLE_MAX];
    uint16_t range_slot; /* TG_NO_SLOT: none. */
    int64_t low;
    int64_t high;
    uint32_t bands_first; /* Of a GRID: all its ranges, in the cover's `bands`. */
    uint32_t bands_count;
};

/* Where an item is: kept with its entry, and told anew whenever it moves. */
struct tg_place {
    uint32_t chunk;
    uint32_t index;
};

struct tg_postings {
    struct tg_arena *arena;
    struct tg_table table; /* Of the TUPLE, ITEM and PREFIX keys. */
    struct tg_shape *shapes;
    uint32_t shapes_count; /* Places, free ones too. */
    uint32_t shapes_capacity;
    uint32_t tuples; /* Shapes in use of mode TUPLE with more than one slot. */
    uint16_t *index; /* Open addressing: place + 1 by key. */
    uint32_t index_capacity;
    uint32_t secret;
    struct tg_bands bands;
    uint64_t moved; /* Items that were given another place, since the beginning. */
    /* An item has another place now. */
    void (*on_move)(void *context, uint32_t item, struct tg_place from,
                    struct tg_place to);
    void *context;
};

void tg_postings_init(struct tg_postings *postings, struct tg_arena *arena);
void tg_postings_finish(struct tg_postings *postings);
size_t tg_postings_bytes(const struct tg_postings *postings);

/* The shape, or NULL. */
const struct tg_shape *tg_postings_shape(const struct tg_postings *postings,
                                         const struct tg_shape_key *key);
/* TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err tg_postings_add(struct tg_postings *postings,
                                        const struct tg_access *access,
                                        const struct tg_band *bands, uint32_t item,
                                        struct tg_place *place);
/* Cut the slot's numbers into bands; it is only done once. (Without memory: not yet.) */
void tg_postings_cut(struct tg_postings *postings, uint16_t slot, const int64_t *ends,
                     uint32_t count);
void tg_postings_remove(struct tg_postings *postings, struct tg_place place);

static inline uint32_t tg_posting_hash(const struct tg_postings *postings, uint32_t shape,
                                       const uint32_t ids[TG_TUPLE_MAX])
{
    uint64_t a = (uint64_t)ids[0] << 32 | ids[1];
    uint64_t b = (uint64_t)ids[2] << 32 | shape;
    a = (a ^ postings->secret) * UINT64_C(0x9e3779b97f4a7c15);
    b = (b + (a >> 29)) * UINT64_C(0xd6e8feb86659fd93);
    a ^= b ^ b >> 32;
    a *= UINT64_C(0xa0761d6478bd642f);
    return (uint32_t)(a >> 32);
}

/* The first chunk of the posting, or 0. */
static inline uint32_t tg_posting_find(const struct tg_postings *postings, uint32_t hash,
                                       uint32_t shape, const uint32_t ids[TG_TUPLE_MAX])
{
    uint32_t at = UINT32_MAX;
    uint32_t ref;
    while ((ref = tg_table_next(&postings->table, hash, &at)) != 0) {
        const struct tg_chunk *chunk = tg_arena_at(postings->arena, ref);
        if (chunk->shape == shape && chunk->ids[0] == ids[0] && chunk->ids[1] == ids[1] &&
            chunk->ids[2] == ids[2]) {
            break;
        }
    }
    return ref;
}

#endif
