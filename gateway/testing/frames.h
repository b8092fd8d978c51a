/* What a WebSocket decoder makes of bytes, as text that a test compares. */
#ifndef TG_TESTING_FRAMES_H
#define TG_TESTING_FRAMES_H

#include "engine/base/buf.h"
#include "engine/codec/websocket.h"

/* Where to cut: the size of the next part, of at most `left` bytes. */
typedef size_t tg_test_cut(void *context, size_t left);

/* Feed all of `bytes` in parts, each in memory of its own, and append a line for each
 * item to `trace`: "text hello", "binary+ ab" (compressed), "ping x", "pong x", "close
 * 1000 bye", "fail 1007 why". Parts are as `cut` says; NULL: all at once. */
void tg_test_frames_trace(struct tg_ws_decoder *decoder, struct tg_slice bytes,
                          tg_test_cut *cut, void *context, struct tg_buf *trace);

/* A cut that `*(size_t *)context` bytes long parts. */
size_t tg_test_cut_even(void *context, size_t left);

#endif
