#include "engine/json/text.h"

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The four digits of `\uXXXX` at `at`, or -1. */
static int32_t hex_unit(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t utf8_put(uint8_t *bytes, uint32_t point)
{
    if (point < 0x80) {
        bytes[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | point >> 6);
        bytes[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | point >> 12);
        bytes[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    bytes[0] = (uint8_t)(0xf0 | point >> 18);
    bytes[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    bytes[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    bytes[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

static size_t unicode_escape(const uint8_t *at, const uint8_t *end, uint8_t bytes[4],
                             size_t *size)
{
    int32_t unit = hex_unit(at, end);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
        return 0;
    }
    if (unit < 0xd800 || unit > 0xdbff) {
        *size = utf8_put(bytes, (uint32_t)unit);
        return 6;
    }
    int32_t low = hex_unit(at + 6, end);
    if (low < 0xdc00 || low > 0xdfff) {
        return 0;
    }
    uint32_t point =
        0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    *size = utf8_put(bytes, point);
    return 12;
}

size_t tg_json_escape(const uint8_t *at, const uint8_t *end, uint8_t bytes[4],
                      size_t *size)
{
    if (end - at < 2) {
        return 0;
    }
    *size = 1;
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
        bytes[0] = at[1];
        return 2;
    case 'b':
        bytes[0] = '\b';
        return 2;
    case 'f':
        bytes[0] = '\f';
        return 2;
    case 'n':
        bytes[0] = '\n';
        return 2;
    case 'r':
        bytes[0] = '\r';
        return 2;
    case 't':
        bytes[0] = '\t';
        return 2;
    case 'u':
        return unicode_escape(at, end, bytes, size);
    default:
        return 0;
    }
}

const uint8_t *tg_json_plain_tail(const uint8_t *at, const uint8_t *begin,
                                  const uint8_t *end)
{
    if (at < end && end - begin >= TG_JSON_STRIDE) {
        size_t before = (size_t)(at - (end - TG_JSON_STRIDE));
        uint64_t odd = tg_json_odd(end - TG_JSON_STRIDE) >> before * TG_JSON_ODD_BITS;
        return odd == 0 ? end : at + tg_json_odd_first(odd);
    }
    while (at < end && *at >= ' ' && *at < 0x80 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}
