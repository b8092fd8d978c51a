/* Operators: do the types of their operands fit? */
#include "engine/query/check.h"

#include <stdio.h>

#include "engine/cel/decimal.h"

const char *tg_type_known_text(enum tg_type_known type)
{
    static const char *const texts[] = {
        "any",    "null", "bool",      "int",      "uint", "double", "decimal",
        "string", "uuid", "timestamp", "duration", "date", "list",
    };
    return texts[type];
}

const char *tg_check_text(const struct tg_checker *c, uint32_t at,
                          char text[TG_CHECK_TEXT_MAX])
{
    struct tg_slice source = tg_ast_source(c->ast, &c->ast->nodes[at]);
    struct tg_slice quoted = tg_refusal_quote(source);
    snprintf(text, TG_CHECK_TEXT_MAX, "%.*s%s (%s)", TG_FMT(quoted),
             quoted.size < source.size ? "…" : "",
             tg_type_known_text((enum tg_type_known)c->nodes[at].type));
    return text;
}

struct tg_slice tg_check_source(const struct tg_checker *c, uint32_t at)
{
    struct tg_slice source = tg_ast_source(c->ast, &c->ast->nodes[at]);
    return tg_refusal_quote(source).size < source.size ? TG_LIT("…") : source;
}

/* --- Literals beside fields ------------------------------------------------------ */

bool tg_check_is_uuid(struct tg_slice text)
{
    for (size_t i = 0; i < text.size && text.size == 36; i++) {
        uint8_t byte = text.data[i] | 0x20;
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_digit = (byte >= '0' && byte <= '9' && text.data[i] == byte) ||
                        (byte >= 'a' && byte <= 'f');
        if (is_dash ? text.data[i] != '-' : !is_digit) {
            return false;
        }
    }
    return text.size == 36;
}

/* Read the literal at `at` as a value of `type`, that of what stands beside it. */
static enum tg_err read_literal(struct tg_checker *c, uint32_t at, uint8_t type)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    struct tg_meaning *meaning = &c->nodes[at];
    bool is_number = node->kind == TG_AST_INT || node->kind == TG_AST_UINT ||
                     node->kind == TG_AST_DOUBLE;
    int64_t days;
    if (meaning->is == TG_MEANS_CLAIM) {
        meaning->read_as = type;
        return TG_OK;
    }
    if (type == TG_KNOWN_DECIMAL && is_number) {
        struct tg_decimal_text digits;
        if (node->kind == TG_AST_DOUBLE &&
            !tg_decimal_canonical(tg_ast_source(c->ast, node), &digits)) {
            return tg_check_refuse(c, TG_CODE_QUERY_TYPE, node->at,
                                   "a decimal has at most 38 digits, and at most 38 "
                                   "after the point");
        }
        meaning->read_as = TG_KNOWN_DECIMAL;
        meaning->type = TG_KNOWN_DECIMAL;
    }
    if (node->kind != TG_AST_STRING || (type != TG_KNOWN_UUID && type != TG_KNOWN_DATE)) {
        return TG_OK;
    }
    bool good = type == TG_KNOWN_UUID ? tg_check_is_uuid(node->text)
                                      : tg_date_read(node->text, &days);
    if (!good) {
        return tg_check_refuse(
            c, TG_CODE_QUERY_TYPE, node->at, "%s should be %s",
            type == TG_KNOWN_UUID ? "a uuid" : "a date",
            type == TG_KNOWN_UUID
                ? "36 characters, as \"0190f3a2-c1aa-7bbb-8ccc-dddddddddddd\""
                : "a day of the calendar, as \"2026-11-23\"");
    }
    meaning->read_as = type;
    meaning->type = type;
    return TG_OK;
}

/* --- Comparing ------------------------------------------------------------------- */

/* Types of one class can be compared: numbers are one line, a uuid is its text. */
static uint8_t class_of(uint8_t type)
{
    if (tg_type_is_number(type)) {
        return TG_KNOWN_INT;
    }
    return type == TG_KNOWN_UUID ? TG_KNOWN_STRING : type;
}

static enum tg_err refuse_pair(struct tg_checker *c, uint32_t place, uint32_t a,
                               uint32_t b)
{
    char left[TG_CHECK_TEXT_MAX];
    char right[TG_CHECK_TEXT_MAX];
    char hint[TG_HINT_MAX];
    uint8_t a_type = c->nodes[a].type;
    uint8_t b_type = c->nodes[b].type;
    const struct tg_ast_node *nodes = c->ast->nodes;
    const char *advice =
        tg_type_is_text(a_type)   ? tg_hint_literal(b_type, &nodes[a], hint)
        : tg_type_is_text(b_type) ? tg_hint_literal(a_type, &nodes[b], hint)
                                  : "";
    return tg_check_refuse(c, TG_CODE_QUERY_TYPE, place, "%s is not comparable with %s%s",
                           tg_check_text(c, a, left), tg_check_text(c, b, right), advice);
}

/* Where to point: at the literal of two, else at the operator. */
static uint32_t place_of(const struct tg_checker *c, uint32_t at, uint32_t a, uint32_t b)
{
    const struct tg_ast_node *nodes = c->ast->nodes;
    if (nodes[b].kind <= TG_AST_BYTES) {
        return nodes[b].at;
    }
    return nodes[a].kind <= TG_AST_BYTES ? nodes[a].at : nodes[at].mark;
}

static enum tg_err check_null(struct tg_checker *c, uint32_t at, uint32_t other)
{
    char text[TG_CHECK_TEXT_MAX];
    const struct tg_meaning *meaning = &c->nodes[other];
    if (meaning->nullable || meaning->type == TG_KNOWN_ANY ||
        meaning->type == TG_KNOWN_NULL) {
        return TG_OK;
    }
    return tg_check_refuse(c, TG_CODE_QUERY_TYPE, c->ast->nodes[at].mark,
                           "%s is never null", tg_check_text(c, other, text));
}

/* `a` and `b` are compared for equality by the node `at`. */
static enum tg_err check_equal(struct tg_checker *c, uint32_t at, uint32_t a, uint32_t b)
{
    enum tg_err err = read_literal(c, b, c->nodes[a].type);
    if (err == TG_OK) {
        err = read_literal(c, a, c->nodes[b].type);
    }
    if (err != TG_OK) {
        return err;
    }
    uint8_t left = class_of(c->nodes[a].type);
    uint8_t right = class_of(c->nodes[b].type);
    if (left == TG_KNOWN_ANY || right == TG_KNOWN_ANY) {
        return TG_OK;
    }
    if (left == TG_KNOWN_NULL) {
        return check_null(c, at, b);
    }
    if (right == TG_KNOWN_NULL) {
        return check_null(c, at, a);
    }
    return left == right ? TG_OK : refuse_pair(c, place_of(c, at, a, b), a, b);
}

/* `item` cannot be one of values of `type`. */
static enum tg_err refuse_item(struct tg_checker *c, uint32_t item, uint8_t type,
                               const char *what)
{
    char text[TG_CHECK_TEXT_MAX];
    char hint[TG_HINT_MAX];
    const struct tg_ast_node *node = &c->ast->nodes[item];
    bool is_text = tg_type_is_text(c->nodes[item].type);
    return tg_check_refuse(
        c, TG_CODE_QUERY_TYPE, node->at, "%s is not comparable with %s of type %s%s",
        tg_check_text(c, item, text), what, tg_type_known_text((enum tg_type_known)type),
        is_text ? tg_hint_literal(type, node, hint) : "");
}

static bool is_slot(const struct tg_checker *c, uint32_t at, uint16_t slot)
{
    return c->nodes[at].is == TG_MEANS_SLOT && c->nodes[at].slot == slot;
}

/* A literal beside event.op, or beside one of event.changed: can it ever be this? */
static enum tg_err check_event_literal(struct tg_checker *c, uint32_t at,
                                       uint32_t literal)
{
    const struct tg_ast_node *node = &c->ast->nodes[literal];
    const struct tg_meaning *meaning = &c->nodes[at];
    if (is_slot(c, at, TG_SLOT_OP)) {
        return tg_check_operation(c, literal);
    }
    bool is_changed = meaning->is == TG_MEANS_LOCAL && meaning->slot == TG_SLOT_CHANGED;
    return is_changed && node->kind == TG_AST_STRING
               ? tg_check_field(c, node->at, node->text)
               : TG_OK;
}

/* Items of a list literal are judged one by one, as if each stood there. */
static enum tg_err check_items(struct tg_checker *c, uint32_t list, uint8_t type)
{
    const struct tg_ast_node *node = &c->ast->nodes[list];
    for (uint32_t i = 0; i < node->count && node->kind == TG_AST_LIST; i++) {
        uint32_t item = tg_ast_child_index(c->ast, node, i);
        enum tg_err err = read_literal(c, item, type);
        if (err != TG_OK) {
            return err;
        }
        uint8_t one = class_of(c->nodes[item].type);
        bool fits = one == TG_KNOWN_ANY || type == TG_KNOWN_ANY || one == TG_KNOWN_NULL ||
                    one == class_of(type);
        if (!fits) {
            return refuse_item(c, item, type, "a value");
        }
    }
    return TG_OK;
}

static enum tg_err check_ordered(struct tg_checker *c, uint32_t at, uint32_t a,
                                 uint32_t b)
{
    const uint32_t sides[] = {a, b};
    for (int i = 0; i < 2; i++) {
        uint8_t type = c->nodes[sides[i]].type;
        if (type == TG_KNOWN_NULL || type == TG_KNOWN_LIST) {
            char text[TG_CHECK_TEXT_MAX];
            return tg_check_refuse(c, TG_CODE_QUERY_TYPE, c->ast->nodes[at].mark,
                                   "%s has no order", tg_check_text(c, sides[i], text));
        }
    }
    return check_equal(c, at, a, b);
}

enum tg_err tg_check_compare(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    uint32_t a = tg_ast_child_index(c->ast, node, 0);
    uint32_t b = tg_ast_child_index(c->ast, node, 1);
    c->nodes[at].type = TG_KNOWN_BOOL;
    if (node->kind != TG_AST_EQUAL && node->kind != TG_AST_NOT_EQUAL) {
        return check_ordered(c, at, a, b);
    }
    enum tg_err err = TG_OK;
    if (c->nodes[a].type == TG_KNOWN_LIST && c->nodes[b].type == TG_KNOWN_LIST) {
        err = check_items(c, b, c->nodes[a].items);
        return err == TG_OK ? check_items(c, a, c->nodes[b].items) : err;
    }
    err = check_event_literal(c, a, b);
    err = err == TG_OK ? check_event_literal(c, b, a) : err;
    return err == TG_OK ? check_equal(c, at, a, b) : err;
}

/* `status in "paid"`: a list of one, or a part of a text? */
static enum tg_err refuse_in(struct tg_checker *c, uint32_t item, uint32_t list)
{
    const struct tg_ast_node *node = &c->ast->nodes[list];
    struct tg_slice source = tg_check_source(c, list);
    bool is_literal = node->kind <= TG_AST_BYTES && node->kind != TG_AST_NULL;
    bool is_part =
        !is_literal && tg_type_is_text(c->nodes[list].type) &&
        (tg_type_is_text(c->nodes[item].type) || c->nodes[item].type == TG_KNOWN_ANY);
    char text[TG_CHECK_TEXT_MAX];
    return tg_check_refuse(c, TG_CODE_QUERY_TYPE, node->at, "%s is no list%s%.*s%s",
                           tg_check_text(c, list, text),
                           is_literal ? "; write ["
                           : is_part  ? "; write "
                                      : "",
                           is_literal || is_part ? (int)source.size : 0,
                           (const char *)source.data,
                           is_literal ? "]"
                           : is_part  ? ".contains(…)"
                                      : "");
}

/* event.op in ["create"], "status" in event.changed: only what can be. */
static enum tg_err check_event_in(struct tg_checker *c, uint32_t item, uint32_t list)
{
    const struct tg_ast_node *items = &c->ast->nodes[list];
    const struct tg_ast_node *name = &c->ast->nodes[item];
    if (is_slot(c, list, TG_SLOT_CHANGED) && name->kind == TG_AST_STRING) {
        return tg_check_field(c, name->at, name->text);
    }
    bool is_list = items->kind == TG_AST_LIST;
    enum tg_err err = TG_OK;
    for (uint32_t i = 0; is_list && err == TG_OK && i < items->count; i++) {
        err = check_event_literal(c, item, tg_ast_child_index(c->ast, items, i));
    }
    return err;
}

enum tg_err tg_check_in(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    uint32_t item = tg_ast_child_index(c->ast, node, 0);
    uint32_t list = tg_ast_child_index(c->ast, node, 1);
    struct tg_meaning *in = &c->nodes[list];
    c->nodes[at].type = TG_KNOWN_BOOL;
    if (in->type != TG_KNOWN_LIST && in->type != TG_KNOWN_ANY) {
        return refuse_in(c, item, list);
    }
    enum tg_err err = check_event_in(c, item, list);
    if (err != TG_OK) {
        return err;
    }
    if (c->ast->nodes[list].kind == TG_AST_LIST) {
        return check_items(c, list, c->nodes[item].type);
    }
    if (in->is == TG_MEANS_CLAIM) {
        in->read_as = c->nodes[item].type;
    }
    if (in->type == TG_KNOWN_ANY || in->items == TG_KNOWN_ANY) {
        return TG_OK;
    }
    err = read_literal(c, item, in->items);
    uint8_t one = class_of(c->nodes[item].type);
    if (err != TG_OK || one == TG_KNOWN_ANY || one == class_of(in->items)) {
        return err;
    }
    return refuse_item(c, item, in->items, "items");
}

/* --- Arithmetic ------------------------------------------------------------------ */

#define PAIR(a, b) ((a)*16 + (b))

/* The type of a + b or a - b; ANY: there is none. */
static uint8_t sum_type(uint8_t a, uint8_t b, bool is_sum)
{
    switch (PAIR(a, b)) {
    case PAIR(TG_KNOWN_INT, TG_KNOWN_INT):
    case PAIR(TG_KNOWN_UINT, TG_KNOWN_UINT):
    case PAIR(TG_KNOWN_DOUBLE, TG_KNOWN_DOUBLE):
    case PAIR(TG_KNOWN_DECIMAL, TG_KNOWN_DECIMAL):
    case PAIR(TG_KNOWN_DURATION, TG_KNOWN_DURATION):
        return a;
    case PAIR(TG_KNOWN_TIMESTAMP, TG_KNOWN_DURATION):
        return TG_KNOWN_TIMESTAMP;
    case PAIR(TG_KNOWN_DURATION, TG_KNOWN_TIMESTAMP):
        return is_sum ? TG_KNOWN_TIMESTAMP : TG_KNOWN_ANY;
    case PAIR(TG_KNOWN_TIMESTAMP, TG_KNOWN_TIMESTAMP):
        return is_sum ? TG_KNOWN_ANY : TG_KNOWN_DURATION;
    case PAIR(TG_KNOWN_STRING, TG_KNOWN_STRING):
    case PAIR(TG_KNOWN_LIST, TG_KNOWN_LIST):
        return is_sum ? a : TG_KNOWN_ANY;
    default:
        return TG_KNOWN_ANY;
    }
}

static uint8_t product_type(uint8_t kind, uint8_t a, uint8_t b)
{
    bool has_rest = kind != TG_AST_REMAINDER || a != TG_KNOWN_DOUBLE;
    bool is_exact = kind == TG_AST_MULTIPLY || a != TG_KNOWN_DECIMAL;
    return a == b && tg_type_is_number(a) && has_rest && is_exact ? a : TG_KNOWN_ANY;
}

static enum tg_err refuse_arithmetic(struct tg_checker *c, uint32_t at, uint32_t a,
                                     uint32_t b)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    char left[TG_CHECK_TEXT_MAX];
    char right[TG_CHECK_TEXT_MAX];
    bool divides = node->kind == TG_AST_DIVIDE || node->kind == TG_AST_REMAINDER;
    uint8_t types[] = {c->nodes[a].type, c->nodes[b].type};
    const char *why = "";
    if (divides && (types[0] == TG_KNOWN_DECIMAL || types[1] == TG_KNOWN_DECIMAL)) {
        why = ": decimals have no exact quotient; write double(…)";
    } else if (tg_type_is_number(types[0]) && tg_type_is_number(types[1]) &&
               types[0] != types[1]) {
        why = ": numbers are not converted by themselves; write double(…) or int(…)";
    }
    tg_check_text(c, a, left);
    tg_check_text(c, b, right);
    return tg_check_refuse(c, TG_CODE_QUERY_TYPE, node->mark,
                           "%s and %s have no such operation%s", left, right, why);
}

enum tg_err tg_check_arithmetic(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    uint32_t a = tg_ast_child_index(c->ast, node, 0);
    uint32_t b = tg_ast_child_index(c->ast, node, 1);
    bool is_sum = node->kind == TG_AST_ADD || node->kind == TG_AST_SUBTRACT;
    if (c->nodes[a].type == TG_KNOWN_DECIMAL || c->nodes[b].type == TG_KNOWN_DECIMAL) {
        /* A literal beside a decimal is a decimal. */
        enum tg_err err = read_literal(c, a, TG_KNOWN_DECIMAL);
        err = err == TG_OK ? read_literal(c, b, TG_KNOWN_DECIMAL) : err;
        if (err != TG_OK) {
            return err;
        }
    }
    uint8_t left = c->nodes[a].type == TG_KNOWN_UUID ? TG_KNOWN_STRING : c->nodes[a].type;
    uint8_t right = c->nodes[b].type == TG_KNOWN_UUID ? TG_KNOWN_STRING
                                                      : c->nodes[b].type;
    bool is_open = left == TG_KNOWN_ANY || right == TG_KNOWN_ANY;
    bool has_null = left == TG_KNOWN_NULL || right == TG_KNOWN_NULL ||
                    left == TG_KNOWN_BOOL || right == TG_KNOWN_BOOL;
    uint8_t type = is_sum ? sum_type(left, right, node->kind == TG_AST_ADD)
                          : product_type(node->kind, left, right);
    c->nodes[at].type = type;
    c->nodes[at].nullable = type == TG_KNOWN_ANY;
    if (type == TG_KNOWN_LIST && c->nodes[a].items == c->nodes[b].items) {
        c->nodes[at].items = c->nodes[a].items;
    }
    if (type == TG_KNOWN_ANY && (!is_open || has_null)) {
        return refuse_arithmetic(c, at, a, b);
    }
    return TG_OK;
}

enum tg_err tg_check_negate(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    uint32_t of = tg_ast_child_index(c->ast, node, 0);
    uint8_t type = c->nodes[of].type;
    c->nodes[at].type = type;
    c->nodes[at].nullable = type == TG_KNOWN_ANY;
    bool good = type == TG_KNOWN_ANY || type == TG_KNOWN_INT || type == TG_KNOWN_DOUBLE ||
                type == TG_KNOWN_DECIMAL;
    char text[TG_CHECK_TEXT_MAX];
    return good ? TG_OK
                : tg_check_refuse(c, TG_CODE_QUERY_TYPE, node->mark,
                                  "%s cannot be negated with -",
                                  tg_check_text(c, of, text));
}
