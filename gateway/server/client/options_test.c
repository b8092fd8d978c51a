#include "server/client/options.h"

#include "testing/cmocka.h"

static struct tg_publish_options publish;
static struct tg_tail_options tail;
static char why[TG_OPTIONS_WHY_MAX];

#define ARGUMENTS(...)                                                \
    (int)(sizeof(char *[]){__VA_ARGS__} / sizeof(char *)), (char *[]) \
    {                                                                 \
        __VA_ARGS__                                                   \
    }
#define PUBLISH(...) tg_publish_options_read(&publish, ARGUMENTS(__VA_ARGS__), why)
#define TAIL(...)    tg_tail_options_read(&tail, ARGUMENTS(__VA_ARGS__), why)

static void publish_takes_a_type_and_data(void **state)
{
    (void)state;
    assert_true(PUBLISH("board.Order", "{}"));
    assert_string_equal(publish.type, "board.Order");
    assert_string_equal(publish.data, "{}");
    assert_null(publish.op);
    assert_null(publish.id);
    assert_string_equal(publish.url.authority, "127.0.0.1:1845");
    assert_string_equal(publish.url.path, "");
}

static void options_stand_anywhere_in_both_spellings(void **state)
{
    (void)state;
    assert_true(PUBLISH("--op", "create", "board.Order", "--id=7", "-", "--key-file", "k",
                        "--url=http://[::1]:9/x/") == false);
    assert_string_equal(why,
                        "an id names one event, not every line of stdin; got --id \"7\"");
    assert_true(PUBLISH("--op", "create", "board.Order", "--id=7", "{}", "--key-file",
                        "k", "--url=http://[::1]:9/x/"));
    assert_string_equal(publish.op, "create");
    assert_string_equal(publish.id, "7");
    assert_string_equal(publish.key_file, "k");
    assert_string_equal(publish.url.host, "::1");
    assert_string_equal(publish.url.authority, "[::1]:9");
    assert_string_equal(publish.url.path, "/x/");
    assert_true(PUBLISH("--", "--odd.Type", "{}"));
    assert_string_equal(publish.type, "--odd.Type");
}

static void what_is_missing_or_too_much_is_named(void **state)
{
    (void)state;
    assert_false(tg_publish_options_read(&publish, 0, NULL, why));
    assert_string_equal(why, "wants an event type, such as \"board.Order\"");
    assert_false(PUBLISH("board.Order"));
    assert_non_null(
        strstr(why, "wants the event's data as JSON, or - to read lines of it"));
    assert_false(PUBLISH("board.Order", "{}", "{}"));
    assert_string_equal(why, "\"{}\" is one argument too many");
    assert_false(PUBLISH("board.Order", "{}", "--op"));
    assert_string_equal(why, "\"--op\" wants a value");
    assert_false(PUBLISH("board.Order", "{}", "--op=a", "--op=b"));
    assert_string_equal(why, "\"--op=b\" is given twice");
    assert_false(PUBLISH("board.Order", "{}", "--keyfile", "x"));
    assert_string_equal(why,
                        "there is no option \"--keyfile\"; did you mean --key-file?");
    assert_false(PUBLISH("", "{}"));
    assert_false(TAIL("a.B", "c"));
    assert_string_equal(why, "\"c\" is one argument too many");
    assert_false(TAIL("a.B", "--json=yes"));
    assert_string_equal(why, "\"--json=yes\" takes no value");
}

static void tail_takes_a_position_and_a_count(void **state)
{
    (void)state;
    assert_true(TAIL("a.B", "--json", "--since", "5be1f6c2:d0:42", "--count", "3"));
    assert_true(tail.json);
    assert_true(tail.has_since);
    assert_string_equal(tail.since_epoch, "5be1f6c2:d0");
    assert_int_equal(tail.since_offset, 42);
    assert_int_equal(tail.count, 3);
    assert_string_equal(tail.url.authority, "127.0.0.1:1844");
    assert_string_equal(tail.url.path, "/v1/websocket");
    static char *const wrong[][2] = {
        {"--since", "42"},
        {"--since", ":42"},
        {"--since", "a:"},
        {"--since", "a:4x"},
        {"--since", "a:-1"},
        {"--since", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1"},
        {"--count", "0"},
        {"--count", "-1"},
        {"--count", "many"},
        {"--count", ""},
        {"--count", "9999999999999999999"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(TAIL("a.B", wrong[i][0], wrong[i][1]));
        assert_memory_equal(why, wrong[i][0], 7);
    }
}

static void tail_takes_a_query(void **state)
{
    (void)state;
    assert_true(TAIL("a.B"));
    assert_null(tail.where);
    assert_true(TAIL("a.B", "--where", "n > 1 && s == \"x\""));
    assert_string_equal(tail.where, "n > 1 && s == \"x\"");
    assert_false(TAIL("a.B", "--where="));
    assert_memory_equal(why, "--where wants a query", 21);
}

static void an_address_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        char *url;
        const char *says;
    } wrong[] = {
        {"wsss://a", "an address begins with ws:// or wss://"},
        {"http://a", "an address begins with ws://"},
        {"a:1844", "an address begins with ws://"},
        {"ws://", "after :// comes a host"},
        {"ws://a b", "after :// comes a host"},
        {"ws://user@a", "after :// comes a host"},
        {"ws://[::1", "after :// comes a host"},
        {"ws://[a]:1", "after :// comes a host"},
        {"ws://a:", "a port is a number"},
        {"ws://a:0", "a port is a number"},
        {"ws://a:65536", "a port is a number"},
        {"ws://a:1x", "after the port comes a path"},
        {"ws://a/x\r\nHost: b", "a path has no blanks"},
        {"ws://a/x#y", "a path has no blanks"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(TAIL("a.B", "--url", wrong[i].url));
        assert_non_null(strstr(why, wrong[i].says));
    }
    assert_true(TAIL("a.B", "--url", "ws://gateway.example"));
    assert_string_equal(tail.url.authority, "gateway.example:80");
    assert_false(tg_url_is_local(&tail.url));
    assert_true(TAIL("a.B", "--url", "wss://gateway.example/", "--ca", "ca.pem"));
    assert_true(tail.url.secure);
    assert_int_equal(tail.url.port, 443);
    assert_string_equal(tail.ca, "ca.pem");
    assert_true(TAIL("a.B", "--url", "ws://localhost:1/"));
    assert_false(tail.url.secure);
    assert_string_equal(tail.url.path, "/v1/websocket");
    assert_true(tg_url_is_local(&tail.url));
    assert_true(TAIL("a.B", "--url", "ws://127.8.8.8:1/other?x=1"));
    assert_string_equal(tail.url.path, "/other?x=1");
    assert_true(tg_url_is_local(&tail.url));
}

static void a_mistake_cannot_drive_a_terminal(void **state)
{
    (void)state;
    assert_false(PUBLISH("a.B", "{}", "\x1b[2J"));
    assert_string_equal(why, "\"\\x1b[2J\" is one argument too many");
    assert_false(PUBLISH("a.B", "{}", "--\x1b[2J"));
    assert_string_equal(why, "there is no option \"--\\x1b[2J\"");
}

static void a_ticket_says_all_that_claims_could(void **state)
{
    (void)state;
    assert_true(TAIL("board.Order", "--ticket-file", "t"));
    assert_string_equal(tail.ticket, "t");
    assert_false(TAIL("board.Order", "--ticket-file", "t", "--claims=c"));
    assert_string_equal(why, "a ticket says what is known of a client, so \"--claims\" "
                             "are too much");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish_takes_a_type_and_data),
        cmocka_unit_test(options_stand_anywhere_in_both_spellings),
        cmocka_unit_test(what_is_missing_or_too_much_is_named),
        cmocka_unit_test(tail_takes_a_position_and_a_count),
        cmocka_unit_test(tail_takes_a_query),
        cmocka_unit_test(an_address_is_read_strictly),
        cmocka_unit_test(a_mistake_cannot_drive_a_terminal),
        cmocka_unit_test(a_ticket_says_all_that_claims_could),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
