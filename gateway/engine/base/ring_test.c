#include "engine/base/ring.h"

#include <pthread.h>
#include <sched.h>

#include "testing/cmocka.h"
#include "testing/heap.h"

enum { ITEMS = 200000 };

static int values[ITEMS];

static void gives_back_in_order_and_refuses_when_full(void **state)
{
    (void)state;
    struct tg_ring *ring = tg_ring_create(5); /* 8 places. */
    for (int round = 0; round < 10; round++) {
        assert_null(tg_ring_pop(ring));
        for (int i = 0; i < 8; i++) {
            assert_int_equal(tg_ring_push(ring, &values[i]), TG_OK);
        }
        assert_int_equal(tg_ring_push(ring, &values[8]), TG_EFULL);
        for (int i = 0; i < 3; i++) {
            assert_ptr_equal(tg_ring_pop(ring), &values[i]);
        }
        assert_int_equal(tg_ring_push(ring, &values[8]), TG_OK);
        for (int i = 3; i < 9; i++) {
            assert_ptr_equal(tg_ring_pop(ring), &values[i]);
        }
    }
    tg_ring_destroy(ring);
    tg_ring_destroy(NULL);
}

static void no_memory_and_absurd_sizes_give_null(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 1);
    assert_null(tg_ring_create(8));
    assert_null(tg_ring_create(SIZE_MAX));
    assert_true(tg_test_heap_end(&heap));
}

/* What the producer wrote before the push is seen by the consumer after the pop: the
 * thread sanitizer watches the plain ints. */
static void *produce(void *context)
{
    struct tg_ring *ring = context;
    for (int i = 0; i < ITEMS; i++) {
        values[i] = i + 1;
        while (tg_ring_push(ring, &values[i]) == TG_EFULL) {
            sched_yield();
        }
    }
    return NULL;
}

static void two_threads_pass_every_item_once_in_order(void **state)
{
    (void)state;
    struct tg_ring *ring = tg_ring_create(64);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    for (int expected = 1; expected <= ITEMS;) {
        int *value = tg_ring_pop(ring);
        if (value == NULL) {
            sched_yield();
            continue;
        }
        assert_int_equal(*value, expected);
        expected++;
    }
    assert_null(tg_ring_pop(ring));
    pthread_join(producer, NULL);
    tg_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_in_order_and_refuses_when_full),
        cmocka_unit_test(no_memory_and_absurd_sizes_give_null),
        cmocka_unit_test(two_threads_pass_every_item_once_in_order),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
