/* Literals: comparisons of one slot with constants, and what a program must tell. */
#include "engine/base/mem.h"
#include "engine/query/normal.h"

/* --- What is the same for all ---------------------------------------------------- */

static void tell_program(struct tg_normal *n, uint32_t at, bool negated)
{
    const struct tg_bound_node *info = &n->bound->nodes[at];
    struct tg_scope scope = tg_bound_scope(n->bound);
    struct tg_program *program = NULL;
    enum tg_err err =
        tg_program_compile(&n->bound->tree, at, &scope, &program, n->refusal);
    if (err != TG_OK) {
        n->err = err;
        return;
    }
    tg_build_program(n->builder, program, info->slots, info->about_event, negated);
    if (n->programs != NULL) {
        const struct tg_ast *tree = &n->bound->tree;
        tg_buf_add_text(n->programs, negated ? "!(" : "");
        tg_buf_add_slice(n->programs, tg_ast_source(tree, &tree->nodes[at]));
        tg_buf_add_text(n->programs, negated ? ")\n" : "\n");
    }
    tg_free(program);
}

static void tell_constant(struct tg_normal *n, uint32_t at, bool negated)
{
    struct tg_value value = tg_normal_constant(n, at);
    tg_build_constant(n->builder,
                      value.kind == TG_VALUE_BOOL && value.boolean != negated);
}

/* Neither absent nor null. */
static void tell_here(struct tg_normal *n, uint16_t slot)
{
    tg_build_state(n->builder, TG_TERM_IS_NULL, slot, true);
}

/* Equal to a constant that it never is: `negated`, true of all that is there. */
static void tell_never(struct tg_normal *n, uint16_t slot, bool negated)
{
    if (negated) {
        tg_build_state(n->builder, TG_TERM_PRESENT, slot, false);
    } else {
        tg_build_constant(n->builder, false);
    }
}

/* --- A comparison ---------------------------------------------------------------- */

static uint8_t mirrored(uint8_t kind)
{
    switch (kind) {
    case TG_AST_LESS:
        return TG_AST_GREATER;
    case TG_AST_LESS_EQUAL:
        return TG_AST_GREATER_EQUAL;
    case TG_AST_GREATER:
        return TG_AST_LESS;
    case TG_AST_GREATER_EQUAL:
        return TG_AST_LESS_EQUAL;
    default:
        return kind;
    }
}

/* !(a < b) is a >= b where both have an order, and an error where not, as it was. */
static uint8_t opposite(uint8_t kind)
{
    switch (kind) {
    case TG_AST_EQUAL:
        return TG_AST_NOT_EQUAL;
    case TG_AST_NOT_EQUAL:
        return TG_AST_EQUAL;
    case TG_AST_LESS:
        return TG_AST_GREATER_EQUAL;
    case TG_AST_LESS_EQUAL:
        return TG_AST_GREATER;
    case TG_AST_GREATER:
        return TG_AST_LESS_EQUAL;
    default:
        return TG_AST_LESS;
    }
}

static void tell_range(struct tg_normal *n, uint16_t slot, int64_t low, int64_t high)
{
    if (low > high) {
        tg_build_constant(n->builder, false);
    } else if (low == INT64_MIN && high == INT64_MAX) {
        tell_here(n, slot);
    } else {
        tg_build_range(n->builder, slot, low, high);
    }
}

static void tell_below(struct tg_normal *n, uint16_t slot, const struct tg_place *place,
                       bool or_equal)
{
    bool step = place->is_there && !or_equal;
    if (!place->has_below || (step && place->below == INT64_MIN)) {
        tg_build_constant(n->builder, false);
    } else {
        tell_range(n, slot, INT64_MIN, place->below - (step ? 1 : 0));
    }
}

static void tell_above(struct tg_normal *n, uint16_t slot, const struct tg_place *place,
                       bool or_equal)
{
    bool step = place->is_there && !or_equal;
    if (!place->has_above || (step && place->above == INT64_MAX)) {
        tg_build_constant(n->builder, false);
    } else {
        tell_range(n, slot, place->above + (step ? 1 : 0), INT64_MAX);
    }
}

static void tell_number(struct tg_normal *n, uint16_t slot, uint8_t op,
                        const struct tg_place *place)
{
    switch (op) {
    case TG_AST_EQUAL:
    case TG_AST_NOT_EQUAL:
        if (place->is_there) {
            tg_build_number(n->builder, slot, place->below, op == TG_AST_NOT_EQUAL);
        } else {
            tell_never(n, slot, op == TG_AST_NOT_EQUAL);
        }
        break;
    case TG_AST_LESS:
    case TG_AST_LESS_EQUAL:
        tell_below(n, slot, place, op == TG_AST_LESS_EQUAL);
        break;
    default:
        tell_above(n, slot, place, op == TG_AST_GREATER_EQUAL);
        break;
    }
}

static void tell_text(struct tg_normal *n, uint16_t slot, uint8_t op,
                      struct tg_slice text)
{
    const struct tg_slice none = {NULL, 0};
    struct tg_slice end = text.data == NULL ? TG_LIT("") : text;
    switch (op) {
    case TG_AST_EQUAL:
    case TG_AST_NOT_EQUAL:
        tg_build_text(n->builder, slot, text, op == TG_AST_NOT_EQUAL);
        break;
    case TG_AST_LESS:
    case TG_AST_LESS_EQUAL:
        tg_build_text_range(n->builder, slot, none, false, end, op == TG_AST_LESS);
        break;
    default:
        tg_build_text_range(n->builder, slot, end, op == TG_AST_GREATER, none, false);
        break;
    }
}

/* Against a value that has no order with the slot's, and is not equal to any of them. */
static void tell_foreign(struct tg_normal *n, uint16_t slot, uint8_t op)
{
    if (op == TG_AST_EQUAL || op == TG_AST_NOT_EQUAL) {
        tell_never(n, slot, op == TG_AST_NOT_EQUAL);
    } else {
        tg_build_constant(n->builder, false);
    }
}

/* False: it takes a program. */
static bool tell_slot(struct tg_normal *n, uint16_t slot, uint8_t op,
                      struct tg_value value)
{
    enum tg_field_kind kind = tg_slot_kind(n->schema, slot, NULL);
    bool is_equality = op == TG_AST_EQUAL || op == TG_AST_NOT_EQUAL;
    struct tg_place place;
    if (value.kind == TG_VALUE_ERROR || (value.kind == TG_VALUE_NULL && !is_equality)) {
        tg_build_constant(n->builder, false);
        return true;
    }
    if (value.kind == TG_VALUE_NULL) {
        tg_build_state(n->builder, TG_TERM_IS_NULL, slot, op == TG_AST_NOT_EQUAL);
        return true;
    }
    if (kind == TG_FIELD_JSON || kind == TG_FIELD_LIST) {
        return false;
    }
    if (kind == TG_FIELD_STRING || kind == TG_FIELD_UUID) {
        if (value.kind == TG_VALUE_STRING) {
            tell_text(n, slot, op, value.text);
        } else {
            tell_foreign(n, slot, op);
        }
        return true;
    }
    switch (tg_place(kind, value, &place)) {
    case TG_PLACED:
        tell_number(n, slot, op, &place);
        return true;
    case TG_FOREIGN:
        tell_foreign(n, slot, op);
        return true;
    case TG_UNPLACED:
        break;
    }
    return false;
}

/* --- size(tags) == 0 ------------------------------------------------------------- */

/* The slot of the list whose size the node is, or -1. */
static int32_t size_of_slot(const struct tg_normal *n, uint32_t at)
{
    const struct tg_ast_node *node = tg_normal_node(n, at);
    bool is_call = (node->kind == TG_AST_CALL || node->kind == TG_AST_METHOD) &&
                   node->count == 1 && tg_slice_is(node->text, "size");
    int32_t slot = is_call ? tg_normal_slot(n, tg_normal_child(n, at, 0)) : -1;
    bool is_list = slot >= 0 &&
                   tg_slot_kind(n->schema, (uint16_t)slot, NULL) == TG_FIELD_LIST;
    return is_list ? slot : -1;
}

/* Of what the size asks: -1 nothing that is known here, 0 some, 1 none. */
static int asks_empty(uint8_t op, struct tg_value value)
{
    if (value.kind != TG_VALUE_INT || value.integer < 0 || value.integer > 1) {
        return -1;
    }
    bool zero = value.integer == 0;
    switch (op) {
    case TG_AST_EQUAL:
    case TG_AST_LESS_EQUAL:
        return zero ? 1 : -1;
    case TG_AST_NOT_EQUAL:
    case TG_AST_GREATER:
        return zero ? 0 : -1;
    case TG_AST_LESS:
        return zero ? -1 : 1;
    default:
        return zero ? -1 : 0;
    }
}

static bool tell_size(struct tg_normal *n, uint16_t slot, uint8_t op,
                      struct tg_value value)
{
    int empty = asks_empty(op, value);
    if (empty == 1) {
        tg_build_state(n->builder, TG_TERM_IS_EMPTY, slot, false);
    } else if (empty == 0) {
        /* The size of null is an error; that null is not empty is true. */
        tg_build_open(n->builder, TG_TERM_AND);
        tell_here(n, slot);
        tg_build_state(n->builder, TG_TERM_IS_EMPTY, slot, true);
        tg_build_close(n->builder);
    }
    return empty >= 0;
}

static bool tell_compare(struct tg_normal *n, uint32_t at, bool negated)
{
    uint32_t a = tg_normal_child(n, at, 0);
    uint32_t b = tg_normal_child(n, at, 1);
    uint8_t op = tg_normal_node(n, at)->kind;
    if (n->bound->nodes[a].is_constant) {
        uint32_t constant = a;
        a = b;
        b = constant;
        op = mirrored(op);
    }
    if (!n->bound->nodes[b].is_constant) {
        return false;
    }
    op = negated ? opposite(op) : op;
    int32_t slot = tg_normal_slot(n, a);
    int32_t list = size_of_slot(n, a);
    if (slot < 0 && list < 0) {
        return false;
    }
    struct tg_value value = tg_normal_constant(n, b);
    return slot >= 0 ? tell_slot(n, (uint16_t)slot, op, value)
                     : tell_size(n, (uint16_t)list, op, value);
}

/* --- Others ---------------------------------------------------------------------- */

/* name.startsWith("a") */
static bool tell_part(struct tg_normal *n, uint32_t at, bool negated)
{
    static const struct {
        const char *name;
        enum tg_term_kind kind;
    } parts[] = {
        {"startsWith", TG_TERM_PREFIX},
        {"endsWith", TG_TERM_SUFFIX},
        {"contains", TG_TERM_CONTAINS},
    };
    const struct tg_ast_node *node = tg_normal_node(n, at);
    if (node->count != 2) {
        return false;
    }
    int32_t slot = tg_normal_slot(n, tg_normal_child(n, at, 0));
    uint32_t part = tg_normal_child(n, at, 1);
    enum tg_field_kind kind = slot < 0 ? TG_FIELD_JSON
                                       : tg_slot_kind(n->schema, (uint16_t)slot, NULL);
    if ((kind != TG_FIELD_STRING && kind != TG_FIELD_UUID) ||
        !n->bound->nodes[part].is_constant) {
        return false;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (tg_slice_is(node->text, parts[i].name)) {
            struct tg_value value = tg_normal_constant(n, part);
            if (value.kind == TG_VALUE_STRING) {
                tg_build_part(n->builder, parts[i].kind, (uint16_t)slot, value.text,
                              negated);
            } else {
                tg_build_constant(n->builder, false);
            }
            return true;
        }
    }
    return false;
}

/* A bool field, or has(). */
static bool tell_variable(struct tg_normal *n, uint32_t at, bool negated)
{
    int32_t variable = n->bound->nodes[at].variable;
    if (variable >= TG_VARIABLE_HAS) {
        tg_build_state(n->builder, TG_TERM_PRESENT,
                       (uint16_t)(variable - TG_VARIABLE_HAS), negated);
        return true;
    }
    bool is_bool = variable >= 0 &&
                   tg_slot_kind(n->schema, (uint16_t)variable, NULL) == TG_FIELD_BOOL;
    if (is_bool) {
        tg_build_number(n->builder, (uint16_t)variable, negated ? 0 : 1, false);
    }
    return is_bool;
}

static bool tell_node(struct tg_normal *n, uint32_t at, bool negated)
{
    switch (tg_normal_node(n, at)->kind) {
    case TG_AST_NAME:
        return tell_variable(n, at, negated);
    case TG_AST_EQUAL:
    case TG_AST_NOT_EQUAL:
    case TG_AST_LESS:
    case TG_AST_LESS_EQUAL:
    case TG_AST_GREATER:
    case TG_AST_GREATER_EQUAL:
        return tell_compare(n, at, negated);
    case TG_AST_IN:
        return tg_normal_in(n, at, negated);
    case TG_AST_ALL:
    case TG_AST_EXISTS:
        return tg_normal_exists(n, at, negated);
    case TG_AST_METHOD:
        return tell_part(n, at, negated);
    default:
        return false;
    }
}

void tg_normal_literal(struct tg_normal *normal, uint32_t node, bool negated)
{
    if (normal->bound->nodes[node].is_constant) {
        tell_constant(normal, node, negated);
    } else if (!tell_node(normal, node, negated)) {
        tell_program(normal, node, negated);
    }
}
