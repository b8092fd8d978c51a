/* WebSocket frames (RFC 6455 5) to messages and back, for both ends of the line.
 *
 * The decoder judges as bytes arrive: a header as soon as the bit that is wrong is there,
 * UTF-8 inside frames of which only a part has come. A message that lies whole in one
 * frame in the bytes at hand is unmasked in place and handed out from there: nothing is
 * copied or allocated. Memory is held only while a message is partial, and grows with the
 * bytes that came, never with the length that a header claims. */
#ifndef TG_CODEC_WEBSOCKET_H
#define TG_CODEC_WEBSOCKET_H

#include "engine/base/buf.h"
#include "engine/base/slice.h"

enum tg_ws_role {
    TG_WS_SERVER, /* Takes masked frames only. */
    TG_WS_CLIENT, /* Takes unmasked frames only. */
};

enum tg_ws_opcode {
    TG_WS_OP_CONTINUATION = 0,
    TG_WS_OP_TEXT = 1,
    TG_WS_OP_BINARY = 2,
    TG_WS_OP_CLOSE = 8,
    TG_WS_OP_PING = 9,
    TG_WS_OP_PONG = 10,
};

enum {
    TG_WS_CODE_NONE = 1005,  /* A close frame without a code; never sent. */
    TG_WS_HEADER_MAX = 14,   /* Bytes of the longest frame header. */
    TG_WS_CONTROL_MAX = 125, /* Bytes of the longest control frame's payload. */
    TG_WS_REASON_MAX = 123,  /* Bytes of the longest reason in a close frame. */
};

struct tg_ws_limits {
    uint32_t message_max;   /* Bytes of a message (as sent: compressed, if it is). */
    uint32_t fragments_max; /* Frames of a message. */
};

struct tg_ws_partial;

/* Small, since each connection has one. Zeroed it is finished. */
struct tg_ws_decoder {
    const struct tg_ws_limits *limits; /* Borrowed. */
    struct tg_ws_partial *partial;     /* NULL unless a frame or message has begun. */
    uint64_t left;                  /* Payload bytes of the present frame yet to come. */
    uint8_t head[TG_WS_HEADER_MAX]; /* The present frame's header, as far as it came. */
    uint8_t head_size;
    uint8_t mask_at; /* Which byte of the mask is next. */
    uint8_t role;
    uint8_t state;
    uint8_t failure;
    bool allow_rsv1;
    bool lent; /* The last item borrows from `partial`. */
};

enum tg_ws_item_kind {
    TG_WS_MORE, /* All bytes were taken. */
    TG_WS_TEXT,
    TG_WS_BINARY,
    TG_WS_PING,
    TG_WS_PONG,
    TG_WS_CLOSE, /* Whatever follows is dropped. */
    TG_WS_FAIL, /* The peer broke a rule (1002, 1007, 1009), or there is no memory (1011).
                 */
};

struct tg_ws_item {
    enum tg_ws_item_kind kind;
    struct tg_slice
        payload; /* The message; a CLOSE's reason. Borrowed until the next call. */
    const char *message; /* FAIL: what is wrong, a static sentence. */
    uint16_t code;       /* CLOSE: its code, or 1005; FAIL: the code to close with. */
    bool compressed;     /* TEXT, BINARY: still to be inflated, and UTF-8 not judged. */
};

/* `limits` is borrowed and must outlive the decoder. `allow_rsv1`: permessage-deflate was
 * agreed to. */
void tg_ws_decoder_init(struct tg_ws_decoder *decoder, enum tg_ws_role role,
                        const struct tg_ws_limits *limits, bool allow_rsv1);
void tg_ws_decoder_finish(struct tg_ws_decoder *decoder);
/* Take bytes, which are unmasked where they lie. `used` of them were taken. Call it again
 * with the rest until the item is MORE (or CLOSE or FAIL): that call also gives back the
 * memory of the last item. After FAIL every call fails in the same way; after CLOSE every
 * call takes all and gives MORE. */
void tg_ws_decode(struct tg_ws_decoder *decoder, uint8_t *data, size_t size, size_t *used,
                  struct tg_ws_item *item);
/* Bytes of the heap that the decoder pins, the heap's own overhead included. */
size_t tg_ws_decoder_pinned(const struct tg_ws_decoder *decoder);

/* Write a frame header; its size is returned. `mask` (4 bytes) is NULL for a server. */
size_t tg_ws_header(uint8_t out[TG_WS_HEADER_MAX], enum tg_ws_opcode opcode, bool fin,
                    bool rsv1, uint64_t length, const uint8_t *mask);
/* Mask or unmask `data`, which lies `at` bytes into its payload. */
void tg_ws_mask(uint8_t *data, size_t size, const uint8_t mask[4], size_t at);
/* Write a close frame's payload; its size is returned. A reason that is too long is cut
 * between two characters. TG_WS_CODE_NONE gives an empty payload. */
size_t tg_ws_close_payload(uint8_t out[TG_WS_CONTROL_MAX], uint16_t code,
                           struct tg_slice reason);
/* True if a peer may send `code` (RFC 6455 7.4 and its registry): 1000-1003, 1007-1014,
 * 3000-4999. */
bool tg_ws_code_valid(uint16_t code);

/* Append a whole frame to `buf`; `mask` NULL for a server. */
void tg_ws_frame_write(struct tg_buf *buf, enum tg_ws_opcode opcode, bool fin, bool rsv1,
                       struct tg_slice payload, const uint8_t *mask);

#endif
