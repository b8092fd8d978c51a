#include "testing/rows.h"

#include <stdio.h>

#include "testing/heap.h"

#define ITEM_SUBSCRIBE(id, where) SUBSCRIBE(id, "shop.Item", where)
#define ORDER_SUBSCRIBED(id, cohort, offset) \
    SUBSCRIBED(id, cohort, "shop.Order", ORDER_EPOCH, offset)

/* Every form in which a field can be named, answered for a hidden one and for none. */
static void a_hidden_field_is_answered_as_one_that_does_not_exist(void **state)
{
    (void)state;
    static const char *const wheres[] = {
        "%s == 1",
        "data.%s == 1",
        "old.%s == 1",
        "%s > 1 && id == 1",
    };
    struct tg_peer ada;
    hubs_connect_as(&t, &ada, "{\"user_id\":1}");
    for (size_t i = 0; i < sizeof wheres / sizeof *wheres; i++) {
        char where[64], message[256], answers[2][512];
        for (int hidden = 0; hidden < 2; hidden++) {
            snprintf(where, sizeof where, wheres[i], hidden ? "owner_id" : "zwxyv_qq");
            snprintf(message, sizeof message, SUBSCRIBE("7", "shop.Order", "%s"), where);
            say(&ada, message);
            snprintf(answers[hidden], sizeof answers[hidden], "%s", hubs_read(&t, &ada));
            assert_non_null(strstr(answers[hidden], "\"code\":\"query_field\""));
            assert_non_null(strstr(answers[hidden], "\"member\":\"where\",\"line\":1,"));
        }
        for (char *at; (at = strstr(answers[1], "owner_id")) != NULL;) {
            memcpy(at, "zwxyv_qq", 8);
        }
        assert_string_equal(answers[1], answers[0]);
    }
    tg_hub_leave(t.hub, &ada);
}

static void who_may_have_what_depends_on_claims(void **state)
{
    (void)state;
    struct tg_peer nobody, ada;
    hubs_connect(&t, &nobody);
    hubs_connect_as(&t, &ada, "{}");
    say(&nobody, SUBSCRIBE_ALL("7", "shop.Order"));
    assert_non_null(strstr(hubs_read(&t, &nobody), "\"code\":\"unauthenticated\""));
    say(&nobody, SUBSCRIBE_ALL("7", "shop.Ordr"));
    assert_null(strstr(hubs_read(&t, &nobody), "shop.Order"));
    say(&nobody, "{'kind':'types','id':8}");
    assert_null(strstr(hubs_read(&t, &nobody), "shop.Order"));
    say(&ada, SUBSCRIBE_ALL("7", "shop.Ordr"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"nearest\":[\"shop.Order\"]"));
    say(&ada, "{'kind':'types','id':8}");
    const char *types = hubs_read(&t, &ada);
    assert_non_null(strstr(types, "shop.Order"));
    assert_non_null(strstr(types, "shop.Item"));
    assert_null(strstr(types, "owner_id"));
    say(&ada, SUBSCRIBE_ALL("7", "shop.Order"));
    expect(&ada, ORDER_SUBSCRIBED("7", "1", "0"));
    publish(
        "{'type':'shop.Order','op':'create','data':{'id':5,'owner_id':1,'status':''}}");
    expect(&ada, "");
    tg_hub_leave(t.hub, &nobody);
    tg_hub_leave(t.hub, &ada);
}

static void claims_are_not_supported_unless_they_are_believed(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        enum tg_code code;
    } cases[] = {
        {"{\"user_id\":1}", TG_CODE_NOT_SUPPORTED},
        {"7", TG_CODE_INVALID_MESSAGE},
        {"null", TG_CODE_INVALID_MESSAGE},
    };
    struct tg_message_reader reader = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_session session = {0};
        struct tg_message message;
        struct tg_refusal refusal;
        char text[128];
        snprintf(text, sizeof text, "{\"kind\":\"connect\",\"id\":1,\"claims\":%s}",
                 cases[i].claims);
        assert_int_equal(tg_session_receive(&session, &reader, tg_slice_of(text), 1,
                                            &message, &refusal),
                         TG_VERDICT_REFUSE);
        assert_int_equal(refusal.code, cases[i].code);
        assert_string_equal(refusal.member, "claims");
    }
    tg_message_reader_finish(&reader);
}

static void claims_have_their_limit_and_weigh(void **state)
{
    (void)state;
    struct tg_peer ada;
    char claims[4200], message[4300];
    for (int over = 0; over < 2; over++) {
        memset(claims, 'a', sizeof claims);
        memcpy(claims, "{\"x\":\"", 6);
        memcpy(claims + 4096 + over - 2, "\"}", 3);
        snprintf(message, sizeof message, "{\"kind\":\"connect\",\"id\":1,\"claims\":%s}",
                 claims);
        tg_hub_join(t.hub, &ada);
        hubs_say(&t, &ada, message);
        const char *answer = hubs_read(&t, &ada);
        if (over) {
            assert_non_null(strstr(answer, "\"code\":\"invalid_message\""));
        } else {
            assert_non_null(strstr(answer, "\"kind\":\"connected\""));
            /* What it pins besides has so much less room. */
            size_t weight = tg_identity_weight(ada.identity);
            assert_in_range(weight, 4096, 4096 + 256);
            tg_hub_pins(t.hub, &ada, 16384 - weight);
            assert_int_equal(ada.close_code, 0);
            tg_hub_pins(t.hub, &ada, 16384 - weight + 1);
            assert_int_equal(ada.close_code, TG_CLOSE_OVER_BUDGET);
        }
        tg_hub_leave(t.hub, &ada);
    }
}

/* 3 subscriptions, 4,096 bytes of them. */
static void a_query_weighs_in_the_budget_of_subscriptions(void **state)
{
    (void)state;
    struct tg_peer ada;
    char where[2048] = PAID, message[2200];
    memset(where + strlen(where), ' ', 1500);
    hubs_connect(&t, &ada);
    snprintf(message, sizeof message, SUBSCRIBE("7", "shop.Item", "%s"), where);
    say(&ada, message);
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
    snprintf(message, sizeof message, SUBSCRIBE("8", "shop.Item", "%s"), where);
    say(&ada, message);
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
    snprintf(message, sizeof message, SUBSCRIBE("9", "shop.Item", "%s"), where);
    say(&ada, message);
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"too_many_subscriptions\""));
    assert_true(ada.subscription_bytes <= 4096);
    tg_hub_leave(t.hub, &ada);
}

/* `list` items of p * 1000 and more, if any, then `rest` with p in it, for each of 32
 * peers: what they hold together is not more than what they are charged. */
static void weigh(uint32_t list, const char *rest)
{
    static struct tg_peer peers[33];
    struct tg_test_heap heap;
    struct tg_buf message = {0};
    size_t held = 0, charged = 0;
    tg_test_heap_begin(&heap, 0);
    hubs_init_usual(&t, false);
    declare(ITEM);
    for (int p = 0; p < 33; p++) {
        tg_buf_clear(&message);
        tg_buf_add_text(&message,
                        "{'kind':'subscribe','id':7,'type':'shop.Item','where':'");
        for (uint32_t i = 0; i < list; i++) {
            tg_buf_printf(&message, "%s%u", i == 0 ? "id in [" : ",",
                          (uint32_t)p * 1000 + i);
        }
        tg_buf_printf(&message, rest, p);
        tg_buf_add(&message, "'}", 3);
        hubs_connect(&t, &peers[p]);
        held = p == 1 ? heap.bytes : held; /* The first brings what all share. */
        say(&peers[p], (char *)message.data);
        assert_non_null(strstr(hubs_read(&t, &peers[p]), "\"kind\":\"subscribed\""));
        charged += p == 0 ? 0 : peers[p].subscription_bytes;
    }
    held = heap.bytes > held ? heap.bytes - held : 0;
    if (held > charged) {
        fail_msg("%u items %s: %zu held, %zu charged", list, rest, held, charged);
    }
    for (int p = 0; p < 33; p++) {
        tg_hub_leave(t.hub, &peers[p]);
    }
    tg_buf_finish(&message);
    hubs_finish(&t);
    assert_true(tg_test_heap_end(&heap));
}

static void what_filters_hold_is_charged(void **state)
{
    (void)state;
    struct hubs saved = t;
    weigh(0, "id == %d");
    weigh(0, "total > %d");
    weigh(0, "status.startsWith(\\'abc%d\\')");
    weigh(0, "id + 1 == %d");
    weigh(20, "] || status == \\'abc%d\\' || total > 5");
    weigh(100, "] && status in [\\'a\\', \\'b%d\\', \\'c\\'] && total == 7");
    weigh(500, "] && id != %d");
    weigh(8, "] && status in [\\'a%1$d\\', \\'b%1$d\\', \\'c%1$d\\', \\'d%1$d\\', "
             "\\'e%1$d\\', \\'f%1$d\\', \\'g%1$d\\', \\'h%1$d\\']");
    t = saved;
}

static void the_cost_of_all_queries_of_a_connection_has_a_limit(void **state)
{
    (void)state;
    struct tg_peer ada;
    struct tg_buf where = {0};
    hubs_connect(&t, &ada);
    /* Dear, and equal to nothing else. */
    tg_buf_add_text(&where, "{'kind':'subscribe','id':7,'type':'shop.Item','where':'");
    for (int i = 0; i < 6; i++) {
        tg_buf_printf(&where, "%sid == %d && " PAID, i == 0 ? "" : " || ", i);
    }
    tg_buf_add(&where, "'}", 3);
    say(&ada, (char *)where.data);
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
    uint32_t cost = ada.query_cost;
    assert_true(cost > 6 && cost <= 100);
    /* The same again costs nothing. */
    memcpy(strstr((char *)where.data, "'id':7") + 5, "8", 1);
    say(&ada, (char *)where.data);
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
    assert_int_equal(ada.query_cost, cost);
    tg_hub_leave(t.hub, &ada);
    tg_buf_finish(&where);

    char text[128];
    int stands = 0;
    const char *answer = "";
    for (int i = 0; i < 200 && strstr(answer, "query_limit") == NULL; i++) {
        if (i % 3 == 0) {
            tg_hub_join(t.hub, &ada);
            hubs_say(&t, &ada, "{\"kind\":\"connect\",\"id\":1}");
            ada.query_cost = (uint32_t)(100 - i);
        }
        snprintf(text, sizeof text, SUBSCRIBE("%d", "shop.Item", "id == %d"), i, i);
        say(&ada, text);
        answer = hubs_read(&t, &ada);
        stands += ada.query_cost <= 100 ? 1 : 0;
        if (i % 3 == 2) {
            ada.query_cost = 0;
            tg_hub_leave(t.hub, &ada);
        }
    }
    tg_hub_leave(t.hub, &ada);
    assert_true(stands > 0);
    assert_non_null(strstr(answer, "\"code\":\"query_limit\""));
    assert_non_null(strstr(answer, "\"member\":\"where\",\"line\":1,\"column\":1"));
}

static void a_query_over_its_own_limits_is_refused_with_the_place(void **state)
{
    (void)state;
    struct tg_peer ada;
    char message[4400], where[4200];
    hubs_connect(&t, &ada);
    memset(where, ' ', sizeof where);
    memcpy(where, "id == 1", 7);
    where[4097] = '\0';
    snprintf(message, sizeof message, SUBSCRIBE("7", "shop.Item", "%s"), where);
    say(&ada, message);
    const char *answer = hubs_read(&t, &ada);
    assert_non_null(strstr(answer, "\"code\":\"query_limit\""));
    assert_non_null(strstr(answer, "\"member\":\"where\",\"line\":1,\"column\":"));
    say(&ada, ITEM_SUBSCRIBE("7", ""));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"invalid_message\""));
    say(&ada, ITEM_SUBSCRIBE("7", "id =="));
    answer = hubs_read(&t, &ada);
    assert_non_null(strstr(answer, "\"code\":\"query_syntax\""));
    assert_non_null(strstr(answer, "\"member\":\"where\",\"line\":1,\"column\":6"));
    assert_int_equal(ada.subscriptions, 0);
    assert_int_equal(ada.close_code, 0);
    tg_hub_leave(t.hub, &ada);
}

static void a_subscribe_without_memory_changes_nothing(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        struct hubs saved = t;
        struct tg_peer ada;
        tg_test_heap_begin(&heap, 0);
        hubs_init(&t);
        declare(ITEM "," ORDER_OF(ORDER_RULE));
        hubs_connect_as(&t, &ada, "{\"user_id\":1}");
        heap.fail_at = heap.calls + n;
        say(&ada, SUBSCRIBE("7", "shop.Order", PAID " || id == 7"));
        bool failed = heap.calls >= heap.fail_at;
        heap.fail_at = 0;
        struct tg_hub_counts counts = tg_hub_counts(t.hub);
        const char *read = hubs_read(&t, &ada);
        bool stands = strstr(read, "\"kind\":\"subscribed\"") != NULL;
        if (!stands && ada.close_code == 0 && strstr(read, "overloaded") == NULL) {
            fail_msg("%s", read);
        }
        if (!stands && ada.close_code == 0) {
            assert_int_equal(counts.subscriptions, 0);
            assert_int_equal(counts.filters, 0);
            assert_int_equal(ada.subscription_bytes, 0);
            assert_int_equal(ada.query_cost, 0);
        }
        tg_hub_leave(t.hub, &ada);
        hubs_finish(&t);
        assert_true(tg_test_heap_end(&heap));
        t = saved;
        if (!failed) {
            assert_true(stands && n > 5);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_hidden_field_is_answered_as_one_that_does_not_exist),
        TEST(who_may_have_what_depends_on_claims),
        TEST(claims_are_not_supported_unless_they_are_believed),
        TEST(claims_have_their_limit_and_weigh),
        TEST(a_query_weighs_in_the_budget_of_subscriptions),
        TEST(what_filters_hold_is_charged),
        TEST(the_cost_of_all_queries_of_a_connection_has_a_limit),
        TEST(a_query_over_its_own_limits_is_refused_with_the_place),
        TEST(a_subscribe_without_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
