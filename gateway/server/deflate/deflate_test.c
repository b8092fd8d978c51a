#include "server/deflate/deflate.h"

#include <stdlib.h>

#include "testing/cmocka.h"
#include "testing/heap.h"

static const struct tg_inflate_limits limits = {.message_max = 1 << 20, .ratio_max = 0};

static enum tg_err inflate_once(struct tg_slice bytes, unsigned window_bits,
                                const struct tg_inflate_limits *with, struct tg_buf *out)
{
    struct tg_inflater inflater;
    tg_inflater_init(&inflater, window_bits, false);
    enum tg_err err = tg_inflate(&inflater, bytes, with, out);
    if (err != TG_OK) {
        assert_int_equal(tg_inflater_pinned(&inflater), 0);
    }
    tg_inflater_finish(&inflater);
    return err;
}

static void expect_inflated(struct tg_slice bytes, const char *text)
{
    struct tg_buf out = {0};
    assert_int_equal(inflate_once(bytes, 15, &limits, &out), TG_OK);
    assert_slice(tg_buf_slice(&out), text);
    tg_buf_finish(&out);
}

/* The examples of RFC 7692 7.2.3. */
static void inflates_the_examples_of_the_rfc(void **state)
{
    (void)state;
    expect_inflated(TG_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello");
    /* Without compression. */
    expect_inflated(TG_LIT("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello");
    /* A block that says it is the last. */
    expect_inflated(TG_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello");
    /* Two blocks. */
    expect_inflated(TG_LIT("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
                    "Hello");
    /* An empty message. */
    expect_inflated(TG_LIT("\x00"), "");
    /* A last block, and nothing after it: said loosely, understood. */
    expect_inflated(TG_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello");
}

static void the_window_lives_on_with_context_takeover(void **state)
{
    (void)state;
    struct tg_inflater inflater;
    struct tg_buf out = {0};
    tg_inflater_init(&inflater, 15, true);
    assert_int_equal(tg_inflater_pinned(&inflater), 0);
    assert_int_equal(
        tg_inflate(&inflater, TG_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), &limits, &out),
        TG_OK);
    assert_int_equal(tg_inflate(&inflater, TG_LIT("\xf2\x00\x11\x00\x00"), &limits, &out),
                     TG_OK);
    assert_slice(tg_buf_slice(&out), "HelloHello");
    assert_true(tg_inflater_pinned(&inflater) > 32768);
    /* Also over a block that is the last of its stream. */
    assert_int_equal(
        tg_inflate(&inflater, TG_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), &limits, &out),
        TG_OK);
    assert_int_equal(tg_inflate(&inflater, TG_LIT("\xf2\x00\x11\x00\x00"), &limits, &out),
                     TG_OK);
    assert_slice(tg_buf_slice(&out), "HelloHelloHelloHello");
    tg_inflater_finish(&inflater);
    tg_inflater_finish(&inflater);
    tg_buf_finish(&out);
}

static void the_window_is_forgotten_without_it(void **state)
{
    (void)state;
    struct tg_inflater inflater;
    struct tg_buf out = {0};
    tg_inflater_init(&inflater, 15, false);
    assert_int_equal(
        tg_inflate(&inflater, TG_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), &limits, &out),
        TG_OK);
    assert_int_equal(tg_inflate(&inflater, TG_LIT("\xf2\x00\x11\x00\x00"), &limits, &out),
                     TG_EPROTO);
    assert_slice(tg_buf_slice(&out), "Hello");
    tg_inflater_finish(&inflater);
    tg_buf_finish(&out);
}

static void what_is_no_deflate_is_refused(void **state)
{
    (void)state;
    const struct tg_slice bad[] = {
        TG_LIT("\x07"),                      /* A block type that does not exist. */
        TG_LIT("\xff\xff\xff"),              /* The same. */
        TG_LIT("\x00\x05\x00\x00\x00Hello"), /* A length that its complement denies. */
        TG_LIT("\xf2\x48\xcd\xc9"),          /* Cut off. */
        TG_LIT("\x00\x05\x00\xfa\xffHel"),   /* Cut off in a stored block. */
        TG_LIT(""),                          /* Not even the empty block. */
        TG_LIT("\xf2\x00\x11\x00\x00"),      /* Looks back at what never was. */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tg_buf out = {0};
        tg_buf_add_text(&out, "kept");
        assert_int_equal(inflate_once(bad[i], 15, &limits, &out), TG_EPROTO);
        assert_slice(tg_buf_slice(&out), "kept");
        tg_buf_finish(&out);
    }
}

/* `size` bytes that look random but are always the same; `letters` of the alphabet. */
static struct tg_slice noise(size_t size, unsigned letters)
{
    static uint8_t bytes[300000];
    uint32_t random = 7;
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (uint8_t)('a' + (random >> 24) % letters);
    }
    return tg_slice(bytes, size);
}

static void what_is_deflated_comes_back(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 2, 125, 1000, 16384, 65536, 131072};
    for (unsigned bits = 8; bits <= 15; bits++) {
        for (int takeover = 0; takeover < 2; takeover++) {
            struct tg_deflater deflater;
            struct tg_inflater inflater;
            tg_deflater_init(&deflater, bits, takeover == 1, 6);
            /* The inflater has exactly the window that was agreed. */
            tg_inflater_init(&inflater, bits, takeover == 1);
            for (size_t i = 0; i < 3 * sizeof sizes / sizeof *sizes; i++) {
                size_t size = sizes[i / 3];
                struct tg_slice message = noise(size, i % 3 == 0   ? 1
                                                      : i % 3 == 1 ? 3
                                                                   : 26);
                struct tg_buf wire = {0};
                struct tg_buf out = {0};
                assert_int_equal(tg_deflate(&deflater, message, &wire), TG_OK);
                assert_true(wire.size >= 1);
                assert_true(size < 1000 || wire.size < size);
                assert_int_equal(
                    tg_inflate(&inflater, tg_buf_slice(&wire), &limits, &out), TG_OK);
                assert_int_equal(out.size, size);
                assert_true(size == 0 || memcmp(out.data, message.data, size) == 0);
                tg_buf_finish(&wire);
                tg_buf_finish(&out);
            }
            tg_deflater_finish(&deflater);
            tg_inflater_finish(&inflater);
        }
    }
}

static void an_empty_message_is_one_byte(void **state)
{
    (void)state;
    struct tg_deflater deflater;
    struct tg_buf wire = {0};
    tg_deflater_init(&deflater, 15, true, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tg_deflate(&deflater, (struct tg_slice){0}, &wire), TG_OK);
    }
    assert_int_equal(wire.size, 3);
    assert_memory_equal(wire.data, "\0\0\0", 3);
    assert_int_equal(tg_deflater_pinned(&deflater), 0);
    tg_deflater_finish(&deflater);
    tg_buf_finish(&wire);
}

static void a_later_message_uses_the_earlier_with_context_takeover(void **state)
{
    (void)state;
    struct tg_slice message = noise(500, 26);
    size_t size[2][2];
    for (int takeover = 0; takeover < 2; takeover++) {
        struct tg_deflater deflater;
        struct tg_buf wire = {0};
        tg_deflater_init(&deflater, 15, takeover == 1, 6);
        for (int i = 0; i < 2; i++) {
            wire.size = 0;
            assert_int_equal(tg_deflate(&deflater, message, &wire), TG_OK);
            size[takeover][i] = wire.size;
        }
        tg_deflater_finish(&deflater);
        tg_buf_finish(&wire);
    }
    assert_int_equal(size[0][0], size[0][1]);
    assert_true(size[1][1] < size[1][0] / 10);
}

static void a_message_up_to_the_limit(void **state)
{
    (void)state;
    struct tg_deflater deflater;
    struct tg_buf wire = {0};
    struct tg_buf out = {0};
    tg_deflater_init(&deflater, 15, false, 6);
    assert_int_equal(tg_deflate(&deflater, noise(40000, 26), &wire), TG_OK);
    const struct tg_inflate_limits equal = {.message_max = 40000};
    const struct tg_inflate_limits less = {.message_max = 39999};
    assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &equal, &out), TG_OK);
    assert_int_equal(out.size, 40000);
    assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &less, &out), TG_ELIMIT);
    assert_int_equal(out.size, 40000);
    tg_deflater_finish(&deflater);
    tg_buf_finish(&wire);
    tg_buf_finish(&out);
}

static void a_bomb_is_stopped_before_it_takes_memory(void **state)
{
    (void)state;
    struct tg_deflater deflater;
    struct tg_buf wire = {0};
    tg_deflater_init(&deflater, 15, false, 9);
    uint8_t *zeros = calloc(1, 16 << 20);
    assert_int_equal(tg_deflate(&deflater, tg_slice(zeros, 16 << 20), &wire), TG_OK);
    free(zeros);
    tg_deflater_finish(&deflater);
    assert_true(wire.size < 20000);
    struct tg_test_heap heap;
    struct tg_buf out = {0};
    const struct tg_inflate_limits small = {.message_max = 65536, .ratio_max = 0};
    tg_test_heap_begin(&heap, 0);
    assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &small, &out), TG_ELIMIT);
    assert_true(heap.bytes_peak < 2 * 65536 + 50000);
    tg_buf_finish(&out);
    assert_true(tg_test_heap_end(&heap));
    tg_buf_finish(&wire);
}

static void a_ratio_over_the_limit_is_refused(void **state)
{
    (void)state;
    const struct tg_inflate_limits hundred = {.message_max = 1 << 20, .ratio_max = 100};
    struct tg_deflater deflater;
    tg_deflater_init(&deflater, 15, false, 9);
    static const struct {
        size_t size;
        unsigned letters;
        enum tg_err err;
    } cases[] = {
        {TG_INFLATE_RATIO_FREE, 1, TG_OK}, /* So little is harmless. */
        {TG_INFLATE_RATIO_FREE + 1, 1, TG_ELIMIT},
        {200000, 1, TG_ELIMIT},
        {200000, 2, TG_OK},
        {200000, 26, TG_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_buf wire = {0};
        struct tg_buf out = {0};
        struct tg_slice message = noise(cases[i].size, cases[i].letters);
        assert_int_equal(tg_deflate(&deflater, message, &wire), TG_OK);
        assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &hundred, &out),
                         cases[i].err);
        /* 0 means any. */
        assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &limits, &out), TG_OK);
        tg_buf_finish(&wire);
        tg_buf_finish(&out);
    }
    tg_deflater_finish(&deflater);
}

static void the_ratio_is_judged_exactly(void **state)
{
    (void)state;
    struct tg_deflater deflater;
    struct tg_buf wire = {0};
    struct tg_buf out = {0};
    tg_deflater_init(&deflater, 15, false, 9);
    assert_int_equal(tg_deflate(&deflater, noise(100000, 1), &wire), TG_OK);
    size_t ratio = 100000 / wire.size;
    assert_true(ratio * wire.size < 100000);
    const struct tg_inflate_limits under = {.message_max = 1 << 20, .ratio_max = ratio};
    const struct tg_inflate_limits over = {.message_max = 1 << 20,
                                           .ratio_max = ratio + 1};
    assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &under, &out), TG_ELIMIT);
    assert_int_equal(inflate_once(tg_buf_slice(&wire), 15, &over, &out), TG_OK);
    tg_deflater_finish(&deflater);
    tg_buf_finish(&wire);
    tg_buf_finish(&out);
}

static void without_memory_nothing_is_added(void **state)
{
    (void)state;
    struct tg_slice message = noise(30000, 3);
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        struct tg_deflater deflater;
        struct tg_inflater inflater;
        struct tg_buf wire = {0};
        struct tg_buf out = {0};
        tg_deflater_init(&deflater, 15, true, 6);
        tg_inflater_init(&inflater, 15, true);
        tg_test_heap_begin(&heap, n);
        enum tg_err err = TG_OK;
        for (int i = 0; i < 2 && err == TG_OK; i++) {
            wire.size = out.size = 0;
            err = tg_deflate(&deflater, message, &wire);
            if (err == TG_OK) {
                err = tg_inflate(&inflater, tg_buf_slice(&wire), &limits, &out);
                assert_int_equal(out.size, err == TG_OK ? message.size : 0);
            } else {
                assert_int_equal(wire.size, 0);
            }
        }
        tg_deflater_finish(&deflater);
        tg_inflater_finish(&inflater);
        tg_buf_finish(&wire);
        tg_buf_finish(&out);
        assert_true(tg_test_heap_end(&heap));
        if (err == TG_OK) {
            break;
        }
        assert_int_equal(err, TG_ENOMEM);
        failures++;
    }
    assert_true(failures >= 8);
}

static void pinned_is_what_the_heap_gave(void **state)
{
    (void)state;
    for (unsigned bits = 8; bits <= 15; bits++) {
        struct tg_test_heap heap;
        struct tg_deflater deflater;
        struct tg_inflater inflater;
        struct tg_buf wire = {.data = NULL};
        struct tg_buf out = {.data = NULL};
        tg_test_heap_begin(&heap, 0);
        tg_deflater_init(&deflater, bits, true, 6);
        tg_inflater_init(&inflater, bits, true);
        assert_int_equal(tg_deflate(&deflater, noise(3000, 3), &wire), TG_OK);
        assert_int_equal(tg_inflate(&inflater, tg_buf_slice(&wire), &limits, &out),
                         TG_OK);
        tg_buf_finish(&wire);
        tg_buf_finish(&out);
        /* A small window is a small connection. */
        assert_true(bits > 11 || tg_deflater_pinned(&deflater) < 30000);
        assert_true(bits > 11 || tg_inflater_pinned(&inflater) < 12000);
        assert_int_equal(tg_deflater_pinned(&deflater) + tg_inflater_pinned(&inflater),
                         heap.bytes + heap.blocks * TG_HEAP_OVERHEAD);
        tg_deflater_finish(&deflater);
        tg_inflater_finish(&inflater);
        assert_true(tg_test_heap_end(&heap));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflates_the_examples_of_the_rfc),
        cmocka_unit_test(the_window_lives_on_with_context_takeover),
        cmocka_unit_test(the_window_is_forgotten_without_it),
        cmocka_unit_test(what_is_no_deflate_is_refused),
        cmocka_unit_test(what_is_deflated_comes_back),
        cmocka_unit_test(an_empty_message_is_one_byte),
        cmocka_unit_test(a_later_message_uses_the_earlier_with_context_takeover),
        cmocka_unit_test(a_message_up_to_the_limit),
        cmocka_unit_test(a_bomb_is_stopped_before_it_takes_memory),
        cmocka_unit_test(a_ratio_over_the_limit_is_refused),
        cmocka_unit_test(the_ratio_is_judged_exactly),
        cmocka_unit_test(without_memory_nothing_is_added),
        cmocka_unit_test(pinned_is_what_the_heap_gave),
    };
    return cmocka_run_group_tests_name("deflate", tests, NULL, NULL);
}
