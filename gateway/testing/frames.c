#include "testing/frames.h"

#include <assert.h>
#include <stdlib.h>

size_t tg_test_cut_even(void *context, size_t left)
{
    (void)left;
    return *(size_t *)context;
}

static void trace_item(const struct tg_ws_item *item, struct tg_buf *trace)
{
    static const char *const names[] = {
        [TG_WS_TEXT] = "text", [TG_WS_BINARY] = "binary", [TG_WS_PING] = "ping",
        [TG_WS_PONG] = "pong", [TG_WS_CLOSE] = "close",   [TG_WS_FAIL] = "fail",
    };
    tg_buf_add_text(trace, names[item->kind]);
    if (item->compressed) {
        tg_buf_add_byte(trace, '+');
    }
    if (item->code != 0) {
        tg_buf_printf(trace, " %u", item->code);
    }
    if (item->kind == TG_WS_FAIL) {
        tg_buf_printf(trace, " %s", item->message);
    }
    if (item->payload.size != 0) {
        tg_buf_add_byte(trace, ' ');
        tg_buf_add_slice(trace, item->payload);
    }
    tg_buf_add_byte(trace, '\n');
}

/* True if the decoder may be fed on. */
static bool trace_part(struct tg_ws_decoder *decoder, uint8_t *data, size_t size,
                       struct tg_buf *trace)
{
    struct tg_ws_item item;
    size_t at = 0;
    do {
        size_t used;
        tg_ws_decode(decoder, data + at, size - at, &used, &item);
        assert(used <= size - at);
        at += used;
        if (item.kind != TG_WS_MORE) {
            trace_item(&item, trace);
        }
    } while (item.kind != TG_WS_MORE && item.kind != TG_WS_FAIL);
    assert(item.kind == TG_WS_FAIL || at == size);
    return item.kind != TG_WS_FAIL;
}

void tg_test_frames_trace(struct tg_ws_decoder *decoder, struct tg_slice bytes,
                          tg_test_cut *cut, void *context, struct tg_buf *trace)
{
    for (size_t at = 0; at < bytes.size;) {
        size_t left = bytes.size - at;
        size_t size = cut == NULL ? left : cut(context, left);
        if (size == 0 || size > left) {
            size = left;
        }
        uint8_t *part = malloc(size);
        memcpy(part, bytes.data + at, size);
        bool on = trace_part(decoder, part, size, trace);
        free(part);
        if (!on) {
            break;
        }
        at += size;
    }
}
