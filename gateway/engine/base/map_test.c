#include "engine/base/map.h"

#include <stdio.h>

#include "testing/cmocka.h"
#include "testing/heap.h"

enum { KEYS = 2000 };

struct item {
    char key[16];
    bool held;
};

static struct item items[KEYS];

static struct tg_slice key_of(const struct item *item)
{
    return tg_slice_of(item->key);
}

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++) {
        snprintf(items[i].key, sizeof items[i].key, "key-%d", i);
        items[i].held = false;
    }
    return 0;
}

static void an_empty_map_has_nothing(void **state)
{
    (void)state;
    struct tg_map map = {0};
    size_t at = 0;
    assert_null(tg_map_get(&map, TG_LIT("x")));
    assert_null(tg_map_remove(&map, TG_LIT("x")));
    assert_null(tg_map_next(&map, &at));
    tg_map_finish(&map);
}

static void a_second_value_for_a_key_is_refused(void **state)
{
    (void)state;
    struct tg_map map = {0};
    assert_int_equal(tg_map_put(&map, TG_LIT(""), &items[0]), TG_OK);
    assert_int_equal(tg_map_put(&map, TG_LIT(""), &items[1]), TG_EEXIST);
    assert_ptr_equal(tg_map_get(&map, TG_LIT("")), &items[0]);
    assert_ptr_equal(tg_map_remove(&map, TG_LIT("")), &items[0]);
    assert_int_equal(map.count, 0);
    tg_map_finish(&map);
}

/* A long walk of puts and removes; beside it an array that says what must be there. */
static void agrees_with_a_plain_array(void **state)
{
    (void)state;
    struct tg_map map = {0};
    uint32_t random = 1;
    size_t held = 0;
    for (int step = 0; step < 100000; step++) {
        random = random * 1664525 + 1013904223;
        /* Fewer keys for a while, so that the map is emptied and filled by turns. */
        struct item *item = &items[(random >> 8) % (step % 20000 < 10000 ? KEYS : 50)];
        if (item->held) {
            assert_int_equal(tg_map_put(&map, key_of(item), item), TG_EEXIST);
            assert_ptr_equal(tg_map_remove(&map, key_of(item)), item);
            held--;
        } else {
            assert_null(tg_map_get(&map, key_of(item)));
            assert_null(tg_map_remove(&map, key_of(item)));
            assert_int_equal(tg_map_put(&map, key_of(item), item), TG_OK);
            held++;
        }
        item->held = !item->held;
        assert_int_equal(map.count, held);
    }
    size_t seen = 0;
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(tg_map_get(&map, key_of(&items[i])),
                         items[i].held ? &items[i] : NULL);
    }
    size_t at = 0;
    for (struct tg_map_entry *entry; (entry = tg_map_next(&map, &at)) != NULL; seen++) {
        assert_true(((struct item *)entry->value)->held);
    }
    assert_int_equal(seen, held);
    tg_map_finish(&map);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    size_t calls = SIZE_MAX;
    for (size_t n = 1; n <= calls; n++) {
        struct tg_test_heap heap;
        struct tg_map map = {0};
        tg_test_heap_begin(&heap, n < calls ? n : 0);
        size_t put = 0;
        while (put < 200) {
            enum tg_err err = tg_map_put(&map, key_of(&items[put]), &items[put]);
            if (err == TG_OK) {
                put++;
                continue;
            }
            assert_int_equal(err, TG_ENOMEM);
            assert_int_equal(map.count, put);
            for (size_t i = 0; i < put; i++) {
                assert_ptr_equal(tg_map_get(&map, key_of(&items[i])), &items[i]);
            }
        }
        calls = calls == SIZE_MAX ? heap.calls : calls;
        tg_map_finish(&map);
        assert_true(tg_test_heap_end(&heap));
    }
    assert_true(calls > 1);
}

static void the_hash_depends_on_seed_length_and_every_byte(void **state)
{
    (void)state;
    uint8_t bytes[40] = {0};
    for (size_t size = 0; size < sizeof bytes; size++) {
        uint64_t hash = tg_hash(tg_slice(bytes, size));
        assert_true(hash == tg_hash(tg_slice(bytes, size)));
        assert_true(hash != tg_hash(tg_slice(bytes, size + 1)));
        for (size_t i = 0; i < size; i++) {
            bytes[i] = 1;
            assert_true(hash != tg_hash(tg_slice(bytes, size)));
            bytes[i] = 0;
        }
    }
    uint64_t before = tg_hash(TG_LIT("telegraphy"));
    tg_hash_seed(12345);
    assert_true(before != tg_hash(TG_LIT("telegraphy")));
}

/* A factor of 0 would swallow all that is multiplied with it. */
static void no_word_of_a_key_swallows_the_others(void **state)
{
    (void)state;
    const uint64_t constants[] = {
        UINT64_C(0xa0761d6478bd642f),
        UINT64_C(0xe7037ed1a0b428db),
        UINT64_C(0x1d8e4e27c47d124f),
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        for (size_t size = 16; size <= 32; size += 16) {
            uint64_t words[2][4] = {{constants[i], 1, 3, 4}, {constants[i], 2, 3, 4}};
            uint64_t low[2];
            uint64_t high[2];
            assert_true(tg_hash(tg_slice(words[0], size)) !=
                        tg_hash(tg_slice(words[1], size)));
            for (int w = 0; w < 2; w++) {
                tg_hash_two(tg_slice(words[w], size), 7, &low[w], &high[w]);
            }
            assert_true(low[0] != low[1]);
            assert_true(high[0] != high[1]);
        }
    }
}

static void two_hashes_depend_on_salt_length_and_every_byte(void **state)
{
    (void)state;
    uint8_t bytes[40] = {0};
    for (size_t size = 0; size < sizeof bytes; size++) {
        uint64_t low;
        uint64_t high;
        uint64_t other_low;
        uint64_t other_high;
        tg_hash_two(tg_slice(bytes, size), 1, &low, &high);
        assert_true(low != high);
        tg_hash_two(tg_slice(bytes, size), 2, &other_low, &other_high);
        assert_true(low != other_low && high != other_high);
        tg_hash_two(tg_slice(bytes, size + 1), 1, &other_low, &other_high);
        assert_true(low != other_low && high != other_high);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = 1;
            tg_hash_two(tg_slice(bytes, size), 1, &other_low, &other_high);
            assert_true(low != other_low && high != other_high);
            bytes[i] = 0;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(a_second_value_for_a_key_is_refused),
        cmocka_unit_test_setup(agrees_with_a_plain_array, setup),
        cmocka_unit_test_setup(without_memory_nothing_changes, setup),
        cmocka_unit_test(the_hash_depends_on_seed_length_and_every_byte),
        cmocka_unit_test(no_word_of_a_key_swallows_the_others),
        cmocka_unit_test(two_hashes_depend_on_salt_length_and_every_byte),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
