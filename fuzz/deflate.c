/* Whatever is inflated stays within its limits, and what came out goes in and out again.
 * The first byte of an input chooses the window, the second the limits. */
#include "server/deflate/deflate.h"

#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_come_back(struct tg_slice message, unsigned bits)
{
    struct tg_deflater deflater;
    struct tg_inflater inflater;
    struct tg_buf wire = {0};
    struct tg_buf out = {0};
    const struct tg_inflate_limits any = {.message_max = message.size};
    tg_deflater_init(&deflater, bits, true, 1 + bits % 9);
    tg_inflater_init(&inflater, bits, true);
    for (int i = 0; i < 2; i++) {
        wire.size = out.size = 0;
        MUST(tg_deflate(&deflater, message, &wire) == TG_OK);
        MUST(tg_inflate(&inflater, tg_buf_slice(&wire), &any, &out) == TG_OK);
        MUST(tg_slice_equal(message, tg_buf_slice(&out)));
    }
    tg_deflater_finish(&deflater);
    tg_inflater_finish(&inflater);
    tg_buf_finish(&wire);
    tg_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    unsigned bits = 8 + data[0] % 8;
    const struct tg_inflate_limits limits = {
        .message_max = (size_t)1 << (data[1] % 18),
        .ratio_max = data[1] < 128 ? 0 : 100,
    };
    struct tg_inflater inflater;
    struct tg_buf out = {0};
    tg_inflater_init(&inflater, bits, (data[0] & 0x80) != 0);
    /* Twice: the second time with the window of the first, or without it. */
    for (int i = 0; i < 2; i++) {
        size_t before = out.size;
        struct tg_slice bytes = tg_slice(data + 2, size - 2);
        enum tg_err err = tg_inflate(&inflater, bytes, &limits, &out);
        MUST(err != TG_ENOMEM && !out.failed);
        MUST(err == TG_OK ? out.size - before <= limits.message_max : out.size == before);
        MUST(err == TG_OK || tg_inflater_pinned(&inflater) == 0);
    }
    must_come_back(tg_buf_slice(&out), bits);
    tg_inflater_finish(&inflater);
    tg_buf_finish(&out);
    return 0;
}
