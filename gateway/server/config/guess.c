#include "server/config/guess.h"

#include <stdio.h>

void tg_guess_init(struct tg_guess *guess, struct tg_slice name)
{
    *guess = (struct tg_guess){.name = name};
}

enum { NAME_MAX_ = 64 };

/* How many letters must be put in, taken out, changed or swapped with their neighbour
 * to make `a` of `b` (optimal string alignment), of at most NAME_MAX_ letters each. */
static size_t distance(struct tg_slice a, struct tg_slice b)
{
    size_t rows[3][NAME_MAX_ + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.size; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool same = a.data[i - 1] == b.data[j - 1];
            size_t least = above[j - 1] + (same ? 0 : 1);
            least = above[j] + 1 < least ? above[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1] && before[j - 2] + 1 < least) {
                least = before[j - 2] + 1;
            }
            row[j] = least;
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b.size];
}

void tg_guess_offer(struct tg_guess *guess, struct tg_slice candidate)
{
    struct tg_slice name = guess->name;
    if (name.size > NAME_MAX_ || candidate.size > NAME_MAX_) {
        return;
    }
    size_t far = distance(name, candidate);
    /* `port` may be meant to be `clients.port`: the end of the path is as good. */
    bool is_end =
        candidate.size > name.size && name.size != 0 &&
        strchr(".-", candidate.data[candidate.size - name.size - 1]) != NULL &&
        tg_slice_equal(name,
                       tg_slice(candidate.data + candidate.size - name.size, name.size));
    far = is_end ? 1 : far;
    if (far > 1 + name.size / 4) {
        return;
    }
    if (guess->count != 0 && far > guess->distance[0] + 1) {
        return;
    }
    size_t at = guess->count;
    while (at > 0 && guess->distance[at - 1] > far) {
        at--;
    }
    for (size_t i = TG_GUESSES_MAX - 1; i > at; i--) {
        guess->near[i] = guess->near[i - 1];
        guess->distance[i] = guess->distance[i - 1];
    }
    if (at < TG_GUESSES_MAX) {
        guess->near[at] = candidate;
        guess->distance[at] = far;
        guess->count += guess->count < TG_GUESSES_MAX ? 1 : 0;
    }
    /* What is much further away than the best was hardly meant. */
    while (guess->distance[guess->count - 1] > guess->distance[0] + 1) {
        guess->count--;
    }
}

const char *tg_guess_text(const struct tg_guess *guess, const char *before,
                          char text[TG_GUESS_TEXT_MAX])
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < guess->count && at < TG_GUESS_TEXT_MAX - 80; i++) {
        const char *joint = i == 0                 ? "; did you mean "
                            : i + 1 < guess->count ? ", "
                                                   : " or ";
        at += (size_t)snprintf(text + at, TG_GUESS_TEXT_MAX - at, "%s%s%.*s%s", joint,
                               before, TG_FMT(guess->near[i]),
                               i + 1 == guess->count ? "?" : "");
    }
    return text;
}
