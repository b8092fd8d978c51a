/* What ends first? A heap of deadlines that live inside what has them. Unlike the timer
 * wheel of engine/base it tells the earliest, which is the one to go at a limit. */
#ifndef TG_IDENTITY_DEADLINES_H
#define TG_IDENTITY_DEADLINES_H

#include <stdint.h>

#include "engine/base/err.h"

/* All zero is one that is not set. */
struct tg_deadline {
    int64_t due_us;
    uint32_t place; /* In the heap, + 1; 0: not set. */
};

/* All zero is an empty one. */
struct tg_deadlines {
    struct tg_deadline **items;
    uint32_t count;
    uint32_t capacity;
};

void tg_deadlines_finish(struct tg_deadlines *deadlines);
/* Make room for one more, so that the next new one can be set.
 *
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_deadlines_reserve(struct tg_deadlines *deadlines);
/* Replaces an earlier one; there is room. */
void tg_deadlines_set(struct tg_deadlines *deadlines, struct tg_deadline *deadline,
                      int64_t due_us);
/* Harmless if it is not set. */
void tg_deadlines_cancel(struct tg_deadlines *deadlines, struct tg_deadline *deadline);
/* The earliest, or NULL. */
struct tg_deadline *tg_deadlines_first(const struct tg_deadlines *deadlines);

#endif
