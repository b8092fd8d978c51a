/* Memory that ends, at each allocation there is; and how much of it there is. */
#include "testing/heap.h"
#include "testing/identities.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/base/base64url.h"

static char secret[] = "a secret of this test, 32 bytes.";
static struct tg_config_token_key key = {"shop", "h1", (uint8_t *)secret, 32,
                                         TG_TOKEN_HS256};
static struct tg_test_heap heap;

/* Did it go well at last? Once it may find no memory, and then says so. */
static bool again(enum tg_err err, bool *failed)
{
    if (err == TG_OK) {
        return false;
    }
    assert_int_equal(err, TG_ENOMEM);
    assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
    assert_false(*failed);
    *failed = true;
    return true;
}

static void make_ticket(char text[64], bool *failed)
{
    struct tg_buf answer = {0};
    struct tg_slice request = TG_LIT("{\"user\":\"\\u0037\",\"claims\":{\"a\":1},"
                                     "\"types\":[\"shop.A\",\"shop.B\"],"
                                     "\"session\":\"s1\",\"origin\":\"" HERE "\"}");
    while (again(tg_identities_ticket(identities, TG_LIT("shop"), request, wall_us,
                                      &answer, &refusal),
                 failed)) {
        assert_int_equal(answer.size, 0);
    }
    /* The answer's own memory is the caller's to look after. */
    if (answer.failed) {
        *failed = true;
        tg_buf_finish(&answer);
        make_ticket(text, failed);
        return;
    }
    tg_buf_add_byte(&answer, '\0');
    assert_int_equal(sscanf((const char *)answer.data, "\"ticket\":\"%63[^\"]\"", text),
                     1);
    tg_buf_finish(&answer);
}

static void sign_ticket(char text[400], const char *jti)
{
    char claims[200];
    uint8_t mac[TG_MAC_BYTES];
    snprintf(claims, sizeof claims,
             "{\"iss\":\"shop\",\"aud\":\"telegraphy\",\"sub\":\"7\",\"jti\":\"%s\","
             "\"iat\":%lld,\"exp\":%lld,\"types\":[\"shop.\\u0041\"]}",
             jti, (long long)(wall_us / 1000000), (long long)(wall_us / 1000000 + 60));
    size_t size =
        tg_base64url_write(TG_LIT("{\"alg\":\"HS256\",\"kid\":\"h\\u0031\"}"), text);
    text[size++] = '.';
    size += tg_base64url_write(tg_slice_of(claims), text + size);
    tg_secrets_mac(tg_slice(secret, 32), tg_slice(text, size), mac);
    text[size++] = '.';
    size += tg_base64url_write(tg_slice(mac, sizeof mac), text + size);
    text[size] = '\0';
}

static void admit(const char *ticket, const char *session, bool *failed)
{
    while (again(show(ticket, session, HERE), failed)) {}
}

/* A life: each step goes well, or finds no memory and then goes well. */
static bool live(void)
{
    char ticket[64], signed_ticket[400];
    bool failed = false;
    pass_ms(60000);
    make_ticket(ticket, &failed);
    admit(ticket, "", &failed);
    admit("", token(), &failed);
    make_ticket(ticket, &failed);
    admit(ticket, token(), &failed);
    sign_ticket(signed_ticket, "j1");
    admit(signed_ticket, "", &failed);
    sign_ticket(signed_ticket, "j2");
    admit(signed_ticket, token(), &failed);
    tg_identities_end(identities,
                      &(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("9")},
                      wall_us, NULL, NULL);
    admit("", token(), &failed);
    make_ticket(ticket, &failed);
    tg_identities_end(
        identities,
        &(struct tg_selection){.app = TG_LIT("shop"), .session = TG_LIT("s1")}, wall_us,
        NULL, NULL);
    assert_int_equal(show(ticket, "", HERE), TG_EINVAL);
    release();
    return failed;
}

static void open_with_keys(void)
{
    configure_identities();
    config.tokens.keys = (struct tg_config_token_keys){&key, 1};
}

static void wherever_it_ends_nothing_is_lost(void **state)
{
    (void)state;
    size_t failures = 0;
    size_t calls;
    for (size_t at = 1;; at++) {
        const struct tg_identities_hooks hooks = {.steady_us = read_steady};
        char why[200] = "";
        open_with_keys();
        tg_test_heap_begin(&heap, at);
        identities = tg_identities_open(&config, &hooks, wall_us, why, sizeof why);
        if (identities == NULL) {
            assert_string_equal(why, "out of memory");
            failures++;
        } else {
            failures += live() ? 1 : 0;
            tg_identities_close(identities);
            identities = NULL;
        }
        calls = heap.calls;
        assert_true(tg_test_heap_end(&heap));
        if (at > calls) {
            break;
        }
    }
    /* What could not be remembered for one was ended for all: that is no failure. */
    assert_true(calls > 30 && failures > calls / 2);
}

static void opening_a_file_finds_memory_or_says_so(void **state)
{
    (void)state;
    static char runtime_dir[] = "/tmp/telegraphy-memory-test-XXXXXX";
    static const char *const names[] = {"sessions-1844.db", "sessions-1844.key"};
    char ticket[64], session[TG_SESSION_TOKEN_MAX + 1];
    bool failed = false;
    size_t failures = 0;
    size_t calls;
    open_with_keys();
    assert_non_null(mkdtemp(runtime_dir));
    config.sessions.keep = true;
    config.runtime_dir = runtime_dir;
    config.clients.port = 1844;
    open_identities();
    for (int i = 0; i < 3; i++) {
        make_ticket(ticket, &failed);
        admit(ticket, "", &failed);
    }
    strcpy(session, admission.token);
    release();
    tg_identities_close(identities);
    for (size_t at = 1;; at++) {
        const struct tg_identities_hooks hooks = {.steady_us = read_steady};
        char why[400] = "";
        /* Of this thread alone: what there is to write was written. */
        tg_test_heap_begin(&heap, at);
        identities = tg_identities_open(&config, &hooks, wall_us, why, sizeof why);
        if (identities == NULL) {
            assert_non_null(strstr(why, "out of memory"));
            failures++;
        }
        tg_identities_close(identities);
        calls = heap.calls;
        assert_true(tg_test_heap_end(&heap));
        if (at > calls) {
            break;
        }
    }
    assert_true(calls > 15 && failures > 10);
    open_identities();
    assert_int_equal(tg_identities_counts(identities).sessions, 3);
    admit("", session, &failed);
    assert_false(failed);
    release();
    tg_identities_close(identities);
    identities = NULL;
    for (int i = 0; i < 2; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", runtime_dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(runtime_dir), 0);
}

/* What a call may cost does not grow with what has expired. */
static void no_call_pays_for_all_that_expired(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    char ticket[64];
    bool failed = false;
    open_with_keys();
    config.tickets.waiting_max = MANY;
    config.sessions.sessions_max = MANY;
    config.sessions.user_max = MANY;
    config.sessions.life_ms = 10000;
    tg_test_heap_begin(&heap, 0);
    open_identities();
    for (int i = 0; i < MANY; i++) {
        make_ticket(ticket, &failed);
        admit(ticket, "", &failed);
    }
    for (int i = 0; i < MANY; i++) {
        make_ticket(ticket, &failed);
    }
    pass_ms(40000);
    for (int i = 0; i < 100; i++) {
        size_t blocks = heap.blocks;
        make_ticket(ticket, &failed);
        admit(ticket, "", &failed);
        assert_true(heap.blocks + 60 > blocks);
    }
    struct tg_identities_counts counts = tg_identities_counts(identities);
    assert_true(counts.tickets > MANY / 2 && counts.sessions > MANY / 2);
    for (int i = 0; i < MANY; i++) {
        counts = tg_identities_counts(identities);
    }
    assert_int_equal(counts.tickets, 0);
    assert_int_equal(counts.sessions, 100);
    release();
    tg_identities_close(identities);
    identities = NULL;
    assert_true(tg_test_heap_end(&heap));
    assert_false(failed);
}

/* identities.h says how much. */
static void a_session_and_a_ticket_take_what_is_said_of_them(void **state)
{
    (void)state;
    enum { MANY = 4000 };
    char ticket[64];
    bool failed = false;
    open_with_keys();
    config.tickets.waiting_max = MANY;
    config.sessions.sessions_max = MANY;
    config.sessions.user_max = MANY;
    tg_test_heap_begin(&heap, 0);
    open_identities();
    size_t before = heap.bytes + TG_HEAP_OVERHEAD * heap.blocks;
    for (int i = 0; i < MANY; i++) {
        make_ticket(ticket, &failed);
    }
    size_t tickets = heap.bytes + TG_HEAP_OVERHEAD * heap.blocks - before;
    print_message("a ticket: %zu bytes\n", tickets / MANY);
    assert_in_range(tickets / MANY, 300, TG_TICKET_BYTES_USUAL);
    pass_ms(31000);
    for (int i = 0; i < MANY; i++) {
        tg_identities_counts(identities);
    }
    before = heap.bytes + TG_HEAP_OVERHEAD * heap.blocks;
    for (int i = 0; i < MANY; i++) {
        make_ticket(ticket, &failed);
        admit(ticket, "", &failed);
    }
    size_t sessions = heap.bytes + TG_HEAP_OVERHEAD * heap.blocks - before;
    print_message("a session: %zu bytes\n", sessions / MANY);
    assert_in_range(sessions / MANY, 300, TG_SESSION_BYTES_USUAL);
    release();
    tg_identities_close(identities);
    identities = NULL;
    assert_true(tg_test_heap_end(&heap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wherever_it_ends_nothing_is_lost),
        cmocka_unit_test(opening_a_file_finds_memory_or_says_so),
        cmocka_unit_test(no_call_pays_for_all_that_expired),
        cmocka_unit_test(a_session_and_a_ticket_take_what_is_said_of_them),
    };
    return cmocka_run_group_tests_name("identity memory", tests, NULL, NULL);
}
