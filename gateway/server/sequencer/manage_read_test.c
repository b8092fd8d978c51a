#include "server/sequencer/manage_read.h"

#include <stdio.h>

#include "testing/catalogues.h"
#include "testing/heap.h"

static struct tg_manage_reader reader;

static struct tg_errand read_right(enum tg_errand_kind kind, const char *document)
{
    struct tg_errand errand;
    struct tg_refusal refusal;
    if (tg_manage_read(&reader, kind, TG_LIT("shop"), json_of(document), &errand,
                       &refusal) != TG_OK) {
        fail_msg("%s: %s", document, refusal_text(&refusal));
    }
    assert_int_equal(errand.kind, kind);
    assert_slice(errand.selection.app, "shop");
    return errand;
}

static void refused(enum tg_errand_kind kind, const char *document, const char *want)
{
    struct tg_errand errand;
    struct tg_refusal refusal = {0};
    assert_int_equal(tg_manage_read(&reader, kind, TG_LIT("shop"), json_of(document),
                                    &errand, &refusal),
                     TG_EINVAL);
    assert_string_equal(refusal_text(&refusal), want);
}

static void clients_are_all_of_the_application_if_nothing_is_said(void **state)
{
    (void)state;
    struct tg_errand errand = read_right(TG_ERRAND_LIST, "{}");
    assert_int_equal(errand.limit, 100);
    assert_int_equal(errand.after, 0);
    assert_int_equal(errand.selection.user.size, 0);
    assert_int_equal(errand.selection.client, 0);
    assert_int_equal(errand.type.size, 0);
}

static void clients_can_be_narrowed(void **state)
{
    (void)state;
    struct tg_errand errand =
        read_right(TG_ERRAND_LIST, "{'user':'a\\u0062','client':'c-00ff0000000000a1',"
                                   "'type':'shop.\\u004frder','limit':1000,"
                                   "'after':9007199254740991}");
    assert_slice(errand.selection.user, "ab");
    assert_true(errand.selection.client == 0x00ff0000000000a1);
    assert_slice(errand.type, "shop.Order");
    assert_int_equal(errand.limit, 1000);
    assert_true(errand.after == 9007199254740991);
}

static void what_clients_may_not_be_asked(void **state)
{
    (void)state;
    const enum tg_errand_kind kind = TG_ERRAND_LIST;
    refused(kind, "", "invalid_json : byte 0: there is no value");
    refused(kind, "[]",
            "invalid_message : the request must be an object; this is a list");
    refused(kind, "{'usr':'7'}",
            "unknown_member usr: there is no member \"usr\" here [user]");
    refused(kind, "{'user':7}",
            "invalid_message user: \"user\" must be a string of 1 to 128 bytes");
    refused(kind, "{'user':''}",
            "invalid_message user: \"user\" must be a string of 1 to 128 bytes");
    refused(kind, "{'user':null}",
            "invalid_message user: \"user\" must be a string of 1 to 128 bytes");
    refused(kind, "{'limit':0}",
            "invalid_message limit: \"limit\" must be a whole number from 1 to 1000");
    refused(kind, "{'limit':1001}",
            "invalid_message limit: \"limit\" must be a whole number from 1 to 1000");
    refused(kind, "{'limit':'10'}",
            "invalid_message limit: \"limit\" must be a whole number from 1 to 1000");
    refused(kind, "{'after':-1}",
            "invalid_message after: \"after\" must be `next` of the "
            "answer before, a whole number");
    refused(kind, "{'type':''}",
            "invalid_message type: \"type\" must be the name of an "
            "event type, such as \"shop.Order\"");
}

static void a_client_is_named_by_its_id_alone(void **state)
{
    (void)state;
    static const char want[] = "invalid_message client: \"client\" must be the id of a "
                               "client, such as \"c-7f31c0de9b2a44d1\"";
    static const char *const wrong[] = {
        "c-7f31c0de9b2a44d",  "c-7f31c0de9b2a44d12", "c-7F31c0de9b2a44d1",
        "d-7f31c0de9b2a44d1", "7f31c0de9b2a44d1",    "c-7f31c0de9b2a44dg",
        "c-0000000000000000", /* Which would mean any. */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char document[64];
        snprintf(document, sizeof document, "{'client':'%s'}", wrong[i]);
        refused(TG_ERRAND_LIST, document, want);
        refused(TG_ERRAND_CLOSE, document, want);
    }
}

static void disconnect_names_a_user_a_session_both_or_a_client(void **state)
{
    (void)state;
    struct tg_errand errand = read_right(TG_ERRAND_CLOSE, "{'user':'7'}");
    assert_slice(errand.selection.user, "7");
    assert_int_equal(errand.selection.session.size, 0);
    assert_int_equal(errand.close_code, 4401);
    errand = read_right(TG_ERRAND_CLOSE, "{'session':'s1','reason':'changed'}");
    assert_slice(errand.selection.session, "s1");
    assert_int_equal(errand.selection.user.size, 0);
    assert_int_equal(errand.close_code, 4409);
    errand = read_right(TG_ERRAND_CLOSE, "{'session':'s1','user':'7','reason':'ended'}");
    assert_slice(errand.selection.user, "7");
    assert_slice(errand.selection.session, "s1");
    assert_int_equal(errand.close_code, 4401);
    errand = read_right(TG_ERRAND_CLOSE, "{'client':'c-0000000000000001'}");
    assert_int_equal(errand.selection.client, 1);
}

static void disconnect_never_means_everybody(void **state)
{
    (void)state;
    refused(
        TG_ERRAND_CLOSE, "{}",
        "invalid_message : who is meant? Give \"user\", \"session\", both of them, or "
        "\"client\"");
    refused(
        TG_ERRAND_CLOSE, "{'reason':'ended'}",
        "invalid_message : who is meant? Give \"user\", \"session\", both of them, or "
        "\"client\"");
    refused(
        TG_ERRAND_CLOSE, "{'user':'7','client':'c-0000000000000001'}",
        "invalid_message : \"client\" stands alone, without \"user\" and \"session\"");
    refused(TG_ERRAND_CLOSE, "{'user':'7','reason':'because'}",
            "invalid_message reason: \"reason\" must be \"ended\" or \"changed\"");
    refused(TG_ERRAND_CLOSE, "{'session':''}",
            "invalid_message session: \"session\" must be a string of 1 to 64 bytes");
    refused(TG_ERRAND_CLOSE, "{'user':'7','type':'shop.Order'}",
            "unknown_member type: there is no member \"type\" here");
}

static void unsubscribe_names_one_subscription(void **state)
{
    (void)state;
    struct tg_errand errand =
        read_right(TG_ERRAND_UNSUBSCRIBE, "{'connection':12,'subscription':2}");
    assert_int_equal(errand.connection, 12);
    assert_slice(tg_slice(errand.subscription.text, errand.subscription.size), "2");
    errand =
        read_right(TG_ERRAND_UNSUBSCRIBE, "{'connection':1,'subscription':'\\u0061'}");
    assert_slice(tg_slice(errand.subscription.text, errand.subscription.size), "\"a\"");
    refused(TG_ERRAND_UNSUBSCRIBE, "{'subscription':2}",
            "invalid_message connection: \"connection\" is missing: the number of a "
            "connection, as `clients` has it");
    refused(TG_ERRAND_UNSUBSCRIBE, "{'connection':0,'subscription':2}",
            "invalid_message connection: \"connection\" must be the number of a "
            "connection, as `clients` has it");
    refused(
        TG_ERRAND_UNSUBSCRIBE, "{'connection':1}",
        "invalid_message subscription: \"subscription\" is missing: an integer from 0 "
        "to 9007199254740991 or a string of 1 to 64 bytes");
    refused(TG_ERRAND_UNSUBSCRIBE, "{'connection':1,'subscription':1.5}",
            "invalid_message subscription: \"subscription\" must be an integer from 0 "
            "to 9007199254740991 or a string of 1 to 64 bytes");
}

/* What was right is never called wrong: who asks for a logout would not ask again. */
static void without_memory_nothing_is_said_to_be_wrong(void **state)
{
    (void)state;
    static const struct {
        enum tg_errand_kind kind;
        const char *document;
    } cases[] = {
        {TG_ERRAND_CLOSE, "{'user':'\\u0037','session':'\\u0061','reason':'changed'}"},
        {TG_ERRAND_CLOSE, "{'client':'c-\\u00300ff0000000000a1'}"},
        {TG_ERRAND_LIST, "{'type':'shop.\\u004frder','limit':5}"},
        {TG_ERRAND_UNSUBSCRIBE, "{'connection':1,'subscription':'\\u0061'}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum tg_err err = TG_ENOMEM;
        size_t at = 1;
        for (; err != TG_OK; at++) {
            struct tg_test_heap heap;
            struct tg_manage_reader fresh = {0};
            struct tg_errand errand;
            struct tg_refusal refusal = {0};
            tg_test_heap_begin(&heap, at);
            err = tg_manage_read(&fresh, cases[i].kind, TG_LIT("shop"),
                                 json_of(cases[i].document), &errand, &refusal);
            tg_manage_reader_finish(&fresh);
            assert_true(tg_test_heap_end(&heap));
            if (err != TG_OK) {
                assert_int_equal(err, TG_ENOMEM);
                assert_string_equal(refusal_text(&refusal), "overloaded : out of memory");
            }
        }
        assert_true(at > 2);
    }
}

static int end(void **state)
{
    (void)state;
    tg_manage_reader_finish(&reader);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_all_of_the_application_if_nothing_is_said),
        cmocka_unit_test(clients_can_be_narrowed),
        cmocka_unit_test(what_clients_may_not_be_asked),
        cmocka_unit_test(a_client_is_named_by_its_id_alone),
        cmocka_unit_test(disconnect_names_a_user_a_session_both_or_a_client),
        cmocka_unit_test(disconnect_never_means_everybody),
        cmocka_unit_test(unsubscribe_names_one_subscription),
        cmocka_unit_test(without_memory_nothing_is_said_to_be_wrong),
    };
    return cmocka_run_group_tests_name("manage_read", tests, NULL, end);
}
