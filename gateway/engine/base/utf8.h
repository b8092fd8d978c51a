/* UTF-8 (RFC 3629) judged as it arrives: overlong forms, surrogates and what is above
 * U+10FFFF are refused at the first byte that makes them so. */
#ifndef TG_BASE_UTF8_H
#define TG_BASE_UTF8_H

#include "engine/base/slice.h"

/* What the next byte must be. All zero: between two characters. */
struct tg_utf8 {
    uint8_t left; /* Bytes that the present character still needs. */
    uint8_t low;  /* The next one lies in [low, high]. */
    uint8_t high;
};

/* True if `bytes` may come next; then `state` has moved on. After false it is spent. */
bool tg_utf8_feed(struct tg_utf8 *state, struct tg_slice bytes);
/* True between two characters: a text may end here. */
static inline bool tg_utf8_complete(const struct tg_utf8 *state)
{
    return state->left == 0;
}
/* True if `bytes` are a whole text. */
bool tg_utf8_valid(struct tg_slice bytes);

/* For whatever is shown to people. The size of the character at `at` of a text, if it is
 * one that terminals obey (DEL, C1 controls) or that turns or breaks what is read (marks
 * of direction, separators of lines, the byte order mark); then `*code` is its number. 0
 * if it is another. C0 controls, of which a byte tells, are left to the caller. */
size_t tg_utf8_obeyed(struct tg_slice text, size_t at, uint32_t *code);

#endif
