#include "engine/match/intern.h"

#include "engine/base/map.h"

struct value {
    uint32_t uses;
    uint32_t hash;
    uint16_t size;
    bool is_number;
    uint8_t bytes[];
};

void tg_intern_finish(struct tg_intern *intern)
{
    tg_table_finish(&intern->table);
}

static uint32_t hash_of(struct tg_slice bytes, bool is_number)
{
    uint64_t hash = tg_hash(bytes);
    return (uint32_t)(hash >> 32) ^ (uint32_t)hash ^ (is_number ? 0x9e3779b9u : 0);
}

static uint32_t find(const struct tg_intern *intern, struct tg_slice bytes,
                     bool is_number, uint32_t hash)
{
    uint32_t at = UINT32_MAX;
    uint32_t id;
    while ((id = tg_table_next(&intern->table, hash, &at)) != 0) {
        const struct value *value = tg_arena_at(intern->arena, id);
        if (value->is_number == is_number &&
            tg_slice_equal(tg_slice(value->bytes, value->size), bytes)) {
            break;
        }
    }
    return id;
}

static uint32_t use(struct tg_intern *intern, struct tg_slice bytes, bool is_number)
{
    uint32_t hash = hash_of(bytes, is_number);
    uint32_t id = find(intern, bytes, is_number, hash);
    if (id != 0) {
        struct value *value = tg_arena_at(intern->arena, id);
        value->uses++;
        return id;
    }
    id = tg_arena_take(intern->arena, sizeof(struct value) + bytes.size);
    if (id == 0) {
        return 0;
    }
    if (tg_table_put(&intern->table, hash, id) != TG_OK) {
        tg_arena_give(intern->arena, id, sizeof(struct value) + bytes.size);
        return 0;
    }
    struct value *value = tg_arena_at(intern->arena, id);
    *value = (struct value){1, hash, (uint16_t)bytes.size, is_number};
    if (bytes.size != 0) {
        memcpy(value->bytes, bytes.data, bytes.size);
    }
    return id;
}

uint32_t tg_intern_text(struct tg_intern *intern, struct tg_slice text)
{
    return use(intern, text, false);
}

uint32_t tg_intern_number(struct tg_intern *intern, int64_t number)
{
    return use(intern, tg_slice(&number, sizeof number), true);
}

uint32_t tg_intern_find_text(const struct tg_intern *intern, struct tg_slice text)
{
    return text.size > TG_INTERN_TEXT_MAX
               ? 0
               : find(intern, text, false, hash_of(text, false));
}

uint32_t tg_intern_find_number(const struct tg_intern *intern, int64_t number)
{
    struct tg_slice bytes = tg_slice(&number, sizeof number);
    return find(intern, bytes, true, hash_of(bytes, true));
}

void tg_intern_release(struct tg_intern *intern, uint32_t id)
{
    struct value *value = tg_arena_at(intern->arena, id);
    if (--value->uses == 0) {
        tg_table_remove(&intern->table, value->hash, id);
        tg_arena_give(intern->arena, id, sizeof *value + value->size);
    }
}
