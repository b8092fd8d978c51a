/* CEL's own conformance suite (google/cel-spec), case by case.
 *
 *     query_conformance_test CASES OUT_OF_PROFILE
 *
 * CASES is what js/scripts/cel-cases.mjs writes. OUT_OF_PROFILE names what this
 * evaluator does not claim, by case or by section, each with its reason; such cases are
 * run too, and those that would pass are told. Nothing is left out silently. */
#include "engine/cel/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "testing/cmocka.h"

#include "engine/cel/values.h"

enum { OUT_MAX = 200, CASES_MAX = 5000, MADE_MAX = 256 };

struct out {
    struct tg_slice name;
    size_t cases; /* That it covers. */
};

static struct tg_json_doc doc;
static struct out outs[OUT_MAX];
static size_t outs_count;
static struct tg_ast ast;
static struct tg_space space;
static struct tg_buf text;

static struct tg_buf read_file(const char *path, const char *advice)
{
    struct tg_buf buf = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "conformance: there is no %s: %s\n", path, advice);
        exit(1);
    }
    uint8_t part[4096];
    for (size_t size; (size = fread(part, 1, sizeof part, file)) > 0;) {
        tg_buf_add(&buf, part, size);
    }
    fclose(file);
    return buf;
}

/* A string of the suite, kept until the end of the case. */
static struct tg_slice string_of(struct tg_json json)
{
    static struct tg_buf scratch;
    struct tg_slice string = {0};
    if (!tg_json_string(json, &scratch, &string)) {
        return string;
    }
    return string;
}

static bool is(struct tg_json value, const char *member)
{
    return tg_json_kind(tg_json_get(value, member)) != TG_JSON_NONE;
}

static struct tg_slice text_of(struct tg_json value, const char *member)
{
    return string_of(tg_json_get(value, member));
}

/* --- values of the suite --------------------------------------------------------- */

static void *made[MADE_MAX];
static size_t made_count;

static void *make(size_t size)
{
    assert_true(made_count < MADE_MAX);
    made[made_count] = calloc(1, size);
    assert_non_null(made[made_count]);
    return made[made_count++];
}

static struct tg_slice kept(struct tg_slice slice)
{
    uint8_t *copy = make(slice.size + 1);
    if (slice.size > 0) {
        memcpy(copy, slice.data, slice.size);
    }
    return tg_slice(copy, slice.size);
}

static int base64_digit(uint8_t byte)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = byte == 0 ? NULL : strchr(digits, byte);
    return at == NULL ? -1 : (int)(at - digits);
}

static struct tg_slice bytes_of(struct tg_slice base64)
{
    uint8_t *bytes = make(base64.size + 1);
    size_t size = 0;
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < base64.size && base64_digit(base64.data[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(base64.data[i]);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[size++] = (uint8_t)(bits >> count);
        }
    }
    return tg_slice(bytes, size);
}

static double double_of(struct tg_json json)
{
    double real = NAN;
    struct tg_slice word = {0};
    if (tg_json_double(json, &real)) {
        return real;
    }
    word = string_of(json);
    return tg_slice_is(word, "Infinity")    ? (double)INFINITY
           : tg_slice_is(word, "-Infinity") ? -(double)INFINITY
                                            : (double)NAN;
}

static struct tg_value message_of(struct tg_json message)
{
    struct tg_slice type = text_of(message, "@type");
    struct tg_value value = tg_value_error("a message");
    struct tg_timestamp timestamp;
    struct tg_duration duration;
    if (tg_slice_is(type, "type.googleapis.com/google.protobuf.Timestamp")) {
        assert_true(tg_timestamp_read(text_of(message, "value"), &timestamp));
        value = tg_value_timestamp(timestamp);
    } else if (tg_slice_is(type, "type.googleapis.com/google.protobuf.Duration")) {
        assert_true(tg_duration_read(text_of(message, "value"), &duration));
        value = tg_value_duration(duration);
    }
    return value;
}

static struct tg_value value_of(struct tg_json json);

static struct tg_value list_of(struct tg_json items)
{
    uint32_t count = tg_json_size(items);
    struct tg_value_list *list = make(sizeof *list + count * sizeof(struct tg_value));
    for (struct tg_json i = tg_json_first(items); tg_json_kind(i) != TG_JSON_NONE;
         i = tg_json_next(i)) {
        list->items[list->count++] = value_of(i);
    }
    return (struct tg_value){.kind = TG_VALUE_LIST, .list = list};
}

static struct tg_value map_of(struct tg_json entries)
{
    uint32_t count = tg_json_size(entries);
    struct tg_value_map *map = make(sizeof *map + count * 2 * sizeof(struct tg_value));
    for (struct tg_json i = tg_json_first(entries); tg_json_kind(i) != TG_JSON_NONE;
         i = tg_json_next(i)) {
        map->entries[map->count * 2] = value_of(tg_json_get(i, "key"));
        map->entries[map->count * 2 + 1] = value_of(tg_json_get(i, "value"));
        map->count++;
    }
    return (struct tg_value){.kind = TG_VALUE_MAP, .map = map};
}

/* The suite writes a value as an object of one member, which names its kind. */
static struct tg_value value_of(struct tg_json json)
{
    struct tg_value value = tg_value_error("a value that is not known");
    struct tg_json inner = tg_json_first(json);
    char digits[32] = "";
    if (is(json, "nullValue")) {
        return tg_value_null();
    }
    if (is(json, "boolValue")) {
        value = tg_value_bool(false);
        tg_json_bool(inner, &value.boolean);
    } else if (is(json, "int64Value") || is(json, "uint64Value")) {
        struct tg_slice number = string_of(inner);
        memcpy(digits, number.data, number.size < 31 ? number.size : 31);
        value = is(json, "int64Value") ? tg_value_int(strtoll(digits, NULL, 10))
                                       : tg_value_uint(strtoull(digits, NULL, 10));
    } else if (is(json, "doubleValue")) {
        value = tg_value_double(double_of(inner));
    } else if (is(json, "stringValue")) {
        value = tg_value_string(kept(string_of(inner)));
    } else if (is(json, "bytesValue")) {
        value = tg_value_text(TG_VALUE_BYTES, bytes_of(string_of(inner)));
    } else if (is(json, "typeValue")) {
        value = tg_value_text(TG_VALUE_TYPE, kept(string_of(inner)));
    } else if (is(json, "listValue")) {
        value = list_of(tg_json_get(inner, "values"));
    } else if (is(json, "mapValue")) {
        value = map_of(tg_json_get(inner, "entries"));
    } else if (is(json, "objectValue")) {
        value = message_of(inner);
    }
    return value;
}

static bool same(struct tg_value expected, struct tg_value actual);

static bool same_list(struct tg_value expected, struct tg_value actual)
{
    struct tg_iter left = tg_iter_on(expected);
    struct tg_iter right = tg_iter_on(actual);
    struct tg_value a;
    struct tg_value b;
    struct tg_value unused;
    while (tg_iter_next(&left, &space, &a, &unused)) {
        if (!tg_iter_next(&right, &space, &b, &unused) || !same(a, b)) {
            return false;
        }
    }
    return !tg_iter_next(&right, &space, &b, &unused);
}

static bool same_map(struct tg_value expected, struct tg_value actual)
{
    struct tg_iter left = tg_iter_on(expected);
    struct tg_value key;
    struct tg_value value;
    while (tg_iter_next(&left, &space, &key, &value)) {
        struct tg_iter right = tg_iter_on(actual);
        struct tg_value other_key;
        struct tg_value other;
        bool found = false;
        while (!found && tg_iter_next(&right, &space, &other_key, &other)) {
            found = same(key, other_key) && same(value, other);
        }
        if (!found) {
            return false;
        }
    }
    return tg_value_count(expected) == tg_value_count(actual);
}

/* The same value of the same kind; NaN is NaN. */
static bool same(struct tg_value expected, struct tg_value actual)
{
    if (expected.kind == TG_VALUE_ERROR || expected.kind != actual.kind) {
        return false;
    }
    if (expected.kind == TG_VALUE_LIST) {
        return same_list(expected, actual);
    }
    if (expected.kind == TG_VALUE_MAP) {
        return same_map(expected, actual);
    }
    if (expected.kind == TG_VALUE_DOUBLE && isnan(expected.real)) {
        return isnan(actual.real);
    }
    return tg_value_equal(expected, actual) == 1;
}

/* --- one case -------------------------------------------------------------------- */

struct names {
    struct tg_json test;
};

/* Variables: the bindings, then what is only declared. */
static int32_t find(void *context, struct tg_slice name)
{
    const struct names *names = context;
    int32_t number = 0;
    struct tg_json i = tg_json_first(tg_json_get(names->test, "bindings"));
    for (; tg_json_kind(i) != TG_JSON_NONE; i = tg_json_next(i), number++) {
        if (tg_json_name_is(i, name)) {
            return number;
        }
    }
    i = tg_json_first(tg_json_get(names->test, "typeEnv"));
    for (; tg_json_kind(i) != TG_JSON_NONE; i = tg_json_next(i), number++) {
        if (is(i, "ident") && tg_slice_equal(text_of(i, "name"), name)) {
            return number;
        }
    }
    return -1;
}

static struct tg_value load(void *context, int32_t variable, struct tg_space *unused)
{
    const struct names *names = context;
    (void)unused;
    struct tg_json i = tg_json_first(tg_json_get(names->test, "bindings"));
    for (; tg_json_kind(i) != TG_JSON_NONE && variable > 0; variable--) {
        i = tg_json_next(i);
    }
    return tg_json_kind(i) == TG_JSON_NONE ? tg_value_error("no such attribute")
                                           : value_of(tg_json_get(i, "value"));
}

/* What comes out; an error of any kind is a value too. */
static struct tg_value evaluate(struct tg_json test, struct tg_program **program)
{
    static struct tg_refusal refusal;
    struct names names = {test};
    bool late = false;
    tg_json_bool(tg_json_get(test, "disableCheck"), &late);
    struct tg_slice source = kept(text_of(test, "expr"));
    struct tg_scope scope = {.find = find,
                             .context = &names,
                             .container = kept(text_of(test, "container")),
                             .late = late};
    struct tg_variables variables = {load, &names};
    if (tg_parse(&ast, source, &tg_query_limits_wide, &refusal) != TG_OK ||
        tg_program_compile(&ast, ast.count - 1, &scope, program, &refusal) != TG_OK) {
        return tg_value_error(refusal.message);
    }
    return tg_program_run(*program, &variables, &space, TG_STEPS_MAX);
}

/* Is it as the suite wants it? `text` says what came out. */
static bool run_case(struct tg_json test)
{
    struct tg_program *program = NULL;
    struct tg_value actual = evaluate(test, &program);
    struct tg_json wanted = tg_json_get(test, "value");
    if (is(test, "typedResult")) {
        wanted = tg_json_get(tg_json_get(test, "typedResult"), "result");
    }
    bool good;
    if (is(test, "evalError")) {
        good = actual.kind == TG_VALUE_ERROR;
    } else if (tg_json_kind(wanted) == TG_JSON_NONE) {
        good = !is(test, "typedResult") && actual.kind == TG_VALUE_BOOL && actual.boolean;
    } else {
        good = same(value_of(wanted), actual);
    }
    tg_buf_clear(&text);
    tg_value_write(actual, &text);
    tg_buf_add_byte(&text, '\0');
    free(program);
    while (made_count > 0) {
        free(made[--made_count]);
    }
    return good;
}

static void conforms(void **state)
{
    const struct tg_json *test = *state;
    if (!run_case(*test)) {
        struct tg_json wanted =
            tg_json_get(*test, is(*test, "value") ? "value" : "evalError");
        struct tg_slice source = tg_json_raw(tg_json_get(*test, "expr"));
        fail_msg("%.*s gives %s, not %.*s", TG_FMT(source), (const char *)text.data,
                 TG_FMT(tg_json_raw(wanted)));
    }
}

/* --- the suite ------------------------------------------------------------------- */

/* Lines `name: reason`; # begins a comment. */
static void read_outs(struct tg_slice lines)
{
    const uint8_t *at = lines.data;
    const uint8_t *end = lines.data + lines.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        const uint8_t *colon = memchr(at, ':', (size_t)(stop - at));
        if (at < stop && *at != '#') {
            if (colon == NULL || stop - colon < 4 || outs_count == OUT_MAX) {
                fprintf(stderr, "conformance: no reason: %.*s\n", (int)(stop - at), at);
                exit(1);
            }
            outs[outs_count++].name = tg_slice(at, (size_t)(colon - at));
        }
        at = stop + 1;
    }
}

/* The line that has the case, or the section that it is in, out of the profile. */
static struct out *out_of(struct tg_slice name)
{
    for (size_t i = 0; i < outs_count; i++) {
        struct tg_slice out = outs[i].name;
        if (name.size >= out.size && memcmp(name.data, out.data, out.size) == 0 &&
            (name.size == out.size || name.data[out.size] == '/')) {
            return &outs[i];
        }
    }
    return NULL;
}

static void every_name_out_of_profile_is_one_of_the_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < outs_count; i++) {
        if (outs[i].cases == 0) {
            fail_msg("%.*s is in no case's name", TG_FMT(outs[i].name));
        }
    }
}

static void the_suite_is_whole(void **state)
{
    (void)state;
    assert_true(tg_json_size(tg_json_root(&doc)) > 2000);
}

static struct CMUnitTest tests[CASES_MAX];
static size_t tests_count;
static size_t out_count;
static size_t would_pass_count;

static void sort_case(struct tg_json *test)
{
    struct tg_slice name = text_of(*test, "name");
    struct out *out = out_of(name);
    if (out == NULL) {
        char *copy = calloc(1, name.size + 1);
        memcpy(copy, name.data, name.size);
        for (char *c = copy; *c != '\0'; c++) {
            *c = *c <= ' ' || *c == ':' ? '_' : *c;
        }
        tests[tests_count++] = (struct CMUnitTest){
            .name = copy, .test_func = conforms, .initial_state = test};
        return;
    }
    out->cases++;
    out_count++;
    if (run_case(*test)) {
        would_pass_count++;
        printf("out of profile, and would pass: %.*s\n", TG_FMT(name));
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "conformance: give me the cases and what is out of profile\n");
        return 1;
    }
    struct tg_buf cases = read_file(argv[1], "`make cel-cases` writes it");
    struct tg_buf lines = read_file(argv[2], "it is beside this test");
    struct tg_json_limits limits = {.depth_max = 100, .values_max = 1000000};
    struct tg_json_error error;
    if (tg_json_parse(&doc, tg_buf_slice(&cases), &limits, &error) != TG_OK) {
        fprintf(stderr, "conformance: %s: %s\n", argv[1], error.message);
        return 1;
    }
    read_outs(tg_buf_slice(&lines));
    struct tg_json *each = calloc(tg_json_size(tg_json_root(&doc)), sizeof *each);
    struct tg_json test = tg_json_first(tg_json_root(&doc));
    for (size_t i = 0; tg_json_kind(test) != TG_JSON_NONE; test = tg_json_next(test)) {
        each[i] = test;
        sort_case(&each[i++]);
    }
    tests[tests_count++] = (struct CMUnitTest)cmocka_unit_test(
        every_name_out_of_profile_is_one_of_the_suite);
    tests[tests_count++] = (struct CMUnitTest)cmocka_unit_test(the_suite_is_whole);
    int failed = _cmocka_run_group_tests("conformance", tests, tests_count, NULL, NULL);
    printf("conformance: %zu cases: %zu of profile C, %d failed; %zu out of profile, of "
           "which %zu would pass\n",
           (size_t)tg_json_size(tg_json_root(&doc)), tests_count - 2, failed, out_count,
           would_pass_count);
    for (size_t i = 0; i + 2 < tests_count; i++) {
        free((void *)(uintptr_t)tests[i].name);
    }
    free(each);
    tg_json_finish(&doc);
    tg_buf_finish(&cases);
    tg_buf_finish(&lines);
    tg_buf_finish(&text);
    tg_space_finish(&space);
    tg_ast_finish(&ast);
    return failed;
}
