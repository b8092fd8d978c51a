#include "engine/match/table.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "engine/base/mem.h"

enum { DEPTH_MAX = 26, FULL = 384 };

void tg_table_finish(struct tg_table *table)
{
    tg_free(table->directory);
    *table = (struct tg_table){.arena = table->arena};
}

static uint32_t segment_create(struct tg_table *table, uint32_t depth)
{
    uint32_t ref = tg_arena_take(table->arena, sizeof(struct tg_table_segment));
    if (ref != 0) {
        struct tg_table_segment *segment = tg_arena_at(table->arena, ref);
        *segment = (struct tg_table_segment){.depth = depth};
    }
    return ref;
}

static void segment_destroy(struct tg_table *table, uint32_t ref)
{
    if (ref != 0) {
        tg_arena_give(table->arena, ref, sizeof(struct tg_table_segment));
    }
}

static enum tg_err table_begin(struct tg_table *table)
{
    uint32_t *directory = tg_alloc(sizeof *directory);
    uint32_t segment = segment_create(table, 0);
    if (directory == NULL || segment == 0) {
        tg_free(directory);
        segment_destroy(table, segment);
        return TG_ENOMEM;
    }
    directory[0] = segment;
    table->directory = directory;
    return TG_OK;
}

/* Numbers of segments alone: 4,096 of them for a million numbers. */
static enum tg_err directory_double(struct tg_table *table)
{
    size_t places = (size_t)1 << table->depth;
    uint32_t *directory =
        table->depth == DEPTH_MAX ? NULL : tg_alloc(places * 2 * sizeof *directory);
    if (directory == NULL) {
        return TG_ENOMEM;
    }
    for (size_t i = 0; i < places; i++) {
        directory[i * 2] = table->directory[i];
        directory[i * 2 + 1] = table->directory[i];
    }
    tg_free(table->directory);
    table->directory = directory;
    table->depth++;
    return TG_OK;
}

static void segment_put(struct tg_table_segment *segment, struct tg_table_slot slot)
{
    uint32_t at = tg_table_home(slot.hash);
    while (segment->slots[at].ref != 0) {
        at = tg_table_after(at);
    }
    segment->slots[at] = slot;
    segment->count++;
}

static enum tg_err segment_split(struct tg_table *table, uint32_t hash)
{
    struct tg_table_segment *full = tg_table_segment_of(table, hash);
    if (full->depth == table->depth && directory_double(table) != TG_OK) {
        return TG_ENOMEM;
    }
    uint32_t depth = full->depth + 1;
    uint32_t low = segment_create(table, depth);
    uint32_t high = segment_create(table, depth);
    if (low == 0 || high == 0) {
        segment_destroy(table, low);
        segment_destroy(table, high);
        return TG_ENOMEM;
    }
    for (uint32_t i = 0; i < TG_TABLE_SEGMENT; i++) {
        if (full->slots[i].ref != 0) {
            bool up = (full->slots[i].hash >> (32 - depth) & 1) != 0;
            segment_put(tg_arena_at(table->arena, up ? high : low), full->slots[i]);
        }
    }
    table->moved += full->count;
    size_t span = (size_t)1 << (table->depth - depth);
    size_t first = (size_t)((uint64_t)hash >> (32 - full->depth))
                   << (table->depth - full->depth);
    segment_destroy(table, table->directory[first]);
    for (size_t i = 0; i < span; i++) {
        table->directory[first + i] = low;
        table->directory[first + span + i] = high;
    }
    return TG_OK;
}

enum tg_err tg_table_put(struct tg_table *table, uint32_t hash, uint32_t ref)
{
    if (table->directory == NULL && table_begin(table) != TG_OK) {
        return TG_ENOMEM;
    }
    while (tg_table_segment_of(table, hash)->count >= FULL) {
        enum tg_err err = segment_split(table, hash);
        if (err != TG_OK) {
            return err;
        }
    }
    segment_put(tg_table_segment_of(table, hash), (struct tg_table_slot){hash, ref});
    table->count++;
    return TG_OK;
}

static struct tg_table_slot *slot_of(struct tg_table *table, uint32_t hash, uint32_t ref)
{
    struct tg_table_segment *segment = tg_table_segment_of(table, hash);
    uint32_t at = tg_table_home(hash);
    while (segment->slots[at].ref != ref) {
        assert(segment->slots[at].ref != 0);
        at = tg_table_after(at);
    }
    return &segment->slots[at];
}

void tg_table_rename(struct tg_table *table, uint32_t hash, uint32_t ref, uint32_t other)
{
    slot_of(table, hash, ref)->ref = other;
}

void tg_table_remove(struct tg_table *table, uint32_t hash, uint32_t ref)
{
    struct tg_table_segment *segment = tg_table_segment_of(table, hash);
    uint32_t hole = (uint32_t)(slot_of(table, hash, ref) - segment->slots);
    /* Close the hole by shifting back, so that no tombstones gather. */
    for (uint32_t i = tg_table_after(hole); segment->slots[i].ref != 0;
         i = tg_table_after(i)) {
        uint32_t home = tg_table_home(segment->slots[i].hash);
        uint32_t from_home = (i + TG_TABLE_SEGMENT - home) % TG_TABLE_SEGMENT;
        uint32_t from_hole = (i + TG_TABLE_SEGMENT - hole) % TG_TABLE_SEGMENT;
        if (from_home >= from_hole) {
            segment->slots[hole] = segment->slots[i];
            hole = i;
        }
    }
    segment->slots[hole] = (struct tg_table_slot){0};
    segment->count--;
    table->count--;
}

uint32_t tg_table_each(const struct tg_table *table, size_t *at)
{
    size_t places = table->directory == NULL ? 0 : (size_t)1 << table->depth;
    while (*at / TG_TABLE_SEGMENT < places) {
        const struct tg_table_segment *segment =
            tg_arena_at(table->arena, table->directory[*at / TG_TABLE_SEGMENT]);
        uint32_t slot = (uint32_t)(*at % TG_TABLE_SEGMENT);
        ++*at;
        if (slot == TG_TABLE_SEGMENT - 1) {
            /* Over the other places of the same segment. */
            size_t span = (size_t)1 << (table->depth - segment->depth);
            *at += (span - 1) * TG_TABLE_SEGMENT;
        }
        if (segment->slots[slot].ref != 0) {
            return segment->slots[slot].ref;
        }
    }
    return 0;
}
