/* What the parts of the matcher share. */
#ifndef TG_MATCH_PRIVATE_H
#define TG_MATCH_PRIVATE_H

#include "engine/match/cover.h"
#include "engine/match/match.h"
#include "engine/match/pack.h"

/* How an entry keeps its filter. */
enum tg_entry_form {
    TG_ENTRY_PACKED,  /* Packed (pack.h); the last 2 bytes are where it begins. */
    TG_ENTRY_RAW,     /* As it is, behind a pointer at the end: its code looks at it. */
    TG_ENTRY_OUTSIDE, /* The whole body is behind a pointer. */
};

/* A filter that was entered, in one block of the arena: first what a candidate needs, in
 * one line of the cache if the code is short. After the code: the places of its items,
 * then its cold part. What would not fit into a block lies outside. */
struct tg_entry {
    void *owner;
    uint64_t slots; /* Of the filter. */
    uint32_t mark;  /* Its match, if that is of this entry. */
    uint16_t code_count;
    uint16_t places_count;
    uint16_t size;
    bool about_event;
    uint8_t form; /* enum tg_entry_form */
    uint32_t code[];
};

/* Where the parts of an entry are. */
struct tg_entry_body {
    uint32_t *code;
    uint32_t code_count;
    struct tg_place *places;
    uint32_t places_count;
    const struct tg_filter *filter; /* NULL: packed. */
};

/* Where filters are packed and unpacked: large enough for any that is entered. */
struct tg_forms {
    struct tg_buf packed;
    struct tg_buf unpacked;
};

struct tg_scan {
    uint32_t *words; /* Of each filter: its number, its words, its code. */
    size_t count;
    size_t capacity;
    bool stale;
};

/* Matches while they are found. */
struct tg_matches {
    struct tg_match *items;
    uint32_t *entries;
    uint32_t count;
    uint32_t capacity;
    bool failed;
};

struct tg_matcher {
    const struct tg_schema *schema;
    struct tg_arena arena;
    struct tg_intern intern;
    struct tg_postings postings;
    struct tg_uses uses;
    struct tg_stats stats;
    struct tg_table filters; /* Entries by the hash of their filter. */
    struct tg_draft draft;
    struct tg_cover cover;
    struct tg_scan scan;
    struct tg_matches matches;
    struct tg_space space;
    struct tg_forms *forms;
    struct tg_view views[2];
    struct tg_matcher_counts counts;
    size_t outside; /* Bytes of filters and bodies. */
};

struct tg_entry_body tg_entry_body(const struct tg_entry *entry);
/* Its filter: borrowed until it is removed, and until the next call. */
const struct tg_filter *tg_entry_filter(const struct tg_matcher *matcher,
                                        const struct tg_entry *entry);
bool tg_entry_is(const struct tg_matcher *matcher, const struct tg_entry *entry,
                 const struct tg_filter *filter);
/* An entry of the filter, with room for `places` of which none is there yet; 0 without
 * memory. */
uint32_t tg_entry_create(struct tg_matcher *matcher, const struct tg_filter *filter,
                         void *owner, uint32_t places);
void tg_entry_destroy(struct tg_matcher *matcher, uint32_t ref);
/* One place more, or one less. */
void tg_entry_push(struct tg_entry *entry, struct tg_place place);
struct tg_place tg_entry_pop(struct tg_entry *entry);

static inline struct tg_entry *tg_entry_at(const struct tg_matcher *matcher, uint32_t ref)
{
    return tg_arena_at(&matcher->arena, ref);
}

void tg_matches_begin(struct tg_matches *matches);
void tg_matches_finish(struct tg_matches *matches);
bool tg_matches_grow(struct tg_matches *matches);

/* `again`: the entry may have been told before. */
static inline void tg_matches_add(struct tg_matches *matches, struct tg_entry *entry,
                                  uint32_t ref, bool before, bool after, bool again)
{
    if (again) {
        uint32_t mark = entry->mark;
        if (mark < matches->count && matches->entries[mark] == ref) {
            matches->items[mark].before |= before;
            matches->items[mark].after |= after;
            return;
        }
        entry->mark = matches->count;
    }
    if (matches->count == matches->capacity && !tg_matches_grow(matches)) {
        return;
    }
    matches->entries[matches->count] = ref;
    matches->items[matches->count++] = (struct tg_match){entry->owner, before, after};
}

/* Views of the rows: the first is of the row after, or of the only one there is. */
void tg_matcher_look(struct tg_matcher *matcher, const struct tg_rows *rows);

#endif
