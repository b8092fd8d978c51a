/* Filters for tests: writing them as text, and asking them in the plainest way there is,
 * by which the quick ways are judged. Programs are not asked here. */
#ifndef TG_TESTING_FILTERS_H
#define TG_TESTING_FILTERS_H

#include "testing/cmocka.h"

#include "engine/base/buf.h"
#include "engine/query/filter.h"

static inline bool text_has_part(struct tg_slice text, struct tg_slice part)
{
    for (size_t i = 0; i + part.size <= text.size; i++) {
        if (part.size == 0 || memcmp(text.data + i, part.data, part.size) == 0) {
            return true;
        }
    }
    return part.size == 0;
}

static inline int text_compare(struct tg_slice a, struct tg_slice b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static inline struct tg_slice filter_text(const struct tg_filter *filter, uint32_t at,
                                          uint32_t i)
{
    struct tg_term_text text;
    memcpy(&text, (const uint8_t *)filter + at + i * sizeof text, sizeof text);
    return tg_filter_bytes(filter, text.at, text.size);
}

static inline int64_t filter_number(const struct tg_filter *filter, uint32_t at,
                                    uint32_t i)
{
    int64_t number;
    memcpy(&number, (const uint8_t *)filter + at + i * sizeof number, sizeof number);
    return number;
}

static inline bool text_in_range(const struct tg_filter *filter,
                                 const struct tg_term *term, struct tg_slice text)
{
    if (term->low_at != UINT32_MAX) {
        int order =
            text_compare(text, tg_filter_bytes(filter, term->low_at, term->low_size));
        if (order < 0 || (order == 0 && term->low_open)) {
            return false;
        }
    }
    if (term->high_at != UINT32_MAX) {
        int order =
            text_compare(text, tg_filter_bytes(filter, term->high_at, term->high_size));
        return order < 0 || (order == 0 && !term->high_open);
    }
    return true;
}

static inline bool term_has_item(const struct tg_filter *filter,
                                 const struct tg_term *term, const struct tg_cell *cell)
{
    for (uint32_t i = 0; i < cell->items_count; i++) {
        const struct tg_cell *item = &cell->items[i];
        if (term->kind == TG_TERM_ITEM_NUMBER
                ? item->number == term->low
                : tg_slice_equal(item->text,
                                 tg_filter_bytes(filter, term->at, term->size))) {
            return true;
        }
    }
    return false;
}

/* Is the literal, leaving `negated` aside, true of a cell that is here? */
static inline bool term_holds(const struct tg_filter *filter, const struct tg_term *term,
                              const struct tg_cell *cell)
{
    struct tg_slice text = tg_slice(NULL, 0);
    struct tg_slice part = tg_slice(NULL, 0);
    bool is_text = cell->kind == TG_FIELD_STRING || cell->kind == TG_FIELD_UUID;
    text = is_text ? cell->text : text;
    if (term->kind == TG_TERM_TEXT_IS || term->kind == TG_TERM_PREFIX ||
        term->kind == TG_TERM_SUFFIX || term->kind == TG_TERM_CONTAINS) {
        part = tg_filter_bytes(filter, term->at, term->size);
    }
    switch (term->kind) {
    case TG_TERM_NUMBER_IS:
        return cell->number == term->low;
    case TG_TERM_NUMBER_ONE:
        for (uint32_t i = 0; i < term->count; i++) {
            if (filter_number(filter, term->at, i) == cell->number) {
                return true;
            }
        }
        return false;
    case TG_TERM_TEXT_IS:
        return tg_slice_equal(text, part);
    case TG_TERM_TEXT_ONE:
        for (uint32_t i = 0; i < term->count; i++) {
            if (tg_slice_equal(filter_text(filter, term->at, i), text)) {
                return true;
            }
        }
        return false;
    case TG_TERM_IS_EMPTY:
        return cell->items_count == 0;
    case TG_TERM_NUMBER_RANGE:
        return term->low <= cell->number && cell->number <= term->high;
    case TG_TERM_TEXT_RANGE:
        return text_in_range(filter, term, text);
    case TG_TERM_PREFIX:
        return text.size >= part.size &&
               tg_slice_equal(tg_slice(text.data, part.size), part);
    case TG_TERM_SUFFIX:
        return text.size >= part.size &&
               tg_slice_equal(tg_slice(text.data + text.size - part.size, part.size),
                              part);
    case TG_TERM_CONTAINS:
        return text_has_part(text, part);
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        return term_has_item(filter, term, cell);
    default:
        fail_msg("there is no literal %d", term->kind);
        return false;
    }
}

static inline bool plain_term_is_true(const struct tg_filter *filter,
                                      const struct tg_term *term,
                                      const struct tg_row *row)
{
    const struct tg_cell *cell = tg_row_cell(row, term->slot);
    if (term->kind == TG_TERM_PRESENT) {
        return (cell->state != TG_CELL_ABSENT) != term->negated;
    }
    if (cell->state == TG_CELL_ABSENT) {
        return false;
    }
    if (term->kind == TG_TERM_IS_NULL) {
        return (cell->state == TG_CELL_NULL) != term->negated;
    }
    if (cell->state == TG_CELL_NULL) {
        return term->negated && term->kind <= TG_TERM_IS_EMPTY;
    }
    return term_holds(filter, term, cell) != term->negated;
}

/* What tg_filter_is_true is, of filters without programs. */
static inline bool plain_filter_is_true(const struct tg_filter *filter,
                                        const struct tg_row *row)
{
    /* From the last term to the first, so that a group finds its children decided. */
    static bool holds[4096];
    assert_true(filter->terms_count <= 4096);
    for (uint32_t i = filter->terms_count; i-- > 0;) {
        const struct tg_term *term = &filter->terms[i];
        if (term->kind == TG_TERM_TRUE || term->kind == TG_TERM_FALSE) {
            holds[i] = term->kind == TG_TERM_TRUE;
        } else if (term->kind == TG_TERM_AND || term->kind == TG_TERM_OR) {
            bool all = term->kind == TG_TERM_AND;
            holds[i] = all;
            for (uint32_t k = i + 1; k < i + term->skip; k += filter->terms[k].skip) {
                holds[i] = all ? holds[i] && holds[k] : holds[i] || holds[k];
            }
        } else {
            holds[i] = plain_term_is_true(filter, term, row);
        }
    }
    return holds[0];
}

/* Append the terms in a notation of the tests: `and(1=5 2!in[1 2] or(3^"ab" 4=null))`. */
static inline void filter_spell(const struct tg_filter *filter, struct tg_buf *buf)
{
    static const char *const signs[] = {
        [TG_TERM_NUMBER_IS] = "=",     [TG_TERM_NUMBER_ONE] = "in",
        [TG_TERM_TEXT_IS] = "=",       [TG_TERM_TEXT_ONE] = "in",
        [TG_TERM_IS_NULL] = "=null",   [TG_TERM_IS_EMPTY] = "=[]",
        [TG_TERM_NUMBER_RANGE] = "@",  [TG_TERM_TEXT_RANGE] = "@",
        [TG_TERM_PREFIX] = "^",        [TG_TERM_SUFFIX] = "$",
        [TG_TERM_CONTAINS] = "*",      [TG_TERM_ITEM_NUMBER] = "has",
        [TG_TERM_ITEM_TEXT] = "has",   [TG_TERM_PRESENT] = "?",
        [TG_TERM_PROGRAM] = "program",
    };
    uint32_t ends[80];
    uint32_t open = 0;
    for (uint32_t i = 0; i < filter->terms_count; i++) {
        const struct tg_term *term = &filter->terms[i];
        while (open > 0 && ends[open - 1] == i) {
            tg_buf_add_text(buf, ")");
            open--;
        }
        if (i > 0 && buf->data[buf->size - 1] != '(') {
            tg_buf_add_text(buf, " ");
        }
        if (term->kind <= TG_TERM_OR) {
            static const char *const words[] = {"true", "false", "and(", "or("};
            tg_buf_add_text(buf, words[term->kind]);
            if (term->kind >= TG_TERM_AND) {
                ends[open++] = i + term->skip;
            }
            continue;
        }
        tg_buf_printf(buf, "%u%s%s", term->slot, term->negated ? "!" : "",
                      signs[term->kind]);
        switch (term->kind) {
        case TG_TERM_NUMBER_IS:
        case TG_TERM_ITEM_NUMBER:
            tg_buf_printf(buf, "%lld", (long long)term->low);
            break;
        case TG_TERM_NUMBER_RANGE:
            tg_buf_printf(buf, "%lld..%lld", (long long)term->low, (long long)term->high);
            break;
        case TG_TERM_NUMBER_ONE:
            for (uint32_t k = 0; k < term->count; k++) {
                tg_buf_printf(buf, "%s%lld", k == 0 ? "[" : " ",
                              (long long)filter_number(filter, term->at, k));
            }
            tg_buf_add_text(buf, "]");
            break;
        case TG_TERM_TEXT_ONE:
            for (uint32_t k = 0; k < term->count; k++) {
                tg_buf_printf(buf, "%s\"%.*s\"", k == 0 ? "[" : " ",
                              TG_FMT(filter_text(filter, term->at, k)));
            }
            tg_buf_add_text(buf, "]");
            break;
        case TG_TERM_TEXT_RANGE:
            if (term->low_at != UINT32_MAX) {
                tg_buf_printf(
                    buf, "\"%.*s\"%s",
                    TG_FMT(tg_filter_bytes(filter, term->low_at, term->low_size)),
                    term->low_open ? "<" : "");
            }
            tg_buf_add_text(buf, "..");
            if (term->high_at != UINT32_MAX) {
                tg_buf_printf(
                    buf, "%s\"%.*s\"", term->high_open ? "<" : "",
                    TG_FMT(tg_filter_bytes(filter, term->high_at, term->high_size)));
            }
            break;
        case TG_TERM_TEXT_IS:
        case TG_TERM_PREFIX:
        case TG_TERM_SUFFIX:
        case TG_TERM_CONTAINS:
        case TG_TERM_ITEM_TEXT:
            tg_buf_printf(buf, "\"%.*s\"",
                          TG_FMT(tg_filter_bytes(filter, term->at, term->size)));
            break;
        default:
            break;
        }
    }
    while (open-- > 0) {
        tg_buf_add_text(buf, ")");
    }
}

#endif
