/* Which names may have been meant by one that nobody knows: settings, flags, commands. */
#ifndef TG_CONFIG_GUESS_H
#define TG_CONFIG_GUESS_H

#include "engine/base/slice.h"

enum { TG_GUESSES_MAX = 3, TG_GUESS_TEXT_MAX = 200 };

struct tg_guess {
    struct tg_slice name;                 /* What came. */
    struct tg_slice near[TG_GUESSES_MAX]; /* Borrowed; the nearest first. */
    size_t distance[TG_GUESSES_MAX];
    size_t count;
};

void tg_guess_init(struct tg_guess *guess, struct tg_slice name);
/* `candidate` may have been meant if few letters differ, or if `name` is its last part:
 * `port` for `clients.port`. */
void tg_guess_offer(struct tg_guess *guess, struct tg_slice candidate);
/* "; did you mean a, b or c?" with `before` before each, or "". Returns `text`. */
const char *tg_guess_text(const struct tg_guess *guess, const char *before,
                          char text[TG_GUESS_TEXT_MAX]);

#endif
