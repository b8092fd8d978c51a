/* The matcher and the contiguous scan agree about queries as people write them: random
 * ones, compiled from text. TG_SEED chooses another beginning, TG_PAIRS how many pairs of
 * query and event are tried. */
#include "engine/match/match.h"

#include "testing/random_queries.h"

enum { FILTERS = 400, EVENTS_EACH = 100 };

struct owner {
    struct tg_filter *filter;
    uint32_t entry;
    bool before;
    bool after;
    char where[TEXT_MAX + 512];
};

static struct owner owners[FILTERS];
static struct tg_space space;

/* Filters in the matcher, none twice; how many. */
static uint32_t fill(struct tg_matcher *matcher, struct tg_compiler *compiler,
                     struct tg_json claims)
{
    uint32_t count = 0;
    while (count < FILTERS) {
        struct owner *owner = &owners[count];
        struct tg_refusal refusal;
        struct tg_slice where = random_expression(false);
        struct tg_filter_request request = {.schema = &orders_schema,
                                            .where = where,
                                            .claims = claims,
                                            .limits = &tg_query_limits_wide};
        if (tg_filter_compile(compiler, &request, &owner->filter, &refusal) != TG_OK) {
            continue;
        }
        if (tg_matcher_find(matcher, owner->filter) != NULL) {
            tg_free(owner->filter);
            continue;
        }
        snprintf(owner->where, sizeof owner->where, "%.*s", TG_FMT(where));
        assert_int_equal(tg_matcher_add(matcher, owner->filter, owner, &owner->entry),
                         TG_OK);
        count++;
    }
    return count;
}

/* What match.h says of a filter about the event, and of others. */
static void expect(const struct tg_rows *rows, const struct owner *owner,
                   const struct event *event)
{
    const struct tg_filter *filter = owner->filter;
    bool about = filter->about_event;
    const struct tg_row *row = rows->has_after ? &rows->after : &rows->before;
    bool after = (about || rows->has_after) &&
                 tg_filter_is_true(filter, &orders_schema, row, &space);
    bool before = !about && rows->has_before &&
                  tg_filter_is_true(filter, &orders_schema, &rows->before, &space);
    if (after != owner->after || before != owner->before) {
        fail_msg("%s\ndata: %.*s\nold: %.*s\nchanged: %.*s\nbefore %d, after %d; the "
                 "matcher says %d, %d",
                 owner->where, TG_FMT(tg_buf_slice(&event->data)),
                 TG_FMT(tg_buf_slice(&event->old)), TG_FMT(tg_buf_slice(&event->changed)),
                 before, after, owner->before, owner->after);
    }
}

/* An update whose rows are both false, or a filter that did not change: the matcher may
 * leave out what nobody has to be told, but never a match. */
static void try_event(struct tg_matcher *matcher, struct event *event)
{
    const struct tg_match *matches;
    uint32_t count;
    make_event(event);
    for (uint32_t i = 0; i < FILTERS; i++) {
        owners[i].before = false;
        owners[i].after = false;
    }
    assert_int_equal(tg_matcher_match(matcher, &event->rows, &matches, &count), TG_OK);
    for (uint32_t i = 0; i < count; i++) {
        struct owner *owner = matches[i].owner;
        assert_false(owner->before || owner->after);
        owner->before = matches[i].before;
        owner->after = matches[i].after;
    }
    for (uint32_t i = 0; i < FILTERS; i++) {
        expect(&event->rows, &owners[i], event);
    }
}

static void queries_match_what_they_are_true_of(void **state)
{
    (void)state;
    const char *seed = getenv("TG_SEED");
    const char *pairs = getenv("TG_PAIRS");
    uint64_t pairs_max = pairs == NULL ? 1000000 : strtoull(pairs, NULL, 10);
    random_state = seed == NULL ? 20261123 : strtoull(seed, NULL, 10);
    print_message("seed %llu\n", (unsigned long long)random_state);
    struct tg_json_doc doc = {0};
    struct event event = {.row = NULL};
    assert_int_equal(tg_json_parse(&doc, tg_slice_of(random_claims), NULL, NULL), TG_OK);
    struct tg_compiler *compiler = tg_compiler_create();
    assert_non_null(compiler);
    for (uint64_t n = 0; n < pairs_max; n += FILTERS * EVENTS_EACH) {
        struct tg_matcher *matcher = tg_matcher_create(&orders_schema);
        assert_non_null(matcher);
        fill(matcher, compiler, tg_json_root(&doc));
        for (int i = 0; i < EVENTS_EACH; i++) {
            try_event(matcher, &event);
        }
        for (uint32_t i = 0; i < FILTERS; i++) {
            tg_matcher_remove(matcher, owners[i].entry);
            tg_free(owners[i].filter);
        }
        tg_matcher_destroy(matcher);
    }
    finish_event(&event);
    tg_space_finish(&space);
    tg_compiler_destroy(compiler);
    tg_json_finish(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_match_what_they_are_true_of),
    };
    return cmocka_run_group_tests_name("match random", tests, NULL, NULL);
}
