/* RFC 6455 said again in the plainest way: all bytes at hand, no state between calls.
 * Only for the fuzz target, which holds the decoder to it. */
#ifndef FUZZ_WEBSOCKET_MODEL_H
#define FUZZ_WEBSOCKET_MODEL_H

#include "engine/base/buf.h"
#include "engine/base/utf8.h"
#include "engine/codec/websocket.h"

struct model {
    bool client;
    bool deflate;
    struct tg_ws_limits limits;
    uint8_t opcode; /* Of the message that is not complete; 0: none. */
    bool compressed;
    uint32_t fragments;
    struct tg_buf message;
    struct tg_buf
        *trace; /* As testing/frames.h has it, but a failure without its text. */
};

struct model_frame {
    bool fin;
    bool rsv1;
    uint8_t opcode;
    bool whole;
    struct tg_buf payload; /* As much of it as there is. */
};

/* True, always: the caller is to stop. */
static bool model_fail(struct model *model, unsigned code)
{
    tg_buf_printf(model->trace, "fail %u", code);
    return true;
}

static void model_say(struct model *model, const char *kind, struct tg_slice payload)
{
    tg_buf_add_text(model->trace, kind);
    if (payload.size != 0) {
        tg_buf_add_byte(model->trace, ' ');
        tg_buf_add_slice(model->trace, payload);
    }
    tg_buf_add_byte(model->trace, '\n');
}

static bool model_may_go_on(struct tg_slice text)
{
    struct tg_utf8 state = {0};
    return tg_utf8_feed(&state, text);
}

static bool model_control(struct model *model, const struct model_frame *frame)
{
    struct tg_slice payload = tg_buf_slice(&frame->payload);
    if (!frame->whole) {
        return true;
    }
    if (frame->opcode != 8) {
        model_say(model, frame->opcode == 9 ? "ping" : "pong", payload);
        return false;
    }
    if (payload.size == 0) {
        model_say(model, "close 1005", payload);
        return true;
    }
    unsigned code = payload.size == 1 ? 0 : payload.data[0] * 256u + payload.data[1];
    bool good = (code >= 1000 && code < 1004) || (code > 1006 && code < 1015) ||
                (code >= 3000 && code < 5000);
    if (!good) {
        return model_fail(model, 1002);
    }
    struct tg_slice reason = tg_slice(payload.data + 2, payload.size - 2);
    if (!tg_utf8_valid(reason)) {
        return model_fail(model, 1007);
    }
    tg_buf_printf(model->trace, "close %u", code);
    model_say(model, "", reason);
    return true;
}

static bool model_data(struct model *model, const struct model_frame *frame)
{
    if (frame->opcode != 0) {
        model->opcode = frame->opcode;
        model->compressed = frame->rsv1;
        model->fragments = 1;
        model->message.size = 0;
    }
    tg_buf_add_slice(&model->message, tg_buf_slice(&frame->payload));
    struct tg_slice message = tg_buf_slice(&model->message);
    bool text = model->opcode == 1 && !model->compressed;
    if (text && !model_may_go_on(message)) {
        return model_fail(model, 1007);
    }
    if (!frame->whole) {
        return true;
    }
    if (frame->fin) {
        if (text && !tg_utf8_valid(message)) {
            return model_fail(model, 1007);
        }
        const char *kinds[] = {"text", "text+", "binary", "binary+"};
        model_say(model, kinds[(model->opcode - 1) * 2 + model->compressed], message);
        model->opcode = 0;
    }
    return false;
}

/* What is wrong with the first byte of a frame: a close code, or 0. */
static unsigned model_first(struct model *model, uint8_t first)
{
    unsigned opcode = first & 15;
    bool data = opcode == 1 || opcode == 2;
    if ((first & 0x30) != 0 || ((first & 0x40) != 0 && !(data && model->deflate)) ||
        (opcode > 2 && opcode < 8) || opcode > 10 || (opcode > 7 && first < 0x80) ||
        (opcode == 0 && model->opcode == 0) || (data && model->opcode != 0)) {
        return 1002;
    }
    return opcode == 0 && ++model->fragments > model->limits.fragments_max ? 1009 : 0;
}

/* One frame from the front of `bytes`; true if nothing can come after it. */
static bool model_frame(struct model *model, struct tg_slice *bytes)
{
    const uint8_t *at = bytes->data;
    size_t left = bytes->size;
    unsigned code = left == 0 ? 0 : model_first(model, at[0]);
    if (code != 0) {
        return model_fail(model, code);
    }
    if (left < 2) {
        return true;
    }
    bool control = (at[0] & 8) != 0;
    uint64_t length = at[1] & 127;
    if ((at[1] > 127) == model->client || (control && length > 125)) {
        return model_fail(model, 1002);
    }
    size_t more = length < 126 ? 0 : length == 126 ? 2 : 8;
    if (left < 2 + more) {
        return true;
    }
    for (size_t i = 0; i < more; i++) {
        length = (i == 0 ? 0 : length << 8) + at[2 + i];
    }
    if ((more == 2 && length < 126) ||
        (more == 8 && (length < 65536 || length >> 63 != 0))) {
        return model_fail(model, 1002);
    }
    size_t before = model->opcode == 0 ? 0 : model->message.size;
    if (!control && before + length > model->limits.message_max) {
        return model_fail(model, 1009);
    }
    size_t head = 2 + more + (model->client ? 0 : 4);
    if (left < head) {
        return true;
    }
    struct model_frame frame = {
        .fin = at[0] > 127,
        .rsv1 = (at[0] & 0x40) != 0,
        .opcode = at[0] & 15,
        .whole = left - head >= length,
    };
    size_t size = frame.whole ? (size_t)length : left - head;
    for (size_t i = 0; i < size; i++) {
        uint8_t mask = model->client ? 0 : at[2 + more + i % 4];
        tg_buf_add_byte(&frame.payload, at[head + i] ^ mask);
    }
    bool last = control ? model_control(model, &frame) : model_data(model, &frame);
    tg_buf_finish(&frame.payload);
    *bytes = tg_slice(at + head + size, left - head - size);
    return last;
}

/* Append the trace of `bytes` to `model->trace`. */
static void model_run(struct model *model, struct tg_slice bytes)
{
    while (!model_frame(model, &bytes)) {}
    tg_buf_finish(&model->message);
}

#endif
