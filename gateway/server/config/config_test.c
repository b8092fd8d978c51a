/* Each test writes a configuration and compares what is said of it with literal text, in
 * which the file is called "t.yaml". */
#include "server/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/config/given.h"
#include "server/config/settings.h"
#include "testing/heap.h"
#include "testing/settings.h"

static void without_any_source_all_is_at_its_default(void **state)
{
    (void)state;
    assert_int_equal(load_flags(0, NULL), TG_OK);
    assert_string_equal(said, "");
    assert_null(config.file);
    assert_string_equal(config.clients.host, "127.0.0.1");
    assert_int_equal(config.clients.port, 1844);
    assert_true(config.clients.allowed_origins.same_host);
    assert_false(config.clients.allowed_origins.any);
    assert_int_equal(config.limits.message_bytes_max, 65536);
    assert_int_equal(config.timeouts.ping_interval_ms, 25000);
    assert_int_equal(config.ingest.port, 1845);
    assert_int_equal(config.ingest.keys.count, 0);
    assert_int_equal(config.log.level, TG_LOG_INFO);
    assert_int_equal(config.log.format, TG_LOG_LOGFMT);
    assert_false(config.conformance.enabled);
    assert_in_range(config.shards, 1, 256);
    char expected[100];
    snprintf(expected, sizeof expected, "ipc:///tmp/telegraphy-%u/ingest-1845.ipc",
             (unsigned)geteuid());
    assert_string_equal(config.ingest.zmq, expected);
}

static void an_empty_file_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(load(""), TG_OK);
    assert_int_equal(load("# only a comment\n"), TG_OK);
    assert_int_equal(load("clients:\ningest:\n"), TG_OK);
    assert_string_equal(said, "");
    assert_string_equal(config.file, "t.yaml");
}

static void every_setting_can_be_set_in_the_file(void **state)
{
    (void)state;
    put_file("board.json", "{}", 2, 0600);
    put_file("shop.key", "0123456789abcdef\n", 17, 0600);
    put_file("shop.pem", "", 0, 0644);
    assert_int_equal(
        load("shards: 3\n"
             "runtime_dir: /run/telegraphy\n"
             "catalogues: [board.json]\n"
             "clients:\n"
             "  host: 0.0.0.0\n"
             "  certificate: shop.pem\n"
             "  certificate_key: shop.key\n"
             "  port: 8000\n"
             "  allowed_origins: [https://shop.example, \"http://[::1]:8080\"]\n"
             "log: {level: debug, format: json}\n"
             "ingest:\n"
             "  keys:\n"
             "    - app: board\n"
             "      key: a-key-of-16-chars\n"
             "    - {app: shop, key_file: shop.key}\n"
             "  zmq: tcp://127.0.0.1:5555\n"
             "conformance:\n"
             "  enabled: false\n"),
        TG_OK);
    assert_string_equal(said, "");
    assert_int_equal(config.shards, 3);
    assert_string_equal(config.runtime_dir, "/run/telegraphy");
    assert_int_equal(config.catalogues.count, 1);
    assert_string_equal(config.catalogues.items[0], "board.json");
    assert_int_equal(config.clients.port, 8000);
    assert_string_equal(config.clients.certificate, "shop.pem");
    assert_string_equal(config.clients.certificate_key, "shop.key");
    assert_false(config.clients.allowed_origins.same_host);
    assert_int_equal(config.clients.allowed_origins.exact.count, 2);
    assert_string_equal(config.clients.allowed_origins.exact.items[0],
                        "https://shop.example");
    assert_int_equal(config.log.level, TG_LOG_DEBUG);
    assert_int_equal(config.log.format, TG_LOG_JSON);
    assert_string_equal(config.ingest.keys.items[0].key, "a-key-of-16-chars");
    assert_string_equal(config.ingest.keys.items[1].app, "shop");
    assert_string_equal(config.ingest.keys.items[1].key, "0123456789abcdef");
    assert_string_equal(config.ingest.zmq, "tcp://127.0.0.1:5555");
}

static void each_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(load("shards: many\n"
                          "clients:\n"
                          "  port: 70000\n"
                          "  host: localhost\n"
                          "  prot: 1844\n"
                          "limits:\n"
                          "  message_bytes_max: \"65536\"\n"
                          "  fragments_max: -1\n"
                          "  subscriptions_max:\n"
                          "log:\n"
                          "  level: verbose\n"
                          "  format: [json]\n"
                          "conformance:\n"
                          "  enabled: yes\n"),
                     TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:1:9: shards: wants a whole number from 0 to 256; got \"many\"\n"
        "t.yaml:3:9: clients.port: wants a whole number from 1 to 65535; got \"70000\"\n"
        "t.yaml:4:9: clients.host: wants an IP address such as 127.0.0.1 or ::1; "
        "got \"localhost\"\n"
        "t.yaml:5:3: there is no setting \"clients.prot\"; did you mean clients.port?\n"
        "t.yaml:7:22: limits.message_bytes_max: wants a whole number from 1024 to "
        "16777216 "
        "(bytes); got \"65536\" in quotes\n"
        "t.yaml:8:18: limits.fragments_max: wants a whole number from 1 to 65536; got "
        "\"-1\"\n"
        "t.yaml:9:21: limits.subscriptions_max: wants a whole number from 1 to 100000; "
        "got nothing\n"
        "t.yaml:11:10: log.level: wants error, warn, info or debug; got \"verbose\"\n"
        "t.yaml:12:11: log.format: wants logfmt or json; got a list\n"
        "t.yaml:14:12: conformance.enabled: wants true or false; got \"yes\"\n");
}

static void unknown_names_get_what_may_be_meant(void **state)
{
    (void)state;
    assert_int_equal(load("client:\n  port: 1\nport: 1844\nshard: 2\nzzz: 1\n"
                          "clients.port: 2\n"),
                     TG_EINVAL);
    assert_string_equal(
        said, "t.yaml:1:1: there is no setting \"client\"; did you mean clients?\n"
              "t.yaml:3:1: there is no setting \"port\"; did you mean clients.port, "
              "ingest.port "
              "or conformance.port?\n"
              "t.yaml:4:1: there is no setting \"shard\"; did you mean shards?\n"
              "t.yaml:5:1: there is no setting \"zzz\"\n"
              "t.yaml:6:1: write port: under clients:, on a line of its own\n");
}

static void a_name_that_appears_twice_is_a_mistake(void **state)
{
    (void)state;
    assert_int_equal(load("shards: 1\nclients:\n  port: 1\n  port: 2\nshards: 2\n"),
                     TG_EINVAL);
    assert_string_equal(said, "t.yaml:4:3: \"port\" is given twice; first at line 3\n"
                              "t.yaml:5:1: \"shards\" is given twice; first at line 1\n");
}

static void a_section_wants_its_settings_under_it(void **state)
{
    (void)state;
    assert_int_equal(load("clients: 1844\nlimits: [1]\n"), TG_EINVAL);
    assert_string_equal(
        said, "t.yaml:1:10: clients: wants its settings under it, indented, one a line\n"
              "t.yaml:2:9: limits: wants its settings under it, indented, one a line\n");
}

static void a_file_that_is_not_yaml_is_named_where_it_breaks(void **state)
{
    (void)state;
    assert_int_equal(load("clients:\n\tport: 1\n"), TG_EINVAL);
    assert_string_equal(said,
                        "t.yaml:2:1: not YAML: found character that cannot start any "
                        "token, while scanning for the next token (indent with spaces, "
                        "not tabs; quote a text that begins with @, ` or %)\n");
    assert_int_equal(load("clients:\n  port: 1\n bad\n"), TG_EINVAL);
    assert_string_equal(said,
                        "t.yaml:3:2: not YAML: did not find expected key, while parsing "
                        "a block mapping\n");
    assert_int_equal(load("clients: {allowed_origins: *}\n"), TG_EINVAL);
    assert_non_null(strstr(said, "(a lone * wants quotes: \"*\")"));
    assert_int_equal(load("just words\n"), TG_EINVAL);
    assert_non_null(strstr(said, "t.yaml:1:1: wants settings as `name: value`"));
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    assert_int_equal(load("shards: \xff\n"), TG_EINVAL);
    assert_non_null(strstr(said, "t.yaml: byte 8 is not right"));
    assert_int_equal(load_bytes("shards: \0\n", 10), TG_EINVAL);
    assert_int_equal(load("shards: \"\\0\"\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:9: a text with a NUL character\n");
    assert_int_equal(load("\"\\0\": 1\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:1: a name with a NUL character\n");
}

static void a_mistake_cannot_drive_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(load("\"\\e[2J\": \"\\r\\n\"\nshards: \"\\e[31m\\\"\"\n"),
                     TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:1: there is no setting \"\\x1b[2J\"\n"
                              "t.yaml:2:9: shards: wants a whole number from 0 to 256; "
                              "got \"\\x1b[31m\\\"\" in quotes\n");
}

static void anchors_tags_and_documents_are_refused(void **state)
{
    (void)state;
    assert_int_equal(load("shards: &a 1\nclients: {port: *a}\n"), TG_EINVAL);
    assert_string_equal(said,
                        "t.yaml:1:9: an anchor (&): write the value where it is used\n"
                        "t.yaml:2:17: an alias (*): write the value itself\n");
    assert_int_equal(load("shards: !!int 1\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:9: a tag (!): write the value without it\n");
    assert_int_equal(load("shards: 1\n---\nshards: 2\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:2:1: a second document: a configuration is one\n");
    assert_int_equal(load("? [a, b]\n: 1\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:3: a list or map as a name: write a word\n");
}

static void a_file_without_end_is_bounded(void **state)
{
    (void)state;
    char *huge = malloc(TG_GIVEN_FILE_MAX + 2);
    memset(huge, '[', TG_GIVEN_FILE_MAX + 2);
    assert_int_equal(load_bytes(huge, TG_GIVEN_FILE_MAX + 2), TG_EINVAL);
    assert_string_equal(said,
                        "t.yaml: is larger than 1 MiB, the most for a configuration\n");
    memcpy(huge, "a: ", 3);
    assert_int_equal(load_bytes(huge, 1000), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:11: deeper than any setting is\n");
    memset(huge, '\n', 20000);
    for (size_t i = 0; i < 20000; i += 2) {
        memcpy(huge + i, "-\n", 2);
    }
    assert_int_equal(load_bytes(huge, 20000), TG_EINVAL);
    assert_non_null(strstr(said, "too many values for a configuration"));
    free(huge);
}

static void what_is_no_file_is_named(void **state)
{
    (void)state;
    assert_int_equal(FLAGS("--config", "nowhere.yaml"), TG_EINVAL);
    assert_string_equal(said,
                        "nowhere.yaml: cannot be read: No such file or directory\n");
    assert_int_equal(FLAGS("--config", "."), TG_EINVAL);
    assert_string_equal(said, ".: is no regular file\n");
    assert_int_equal(FLAGS("--config"), TG_EINVAL);
    assert_string_equal(said, "--config: wants a YAML file; got nothing\n");
    assert_int_equal(FLAGS("--config", "t.yaml", "--config=t.yaml"), TG_EINVAL);
    assert_memory_equal(said, "--config: is given twice\n", 25);
}

static void flags_are_stronger_than_the_file(void **state)
{
    (void)state;
    put_file("t.yaml", "clients: {port: 8000}\n", 22, 0600);
    assert_int_equal(FLAGS("--clients-port", "9000", "--config", "t.yaml",
                           "--log-level=debug", "--conformance-enabled", "--shards", "2"),
                     TG_OK);
    assert_string_equal(said,
                        "(warning) --conformance-enabled: conformance.enabled: echo "
                        "services are for test suites only\n");
    assert_int_equal(config.clients.port, 9000);
    assert_int_equal(config.log.level, TG_LOG_DEBUG);
    assert_int_equal(config.shards, 2);
    assert_true(config.conformance.enabled);
}

static void a_switch_takes_a_value_where_there_is_one(void **state)
{
    (void)state;
    assert_int_equal(FLAGS("--conformance-enabled", "false", "--shards=1"), TG_OK);
    assert_false(config.conformance.enabled);
    assert_int_equal(FLAGS("--conformance-enabled=true"), TG_OK);
    assert_true(config.conformance.enabled);
    assert_int_equal(FLAGS("--conformance-enabled=no"), TG_EINVAL);
}

static void a_mistaken_flag_is_named_too(void **state)
{
    (void)state;
    assert_int_equal(FLAGS("--clients-prt", "1", "--port=2", "t.yaml", "--shards",
                           "--log-level", "loud", "--clients-port="),
                     TG_EINVAL);
    assert_string_equal(
        said,
        "there is no flag \"--clients-prt\"; did you mean --clients-port?\n"
        "there is no flag \"--port\"; did you mean --clients-port, --ingest-port "
        "or "
        "--conformance-port?\n"
        "\"t.yaml\" is no flag; a file is given with --config\n"
        "--shards: wants a whole number from 0 to 256; got nothing\n"
        "--log-level: log.level: wants error, warn, info or debug; got \"loud\"\n"
        "--clients-port: clients.port: wants a whole number from 1 to 65535; got \"\"\n");
    assert_int_equal(FLAGS("--shards", "1", "--shards", "2"), TG_EINVAL);
    assert_string_equal(said, "--shards: is given twice\n");
}

static void a_list_is_separated_by_commas_in_a_flag(void **state)
{
    (void)state;
    assert_int_equal(FLAGS("--clients-allowed-origins", "https://a.example,same-host"),
                     TG_OK);
    assert_true(config.clients.allowed_origins.same_host);
    assert_int_equal(config.clients.allowed_origins.exact.count, 1);
}

static void a_wildcard_among_origins_is_warned_of(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            FLAGS("--clients-allowed-origins", i == 0 ? "*" : "https://a.example,*"),
            TG_OK);
        assert_true(config.clients.allowed_origins.any);
        assert_string_equal(
            said, "(warning) --clients-allowed-origins: clients.allowed_origins: * lets "
                  "every web page connect from its visitors' browsers, as nobody or with "
                  "a ticket that it got hold of; name the origins that may, unless all "
                  "events are for everyone\n");
    }
}

static void networks_are_read_with_and_without_bits(void **state)
{
    (void)state;
    static const uint8_t v4[16] = {[10] = 0xff, 0xff, 10, 1};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0x80};
    assert_int_equal(FLAGS("--clients-trusted-proxies",
                           "10.1.0.0/18,192.0.2.7,2001:db8:8000::/33,::1"),
                     TG_OK);
    assert_string_equal(said, "");
    const struct tg_config_networks *networks = &config.clients.trusted_proxies;
    assert_int_equal(networks->count, 4);
    assert_int_equal(networks->items[0].bits, 96 + 18);
    assert_memory_equal(networks->items[0].bytes, v4, 16);
    assert_int_equal(networks->items[1].bits, 128);
    assert_int_equal(networks->items[2].bits, 33);
    assert_memory_equal(networks->items[2].bytes, v6, 16);
    assert_int_equal(networks->items[3].bits, 128);
}

static void networks_are_exact_or_refused(void **state)
{
    (void)state;
    assert_int_equal(load("clients:\n"
                          "  trusted_proxies:\n"
                          "  - 10.0.0.1/8\n"
                          "  - 2001:db8::1/32\n"
                          "  - 10.0.0.0/33\n"
                          "  - 10.0.0.0/\n"
                          "  - 10.0.0.0/-1\n"
                          "  - 10.0.0.0/8/8\n"
                          "  - proxy.example\n"
                          "  - '[::1]'\n"
                          "  - [10.0.0.1]\n"),
                     TG_EINVAL);
#define WANTS                                                                  \
    "clients.trusted_proxies: wants a list of addresses and networks such as " \
    "192.0.2.7 or 10.0.0.0/8; got "
    assert_string_equal(
        said, "t.yaml:3:5: clients.trusted_proxies: the network of \"10.0.0.1/8\" is "
              "10.0.0.0/8\n"
              "t.yaml:4:5: clients.trusted_proxies: the network of \"2001:db8::1/32\" is "
              "2001:db8::/32\n"
              "t.yaml:5:5: " WANTS "\"10.0.0.0/33\"\n"
              "t.yaml:6:5: " WANTS "\"10.0.0.0/\"\n"
              "t.yaml:7:5: " WANTS "\"10.0.0.0/-1\"\n"
              "t.yaml:8:5: " WANTS "\"10.0.0.0/8/8\"\n"
              "t.yaml:9:5: " WANTS "\"proxy.example\"\n"
              "t.yaml:10:5: " WANTS "\"[::1]\"\n"
              "t.yaml:11:5: " WANTS "a list\n");
    assert_int_equal(load("clients: {trusted_proxies: 10.0.0.1}\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:28: " WANTS "\"10.0.0.1\"\n");
    assert_int_equal(load("clients: {trusted_proxies: [0.0.0.0/0]}\n"), TG_OK);
    assert_string_equal(said,
                        "(warning) t.yaml:1:29: clients.trusted_proxies: 0.0.0.0/0 lets "
                        "every client say which address it has, and so escape the limits "
                        "of an address: name your proxies alone\n");
}

static void origins_are_exact_or_refused(void **state)
{
    (void)state;
    assert_int_equal(load("clients:\n"
                          "  allowed_origins:\n"
                          "  - https://shop.example/\n"
                          "  - shop.example\n"
                          "  - https://Shop.example\n"
                          "  - https://shop.example:443\n"
                          "  - http://shop.example:99999\n"
                          "  - https://u@shop.example\n"
                          "  - \"null\"\n"
                          "  - https://\n"
                          "  - [a]\n"
                          "  - http://shop.example:8080\n"),
                     TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:3:5: clients.allowed_origins: an origin is scheme, host and perhaps "
        "port, "
        "without path or a / at its end; got \"https://shop.example/\"\n"
        "t.yaml:4:5: clients.allowed_origins: an origin begins with https:// or http://; "
        "got \"shop.example\"\n"
        "t.yaml:5:5: clients.allowed_origins: the host of an origin is written in lower "
        "case, "
        "and in ASCII (xn--) letters; got \"https://Shop.example\"\n"
        "t.yaml:6:5: clients.allowed_origins: browsers leave the scheme's own port out "
        "of an "
        "origin: leave it out too; got \"https://shop.example:443\"\n"
        "t.yaml:7:5: clients.allowed_origins: an origin is scheme, host and perhaps "
        "port, "
        "without path or a / at its end; got \"http://shop.example:99999\"\n"
        "t.yaml:8:5: clients.allowed_origins: an origin is scheme, host and perhaps "
        "port, "
        "without path or a / at its end; got \"https://u@shop.example\"\n"
        "t.yaml:9:5: clients.allowed_origins: an origin begins with https:// or http://; "
        "got \"null\"\n"
        "t.yaml:10:5: clients.allowed_origins: the host of an origin is written in lower "
        "case, "
        "and in ASCII (xn--) letters; got \"https://\"\n"
        "t.yaml:11:5: clients.allowed_origins: wants same-host, *, or a list of origins "
        "such "
        "as https://shop.example; got a list\n");
    assert_int_equal(load("clients: {allowed_origins: \"*\"}\n"), TG_OK);
    assert_true(config.clients.allowed_origins.any);
    assert_non_null(
        strstr(said, "(warning) t.yaml:1:28: clients.allowed_origins: * lets every"));
}

static void ingest_over_a_network_is_refused_without_encryption(void **state)
{
    (void)state;
    assert_int_equal(load("ingest: {zmq: \"tcp://0.0.0.0:5555\"}\n"), TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:1:15: ingest.zmq: ZeroMQ over a network needs CURVE "
        "encryption: set ingest.curve_key_file and ingest.curve_clients (telegraphy "
        "keys curve makes keys), or use a loopback address such as "
        "tcp://127.0.0.1:5555; got tcp://0.0.0.0:5555\n");
    assert_int_equal(load("ingest: {host: 0.0.0.0}\n"), TG_OK);
    assert_non_null(
        strstr(said, "(warning) t.yaml:1:16: ingest.host: ingest over HTTP is not"));
}

static void an_endpoint_is_one_that_can_be_bound(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "inproc://a",
        "ipc://",
        "ipc://relative",
        "tcp://*:5555",
        "tcp://localhost:5555",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:0",
        "tcp://::1:5555",
        "tcp://:5",
        "",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(FLAGS("--ingest-zmq", wrong[i]), TG_EINVAL);
    }
    static const char *const right[] = {
        "ipc:///run/telegraphy.ipc",
        "tcp://127.0.0.1:5555",
        "tcp://[::1]:5555",
        "auto",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(FLAGS("--ingest-zmq", right[i]), TG_OK);
        assert_non_null(config.ingest.zmq);
    }
    assert_int_equal(FLAGS("--ingest-zmq", "off"), TG_OK);
    assert_null(config.ingest.zmq);
    char path[200] = "ipc:///";
    memset(path + 7, 'a', 108);
    path[7 + 107] = '\0';
    assert_int_equal(FLAGS("--ingest-zmq", path), TG_EINVAL);
    assert_string_equal(
        said, "--ingest-zmq: ingest.zmq: the path of a local socket has at most "
              "107 bytes; got 108\n");
    assert_int_equal(FLAGS("--runtime-dir", path + 6), TG_EINVAL);
    assert_non_null(strstr(said, "--runtime-dir: runtime_dir: is too long"));
}

static void keys_are_judged_and_never_shown(void **state)
{
    (void)state;
    put_file("open.key", "0123456789abcdef", 16, 0644);
    put_file("writable.key", "0123456789abcdeg", 16, 0622);
    put_file("two.key", "0123456789abcdef\n0123456789abcdef\n", 34, 0600);
    assert_int_equal(load("ingest:\n"
                          "  keys:\n"
                          "  - {app: a, key: secretshort}\n"
                          "  - {app: A b, key: secret-secret-secret}\n"
                          "  - {key: secret-secret-secret}\n"
                          "  - {app: a}\n"
                          "  - {app: a, key: secret-secret-secret, key_file: b}\n"
                          "  - {app: a, kye: secret-secret-secret}\n"
                          "  - secret-secret-secret\n"
                          "  - {app: a, key_file: none.key}\n"
                          "  - {app: a, key_file: two.key}\n"
                          "  - {app: a, key_file: writable.key}\n"
                          "  - {app: a, key: [secret]}\n"),
                     TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:3:19: ingest.keys: a key has 16 to 256 printable characters and no "
        "blanks; got "
        "one of 11\n"
        "t.yaml:4:11: ingest.keys: app wants 1 to 64 characters of a-z, 0-9, _ and -; "
        "got "
        "\"A b\"\n"
        "t.yaml:5:5: ingest.keys: app wants 1 to 64 characters of a-z, 0-9, _ and -; got "
        "none\n"
        "t.yaml:6:5: ingest.keys: wants either key or key_file; got neither\n"
        "t.yaml:7:5: ingest.keys: wants either key or key_file; got both\n"
        "t.yaml:8:14: ingest.keys: an item has app, key or key_file, and may; got "
        "\"kye\"\n"
        "t.yaml:8:5: ingest.keys: wants either key or key_file; got neither\n"
        "t.yaml:9:5: ingest.keys: wants a list whose items have app, key or key_file, "
        "and may; got a text\n"
        "t.yaml:10:24: ingest.keys: key_file \"none.key\" cannot be read: No such file "
        "or "
        "directory\n"
        "t.yaml:11:24: ingest.keys: key_file \"two.key\" wants one key of 16 to 256 "
        "printable "
        "characters without blanks\n"
        "t.yaml:12:24: ingest.keys: key_file \"writable.key\" may be written by other "
        "users; "
        "chmod 600\n"
        "t.yaml:13:19: ingest.keys: key wants a text\n");
    assert_int_equal(load("ingest: {keys: [{app: a, key_file: open.key}]}\n"), TG_OK);
    assert_string_equal(
        said, "(warning) t.yaml:1:36: ingest.keys: key_file \"open.key\" can be "
              "read by other users; chmod 600 closes it to them\n");
    assert_int_equal(load("ingest:\n  keys:\n  - {app: a, key: secret-secret-secret}\n"
                          "  - {app: b, key: secret-secret-secret}\n"),
                     TG_EINVAL);
    assert_string_equal(said,
                        "t.yaml:4:5: ingest.keys: this key is in the list already; each "
                        "application needs its own\n");
}

static void a_key_may_do_what_its_item_says(void **state)
{
    (void)state;
#define KEY(may) "ingest: {keys: [{app: a, key: secret-secret-secret" may "}]}\n"
    assert_int_equal(load(KEY("")), TG_OK);
    assert_int_equal(config.ingest.keys.items[0].may, TG_ROLES_ALL);
    assert_int_equal(load(KEY(", may: [publish]")), TG_OK);
    assert_int_equal(config.ingest.keys.items[0].may, TG_ROLE_PUBLISH);
    assert_int_equal(load(KEY(", may: [manage, identify]")), TG_OK);
    assert_int_equal(config.ingest.keys.items[0].may, TG_ROLE_IDENTIFY | TG_ROLE_MANAGE);
    assert_int_equal(load(KEY(", may: publish")), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:58: ingest.keys: may wants a list with some of "
                              "publish, identify and manage; got \"publish\"\n");
    assert_int_equal(load(KEY(", may: []")), TG_EINVAL);
    assert_non_null(strstr(said, "; got an empty one\n"));
    assert_int_equal(load(KEY(", may: [publish, admin]")), TG_EINVAL);
    assert_non_null(strstr(said, "t.yaml:1:68: "));
    assert_non_null(strstr(said, "; got \"admin\"\n"));
}

static void keys_from_the_environment_replace_those_of_the_file(void **state)
{
    (void)state;
    variables[0][0] = "TELEGRAPHY_INGEST_KEYS";
    variables[0][1] = "board=0123456789abcdef,shop=has=equals=inside";
    assert_int_equal(load("ingest: {keys: [{app: a, key: secret-secret-secret}]}\n"),
                     TG_OK);
    assert_int_equal(config.ingest.keys.count, 2);
    assert_string_equal(config.ingest.keys.items[0].app, "board");
    assert_string_equal(config.ingest.keys.items[1].key, "has=equals=inside");
    assert_int_equal(config.ingest.keys.items[1].may, TG_ROLES_ALL);
    variables[0][1] = "secret-secret-secret";
    assert_int_equal(load_flags(0, NULL), TG_EINVAL);
    assert_null(strstr(said, "secret"));
    assert_non_null(strstr(said, "TELEGRAPHY_INGEST_KEYS: ingest.keys: "));
    variables[0][1] = "";
    assert_int_equal(load_flags(0, NULL), TG_OK);
}

static void a_key_on_the_command_line_is_refused(void **state)
{
    (void)state;
    assert_int_equal(FLAGS("--ingest-keys", "a=secret-secret-secret"), TG_EINVAL);
    assert_null(strstr(said, "secret-secret"));
    assert_non_null(strstr(said, "a key does not belong on a command line"));
}

static void settings_that_contradict_each_other_are_mistakes(void **state)
{
    (void)state;
    assert_int_equal(
        load("clients: {port: 1845}\n"
             "limits: {message_bytes_max: 100000, connection_bytes_max: 50000}\n"
             "conformance: {enabled: true, port: 1845}\n"),
        TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:1:17: ingest.port: wants a port of its own; got 1845, which is "
        "clients.port\n"
        "t.yaml:3:36: conformance.port: wants a port of its own; got 1845, which is "
        "clients.port\n"
        "t.yaml:3:36: conformance.port: wants a port of its own; got 1845, which is "
        "ingest.port\n"
        "t.yaml:2:29: limits.message_bytes_max: wants at most "
        "limits.connection_bytes_max, which is 50000; got 100000\n"
        "(warning) t.yaml:3:24: conformance.enabled: echo services are for test suites "
        "only\n");
}

static void claims_of_clients_are_believed_on_loopback_alone(void **state)
{
    (void)state;
    assert_int_equal(load("clients: {host: 0.0.0.0}\ntesting: {claims: true}\n"),
                     TG_EINVAL);
    assert_non_null(strstr(said, "t.yaml:2:19: testing.claims: wants clients.host to be "
                                 "a loopback address, since it lets every client be "
                                 "anybody; clients.host is 0.0.0.0\n"));
    assert_int_equal(load("clients: {host: '::1'}\ntesting: {claims: true}\n"), TG_OK);
    assert_string_equal(said, "(warning) t.yaml:2:19: testing.claims: every client may "
                              "say that it is anybody: for tests only\n");
    assert_true(config.testing.claims);
}

static void limits_of_queries_are_set(void **state)
{
    (void)state;
    assert_int_equal(load("queries: {bytes_max: 100, items_max: 7, matches: true}\n"),
                     TG_OK);
    struct tg_query_limits limits = tg_config_query_limits(&config);
    assert_int_equal(limits.bytes_max, 100);
    assert_int_equal(limits.nodes_max, 256);
    assert_int_equal(limits.depth_max, 32);
    assert_int_equal(limits.items_max, 7);
    assert_int_equal(limits.cost_max, 10000);
    assert_true(limits.matches);
    assert_int_equal(config.queries.connection_cost_max, 100000);
}

static void the_runtime_directory_may_come_from_the_environment(void **state)
{
    (void)state;
    variables[0][0] = "TELEGRAPHY_RUNTIME_DIR";
    variables[0][1] = "/run/tg";
    assert_int_equal(load_flags(0, NULL), TG_OK);
    assert_string_equal(config.runtime_dir, "/run/tg");
    assert_string_equal(config.ingest.zmq, "ipc:///run/tg/ingest-1845.ipc");
    assert_int_equal(FLAGS("--runtime-dir", "/run/other", "--ingest-port", "7"), TG_OK);
    assert_string_equal(config.ingest.zmq, "ipc:///run/other/ingest-7.ipc");
    variables[0][1] = "relative";
    assert_int_equal(load_flags(0, NULL), TG_EINVAL);
    assert_string_equal(
        said, "TELEGRAPHY_RUNTIME_DIR: wants an absolute path; got \"relative\"\n");
}

static void files_are_looked_for_beside_the_configuration(void **state)
{
    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    put_file("sub/board.json", "{}", 2, 0600);
    put_file("sub/t.yaml", "catalogues: [board.json]\n", 25, 0600);
    assert_int_equal(FLAGS("--config", "sub/t.yaml"), TG_OK);
    assert_string_equal(config.catalogues.items[0], "sub/board.json");
    assert_int_equal(load("catalogues: [board2.json, sub, 7]\n"), TG_EINVAL);
    assert_string_equal(
        said,
        "t.yaml:1:14: catalogues: \"board2.json\" cannot be read: No such file or "
        "directory\n"
        "t.yaml:1:27: catalogues: \"sub\" is no regular file\n"
        "t.yaml:1:32: catalogues: \"7\" cannot be read: No such file or directory\n");
    assert_int_equal(load("catalogues: board.json\n"), TG_EINVAL);
    assert_string_equal(said, "t.yaml:1:13: catalogues: wants a list of files; got "
                              "\"board.json\"\n");
}

static void many_mistakes_are_counted_and_bounded(void **state)
{
    (void)state;
    struct tg_buf text = {0};
    for (int i = 0; i < 300; i++) {
        tg_buf_printf(&text, "name%d: 1\n", i);
    }
    put_file("t.yaml", (char *)text.data, text.size, 0600);
    tg_buf_finish(&text);
    char *flags[] = {(char[]){"--config"}, (char[]){"t.yaml"}};
    struct tg_config_input input = {2, flags, get};
    struct tg_mistakes mistakes;
    assert_int_equal(tg_config_load(&config, &input, &mistakes), TG_EINVAL);
    assert_int_equal(mistakes.errors, 300);
    assert_int_equal(mistakes.count, 100);
    assert_true(mistakes.lost);
    tg_mistakes_finish(&mistakes);
}

static void the_example_file_is_right_and_changes_nothing(void **state)
{
    (void)state;
    struct tg_buf yaml = {0};
    tg_settings_yaml(&yaml);
    assert_int_equal(load_bytes((char *)yaml.data, yaml.size), TG_OK);
    assert_string_equal(said, "");
    tg_buf_finish(&yaml);
}

static void the_reference_tells_every_setting_as_it_is(void **state)
{
    (void)state;
    struct tg_buf rows = {0};
    tg_settings_markdown(&rows);
    FILE *file = fopen(TG_REFERENCE, "rb");
    assert_non_null(file);
    static char text[1 << 16];
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    tg_buf_add_byte(&rows, 0);
    size_t wrong = 0;
    for (char *row = strtok((char *)rows.data, "\n"); row != NULL;
         row = strtok(NULL, "\n")) {
        if (strstr(text, row) == NULL) {
            print_error("docs/reference/configuration.md wants this row:\n%s\n", row);
            wrong++;
        }
    }
    tg_buf_finish(&rows);
    assert_int_equal(wrong, 0);
    /* And no row of a setting that went away. */
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "\n| `")) != NULL; at++) {
        count++;
    }
    assert_int_equal(count, TG_SETTING_COUNT);
}

static void without_memory_loading_fails_in_good_order(void **state)
{
    (void)state;
    const char yaml[] = "clients: {port: 8000, allowed_origins: [https://a.example],\n"
                        "  trusted_proxies: [10.0.0.0/8]}\n"
                        "ingest: {keys: [{app: a, key: secret-secret-secret}]}\n";
    put_file("t.yaml", yaml, strlen(yaml), 0600);
    variables[0][0] = "TELEGRAPHY_INGEST_KEYS";
    variables[0][1] = "board=0123456789abcdef";
    tg_config_finish(&config);
    enum tg_err err = TG_ENOMEM;
    size_t n = 1;
    for (; err != TG_OK && n < 2000; n++) {
        struct tg_test_heap heap;
        struct tg_mistakes mistakes;
        char *flags[] = {(char[]){"--config"}, (char[]){"./t.yaml"},
                         (char[]){"--log-level=info"}};
        struct tg_config_input input = {3, flags, get};
        tg_test_heap_begin(&heap, n);
        heap.fail_after = n % 2 == 0; /* Either that one alone, or all from there on. */
        err = tg_config_load(&config, &input, &mistakes);
        assert_true(err == TG_OK || mistakes.errors != 0);
        if (err == TG_OK) {
            assert_int_equal(config.clients.port, 8000);
            assert_string_equal(config.ingest.keys.items[0].app, "board");
        }
        tg_mistakes_finish(&mistakes);
        tg_config_finish(&config);
        assert_true(tg_test_heap_end(&heap));
    }
    assert_int_equal(err, TG_OK);
    assert_true(n > 50);
}

static int leave(void **state)
{
    (void)state;
    static const char *const made[] = {
        "t.yaml",     "board.json",     "shop.key", "open.key", "writable.key", "two.key",
        "sub/t.yaml", "sub/board.json", "shop.pem", "web.pub",  "gateway.key",
    };
    return leave_without(made, sizeof made / sizeof *made);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(without_any_source_all_is_at_its_default),
        TEST(an_empty_file_changes_nothing),
        TEST(every_setting_can_be_set_in_the_file),
        TEST(each_mistake_is_named_with_its_place),
        TEST(unknown_names_get_what_may_be_meant),
        TEST(a_name_that_appears_twice_is_a_mistake),
        TEST(a_section_wants_its_settings_under_it),
        TEST(a_file_that_is_not_yaml_is_named_where_it_breaks),
        TEST(bytes_that_are_no_text_are_refused),
        TEST(a_mistake_cannot_drive_a_terminal),
        TEST(anchors_tags_and_documents_are_refused),
        TEST(a_file_without_end_is_bounded),
        TEST(what_is_no_file_is_named),
        TEST(flags_are_stronger_than_the_file),
        TEST(a_switch_takes_a_value_where_there_is_one),
        TEST(a_mistaken_flag_is_named_too),
        TEST(a_list_is_separated_by_commas_in_a_flag),
        TEST(a_wildcard_among_origins_is_warned_of),
        TEST(networks_are_read_with_and_without_bits),
        TEST(networks_are_exact_or_refused),
        TEST(origins_are_exact_or_refused),
        TEST(ingest_over_a_network_is_refused_without_encryption),
        TEST(an_endpoint_is_one_that_can_be_bound),
        TEST(keys_are_judged_and_never_shown),
        TEST(a_key_may_do_what_its_item_says),
        TEST(keys_from_the_environment_replace_those_of_the_file),
        TEST(a_key_on_the_command_line_is_refused),
        TEST(settings_that_contradict_each_other_are_mistakes),
        TEST(claims_of_clients_are_believed_on_loopback_alone),
        TEST(limits_of_queries_are_set),
        TEST(the_runtime_directory_may_come_from_the_environment),
        TEST(files_are_looked_for_beside_the_configuration),
        TEST(many_mistakes_are_counted_and_bounded),
        TEST(the_example_file_is_right_and_changes_nothing),
        TEST(the_reference_tells_every_setting_as_it_is),
        TEST(without_memory_loading_fails_in_good_order),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
