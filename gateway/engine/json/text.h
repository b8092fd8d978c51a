/* UTF-8 and escapes, for reading and for writing: private to this folder. */
#ifndef TG_JSON_TEXT_H
#define TG_JSON_TEXT_H

#include "engine/base/slice.h"

static inline bool tg_utf8_is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The size of the well-formed UTF-8 sequence at `at` (before `end`), or 0. Table 3-7 of
 * the Unicode standard: no overlong form, no surrogate, nothing above U+10FFFF. */
static inline size_t tg_utf8_size(const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4 || left < 2 || !tg_utf8_is_tail(at[1])) {
        return 0;
    }
    if (lead < 0xe0) {
        return 2;
    }
    if (left < 3 || !tg_utf8_is_tail(at[2])) {
        return 0;
    }
    if (lead < 0xf0) {
        bool overlong = lead == 0xe0 && at[1] < 0xa0;
        bool surrogate = lead == 0xed && at[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = lead == 0xf0 && at[1] < 0x90;
    bool beyond = lead == 0xf4 && at[1] >= 0x90;
    return left < 4 || !tg_utf8_is_tail(at[3]) || overlong || beyond ? 0 : 4;
}

/* Read the escape at `at` (its backslash): the size of its source, and its bytes in UTF-8
 * in `bytes`. 0 if it is not well-formed or an unpaired surrogate. */
size_t tg_json_escape(const uint8_t *at, const uint8_t *end, uint8_t bytes[4],
                      size_t *size);

/* The first of the 8 bytes at `at` that may not stand in a string as it is (a quote, a
 * backslash, a control character) or is not ASCII; 8 if there is none. */
static inline size_t tg_json_plain(const uint8_t *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    /* The top bit of a byte of `found` is set for those bytes. Borrows can set it above a
     * byte that is found, never below: the lowest one is right. */
    uint64_t found = (word - ones * 0x20) | ((word ^ ones * '"') - ones) |
                     ((word ^ ones * '\\') - ones) | word;
    found &= ones * 0x80;
    return found == 0 ? 8 : (size_t)__builtin_ctzll(found) / 8;
}

#endif
