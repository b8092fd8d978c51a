#include "engine/match/match.h"

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing/heap.h"
#include "testing/match_model.h"

/* ---- filters that were entered, and what matching says of each ---- */

struct owned {
    struct tg_filter *filter;
    uint32_t entry;
    bool in;
    uint8_t seen; /* 1: before, 2: after, 4: told at all. */
};

static void see(const struct tg_match *matches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct owned *owned = matches[i].owner;
        assert_true(owned->in);
        assert_int_equal(owned->seen, 0);
        assert_true(matches[i].before || matches[i].after);
        owned->seen = (uint8_t)(4 | matches[i].after << 1 | matches[i].before);
    }
}

static void explain_failure(const struct owned *owned, uint64_t seed, const char *who)
{
    struct tg_buf text = {0};
    filter_spell(owned->filter, &text);
    fail_msg("seed %llu: %s says %d of %.*s", (unsigned long long)seed, who, owned->seen,
             (int)text.size, (const char *)text.data);
}

static void compare(struct tg_matcher *matcher, struct owned *all, uint32_t count,
                    const struct tg_rows *rows, uint64_t seed, size_t *matched)
{
    const struct tg_match *matches = NULL;
    uint32_t matches_count = 0;
    for (int scan = 0; scan < 2; scan++) {
        assert_int_equal(scan ? tg_matcher_scan(matcher, rows, &matches, &matches_count)
                              : tg_matcher_match(matcher, rows, &matches, &matches_count),
                         TG_OK);
        see(matches, matches_count);
        *matched += matches_count;
        for (uint32_t i = 0; i < count; i++) {
            if (!all[i].in) {
                continue;
            }
            bool before;
            bool after;
            model_concerns(all[i].filter, rows, &before, &after);
            int expected = before || after ? 4 | after << 1 | before : 0;
            if (all[i].seen != expected) {
                explain_failure(&all[i], seed, scan ? "the scan" : "the index");
            }
            all[i].seen = 0;
        }
    }
}

static void enter(struct tg_matcher *matcher, struct owned *owned)
{
    if (tg_matcher_find(matcher, owned->filter) != NULL) {
        return;
    }
    assert_int_equal(tg_matcher_add(matcher, owned->filter, owned, &owned->entry), TG_OK);
    owned->in = true;
    assert_ptr_equal(tg_matcher_find(matcher, owned->filter), owned);
    const struct tg_filter *kept = tg_matcher_filter(matcher, owned->entry);
    assert_int_equal(kept->size, owned->filter->size);
    assert_memory_equal(kept, owned->filter, kept->size);
}

static void forget(struct tg_matcher *matcher, struct owned *owned)
{
    if (owned->in) {
        tg_matcher_remove(matcher, owned->entry);
        owned->in = false;
        assert_null(tg_matcher_find(matcher, owned->filter));
    }
}

static uint64_t seed_of_run(void)
{
    const char *seed = getenv("TG_SEED");
    return seed == NULL ? 1 : strtoull(seed, NULL, 10);
}

static void the_index_the_scan_and_the_plain_meaning_agree(void **state)
{
    (void)state;
    enum { FILTERS = 900, EVENTS = 1300, CHURN = 12 };
    uint64_t seed = seed_of_run();
    printf("seed %llu\n", (unsigned long long)seed);
    struct model_dice dice = {.state = seed};
    struct tg_builder *builder = tg_builder_create();
    struct owned *all = calloc(FILTERS, sizeof *all);
    struct tg_matcher *matcher = tg_matcher_create(model_schema());
    for (uint32_t i = 0; i < FILTERS; i++) {
        all[i].filter = model_filter(builder, &dice);
        enter(matcher, &all[i]);
    }
    size_t matched = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        for (uint32_t k = 0; k < CHURN; k++) {
            struct owned *owned = &all[model_roll(&dice, FILTERS)];
            if (owned->in && model_roll(&dice, 2) == 0) {
                forget(matcher, owned);
                tg_free(owned->filter);
                owned->filter = model_filter(builder, &dice);
            } else if (owned->in) {
                forget(matcher, owned);
                enter(matcher, owned);
            } else {
                enter(matcher, owned);
                if (!owned->in) {
                    tg_free(owned->filter);
                    owned->filter = model_filter(builder, &dice);
                }
            }
        }
        struct model_event event;
        model_event_roll(&dice, &event);
        compare(matcher, all, FILTERS, &event.rows, seed, &matched);
    }
    struct tg_matcher_counts counts = tg_matcher_counts(matcher);
    printf("%u filters, %u opaque, %zu matches, %llu candidates\n", counts.filters,
           counts.opaque, matched / 2, (unsigned long long)counts.candidates);
    assert_true(matched > FILTERS * 20);
    for (uint32_t i = 0; i < FILTERS; i++) {
        forget(matcher, &all[i]);
        tg_free(all[i].filter);
    }
    assert_int_equal(tg_matcher_counts(matcher).filters, 0);
    assert_int_equal(tg_matcher_counts(matcher).opaque, 0);
    free(all);
    tg_matcher_destroy(matcher);
    tg_builder_destroy(builder);
}

/* What explain says of the filter that was told. */
static void expect_access(struct tg_matcher *matcher, struct tg_builder *b,
                          const char *text)
{
    struct tg_filter *filter;
    struct tg_buf buf = {0};
    assert_int_equal(tg_build_finish(b, &filter), TG_OK);
    tg_matcher_explain(matcher, filter, &buf);
    tg_buf_add_byte(&buf, '\0');
    assert_string_equal((const char *)buf.data, text);
    tg_buf_finish(&buf);
    tg_free(filter);
}

/* Ranges alone, of two to five slots, over many numbers. */
static struct tg_filter *ranges_filter(struct tg_builder *b, struct model_dice *dice)
{
    struct tg_filter *filter = NULL;
    uint32_t count = 2 + model_roll(dice, 4);
    bool any = model_roll(dice, 8) == 0;
    tg_build_open(b, any ? TG_TERM_OR : TG_TERM_AND);
    for (uint32_t i = 0; i < count; i++) {
        int64_t low = model_roll(dice, 1000);
        tg_build_range(b, (uint16_t)model_roll(dice, 5), model_roll(dice, 4) ? low : 0,
                       model_roll(dice, 4) ? low + 300 : INT64_MAX);
    }
    tg_build_close(b);
    assert_int_equal(tg_build_finish(b, &filter), TG_OK);
    return filter;
}

static void many_ranges_are_found_through_bitmaps(void **state)
{
    (void)state;
    enum { FILTERS = 4000, EVENTS = 60 };
    struct model_dice dice = {.state = seed_of_run()};
    struct tg_builder *b = tg_builder_create();
    struct owned *all = calloc(FILTERS, sizeof *all);
    struct tg_matcher *matcher = tg_matcher_create(model_schema());
    for (uint32_t i = 0; i < FILTERS; i++) {
        all[i].filter = ranges_filter(b, &dice);
        enter(matcher, &all[i]);
    }
    size_t matched = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        for (uint32_t k = 0; k < 150; k++) {
            struct owned *owned = &all[model_roll(&dice, FILTERS)];
            forget(matcher, owned);
            tg_free(owned->filter);
            owned->filter = ranges_filter(b, &dice);
            enter(matcher, owned);
        }
        struct model_event event;
        model_event_roll(&dice, &event);
        for (int n = 0; n < 5; n++) {
            bool same = event.before[n].number == event.after[n].number;
            event.after[n].number = model_roll(&dice, 1200);
            event.before[n].number = same ? event.after[n].number
                                          : model_roll(&dice, 1200);
        }
        compare(matcher, all, FILTERS, &event.rows, seed_of_run(), &matched);
    }
    assert_true(matched > EVENTS * 10);
    tg_build_range(b, 0, 3, 700);
    tg_build_range(b, 1, 3, 300);
    expect_access(matcher, b, "ranges, first of b\n");
    /* Those that a grid ruled out are no candidates. */
    struct tg_matcher_counts counts = tg_matcher_counts(matcher);
    assert_true(counts.candidates < (uint64_t)EVENTS * 2 * FILTERS / 2);
    for (uint32_t i = 0; i < FILTERS; i++) {
        forget(matcher, &all[i]);
        tg_free(all[i].filter);
    }
    free(all);
    tg_matcher_destroy(matcher);
    tg_builder_destroy(b);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    enum { FILTERS = 40 };
    struct model_dice dice = {.state = 7};
    struct tg_builder *builder = tg_builder_create();
    struct owned all[FILTERS] = {0};
    for (uint32_t i = 0; i < FILTERS; i++) {
        all[i].filter = model_filter(builder, &dice);
    }
    struct model_event event;
    model_event_roll(&dice, &event);
    size_t failures = 1;
    for (size_t n = 1; failures > 0; n++) {
        struct tg_test_heap heap;
        failures = 0;
        tg_test_heap_begin(&heap, n);
        struct tg_matcher *matcher = tg_matcher_create(model_schema());
        if (matcher == NULL) {
            failures++;
            assert_true(tg_test_heap_end(&heap));
            continue;
        }
        for (uint32_t i = 0; i < FILTERS; i++) {
            all[i].in = false;
            if (tg_matcher_find(matcher, all[i].filter) != NULL) {
                continue;
            }
            enum tg_err err =
                tg_matcher_add(matcher, all[i].filter, &all[i], &all[i].entry);
            if (err != TG_OK) {
                assert_int_equal(err, TG_ENOMEM);
                assert_null(tg_matcher_find(matcher, all[i].filter));
                failures++;
                continue;
            }
            all[i].in = true;
        }
        const struct tg_match *matches;
        uint32_t count;
        if (tg_matcher_match(matcher, &event.rows, &matches, &count) != TG_OK) {
            failures++;
        }
        failures += heap.calls >= n && failures == 0; /* A statistic went without. */
        size_t matched = 0;
        heap.fail_at = 0;
        compare(matcher, all, FILTERS, &event.rows, 7, &matched);
        for (uint32_t i = 0; i < FILTERS; i += 2) {
            forget(matcher, &all[i]);
        }
        compare(matcher, all, FILTERS, &event.rows, 7, &matched);
        tg_matcher_destroy(matcher);
        assert_true(tg_test_heap_end(&heap));
    }
    for (uint32_t i = 0; i < FILTERS; i++) {
        tg_free(all[i].filter);
    }
    tg_builder_destroy(builder);
}

static void explain_says_how_a_filter_is_reached(void **state)
{
    (void)state;
    struct tg_matcher *matcher = tg_matcher_create(model_schema());
    struct tg_builder *b = tg_builder_create();
    tg_build_text(b, 5, TG_LIT("x"), false);
    tg_build_number(b, 0, 7, false);
    tg_build_range(b, 1, 3, 9);
    expect_access(matcher, b, "key a + f, then range of b\n");
    tg_build_open(b, TG_TERM_OR);
    tg_build_part(b, TG_TERM_PREFIX, 6, TG_LIT("ab"), false);
    tg_build_part(b, TG_TERM_ITEM_TEXT, 11, TG_LIT("ab"), false);
    tg_build_numbers(b, 0, (const int64_t[]){1, 2, 3}, 3, false);
    tg_build_close(b);
    expect_access(matcher, b, "key a, 3 values\nprefix of g, 2 bytes\nitem of l\n");
    tg_build_range(b, 1, 3, 9);
    expect_access(matcher, b, "range of b\n");
    tg_build_text(b, 5, TG_LIT("x"), true);
    expect_access(matcher, b, "every event with f\n");
    tg_build_state(b, TG_TERM_PRESENT, TG_SLOT_OLD + 5, true);
    expect_access(matcher, b, "every event without old.f\n");
    expect_access(matcher, b, "every event\n");
    tg_build_constant(b, false);
    expect_access(matcher, b, "no event\n");
    tg_builder_destroy(b);
    tg_matcher_destroy(matcher);
}

static void filters_outlive_the_schema_that_they_were_entered_with(void **state)
{
    (void)state;
    struct tg_field fields[MODEL_FIELDS];
    struct tg_schema schema = *model_schema();
    struct tg_matcher *matcher = tg_matcher_create(&schema);
    struct tg_builder *b = tg_builder_create();
    struct tg_schema other = schema;
    memcpy(fields, schema.fields, sizeof fields);
    fields[1].name = TG_LIT("other");
    other.fields = fields;
    tg_matcher_redefine(matcher, &other);
    memset(&schema, 0, sizeof schema);
    tg_build_range(b, 1, 3, 9);
    expect_access(matcher, b, "range of other\n");
    tg_builder_destroy(b);
    tg_matcher_destroy(matcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_says_how_a_filter_is_reached),
        cmocka_unit_test(filters_outlive_the_schema_that_they_were_entered_with),
        cmocka_unit_test(the_index_the_scan_and_the_plain_meaning_agree),
        cmocka_unit_test(many_ranges_are_found_through_bitmaps),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
