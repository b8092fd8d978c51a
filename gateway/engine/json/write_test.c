#include "engine/json/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tg_buf buf;

static void assert_written(const char *text)
{
    struct tg_slice written = tg_buf_slice(&buf);
    assert_false(buf.failed);
    if (!tg_slice_is(written, text)) {
        fail_msg("%.*s is not %s", TG_FMT(written), text);
    }
    tg_buf_clear(&buf);
}

static void strings_are_escaped_where_they_must_be(void **state)
{
    (void)state;
    tg_json_write_text(&buf, "");
    assert_written("\"\"");
    tg_json_write_string(&buf, tg_slice(NULL, 0));
    assert_written("\"\"");
    tg_json_write_text(&buf, "a\"b\\c/\b\f\n\r\t\v\x1f\x7f");
    assert_written("\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u000b\\u001f\x7f\"");
    tg_json_write_string(&buf, TG_LIT("long enough for words\0and a NUL"));
    assert_written("\"long enough for words\\u0000and a NUL\"");
    tg_json_write_text(&buf, "\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e and ASCII after it");
    assert_written("\"\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e and ASCII after it\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    tg_json_write_text(&buf, "a\xff"
                             "b\xc3");
    assert_written("\"a\xef\xbf\xbd"
                   "b\xef\xbf\xbd\"");
    tg_json_write_text(&buf, "\xed\xa0\x80 is a surrogate");
    assert_written("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd is a surrogate\"");
}

static void integers_are_written_to_the_ends_of_their_range(void **state)
{
    (void)state;
    tg_json_write_int(&buf, 0);
    assert_written("0");
    tg_json_write_int(&buf, INT64_MIN);
    assert_written("-9223372036854775808");
    tg_json_write_int(&buf, INT64_MAX);
    assert_written("9223372036854775807");
}

static void commas_stand_where_they_belong(void **state)
{
    (void)state;
    tg_buf_add_byte(&buf, '{');
    tg_json_write_name(&buf, "a");
    tg_json_write_int(&buf, 1);
    tg_json_write_name(&buf, "b");
    tg_buf_add_byte(&buf, '[');
    for (int i = 0; i < 3; i++) {
        tg_json_write_comma(&buf);
        tg_json_write_int(&buf, i);
    }
    tg_buf_add_byte(&buf, ']');
    tg_json_write_name(&buf, "c");
    tg_buf_add_byte(&buf, '{');
    tg_json_write_name(&buf, "d\n");
    tg_buf_add_text(&buf, "null}}");
    assert_written("{\"a\":1,\"b\":[0,1,2],\"c\":{\"d\\n\":null}}");
    tg_json_write_comma(&buf);
    assert_written("");
}

/* Every byte, in every place of a word, comes back as it was. */
static void what_was_written_is_read_again(void **state)
{
    (void)state;
    struct tg_json_doc doc = {0};
    struct tg_buf scratch = {0};
    for (uint32_t byte = 0; byte < 128; byte++) {
        for (size_t at = 0; at < 20; at++) {
            uint8_t bytes[20];
            memset(bytes, 'x', sizeof bytes);
            bytes[at] = (uint8_t)byte;
            tg_buf_clear(&buf);
            tg_json_write_string(&buf, tg_slice(bytes, sizeof bytes));
            assert_int_equal(tg_json_parse(&doc, tg_buf_slice(&buf), NULL, NULL), TG_OK);
            struct tg_slice string;
            assert_true(tg_json_string(tg_json_root(&doc), &scratch, &string));
            assert_true(tg_slice_equal(string, tg_slice(bytes, sizeof bytes)));
        }
    }
    tg_buf_clear(&buf);
    tg_json_finish(&doc);
    tg_buf_finish(&scratch);
}

static void a_buffer_at_its_limit_has_failed(void **state)
{
    (void)state;
    struct tg_buf small = {.limit = 4};
    tg_json_write_text(&small, "abcdef");
    assert_true(small.failed);
    tg_json_write_name(&small, "a");
    assert_true(small.failed);
    tg_buf_finish(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped_where_they_must_be),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(integers_are_written_to_the_ends_of_their_range),
        cmocka_unit_test(commas_stand_where_they_belong),
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(a_buffer_at_its_limit_has_failed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tg_buf_finish(&buf);
    return failed;
}
