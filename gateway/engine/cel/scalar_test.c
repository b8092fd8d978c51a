#include "engine/cel/scalar.h"

#include "testing/cmocka.h"

static int64_t seconds_of(const char *text)
{
    struct tg_timestamp t = {0};
    if (!tg_timestamp_read(tg_slice_of(text), &t)) {
        fail_msg("%s is a timestamp", text);
    }
    return t.seconds;
}

static void timestamps_count_from_1970_in_utc(void **state)
{
    (void)state;
    assert_int_equal(seconds_of("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(seconds_of("2009-02-13T23:31:30Z"), 1234567890);
    assert_int_equal(seconds_of("2009-02-14T00:31:30+01:00"), 1234567890);
    assert_int_equal(seconds_of("2009-02-13T18:01:30-05:30"), 1234567890);
    assert_int_equal(seconds_of("1969-12-31T23:59:59Z"), -1);
    assert_int_equal(seconds_of("2000-02-29T12:00:00Z"), 951825600);
    assert_int_equal(seconds_of("2016-12-31T23:59:60Z"),
                     seconds_of("2016-12-31T23:59:59Z"));
    struct tg_timestamp t;
    assert_true(tg_timestamp_read(TG_LIT("1969-12-31T23:59:59.1234567899Z"), &t));
    assert_int_equal(t.seconds, -1);
    assert_int_equal(t.nanos, 123456789);
}

static void timestamps_end_with_the_years_1_and_9999(void **state)
{
    (void)state;
    assert_int_equal(seconds_of("0001-01-01T00:00:00Z"), TG_TIMESTAMP_SECONDS_MIN);
    assert_int_equal(seconds_of("9999-12-31T23:59:59.999999999Z"),
                     TG_TIMESTAMP_SECONDS_MAX);
    struct tg_timestamp t;
    assert_false(tg_timestamp_read(TG_LIT("0001-01-01T00:00:00+00:01"), &t));
    assert_false(tg_timestamp_read(TG_LIT("9999-12-31T23:59:59-00:01"), &t));
    assert_false(tg_timestamp_read(TG_LIT("0000-12-31T00:00:00Z"), &t));
    assert_false(tg_timestamp_read(TG_LIT("9999-12-31T23:59:60-01:00"), &t));
    int64_t days;
    assert_false(tg_date_read(TG_LIT("0000-01-01"), &days));
    assert_true(tg_date_read(TG_LIT("0001-01-01"), &days));
    assert_int_equal(days, -719162);
    assert_true(tg_date_read(TG_LIT("9999-12-31"), &days));
    assert_int_equal(days, 2932896);
}

static void every_day_is_read_and_written(void **state)
{
    (void)state;
    char text[TG_SCALAR_TEXT_SIZE];
    for (int64_t day = -719162; day <= 2932896; day += 13) {
        size_t size = tg_date_write(day, text);
        int64_t again;
        assert_true(tg_date_read(tg_slice(text, size), &again));
        assert_int_equal(again, day);
    }
}

#define CHECK_WRITTEN(kind, from, to)                         \
    do {                                                      \
        struct tg_##kind value_;                              \
        char text_[TG_SCALAR_TEXT_SIZE];                      \
        assert_true(tg_##kind##_read(TG_LIT(from), &value_)); \
        size_t size_ = tg_##kind##_write(value_, text_);      \
        assert_slice(tg_slice(text_, size_), to);             \
    } while (0)

static void times_are_written_without_needless_zeros(void **state)
{
    (void)state;
    CHECK_WRITTEN(timestamp, "2026-11-23T02:16:34.120Z", "2026-11-23T02:16:34.12Z");
    CHECK_WRITTEN(timestamp, "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z");
    CHECK_WRITTEN(timestamp, "1969-12-31T23:59:59.000000001Z",
                  "1969-12-31T23:59:59.000000001Z");
    CHECK_WRITTEN(duration, "93.50s", "93.5s");
    CHECK_WRITTEN(duration, "-0.5s", "-0.5s");
    CHECK_WRITTEN(duration, "-123456789012345678.123456789s",
                  "-123456789012345678.123456789s");
    CHECK_WRITTEN(duration, "0s", "0s");
}

static void durations_of_cel_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
    } good[] = {
        {"1h30m", 5400, 0},
        {"-1.5h", -5400, 0},
        {"1ms", 0, 1000000},
        {"1us", 0, 1000},
        {"1ns", 0, 1},
        {"0", 0, 0},
        {"-0", 0, 0},
        {"+1s", 1, 0},
        {".5s", 0, 500000000},
        {"1.s", 1, 0},
        {"-1s1ms", -1, -1000000},
        {"315576000000s", TG_DURATION_SECONDS_MAX, 0},
        {"\xc2\xb5s1s", 0, 0},
    };
    struct tg_duration d;
    for (size_t i = 0; i + 1 < sizeof good / sizeof *good; i++) {
        assert_true(tg_duration_read_units(tg_slice_of(good[i].text), &d));
        assert_int_equal(d.seconds, good[i].seconds);
        assert_int_equal(d.nanos, good[i].nanos);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      "1",
                                      "s",
                                      "1d",
                                      ".s",
                                      "1h 1m",
                                      "1hm",
                                      "--1s",
                                      "1s1",
                                      "315576000000s1ns",
                                      "320000000000s",
                                      "9999999999999999999s",
                                      "1S"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (tg_duration_read_units(tg_slice_of(bad[i]), &d)) {
            fail_msg("%s is no duration", bad[i]);
        }
    }
}

static void doubles_keep_their_order(void **state)
{
    (void)state;
    static const double ascending[] = {
        -__builtin_inf(), -1e300, -2,  -1, -5e-324, 0.0,
        5e-324,           1e-300, 0.5, 1,  1e300,   __builtin_inf()};
    for (size_t i = 1; i < sizeof ascending / sizeof *ascending; i++) {
        assert_true(tg_number_of_double(ascending[i - 1]) <
                    tg_number_of_double(ascending[i]));
    }
    assert_int_equal(tg_number_of_double(-0.0), tg_number_of_double(0.0));
}

static int64_t duration_number(const char *text)
{
    struct tg_duration d = {0};
    assert_true(tg_duration_read(tg_slice_of(text), &d));
    return tg_number_of_duration(d);
}

static int64_t timestamp_number(const char *text)
{
    struct tg_timestamp t = {0};
    assert_true(tg_timestamp_read(tg_slice_of(text), &t));
    return tg_number_of_timestamp(t);
}

/* Each is below the next; those that a double says between two are not exact. */
static void check_line(int64_t (*number)(const char *), const char *const *texts,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool exact = texts[i][0] != '?';
        const char *text = texts[i] + (exact ? 0 : 1);
        assert_int_equal(tg_number_is_exact(number(text)), exact);
        if (i > 0) {
            const char *before = texts[i - 1] + (texts[i - 1][0] == '?' ? 1 : 0);
            if (number(before) >= number(text)) {
                fail_msg("%s is less than %s", before, text);
            }
        }
    }
}

static void times_keep_their_order(void **state)
{
    (void)state;
    static const char *const durations[] = {"?-123456789012345678s",
                                            "-315576000000s",
                                            "-1.000001s",
                                            "?-1.0000005s",
                                            "-1s",
                                            "?-0.0000015s",
                                            "-0.000001s",
                                            "?-0.000000001s",
                                            "0s",
                                            "?0.000000999s",
                                            "0.000001s",
                                            "1s",
                                            "315576000000s",
                                            "?315576000000.000000001s"};
    check_line(duration_number, durations, sizeof durations / sizeof *durations);
    static const char *const timestamps[] = {"0001-01-01T00:00:00Z",
                                             "?0001-01-01T00:00:00.000000001Z",
                                             "0001-01-01T00:00:00.000001Z",
                                             "1969-12-31T23:59:59.999999Z",
                                             "1970-01-01T00:00:00Z",
                                             "2026-11-23T02:16:34.120331Z",
                                             "?2026-11-23T02:16:34.120331001Z",
                                             "9999-12-31T23:59:59.999999Z"};
    check_line(timestamp_number, timestamps, sizeof timestamps / sizeof *timestamps);
}

static int64_t decimal_number(const char *text)
{
    return tg_number_of_decimal(tg_slice_of(text));
}

static void decimals_keep_their_order(void **state)
{
    (void)state;
    static const char *const ascending[] = {"?-10000000000000000",
                                            "-9999999999999999",
                                            "?-123.456789012345678",
                                            "-123.45678901234567",
                                            "-12.5",
                                            "-1",
                                            "-0.0000000000000001",
                                            "?-0.00000000000000001",
                                            "0",
                                            "?0.00000000000000009",
                                            "0.0000000000000001",
                                            "0.00000000000000011",
                                            "0.1",
                                            "0.99999999999999999",
                                            "1",
                                            "1.0000000000000001",
                                            "?1.00000000000000011",
                                            "1.0000000000000002",
                                            "9.99",
                                            "10",
                                            "12.5",
                                            "99.95",
                                            "100",
                                            "9999999999999999",
                                            "9999999999999999.9",
                                            "?10000000000000000"};
    check_line(decimal_number, ascending, sizeof ascending / sizeof *ascending);
}

static void equal_decimals_are_one_number(void **state)
{
    (void)state;
    assert_int_equal(decimal_number("12.5"), decimal_number("12.500000000000000000000"));
    assert_int_equal(decimal_number("0"), decimal_number("-0.00"));
    assert_int_equal(decimal_number("0.00"), decimal_number("00"));
    assert_int_equal(decimal_number("1e2"), decimal_number("100"));
    assert_int_equal(decimal_number("1.5E-3"), decimal_number("0.0015"));
    assert_int_equal(decimal_number("100e-0000000000000002"), decimal_number("1"));
    assert_int_equal(decimal_number("1e999999999999"),
                     decimal_number("10000000000000000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_count_from_1970_in_utc),
        cmocka_unit_test(timestamps_end_with_the_years_1_and_9999),
        cmocka_unit_test(every_day_is_read_and_written),
        cmocka_unit_test(times_are_written_without_needless_zeros),
        cmocka_unit_test(durations_of_cel_have_units),
        cmocka_unit_test(doubles_keep_their_order),
        cmocka_unit_test(times_keep_their_order),
        cmocka_unit_test(decimals_keep_their_order),
        cmocka_unit_test(equal_decimals_are_one_number),
    };
    return cmocka_run_group_tests_name("scalar", tests, NULL, NULL);
}
