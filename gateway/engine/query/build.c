#include "engine/query/build.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/query/build_parts.h"

enum { OPEN_MAX = 64, CHUNK_SIZE = 16384, ALIGN = 8, PARTS = 64 };

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    _Alignas(ALIGN) uint8_t bytes[];
};

struct level {
    uint8_t kind;
    uint32_t first; /* Its first part in `parts`. */
};

struct tg_builder {
    struct chunk *chunks;
    const struct tg_build_part **parts; /* Of all that is open, outermost first. */
    uint32_t count;
    uint32_t capacity;
    struct level levels[OPEN_MAX]; /* After the outermost, which is an AND. */
    uint32_t open;
    bool failed;
};

struct tg_builder *tg_builder_create(void)
{
    struct tg_builder *builder = tg_zalloc(1, sizeof *builder);
    if (builder == NULL) {
        return NULL;
    }
    builder->parts = tg_alloc(PARTS * sizeof(const struct tg_build_part *));
    if (builder->parts == NULL) {
        tg_free(builder);
        return NULL;
    }
    builder->capacity = PARTS;
    return builder;
}

static void builder_clear(struct tg_builder *builder)
{
    /* One chunk of the usual size stays for the next filter. */
    struct chunk *kept = NULL;
    while (builder->chunks != NULL) {
        struct chunk *chunk = builder->chunks;
        builder->chunks = chunk->next;
        if (kept == NULL && chunk->size == CHUNK_SIZE) {
            kept = chunk;
        } else {
            tg_free(chunk);
        }
    }
    if (kept != NULL) {
        kept->next = NULL;
        kept->used = 0;
    }
    builder->chunks = kept;
    builder->count = 0;
    builder->open = 0;
    builder->failed = false;
}

void tg_builder_destroy(struct tg_builder *builder)
{
    if (builder != NULL) {
        builder_clear(builder);
        tg_free(builder->chunks);
        tg_free(builder->parts);
        tg_free(builder);
    }
}

void *tg_build_take(struct tg_builder *builder, size_t size)
{
    if (builder->failed) {
        return NULL;
    }
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct chunk *chunk = builder->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        chunk = tg_alloc(sizeof *chunk + room);
        if (chunk == NULL) {
            builder->failed = true;
            return NULL;
        }
        chunk->next = builder->chunks;
        chunk->size = room;
        chunk->used = 0;
        builder->chunks = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

static void part_push(struct tg_builder *builder, const struct tg_build_part *part)
{
    if (part == NULL || builder->failed) {
        return;
    }
    if (builder->count == builder->capacity) {
        uint32_t capacity = builder->capacity * 2;
        const struct tg_build_part **parts =
            tg_resize(builder->parts, capacity * sizeof(const struct tg_build_part *));
        if (parts == NULL) {
            builder->failed = true;
            return;
        }
        builder->parts = parts;
        builder->capacity = capacity;
    }
    builder->parts[builder->count++] = part;
}

/* A group in a group of its kind is that group's children. */
void tg_build_add(struct tg_builder *builder, const struct tg_build_part *part)
{
    uint8_t kind = builder->open == 0 ? (uint8_t)TG_TERM_AND
                                      : builder->levels[builder->open - 1].kind;
    if (part == NULL || part->kind != kind) {
        part_push(builder, part);
        return;
    }
    for (uint32_t i = 0; i < part->children_count; i++) {
        part_push(builder, part->children[i]);
    }
}

static int by_order(const void *a, const void *b)
{
    return tg_build_order(*(const struct tg_build_part *const *)a,
                          *(const struct tg_build_part *const *)b);
}

static uint32_t sort_parts(const struct tg_build_part **parts, uint32_t count)
{
    if (count < 2) {
        return count;
    }
    qsort(parts, count, sizeof *parts, by_order);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < count; i++) {
        if (tg_build_order(parts[i], parts[kept - 1]) != 0) {
            parts[kept++] = parts[i];
        }
    }
    return kept;
}

/* TRUE in an AND, FALSE in an OR: left out. The other way round, it is the whole. */
static uint32_t settle_constants(uint8_t kind, const struct tg_build_part **parts,
                                 uint32_t count)
{
    uint8_t nothing = kind == TG_TERM_AND ? TG_TERM_TRUE : TG_TERM_FALSE;
    uint8_t all = kind == TG_TERM_AND ? TG_TERM_FALSE : TG_TERM_TRUE;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i]->kind == all) {
            parts[0] = parts[i];
            return 1;
        }
        if (parts[i]->kind != nothing) {
            parts[kept++] = parts[i];
        }
    }
    return kept;
}

/* What tells a part from others, as bytes: for the groups that it is in. */
struct encoding {
    uint8_t kind;
    uint8_t negated;
    uint16_t slot;
    uint32_t size;
};

static const struct tg_build_part *make_group(struct tg_builder *builder, uint8_t kind,
                                              const struct tg_build_part **parts,
                                              uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += sizeof(struct encoding) + parts[i]->size;
    }
    uint8_t *bytes = tg_build_take(builder, size);
    const struct tg_build_part **children =
        tg_build_take(builder, count * sizeof(const struct tg_build_part *));
    struct tg_build_part *group = tg_build_take(builder, sizeof *group);
    if (group == NULL) {
        return NULL;
    }
    *group = (struct tg_build_part){
        .kind = kind,
        .terms = 1,
        .cost = 1,
        .bytes = bytes,
        .size = (uint32_t)size,
        .children_count = count,
        .children = children,
    };
    for (uint32_t i = 0; i < count; i++) {
        const struct tg_build_part *part = parts[i];
        struct encoding encoding = {part->kind, part->negated, part->slot, part->size};
        memcpy(bytes, &encoding, sizeof encoding);
        bytes += sizeof encoding;
        if (part->size != 0) {
            memcpy(bytes, part->bytes, part->size);
            bytes += part->size;
        }
        children[i] = part;
        group->terms += part->terms;
        uint32_t left = UINT32_MAX - group->cost;
        group->cost += part->cost < left ? part->cost : left;
        group->programs += part->programs;
        group->slots |= part->slots;
        group->about_event = group->about_event || part->about_event;
    }
    return group;
}

/* The canonical form of a group; NULL if the builder failed. */
static const struct tg_build_part *settle(struct tg_builder *builder, uint8_t kind,
                                          const struct tg_build_part **parts,
                                          uint32_t count)
{
    count = sort_parts(parts, count);
    count = tg_build_merge(builder, kind, parts, count);
    if (builder->failed) {
        return NULL;
    }
    count = settle_constants(kind, parts, count);
    count = sort_parts(parts, count);
    if (count == 0) {
        return tg_build_make(builder, kind == TG_TERM_AND ? TG_TERM_TRUE : TG_TERM_FALSE,
                             0, false, TG_LIT(""));
    }
    return count == 1 ? parts[0] : make_group(builder, kind, parts, count);
}

void tg_build_open(struct tg_builder *builder, enum tg_term_kind kind)
{
    assert(kind == TG_TERM_AND || kind == TG_TERM_OR);
    assert(builder->open < OPEN_MAX);
    builder->levels[builder->open++] = (struct level){(uint8_t)kind, builder->count};
}

struct tg_build_sum tg_build_close(struct tg_builder *builder)
{
    assert(builder->open > 0);
    struct level level = builder->levels[--builder->open];
    struct tg_build_sum sum = {0, false};
    if (builder->failed) {
        return sum;
    }
    /* Before the first part there is no array, and nothing may be added to NULL. */
    const struct tg_build_part **parts = level.first == 0 ? builder->parts
                                                          : builder->parts + level.first;
    const struct tg_build_part *part =
        settle(builder, level.kind, parts, builder->count - level.first);
    builder->count = level.first;
    tg_build_add(builder, part);
    if (part != NULL) {
        sum = (struct tg_build_sum){part->cost, part->about_event};
    }
    return sum;
}

/* ---- literals ---- */

static void add_literal(struct tg_builder *builder, uint8_t kind, uint16_t slot,
                        bool negated, struct tg_slice bytes)
{
    tg_build_add(builder, tg_build_make(builder, kind, slot, negated, bytes));
}

void tg_build_constant(struct tg_builder *builder, bool value)
{
    add_literal(builder, value ? TG_TERM_TRUE : TG_TERM_FALSE, 0, false, TG_LIT(""));
}

void tg_build_number(struct tg_builder *builder, uint16_t slot, int64_t number,
                     bool negated)
{
    add_literal(builder, TG_TERM_NUMBER_IS, slot, negated,
                tg_slice(&number, sizeof number));
}

void tg_build_item(struct tg_builder *builder, uint16_t slot, int64_t number,
                   bool negated)
{
    add_literal(builder, TG_TERM_ITEM_NUMBER, slot, negated,
                tg_slice(&number, sizeof number));
}

void tg_build_text(struct tg_builder *builder, uint16_t slot, struct tg_slice text,
                   bool negated)
{
    add_literal(builder, TG_TERM_TEXT_IS, slot, negated, text);
}

void tg_build_part(struct tg_builder *builder, enum tg_term_kind kind, uint16_t slot,
                   struct tg_slice text, bool negated)
{
    assert(kind == TG_TERM_PREFIX || kind == TG_TERM_SUFFIX || kind == TG_TERM_CONTAINS ||
           kind == TG_TERM_ITEM_TEXT);
    add_literal(builder, (uint8_t)kind, slot, negated, text);
}

void tg_build_state(struct tg_builder *builder, enum tg_term_kind kind, uint16_t slot,
                    bool negated)
{
    assert(kind == TG_TERM_IS_NULL || kind == TG_TERM_IS_EMPTY ||
           kind == TG_TERM_PRESENT);
    add_literal(builder, (uint8_t)kind, slot, negated, TG_LIT(""));
}

void tg_build_numbers(struct tg_builder *builder, uint16_t slot, const int64_t *numbers,
                      uint32_t count, bool negated)
{
    struct tg_build_set set = {NULL, 0};
    set.items = tg_build_take(builder, count * sizeof *set.items);
    if (set.items == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        set.items[set.count++] = (struct tg_build_constant){.number = numbers[i]};
    }
    tg_build_sort(&set);
    tg_build_add(builder, tg_build_make_set(builder, slot, false, &set, negated));
}

void tg_build_texts(struct tg_builder *builder, uint16_t slot,
                    const struct tg_slice *texts, uint32_t count, bool negated)
{
    struct tg_build_set set = {NULL, 0};
    set.items = tg_build_take(builder, count * sizeof *set.items);
    if (set.items == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        set.items[set.count++] = (struct tg_build_constant){.text = texts[i]};
    }
    tg_build_sort(&set);
    tg_build_add(builder, tg_build_make_set(builder, slot, true, &set, negated));
}

void tg_build_range(struct tg_builder *builder, uint16_t slot, int64_t low, int64_t high)
{
    struct tg_build_end from = {.at.number = low};
    struct tg_build_end to = {.at.number = high};
    tg_build_add(builder, tg_build_make_range(builder, slot, false, &from, &to));
}

void tg_build_text_range(struct tg_builder *builder, uint16_t slot, struct tg_slice low,
                         bool low_open, struct tg_slice high, bool high_open)
{
    struct tg_build_end from = {.at.text = low, .none = low.data == NULL};
    struct tg_build_end to = {.at.text = high, .none = high.data == NULL};
    from.open = low_open && !from.none;
    to.open = high_open && !to.none;
    tg_build_add(builder, tg_build_make_range(builder, slot, true, &from, &to));
}

enum tg_err tg_build_finish(struct tg_builder *builder, struct tg_filter **filter)
{
    assert(builder->open == 0);
    const struct tg_build_part *root =
        builder->failed ? NULL
                        : settle(builder, TG_TERM_AND, builder->parts, builder->count);
    struct tg_filter *made = root == NULL ? NULL : tg_build_write(root);
    builder_clear(builder);
    if (made == NULL) {
        return TG_ENOMEM;
    }
    *filter = made;
    return TG_OK;
}
