/* Each test writes lines into a memory file and reads them back as a stranger would. */
#include "server/log/log.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int log_file;
static char text[1 << 20];

static int begin(void **state)
{
    (void)state;
    log_file = memfd_create("log", 0);
    fcntl(log_file, F_SETFL, O_APPEND); /* As a log file is opened. */
    tg_log_use_fd(log_file);
    tg_log_setup(TG_LOG_INFO, TG_LOG_LOGFMT);
    return log_file < 0;
}

static int end(void **state)
{
    (void)state;
    tg_log_use_fd(STDERR_FILENO);
    return close(log_file);
}

/* All that was logged since `begin`. */
static const char *logged(void)
{
    ssize_t size = pread(log_file, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

/* The one line that was logged, without its time. */
static const char *line(void)
{
    const char *all = logged();
    assert_true(strlen(all) > 25);
    assert_int_equal(all[strlen(all) - 1], '\n');
    assert_ptr_equal(strchr(all, '\n'), all + strlen(all) - 1);
    text[strlen(text) - 1] = '\0';
    int year, month, day, hour, minute, second, ms, used = 0;
    assert_int_equal(sscanf(all, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day,
                            &hour, &minute, &second, &ms, &used),
                     7);
    return all + used;
}

static size_t count_lines(const char *with)
{
    size_t count = 0;
    for (const char *at = logged(); (at = strstr(at, with)) != NULL; at++) {
        count++;
    }
    return count;
}

static void a_line_is_time_level_event_and_fields(void **state)
{
    (void)state;
    tg_info("gateway.started", TG_F("port", 1844), TG_F("shards", (size_t)2),
            TG_F("name", "telegraphy"), TG_F("tls", (bool)false), TG_F("load", 0.25));
    assert_string_equal(line(), "info gateway.started port=1844 shards=2 name=telegraphy "
                                "tls=false load=0.25");
}

static void an_event_needs_no_field(void **state)
{
    (void)state;
    tg_warn("gateway.ending");
    assert_string_equal(line(), "warn gateway.ending");
}

static void the_ends_of_number_ranges_are_written_whole(void **state)
{
    (void)state;
    tg_error("a.b", TG_F("least", INT64_MIN), TG_F("most", UINT64_MAX),
             TG_F("nan", (double)NAN));
    assert_string_equal(
        line(),
        "error a.b least=-9223372036854775808 most=18446744073709551615 nan=null");
}

static void json_lines_have_the_same_members(void **state)
{
    (void)state;
    tg_log_setup(TG_LOG_INFO, TG_LOG_JSON);
    tg_info("a.b", TG_F("port", 1), TG_F("x", "say \"hi\"\n"), TG_F("none", (char *)NULL),
            TG_F("bad", TG_LIT("\xff")));
    const char *all = logged();
    assert_memory_equal(all, "{\"time\":\"", 9);
    assert_string_equal(
        strstr(all, "\"level\""),
        "\"level\":\"info\",\"event\":\"a.b\",\"port\":1,"
        "\"x\":\"say \\\"hi\\\"\\n\",\"none\":null,\"bad\":\"\\ufffd\"}\n");
}

static void a_value_cannot_forge_a_line(void **state)
{
    (void)state;
    tg_info("a.b", TG_F("x", "ok\n2026-11-23T00:00:00.000Z error forged.line"));
    assert_string_equal(line(),
                        "info a.b x=\"ok\\n2026-11-23T00:00:00.000Z error forged.line\"");
}

static void a_value_cannot_forge_a_field(void **state)
{
    (void)state;
    tg_info("a.b", TG_F("x", "1 admin=true"), TG_F("y", "a=b"), TG_F("z", "\" q=\\"));
    assert_string_equal(line(),
                        "info a.b x=\"1 admin=true\" y=\"a=b\" z=\"\\\" q=\\\\\"");
}

static void a_value_cannot_drive_a_terminal(void **state)
{
    (void)state;
    tg_info("a.b", TG_F("esc", "\x1b[2J"),
            TG_F("c1", "\xc2\x9b"
                       "2J"),
            TG_F("bidi", "\xe2\x80\xae"), TG_F("nul", tg_slice("a\0b", 3)),
            TG_F("del", "\x7f"));
    assert_string_equal(line(),
                        "info a.b esc=\"\\u001b[2J\" c1=\"\\u009b2J\" bidi=\"\\u202e\" "
                        "nul=\"a\\u0000b\" del=\"\\u007f\"");
}

static void utf8_is_kept_and_other_bytes_are_shown(void **state)
{
    (void)state;
    tg_info("a.b", TG_F("x", "naïve 日本 😀"), TG_F("cut", "\xe6\x97"),
            TG_F("long", "\xc0\xaf"), TG_F("surrogate", "\xed\xa0\x80"));
    assert_string_equal(line(), "info a.b x=\"naïve 日本 😀\" cut=\"\\xe6\\x97\" "
                                "long=\"\\xc0\\xaf\" surrogate=\"\\xed\\xa0\\x80\"");
}

static void nothing_and_empty_are_told_apart(void **state)
{
    (void)state;
    const char *none = NULL;
    tg_info("a.b", TG_F("none", none), TG_F("empty", ""), TG_F("word", "null"));
    assert_string_equal(line(), "info a.b none=null empty=\"\" word=\"null\"");
}

static void a_long_value_is_cut(void **state)
{
    (void)state;
    char *huge = malloc(100000);
    memset(huge, '\n', 100000);
    tg_info("a.b", TG_F("x", tg_slice(huge, 100000)), TG_F("y", 2));
    free(huge);
    const char *got = line();
    assert_true(strlen(got) < TG_LOG_VALUE_MAX + 40);
    assert_string_equal(got + strlen(got) - strlen("\\n…\" y=2"), "\\n…\" y=2");
}

static void a_long_line_leaves_fields_out_and_says_so(void **state)
{
    (void)state;
    char value[TG_LOG_VALUE_MAX];
    memset(value, 'a', sizeof value);
    struct tg_slice slice = tg_slice(value, sizeof value);
    tg_info("a.b", TG_F("a", slice), TG_F("b", slice), TG_F("c", slice), TG_F("d", slice),
            TG_F("last", 1));
    const char *got = line();
    assert_true(strlen(logged()) <= TG_LOG_LINE_MAX);
    assert_null(strstr(got, " d="));
    assert_non_null(strstr(got, " last=1 truncated=true"));
}

static void less_urgent_lines_are_not_written(void **state)
{
    (void)state;
    tg_debug("a.b", TG_F("x", 1));
    assert_string_equal(logged(), "");
    tg_log_setup(TG_LOG_DEBUG, TG_LOG_LOGFMT);
    tg_debug("a.b", TG_F("x", 1));
    assert_string_equal(line(), "debug a.b x=1");
}

static void a_repeated_line_is_limited_and_the_rest_counted(void **state)
{
    (void)state;
    /* 1,000 lines take less than a second here, but may fall on the edge of two. */
    for (int i = 0; i < 1000; i++) {
        tg_log_limited(TG_LOG_WARN, "a.flood", TG_F("i", i));
    }
    size_t written = count_lines(" a.flood i=");
    assert_in_range(written, TG_LOG_PER_SECOND, 2 * TG_LOG_PER_SECOND);
    tg_log_tick(true);
    size_t told = 0;
    for (const char *at = logged(); (at = strstr(at, "of=a.flood count=")) != NULL;
         at++) {
        told += strtoul(at + strlen("of=a.flood count="), NULL, 10);
    }
    assert_int_equal(written + told, 1000);
    tg_log_tick(true);
    assert_true(count_lines("log.suppressed") <= 2);
}

static void *write_many(void *thread)
{
    for (int i = 0; i < 500; i++) {
        tg_info("a.thread", TG_F("thread", (char *)thread), TG_F("i", i));
        tg_log_limited(TG_LOG_INFO, "a.limited", TG_F("i", i));
    }
    return NULL;
}

static void threads_do_not_tear_each_others_lines(void **state)
{
    (void)state;
    static char names[4][8] = {"t0", "t1", "t2", "t3"};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, names[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(count_lines(" info a.thread thread=t"), 4 * 500);
    const char *all = logged();
    for (const char *at = all; *at != '\0'; at = strchr(at, '\n') + 1) {
        assert_memory_equal(at, "20", 2);
        assert_non_null(strchr(at, '\n'));
    }
}

static void a_reader_that_is_stuck_stops_nobody(void **state)
{
    (void)state;
    int pipe_fds[2];
    static char bytes[1 << 16];
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(fcntl(pipe_fds[1], F_SETPIPE_SZ, 65536), 65536);
    assert_int_equal(write(pipe_fds[1], bytes, sizeof bytes), sizeof bytes);
    tg_log_use_fd(pipe_fds[1]);
    alarm(20); /* Waiting for ever is what must not happen. */
    for (int i = 0; i < 3; i++) {
        tg_info("test.stuck");
        tg_log_tick(false);
    }
    alarm(0);
    assert_int_equal(read(pipe_fds[0], bytes, sizeof bytes), sizeof bytes);
    tg_info("test.free");
    tg_log_use_fd(log_file);
    ssize_t size = read(pipe_fds[0], text, sizeof text - 1);
    assert_true(size > 0);
    text[size] = '\0';
    assert_null(strstr(text, "test.stuck"));
    /* Three, and what earlier tests left for the next tick to tell. */
    static const char lost[] = "warn log.suppressed of=* count=";
    const char *told = strstr(text, lost);
    assert_non_null(told);
    assert_true(atoi(told + strlen(lost)) >= 3);
    assert_non_null(strstr(told, "info test.free\n"));
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_time_level_event_and_fields),
        TEST(an_event_needs_no_field),
        TEST(the_ends_of_number_ranges_are_written_whole),
        TEST(json_lines_have_the_same_members),
        TEST(a_value_cannot_forge_a_line),
        TEST(a_value_cannot_forge_a_field),
        TEST(a_value_cannot_drive_a_terminal),
        TEST(utf8_is_kept_and_other_bytes_are_shown),
        TEST(nothing_and_empty_are_told_apart),
        TEST(a_long_value_is_cut),
        TEST(a_long_line_leaves_fields_out_and_says_so),
        TEST(less_urgent_lines_are_not_written),
        TEST(a_repeated_line_is_limited_and_the_rest_counted),
        TEST(threads_do_not_tear_each_others_lines),
        TEST(a_reader_that_is_stuck_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
