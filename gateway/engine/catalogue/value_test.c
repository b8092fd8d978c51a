#include "engine/catalogue/value.h"

#include "testing/catalogues.h"

static struct tg_json_doc doc;
static struct tg_buf scratch;

static bool is(enum tg_field_kind kind, const char *text)
{
    assert_int_equal(tg_json_parse(&doc, json_of(text), NULL, NULL), TG_OK);
    return tg_value_is(tg_json_root(&doc), kind, &scratch);
}

/* `good` and `bad` are lists of texts that end with NULL. */
static void check(enum tg_field_kind kind, const char *const *good,
                  const char *const *bad)
{
    for (; *good != NULL; good++) {
        if (!is(kind, *good)) {
            fail_msg("%s is a good %s", *good, tg_field_kind_text(kind));
        }
    }
    for (; *bad != NULL; bad++) {
        if (is(kind, *bad)) {
            fail_msg("%s is no %s", *bad, tg_field_kind_text(kind));
        }
    }
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void an_int_is_a_number_up_to_2_53_and_a_string_beyond(void **state)
{
    (void)state;
    check(TG_FIELD_INT,
          LIST("0", "-1", "9007199254740991", "-9007199254740991", "'9007199254740992'",
               "'-9007199254740992'", "'9223372036854775807'", "'-9223372036854775808'",
               "'\\u00394\\u00307199254740992'"),
          LIST("1.0", "1e3", "9007199254740992", "-9007199254740992", "'7'",
               "'9007199254740991'", "'9223372036854775808'", "'-9223372036854775809'",
               "'09007199254740993'", "'+9007199254740993'", "'9007199254740993 '",
               "'9007199254740993.0'", "''", "'-'", "null", "true", "[]",
               "'99999999999999999999'"));
}

static void a_double_is_a_number(void **state)
{
    (void)state;
    check(TG_FIELD_DOUBLE, LIST("0", "-1.5", "1e300", "9007199254740993"),
          LIST("'1.5'", "null", "true", "{}"));
}

static void a_decimal_is_a_string_of_digits(void **state)
{
    (void)state;
    check(TG_FIELD_DECIMAL,
          LIST("'0'", "'-12.50'", "'99.95'", "'0.001'", "'-0'",
               "'123456789012345678901234567890.123456789'", "'1\\u002e5'"),
          LIST("12.5", "12", "''", "'-'", "'.5'", "'5.'", "'+5'", "'1e5'", "'1E+2'",
               "'01'", "'1,5'", "' 1'", "'1 '", "'NaN'", "'Infinity'", "'1.5.5'", "null",
               "'\xc2\xb2'"));
}

static void strings_and_booleans_are_themselves(void **state)
{
    (void)state;
    check(TG_FIELD_STRING, LIST("''", "'a'", "'\\u0000'"), LIST("1", "null", "[]"));
    check(TG_FIELD_BOOL, LIST("true", "false"), LIST("1", "0", "'true'", "null"));
    check(TG_FIELD_JSON, LIST("1", "null", "{'a':[1]}", "''"), LIST("1") + 1);
}

static void a_date_is_a_day_of_the_calendar(void **state)
{
    (void)state;
    check(TG_FIELD_DATE,
          LIST("'2026-11-23'", "'2024-02-29'", "'2000-02-29'", "'0001-01-01'",
               "'9999-12-31'"),
          LIST("'2026-02-29'", "'1900-02-29'", "'2026-04-31'", "'2026-13-01'",
               "'2026-00-10'", "'2026-01-00'", "'2026-01-32'", "'26-01-01'", "'2026-1-1'",
               "'2026/01/01'", "'20260101'", "'2026-01-01T'", "'2026-01-01 '", "''",
               "20260101", "null"));
}

static void a_timestamp_is_rfc_3339_with_an_offset(void **state)
{
    (void)state;
    check(TG_FIELD_TIMESTAMP,
          LIST("'2026-11-23T02:16:34Z'", "'2026-11-23T02:16:34.120331Z'",
               "'2026-11-23T23:59:59.999999999+05:45'", "'2026-11-23T00:00:00-00:00'",
               "'2024-02-29T00:00:00-23:59'", "'2016-12-31T23:59:60Z'",
               "'2017-01-01T00:59:60+01:00'", "'2016-12-31T18:59:60.5-05:00'"),
          LIST("'2026-11-23T02:16:34'", "'2026-11-23T02:16Z'", "'2026-11-23 02:16:34Z'",
               "'2026-11-23t02:16:34z'", "'2026-11-23T24:00:00Z'",
               "'2026-11-23T02:60:00Z'", "'2026-11-23T02:16:61Z'",
               "'2026-11-23T02:16:60Z'", "'2026-11-30T22:59:60Z'",
               "'2017-01-02T00:59:60+01:00'", "'2016-12-30T18:59:60-05:00'",
               "'2026-11-23T02:16:34.Z'", "'2026-11-23T02:16:34,5Z'",
               "'2026-11-23T02:16:34+0100'", "'2026-11-23T02:16:34+24:00'",
               "'2026-11-23T02:16:34+01:60'", "'2026-11-23T02:16:34+01'",
               "'2026-02-30T02:16:34Z'", "'2026-11-23T02:16:34ZZ'", "'2026-11-23'", "''",
               "1700000000", "null"));
}

static void a_duration_is_seconds_with_an_s(void **state)
{
    (void)state;
    check(TG_FIELD_DURATION,
          LIST("'93.5s'", "'0s'", "'-5s'", "'0.000001s'",
               "'123456789012345678.123456789s'"),
          LIST("'93.5'", "'s'", "'-s'", "'1 s'", "'1S'", "'1e3s'", "'1m'", "'.5s'",
               "'5.s'", "'1.0000000001s'", "'1234567890123456789s'", "'PT5S'", "93.5",
               "null"));
}

static void a_uuid_is_36_lower_case_characters(void **state)
{
    (void)state;
    check(TG_FIELD_UUID,
          LIST("'00000000-0000-0000-0000-000000000000'",
               "'7d4e0a51-b2c3-4f00-9abc-0123456789ef'"),
          LIST("'7D4E0A51-B2C3-4F00-9ABC-0123456789EF'",
               "'7d4e0a51b2c34f009abc0123456789ef'",
               "'7d4e0a51-b2c3-4f00-9abc-0123456789eg'",
               "'7d4e0a51-b2c3-4f00-9abc-0123456789e'",
               "'7d4e0a51-b2c3-4f00-9abc0-123456789ef'",
               "'{7d4e0a51-b2c3-4f00-9abc-0123456789ef}'", "''", "7", "null"));
}

static void every_kind_says_what_it_wants(void **state)
{
    (void)state;
    for (int kind = 0; kind < TG_FIELD_KIND_COUNT; kind++) {
        assert_true(strlen(tg_value_wanted((enum tg_field_kind)kind)) > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_int_is_a_number_up_to_2_53_and_a_string_beyond),
        cmocka_unit_test(a_double_is_a_number),
        cmocka_unit_test(a_decimal_is_a_string_of_digits),
        cmocka_unit_test(strings_and_booleans_are_themselves),
        cmocka_unit_test(a_date_is_a_day_of_the_calendar),
        cmocka_unit_test(a_timestamp_is_rfc_3339_with_an_offset),
        cmocka_unit_test(a_duration_is_seconds_with_an_s),
        cmocka_unit_test(a_uuid_is_36_lower_case_characters),
        cmocka_unit_test(every_kind_says_what_it_wants),
    };
    int failed = cmocka_run_group_tests_name("value", tests, NULL, NULL);
    tg_json_finish(&doc);
    tg_buf_finish(&scratch);
    return failed;
}
