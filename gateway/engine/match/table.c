#include "engine/match/table.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "engine/base/mem.h"

enum { DEPTH_MAX = 26, FULL = TG_TABLE_SEGMENT / 4 * 3 };

void tg_table_finish(struct tg_table *table)
{
    if (table->directory == NULL) {
        return;
    }
    size_t places = (size_t)1 << table->depth;
    for (size_t i = 0; i < places;) {
        struct tg_table_segment *segment = table->directory[i];
        i += (size_t)1 << (table->depth - segment->depth);
        tg_free(segment);
    }
    tg_free(table->directory);
    *table = (struct tg_table){0};
}

static struct tg_table_segment *segment_create(struct tg_table *table, uint32_t depth)
{
    struct tg_table_segment *segment = tg_zalloc(1, sizeof *segment);
    if (segment != NULL) {
        segment->depth = depth;
        table->bytes += sizeof *segment;
    }
    return segment;
}

static enum tg_err table_begin(struct tg_table *table)
{
    struct tg_table_segment **directory = tg_alloc(sizeof *directory);
    struct tg_table_segment *segment = segment_create(table, 0);
    if (directory == NULL || segment == NULL) {
        tg_free(directory);
        table->bytes -= segment == NULL ? 0 : sizeof *segment;
        tg_free(segment);
        return TG_ENOMEM;
    }
    directory[0] = segment;
    table->directory = directory;
    table->bytes += sizeof *directory;
    return TG_OK;
}

/* Pointers alone: 2,048 of them for a million numbers. */
static enum tg_err directory_double(struct tg_table *table)
{
    size_t places = (size_t)1 << table->depth;
    struct tg_table_segment **directory =
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
    table->bytes += places * sizeof *directory;
    table->depth++;
    return TG_OK;
}

static void segment_put(struct tg_table_segment *segment, struct tg_table_slot slot)
{
    uint32_t at = slot.hash % TG_TABLE_SEGMENT;
    while (segment->slots[at].ref != 0) {
        at = (at + 1) % TG_TABLE_SEGMENT;
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
    struct tg_table_segment *low = segment_create(table, depth);
    struct tg_table_segment *high = segment_create(table, depth);
    if (low == NULL || high == NULL) {
        table->bytes -= (low == NULL ? 0 : sizeof *low) + (high == NULL ? 0 : sizeof *high);
        tg_free(low);
        tg_free(high);
        return TG_ENOMEM;
    }
    for (uint32_t i = 0; i < TG_TABLE_SEGMENT; i++) {
        if (full->slots[i].ref != 0) {
            bool up = (full->slots[i].hash >> (32 - depth) & 1) != 0;
            segment_put(up ? high : low, full->slots[i]);
        }
    }
    table->moved += full->count;
    size_t span = (size_t)1 << (table->depth - depth);
    size_t shared = (size_t)((uint64_t)hash >> (32 - full->depth));
    size_t first = shared << (table->depth - full->depth);
    for (size_t i = 0; i < span; i++) {
        table->directory[first + i] = low;
        table->directory[first + span + i] = high;
    }
    table->bytes -= sizeof *full;
    tg_free(full);
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
    uint32_t at = hash % TG_TABLE_SEGMENT;
    while (segment->slots[at].ref != ref) {
        assert(segment->slots[at].ref != 0);
        at = (at + 1) % TG_TABLE_SEGMENT;
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
    for (uint32_t i = (hole + 1) % TG_TABLE_SEGMENT; segment->slots[i].ref != 0;
         i = (i + 1) % TG_TABLE_SEGMENT) {
        uint32_t home = segment->slots[i].hash % TG_TABLE_SEGMENT;
        if ((i - home) % TG_TABLE_SEGMENT >= (i - hole) % TG_TABLE_SEGMENT) {
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
        const struct tg_table_segment *segment = table->directory[*at / TG_TABLE_SEGMENT];
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
