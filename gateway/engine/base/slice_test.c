#include "engine/base/slice.h"

#include "testing/cmocka.h"

static int order(const char *a, const char *b)
{
    return tg_slice_compare(tg_slice_of(a), tg_slice_of(b));
}

static void slices_are_in_the_order_of_their_bytes(void **state)
{
    (void)state;
    assert_int_equal(order("", ""), 0);
    assert_int_equal(order("", "a"), -1);
    assert_int_equal(order("b", "abc"), 1);
    assert_int_equal(order("ab", "abc"), -1);
    assert_int_equal(order("z", "\xc3\xa9"), -1);
    assert_int_equal(tg_slice_compare(tg_slice(NULL, 0), TG_LIT("a")), -1);
    assert_int_equal(tg_slice_compare(tg_slice(NULL, 0), tg_slice(NULL, 0)), 0);
}

static void the_empty_slice_is_everywhere(void **state)
{
    (void)state;
    struct tg_slice none = tg_slice(NULL, 0);
    assert_true(tg_slice_begins(none, none) && tg_slice_ends(none, none));
    assert_true(tg_slice_contains(none, none) && tg_slice_contains(TG_LIT("a"), none));
    assert_false(tg_slice_begins(none, TG_LIT("a")) || tg_slice_ends(none, TG_LIT("a")));
    assert_false(tg_slice_contains(none, TG_LIT("a")));
}

static void parts_are_found_where_they_are(void **state)
{
    (void)state;
    struct tg_slice text = TG_LIT("abcab");
    assert_true(tg_slice_begins(text, TG_LIT("abc")));
    assert_false(tg_slice_begins(text, TG_LIT("cab")));
    assert_true(tg_slice_ends(text, TG_LIT("cab")));
    assert_false(tg_slice_ends(text, TG_LIT("abcabc")));
    assert_true(tg_slice_contains(text, TG_LIT("ca")));
    assert_false(tg_slice_contains(text, TG_LIT("ac")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_in_the_order_of_their_bytes),
        cmocka_unit_test(the_empty_slice_is_everywhere),
        cmocka_unit_test(parts_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
