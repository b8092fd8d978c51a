#include "engine/codec/websocket.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "testing/cmocka.h"
#include "testing/frames.h"
#include "testing/heap.h"

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
static const struct tg_ws_limits limits = {.message_max = 65536, .fragments_max = 1024};

enum { FIN = true, MORE = false };

/* What a client sends in a test. */
static struct tg_buf wire;

static void send_bytes(const void *data, size_t size)
{
    tg_buf_add(&wire, data, size);
}

static void send_frame(enum tg_ws_opcode opcode, bool fin, const char *text)
{
    tg_ws_frame_write(&wire, opcode, fin, false, tg_slice_of(text), mask);
}

static int teardown(void **state)
{
    (void)state;
    tg_buf_finish(&wire);
    return 0;
}

static void expect_with(const struct tg_ws_limits *with, enum tg_ws_role role, bool rsv1,
                        const char *expected)
{
    for (size_t part = 0; part < 40; part++) {
        struct tg_ws_decoder decoder;
        struct tg_buf trace = {0};
        struct tg_test_heap heap;
        size_t size = part == 39 ? 1000 : part;
        tg_ws_decoder_init(&decoder, role, with, rsv1);
        tg_test_frames_trace(&decoder, tg_buf_slice(&wire), tg_test_cut_even, &size,
                             &trace);
        tg_buf_add_byte(&trace, '\0');
        if (strcmp((char *)trace.data, expected) != 0) {
            fail_msg("in parts of %zu:\n%s\ninstead of\n%s", size, (char *)trace.data,
                     expected);
        }
        tg_buf_finish(&trace);
        tg_ws_decoder_finish(&decoder);
        /* Again on a heap that counts: nothing is left behind. */
        tg_test_heap_begin(&heap, 0);
        tg_ws_decoder_init(&decoder, role, with, rsv1);
        tg_test_frames_trace(&decoder, tg_buf_slice(&wire), tg_test_cut_even, &size,
                             &trace);
        tg_ws_decoder_finish(&decoder);
        tg_buf_finish(&trace);
        assert_true(tg_test_heap_end(&heap));
    }
    tg_buf_clear(&wire);
}

/* Whatever the parts, the server's decoder says this, a line for each item. */
static void expect(const char *expected)
{
    expect_with(&limits, TG_WS_SERVER, false, expected);
}

static void whole_messages(void **state)
{
    (void)state;
    send_frame(TG_WS_OP_TEXT, FIN, "hello");
    send_frame(TG_WS_OP_BINARY, FIN, "\xff\xfe");
    send_frame(TG_WS_OP_TEXT, FIN, "");
    send_frame(TG_WS_OP_BINARY, FIN, "");
    send_frame(TG_WS_OP_TEXT, FIN, "κόσμε");
    expect("text hello\nbinary \xff\xfe\ntext\nbinary\ntext κόσμε\n");
}

static void fragments_with_control_frames_between(void **state)
{
    (void)state;
    send_frame(TG_WS_OP_TEXT, MORE, "one ");
    send_frame(TG_WS_OP_PING, FIN, "p1");
    send_frame(TG_WS_OP_CONTINUATION, MORE, "");
    send_frame(TG_WS_OP_PONG, FIN, "");
    send_frame(TG_WS_OP_CONTINUATION, MORE, "two ");
    send_frame(TG_WS_OP_PING, FIN, "");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "three");
    send_frame(TG_WS_OP_BINARY, MORE, "");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "");
    send_frame(TG_WS_OP_PING, FIN, "p2");
    expect("ping p1\npong\nping\ntext one two three\nbinary\nping p2\n");
}

static void every_form_of_length(void **state)
{
    (void)state;
    static char text[70000];
    const size_t sizes[] = {125, 126, 127, 65535, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        send_frame(TG_WS_OP_BINARY, FIN, text);
        char *expected = malloc(sizes[i] + 20);
        snprintf(expected, sizes[i] + 20, "binary %s\n", text);
        size_t size = 1000;
        struct tg_ws_decoder decoder;
        for (int pass = 0; pass < 2; pass++) {
            struct tg_buf trace = {0};
            tg_ws_decoder_init(&decoder, TG_WS_SERVER, &limits, false);
            tg_test_frames_trace(&decoder, tg_buf_slice(&wire),
                                 pass == 0 ? NULL : tg_test_cut_even, &size, &trace);
            assert_slice(tg_buf_slice(&trace), expected);
            tg_buf_finish(&trace);
            tg_ws_decoder_finish(&decoder);
        }
        free(expected);
        tg_buf_clear(&wire);
    }
}

static void lengths_must_be_shortest(void **state)
{
    (void)state;
    const char *wrong = "fail 1002 a length that is not in its shortest form\n";
    send_bytes("\x82\xfe\x00\x7d", 4);
    expect(wrong);
    send_bytes("\x82\xff\0\0\0\0\0\0\xff\xff", 10);
    expect(wrong);
    send_bytes("\x82\xff\0\0\0\0\0\0\0\0", 10);
    expect(wrong);
    send_bytes("\x82\xff\x80\0\0\0\0\0\0\0", 10);
    expect("fail 1002 a length of more than 63 bits\n");
    send_bytes("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    expect("fail 1002 a length of more than 63 bits\n");
}

static void reserved_bits_and_opcodes_fail_at_the_first_byte(void **state)
{
    (void)state;
    for (unsigned head = 0; head < 256; head++) {
        uint8_t byte = (uint8_t)head;
        unsigned opcode = head & 15;
        send_bytes(&byte, 1);
        if ((head & 0x70) != 0) {
            expect("fail 1002 a reserved bit is set\n");
        } else if (opcode == 0) {
            expect("fail 1002 a continuation frame without a message to go on with\n");
        } else if ((opcode > 2 && opcode < 8) || opcode > 10) {
            expect("fail 1002 a reserved opcode\n");
        } else if (opcode >= 8 && (head & 0x80) == 0) {
            expect("fail 1002 a control frame in fragments\n");
        } else {
            expect("");
        }
    }
}

static void control_frames_of_125_bytes_and_no_more(void **state)
{
    (void)state;
    char payload[126];
    memset(payload, 'x', 125);
    payload[125] = '\0';
    send_frame(TG_WS_OP_PING, FIN, payload);
    char expected[140];
    snprintf(expected, sizeof expected, "ping %s\n", payload);
    expect(expected);
    send_bytes("\x89\xfe", 2);
    expect("fail 1002 a control frame of more than 125 bytes\n");
    send_bytes("\x88\xff", 2);
    expect("fail 1002 a control frame of more than 125 bytes\n");
}

static void a_message_inside_a_message(void **state)
{
    (void)state;
    send_frame(TG_WS_OP_TEXT, MORE, "a");
    send_frame(TG_WS_OP_TEXT, FIN, "b");
    expect("fail 1002 a new message before the last one is complete\n");
    send_frame(TG_WS_OP_TEXT, MORE, "a");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "b");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "c");
    expect("text ab\nfail 1002 a continuation frame without a message to go on with\n");
}

static void masks_belong_to_clients(void **state)
{
    (void)state;
    tg_ws_frame_write(&wire, TG_WS_OP_TEXT, true, false, TG_LIT("x"), NULL);
    expect("fail 1002 a client's frame without a mask\n");
    send_frame(TG_WS_OP_TEXT, FIN, "x");
    expect_with(&limits, TG_WS_CLIENT, false, "fail 1002 a server's frame with a mask\n");
}

static void a_client_reads_a_server(void **state)
{
    (void)state;
    tg_ws_frame_write(&wire, TG_WS_OP_TEXT, true, false, TG_LIT("one frame"), NULL);
    tg_ws_frame_write(&wire, TG_WS_OP_TEXT, false, false, TG_LIT("two "), NULL);
    tg_ws_frame_write(&wire, TG_WS_OP_PING, true, false, TG_LIT("p"), NULL);
    tg_ws_frame_write(&wire, TG_WS_OP_CONTINUATION, true, false, TG_LIT("frames"), NULL);
    tg_ws_frame_write(&wire, TG_WS_OP_CLOSE, true, false, TG_LIT("\x03\xe8"), NULL);
    expect_with(&limits, TG_WS_CLIENT, false,
                "text one frame\nping p\ntext two frames\nclose 1000\n");
}

static void close_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 65536; code += code < 5100 ? 1 : 997) {
        bool good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                    (code >= 3000 && code <= 4999);
        assert_int_equal(tg_ws_code_valid((uint16_t)code), good);
        uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        uint8_t frame[TG_WS_HEADER_MAX];
        size_t used;
        size_t size = tg_ws_header(frame, TG_WS_OP_CLOSE, true, false, 2, mask);
        memcpy(frame + size, payload, 2);
        tg_ws_mask(frame + size, 2, mask, 0);
        struct tg_ws_decoder decoder;
        struct tg_ws_item item;
        tg_ws_decoder_init(&decoder, TG_WS_SERVER, &limits, false);
        tg_ws_decode(&decoder, frame, size + 2, &used, &item);
        assert_int_equal(item.kind, good ? TG_WS_CLOSE : TG_WS_FAIL);
        assert_int_equal(item.code, good ? code : 1002);
        tg_ws_decoder_finish(&decoder);
    }
}

static void close_frames(void **state)
{
    (void)state;
    send_frame(TG_WS_OP_CLOSE, FIN, "");
    expect("close 1005\n");
    send_frame(TG_WS_OP_CLOSE, FIN, "\x03\xe8");
    expect("close 1000\n");
    send_frame(TG_WS_OP_CLOSE, FIN, "\x0f\xa0 κόσμε");
    expect("close 4000  κόσμε\n");
    send_frame(TG_WS_OP_CLOSE, FIN, "\x03");
    expect("fail 1002 a close frame of one byte\n");
    send_frame(TG_WS_OP_CLOSE, FIN, "\x03\xed");
    expect("fail 1002 a close code that may not be sent\n");
    send_frame(TG_WS_OP_CLOSE, FIN, "\x03\xe8\xce");
    expect("fail 1007 the reason of a close frame is not UTF-8\n");
}

static void what_follows_a_close_is_dropped(void **state)
{
    (void)state;
    send_frame(TG_WS_OP_TEXT, MORE, "never to be complete");
    send_frame(TG_WS_OP_CLOSE, FIN, "\x03\xe8");
    send_frame(TG_WS_OP_PING, FIN, "x");
    send_bytes("\xff\xff\xff", 3);
    expect("close 1000\n");
}

static void utf8_is_judged_at_the_end(void **state)
{
    (void)state;
    send_frame(TG_WS_OP_TEXT, FIN, "\xce");
    expect("fail 1007 a text message that is not UTF-8\n");
    send_frame(TG_WS_OP_TEXT, MORE, "\xce");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "");
    expect("fail 1007 a text message that is not UTF-8\n");
    send_frame(TG_WS_OP_TEXT, MORE, "\xce");
    send_frame(TG_WS_OP_PING, FIN, "\xff");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "\xba");
    send_frame(TG_WS_OP_TEXT, FIN, "next");
    expect("ping \xff\ntext \xce\xba\ntext next\n");
}

/* Autobahn 6.4: the message is not complete, the frame neither, and it fails already. */
static void utf8_is_judged_as_bytes_arrive(void **state)
{
    (void)state;
    const char *wrong = "fail 1007 a text message that is not UTF-8\n";
    send_frame(TG_WS_OP_TEXT, MORE, "κόσμε");
    send_frame(TG_WS_OP_CONTINUATION, MORE, "\xf4\x90");
    expect(wrong);
    uint8_t head[TG_WS_HEADER_MAX];
    send_bytes(head, tg_ws_header(head, TG_WS_OP_TEXT, true, false, 60000, mask));
    uint8_t part[] = "ab\xed\xa0";
    tg_ws_mask(part, 4, mask, 0);
    send_bytes(part, 4);
    expect(wrong);
}

static void fragments_up_to_the_limit(void **state)
{
    (void)state;
    const struct tg_ws_limits three = {.message_max = 100, .fragments_max = 3};
    send_frame(TG_WS_OP_TEXT, MORE, "a");
    send_frame(TG_WS_OP_CONTINUATION, MORE, "b");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "c");
    send_frame(TG_WS_OP_TEXT, MORE, "a");
    send_frame(TG_WS_OP_CONTINUATION, MORE, "b");
    send_frame(TG_WS_OP_CONTINUATION, MORE, "");
    send_frame(TG_WS_OP_PING, FIN, "");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "");
    expect_with(&three, TG_WS_SERVER, false,
                "text abc\nping\nfail 1009 the message has too many fragments\n");
}

static void messages_up_to_the_limit(void **state)
{
    (void)state;
    const struct tg_ws_limits ten = {.message_max = 10, .fragments_max = 10};
    const char *wrong = "fail 1009 the message is too big\n";
    send_frame(TG_WS_OP_TEXT, FIN, "0123456789");
    send_frame(TG_WS_OP_TEXT, MORE, "01234");
    send_frame(TG_WS_OP_PING, FIN, "longer than ten bytes");
    send_frame(TG_WS_OP_CONTINUATION, FIN, "56789");
    expect_with(&ten, TG_WS_SERVER, false,
                "text 0123456789\nping longer than ten bytes\ntext 0123456789\n");
    send_bytes("\x81\x8b", 2); /* 11: judged by the header alone. */
    expect_with(&ten, TG_WS_SERVER, false, wrong);
    send_frame(TG_WS_OP_TEXT, MORE, "01234");
    send_bytes("\x80\x86", 2);
    expect_with(&ten, TG_WS_SERVER, false, wrong);
    send_bytes("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    expect(wrong);
    send_frame(TG_WS_OP_TEXT, MORE, "0");
    send_bytes("\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    expect("fail 1009 the message is too big\n");
}

static void compressed_messages_are_marked(void **state)
{
    (void)state;
    tg_ws_frame_write(&wire, TG_WS_OP_TEXT, true, true, TG_LIT("\xff"), mask);
    tg_ws_frame_write(&wire, TG_WS_OP_BINARY, false, true, TG_LIT("a"), mask);
    tg_ws_frame_write(&wire, TG_WS_OP_CONTINUATION, true, false, TG_LIT("b"), mask);
    tg_ws_frame_write(&wire, TG_WS_OP_TEXT, true, false, TG_LIT("plain"), mask);
    expect_with(&limits, TG_WS_SERVER, true, "text+ \xff\nbinary+ ab\ntext plain\n");
    tg_ws_frame_write(&wire, TG_WS_OP_TEXT, false, true, TG_LIT("a"), mask);
    tg_ws_frame_write(&wire, TG_WS_OP_CONTINUATION, true, true, TG_LIT("b"), mask);
    expect_with(&limits, TG_WS_SERVER, true, "fail 1002 a reserved bit is set\n");
    tg_ws_frame_write(&wire, TG_WS_OP_PING, true, true, TG_LIT("a"), mask);
    expect_with(&limits, TG_WS_SERVER, true, "fail 1002 a reserved bit is set\n");
}

static void an_idle_decoder_is_small_and_holds_nothing(void **state)
{
    (void)state;
    struct tg_ws_decoder decoder;
    struct tg_test_heap heap;
    struct tg_ws_item item;
    size_t used;
    assert_true(sizeof decoder <= 64);
    tg_test_heap_begin(&heap, 0);
    tg_ws_decoder_init(&decoder, TG_WS_SERVER, &limits, false);
    assert_int_equal(tg_ws_decoder_pinned(&decoder), 0);
    /* A message that is whole takes no memory, nor does a header without its payload. */
    uint8_t frame[] = {0x81, 0x82, 0, 0, 0, 0, 'h', 'i', 0x81, 0xfe, 0x10, 0, 0, 0, 0, 0};
    tg_ws_decode(&decoder, frame, sizeof frame, &used, &item);
    assert_int_equal(item.kind, TG_WS_TEXT);
    assert_ptr_equal(item.payload.data, frame + 6);
    tg_ws_decode(&decoder, frame + used, sizeof frame - used, &used, &item);
    assert_int_equal(item.kind, TG_WS_MORE);
    assert_int_equal(heap.calls, 0);
    tg_ws_decoder_finish(&decoder);
    assert_true(tg_test_heap_end(&heap));
}

static void memory_grows_with_what_came_and_goes_with_the_message(void **state)
{
    (void)state;
    struct tg_ws_decoder decoder;
    struct tg_test_heap heap;
    struct tg_ws_item item;
    size_t used;
    uint8_t head[TG_WS_HEADER_MAX];
    tg_test_heap_begin(&heap, 0);
    tg_ws_decoder_init(&decoder, TG_WS_SERVER, &limits, false);
    size_t size = tg_ws_header(head, TG_WS_OP_BINARY, true, false, 65536, mask);
    tg_ws_decode(&decoder, head, size, &used, &item);
    size_t fixed = 0;
    for (size_t i = 0; i < 65535; i++) {
        uint8_t byte = 'x';
        tg_ws_decode(&decoder, &byte, 1, &used, &item);
        assert_int_equal(item.kind, TG_WS_MORE);
        if (i == 0) {
            fixed = heap.bytes;
            assert_true(fixed <= 64 + 256);
        }
        assert_true(heap.bytes <= fixed + (i + 1) * 3 / 2 + 8);
        assert_int_equal(tg_ws_decoder_pinned(&decoder),
                         heap.bytes + 2 * TG_HEAP_OVERHEAD);
    }
    uint8_t last = 'x';
    tg_ws_decode(&decoder, &last, 1, &used, &item);
    assert_int_equal(item.kind, TG_WS_BINARY);
    assert_int_equal(item.payload.size, 65536);
    tg_ws_decode(&decoder, NULL, 0, &used, &item);
    assert_int_equal(item.kind, TG_WS_MORE);
    assert_int_equal(tg_ws_decoder_pinned(&decoder), 0);
    assert_int_equal(heap.bytes, 0);
    tg_ws_decoder_finish(&decoder);
    assert_true(tg_test_heap_end(&heap));
}

static void a_session_sends(void)
{
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    send_frame(TG_WS_OP_TEXT, MORE, text);
    send_frame(TG_WS_OP_PING, FIN, "a ping");
    send_frame(TG_WS_OP_CONTINUATION, FIN, text);
    send_frame(TG_WS_OP_PING, FIN, "another");
    send_frame(TG_WS_OP_BINARY, MORE, "");
    send_frame(TG_WS_OP_CONTINUATION, FIN, text);
    send_frame(TG_WS_OP_CLOSE, FIN, "\x03\xe8 bye");
}

/* Every allocation of a session fails once: the connection ends with 1011, or nothing. */
static void without_memory_the_connection_ends_with_1011(void **state)
{
    (void)state;
    a_session_sends();
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct tg_ws_decoder decoder;
        struct tg_test_heap heap;
        struct tg_ws_item item = {0};
        tg_ws_decoder_init(&decoder, TG_WS_SERVER, &limits, false);
        tg_test_heap_begin(&heap, n);
        uint8_t *bytes = malloc(wire.size);
        memcpy(bytes, wire.data, wire.size);
        for (size_t at = 0; at < wire.size && item.kind != TG_WS_FAIL;) {
            size_t part = wire.size - at < 11 ? wire.size - at : 11;
            size_t end = at + part;
            do {
                size_t used;
                tg_ws_decode(&decoder, bytes + at, end - at, &used, &item);
                at += used;
            } while (item.kind != TG_WS_MORE && item.kind != TG_WS_FAIL);
        }
        bool failed = item.kind == TG_WS_FAIL;
        if (failed) {
            assert_int_equal(item.code, 1011);
            assert_int_equal(heap.blocks, 0);
        }
        tg_ws_decoder_finish(&decoder);
        assert_true(tg_test_heap_end(&heap));
        free(bytes);
        if (!failed) {
            break;
        }
        failures++;
    }
    assert_true(failures > 8);
}

static void headers_as_they_are_written(void **state)
{
    (void)state;
    uint8_t out[TG_WS_HEADER_MAX];
    assert_int_equal(tg_ws_header(out, TG_WS_OP_TEXT, true, false, 125, NULL), 2);
    assert_memory_equal(out, "\x81\x7d", 2);
    assert_int_equal(tg_ws_header(out, TG_WS_OP_BINARY, false, true, 126, NULL), 4);
    assert_memory_equal(out, "\x42\x7e\x00\x7e", 4);
    assert_int_equal(tg_ws_header(out, TG_WS_OP_CONTINUATION, true, false, 65535, NULL),
                     4);
    assert_memory_equal(out, "\x80\x7e\xff\xff", 4);
    assert_int_equal(tg_ws_header(out, TG_WS_OP_TEXT, true, false, 65536, NULL), 10);
    assert_memory_equal(out, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
    assert_int_equal(tg_ws_header(out, TG_WS_OP_PING, true, false, 0, mask), 6);
    assert_memory_equal(out, "\x89\x80\x37\xfa\x21\x3d", 6);
    assert_int_equal(tg_ws_header(out, TG_WS_OP_TEXT, true, false, 65536, mask), 14);
}

static void masking_at_every_place_and_size(void **state)
{
    (void)state;
    for (size_t size = 0; size < 70; size++) {
        for (size_t at = 0; at < 9; at++) {
            uint8_t *data = malloc(size + 1);
            for (size_t i = 0; i < size; i++) {
                data[i] = (uint8_t)(i * 7);
            }
            tg_ws_mask(data, size, mask, at);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(data[i], (uint8_t)(i * 7) ^ mask[(at + i) % 4]);
            }
            free(data);
        }
    }
}

static void close_payloads_are_cut_between_characters(void **state)
{
    (void)state;
    uint8_t out[TG_WS_CONTROL_MAX];
    assert_int_equal(tg_ws_close_payload(out, TG_WS_CODE_NONE, TG_LIT("x")), 0);
    assert_int_equal(tg_ws_close_payload(out, 1000, (struct tg_slice){0}), 2);
    assert_memory_equal(out, "\x03\xe8", 2);
    assert_int_equal(tg_ws_close_payload(out, 4413, TG_LIT("too much")), 10);
    assert_memory_equal(out, "\x11\x3dtoo much", 10);
    char reason[200];
    memset(reason, 'x', sizeof reason);
    assert_int_equal(tg_ws_close_payload(out, 1000, tg_slice(reason, 123)), 125);
    assert_int_equal(tg_ws_close_payload(out, 1000, tg_slice(reason, 124)), 125);
    memcpy(reason + 121, "\xf0\x9f\x90\x98", 4);
    assert_int_equal(tg_ws_close_payload(out, 1000, tg_slice(reason, 125)), 123);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whole_messages, teardown),
        cmocka_unit_test_teardown(fragments_with_control_frames_between, teardown),
        cmocka_unit_test_teardown(every_form_of_length, teardown),
        cmocka_unit_test_teardown(lengths_must_be_shortest, teardown),
        cmocka_unit_test_teardown(reserved_bits_and_opcodes_fail_at_the_first_byte,
                                  teardown),
        cmocka_unit_test_teardown(control_frames_of_125_bytes_and_no_more, teardown),
        cmocka_unit_test_teardown(a_message_inside_a_message, teardown),
        cmocka_unit_test_teardown(masks_belong_to_clients, teardown),
        cmocka_unit_test_teardown(a_client_reads_a_server, teardown),
        cmocka_unit_test_teardown(close_codes, teardown),
        cmocka_unit_test_teardown(close_frames, teardown),
        cmocka_unit_test_teardown(what_follows_a_close_is_dropped, teardown),
        cmocka_unit_test_teardown(utf8_is_judged_at_the_end, teardown),
        cmocka_unit_test_teardown(utf8_is_judged_as_bytes_arrive, teardown),
        cmocka_unit_test_teardown(fragments_up_to_the_limit, teardown),
        cmocka_unit_test_teardown(messages_up_to_the_limit, teardown),
        cmocka_unit_test_teardown(compressed_messages_are_marked, teardown),
        cmocka_unit_test_teardown(an_idle_decoder_is_small_and_holds_nothing, teardown),
        cmocka_unit_test_teardown(memory_grows_with_what_came_and_goes_with_the_message,
                                  teardown),
        cmocka_unit_test_teardown(without_memory_the_connection_ends_with_1011, teardown),
        cmocka_unit_test_teardown(headers_as_they_are_written, teardown),
        cmocka_unit_test_teardown(masking_at_every_place_and_size, teardown),
        cmocka_unit_test_teardown(close_payloads_are_cut_between_characters, teardown),
    };
    return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
