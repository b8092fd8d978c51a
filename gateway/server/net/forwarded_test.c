/* A request's X-Forwarded-For lines, and which address its client has then. */
#include "server/net/forwarded.h"

#include <stdio.h>

#include "testing/cmocka.h"

/* 10.0.0.0/8, 192.0.2.128/25, 2001:db8:1::/48 */
static struct tg_config_network items[] = {
    {{[10] = 0xff, 0xff, 10}, 96 + 8},
    {{[10] = 0xff, 0xff, 192, 0, 2, 128}, 96 + 25},
    {{0x20, 0x01, 0x0d, 0xb8, 0, 1}, 48},
};
static const struct tg_config_networks trusted = {items, 3};

static const struct tg_address *address_of(const char *text)
{
    static struct tg_address address;
    assert_true(tg_address_read(text, &address));
    return &address;
}

static void expect_lines(const char *const *lines, size_t count, const char *expected)
{
    struct tg_http_headers headers = {.count = 0};
    struct tg_address address = *address_of("10.0.0.1");
    char text[TG_ADDRESS_TEXT_MAX];
    headers.list[headers.count++] =
        (struct tg_http_header){TG_LIT("Host"), TG_LIT("shop.example")};
    for (size_t i = 0; i < count; i++) {
        headers.list[headers.count++] = (struct tg_http_header){
            tg_slice_of(i % 2 == 0 ? "X-Forwarded-For" : "x-forwarded-FOR"),
            tg_slice_of(lines[i])};
        headers.list[headers.count++] =
            (struct tg_http_header){TG_LIT("X-Forwarded-Host"), TG_LIT("198.51.100.9")};
    }
    tg_forwarded_address(&trusted, &headers, &address);
    tg_address_write(&address, text);
    assert_string_equal(text, expected);
}

static void expect(const char *line, const char *expected)
{
    expect_lines(&line, 1, expected);
}

static void networks_have_their_addresses_and_no_others(void **state)
{
    static const struct {
        const char *address;
        bool is_in;
    } cases[] = {
        {"10.0.0.0", true},       {"10.255.255.255", true},  {"11.0.0.0", false},
        {"9.255.255.255", false}, {"192.0.2.128", true},     {"192.0.2.255", true},
        {"192.0.2.127", false},   {"::ffff:10.1.2.3", true}, {"2001:db8:1:ffff::7", true},
        {"2001:db8:2::", false},  {"::a00:1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tg_address_is_in(address_of(cases[i].address), &trusted),
                         cases[i].is_in);
    }
    static struct tg_config_network all = {{0}, 0};
    static struct tg_config_network one = {{[15] = 1}, 128};
    assert_true(
        tg_address_is_in(address_of("192.0.2.7"), &(struct tg_config_networks){&all, 1}));
    assert_true(
        tg_address_is_in(address_of("::1"), &(struct tg_config_networks){&one, 1}));
    assert_false(
        tg_address_is_in(address_of("::2"), &(struct tg_config_networks){&one, 1}));
    assert_false(
        tg_address_is_in(address_of("::1"), &(struct tg_config_networks){NULL, 0}));
}

static void the_rightmost_that_is_no_proxy_counts(void **state)
{
    (void)state;
    expect("198.51.100.7", "198.51.100.7");
    expect("203.0.113.9, 198.51.100.7", "198.51.100.7");
    expect("198.51.100.7, 10.0.0.2", "198.51.100.7");
    expect("198.51.100.7, 192.0.2.200,10.0.0.2 ,\t10.0.0.3", "198.51.100.7");
    expect("10.9.9.9, 198.51.100.7, 10.0.0.2", "198.51.100.7");
}

static void without_one_the_outermost_proxy_counts(void **state)
{
    (void)state;
    expect_lines(NULL, 0, "10.0.0.1");
    expect("", "10.0.0.1");
    expect(" , ,,", "10.0.0.1");
    expect("10.0.0.3, 10.0.0.2", "10.0.0.3");
}

static void several_lines_are_one_list(void **state)
{
    (void)state;
    expect_lines((const char *const[]){"203.0.113.9", "198.51.100.7"}, 2, "198.51.100.7");
    expect_lines((const char *const[]){"203.0.113.9, 198.51.100.7", "10.0.0.2"}, 2,
                 "198.51.100.7");
    expect_lines((const char *const[]){"203.0.113.9", "198.51.100.7", "", "10.0.0.2"}, 4,
                 "198.51.100.7");
    expect_lines((const char *const[]){"198.51.100.7,", ",10.0.0.2"}, 2, "198.51.100.7");
}

static void ports_and_brackets_are_left_out(void **state)
{
    (void)state;
    expect("198.51.100.7:4711", "198.51.100.7");
    expect("2001:db8::7", "2001:db8::7");
    expect("[2001:db8::7]", "2001:db8::7");
    expect("[2001:db8::7]:65535", "2001:db8::7");
    expect("[2001:db8:1::7]:1, 10.0.0.2:80", "2001:db8:1::7");
    expect("::ffff:198.51.100.7", "198.51.100.7");
    expect("[::ffff:198.51.100.7]:80", "198.51.100.7");
}

/* Else whoever stands before the proxy could say what it likes. */
static void an_item_that_is_no_address_leaves_it_at_the_proxy_that_handed_it_on(
    void **state)
{
    static const char *const items_[] = {
        "unknown",
        "_hidden",
        "198.51.100",
        "198.51.100.7:",
        "198.51.100.7:x",
        "198.51.100.7:65536",
        "198.51.100.7:123456",
        "[198.51.100.7]",
        "[2001:db8::7",
        "2001:db8::7]",
        "[2001:db8::7]x",
        "[2001:db8::7]:",
        "[]",
        "[",
        ":",
        "fe80::1%eth0",
        "\"198.51.100.7\"",
        "for=198.51.100.7",
        "198.51.100.7 198.51.100.8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff",
    };
    (void)state;
    for (size_t i = 0; i < sizeof items_ / sizeof *items_; i++) {
        char line[200];
        expect(items_[i], "10.0.0.1");
        snprintf(line, sizeof line, "203.0.113.9, %s", items_[i]);
        expect(line, "10.0.0.1");
        snprintf(line, sizeof line, "203.0.113.9, %s, 10.0.0.2", items_[i]);
        expect(line, "10.0.0.2");
    }
    expect("203.0.113.9, \xff\x01, 10.0.0.2", "10.0.0.2");
}

static void only_so_many_items_are_looked_at(void **state)
{
    struct tg_buf line = {0};
    (void)state;
    tg_buf_add_text(&line, "198.51.100.7");
    for (int i = 0; i < TG_FORWARDED_MAX - 1; i++) {
        tg_buf_add_text(&line, ", 10.0.0.2");
    }
    size_t size = line.size;
    tg_buf_add_byte(&line, 0);
    expect((const char *)line.data, "198.51.100.7");
    line.size = size;
    tg_buf_add_text(&line, ", 10.0.0.3");
    tg_buf_add_byte(&line, 0);
    expect((const char *)line.data, "10.0.0.2");
    tg_buf_finish(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_have_their_addresses_and_no_others),
        cmocka_unit_test(the_rightmost_that_is_no_proxy_counts),
        cmocka_unit_test(without_one_the_outermost_proxy_counts),
        cmocka_unit_test(several_lines_are_one_list),
        cmocka_unit_test(ports_and_brackets_are_left_out),
        cmocka_unit_test(
            an_item_that_is_no_address_leaves_it_at_the_proxy_that_handed_it_on),
        cmocka_unit_test(only_so_many_items_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
