#include "server/net/addresses.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testing/cmocka.h"
#include "testing/heap.h"

enum { MINUTE_MS = 60000 };

static struct tg_addresses *addresses;
static uint64_t now_ms;
static struct tg_wait wait_for;

static int end(void **state)
{
    (void)state;
    tg_addresses_destroy(addresses);
    addresses = NULL;
    return 0;
}

static void begin(uint32_t connections, uint32_t connects, uint32_t refusals)
{
    now_ms = 1000000;
    addresses = tg_addresses_create(&(struct tg_config_limits){
        .address_connections_max = connections,
        .address_connects_per_minute = connects,
        .address_refusals_per_minute = refusals,
    });
    assert_non_null(addresses);
}

static struct tg_address address_of(const char *text)
{
    struct tg_address address;
    assert_true(tg_address_read(text, &address));
    return address;
}

static bool enter(const char *text)
{
    struct tg_address address = address_of(text);
    return tg_addresses_enter(addresses, &address, now_ms, &wait_for);
}

static void leave(const char *text)
{
    struct tg_address address = address_of(text);
    tg_addresses_leave(addresses, &address);
}

static void refused(const char *text)
{
    struct tg_address address = address_of(text);
    tg_addresses_refused(addresses, &address, now_ms);
}

/* The n-th of many. */
static struct tg_address nth(uint32_t n)
{
    struct tg_address address = address_of("2001:db8::1");
    memcpy(&address.bytes.s6_addr[4], &n, sizeof n);
    return address;
}

/* Texts. */

static void addresses_are_read_and_written(void **state)
{
    static const char *const pairs[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:DB8:0::1", "2001:db8::1"},
        {"::1", "::1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct tg_address address = address_of(pairs[i][0]);
        char text[TG_ADDRESS_TEXT_MAX];
        tg_address_write(&address, text);
        assert_string_equal(text, pairs[i][1]);
    }
    static const char *const others[] = {"", "192.0.2", "192.0.2.7 ", "fe80::1%lo", "x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct tg_address address;
        assert_false(tg_address_read(others[i], &address));
    }
}

/* The peer's address of a connection over loopback. */
static void expect_peer(int family, const char *host, const char *expected)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.any.sa_family = (sa_family_t)family};
    socklen_t size = family == AF_INET ? sizeof at.v4 : sizeof at.v6;
    struct tg_address wanted = address_of(host);
    if (family == AF_INET) {
        memcpy(&at.v4.sin_addr, &wanted.bytes.s6_addr[12], 4);
    } else {
        at.v6.sin6_addr = wanted.bytes;
    }
    int listener = socket(family, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, &at.any, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, &at.any, &size), 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = family == AF_INET ? at.v4.sin_port
                                                           : at.v6.sin6_port,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    int server = accept(listener, NULL, NULL);
    struct tg_address address;
    char text[TG_ADDRESS_TEXT_MAX];
    assert_true(tg_address_of_peer(server, &address));
    tg_address_write(&address, text);
    assert_string_equal(text, expected);
    assert_false(tg_address_of_peer(listener, &address));
    close(server);
    close(client);
    close(listener);
}

static void a_socket_says_who_is_at_its_other_end(void **state)
{
    (void)state;
    expect_peer(AF_INET, "127.0.0.1", "127.0.0.1");
    expect_peer(AF_INET6, "::", "127.0.0.1"); /* Mapped into IPv6. */
}

/* Limits. */

static void an_address_has_so_many_connections_and_not_one_more(void **state)
{
    (void)state;
    begin(3, 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_true(enter("192.0.2.7"));
    }
    assert_false(enter("192.0.2.7"));
    assert_int_equal(wait_for.retry_after_ms, 5000);
    assert_true(enter("192.0.2.8"));
    leave("192.0.2.7");
    assert_true(enter("192.0.2.7"));
    assert_false(enter("192.0.2.7"));
}

static void connections_come_so_often_and_not_more_often(void **state)
{
    (void)state;
    begin(0, 60, 0);
    for (int i = 0; i < 60; i++) {
        assert_true(enter("192.0.2.7"));
        leave("192.0.2.7");
    }
    assert_false(enter("192.0.2.7"));
    assert_int_equal(wait_for.retry_after_ms, 1000);
    now_ms += 999;
    assert_false(enter("192.0.2.7"));
    assert_int_equal(wait_for.retry_after_ms, 1);
    now_ms += 1;
    assert_true(enter("192.0.2.7"));
    assert_false(enter("192.0.2.7"));
    now_ms += MINUTE_MS;
    for (int i = 0; i < 60; i++) {
        assert_true(enter("192.0.2.7"));
    }
    assert_false(enter("192.0.2.7"));
}

static void who_was_refused_too_often_waits(void **state)
{
    (void)state;
    begin(0, 0, 3);
    assert_true(enter("192.0.2.7"));
    refused("192.0.2.7");
    refused("192.0.2.7");
    assert_true(enter("192.0.2.7"));
    refused("192.0.2.7");
    assert_false(enter("192.0.2.7"));
    assert_int_equal(wait_for.retry_after_ms, 20000);
    assert_true(enter("192.0.2.8"));
    /* What its standing connections do meanwhile does not prolong it without end. */
    for (int i = 0; i < 100; i++) {
        refused("192.0.2.7");
    }
    now_ms += 20000;
    assert_true(enter("192.0.2.7"));
}

static void refusals_count_without_a_connection_too(void **state)
{
    (void)state;
    begin(10, 10, 1);
    refused("192.0.2.7");
    assert_false(enter("192.0.2.7"));
    now_ms += MINUTE_MS;
    assert_true(enter("192.0.2.7"));
}

static void zero_is_no_limit(void **state)
{
    (void)state;
    begin(0, 0, 0);
    for (int i = 0; i < 10000; i++) {
        assert_true(enter("192.0.2.7"));
        refused("192.0.2.7");
    }
}

static void a_million_a_minute_are_exactly_that(void **state)
{
    (void)state;
    begin(0, 1000000, 0);
    uint32_t entered = 0;
    while (enter("192.0.2.7")) {
        entered++;
        leave("192.0.2.7");
    }
    assert_int_equal(entered, 1000000);
}

static void ipv6_counts_by_its_first_64_bits(void **state)
{
    (void)state;
    begin(1, 0, 0);
    assert_true(enter("2001:db8:1:2::1"));
    assert_false(enter("2001:db8:1:2:ffff::7"));
    assert_true(enter("2001:db8:1:3::1"));
    leave("2001:db8:1:2:1:2:3:4");
    assert_true(enter("2001:db8:1:2::9"));
}

static void ipv4_counts_by_all_of_it_however_it_is_written(void **state)
{
    (void)state;
    begin(1, 0, 0);
    assert_true(enter("192.0.2.7"));
    assert_false(enter("::ffff:192.0.2.7"));
    assert_true(enter("::ffff:192.0.2.8"));
    assert_true(enter("::1"));
    assert_false(enter("::2"));
}

/* Forgetting. */

static void who_did_nothing_lately_is_forgotten(void **state)
{
    (void)state;
    begin(10, 60, 60);
    assert_true(enter("192.0.2.1"));
    leave("192.0.2.1");
    refused("192.0.2.2");
    assert_true(enter("192.0.2.3")); /* Stays. */
    assert_int_equal(tg_addresses_count(addresses), 3);
    now_ms += 1000;
    assert_true(enter("192.0.2.4"));
    assert_int_equal(tg_addresses_count(addresses), 2);
    leave("192.0.2.3");
    leave("192.0.2.4");
    now_ms += 1000;
    refused("192.0.2.5");
    assert_int_equal(tg_addresses_count(addresses), 1);
}

static void a_million_addresses_take_bounded_memory(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 0);
    begin(10, 10, 10);
    for (uint32_t n = 0; n < 1000000; n++) {
        struct tg_address address = nth(n);
        if (n % 2 == 0) {
            tg_addresses_refused(addresses, &address, now_ms);
        } else if (tg_addresses_enter(addresses, &address, now_ms, &wait_for)) {
            tg_addresses_leave(addresses, &address);
        }
    }
    assert_int_equal(tg_addresses_count(addresses), TG_ADDRESSES_QUIET_MAX);
    assert_true(heap.bytes_peak < (size_t)16 * 1024 * 1024);
    /* The latest are those that are remembered. */
    struct tg_address last = nth(999998);
    for (int i = 0; i < 9; i++) {
        tg_addresses_refused(addresses, &last, now_ms);
    }
    assert_false(tg_addresses_enter(addresses, &last, now_ms, &wait_for));
    end(NULL);
    assert_true(tg_test_heap_end(&heap));
}

static void standing_connections_are_never_forgotten(void **state)
{
    (void)state;
    begin(1, 0, 60);
    uint32_t many = TG_ADDRESSES_QUIET_MAX + 1000;
    for (uint32_t n = 0; n < many; n++) {
        struct tg_address address = nth(n);
        assert_true(tg_addresses_enter(addresses, &address, now_ms, &wait_for));
    }
    for (uint32_t n = 0; n < many; n++) {
        struct tg_address address = nth(n);
        assert_false(tg_addresses_enter(addresses, &address, now_ms, &wait_for));
    }
    for (uint32_t n = 0; n < many; n++) {
        struct tg_address address = nth(n);
        tg_addresses_leave(addresses, &address);
    }
    assert_int_equal(tg_addresses_count(addresses), TG_ADDRESSES_QUIET_MAX);
}

static void without_memory_nobody_enters_and_nothing_breaks(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    for (size_t fail_at = 1; fail_at <= 3; fail_at++) {
        tg_test_heap_begin(&heap, 0);
        begin(2, 2, 2);
        heap.calls = 0;
        heap.fail_at = fail_at;
        bool first = enter("192.0.2.7");
        assert_int_equal(first, fail_at == 3);
        refused("192.0.2.8");
        heap.fail_at = 0;
        assert_true(enter("192.0.2.7"));
        end(NULL);
        assert_true(tg_test_heap_end(&heap));
    }
    tg_test_heap_begin(&heap, 1);
    assert_null(tg_addresses_create(&(struct tg_config_limits){0}));
    assert_true(tg_test_heap_end(&heap));
}

/* Threads. */

enum { THREADS = 4, ROUNDS = 5000, TOGETHER_MAX = 3 };

static atomic_uint inside;
static atomic_uint inside_peak;

static void *come_and_go(void *context)
{
    (void)context;
    struct tg_address address;
    struct tg_wait wait;
    if (!tg_address_read("192.0.2.7", &address)) {
        return NULL;
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct tg_address other = nth(i % 100);
        tg_addresses_refused(addresses, &other, 1000000 + i);
        if (!tg_addresses_enter(addresses, &address, 1000000 + i, &wait)) {
            continue;
        }
        uint32_t count = atomic_fetch_add(&inside, 1) + 1;
        uint32_t peak = atomic_load(&inside_peak);
        while (count > peak &&
               !atomic_compare_exchange_weak(&inside_peak, &peak, count)) {}
        atomic_fetch_sub(&inside, 1);
        tg_addresses_leave(addresses, &address);
    }
    return NULL;
}

static void threads_share_the_counts(void **state)
{
    (void)state;
    begin(TOGETHER_MAX, 0, 1000);
    atomic_store(&inside_peak, 0);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_in_range(atomic_load(&inside_peak), 1, TOGETHER_MAX);
    for (int i = 0; i < TOGETHER_MAX; i++) {
        assert_true(enter("192.0.2.7"));
    }
    assert_false(enter("192.0.2.7"));
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_are_read_and_written),
        TEST(a_socket_says_who_is_at_its_other_end),
        TEST(an_address_has_so_many_connections_and_not_one_more),
        TEST(connections_come_so_often_and_not_more_often),
        TEST(who_was_refused_too_often_waits),
        TEST(refusals_count_without_a_connection_too),
        TEST(zero_is_no_limit),
        TEST(a_million_a_minute_are_exactly_that),
        TEST(ipv6_counts_by_its_first_64_bits),
        TEST(ipv4_counts_by_all_of_it_however_it_is_written),
        TEST(who_did_nothing_lately_is_forgotten),
        TEST(a_million_addresses_take_bounded_memory),
        TEST(standing_connections_are_never_forgotten),
        TEST(without_memory_nobody_enters_and_nothing_breaks),
        TEST(threads_share_the_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
