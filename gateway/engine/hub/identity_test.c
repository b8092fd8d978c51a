#include "testing/rows.h"

#include <stdio.h>

#include "testing/heap.h"

#define CONNECT_WITH(member, value) "{'kind':'connect','id':1,'" member "':'" value "'}"
#define PRIVATE(name, more)                                                \
    "{'name':'" name "','operations':['event']," more "'fields':[{'name':" \
    "'n','type':'int'}]}"
#define NOTE PRIVATE("shop.Note", "'access':'public',")

static struct tg_identity *identity_of(const char *app, const char *user,
                                       struct tg_slice type)
{
    struct tg_account *account = tg_account_create();
    assert_non_null(account);
    struct tg_identity *identity = tg_identity_create(
        &(struct tg_identity_facts){.client = 0xada,
                                    .app = tg_slice_of(app),
                                    .user = tg_slice_of(user),
                                    .session = TG_LIT("s1"),
                                    .claims = TG_LIT("{\"user_id\":1}"),
                                    .types = &type,
                                    .types_count = type.size != 0},
        account);
    tg_account_unref(account);
    assert_non_null(identity);
    return identity;
}

static struct tg_identity *user_of(const char *app)
{
    return identity_of(app, "7", tg_slice(NULL, 0));
}

static void a_ticket_makes_a_client_with_a_user_and_a_session(void **state)
{
    (void)state;
    static const char *const shown[] = {"ticket", "session"};
    t.shown = user_of("shop");
    for (int i = 0; i < 2; i++) {
        struct tg_peer ada;
        char message[128];
        tg_hub_join(t.hub, &ada);
        snprintf(message, sizeof message, CONNECT_WITH("%s", "good"), shown[i]);
        say(&ada, message);
        expect(&ada, "{'kind':'connected','id':1,'client':'c-0000000000000ada','gateway':"
                     "{'name':'telegraphy','version':'" TG_VERSION
                     "'},'catalogue':1,'ping_interval_ms':25000,'limits':{"
                     "'message_bytes':65536,'subscriptions':3},'user':'7','session':{"
                     "'token':'tgs_next','expires_in_ms':1000}}\n");
        assert_int_equal(ada.session.client, 0xada);
        assert_int_equal(t.shown->account->connections, 1);
        say(&ada, SUBSCRIBE_ALL("7", "shop.Order"));
        assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
        tg_hub_leave(t.hub, &ada);
        assert_int_equal(t.shown->account->connections, 0);
    }
    tg_identity_unref(t.shown);
}

static void a_user_is_quoted(void **state)
{
    (void)state;
    struct tg_peer ada;
    t.shown = identity_of("shop", "a\"\\b", tg_slice(NULL, 0));
    tg_hub_join(t.hub, &ada);
    say(&ada, CONNECT_WITH("ticket", "good"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"user\":\"a\\\"\\\\b\""));
    tg_hub_leave(t.hub, &ada);
    tg_identity_unref(t.shown);
}

static void a_refused_ticket_leaves_the_client_as_it_was(void **state)
{
    (void)state;
    struct tg_peer ada;
    t.shown = user_of("shop");
    tg_hub_join(t.hub, &ada);
    say(&ada, CONNECT_WITH("ticket", "bad"));
    expect(&ada, "{'kind':'error','id':1,'code':'unauthenticated','message':'no'}\n");
    assert_null(ada.identity);
    say(&ada, SUBSCRIBE_ALL("7", "shop.Item"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"not_connected\""));
    say(&ada, CONNECT_WITH("session", "bad"));
    hubs_read(&t, &ada);
    say(&ada, CONNECT_WITH("session", "good"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"user\":\"7\""));
    assert_int_equal(ada.close_code, 0);
    tg_hub_leave(t.hub, &ada);
    tg_identity_unref(t.shown);
}

static void after_the_third_refusal_the_connection_is_closed(void **state)
{
    (void)state;
    struct tg_peer ada;
    tg_hub_join(t.hub, &ada);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ada.close_code, 0);
        say(&ada, CONNECT_WITH("ticket", "bad"));
        assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"unauthenticated\""));
    }
    assert_int_equal(ada.close_code, TG_CLOSE_TRY_AGAIN_LATER);
    tg_hub_leave(t.hub, &ada);
}

static void a_client_at_its_limit_of_connections_may_come_again(void **state)
{
    (void)state;
    struct tg_peer ada, more;
    struct tg_identity *identity = user_of("shop");
    t.connections_max = 1;
    hubs_connect_with(&t, &ada, identity);
    tg_hub_join(t.hub, &more);
    for (int i = 0; i < 5; i++) {
        say(&more, CONNECT_WITH("session", "good"));
        assert_non_null(
            strstr(hubs_read(&t, &more), "\"code\":\"too_many_connections\""));
    }
    assert_int_equal(more.close_code, 0);
    tg_hub_leave(t.hub, &ada);
    say(&more, CONNECT_WITH("session", "good"));
    assert_non_null(strstr(hubs_read(&t, &more), "\"kind\":\"connected\""));
    tg_hub_leave(t.hub, &more);
    assert_int_equal(identity->account->connections, 0);
    tg_identity_unref(identity);
}

static void without_anybody_to_ask_tickets_are_not_supported(void **state)
{
    (void)state;
    static const char *const shown[] = {"ticket", "session"};
    struct tg_hub *asking = t.hub;
    t.hub = tg_hub_create(&(struct tg_hub_config){.connection_bytes_max = 16384,
                                                  .unconnected_bytes_max = 4096,
                                                  .frame = hubs_frame});
    assert_non_null(t.hub);
    for (int i = 0; i < 2; i++) {
        struct tg_peer ada;
        char message[128], member[32];
        tg_hub_join(t.hub, &ada);
        snprintf(message, sizeof message, CONNECT_WITH("%s", "good"), shown[i]);
        snprintf(member, sizeof member, "\"member\":\"%s\"", shown[i]);
        say(&ada, message);
        const char *answer = hubs_read(&t, &ada);
        assert_non_null(strstr(answer, "\"code\":\"not_supported\""));
        assert_non_null(strstr(answer, member));
        tg_hub_leave(t.hub, &ada);
    }
    tg_hub_destroy(t.hub);
    t.hub = asking;
}

/* What the peer is answered that asks for the type, with its name taken out. */
static const char *answer_without_name(struct tg_peer *peer, const char *type)
{
    static char texts[2][1024];
    static int at;
    char message[256], quotes[128];
    char *text = texts[at = !at];
    snprintf(message, sizeof message, SUBSCRIBE("7", "%s", "n == 1"), type);
    say(peer, message);
    snprintf(text, sizeof texts[0], "%s", hubs_read(&t, peer));
    snprintf(quotes, sizeof quotes, "\\\"%s\\\"", type);
    char *found = strstr(text, quotes);
    assert_non_null(found);
    memmove(found, found + strlen(quotes), strlen(found + strlen(quotes)) + 1);
    return text;
}

/* Threat: somebody finds out which types there are that they may not have. */
static void a_type_that_one_may_not_have_is_answered_as_one_that_is_not_there(
    void **state)
{
    (void)state;
    static const char *const hidden[] = {"shop.Qvx", "shop.Wzk", "shop.Jqy", "shop.Xpz"};
    struct tg_identity *identities[] = {NULL, user_of("shop"),
                                        identity_of("shop", "8", TG_LIT("shop.Other")),
                                        user_of("board"), NULL};
    declare(NOTE "," PRIVATE("shop.Qvx", "'checked':true,") "," PRIVATE(
        "shop.Wzk",
        "'checked':true,'access':{'rule':'auth.staff'}"
        ",") "," PRIVATE("shop.Jqy", "") "," PRIVATE("shop.Xpz", "'access':{'"
                                                                 "rule':'n == "
                                                                 "1'},"));
    for (int who = 0; who < 4; who++) {
        struct tg_peer peer;
        if (identities[who] == NULL) {
            hubs_connect(&t, &peer);
        } else {
            hubs_connect_with(&t, &peer, identities[who]);
        }
        const char *code = who == 0 ? "\"code\":\"unauthenticated\""
                                    : "\"code\":\"unknown_type\"";
        /* Of its own application it may have all but the first two. */
        for (int i = 0; i < (who == 1 || who == 2 ? 2 : 4); i++) {
            const char *absent = answer_without_name(&peer, "zzzz.Ggg");
            assert_non_null(strstr(absent, code));
            assert_string_equal(answer_without_name(&peer, hidden[i]), absent);
        }
        tg_hub_leave(t.hub, &peer);
        tg_identity_unref(identities[who]);
    }
}

static void nearest_names_only_what_the_client_may_have(void **state)
{
    (void)state;
    struct tg_peer nobody, ada;
    struct tg_identity *identity = user_of("shop");
    declare(PRIVATE("shop.Noten", "'checked':true,") "," NOTE
                                                     "," PRIVATE("shop.Noted", ""));
    hubs_connect(&t, &nobody);
    hubs_connect_with(&t, &ada, identity);
    say(&nobody, SUBSCRIBE_ALL("7", "shop.Notex"));
    assert_non_null(strstr(hubs_read(&t, &nobody), "\"nearest\":[\"shop.Note\"]"));
    say(&nobody, SUBSCRIBE_ALL("7", "shop.Noten"));
    assert_non_null(strstr(hubs_read(&t, &nobody), "\"nearest\":[\"shop.Note\"]"));
    say(&ada, SUBSCRIBE_ALL("7", "shop.Notex"));
    assert_non_null(
        strstr(hubs_read(&t, &ada), "\"nearest\":[\"shop.Note\",\"shop.Noted\"]"));
    tg_hub_leave(t.hub, &nobody);
    tg_hub_leave(t.hub, &ada);
    tg_identity_unref(identity);
}

static void types_lists_what_the_client_may_have(void **state)
{
    (void)state;
    static const struct {
        const char *app;
        struct tg_slice type;
        const char *names;
    } cases[] = {
        {NULL, TG_LIT_INIT(""), "shop.Note "},
        {"board", TG_LIT_INIT("shop.Secret"), "shop.Note "},
        {"shop", TG_LIT_INIT(""), "shop.Mine shop.Note "},
        {"shop", TG_LIT_INIT("shop.Mine"), "shop.Mine shop.Note "},
        {"shop", TG_LIT_INIT("shop.Secret"), "shop.Mine shop.Note shop.Secret "},
    };
    declare(PRIVATE("shop.Mine", "") "," NOTE
                                     "," PRIVATE("shop.Secret", "'checked':true,"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_peer peer;
        struct tg_identity *identity = NULL;
        char names[128] = "";
        if (cases[i].app == NULL) {
            hubs_connect(&t, &peer);
        } else {
            identity = identity_of(cases[i].app, "7", cases[i].type);
            hubs_connect_with(&t, &peer, identity);
        }
        say(&peer, "{'kind':'types','id':8}");
        const char *answer = hubs_read(&t, &peer);
        assert_null(strstr(answer, "checked"));
        for (const char *at = answer; (at = strstr(at, "{\"name\":\"shop.")) != NULL;) {
            at += strlen("{\"name\":\"");
            strncat(names, at, strcspn(at, "\""));
            strcat(names, " ");
        }
        assert_string_equal(names, cases[i].names);
        tg_hub_leave(t.hub, &peer);
        tg_identity_unref(identity);
    }
}

static void a_type_that_becomes_checked_ends_for_whom_the_ticket_does_not_name_it(
    void **state)
{
    (void)state;
    struct tg_peer ada, bob;
    struct tg_identity *any = user_of("shop");
    struct tg_identity *named = identity_of("shop", "8", TG_LIT("shop.Mine"));
    declare(PRIVATE("shop.Mine", ""));
    hubs_connect_with(&t, &ada, any);
    hubs_connect_with(&t, &bob, named);
    say(&ada, SUBSCRIBE_ALL("7", "shop.Mine"));
    say(&bob, SUBSCRIBE_ALL("7", "shop.Mine"));
    hubs_read(&t, &ada);
    hubs_read(&t, &bob);
    declare(PRIVATE("shop.Mine", "'checked':true,"));
    expect(&ada, ENDED("1", "forbidden") "{'kind':'types_changed','catalogue':3}\n");
    expect(&bob, "{'kind':'types_changed','catalogue':3}\n");
    assert_int_equal(any->account->subscriptions, 0);
    assert_int_equal(named->account->subscriptions, 1);
    tg_hub_leave(t.hub, &ada);
    tg_hub_leave(t.hub, &bob);
    tg_identity_unref(any);
    tg_identity_unref(named);
}

/* Claims for tests are of every application, and name no checked types. */
static void believed_claims_are_of_every_application(void **state)
{
    (void)state;
    struct tg_peer ada;
    declare(PRIVATE("shop.Mine", "") "," PRIVATE("shop.Secret", "'checked':true,"));
    assert_int_equal(
        hubs_catalogue(&t, "board",
                       quoted("{'app':'board','types':[" PRIVATE("board.Row", "") "]}")),
        TG_OK);
    hubs_connect_as(&t, &ada, "{\"user_id\":1}");
    say(&ada, SUBSCRIBE_ALL("7", "shop.Mine"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
    say(&ada, SUBSCRIBE_ALL("8", "board.Row"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"kind\":\"subscribed\""));
    say(&ada, SUBSCRIBE_ALL("9", "shop.Secret"));
    assert_non_null(strstr(hubs_read(&t, &ada), "\"code\":\"unknown_type\""));
    tg_hub_leave(t.hub, &ada);
}

static void claims_beside_a_ticket_are_refused(void **state)
{
    (void)state;
    struct tg_peer ada;
    t.shown = user_of("shop");
    tg_hub_join(t.hub, &ada);
    say(&ada, "{'kind':'connect','id':1,'ticket':'good','claims':{}}");
    const char *answer = hubs_read(&t, &ada);
    assert_non_null(strstr(answer, "\"code\":\"invalid_message\""));
    assert_non_null(strstr(answer, "\"member\":\"claims\""));
    assert_int_equal(t.shown->account->connections, 0);
    tg_hub_leave(t.hub, &ada);
    tg_identity_unref(t.shown);
}

static bool subscribes(struct tg_peer *peer, const char *id)
{
    char message[128];
    snprintf(message, sizeof message, SUBSCRIBE_ALL("%s", "shop.Item"), id);
    say(peer, message);
    const char *answer = hubs_read(&t, peer);
    bool subscribed = strstr(answer, "\"kind\":\"subscribed\"") != NULL;
    assert_true(subscribed ||
                strstr(answer, "\"code\":\"too_many_subscriptions\"") != NULL);
    return subscribed;
}

/* 3 of a connection, 4 of a client. */
static void a_client_has_a_limit_of_subscriptions_over_all_connections(void **state)
{
    (void)state;
    struct tg_peer ada, also, nobody;
    struct tg_identity *identity = user_of("shop");
    hubs_connect_with(&t, &ada, identity);
    hubs_connect_with(&t, &also, identity);
    hubs_connect(&t, &nobody);
    assert_true(subscribes(&ada, "1") && subscribes(&ada, "2") && subscribes(&ada, "3"));
    assert_true(subscribes(&also, "1"));
    assert_false(subscribes(&also, "2"));
    assert_int_equal(identity->account->subscriptions, 4);
    assert_true(subscribes(&nobody, "1"));
    /* It gets one back by each way in which one may end. */
    say(&ada, "{'kind':'unsubscribe','id':9,'subscription':1}");
    hubs_read(&t, &ada);
    assert_true(subscribes(&also, "2"));
    assert_false(subscribes(&also, "3"));
    tg_hub_leave(t.hub, &ada);
    assert_int_equal(identity->account->subscriptions, 2);
    assert_true(subscribes(&also, "3"));
    declare(ORDER_OF(ORDER_RULE));
    assert_int_equal(identity->account->subscriptions, 0);
    tg_hub_leave(t.hub, &also);
    tg_hub_leave(t.hub, &nobody);
    tg_identity_unref(identity);
}

static void identity_and_program_weigh_in_the_budget(void **state)
{
    (void)state;
    struct tg_peer ada;
    char program[129];
    char message[256];
    memset(program, 'p', 128);
    program[128] = '\0';
    t.shown = user_of("shop");
    tg_hub_join(t.hub, &ada);
    snprintf(message, sizeof message,
             "{'kind':'connect','id':1,'ticket':'good','client':'%s'}", program);
    say(&ada, message);
    hubs_read(&t, &ada);
    assert_true(tg_slice_is(ada.program, program));
    size_t least = tg_identity_weight(t.shown) + 128;
    assert_in_range(ada.identity_bytes, least + 1, least + 512);
    tg_hub_pins(t.hub, &ada, 16384 - ada.identity_bytes);
    assert_int_equal(ada.close_code, 0);
    tg_hub_pins(t.hub, &ada, 16384 - ada.identity_bytes + 1);
    assert_int_equal(ada.close_code, TG_CLOSE_OVER_BUDGET);
    tg_hub_leave(t.hub, &ada);
    tg_identity_unref(t.shown);
}

static void what_identities_hold_is_charged(void **state)
{
    (void)state;
    static struct tg_peer peers[200];
    struct tg_test_heap heap;
    struct hubs saved = t;
    size_t held = 0, charged = 0;
    tg_test_heap_begin(&heap, 0);
    hubs_init_usual(&t, false);
    for (int p = 0; p < 200; p++) {
        char user[16];
        snprintf(user, sizeof user, "%d", p);
        t.shown = identity_of("shop", user, TG_LIT("shop.Secret"));
        tg_hub_join(t.hub, &peers[p]);
        say(&peers[p], "{'kind':'connect','id':1,'ticket':'good','client':'test/1'}");
        hubs_read(&t, &peers[p]);
        tg_identity_unref(t.shown);
        held = p == 0 ? heap.bytes : held; /* The first brings what all share. */
        charged += p == 0 ? 0 : peers[p].identity_bytes;
        assert_true(heap.bytes - held <= charged);
    }
    for (int p = 0; p < 200; p++) {
        tg_hub_leave(t.hub, &peers[p]);
    }
    hubs_finish(&t);
    assert_true(tg_test_heap_end(&heap));
    t = saved;
}

static void a_connect_without_memory_counts_nothing(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        struct hubs saved = t;
        struct tg_peer ada;
        tg_test_heap_begin(&heap, 0);
        hubs_init(&t);
        t.shown = user_of("shop");
        tg_hub_join(t.hub, &ada);
        const char *message =
            quoted("{'kind':'connect','id':1,'ticket':'good','client':'test/1'}");
        heap.fail_at = heap.calls + n;
        hubs_say(&t, &ada, message);
        bool failed = heap.calls >= heap.fail_at;
        heap.fail_at = 0;
        bool connected = strstr(hubs_read(&t, &ada), "\"kind\":\"connected\"") != NULL;
        assert_int_equal(t.shown->account->connections, ada.identity == NULL ? 0 : 1);
        assert_true(connected || ada.identity == NULL || ada.close_code != 0);
        tg_hub_leave(t.hub, &ada);
        assert_int_equal(t.shown->account->connections, 0);
        tg_identity_unref(t.shown);
        hubs_finish(&t);
        assert_true(tg_test_heap_end(&heap));
        t = saved;
        if (!failed) {
            assert_true(connected && n > 5);
            return;
        }
    }
}

/* Threat: a client that floods. */
static void messages_that_come_too_fast_are_not_carried_out(void **state)
{
    (void)state;
    struct tg_peer ada;
    struct hubs saved = t;
    hubs_init_with(&t, (struct tg_hub_config){
                           .connection_bytes_max = 16384,
                           .unconnected_bytes_max = 4096,
                           .subscriptions_max = 100,
                           .query_cost_max = 100,
                           .messages = {.per_second = 50, .burst = 3},
                       });
    declare(ITEM);
    hubs_connect(&t, &ada);
    assert_true(subscribes(&ada, "2") && subscribes(&ada, "3"));
    say(&ada, SUBSCRIBE_ALL("4", "shop.Item"));
    expect(&ada, "{'kind':'error','id':4,'code':'too_many_messages','message':"
                 "'too many messages','retry_after_ms':20}\n");
    assert_int_equal(ada.subscriptions, 2);
    say(&ada, "nothing that is JSON");
    expect(&ada, "{'kind':'error','code':'too_many_messages','message':"
                 "'too many messages','retry_after_ms':20}\n");
    t.now_ms += 20;
    assert_true(subscribes(&ada, "4"));
    tg_hub_leave(t.hub, &ada);
    hubs_finish(&t);
    t = saved;
}

static void a_thousand_hasty_messages_in_a_row_close(void **state)
{
    (void)state;
    struct tg_peer ada;
    struct hubs saved = t;
    hubs_init_with(&t, (struct tg_hub_config){
                           .connection_bytes_max = 16384,
                           .unconnected_bytes_max = 4096,
                           .messages = {.per_second = 50, .burst = 1},
                       });
    hubs_connect(&t, &ada);
    for (int i = 1; i <= 999 + 1 + 1000; i++) {
        assert_int_equal(ada.close_code, 0);
        t.now_ms += i == 1000 ? 20 : 0; /* One that is not: the count begins anew. */
        say(&ada, "{'kind':'ping','id':1}");
        assert_non_null(strstr(hubs_read(&t, &ada), i == 1000 ? "pong" : "too_many"));
    }
    assert_int_equal(ada.close_code, TG_CLOSE_TRY_AGAIN_LATER);
    tg_hub_leave(t.hub, &ada);
    hubs_finish(&t);
    t = saved;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_ticket_makes_a_client_with_a_user_and_a_session),
        TEST(a_user_is_quoted),
        TEST(a_refused_ticket_leaves_the_client_as_it_was),
        TEST(after_the_third_refusal_the_connection_is_closed),
        TEST(a_client_at_its_limit_of_connections_may_come_again),
        TEST(without_anybody_to_ask_tickets_are_not_supported),
        TEST(a_type_that_one_may_not_have_is_answered_as_one_that_is_not_there),
        TEST(nearest_names_only_what_the_client_may_have),
        TEST(types_lists_what_the_client_may_have),
        TEST(a_type_that_becomes_checked_ends_for_whom_the_ticket_does_not_name_it),
        TEST(believed_claims_are_of_every_application),
        TEST(claims_beside_a_ticket_are_refused),
        TEST(a_client_has_a_limit_of_subscriptions_over_all_connections),
        TEST(identity_and_program_weigh_in_the_budget),
        TEST(what_identities_hold_is_charged),
        TEST(a_connect_without_memory_counts_nothing),
        TEST(messages_that_come_too_fast_are_not_carried_out),
        TEST(a_thousand_hasty_messages_in_a_row_close),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
