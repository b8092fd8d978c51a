#include "engine/base/instant.h"

#include <time.h>

#include "testing/cmocka.h"

static void expect(int64_t us, const char *expected)
{
    char text[TG_INSTANT_TEXT_SIZE];
    size_t size = tg_instant_write(us, text);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void writes_rfc_3339(void **state)
{
    (void)state;
    expect(0, "1970-01-01T00:00:00.000000Z");
    expect(1, "1970-01-01T00:00:00.000001Z");
    expect(INT64_C(1795400194120331), "2026-11-23T02:16:34.120331Z");
    expect(INT64_C(951782399999999), "2000-02-28T23:59:59.999999Z");
    expect(INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z");
    expect(INT64_C(951868800000000), "2000-03-01T00:00:00.000000Z");
    expect(INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z");
    expect(INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z");
}

static void stays_within_its_years(void **state)
{
    (void)state;
    expect(-1, "1970-01-01T00:00:00.000000Z");
    expect(INT64_MIN, "1970-01-01T00:00:00.000000Z");
    expect(INT64_MAX, "9999-12-31T23:59:59.999999Z");
}

static void agrees_with_the_c_library_on_every_day_of_500_years(void **state)
{
    (void)state;
    for (time_t day = 0; day < 182622; day++) {
        time_t seconds = day * 86400 + day % 86400;
        struct tm parts;
        gmtime_r(&seconds, &parts);
        char expected[40];
        size_t size = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &parts);
        char text[TG_INSTANT_TEXT_SIZE];
        assert_int_equal(tg_instant_write((int64_t)seconds * 1000000, text), 27);
        if (size != 19 || memcmp(text, expected, size) != 0) {
            fail_msg("%.27s instead of %s", text, expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_rfc_3339),
        cmocka_unit_test(stays_within_its_years),
        cmocka_unit_test(agrees_with_the_c_library_on_every_day_of_500_years),
    };
    return cmocka_run_group_tests_name("instant", tests, NULL, NULL);
}
