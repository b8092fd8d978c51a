#include "engine/base/mem.h"

#include "engine/base/err.h"
#include "testing/cmocka.h"
#include "testing/heap.h"

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    unsigned char *memory = tg_zalloc(10, 10);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(memory[i], 0);
    }
    tg_free(memory);
    tg_free(NULL);
}

static void a_count_that_overflows_gives_null(void **state)
{
    (void)state;
    assert_null(tg_zalloc(SIZE_MAX / 2, 3));
}

static void the_test_heap_counts_and_fails(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 2);
    char *memory = tg_alloc(10);
    memcpy(memory, "123456789", 10);
    assert_null(tg_resize(memory, 20));
    assert_string_equal(memory, "123456789");
    memory = tg_resize(memory, 30);
    assert_string_equal(memory, "123456789");
    assert_int_equal(heap.bytes, 30);
    assert_int_equal(heap.blocks, 1);
    assert_int_equal(heap.calls, 3);
    tg_free(memory);
    assert_int_equal(heap.bytes, 0);
    assert_int_equal(heap.bytes_peak, 30);
    assert_true(tg_test_heap_end(&heap));
}

static void the_test_heap_tells_a_leak(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 0);
    void *memory = tg_alloc(1);
    assert_false(tg_test_heap_end(&heap));
    tg_heap_use(&heap.heap);
    tg_free(memory);
    assert_true(tg_test_heap_end(&heap));
}

static void every_error_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(tg_err_text(TG_OK), "ok");
    for (int err = TG_OK; err <= TG_EIO; err++) {
        assert_non_null(tg_err_text((enum tg_err)err));
    }
    assert_string_equal(tg_err_text((enum tg_err)(TG_EIO + 1)), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(a_count_that_overflows_gives_null),
        cmocka_unit_test(the_test_heap_counts_and_fails),
        cmocka_unit_test(the_test_heap_tells_a_leak),
        cmocka_unit_test(every_error_has_a_text),
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
