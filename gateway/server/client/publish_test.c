#include "server/client/publish.h"

#include <stdlib.h>

#include "server/client/show.h"
#include "testing/cmocka.h"
#include "testing/heap.h"

static struct tg_batch batch;
static struct tg_publish_options options;
static struct tg_buf out, err, request;

static int begin(void **state)
{
    (void)state;
    batch = (struct tg_batch){0};
    options = (struct tg_publish_options){.type = "board.Order"};
    strcpy(options.url.authority, "127.0.0.1:1845");
    return 0;
}

static int end(void **state)
{
    (void)state;
    tg_batch_finish(&batch);
    tg_buf_finish(&out);
    tg_buf_finish(&err);
    tg_buf_finish(&request);
    return 0;
}

static enum tg_err add(const char *data, uint64_t line)
{
    return tg_batch_add(&batch, &options, tg_slice_of(data), line, &err);
}

static bool answer(unsigned status, const char *body)
{
    tg_buf_clear(&out);
    tg_buf_clear(&err);
    return tg_batch_answer(&batch, &options, status, tg_slice_of(body), &out, &err);
}

static void an_event_is_one_line_of_json(void **state)
{
    (void)state;
    assert_int_equal(add("{\n \"id\": 7,\r\n \"n\":1e2\n}", 0), TG_OK);
    options.op = "update";
    options.id = "a\"b";
    assert_int_equal(add("{}", 0), TG_OK);
    assert_slice(
        tg_buf_slice(&batch.body),
        "{\"type\":\"board.Order\",\"data\":{  \"id\": 7,   \"n\":1e2 }}\n"
        "{\"type\":\"board.Order\",\"op\":\"update\",\"id\":\"a\\\"b\",\"data\":{}}\n");
}

static void a_request_says_how_much_follows(void **state)
{
    (void)state;
    strcpy(options.url.path, "/gateway/");
    assert_int_equal(add("{}", 0), TG_OK);
    tg_batch_request(&batch, &options, "0123456789abcdef", &request);
    assert_slice(tg_buf_slice(&request), "POST /gateway/api/v1/events HTTP/1.1\r\n"
                                         "Host: 127.0.0.1:1845\r\n"
                                         "User-Agent: telegraphy/" TG_VERSION "\r\n"
                                         "Authorization: Bearer 0123456789abcdef\r\n"
                                         "Content-Type: application/x-ndjson\r\n"
                                         "Content-Length: 33\r\n"
                                         "\r\n"
                                         "{\"type\":\"board.Order\",\"data\":{}}\n");
}

static void data_that_is_no_object_is_refused_here(void **state)
{
    (void)state;
    assert_int_equal(add("[1]", 0), TG_EINVAL);
    assert_int_equal(add("{\"a\":}", 3), TG_EINVAL);
    assert_int_equal(add("", 4), TG_EINVAL);
    assert_int_equal(batch.count, 0);
    tg_buf_add_byte(&err, 0);
    const char *text = (const char *)err.data;
    assert_non_null(strstr(text, "telegraphy: the data of an event is an object, such as "
                                 "{\"id\":7}; got a list\n"));
    assert_non_null(strstr(text, "telegraphy: line 3: the data is not JSON: "));
    assert_non_null(strstr(text, ", at byte 6\n"));
    assert_non_null(strstr(text, "telegraphy: line 4: the data is not JSON: "));
}

static void what_was_published_is_said_with_its_offset(void **state)
{
    (void)state;
    assert_int_equal(add("{}", 0), TG_OK);
    assert_true(answer(200, "{\"kind\":\"published\",\"accepted\":1,\"duplicates\":0,"
                            "\"offsets\":[42]}"));
    assert_slice(tg_buf_slice(&out), "published board.Order at offset 42\n");
    assert_true(answer(200, "{\"accepted\":1,\"duplicates\":1,\"offsets\":[42]}"));
    assert_slice(tg_buf_slice(&out), "published already: board.Order at offset 42\n");
    assert_int_equal(err.size, 0);
}

static void each_refused_event_is_named_by_its_line(void **state)
{
    (void)state;
    assert_int_equal(add("{}", 1), TG_OK);
    assert_int_equal(add("{}", 3), TG_OK);
    assert_int_equal(add("{}", 4), TG_OK);
    assert_false(answer(207,
                        "{\"accepted\":1,\"duplicates\":0,\"offsets\":[null,7,null],"
                        "\"refused\":[{\"index\":2,\"code\":\"unknown_type\",\"message\":"
                        "\"there is no event type \\\"board.Order\\\"\",\"nearest\":"
                        "[\"board.Ordr\",\"x.Order\",\"a.B\"]},"
                        "{\"index\":0,\"code\":\"invalid_event\",\"message\":\"must be a "
                        "string\",\"member\":\"data.status\"}]}"));
    assert_slice(tg_buf_slice(&out), "published board.Order at offset 7\n");
    assert_slice(
        tg_buf_slice(&err),
        "telegraphy: line 1: invalid_event: must be a string (at data.status)\n"
        "telegraphy: line 4: unknown_type: there is no event type \"board.Order\"; "
        "did you mean board.Ordr, x.Order or a.B?\n");
}

static void a_refusal_of_the_whole_request_is_said_once(void **state)
{
    (void)state;
    assert_int_equal(add("{}", 0), TG_OK);
    assert_false(
        answer(401, "{\"kind\":\"refused\",\"code\":\"invalid_key\",\"message\":\"the "
                    "ingest key is missing or wrong\"}"));
    assert_slice(tg_buf_slice(&err),
                 "telegraphy: invalid_key: the ingest key is missing or wrong\n");
    assert_false(answer(503, "{\"code\":\"overloaded\"}"));
    assert_slice(tg_buf_slice(&err), "telegraphy: overloaded\n");
}

static void an_answer_of_somebody_else_is_recognized(void **state)
{
    (void)state;
    static const char *const bodies[] = {"<html>", "", "[]", "{}", "{\"offsets\":[1,2]}",
                                         "7"};
    assert_int_equal(add("{}", 0), TG_OK);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_false(answer(200, bodies[i]));
        assert_slice(
            tg_buf_slice(&err),
            "telegraphy: 127.0.0.1:1845 answered with status 200, not as a gateway "
            "does; is this its ingest port?\n");
    }
}

static void words_of_the_gateway_cannot_drive_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(add("{}", 0), TG_OK);
    assert_false(answer(400,
                        "{\"code\":\"a\\u001b[2J\",\"message\":\"b\\n\\u009b\xc2\x9b\","
                        "\"nearest\":[\"\\u202e\"]}"));
    assert_slice(tg_buf_slice(&err),
                 "telegraphy: a\\u001b[2J: b\\u000a\\u009b\\u009b; did you "
                 "mean \\u202e?\n");
}

static void a_batch_has_an_end(void **state)
{
    (void)state;
    for (int i = 0; i < TG_BATCH_EVENTS_MAX; i++) {
        assert_false(tg_batch_is_full(&batch));
        assert_int_equal(add("{}", 1), TG_OK);
    }
    assert_true(tg_batch_is_full(&batch));
    tg_batch_clear(&batch);
    static char large[TG_BATCH_BYTES_MAX + 16] = "{\"a\":\"";
    size_t head = strlen(large);
    memset(large + head, 'x', TG_BATCH_BYTES_MAX);
    memcpy(large + head + TG_BATCH_BYTES_MAX, "\"}", 3);
    assert_int_equal(add(large, 1), TG_OK);
    assert_true(tg_batch_is_full(&batch));
}

static void without_memory_nothing_is_half_said(void **state)
{
    (void)state;
    for (size_t n = 1; n < 30; n++) {
        struct tg_test_heap heap;
        struct tg_batch small = {0};
        struct tg_buf words = {0};
        tg_test_heap_begin(&heap, n);
        enum tg_err result =
            tg_batch_add(&small, &options, TG_LIT("{\"a\":[1,\"\\n\"]}"), 0, &words);
        assert_true(result == TG_OK || result == TG_ENOMEM);
        tg_batch_finish(&small);
        tg_buf_finish(&words);
        assert_true(tg_test_heap_end(&heap));
    }
}

static void json_is_shown_on_one_line(void **state)
{
    (void)state;
    tg_show_json(&out,
                 TG_LIT("{\n\t\"a b\" : [ 1 , \"x  \\\" y\" ],\r\n \"c\":\"\xc2\x9b\x7f"
                        "\xe2\x80\xae\xe2\x82\xac\" }"));
    assert_slice(tg_buf_slice(&out),
                 "{\"a b\":[1,\"x  \\\" y\"],\"c\":\"\\u009b\\u007f\\u202e"
                 "\xe2\x82\xac\"}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_one_line_of_json),
        TEST(a_request_says_how_much_follows),
        TEST(data_that_is_no_object_is_refused_here),
        TEST(what_was_published_is_said_with_its_offset),
        TEST(each_refused_event_is_named_by_its_line),
        TEST(a_refusal_of_the_whole_request_is_said_once),
        TEST(an_answer_of_somebody_else_is_recognized),
        TEST(words_of_the_gateway_cannot_drive_a_terminal),
        TEST(a_batch_has_an_end),
        TEST(without_memory_nothing_is_half_said),
        TEST(json_is_shown_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
