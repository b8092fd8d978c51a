/* The decoder must say the same of the same bytes, however they are cut, and what a plain
 * model says. The first byte of an input chooses the cuts, the second the decoder's
 * settings. */
#include "engine/codec/websocket.h"

#include "parts.h"
#include "testing/frames.h"
#include "websocket_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENT = 1, DEFLATE = 2, SMALL = 4 };

static const struct tg_ws_limits usual = {.message_max = 65536, .fragments_max = 1024};
static const struct tg_ws_limits small = {.message_max = 20, .fragments_max = 3};

static struct tg_buf trace(uint8_t settings, struct tg_slice bytes, tg_test_cut *cut,
                           void *context)
{
    struct tg_ws_decoder decoder;
    struct tg_buf text = {0};
    tg_ws_decoder_init(&decoder, (settings & CLIENT) != 0 ? TG_WS_CLIENT : TG_WS_SERVER,
                       (settings & SMALL) != 0 ? &small : &usual,
                       (settings & DEFLATE) != 0);
    tg_test_frames_trace(&decoder, bytes, cut, context, &text);
    /* What a decoder holds is in proportion to what it was given. */
    MUST(tg_ws_decoder_pinned(&decoder) <= 512 + 2 * bytes.size);
    tg_ws_decoder_finish(&decoder);
    MUST(tg_ws_decoder_pinned(&decoder) == 0);
    MUST(!text.failed);
    return text;
}

static void must_equal(struct tg_buf *one, struct tg_buf *other)
{
    if (!tg_slice_equal(tg_buf_slice(one), tg_buf_slice(other))) {
        fprintf(stderr, "one:\n%.*s\nother:\n%.*s\n", TG_FMT(tg_buf_slice(one)),
                TG_FMT(tg_buf_slice(other)));
        abort();
    }
    tg_buf_finish(other);
}

static void must_equal_model(uint8_t settings, struct tg_slice bytes,
                             struct tg_buf *whole)
{
    struct tg_buf text = {0};
    struct model model = {
        .client = (settings & CLIENT) != 0,
        .deflate = (settings & DEFLATE) != 0,
        .limits = (settings & SMALL) != 0 ? small : usual,
        .trace = &text,
    };
    model_run(&model, bytes);
    /* After a failure the decoder's trace goes on with why. */
    struct tg_slice said = tg_buf_slice(whole);
    if (said.size > text.size && said.data[text.size] == ' ') {
        said.size = text.size;
    }
    struct tg_buf cut = {0};
    tg_buf_add_slice(&cut, said);
    must_equal(&cut, &text);
    tg_buf_finish(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct parts parts = parts_from(data[0]);
    struct parts single = parts_from(0);
    struct tg_slice bytes = tg_slice(data + 2, size - 2);
    struct tg_buf whole = trace(data[1], bytes, NULL, NULL);
    must_equal_model(data[1], bytes, &whole);
    struct tg_buf cut = trace(data[1], bytes, parts_next, &parts);
    must_equal(&whole, &cut);
    cut = trace(data[1], bytes, parts_next, &single);
    must_equal(&whole, &cut);
    tg_buf_finish(&whole);
    return 0;
}
