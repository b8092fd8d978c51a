/* What people write who know another language, and what they are told. */
#include "engine/query/filter.h"

#include "testing/queries.h"

static struct tg_compiler *compiler;

static int setup(void **state)
{
    (void)state;
    compiler = tg_compiler_create();
    return compiler == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    tg_compiler_destroy(compiler);
    return 0;
}

/* `where` is refused with a code, a place and words that begin with `line`, and
 * `nearest`, alone, is suggested; empty: nothing is. */
static void hints(const char *where, const char *line, const char *nearest)
{
    char got[TG_REFUSAL_MESSAGE_MAX + 64];
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    struct tg_filter_request request = {.schema = &orders_schema, .where = quoted(where)};
    enum tg_err err = tg_filter_compile(compiler, &request, &filter, &refusal);
    if (err == TG_OK) {
        tg_free(filter);
        fail_msg("%s is accepted", where);
    }
    snprintf(got, sizeof got, "%s %u:%u %s", tg_code_text(refusal.code), refusal.line,
             refusal.column, refusal.message);
    if (strncmp(got, line, strlen(line)) != 0) {
        fail_msg("%s:\n  %s\nbut expected\n  %s", where, got, line);
    }
    const char *suggested = refusal.nearest_count == 0 ? "" : refusal.nearest[0];
    if (refusal.nearest_count > 1 || strcmp(suggested, nearest) != 0) {
        fail_msg("%s:\n  %s\nsuggests %s", where, got, suggested);
    }
}

static void an_operation_that_never_comes_is_refused(void **state)
{
    (void)state;
    hints("event.op == 'add'",
          "query_type 1:13 event.op is never \"add\"; it is \"create\", \"update\" or "
          "\"delete\"",
          "create");
    hints("'change' != event.op", "query_type 1:1 event.op is never", "update");
    hints("event.op in ['create', 'Remove']", "query_type 1:24 event.op is", "delete");
    hints("event.op == 'event'", "query_type 1:13 event.op is never \"event\"", "");
    hints("event.op == 'updat'", "query_type 1:13 event.op is never", "update");
    hints("'totl' in event.changed", "query_field 1:1 there is no field \"totl\"",
          "total");
    hints("'secret' in event.changed", "query_field 1:1 there is no field \"secret\"",
          "");
    hints("event.changed.exists(c, c == 'totl')", "query_field 1:30 there is no",
          "total");
    hints("event.changed.all(c, c in ['id', 'secret'])",
          "query_field 1:34 there is no field \"secret\" at", "");
    hints("'secre' in event.changed", "query_field 1:1 there is no field \"secre\"", "");
}

static void words_of_other_languages_are_translated(void **state)
{
    (void)state;
    static const char no_name[] = "query_field 1:10 there is no field or variable ";
    static const char no_function[] = "query_unsupported 1:8 there is no function ";
    hints("total == NULL", no_name, "null");
    hints("total == None", no_name, "null");
    hints("total != nil || id == 1", no_name, "null");
    hints("total == undefined", no_name, "null");
    hints("paid == True", "query_field 1:9 there", "true");
    hints("paid == FALSE", "query_field 1:9 there", "false");
    hints("STATUS == 'a'", "query_field 1:1 there", "status");
    hints("total__gt == 5", "query_field 1:1 there", "total");
    hints("data.total__gt == 5", "query_field 1:6 there", "total");
    hints("secret__gt == 5", "query_field 1:1 there", "");
    hints("status == open",
          "query_field 1:11 there is no field or variable \"open\"; a text is written in "
          "quotes: \"open\" at",
          "");
    hints("open != data.status",
          "query_field 1:1 there is no field or variable \"open\" at", "");
    hints("open == status", "query_field 1:1 there is no field or variable \"open\"; a",
          "");
    hints("status in [open, done]",
          "query_field 1:12 there is no field or variable "
          "\"open\"; a text is written in quotes: \"open\" at",
          "");
    hints("total == open", "query_field 1:10 there is no field or variable \"open\" at",
          "");
    hints("status.includes('a')", no_function, "contains");
    hints("status.toLowerCase() == 'a'", no_function, "lowerAscii");
    hints("status.upper() == 'A'", no_function, "upperAscii");
    hints("status.startswith('a')", no_function, "startsWith");
    hints("status.endswith('a')", no_function, "endsWith");
    hints("status.length() > 1", no_function, "size");
    hints("len(status) > 1", "query_unsupported 1:1 there is no function ", "size");
    hints("status.length > 1",
          "query_type 1:8 status (string) has no members, so no \"length\"; write "
          "size(status) at",
          "");
    hints("tags.contains('gift')",
          "query_type 1:1 contains is of texts; of a list write \"gift\" in tags at", "");
}

static void literals_are_corrected(void **state)
{
    (void)state;
    hints(
        "created > '2026-11-23T01:02:03Z'",
        "query_type 1:11 created (timestamp) is not comparable with "
        "\"2026-11-23T01:02:03Z\" (string); write timestamp(\"2026-11-23T01:02:03Z\") at",
        "");
    hints(
        "created > '2026-11-23T01:02:03'",
        "query_type 1:11 created (timestamp) is not comparable with "
        "\"2026-11-23T01:02:03\" (string); write timestamp(\"2026-11-23T01:02:03Z\") at",
        "");
    hints("created > '2026-11-23'",
          "query_type 1:11 created (timestamp) is not comparable with \"2026-11-23\" "
          "(string); write timestamp(\"2026-11-23T00:00:00Z\") at",
          "");
    hints("created > 'soon'",
          "query_type 1:11 created (timestamp) is not comparable with \"soon\" (string); "
          "write timestamp(\"2026-11-23T02:16:34Z\") at",
          "");
    hints("total == '99.95'",
          "query_type 1:10 total (decimal) is not comparable with \"99.95\" (string); "
          "write "
          "99.95 at",
          "");
    hints("total == '9.9.5'",
          "query_type 1:10 total (decimal) is not comparable with \"9.9.5\" (string) at",
          "");
    hints("took in ['90s']",
          "query_type 1:10 \"90s\" (string) is not comparable with a value of type "
          "duration; write duration(\"90s\") at",
          "");
    hints("status in 'paid'",
          "query_type 1:11 \"paid\" (string) is no list; write [\"paid\"] at", "");
    hints("id in (7)", "query_type 1:8 7 (int) is no list; write [7] at", "");
    hints("'x' in status",
          "query_type 1:8 status (string) is no list; write status.contains(…) at", "");
    hints("status in 'a long text a long text a long text a long text a long text a l.'",
          "query_type 1:11 \"a long text a long text a long text a long text a long text "
          "a l… (string) is no list; write […] at",
          "");
    hints("id in total", "query_type 1:7 total (decimal) is no list at", "");
    hints("status in ('a', 'b')", "query_syntax 1:15 a list is written [\"a\", \"b\"] at",
          "");
    hints("not status == 'a'", "query_syntax 1:1 \"not\" is no operator; write !(…) at",
          "");
    hints("status.matches('a')",
          "query_unsupported 1:8 \"matches\" is not allowed by this gateway "
          "(queries.matches) at",
          "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_that_never_comes_is_refused),
        cmocka_unit_test(words_of_other_languages_are_translated),
        cmocka_unit_test(literals_are_corrected),
    };
    return cmocka_run_group_tests_name("check_hints", tests, setup, teardown);
}
