/* An exchange is fed as a socket would feed it, and what it says becomes a line each:
 *
 *   head POST /a
 *   body hello
 *   refused 400
 */
#include "server/net/exchange.h"

#include <stdlib.h>

#include "engine/base/mem.h"
#include "testing/cmocka.h"
#include "testing/heap.h"

static const char three[] =
    "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
    "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
    "PUT /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nyou";
static const char three_trace[] = "head POST /a\nbody hello\nhead GET /b\nhead PUT /c\n"
                                  "body you\n";

static struct tg_http_request request;

/* Feed one part, which lies in memory of its own; false after a refusal. */
static bool feed(struct tg_exchange *exchange, struct tg_slice part, struct tg_buf *trace)
{
    uint8_t *bytes = malloc(part.size == 0 ? 1 : part.size);
    memcpy(bytes, part.data, part.size);
    enum tg_exchange_step step = TG_EXCHANGE_HEAD;
    size_t at = 0;
    while (step != TG_EXCHANGE_MORE && step != TG_EXCHANGE_REFUSED) {
        size_t used = 0;
        struct tg_slice body;
        step = tg_exchange_feed(exchange, tg_slice(bytes + at, part.size - at), &used,
                                &request, &body);
        at += used;
        assert_true(at <= part.size);
        if (step == TG_EXCHANGE_HEAD) {
            tg_buf_printf(trace, "head %.*s %.*s\n", TG_FMT(request.method),
                          TG_FMT(request.path));
            if (request.has_content_length) {
                tg_exchange_expect(exchange, request.content_length);
            }
        } else if (step == TG_EXCHANGE_BODY) {
            tg_buf_printf(trace, "body %.*s\n", TG_FMT(body));
        } else if (step == TG_EXCHANGE_REFUSED) {
            tg_buf_printf(trace, "refused %u\n", exchange->parser.status);
        } else {
            assert_int_equal(at, part.size);
        }
    }
    free(bytes);
    return step == TG_EXCHANGE_MORE;
}

static void expect_trace(struct tg_buf *trace, const char *expected)
{
    assert_slice(tg_buf_slice(trace), expected);
    tg_buf_finish(trace);
}

static void requests_in_a_row_come_one_after_the_other(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    struct tg_buf trace = {0};
    tg_exchange_init(&exchange, NULL);
    assert_true(feed(&exchange, TG_LIT(three), &trace));
    assert_false(tg_exchange_partial(&exchange));
    assert_int_equal(tg_exchange_pinned(&exchange), 0);
    expect_trace(&trace, three_trace);
    tg_exchange_finish(&exchange);
}

static void it_does_not_matter_where_they_are_split(void **state)
{
    (void)state;
    size_t size = sizeof three - 1;
    for (size_t split = 0; split <= size; split++) {
        struct tg_exchange exchange;
        struct tg_buf trace = {0};
        tg_exchange_init(&exchange, NULL);
        assert_true(feed(&exchange, tg_slice((const uint8_t *)three, split), &trace));
        assert_true(feed(&exchange,
                         tg_slice((const uint8_t *)three + split, size - split), &trace));
        assert_false(tg_exchange_partial(&exchange));
        expect_trace(&trace, three_trace);
        tg_exchange_finish(&exchange);
    }
}

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    struct tg_buf trace = {0};
    tg_exchange_init(&exchange, NULL);
    for (size_t i = 0; i < sizeof three - 1; i++) {
        assert_true(feed(&exchange, tg_slice((const uint8_t *)three + i, 1), &trace));
    }
    expect_trace(&trace, three_trace);
    tg_exchange_finish(&exchange);
}

/* Take the head of a request with a body of 5 bytes in. */
static void begin_body(struct tg_exchange *exchange)
{
    size_t used;
    struct tg_slice body;
    tg_exchange_init(exchange, NULL);
    assert_int_equal(tg_exchange_feed(exchange,
                                      TG_LIT("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), &used,
                                      &request, &body),
                     TG_EXCHANGE_HEAD);
    tg_exchange_expect(exchange, 5);
    assert_true(tg_exchange_partial(exchange));
}

static void a_body_that_comes_whole_is_lent_from_where_it_lies(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    static const uint8_t bytes[] = "hello and more";
    size_t used;
    struct tg_slice body;
    begin_body(&exchange);
    assert_int_equal(tg_exchange_feed(&exchange, tg_slice(bytes, sizeof bytes - 1), &used,
                                      &request, &body),
                     TG_EXCHANGE_BODY);
    assert_ptr_equal(body.data, bytes);
    assert_int_equal(used, 5);
    assert_slice(body, "hello");
    assert_int_equal(tg_exchange_pinned(&exchange), 0);
    tg_exchange_finish(&exchange);
}

static void a_body_that_comes_in_parts_is_gathered_and_let_go(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    size_t used;
    struct tg_slice body;
    begin_body(&exchange);
    assert_int_equal(tg_exchange_feed(&exchange, TG_LIT("hel"), &used, &request, &body),
                     TG_EXCHANGE_MORE);
    assert_true(tg_exchange_pinned(&exchange) >= 3);
    assert_int_equal(tg_exchange_feed(&exchange, TG_LIT("lo!"), &used, &request, &body),
                     TG_EXCHANGE_BODY);
    assert_int_equal(used, 2);
    assert_slice(body, "hello");
    assert_false(tg_exchange_partial(&exchange));
    assert_int_equal(
        tg_exchange_feed(&exchange, (struct tg_slice){0}, &used, &request, &body),
        TG_EXCHANGE_MORE);
    assert_int_equal(tg_exchange_pinned(&exchange), 0);
    tg_exchange_finish(&exchange);
}

static void an_empty_body_is_there_at_once(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    struct tg_buf trace = {0};
    tg_exchange_init(&exchange, NULL);
    assert_true(feed(&exchange,
                     TG_LIT("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
                     &trace));
    expect_trace(&trace, "head PUT /a\nbody \n");
    tg_exchange_finish(&exchange);
}

static void what_is_no_http_is_refused_and_nothing_is_read_after_it(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    struct tg_buf trace = {0};
    tg_exchange_init(&exchange, NULL);
    assert_false(feed(&exchange,
                      TG_LIT("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                             "nonsense\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"),
                      &trace));
    assert_false(feed(&exchange, TG_LIT("GET /c HTTP/1.1\r\nHost: h\r\n\r\n"), &trace));
    assert_non_null(exchange.parser.message);
    expect_trace(&trace, "head GET /a\nrefused 400\nrefused 400\n");
    tg_exchange_finish(&exchange);
}

static void a_body_without_memory_is_refused_with_503(void **state)
{
    (void)state;
    struct tg_exchange exchange;
    struct tg_test_heap heap;
    size_t used;
    struct tg_slice body;
    begin_body(&exchange);
    tg_test_heap_begin(&heap, 1);
    assert_int_equal(tg_exchange_feed(&exchange, TG_LIT("hel"), &used, &request, &body),
                     TG_EXCHANGE_REFUSED);
    assert_int_equal(exchange.parser.status, 503);
    tg_exchange_finish(&exchange);
    assert_true(tg_test_heap_end(&heap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_in_a_row_come_one_after_the_other),
        cmocka_unit_test(it_does_not_matter_where_they_are_split),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(a_body_that_comes_whole_is_lent_from_where_it_lies),
        cmocka_unit_test(a_body_that_comes_in_parts_is_gathered_and_let_go),
        cmocka_unit_test(an_empty_body_is_there_at_once),
        cmocka_unit_test(what_is_no_http_is_refused_and_nothing_is_read_after_it),
        cmocka_unit_test(a_body_without_memory_is_refused_with_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
