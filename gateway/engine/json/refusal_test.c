#include "engine/json/refusal.h"

#include "engine/base/nearest.h"
#include "testing/catalogues.h"

static void a_refusal_is_written_as_members(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    struct tg_buf buf = {0};
    tg_refusal_set(&refusal, TG_CODE_INVALID_KEY, NULL, "the key is \"%s\"", "wrong");
    tg_refusal_write(&refusal, &buf);
    assert_slice(tg_buf_slice(&buf),
                 "\"code\":\"invalid_key\",\"message\":\"the key is \\\"wrong\\\"\"");
    tg_buf_clear(&buf);
    tg_refusal_set(&refusal, TG_CODE_UNKNOWN_MEMBER, "data.a\"b", "no");
    tg_refusal_suggest(&refusal, TG_LIT("ab"));
    tg_refusal_suggest(&refusal, TG_LIT("abc"));
    tg_refusal_write(&refusal, &buf);
    assert_slice(tg_buf_slice(&buf),
                 "\"code\":\"unknown_member\",\"message\":\"no\",\"member\":"
                 "\"data.a\\\"b\",\"nearest\":[\"ab\",\"abc\"]");
    tg_buf_clear(&buf);
    tg_refusal_set(&refusal, TG_CODE_OVERLOADED, NULL, "later");
    refusal.retry_after_ms = 250;
    tg_refusal_write(&refusal, &buf);
    assert_slice(tg_buf_slice(&buf),
                 "\"code\":\"overloaded\",\"message\":\"later\",\"retry_after_ms\":250");
    tg_refusal_set(&refusal, TG_CODE_OVERLOADED, NULL, "who knows");
    assert_int_equal(refusal.retry_after_ms, 0);
    tg_buf_finish(&buf);
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    char text[1024];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xf0\x9d\x84\x9e", 4);
        }
        text[1020] = '\0';
        tg_refusal_set(&refusal, TG_CODE_INTERNAL, text, "%s", text);
        tg_refusal_suggest(&refusal, tg_slice_of(text));
        size_t message = (TG_REFUSAL_MESSAGE_MAX - lead) / 4 * 4 + lead;
        size_t name = (TG_REFUSAL_NAME_MAX - lead) / 4 * 4 + lead;
        assert_int_equal(strlen(refusal.message), message);
        assert_int_equal(strlen(refusal.member), name);
        assert_int_equal(strlen(refusal.nearest[0]), name);
    }
}

static void at_most_three_names_are_suggested(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    tg_refusal_set(&refusal, TG_CODE_INTERNAL, NULL, "no");
    for (int i = 0; i < 5; i++) {
        tg_refusal_suggest(&refusal, TG_LIT("name"));
    }
    assert_int_equal(refusal.nearest_count, 3);
}

static void a_quote_ends_before_a_control_character(void **state)
{
    (void)state;
    assert_slice(tg_refusal_quote(TG_LIT("abc\ndef")), "abc");
    assert_slice(tg_refusal_quote(TG_LIT("\0")), "");
    assert_slice(tg_refusal_quote(tg_slice(NULL, 0)), "");
    char text[100];
    memset(text, 'x', sizeof text);
    assert_int_equal(tg_refusal_quote(tg_slice(text, 64)).size, 64);
    assert_int_equal(tg_refusal_quote(tg_slice(text, 65)).size, 64);
    memcpy(text + 62, "\xe2\x82\xac", 3);
    assert_int_equal(tg_refusal_quote(tg_slice(text, 100)).size, 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_written_as_members),
        cmocka_unit_test(what_is_too_long_is_cut_between_characters),
        cmocka_unit_test(at_most_three_names_are_suggested),
        cmocka_unit_test(a_quote_ends_before_a_control_character),
    };
    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
