#include "engine/match/posting.h"

#include "engine/base/map.h"
#include "engine/base/mem.h"

/* How far along a chain an item looks for room. */
enum { LOOK = 12 };

void tg_postings_init(struct tg_postings *postings, struct tg_arena *arena)
{
    *postings = (struct tg_postings){
        .arena = arena,
        .table.arena = arena,
        .secret = (uint32_t)tg_hash(TG_LIT("posting")),
    };
}

void tg_postings_finish(struct tg_postings *postings)
{
    tg_table_finish(&postings->table);
    tg_free(postings->shapes);
    tg_free(postings->index);
    for (uint32_t i = 0; i < TG_SLOTS_MAX; i++) {
        tg_free(postings->bands.cuts[i]);
    }
}

size_t tg_postings_bytes(const struct tg_postings *postings)
{
    return postings->shapes_capacity * sizeof *postings->shapes +
           postings->index_capacity * sizeof *postings->index;
}

/* ---- shapes: some hundreds, found by key ---- */

static bool key_equal(const struct tg_shape_key *a, const struct tg_shape_key *b)
{
    return a->mode == b->mode && a->count == b->count && a->length == b->length &&
           memcmp(a->slots, b->slots, sizeof a->slots) == 0;
}

static uint32_t index_place(const struct tg_postings *postings,
                            const struct tg_shape_key *key)
{
    uint64_t hash = (uint64_t)key->slots[0] << 40 ^ (uint64_t)key->slots[1] << 20 ^
                    key->slots[2] ^ (uint64_t)key->mode << 56 ^
                    (uint64_t)key->length << 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    uint32_t mask = postings->index_capacity - 1;
    uint32_t at = (uint32_t)(hash >> 40) & mask;
    while (postings->index[at] != 0 &&
           !key_equal(&postings->shapes[postings->index[at] - 1].key, key)) {
        at = (at + 1) & mask;
    }
    return at;
}

const struct tg_shape *tg_postings_shape(const struct tg_postings *postings,
                                         const struct tg_shape_key *key)
{
    if (postings->index_capacity == 0) {
        return NULL;
    }
    uint16_t found = postings->index[index_place(postings, key)];
    return found == 0 || postings->shapes[found - 1].postings == 0
               ? NULL
               : &postings->shapes[found - 1];
}

static enum tg_err index_build(struct tg_postings *postings, uint32_t capacity)
{
    uint16_t *index = tg_zalloc(capacity, sizeof *index);
    if (index == NULL) {
        return TG_ENOMEM;
    }
    tg_free(postings->index);
    postings->index = index;
    postings->index_capacity = capacity;
    for (uint32_t i = 0; i < postings->shapes_count; i++) {
        if (postings->shapes[i].postings != 0) {
            index[index_place(postings, &postings->shapes[i].key)] = (uint16_t)(i + 1);
        }
    }
    return TG_OK;
}

static enum tg_err shapes_grow(struct tg_postings *postings)
{
    uint32_t capacity = postings->shapes_capacity == 0 ? 16
                                                       : postings->shapes_capacity * 2;
    if (capacity > UINT16_MAX) {
        return TG_ENOMEM;
    }
    struct tg_shape *shapes = tg_resize(postings->shapes, capacity * sizeof *shapes);
    if (shapes == NULL) {
        return TG_ENOMEM;
    }
    postings->shapes = shapes;
    postings->shapes_capacity = capacity;
    return TG_OK;
}

/* A free place for a shape that has none yet. (Those of old keys are found again by
 * their key, or taken when all are full: then the index is built anew.) */
static enum tg_err shape_place(struct tg_postings *postings,
                               const struct tg_shape_key *key, uint32_t *place)
{
    uint32_t at = postings->shapes_count;
    if (at == postings->shapes_capacity) {
        for (at = 0; at < postings->shapes_count && postings->shapes[at].postings != 0;) {
            at++;
        }
        if (at == postings->shapes_count && shapes_grow(postings) != TG_OK) {
            return TG_ENOMEM;
        }
    }
    bool reused = at < postings->shapes_count;
    if ((reused || at * 2 >= postings->index_capacity) &&
        index_build(postings, postings->shapes_capacity * 4) != TG_OK) {
        return TG_ENOMEM;
    }
    struct tg_shape *shape = &postings->shapes[at];
    *shape = (struct tg_shape){.key = *key};
    for (uint32_t i = 0; i < key->count; i++) {
        shape->slots |= tg_slot_bit(key->slots[i]);
    }
    postings->shapes_count += !reused;
    postings->index[index_place(postings, key)] = (uint16_t)(at + 1);
    *place = at;
    return TG_OK;
}

static enum tg_err shape_get(struct tg_postings *postings, const struct tg_shape_key *key,
                             uint32_t *place)
{
    uint16_t found =
        postings->index_capacity == 0 ? 0 : postings->index[index_place(postings, key)];
    if (found != 0) {
        *place = found - 1u;
        return TG_OK;
    }
    return shape_place(postings, key, place);
}

/* ---- chunks ---- */

static struct tg_chunk *chunk_at(const struct tg_postings *postings, uint32_t ref)
{
    return tg_arena_at(postings->arena, ref);
}

static uint16_t capacity_of(size_t size, uint16_t range_slot)
{
    size_t room = size - sizeof(struct tg_chunk);
    if (range_slot == TG_NO_SLOT) {
        return (uint16_t)(room / sizeof(uint32_t));
    }
    size_t each = sizeof(uint32_t) + 2 * sizeof(int64_t);
    size_t capacity = room / each;
    return (uint16_t)(capacity - (capacity % 2 != 0 && room % each < 4));
}

static bool keyed(const struct tg_postings *postings, uint32_t shape)
{
    return postings->shapes[shape].key.mode < TG_SHAPE_HERE;
}

/* `ref` is the first of its posting now, in the stead of `before` (0: of none). */
static enum tg_err root_set(struct tg_postings *postings, uint32_t before, uint32_t ref)
{
    const struct tg_chunk *chunk = chunk_at(postings, ref);
    if (!keyed(postings, chunk->shape)) {
        postings->shapes[chunk->shape].root = ref;
        return TG_OK;
    }
    uint32_t hash = tg_posting_hash(postings, chunk->shape, chunk->ids);
    if (before == 0) {
        return tg_table_put(&postings->table, hash, ref);
    }
    tg_table_rename(&postings->table, hash, before, ref);
    return TG_OK;
}

static void root_clear(struct tg_postings *postings, uint32_t ref)
{
    const struct tg_chunk *chunk = chunk_at(postings, ref);
    if (keyed(postings, chunk->shape)) {
        tg_table_remove(&postings->table,
                        tg_posting_hash(postings, chunk->shape, chunk->ids), ref);
    } else {
        postings->shapes[chunk->shape].root = 0;
    }
}

static uint32_t chunk_create(struct tg_postings *postings, uint32_t shape,
                             const uint32_t *ids, uint16_t range_slot, size_t size)
{
    uint32_t ref = tg_arena_take(postings->arena, size);
    if (ref != 0) {
        *chunk_at(postings, ref) = (struct tg_chunk){
            .capacity = capacity_of(size, range_slot),
            .range_slot = range_slot,
            .size = (uint16_t)size,
            .shape = shape,
            .ids = {ids[0], ids[1], ids[2]},
        };
    }
    return ref;
}

static void item_copy(struct tg_chunk *to, uint32_t index, struct tg_chunk *from,
                      uint32_t other)
{
    to->items[index] = from->items[other];
    if (to->range_slot != TG_NO_SLOT) {
        tg_chunk_lows(to)[index] = tg_chunk_lows(from)[other];
        tg_chunk_highs(to)[index] = tg_chunk_highs(from)[other];
    }
}

static void item_moved(struct tg_postings *postings, uint32_t item, struct tg_place from,
                       struct tg_place to)
{
    postings->moved++;
    postings->on_move(postings->context, item, from, to);
}

/* A bigger chunk in the stead of a full one; 0 without memory. */
static uint32_t chunk_grow(struct tg_postings *postings, uint32_t ref)
{
    struct tg_chunk *chunk = chunk_at(postings, ref);
    uint32_t bigger_ref = chunk_create(postings, chunk->shape, chunk->ids,
                                       chunk->range_slot, (size_t)chunk->size * 2);
    if (bigger_ref == 0) {
        return 0;
    }
    struct tg_chunk *bigger = chunk_at(postings, bigger_ref);
    bigger->next = chunk->next;
    bigger->prev = chunk->prev;
    bigger->count = chunk->count;
    for (uint32_t i = 0; i < chunk->count; i++) {
        item_copy(bigger, i, chunk, i);
        item_moved(postings, chunk->items[i], (struct tg_place){ref, i},
                   (struct tg_place){bigger_ref, i});
    }
    if (chunk->next != 0) {
        chunk_at(postings, chunk->next)->prev = bigger_ref;
    }
    if (chunk->prev != 0) {
        chunk_at(postings, chunk->prev)->next = bigger_ref;
    } else if (root_set(postings, ref, bigger_ref) != TG_OK) {
        __builtin_unreachable(); /* Renaming takes no memory. */
    }
    tg_arena_give(postings->arena, ref, chunk->size);
    return bigger_ref;
}

static void chunk_unlink(struct tg_postings *postings, uint32_t ref)
{
    struct tg_chunk *chunk = chunk_at(postings, ref);
    if (chunk->next != 0) {
        chunk_at(postings, chunk->next)->prev = chunk->prev;
    }
    if (chunk->prev != 0) {
        chunk_at(postings, chunk->prev)->next = chunk->next;
    }
}

/* Put `ref` before the posting's first chunk. */
static enum tg_err chunk_link_first(struct tg_postings *postings, uint32_t first,
                                    uint32_t ref)
{
    enum tg_err err = root_set(postings, first, ref);
    if (err != TG_OK) {
        return err;
    }
    struct tg_chunk *chunk = chunk_at(postings, ref);
    chunk->prev = 0;
    chunk->next = first;
    if (first != 0) {
        chunk_at(postings, first)->prev = ref;
    }
    return TG_OK;
}

/* A chunk of the chain with room for an item, made if need be; 0 without memory. */
static uint32_t chunk_with_room(struct tg_postings *postings, uint32_t first,
                                uint32_t shape, const struct tg_access *access)
{
    uint32_t full = 0;
    uint32_t looked = 0;
    for (uint32_t ref = first; ref != 0 && looked < LOOK; looked++) {
        const struct tg_chunk *chunk = chunk_at(postings, ref);
        if (chunk->range_slot == access->range_slot) {
            if (chunk->count < chunk->capacity) {
                return ref;
            }
            full = chunk->size < TG_ARENA_SIZE_MAX ? ref : full;
        }
        ref = chunk->next;
    }
    if (full != 0) {
        return chunk_grow(postings, full);
    }
    uint32_t ref =
        chunk_create(postings, shape, access->ids, access->range_slot, TG_ARENA_UNIT);
    if (ref != 0 && chunk_link_first(postings, first, ref) != TG_OK) {
        tg_arena_give(postings->arena, ref, TG_ARENA_UNIT);
        return 0;
    }
    return ref;
}

/* ---- grids ---- */

void tg_postings_cut(struct tg_postings *postings, uint16_t slot, const int64_t *ends,
                     uint32_t count)
{
    int64_t sorted[64];
    count = count < 64 ? count : 64;
    memcpy(sorted, ends, count * sizeof *sorted);
    int64_t(*cuts)[TG_BANDS - 1] = tg_alloc(sizeof *cuts);
    if (cuts != NULL) {
        tg_bands_cut(*cuts, sorted, count);
        postings->bands.cuts[slot] = cuts;
    }
}

/* A grid of the chain with a free place, made if need be; 0 without memory. */
static uint32_t grid_with_room(struct tg_postings *postings, uint32_t shape,
                               const struct tg_access *access)
{
    uint32_t first = postings->shapes[shape].root;
    uint32_t looked = 0;
    for (uint32_t ref = first; ref != 0 && looked < LOOK; looked++) {
        const struct tg_chunk *chunk = chunk_at(postings, ref);
        if (chunk->count < chunk->capacity) {
            return ref;
        }
        ref = chunk->next;
    }
    uint32_t ref =
        chunk_create(postings, shape, access->ids, TG_NO_SLOT, sizeof(struct tg_grid));
    if (ref != 0) {
        chunk_at(postings, ref)->capacity = TG_GRID_FILTERS;
        tg_grid_init(tg_arena_at(postings->arena, ref));
        if (chunk_link_first(postings, first, ref) != TG_OK) {
            __builtin_unreachable(); /* The root is no key. */
        }
        postings->shapes[shape].postings += first == 0;
    }
    return ref;
}

static void chunk_end(struct tg_postings *postings, uint32_t ref);

static enum tg_err grid_add(struct tg_postings *postings, uint32_t shape,
                            const struct tg_access *access, const struct tg_band *bands,
                            uint32_t item, struct tg_place *place)
{
    uint32_t ref = grid_with_room(postings, shape, access);
    if (ref == 0) {
        return TG_ENOMEM;
    }
    struct tg_chunk *chunk = chunk_at(postings, ref);
    uint32_t index = tg_grid_put(tg_arena_at(postings->arena, ref), postings->arena, item,
                                 bands + access->bands_first, access->bands_count);
    if (index == UINT32_MAX) {
        if (chunk->count == 0) {
            chunk_end(postings, ref);
        }
        return TG_ENOMEM;
    }
    chunk->count++;
    postings->shapes[shape].filters++;
    *place = (struct tg_place){ref, index};
    return TG_OK;
}

/* ---- all of them ---- */

enum tg_err tg_postings_add(struct tg_postings *postings, const struct tg_access *access,
                            const struct tg_band *bands, uint32_t item,
                            struct tg_place *place)
{
    uint32_t shape_at;
    enum tg_err err = shape_get(postings, &access->shape, &shape_at);
    if (err != TG_OK) {
        return err;
    }
    if (access->shape.mode == TG_SHAPE_GRID) {
        return grid_add(postings, shape_at, access, bands, item, place);
    }
    uint32_t first =
        keyed(postings, shape_at)
            ? tg_posting_find(postings, tg_posting_hash(postings, shape_at, access->ids),
                              shape_at, access->ids)
            : postings->shapes[shape_at].root;
    uint32_t ref = chunk_with_room(postings, first, shape_at, access);
    if (ref == 0) {
        return TG_ENOMEM;
    }
    struct tg_chunk *chunk = chunk_at(postings, ref);
    struct tg_shape *shape = &postings->shapes[shape_at];
    *place = (struct tg_place){ref, chunk->count++};
    chunk->items[place->index] = item;
    if (access->range_slot != TG_NO_SLOT) {
        tg_chunk_lows(chunk)[place->index] = access->low;
        tg_chunk_highs(chunk)[place->index] = access->high;
        shape->ranges |= tg_slot_bit(access->range_slot);
    }
    postings->tuples += shape->postings == 0 && shape->key.mode == TG_SHAPE_TUPLE &&
                        shape->key.count > 1;
    shape->postings += first == 0;
    shape->filters++;
    return TG_OK;
}

static void posting_end(struct tg_postings *postings, uint32_t shape_at)
{
    struct tg_shape *shape = &postings->shapes[shape_at];
    if (--shape->postings == 0) {
        postings->tuples -= shape->key.mode == TG_SHAPE_TUPLE && shape->key.count > 1;
        shape->ranges = 0;
    }
}

/* The chunk is empty: take it out. */
static void chunk_end(struct tg_postings *postings, uint32_t ref)
{
    struct tg_chunk *chunk = chunk_at(postings, ref);
    uint32_t shape_at = chunk->shape;
    if (chunk->prev != 0) {
        chunk_unlink(postings, ref);
    } else if (chunk->next != 0) {
        if (root_set(postings, ref, chunk->next) != TG_OK) {
            __builtin_unreachable();
        }
        chunk_unlink(postings, ref);
    } else {
        root_clear(postings, ref);
        posting_end(postings, shape_at);
    }
    if (postings->shapes[shape_at].key.mode == TG_SHAPE_GRID) {
        tg_grid_finish(tg_arena_at(postings->arena, ref), postings->arena);
    }
    tg_arena_give(postings->arena, ref, chunk->size);
}

static uint32_t chain_first(const struct tg_postings *postings,
                            const struct tg_chunk *chunk)
{
    return keyed(postings, chunk->shape)
               ? tg_posting_find(postings,
                                 tg_posting_hash(postings, chunk->shape, chunk->ids),
                                 chunk->shape, chunk->ids)
               : postings->shapes[chunk->shape].root;
}

void tg_postings_remove(struct tg_postings *postings, struct tg_place place)
{
    struct tg_chunk *chunk = chunk_at(postings, place.chunk);
    bool was_full = chunk->count == chunk->capacity;
    uint32_t last = --chunk->count;
    struct tg_shape *shape = &postings->shapes[chunk->shape];
    shape->filters--;
    if (shape->key.mode == TG_SHAPE_GRID) {
        tg_grid_clear(tg_arena_at(postings->arena, place.chunk), place.index);
    } else if (place.index != last) {
        item_copy(chunk, place.index, chunk, last);
        item_moved(postings, chunk->items[place.index],
                   (struct tg_place){place.chunk, last}, place);
    }
    if (chunk->count == 0) {
        chunk_end(postings, place.chunk);
    } else if (was_full && chunk->prev != 0) {
        /* To the front, where the next item looks for room. */
        uint32_t first = chain_first(postings, chunk);
        chunk_unlink(postings, place.chunk);
        if (chunk_link_first(postings, first, place.chunk) != TG_OK) {
            __builtin_unreachable();
        }
    }
}
