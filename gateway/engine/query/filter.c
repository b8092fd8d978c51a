/* Is a filter true of a row? In the plainest way; the matcher is held to it. */
#include "engine/query/filter.h"

#include "engine/query/load.h"

/* --- Texts ----------------------------------------------------------------------- */

static struct tg_slice text_of(const struct tg_filter *filter, const struct tg_term *term)
{
    return tg_filter_bytes(filter, term->at, term->size);
}

static bool is_one_of_texts(const struct tg_filter *filter, const struct tg_term *term,
                            struct tg_slice text)
{
    uint32_t low = 0;
    uint32_t high = term->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct tg_term_text one;
        memcpy(&one, (const uint8_t *)filter + term->at + middle * sizeof one,
               sizeof one);
        int order = tg_slice_compare(tg_filter_bytes(filter, one.at, one.size), text);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

static bool is_one_of_numbers(const struct tg_filter *filter, const struct tg_term *term,
                              int64_t number)
{
    uint32_t low = 0;
    uint32_t high = term->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int64_t one;
        memcpy(&one, (const uint8_t *)filter + term->at + middle * sizeof one,
               sizeof one);
        if (one == number) {
            return true;
        }
        low = one < number ? middle + 1 : low;
        high = one < number ? high : middle;
    }
    return false;
}

static bool is_in_text_range(const struct tg_filter *filter, const struct tg_term *term,
                             struct tg_slice text)
{
    if (term->low_at != UINT32_MAX) {
        int order =
            tg_slice_compare(text, tg_filter_bytes(filter, term->low_at, term->low_size));
        if (order < 0 || (order == 0 && term->low_open)) {
            return false;
        }
    }
    if (term->high_at != UINT32_MAX) {
        int order = tg_slice_compare(
            text, tg_filter_bytes(filter, term->high_at, term->high_size));
        return order < 0 || (order == 0 && !term->high_open);
    }
    return true;
}

/* --- One literal ----------------------------------------------------------------- */

static bool has_item(const struct tg_filter *filter, const struct tg_term *term,
                     const struct tg_cell *cell)
{
    for (uint32_t i = 0; i < cell->items_count; i++) {
        bool is = term->kind == TG_TERM_ITEM_NUMBER
                      ? cell->items[i].number == term->low
                      : tg_slice_equal(cell->items[i].text, text_of(filter, term));
        if (is) {
            return true;
        }
    }
    return false;
}

/* Of a cell that is here, the literal without its negation. */
static bool is_true_here(const struct tg_filter *filter, const struct tg_term *term,
                         const struct tg_cell *cell)
{
    switch ((enum tg_term_kind)term->kind) {
    case TG_TERM_NUMBER_IS:
        return cell->number == term->low;
    case TG_TERM_NUMBER_ONE:
        return is_one_of_numbers(filter, term, cell->number);
    case TG_TERM_TEXT_IS:
        return tg_slice_equal(cell->text, text_of(filter, term));
    case TG_TERM_TEXT_ONE:
        return is_one_of_texts(filter, term, cell->text);
    case TG_TERM_IS_EMPTY:
        return cell->items_count == 0;
    case TG_TERM_NUMBER_RANGE:
        return term->low <= cell->number && cell->number <= term->high;
    case TG_TERM_TEXT_RANGE:
        return is_in_text_range(filter, term, cell->text);
    case TG_TERM_PREFIX:
        return tg_slice_begins(cell->text, text_of(filter, term));
    case TG_TERM_SUFFIX:
        return tg_slice_ends(cell->text, text_of(filter, term));
    case TG_TERM_CONTAINS:
        return tg_slice_contains(cell->text, text_of(filter, term));
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        return has_item(filter, term, cell);
    default:
        return false;
    }
}

/* A program's share of the steps that the whole filter may take is its part of the cost.
 * So what one takes is nothing to the others, in whatever order they are asked. */
static uint32_t steps_of(const struct tg_filter *filter, const struct tg_program *program)
{
    uint64_t cost = tg_program_cost(program);
    return cost >= filter->cost ? TG_STEPS_MAX
                                : (uint32_t)(TG_STEPS_MAX * cost / filter->cost);
}

static bool is_true_of_program(const struct tg_filter *filter, const struct tg_term *term,
                               const struct tg_schema *schema, const struct tg_row *row,
                               struct tg_space *space)
{
    struct tg_load load = {schema, row};
    struct tg_variables variables = {tg_load_variable, &load};
    const struct tg_program *program =
        (const struct tg_program *)(const void *)text_of(filter, term).data;
    struct tg_value value =
        tg_program_run(program, &variables, space, steps_of(filter, program));
    return value.kind == TG_VALUE_BOOL && value.boolean != term->negated;
}

bool tg_term_is_true(const struct tg_filter *filter, const struct tg_term *term,
                     const struct tg_schema *schema, const struct tg_row *row,
                     struct tg_space *space)
{
    if (term->kind <= TG_TERM_FALSE) {
        return term->kind == TG_TERM_TRUE;
    }
    if (term->kind == TG_TERM_PROGRAM) {
        return is_true_of_program(filter, term, schema, row, space);
    }
    const struct tg_cell *cell = tg_row_cell(row, term->slot);
    if (term->kind == TG_TERM_PRESENT) {
        return (cell->state != TG_CELL_ABSENT) != term->negated;
    }
    if (term->kind == TG_TERM_IS_NULL) {
        return cell->state == (term->negated ? TG_CELL_HERE : TG_CELL_NULL);
    }
    if (cell->state != TG_CELL_HERE) {
        bool null_differs = term->negated && term->kind <= TG_TERM_IS_EMPTY;
        return cell->state == TG_CELL_NULL && null_differs;
    }
    return is_true_here(filter, term, cell) != term->negated;
}

/* --- All of it ------------------------------------------------------------------- */

enum { OPEN_MAX = 66 };

struct group {
    uint32_t end; /* The term after it. */
    bool is_and;
};

/* Two-valued: the first literal of an AND that is false, or of an OR that is true,
 * decides the group, and what is left of it is skipped. */
bool tg_filter_is_true(const struct tg_filter *filter, const struct tg_schema *schema,
                       const struct tg_row *row, struct tg_space *space)
{
    struct group open[OPEN_MAX];
    uint32_t depth = 0;
    uint32_t at = 0;
    for (;;) {
        const struct tg_term *term = &filter->terms[at];
        if (term->kind == TG_TERM_AND || term->kind == TG_TERM_OR) {
            open[depth++] = (struct group){at + term->skip, term->kind == TG_TERM_AND};
            at++;
            continue;
        }
        bool truth = tg_term_is_true(filter, term, schema, row, space);
        at++;
        while (depth > 0) {
            const struct group *group = &open[depth - 1];
            if (truth == group->is_and && at < group->end) {
                break;
            }
            at = group->end;
            depth--;
        }
        if (depth == 0) {
            return truth;
        }
    }
}
