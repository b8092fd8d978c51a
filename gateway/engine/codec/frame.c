/* Writing frames, and what both directions share. */
#include "engine/codec/websocket.h"

#include <assert.h>

#include "engine/base/utf8.h"

size_t tg_ws_header(uint8_t out[TG_WS_HEADER_MAX], enum tg_ws_opcode opcode, bool fin,
                    bool rsv1, uint64_t length, const uint8_t *mask)
{
    assert(length >> 63 == 0);
    uint8_t masked = mask != NULL ? 0x80 : 0;
    size_t length_size = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
    out[0] = (uint8_t)(opcode | (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0));
    out[1] = (uint8_t)(masked | (length_size == 0   ? length
                                 : length_size == 2 ? 126
                                                    : 127));
    size_t size = 2;
    for (size_t i = length_size; i > 0; i--) {
        out[size++] = (uint8_t)(length >> (8 * (i - 1)));
    }
    if (mask != NULL) {
        memcpy(out + size, mask, 4);
        size += 4;
    }
    return size;
}

/* Eight bytes at a time, with the mask turned so that its first byte is the next one. */
void tg_ws_mask(uint8_t *data, size_t size, const uint8_t mask[4], size_t at)
{
    uint8_t turned[8];
    for (size_t i = 0; i < sizeof turned; i++) {
        turned[i] = mask[(at + i) & 3];
    }
    uint64_t key;
    memcpy(&key, turned, sizeof key);
    size_t i = 0;
    for (; size - i >= sizeof key; i += sizeof key) {
        uint64_t word;
        memcpy(&word, data + i, sizeof word);
        word ^= key;
        memcpy(data + i, &word, sizeof word);
    }
    for (; i < size; i++) {
        data[i] ^= turned[i & 3];
    }
}

bool tg_ws_code_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

size_t tg_ws_close_payload(uint8_t out[TG_WS_CONTROL_MAX], uint16_t code,
                           struct tg_slice reason)
{
    if (code == TG_WS_CODE_NONE) {
        return 0;
    }
    size_t size = reason.size;
    if (size > TG_WS_REASON_MAX) {
        size = TG_WS_REASON_MAX;
        while (size > 0 && (reason.data[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    out[0] = (uint8_t)(code >> 8);
    out[1] = (uint8_t)code;
    if (size != 0) {
        memcpy(out + 2, reason.data, size);
    }
    return size + 2;
}

void tg_ws_frame_write(struct tg_buf *buf, enum tg_ws_opcode opcode, bool fin, bool rsv1,
                       struct tg_slice payload, const uint8_t *mask)
{
    uint8_t head[TG_WS_HEADER_MAX];
    size_t head_size = tg_ws_header(head, opcode, fin, rsv1, payload.size, mask);
    uint8_t *room = tg_buf_room(buf, head_size + payload.size);
    if (room == NULL) {
        return;
    }
    memcpy(room, head, head_size);
    if (payload.size != 0) {
        memcpy(room + head_size, payload.data, payload.size);
        if (mask != NULL) {
            tg_ws_mask(room + head_size, payload.size, mask, 0);
        }
    }
    buf->size += head_size + payload.size;
}
