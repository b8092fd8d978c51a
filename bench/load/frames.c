#include "load/frames.h"

#include <string.h>

enum { PAYLOAD_MAX = 1 << 20 };

enum frame_result frame_read(struct frame *frame, const char *bytes, size_t length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    if (length < 2)
        return FRAME_PARTIAL;
    bool final_without_reserved = (b[0] & 0xf0) == 0x80;
    bool masked = b[1] & 0x80;
    if (!final_without_reserved || masked || !(b[0] & 0x0f))
        return FRAME_WRONG;

    uint64_t payload = b[1] & 0x7f;
    size_t header = 2;
    unsigned extra = payload == 126 ? 2 : payload == 127 ? 8 : 0;
    if (extra) {
        header += extra;
        if (length < header)
            return FRAME_PARTIAL;
        payload = 0;
        for (unsigned i = 0; i < extra; i++)
            payload = payload << 8 | b[2 + i];
    }
    if (payload > PAYLOAD_MAX)
        return FRAME_WRONG;
    if (length - header < payload)
        return FRAME_PARTIAL;
    *frame = (struct frame){.opcode = b[0] & 0x0f,
                            .payload = bytes + header,
                            .length = (size_t)payload,
                            .size = header + (size_t)payload};
    return FRAME_WHOLE;
}

size_t frame_write(char *out, unsigned opcode, const char *payload, size_t length)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    unsigned char *o = (unsigned char *)out;
    size_t at = 0;
    o[at++] = (unsigned char)(0x80 | opcode);
    if (length < 126) {
        o[at++] = (unsigned char)(0x80 | length);
    } else if (length < 65536) {
        o[at++] = 0x80 | 126;
        o[at++] = (unsigned char)(length >> 8);
        o[at++] = (unsigned char)length;
    } else {
        o[at++] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            o[at++] = (unsigned char)((uint64_t)length >> shift);
    }
    memcpy(o + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < length; i++)
        o[at + i] = (unsigned char)payload[i] ^ mask[i % 4];
    return at + length;
}
