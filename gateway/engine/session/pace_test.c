#include "engine/session/pace.h"

#include "testing/cmocka.h"

static const struct tg_pace_limits limits = {.per_second = 50, .burst = 250};

static uint32_t taken_at_once(struct tg_pace *pace, uint64_t now_us)
{
    uint32_t taken = 0;
    while (tg_pace_take(pace, &limits, now_us) == 0) {
        taken++;
    }
    return taken;
}

static void a_full_bucket_gives_a_burst_and_then_says_when(void **state)
{
    (void)state;
    struct tg_pace pace = {0};
    assert_int_equal(taken_at_once(&pace, 0), 250);
    assert_int_equal(tg_pace_take(&pace, &limits, 0), 20);
    assert_int_equal(tg_pace_take(&pace, &limits, 19500), 1);
    assert_int_equal(tg_pace_take(&pace, &limits, 20000), 0);
    assert_int_equal(tg_pace_take(&pace, &limits, 20000), 20);
}

static void to_be_refused_costs_no_token(void **state)
{
    (void)state;
    struct tg_pace pace = {0};
    taken_at_once(&pace, 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(tg_pace_take(&pace, &limits, 1000), 19);
    }
    assert_int_equal(taken_at_once(&pace, 1000000), 50);
}

static void rest_fills_the_bucket_and_no_more(void **state)
{
    (void)state;
    struct tg_pace pace = {0};
    assert_int_equal(taken_at_once(&pace, 3000000000), 250);
    assert_int_equal(taken_at_once(&pace, 3100000000), 250);
}

static void whoever_keeps_the_pace_is_never_refused(void **state)
{
    (void)state;
    struct tg_pace pace = {0};
    const struct tg_pace_limits one = {.per_second = 3};
    for (uint64_t i = 0; i < 10000; i++) {
        assert_int_equal(tg_pace_take(&pace, &one, i * 333334), 0);
    }
    assert_int_equal(tg_pace_take(&pace, &one, 9999 * UINT64_C(333334) + 1000), 333);
}

static void without_a_limit_nothing_is_refused(void **state)
{
    (void)state;
    struct tg_pace pace = {0};
    const struct tg_pace_limits none = {.per_second = 0, .burst = 1};
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(tg_pace_take(&pace, &none, 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_bucket_gives_a_burst_and_then_says_when),
        cmocka_unit_test(to_be_refused_costs_no_token),
        cmocka_unit_test(rest_fills_the_bucket_and_no_more),
        cmocka_unit_test(whoever_keeps_the_pace_is_never_refused),
        cmocka_unit_test(without_a_limit_nothing_is_refused),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
