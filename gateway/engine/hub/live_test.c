#include "testing/rows.h"

#include <stdio.h>

#include "engine/hub/private.h"
#include "testing/heap.h"

#define ITEM_SUBSCRIBE(id, where) SUBSCRIBE(id, "shop.Item", where)
#define ITEM_SUBSCRIBED(id, cohort, offset) \
    SUBSCRIBED(id, cohort, "shop.Item", ITEM_EPOCH, offset)
#define ITEM_EVENT(cohort, prev, op, offset, id, rest) \
    EVENT(cohort, prev, "shop.Item", op, ITEM_EPOCH, offset, id, rest)
#define ORDER_SUBSCRIBED(id, cohort, offset) \
    SUBSCRIBED(id, cohort, "shop.Order", ORDER_EPOCH, offset)
#define ORDER_EVENT(cohort, prev, op, offset, id, rest) \
    EVENT(cohort, prev, "shop.Order", op, ORDER_EPOCH, offset, id, rest)

static void a_row_enters_stays_in_and_leaves_a_query(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    say(&ada, ITEM_SUBSCRIBE("7", PAID));
    expect(&ada, ITEM_SUBSCRIBED("7", "1", "0"));

    publish("{'type':'shop.Item','op':'create','id':'a','data':{'id':1,'status':'new'}}");
    expect(&ada, "");
    publish("{'type':'shop.Item','op':'update','id':'b','data':{'id':1,'status':'paid'},"
            "'old':{'status':'new'},'changed':['status']}");
    expect(&ada,
           ITEM_EVENT("1", "0", "add", "2", "b", "'data':{'id':1,'status':'paid'}"));
    publish("{'type':'shop.Item','op':'update','id':'c','data':{'id':1,'status':'paid',"
            "'total':'5'},'old':{'total':null},'changed':['total']}");
    expect(&ada, ITEM_EVENT("1", "2", "change", "3", "c",
                            "'data':{'id':1,'status':'paid','total':'5'},"
                            "'old':{'total':null},'changed':['total']"));
    publish("{'type':'shop.Item','op':'update','id':'d','data':{'id':1,'status':'new'},"
            "'old':{'status':'paid'},'changed':['status']}");
    expect(&ada, ITEM_EVENT("1", "3", "remove", "4", "d", "'data':{'id':1}"));
    publish("{'type':'shop.Item','op':'delete','id':'e','data':{'id':1,'status':'new'}}");
    expect(&ada, "");

    publish(
        "{'type':'shop.Item','op':'create','id':'f','data':{'id':2,'status':'paid'}}");
    expect(&ada,
           ITEM_EVENT("1", "4", "add", "6", "f", "'data':{'id':2,'status':'paid'}"));
    publish(
        "{'type':'shop.Item','op':'delete','id':'g','data':{'id':2,'status':'paid'}}");
    expect(&ada,
           ITEM_EVENT("1", "6", "remove", "7", "g", "'data':{'id':2,'status':'paid'}"));
    tg_hub_leave(t.hub, &ada);
}

/* The row is known by the key that the subscriber has. */
static void a_row_that_leaves_has_the_key_that_it_had(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    say(&ada, ITEM_SUBSCRIBE("7", PAID));
    hubs_read(&t, &ada);
    publish("{'type':'shop.Item','op':'update','id':'a','data':{'id':2,'status':'new'},"
            "'old':{'id':1,'status':'paid'},'changed':['id','status']}");
    expect(&ada, ITEM_EVENT("1", "0", "remove", "1", "a", "'data':{'id':1}"));
    tg_hub_leave(t.hub, &ada);
}

/* The new key may be of a row that is none of hers: she is told that she missed something
 * instead. */
static void a_row_that_leaves_with_a_key_that_nobody_said_is_a_loss(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    say(&ada, ITEM_SUBSCRIBE("7", PAID));
    hubs_read(&t, &ada);
    publish("{'type':'shop.Item','op':'update','id':'a','data':{'id':2,'status':'new'},"
            "'old':{'status':'paid'},'changed':['id','status']}");
    expect(&ada, "{'kind':'gap','cohort':1,'epoch':'" ITEM_EPOCH
                 "','from':1,'to':1,'reason':'slow'}\n");
    tg_hub_leave(t.hub, &ada);
}

/* Ada's order becomes Bob's. */
static void a_row_that_changes_hands_leaves_one_user_and_enters_for_another(void **state)
{
    (void)state;
    struct tg_peer ada, bob, eve;
    hubs_connect_as(&t, &ada, "{\"user_id\":1}");
    hubs_connect_as(&t, &bob, "{\"user_id\":2}");
    hubs_connect_as(&t, &eve, "{\"user_id\":3}");
    say(&ada, SUBSCRIBE_ALL("7", "shop.Order"));
    say(&bob, SUBSCRIBE_ALL("7", "shop.Order"));
    say(&eve, SUBSCRIBE_ALL("7", "shop.Order"));
    expect(&ada, ORDER_SUBSCRIBED("7", "1", "0"));
    expect(&bob, ORDER_SUBSCRIBED("7", "2", "0"));
    expect(&eve, ORDER_SUBSCRIBED("7", "3", "0"));

    publish("{'type':'shop.Order','op':'create','id':'a','data':{'id':5,'owner_id':1,"
            "'status':'new'}}");
    expect(&ada,
           ORDER_EVENT("1", "0", "add", "1", "a", "'data':{'id':5,'status':'new'}"));
    expect(&bob, "");
    publish("{'type':'shop.Order','op':'update','id':'b','data':{'id':5,'owner_id':1,"
            "'status':'paid'},'old':{'status':'new'},'changed':['status']}");
    expect(&ada, ORDER_EVENT("1", "1", "change", "2", "b",
                             "'data':{'id':5,'status':'paid'},'old':{'status':'new'},"
                             "'changed':['status']"));
    expect(&bob, "");
    publish("{'type':'shop.Order','op':'update','id':'c','data':{'id':5,'owner_id':2,"
            "'status':'sent'},'old':{'owner_id':1,'status':'paid'},"
            "'changed':['owner_id','status']}");
    expect(&ada, ORDER_EVENT("1", "2", "remove", "3", "c", "'data':{'id':5}"));
    expect(&bob,
           ORDER_EVENT("2", "0", "add", "3", "c", "'data':{'id':5,'status':'sent'}"));
    publish("{'type':'shop.Order','op':'delete','id':'d','data':{'id':5,'owner_id':2},"
            "'old':{'owner_id':2,'status':'sent'}}");
    expect(&ada, "");
    expect(&bob, ORDER_EVENT("2", "3", "remove", "4", "d",
                             "'data':{'id':5},'old':{'status':'sent'}"));
    expect(&eve, "");
    tg_hub_leave(t.hub, &ada);
    tg_hub_leave(t.hub, &bob);
    tg_hub_leave(t.hub, &eve);
    assert_int_equal(tg_hub_counts(t.hub).filters, 0);
}

static void where_nothing_that_shows_has_changed_nothing_is_sent(void **state)
{
    (void)state;
    struct tg_peer ada, staff;
    hubs_connect_as(&t, &ada, "{\"user_id\":1}");
    hubs_connect_as(&t, &staff, "{\"user_id\":9,\"staff\":true}");
    say(&ada, SUBSCRIBE_ALL("7", "shop.Order"));
    say(&staff, SUBSCRIBE_ALL("7", "shop.Order"));
    hubs_read(&t, &ada);
    hubs_read(&t, &staff);
    assert_int_equal(tg_hub_counts(t.hub).filters, 1); /* Staff may have all. */
    publish("{'type':'shop.Order','op':'update','id':'a','data':{'id':5,'owner_id':1,"
            "'status':'new'},'old':{'owner_id':1},'changed':['owner_id']}");
    expect(&ada, "");
    expect(&staff, "");
    publish("{'type':'shop.Order','op':'update','id':'b','data':{'id':5,'owner_id':1,"
            "'status':'new'},'old':{'owner_id':2},'changed':['owner_id']}");
    expect(&ada,
           ORDER_EVENT("1", "0", "add", "2", "b", "'data':{'id':5,'status':'new'}"));
    expect(&staff, "");
    publish("{'type':'shop.Order','op':'update','id':'c','data':{'id':5,'owner_id':1,"
            "'status':'paid'},'old':{'status':'new'},'changed':['status']}");
    expect(&staff, ORDER_EVENT("2", "0", "change", "3", "c",
                               "'data':{'id':5,'status':'paid'},'old':{'status':'new'},"
                               "'changed':['status']"));
    tg_hub_leave(t.hub, &ada);
    tg_hub_leave(t.hub, &staff);
}

static void equal_filters_are_one_cohort_however_they_are_written(void **state)
{
    (void)state;
    struct tg_peer ada, bob;
    hubs_connect(&t, &ada);
    hubs_connect(&t, &bob);
    say(&ada, ITEM_SUBSCRIBE("7", "id == 3 && " PAID));
    say(&bob, ITEM_SUBSCRIBE("7", "(" PAID ") && data.id == 3 && true"));
    say(&bob, ITEM_SUBSCRIBE("8", "id == 4"));
    expect(&ada, ITEM_SUBSCRIBED("7", "1", "0"));
    expect(&bob, ITEM_SUBSCRIBED("7", "1", "0") ITEM_SUBSCRIBED("8", "2", "0"));
    assert_int_equal(tg_hub_counts(t.hub).filters, 2);
    assert_int_equal(tg_hub_counts(t.hub).queries, 3);
    publish(
        "{'type':'shop.Item','op':'create','id':'a','data':{'id':3,'status':'paid'}}");
    struct tg_slice hers, his;
    assert_int_equal(tg_outbox_peek(&ada.outbox, &hers, 1), 1);
    assert_int_equal(tg_outbox_peek(&bob.outbox, &his, 1), 1);
    assert_ptr_equal(hers.data, his.data);
    tg_hub_leave(t.hub, &ada);
    assert_int_equal(tg_hub_counts(t.hub).filters, 2);
    tg_hub_leave(t.hub, &bob);
    assert_int_equal(tg_hub_counts(t.hub).filters, 0);
    assert_int_equal(tg_hub_counts(t.hub).queries, 0);
}

/* However often subscriptions came and went. */
static void no_number_of_a_cohort_is_given_again(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    say(&ada, ITEM_SUBSCRIBE("7", "id == 1"));
    t.hub->last_cohort = UINT32_MAX;
    say(&ada, ITEM_SUBSCRIBE("8", "id == 2"));
    say(&ada, ITEM_SUBSCRIBE("9", "id == 3"));
    expect(&ada, ITEM_SUBSCRIBED("7", "1", "0") ITEM_SUBSCRIBED("8", "4294967296", "0")
                     ITEM_SUBSCRIBED("9", "4294967297", "0"));
    tg_hub_leave(t.hub, &ada);
}

static void what_is_always_true_is_all_and_what_never_is_stands(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    say(&ada, SUBSCRIBE_ALL("7", "shop.Item"));
    say(&ada, ITEM_SUBSCRIBE("8", "true"));
    say(&ada, ITEM_SUBSCRIBE("9", "false"));
    expect(&ada, ITEM_SUBSCRIBED("7", "1", "0") ITEM_SUBSCRIBED("8", "1", "0")
                     ITEM_SUBSCRIBED("9", "2", "0"));
    publish("{'type':'shop.Item','op':'create','id':'a','data':{'id':1,'status':'new'}}");
    expect(&ada, ITEM_EVENT("1", "0", "add", "1", "a", "'data':{'id':1,'status':'new'}"));
    tg_hub_leave(t.hub, &ada);
}

static void a_query_about_what_happened_is_asked_of_the_event(void **state)
{
    (void)state;
    struct tg_peer ada, bob;
    hubs_connect(&t, &ada);
    hubs_connect(&t, &bob);
    say(&ada, ITEM_SUBSCRIBE("7", "event.op == \\'delete\\'"));
    say(&bob, ITEM_SUBSCRIBE("7", "old.status == \\'new\\'"));
    hubs_read(&t, &ada);
    hubs_read(&t, &bob);
    publish("{'type':'shop.Item','op':'create','id':'a','data':{'id':1,'status':'new'}}\n"
            "{'type':'shop.Item','op':'update','id':'b','data':{'id':1,'status':'paid'},"
            "'old':{'status':'new'},'changed':['status']}\n"
            "{'type':'shop.Item','op':'delete','id':'c','data':{'id':1}}");
    expect(&ada, ITEM_EVENT("1", "0", "remove", "3", "c", "'data':{'id':1}"));
    /* Not `add`, though it was not true before: it is about this event. */
    expect(&bob, ITEM_EVENT("2", "0", "change", "2", "b",
                            "'data':{'id':1,'status':'paid'},'old':{'status':'new'},"
                            "'changed':['status']"));
    tg_hub_leave(t.hub, &ada);
    tg_hub_leave(t.hub, &bob);
}

static void old_shows_no_row_that_was_not_the_clients(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect_as(&t, &ada, "{\"user_id\":1}");
    say(&ada, SUBSCRIBE("7", "shop.Order", "old.status == \\'new\\'"));
    hubs_read(&t, &ada);
    publish("{'type':'shop.Order','op':'update','id':'a','data':{'id':5,'owner_id':1,"
            "'status':'paid'},'old':{'owner_id':2,'status':'new'},"
            "'changed':['owner_id','status']}");
    expect(&ada, "");
    publish("{'type':'shop.Order','op':'update','id':'b','data':{'id':5,'owner_id':1,"
            "'status':'paid'},'old':{'status':'new'},'changed':['status']}");
    assert_non_null(strstr(hubs_read(&t, &ada), "\"op\":\"change\""));
    tg_hub_leave(t.hub, &ada);
}

static void a_filter_goes_with_the_last_who_asked_for_it(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    say(&ada, ITEM_SUBSCRIBE("7", PAID));
    say(&ada, ITEM_SUBSCRIBE("8", PAID));
    uint32_t bytes = ada.subscription_bytes;
    say(&ada, "{'kind':'unsubscribe','id':9,'subscription':7}");
    assert_int_equal(tg_hub_counts(t.hub).filters, 1);
    say(&ada, "{'kind':'unsubscribe','id':10,'subscription':8}");
    assert_int_equal(tg_hub_counts(t.hub).filters, 0);
    assert_int_equal(ada.subscription_bytes, 0);
    assert_int_equal(ada.query_cost, 0);
    assert_true(bytes > 0);
    hubs_read(&t, &ada);
    publish(
        "{'type':'shop.Item','op':'create','id':'a','data':{'id':2,'status':'paid'}}");
    expect(&ada, "");
    tg_hub_leave(t.hub, &ada);
}

static void a_slow_reader_of_a_query_is_told_what_it_lost(void **state)
{
    (void)state;
    struct tg_peer ada;
    char event[160];
    hubs_connect(&t, &ada);
    say(&ada, ITEM_SUBSCRIBE("7", PAID));
    hubs_read(&t, &ada);
    for (int i = 1; i <= 200; i++) {
        snprintf(event, sizeof event,
                 "{'type':'shop.Item','op':'create','data':{'id':%d,'status':'%s'}}", i,
                 i % 2 == 0 ? "paid" : "new");
        publish(event);
    }
    const char *read = hubs_read(&t, &ada);
    const char *gap = strstr(read, "{\"kind\":\"gap\",\"cohort\":1,");
    assert_non_null(gap);
    assert_non_null(strstr(gap, ",\"to\":200,\"reason\":\"slow\"}"));
    publish(
        "{'type':'shop.Item','op':'create','id':'n','data':{'id':9,'status':'paid'}}");
    expect(&ada,
           ITEM_EVENT("1", "200", "add", "201", "n", "'data':{'id':9,'status':'paid'}"));
    tg_hub_leave(t.hub, &ada);
}

/* Whatever ends: the event comes, its loss is announced, or the connection ends. */
static void without_memory_nothing_is_lost_in_silence(void **state)
{
    (void)state;
    static const char update[] =
        "{'type':'shop.Item','op':'update','data':{'id':1,'status':'paid'},"
        "'old':{'status':'new'},'changed':['status']}";
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        struct hubs saved = t;
        struct tg_peer ada;
        tg_test_heap_begin(&heap, 0);
        hubs_init(&t);
        declare(ITEM);
        hubs_connect(&t, &ada);
        say(&ada, ITEM_SUBSCRIBE("7", PAID));
        hubs_read(&t, &ada);
        size_t calls = heap.calls;
        heap.fail_at = calls + n;
        enum tg_err err = hubs_publish(&t, "shop", quoted(update));
        bool failed = heap.calls >= heap.fail_at;
        heap.fail_at = 0;
        bool accepted = err == TG_OK && t.answer.data != NULL && !t.answer.failed &&
                        strstr((char *)t.answer.data, "\"accepted\":1") != NULL;
        const char *read = hubs_read(&t, &ada);
        assert_true(!accepted || ada.close_code != 0 || strstr(read, "\"op\":\"add\"") ||
                    strstr(read, "\"kind\":\"gap\""));
        tg_hub_leave(t.hub, &ada);
        hubs_finish(&t);
        assert_true(tg_test_heap_end(&heap));
        t = saved;
        if (!failed) {
            assert_true(n > 5);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_row_enters_stays_in_and_leaves_a_query),
        TEST(a_row_that_leaves_has_the_key_that_it_had),
        TEST(a_row_that_leaves_with_a_key_that_nobody_said_is_a_loss),
        TEST(a_row_that_changes_hands_leaves_one_user_and_enters_for_another),
        TEST(where_nothing_that_shows_has_changed_nothing_is_sent),
        TEST(equal_filters_are_one_cohort_however_they_are_written),
        TEST(no_number_of_a_cohort_is_given_again),
        TEST(what_is_always_true_is_all_and_what_never_is_stands),
        TEST(a_query_about_what_happened_is_asked_of_the_event),
        TEST(old_shows_no_row_that_was_not_the_clients),
        TEST(a_filter_goes_with_the_last_who_asked_for_it),
        TEST(a_slow_reader_of_a_query_is_told_what_it_lost),
        TEST(without_memory_nothing_is_lost_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
