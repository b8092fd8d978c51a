#include "engine/json/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tg_json_doc doc;
static struct tg_buf scratch;

static struct tg_json parse(const char *text)
{
    assert_int_equal(tg_json_parse(&doc, tg_slice_of(text), NULL, NULL), TG_OK);
    return tg_json_root(&doc);
}

static void assert_slice(struct tg_slice slice, const char *text)
{
    if (!tg_slice_is(slice, text)) {
        fail_msg("\"%.*s\" is not \"%s\"", TG_FMT(slice), text);
    }
}

static void each_value_has_its_kind(void **state)
{
    (void)state;
    struct tg_json list = parse("[null,true,1,1.0,\"\",[],{}]");
    static const enum tg_json_kind kinds[] = {
        TG_JSON_NULL,   TG_JSON_BOOL,  TG_JSON_INT,    TG_JSON_DOUBLE,
        TG_JSON_STRING, TG_JSON_ARRAY, TG_JSON_OBJECT,
    };
    assert_int_equal(tg_json_kind(list), TG_JSON_ARRAY);
    assert_int_equal(tg_json_size(list), 7);
    size_t at = 0;
    for (struct tg_json v = tg_json_first(list); tg_json_kind(v) != TG_JSON_NONE;
         v = tg_json_next(v)) {
        assert_int_equal(tg_json_kind(v), kinds[at++]);
    }
    assert_int_equal(at, 7);
}

static void members_come_in_the_order_of_the_text(void **state)
{
    (void)state;
    struct tg_json object =
        parse(" {\"b\":[1,[2,3],{\"x\":4}],\"\\u0061\":{},\"c\":null} ");
    struct tg_json v = tg_json_first(object);
    assert_slice(tg_json_name(v, &scratch), "b");
    assert_slice(tg_json_raw(v), "[1,[2,3],{\"x\":4}]");
    v = tg_json_next(v);
    assert_slice(tg_json_name(v, &scratch), "a");
    assert_slice(tg_json_raw(v), "{}");
    v = tg_json_next(v);
    assert_slice(tg_json_name(v, &scratch), "c");
    assert_slice(tg_json_raw(v), "null");
    v = tg_json_next(v);
    assert_int_equal(tg_json_kind(v), TG_JSON_NONE);
    assert_slice(tg_json_raw(object),
                 "{\"b\":[1,[2,3],{\"x\":4}],\"\\u0061\":{},\"c\":null}");
}

static void a_member_is_found_by_name(void **state)
{
    (void)state;
    struct tg_json object = parse("{\"deep\":{\"id\":1},\"list\":[{\"id\":2}],"
                                  "\"\\u0069d\":3,\"\\ud834\\udd1e\":4,\"\":5}");
    int64_t number = 0;
    assert_true(tg_json_int(tg_json_get(object, "id"), &number));
    assert_int_equal(number, 3);
    assert_true(tg_json_int(tg_json_get(tg_json_get(object, "deep"), "id"), &number));
    assert_int_equal(number, 1);
    assert_true(tg_json_int(tg_json_get(object, "\xf0\x9d\x84\x9e"), &number));
    assert_int_equal(number, 4);
    assert_true(tg_json_int(tg_json_get(object, ""), &number));
    assert_int_equal(number, 5);
    assert_int_equal(tg_json_kind(tg_json_get(object, "i")), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_get(object, "idx")), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_get(object, "\xf0\x9d\x84")), TG_JSON_NONE);
}

static void a_name_is_compared_without_memory(void **state)
{
    (void)state;
    struct tg_json value = tg_json_first(parse("{\"\\u0069d\":[3]}"));
    assert_true(tg_json_name_is(value, TG_LIT("id")));
    assert_false(tg_json_name_is(value, TG_LIT("idx")));
    assert_false(tg_json_name_is(value, TG_LIT("i")));
    assert_false(tg_json_name_is(tg_json_first(value), TG_LIT("id")));
    assert_false(tg_json_name_is(tg_json_root(&doc), TG_LIT("id")));
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    struct tg_slice string;
    assert_true(tg_json_string(parse("\"plain\""), NULL, &string));
    assert_slice(string, "plain");
    assert_true(
        tg_json_string(parse("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\""), &scratch, &string));
    assert_slice(string, "a\"\\/\b\f\n\r\tz");
    assert_true(tg_json_string(parse("\"\\u0041\\u00e9\\u20ac\\ud834\\udd1e\""), &scratch,
                               &string));
    assert_slice(string, "A\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e");
    assert_true(tg_json_string(parse("\"a\\u0000b\""), &scratch, &string));
    assert_int_equal(string.size, 3);
    assert_memory_equal(string.data, "a\0b", 3);
    assert_false(tg_json_string(parse("\"\\n\""), NULL, &string));
}

static void a_value_is_not_taken_for_another_kind(void **state)
{
    (void)state;
    struct tg_slice string;
    int64_t integer;
    double number;
    bool truth;
    assert_false(tg_json_string(parse("1"), &scratch, &string));
    assert_false(tg_json_int(parse("1.0"), &integer));
    assert_false(tg_json_int(parse("\"1\""), &integer));
    assert_true(tg_json_double(parse("1"), &number));
    assert_true(number == 1.0);
    assert_false(tg_json_double(parse("true"), &number));
    assert_true(tg_json_bool(parse("true"), &truth) && truth);
    assert_true(tg_json_bool(parse("false"), &truth) && !truth);
    assert_false(tg_json_bool(parse("null"), &truth));
    assert_int_equal(tg_json_size(parse("\"abc\"")), 0);
}

static void looking_at_nothing_finds_nothing(void **state)
{
    (void)state;
    struct tg_json nothing = tg_json_get(parse("[1]"), "a");
    struct tg_slice string;
    int64_t number;
    assert_int_equal(tg_json_kind(nothing), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_first(nothing)), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_next(nothing)), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_get(nothing, "a")), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_first(parse("{}"))), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_first(parse("3"))), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_next(parse("3"))), TG_JSON_NONE);
    assert_int_equal(tg_json_kind(tg_json_next(parse("[3]"))), TG_JSON_NONE);
    assert_int_equal(tg_json_raw(nothing).size, 0);
    assert_int_equal(tg_json_name(nothing, &scratch).size, 0);
    assert_false(tg_json_string(nothing, &scratch, &string));
    assert_false(tg_json_int(nothing, &number));
    struct tg_json_doc empty = {0};
    assert_int_equal(tg_json_kind(tg_json_root(&empty)), TG_JSON_NONE);
    assert_string_equal(tg_json_kind_text(tg_json_kind(nothing)), "nothing");
    tg_json_finish(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_its_kind),
        cmocka_unit_test(members_come_in_the_order_of_the_text),
        cmocka_unit_test(a_member_is_found_by_name),
        cmocka_unit_test(a_name_is_compared_without_memory),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(a_value_is_not_taken_for_another_kind),
        cmocka_unit_test(looking_at_nothing_finds_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tg_json_finish(&doc);
    tg_buf_finish(&scratch);
    return failed;
}
