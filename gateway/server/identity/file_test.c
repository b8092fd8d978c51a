#include "testing/identities.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char around[] = "/tmp/telegraphy-sessions-test-XXXXXX";
static char runtime_dir[100];

#define DATABASE "run/sessions-1844.db"
#define KEY      "run/sessions-1844.key"

static int begin_kept(void **state)
{
    (void)state;
    configure_identities();
    config.sessions.keep = true;
    config.runtime_dir = runtime_dir;
    config.clients.port = 1844;
    open_identities();
    return 0;
}

static void remove_files(void)
{
    const char *const names[] = {DATABASE, DATABASE "-wal", DATABASE "-shm", KEY};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (unlink(names[i]) != 0 && errno == EISDIR) {
            rmdir(names[i]);
        }
    }
    rmdir("run");
}

static int end_kept(void **state)
{
    end_identities(state);
    remove_files();
    return 0;
}

static void close_it(void)
{
    release();
    tg_identities_close(identities);
    identities = NULL;
}

static void reopen(void)
{
    close_it();
    open_identities();
}

/* What opening is refused with. */
static const char *why_not(void)
{
    static char why[400];
    const struct tg_identities_hooks hooks = {.steady_us = read_steady};
    strcpy(why, "");
    struct tg_identities *opened =
        tg_identities_open(&config, &hooks, wall_us, why, sizeof why);
    assert_null(opened);
    return why;
}

static void expect_why(const char *part)
{
    const char *why = why_not();
    if (strstr(why, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why, part);
    }
    assert_non_null(strstr(why, "run/sessions-1844."));
}

/* --- Waiting for the disk ---------------------------------------------------------- */

static sem_t done;
static enum tg_err done_err;
static uint32_t done_sessions;

static void on_done(void *context, enum tg_err err, uint32_t sessions)
{
    (void)context;
    done_err = err;
    done_sessions = sessions;
    sem_post(&done);
}

static enum tg_err end_user(const char *user)
{
    struct tg_selection selection = {.app = TG_LIT("shop"), .user = tg_slice_of(user)};
    tg_identities_end(identities, &selection, wall_us, on_done, NULL);
    while (sem_wait(&done) != 0) {}
    return done_err;
}

/* Whatever happened so far is in the file then. */
static void flush(void)
{
    assert_int_equal(end_user("nobody"), TG_OK);
    assert_int_equal(done_sessions, 0);
}

/* --- What survives ----------------------------------------------------------------- */

static void a_session_outlives_the_gateway(void **state)
{
    (void)state;
    expect_good(ticket_of("{'user':'7','claims':{'a':[1,2]},'session':'s1',"
                          "'types':['shop.B','shop.A']}"),
                "", HERE);
    uint64_t client = admission.identity->facts.client;
    expect_good("", token(), HERE);
    const char *session = token();
    pass_ms(60000);
    reopen();
    pass_ms(60000);
    assert_int_equal(tg_identities_counts(identities).sessions, 1);
    expect_refused("", session, "https://other.example");
    expect_good("", session, HERE);
    const struct tg_identity_facts *facts = &admission.identity->facts;
    assert_int_equal(facts->client, client);
    assert_slice(facts->app, "shop");
    assert_slice(facts->user, "7");
    assert_slice(facts->session, "s1");
    assert_slice(facts->claims, "{\"a\":[1,2]}");
    assert_int_equal(facts->types_count, 2);
    assert_true(tg_identity_has_type(admission.identity, TG_LIT("shop.A")));
    assert_true(tg_identity_has_type(admission.identity, TG_LIT("shop.B")));
    assert_int_equal(admission.expires_in_ms, 3600000 - 120000);
    assert_int_equal(end_user("7"), TG_OK);
    assert_int_equal(done_sessions, 1);
}

static void many_do(void **state)
{
    (void)state;
    enum { MANY = 600 };
    static char tokens[MANY][TG_SESSION_TOKEN_MAX + 1];
    config.sessions.sessions_max = MANY;
    config.sessions.user_max = MANY;
    reopen();
    for (int i = 0; i < MANY; i++) {
        expect_good(ticket_of(USER), "", HERE);
        strcpy(tokens[i], admission.token);
    }
    reopen();
    for (int i = 0; i < MANY; i++) {
        expect_good("", tokens[i], HERE);
        strcpy(tokens[i], admission.token);
    }
    config.sessions.sessions_max = 10;
    reopen();
    assert_int_equal(tg_identities_counts(identities).sessions, 10);
    config.sessions.sessions_max = MANY;
    reopen();
    assert_int_equal(tg_identities_counts(identities).sessions, 10);
    config.sessions.user_max = 4;
    reopen();
    assert_int_equal(tg_identities_counts(identities).sessions, 4);
}

static void an_old_token_is_known_for_one_afterwards_too(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *first = token();
    expect_good("", first, HERE);
    const char *second = token();
    pass_ms(5000);
    reopen();
    expect_good("", first, HERE);
    assert_string_equal(token(), second);
    pass_ms(5000);
    reopen();
    expect_refused("", first, HERE);
    expect_refused("", second, HERE);
    assert_int_equal(ended_count, 1);
    reopen();
    assert_int_equal(tg_identities_counts(identities).sessions, 0);
}

static void tickets_do_not_survive(void **state)
{
    (void)state;
    const char *ticket = ticket_of(USER);
    reopen();
    expect_refused(ticket, "", HERE);
}

static void an_expired_session_is_gone_from_the_file(void **state)
{
    (void)state;
    expect_good(ticket_of("{'user':'7','session_life_ms':50000}"), "", HERE);
    const char *session = token();
    close_it();
    pass_ms(50000);
    open_identities();
    expect_refused("", session, HERE);
    reopen();
    wall_us -= 60000000;
    reopen();
    expect_refused("", session, HERE);
}

static void no_clock_makes_a_session_longer(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    close_it();
    wall_us -= INT64_C(86400000000);
    open_identities();
    expect_good("", session, HERE);
    assert_int_equal(admission.expires_in_ms, 3600000);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    int in = open(from, O_RDONLY);
    if (in < 0) {
        unlink(to);
        return;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t size = read(in, bytes, sizeof bytes);
    assert_true(out >= 0 && size >= 0 && size < (ssize_t)sizeof bytes);
    assert_int_equal(write(out, bytes, (size_t)size), size);
    close(in);
    close(out);
}

static void a_token_that_the_file_does_not_know_yet_is_good(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *first = token();
    flush();
    copy_file(DATABASE, "old");
    copy_file(DATABASE "-wal", "old-wal");
    expect_good("", first, HERE);
    expect_good("", token(), HERE);
    const char *third = token();
    close_it();
    copy_file("old", DATABASE);
    copy_file("old-wal", DATABASE "-wal");
    unlink("old");
    unlink("old-wal");
    open_identities();
    expect_good("", third, HERE);
    const char *fourth = token();
    expect_good("", fourth, HERE);
    expect_refused("", first, HERE);
    assert_int_equal(ended_count, 1);
}

static int child_pipe[2];

static void tell_and_die(void *context, enum tg_err err, uint32_t sessions)
{
    (void)context;
    if (err == TG_OK && sessions == 1 && write(child_pipe[1], "done", 4) == 4) {
        kill(getpid(), SIGKILL);
    }
    _exit(1);
}

/* The other process: two users, one of whom ends, and a kill as soon as that is said to
 * be on the disk. */
static void be_killed(void)
{
    open_identities();
    for (int i = 0; i < 2; i++) {
        expect_good(ticket_of(i == 0 ? "{'user':'7'}" : "{'user':'8'}"), "", HERE);
        if (write(child_pipe[1], admission.token, 74) != 74) {
            _exit(2);
        }
    }
    tg_identities_end(identities,
                      &(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("7")},
                      wall_us, tell_and_die, NULL);
    pause();
}

static void an_end_survives_a_kill(void **state)
{
    (void)state;
    close_it();
    assert_int_equal(pipe(child_pipe), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        be_killed();
    }
    int status;
    char told[2 * 74 + 5] = "";
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(read(child_pipe[0], told, sizeof told - 1), 2 * 74 + 4);
    assert_string_equal(told + 2 * 74, "done");
    close(child_pipe[0]);
    close(child_pipe[1]);
    char seven[75], eight[75];
    snprintf(seven, sizeof seven, "%.74s", told);
    snprintf(eight, sizeof eight, "%.74s", told + 74);
    open_identities();
    expect_refused("", seven, HERE);
    expect_good("", eight, HERE);
    assert_slice(admission.identity->facts.user, "8");
}

/* --- What is refused --------------------------------------------------------------- */

static void the_files_are_closed_to_others(void **state)
{
    (void)state;
    struct stat about;
    const char *const names[] = {DATABASE, DATABASE "-wal", KEY};
    expect_good(ticket_of(USER), "", HERE);
    flush();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(stat(names[i], &about), 0);
        assert_int_equal(about.st_mode & 07777, 0600);
    }
    close_it();
    chmod(DATABASE, 0640);
    expect_why("is open to other users");
    chmod(DATABASE, 0600);
    chmod(KEY, 0644);
    expect_why("is open to other users");
    chmod(KEY, 0600);
    open_identities();
}

static void write_file(const char *text, size_t size)
{
    int file = open(DATABASE, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, size), size);
    close(file);
}

static void another_file_is_refused_and_stays(void **state)
{
    (void)state;
    static const char text[] = "Dear diary, today somebody chose my name for a database.";
    sqlite3 *other;
    close_it();
    write_file(text, sizeof text);
    expect_why("is no session file");
    char bytes[sizeof text];
    int file = open(DATABASE, O_RDONLY);
    assert_int_equal(read(file, bytes, sizeof bytes), sizeof bytes);
    assert_memory_equal(bytes, text, sizeof text);
    close(file);

    unlink(DATABASE);
    assert_int_equal(sqlite3_open(DATABASE, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (a)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(other);
    chmod(DATABASE, 0600);
    expect_why("is no session file");

    unlink(DATABASE);
    assert_int_equal(mkdir(DATABASE, 0700), 0);
    expect_why("sessions-1844.db Is a directory");
    rmdir(DATABASE);
    assert_int_equal(symlink("/dev/null", DATABASE), 0);
    expect_why("is a symbolic link");
    unlink(DATABASE);
    open_identities();
}

static void two_gateways_do_not_share_it(void **state)
{
    (void)state;
    expect_why("is in use: another gateway");
    expect_good(ticket_of(USER), "", HERE);
    flush();
}

static void without_its_key_it_is_refused(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    close_it();
    assert_int_equal(rename(KEY, "kept"), 0);
    expect_why("was written under another key");
    assert_int_equal(rename("kept", KEY), 0);
    open_identities();
    assert_int_equal(tg_identities_counts(identities).sessions, 1);
}

/* Wherever a bit falls over, or the file ends: nobody becomes somebody else. */
static void a_damaged_file_makes_nobody_somebody_else(void **state)
{
    (void)state;
    static char good[1 << 20], bad[1 << 20];
    enum { FEW = 101 };
    expect_good(ticket_of("{'user':'7','claims':{'is_staff':false}}"), "", HERE);
    const char *session = token();
    close_it();
    int file = open(DATABASE, O_RDONLY);
    ssize_t size = read(file, good, sizeof good);
    close(file);
    assert_true(size > 4096 && size < (ssize_t)sizeof good);
    uint32_t refused = 0;
    for (ssize_t at = 0; at < 2 * size; at += FEW) {
        memcpy(bad, good, (size_t)size);
        bad[at % size] = (char)(bad[at % size] ^ (1 << at % 8));
        write_file(at < size ? bad : good, (size_t)(at < size ? size : at - size));
        char why[400] = "";
        const struct tg_identities_hooks hooks = {.steady_us = read_steady};
        identities = tg_identities_open(&config, &hooks, wall_us, why, sizeof why);
        if (identities == NULL) {
            assert_true(strlen(why) > 20);
            refused++;
        } else if (show("", session, HERE) == TG_OK) {
            assert_slice(admission.identity->facts.user, "7");
            assert_slice(admission.identity->facts.claims, "{\"is_staff\":false}");
        }
        close_it();
        unlink(DATABASE "-wal");
    }
    assert_true(refused > size / FEW / 2);
    write_file(good, (size_t)size);
    open_identities();
    expect_good("", session, HERE);
}

static void a_session_that_somebody_wrote_is_refused(void **state)
{
    (void)state;
    static const char *const lies[] = {
        "UPDATE sessions SET client = client + 1",
        "UPDATE sessions SET record = x'00'",
        "UPDATE sessions SET record = NULL",
        "INSERT INTO sessions SELECT client + 1, record FROM sessions",
    };
    expect_good(ticket_of(USER), "", HERE);
    close_it();
    copy_file(DATABASE, "kept");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        sqlite3 *database;
        copy_file("kept", DATABASE);
        assert_int_equal(sqlite3_open(DATABASE, &database), SQLITE_OK);
        assert_int_equal(sqlite3_exec(database, lies[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(database);
        expect_why("has a session that was changed");
    }
    copy_file("kept", DATABASE);
    unlink("kept");
    open_identities();
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_told_and_gone_over(void **state)
{
    (void)state;
    expect_good(ticket_of("{'user':'7'}"), "", HERE);
    const char *seven = token();
    expect_good(ticket_of("{'user':'8'}"), "", HERE);
    flush();
    signal(SIGXFSZ, SIG_IGN);
    limit_files(1);
    assert_int_equal(end_user("7"), TG_EIO);
    assert_int_equal(done_sessions, 1);
    expect_refused("", seven, HERE);
    expect_good("", token(), HERE); /* Who stays may come back all the same. */
    const char *eight = token();
    limit_files(RLIM_INFINITY);
    assert_int_equal(end_user("7"), TG_OK);
    assert_int_equal(done_sessions, 0);
    reopen();
    expect_refused("", seven, HERE);
    expect_good("", eight, HERE);
}

static sem_t go_on;

/* It keeps the writer from what comes next. */
static void on_done_slowly(void *context, enum tg_err err, uint32_t sessions)
{
    on_done(context, err, sessions);
    while (sem_wait(&go_on) != 0) {}
}

static void *let_it_go_on(void *context)
{
    (void)context;
    usleep(50000); /* The gateway ends meanwhile. */
    sem_post(&go_on);
    return NULL;
}

static void who_asks_as_the_gateway_ends_is_told_of_a_full_disk_too(void **state)
{
    (void)state;
    const struct tg_selection seven = {.app = TG_LIT("shop"), .user = TG_LIT("7")};
    pthread_t thread;
    sem_init(&go_on, 0, 0);
    expect_good(ticket_of("{'user':'7'}"), "", HERE);
    flush();
    signal(SIGXFSZ, SIG_IGN);
    limit_files(1);
    tg_identities_end(identities, &seven, wall_us, on_done_slowly, NULL);
    while (sem_wait(&done) != 0) {}
    tg_identities_end(identities, &seven, wall_us, on_done, NULL);
    assert_int_equal(pthread_create(&thread, NULL, let_it_go_on, NULL), 0);
    close_it();
    pthread_join(thread, NULL);
    limit_files(RLIM_INFINITY);
    assert_int_equal(sem_trywait(&done), 0);
    assert_int_equal(done_err, TG_EIO);
    sem_destroy(&go_on);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_kept, end_kept)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_outlives_the_gateway),
        TEST(many_do),
        TEST(an_old_token_is_known_for_one_afterwards_too),
        TEST(tickets_do_not_survive),
        TEST(an_expired_session_is_gone_from_the_file),
        TEST(no_clock_makes_a_session_longer),
        TEST(a_token_that_the_file_does_not_know_yet_is_good),
        TEST(an_end_survives_a_kill),
        TEST(the_files_are_closed_to_others),
        TEST(another_file_is_refused_and_stays),
        TEST(two_gateways_do_not_share_it),
        TEST(without_its_key_it_is_refused),
        TEST(a_damaged_file_makes_nobody_somebody_else),
        TEST(a_session_that_somebody_wrote_is_refused),
        TEST(a_full_disk_is_told_and_gone_over),
        TEST(who_asks_as_the_gateway_ends_is_told_of_a_full_disk_too),
    };
    umask(0);
    sem_init(&done, 0, 0);
    if (mkdtemp(around) == NULL || chdir(around) != 0) {
        perror(around);
        return 1;
    }
    snprintf(runtime_dir, sizeof runtime_dir, "%s/run", around);
    int failed = cmocka_run_group_tests_name("sessions file", tests, NULL, NULL);
    return rmdir(around) == 0 || failed != 0 ? failed : 1;
}
