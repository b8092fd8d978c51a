#include "engine/cel/program.h"

#include "engine/base/mem.h"
#include "engine/cel/compile.h"
#include "engine/cel/decimal.h"

static const struct tg_ast_node *node_of(const struct tg_compile *c,
                                         const struct tg_visit *visit)
{
    return &c->ast->nodes[visit->node];
}

static enum tg_err refuse_out_of_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL,
                   "there is no memory for this query; try again later");
    return TG_ENOMEM;
}

static enum tg_err fault(struct tg_compile *c, enum tg_fault fault)
{
    struct tg_instruction instruction = {.does = TG_DO_FAULT, .detail = (uint8_t)fault};
    return tg_emit(c, instruction, 0, true);
}

/* --- names ----------------------------------------------------------------------- */

static enum tg_err emit_variable(struct tg_compile *c, int32_t variable)
{
    struct tg_value value;
    if (c->scope->known != NULL && c->scope->known(c->scope->context, variable, &value)) {
        return tg_emit_known(c, value);
    }
    struct tg_instruction load = {.does = TG_DO_VARIABLE, .target = (uint32_t)variable};
    return tg_emit(c, load, 0, true);
}

/* Emit what the qualified name means; `*emitted` false: it means nothing as a whole. */
static enum tg_err emit_name(struct tg_compile *c, const struct tg_ast_node *node,
                             bool *emitted)
{
    struct tg_meaning meaning;
    enum tg_err err = tg_name_resolve(c, node, &meaning);
    *emitted = meaning.kind != TG_NAME_UNKNOWN;
    if (err != TG_OK || !*emitted) {
        return err;
    }
    if (meaning.kind == TG_NAME_VARIABLE) {
        return emit_variable(c, meaning.number);
    }
    if (meaning.kind == TG_NAME_TYPE) {
        return tg_emit_value(c, meaning.type);
    }
    struct tg_instruction local = {.does = TG_DO_LOCAL,
                                   .target = (uint32_t)meaning.number};
    return tg_emit(c, local, 0, true);
}

static enum tg_err unknown_name(struct tg_compile *c, const struct tg_ast_node *node)
{
    if (c->scope->late) {
        return fault(c, TG_FAULT_NAME);
    }
    tg_query_refuse(c->refusal, TG_CODE_QUERY_FIELD, c->ast->source, node->mark,
                    "unknown name \"%.*s\"", TG_FMT(tg_refusal_quote(node->text)));
    return TG_EINVAL;
}

/* has(a.b): as a qualified name, if that is one; `known` values are there. */
static enum tg_err emit_has_variable(struct tg_compile *c, const struct tg_ast_node *node,
                                     bool *emitted)
{
    struct tg_meaning meaning;
    struct tg_value value;
    enum tg_err err = tg_name_resolve(c, node, &meaning);
    *emitted = meaning.kind == TG_NAME_VARIABLE;
    if (err != TG_OK || !*emitted) {
        return err;
    }
    if (c->scope->known != NULL &&
        c->scope->known(c->scope->context, meaning.number, &value)) {
        bool is_error = value.kind == TG_VALUE_ERROR;
        return is_error && value.error == tg_no_memory
                   ? TG_ENOMEM
                   : tg_emit_value(c, tg_value_bool(!is_error));
    }
    struct tg_instruction has = {.does = TG_DO_HAS_VARIABLE,
                                 .target = (uint32_t)meaning.number};
    return tg_emit(c, has, 0, true);
}

/* --- functions ------------------------------------------------------------------- */

static enum tg_err unknown_function(struct tg_compile *c, const struct tg_ast_node *node)
{
    if (c->scope->late) {
        return fault(c, TG_FAULT_FUNCTION);
    }
    bool exists = tg_function_exists(node->text);
    tg_query_refuse(c->refusal, TG_CODE_QUERY_UNSUPPORTED, c->ast->source, node->mark,
                    exists ? "%.*s() is not used like this"
                           : "there is no function %.*s()",
                    TG_FMT(tg_refusal_quote(node->text)));
    return TG_EINVAL;
}

static struct tg_instruction call_of(const struct tg_ast_node *node)
{
    int function = tg_function_find(node->text, node->kind == TG_AST_METHOD, node->count);
    return (struct tg_instruction){
        .does = TG_DO_CALL, .detail = (uint8_t)function, .count = (uint16_t)node->count};
}

/* Patterns are compiled with the program, so that none is when it runs. */
static enum tg_err emit_match(struct tg_compile *c, const struct tg_ast_node *node)
{
    const struct tg_ast_node *pattern = tg_ast_child(c->ast, node, 1);
    const char *why;
    enum tg_err err = tg_emit_match(c, &why);
    if (err != TG_EINVAL) {
        return err;
    }
    if (why == NULL && c->scope->late) {
        return tg_emit_pure(c, call_of(node), 2);
    }
    tg_query_refuse(c->refusal, TG_CODE_QUERY_UNSUPPORTED, c->ast->source, pattern->at,
                    why == NULL ? "matches() wants a constant pattern" : "%s", why);
    return TG_EINVAL;
}

static enum tg_err emit_call(struct tg_compile *c, const struct tg_ast_node *node)
{
    if (tg_slice_is(node->text, "matches")) {
        return emit_match(c, node);
    }
    return tg_emit_pure(c, call_of(node), node->count);
}

/* --- operators ------------------------------------------------------------------- */

static enum tg_err emit_select(struct tg_compile *c, const struct tg_ast_node *node,
                               enum tg_do does)
{
    struct tg_instruction select = {.does = (uint8_t)does};
    enum tg_err err = tg_emit_constant(c, tg_value_string(node->text), &select.target);
    return err != TG_OK ? err : tg_emit(c, select, 1, true);
}

/* With its digits as they were written: they stand at its end, after a sign. */
static enum tg_err emit_double(struct tg_compile *c, const struct tg_ast_node *node)
{
    const uint8_t *begin = c->ast->source.data + node->at;
    const uint8_t *end = c->ast->source.data + node->end;
    const uint8_t *at = end;
    while (at > begin &&
           ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.' || (at[-1] | 0x20) == 'e' ||
            ((at[-1] == '-' || at[-1] == '+') && at - 1 > begin &&
             (at[-2] | 0x20) == 'e'))) {
        at--;
    }
    struct tg_value value = tg_value_double(node->real);
    struct tg_decimal_text digits;
    char exact[TG_DECIMAL_TEXT_SIZE + 2] = "-";
    if (tg_decimal_canonical(tg_slice(at, (size_t)(end - at)), &digits)) {
        memcpy(exact + 1, digits.data, digits.size);
        exact[1 + digits.size] = '\0';
        value.is_literal = true;
        value.exact = exact + (node->real < 0 ? 0 : 1);
    }
    return tg_emit_value(c, value);
}

static enum tg_err emit_literal(struct tg_compile *c, const struct tg_ast_node *node)
{
    switch ((enum tg_ast_kind)node->kind) {
    case TG_AST_BOOL:
        return tg_emit_value(c, tg_value_bool(node->integer != 0));
    case TG_AST_INT:
        return tg_emit_value(c, tg_value_int(node->integer));
    case TG_AST_UINT:
        return tg_emit_value(c, tg_value_uint(node->unsigned_integer));
    case TG_AST_DOUBLE:
        return emit_double(c, node);
    case TG_AST_STRING:
        return tg_emit_value(c, tg_value_string(node->text));
    case TG_AST_BYTES:
        return tg_emit_value(c, tg_value_text(TG_VALUE_BYTES, node->text));
    default:
        return tg_emit_value(c, tg_value_null());
    }
}

/* --- walking --------------------------------------------------------------------- */

static bool is_macro(uint8_t kind)
{
    return kind >= TG_AST_ALL && kind <= TG_AST_MAP_EACH;
}

/* Emit all that a node is, or enter it, to compile its children first. */
static enum tg_err enter(struct tg_compile *c, uint32_t index)
{
    const struct tg_ast_node *node = &c->ast->nodes[index];
    enum tg_err err = TG_OK;
    bool emitted = false;
    switch ((enum tg_ast_kind)node->kind) {
    case TG_AST_NULL:
    case TG_AST_BOOL:
    case TG_AST_INT:
    case TG_AST_UINT:
    case TG_AST_DOUBLE:
    case TG_AST_STRING:
    case TG_AST_BYTES:
        return emit_literal(c, node);
    case TG_AST_NAME:
        err = emit_name(c, node, &emitted);
        return err != TG_OK || emitted ? err : unknown_name(c, node);
    case TG_AST_SELECT:
        err = emit_name(c, node, &emitted);
        break;
    case TG_AST_HAS:
        err = emit_has_variable(c, node, &emitted);
        break;
    case TG_AST_CALL:
    case TG_AST_METHOD:
        if (tg_function_find(node->text, node->kind == TG_AST_METHOD, node->count) < 0) {
            return unknown_function(c, node);
        }
        break;
    case TG_AST_STRUCT:
        if (c->scope->late) {
            return fault(c, TG_FAULT_MESSAGE);
        }
        tg_query_refuse(c->refusal, TG_CODE_QUERY_UNSUPPORTED, c->ast->source, node->mark,
                        "there are no messages here");
        return TG_EINVAL;
    default:
        break;
    }
    if (err != TG_OK || emitted) {
        return err;
    }
    if (c->visits_count == TG_VISITS_MAX) {
        return TG_ELIMIT;
    }
    c->visits[c->visits_count++] =
        (struct tg_visit){.node = index, .patch = TG_NO_PATCH, .depth = c->depth};
    return TG_OK;
}

static enum tg_err begin_loop(struct tg_compile *c, struct tg_visit *visit)
{
    const struct tg_ast_node *node = node_of(c, visit);
    enum tg_err err = tg_emit_jump(c, visit, TG_DO_LOOP, node->kind, 1, false);
    c->loop_costs[c->loops] = c->cost;
    c->locals[c->loops++] = node->text;
    c->loops_max = c->loops > c->loops_max ? c->loops : c->loops_max;
    c->label = c->code_count;
    c->cost++; /* NEXT finds an item, and then none. */
    return err != TG_OK
               ? err
               : tg_emit(c, (struct tg_instruction){.does = TG_DO_NEXT}, 0, false);
}

/* What stands before child `visit->next`. */
static enum tg_err before_child(struct tg_compile *c, struct tg_visit *visit)
{
    const struct tg_ast_node *node = node_of(c, visit);
    uint32_t next = visit->next;
    if (node->kind == TG_AST_AND || node->kind == TG_AST_OR) {
        return next == 0 ? TG_OK
                         : tg_emit_jump(c, visit,
                                        node->kind == TG_AST_AND ? TG_DO_AND : TG_DO_OR,
                                        next == 1, next == 1 ? 1 : 2, true);
    }
    if (node->kind == TG_AST_CONDITION && next == 1) {
        return tg_emit_jump(c, visit, TG_DO_CHOOSE, 0, 1, false);
    }
    if (node->kind == TG_AST_CONDITION && next == 2) {
        uint32_t choose = visit->patch;
        visit->patch = TG_NO_PATCH;
        enum tg_err err = tg_emit_jump(c, visit, TG_DO_JUMP, 0, 0, false);
        c->code[choose].target = c->code_count;
        c->label = c->code_count;
        c->depth = visit->depth; /* The other way did not put its value there. */
        return err;
    }
    if (is_macro(node->kind) && next == 1) {
        return begin_loop(c, visit);
    }
    if (is_macro(node->kind) && next == 2) {
        return tg_emit(c,
                       (struct tg_instruction){.does = TG_DO_TEST, .detail = node->kind},
                       1, false);
    }
    return TG_OK;
}

/* Beyond every limit that there can be, and far from what overflows. */
enum { COST_MAX = 1 << 20 };

static void add_cost(struct tg_compile *c, uint64_t cost)
{
    cost += c->cost;
    c->cost = cost < COST_MAX ? (uint32_t)cost : COST_MAX;
}

/* Each key is looked for among those before it. */
static uint64_t map_cost(uint64_t keys)
{
    return keys * keys / 8;
}

static enum tg_err end_loop(struct tg_compile *c, struct tg_visit *visit)
{
    const struct tg_ast_node *node = node_of(c, visit);
    struct tg_instruction last = {.does = TG_DO_TEST, .detail = node->kind};
    if (node->kind == TG_AST_MAP_EACH) {
        last.does = TG_DO_YIELD;
    }
    enum tg_err err = tg_emit(c, last, 1, false);
    c->loops--;
    uint32_t before = c->loop_costs[c->loops];
    uint64_t body = c->cost > before ? c->cost - before : 0;
    add_cost(c, body * (TG_LOOP_ITEMS - 1));
    tg_emit_end(c, visit);
    c->depth++; /* The result, which NEXT or TEST left. */
    c->depth_max = c->depth > c->depth_max ? c->depth : c->depth_max;
    return err;
}

/* All children are compiled. */
static enum tg_err leave(struct tg_compile *c, struct tg_visit *visit)
{
    const struct tg_ast_node *node = node_of(c, visit);
    struct tg_instruction instruction = {.target = node->count};
    struct tg_instruction binary = {.does = TG_DO_BINARY, .detail = node->kind};
    enum tg_err err;
    switch ((enum tg_ast_kind)node->kind) {
    case TG_AST_SELECT:
        return emit_select(c, node, TG_DO_SELECT);
    case TG_AST_HAS:
        return emit_select(c, node, TG_DO_HAS);
    case TG_AST_INDEX:
        return tg_emit(c, (struct tg_instruction){.does = TG_DO_INDEX}, 2, true);
    case TG_AST_NOT:
        return tg_emit_pure(c, (struct tg_instruction){.does = TG_DO_NOT}, 1);
    case TG_AST_NEGATE:
        return tg_emit_pure(c, (struct tg_instruction){.does = TG_DO_NEGATE}, 1);
    case TG_AST_AND:
    case TG_AST_OR:
        err = tg_emit_jump(c, visit, node->kind == TG_AST_AND ? TG_DO_AND : TG_DO_OR,
                           node->count == 1, node->count == 1 ? 1 : 2, true);
        tg_emit_end(c, visit);
        return err;
    case TG_AST_CONDITION:
        tg_emit_end(c, visit);
        return TG_OK;
    case TG_AST_CALL:
    case TG_AST_METHOD:
        return emit_call(c, node);
    case TG_AST_LIST:
        instruction.does = TG_DO_LIST;
        return tg_emit(c, instruction, node->count, true);
    case TG_AST_MAP:
        instruction.does = TG_DO_MAP;
        add_cost(c, map_cost(node->count / 2));
        return tg_emit(c, instruction, node->count, true);
    default:
        return is_macro(node->kind) ? end_loop(c, visit) : tg_emit_pure(c, binary, 2);
    }
}

static enum tg_err walk(struct tg_compile *c, uint32_t root)
{
    enum tg_err err = enter(c, root);
    while (err == TG_OK && c->visits_count > 0) {
        struct tg_visit *visit = &c->visits[c->visits_count - 1];
        const struct tg_ast_node *node = node_of(c, visit);
        if (visit->next == node->count) {
            err = leave(c, visit);
            c->visits_count--;
            continue;
        }
        err = before_child(c, visit);
        if (err == TG_OK) {
            err = enter(c, tg_ast_child_index(c->ast, node, visit->next++));
        }
    }
    return err;
}

/* --- the program ----------------------------------------------------------------- */

static enum tg_err assemble(const struct tg_compile *c, struct tg_program **program)
{
    size_t code_size = c->code_count * sizeof *c->code;
    size_t constants_size = c->constants_count * sizeof *c->constants;
    size_t size = sizeof **program + code_size + constants_size + c->texts.size;
    size = (size + 7) / 8 * 8;
    if (size > UINT32_MAX) {
        return TG_ELIMIT;
    }
    struct tg_program *made = tg_zalloc(1, size);
    if (made == NULL) {
        return TG_ENOMEM;
    }
    *made = (struct tg_program){
        .size = (uint32_t)size,
        .cost = c->cost,
        .code_count = c->code_count,
        .constants_at = (uint32_t)(sizeof *made + code_size),
        .stack_max = c->depth_max,
        .loops_max = c->loops_max,
    };
    memcpy(made->code, c->code, code_size);
    uint8_t *bytes = (uint8_t *)made;
    uint64_t texts_at = made->constants_at + constants_size;
    for (uint32_t i = 0; i < c->constants_count; i++) {
        /* Byte by byte equal for equal constants: no padding that is not set. */
        struct tg_constant constant = c->constants[i];
        if (tg_constant_is_text(&constant)) {
            constant.unsigned_integer += texts_at;
        } else if (constant.kind == TG_VALUE_DOUBLE && constant.extra != 0) {
            constant.extra += (uint32_t)texts_at;
        }
        memcpy(bytes + made->constants_at + i * sizeof constant, &constant,
               sizeof constant);
    }
    if (c->texts.size > 0) {
        memcpy(bytes + texts_at, c->texts.data, c->texts.size);
    }
    *program = made;
    return TG_OK;
}

static void finish(struct tg_compile *c)
{
    tg_free(c->code);
    tg_free(c->constants);
    tg_buf_finish(&c->texts);
    tg_buf_finish(&c->name);
    tg_space_finish(&c->space);
    tg_free(c);
}

enum tg_err tg_program_compile(const struct tg_ast *ast, uint32_t node,
                               const struct tg_scope *scope, struct tg_program **program,
                               struct tg_refusal *refusal)
{
    struct tg_compile *c = tg_zalloc(1, sizeof *c);
    if (c == NULL) {
        return refuse_out_of_memory(refusal);
    }
    c->ast = ast;
    c->scope = scope;
    c->refusal = refusal;
    enum tg_err err = walk(c, node);
    if (err == TG_OK) {
        err = assemble(c, program);
    }
    if (err == TG_ENOMEM) {
        refuse_out_of_memory(refusal);
    } else if (err == TG_ELIMIT) {
        tg_query_refuse(refusal, TG_CODE_QUERY_LIMIT, ast->source, 0,
                        "the expression is too large");
    }
    finish(c);
    return err;
}

uint32_t tg_program_size(const struct tg_program *program)
{
    return program->size;
}

uint32_t tg_program_cost(const struct tg_program *program)
{
    return program->cost;
}
