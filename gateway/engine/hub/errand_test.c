#include "engine/hub/errand.h"

#include <stdio.h>

#include "testing/heap.h"
#include "testing/rows.h"

#define ITEM_SUBSCRIBED(id, cohort) SUBSCRIBED(id, cohort, "shop.Item", ITEM_EPOCH, "0")
#define BOARD                                                          \
    "{'app':'board','types':[{'name':'board.Row','operations':"        \
    "['event'],'access':'public','fields':[{'name':'n','type':'int'}]" \
    "}]}"
#define CREATE \
    "{'type':'shop.Item','op':'create','id':'a','data':{'id':1,'status':'paid'}}"
#define CREATED                                               \
    EVENT("1", "0", "shop.Item", "add", ITEM_EPOCH, "1", "a", \
          "'data':{'id':1,'status':'paid'}")

enum { EVERYTHING = 1 << 20 };

static struct tg_identity *identity_of(const char *app, const char *user,
                                       const char *session, uint64_t client)
{
    struct tg_account *account = tg_account_create();
    assert_non_null(account);
    struct tg_identity *identity =
        tg_identity_create(&(struct tg_identity_facts){.client = client,
                                                       .app = tg_slice_of(app),
                                                       .user = tg_slice_of(user),
                                                       .session = tg_slice_of(session)},
                           account);
    tg_account_unref(account);
    assert_non_null(identity);
    return identity;
}

/* Connect as this user, whose identity nobody else has. */
static void connect_as(struct tg_peer *peer, const char *app, const char *user,
                       const char *session, uint64_t client)
{
    struct tg_identity *identity = identity_of(app, user, session, client);
    hubs_connect_with(&t, peer, identity);
    tg_identity_unref(identity);
}

static struct tg_errand_result run(const struct tg_errand *errand)
{
    struct tg_errand_result result = {0};
    tg_hub_run(t.hub, errand, &result);
    return result;
}

static struct tg_errand list_of(const char *app)
{
    return (struct tg_errand){.kind = TG_ERRAND_LIST,
                              .selection = {.app = tg_slice_of(app)},
                              .limit = TG_ERRAND_CLIENTS_MAX,
                              .text_max = EVERYTHING};
}

/* The numbers of the connections that are listed; `…` if there are more. */
static void expect_listed(const struct tg_errand *errand, const char *expected)
{
    char listed[256] = "";
    struct tg_errand_result result = run(errand);
    assert_false(result.failed);
    for (uint32_t i = 0; i < result.items_count; i++) {
        snprintf(listed + strlen(listed), sizeof listed - strlen(listed), "%llu ",
                 (unsigned long long)result.items[i].connection);
    }
    strcat(listed, result.more ? "…" : "");
    assert_string_equal(listed, expected);
    tg_errand_result_finish(&result);
}

/* How many the CLOSE errand closes. */
static uint32_t closed(const struct tg_selection *selection)
{
    struct tg_errand_result result =
        run(&(struct tg_errand){.kind = TG_ERRAND_CLOSE,
                                .selection = *selection,
                                .close_code = TG_CLOSE_UNAUTHENTICATED});
    assert_false(result.failed);
    uint32_t count = result.count;
    tg_errand_result_finish(&result);
    return count;
}

static uint32_t unsubscribed(const char *app, uint64_t connection, const char *id)
{
    struct tg_errand errand = {.kind = TG_ERRAND_UNSUBSCRIBE,
                               .selection = {.app = tg_slice_of(app)},
                               .connection = connection};
    errand.subscription.size = (uint16_t)strlen(id);
    memcpy(errand.subscription.text, id, strlen(id));
    struct tg_errand_result result = run(&errand);
    uint32_t count = result.count;
    tg_errand_result_finish(&result);
    return count;
}

static void leave(struct tg_peer *peers, int count)
{
    for (int i = 0; i < count; i++) {
        tg_hub_leave(t.hub, &peers[i]);
    }
}

static void a_client_is_listed_with_what_is_known_of_it(void **state)
{
    (void)state;
    struct tg_peer peers[2];
    t.shown = identity_of("shop", "7", "s1", 0xada);
    tg_hub_join(t.hub, &peers[0]);
    hubs_say(
        &t, &peers[0],
        "{\"kind\":\"connect\",\"id\":1,\"ticket\":\"good\",\"client\":\"te\\\"st\"}");
    peers[0].connected_us = INT64_C(1795400194120331);
    say(&peers[0], SUBSCRIBE_ALL("7", "shop.Order"));
    hubs_say(&t, &peers[0],
             "{\"kind\":\"subscribe\",\"id\":\"a\",\"type\":\"shop.Item\",\"where\":"
             "\"status == \\\"new\\\"\"}");
    hubs_connect(&t, &peers[1]);
    struct tg_errand errand = list_of("shop");
    struct tg_errand_result result = run(&errand);
    assert_int_equal(result.items_count, 2);
    assert_int_equal(result.items[0].connection, 1);
    assert_int_equal(result.items[1].connection, 2);
    assert_slice(
        tg_slice(result.text.data + result.items[0].at, result.items[0].size),
        "{\"connection\":1,\"client\":\"c-0000000000000ada\",\"user\":\"7\",\"address\":"
        "\"192.0.2.7\",\"program\":\"te\\\"st\",\"connected_at\":"
        "\"2026-11-23T02:16:34.120331Z\",\"subscriptions\":[{\"id\":\"a\",\"type\":"
        "\"shop.Item\",\"where\":\"status == \\\"new\\\"\",\"cohort\":2},{\"id\":7,"
        "\"type\":\"shop.Order\",\"cohort\":1}]}");
    assert_slice(tg_slice(result.text.data + result.items[1].at, result.items[1].size),
                 "{\"connection\":2,\"client\":\"c-0000000000000003\",\"user\":null,"
                 "\"address\":null,\"program\":null,\"connected_at\":"
                 "\"1970-01-01T00:00:00.000000Z\",\"subscriptions\":[]}");
    tg_errand_result_finish(&result);
    leave(peers, 2);
    tg_identity_unref(t.shown);
}

static void a_list_goes_on_after_a_connection(void **state)
{
    (void)state;
    struct tg_peer peers[5];
    for (int i = 0; i < 5; i++) {
        connect_as(&peers[i], "shop", i % 2 == 0 ? "7" : "8", "", 1 + (uint64_t)i);
    }
    struct tg_errand errand = list_of("shop");
    expect_listed(&errand, "1 2 3 4 5 ");
    errand.limit = 2;
    expect_listed(&errand, "1 2 …");
    errand.after = 2;
    expect_listed(&errand, "3 4 …");
    errand.after = 3;
    expect_listed(&errand, "4 5 ");
    errand.after = 5;
    expect_listed(&errand, "");
    errand = list_of("shop");
    errand.selection.user = TG_LIT("7");
    errand.limit = 2;
    expect_listed(&errand, "1 3 …");
    errand.after = 1;
    expect_listed(&errand, "3 5 ");
    leave(peers, 5);
    expect_listed(&errand, "");
}

/* A connection that came first may be the last to say who it is. */
static void clients_of_a_user_are_listed_by_number(void **state)
{
    (void)state;
    struct tg_peer peers[3];
    t.shown = identity_of("shop", "7", "", 1);
    for (int i = 0; i < 3; i++) {
        tg_hub_join(t.hub, &peers[i]);
    }
    for (int i = 2; i >= 0; i--) {
        say(&peers[i], "{'kind':'connect','id':1,'session':'good'}");
    }
    struct tg_errand errand = list_of("shop");
    errand.selection.user = TG_LIT("7");
    expect_listed(&errand, "1 2 3 ");
    errand.limit = 1;
    expect_listed(&errand, "1 …");
    leave(peers, 3);
    tg_identity_unref(t.shown);
}

static void a_list_is_of_those_who_are_asked_for(void **state)
{
    (void)state;
    struct tg_peer peers[4];
    connect_as(&peers[0], "shop", "7", "", 0xa);
    connect_as(&peers[1], "shop", "8", "", 0xb);
    hubs_connect(&t, &peers[2]);
    tg_hub_join(t.hub, &peers[3]); /* Has not said `connect` yet. */
    say(&peers[1], SUBSCRIBE_ALL("7", "shop.Item"));
    say(&peers[2], SUBSCRIBE("7", "shop.Item", PAID));
    struct tg_errand errand = list_of("shop");
    expect_listed(&errand, "1 2 3 ");
    errand.selection.client = 0xb;
    expect_listed(&errand, "2 ");
    errand.selection.client = peers[2].session.client;
    expect_listed(&errand, "3 ");
    errand = list_of("shop");
    errand.type = TG_LIT("shop.Item");
    expect_listed(&errand, "2 3 ");
    errand.selection.user = TG_LIT("8");
    expect_listed(&errand, "2 ");
    errand.type = TG_LIT("shop.Order");
    expect_listed(&errand, "");
    errand.type = TG_LIT("shop.Nothing");
    expect_listed(&errand, "");
    leave(peers, 4);
}

/* Threat: one application looks into another. */
static void an_application_sees_only_what_is_its_own(void **state)
{
    (void)state;
    struct tg_peer peers[3];
    assert_int_equal(hubs_catalogue(&t, "board", quoted(BOARD)), TG_OK);
    connect_as(&peers[0], "shop", "7", "s", 0xa);
    connect_as(&peers[1], "board", "7", "s", 0xb);
    hubs_connect(&t, &peers[2]);
    for (int i = 0; i < 3; i++) {
        say(&peers[i], SUBSCRIBE_ALL("7", "shop.Item"));
        say(&peers[i], SUBSCRIBE_ALL("8", "board.Row"));
        hubs_read(&t, &peers[i]);
    }
    struct tg_errand errand = list_of("shop");
    struct tg_errand_result result = run(&errand);
    assert_int_equal(result.items_count, 2);
    tg_buf_add_byte(&result.text, 0);
    assert_null(strstr((char *)result.text.data, "board"));
    assert_non_null(strstr((char *)result.text.data, "shop.Item"));
    tg_errand_result_finish(&result);
    expect_listed(&errand, "1 3 ");
    errand.type = TG_LIT("board.Row");
    expect_listed(&errand, "");
    errand = list_of("board");
    expect_listed(&errand, "2 3 ");
    errand.selection.client = 0xa;
    expect_listed(&errand, "");
    assert_int_equal(
        closed(&(struct tg_selection){.app = TG_LIT("board"), .client = 0xa}), 0);
    assert_int_equal(unsubscribed("board", 1, "7"), 0);
    assert_int_equal(
        closed(&(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("7")}), 1);
    assert_int_equal(peers[1].close_code, 0);
    leave(peers, 3);
}

static void a_list_is_bounded_in_bytes(void **state)
{
    (void)state;
    struct tg_peer peers[3];
    for (int i = 0; i < 3; i++) {
        hubs_connect(&t, &peers[i]);
    }
    struct tg_errand errand = list_of("shop");
    struct tg_errand_result result = run(&errand);
    size_t each = result.items[0].size;
    tg_errand_result_finish(&result);
    errand.text_max = each + 1;
    expect_listed(&errand, "1 2 …");
    errand.text_max = 2 * each;
    expect_listed(&errand, "1 2 …");
    errand.text_max = 1; /* One there is always: else it would never go on. */
    errand.after = 1;
    expect_listed(&errand, "2 …");
    errand.after = 2;
    expect_listed(&errand, "3 ");
    leave(peers, 3);
}

static void connections_are_closed_of_whom_it_is_said(void **state)
{
    (void)state;
    static const struct {
        struct tg_selection selection;
        const char *closed; /* Of five connections. */
    } cases[] = {
        {{.app = TG_LIT_INIT("shop"), .user = TG_LIT_INIT("7")}, "xxx--"},
        {{.app = TG_LIT_INIT("shop"), .session = TG_LIT_INIT("s1")}, "xx-x-"},
        {{.app = TG_LIT_INIT("shop"),
          .user = TG_LIT_INIT("7"),
          .session = TG_LIT_INIT("s1")},
         "xx---"},
        {{.app = TG_LIT_INIT("shop"), .client = 0xa}, "xx---"},
        {{.app = TG_LIT_INIT("shop"), .user = TG_LIT_INIT("9")}, "-----"},
        {{.app = TG_LIT_INIT("shop"), .user = TG_LIT_INIT("s1")}, "-----"},
        {{.app = TG_LIT_INIT("shop"), .session = TG_LIT_INIT("7")}, "-----"},
        {{.app = TG_LIT_INIT("board"), .user = TG_LIT_INIT("7")}, "-----"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct tg_peer peers[5];
        uint32_t count = 0;
        connect_as(&peers[0], "shop", "7", "s1", 0xa);
        connect_as(&peers[1], "shop", "7", "s1", 0xa);
        connect_as(&peers[2], "shop", "7", "s2", 0xb);
        connect_as(&peers[3], "shop", "8", "s1", 0xc);
        hubs_connect(&t, &peers[4]);
        for (int i = 0; i < 5; i++) {
            count += cases[c].closed[i] == 'x' ? 1 : 0;
        }
        assert_int_equal(closed(&cases[c].selection), count);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(peers[i].close_code,
                             cases[c].closed[i] == 'x' ? TG_CLOSE_UNAUTHENTICATED : 0);
        }
        assert_int_equal(closed(&cases[c].selection), 0); /* To repeat it is nothing. */
        leave(peers, 5);
    }
}

static void an_anonymous_client_is_closed_by_its_id(void **state)
{
    (void)state;
    struct tg_peer peers[2];
    hubs_connect(&t, &peers[0]);
    hubs_connect(&t, &peers[1]);
    struct tg_selection selection = {.app = TG_LIT("shop"),
                                     .client = peers[1].session.client};
    assert_int_equal(closed(&selection), 1);
    assert_int_equal(peers[0].close_code, 0);
    assert_int_equal(peers[1].close_code, TG_CLOSE_UNAUTHENTICATED);
    leave(peers, 2);
}

/* Threat: somebody who was shut out goes on getting events. */
static void what_is_published_after_a_close_reaches_nobody_who_is_closed(void **state)
{
    (void)state;
    struct tg_peer peers[2];
    connect_as(&peers[0], "shop", "7", "", 0xa);
    connect_as(&peers[1], "shop", "8", "", 0xb);
    for (int i = 0; i < 2; i++) {
        say(&peers[i], SUBSCRIBE_ALL("7", "shop.Item"));
        expect(&peers[i], ITEM_SUBSCRIBED("7", "1"));
    }
    closed(&(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("7")});
    publish(CREATE);
    expect(&peers[0], "");
    expect(&peers[1], CREATED);
    leave(peers, 2);
}

static void a_subscription_is_ended_with_a_reset(void **state)
{
    (void)state;
    struct tg_peer peers[2];
    connect_as(&peers[0], "shop", "7", "", 0xa);
    hubs_connect(&t, &peers[1]);
    say(&peers[0], SUBSCRIBE_ALL("7", "shop.Item"));
    say(&peers[0], SUBSCRIBE("'b'", "shop.Item", PAID));
    say(&peers[1], SUBSCRIBE_ALL("7", "shop.Item"));
    hubs_read(&t, &peers[0]);
    hubs_read(&t, &peers[1]);
    assert_int_equal(unsubscribed("shop", 1, "8"), 0);
    assert_int_equal(unsubscribed("shop", 3, "7"), 0);
    assert_int_equal(unsubscribed("board", 1, "7"), 0);
    assert_int_equal(unsubscribed("shop", 1, "7"), 1);
    assert_int_equal(unsubscribed("shop", 1, "7"), 0);
    expect(&peers[0], ENDED("1", "closed"));
    publish(CREATE);
    expect(&peers[0], EVENT("2", "0", "shop.Item", "add", ITEM_EPOCH, "1", "a",
                            "'data':{'id':1,'status':'paid'}"));
    expect(&peers[1], CREATED);
    assert_int_equal(unsubscribed("shop", 1, "\"b\""), 1);
    expect(&peers[0], ENDED("2", "closed"));
    assert_int_equal(peers[0].subscriptions, 0);
    assert_int_equal(tg_hub_counts(t.hub).filters, 0);
    leave(peers, 2);
}

/* `reset` names the cohort alone, so it speaks of all of them. */
static void subscriptions_that_share_a_cohort_end_together(void **state)
{
    (void)state;
    struct tg_peer ada;
    connect_as(&ada, "shop", "7", "", 0xa);
    say(&ada, SUBSCRIBE_ALL("7", "shop.Item"));
    say(&ada, SUBSCRIBE_ALL("8", "shop.Item"));
    hubs_read(&t, &ada);
    assert_int_equal(unsubscribed("shop", 1, "7"), 1);
    expect(&ada, ENDED("1", "closed"));
    assert_int_equal(ada.subscriptions, 0);
    leave(&ada, 1);
}

static void a_list_without_memory_says_that_it_is_not_whole(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        struct hubs saved = t;
        struct tg_peer peers[3];
        tg_test_heap_begin(&heap, 0);
        hubs_init(&t);
        for (int i = 0; i < 3; i++) {
            connect_as(&peers[i], "shop", "7", "s", 0xa);
        }
        struct tg_errand errand = list_of("shop");
        heap.fail_at = heap.calls + n;
        struct tg_errand_result result = run(&errand);
        bool failed = heap.calls >= heap.fail_at;
        heap.fail_at = 0;
        assert_int_equal(result.failed, failed);
        assert_true(failed || result.items_count == 3);
        tg_errand_result_finish(&result);
        leave(peers, 3);
        hubs_finish(&t);
        assert_true(tg_test_heap_end(&heap));
        t = saved;
        if (!failed) {
            assert_true(n > 3);
            return;
        }
    }
}

static void a_batch_that_brings_an_errand_has_no_events(void **state)
{
    (void)state;
    struct tg_errand errand = list_of("shop");
    struct tg_batch *batch = tg_batch_of_errand(&errand);
    assert_non_null(batch);
    assert_ptr_equal(batch->errand, &errand);
    assert_true(batch->weight > 0);
    tg_hub_deliver(t.hub, batch, t.now_us);
    assert_int_equal(tg_hub_counts(t.hub).deliveries, 0);
    tg_batch_unref(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_client_is_listed_with_what_is_known_of_it),
        TEST(a_list_goes_on_after_a_connection),
        TEST(clients_of_a_user_are_listed_by_number),
        TEST(a_list_is_of_those_who_are_asked_for),
        TEST(an_application_sees_only_what_is_its_own),
        TEST(a_list_is_bounded_in_bytes),
        TEST(connections_are_closed_of_whom_it_is_said),
        TEST(an_anonymous_client_is_closed_by_its_id),
        TEST(what_is_published_after_a_close_reaches_nobody_who_is_closed),
        TEST(a_subscription_is_ended_with_a_reset),
        TEST(subscriptions_that_share_a_cohort_end_together),
        TEST(a_list_without_memory_says_that_it_is_not_whole),
        TEST(a_batch_that_brings_an_errand_has_no_events),
    };
    return cmocka_run_group_tests_name("errand", tests, NULL, NULL);
}
