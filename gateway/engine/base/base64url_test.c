#include "engine/base/base64url.h"

#include "testing/cmocka.h"

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    uint8_t bytes[40], back[40];
    char text[TG_BASE64URL_SIZE(sizeof bytes)];
    for (size_t size = 0; size <= sizeof bytes; size++) {
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)(i * 37 + size * 101 + 200);
        }
        size_t written = tg_base64url_write(tg_slice(bytes, size), text);
        size_t read = 99;
        assert_int_equal(written, TG_BASE64URL_SIZE(size));
        assert_true(tg_base64url_read(tg_slice(text, written), back, &read));
        assert_int_equal(read, size);
        assert_memory_equal(back, bytes, size);
    }
}

/* RFC 4648 section 10, without padding. */
static void it_is_what_the_rfc_says(void **state)
{
    (void)state;
    const char *const cases[][2] = {{"", ""},
                                    {"f", "Zg"},
                                    {"fo", "Zm8"},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg"},
                                    {"fooba", "Zm9vYmE"},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xfb\xff", "-_8"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        size_t size = tg_base64url_write(tg_slice_of(cases[i][0]), text);
        assert_slice(tg_slice(text, size), cases[i][1]);
    }
}

static void another_spelling_is_refused(void **state)
{
    (void)state;
    const char *const cases[] = {"Zg==", "Zh",    "Z",      "Zm9",          "Zm9vYmF",
                                 "+/8",  "Zm 9v", "Zm9v\n", "Zm9v\xc3\xa9", "="};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[16];
        size_t size = 77;
        assert_int_equal(tg_base64url_read(tg_slice_of(cases[i]), bytes, &size), false);
        assert_int_equal(size, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(it_is_what_the_rfc_says),
        cmocka_unit_test(another_spelling_is_refused),
    };
    return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
