#include "server/sequencer/keys.h"

#include "testing/cmocka.h"
#include "testing/heap.h"

static const char *const apps[][2] = {
    {"board", "k-0123456789abcdef"},
    {"shop", "k-0123456789abcdeg"},
    {"blog", "another key"},
};

static struct tg_keys *keys_of_all(void)
{
    struct tg_keys *keys = tg_keys_create();
    assert_non_null(keys);
    for (size_t i = 0; i < sizeof apps / sizeof *apps; i++) {
        assert_int_equal(tg_keys_add(keys, tg_slice_of(apps[i][0]),
                                     tg_slice_of(apps[i][1]), TG_ROLES_ALL),
                         TG_OK);
    }
    return keys;
}

static void expect_none(const struct tg_keys *keys, const char *key, size_t size)
{
    struct tg_key_owner owner = {tg_slice_of("untouched"), TG_ROLE_PUBLISH};
    assert_false(tg_keys_find(keys, tg_slice((const uint8_t *)key, size), &owner));
    assert_slice(owner.app, "untouched");
    assert_int_equal(owner.may, TG_ROLE_PUBLISH);
}

static void each_key_opens_its_own_application(void **state)
{
    (void)state;
    struct tg_keys *keys = keys_of_all();
    for (size_t i = 0; i < sizeof apps / sizeof *apps; i++) {
        struct tg_key_owner owner;
        assert_true(tg_keys_find(keys, tg_slice_of(apps[i][1]), &owner));
        assert_slice(owner.app, apps[i][0]);
    }
    tg_keys_destroy(keys);
}

static void an_application_may_have_several_keys(void **state)
{
    (void)state;
    struct tg_keys *keys = keys_of_all();
    struct tg_key_owner owner;
    assert_int_equal(
        tg_keys_add(keys, TG_LIT("board"), TG_LIT("its second"), TG_ROLE_MANAGE), TG_OK);
    assert_true(tg_keys_find(keys, TG_LIT("its second"), &owner));
    assert_slice(owner.app, "board");
    assert_int_equal(owner.may, TG_ROLE_MANAGE);
    assert_true(tg_keys_find(keys, tg_slice_of(apps[0][1]), &owner));
    assert_slice(owner.app, "board");
    assert_int_equal(owner.may, TG_ROLES_ALL);
    tg_keys_destroy(keys);
}

static void a_wrong_key_opens_nothing(void **state)
{
    (void)state;
    struct tg_keys *keys = keys_of_all();
    expect_none(keys, "K-0123456789abcdef", 18);
    expect_none(keys, "board", 5);
    expect_none(keys, "", 0);
    tg_keys_destroy(keys);
}

static void a_part_of_a_key_or_more_than_it_opens_nothing(void **state)
{
    (void)state;
    struct tg_keys *keys = keys_of_all();
    const char *key = apps[0][1];
    for (size_t size = 0; size < strlen(key); size++) {
        expect_none(keys, key, size);
    }
    expect_none(keys, key, strlen(key) + 1); /* With its NUL. */
    expect_none(keys, "k-0123456789abcdef ", 19);
    tg_keys_destroy(keys);
}

static void no_key_opens_a_gateway_without_keys(void **state)
{
    (void)state;
    struct tg_keys *keys = tg_keys_create();
    expect_none(keys, "", 0);
    expect_none(keys, "k", 1);
    tg_keys_destroy(keys);
    tg_keys_destroy(NULL);
}

static void without_memory_nothing_is_added(void **state)
{
    (void)state;
    for (size_t fail_at = 2; fail_at <= 3; fail_at++) {
        struct tg_test_heap heap;
        struct tg_key_owner owner;
        tg_test_heap_begin(&heap, fail_at);
        struct tg_keys *keys = tg_keys_create();
        assert_int_equal(tg_keys_add(keys, TG_LIT("board"), TG_LIT("key"), TG_ROLES_ALL),
                         TG_ENOMEM);
        expect_none(keys, "key", 3);
        assert_int_equal(tg_keys_add(keys, TG_LIT("board"), TG_LIT("key"), TG_ROLES_ALL),
                         TG_OK);
        assert_true(tg_keys_find(keys, TG_LIT("key"), &owner));
        tg_keys_destroy(keys);
        assert_true(tg_test_heap_end(&heap));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_opens_its_own_application),
        cmocka_unit_test(an_application_may_have_several_keys),
        cmocka_unit_test(a_wrong_key_opens_nothing),
        cmocka_unit_test(a_part_of_a_key_or_more_than_it_opens_nothing),
        cmocka_unit_test(no_key_opens_a_gateway_without_keys),
        cmocka_unit_test(without_memory_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
