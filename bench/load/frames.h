/* The little of RFC 6455 that a subscriber needs, written apart from the gateway's codec
 * so that a mistake there isn't mirrored here. */
#ifndef BENCH_LOAD_FRAMES_H
#define BENCH_LOAD_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
    FRAME_HEADER_MAX = 14,
};

struct frame {
    unsigned opcode;
    const char *payload;
    size_t length; /* of the payload */
    size_t size;   /* of the whole frame */
};

/* FRAME_PARTIAL  more bytes are needed
 * FRAME_WHOLE    `frame` is set; its payload lies in `bytes`
 * FRAME_WRONG    masked, fragmented, with reserved bits, or over 1 MiB: no server here
 * may */
enum frame_result { FRAME_PARTIAL, FRAME_WHOLE, FRAME_WRONG };
enum frame_result frame_read(struct frame *frame, const char *bytes, size_t length);

/* Writes a masked frame to `out`, which has room for FRAME_HEADER_MAX + length bytes;
 * returns its size. The mask is constant: it guards proxies, and there is none here. */
size_t frame_write(char *out, unsigned opcode, const char *payload, size_t length);

#endif
