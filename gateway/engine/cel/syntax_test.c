/* The cases of protocol/vectors/query that have a `source`: their normal text, or why
 * they are refused and where. */
#include <stdio.h>

#include "engine/cel/parse.h"
#include "testing/cmocka.h"
#include "testing/vectors.h"

static const char *vectors; /* The folder protocol/vectors. */
static size_t cases;
static size_t failures;
static bool provoked[TG_CODE_COUNT];

/* A text, or pieces that make one. */
static struct tg_slice text_of(struct tg_json value, struct tg_buf *scratch)
{
    struct tg_slice text;
    if (!tg_json_string(value, scratch, &text)) {
        tg_test_vectors_join(value, "text", scratch);
        text = tg_buf_slice(scratch);
    }
    return text;
}

/* The normal text of the normal text is the same. */
static void expect_same(const char *name, struct tg_slice text)
{
    struct tg_ast ast = {0};
    struct tg_buf again = {0};
    struct tg_refusal refusal;
    if (tg_parse(&ast, text, &tg_query_limits_default, &refusal) == TG_OK) {
        tg_ast_write(&ast, ast.count - 1, &again);
    }
    if (!tg_slice_equal(tg_buf_slice(&again), text)) {
        print_error("%s: again %.*s\n", name, TG_FMT(tg_buf_slice(&again)));
        failures++;
    }
    tg_buf_finish(&again);
    tg_ast_finish(&ast);
}

static void expect_text(const char *name, const struct tg_ast *ast, struct tg_json cel)
{
    struct tg_buf text = {0};
    struct tg_buf scratch = {0};
    struct tg_slice wanted = text_of(cel, &scratch);
    tg_ast_write(ast, ast->count - 1, &text);
    if (!tg_slice_equal(tg_buf_slice(&text), wanted)) {
        print_error("%s: %.*s\n", name, TG_FMT(tg_buf_slice(&text)));
        failures++;
    }
    expect_same(name, wanted);
    tg_buf_finish(&text);
    tg_buf_finish(&scratch);
}

static void expect_refusal(const char *name, const struct tg_refusal *refusal,
                           struct tg_json expect)
{
    struct tg_slice code;
    bool is_code = tg_json_string(tg_json_get(expect, "code"), NULL, &code) &&
                   tg_slice_is(code, tg_code_text(refusal->code));
    if (!is_code || !tg_test_vectors_has(tg_json_get(expect, "line"), refusal->line) ||
        !tg_test_vectors_has(tg_json_get(expect, "column"), refusal->column)) {
        print_error("%s: %s: %s\n", name, tg_code_text(refusal->code), refusal->message);
        failures++;
    }
    provoked[refusal->code] = true;
}

static void run_case(const char *name, struct tg_json vector)
{
    struct tg_json source = tg_json_get(vector, "source");
    struct tg_json cel = tg_json_get(vector, "cel");
    struct tg_buf scratch = {0};
    struct tg_ast ast = {0};
    struct tg_refusal refusal;
    if (tg_json_kind(source) == TG_JSON_NONE) {
        return; /* Of another language. */
    }
    cases++;
    enum tg_err err =
        tg_parse(&ast, text_of(source, &scratch), &tg_query_limits_default, &refusal);
    if ((err == TG_OK) != (tg_json_kind(cel) != TG_JSON_NONE)) {
        print_error("%s: %s\n", name, err == TG_OK ? "taken" : refusal.message);
        failures++;
    } else if (err == TG_OK) {
        expect_text(name, &ast, cel);
    } else {
        expect_refusal(name, &refusal, tg_json_get(vector, "expect"));
    }
    tg_ast_finish(&ast);
    tg_buf_finish(&scratch);
}

static void queries_have_one_text_or_one_place_that_is_wrong(void **state)
{
    (void)state;
    char path[1000];
    snprintf(path, sizeof path, "%s/query", vectors);
    tg_test_vectors_walk(path, run_case);
    assert_int_equal(failures, 0);
    assert_true(cases > 100);
    assert_true(provoked[TG_CODE_QUERY_SYNTAX] && provoked[TG_CODE_QUERY_LIMIT] &&
                provoked[TG_CODE_QUERY_UNSUPPORTED]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_have_one_text_or_one_place_that_is_wrong),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s VECTORS\n", argv[0]);
        return 2;
    }
    vectors = argv[1];
    return cmocka_run_group_tests_name("query/syntax", tests, NULL, NULL);
}
