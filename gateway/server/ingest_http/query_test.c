#include "server/ingest_http/private.h"
#include "testing/cmocka.h"

static const char *const numbers[] = {"limit", "after", NULL};
static struct tg_buf document;

static void becomes(const char *query, const char *want)
{
    const char *why = "";
    if (!request_query(tg_slice_of(query), numbers, &document, &why)) {
        fail_msg("%s: %s", query, why);
    }
    assert_slice(tg_buf_slice(&document), want);
}

static void is_refused(const char *query, const char *want)
{
    const char *why = NULL;
    assert_false(request_query(tg_slice_of(query), numbers, &document, &why));
    assert_string_equal(why, want);
}

static void a_query_becomes_an_object(void **state)
{
    (void)state;
    becomes("", "{}");
    becomes("user=7", "{\"user\":\"7\"}");
    becomes("type=shop.Order&limit=50&after=0",
            "{\"type\":\"shop.Order\",\"limit\":50,\"after\":0}");
    becomes("user=", "{\"user\":\"\"}");
    becomes("user=a=b", "{\"user\":\"a=b\"}");
    becomes("nobody=7", "{\"nobody\":\"7\"}");
}

static void what_is_no_number_stays_a_text(void **state)
{
    (void)state;
    becomes("limit=", "{\"limit\":\"\"}");
    becomes("limit=05", "{\"limit\":\"05\"}");
    becomes("limit=-1", "{\"limit\":\"-1\"}");
    becomes("limit=1e3", "{\"limit\":\"1e3\"}");
    becomes("limit=12345678901234567", "{\"limit\":\"12345678901234567\"}");
    becomes("after=1234567890123456", "{\"after\":1234567890123456}");
}

static void bytes_are_coded_as_forms_code_them(void **state)
{
    (void)state;
    becomes("user=a%2bb%20c+d", "{\"user\":\"a+b c d\"}");
    becomes("us%65r=%22%5C%0a", "{\"user\":\"\\\"\\\\\\n\"}");
    becomes("user=%C3%a9", "{\"user\":\"\xc3\xa9\"}");
    is_refused("user=%2", "in a query, two hexadecimal digits come after %");
    is_refused("user=%", "in a query, two hexadecimal digits come after %");
    is_refused("user=%2g", "in a query, two hexadecimal digits come after %");
    is_refused("%zz=1", "in a query, two hexadecimal digits come after %");
    is_refused("user=%c3", "the query is not UTF-8");
    is_refused("user=%ff", "the query is not UTF-8");
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char pairs[] = "a query is made of name=value, with & between";
    is_refused("user", pairs);
    is_refused("=7", pairs);
    is_refused("&", pairs);
    is_refused("user=7&", pairs);
    is_refused("user=7&&limit=1", pairs);
    is_refused("user=7&user=8", "the query has a name twice");
    is_refused("a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=&l=&m=&n=&o=&p=&q=",
               "a query has at most 16 names");
}

static int end(void **state)
{
    (void)state;
    tg_buf_finish(&document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_becomes_an_object),
        cmocka_unit_test(what_is_no_number_stays_a_text),
        cmocka_unit_test(bytes_are_coded_as_forms_code_them),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, end);
}
