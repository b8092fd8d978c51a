#include "engine/codec/http1.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "testing/cmocka.h"
#include "testing/heap.h"

static struct tg_http_request request;
static struct tg_http_reply reply;

/* Feed `text` in parts of `part` bytes, each in memory of its own, so that the sanitizer
 * sees every read beyond it. `*taken` is what was used in all. */
static enum tg_err feed(struct tg_http_parser *parser, struct tg_slice text, size_t part,
                        size_t *taken)
{
    enum tg_err err = TG_EMORE;
    static uint8_t *bytes;
    *taken = 0;
    while (err == TG_EMORE && *taken < text.size) {
        size_t size = text.size - *taken < part ? text.size - *taken : part;
        size_t used;
        free(bytes);
        bytes = malloc(size);
        memcpy(bytes, text.data + *taken, size);
        err = tg_http_feed(parser, tg_slice(bytes, size), &used, &request);
        if (err == TG_EMORE) {
            assert_int_equal(used, size);
        }
        *taken += used;
    }
    if (text.size == 0) {
        free(bytes);
        bytes = NULL;
    }
    return err;
}

static void forget(void)
{
    size_t taken;
    struct tg_http_parser parser = {0};
    assert_int_equal(feed(&parser, (struct tg_slice){0}, 1, &taken), TG_EMORE);
}

static void expect_refusal_of(struct tg_slice text, unsigned status)
{
    const size_t parts[] = {SIZE_MAX, 1, 7};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct tg_http_parser parser = {0};
        size_t taken;
        enum tg_err err = feed(&parser, text, parts[i], &taken);
        if (parser.status != status) {
            fail_msg("status %u instead of %u for: %.*s", parser.status, status,
                     TG_FMT(text));
        }
        assert_int_equal(err, status == 431 ? TG_ELIMIT : TG_EPROTO);
        assert_non_null(parser.message);
        assert_int_equal(tg_http_parser_pinned(&parser), 0);
        /* And for good. */
        assert_int_equal(feed(&parser, TG_LIT("GET / HTTP/1.0\r\n\r\n"), 99, &taken),
                         err);
        assert_int_equal(parser.status, status);
        tg_http_parser_finish(&parser);
    }
    forget();
}

static void expect_refusal(const char *text, unsigned status)
{
    expect_refusal_of(tg_slice_of(text), status);
}

/* `text` is one whole head: the parser takes it, and it alone. */
static void expect_good(const char *text)
{
    static const char after[] = "\0after";
    size_t size = strlen(text);
    uint8_t *bytes = malloc(size + sizeof after);
    memcpy(bytes, text, size);
    memcpy(bytes + size, after, sizeof after);
    for (size_t part = 1; part <= size + sizeof after; part++) {
        struct tg_http_parser parser = {0};
        size_t taken;
        enum tg_err err =
            feed(&parser, tg_slice(bytes, size + sizeof after), part, &taken);
        if (err != TG_OK) {
            fail_msg("%u %s: %s", parser.status, parser.message, text);
        }
        assert_int_equal(taken, size);
        assert_false(tg_http_parser_partial(&parser));
        /* Leave `request` to the caller: copied out of the parser's memory. */
        tg_http_parser_finish(&parser);
    }
    struct tg_http_parser parser = {0};
    size_t used;
    assert_int_equal(tg_http_feed(&parser, tg_slice_of(text), &used, &request), TG_OK);
    assert_int_equal(used, size);
    assert_int_equal(tg_http_parser_pinned(&parser), 0);
    free(bytes);
    forget();
}

static void reads_the_parts_of_a_request(void **state)
{
    (void)state;
    expect_good("GET /v1/websocket?a=1&b=%20?c HTTP/1.1\r\n"
                "Host: example.org:1844\r\n"
                "Accept:text/html\r\n"
                "X-Space: \t two words \t \r\n"
                "x-empty:\r\n"
                "X-Latin: caf\xe9\r\n"
                "\r\n");
    assert_slice(request.method, "GET");
    assert_slice(request.target, "/v1/websocket?a=1&b=%20?c");
    assert_slice(request.path, "/v1/websocket");
    assert_slice(request.query, "a=1&b=%20?c");
    assert_slice(request.host, "example.org:1844");
    assert_int_equal(request.minor, 1);
    assert_int_equal(request.headers.count, 5);
    assert_slice(tg_http_header(&request.headers, "ACCEPT")->value, "text/html");
    assert_slice(tg_http_header(&request.headers, "x-space")->value, "two words");
    assert_slice(tg_http_header(&request.headers, "X-Empty")->value, "");
    assert_slice(tg_http_header(&request.headers, "x-latin")->value, "caf\xe9");
    assert_null(tg_http_header(&request.headers, "x-spac"));
    assert_false(request.has_content_length);
    assert_true(request.keep_alive);
    assert_false(request.expect_continue);
    assert_false(request.connection_upgrade);
}

static void knows_a_query_that_is_empty_from_none(void **state)
{
    (void)state;
    expect_good("GET /? HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_non_null(request.query.data);
    assert_int_equal(request.query.size, 0);
    expect_good("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_null(request.query.data);
}

static void passes_over_one_empty_line_before_a_request(void **state)
{
    (void)state;
    expect_good("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    expect_refusal("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400);
}

static void reads_requests_one_after_the_other(void **state)
{
    (void)state;
    const char two[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                       "GET /2 HTTP/1.0\r\n\r\nGET /3";
    struct tg_http_parser parser;
    size_t used;
    tg_http_parser_init(&parser, NULL);
    struct tg_slice rest = TG_LIT(two);
    assert_int_equal(tg_http_feed(&parser, rest, &used, &request), TG_OK);
    assert_slice(request.path, "/1");
    rest = tg_slice(rest.data + used, rest.size - used);
    assert_int_equal(tg_http_feed(&parser, rest, &used, &request), TG_OK);
    assert_slice(request.path, "/2");
    rest = tg_slice(rest.data + used, rest.size - used);
    assert_int_equal(tg_http_feed(&parser, rest, &used, &request), TG_EMORE);
    assert_int_equal(used, rest.size);
    assert_true(tg_http_parser_partial(&parser));
    assert_true(tg_http_parser_pinned(&parser) >= 6 + TG_HEAP_OVERHEAD);
    assert_int_equal(tg_http_feed(&parser, TG_LIT(" HTTP/1.0\r\n\r\n"), &used, &request),
                     TG_OK);
    assert_slice(request.path, "/3");
    tg_http_parser_reset(&parser);
    assert_int_equal(tg_http_parser_pinned(&parser), 0);
    assert_false(tg_http_parser_partial(&parser));
    tg_http_parser_finish(&parser);
}

static void says_whether_the_connection_goes_on(void **state)
{
    (void)state;
    expect_good("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_false(request.keep_alive);
    expect_good("GET / HTTP/1.1\r\nHost: a\r\nConnection: a , CLOSE\r\n\r\n");
    assert_false(request.keep_alive);
    expect_good("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n");
    assert_true(request.keep_alive);
    expect_good("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    assert_false(request.keep_alive);
    expect_good("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_true(request.keep_alive);
    expect_good("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n");
    assert_false(request.keep_alive);
    expect_good(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: ,, keep-alive, Upgrade\r\n\r\n");
    assert_true(request.keep_alive);
    assert_true(request.connection_upgrade);
}

static void reads_the_length_of_a_body(void **state)
{
    (void)state;
    expect_good("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_true(request.has_content_length);
    assert_int_equal(request.content_length, 0);
    expect_good("POST / HTTP/1.1\r\nHost: a\r\ncontent-length:\t0042 \r\n\r\n");
    assert_int_equal(request.content_length, 42);
    expect_good(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
    assert_true(request.content_length == UINT64_MAX);
}

static void knows_the_one_expectation(void **state)
{
    (void)state;
    expect_good("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n");
    assert_true(request.expect_continue);
    expect_good("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
    assert_false(request.expect_continue);
    expect_refusal("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417);
}

static void takes_whole_uris_and_the_star(void **state)
{
    (void)state;
    expect_good("GET http://b:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_slice(request.path, "/x");
    assert_slice(request.query, "y");
    assert_slice(request.host, "b:80");
    expect_good("GET HTTPS://b?y HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_slice(request.path, "/");
    assert_slice(request.query, "y");
    expect_good("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n");
    assert_slice(request.path, "*");
    assert_slice(request.host, "");
    expect_good("GET / HTTP/1.1\r\nHost: [::1]:1844\r\n\r\n");
    assert_slice(request.host, "[::1]:1844");
}

static void refuses_bad_targets(void **state)
{
    (void)state;
    const char *const targets[] = {
        "x",           "*",           "",
        "http://",     "http:///x",   "ftp://a/",
        "/a#b",        "/\"",         "/<x>",
        "/%",          "/%1",         "/%zz",
        "/caf\xe9",    "http://a@b/", "/a\\b",
        "http://a:b/", "/{x}",        "http://[::1/",
        "/x?a=\"",     "//\xff",      "http://[",
        "http://[]/",  "http://a b",
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char text[100];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        expect_refusal(text, 400);
    }
    expect_refusal("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501);
}

static void refuses_bad_request_lines(void **state)
{
    (void)state;
    const char *const lines[] = {
        "GET /",
        "GET",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET / HTTP/1.1 x",
        "G(T / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/11",
        "GET / HTTP/1,1",
        "GET / HTTP/1.",
        "GET / HTTP/x.1",
        "GET / HTTP/1.x",
        "GET / HTTP/1.10",
        "G\xc9T / HTTP/1.1",
        "GET / XTTP/1.1",
        ": / HTTP/1.1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s\r\nHost: a\r\n\r\n", lines[i]);
        expect_refusal(text, 400);
    }
    expect_refusal("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505);
    expect_refusal("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505);
    expect_refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    expect_refusal("PRI * HTTP/2.0\r\n\r\n", 505);
}

static void refuses_what_smuggles(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        unsigned status;
    } cases[] = {
        {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400},
        {"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400},
        {"Content-Length: 1\r\nTransfer-Encoding: identity\r\n", 400},
        {"Content-Length: 1\r\nContent-Length: 1\r\n", 400},
        {"Content-Length: 1\r\ncontent-length: 2\r\n", 400},
        {"Content-Length: 1, 1\r\n", 400},
        {"Content-Length:\r\n", 400},
        {"Content-Length: \r\n", 400},
        {"Content-Length: +1\r\n", 400},
        {"Content-Length: -1\r\n", 400},
        {"Content-Length: 1x\r\n", 400},
        {"Content-Length: 0x1\r\n", 400},
        {"Content-Length: 1 1\r\n", 400},
        {"Content-Length: 1.0\r\n", 400},
        {"Content-Length: 18446744073709551616\r\n", 400},
        {"Content-Length: 99999999999999999999999\r\n", 400},
        {"Transfer-Encoding: chunked\r\n", 411},
        {"Transfer-Encoding: Chunked\r\n", 411},
        {"Transfer-Encoding: gzip, chunked\r\n", 501},
        {"Transfer-Encoding: xchunked\r\n", 501},
        {"Transfer-Encoding:\r\n", 501},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501},
        {"Transfer-Encoding : chunked\r\n", 400},
        {"Transfer-Encoding\t: chunked\r\n", 400},
        {"Transfer-Encoding\r\n", 400},
        {"X: a\nY: b\r\n", 400},
        {"X: a\rY: b\r\n", 400},
        {"X: a\r\r\n", 400},
        {"X: a\r\n folded\r\n", 400},
        {"X: a\r\n\tfolded\r\n", 400},
        {" X: a\r\n", 400},
        {"X: a\x01\r\n", 400},
        {"X: a\x7f\r\n", 400},
        {"X\x0b: a\r\n", 400},
        {": a\r\n", 400},
        {"\xc3\xa9: a\r\n", 400},
        {"X Y: a\r\n", 400},
        {"X(: a\r\n", 400},
        {"Host: a\r\n", 400},
        {"host: b\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n",
                 cases[i].headers);
        expect_refusal(text, cases[i].status);
    }
    expect_refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    expect_refusal_of(TG_LIT("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"), 400);
    expect_refusal_of(TG_LIT("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    expect_refusal_of(TG_LIT("GET / HTTP/1.1\nHost: a\n\n"), 400);
    expect_refusal("GET / HTTP/1.1\r\nHost: a\r\n\n", 400);
    expect_refusal("GET / HTTP/1.1\r\nHost: a\r\n\rx", 400);
}

static void refuses_bad_hosts(void **state)
{
    (void)state;
    const char *const hosts[] = {
        "",
        "Host: a b\r\n",
        "Host: a,b\"\r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: a:b\r\n",
        "Host: [::1\r\n",
        "Host: [g::1]\r\n",
        "Host: [::1]x\r\n",
        "Host: :80\r\n",
        "Host: a?b\r\n",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char text[100];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s\r\n", hosts[i]);
        expect_refusal(text, 400);
    }
}

/* A request whose longest header line has `size` bytes. */
static struct tg_slice long_line(size_t size)
{
    static char text[20000];
    int at = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(text + at, 'x', size - 3);
    at += (int)size - 3;
    at += snprintf(text + at, sizeof text - (size_t)at, "\r\n\r\n");
    return tg_slice(text, (size_t)at);
}

static enum tg_err feed_whole(struct tg_slice text, size_t part, unsigned *status)
{
    struct tg_http_parser parser = {0};
    size_t taken;
    enum tg_err err = feed(&parser, text, part, &taken);
    *status = parser.status;
    tg_http_parser_finish(&parser);
    forget();
    return err;
}

static void a_line_of_8_kib_and_no_more(void **state)
{
    (void)state;
    unsigned status;
    const size_t parts[] = {SIZE_MAX, 1, 1000};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(feed_whole(long_line(8192), parts[i], &status), TG_OK);
        assert_int_equal(feed_whole(long_line(8193), parts[i], &status), TG_ELIMIT);
        assert_int_equal(status, 431);
    }
    /* The request line is a line too. */
    static char text[10000];
    for (size_t more = 0; more < 2; more++) {
        struct tg_slice target = long_line(8192);
        int size = snprintf(text, sizeof text, "GET /%.*s HTTP/1.0\r\n\r\n",
                            8192 - 14 + (int)more, (const char *)target.data + 28);
        assert_int_equal(size, 8192 + (int)more + 4);
        assert_int_equal(feed_whole(tg_slice(text, (size_t)size), 999, &status),
                         more == 0 ? TG_OK : TG_ELIMIT);
    }
}

/* A whole head of `size` bytes. */
static struct tg_slice long_block(size_t size)
{
    static char text[20000];
    size_t at = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    while (at < size - 2) {
        /* Lines of at most 1000, and never one of less than 10. */
        size_t line = size - 2 - at;
        if (line > 1010) {
            line = 1000;
        }
        memcpy(text + at, "X: ", 3);
        memset(text + at + 3, 'x', line - 5);
        memcpy(text + at + line - 2, "\r\n", 2);
        at += line;
    }
    memcpy(text + at, "\r\n", 2);
    return tg_slice(text, size);
}

static void a_block_of_16_kib_and_no_more(void **state)
{
    (void)state;
    unsigned status;
    const size_t parts[] = {SIZE_MAX, 1, 1000};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(feed_whole(long_block(16384), parts[i], &status), TG_OK);
        for (size_t more = 1; more < 5; more++) {
            assert_int_equal(feed_whole(long_block(16384 + more), parts[i], &status),
                             TG_ELIMIT);
            assert_int_equal(status, 431);
        }
    }
}

static void a_hundred_headers_and_no_more(void **state)
{
    (void)state;
    static char text[2000];
    for (int count = 100; count <= 101; count++) {
        size_t at = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < count; i++) {
            at += (size_t)snprintf(text + at, sizeof text - at, "X: %d\r\n", i);
        }
        snprintf(text + at, sizeof text - at, "\r\n");
        if (count == 100) {
            expect_good(text);
            assert_int_equal(request.headers.count, 100);
        } else {
            expect_refusal(text, 431);
        }
    }
}

static void a_refusal_does_not_wait_for_the_end(void **state)
{
    (void)state;
    unsigned status;
    assert_int_equal(feed_whole(TG_LIT("\x16\x03\x01"), 1, &status), TG_EPROTO);
    assert_int_equal(feed_whole(TG_LIT("GET / HTTP/1.1\r\n "), 1, &status), TG_EPROTO);
    assert_int_equal(feed_whole(TG_LIT("GET / HTTP/1.1\n"), 1, &status), TG_EPROTO);
}

static void memory_of_a_slow_head_stays_within_its_limit(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_slice text = long_block(16384);
    struct tg_http_parser parser = {0};
    size_t used;
    tg_test_heap_begin(&heap, 0);
    for (size_t i = 0; i < text.size - 1; i++) {
        assert_int_equal(
            tg_http_feed(&parser, tg_slice(text.data + i, 1), &used, &request), TG_EMORE);
        assert_true(heap.bytes <= 64 + (i + 1) * 3 / 2 + 8);
        assert_int_equal(tg_http_parser_pinned(&parser), heap.bytes + TG_HEAP_OVERHEAD);
    }
    assert_true(heap.bytes <= 16384);
    /* Grown in steps, not byte by byte. */
    assert_true(heap.calls < 20);
    tg_http_parser_finish(&parser);
    assert_true(tg_test_heap_end(&heap));
}

static void without_memory_only_this_request_fails(void **state)
{
    (void)state;
    struct tg_slice text = long_block(3000);
    bool failed = true;
    size_t n = 1;
    for (; failed; n++) {
        struct tg_test_heap heap;
        struct tg_http_parser parser = {0};
        size_t taken;
        tg_test_heap_begin(&heap, n);
        enum tg_err err = feed(&parser, text, 100, &taken);
        failed = err != TG_OK;
        if (failed) {
            assert_int_equal(err, TG_ENOMEM);
            assert_int_equal(parser.status, 503);
            assert_int_equal(feed(&parser, text, 100, &taken), TG_ENOMEM);
        }
        tg_http_parser_finish(&parser);
        assert_true(tg_test_heap_end(&heap));
    }
    assert_true(n > 3);
    forget();
}

static void reads_the_answer_to_a_client(void **state)
{
    (void)state;
    struct tg_http_parser parser = {0};
    size_t used;
    const char text[] =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n\x81";
    assert_int_equal(tg_http_feed_reply(&parser, TG_LIT(text), &used, &reply), TG_OK);
    assert_int_equal(used, sizeof text - 2);
    assert_int_equal(reply.status, 101);
    assert_slice(reply.reason, "Switching Protocols");
    assert_true(reply.connection_upgrade);
    assert_true(reply.keep_alive);
    assert_int_equal(tg_http_feed_reply(&parser,
                                        TG_LIT("HTTP/1.0 404\r\nContent-Length: 7\r\n"
                                               "\r\n"),
                                        &used, &reply),
                     TG_OK);
    assert_int_equal(reply.status, 404);
    assert_int_equal(reply.content_length, 7);
    assert_false(reply.keep_alive);
    assert_int_equal(tg_http_feed_reply(&parser,
                                        TG_LIT("HTTP/1.1 200 \r\n"
                                               "Transfer-Encoding: chunked\r\n\r\n"),
                                        &used, &reply),
                     TG_OK);
    assert_true(reply.has_transfer_encoding);
    const char *const bad[] = {
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/1.1 2x0\r\n\r\n",
        "HTTP/1.1  200\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/2.0 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tg_http_parser_reset(&parser);
        assert_int_equal(tg_http_feed_reply(&parser, tg_slice_of(bad[i]), &used, &reply),
                         TG_EPROTO);
    }
    tg_http_parser_finish(&parser);
}

static void lists_are_cut_at_commas(void **state)
{
    (void)state;
    struct tg_slice rest = TG_LIT(" a ,, b\t, ,c d");
    struct tg_slice element;
    assert_true(tg_http_list_next(&rest, &element));
    assert_slice(element, "a");
    assert_true(tg_http_list_next(&rest, &element));
    assert_slice(element, "b");
    assert_true(tg_http_list_next(&rest, &element));
    assert_slice(element, "c d");
    assert_false(tg_http_list_next(&rest, &element));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_parts_of_a_request),
        cmocka_unit_test(knows_a_query_that_is_empty_from_none),
        cmocka_unit_test(passes_over_one_empty_line_before_a_request),
        cmocka_unit_test(reads_requests_one_after_the_other),
        cmocka_unit_test(says_whether_the_connection_goes_on),
        cmocka_unit_test(reads_the_length_of_a_body),
        cmocka_unit_test(knows_the_one_expectation),
        cmocka_unit_test(takes_whole_uris_and_the_star),
        cmocka_unit_test(refuses_bad_targets),
        cmocka_unit_test(refuses_bad_request_lines),
        cmocka_unit_test(refuses_what_smuggles),
        cmocka_unit_test(refuses_bad_hosts),
        cmocka_unit_test(a_line_of_8_kib_and_no_more),
        cmocka_unit_test(a_block_of_16_kib_and_no_more),
        cmocka_unit_test(a_hundred_headers_and_no_more),
        cmocka_unit_test(a_refusal_does_not_wait_for_the_end),
        cmocka_unit_test(memory_of_a_slow_head_stays_within_its_limit),
        cmocka_unit_test(without_memory_only_this_request_fails),
        cmocka_unit_test(reads_the_answer_to_a_client),
        cmocka_unit_test(lists_are_cut_at_commas),
    };
    return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}
