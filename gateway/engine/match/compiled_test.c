/* The matcher with what people write: compiled text over events as they come, programs
 * included, held to tg_filter_is_true. */
#include "engine/match/match.h"

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "testing/random_queries.h"

enum { FILTERS = 1000, EVENTS = 600 };

/* ---- filters ---- */

struct owned {
    struct tg_filter *filter;
    char *text;
    uint8_t seen;
};

static struct tg_compiler *compiler;

static struct tg_json claims;

/* NULL: refused, which is another test's matter. */
static struct tg_filter *compile_random(char source[TEXT_MAX + 512])
{
    char rule[TEXT_MAX + 512];
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    struct tg_filter_request request = {
        .schema = &orders_schema,
        .claims = claims,
        .limits = &tg_query_limits_wide,
    };
    if (below(4) == 0) {
        struct tg_slice access = random_expression(true);
        snprintf(rule, sizeof rule, "%.*s", TG_FMT(access));
        request.access = tg_slice_of(rule);
    }
    struct tg_slice where = random_expression(false);
    snprintf(source, TEXT_MAX + 512, "%.*s", TG_FMT(where));
    request.where = tg_slice_of(source);
    return tg_filter_compile(compiler, &request, &filter, &refusal) == TG_OK ? filter
                                                                             : NULL;
}

static void enter_all(struct tg_matcher *matcher, struct owned *all)
{
    char source[TEXT_MAX + 512];
    for (uint32_t count = 0; count < FILTERS;) {
        struct tg_filter *filter = compile_random(source);
        if (filter == NULL || tg_matcher_find(matcher, filter) != NULL) {
            tg_free(filter);
            continue;
        }
        struct owned *owned = &all[count++];
        uint32_t entry;
        owned->filter = filter;
        owned->text = strdup(source);
        assert_int_equal(tg_matcher_add(matcher, filter, owned, &entry), TG_OK);
    }
}

/* What one filter says, by itself. */
static int plainly(const struct tg_filter *filter, const struct tg_rows *rows,
                   struct tg_space *space)
{
    bool after = rows->has_after &&
                 tg_filter_is_true(filter, &orders_schema, &rows->after, space);
    bool before = rows->has_before &&
                  tg_filter_is_true(filter, &orders_schema, &rows->before, space);
    if (filter->about_event) {
        after = rows->has_after ? after : before;
        before = false;
    }
    return before || after ? 4 | after << 1 | before : 0;
}

static size_t ask(struct tg_matcher *matcher, struct owned *all,
                  const struct tg_rows *rows)
{
    static struct tg_space space;
    size_t told = 0;
    for (int scan = 0; scan < 2; scan++) {
        const struct tg_match *matches;
        uint32_t count;
        assert_int_equal(
            (scan ? tg_matcher_scan : tg_matcher_match)(matcher, rows, &matches, &count),
            TG_OK);
        told += count;
        for (uint32_t i = 0; i < count; i++) {
            struct owned *owned = matches[i].owner;
            assert_int_equal(owned->seen, 0);
            owned->seen = (uint8_t)(4 | matches[i].after << 1 | matches[i].before);
        }
        for (uint32_t i = 0; i < FILTERS; i++) {
            int expected = plainly(all[i].filter, rows, &space);
            if (all[i].seen != expected) {
                fail_msg("%s: %s says %d, not %d", all[i].text,
                         scan ? "the scan" : "the index", all[i].seen, expected);
            }
            all[i].seen = 0;
        }
    }
    tg_space_finish(&space);
    space = (struct tg_space){0};
    return told;
}

static void compiled_queries_are_found_as_they_are_true(void **state)
{
    (void)state;
    const char *seed = getenv("TG_SEED");
    random_state = seed == NULL ? 20261123 : strtoull(seed, NULL, 10);
    print_message("seed %llu\n", (unsigned long long)random_state);
    struct tg_json_doc doc = {0};
    assert_int_equal(tg_json_parse(&doc, tg_slice_of(random_claims), NULL, NULL), TG_OK);
    claims = tg_json_root(&doc);
    compiler = tg_compiler_create();
    struct tg_matcher *matcher = tg_matcher_create(&orders_schema);
    struct owned *all = calloc(FILTERS, sizeof *all);
    enter_all(matcher, all);
    struct event event = {0};
    size_t told = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        make_event(&event);
        told += ask(matcher, all, &event.rows);
    }
    print_message("%u opaque, %zu told\n", tg_matcher_counts(matcher).opaque, told / 2);
    assert_true(told > FILTERS * 20);
    for (uint32_t i = 0; i < FILTERS; i++) {
        tg_free(all[i].filter);
        free(all[i].text);
    }
    free(all);
    finish_event(&event);
    tg_matcher_destroy(matcher);
    tg_compiler_destroy(compiler);
    tg_json_finish(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_queries_are_found_as_they_are_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
