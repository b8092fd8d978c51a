#include "engine/base/base64url.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t tg_base64url_write(struct tg_slice bytes, char *text)
{
    size_t size = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        bits = bits << 8 | bytes.data[i];
        for (held += 8; held >= 6; held -= 6) {
            text[size++] = digits[bits >> (held - 6) & 63];
        }
    }
    if (held != 0) {
        text[size++] = digits[bits << (6 - held) & 63];
    }
    return size;
}

static int digit_of(uint8_t byte)
{
    bool upper = byte >= 'A' && byte <= 'Z';
    bool lower = byte >= 'a' && byte <= 'z';
    bool number = byte >= '0' && byte <= '9';
    return upper         ? byte - 'A'
           : lower       ? byte - 'a' + 26
           : number      ? byte - '0' + 52
           : byte == '-' ? 62
           : byte == '_' ? 63
                         : -1;
}

bool tg_base64url_read(struct tg_slice text, uint8_t *bytes, size_t *size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = digit_of(text.data[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[count++] = (uint8_t)(bits >> held);
        }
    }
    if (held >= 6 || (bits & ((1u << held) - 1)) != 0) {
        return false;
    }
    *size = count;
    return true;
}
