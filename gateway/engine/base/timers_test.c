#include "engine/base/timers.h"

#include "testing/cmocka.h"

enum { TICK_MS = 10, ROUND_MS = TICK_MS * TG_TIMERS_SLOTS };

static struct tg_timers timers;
static struct tg_link fired;

static int setup(void **state)
{
    (void)state;
    tg_timers_init(&timers, 1000, TICK_MS);
    tg_list_init(&fired);
    return 0;
}

/* How many fire when the time comes to `now_ms`. */
static int advance(uint64_t now_ms)
{
    int count = 0;
    tg_timers_advance(&timers, now_ms, &fired);
    while (!tg_list_empty(&fired)) {
        tg_list_remove(fired.next);
        count++;
    }
    return count;
}

static void fires_at_its_tick_and_once(void **state)
{
    (void)state;
    struct tg_timer timer;
    tg_timer_init(&timer);
    tg_timer_set(&timers, &timer, 1100);
    assert_int_equal(advance(1099), 0);
    assert_int_equal(advance(1100), 1);
    assert_int_equal(advance(1200), 0);
}

static void never_early_and_at_most_a_tick_late(void **state)
{
    (void)state;
    uint64_t now_ms = 1000;
    for (uint64_t after = 1; after < 3 * ROUND_MS; after += 37) {
        struct tg_timer timer;
        tg_timer_init(&timer);
        uint64_t due_ms = now_ms + after;
        tg_timer_set(&timers, &timer, due_ms);
        while (advance(now_ms) == 0) {
            assert_true(now_ms < due_ms + TICK_MS);
            now_ms++;
        }
        assert_true(now_ms >= due_ms);
    }
}

static void what_is_past_fires_at_the_next_tick(void **state)
{
    (void)state;
    struct tg_timer timer;
    tg_timer_init(&timer);
    advance(5000);
    tg_timer_set(&timers, &timer, 3);
    assert_int_equal(advance(5009), 0);
    assert_int_equal(advance(5010), 1);
}

static void a_later_deadline_replaces_the_earlier(void **state)
{
    (void)state;
    struct tg_timer timer;
    tg_timer_init(&timer);
    tg_timer_set(&timers, &timer, 1050);
    tg_timer_set(&timers, &timer, 1090);
    assert_int_equal(advance(1080), 0);
    assert_int_equal(advance(1090), 1);
}

static void a_cancelled_timer_stays_silent(void **state)
{
    (void)state;
    struct tg_timer timer;
    tg_timer_init(&timer);
    tg_timer_cancel(&timer);
    tg_timer_set(&timers, &timer, 1050);
    tg_timer_cancel(&timer);
    assert_int_equal(advance(9000), 0);
}

static void waits_through_whole_rounds(void **state)
{
    (void)state;
    struct tg_timer near;
    struct tg_timer far;
    struct tg_timer never;
    tg_timer_init(&near);
    tg_timer_init(&far);
    tg_timer_init(&never);
    tg_timer_set(&timers, &near, 1500);
    tg_timer_set(&timers, &far, 1500 + 2 * ROUND_MS);
    tg_timer_set(&timers, &never, UINT64_MAX);
    assert_int_equal(advance(1500), 1);
    assert_int_equal(advance(1500 + ROUND_MS), 0);
    assert_int_equal(advance(1500 + 2 * ROUND_MS - 1), 0);
    assert_int_equal(advance(1500 + 2 * ROUND_MS), 1);
    assert_int_equal(advance(1500 + 20 * ROUND_MS), 0);
    tg_timer_cancel(&never);
}

static void a_long_sleep_fires_all_that_is_due(void **state)
{
    (void)state;
    struct tg_timer many[1000];
    for (int i = 0; i < 1000; i++) {
        tg_timer_init(&many[i]);
        tg_timer_set(&timers, &many[i], 1000 + (uint64_t)i * 23);
    }
    /* A jump of several rounds at once. Timer 900 is the first that is not due. */
    assert_int_equal(advance(1000 + 899 * 23), 900);
    assert_int_equal(advance(1000 + 899 * 23), 0);
    assert_int_equal(advance(100000), 100);
}

static void time_that_stands_still_fires_nothing(void **state)
{
    (void)state;
    struct tg_timer timer;
    tg_timer_init(&timer);
    tg_timer_set(&timers, &timer, 1010);
    assert_int_equal(advance(1000), 0);
    assert_int_equal(advance(900), 0);
    assert_int_equal(advance(1010), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fires_at_its_tick_and_once, setup),
        cmocka_unit_test_setup(never_early_and_at_most_a_tick_late, setup),
        cmocka_unit_test_setup(what_is_past_fires_at_the_next_tick, setup),
        cmocka_unit_test_setup(a_later_deadline_replaces_the_earlier, setup),
        cmocka_unit_test_setup(a_cancelled_timer_stays_silent, setup),
        cmocka_unit_test_setup(waits_through_whole_rounds, setup),
        cmocka_unit_test_setup(a_long_sleep_fires_all_that_is_due, setup),
        cmocka_unit_test_setup(time_that_stands_still_fires_nothing, setup),
    };
    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
