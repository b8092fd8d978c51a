#include "engine/cel/parse.h"

#include "engine/base/utf8.h"
#include "engine/cel/parser.h"

const struct tg_query_limits tg_query_limits_default = {
    .bytes_max = 4096,
    .nodes_max = 256,
    .depth_max = 32,
    .items_max = 1000,
    .cost_max = 10000,
};

const struct tg_query_limits tg_query_limits_wide = {
    .bytes_max = 1 << 20,
    .nodes_max = 1 << 20,
    .depth_max = TG_FRAMES_MAX,
    .items_max = 1 << 20,
    .cost_max = UINT32_MAX,
    .matches = true,
};

unsigned tg_precedence(enum tg_ast_kind kind)
{
    switch (kind) {
    case TG_AST_CONDITION:
        return TG_PRECEDENCE_CONDITION;
    case TG_AST_OR:
        return TG_PRECEDENCE_OR;
    case TG_AST_AND:
        return TG_PRECEDENCE_AND;
    case TG_AST_EQUAL:
    case TG_AST_NOT_EQUAL:
    case TG_AST_LESS:
    case TG_AST_LESS_EQUAL:
    case TG_AST_GREATER:
    case TG_AST_GREATER_EQUAL:
    case TG_AST_IN:
        return TG_PRECEDENCE_RELATION;
    case TG_AST_ADD:
    case TG_AST_SUBTRACT:
        return TG_PRECEDENCE_ADDITION;
    case TG_AST_MULTIPLY:
    case TG_AST_DIVIDE:
    case TG_AST_REMAINDER:
        return TG_PRECEDENCE_MULTIPLICATION;
    case TG_AST_NOT:
    case TG_AST_NEGATE:
        return TG_PRECEDENCE_UNARY;
    default:
        return TG_PRECEDENCE_MEMBER;
    }
}

enum tg_err tg_parser_advance(struct tg_parser *p)
{
    p->end = p->token.end;
    return tg_lex_next(&p->lexer, &p->token);
}

struct tg_frame *tg_parser_top(struct tg_parser *p)
{
    return p->frames_count == 0 ? NULL : &p->frames[p->frames_count - 1];
}

enum tg_err tg_parser_push(struct tg_parser *p, struct tg_frame frame)
{
    /* An operand will stand below it. */
    uint32_t depth_max = p->tree.limits->depth_max;
    if (p->frames_count + 1 >= depth_max || p->frames_count == TG_FRAMES_MAX) {
        tg_query_refuse(p->tree.refusal, TG_CODE_QUERY_LIMIT, p->tree.ast->source,
                        frame.mark,
                        "the query is too deep: at most %u levels may stand in one "
                        "another (queries.depth_max)",
                        depth_max);
        return TG_ELIMIT;
    }
    p->frames[p->frames_count++] = frame;
    return TG_OK;
}

enum tg_err tg_parser_leaf(struct tg_parser *p, enum tg_ast_kind kind,
                           const struct tg_token *from)
{
    struct tg_ast_node node = {
        .kind = (uint8_t)kind, .at = from->at, .end = from->end, .mark = from->at};
    if (kind == TG_AST_DOUBLE) {
        node.real = from->real;
    } else if (kind == TG_AST_UINT || kind == TG_AST_INT) {
        node.unsigned_integer = from->integer;
    } else if (kind == TG_AST_BOOL) {
        node.integer = from->kind == TG_TOKEN_TRUE;
    } else {
        node.text = from->text;
    }
    p->operand_at = from->at;
    p->after = true;
    return tg_tree_add(&p->tree, node, 0);
}

enum tg_err tg_parser_add(struct tg_parser *p, const struct tg_frame *frame,
                          uint32_t count)
{
    struct tg_ast_node node = {
        .kind = frame->node,
        .absolute = frame->absolute,
        .at = frame->at,
        .end = p->end,
        .mark = frame->mark,
        .text = frame->text,
    };
    p->operand_at = frame->at;
    return tg_tree_add(&p->tree, node, count);
}

static enum tg_err refuse_utf8(struct tg_parser *p, struct tg_slice source)
{
    struct tg_utf8 state = {0};
    uint32_t at = 0;
    for (uint32_t i = 0; i < source.size; i++) {
        at = tg_utf8_complete(&state) ? i : at;
        if (!tg_utf8_feed(&state, tg_slice(source.data + i, 1))) {
            break;
        }
    }
    return tg_parser_refuse(p, at, "the query is not UTF-8");
}

static enum tg_err parse_source(struct tg_parser *p, struct tg_slice source)
{
    if (source.size > p->tree.limits->bytes_max) {
        tg_query_refuse(p->tree.refusal, TG_CODE_QUERY_LIMIT, source,
                        p->tree.limits->bytes_max,
                        "the query is too long: %zu bytes, at most %u may be "
                        "(queries.bytes_max)",
                        source.size, p->tree.limits->bytes_max);
        return TG_ELIMIT;
    }
    if (!tg_utf8_valid(source)) {
        return refuse_utf8(p, source);
    }
    bool done = false;
    enum tg_err err = tg_parser_advance(p);
    while (err == TG_OK && !done) {
        err = p->after ? tg_parser_after(p, &done) : tg_parser_operand(p);
    }
    return err == TG_OK ? tg_tree_end(&p->tree) : err;
}

enum tg_err tg_parse(struct tg_ast *ast, struct tg_slice source,
                     const struct tg_query_limits *limits, struct tg_refusal *refusal)
{
    struct tg_parser p;
    p.token = (struct tg_token){0};
    p.end = p.operand_at = p.frames_count = 0;
    p.after = false;
    tg_tree_init(&p.tree, ast, source, limits, refusal);
    p.lexer = (struct tg_lexer){.tree = &p.tree};
    enum tg_err err = parse_source(&p, source);
    if (err != TG_OK) {
        ast->count = 0;
        ast->links_count = 0;
    }
    return err;
}
