/* How much one operation may cost, counted rather than timed: items and slots that are
 * moved, memory that is asked for at once. */
#include "engine/match/match.h"

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/match/private.h"
#include "testing/heap.h"
#include "testing/match_model.h"

enum {
    FILTERS = 60000,
    MOVES_MAX = 1024, /* A chunk's items: each is one entry to be told. */
    SPLIT_MAX = TG_TABLE_SEGMENT,
};

/* Like tenants: a rare key and a common one, some with a range; some are ranges alone. */
static struct tg_filter *filter_of(struct tg_builder *b, uint32_t n)
{
    struct tg_filter *filter = NULL;
    char text[16];
    int size = snprintf(text, sizeof text, "o%u", n % 9973);
    if (n % 5 == 0) {
        tg_build_range(b, 0, n, n + 1000);
        tg_build_range(b, 1, n % 777, INT64_MAX);
    } else if (n % 5 == 1) {
        tg_build_text(b, 6, model_text(n), false);
        tg_build_range(b, 1, n, INT64_MAX);
    } else if (n % 5 == 2) {
        /* No key: all of these are in one posting. */
        tg_build_number(b, 0, n, true);
    } else {
        tg_build_text(b, 5, tg_slice(text, (size_t)size), false);
        tg_build_number(b, 1, n / 9973, false);
        tg_build_number(b, 2, n % 7, n % 2 == 0);
    }
    assert_int_equal(tg_build_finish(b, &filter), TG_OK);
    return filter;
}

struct work {
    uint64_t moved;
    uint64_t split;
    size_t memory; /* The largest block that was asked for. */
};

static size_t largest;

static void *watch_resize(void *context, void *memory, size_t size)
{
    (void)context;
    largest = size > largest ? size : largest;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static uint64_t splits(const struct tg_matcher *matcher)
{
    return matcher->filters.moved + matcher->intern.table.moved +
           matcher->postings.table.moved;
}

/* What was done since `before`, which is brought up to date; the worst is kept. */
static void note(const struct tg_matcher *matcher, struct work *before,
                 struct work *worst)
{
    struct work now = {matcher->postings.moved, splits(matcher), 0};
    uint64_t moved = now.moved - before->moved;
    uint64_t split = now.split - before->split;
    worst->moved = moved > worst->moved ? moved : worst->moved;
    worst->split = split > worst->split ? split : worst->split;
    worst->memory = largest > worst->memory ? largest : worst->memory;
    *before = now;
    largest = 0;
}

static void no_operation_moves_more_than_a_chunk_and_a_segment(void **state)
{
    (void)state;
    static const struct tg_heap watching = {watch_resize, NULL};
    static uint32_t entries[FILTERS];
    static char owners[FILTERS];
    tg_heap_use(&watching);
    struct tg_builder *b = tg_builder_create();
    struct tg_matcher *matcher = tg_matcher_create(model_schema());
    struct work before = {0};
    struct work worst = {0};
    struct model_dice dice = {.state = 5};
    largest = 0;
    for (uint32_t n = 0; n < FILTERS; n++) {
        struct tg_filter *filter = filter_of(b, n);
        assert_int_equal(tg_matcher_add(matcher, filter, &owners[n], &entries[n]), TG_OK);
        note(matcher, &before, &worst);
        tg_free(filter);
    }
    for (uint32_t i = 0; i < FILTERS; i++) {
        uint32_t n = model_roll(&dice, FILTERS);
        tg_matcher_remove(matcher, entries[n]);
        note(matcher, &before, &worst);
        struct tg_filter *filter = filter_of(b, n);
        assert_int_equal(tg_matcher_add(matcher, filter, &owners[n], &entries[n]), TG_OK);
        note(matcher, &before, &worst);
        tg_free(filter);
    }
    /* One item's own tables, and those of its new constants, may split with it. */
    assert_true(worst.moved > 0 && worst.moved <= MOVES_MAX);
    assert_true(worst.split > 0 && worst.split <= 6 * SPLIT_MAX);
    assert_true(worst.memory <= TG_ARENA_BLOCK);
    for (uint32_t n = 0; n < FILTERS; n++) {
        tg_matcher_remove(matcher, entries[n]);
        note(matcher, &before, &worst);
    }
    assert_true(worst.moved <= MOVES_MAX);
    tg_matcher_destroy(matcher);
    tg_builder_destroy(b);
    tg_heap_use(NULL);
}

static void memory_is_used_again(void **state)
{
    (void)state;
    enum { SOME = 3000 };
    static uint32_t entries[SOME];
    struct tg_builder *b = tg_builder_create();
    struct tg_matcher *matcher = tg_matcher_create(model_schema());
    size_t bytes = 0;
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t n = 0; n < SOME; n++) {
            struct tg_filter *filter = filter_of(b, n);
            assert_int_equal(tg_matcher_add(matcher, filter, matcher, &entries[n]),
                             TG_OK);
            tg_free(filter);
        }
        for (uint32_t n = 0; n < SOME; n++) {
            tg_matcher_remove(matcher, entries[n]);
        }
        if (round == 1) {
            bytes = tg_matcher_counts(matcher).bytes;
        }
    }
    assert_true(tg_matcher_counts(matcher).bytes <= bytes + bytes / 4);
    tg_matcher_destroy(matcher);
    tg_builder_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_operation_moves_more_than_a_chunk_and_a_segment),
        cmocka_unit_test(memory_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
