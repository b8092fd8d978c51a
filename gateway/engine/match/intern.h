/* Constants of literals (texts, prefixes, numbers) as 32-bit numbers, so that comparing
 * is comparing numbers. What an event says and no literal does, has none. */
#ifndef TG_MATCH_INTERN_H
#define TG_MATCH_INTERN_H

#include "engine/base/slice.h"
#include "engine/match/arena.h"
#include "engine/match/table.h"

/* Longer texts are not interned. */
enum { TG_INTERN_TEXT_MAX = 1024 };

struct tg_intern {
    struct tg_arena *arena;
    struct tg_table table; /* In the same arena. */
};

void tg_intern_finish(struct tg_intern *intern);
/* One use more; 0 without memory. */
uint32_t tg_intern_text(struct tg_intern *intern, struct tg_slice text);
uint32_t tg_intern_number(struct tg_intern *intern, int64_t number);
/* 0: it is in no literal. */
uint32_t tg_intern_find_text(const struct tg_intern *intern, struct tg_slice text);
uint32_t tg_intern_find_number(const struct tg_intern *intern, int64_t number);
/* One use less. */
void tg_intern_release(struct tg_intern *intern, uint32_t id);

#endif
