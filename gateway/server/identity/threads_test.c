/* What many threads do with the identities at once; under ThreadSanitizer too. */
#include "testing/identities.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8, TRIES = 125, TICKETS = 40 };

static char tickets[TICKETS][64];
static char shown_session[TG_SESSION_TOKEN_MAX + 1];
static atomic_uint good[TICKETS];
static atomic_uint refused;
static atomic_uint others;
static pthread_barrier_t ready;

static enum tg_err show_here(const char *ticket, const char *session,
                             struct tg_admission *into)
{
    struct tg_refusal why;
    struct tg_credentials credentials = {.ticket = tg_slice_of(ticket),
                                         .session = tg_slice_of(session),
                                         .origin = TG_LIT(HERE)};
    enum tg_err err = tg_identities_admit(identities, &credentials, wall_us, into, &why);
    if (err == TG_OK) {
        tg_account_disconnect(into->identity->account);
        tg_identity_unref(into->identity);
    }
    return err;
}

static void count(enum tg_err err, uint32_t which)
{
    atomic_fetch_add(err == TG_OK       ? &good[which]
                     : err == TG_EINVAL ? &refused
                                        : &others,
                     1);
}

static void run_threads(void *(*run)(void *context))
{
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < TICKETS; i++) {
        atomic_store(&good[i], 0);
    }
    atomic_store(&refused, 0);
    atomic_store(&others, 0);
    pthread_barrier_init(&ready, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&ready);
}

static void *show_one(void *context)
{
    struct tg_admission admitted;
    (void)context;
    pthread_barrier_wait(&ready);
    for (int i = 0; i < TRIES; i++) {
        count(show_here(tickets[0], "", &admitted), 0);
    }
    return NULL;
}

/* Threat 2: 1,000 attempts with one ticket. */
static void one_ticket_makes_one_client(void **state)
{
    (void)state;
    strcpy(tickets[0], ticket_of(USER));
    run_threads(show_one);
    assert_int_equal(good[0], 1);
    assert_int_equal(refused, THREADS * TRIES - 1);
    assert_int_equal(tg_identities_counts(identities).sessions, 1);
}

static void *show_all(void *context)
{
    struct tg_admission admitted;
    uint32_t from = (uint32_t)(uintptr_t)context;
    pthread_barrier_wait(&ready);
    for (uint32_t i = 0; i < TICKETS; i++) {
        uint32_t which = (i + from * 5) % TICKETS;
        count(show_here(tickets[which], "", &admitted), which);
    }
    return NULL;
}

static void each_of_several_tickets_makes_one(void **state)
{
    (void)state;
    for (int i = 0; i < TICKETS; i++) {
        strcpy(tickets[i], ticket_of(USER));
    }
    run_threads(show_all);
    for (int i = 0; i < TICKETS; i++) {
        assert_int_equal(good[i], 1);
    }
    assert_int_equal(refused, (THREADS - 1) * TICKETS);
    assert_int_equal(others, 0);
    assert_int_equal(tg_identities_counts(identities).sessions, TICKETS);
}

static atomic_uint kinds;

static void *show_session(void *context)
{
    struct tg_admission admitted;
    (void)context;
    pthread_barrier_wait(&ready);
    count(show_here("", shown_session, &admitted), 0);
    if (strcmp(admitted.token, admission.token) != 0) {
        atomic_fetch_add(&kinds, 1);
    }
    return NULL;
}

/* Two tabs, or eight, that come back at once. */
static void one_token_shown_at_once_gives_all_the_same_next_one(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    strcpy(shown_session, admission.token);
    struct tg_account *account = admission.identity->account;
    tg_account_ref(account);
    atomic_store(&kinds, 0);
    run_threads(show_session);
    assert_int_equal(good[0], THREADS);
    assert_int_equal(kinds, THREADS); /* None of them got the one that was shown. */
    expect_good("", shown_session, HERE);
    atomic_store(&kinds, 0);
    run_threads(show_session);
    assert_int_equal(good[0], THREADS);
    assert_int_equal(kinds, 0);
    assert_int_equal(atomic_load(&account->connections), 1);
    tg_account_unref(account);
    assert_int_equal(ended_count, 0);
}

/* --- Everything at once, with a file ------------------------------------------------ */

static atomic_uint dones;
static atomic_uint ends;

static void on_done(void *context, enum tg_err err, uint32_t sessions)
{
    (void)context;
    (void)sessions;
    atomic_fetch_add(err == TG_OK ? &dones : &others, 1);
}

static void *live(void *context)
{
    struct tg_admission admitted;
    struct tg_refusal why;
    struct tg_slice user = TG_LIT("7");
    bool ends_others = (uintptr_t)context == 0;
    pthread_barrier_wait(&ready);
    for (int i = 0; i < TRIES; i++) {
        struct tg_buf answer = {0};
        char ticket[64];
        if (ends_others && i % 8 == 0) {
            tg_identities_end(identities,
                              &(struct tg_selection){.app = TG_LIT("shop"), .user = user},
                              wall_us, on_done, NULL);
            atomic_fetch_add(&ends, 1);
        }
        if (tg_identities_ticket(identities, TG_LIT("shop"), TG_LIT("{\"user\":\"7\"}"),
                                 wall_us, &answer, &why) != TG_OK) {
            atomic_fetch_add(&others, 1);
            continue;
        }
        tg_buf_add_byte(&answer, '\0');
        sscanf((const char *)answer.data, "\"ticket\":\"%63[^\"]\"", ticket);
        tg_buf_finish(&answer);
        enum tg_err err = show_here(ticket, "", &admitted);
        for (int back = 0; err == TG_OK && back < 3; back++) {
            count(err, 0);
            err = show_here("", admitted.token, &admitted);
        }
        tg_identities_counts(identities);
    }
    return NULL;
}

static void all_of_it_goes_together(void **state)
{
    static char runtime_dir[] = "/tmp/telegraphy-threads-test-XXXXXX";
    static const char *const names[] = {"sessions-1844.db", "sessions-1844.key"};
    end_identities(state);
    assert_non_null(mkdtemp(runtime_dir));
    config.runtime_dir = runtime_dir;
    config.clients.port = 1844;
    config.sessions.keep = true;
    config.sessions.sessions_max = 300;
    config.sessions.user_max = 300;
    open_identities();
    atomic_store(&dones, 0);
    atomic_store(&ends, 0);
    run_threads(live);
    uint32_t sessions = tg_identities_counts(identities).sessions;
    end_identities(state);
    assert_int_equal(others, 0);
    assert_int_equal(dones, ends);
    assert_true(good[0] > TRIES && sessions <= 300);
    assert_int_equal(ended_count, 0);
    open_identities();
    assert_int_equal(tg_identities_counts(identities).sessions, sessions);
    end_identities(state);
    for (int i = 0; i < 2; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", runtime_dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(runtime_dir), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_identities, end_identities)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_ticket_makes_one_client),
        TEST(each_of_several_tickets_makes_one),
        TEST(one_token_shown_at_once_gives_all_the_same_next_one),
        TEST(all_of_it_goes_together),
    };
    return cmocka_run_group_tests_name("identity threads", tests, NULL, NULL);
}
