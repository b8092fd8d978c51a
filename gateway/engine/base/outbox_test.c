#include "engine/base/outbox.h"

#include "testing/cmocka.h"
#include "testing/heap.h"

static struct tg_outbox_pool pool;

/* Add a frame of that text, and keep no reference. */
static void add(struct tg_outbox *outbox, const char *text)
{
    struct tg_frame *frame = tg_frame_of(tg_slice_of(text));
    assert_non_null(frame);
    assert_int_equal(tg_outbox_add(outbox, &pool, frame), TG_OK);
    tg_frame_unref(frame);
}

/* What waits, as one text. */
static void expect_waiting(const struct tg_outbox *outbox, const char *expected)
{
    struct tg_slice slices[16];
    struct tg_buf all = {0};
    int count = tg_outbox_peek(outbox, slices, 16);
    for (int i = 0; i < count; i++) {
        tg_buf_add_slice(&all, slices[i]);
    }
    assert_slice(tg_buf_slice(&all), expected);
    assert_int_equal(outbox->size, all.size + (size_t)count * TG_OUTBOX_OVERHEAD);
    assert_int_equal(tg_outbox_empty(outbox), count == 0);
    tg_buf_finish(&all);
}

static int teardown(void **state)
{
    (void)state;
    tg_outbox_pool_finish(&pool);
    return 0;
}

static void bytes_leave_in_order_in_any_portion(void **state)
{
    (void)state;
    static const char text[] = "onetwothree4";
    for (size_t portion = 1; portion < sizeof text; portion++) {
        struct tg_outbox outbox = {0};
        expect_waiting(&outbox, "");
        add(&outbox, "one");
        add(&outbox, "two");
        add(&outbox, "three");
        add(&outbox, "4");
        size_t sent = 0;
        while (sent < sizeof text - 1) {
            size_t size = sizeof text - 1 - sent < portion ? sizeof text - 1 - sent
                                                           : portion;
            tg_outbox_sent(&outbox, &pool, size);
            sent += size;
            expect_waiting(&outbox, text + sent);
        }
        assert_int_equal(outbox.size, 0);
    }
}

static void peek_gives_no_more_than_asked_for(void **state)
{
    (void)state;
    struct tg_outbox outbox = {0};
    struct tg_slice slices[2];
    add(&outbox, "one");
    add(&outbox, "two");
    add(&outbox, "three");
    assert_int_equal(tg_outbox_peek(&outbox, slices, 2), 2);
    assert_slice(slices[1], "two");
    tg_outbox_clear(&outbox, &pool);
    expect_waiting(&outbox, "");
    tg_outbox_clear(&outbox, &pool);
}

static void a_frame_is_shared_until_the_last_has_sent_it(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 0);
    struct tg_outbox outboxes[3] = {{0}};
    struct tg_frame *frame = tg_frame_of(TG_LIT("shared"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tg_outbox_add(&outboxes[i], &pool, frame), TG_OK);
    }
    assert_int_equal(frame->refs, 4);
    tg_frame_unref(frame);
    tg_outbox_sent(&outboxes[0], &pool, 6);
    tg_outbox_clear(&outboxes[1], &pool);
    assert_int_equal(frame->refs, 1);
    expect_waiting(&outboxes[2], "shared");
    tg_outbox_sent(&outboxes[2], &pool, 6);
    tg_frame_unref(NULL);
    tg_outbox_pool_finish(&pool);
    assert_true(tg_test_heap_end(&heap));
}

static void the_pool_keeps_nodes_but_not_without_end(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 0);
    struct tg_outbox outbox = {0};
    struct tg_frame *frame = tg_frame_of(TG_LIT("x"));
    for (int i = 0; i < TG_OUTBOX_SPARE + 100; i++) {
        assert_int_equal(tg_outbox_add(&outbox, &pool, frame), TG_OK);
    }
    tg_outbox_clear(&outbox, &pool);
    assert_int_equal(pool.spare_count, TG_OUTBOX_SPARE);
    size_t calls = heap.calls;
    for (int i = 0; i < TG_OUTBOX_SPARE; i++) {
        assert_int_equal(tg_outbox_add(&outbox, &pool, frame), TG_OK);
    }
    assert_int_equal(heap.calls, calls);
    tg_outbox_clear(&outbox, &pool);
    tg_frame_unref(frame);
    tg_outbox_pool_finish(&pool);
    assert_true(tg_test_heap_end(&heap));
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_outbox outbox = {0};
    tg_test_heap_begin(&heap, 1);
    assert_null(tg_frame_of(TG_LIT("x")));
    tg_test_heap_begin(&heap, 3);
    struct tg_frame *frame = tg_frame_of(TG_LIT("x"));
    assert_int_equal(tg_outbox_add(&outbox, &pool, frame), TG_OK);
    assert_int_equal(tg_outbox_add(&outbox, &pool, frame), TG_ENOMEM);
    assert_int_equal(frame->refs, 2);
    expect_waiting(&outbox, "x");
    tg_outbox_clear(&outbox, &pool);
    tg_frame_unref(frame);
    tg_outbox_pool_finish(&pool);
    assert_true(tg_test_heap_end(&heap));
    assert_null(tg_frame_create(SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(bytes_leave_in_order_in_any_portion, teardown),
        cmocka_unit_test_teardown(peek_gives_no_more_than_asked_for, teardown),
        cmocka_unit_test_teardown(a_frame_is_shared_until_the_last_has_sent_it, teardown),
        cmocka_unit_test_teardown(the_pool_keeps_nodes_but_not_without_end, teardown),
        cmocka_unit_test_teardown(without_memory_nothing_changes, teardown),
    };
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
