/* Where an operand should stand: literals, names, prefixes, and what opens. */
#include "engine/cel/parser.h"

/* --- literals -------------------------------------------------------------------- */

static enum tg_err read_int(struct tg_parser *p, struct tg_token number, bool negative)
{
    uint64_t most = (uint64_t)INT64_MAX + negative;
    if (number.is_large || number.integer > most) {
        return tg_parser_refuse(p, number.at,
                                "this int is too %s: %s%llu is the %s; write .0 "
                                "after it for a double",
                                negative ? "small" : "large", negative ? "-" : "",
                                (unsigned long long)most, negative ? "least" : "most");
    }
    number.integer = negative ? 0 - number.integer : number.integer;
    enum tg_err err = tg_parser_leaf(p, TG_AST_INT, &number);
    return err != TG_OK ? err : tg_parser_advance(p);
}

static enum tg_err read_literal(struct tg_parser *p)
{
    static const uint8_t kinds[] = {
        [TG_TOKEN_UINT] = TG_AST_UINT,     [TG_TOKEN_DOUBLE] = TG_AST_DOUBLE,
        [TG_TOKEN_STRING] = TG_AST_STRING, [TG_TOKEN_BYTES] = TG_AST_BYTES,
        [TG_TOKEN_NULL] = TG_AST_NULL,     [TG_TOKEN_TRUE] = TG_AST_BOOL,
        [TG_TOKEN_FALSE] = TG_AST_BOOL,
    };
    enum tg_err err = tg_parser_leaf(p, kinds[p->token.kind], &p->token);
    return err != TG_OK ? err : tg_parser_advance(p);
}

/* --- names ----------------------------------------------------------------------- */

/* A name, or the beginning of a call. */
static enum tg_err read_name(struct tg_parser *p, uint32_t at, bool absolute)
{
    struct tg_token name = p->token;
    enum tg_err err = tg_parser_advance(p);
    if (err != TG_OK) {
        return err;
    }
    struct tg_frame frame = {
        .kind = TG_FRAME_CALL,
        .node = TG_AST_CALL,
        .absolute = absolute,
        .at = at,
        .mark = name.at,
        .open = p->token.at,
        .text = name.text,
    };
    if (p->token.kind == TG_TOKEN_ROUND) {
        err = tg_parser_push(p, frame);
        return err != TG_OK ? err : tg_parser_advance(p);
    }
    frame.node = TG_AST_NAME;
    p->after = true;
    return tg_parser_add(p, &frame, 0);
}

static enum tg_err read_absolute(struct tg_parser *p)
{
    uint32_t at = p->token.at;
    enum tg_err err = tg_parser_advance(p);
    if (err != TG_OK) {
        return err;
    }
    return p->token.kind == TG_TOKEN_NAME ? read_name(p, at, true) : tg_parser_no_name(p);
}

/* --- prefixes -------------------------------------------------------------------- */

/* Unary = Member | "!" {"!"} Member | "-" {"-"} Member: never both. */
static enum tg_err push_prefix(struct tg_parser *p, uint32_t at, enum tg_ast_kind kind)
{
    const struct tg_frame *top = tg_parser_top(p);
    if (top != NULL && top->kind == TG_FRAME_PREFIX && top->node != kind) {
        return tg_parser_refuse(p, at, "put what %s is for in parentheses",
                                top->node == TG_AST_NOT ? "\"!\"" : "\"-\"");
    }
    return tg_parser_push(
        p, (struct tg_frame){
               .kind = TG_FRAME_PREFIX, .node = (uint8_t)kind, .at = at, .mark = at});
}

/* A minus right before a number belongs to it. */
static enum tg_err read_minus(struct tg_parser *p)
{
    uint32_t at = p->token.at;
    enum tg_err err = tg_parser_advance(p);
    if (err != TG_OK) {
        return err;
    }
    if (p->token.kind == TG_TOKEN_INT) {
        p->token.at = at;
        return read_int(p, p->token, true);
    }
    if (p->token.kind == TG_TOKEN_DOUBLE) {
        p->token.at = at;
        p->token.real = -p->token.real;
        return read_literal(p);
    }
    return push_prefix(p, at, TG_AST_NEGATE);
}

static enum tg_err read_not(struct tg_parser *p)
{
    enum tg_err err = push_prefix(p, p->token.at, TG_AST_NOT);
    return err != TG_OK ? err : tg_parser_advance(p);
}

/* --- brackets -------------------------------------------------------------------- */

static enum tg_err open_bracket(struct tg_parser *p, enum tg_frame_kind kind,
                                enum tg_ast_kind node)
{
    uint32_t at = p->token.at;
    enum tg_err err = tg_parser_push(p, (struct tg_frame){.kind = (uint8_t)kind,
                                                          .node = (uint8_t)node,
                                                          .at = at,
                                                          .mark = at,
                                                          .open = at});
    return err != TG_OK ? err : tg_parser_advance(p);
}

/* An empty list, map or call ends here, or one after its last comma. */
static bool may_close(struct tg_parser *p)
{
    const struct tg_frame *top = tg_parser_top(p);
    if (top == NULL) {
        return false;
    }
    switch (top->kind) {
    case TG_FRAME_LIST:
        return p->token.kind == TG_TOKEN_SQUARE_END;
    case TG_FRAME_MAP:
        return p->token.kind == TG_TOKEN_CURLY_END && top->count % 2 == 0;
    case TG_FRAME_CALL:
    case TG_FRAME_METHOD:
        return p->token.kind == TG_TOKEN_ROUND_END && top->count == 0;
    default:
        return false;
    }
}

enum tg_err tg_parser_operand(struct tg_parser *p)
{
    switch (p->token.kind) {
    case TG_TOKEN_INT:
        return read_int(p, p->token, false);
    case TG_TOKEN_UINT:
    case TG_TOKEN_DOUBLE:
    case TG_TOKEN_STRING:
    case TG_TOKEN_BYTES:
    case TG_TOKEN_NULL:
    case TG_TOKEN_TRUE:
    case TG_TOKEN_FALSE:
        return read_literal(p);
    case TG_TOKEN_NAME:
        return read_name(p, p->token.at, false);
    case TG_TOKEN_DOT:
        return read_absolute(p);
    case TG_TOKEN_MINUS:
        return read_minus(p);
    case TG_TOKEN_NOT:
        return read_not(p);
    case TG_TOKEN_ROUND:
        return open_bracket(p, TG_FRAME_PAREN, TG_AST_NULL);
    case TG_TOKEN_SQUARE:
        return open_bracket(p, TG_FRAME_LIST, TG_AST_LIST);
    case TG_TOKEN_CURLY:
        return open_bracket(p, TG_FRAME_MAP, TG_AST_MAP);
    default:
        return may_close(p) ? tg_parser_close(p) : tg_parser_no_operand(p);
    }
}
