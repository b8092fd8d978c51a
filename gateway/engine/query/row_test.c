#include "engine/query/row.h"

#include <stdarg.h>

#include "engine/cel/scalar.h"
#include "testing/heap.h"
#include "testing/queries.h"

static struct tg_rows rows;

static void read_event(enum tg_op op, const char *data, const char *old,
                       const char *changed)
{
    struct tg_event_parts parts = parts_of(op, data, old, changed);
    assert_int_equal(tg_rows_read(&rows, &orders_schema, &parts), TG_OK);
}

static const struct tg_cell *after(uint16_t slot)
{
    return tg_row_cell(&rows.after, slot);
}

static const struct tg_cell *before(uint16_t slot)
{
    return tg_row_cell(&rows.before, slot);
}

static int finish(void **state)
{
    (void)state;
    tg_rows_finish(&rows);
    return 0;
}

#define assert_text(cell, expected)                      \
    do {                                                 \
        const struct tg_cell *cell_ = (cell);            \
        assert_int_equal(cell_->state, TG_CELL_HERE);    \
        assert_true(tg_slice_is(cell_->text, expected)); \
    } while (0)
#define assert_number(cell, expected)                 \
    do {                                              \
        const struct tg_cell *cell_ = (cell);         \
        assert_int_equal(cell_->state, TG_CELL_HERE); \
        assert_int_equal(cell_->number, expected);    \
    } while (0)
#define assert_state(cell, expected) assert_int_equal((cell)->state, expected)

static void each_kind_of_field_has_its_cell(void **state)
{
    (void)state;
    read_event(TG_OP_CREATE,
               "{'id':7,'status':'pa\\u0069d','total':'99.95','weight':1,'paid':true,"
               "'created':'2026-11-23T02:16:34Z','day':'1970-01-02','took':'1.5s',"
               "'owner':'01234567-89ab-cdef-0123-456789abcdef','meta':{'a':[1]},"
               "'tags':['x','\\u0079'],'counts':[1,'9007199254740993'],'priority':null}",
               NULL, NULL);
    assert_true(rows.has_after);
    assert_false(rows.has_before);
    assert_number(after(F_ID), 7);
    assert_text(after(F_STATUS), "paid");
    assert_number(after(F_TOTAL), tg_number_of_decimal(TG_LIT("99.95")));
    assert_number(after(F_WEIGHT), tg_number_of_double(1.0));
    assert_number(after(F_PAID), 1);
    struct tg_timestamp created;
    assert_true(tg_timestamp_read(TG_LIT("2026-11-23T02:16:34Z"), &created));
    assert_number(after(F_CREATED), tg_number_of_timestamp(created));
    assert_number(after(F_DAY), 1);
    assert_number(after(F_TOOK), 3000000);
    assert_text(after(F_OWNER), "01234567-89ab-cdef-0123-456789abcdef");
    assert_state(after(F_META), TG_CELL_HERE);
    assert_int_equal(tg_json_kind(after(F_META)->json), TG_JSON_OBJECT);
    assert_int_equal(after(F_TAGS)->items_count, 2);
    assert_text(&after(F_TAGS)->items[1], "y");
    assert_number(&after(F_COUNTS)->items[1], INT64_C(9007199254740993));
    assert_state(after(F_PRIORITY), TG_CELL_NULL);
    assert_state(after(F_SECRET), TG_CELL_ABSENT);
    assert_text(after(TG_SLOT_OP), "create");
    assert_state(after(TG_SLOT_TIME), TG_CELL_HERE);
    assert_int_equal(after(TG_SLOT_CHANGED)->items_count, 0);
    assert_state(after(TG_SLOT_OLD + F_ID), TG_CELL_ABSENT);
    assert_true(rows.changed == UINT64_MAX);
}

static void the_row_before_an_update_has_the_old_values_laid_over(void **state)
{
    (void)state;
    read_event(TG_OP_UPDATE, "{'id':7,'status':'paid','priority':2,'tags':['b']}",
               "{'status':'new','tags':['a']}", "['status','tags']");
    assert_true(rows.has_after && rows.has_before);
    assert_text(after(F_STATUS), "paid");
    assert_text(before(F_STATUS), "new");
    assert_text(&before(F_TAGS)->items[0], "a");
    assert_number(before(F_PRIORITY), 2);
    assert_number(before(F_ID), 7);
    assert_true(rows.changed == (UINT64_C(1) << F_STATUS | UINT64_C(1) << F_TAGS));
}

static void old_fields_of_an_update_are_all_there(void **state)
{
    (void)state;
    read_event(TG_OP_UPDATE, "{'id':7,'status':'paid'}", "{'status':'new'}",
               "['status']");
    assert_text(after(TG_SLOT_OLD + F_STATUS), "new");
    assert_number(after(TG_SLOT_OLD + F_ID), 7);
    assert_state(after(TG_SLOT_OLD + F_TOTAL), TG_CELL_ABSENT);
}

static void what_changed_without_an_old_value_is_missing_from_the_row_before(void **state)
{
    (void)state;
    read_event(TG_OP_UPDATE, "{'id':7,'status':'paid'}", NULL, "['status','total']");
    assert_state(before(F_STATUS), TG_CELL_ABSENT);
    assert_text(after(F_STATUS), "paid");
    assert_true(rows.changed == UINT64_C(1) << F_STATUS);
}

static void of_an_update_that_says_nothing_both_rows_are_the_same(void **state)
{
    (void)state;
    read_event(TG_OP_UPDATE, "{'id':7,'status':'paid'}", NULL, NULL);
    assert_text(before(F_STATUS), "paid");
    assert_true(rows.changed == 0);
}

static void a_value_that_was_not_there_and_is_now_null_has_changed(void **state)
{
    (void)state;
    read_event(TG_OP_UPDATE, "{'id':7,'status':'paid','total':null}", "{'total':'1'}",
               "['total']");
    assert_state(after(F_TOTAL), TG_CELL_NULL);
    assert_number(before(F_TOTAL), tg_number_of_decimal(TG_LIT("1")));
    assert_true(rows.changed == UINT64_C(1) << F_TOTAL);
}

static void a_delete_has_only_a_row_before(void **state)
{
    (void)state;
    read_event(TG_OP_DELETE, "{'id':7,'status':'paid'}", "{'total':'1'}", NULL);
    assert_true(rows.has_before);
    assert_false(rows.has_after);
    assert_text(before(F_STATUS), "paid");
    assert_state(before(F_TOTAL), TG_CELL_HERE);
    assert_text(before(TG_SLOT_OLD + F_STATUS), "paid");
    assert_text(before(TG_SLOT_OP), "delete");
    assert_true(rows.changed == UINT64_MAX);
}

static void changed_leaves_hidden_fields_out(void **state)
{
    (void)state;
    read_event(TG_OP_UPDATE, "{'id':7,'status':'paid','secret':'b'}",
               "{'status':'new','secret':'a'}", "['secret','status']");
    assert_int_equal(after(TG_SLOT_CHANGED)->items_count, 1);
    assert_text(&after(TG_SLOT_CHANGED)->items[0], "status");
    assert_text(before(F_SECRET), "a");
    assert_true(rows.changed == (UINT64_C(1) << F_STATUS | UINT64_C(1) << F_SECRET));
}

static void what_is_beyond_the_range_of_CEL_is_absent(void **state)
{
    (void)state;
    read_event(TG_OP_CREATE, "{'id':7,'status':'','created':'0001-01-01T00:00:00+23:59'}",
               NULL, NULL);
    assert_state(after(F_CREATED), TG_CELL_ABSENT);
}

static void a_time_finer_than_microseconds_can_be_read_exactly(void **state)
{
    (void)state;
    struct tg_event_parts parts = parts_of(TG_OP_CREATE, "{'id':7}", NULL, NULL);
    parts.time = TG_LIT("2026-11-23T02:16:34.1203319Z");
    assert_int_equal(tg_rows_read(&rows, &orders_schema, &parts), TG_OK);
    assert_false(tg_number_is_exact(after(TG_SLOT_TIME)->number));
    assert_int_equal(tg_json_kind(after(TG_SLOT_TIME)->json), TG_JSON_STRING);
}

static void what_is_no_event_of_the_type_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{'id':7,'nothing':1}", "{'id':'x'}",          "[]",
        "{'id':null}",          "{'id':7,'status':1}", "{'id':",
        "{'tags':[1]}",         "{'tags':'a'}",        "{'id':'99999999999999999999'}",
        "{'paid':1}",           "{'weight':'1'}",      "{'total':'a26'}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct tg_event_parts parts = parts_of(TG_OP_CREATE, wrong[i], NULL, NULL);
        assert_int_equal(tg_rows_read(&rows, &orders_schema, &parts), TG_EINVAL);
        assert_false(rows.has_after || rows.has_before);
    }
    struct tg_event_parts parts = parts_of(TG_OP_UPDATE, "{'id':7}", NULL, "['nothing']");
    assert_int_equal(tg_rows_read(&rows, &orders_schema, &parts), TG_EINVAL);
}

static void fields_are_found_in_any_order(void **state)
{
    (void)state;
    read_event(TG_OP_CREATE, "{'tags':['z'],'status':'s','id':1,'priority':5}", NULL,
               NULL);
    assert_number(after(F_ID), 1);
    assert_number(after(F_PRIORITY), 5);
    assert_text(after(F_STATUS), "s");
}

static void memory_is_kept_from_event_to_event(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_rows kept = {0};
    tg_test_heap_begin(&heap, 0);
    struct tg_event_parts parts =
        parts_of(TG_OP_UPDATE, "{'id':7,'status':'pa\\u0069d','tags':['a','b']}",
                 "{'tags':['\\u0061']}", "['tags']");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tg_rows_read(&kept, &orders_schema, &parts), TG_OK);
    }
    size_t calls = heap.calls;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(tg_rows_read(&kept, &orders_schema, &parts), TG_OK);
    }
    assert_int_equal(heap.calls, calls);
    tg_rows_finish(&kept);
    assert_true(tg_test_heap_end(&heap));
}

static void without_memory_there_is_nothing_to_look_at(void **state)
{
    (void)state;
    enum tg_err err = TG_ENOMEM;
    struct tg_event_parts parts =
        parts_of(TG_OP_UPDATE, "{'id':7,'status':'pa\\u0069d','tags':['a','b']}",
                 "{'tags':['\\u0061']}", "['\\u0074ags']");
    parts.time = TG_LIT("2026-11-23T02:16:34.1203319Z");
    for (size_t fail_at = 1; err != TG_OK; fail_at++) {
        struct tg_test_heap heap;
        struct tg_rows kept = {0};
        tg_test_heap_begin(&heap, fail_at);
        err = tg_rows_read(&kept, &orders_schema, &parts);
        assert_true(err == TG_OK || err == TG_ENOMEM);
        assert_int_equal(kept.has_after, err == TG_OK);
        tg_rows_finish(&kept);
        assert_true(tg_test_heap_end(&heap));
        assert_true(fail_at < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_kind_of_field_has_its_cell, finish),
        cmocka_unit_test_teardown(the_row_before_an_update_has_the_old_values_laid_over,
                                  finish),
        cmocka_unit_test_teardown(old_fields_of_an_update_are_all_there, finish),
        cmocka_unit_test_teardown(
            what_changed_without_an_old_value_is_missing_from_the_row_before, finish),
        cmocka_unit_test_teardown(of_an_update_that_says_nothing_both_rows_are_the_same,
                                  finish),
        cmocka_unit_test_teardown(a_value_that_was_not_there_and_is_now_null_has_changed,
                                  finish),
        cmocka_unit_test_teardown(a_delete_has_only_a_row_before, finish),
        cmocka_unit_test_teardown(changed_leaves_hidden_fields_out, finish),
        cmocka_unit_test_teardown(what_is_beyond_the_range_of_CEL_is_absent, finish),
        cmocka_unit_test_teardown(a_time_finer_than_microseconds_can_be_read_exactly,
                                  finish),
        cmocka_unit_test_teardown(what_is_no_event_of_the_type_is_refused, finish),
        cmocka_unit_test_teardown(fields_are_found_in_any_order, finish),
        cmocka_unit_test(memory_is_kept_from_event_to_event),
        cmocka_unit_test(without_memory_there_is_nothing_to_look_at),
    };
    return cmocka_run_group_tests_name("row", tests, NULL, NULL);
}
