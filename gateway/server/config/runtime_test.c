#include "server/config/runtime.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/mem.h"

static char around[] = "/tmp/telegraphy-runtime-test-XXXXXX";
static char key[TG_RUNTIME_KEY_SIZE];
static char why[400];
static int fd = -1;

static enum tg_err get_key(bool create)
{
    why[0] = '\0';
    return tg_runtime_ingest_key("run", 1845, create, key, why, sizeof why);
}

static void write_key_file(const char *text, mode_t mode)
{
    int file = open("run/ingest-1845.key", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    assert_int_equal(chmod("run/ingest-1845.key", mode), 0);
}

static int begin(void **state)
{
    (void)state;
    why[0] = '\0';
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (fd >= 0) {
        close(fd);
        fd = -1;
    }
    unlink("run/ingest-1845.key");
    unlink("run");
    rmdir("run");
    rmdir("elsewhere");
    return 0;
}

static void it_is_made_closed_to_others(void **state)
{
    (void)state;
    struct stat about;
    umask(0);
    assert_int_equal(tg_runtime_open("run", true, &fd, why, sizeof why), TG_OK);
    assert_int_equal(stat("run", &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    close(fd);
    assert_int_equal(tg_runtime_open("run", true, &fd, why, sizeof why), TG_OK);
}

static void it_is_not_made_unless_asked(void **state)
{
    (void)state;
    assert_int_equal(tg_runtime_open("run", false, &fd, why, sizeof why), TG_ENOENT);
    assert_int_equal(access("run", F_OK), -1);
    assert_int_equal(get_key(false), TG_ENOENT);
}

static void one_that_others_may_enter_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir("run", 0700), 0);
    assert_int_equal(chmod("run", 0750), 0);
    assert_int_equal(tg_runtime_open("run", true, &fd, why, sizeof why), TG_EIO);
    assert_string_equal(why,
                        "the runtime directory run is open to other users; chmod 700 "
                        "closes it");
    assert_int_equal(get_key(true), TG_EIO);
}

static void a_link_is_refused_wherever_it_leads(void **state)
{
    (void)state;
    assert_int_equal(mkdir("elsewhere", 0700), 0);
    assert_int_equal(symlink("elsewhere", "run"), 0);
    assert_int_equal(tg_runtime_open("run", true, &fd, why, sizeof why), TG_EIO);
    assert_string_equal(why,
                        "the runtime directory run cannot be opened: it is no directory");
}

static void one_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can give a directory away\n");
        skip();
    }
    assert_int_equal(mkdir("run", 0700), 0);
    assert_int_equal(chown("run", 12345, 12345), 0);
    assert_int_equal(tg_runtime_open("run", true, &fd, why, sizeof why), TG_EIO);
    assert_string_equal(
        why, "the runtime directory run belongs to another user; choose another "
             "with runtime_dir");
}

static void what_cannot_be_made_is_named(void **state)
{
    (void)state;
    assert_int_equal(tg_runtime_open("none/run", true, &fd, why, sizeof why), TG_EIO);
    assert_string_equal(why,
                        "the runtime directory none/run cannot be made: No such file or "
                        "directory");
}

static void a_key_is_made_once_and_kept(void **state)
{
    (void)state;
    char first[TG_RUNTIME_KEY_SIZE];
    struct stat about;
    assert_int_equal(get_key(true), TG_OK);
    assert_int_equal(strlen(key), 64);
    assert_int_equal(strspn(key, "0123456789abcdef"), 64);
    assert_int_equal(stat("run/ingest-1845.key", &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    strcpy(first, key);
    assert_int_equal(get_key(true), TG_OK);
    assert_string_equal(key, first);
    assert_int_equal(get_key(false), TG_OK);
    assert_string_equal(key, first);
    assert_int_equal(unlink("run/ingest-1845.key"), 0);
    assert_int_equal(get_key(true), TG_OK);
    assert_string_not_equal(key, first);
}

static void the_session_key_is_another(void **state)
{
    (void)state;
    char session[TG_RUNTIME_KEY_SIZE], again[TG_RUNTIME_KEY_SIZE];
    assert_int_equal(get_key(true), TG_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tg_runtime_session_key("run", 1844, i == 0 ? session : again,
                                                why, sizeof why),
                         TG_OK);
    }
    assert_int_equal(strlen(session), 64);
    assert_string_equal(session, again);
    assert_string_not_equal(session, key);
    assert_int_equal(chmod("run/sessions-1844.key", 0640), 0);
    assert_int_equal(tg_runtime_session_key("run", 1844, again, why, sizeof why), TG_EIO);
    assert_string_equal(why, "the session key run/sessions-1844.key is open to other "
                             "users; chmod 600, or remove it");
    assert_int_equal(unlink("run/sessions-1844.key"), 0);
}

static void a_key_that_others_could_read_or_put_there_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir("run", 0700), 0);
    write_key_file("0123456789abcdef\n", 0640);
    assert_int_equal(get_key(true), TG_EIO);
    assert_string_equal(why, "the ingest key run/ingest-1845.key is open to other users; "
                             "chmod 600, or remove it");
    unlink("run/ingest-1845.key");
    assert_int_equal(symlink("/dev/null", "run/ingest-1845.key"), 0);
    assert_int_equal(get_key(true), TG_EIO);
    unlink("run/ingest-1845.key");
    assert_int_equal(mkfifo("run/ingest-1845.key", 0600), 0);
    assert_int_equal(get_key(true), TG_EIO);
    assert_string_equal(why, "the ingest key run/ingest-1845.key is no regular file");
}

static void a_file_without_a_key_is_refused_not_overwritten(void **state)
{
    (void)state;
    assert_int_equal(mkdir("run", 0700), 0);
    static const char *const wrong[] = {"", "short\n", "0123456789 abcdef",
                                        "0123456789abcdef\n0123456789abcdef\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_key_file(wrong[i], 0600);
        assert_int_equal(get_key(true), TG_EIO);
        assert_non_null(strstr(why, "wants one key of 16 to 256 printable characters"));
    }
    char huge[400];
    memset(huge, 'a', sizeof huge);
    huge[399] = '\0';
    write_key_file(huge, 0600);
    assert_int_equal(get_key(true), TG_EIO);
    write_key_file("0123456789abcdef\r\n", 0600);
    assert_int_equal(get_key(true), TG_OK);
    assert_string_equal(key, "0123456789abcdef");
}

static void *get_in_thread(void *into)
{
    char text[400];
    enum tg_err err = tg_runtime_ingest_key("run", 1845, true, into, text, sizeof text);
    return err == TG_OK ? into : NULL;
}

static void gateways_that_start_together_agree_on_a_key(void **state)
{
    (void)state;
    char keys[8][TG_RUNTIME_KEY_SIZE];
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, get_in_thread, keys[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        void *got;
        pthread_join(threads[i], &got);
        assert_non_null(got);
        assert_int_equal(strlen(keys[i]), 64);
        assert_string_equal(keys[i], keys[0]);
    }
}

static char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static void without_any_word_it_is_in_tmp(void **state)
{
    (void)state;
    char expected[100];
    snprintf(expected, sizeof expected, "/tmp/telegraphy-%u", (unsigned)geteuid());
    char *path = tg_runtime_dir_default(no_environment, why, sizeof why);
    assert_string_equal(path, expected);
    tg_free(path);
}

static int enter(void **state)
{
    (void)state;
    return mkdtemp(around) == NULL || chdir(around) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || rmdir(around) != 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(it_is_made_closed_to_others),
        TEST(it_is_not_made_unless_asked),
        TEST(one_that_others_may_enter_is_refused),
        TEST(a_link_is_refused_wherever_it_leads),
        TEST(one_of_another_user_is_refused),
        TEST(what_cannot_be_made_is_named),
        TEST(a_key_is_made_once_and_kept),
        TEST(the_session_key_is_another),
        TEST(a_key_that_others_could_read_or_put_there_is_refused),
        TEST(a_file_without_a_key_is_refused_not_overwritten),
        TEST(gateways_that_start_together_agree_on_a_key),
        TEST(without_any_word_it_is_in_tmp),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
