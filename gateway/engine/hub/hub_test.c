#include "testing/hubs.h"

#include <stdio.h>

#include "testing/cmocka.h"

#define NOTE                                                                           \
    "{\"app\":\"shop\",\"types\":[{\"name\":\"shop.Note\",\"operations\":[\"event\"]," \
    "\"key\":[],"                                                                      \
    "\"access\":\"public\",\"fields\":[{\"name\":\"text\",\"type\":\"string\"}]}"
#define NOTES NOTE "]}"
#define EPOCH "0000000000000001"
#define SAY(text, id) \
    "{\"type\":\"shop.Note\",\"id\":\"" id "\",\"data\":{\"text\":\"" text "\"}}\n"
#define EVENT(cohort, prev, offset, id, text)                                        \
    "{\"kind\":\"event\",\"cohort\":" cohort ",\"prev\":" prev                       \
    ",\"type\":\"shop.Note\","                                                       \
    "\"op\":\"event\",\"position\":{\"epoch\":\"" EPOCH "\",\"offset\":" offset "}," \
    "\"id\":\"" id                                                                   \
    "\",\"time\":\"2026-11-23T02:16:34.120331Z\",\"data\":{\"text\":\"" text "\"}}\n"
#define SUBSCRIBE(id) "{\"kind\":\"subscribe\",\"id\":" id ",\"type\":\"shop.Note\"}"
#define SUBSCRIBED(id, cohort, offset)                          \
    "{\"kind\":\"subscribed\",\"id\":" id ",\"cohort\":" cohort \
    ",\"type\":\"shop.Note\","                                  \
    "\"position\":{\"epoch\":\"" EPOCH "\",\"offset\":" offset  \
    "},\"delivery\":\"live\"}\n"

static struct hubs t;

static int begin(void **state)
{
    (void)state;
    hubs_init(&t);
    assert_int_equal(hubs_catalogue(&t, "shop", NOTES), TG_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hubs_finish(&t);
    return 0;
}

static void an_event_reaches_its_subscribers_and_nobody_else(void **state)
{
    (void)state;
    struct tg_peer ada, bob, eve;
    hubs_connect(&t, &ada);
    hubs_connect(&t, &bob);
    hubs_connect(&t, &eve);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_say(&t, &bob, SUBSCRIBE("\"b\""));
    hubs_expect(&t, &ada, SUBSCRIBED("7", "1", "0"));
    hubs_expect(&t, &bob, SUBSCRIBED("\"b\"", "1", "0"));
    hubs_publish(&t, "shop", SAY("one", "a") SAY("two", "b"));
    hubs_expect(&t, &ada,
                EVENT("1", "0", "1", "a", "one") EVENT("1", "1", "2", "b", "two"));
    hubs_expect(&t, &bob,
                EVENT("1", "0", "1", "a", "one") EVENT("1", "1", "2", "b", "two"));
    hubs_expect(&t, &eve, "");
    tg_hub_leave(t.hub, &ada);
    tg_hub_leave(t.hub, &bob);
    tg_hub_leave(t.hub, &eve);
}

static void one_frame_serves_every_member_of_a_cohort(void **state)
{
    (void)state;
    struct tg_peer ada, bob;
    hubs_connect(&t, &ada);
    hubs_connect(&t, &bob);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_say(&t, &bob, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    hubs_read(&t, &bob);
    hubs_publish(&t, "shop", SAY("one", "a"));
    struct tg_slice hers, his;
    assert_int_equal(tg_outbox_peek(&ada.outbox, &hers, 1), 1);
    assert_int_equal(tg_outbox_peek(&bob.outbox, &his, 1), 1);
    assert_ptr_equal(hers.data, his.data);
    tg_hub_leave(t.hub, &ada);
    tg_hub_leave(t.hub, &bob);
}

static void a_subscription_begins_after_what_was_there_before(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_publish(&t, "shop", SAY("one", "a") SAY("two", "b"));
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_publish(&t, "shop", SAY("three", "c"));
    hubs_expect(&t, &ada, SUBSCRIBED("7", "1", "2") EVENT("1", "2", "3", "c", "three"));
    tg_hub_leave(t.hub, &ada);
}

static void two_subscriptions_of_one_cohort_get_each_event_once(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_say(&t, &ada, SUBSCRIBE("8"));
    hubs_publish(&t, "shop", SAY("one", "a"));
    hubs_expect(&t, &ada,
                SUBSCRIBED("7", "1", "0") SUBSCRIBED("8", "1", "0")
                    EVENT("1", "0", "1", "a", "one"));
    hubs_say(&t, &ada, "{\"kind\":\"unsubscribe\",\"id\":9,\"subscription\":7}");
    hubs_publish(&t, "shop", SAY("two", "b"));
    hubs_expect(
        &t, &ada,
        "{\"kind\":\"unsubscribed\",\"id\":9}\n" EVENT("1", "1", "2", "b", "two"));
    hubs_say(&t, &ada, "{\"kind\":\"unsubscribe\",\"id\":10,\"subscription\":8}");
    hubs_publish(&t, "shop", SAY("three", "c"));
    hubs_expect(&t, &ada, "{\"kind\":\"unsubscribed\",\"id\":10}\n");
    tg_hub_leave(t.hub, &ada);
}

static void a_published_id_makes_one_event_however_often_it_comes(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    hubs_publish(&t, "shop", SAY("one", "a") SAY("one", "a"));
    assert_string_equal((char *)t.answer.data,
                        "\"offsets\":[1,1],\"accepted\":2,\"duplicates\":1");
    hubs_publish(&t, "shop", SAY("one", "a"));
    assert_string_equal((char *)t.answer.data,
                        "\"offsets\":[1],\"accepted\":1,\"duplicates\":1");
    hubs_expect(&t, &ada, EVENT("1", "0", "1", "a", "one"));
    /* The window is four ids wide here: the fifth pushes the first out. */
    hubs_publish(&t, "shop",
                 SAY("-", "b") SAY("-", "c") SAY("-", "d") SAY("-", "e") SAY("one", "a"));
    assert_string_equal((char *)t.answer.data,
                        "\"offsets\":[2,3,4,5,6],\"accepted\":5,\"duplicates\":0");
    tg_hub_leave(t.hub, &ada);
}

static void a_refused_event_does_not_touch_the_others(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    hubs_publish(&t, "shop",
                 SAY("one", "a") "{\"type\":\"shop.Note\",\"data\":{\"texte\":1}}\n" SAY(
                     "two", "b"));
    assert_non_null(
        strstr((char *)t.answer.data,
               "\"offsets\":[1,null,2],\"accepted\":2,\"duplicates\":0,\"refused\":[{"
               "\"index\":1,\"code\":\"unknown_member\""));
    hubs_expect(&t, &ada,
                EVENT("1", "0", "1", "a", "one") EVENT("1", "1", "2", "b", "two"));
    tg_hub_leave(t.hub, &ada);
}

static void resuming_a_live_type_says_what_is_true(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_publish(&t, "shop", SAY("one", "a") SAY("two", "b"));
    static const struct {
        const char *since;
        const char *resume;
    } cases[] = {
        {"{\"epoch\":\"" EPOCH "\",\"offset\":2}", "\"resume\":\"resumed\"}"},
        {"{\"epoch\":\"" EPOCH "\",\"offset\":1}",
         "\"resume\":\"reset\",\"reason\":\"trimmed\"}"},
        /* From a shard that is ahead of this one. */
        {"{\"epoch\":\"" EPOCH "\",\"offset\":3}", "\"resume\":\"resumed\"}"},
        {"{\"epoch\":\"other\",\"offset\":2}",
         "\"resume\":\"reset\",\"reason\":\"epoch\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{\"kind\":\"subscribe\",\"id\":7,\"type\":\"shop.Note\",\"since\":%s}",
                 cases[i].since);
        hubs_say(&t, &ada, text);
        assert_non_null(strstr(hubs_read(&t, &ada), cases[i].resume));
        hubs_say(&t, &ada, "{\"kind\":\"unsubscribe\",\"id\":8,\"subscription\":7}");
        hubs_read(&t, &ada);
    }
    tg_hub_leave(t.hub, &ada);
}

/* A shard may lag behind the one where the client was: what the client has is not sent.
 */
static void a_position_ahead_of_the_shard_is_waited_for(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_publish(&t, "shop", SAY("one", "a"));
    hubs_say(&t, &ada,
             "{\"kind\":\"subscribe\",\"id\":7,\"type\":\"shop.Note\",\"since\":{"
             "\"epoch\":\"" EPOCH "\",\"offset\":3}}");
    assert_non_null(strstr(hubs_read(&t, &ada), "\"offset\":3},\"delivery\":\"live\","
                                                "\"resume\":\"resumed\"}"));
    hubs_publish(&t, "shop", SAY("two", "b") SAY("three", "c") SAY("four", "d"));
    hubs_expect(&t, &ada, EVENT("1", "3", "4", "d", "four"));
    tg_hub_leave(t.hub, &ada);
}

/* Events fill a peer that does not read: the rest is lost, counted and announced before
 * the next. */
static void a_slow_reader_is_told_what_it_lost(void **state)
{
    (void)state;
    struct tg_peer slow, quick;
    char lines[256];
    hubs_connect(&t, &slow);
    hubs_connect(&t, &quick);
    hubs_say(&t, &slow, SUBSCRIBE("7"));
    hubs_say(&t, &quick, SUBSCRIBE("7"));
    hubs_read(&t, &slow);
    hubs_read(&t, &quick);
    for (int i = 1; i <= 100; i++) {
        snprintf(lines, sizeof lines,
                 "{\"type\":\"shop.Note\",\"data\":{\"text\":\"%d\"}}", i);
        hubs_publish(&t, "shop", lines);
        assert_true(slow.outbox.size <= 16384);
        assert_non_null(strstr(hubs_read(&t, &quick), "\"kind\":\"event\""));
    }
    const char *read = hubs_read(&t, &slow);
    unsigned from = 0, to = 0;
    const char *gap = strstr(read, "{\"kind\":\"gap\"");
    assert_non_null(gap);
    assert_int_equal(sscanf(gap,
                            "{\"kind\":\"gap\",\"cohort\":1,\"epoch\":\"" EPOCH
                            "\",\"from\":%u,\"to\":%u,\"reason\":\"slow\"}",
                            &from, &to),
                     2);
    assert_int_equal(to, 100);
    char last[64];
    snprintf(last, sizeof last, "\"data\":{\"text\":\"%u\"}}\n{\"kind\":\"gap\"",
             from - 1);
    assert_non_null(strstr(read, last));
    hubs_publish(&t, "shop", SAY("next", "n"));
    hubs_expect(&t, &slow, EVENT("1", "100", "101", "n", "next"));
    assert_int_equal(tg_hub_counts(t.hub).dropped, to - from + 1);
    tg_hub_leave(t.hub, &slow);
    tg_hub_leave(t.hub, &quick);
}

/* One request brings more than the budget holds: who reads promptly loses nothing. */
static void a_prompt_reader_gets_all_of_a_large_batch(void **state)
{
    (void)state;
    struct tg_peer ada;
    struct tg_buf lines = {0};
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    t.prompt = &ada;
    for (int i = 1; i <= 100; i++) {
        tg_buf_printf(&lines, "{\"type\":\"shop.Note\",\"data\":{\"text\":\"%d\"}}\n", i);
    }
    tg_buf_add_byte(&lines, 0);
    hubs_publish(&t, "shop", (char *)lines.data);
    tg_buf_finish(&lines);
    const char *rest = hubs_read(&t, &ada);
    tg_buf_add_text(&t.taken, rest);
    tg_buf_add_byte(&t.taken, 0);
    assert_null(strstr((char *)t.taken.data, "gap"));
    for (int i = 1; i <= 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "\"data\":{\"text\":\"%d\"}}", i);
        assert_non_null(strstr((char *)t.taken.data, text));
    }
    assert_int_equal(tg_hub_counts(t.hub).dropped, 0);
    tg_hub_leave(t.hub, &ada);
}

/* What does not drain must not keep a loss from being announced. */
static void a_loss_is_announced_however_much_else_is_pinned(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    tg_hub_pins(t.hub, &ada, 9000);
    for (int i = 0; i < 100; i++) {
        hubs_publish(&t, "shop", SAY("x", ""));
    }
    for (int i = 0; i < 100; i++) {
        hubs_publish(&t, "shop", "{\"type\":\"shop.Note\",\"data\":{\"text\":\"x\"}}");
    }
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"gap\""));
    hubs_publish(&t, "shop", SAY("next", "n"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"text\":\"next\""));
    tg_hub_leave(t.hub, &ada);
}

static void an_event_that_has_expired_is_not_sent(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_catalogue(
        &t, "shop",
        "{\"app\":\"shop\",\"types\":[{\"name\":\"shop.Note\","
        "\"operations\":[\"event\"],\"key\":[],\"access\":\"public\",\"ttl_ms\":"
        "1000,\"fields\":[{\"name\":\"text\",\"type\":\"string\"}]}]}");
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    t.now_us += 999999;
    hubs_publish(&t, "shop", SAY("in time", "a"));
    hubs_expect(&t, &ada, EVENT("1", "0", "1", "a", "in time"));
    t.now_us += 1;
    hubs_publish(&t, "shop", SAY("too late", "b"));
    hubs_expect(&t, &ada, "");
    assert_int_equal(tg_hub_counts(t.hub).expired, 1);
    /* It has its offset all the same, and nobody takes it for a loss. */
    t.now_us -= 1;
    hubs_publish(&t, "shop", SAY("again", "c"));
    hubs_expect(&t, &ada, EVENT("1", "1", "3", "c", "again"));
    tg_hub_leave(t.hub, &ada);
}

static void answers_over_the_budget_close_the_connection(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    for (int i = 0; i < 1000 && ada.close_code == 0; i++) {
        hubs_say(&t, &ada, "{\"kind\":\"ping\",\"id\":1}");
    }
    assert_int_equal(ada.close_code, TG_CLOSE_OVER_BUDGET);
    assert_true(ada.outbox.size <= 16384);
    tg_hub_leave(t.hub, &ada);
}

static void a_type_that_goes_away_ends_its_subscriptions(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    assert_int_equal(hubs_catalogue(&t, "shop", "{\"app\":\"shop\",\"types\":[]}"),
                     TG_OK);
    hubs_expect(
        &t, &ada,
        "{\"kind\":\"reset\",\"cohort\":1,\"reason\":\"query_changed\",\"ended\":true}\n"
        "{\"kind\":\"types_changed\",\"catalogue\":2}\n");
    assert_int_equal(ada.subscriptions, 0);
    /* When it comes back, nobody can prove that it is the same history. */
    hubs_catalogue(&t, "shop", NOTES);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    assert_null(strstr(hubs_read(&t, &ada), EPOCH));
    tg_hub_leave(t.hub, &ada);
}

static void a_type_that_is_public_no_more_ends_its_subscriptions(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    hubs_catalogue(
        &t, "shop",
        "{\"app\":\"shop\",\"types\":[{\"name\":\"shop.Note\",\"operations\":[\"event\"],"
        "\"key\":[],\"fields\":[{\"name\":\"text\",\"type\":\"string\"}]}]}");
    hubs_expect(
        &t, &ada,
        "{\"kind\":\"reset\",\"cohort\":1,\"reason\":\"forbidden\",\"ended\":true}\n"
        "{\"kind\":\"types_changed\",\"catalogue\":2}\n");
    hubs_say(&t, &ada, SUBSCRIBE("8"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"unauthenticated\""));
    hubs_say(&t, &ada, "{\"kind\":\"types\",\"id\":9}");
    hubs_expect(&t, &ada, "{\"kind\":\"types\",\"id\":9,\"catalogue\":2,\"types\":[]}\n");
    tg_hub_leave(t.hub, &ada);
}

static void a_change_elsewhere_leaves_a_subscription_as_it_is(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_read(&t, &ada);
    /* Enough new types that every table grows; one of them sorts before ours. */
    struct tg_buf document = {0};
    tg_buf_add_text(&document, "{\"app\":\"other\",\"types\":[");
    for (int i = 0; i < 40; i++) {
        tg_buf_printf(
            &document,
            "%s{\"name\":\"a.T%d\",\"operations\":[\"event\"],\"key\":[],\"fields\":[]}",
            i == 0 ? "" : ",", i);
    }
    tg_buf_add(&document, "]}", 3);
    assert_int_equal(hubs_catalogue(&t, "other", (char *)document.data), TG_OK);
    tg_buf_finish(&document);
    hubs_publish(&t, "shop", SAY("one", "a"));
    hubs_expect(&t, &ada,
                "{\"kind\":\"types_changed\",\"catalogue\":2}\n" EVENT("1", "0", "1", "a",
                                                                       "one"));
    tg_hub_leave(t.hub, &ada);
}

static void an_application_cannot_publish_what_another_declared(void **state)
{
    (void)state;
    assert_int_equal(hubs_catalogue(&t, "other", "{\"app\":\"other\",\"types\":[]}"),
                     TG_OK);
    hubs_publish(&t, "other", SAY("one", "a"));
    assert_non_null(strstr((char *)t.answer.data, "\"code\":\"unknown_type\""));
    assert_null(strstr((char *)t.answer.data, "nearest"));
    assert_int_equal(
        hubs_catalogue(&t, "other",
                       "{\"app\":\"other\",\"types\":[{\"name\":\"shop.Note\","
                       "\"operations\":[\"event\"],\"key\":[],\"fields\":[]}]}"),
        TG_EINVAL);
    assert_int_equal(t.refusal.code, TG_CODE_TYPE_TAKEN);
}

static void limits_hold_at_their_edge(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("7"));
    hubs_say(&t, &ada, SUBSCRIBE("8"));
    hubs_say(&t, &ada, SUBSCRIBE("9"));
    assert_null(strstr(hubs_read(&t, &ada), "error"));
    hubs_say(&t, &ada, SUBSCRIBE("10"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"too_many_subscriptions\""));
    hubs_say(&t, &ada, "{");
    hubs_say(&t, &ada, "{");
    assert_int_equal(ada.close_code, 0);
    hubs_say(&t, &ada, "{\"kind\":\"ping\",\"id\":1}");
    hubs_say(&t, &ada, "{");
    hubs_say(&t, &ada, "{");
    assert_int_equal(ada.close_code, 0);
    hubs_say(&t, &ada, "{");
    assert_int_equal(ada.close_code, TG_CLOSE_BAD_MESSAGES);
    tg_hub_leave(t.hub, &ada);

    struct tg_buf lines = {0};
    for (int i = 0; i < 100; i++) {
        tg_buf_add_text(&lines, "{\"type\":\"shop.Note\",\"data\":{\"text\":\"\"}}\n");
    }
    tg_buf_add_byte(&lines, 0);
    assert_int_equal(hubs_publish(&t, "shop", (char *)lines.data), TG_OK);
    lines.size--;
    tg_buf_add(&lines, "{}", 3);
    assert_int_equal(hubs_publish(&t, "shop", (char *)lines.data), TG_ELIMIT);
    assert_int_equal(t.refusal.code, TG_CODE_TOO_LARGE);
    tg_buf_finish(&lines);
}

static void a_subscription_id_is_one_however_it_is_written(void **state)
{
    (void)state;
    struct tg_peer ada;
    hubs_connect(&t, &ada);
    hubs_say(&t, &ada, SUBSCRIBE("\"a\""));
    hubs_say(&t, &ada, SUBSCRIBE("\"\\u0061\""));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"duplicate_subscription\""));
    hubs_say(&t, &ada,
             "{\"kind\":\"unsubscribe\",\"id\":9,\"subscription\":\"\\u0061\"}");
    hubs_expect(&t, &ada, "{\"kind\":\"unsubscribed\",\"id\":9}\n");
    tg_hub_leave(t.hub, &ada);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(an_event_reaches_its_subscribers_and_nobody_else),
        TEST(one_frame_serves_every_member_of_a_cohort),
        TEST(a_subscription_begins_after_what_was_there_before),
        TEST(two_subscriptions_of_one_cohort_get_each_event_once),
        TEST(a_published_id_makes_one_event_however_often_it_comes),
        TEST(a_refused_event_does_not_touch_the_others),
        TEST(resuming_a_live_type_says_what_is_true),
        TEST(a_position_ahead_of_the_shard_is_waited_for),
        TEST(a_slow_reader_is_told_what_it_lost),
        TEST(a_prompt_reader_gets_all_of_a_large_batch),
        TEST(a_loss_is_announced_however_much_else_is_pinned),
        TEST(an_event_that_has_expired_is_not_sent),
        TEST(answers_over_the_budget_close_the_connection),
        TEST(a_type_that_goes_away_ends_its_subscriptions),
        TEST(a_type_that_is_public_no_more_ends_its_subscriptions),
        TEST(a_change_elsewhere_leaves_a_subscription_as_it_is),
        TEST(an_application_cannot_publish_what_another_declared),
        TEST(limits_hold_at_their_edge),
        TEST(a_subscription_id_is_one_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
