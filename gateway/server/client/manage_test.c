#include "server/client/manage.h"

#include <stdio.h>

#include "testing/catalogues.h"

static struct tg_manage_options options;
static struct tg_buf out, err;
static uint64_t after;

/* What is said of an answer: stdout, then stderr. */
static const char *said(unsigned status, const char *answer)
{
    static char text[4096];
    tg_buf_clear(&out);
    tg_buf_clear(&err);
    bool done = tg_manage_answer(&options, status, json_of(answer), &after, &out, &err);
    assert_int_equal(done, err.size == 0);
    snprintf(text, sizeof text, "%.*s%.*s", TG_FMT(tg_buf_slice(&out)),
             TG_FMT(tg_buf_slice(&err)));
    return text;
}

static void a_request_names_only_what_is_asked_for(void **state)
{
    (void)state;
    struct tg_buf text = {0};
    options = (struct tg_manage_options){0};
    tg_manage_clients_path(&options, 0, &text);
    assert_slice(tg_buf_slice(&text), "/api/v1/clients?after=0");
    tg_buf_clear(&text);
    options.user = "a b&c=\xc3\xa9%\"";
    options.type = "board.Order";
    options.client = "c-7f31c0de9b2a44d1";
    tg_manage_clients_path(&options, 12, &text);
    assert_slice(tg_buf_slice(&text),
                 "/api/v1/clients?after=12&user=a%20b%26c%3D%C3%A9%25%22"
                 "&client=c-7f31c0de9b2a44d1&type=board.Order");
    tg_buf_clear(&text);
    options = (struct tg_manage_options){.user = "a\"b", .changed = true};
    tg_manage_disconnect_body(&options, &text);
    assert_slice(tg_buf_slice(&text), "{\"user\":\"a\\\"b\",\"reason\":\"changed\"}");
    tg_buf_finish(&text);
}

static void a_list_is_lines_and_goes_on_after_its_last(void **state)
{
    (void)state;
    options = (struct tg_manage_options){0};
    after = 0;
    assert_string_equal(
        said(200, "{'kind':'clients','clients':[{'connection':12,'client':'c-1','user':"
                  "null,'address':'::1','program':'x\\u001b[2J','connected_at':'now',"
                  "'subscriptions':[{'id':'a','type':'t.T','where':'n > 1','cohort':1},"
                  "{'id':2,'type':'t.T','cohort':2}]}],'next':12}"),
        "12 c-1 - ::1 x\\u001b[2J now\n  \"a\" t.T n > 1\n  2 t.T\n");
    assert_int_equal(after, 12);
    assert_string_equal(said(200, "{'clients':[],'next':null}"), "");
    assert_int_equal(after, 0);
}

static void a_list_that_goes_round_in_circles_ends(void **state)
{
    (void)state;
    after = 12;
    assert_string_equal(said(200, "{'clients':[],'next':12}"), "");
    assert_int_equal(after, 0);
}

static void what_ended_is_counted(void **state)
{
    (void)state;
    options = (struct tg_manage_options){0};
    assert_string_equal(said(200, "{'kind':'disconnected','sessions':1,'connections':2}"),
                        "ended: 1 session, 2 connections\n");
    assert_string_equal(said(200, "{'kind':'disconnected','sessions':0,'connections':1}"),
                        "ended: 0 sessions, 1 connection\n");
}

static void what_no_gateway_says_is_told(void **state)
{
    (void)state;
    options = (struct tg_manage_options){.url.authority = "x:1"};
    static const char strange[] =
        "telegraphy: x:1 answered with status 200, not as a gateway does; is this its "
        "ingest port?\n";
    assert_string_equal(said(200, ""), strange);
    assert_string_equal(said(200, "[]"), strange);
    assert_string_equal(said(200, "{'clients':7}"), strange);
    assert_string_equal(said(200, "{'sessions':1}"), strange);
    assert_string_equal(said(403, "{'kind':'refused','code':'forbidden','message':'no'}"),
                        "telegraphy: forbidden: no\n");
}

static int end(void **state)
{
    (void)state;
    tg_buf_finish(&out);
    tg_buf_finish(&err);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_names_only_what_is_asked_for),
        cmocka_unit_test(a_list_is_lines_and_goes_on_after_its_last),
        cmocka_unit_test(a_list_that_goes_round_in_circles_ends),
        cmocka_unit_test(what_ended_is_counted),
        cmocka_unit_test(what_no_gateway_says_is_told),
    };
    return cmocka_run_group_tests_name("manage", tests, NULL, end);
}
