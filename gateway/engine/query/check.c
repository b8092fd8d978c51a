#include "engine/query/check.h"

#include "engine/base/mem.h"

/* --- Before: where each node stands ---------------------------------------------- */

static bool is_macro(uint8_t kind)
{
    return kind >= TG_AST_ALL && kind <= TG_AST_MAP_EACH;
}

/* Parents stand after their children: from the root down, each tells its children in
 * which macro's body they are. */
static void place_nodes(struct tg_checker *c)
{
    const struct tg_ast *ast = c->ast;
    memset(c->nodes, 0, ast->count * sizeof *c->nodes);
    for (uint32_t at = ast->count; at-- > 0;) {
        const struct tg_ast_node *node = &ast->nodes[at];
        for (uint32_t i = 0; i < node->count; i++) {
            bool is_body = is_macro(node->kind) && i > 0;
            tg_check_child(c, node, i)->macro = is_body ? at + 1 : c->nodes[at].macro;
        }
    }
}

/* --- One node -------------------------------------------------------------------- */

static enum tg_err refuse_unsupported(struct tg_checker *c,
                                      const struct tg_ast_node *node, const char *what)
{
    return tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
                           "%s are not for queries", what);
}

/* `data` alone is no value. */
static enum tg_err check_value(struct tg_checker *c, uint32_t at)
{
    uint8_t is = c->nodes[at].is;
    if (is < TG_MEANS_DATA || is > TG_MEANS_AUTH) {
        return TG_OK;
    }
    const struct tg_ast_node *node = &c->ast->nodes[at];
    return tg_check_refuse(c, TG_CODE_QUERY_TYPE, node->at,
                           "\"%.*s\" is no value: name one of its members",
                           TG_FMT(node->text));
}

static enum tg_err check_values(struct tg_checker *c, const struct tg_ast_node *node,
                                uint32_t from)
{
    for (uint32_t i = from; i < node->count; i++) {
        enum tg_err err = check_value(c, tg_ast_child_index(c->ast, node, i));
        if (err != TG_OK) {
            return err;
        }
    }
    return TG_OK;
}

static enum tg_err check_bool(struct tg_checker *c, uint32_t at)
{
    uint8_t type = c->nodes[at].type;
    char text[TG_CHECK_TEXT_MAX];
    if (type == TG_KNOWN_BOOL || type == TG_KNOWN_ANY) {
        return TG_OK;
    }
    return tg_check_refuse(c, TG_CODE_QUERY_TYPE, c->ast->nodes[at].at, "%s is no bool",
                           tg_check_text(c, at, text));
}

static enum tg_err check_logic(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    c->nodes[at].type = TG_KNOWN_BOOL;
    for (uint32_t i = 0; i < node->count; i++) {
        enum tg_err err = check_bool(c, tg_ast_child_index(c->ast, node, i));
        if (err != TG_OK) {
            return err;
        }
    }
    return TG_OK;
}

static enum tg_err check_condition(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    const struct tg_meaning *yes = tg_check_child(c, node, 1);
    const struct tg_meaning *no = tg_check_child(c, node, 2);
    struct tg_meaning *meaning = &c->nodes[at];
    bool same = yes->type == no->type;
    meaning->type = same ? yes->type : TG_KNOWN_ANY;
    meaning->items = same && yes->items == no->items ? yes->items : TG_KNOWN_ANY;
    meaning->nullable = !same || yes->nullable || no->nullable;
    return check_bool(c, tg_ast_child_index(c->ast, node, 0));
}

static enum tg_err check_list(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    struct tg_meaning *meaning = &c->nodes[at];
    meaning->type = TG_KNOWN_LIST;
    meaning->items = node->count == 0 ? TG_KNOWN_ANY : tg_check_child(c, node, 0)->type;
    for (uint32_t i = 1; i < node->count; i++) {
        if (tg_check_child(c, node, i)->type != meaning->items) {
            meaning->items = TG_KNOWN_ANY;
        }
    }
    return TG_OK;
}

/* exists, all: over what has a declared size only. */
static enum tg_err check_macro(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    const struct tg_meaning *range = tg_check_child(c, node, 0);
    if (node->kind != TG_AST_EXISTS && node->kind != TG_AST_ALL) {
        return tg_check_refuse(
            c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
            "of the macros over lists, queries may use exists and all");
    }
    bool is_list = range->is == TG_MEANS_SLOT && range->type == TG_KNOWN_LIST;
    if (!is_list && range->is != TG_MEANS_CLAIM) {
        return tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
                               "exists and all are for fields that are lists, "
                               "event.changed and claims");
    }
    c->nodes[at].type = TG_KNOWN_BOOL;
    return check_bool(c, tg_ast_child_index(c->ast, node, 1));
}

static enum tg_err check_literal(struct tg_checker *c, uint32_t at)
{
    static const uint8_t types[] = {
        [TG_AST_NULL] = TG_KNOWN_NULL,     [TG_AST_BOOL] = TG_KNOWN_BOOL,
        [TG_AST_INT] = TG_KNOWN_INT,       [TG_AST_UINT] = TG_KNOWN_UINT,
        [TG_AST_DOUBLE] = TG_KNOWN_DOUBLE, [TG_AST_STRING] = TG_KNOWN_STRING,
    };
    c->nodes[at].type = types[c->ast->nodes[at].kind];
    return TG_OK;
}

static enum tg_err check_node(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    switch ((enum tg_ast_kind)node->kind) {
    case TG_AST_NULL:
    case TG_AST_BOOL:
    case TG_AST_INT:
    case TG_AST_UINT:
    case TG_AST_DOUBLE:
    case TG_AST_STRING:
        return check_literal(c, at);
    case TG_AST_BYTES:
        return refuse_unsupported(c, node, "bytes");
    case TG_AST_NAME:
        return tg_check_name(c, at);
    case TG_AST_SELECT:
        return tg_check_select(c, at);
    case TG_AST_HAS:
        return tg_check_has(c, at);
    case TG_AST_INDEX:
        return tg_check_index(c, at);
    case TG_AST_NOT:
    case TG_AST_AND:
    case TG_AST_OR:
        return check_logic(c, at);
    case TG_AST_NEGATE:
        return tg_check_negate(c, at);
    case TG_AST_MULTIPLY:
    case TG_AST_DIVIDE:
    case TG_AST_REMAINDER:
    case TG_AST_ADD:
    case TG_AST_SUBTRACT:
        return tg_check_arithmetic(c, at);
    case TG_AST_EQUAL:
    case TG_AST_NOT_EQUAL:
    case TG_AST_LESS:
    case TG_AST_LESS_EQUAL:
    case TG_AST_GREATER:
    case TG_AST_GREATER_EQUAL:
        return tg_check_compare(c, at);
    case TG_AST_IN:
        return tg_check_in(c, at);
    case TG_AST_CONDITION:
        return check_condition(c, at);
    case TG_AST_CALL:
    case TG_AST_METHOD:
        return tg_check_call(c, at);
    case TG_AST_LIST:
        return check_list(c, at);
    case TG_AST_MAP:
        return refuse_unsupported(c, node, "maps");
    case TG_AST_STRUCT:
        return refuse_unsupported(c, node, "messages");
    case TG_AST_ALL:
    case TG_AST_EXISTS:
    case TG_AST_EXISTS_ONE:
    case TG_AST_FILTER:
    case TG_AST_MAP_EACH:
        break;
    }
    return check_macro(c, at);
}

/* --- The whole tree -------------------------------------------------------------- */

static bool takes_names(uint8_t kind)
{
    return kind == TG_AST_SELECT || kind == TG_AST_HAS || kind == TG_AST_INDEX;
}

static void mark_constant(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    bool is_constant = c->nodes[at].is == TG_MEANS_VALUE && !is_macro(node->kind);
    for (uint32_t i = 0; i < node->count; i++) {
        is_constant = is_constant && tg_check_child(c, node, i)->is_constant;
    }
    c->nodes[at].is_constant = is_constant;
}

static enum tg_err check_all(struct tg_checker *c)
{
    uint32_t root = c->ast->count - 1;
    for (uint32_t at = 0; at <= root; at++) {
        const struct tg_ast_node *node = &c->ast->nodes[at];
        enum tg_err err = check_values(c, node, takes_names(node->kind) ? 1 : 0);
        err = err == TG_OK ? check_node(c, at) : err;
        if (err != TG_OK) {
            return err;
        }
        mark_constant(c, at);
    }
    enum tg_err err = check_value(c, root);
    return err == TG_OK ? check_bool(c, root) : err;
}

enum tg_err tg_check(struct tg_check *check, const struct tg_ast *ast,
                     const struct tg_schema *schema, bool is_rule,
                     const struct tg_query_limits *limits, struct tg_refusal *refusal)
{
    if (check->capacity < ast->count) {
        uint32_t capacity = ast->count * 2;
        struct tg_meaning *nodes = tg_resize(check->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
            return TG_ENOMEM;
        }
        check->nodes = nodes;
        check->capacity = capacity;
    }
    struct tg_checker c = {.nodes = check->nodes,
                           .ast = ast,
                           .schema = schema,
                           .limits = limits,
                           .refusal = refusal,
                           .is_rule = is_rule};
    place_nodes(&c);
    return check_all(&c);
}

void tg_check_finish(struct tg_check *check)
{
    tg_free(check->nodes);
    *check = (struct tg_check){0};
}
