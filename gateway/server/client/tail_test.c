/* Conversations as transcripts: what we send (>), print (=) and tell (!). */
#include "server/client/tail.h"

#include "server/client/show.h"
#include "testing/cmocka.h"

static struct tg_tail_options options;
static struct tg_tail tail;
static struct tg_tail_output output;
static struct tg_buf transcript;

static void take_down(void)
{
    static const char *const marks[] = {"> ", "= ", "! "};
    struct tg_buf *parts[] = {&output.send, &output.out, &output.err};
    for (size_t i = 0; i < 3; i++) {
        if (parts[i]->size != 0) {
            tg_buf_add_text(&transcript, marks[i]);
            tg_buf_add_slice(&transcript, tg_buf_slice(parts[i]));
            if (i == 0) {
                tg_buf_add_text(&transcript, "\n");
            }
        }
        tg_buf_clear(parts[i]);
    }
}

static enum tg_tail_step hear(const char *message)
{
    enum tg_tail_step step = tg_tail_take(&tail, tg_slice_of(message), &output);
    take_down();
    return step;
}

static void connect_anew(void)
{
    tg_tail_begin(&tail, &output);
    take_down();
}

/* All since the last look. */
static void assert_transcript(const char *expected)
{
    tg_buf_add_byte(&transcript, 0);
    assert_string_equal((const char *)transcript.data, expected);
    tg_buf_clear(&transcript);
}

static int begin(void **state)
{
    (void)state;
    options = (struct tg_tail_options){.type = "board.Order", .url.authority = "there:1"};
    tg_tail_init(&tail, &options);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tg_tail_finish(&tail);
    tg_buf_finish(&output.send);
    tg_buf_finish(&output.out);
    tg_buf_finish(&output.err);
    tg_buf_finish(&transcript);
    return 0;
}

#define CONNECTED \
    "{\"kind\":\"connected\",\"id\":1,\"client\":\"c-1\",\"ping_interval_ms\":5000}"
#define SUBSCRIBED(more)                                                       \
    "{\"kind\":\"subscribed\",\"id\":2,\"cohort\":1,\"type\":\"board.Order\"," \
    "\"position\":{\"epoch\":\"e1\",\"offset\":41},\"delivery\":\"live\"" more "}"
#define EVENT(prev, offset, more)                                                     \
    "{\"kind\":\"event\",\"cohort\":1,\"prev\":" #prev ",\"type\":\"board.Order\","   \
    "\"op\":\"add\",\"position\":{\"epoch\":\"e1\",\"offset\":" #offset "},"          \
    "\"id\":\"a\",\"time\":\"2026-11-23T02:16:34.120331Z\",\"data\":{\"id\": 7}" more \
    "}"

static void open_it(void)
{
    connect_anew();
    assert_int_equal(hear(CONNECTED), TG_TAIL_GO_ON);
    assert_int_equal(hear(SUBSCRIBED("")), TG_TAIL_GO_ON);
    tg_buf_clear(&transcript);
}

static void it_connects_subscribes_and_shows_events(void **state)
{
    (void)state;
    connect_anew();
    assert_int_equal(hear(CONNECTED), TG_TAIL_GO_ON);
    assert_int_equal(tail.ping_interval_ms, 5000);
    assert_int_equal(hear(SUBSCRIBED("")), TG_TAIL_GO_ON);
    assert_int_equal(hear(EVENT(41, 42, "")), TG_TAIL_GO_ON);
    assert_int_equal(
        hear(EVENT(42, 43,
                   ",\"changed\":[\"status\",\"total\"],\"old\":{ \"status\":1},"
                   "\"redelivered\":true,\"unheard_of\":1")),
        TG_TAIL_GO_ON);
    assert_transcript(
        "> {\"kind\":\"connect\",\"id\":1,\"client\":\"telegraphy-tail/" TG_VERSION
        "\"}\n"
        "> {\"kind\":\"subscribe\",\"id\":2,\"type\":\"board.Order\"}\n"
        "! telegraphy: waiting for board.Order after e1:41 at there:1\n"
        "= 2026-11-23T02:16:34.120331Z add board.Order 42 {\"id\":7}\n"
        "= 2026-11-23T02:16:34.120331Z add board.Order 43 {\"id\":7} "
        "changed=status,total "
        "old={\"status\":1} redelivered\n");
}

static void with_json_the_message_itself_is_shown(void **state)
{
    (void)state;
    options.json = true;
    open_it();
    hear(" {\"kind\" : "
         "\"event\",\n\"prev\":41,\"position\":{\"epoch\":\"e1\",\"offset\":42},"
         "\"x\":\"a  b\"} ");
    assert_transcript("= {\"kind\":\"event\",\"prev\":41,\"position\":{\"epoch\":\"e1\","
                      "\"offset\":42},\"x\":\"a  b\"}\n");
}

static void it_ends_after_as_many_as_were_asked_for(void **state)
{
    (void)state;
    options.count = 2;
    open_it();
    assert_int_equal(hear(EVENT(41, 42, "")), TG_TAIL_GO_ON);
    assert_int_equal(hear(EVENT(42, 43, "")), TG_TAIL_DONE);
}

static void after_a_reconnection_it_goes_on_where_it_stood(void **state)
{
    (void)state;
    open_it();
    hear(EVENT(41, 42, ""));
    tg_buf_clear(&transcript);
    connect_anew();
    hear(CONNECTED);
    hear(SUBSCRIBED(",\"resume\":\"resumed\""));
    hear(EVENT(42, 43, ""));
    assert_transcript(
        "> {\"kind\":\"connect\",\"id\":1,\"client\":\"telegraphy-tail/" TG_VERSION
        "\"}\n"
        "> "
        "{\"kind\":\"subscribe\",\"id\":2,\"type\":\"board.Order\",\"since\":{\"epoch\":"
        "\"e1\","
        "\"offset\":42}}\n"
        "! telegraphy: resumed board.Order after e1:42 at there:1\n"
        "= 2026-11-23T02:16:34.120331Z add board.Order 43 {\"id\":7}\n");
}

static void a_restarted_gateway_is_given_time_to_learn_the_type(void **state)
{
    (void)state;
    open_it();
    connect_anew();
    hear(CONNECTED);
    tg_buf_clear(&transcript);
    assert_int_equal(hear("{\"kind\":\"error\",\"id\":2,\"code\":\"unknown_type\"}"),
                     TG_TAIL_GO_ON);
    assert_int_equal(hear("{\"kind\":\"types_changed\",\"catalogue\":1}"), TG_TAIL_GO_ON);
    assert_int_equal(hear(SUBSCRIBED(",\"resume\":\"reset\",\"reason\":\"epoch\"")),
                     TG_TAIL_GO_ON);
    assert_transcript("! telegraphy: the gateway does not know board.Order any more; "
                      "waiting until it does\n"
                      "> "
                      "{\"kind\":\"subscribe\",\"id\":2,\"type\":\"board.Order\","
                      "\"since\":{\"epoch\":\"e1\","
                      "\"offset\":41}}\n"
                      "! telegraphy: the event types changed (catalogue 1)\n"
                      "! telegraphy: events may be lost (epoch); waiting for board.Order "
                      "after e1:41 at there:1\n");
}

static void a_history_that_is_gone_is_told(void **state)
{
    (void)state;
    options.has_since = true;
    strcpy(options.since_epoch, "e0");
    options.since_offset = 7;
    tg_tail_init(&tail, &options);
    connect_anew();
    hear(CONNECTED);
    hear(SUBSCRIBED(",\"resume\":\"reset\",\"reason\":\"epoch\""));
    assert_transcript(
        "> {\"kind\":\"connect\",\"id\":1,\"client\":\"telegraphy-tail/" TG_VERSION
        "\"}\n"
        "> "
        "{\"kind\":\"subscribe\",\"id\":2,\"type\":\"board.Order\",\"since\":{\"epoch\":"
        "\"e0\","
        "\"offset\":7}}\n"
        "! telegraphy: events may be lost (epoch); waiting for board.Order after "
        "e1:41 at there:1\n");
}

static void what_is_lost_is_told(void **state)
{
    (void)state;
    open_it();
    hear("{\"kind\":\"gap\",\"cohort\":1,\"epoch\":\"e1\",\"from\":42,\"to\":50,"
         "\"reason\":"
         "\"slow\"}");
    hear(EVENT(50, 51, ""));
    hear(EVENT(53, 54, ""));
    hear(EVENT(55, 56, ""));
    hear("{\"kind\":\"reset\",\"cohort\":1,\"ended\":false,\"reason\":\"limit\","
         "\"position\":"
         "{\"epoch\":\"e2\",\"offset\":3}}");
    hear("{\"kind\":\"types_changed\",\"catalogue\":4}");
    assert_transcript("! telegraphy: lost 42 to 50 (slow)\n"
                      "= 2026-11-23T02:16:34.120331Z add board.Order 51 {\"id\":7}\n"
                      "= 2026-11-23T02:16:34.120331Z add board.Order 54 {\"id\":7}\n"
                      "! telegraphy: lost 52 to 53\n"
                      "= 2026-11-23T02:16:34.120331Z add board.Order 56 {\"id\":7}\n"
                      "! telegraphy: lost 55\n"
                      "! telegraphy: events may be lost (limit); going on after e2:3\n"
                      "! telegraphy: the event types changed (catalogue 4)\n");
}

static void a_subscription_that_ends_ends_us(void **state)
{
    (void)state;
    open_it();
    assert_int_equal(hear("{\"kind\":\"reset\",\"cohort\":1,\"ended\":true,\"reason\":"
                          "\"query_changed\"}"),
                     TG_TAIL_FAILED);
    assert_transcript("! telegraphy: the subscription ended (query_changed)\n");
}

static void an_unknown_type_is_told_with_the_nearest(void **state)
{
    (void)state;
    connect_anew();
    hear(CONNECTED);
    tg_buf_clear(&transcript);
    assert_int_equal(
        hear("{\"kind\":\"error\",\"id\":2,\"code\":\"unknown_type\",\"message\":"
             "\"there is no event type \\\"board.Ordr\\\"\",\"member\":\"type\","
             "\"nearest\":[\"board.Order\"]}"),
        TG_TAIL_GO_ON);
    assert_int_equal(
        hear("{\"kind\":\"types\",\"id\":4,\"catalogue\":1,\"types\":["
             "{\"name\":\"board.Order\"},{\"name\":\"board.\\u001bNote\"}]}"),
        TG_TAIL_FAILED);
    assert_transcript(
        "> {\"kind\":\"types\",\"id\":4}\n"
        "! telegraphy: unknown_type: there is no event type \"board.Ordr\" (at "
        "type); did you mean board.Order?\n"
        "! telegraphy: the gateway at there:1 has for this client: board.Order, "
        "board.\\u001bNote\n");
}

static void a_gateway_without_types_says_so(void **state)
{
    (void)state;
    connect_anew();
    hear(CONNECTED);
    hear("{\"kind\":\"error\",\"id\":2,\"code\":\"unknown_type\"}");
    tg_buf_clear(&transcript);
    assert_int_equal(hear("{\"kind\":\"types\",\"id\":4,\"types\":[]}"), TG_TAIL_FAILED);
    assert_transcript("! telegraphy: the gateway at there:1 has no event types for this "
                      "client\n");
}

static void claims_are_made_if_they_are_given(void **state)
{
    (void)state;
    tail.claims = TG_LIT("{\"user_id\":7}");
    connect_anew();
    assert_transcript("> {\"kind\":\"connect\",\"id\":1,\"client\":"
                      "\"telegraphy-tail/" TG_VERSION "\",\"claims\":{\"user_id\":7}}\n");
}

#define CONNECT \
    "> {\"kind\":\"connect\",\"id\":1,\"client\":\"telegraphy-tail/" TG_VERSION "\""
#define ASK "> {\"kind\":\"subscribe\",\"id\":2,\"type\":\"board.Order\"}\n"

static void who_came_with_a_ticket_comes_back_with_the_newest_token(void **state)
{
    (void)state;
    tail.ticket = TG_LIT("tgt_\"1");
    connect_anew();
    connect_anew(); /* The first connection did not live to be answered. */
    hear("{\"kind\":\"connected\",\"id\":1,\"session\":{\"token\":\"tgs_1\"}}");
    connect_anew();
    hear("{\"kind\":\"connected\",\"id\":1,\"session\":{\"token\":\"tgs_2\"}}");
    connect_anew();
    assert_transcript(CONNECT ",\"ticket\":\"tgt_\\\"1\"}\n" CONNECT
                              ",\"ticket\":\"tgt_\\\"1\"}\n" ASK CONNECT
                              ",\"session\":\"tgs_1\"}\n" ASK CONNECT
                              ",\"session\":\"tgs_2\"}\n");
}

static void a_ticket_is_shown_once_even_if_no_session_comes_for_it(void **state)
{
    (void)state;
    static const char *const sessions[] = {"", ",\"session\":{}",
                                           ",\"session\":{\"token\":7}"};
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        char message[128];
        snprintf(message, sizeof message, "{\"kind\":\"connected\",\"id\":1%s}",
                 sessions[i]);
        tail.ticket = TG_LIT("tgt_1");
        connect_anew();
        hear(message);
        connect_anew();
        assert_transcript(CONNECT ",\"ticket\":\"tgt_1\"}\n" ASK CONNECT "}\n");
    }
}

static void a_ticket_that_is_refused_is_not_shown_again(void **state)
{
    (void)state;
    tail.ticket = TG_LIT("tgt_1");
    connect_anew();
    tg_buf_clear(&transcript);
    assert_int_equal(hear("{\"kind\":\"error\",\"id\":1,\"code\":\"unauthenticated\","
                          "\"message\":\"not good here\"}"),
                     TG_TAIL_FAILED);
    assert_transcript("! telegraphy: unauthenticated: not good here\n");
}

/* An anonymous client is not told whether there is the type for others. */
static void without_an_identity_a_type_may_be_there_for_others(void **state)
{
    (void)state;
    static const char refused[] =
        "{\"kind\":\"error\",\"id\":2,\"code\":\"unauthenticated\",\"message\":\"no\"}";
    connect_anew();
    hear(CONNECTED);
    tg_buf_clear(&transcript);
    assert_int_equal(hear(refused), TG_TAIL_GO_ON);
    assert_int_equal(hear("{\"kind\":\"types\",\"id\":4,\"types\":[]}"), TG_TAIL_FAILED);
    assert_transcript("> {\"kind\":\"types\",\"id\":4}\n"
                      "! telegraphy: unauthenticated: no\n"
                      "! telegraphy: the gateway at there:1 has no event types for this "
                      "client\n");
    open_it();
    connect_anew();
    hear(CONNECTED);
    tg_buf_clear(&transcript);
    assert_int_equal(hear(refused), TG_TAIL_GO_ON);
    assert_transcript("! telegraphy: the gateway does not know board.Order any more; "
                      "waiting until it does\n");
}

/* Some 70 columns around the mistake, however long the query is. */
static void a_long_query_is_shown_in_part(void **state)
{
    (void)state;
    struct tg_buf query = {0};
    struct tg_buf shown = {0};
    for (int i = 0; i < 300; i++) {
        tg_buf_add_text(&query, "id == 1 || ");
    }
    tg_buf_add_text(&query, "totl > 1");
    for (int i = 0; i < 300; i++) {
        tg_buf_add_text(&query, " || id == 1");
    }
    tg_show_place(&shown, tg_buf_slice(&query), 1, 3301);
    tg_buf_add_byte(&shown, 0);
    assert_string_equal(
        (const char *)shown.data,
        "  …= 1 || id == 1 || id == 1 || id == 1 || totl > 1 || id == 1 || id == 1…\n"
        "                                           ^^^^\n");
    tg_buf_clear(&shown);
    tg_show_place(&shown, tg_buf_slice(&query), 1, 1);
    assert_memory_equal(shown.data, "  id == 1 || id", 15);
    tg_buf_clear(&shown);
    tg_show_place(&shown, tg_buf_slice(&query), 1, query.size + 1);
    assert_true(shown.size > 0 && shown.size < 200);
    tg_buf_clear(&shown);
    tg_show_place(&shown, tg_buf_slice(&query), 1, query.size + 2);
    tg_show_place(&shown, tg_buf_slice(&query), 2, 1);
    tg_show_place(&shown, tg_buf_slice(&query), 0, 0);
    tg_show_place(&shown, tg_buf_slice(&query), UINT64_MAX, UINT64_MAX);
    assert_int_equal(shown.size, 0);
    tg_buf_finish(&query);
    tg_buf_finish(&shown);
}

static void a_query_is_asked_and_its_mistake_shown_where_it_is(void **state)
{
    (void)state;
    options.where = "id == 7 &&\n  totl > \"1\"";
    connect_anew();
    tg_buf_clear(&transcript);
    hear(CONNECTED);
    assert_transcript("> {\"kind\":\"subscribe\",\"id\":2,\"type\":\"board.Order\","
                      "\"where\":\"id == 7 &&\\n  totl > \\\"1\\\"\"}\n");
    assert_int_equal(hear("{\"kind\":\"error\",\"id\":2,\"code\":\"query_field\","
                          "\"message\":\"unknown field\",\"member\":\"where\","
                          "\"line\":2,\"column\":3,\"nearest\":[\"total\"]}"),
                     TG_TAIL_FAILED);
    assert_transcript("! telegraphy: query_field: unknown field (at where); did you mean "
                      "total?\n"
                      "    totl > \"1\"\n"
                      "    ^^^^\n");
    /* A place that is none is not shown. */
    connect_anew();
    hear(CONNECTED);
    tg_buf_clear(&transcript);
    hear("{\"kind\":\"error\",\"id\":2,\"code\":\"query_type\",\"message\":\"m\","
         "\"member\":\"where\",\"line\":9,\"column\":900000000000}");
    assert_transcript("! telegraphy: query_type: m (at where)\n");
}

static void a_busy_gateway_is_asked_again_when_it_says(void **state)
{
    (void)state;
    connect_anew();
    assert_int_equal(
        hear("{\"kind\":\"error\",\"id\":1,\"code\":\"overloaded\",\"message\":"
             "\"later\",\"retry_after_ms\":2500}"),
        TG_TAIL_AGAIN);
    assert_int_equal(tail.retry_after_ms, 2500);
}

static void an_error_of_no_request_of_ours_changes_nothing(void **state)
{
    (void)state;
    open_it();
    assert_int_equal(
        hear("{\"kind\":\"error\",\"code\":\"internal\",\"message\":\"hm\"}"),
        TG_TAIL_GO_ON);
    assert_int_equal(hear("{\"kind\":\"pong\",\"id\":3}"), TG_TAIL_GO_ON);
    assert_int_equal(hear("{\"kind\":\"newer\"}"), TG_TAIL_GO_ON);
    assert_int_equal(hear("[]"), TG_TAIL_GO_ON);
    assert_transcript("! telegraphy: internal: hm\n");
}

static void a_gateway_that_breaks_the_protocol_is_left(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{",
        "{\"kind\":\"event\"}",
        "{\"kind\":\"gap\"}",
        "{\"kind\":\"reset\"}",
        "{\"kind\":\"event\",\"time\":\"t\",\"op\":\"add\",\"type\":\"a.B\",\"data\":{},"
        "\"position\":{\"epoch\":\"123456789012345678901234567890123\",\"offset\":1}}",
        "{\"kind\":\"event\",\"time\":\"t\",\"op\":\"add\",\"type\":\"a.B\",\"data\":{},"
        "\"position\":{\"epoch\":\"a\\u0000b\",\"offset\":1}}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        open_it();
        assert_int_equal(hear(wrong[i]), TG_TAIL_FAILED);
        tg_buf_add_byte(&transcript, 0);
        assert_memory_equal(transcript.data, "! telegraphy: the gateway sent ", 31);
    }
}

static void a_ping_is_a_request_too(void **state)
{
    (void)state;
    tg_tail_ping(&output);
    take_down();
    assert_transcript("> {\"kind\":\"ping\",\"id\":3}\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(it_connects_subscribes_and_shows_events),
        TEST(with_json_the_message_itself_is_shown),
        TEST(it_ends_after_as_many_as_were_asked_for),
        TEST(after_a_reconnection_it_goes_on_where_it_stood),
        TEST(a_restarted_gateway_is_given_time_to_learn_the_type),
        TEST(a_history_that_is_gone_is_told),
        TEST(what_is_lost_is_told),
        TEST(a_subscription_that_ends_ends_us),
        TEST(an_unknown_type_is_told_with_the_nearest),
        TEST(a_gateway_without_types_says_so),
        TEST(claims_are_made_if_they_are_given),
        TEST(who_came_with_a_ticket_comes_back_with_the_newest_token),
        TEST(a_ticket_is_shown_once_even_if_no_session_comes_for_it),
        TEST(a_ticket_that_is_refused_is_not_shown_again),
        TEST(without_an_identity_a_type_may_be_there_for_others),
        TEST(a_long_query_is_shown_in_part),
        TEST(a_query_is_asked_and_its_mistake_shown_where_it_is),
        TEST(a_busy_gateway_is_asked_again_when_it_says),
        TEST(an_error_of_no_request_of_ours_changes_nothing),
        TEST(a_gateway_that_breaks_the_protocol_is_left),
        TEST(a_ping_is_a_request_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
