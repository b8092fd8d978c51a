/* The cases of protocol/vectors/match, and of protocol/vectors/reject/client those that
 * subscribe with a `where`: what queries mean, why they are refused, with no gateway. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/query/query.h"
#include "testing/cmocka.h"
#include "testing/vectors.h"

static const char *vectors; /* The folder protocol/vectors. */
static struct tg_buf catalogue;
static struct tg_buf scratch;
static size_t cases;
static size_t failures;
static bool provoked[TG_CODE_COUNT];

static void read_catalogue(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/catalogues/shop.json", vectors);
    FILE *file = fopen(path, "rb");
    size_t got = 1;
    assert_non_null(file);
    while (got != 0) {
        uint8_t *room = tg_buf_room(&catalogue, 65536);
        assert_non_null(room);
        got = fread(room, 1, 65536, file);
        catalogue.size += got;
    }
    fclose(file);
}

__attribute__((format(printf, 2, 3))) static void not_as_expected(const char *name,
                                                                  const char *format, ...)
{
    char what[700];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    print_error("%s: %s\n", name, what);
    failures++;
}

/* A string member; good until the next. */
static struct tg_slice text_of(struct tg_json object, const char *name)
{
    struct tg_slice text = {NULL, 0};
    tg_json_string(tg_json_get(object, name), &scratch, &text);
    return text;
}

static struct tg_query_schema *schema_of(struct tg_json named)
{
    struct tg_query_schema *schema = NULL;
    struct tg_refusal refusal;
    if (tg_query_schema_read(tg_buf_slice(&catalogue), text_of(named, "type"), &schema,
                             &refusal) != TG_OK) {
        return NULL;
    }
    return schema;
}

/* --- match ----------------------------------------------------------------------- */

static void expect_told(const char *name, struct tg_query *query, struct tg_slice event,
                        struct tg_slice told)
{
    struct tg_query_answer answer;
    struct tg_refusal refusal;
    if (tg_query_ask(query, event, &answer, &refusal) != TG_OK) {
        not_as_expected(name, "%.*s: %s", TG_FMT(event), refusal.message);
    } else if (!tg_slice_is(told, tg_query_told_text(answer.told))) {
        not_as_expected(name, "%.*s is told as %s", TG_FMT(event),
                        tg_query_told_text(answer.told));
    }
}

static void run_data(const char *name, struct tg_query *query, struct tg_json list,
                     const char *told)
{
    for (struct tg_json data = tg_json_first(list); data.token != NULL;
         data = tg_json_next(data)) {
        struct tg_buf event = {0};
        tg_buf_printf(&event, "{\"time\":\"2026-11-23T02:16:34Z\",\"data\":%.*s}",
                      TG_FMT(tg_json_raw(data)));
        expect_told(name, query, tg_buf_slice(&event), tg_slice_of(told));
        tg_buf_finish(&event);
    }
}

static void run_steps(const char *name, struct tg_query *query, struct tg_json steps)
{
    for (struct tg_json step = tg_json_first(steps); step.token != NULL;
         step = tg_json_next(step)) {
        struct tg_slice told = text_of(tg_json_get(step, "told"), "op");
        expect_told(name, query, tg_json_raw(tg_json_get(step, "event")),
                    told.size == 0 ? TG_LIT("nothing") : told);
    }
}

static void run_match(const char *name, struct tg_json vector)
{
    struct tg_query_schema *schema = schema_of(vector);
    struct tg_query *query = NULL;
    struct tg_refusal refusal;
    assert_non_null(schema);
    struct tg_query_text text = {
        .schema = tg_query_schema_get(schema),
        .where = text_of(vector, "where"),
        .access = tg_query_schema_rule(schema),
        .claims = tg_json_raw(tg_json_get(vector, "claims")),
    };
    cases++;
    if (tg_query_compile(&text, &query, &refusal) != TG_OK) {
        not_as_expected(name, "%s", refusal.message);
    } else {
        run_data(name, query, tg_json_get(vector, "matches"), "event");
        run_data(name, query, tg_json_get(vector, "others"), "nothing");
        run_steps(name, query, tg_json_get(vector, "steps"));
    }
    tg_query_destroy(query);
    tg_query_schema_destroy(schema);
}

/* --- reject/client --------------------------------------------------------------- */

static bool suggests(const struct tg_refusal *refusal, struct tg_json nearest)
{
    uint32_t at = 0;
    for (struct tg_json name = tg_json_first(nearest); name.token != NULL;
         name = tg_json_next(name), at++) {
        struct tg_slice text;
        if (at >= refusal->nearest_count || !tg_json_string(name, NULL, &text) ||
            !tg_slice_is(text, refusal->nearest[at])) {
            return false;
        }
    }
    return at == refusal->nearest_count;
}

static void expect_refusal(const char *name, const struct tg_refusal *refusal,
                           struct tg_json expect)
{
    struct tg_slice code = text_of(expect, "code");
    struct tg_json line = tg_json_get(expect, "line");
    struct tg_json column = tg_json_get(expect, "column");
    bool right = tg_slice_is(code, tg_code_text(refusal->code)) &&
                 (line.token == NULL || tg_test_vectors_has(line, refusal->line)) &&
                 (column.token == NULL || tg_test_vectors_has(column, refusal->column)) &&
                 suggests(refusal, tg_json_get(expect, "nearest"));
    provoked[refusal->code] = true;
    if (!right) {
        not_as_expected(name, "%s %u:%u %s [%s %s %s]", tg_code_text(refusal->code),
                        refusal->line, refusal->column, refusal->message,
                        refusal->nearest_count > 0 ? refusal->nearest[0] : "",
                        refusal->nearest_count > 1 ? refusal->nearest[1] : "",
                        refusal->nearest_count > 2 ? refusal->nearest[2] : "");
    }
}

static void run_reject(const char *name, struct tg_json vector)
{
    struct tg_json send = tg_json_get(vector, "send");
    struct tg_json expect = tg_json_get(vector, "expect");
    struct tg_slice code = text_of(expect, "code");
    bool is_query = code.size > 6 && memcmp(code.data, "query_", 6) == 0;
    if (!is_query || tg_json_kind(tg_json_get(send, "where")) != TG_JSON_STRING) {
        return;
    }
    struct tg_query_schema *schema = schema_of(send);
    struct tg_query *query = NULL;
    struct tg_refusal refusal;
    assert_non_null(schema);
    struct tg_query_text text = {
        .schema = tg_query_schema_get(schema),
        .where = text_of(send, "where"),
        .access = tg_query_schema_rule(schema),
    };
    cases++;
    if (tg_query_compile(&text, &query, &refusal) == TG_OK) {
        not_as_expected(name, "it is accepted");
    } else {
        expect_refusal(name, &refusal, expect);
    }
    tg_query_destroy(query);
    tg_query_schema_destroy(schema);
}

/* --- All ------------------------------------------------------------------------- */

static size_t walk(const char *folder, tg_test_vector *run)
{
    char path[4096];
    size_t before = cases;
    snprintf(path, sizeof path, "%s/%s", vectors, folder);
    tg_test_vectors_walk(path, run);
    return cases - before;
}

static void queries_mean_what_the_vectors_say(void **state)
{
    (void)state;
    size_t count = walk("match", run_match);
    print_message("%zu cases\n", count);
    assert_true(count > 100);
    assert_int_equal(failures, 0);
}

static void queries_are_refused_as_the_vectors_say(void **state)
{
    (void)state;
    size_t count = walk("reject/client", run_reject);
    print_message("%zu cases\n", count);
    assert_true(count > 80);
    assert_int_equal(failures, 0);
    assert_true(provoked[TG_CODE_QUERY_SYNTAX] && provoked[TG_CODE_QUERY_FIELD] &&
                provoked[TG_CODE_QUERY_TYPE] && provoked[TG_CODE_QUERY_UNSUPPORTED] &&
                provoked[TG_CODE_QUERY_LIMIT]);
}

static int finish(void **state)
{
    (void)state;
    tg_buf_finish(&catalogue);
    tg_buf_finish(&scratch);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_mean_what_the_vectors_say),
        cmocka_unit_test(queries_are_refused_as_the_vectors_say),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s VECTORS\n", argv[0]);
        return 2;
    }
    vectors = argv[1];
    read_catalogue();
    return cmocka_run_group_tests_name("query/vectors", tests, NULL, finish);
}
