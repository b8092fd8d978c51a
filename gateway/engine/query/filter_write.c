/* The normal form as people read it: CEL, one literal after another. */
#include "engine/query/filter.h"

#include <stdio.h>

#include "engine/cel/decimal.h"
#include "engine/cel/values.h"
#include "engine/query/normal.h"

enum { OPEN_MAX = 66 };

struct writer {
    const struct tg_filter *filter;
    const struct tg_schema *schema;
    struct tg_buf *buf;
};

/* --- Names and constants --------------------------------------------------------- */

static bool is_plain_name(struct tg_slice name)
{
    static const char *const taken[] = {
        "data",     "old", "event",  "auth",  "in",       "true",    "false",
        "null",     "as",  "break",  "const", "continue", "else",    "for",
        "function", "if",  "import", "let",   "loop",     "package", "namespace",
        "return",   "var", "void",   "while",
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (tg_slice_is(name, taken[i])) {
            return false;
        }
    }
    return true;
}

static void write_slot(const struct writer *w, uint16_t slot, bool qualified)
{
    static const char *const event[] = {"event.op", "event.time", "event.changed"};
    if (slot >= TG_SLOT_OP) {
        tg_buf_add_text(w->buf, event[slot - TG_SLOT_OP]);
        return;
    }
    struct tg_slice name = w->schema->fields[slot % TG_SLOT_OLD].name;
    bool plain = is_plain_name(name);
    const char *root = slot >= TG_SLOT_OLD ? "old" : qualified || !plain ? "data" : "";
    tg_buf_add_text(w->buf, root);
    if (!plain && !qualified) {
        tg_buf_add_byte(w->buf, '[');
        tg_query_write_string(w->buf, name);
        tg_buf_add_byte(w->buf, ']');
        return;
    }
    tg_buf_add_text(w->buf, root[0] == '\0' ? "" : ".");
    tg_buf_add_slice(w->buf, name);
}

static void write_call(const struct writer *w, const char *function, const char *text,
                       size_t size)
{
    tg_buf_add_text(w->buf, function);
    tg_buf_add_text(w->buf, "(\"");
    tg_buf_add(w->buf, text, size);
    tg_buf_add_text(w->buf, "\")");
}

/* The constant that lies at `number` on the line of `kind`, which is exact. */
static void write_double(const struct writer *w, int64_t number)
{
    /* The line has a magnitude where the double has a sign and that. */
    uint64_t bits = number < 0 ? (UINT64_C(1) << 63 | (uint64_t)-number)
                               : (uint64_t)number;
    double real;
    char text[TG_DOUBLE_TEXT_SIZE];
    memcpy(&real, &bits, sizeof real);
    size_t size = tg_double_write(real, text);
    tg_buf_add(w->buf, text, size);
    bool looks_whole = memchr(text, '.', size) == NULL && memchr(text, 'e', size) == NULL;
    tg_buf_add_text(w->buf, looks_whole ? ".0" : "");
}

static void write_int(const struct writer *w, int64_t number)
{
    tg_buf_printf(w->buf, "%lld", (long long)number);
}

/* scalar.c's line, read backwards: 17 digits and a power of ten. */
static void write_decimal(const struct writer *w, int64_t number)
{
    const int64_t significant_min = INT64_C(10000000000000000);
    const int64_t per_power = INT64_C(90000000000000000);
    enum { DIGITS = 17, POWER_MIN = -16 };
    struct tg_decimal_text canonical;
    char text[64] = "0";
    int64_t size = (number < 0 ? -number : number) / 2 - 1;
    if (number != 0) {
        snprintf(text, sizeof text, "%s%llde%d", number < 0 ? "-" : "",
                 (long long)(significant_min + size % per_power),
                 (int)(size / per_power) + POWER_MIN - (DIGITS - 1));
    }
    if (tg_decimal_canonical(tg_slice_of(text), &canonical)) {
        tg_buf_add(w->buf, canonical.data, canonical.size);
    } else {
        tg_buf_add_text(w->buf, text);
    }
}

static void write_time(const struct writer *w, enum tg_field_kind kind, int64_t number)
{
    char text[TG_SCALAR_TEXT_SIZE];
    int64_t micros = number / 2;
    if (kind == TG_FIELD_DATE) {
        write_call(w, "date", text, tg_date_write(number, text));
    } else if (kind == TG_FIELD_TIMESTAMP) {
        struct tg_timestamp timestamp = {
            micros / 1000000 + TG_TIMESTAMP_SECONDS_MIN,
            (uint32_t)(micros % 1000000) * 1000,
        };
        write_call(w, "timestamp", text, tg_timestamp_write(timestamp, text));
    } else {
        struct tg_duration duration = {micros / 1000000,
                                       (int32_t)(micros % 1000000) * 1000};
        write_call(w, "duration", text, tg_duration_write(duration, text));
    }
}

static void write_number(const struct writer *w, enum tg_field_kind kind, int64_t number)
{
    switch (kind) {
    case TG_FIELD_DOUBLE:
        write_double(w, number);
        break;
    case TG_FIELD_DECIMAL:
        write_decimal(w, number);
        break;
    case TG_FIELD_BOOL:
        tg_buf_add_text(w->buf, number != 0 ? "true" : "false");
        break;
    case TG_FIELD_TIMESTAMP:
    case TG_FIELD_DURATION:
    case TG_FIELD_DATE:
        write_time(w, kind, number);
        break;
    default:
        write_int(w, number);
        break;
    }
}

/* --- Literals -------------------------------------------------------------------- */

static bool has_inexact(enum tg_field_kind kind)
{
    return kind == TG_FIELD_DECIMAL || kind == TG_FIELD_TIMESTAMP ||
           kind == TG_FIELD_DURATION;
}

/* One end of a range. On a line with inexact numbers, one of them beside an exact one is
 * all that lies beyond it. */
static void write_end(const struct writer *w, const struct tg_term *term,
                      enum tg_field_kind kind, bool is_low)
{
    int64_t number = is_low ? term->low : term->high;
    bool is_open = has_inexact(kind) && !tg_number_is_exact(number);
    number += !is_open ? 0 : is_low ? -1 : 1;
    write_slot(w, term->slot, false);
    tg_buf_add_text(w->buf, is_low ? " >" : " <");
    tg_buf_add_text(w->buf, is_open ? " " : "= ");
    write_number(w, kind, number);
}

static void write_range(const struct writer *w, const struct tg_term *term,
                        enum tg_field_kind kind)
{
    bool has_low = term->low != INT64_MIN;
    if (has_low) {
        write_end(w, term, kind, true);
    }
    if (has_low && term->high != INT64_MAX) {
        tg_buf_add_text(w->buf, " && ");
    }
    if (term->high != INT64_MAX) {
        write_end(w, term, kind, false);
    }
}

static void write_text_range(const struct writer *w, const struct tg_term *term)
{
    bool has_low = term->low_at != UINT32_MAX;
    bool has_high = term->high_at != UINT32_MAX;
    if (has_low) {
        write_slot(w, term->slot, false);
        tg_buf_add_text(w->buf, term->low_open ? " > " : " >= ");
        tg_query_write_string(w->buf,
                              tg_filter_bytes(w->filter, term->low_at, term->low_size));
    }
    tg_buf_add_text(w->buf, has_low && has_high ? " && " : "");
    if (has_high) {
        write_slot(w, term->slot, false);
        tg_buf_add_text(w->buf, term->high_open ? " < " : " <= ");
        tg_query_write_string(w->buf,
                              tg_filter_bytes(w->filter, term->high_at, term->high_size));
    }
}

static struct tg_slice term_text(const struct writer *w, const struct tg_term *term)
{
    return tg_filter_bytes(w->filter, term->at, term->size);
}

static void write_list(const struct writer *w, const struct tg_term *term,
                       enum tg_field_kind kind)
{
    for (uint32_t i = 0; i < term->count; i++) {
        const uint8_t *at = (const uint8_t *)w->filter + term->at;
        struct tg_term_text text;
        int64_t number;
        tg_buf_add_text(w->buf, i == 0 ? "[" : ", ");
        if (term->kind == TG_TERM_TEXT_ONE) {
            memcpy(&text, at + i * sizeof text, sizeof text);
            tg_query_write_string(w->buf, tg_filter_bytes(w->filter, text.at, text.size));
        } else {
            memcpy(&number, at + i * sizeof number, sizeof number);
            write_number(w, kind, number);
        }
    }
    tg_buf_add_byte(w->buf, ']');
}

/* slot == constant, or != */
static void write_equality(const struct writer *w, const struct tg_term *term,
                           enum tg_field_kind kind)
{
    write_slot(w, term->slot, false);
    tg_buf_add_text(w->buf, term->negated ? " != " : " == ");
    if (term->kind == TG_TERM_IS_NULL) {
        tg_buf_add_text(w->buf, "null");
    } else if (term->kind == TG_TERM_TEXT_IS) {
        tg_query_write_string(w->buf, term_text(w, term));
    } else {
        write_number(w, kind, term->low);
    }
}

/* slot.startsWith("…") */
static void write_part(const struct writer *w, const struct tg_term *term)
{
    write_slot(w, term->slot, false);
    tg_buf_add_text(w->buf, term->kind == TG_TERM_PREFIX   ? ".startsWith("
                            : term->kind == TG_TERM_SUFFIX ? ".endsWith("
                                                           : ".contains(");
    tg_query_write_string(w->buf, term_text(w, term));
    tg_buf_add_byte(w->buf, ')');
}

static void write_item(const struct writer *w, const struct tg_term *term,
                       enum tg_field_kind items)
{
    if (term->kind == TG_TERM_ITEM_TEXT) {
        tg_query_write_string(w->buf, term_text(w, term));
    } else {
        write_number(w, items, term->low);
    }
    tg_buf_add_text(w->buf, " in ");
    write_slot(w, term->slot, false);
}

static void write_state(const struct writer *w, const struct tg_term *term)
{
    bool is_has = term->kind == TG_TERM_PRESENT;
    tg_buf_add_text(w->buf, is_has ? "has(" : "size(");
    write_slot(w, term->slot, is_has);
    tg_buf_add_text(w->buf, is_has ? ")" : term->negated ? ") != 0" : ") == 0");
}

/* In parentheses behind a `!`. */
static bool is_wrapped(const struct tg_term *term)
{
    switch ((enum tg_term_kind)term->kind) {
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_TEXT_ONE:
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        return term->negated;
    default:
        return false;
    }
}

static bool is_refused(const struct tg_term *term)
{
    switch ((enum tg_term_kind)term->kind) {
    case TG_TERM_PREFIX:
    case TG_TERM_SUFFIX:
    case TG_TERM_CONTAINS:
    case TG_TERM_PRESENT:
    case TG_TERM_PROGRAM:
        return term->negated;
    default:
        return is_wrapped(term);
    }
}

static void write_literal(const struct writer *w, const struct tg_term *term)
{
    enum tg_field_kind items = TG_FIELD_JSON;
    enum tg_field_kind kind = term->kind == TG_TERM_PROGRAM || term->kind <= TG_TERM_FALSE
                                  ? TG_FIELD_JSON
                                  : tg_slot_kind(w->schema, term->slot, &items);
    switch ((enum tg_term_kind)term->kind) {
    case TG_TERM_TRUE:
    case TG_TERM_FALSE:
        tg_buf_add_text(w->buf, term->kind == TG_TERM_TRUE ? "true" : "false");
        break;
    case TG_TERM_NUMBER_IS:
    case TG_TERM_TEXT_IS:
    case TG_TERM_IS_NULL:
        write_equality(w, term, kind);
        break;
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_TEXT_ONE:
        write_slot(w, term->slot, false);
        tg_buf_add_text(w->buf, " in ");
        write_list(w, term, kind);
        break;
    case TG_TERM_NUMBER_RANGE:
        write_range(w, term, kind);
        break;
    case TG_TERM_TEXT_RANGE:
        write_text_range(w, term);
        break;
    case TG_TERM_PREFIX:
    case TG_TERM_SUFFIX:
    case TG_TERM_CONTAINS:
        write_part(w, term);
        break;
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        write_item(w, term, items);
        break;
    case TG_TERM_IS_EMPTY:
    case TG_TERM_PRESENT:
        write_state(w, term);
        break;
    default:
        tg_buf_printf(w->buf, "program(%u bytes)", term->size);
        break;
    }
}

static void write_term(const struct writer *w, const struct tg_term *term)
{
    bool wrapped = is_wrapped(term);
    tg_buf_add_text(w->buf, is_refused(term) ? "!" : "");
    tg_buf_add_text(w->buf, wrapped ? "(" : "");
    write_literal(w, term);
    tg_buf_add_text(w->buf, wrapped ? ")" : "");
}

/* --- All of it ------------------------------------------------------------------- */

struct group {
    uint32_t end;
    bool is_and;
    bool has_one; /* Something of it is written already. */
};

/* An OR in an AND needs parentheses, and an AND in an OR reads better with them. */
void tg_filter_write(const struct tg_filter *filter, const struct tg_schema *schema,
                     struct tg_buf *buf)
{
    struct writer w = {filter, schema, buf};
    struct group open[OPEN_MAX];
    uint32_t depth = 0;
    for (uint32_t at = 0; at < filter->terms_count; at++) {
        const struct tg_term *term = &filter->terms[at];
        if (depth > 0) {
            struct group *group = &open[depth - 1];
            tg_buf_add_text(buf, !group->has_one ? "" : group->is_and ? " && " : " || ");
            group->has_one = true;
        }
        if (term->kind == TG_TERM_AND || term->kind == TG_TERM_OR) {
            tg_buf_add_text(buf, depth > 0 ? "(" : "");
            open[depth++] =
                (struct group){at + term->skip, term->kind == TG_TERM_AND, false};
            continue;
        }
        write_term(&w, term);
        while (depth > 0 && open[depth - 1].end == at + 1) {
            depth--;
            tg_buf_add_text(buf, depth > 0 ? ")" : "");
        }
    }
}
