#include "engine/base/mem.h"
#include "engine/query/normal.h"

/* timestamp("…"), duration("…"), date("…") of a literal: the usual constants. */
static bool read_call(const struct tg_normal *n, uint32_t at, struct tg_value *value)
{
    const struct tg_ast_node *node = tg_normal_node(n, at);
    if (node->kind != TG_AST_CALL || node->count != 1) {
        return false;
    }
    const struct tg_ast_node *argument = tg_normal_node(n, tg_normal_child(n, at, 0));
    if (argument->kind != TG_AST_STRING) {
        return false;
    }
    bool good = false;
    if (tg_slice_is(node->text, "timestamp")) {
        value->kind = TG_VALUE_TIMESTAMP;
        good = tg_timestamp_read(argument->text, &value->timestamp);
    } else if (tg_slice_is(node->text, "duration")) {
        value->kind = TG_VALUE_DURATION;
        good = tg_duration_read_units(argument->text, &value->duration);
    } else if (tg_slice_is(node->text, "date")) {
        value->kind = TG_VALUE_DATE;
        good = tg_date_read(argument->text, &value->integer);
    }
    return good;
}

static struct tg_value compute(struct tg_normal *n, uint32_t at)
{
    struct tg_program *program = NULL;
    struct tg_scope scope = tg_bound_scope(n->bound);
    enum tg_err err =
        tg_program_compile(&n->bound->tree, at, &scope, &program, n->refusal);
    if (err != TG_OK) {
        n->err = err;
        return tg_value_error("out of memory");
    }
    struct tg_value value =
        tg_program_run(program, &tg_variables_none, &n->space, TG_STEPS_MAX);
    if (value.kind == TG_VALUE_STRING) {
        value.text = tg_keep_copy(&n->bound->keep, value.text);
        n->err = value.text.data == NULL ? TG_ENOMEM : n->err;
    }
    if (value.kind == TG_VALUE_DECIMAL) {
        value.decimal = tg_keep_copy(&n->bound->keep, value.decimal);
        n->err = value.decimal.data == NULL ? TG_ENOMEM : n->err;
    }
    tg_free(program);
    return value;
}

struct tg_value tg_normal_constant(struct tg_normal *normal, uint32_t node)
{
    const struct tg_ast_node *at = tg_normal_node(normal, node);
    int32_t variable = normal->bound->nodes[node].variable;
    struct tg_value value = {.kind = TG_VALUE_NULL};
    switch (at->kind) {
    case TG_AST_NULL:
        return value;
    case TG_AST_BOOL:
        value.kind = TG_VALUE_BOOL;
        value.boolean = at->integer != 0;
        return value;
    case TG_AST_INT:
        value.kind = TG_VALUE_INT;
        value.integer = at->integer;
        return value;
    case TG_AST_UINT:
        value.kind = TG_VALUE_UINT;
        value.unsigned_integer = at->unsigned_integer;
        return value;
    case TG_AST_DOUBLE:
        value.kind = TG_VALUE_DOUBLE;
        value.real = at->real;
        return value;
    case TG_AST_STRING:
        value.kind = TG_VALUE_STRING;
        value.text = at->text;
        return value;
    case TG_AST_LIST:
    case TG_AST_MAP:
        value.kind = at->kind == TG_AST_LIST ? TG_VALUE_LIST : TG_VALUE_MAP;
        return value;
    default:
        break;
    }
    if (variable >= TG_VARIABLE_KNOWN) {
        return normal->bound->known[variable - TG_VARIABLE_KNOWN];
    }
    if (variable == TG_VARIABLE_MISSING) {
        return tg_value_error("no such attribute");
    }
    return read_call(normal, node, &value) ? value : compute(normal, node);
}
