#include "engine/identity/deadlines.h"

#include <assert.h>
#include <stddef.h>

#include "engine/base/mem.h"

void tg_deadlines_finish(struct tg_deadlines *deadlines)
{
    tg_free(deadlines->items);
    *deadlines = (struct tg_deadlines){0};
}

enum tg_err tg_deadlines_reserve(struct tg_deadlines *deadlines)
{
    if (deadlines->count < deadlines->capacity) {
        return TG_OK;
    }
    uint32_t capacity = deadlines->capacity == 0 ? 64 : deadlines->capacity * 2;
    struct tg_deadline **items =
        tg_resize(deadlines->items, capacity * sizeof(struct tg_deadline *));
    if (items == NULL) {
        return TG_ENOMEM;
    }
    deadlines->items = items;
    deadlines->capacity = capacity;
    return TG_OK;
}

static void place(struct tg_deadlines *deadlines, uint32_t at, struct tg_deadline *item)
{
    deadlines->items[at] = item;
    item->place = at + 1;
}

static void sift_up(struct tg_deadlines *deadlines, uint32_t at, struct tg_deadline *item)
{
    while (at > 0 && deadlines->items[(at - 1) / 2]->due_us > item->due_us) {
        place(deadlines, at, deadlines->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(deadlines, at, item);
}

static void sift_down(struct tg_deadlines *deadlines, uint32_t at,
                      struct tg_deadline *item)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= deadlines->count) {
            break;
        }
        if (child + 1 < deadlines->count &&
            deadlines->items[child + 1]->due_us < deadlines->items[child]->due_us) {
            child++;
        }
        if (deadlines->items[child]->due_us >= item->due_us) {
            break;
        }
        place(deadlines, at, deadlines->items[child]);
        at = child;
    }
    place(deadlines, at, item);
}

static void sift(struct tg_deadlines *deadlines, uint32_t at, struct tg_deadline *item)
{
    if (at > 0 && deadlines->items[(at - 1) / 2]->due_us > item->due_us) {
        sift_up(deadlines, at, item);
    } else {
        sift_down(deadlines, at, item);
    }
}

void tg_deadlines_set(struct tg_deadlines *deadlines, struct tg_deadline *deadline,
                      int64_t due_us)
{
    deadline->due_us = due_us;
    if (deadline->place != 0) {
        sift(deadlines, deadline->place - 1, deadline);
        return;
    }
    assert(deadlines->count < deadlines->capacity);
    sift_up(deadlines, deadlines->count++, deadline);
}

void tg_deadlines_cancel(struct tg_deadlines *deadlines, struct tg_deadline *deadline)
{
    if (deadline->place == 0) {
        return;
    }
    uint32_t at = deadline->place - 1;
    struct tg_deadline *last = deadlines->items[--deadlines->count];
    deadline->place = 0;
    if (last != deadline) {
        sift(deadlines, at, last);
    }
}

struct tg_deadline *tg_deadlines_first(const struct tg_deadlines *deadlines)
{
    return deadlines->count == 0 ? NULL : deadlines->items[0];
}
