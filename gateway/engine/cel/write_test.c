#include "testing/cmocka.h"

#include "engine/cel/parse.h"

static const char *written(const char *query)
{
    static struct tg_buf text;
    struct tg_ast ast = {0};
    struct tg_refusal refusal;
    if (tg_parse(&ast, tg_slice_of(query), &tg_query_limits_wide, &refusal) != TG_OK) {
        fail_msg("%s: %s", query, refusal.message);
    }
    tg_buf_clear(&text);
    tg_ast_write(&ast, ast.count - 1, &text);
    tg_buf_add_byte(&text, '\0');
    assert_false(text.failed);
    tg_ast_finish(&ast);
    return (const char *)text.data;
}

static void spaces_stand_around_operators(void **state)
{
    (void)state;
    assert_string_equal(written("a&&b||!c==-d"), "a && b || !c == -d");
    assert_string_equal(written("a?b:c?d:e"), "a ? b : c ? d : e");
    assert_string_equal(written("a . b [ 0 ].f( 1 ,x.y )"), "a.b[0].f(1, x.y)");
    assert_string_equal(written(" has( .a.b )&& f ( )"), "has(.a.b) && f()");
    assert_string_equal(written("[1,2,]+[{'a':1,}]"), "[1, 2] + [{\"a\": 1}]");
    assert_string_equal(written("a.b . C{x:1,`y-z`:{},}"), "a.b.C{x: 1, `y-z`: {}}");
    assert_string_equal(written("a.all(x,x>1)"), "a.all(x, x > 1)");
    assert_string_equal(written("a.map(x,x>1,x*2)"), "a.map(x, x > 1, x * 2)");
}

static void parentheses_stand_where_they_are_needed(void **state)
{
    (void)state;
    assert_string_equal(written("((a)+(b*c))*d"), "(a + b * c) * d");
    assert_string_equal(written("a-(b-c)"), "a - (b - c)");
    assert_string_equal(written("(a-b)-c"), "a - b - c");
    assert_string_equal(written("(a<b)<c == (d<e)"), "a < b < c == (d < e)");
    assert_string_equal(written("a&&(b&&c)"), "a && (b && c)");
    assert_string_equal(written("(a&&b)||(c)"), "a && b || c");
    assert_string_equal(written("(a?b:c)?(d?e:f):(g?h:i)"),
                        "(a ? b : c) ? (d ? e : f) : g ? h : i");
    assert_string_equal(written("!(a&&b)"), "!(a && b)");
    assert_string_equal(written("!(-a)"), "!(-a)");
    assert_string_equal(written("!(!a)"), "!!a");
    assert_string_equal(written("(-a).b + (a+b).f()"), "(-a).b + (a + b).f()");
    assert_string_equal(written("has((a+b).c)"), "has((a + b).c)");
    assert_string_equal(written("f((a||b),[(c)])"), "f(a || b, [c])");
}

static void a_minus_stays_what_it_is(void **state)
{
    (void)state;
    assert_string_equal(written("-(5)"), "-(5)");
    assert_string_equal(written("-(5.f().g[0])"), "-(5.f().g[0])");
    assert_string_equal(written("-5.f()"), "-5.f()");
    assert_string_equal(written("--5"), "--5");
    assert_string_equal(written("-(1.5)"), "-(1.5)");
    assert_string_equal(written("- 5u"), "-5u");
    assert_string_equal(written("a - -9223372036854775808"), "a - -9223372036854775808");
}

static void numbers_keep_their_digits(void **state)
{
    (void)state;
    assert_string_equal(written("0x10"), "16");
    assert_string_equal(written("0x10U"), "16u");
    assert_string_equal(written("99.950"), "99.950");
    assert_string_equal(written(".5"), "0.5");
    assert_string_equal(written("-//\n.5E-3"), "-0.5e-3");
    assert_string_equal(written("- 1e-3"), "-1e-3");
    assert_string_equal(written("0.1000000000000000055511151231257827"),
                        "0.1000000000000000055511151231257827");
}

static void strings_are_quoted_in_one_way(void **state)
{
    (void)state;
    assert_string_equal(written("'a\"b\\'c'"), "\"a\\\"b'c\"");
    assert_string_equal(written("r'\\d'"), "\"\\\\d\"");
    assert_string_equal(written("'''a\r\n\tb'''"), "\"a\\r\\n\\tb\"");
    assert_string_equal(written("'\\0007\\u007f\\u0085\\u2028\\u202e\\ufeff'"),
                        "\"\\u00007\\u007f\\u0085\\u2028\\u202e\\ufeff\"");
    assert_string_equal(written("'\\u00e9\\U0001f600'"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    assert_string_equal(written("b'a\"\\xff\\n\\001'"), "b\"a\\\"\\xff\\n\\x01\"");
}

static void names_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    assert_string_equal(written("a.`b`"), "a.b");
    assert_string_equal(written("a.`b-c`"), "a.`b-c`");
    assert_string_equal(written("a.`in`"), "a.`in`");
    assert_string_equal(written("a.`1`"), "a.`1`");
    assert_string_equal(written("a.`for`"), "a.for");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spaces_stand_around_operators),
        cmocka_unit_test(parentheses_stand_where_they_are_needed),
        cmocka_unit_test(a_minus_stays_what_it_is),
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(strings_are_quoted_in_one_way),
        cmocka_unit_test(names_are_quoted_where_they_must_be),
    };
    return cmocka_run_group_tests_name("query/write", tests, NULL, NULL);
}
