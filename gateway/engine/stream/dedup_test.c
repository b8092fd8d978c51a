#include "engine/stream/dedup.h"

#include <stdio.h>

#include "testing/cmocka.h"

enum { SHOP = 1, BLOG = 2 };

static struct tg_dedup_key key(const char *id, uint64_t app)
{
    return tg_dedup_key(tg_slice_of(id), app);
}

static struct tg_dedup_key numbered(int n)
{
    char text[16];
    snprintf(text, sizeof text, "id-%d", n);
    return key(text, SHOP);
}

static void an_id_is_found_with_its_offset(void **state)
{
    (void)state;
    struct tg_dedup *dedup = tg_dedup_create(8);
    uint64_t offset = 0;
    assert_false(tg_dedup_find(dedup, key("a", SHOP), &offset));
    tg_dedup_add(dedup, key("a", SHOP), 17);
    assert_true(tg_dedup_find(dedup, key("a", SHOP), &offset));
    assert_int_equal(offset, 17);
    assert_false(tg_dedup_find(dedup, key("b", SHOP), &offset));
    assert_false(tg_dedup_find(dedup, key("", SHOP), &offset));
    tg_dedup_destroy(dedup);
}

static void applications_do_not_share_ids(void **state)
{
    (void)state;
    struct tg_dedup *dedup = tg_dedup_create(8);
    uint64_t offset;
    tg_dedup_add(dedup, key("a", SHOP), 1);
    assert_false(tg_dedup_find(dedup, key("a", BLOG), &offset));
    tg_dedup_destroy(dedup);
}

/* Whatever the window's size, exactly the last `capacity` ids are known. */
static void exactly_the_window_is_remembered(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {1, 2, 3, 7, 64, 1000};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        int capacity = (int)capacities[c];
        struct tg_dedup *dedup = tg_dedup_create(capacities[c]);
        for (int n = 0; n < 5 * capacity + 3; n++) {
            uint64_t offset = 0;
            assert_false(tg_dedup_find(dedup, numbered(n), &offset));
            tg_dedup_add(dedup, numbered(n), (uint64_t)n);
            int oldest = n - capacity + 1 < 0 ? 0 : n - capacity + 1;
            for (int k = oldest - 1; k <= n; k += n - oldest + 1) {
                bool found = k >= 0 && tg_dedup_find(dedup, numbered(k), &offset);
                assert_int_equal(found, k >= oldest);
            }
            assert_true(tg_dedup_find(dedup, numbered(oldest), &offset));
            assert_int_equal(offset, oldest);
        }
        for (int k = 4 * capacity + 3; k < 5 * capacity + 3; k++) {
            uint64_t offset;
            assert_true(tg_dedup_find(dedup, numbered(k), &offset));
            assert_int_equal(offset, k);
        }
        tg_dedup_destroy(dedup);
    }
}

static void a_window_of_nothing_remembers_nothing(void **state)
{
    (void)state;
    struct tg_dedup *dedup = tg_dedup_create(0);
    uint64_t offset;
    tg_dedup_add(dedup, key("a", SHOP), 1);
    assert_false(tg_dedup_find(dedup, key("a", SHOP), &offset));
    tg_dedup_destroy(dedup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_with_its_offset),
        cmocka_unit_test(applications_do_not_share_ids),
        cmocka_unit_test(exactly_the_window_is_remembered),
        cmocka_unit_test(a_window_of_nothing_remembers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
