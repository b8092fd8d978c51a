#include "engine/base/utf8.h"

#include "testing/cmocka.h"

/* Encode one number as UTF-8 would, valid or not; its size is returned. */
static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

static void every_character_and_no_surrogate(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x120000; point++) {
        uint8_t bytes[4];
        size_t size = encode(point, bytes);
        bool good = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        assert_int_equal(tg_utf8_valid(tg_slice(bytes, size)), good);
        if (size > 1) {
            assert_false(tg_utf8_valid(tg_slice(bytes, size - 1)));
        }
    }
}

/* What three bytes may be, said again in the plainest way. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        bool found = false;
        for (size_t length = 1; length <= 3 && length <= size - i && !found; length++) {
            uint32_t point = length == 1 ? bytes[i]
                             : length == 2
                                 ? (bytes[i] & 0x1fu) << 6 | (bytes[i + 1] & 0x3f)
                                 : (bytes[i] & 0xfu) << 12 | (bytes[i + 1] & 0x3fu) << 6 |
                                       (bytes[i + 2] & 0x3f);
            uint8_t again[4];
            if ((point < 0xd800 || point > 0xdfff) && encode(point, again) == length &&
                memcmp(again, bytes + i, length) == 0) {
                found = true;
                i += length;
            }
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void every_run_of_three_bytes(void **state)
{
    (void)state;
    /* ASCII comes first in none: it changes nothing for what follows. */
    for (uint32_t all = 1 << 23; all < 1 << 24; all++) {
        uint8_t bytes[3] = {(uint8_t)(all >> 16), (uint8_t)(all >> 8), (uint8_t)all};
        if (tg_utf8_valid(tg_slice(bytes, 3)) != is_text(bytes, 3)) {
            fail_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
        }
    }
}

static void refuses_at_the_first_byte_that_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t good; /* How many may still come; the next may not. */
    } cases[] = {
        {"\x80", 0},          {"\xbf", 0},
        {"\xc0\x80", 0},      {"\xc1\xbf", 0},
        {"\xf5\x80", 0},      {"\xff", 0},
        {"\xe0\x9f", 1},      {"\xed\xa0", 1},
        {"\xf0\x8f", 1},      {"\xf4\x90", 1},
        {"\xc2\x41", 1},      {"\xe2\x82\x28", 2},
        {"a\xf0\x90\x41", 3}, {"\xce\xba\xce\xce", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_utf8 utf8 = {0};
        size_t size = strlen(cases[i].bytes);
        size_t good = 0;
        while (good < size && tg_utf8_feed(&utf8, tg_slice(cases[i].bytes + good, 1))) {
            good++;
        }
        assert_int_equal(good, cases[i].good);
        assert_false(tg_utf8_valid(tg_slice(cases[i].bytes, size)));
    }
}

static void any_split_gives_the_same(void **state)
{
    (void)state;
    const char *texts[] = {
        "plain text of more than eight bytes, κόσμε, then 日本語 and \xf0\x9f\x90\x98!",
        "plain text of more than eight bytes, then \xed\xa0\x80",
        "0123456\xe2\x82\xac\xe2\x82\xac 01234567890123\xf4\x8f\xbf\xbf",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        struct tg_slice all = tg_slice_of(texts[t]);
        bool whole = tg_utf8_valid(all);
        assert_int_equal(whole, t != 1);
        for (size_t a = 0; a <= all.size; a++) {
            for (size_t b = a; b <= all.size; b++) {
                struct tg_utf8 utf8 = {0};
                bool good = tg_utf8_feed(&utf8, tg_slice(all.data, a)) &&
                            tg_utf8_feed(&utf8, tg_slice(all.data + a, b - a)) &&
                            tg_utf8_feed(&utf8, tg_slice(all.data + b, all.size - b));
                assert_int_equal(good && tg_utf8_complete(&utf8), whole);
            }
        }
    }
}

static void a_bad_byte_is_found_at_every_place_of_the_fast_path(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 40; bad++) {
        uint8_t bytes[40];
        memset(bytes, 'x', sizeof bytes);
        assert_true(tg_utf8_valid(tg_slice(bytes, sizeof bytes)));
        bytes[bad] = 0x80;
        assert_false(tg_utf8_valid(tg_slice(bytes, sizeof bytes)));
    }
}

static void nothing_is_a_text(void **state)
{
    (void)state;
    assert_true(tg_utf8_valid(tg_slice(NULL, 0)));
}

static bool is_obeyed(uint32_t point)
{
    return (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e ||
           point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static void what_is_obeyed_is_told_from_all_else(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110000; point++) {
        uint8_t bytes[4];
        uint32_t code = 0;
        size_t size = encode(point, bytes);
        size_t obeyed = tg_utf8_obeyed(tg_slice(bytes, size), 0, &code);
        assert_int_equal(obeyed, is_obeyed(point) ? size : 0);
        if (obeyed != 0) {
            assert_int_equal(code, point);
        }
        if (size > 1) {
            assert_int_equal(tg_utf8_obeyed(tg_slice(bytes, size - 1), 0, &code), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_and_no_surrogate),
        cmocka_unit_test(every_run_of_three_bytes),
        cmocka_unit_test(refuses_at_the_first_byte_that_cannot_be),
        cmocka_unit_test(any_split_gives_the_same),
        cmocka_unit_test(a_bad_byte_is_found_at_every_place_of_the_fast_path),
        cmocka_unit_test(nothing_is_a_text),
        cmocka_unit_test(what_is_obeyed_is_told_from_all_else),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
