#include "engine/codec/answer.h"

#include "testing/cmocka.h"

static void writes_status_headers_and_body(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    const struct tg_http_header headers[] = {{TG_LIT("Retry-After"), TG_LIT("5")}};
    tg_http_response(&buf, 503, headers, 1, "application/json", TG_LIT("{}"), false);
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 503 Service Unavailable\r\n"
                                     "Retry-After: 5\r\n"
                                     "Content-Type: application/json\r\n"
                                     "Content-Length: 2\r\n"
                                     "Connection: close\r\n"
                                     "\r\n"
                                     "{}");
    tg_buf_clear(&buf);
    tg_http_response(&buf, 200, NULL, 0, NULL, (struct tg_slice){0}, true);
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    tg_buf_finish(&buf);
}

static void the_answer_to_a_head_has_the_length_but_no_body(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_http_answer_write(&buf, &(struct tg_http_answer){
                                   .status = 200,
                                   .body = TG_LIT("body"),
                                   .keep_alive = true,
                                   .head = true,
                               });
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    tg_buf_finish(&buf);
}

static void a_204_has_neither(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_http_response(&buf, 204, NULL, 0, "text/plain", TG_LIT("x"), true);
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 204 No Content\r\n\r\n");
    tg_buf_finish(&buf);
}

static void a_header_cannot_begin_another_line(void **state)
{
    (void)state;
    const struct tg_http_header bad[] = {
        {TG_LIT("X"), TG_LIT("a\r\nSet-Cookie: b")},
        {TG_LIT("X"), TG_LIT("a\nb")},
        {TG_LIT("X: a\r\nY"), TG_LIT("b")},
        {TG_LIT(""), TG_LIT("b")},
        {TG_LIT("X"), TG_LIT("a\0b")},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tg_buf buf = {0};
        tg_http_response(&buf, 200, &bad[i], 1, NULL, (struct tg_slice){0}, true);
        assert_true(buf.failed);
        tg_buf_finish(&buf);
    }
}

static void every_status_has_a_reason(void **state)
{
    (void)state;
    assert_string_equal(tg_http_reason(426), "Upgrade Required");
    assert_string_equal(tg_http_reason(299), "Status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_status_headers_and_body),
        cmocka_unit_test(the_answer_to_a_head_has_the_length_but_no_body),
        cmocka_unit_test(a_204_has_neither),
        cmocka_unit_test(a_header_cannot_begin_another_line),
        cmocka_unit_test(every_status_has_a_reason),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
