/* UTF-8 and escapes, for reading and for writing: private to this folder. */
#ifndef TG_JSON_TEXT_H
#define TG_JSON_TEXT_H

#include "engine/base/slice.h"

#if defined(__SSE2__) && !defined(TG_JSON_PORTABLE)
#include <emmintrin.h>
#endif

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

/* Strings are looked through a stride at a time: 16 bytes where there is SSE2 (every
 * x86-64), 8 elsewhere. TG_JSON_PORTABLE asks for the latter, so that tests try both.
 *
 * `tg_json_odd` gives a mask of those bytes of a stride that are not plain: what may not
 * stand in a string as it is (a quote, a backslash, a control character), or no ASCII.
 * It has TG_JSON_ODD_BITS bits for each byte, the first byte's lowest. */
#if defined(__SSE2__) && !defined(TG_JSON_PORTABLE)
enum { TG_JSON_STRIDE = 16, TG_JSON_ODD_BITS = 1 };

static inline uint64_t tg_json_odd(const uint8_t *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    /* As signed numbers, bytes beyond ASCII are negative: below a space like controls. */
    __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    return (uint64_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), low));
}
#else
enum { TG_JSON_STRIDE = 8, TG_JSON_ODD_BITS = 8 };

static inline uint64_t tg_json_odd(const uint8_t *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    /* Without its top bit a byte takes an addition of up to 0x80 and carries nothing into
     * the next; the sum has the top bit if the byte is plain in that respect. */
    uint64_t low = word & ones * 0x7f;
    uint64_t plain = (low + ones * 0x60) & ((low ^ ones * '"') + ones * 0x7f) &
                     ((low ^ ones * '\\') + ones * 0x7f);
    return (~plain | word) & ones * 0x80;
}
#endif

static inline size_t tg_json_odd_first(uint64_t odd)
{
    return (size_t)__builtin_ctzll(odd) / TG_JSON_ODD_BITS;
}

/* What tg_json_plain_end does, with less than a stride to go. From `begin` on all may be
 * read: so it is a whole stride that ends at `end`, its beginning shifted out. */
const uint8_t *tg_json_plain_tail(const uint8_t *at, const uint8_t *begin,
                                  const uint8_t *end);

/* The first byte from `at` on that is not plain, or `end`; `begin` is not after `at`. */
static inline const uint8_t *tg_json_plain_end(const uint8_t *at, const uint8_t *begin,
                                               const uint8_t *end)
{
    for (; end - at >= TG_JSON_STRIDE; at += TG_JSON_STRIDE) {
        uint64_t odd = tg_json_odd(at);
        if (odd != 0) {
            return at + tg_json_odd_first(odd);
        }
    }
    return tg_json_plain_tail(at, begin, end);
}

#endif
