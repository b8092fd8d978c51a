#include "engine/base/buf.h"

#include <stdio.h>

#include "testing/cmocka.h"
#include "testing/heap.h"

static void appends_in_order(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_buf_add_text(&buf, "one ");
    tg_buf_add_u64(&buf, 0);
    tg_buf_add_byte(&buf, ' ');
    tg_buf_add_u64(&buf, UINT64_MAX);
    tg_buf_add_slice(&buf, TG_LIT(" and "));
    tg_buf_printf(&buf, "%s-%d", "x", 7);
    assert_slice(tg_buf_slice(&buf), "one 0 18446744073709551615 and x-7");
    tg_buf_finish(&buf);
    assert_int_equal(buf.size, 0);
    tg_buf_add(&buf, "again", 5);
    assert_slice(tg_buf_slice(&buf), "again");
    tg_buf_finish(&buf);
}

static void holds_exactly_its_limit_and_no_more(void **state)
{
    (void)state;
    struct tg_buf buf = {.limit = 100};
    for (int i = 0; i < 100; i++) {
        tg_buf_add_byte(&buf, 'x');
    }
    assert_false(buf.failed);
    assert_int_equal(buf.size, 100);
    assert_true(buf.capacity <= 100);
    tg_buf_add_byte(&buf, 'x');
    assert_true(buf.failed);
    assert_int_equal(buf.size, 100);
    tg_buf_finish(&buf);
    assert_int_equal(buf.limit, 100);
}

static void printf_may_fill_the_limit(void **state)
{
    (void)state;
    struct tg_buf buf = {.limit = 4};
    tg_buf_printf(&buf, "%d", 1234);
    assert_false(buf.failed);
    assert_slice(tg_buf_slice(&buf), "1234");
    tg_buf_printf(&buf, "%d", 5);
    assert_true(buf.failed);
    assert_int_equal(buf.limit, 4);
    tg_buf_clear(&buf);
    tg_buf_printf(&buf, "%d", 1234);
    tg_buf_add_byte(&buf, '5');
    assert_true(buf.failed);
    assert_slice(tg_buf_slice(&buf), "1234");
    tg_buf_finish(&buf);
}

static void failure_sticks_until_clear(void **state)
{
    (void)state;
    struct tg_buf buf = {.limit = 3};
    tg_buf_add_text(&buf, "four");
    tg_buf_add_text(&buf, "ok");
    assert_true(buf.failed);
    assert_int_equal(buf.size, 0);
    tg_buf_clear(&buf);
    tg_buf_add_text(&buf, "ok");
    assert_false(buf.failed);
    assert_slice(tg_buf_slice(&buf), "ok");
    tg_buf_finish(&buf);
}

static void a_size_that_overflows_fails(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_buf_add_byte(&buf, 'x');
    assert_null(tg_buf_room(&buf, SIZE_MAX));
    assert_true(buf.failed);
    tg_buf_finish(&buf);
}

static void numbers_of_every_length(void **state)
{
    (void)state;
    uint64_t power = 1;
    for (int digits = 1; digits <= 20; digits++) {
        const uint64_t values[] = {power - 1, power, power + 1};
        for (size_t i = 0; i < 3; i++) {
            char expected[32];
            char text[TG_U64_DIGITS];
            int size = snprintf(expected, sizeof expected, "%llu",
                                (unsigned long long)values[i]);
            assert_int_equal(tg_u64_write(values[i], text), size);
            assert_memory_equal(text, expected, (size_t)size);
        }
        power *= 10;
    }
}

static void drops_from_the_front(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_buf_drop(&buf, 0);
    tg_buf_add_text(&buf, "abcdef");
    tg_buf_drop(&buf, 0);
    tg_buf_drop(&buf, 2);
    assert_slice(tg_buf_slice(&buf), "cdef");
    tg_buf_drop(&buf, 4);
    assert_int_equal(buf.size, 0);
    tg_buf_finish(&buf);
}

static void every_failing_allocation_keeps_what_was_there(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        assert_true(n < 100);
        struct tg_test_heap heap;
        struct tg_buf buf = {0};
        tg_test_heap_begin(&heap, n);
        for (unsigned i = 0; i < 500; i++) {
            tg_buf_printf(&buf, "%03u ", i);
        }
        failed = buf.failed;
        for (size_t i = 0; i < buf.size; i++) {
            char expected[32];
            snprintf(expected, sizeof expected, "%03zu ", i / 4);
            assert_int_equal(buf.data[i], expected[i % 4]);
        }
        assert_int_equal(buf.size % 4, 0);
        tg_buf_finish(&buf);
        assert_true(tg_test_heap_end(&heap));
    }
}

static void digits_are_those_of_printf(void **state)
{
    (void)state;
    for (uint64_t power = 1, i = 0; i < 20; i++, power *= 10) {
        const uint64_t near[] = {power - 1, power, power + 1, power * 7 + power / 3};
        for (size_t n = 0; n < 4; n++) {
            char wanted[TG_U64_DIGITS + 1];
            char digits[TG_U64_DIGITS];
            int size =
                snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)near[n]);
            assert_int_equal(tg_u64_write(near[n], digits), size);
            assert_memory_equal(digits, wanted, (size_t)size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_in_order),
        cmocka_unit_test(holds_exactly_its_limit_and_no_more),
        cmocka_unit_test(printf_may_fill_the_limit),
        cmocka_unit_test(failure_sticks_until_clear),
        cmocka_unit_test(a_size_that_overflows_fails),
        cmocka_unit_test(numbers_of_every_length),
        cmocka_unit_test(drops_from_the_front),
        cmocka_unit_test(digits_are_those_of_printf),
        cmocka_unit_test(every_failing_allocation_keeps_what_was_there),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
