#include "engine/query/build.h"

#include "testing/cmocka.h"

#include <stdlib.h>

#include "engine/base/mem.h"
#include "testing/filters.h"
#include "testing/heap.h"

static struct tg_builder *b;
static struct tg_buf spelled;

static int begin(void **state)
{
    (void)state;
    b = tg_builder_create();
    return b == NULL;
}

static int end(void **state)
{
    (void)state;
    tg_builder_destroy(b);
    tg_buf_finish(&spelled);
    return 0;
}

/* What was told is the filter `text`, in the notation of testing/filters.h. */
static void expect(const char *text)
{
    struct tg_filter *filter = NULL;
    assert_int_equal(tg_build_finish(b, &filter), TG_OK);
    tg_buf_clear(&spelled);
    filter_spell(filter, &spelled);
    tg_buf_add_byte(&spelled, '\0');
    assert_string_equal((const char *)spelled.data, text);
    assert_int_equal(filter->terms[0].skip, filter->terms_count);
    tg_free(filter);
}

#define NUMBERS(...) \
    (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define TEXTS(...)                          \
    (const struct tg_slice[]){__VA_ARGS__}, \
        sizeof((struct tg_slice[]){__VA_ARGS__}) / sizeof(struct tg_slice)

static void nothing_told_is_true(void **state)
{
    (void)state;
    expect("true");
    tg_build_open(b, TG_TERM_OR);
    tg_build_close(b);
    expect("false");
}

static void what_is_told_at_the_top_is_an_and_in_a_fixed_order(void **state)
{
    (void)state;
    tg_build_part(b, TG_TERM_PREFIX, 9, TG_LIT("ab"), false);
    tg_build_text(b, 2, TG_LIT("paid"), false);
    tg_build_number(b, 1, 5, false);
    tg_build_text(b, 2, TG_LIT("paid"), false);
    expect("and(1=5 2=\"paid\" 9^\"ab\")");
}

static void a_group_in_a_group_of_its_kind_is_flattened(void **state)
{
    (void)state;
    tg_build_open(b, TG_TERM_OR);
    tg_build_number(b, 1, 5, false);
    tg_build_open(b, TG_TERM_AND);
    tg_build_open(b, TG_TERM_OR);
    tg_build_number(b, 2, 6, false);
    tg_build_number(b, 3, 7, false);
    tg_build_close(b);
    tg_build_close(b);
    tg_build_close(b);
    expect("or(1=5 2=6 3=7)");
}

static void constants_are_the_whole_or_nothing(void **state)
{
    (void)state;
    tg_build_number(b, 1, 5, false);
    tg_build_constant(b, true);
    expect("1=5");
    tg_build_number(b, 1, 5, false);
    tg_build_constant(b, false);
    expect("false");
    tg_build_open(b, TG_TERM_OR);
    tg_build_number(b, 1, 5, false);
    tg_build_constant(b, true);
    tg_build_close(b);
    expect("true");
}

static void an_and_intersects_what_one_slot_may_be(void **state)
{
    (void)state;
    tg_build_range(b, 1, 1, 10);
    tg_build_range(b, 1, 5, 20);
    expect("1@5..10");
    tg_build_numbers(b, 1, NUMBERS(9, 3, 7, 3), false);
    tg_build_range(b, 1, 5, 20);
    expect("1in[7 9]");
    tg_build_numbers(b, 1, NUMBERS(3, 7), false);
    tg_build_numbers(b, 1, NUMBERS(7, 9), false);
    expect("1=7");
    tg_build_number(b, 1, 3, false);
    tg_build_number(b, 1, 4, false);
    expect("false");
    tg_build_range(b, 1, 1, 5);
    tg_build_range(b, 1, 6, 9);
    expect("false");
    tg_build_range(b, 1, 1, 5);
    tg_build_range(b, 1, 5, 9);
    expect("1=5");
}

static void an_and_unites_what_one_slot_may_not_be(void **state)
{
    (void)state;
    tg_build_number(b, 1, 3, true);
    tg_build_numbers(b, 1, NUMBERS(4, 1), true);
    expect("1!in[1 3 4]");
    tg_build_numbers(b, 1, NUMBERS(1, 2), false);
    tg_build_number(b, 1, 2, true);
    expect("1=1");
    tg_build_range(b, 1, 5, 9);
    tg_build_numbers(b, 1, NUMBERS(2, 7), true);
    expect("and(1!=7 1@5..9)");
    tg_build_range(b, 1, 5, 9);
    tg_build_number(b, 1, 2, true);
    expect("1@5..9");
}

static void an_or_unites_equalities_and_leaves_ranges(void **state)
{
    (void)state;
    tg_build_open(b, TG_TERM_OR);
    tg_build_number(b, 1, 3, false);
    tg_build_text(b, 2, TG_LIT("b"), false);
    tg_build_numbers(b, 1, NUMBERS(2, 3), false);
    tg_build_text(b, 2, TG_LIT("a"), false);
    tg_build_range(b, 1, 8, 9);
    tg_build_range(b, 1, 5, 6);
    tg_build_close(b);
    expect("or(1in[2 3] 1@5..6 1@8..9 2in[\"a\" \"b\"])");
}

static void an_or_of_different_refusals_is_presence(void **state)
{
    (void)state;
    tg_build_open(b, TG_TERM_OR);
    tg_build_number(b, 1, 3, true);
    tg_build_number(b, 1, 4, true);
    tg_build_close(b);
    expect("1?");
    tg_build_open(b, TG_TERM_OR);
    tg_build_numbers(b, 1, NUMBERS(3, 4), true);
    tg_build_number(b, 1, 4, false);
    tg_build_close(b);
    expect("1!=3");
}

static void texts_are_intersected_and_united_too(void **state)
{
    (void)state;
    tg_build_texts(b, 1, TEXTS(TG_LIT("c"), TG_LIT("a"), TG_LIT("b")), false);
    tg_build_text_range(b, 1, TG_LIT("a"), true, tg_slice(NULL, 0), false);
    expect("1in[\"b\" \"c\"]");
    tg_build_text_range(b, 1, TG_LIT("a"), true, tg_slice(NULL, 0), false);
    tg_build_text_range(b, 1, TG_LIT(""), false, TG_LIT("x"), true);
    tg_build_text_range(b, 1, TG_LIT("a"), false, TG_LIT("x"), false);
    expect("1@\"a\"<..<\"x\"");
    tg_build_text_range(b, 1, TG_LIT("a"), false, TG_LIT("a"), true);
    expect("false");
    tg_build_text_range(b, 1, TG_LIT("a"), false, TG_LIT("a"), false);
    expect("1=\"a\"");
    tg_build_text_range(b, 1, tg_slice(NULL, 0), false, TG_LIT("m"), false);
    tg_build_text_range(b, 1, TG_LIT("n"), false, tg_slice(NULL, 0), false);
    expect("false");
}

static void states_and_items_stay_as_they_are(void **state)
{
    (void)state;
    tg_build_state(b, TG_TERM_IS_NULL, 1, true);
    tg_build_state(b, TG_TERM_IS_EMPTY, 2, true);
    tg_build_state(b, TG_TERM_PRESENT, 3, false);
    tg_build_item(b, 2, 5, false);
    tg_build_item(b, 2, 6, true);
    tg_build_part(b, TG_TERM_ITEM_TEXT, 4, TG_LIT(""), false);
    expect("and(1!=null 2!=[] 2has5 2!has6 3? 4has\"\")");
}

static void sets_of_none_are_constants(void **state)
{
    (void)state;
    tg_build_numbers(b, 1, NULL, 0, false);
    expect("false");
    tg_build_texts(b, 1, NULL, 0, true);
    expect("1?");
}

static void the_header_sums_up_the_terms(void **state)
{
    (void)state;
    tg_build_number(b, 3, 1, false);
    tg_build_number(b, 67, 1, false);
    tg_build_number(b, TG_SLOT_OLD + 5, 1, false);
    struct tg_filter *filter = NULL;
    assert_int_equal(tg_build_finish(b, &filter), TG_OK);
    assert_int_equal(filter->slots, UINT64_C(1) << 3 | UINT64_C(1) << 5);
    assert_true(filter->about_event);
    assert_int_equal(filter->cost, 4);
    assert_int_equal(filter->size % 8, 0);
    tg_free(filter);
}

/* ---- of random trees ---- */

enum { SLOTS = 4, ROWS = 12, LITERALS = 24, DEPTH = 4 };

static uint64_t random_state;

static uint32_t roll(uint32_t sides)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % sides;
}

static struct tg_slice word(uint32_t n)
{
    static const char *const words[] = {"", "a", "ab", "abc", "b", "ba"};
    return tg_slice_of(words[n % 6]);
}

/* Slots 0 and 1 hold numbers, 2 and 3 texts. */
static void tell_literal(void)
{
    uint16_t slot = (uint16_t)roll(SLOTS);
    bool negated = roll(2) == 0;
    int64_t numbers[3] = {roll(6), roll(6), roll(6)};
    struct tg_slice texts[3] = {word(roll(6)), word(roll(6)), word(roll(6))};
    struct tg_slice none = tg_slice(NULL, 0);
    switch (roll(5)) {
    case 0:
        slot < 2 ? tg_build_number(b, slot, numbers[0], negated)
                 : tg_build_text(b, slot, texts[0], negated);
        break;
    case 1:
        slot < 2 ? tg_build_numbers(b, slot, numbers, roll(4), negated)
                 : tg_build_texts(b, slot, texts, roll(4), negated);
        break;
    case 2:
        slot < 2 ? tg_build_range(b, slot, roll(2) ? numbers[0] : INT64_MIN,
                                  roll(2) ? numbers[1] : INT64_MAX)
                 : tg_build_text_range(b, slot, roll(2) ? texts[0] : none, roll(2) == 0,
                                       roll(2) ? texts[1] : none, roll(2) == 0);
        break;
    case 3:
        tg_build_state(b, roll(2) ? TG_TERM_PRESENT : TG_TERM_IS_NULL, slot, negated);
        break;
    default:
        slot < 2 ? tg_build_constant(b, roll(2) == 0)
                 : tg_build_part(b, TG_TERM_PREFIX + roll(3), slot, texts[0], negated);
    }
}

static struct tg_cell cells[ROWS][SLOTS];

static void roll_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        for (int slot = 0; slot < SLOTS; slot++) {
            uint32_t value = roll(9);
            struct tg_cell *cell = &cells[i][slot];
            *cell = (struct tg_cell){.state = TG_CELL_HERE};
            cell->state = value == 7   ? TG_CELL_NULL
                          : value == 8 ? TG_CELL_ABSENT
                                       : TG_CELL_HERE;
            cell->kind = slot < 2 ? TG_FIELD_INT : TG_FIELD_STRING;
            if (slot < 2) {
                cell->number = value;
            } else {
                cell->text = word(value);
            }
        }
    }
}

/* Which rows the one literal that is told with this state of the dice is true of. */
static uint32_t rows_of(const struct tg_filter *filter)
{
    uint32_t rows = 0;
    for (int i = 0; i < ROWS; i++) {
        struct tg_row row = {.fields = cells[i]};
        rows |= (uint32_t)plain_filter_is_true(filter, &row) << i;
    }
    return rows;
}

/* A tree of random groups; the literals of `dice` are told in the order of `order`. What
 * it means is worked out beside it. */
static struct tg_filter *tree(const uint64_t *dice, const uint32_t *order,
                              const uint32_t *rows, uint32_t *expected)
{
    /* and(or(l l l l) or(and(l l) l) …): four literals a group, by turns. */
    struct tg_filter *filter = NULL;
    uint32_t all = UINT32_MAX;
    for (uint32_t group = 0; group < LITERALS / 4; group++) {
        uint32_t any = 0;
        uint32_t both = UINT32_MAX;
        uint32_t first = order[group * 4] / 4 * 4;
        tg_build_open(b, TG_TERM_OR);
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t n = first + order[group * 4 + i] % 4;
            bool nested = n % 4 < 2 && first % 8 == 0;
            if (nested) {
                continue;
            }
            random_state = dice[n];
            tell_literal();
            any |= rows[n];
        }
        if (first % 8 == 0) {
            tg_build_open(b, TG_TERM_AND);
            for (uint32_t i = 0; i < 4; i++) {
                uint32_t n = first + order[group * 4 + i] % 4;
                if (n % 4 < 2) {
                    random_state = dice[n];
                    tell_literal();
                    both &= rows[n];
                }
            }
            tg_build_close(b);
            any |= both;
        }
        tg_build_close(b);
        all &= any;
    }
    assert_int_equal(tg_build_finish(b, &filter), TG_OK);
    *expected = all & ((1u << ROWS) - 1);
    return filter;
}

/* The groups in another order, and the literals of each. */
static void shuffle(uint32_t *order)
{
    for (uint32_t i = LITERALS / 4 - 1; i > 0; i--) {
        uint32_t k = roll(i + 1);
        for (uint32_t n = 0; n < 4; n++) {
            uint32_t moved = order[i * 4 + n];
            order[i * 4 + n] = order[k * 4 + n];
            order[k * 4 + n] = moved;
        }
    }
    for (uint32_t i = 0; i < LITERALS; i++) {
        uint32_t k = i / 4 * 4 + roll(4);
        uint32_t moved = order[i];
        order[i] = order[k];
        order[k] = moved;
    }
}

static void a_tree_means_what_its_literals_mean_in_any_order(void **state)
{
    (void)state;
    uint32_t true_once = 0;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        random_state = seed;
        roll_rows();
        uint64_t dice[LITERALS];
        uint32_t rows[LITERALS];
        uint32_t order[LITERALS];
        for (uint32_t i = 0; i < LITERALS; i++) {
            order[i] = i;
            dice[i] = seed * 1000003 + i * 7919;
            random_state = dice[i];
            tell_literal();
            struct tg_filter *one = NULL;
            assert_int_equal(tg_build_finish(b, &one), TG_OK);
            rows[i] = rows_of(one);
            tg_free(one);
        }
        uint32_t expected;
        struct tg_filter *first = tree(dice, order, rows, &expected);
        assert_int_equal(rows_of(first), expected);
        true_once += expected != 0;
        random_state = seed;
        shuffle(order);
        struct tg_filter *second = tree(dice, order, rows, &expected);
        assert_int_equal(first->size, second->size);
        assert_memory_equal(first, second, first->size);
        tg_free(first);
        tg_free(second);
    }
    assert_true(true_once > 300);
}

static void without_memory_there_is_no_filter(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    for (size_t n = 1;; n++) {
        tg_test_heap_begin(&heap, n);
        struct tg_builder *builder = tg_builder_create();
        enum tg_err err = TG_ENOMEM;
        if (builder != NULL) {
            struct tg_filter *filter = NULL;
            for (uint16_t slot = 0; slot < 200; slot++) {
                tg_build_open(builder, TG_TERM_OR);
                tg_build_number(builder, slot, 1, false);
                tg_build_text(builder, slot, TG_LIT("a"), false);
                tg_build_close(builder);
            }
            err = tg_build_finish(builder, &filter);
            assert_true((err == TG_OK) == (filter != NULL));
            tg_free(filter);
            tg_build_number(builder, 1, 1, false);
        }
        tg_builder_destroy(builder);
        assert_true(tg_test_heap_end(&heap));
        if (err == TG_OK) {
            assert_true(n > 5);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_told_is_true, begin, end),
        cmocka_unit_test_setup_teardown(
            what_is_told_at_the_top_is_an_and_in_a_fixed_order, begin, end),
        cmocka_unit_test_setup_teardown(a_group_in_a_group_of_its_kind_is_flattened,
                                        begin, end),
        cmocka_unit_test_setup_teardown(constants_are_the_whole_or_nothing, begin, end),
        cmocka_unit_test_setup_teardown(an_and_intersects_what_one_slot_may_be, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_and_unites_what_one_slot_may_not_be, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_or_unites_equalities_and_leaves_ranges, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_or_of_different_refusals_is_presence, begin,
                                        end),
        cmocka_unit_test_setup_teardown(texts_are_intersected_and_united_too, begin, end),
        cmocka_unit_test_setup_teardown(states_and_items_stay_as_they_are, begin, end),
        cmocka_unit_test_setup_teardown(sets_of_none_are_constants, begin, end),
        cmocka_unit_test_setup_teardown(the_header_sums_up_the_terms, begin, end),
        cmocka_unit_test_setup_teardown(a_tree_means_what_its_literals_mean_in_any_order,
                                        begin, end),
        cmocka_unit_test(without_memory_there_is_no_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
