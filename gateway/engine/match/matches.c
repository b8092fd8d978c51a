#include "engine/base/mem.h"
#include "engine/match/private.h"

void tg_matches_begin(struct tg_matches *matches)
{
    matches->count = 0;
    matches->failed = false;
}

void tg_matches_finish(struct tg_matches *matches)
{
    tg_free(matches->items);
    tg_free(matches->entries);
}

bool tg_matches_grow(struct tg_matches *matches)
{
    uint32_t capacity = matches->capacity == 0 ? 64 : matches->capacity * 2;
    struct tg_match *items = tg_resize(matches->items, capacity * sizeof *items);
    if (items == NULL) {
        matches->failed = true;
        return false;
    }
    matches->items = items;
    uint32_t *entries = tg_resize(matches->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        matches->failed = true;
        return false;
    }
    matches->entries = entries;
    matches->capacity = capacity;
    return true;
}
