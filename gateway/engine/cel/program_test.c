#include "engine/cel/program.h"

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing/heap.h"

/* The variables of these tests; what has no value here is there in name alone. */
static struct tg_json_doc doc;

static const struct {
    const char *name;
    const char *json; /* NULL: not there. */
} variables[] = {
    {"x", "1"},
    {"big", "9007199254740993"},
    {"name", "'Zoë\\u0021'"},
    {"nothing", "null"},
    {"data", "{'total': 12, 'tags': ['a', 'b\\n'], 'deep': {'a': {'b': [1, 2.5]}}, "
             "'a\\u0062c': true}"},
    {"a.b", "{'c': 'by a.b'}"},
    {"box.inner.y", "'by container'"},
    {"old.total", NULL},
    {"auth.user", "7"},
    /* From here on: made by `load`. */
    {"price", NULL},
    {"day", NULL},
    {"at", NULL},
    {"ready", NULL},
};
enum {
    VARIABLES_COUNT = sizeof variables / sizeof *variables,
    PRICE = 9,
    DAY,
    AT,
    READY
};

static int32_t find(void *context, struct tg_slice name)
{
    (void)context;
    for (int32_t i = 0; i < VARIABLES_COUNT; i++) {
        if (tg_slice_is(name, variables[i].name)) {
            return i;
        }
    }
    return -1;
}

static struct tg_space space;
static int loads;

static struct tg_value load(void *context, int32_t variable, struct tg_space *into)
{
    const struct tg_json_doc *values = context;
    loads++;
    switch (variable) {
    case PRICE:
        return tg_value_text(TG_VALUE_DECIMAL, TG_LIT("99.95"));
    case DAY:
        return tg_value_date(20780);
    case AT:
        return tg_value_timestamp((struct tg_timestamp){951825600, 500000000});
    case READY:
        return tg_value_bool(true);
    default:
        return tg_value_of_json(
            tg_json_get(tg_json_root(values), variables[variable].name), into);
    }
}

static bool known(void *context, int32_t variable, struct tg_value *value)
{
    (void)context;
    struct tg_slice name = tg_slice_of(variables[variable].name);
    if (tg_slice_is(name, "data")) {
        *value = tg_value_of_json(tg_json_get(tg_json_root(&doc), "data"), &space);
        return true;
    }
    if (tg_slice_is(name, "old.total")) {
        *value = tg_value_error("no such claim");
        return true;
    }
    *value = tg_value_int(7);
    return tg_slice_is(name, "auth.user");
}

static struct tg_scope scope = {.find = find};
static const struct tg_variables of_doc = {load, &doc};

static struct tg_ast ast;
static struct tg_refusal refusal;
static struct tg_buf shown;

static int read_variables(void **state)
{
    static struct tg_buf json;
    (void)state;
    tg_buf_add_byte(&json, '{');
    for (int i = 0; i < VARIABLES_COUNT; i++) {
        if (variables[i].json != NULL) {
            tg_buf_printf(&json, "%s\"%s\":", i == 0 ? "" : ",", variables[i].name);
            for (const char *c = variables[i].json; *c != '\0'; c++) {
                tg_buf_add_byte(&json, *c == '\'' ? '"' : (uint8_t)*c);
            }
        }
    }
    tg_buf_add_byte(&json, '}');
    return tg_json_parse(&doc, tg_buf_slice(&json), NULL, NULL) == TG_OK ? 0 : -1;
}

static enum tg_err compile(const char *source, struct tg_program **program)
{
    enum tg_err err =
        tg_parse(&ast, tg_slice_of(source), &tg_query_limits_wide, &refusal);
    return err != TG_OK
               ? err
               : tg_program_compile(&ast, ast.count - 1, &scope, program, &refusal);
}

static struct tg_program *compiled(const char *source)
{
    struct tg_program *program = NULL;
    if (compile(source, &program) != TG_OK) {
        fail_msg("%s: %s", source, refusal.message);
    }
    return program;
}

static const char *show(struct tg_value value)
{
    tg_buf_clear(&shown);
    tg_value_write(value, &shown);
    tg_buf_add_byte(&shown, '\0');
    return (const char *)shown.data;
}

static void check_all(const char *const (*cases)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tg_program *program = compiled(cases[i][0]);
        struct tg_value value = tg_program_run(program, &of_doc, &space, TG_STEPS_MAX);
        if (strcmp(show(value), cases[i][1]) != 0) {
            fail_msg("%s gives %s, not %s", cases[i][0], show(value), cases[i][1]);
        }
        tg_free(program);
    }
}

#define CHECK_ALL(...)                                        \
    do {                                                      \
        static const char *const cases_[][2] = {__VA_ARGS__}; \
        check_all(cases_, sizeof cases_ / sizeof *cases_);    \
    } while (0)

static void variables_are_loaded_and_looked_into(void **state)
{
    (void)state;
    CHECK_ALL({"x", "1"}, {"data.total + x", "13"}, {"data['total']", "12"},
              {"data.tags", "[\"a\", \"b\\n\"]"}, {"data.tags[1]", "\"b\\n\""},
              {"data.deep.a.b[1]", "2.5"}, {"data.abc", "true"}, {"name", "\"Zoë!\""},
              {"nothing == null", "true"}, {"data.missing", "error: no such key"},
              {"x.y", "error: no such overload"},
              {"old.total", "error: no such attribute"}, {"'b\\n' in data.tags", "true"},
              {"'abc' in data", "true"}, {"size(data)", "4"}, {"data == data", "true"},
              {"data.deep == {'a': {'b': [1u, 2.5]}}", "true"},
              {"data.tags + ['c']", "[\"a\", \"b\\n\", \"c\"]"});
}

static void has_asks_whether_something_is_there(void **state)
{
    (void)state;
    CHECK_ALL({"has(data.total)", "true"}, {"has(data.missing)", "false"},
              {"has(old.total)", "false"}, {"has(auth.user)", "true"},
              {"has(data.deep.a)", "true"}, {"has(data.missing.a)", "error: no such key"},
              {"has(x.y)", "error: no such overload"},
              {"[{'a': 1}].all(data, has(data.a))", "true"});
}

static void names_are_resolved_as_cel_has_it(void **state)
{
    (void)state;
    scope.container = TG_LIT("box.inner");
    CHECK_ALL({"y", "\"by container\""}, {"inner.y", "\"by container\""},
              {"box.inner.y", "\"by container\""}, {".box.inner.y", "\"by container\""},
              {"x", "1"}, {"a.b.c", "\"by a.b\""}, {"[5].map(x, x + 1)", "[6]"},
              {"[5].map(x, .x + 1)", "[2]"}, {"[5].map(x, [6].map(y, x + y))", "[[11]]"},
              {"[{'b': 5}].map(a, a.b)", "[5]"}, {"int", "int"},
              {"type(1) == int", "true"},
              {"google.protobuf.Timestamp == type(at)", "true"},
              {"type(price)", "decimal"}, {"type(day) == date", "true"});
    scope.container = TG_LIT("");
}

static void unknown_names_are_refused_or_late_errors(void **state)
{
    (void)state;
    struct tg_program *program = NULL;
    static const char *const bad[][2] = {
        {"x == 1 && nobody.knows", "query_field 1:11"},
        {"x ==\n  nobody", "query_field 2:3"},
        {"sise(name)", "query_unsupported 1:1"},
        {"name.size(1)", "query_unsupported 1:6"},
        {"contains(name, 'a')", "query_unsupported 1:1"},
        {"x < 1 || Order{total: 1} == null", "query_unsupported 1:10"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char place[64];
        assert_int_equal(compile(bad[i][0], &program), TG_EINVAL);
        snprintf(place, sizeof place, "%s %u:%u", tg_code_text(refusal.code),
                 refusal.line, refusal.column);
        assert_string_equal(place, bad[i][1]);
    }
    scope.late = true;
    CHECK_ALL({"nobody || true", "true"}, {"nobody.knows && false", "false"},
              {"nobody", "error: undeclared reference"}, {"f(nobody) || true", "true"},
              {"f(1)", "error: unknown function"},
              {"name.sise()", "error: unknown function"},
              {"Order{total: 1} == null || true", "true"});
    scope.late = false;
}

/* langdef.md, "Logical Operators", for all pairs of true, false, an error, no bool. */
static void logic_absorbs_errors_from_both_sides(void **state)
{
    (void)state;
    static const char *const operands[] = {"true", "false", "1/0 > 0", "'a'", "ready"};
    enum { T, F, E };
    static const int truths[] = {T, F, E, E, T};
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            int a = truths[i];
            int b = truths[j];
            char source[64];
            snprintf(source, sizeof source, "%s && %s", operands[i], operands[j]);
            struct tg_program *program = compiled(source);
            struct tg_value v = tg_program_run(program, &of_doc, &space, TG_STEPS_MAX);
            int result = v.kind == TG_VALUE_ERROR ? E : v.boolean ? T : F;
            assert_int_equal(result, a == F || b == F ? F : a == E || b == E ? E : T);
            tg_free(program);
            snprintf(source, sizeof source, "%s || %s", operands[i], operands[j]);
            program = compiled(source);
            v = tg_program_run(program, &of_doc, &space, TG_STEPS_MAX);
            result = v.kind == TG_VALUE_ERROR ? E : v.boolean ? T : F;
            assert_int_equal(result, a == T || b == T ? T : a == E || b == E ? E : F);
            tg_free(program);
        }
    }
    CHECK_ALL({"1/0 > 0 && 'a' && false", "false"}, {"1/0 > 0 || 'a' || true", "true"},
              {"1/0 > 0 && 'a'", "error: division by zero"},
              {"'a' && 1/0 > 0", "error: no such overload"},
              {"(1/0 > 0 ? 1 : 2) == 1 || true", "true"}, {"ready ? 1 : 1/0", "1"},
              {"!ready ? 1/0 : 2", "2"}, {"1 ? 1 : 2", "error: no such overload"},
              {"[1, 0].exists(i, 1/i == 1)", "true"},
              {"[0, 1].exists(i, 1/i == 1)", "true"},
              {"[0, 1].all(i, 1/i == 2)", "false"},
              {"[0, 1].all(i, 1/i == 1)", "error: division by zero"},
              {"[0].map(i, 1/i)", "error: division by zero"},
              {"[1, 2, 3].map(i, i != 2, i * 2)", "[2, 6]"},
              {"1.all(i, true)", "error: no such overload"});
}

static void numbers_lie_on_one_line_exactly(void **state)
{
    (void)state;
    CHECK_ALL({"9007199254740993 == 9007199254740992.0", "false"},
              {"9007199254740993 > 9007199254740992.0", "true"},
              {"big > 9007199254740992.0", "true"}, {"big < 9007199254740994.0", "true"},
              {"9223372036854775807 < 9223372036854775808.0", "true"},
              {"-9223372036854775808 == -9223372036854775808.0", "true"},
              {"18446744073709551615u < 18446744073709551616.0", "true"},
              {"18446744073709551615u == 18446744073709551616.0", "false"},
              {"18446744073709551615u > -1", "true"}, {"0u == -0.0", "true"},
              {"1 < 1.5", "true"}, {"-1 > -1.5", "true"}, {"1u < 1.5", "true"},
              {"1 < 0.0/0.0", "false"}, {"1 >= 0.0/0.0", "false"},
              {"0.0/0.0 == 0.0/0.0", "false"}, {"0.0/0.0 != 0.0/0.0", "true"},
              {"price == 0.0/0.0", "false"}, {"price < 1.0/0.0", "true"},
              {"price > -1.0/0.0", "true"}, {"1 in [2.0, 1.0]", "true"},
              {"{1: 'a'}[1.0]", "\"a\""}, {"price > 99", "true"},
              {"price < 100u", "true"});
}

/* 99.95 as a double is 99.9500000000000028…; as a literal it is what it says. */
static void decimals_are_exact(void **state)
{
    (void)state;
    CHECK_ALL(
        {"price", "99.95"}, {"price == 99.95", "true"}, {"99.95 == price", "true"},
        {"price >= (99.95)", "true"}, {"price == 9995e-2", "true"},
        {"price < double('99.95')", "true"}, {"price == double('99.95')", "false"},
        {"price + 0.05", "100"}, {"price * 2", "199.9"}, {"price - 100", "-0.05"},
        {"100u - price", "0.05"}, {"-price", "-99.95"}, {"-(-price) == price", "true"},
        {"price * price", "9990.0025"}, {"price / 2", "error: no such overload"},
        {"price % 2", "error: no such overload"},
        {"price + double('1')", "error: no such overload"},
        {"price in [1.5, 99.95]", "true"}, {"99.95 in [price]", "true"},
        {"price == (ready ? 99.95 : 1.5)", "true"},
        {"price + (ready ? 0.05 : 1.5)", "100"}, {"dyn(99.95) == price", "true"},
        {"price + 1.5 * 2.0", "error: no such overload"},
        {"price * 1e38", "error: no such overload"},
        {"price * 100000000000000000000000000000000000000.0", "error: no such overload"},
        {"price * 10000000000000000000000000000000000000.0", "error: overflow"},
        {"string(price)", "\"99.95\""}, {"double(price)", "99.95"}, {"int(price)", "99"},
        {"uint(price)", "99u"}, {"int(-price)", "-99"},
        {"uint(-price)", "error: range error"}, {"price == - 99.95", "false"},
        {"-price == - 99.95", "true"}, {"-price < -99.94", "true"});
}

static void times_reach_from_year_1_to_9999(void **state)
{
    (void)state;
    CHECK_ALL({"timestamp('0001-01-01T00:00:00Z').getFullYear()", "1"},
              {"timestamp('0001-01-01T00:00:00Z').getFullYear('-00:01')", "0"},
              {"timestamp('0001-01-01T00:00:00Z').getDayOfYear('-00:01')", "365"},
              {"timestamp('9999-12-31T23:59:59Z').getFullYear('+00:01')", "10000"},
              {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: overflow"},
              {"timestamp('0001-01-01T00:00:00Z') - duration('1ns')", "error: overflow"},
              {"timestamp(-62135596800)", "timestamp(\"0001-01-01T00:00:00Z\")"},
              {"timestamp(-62135596801)", "error: range error"},
              {"timestamp(253402300799)", "timestamp(\"9999-12-31T23:59:59Z\")"},
              {"timestamp(253402300800)", "error: range error"},
              {"duration('315576000000s') + duration('1ns')", "error: overflow"},
              {"duration('1s') - duration('1.5s')", "duration(\"-0.5s\")"},
              {"duration('-0.5s') + duration('2s')", "duration(\"1.5s\")"},
              {"at", "timestamp(\"2000-02-29T12:00:00.5Z\")"}, {"at.getMonth()", "1"},
              {"at.getDate()", "29"}, {"at.getDayOfMonth()", "28"},
              {"at.getDayOfYear()", "59"}, {"at.getDayOfWeek()", "2"},
              {"at.getHours('-12:30')", "23"}, {"at.getMilliseconds()", "500"},
              {"at.getHours('Mars/Phobos')", "error: unknown time zone"},
              {"timestamp('1969-12-31T23:59:59Z').getDayOfWeek()", "3"},
              {"duration('3661.5s').getMinutes()", "61"},
              {"at.getHours(1)", "error: no such overload"},
              {"day", "date(\"2026-11-23\")"}, {"day == date('2026-11-23')", "true"},
              {"day < date('2026-11-24')", "true"}, {"day == at", "false"},
              {"day < at", "error: no such overload"}, {"string(day)", "\"2026-11-23\""},
              {"date('2026-02-30')", "error: no date in this string"});
}

static void doubles_are_written_as_short_as_they_are_read_again(void **state)
{
    (void)state;
    CHECK_ALL({"string(0.1)", "\"0.1\""}, {"string(1.0)", "\"1\""},
              {"string(1e21)", "\"1e+21\""},
              {"string(1e20)", "\"100000000000000000000\""},
              {"string(1e-6)", "\"0.000001\""}, {"string(1.5e-7)", "\"1.5e-7\""},
              {"string(-0.0)", "\"-0\""}, {"string(5e-324)", "\"5e-324\""},
              {"string(1.7976931348623157e308)", "\"1.7976931348623157e+308\""},
              {"string(123456.789)", "\"123456.789\""}, {"1.0", "1.0"},
              {"string(1.0/0.0)", "\"Infinity\""}, {"string(0.0/0.0)", "\"NaN\""},
              {"double(' 1')", "error: no double in this string"},
              {"double('0x10')", "error: no double in this string"},
              {"double('1e')", "error: no double in this string"},
              {"double('-Infinity') == -1.0/0.0", "true"},
              {"int('9223372036854775808')", "error: no int in this string"},
              {"int('-9223372036854775808')", "-9223372036854775808"});
}

static void what_is_known_is_folded_in(void **state)
{
    (void)state;
    scope.known = known;
    struct tg_program *program =
        compiled("timestamp('2026-11-23T00:00:00Z') + duration('1h') < at || "
                 "auth.user == 7");
    loads = 0;
    struct tg_value value = tg_program_run(program, &of_doc, &space, TG_STEPS_MAX);
    assert_string_equal(show(value), "true");
    assert_int_equal(loads, 1);
    assert_in_range(tg_program_cost(program), 1, 7);
    tg_free(program);
    loads = 0;
    CHECK_ALL({"data.total", "12"}, {"data.deep.a.b", "[1, 2.5]"},
              {"data.tags + data.tags == ['a', 'b\\n', 'a', 'b\\n']", "true"},
              {"has(data.abc) && has(auth.user)", "true"},
              {"old.total == 1 || true", "true"},
              {"old.total", "error: no such attribute"}, {"has(old.total)", "false"});
    assert_int_equal(loads, 0);
    scope.known = NULL;
}

static void a_program_can_be_copied(void **state)
{
    (void)state;
    struct tg_program *program =
        compiled("name.contains('Zo') && data.tags == ['a', 'b\\n']");
    uint32_t size = tg_program_size(program);
    assert_int_equal(size % 8, 0);
    uint64_t *copy = malloc(size);
    memcpy(copy, program, size);
    memset(program, 0xff, size);
    tg_free(program);
    struct tg_value value = tg_program_run((const struct tg_program *)(const void *)copy,
                                           &of_doc, &space, TG_STEPS_MAX);
    assert_string_equal(show(value), "true");
    free(copy);
}

static void steps_are_counted_through_loops_and_texts(void **state)
{
    (void)state;
    struct tg_program *program =
        compiled("[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, "
                 "[1,2,3,4,5,6,7,8,9,0].all(c, a + b + c >= 0)))");
    struct tg_value value = tg_program_run(program, &of_doc, &space, TG_STEPS_MAX);
    assert_string_equal(show(value), "true");
    for (uint32_t steps = 0; steps < 1000; steps += 7) {
        value = tg_program_run(program, &of_doc, &space, steps);
        assert_string_equal(show(value), "error: too many steps");
    }
    tg_free(program);
    program = compiled("x == 1 || true");
    assert_string_equal(show(tg_program_run(program, &of_doc, &space, 1)),
                        "error: too many steps");
    assert_string_equal(
        show(tg_program_run(program, &of_doc, &space, tg_program_cost(program))), "true");
    tg_free(program);
}

static void memory_is_bounded_and_kept(void **state)
{
    (void)state;
    static const char doubling[] =
        "[1,2,3,4,5,6,7,8].map(a, [1,2,3,4,5,6,7,8].map(b, [1,2,3,4,5,6,7,8].map(c, "
        "[1,2,3,4,5,6,7,8].map(d, [1,2,3,4,5,6,7,8].map(e, [name]))))).size()";
    struct tg_program *program = compiled(doubling);
    struct tg_space small = {.bytes_max = 64 * 1024};
    assert_string_equal(show(tg_program_run(program, &of_doc, &small, 10000000)),
                        "error: out of memory");
    tg_free(program);
    /* What it has taken once is enough from then on. */
    program = compiled("data.tags.map(t, t + name) == ['aZoë!', 'b\\nZoë!']");
    assert_string_equal(show(tg_program_run(program, &of_doc, &small, 1000)), "true");
    struct tg_test_heap heap;
    tg_test_heap_begin(&heap, 1);
    assert_string_equal(
        tg_program_run(program, &of_doc, &small, 1000).boolean ? "true" : "", "true");
    assert_int_equal(heap.calls, 0);
    tg_test_heap_end(&heap);
    tg_free(program);
    tg_space_finish(&small);
}

/* All that a run and a compilation may ask of the heap, refused in turn. */
static void every_failing_allocation_is_told(void **state)
{
    (void)state;
    static const char source[] =
        "data.tags.map(t, t + name)[0] + string(0.5) + 'x' == 'aZoë!0.5x' && "
        "[1, 2].filter(i, i > 1) == [2] && price * 2 == 199.9 && auth.user == 7 && "
        "timestamp('2026-11-23T00:00:00Z') > at && a.b.c != 'a' && has(data.total) && "
        "name.matches('Z(o|x){3}|Z')";
    scope.known = known;
    bool whole = false;
    for (size_t n = 1; !whole; n++) {
        struct tg_ast tree = {0};
        struct tg_space fresh = {0};
        struct tg_program *program = NULL;
        struct tg_test_heap heap;
        tg_test_heap_begin(&heap, n);
        enum tg_err err =
            tg_parse(&tree, tg_slice_of(source), &tg_query_limits_wide, &refusal);
        if (err == TG_OK) {
            err = tg_program_compile(&tree, tree.count - 1, &scope, &program, &refusal);
        }
        if (err == TG_OK) {
            struct tg_value value =
                tg_program_run(program, &of_doc, &fresh, TG_STEPS_MAX);
            bool is_true = value.kind == TG_VALUE_BOOL && value.boolean;
            assert_true(is_true || (value.kind == TG_VALUE_ERROR &&
                                    strcmp(value.error, "out of memory") == 0));
            whole = is_true && heap.calls < n;
        } else {
            assert_int_equal(err, TG_ENOMEM);
            assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
        }
        tg_free(program);
        tg_space_finish(&fresh);
        tg_ast_finish(&tree);
        assert_true(tg_test_heap_end(&heap));
        assert_true(n < 1000);
    }
    scope.known = NULL;
}

static void patterns_are_compiled_with_the_program(void **state)
{
    (void)state;
    CHECK_ALL({"name.matches('^Z.*!$')", "true"}, {"matches(name, 'x')", "false"},
              {"name.matches('a' + '|Zo')", "true"},
              {"'ab'.matches('b') && 1 == 1", "true"},
              {"x.matches('a')", "error: no such overload"},
              {"old.total.matches('a')", "error: no such attribute"},
              {"data.tags.exists(t, t.matches(r'^b\\s$'))", "true"},
              {"name.matches('')", "true"},
              {"name.matches('Z') ? 'b'.matches('b') : false", "true"});
    struct tg_program *program = NULL;
    assert_int_equal(compile("name.matches('(')", &program), TG_EINVAL);
    assert_int_equal(refusal.code, TG_CODE_QUERY_UNSUPPORTED);
    assert_int_equal(refusal.column, 14);
    assert_int_equal(compile("name.matches(name)", &program), TG_EINVAL);
    assert_non_null(strstr(refusal.message, "constant pattern"));
    scope.late = true;
    CHECK_ALL({"name.matches('(') || true", "true"},
              {"name.matches(name)", "error: a pattern must be a constant"},
              {"name.matches('a)')", "error: the pattern is no regular expression"});
    scope.late = false;
}

static void maps_have_keys_that_differ(void **state)
{
    (void)state;
    CHECK_ALL(
        {"{1: 'a', 1u: 'b'}", "error: a key appears twice"},
        {"{1.0: 'a'}", "error: unsupported key type"},
        {"{'a': 1/0}", "error: division by zero"}, {"{}", "{}"}, {"[]", "[]"},
        {"{'a': {'b': []}, true: [1, [2u]]}", "{\"a\": {\"b\": []}, true: [1, [2u]]}"},
        {"b'\\x00a'", "b\"\\x00\\x61\""}, {"[1, 2] == [1, 2.0]", "true"},
        {"{'a': 1} == {'a': 1, 'b': 2}", "false"}, {"{'a': 1} == {'b': 1}", "false"},
        {"[[[[0]]]] == [[[[0.0]]]]", "true"},
        {"[1/0] == [1]", "error: division by zero"});
}

/* `depth` lists in one another equal themselves, or are too deep to tell. */
static void check_deep(int depth, const char *expected)
{
    static struct tg_buf source;
    tg_buf_clear(&source);
    for (int side = 0; side < 2; side++) {
        tg_buf_add_text(&source, side == 0 ? "" : " == ");
        for (int i = 0; i < depth; i++) {
            tg_buf_add_byte(&source, '[');
        }
        for (int i = 0; i < depth; i++) {
            tg_buf_add_byte(&source, ']');
        }
    }
    tg_buf_add_byte(&source, '\0');
    struct tg_program *program = compiled((const char *)source.data);
    struct tg_value value = tg_program_run(program, &of_doc, &space, TG_STEPS_MAX);
    assert_string_equal(show(value), expected);
    tg_free(program);
    tg_buf_finish(&source);
}

static void equality_looks_64_deep(void **state)
{
    (void)state;
    check_deep(1, "true");
    check_deep(64, "true");
    check_deep(65, "error: too deep to compare");
    check_deep(200, "error: too deep to compare");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_loaded_and_looked_into),
        cmocka_unit_test(has_asks_whether_something_is_there),
        cmocka_unit_test(names_are_resolved_as_cel_has_it),
        cmocka_unit_test(unknown_names_are_refused_or_late_errors),
        cmocka_unit_test(logic_absorbs_errors_from_both_sides),
        cmocka_unit_test(numbers_lie_on_one_line_exactly),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(times_reach_from_year_1_to_9999),
        cmocka_unit_test(doubles_are_written_as_short_as_they_are_read_again),
        cmocka_unit_test(what_is_known_is_folded_in),
        cmocka_unit_test(a_program_can_be_copied),
        cmocka_unit_test(steps_are_counted_through_loops_and_texts),
        cmocka_unit_test(memory_is_bounded_and_kept),
        cmocka_unit_test(every_failing_allocation_is_told),
        cmocka_unit_test(patterns_are_compiled_with_the_program),
        cmocka_unit_test(maps_have_keys_that_differ),
        cmocka_unit_test(equality_looks_64_deep),
    };
    int failed = cmocka_run_group_tests_name("program", tests, read_variables, NULL);
    tg_ast_finish(&ast);
    tg_space_finish(&space);
    tg_json_finish(&doc);
    tg_buf_finish(&shown);
    return failed;
}
