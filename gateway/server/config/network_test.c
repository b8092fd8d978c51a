/* The settings of what leaves the machine: TLS and CURVE. */
#include "testing/settings.h"

#define CURVE_KEY "0123456789abcdefghij0123456789ABCDEFGHI&"

static void curve_lets_publishers_in_over_a_network(void **state)
{
    (void)state;
    put_file("gateway.key", CURVE_KEY "\n", 41, 0600);
    put_file("web.pub", "# web\n" CURVE_KEY "\n\n", 48, 0644);
    assert_int_equal(load("ingest:\n"
                          "  zmq: \"tcp://[::]:5555\"\n"
                          "  curve_key_file: gateway.key\n"
                          "  curve_clients: [\"" CURVE_KEY "\"]\n"),
                     TG_OK);
    assert_string_equal(said, "");
    assert_string_equal(config.ingest.zmq, "tcp://[::]:5555");
    assert_string_equal(config.ingest.curve_key_file, "gateway.key");
    assert_int_equal(config.ingest.curve_clients.count, 1);
    assert_string_equal(config.ingest.curve_clients.items[0], CURVE_KEY);
    assert_int_equal(FLAGS("--ingest-curve-key-file", "gateway.key",
                           "--ingest-curve-clients", "web.pub"),
                     TG_OK);
    assert_string_equal(said, "");
    assert_string_equal(config.ingest.curve_clients.items[0], CURVE_KEY);
    assert_int_equal(load("ingest: {curve_key_file: gateway.key}\n"), TG_OK);
    assert_string_equal(said,
                        "(warning) t.yaml:1:26: ingest.curve_clients: names nobody: no "
                        "publisher can connect over ZeroMQ\n");
    put_file("gateway.key", CURVE_KEY "\n", 41, 0644);
    assert_int_equal(
        load("ingest: {curve_key_file: gateway.key, curve_clients: web.pub}\n"), TG_OK);
    assert_string_equal(said,
                        "(warning) t.yaml:1:26: ingest.curve_key_file: gateway.key "
                        "can be read by every user of this machine; chmod 600 it\n");
}

static void what_is_no_public_key_is_named_with_its_place(void **state)
{
    (void)state;
    put_file("gateway.key", CURVE_KEY "\n", 41, 0600);
    put_file("web.pub", CURVE_KEY "\nshort\n", 47, 0644);
    assert_int_equal(
        load("ingest: {curve_key_file: gateway.key, curve_clients: [abc]}\n"), TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:1:55: ingest.curve_clients: a public key has 40 characters (Z85), as "
        "`telegraphy keys curve` writes it; this has 3\n");
    assert_int_equal(
        load("ingest: {curve_key_file: gateway.key, curve_clients: web.pub}\n"),
        TG_EINVAL);
    assert_string_equal(
        said, "t.yaml:1:54: ingest.curve_clients: \"web.pub\":2: a public key has 40 "
              "characters (Z85), as `telegraphy keys curve` writes it; this has 5\n");
    assert_int_equal(
        load("ingest: {curve_key_file: gateway.key, curve_clients: no.pub}\n"),
        TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:54: ingest.curve_clients: \"no.pub\" cannot be "
                              "read: No such file or directory\n");
    assert_int_equal(load("ingest: {curve_clients: [\"" CURVE_KEY "\"]}\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:25: ingest.curve_clients: wants "
                              "ingest.curve_key_file too: without it nothing is "
                              "encrypted\n");
}

static void tls_wants_a_certificate_and_its_key(void **state)
{
    (void)state;
    put_file("shop.key", "x", 1, 0640);
    put_file("shop.pem", "x", 1, 0644);
    assert_int_equal(load("clients: {certificate: shop.pem}\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:24: clients.certificate: wants "
                              "clients.certificate_key too: TLS needs a certificate and "
                              "its key\n");
    assert_int_equal(load("clients: {certificate: no.pem, certificate_key: shop.key}\n"),
                     TG_EINVAL);
    assert_non_null(strstr(said, "t.yaml:1:24: clients.certificate: \"no.pem\" cannot be "
                                 "read: No such file or directory\n"));
    assert_int_equal(
        FLAGS("--clients-certificate", "shop.pem", "--clients-certificate-key=shop.key"),
        TG_OK);
    assert_string_equal(said, "");
    assert_int_equal(load("clients: {certificate: off, certificate_key: off}\n"), TG_OK);
    assert_null(config.clients.certificate);
}

static void clients_on_other_machines_without_tls_are_warned_of(void **state)
{
    (void)state;
    put_file("shop.key", "x", 1, 0604);
    put_file("shop.pem", "x", 1, 0644);
    assert_int_equal(load("clients: {host: \"::\"}\n"), TG_OK);
    assert_non_null(strstr(said, "(warning) t.yaml:1:17: clients.host: clients on other "
                                 "machines would connect by ws://"));
    assert_int_equal(load("clients: {host: \"::\", certificate: shop.pem, "
                          "certificate_key: shop.key}\n"),
                     TG_OK);
    assert_string_equal(said,
                        "(warning) t.yaml:1:63: clients.certificate_key: shop.key can "
                        "be read by every user of this machine; chmod 600 it\n");
}

static int leave(void **state)
{
    (void)state;
    static const char *const made[] = {"t.yaml", "shop.key", "shop.pem", "web.pub",
                                       "gateway.key"};
    return leave_without(made, sizeof made / sizeof *made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(curve_lets_publishers_in_over_a_network, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_no_public_key_is_named_with_its_place,
                                        begin, end),
        cmocka_unit_test_setup_teardown(tls_wants_a_certificate_and_its_key, begin, end),
        cmocka_unit_test_setup_teardown(
            clients_on_other_machines_without_tls_are_warned_of, begin, end),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
