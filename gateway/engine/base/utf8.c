#include "engine/base/utf8.h"

/* The first byte of a character of several bytes says how many follow, and what the
 * second may be (RFC 3629 4). */
static bool utf8_lead(struct tg_utf8 *state, uint8_t byte)
{
    state->low = 0x80;
    state->high = 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) {
        state->left = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        state->left = 2;
        if (byte == 0xe0) {
            state->low = 0xa0; /* Below: overlong. */
        } else if (byte == 0xed) {
            state->high = 0x9f; /* Above: surrogates. */
        }
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        state->left = 3;
        if (byte == 0xf0) {
            state->low = 0x90; /* Below: overlong. */
        } else if (byte == 0xf4) {
            state->high = 0x8f; /* Above: more than U+10FFFF. */
        }
    } else {
        return false;
    }
    return true;
}

/* The first place from `at` on that is not ASCII, eight at a time. */
static const uint8_t *skip_ascii(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += 8;
    }
    while (at != end && *at < 0x80) {
        at++;
    }
    return at;
}

bool tg_utf8_feed(struct tg_utf8 *state, struct tg_slice bytes)
{
    if (bytes.size == 0) {
        return true;
    }
    const uint8_t *at = bytes.data;
    const uint8_t *end = bytes.data + bytes.size;
    for (;;) {
        if (state->left == 0) {
            at = skip_ascii(at, end);
            if (at == end) {
                return true;
            }
            if (!utf8_lead(state, *at++)) {
                return false;
            }
        }
        while (state->left != 0) {
            if (at == end) {
                return true;
            }
            if (*at < state->low || *at > state->high) {
                return false;
            }
            at++;
            state->left--;
            state->low = 0x80;
            state->high = 0xbf;
        }
    }
}

bool tg_utf8_valid(struct tg_slice bytes)
{
    struct tg_utf8 state = {0};
    return tg_utf8_feed(&state, bytes) && tg_utf8_complete(&state);
}

/* They begin with one of these bytes: DEL, C1 (C2 80 to C2 9F), D8 9C (061C), and in E2
 * and EF those that order text (200E, 200F, 2028 to 202E, 2066 to 2069) and FEFF. */
size_t tg_utf8_obeyed(struct tg_slice text, size_t at, uint32_t *code)
{
    const uint8_t *bytes = text.data + at;
    size_t left = text.size - at;
    if (bytes[0] == 0x7f) {
        *code = 0x7f;
        return 1;
    }
    if (left >= 2 && (bytes[0] == 0xc2 || bytes[0] == 0xd8)) {
        *code = (bytes[0] & 0x1fu) << 6 | (bytes[1] & 0x3fu);
        return *code < 0xa0 || *code == 0x061c ? 2 : 0;
    }
    if ((bytes[0] != 0xe2 && bytes[0] != 0xef) || left < 3) {
        return 0;
    }
    *code = (bytes[0] & 0xfu) << 12 | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
    bool orders = *code == 0x200e || *code == 0x200f ||
                  (*code >= 0x2028 && *code <= 0x202e) ||
                  (*code >= 0x2066 && *code <= 0x2069) || *code == 0xfeff;
    return orders ? 3 : 0;
}
