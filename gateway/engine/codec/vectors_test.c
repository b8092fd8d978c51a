/* The cases of protocol/vectors that the codec alone can judge: frames, request heads and
 * handshakes. What needs the whole gateway (paths, Origins, budgets) is run by e2e/. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/codec/handshake.h"
#include "testing/cmocka.h"
#include "testing/frames.h"
#include "testing/vectors.h"

static const char *vectors; /* The folder protocol/vectors. */
static struct tg_http_request request;

static void walk(const char *folder, tg_test_vector *run)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", vectors, folder);
    assert_true(tg_test_vectors_walk(path, run) > 0);
}

static size_t lines_that_begin(const char *text, const char *with)
{
    size_t count = 0;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line != text;
        count += strncmp(line, with, strlen(with)) == 0;
    }
    return count;
}

/* The pings as the pongs that answer them: "6162,63,". */
static void expect_pongs(const char *name, const char *trace, struct tg_json pongs)
{
    struct tg_buf expected = {0};
    for (struct tg_json pong = tg_json_first(pongs); tg_json_kind(pong) != TG_JSON_NONE;
         pong = tg_json_next(pong)) {
        size_t before = expected.size;
        tg_buf_add_text(&expected, "ping ");
        struct tg_slice hex;
        assert_true(tg_json_string(pong, NULL, &hex));
        for (size_t i = 0; i < hex.size; i += 2) {
            char digits[3] = {(char)hex.data[i], (char)hex.data[i + 1], '\0'};
            tg_buf_add_byte(&expected, (uint8_t)strtoul(digits, NULL, 16));
        }
        expected.size -= expected.size == before + 5; /* "ping" without a payload. */
        tg_buf_add_byte(&expected, '\n');
    }
    const char *at = trace;
    for (size_t done = 0; done < expected.size;) {
        uint8_t *end = memchr(expected.data + done, '\n', expected.size - done);
        size_t size = (size_t)(end - expected.data) - done + 1;
        at = memmem(at, strlen(at), expected.data + done, size);
        if (at == NULL) {
            fail_msg("%s: no ping %.*s in\n%s", name, (int)size, expected.data + done,
                     trace);
        }
        at += size;
        done += size;
    }
    assert_int_equal(lines_that_begin(trace, "ping"), tg_json_size(pongs));
    tg_buf_finish(&expected);
}

/* What the decoder says must be the expected end, or leave it to those above it. */
static void expect_end(const char *name, const char *trace, struct tg_json close)
{
    char line[30];
    for (int code = 1000; code < 5000; code++) {
        if (!tg_test_vectors_has(close, code)) {
            continue;
        }
        bool ours = code == 1002 || code == 1007 || code == 1009;
        snprintf(line, sizeof line, "fail %d ", code);
        size_t found = lines_that_begin(trace, line);
        snprintf(line, sizeof line, "close %d", code);
        found += lines_that_begin(trace, line);
        found += code == 1003 ? lines_that_begin(trace, "binary") : 0;
        if (found != 0) {
            return;
        }
        if (!ours && lines_that_begin(trace, "fail") == 0) {
            return;
        }
    }
    if (tg_json_kind(close) == TG_JSON_NULL && lines_that_begin(trace, "fail") == 0 &&
        lines_that_begin(trace, "close") == 0) {
        return;
    }
    fail_msg("%s: ends otherwise:\n%s", name, trace);
}

static void judge_frames(const char *name, struct tg_json vector)
{
    const struct tg_ws_limits limits = {.message_max = 65536, .fragments_max = 1024};
    struct tg_json expect = tg_json_get(vector, "expect");
    struct tg_buf bytes = {0};
    tg_test_vectors_join(tg_json_get(vector, "bytes"), "hex", &bytes);
    for (size_t part = 0; part < 3; part++) {
        struct tg_ws_decoder decoder;
        struct tg_buf trace = {0};
        size_t size = part == 2 ? 1000 : part;
        tg_ws_decoder_init(&decoder, TG_WS_SERVER, &limits, false);
        tg_test_frames_trace(&decoder, tg_buf_slice(&bytes), tg_test_cut_even, &size,
                             &trace);
        tg_ws_decoder_finish(&decoder);
        tg_buf_add_byte(&trace, '\0');
        const char *text = (const char *)trace.data;
        expect_end(name, text, tg_json_get(expect, "close"));
        expect_pongs(name, text, tg_json_get(expect, "pongs"));
        assert_true(lines_that_begin(text, "text") >=
                    tg_json_size(tg_json_get(expect, "answers")));
        tg_buf_finish(&trace);
    }
    tg_buf_finish(&bytes);
}

/* The status that the codec gives to a request at the client port, 101 if all is well. */
static unsigned status_of(struct tg_slice text, size_t part)
{
    struct tg_http_parser parser = {0};
    enum tg_err err = TG_EMORE;
    for (size_t at = 0; at < text.size && err == TG_EMORE;) {
        size_t size = text.size - at < part ? text.size - at : part;
        size_t used;
        err = tg_http_feed(&parser, tg_slice(text.data + at, size), &used, &request);
        at += size;
    }
    unsigned status = parser.status;
    if (err == TG_OK) {
        struct tg_ws_handshake handshake;
        status = tg_ws_handshake_check(&request, "telegraphy.v1", NULL, &handshake) ==
                         TG_OK
                     ? 101
                     : handshake.status;
        const char *name = "origin";
        const struct tg_http_header *origin = tg_http_header(&request.headers, name);
        if (origin != NULL && (tg_http_header_count(&request.headers, name) != 1 ||
                               !tg_origin_same_host(origin->value, request.host))) {
            status = 403;
        }
        if (!tg_slice_is(request.path, "/v1/websocket")) {
            status = 404;
        }
    }
    tg_http_parser_finish(&parser);
    return status;
}

static void judge_request(const char *name, struct tg_json vector)
{
    struct tg_slice port;
    if (!tg_json_string(tg_json_get(vector, "port"), NULL, &port) ||
        !tg_slice_is(port, "client")) {
        return;
    }
    struct tg_json status = tg_json_get(tg_json_get(vector, "expect"), "status");
    struct tg_buf text = {0};
    tg_test_vectors_join(tg_json_get(vector, "text"), "text", &text);
    const size_t parts[] = {SIZE_MAX, 1, 100};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        unsigned given = status_of(tg_buf_slice(&text), parts[i]);
        if (!tg_test_vectors_has(status, given)) {
            fail_msg("%s: %u", name, given);
        }
    }
    tg_buf_finish(&text);
}

static void good_frames(void **state)
{
    (void)state;
    walk("messages/websocket", judge_frames);
}

static void bad_frames(void **state)
{
    (void)state;
    walk("reject/websocket", judge_frames);
}

static void good_requests(void **state)
{
    (void)state;
    walk("messages/http", judge_request);
}

static void bad_requests(void **state)
{
    (void)state;
    walk("reject/http", judge_request);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_frames),
        cmocka_unit_test(bad_frames),
        cmocka_unit_test(good_requests),
        cmocka_unit_test(bad_requests),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s protocol/vectors\n", argv[0]);
        return 2;
    }
    vectors = argv[1];
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
