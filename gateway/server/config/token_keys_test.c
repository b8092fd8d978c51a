#include "testing/settings.h"

#define RAW    "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define SECRET "secret-secret-secret-secret-secr"

static void keys_of_signed_tickets_are_judged_and_never_shown(void **state)
{
    (void)state;
    /* RFC 8410 section 10.1 has another one; this is RFC 8037's. */
    static const char pem[] =
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        "\n-----END PUBLIC KEY-----\n";
    static const uint8_t bytes[] = {0xd7, 0x5a, 0x98, 0x01};
    put_file("token.pem", pem, sizeof pem - 1, 0644);
    put_file("token.key", SECRET "\n", 33, 0600);
    assert_int_equal(
        load("tokens:\n"
             "  keys:\n"
             "  - {app: a, kid: k1, algorithm: HS256, key_file: token.key}\n"
             "  - {app: a, kid: k2, algorithm: EdDSA, key_file: token.pem}\n"),
        TG_OK);
    assert_string_equal(said, "");
    const struct tg_config_token_keys *keys = &config.tokens.keys;
    assert_int_equal(keys->count, 2);
    assert_string_equal(keys->items[0].app, "a");
    assert_string_equal(keys->items[0].kid, "k1");
    assert_int_equal(keys->items[0].key_size, 32);
    assert_memory_equal(keys->items[0].key, SECRET, 32);
    assert_int_equal(keys->items[1].algorithm, TG_TOKEN_EDDSA);
    assert_int_equal(keys->items[1].key_size, 32);
    assert_memory_equal(keys->items[1].key, bytes, sizeof bytes);
    assert_int_equal(load("tokens: {keys: [{app: a, kid: k, algorithm: EdDSA, "
                          "key: " RAW "}]}\n"),
                     TG_OK);
    assert_memory_equal(config.tokens.keys.items[0].key, bytes, sizeof bytes);

    assert_int_equal(
        load("tokens:\n"
             "  keys:\n"
             "  - {app: a, kid: k, algorithm: HS256, key: secret-that-is-too-short}\n"
             "  - {app: a, kid: k, algorithm: none, key: " SECRET "}\n"
             "  - {app: a, kid: a b, algorithm: HS256, key: " SECRET "}\n"
             "  - {app: a, algorithm: HS256, key: " SECRET "}\n"
             "  - {app: a, kid: k, algorithm: EdDSA, key: " SECRET "}\n"
             "  - {app: a, kid: k, algorithm: EdDSA, key: " RAW "A}\n"
             "  - {app: a, kid: k, algorithm: EdDSA, key_file: token.key}\n"
             "  - {app: a, kid: k, algorithm: HS256, key_file: token.pem}\n"
             "  - {app: a, kid: k, algorithm: HS256, alg: HS256, key: " SECRET "}\n"
             "  - {app: a, kid: k, algorithm: HS256}\n"
             "  - " SECRET "\n"),
        TG_EINVAL);
    const char *lines[] = {
        "t.yaml:3:45: tokens.keys: key for HS256 wants 32 to 256 printable characters "
        "without blanks",
        "t.yaml:4:33: tokens.keys: algorithm wants HS256 or EdDSA; got \"none\"",
        "t.yaml:5:19: tokens.keys: kid wants 1 to 64 printable characters without "
        "blanks; got \"a b\"",
        "t.yaml:6:5: tokens.keys: kid wants 1 to 64 printable characters without "
        "blanks; got none",
        "t.yaml:7:45: tokens.keys: key for EdDSA wants a public key of Ed25519",
        "t.yaml:8:45: tokens.keys: key for EdDSA wants a public key of Ed25519",
        "t.yaml:9:50: tokens.keys: key_file \"token.key\" for EdDSA wants",
        "t.yaml:10:50: tokens.keys: key_file \"token.pem\" for HS256 wants",
        "t.yaml:11:40: tokens.keys: an item has app, kid, algorithm, and key or "
        "key_file; got \"alg\"",
        "t.yaml:12:5: tokens.keys: wants either key or key_file; got neither",
        "t.yaml:13:5: tokens.keys: wants a list whose items have app, kid, algorithm "
        "(HS256 or EdDSA), and key or key_file; got a text",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strstr(said, lines[i]) == NULL) {
            fail_msg("\"%s\" is not in\n%s", lines[i], said);
        }
    }
    assert_null(strstr(said, "secret"));
    assert_null(strstr(said, RAW));

    assert_int_equal(load("tokens:\n  keys:\n"
                          "  - {app: a, kid: k, algorithm: HS256, key: " SECRET "}\n"
                          "  - {app: b, kid: k, algorithm: HS256, key: 1" SECRET "}\n"
                          "  - {app: b, kid: l, algorithm: HS256, key: " SECRET "}\n"),
                     TG_EINVAL);
    assert_string_equal(
        said, "t.yaml:4:5: tokens.keys: this kid is in the list already; each key needs "
              "its own\n"
              "t.yaml:5:5: tokens.keys: this key is in the list already; each kid needs "
              "its own\n");
    assert_int_equal(FLAGS("--tokens-keys", SECRET), TG_EINVAL);
    assert_null(strstr(said, "secret"));
}

static int leave(void **state)
{
    (void)state;
    static const char *const made[] = {"t.yaml", "token.pem", "token.key"};
    return leave_without(made, sizeof made / sizeof *made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_of_signed_tickets_are_judged_and_never_shown,
                                        begin, end),
    };
    return cmocka_run_group_tests_name("token keys", tests, enter, leave);
}
