#include "engine/json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/mem.h"

static struct tg_json_doc doc;

/* Parse a copy of exactly its size, so that a sanitizer sees a look beyond the end. */
static enum tg_err parse(const char *text, size_t size, struct tg_json_error *error)
{
    static uint8_t *copy;
    free(copy);
    copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, text, size);
    return tg_json_parse(&doc, tg_slice(copy, size), NULL, error);
}

struct text {
    const char *text;
    size_t size;
};
#define T(literal)                   \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static const struct text good[] = {
    T("null"),
    T("true"),
    T("false"),
    T("0"),
    T("-0"),
    T("7"),
    T("-7"),
    T("\"\""),
    T("[]"),
    T("{}"),
    T(" \t\r\n1 \t\r\n"),
    T("[ ]"),
    T("{ }"),
    T("[1,2]"),
    T("[ 1 , 2 ]"),
    T("{\"a\":1}"),
    T(" { \"a\" : 1 , \"b\" : 2 } "),
    T("[[],[[]],{}]"),
    T("{\"a\":{\"a\":{\"a\":[]}}}"),
    T("{\"\":0}"),
    T("[\"a\",\"b\",null,true,false,1.5]"),
    /* Numbers. */
    T("9223372036854775807"),
    T("-9223372036854775808"),
    T("0.5"),
    T("-0.0"),
    T("1e5"),
    T("1E5"),
    T("1e+5"),
    T("1e-5"),
    T("1.5e300"),
    T("1e308"),
    T("1.7976931348623157e308"),
    T("1e-400"),
    T("5e-324"),
    T("0e99999999999999999999"),
    T("0.00000000000000000000001"),
    T("9223372036854775808.0"),
    T("9223372036854775808"),
    T("-9223372036854775809"),
    T("99999999999999999999999999"),
    T("123456789012345678901234567890e0"),
    T("1e-99999999999999999999"),
    /* Strings. */
    T("\"12345678\""),
    T("\"123456781234567\""),
    T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    T("\"\\u0000\""),
    T("\"\\u00e9\\u20AC\\uD834\\udd1e\""),
    T("\"\x7f\""),
    T("\"\xc3\xa9\""),
    T("\"\xe2\x82\xac\""),
    T("\"\xf0\x9d\x84\x9e\""),
    T("\"\xc2\x80\""),
    T("\"\xdf\xbf\""),
    T("\"\xe0\xa0\x80\""),
    T("\"\xed\x9f\xbf\""),
    T("\"\xee\x80\x80\""),
    T("\"\xef\xbf\xbf\""),
    T("\"\xf0\x90\x80\x80\""),
    T("\"\xf4\x8f\xbf\xbf\""),
    T("\"\\uFFFF\""),
    T("\"\\uD7ff\\uE000\""),
    /* Names that are alike and not the same. */
    T("{\"a\":1,\"A\":2,\"\":3,\"aa\":4,\"a\\u0000\":5,\"\\u0000\":6}"),
    T("{\"12345678a12345678\":1,\"12345678b12345678\":2}"),
    T("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
    T("{\"\\u0061\":1,\"b\":2}"),
};

static const struct text bad[] = {
    T(""),
    T(" "),
    T("\n"),
    T("nul"),
    T("nulll"),
    T("True"),
    T("tru"),
    T("falsey"),
    T("NaN"),
    T("Infinity"),
    T("-Infinity"),
    T("undefined"),
    T("'a'"),
    T("a"),
    T("\xef\xbb\xbf"
      "1"),
    T("1 2"),
    T("1,"),
    T(",1"),
    T("{}{}"),
    T("[]]"),
    T("{}}"),
    T("1\0"),
    T("\0"),
    T("[1\0]"),
    T("// 1\n1"),
    T("/* */1"),
    T("1//"),
    T("\v1"),
    T("\f1"),
    T("\xc2\xa0"
      "1"),
    /* Containers. */
    T("["),
    T("[1"),
    T("[1,"),
    T("[1,]"),
    T("[,]"),
    T("[,1]"),
    T("[1,,2]"),
    T("[1 2]"),
    T("]"),
    T("[1}"),
    T("[1:2]"),
    T("{"),
    T("{\"a\""),
    T("{\"a\":"),
    T("{\"a\":1"),
    T("{\"a\":1,"),
    T("{\"a\":1,}"),
    T("{,}"),
    T("{,\"a\":1}"),
    T("{\"a\" 1}"),
    T("{\"a\"::1}"),
    T("{\"a\",1}"),
    T("{a:1}"),
    T("{1:1}"),
    T("{null:1}"),
    T("{\"a\":1]"),
    T("{\"a\":}"),
    T("{\"a\"}"),
    T("{\"a\":1 \"b\":2}"),
    T("}"),
    T("{[]:1}"),
    /* Numbers. */
    T("-"),
    T("+1"),
    T("01"),
    T("-01"),
    T("00"),
    T("1."),
    T(".5"),
    T("-.5"),
    T("1.e5"),
    T("1e"),
    T("1e+"),
    T("1e-"),
    T("1.5e"),
    T("0x10"),
    T("1_000"),
    T("1e5.5"),
    T("--1"),
    T("- 1"),
    T("1e309"),
    T("-1e309"),
    T("1.8e308"),
    T("1e99999999999999999999"),
    T("1\xd9\xa1"),
    /* Strings. */
    T("\""),
    T("\"a"),
    T("\"\\\""),
    T("\"\\"),
    T("\"\\u"),
    T("\"\\u00"),
    T("\"\\u00e\""),
    T("\"\\u00g0\""),
    T("\"\\x41\""),
    T("\"\\a\""),
    T("\"\\'\""),
    T("\"\\U0041\""),
    T("\"a\nb\""),
    T("\"a\tb\""),
    T("\"a\0b\""),
    T("\"\x1f\""),
    T("\"1234567\x01\""),
    T("\"\\uD800\""),
    T("\"\\uDC00\""),
    T("\"\\uD800\\uD800\""),
    T("\"\\uD800x\""),
    T("\"\\uDC00\\uD800\""),
    T("\"\\uD800\\n\""),
    T("\"\\uD800\\u0041\""),
    T("\"\\uD834\\udd1\""),
    T("\"\x80\""),
    T("\"\xbf\""),
    T("\"\xc0\x80\""),
    T("\"\xc1\xbf\""),
    T("\"\xc3\""),
    T("\"\xc3("),
    T("\"\xe0\x80\x80\""),
    T("\"\xe0\x9f\xbf\""),
    T("\"\xe2\x82\""),
    T("\"\xe2\""),
    T("\"\xed\xa0\x80\""),
    T("\"\xed\xbf\xbf\""),
    T("\"\xf0\x80\x80\x80\""),
    T("\"\xf0\x8f\xbf\xbf\""),
    T("\"\xf4\x90\x80\x80\""),
    T("\"\xf5\x80\x80\x80\""),
    T("\"\xf0\x9d\x84\""),
    T("\"\xf0\x9d\""),
    T("\"\xfe\""),
    T("\"\xff\""),
    T("\"\xc3"),
    T("\"\xe2\x82"),
    T("\"\xf0\x9d\x84"),
    T("{\"\xff\":1}"),
    T("{\"\\uD800\":1}"),
    /* Names that repeat. */
    T("{\"a\":1,\"a\":1}"),
    T("{\"a\":1,\"\\u0061\":2}"),
    T("{\"\\u0061\":1,\"a\":2}"),
    T("{\"\\u0061\":1,\"\\u0061\":2}"),
    T("{\"\":1,\"\":2}"),
    T("{\"a\":1,\"b\":2,\"a\":3}"),
    T("[{\"a\":{\"b\":1,\"c\":{\"d\":1},\"b\":2}}]"),
    T("{\"a\":{\"x\":1},\"b\":[1,2],\"a\":1}"),
    T("{\"\\uD834\\udd1e\":1,\"\xf0\x9d\x84\x9e\":2}"),
    T("{\"customer_name\":1,\"customer\\u005fname\":2}"),
};

static void whole_grammar_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct tg_json_error error = {0};
        if (parse(good[i].text, good[i].size, &error) != TG_OK) {
            fail_msg("%s: %s at %zu", good[i].text, error.message, error.offset);
        }
        assert_int_not_equal(tg_json_kind(tg_json_root(&doc)), TG_JSON_NONE);
    }
}

static void nothing_else_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tg_json_error error = {0};
        if (parse(bad[i].text, bad[i].size, &error) != TG_EINVAL) {
            fail_msg("bad text %zu was read: %s", i, bad[i].text);
        }
        assert_non_null(error.message);
        assert_true(error.offset <= bad[i].size);
        assert_int_equal(tg_json_kind(tg_json_root(&doc)), TG_JSON_NONE);
    }
}

/* Cut anywhere, a text is not JSON; its last byte is the one that makes it so. */
static void a_text_cut_short_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"board.\\u00d6rder\",\"n\":[-12.5e-3,true,"
                               "false,null,\"\xe2\x82\xac\"],\"x\":{}}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        struct tg_json_error error = {0};
        assert_int_equal(parse(text, size, &error), TG_EINVAL);
        assert_true(error.offset <= size);
    }
    assert_int_equal(parse(text, sizeof text - 1, NULL), TG_OK);
}

static void an_error_says_where_and_why(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *message;
    } cases[] = {
        {"", 0, "there is no value"},
        {"[1,", 3, "the text ends too early"},
        {"\"abc", 4, "the text ends too early"},
        {"[1 2]", 3, "a comma or ] should stand here"},
        {"{\"a\":1;", 6, "a comma or } should stand here"},
        {"{\"a\" 1}", 5, "a colon should stand here"},
        {"{a:1}", 1, "a member name in quotes should stand here"},
        {"{\"a\":1}x", 7, "something follows after the value"},
        {"[tRue]", 2, "no value begins like this"},
        {"[1.x]", 3, "a number lacks a digit"},
        {"[012]", 1, "a number begins with a needless 0"},
        {"[1e999]", 1, "a number is too large for a double"},
        {"\"ab\ncd\"", 3, "a control character stands in a string: it must be escaped"},
        {"\"ab\\qcd\"", 3,
         "a string has an escape that is none, or half a surrogate pair"},
        {"\"ab\xff\"", 3, "a string is not UTF-8"},
        {"{\"a\":1,\"b\":{},\"a\":2}", 14, "a member name appears twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_json_error error = {0};
        assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &error), TG_EINVAL);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(error.offset, cases[i].offset);
    }
}

static enum tg_err parse_nested(char opens, char closes, size_t depth,
                                struct tg_json_error *error)
{
    struct tg_buf text = {0};
    for (size_t i = 0; i < depth; i++) {
        tg_buf_add_text(&text, opens == '{' ? "{\"a\":" : "[");
    }
    tg_buf_add_byte(&text, '1');
    for (size_t i = 0; i < depth; i++) {
        tg_buf_add_byte(&text, (uint8_t)closes);
    }
    enum tg_err err = parse((const char *)text.data, text.size, error);
    tg_buf_finish(&text);
    return err;
}

static void thirty_two_levels_are_read_and_no_more(void **state)
{
    (void)state;
    struct tg_json_error error = {0};
    assert_int_equal(parse_nested('[', ']', 32, &error), TG_OK);
    assert_int_equal(parse_nested('{', '}', 32, &error), TG_OK);
    assert_int_equal(parse_nested('[', ']', 33, &error), TG_ELIMIT);
    assert_int_equal(error.offset, 32);
    assert_string_equal(error.message, "too many levels of lists and objects");
    assert_int_equal(parse_nested('{', '}', 33, &error), TG_ELIMIT);
    assert_int_equal(parse_nested('[', ']', 100000, &error), TG_ELIMIT);
}

static void depth_can_be_limited_otherwise(void **state)
{
    (void)state;
    struct tg_json_limits limits = {.depth_max = 1};
    assert_int_equal(tg_json_parse(&doc, TG_LIT("[1]"), &limits, NULL), TG_OK);
    assert_int_equal(tg_json_parse(&doc, TG_LIT("[[1]]"), &limits, NULL), TG_ELIMIT);
}

static void values_and_names_are_counted(void **state)
{
    (void)state;
    struct tg_json_limits limits = {.values_max = 5};
    struct tg_json_error error = {0};
    assert_int_equal(tg_json_parse(&doc, TG_LIT("{\"a\":1,\"b\":2}"), &limits, &error),
                     TG_OK);
    assert_int_equal(tg_json_parse(&doc, TG_LIT("[1,2,3,4]"), &limits, &error), TG_OK);
    assert_int_equal(tg_json_parse(&doc, TG_LIT("[1,2,3,4,5]"), &limits, &error),
                     TG_ELIMIT);
    assert_string_equal(error.message, "too many values");
    assert_int_equal(error.offset, 9);
    assert_int_equal(tg_json_parse(&doc, TG_LIT("{\"a\":1,\"b\":[]}"), &limits, NULL),
                     TG_OK);
    assert_int_equal(tg_json_parse(&doc, TG_LIT("{\"a\":1,\"b\":[1]}"), &limits, NULL),
                     TG_ELIMIT);
}

static void an_object_of(struct tg_buf *text, size_t count, const char *last)
{
    tg_buf_clear(text);
    tg_buf_add_byte(text, '{');
    for (size_t i = 0; i < count; i++) {
        tg_buf_printf(text, "\"name%zu\":[%zu,{}],", i, i);
    }
    tg_buf_printf(text, "\"%s\":0}", last);
}

static void a_name_that_repeats_is_found_in_objects_of_any_size(void **state)
{
    (void)state;
    struct tg_buf text = {0};
    for (size_t count = 1; count < 40; count++) {
        an_object_of(&text, count, "other");
        assert_int_equal(tg_json_parse(&doc, tg_buf_slice(&text), NULL, NULL), TG_OK);
        assert_int_equal(tg_json_size(tg_json_root(&doc)), count + 1);
        an_object_of(&text, count, "name0");
        assert_int_equal(tg_json_parse(&doc, tg_buf_slice(&text), NULL, NULL), TG_EINVAL);
        an_object_of(&text, count, "n\\u0061me0");
        assert_int_equal(tg_json_parse(&doc, tg_buf_slice(&text), NULL, NULL), TG_EINVAL);
    }
    tg_buf_finish(&text);
}

static void two_names_with_escapes_are_compared_in_large_objects(void **state)
{
    (void)state;
    struct tg_buf text = {0};
    tg_buf_add_text(&text, "{\"\\u0078\":0,");
    for (int i = 0; i < 40; i++) {
        tg_buf_printf(&text, "\"n\\u0061me%d\":0,", i);
    }
    size_t common = text.size;
    tg_buf_add_text(&text, "\"y\":0}");
    assert_int_equal(tg_json_parse(&doc, tg_buf_slice(&text), NULL, NULL), TG_OK);
    text.size = common;
    tg_buf_add_text(&text, "\"\\u0078\":0}");
    struct tg_json_error error = {0};
    assert_int_equal(tg_json_parse(&doc, tg_buf_slice(&text), NULL, &error), TG_EINVAL);
    assert_string_equal(error.message, "a member name appears twice");
    assert_int_equal(error.offset, common);
    tg_buf_finish(&text);
}

static void integers_are_exact_and_doubles_are_rounded_correctly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t integer;
    } integers[] = {
        {"0", 0},
        {"-0", 0},
        {"9007199254740993", INT64_C(9007199254740993)},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        int64_t number = -1;
        assert_int_equal(parse(integers[i].text, strlen(integers[i].text), NULL), TG_OK);
        assert_int_equal(tg_json_kind(tg_json_root(&doc)), TG_JSON_INT);
        assert_true(tg_json_int(tg_json_root(&doc), &number));
        assert_true(number == integers[i].integer);
    }
    /* Halfway cases, subnormals, the largest, more digits than any double needs. */
    static const char *const doubles[] = {
        "0.1",
        "-0.0",
        "0.3",
        "1e22",
        "1e23",
        "123456789.125",
        "9007199254740992.5e0",
        "9007199254740993.0",
        "9007199254740993e0",
        "1.7976931348623157e308",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "6.02214076e23",
        "8.5e-22",
        "1e-23",
        "1e-400",
        "-1e-400",
        "9223372036854775808.0",
        "12345678901234567890.0",
        "9223372036854775808",
        "-9223372036854775809",
        "100000000000000000000",
        "18446744073709551616",
        "0.000000000000000000000000001e27",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1."
        "00000000000000011102230246251565404236316680908203125000000000000000000000000000"
        "0001",
    };
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        double number = NAN;
        assert_int_equal(parse(doubles[i], strlen(doubles[i]), NULL), TG_OK);
        assert_int_equal(tg_json_kind(tg_json_root(&doc)), TG_JSON_DOUBLE);
        assert_true(tg_json_double(tg_json_root(&doc), &number));
        double expected = strtod(doubles[i], NULL);
        assert_memory_equal(&number, &expected, sizeof number);
    }
}

/* Strings are looked through 16 or 8 bytes at a time, the last of a text in a way of its
 * own: each size, with each byte in each place, and texts of each length after it. */
static void each_byte_of_a_string_is_judged_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 35; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[64];
                size_t space = at % 18;
                text[0] = '"';
                memset(text + 1, 'x', size);
                text[1 + at] = (char)byte;
                text[1 + size] = '"';
                memset(text + 2 + size, ' ', space);
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                enum tg_err err =
                    tg_json_parse(&doc, tg_slice(text, size + 2 + space), NULL, NULL);
                assert_int_equal(err, plain ? TG_OK : TG_EINVAL);
                struct tg_slice string;
                if (plain) {
                    assert_true(tg_json_string(tg_json_root(&doc), NULL, &string));
                    assert_int_equal(string.size, size);
                }
            }
        }
    }
}

/* Numbers with few digits and a small exponent take the fast way. */
static void the_fast_way_to_a_double_agrees_with_the_slow_one(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        char text[80];
        snprintf(text, sizeof text, "%s%llu.%llue%d", (random & 1) != 0 ? "-" : "",
                 (unsigned long long)(random >> 40),
                 (unsigned long long)(random >> 33 & 0xffff), (int)(random % 60) - 30);
        double number = NAN;
        assert_int_equal(tg_json_parse(&doc, tg_slice_of(text), NULL, NULL), TG_OK);
        assert_true(tg_json_double(tg_json_root(&doc), &number));
        double expected = strtod(text, NULL);
        assert_memory_equal(&number, &expected, sizeof number);
    }
}

static size_t allocations;

static void *counting_resize(void *context, void *memory, size_t size)
{
    size_t *left = context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    allocations++;
    if (left != NULL && (*left)-- == 0) {
        *left = 0;
        return NULL;
    }
    return realloc(memory, size);
}

static void a_document_that_is_used_again_takes_no_memory(void **state)
{
    (void)state;
    struct tg_heap counting = {counting_resize, NULL};
    struct tg_json_doc again = {0};
    tg_heap_use(&counting);
    for (int i = 0; i < 1000; i++) {
        if (i == 1) {
            allocations = 0;
        }
        struct tg_slice text =
            TG_LIT("{\"type\":\"board.Order\",\"d\\u0061ta\":{\"id\":7,\"x\":1.5}}");
        assert_int_equal(tg_json_parse(&again, text, NULL, NULL), TG_OK);
    }
    assert_int_equal(allocations, 0);
    tg_json_finish(&again);
    tg_heap_use(NULL);
}

static void memory_that_ends_leaves_an_empty_document(void **state)
{
    (void)state;
    struct tg_buf text = {0};
    an_object_of(&text, 60, "a\\u0061\\u0062");
    tg_buf_add_text(&text, "   ");
    for (size_t n = 0;; n++) {
        size_t left = n;
        struct tg_heap failing = {counting_resize, &left};
        struct tg_json_doc fresh = {0};
        tg_heap_use(&failing);
        enum tg_err err = tg_json_parse(&fresh, tg_buf_slice(&text), NULL, NULL);
        if (err == TG_OK) {
            assert_true(n > 2);
            tg_json_finish(&fresh);
            tg_heap_use(NULL);
            break;
        }
        assert_int_equal(err, TG_ENOMEM);
        assert_int_equal(tg_json_kind(tg_json_root(&fresh)), TG_JSON_NONE);
        tg_json_finish(&fresh);
        tg_heap_use(NULL);
    }
    tg_buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_grammar_is_read),
        cmocka_unit_test(nothing_else_is_read),
        cmocka_unit_test(a_text_cut_short_is_refused),
        cmocka_unit_test(an_error_says_where_and_why),
        cmocka_unit_test(thirty_two_levels_are_read_and_no_more),
        cmocka_unit_test(depth_can_be_limited_otherwise),
        cmocka_unit_test(values_and_names_are_counted),
        cmocka_unit_test(a_name_that_repeats_is_found_in_objects_of_any_size),
        cmocka_unit_test(two_names_with_escapes_are_compared_in_large_objects),
        cmocka_unit_test(integers_are_exact_and_doubles_are_rounded_correctly),
        cmocka_unit_test(the_fast_way_to_a_double_agrees_with_the_slow_one),
        cmocka_unit_test(a_document_that_is_used_again_takes_no_memory),
        cmocka_unit_test(each_byte_of_a_string_is_judged_wherever_it_stands),
        cmocka_unit_test(memory_that_ends_leaves_an_empty_document),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    parse("0", 1, NULL);
    tg_json_finish(&doc);
    return failed;
}
