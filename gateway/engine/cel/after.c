/* After an operand: selections, calls, operators, and what closes. */
#include "engine/cel/parser.h"

/* --- operators ------------------------------------------------------------------- */

/* Complete the operators on the stack that bind at least as tightly as `precedence`. */
static enum tg_err reduce(struct tg_parser *p, unsigned precedence)
{
    for (const struct tg_frame *top; (top = tg_parser_top(p)) != NULL &&
                                     top->kind < TG_FRAME_THEN &&
                                     tg_precedence(top->node) >= precedence;) {
        uint32_t count = top->kind == TG_FRAME_PREFIX ? 1
                         : top->kind == TG_FRAME_MANY ? top->count + 1
                         : top->kind == TG_FRAME_ELSE ? 3
                                                      : 2;
        p->frames_count--;
        enum tg_err err = tg_parser_add(p, top, count);
        if (err != TG_OK) {
            return err;
        }
    }
    return TG_OK;
}

static enum tg_ast_kind operator_of(enum tg_token_kind kind)
{
    static const uint8_t kinds[] = {
        [TG_TOKEN_MINUS] = TG_AST_SUBTRACT,
        [TG_TOKEN_PLUS] = TG_AST_ADD,
        [TG_TOKEN_STAR] = TG_AST_MULTIPLY,
        [TG_TOKEN_SLASH] = TG_AST_DIVIDE,
        [TG_TOKEN_PERCENT] = TG_AST_REMAINDER,
        [TG_TOKEN_EQUAL] = TG_AST_EQUAL,
        [TG_TOKEN_NOT_EQUAL] = TG_AST_NOT_EQUAL,
        [TG_TOKEN_LESS] = TG_AST_LESS,
        [TG_TOKEN_LESS_EQUAL] = TG_AST_LESS_EQUAL,
        [TG_TOKEN_GREATER] = TG_AST_GREATER,
        [TG_TOKEN_GREATER_EQUAL] = TG_AST_GREATER_EQUAL,
        [TG_TOKEN_IN] = TG_AST_IN,
        [TG_TOKEN_AND] = TG_AST_AND,
        [TG_TOKEN_OR] = TG_AST_OR,
    };
    return kinds[kind];
}

static enum tg_err read_binary(struct tg_parser *p)
{
    enum tg_ast_kind node = operator_of(p->token.kind);
    unsigned precedence = tg_precedence(node);
    bool many = node == TG_AST_AND || node == TG_AST_OR;
    enum tg_err err = reduce(p, many ? precedence + 1 : precedence);
    if (err != TG_OK) {
        return err;
    }
    struct tg_frame *top = tg_parser_top(p);
    if (many && top != NULL && top->kind == TG_FRAME_MANY && top->node == node) {
        top->count++;
    } else {
        err = tg_parser_push(p, (struct tg_frame){
                                    .kind = many ? TG_FRAME_MANY : TG_FRAME_BINARY,
                                    .node = (uint8_t)node,
                                    .at = p->operand_at,
                                    .mark = p->token.at,
                                    .count = 1,
                                });
    }
    p->after = false;
    return err != TG_OK ? err : tg_parser_advance(p);
}

/* Expr = ConditionalOr ["?" ConditionalOr ":" Expr]. */
static enum tg_err read_question(struct tg_parser *p)
{
    enum tg_err err = reduce(p, TG_PRECEDENCE_OR);
    if (err != TG_OK) {
        return err;
    }
    const struct tg_frame *top = tg_parser_top(p);
    if (top != NULL && top->kind == TG_FRAME_THEN) {
        return tg_parser_refuse(p, p->token.at,
                                "a ?: between \"?\" and \":\" must stand in parentheses");
    }
    err = tg_parser_push(p, (struct tg_frame){.kind = TG_FRAME_THEN,
                                              .node = TG_AST_CONDITION,
                                              .at = p->operand_at,
                                              .mark = p->token.at,
                                              .open = p->token.at});
    p->after = false;
    return err != TG_OK ? err : tg_parser_advance(p);
}

static enum tg_err read_colon(struct tg_parser *p)
{
    enum tg_err err = reduce(p, TG_PRECEDENCE_CONDITION);
    if (err != TG_OK) {
        return err;
    }
    struct tg_frame *top = tg_parser_top(p);
    if (top != NULL && top->kind == TG_FRAME_THEN) {
        top->kind = TG_FRAME_ELSE;
    } else if (top != NULL && top->kind == TG_FRAME_MAP && top->count % 2 == 0) {
        top->count++;
    } else {
        return tg_parser_no_operator(p);
    }
    p->after = false;
    return tg_parser_advance(p);
}

/* --- brackets -------------------------------------------------------------------- */

static enum tg_err count_item(struct tg_parser *p, struct tg_frame *top)
{
    top->count++;
    uint32_t most = p->tree.limits->items_max;
    bool is_map = top->kind == TG_FRAME_MAP;
    if (top->kind == TG_FRAME_LIST || is_map) {
        if ((is_map ? top->count / 2 : top->count) > most) {
            tg_query_refuse(p->tree.refusal, TG_CODE_QUERY_LIMIT, p->tree.ast->source,
                            tg_tree_pending(&p->tree, 0)->at,
                            "this %s is too long: at most %u items may stand in it "
                            "(queries.items_max)",
                            is_map ? "map" : "list", most);
            return TG_ELIMIT;
        }
    }
    if (top->kind == TG_FRAME_LIST) {
        tg_tree_item(&p->tree);
    }
    return TG_OK;
}

static enum tg_err read_comma(struct tg_parser *p)
{
    enum tg_err err = reduce(p, TG_PRECEDENCE_CONDITION);
    if (err != TG_OK) {
        return err;
    }
    struct tg_frame *top = tg_parser_top(p);
    bool has_items = top != NULL && top->kind >= TG_FRAME_LIST &&
                     top->kind != TG_FRAME_INDEX &&
                     (top->kind != TG_FRAME_MAP || top->count % 2 == 1);
    if (!has_items) {
        return tg_parser_no_operator(p);
    }
    err = count_item(p, top);
    p->after = false;
    err = err == TG_OK ? tg_parser_advance(p) : err;
    return err == TG_OK && top->kind == TG_FRAME_STRUCT ? tg_parser_field(p) : err;
}

static enum tg_token_kind closer_of(const struct tg_frame *frame)
{
    switch (frame->kind) {
    case TG_FRAME_LIST:
    case TG_FRAME_INDEX:
        return TG_TOKEN_SQUARE_END;
    case TG_FRAME_MAP:
    case TG_FRAME_STRUCT:
        return TG_TOKEN_CURLY_END;
    default:
        return TG_TOKEN_ROUND_END;
    }
}

static enum tg_err read_closer(struct tg_parser *p)
{
    enum tg_err err = reduce(p, TG_PRECEDENCE_CONDITION);
    if (err != TG_OK) {
        return err;
    }
    struct tg_frame *top = tg_parser_top(p);
    if (top == NULL || top->kind == TG_FRAME_THEN || closer_of(top) != p->token.kind ||
        (top->kind == TG_FRAME_MAP && top->count % 2 == 0)) {
        return tg_parser_unclosed(p);
    }
    err = count_item(p, top);
    return err != TG_OK ? err : tg_parser_close(p);
}

enum tg_err tg_parser_close(struct tg_parser *p)
{
    struct tg_frame frame = *tg_parser_top(p);
    enum tg_err err = tg_parser_advance(p);
    p->frames_count--;
    p->after = true;
    if (err != TG_OK) {
        return err;
    }
    switch (frame.kind) {
    case TG_FRAME_PAREN:
        tg_tree_pending(&p->tree, 0)->grouped = true;
        p->operand_at = frame.at;
        return TG_OK;
    case TG_FRAME_CALL:
    case TG_FRAME_METHOD:
        return tg_parser_call(p, &frame);
    default:
        /* An index has its target; fields' names of messages are nodes, not counted. */
        return tg_parser_add(p, &frame,
                             frame.kind == TG_FRAME_INDEX    ? 2
                             : frame.kind == TG_FRAME_STRUCT ? frame.count * 2
                                                             : frame.count);
    }
}

/* --- members --------------------------------------------------------------------- */

/* member "." name, and a call if a parenthesis follows. */
static enum tg_err read_member(struct tg_parser *p)
{
    enum tg_err err = tg_parser_advance(p);
    if (err != TG_OK) {
        return err;
    }
    struct tg_token name = p->token;
    if (name.kind == TG_TOKEN_QUESTION) {
        return tg_parser_optional(p);
    }
    if (name.kind != TG_TOKEN_NAME && name.kind != TG_TOKEN_RESERVED &&
        name.kind != TG_TOKEN_QUOTED) {
        return tg_parser_no_name(p);
    }
    err = tg_parser_advance(p);
    if (err != TG_OK) {
        return err;
    }
    bool is_call = p->token.kind == TG_TOKEN_ROUND && name.kind != TG_TOKEN_QUOTED;
    struct tg_frame frame = {
        .kind = TG_FRAME_METHOD,
        .node = is_call ? TG_AST_METHOD : TG_AST_SELECT,
        .at = p->operand_at,
        .mark = name.at,
        .open = p->token.at,
        .text = name.text,
    };
    if (!is_call) {
        return tg_parser_add(p, &frame, 1);
    }
    p->after = false;
    err = tg_parser_push(p, frame);
    return err != TG_OK ? err : tg_parser_advance(p);
}

static enum tg_err read_index(struct tg_parser *p)
{
    uint32_t open = p->token.at;
    enum tg_err err = tg_parser_push(p, (struct tg_frame){.kind = TG_FRAME_INDEX,
                                                          .node = TG_AST_INDEX,
                                                          .at = p->operand_at,
                                                          .mark = open,
                                                          .open = open});
    err = err == TG_OK ? tg_parser_advance(p) : err;
    p->after = false;
    return err == TG_OK && p->token.kind == TG_TOKEN_QUESTION ? tg_parser_optional(p)
                                                              : err;
}

/* --- messages -------------------------------------------------------------------- */

/* How many nodes the name a.b.C is, or 0 if the operand is none. */
static uint32_t name_size(const struct tg_parser *p)
{
    const struct tg_ast *ast = p->tree.ast;
    const struct tg_ast_node *node = tg_tree_pending(&p->tree, 0);
    for (uint32_t size = 1;; size++) {
        if (node->grouped || ast->source.data[node->mark] == '`') {
            return 0;
        }
        if (node->kind == TG_AST_NAME) {
            return size;
        }
        if (node->kind != TG_AST_SELECT) {
            return 0;
        }
        node = tg_ast_child(ast, node, 0);
    }
}

/* The names of the last `size` nodes, joined by dots, in the pool. */
static enum tg_err join_name(struct tg_parser *p, uint32_t size, struct tg_slice *text)
{
    struct tg_ast *ast = p->tree.ast;
    uint8_t *out = tg_tree_text(&p->tree);
    if (out == NULL) {
        return TG_ENOMEM;
    }
    uint8_t *at = out;
    for (uint32_t i = ast->count - size; i < ast->count; i++) {
        if (at != out) {
            *at++ = '.';
        }
        memcpy(at, ast->nodes[i].text.data, ast->nodes[i].text.size);
        at += ast->nodes[i].text.size;
    }
    *text = tg_slice(out, (size_t)(at - out));
    ast->pool.size += text->size;
    return TG_OK;
}

static enum tg_err open_message(struct tg_parser *p)
{
    uint32_t size = name_size(p);
    if (size == 0) {
        return tg_parser_no_operator(p);
    }
    const struct tg_ast *ast = p->tree.ast;
    const struct tg_ast_node *name = &ast->nodes[ast->count - size];
    struct tg_frame frame = {
        .kind = TG_FRAME_STRUCT,
        .node = TG_AST_STRUCT,
        .absolute = name->absolute,
        .at = name->at,
        .mark = name->mark,
        .open = p->token.at,
    };
    enum tg_err err = join_name(p, size, &frame.text);
    if (err != TG_OK) {
        return err;
    }
    tg_tree_drop_chain(&p->tree, size);
    err = tg_parser_push(p, frame);
    p->after = false;
    err = err == TG_OK ? tg_parser_advance(p) : err;
    return err == TG_OK ? tg_parser_field(p) : err;
}

enum tg_err tg_parser_field(struct tg_parser *p)
{
    if (p->token.kind == TG_TOKEN_CURLY_END) {
        return tg_parser_close(p);
    }
    if (p->token.kind == TG_TOKEN_QUESTION) {
        return tg_parser_optional(p);
    }
    if (p->token.kind != TG_TOKEN_NAME && p->token.kind != TG_TOKEN_RESERVED &&
        p->token.kind != TG_TOKEN_QUOTED) {
        return tg_parser_refuse(p, p->token.at,
                                "the name of a message's field should stand here");
    }
    enum tg_err err = tg_parser_leaf(p, TG_AST_STRING, &p->token);
    p->after = false;
    err = err == TG_OK ? tg_parser_advance(p) : err;
    if (err == TG_OK && p->token.kind != TG_TOKEN_COLON) {
        return tg_parser_refuse(p, p->token.at, "a colon and a value should stand here");
    }
    return err == TG_OK ? tg_parser_advance(p) : err;
}

enum tg_err tg_parser_after(struct tg_parser *p, bool *done)
{
    enum tg_err err;
    switch (p->token.kind) {
    case TG_TOKEN_DOT:
        return read_member(p);
    case TG_TOKEN_SQUARE:
        return read_index(p);
    case TG_TOKEN_CURLY:
        return open_message(p);
    case TG_TOKEN_QUESTION:
        return read_question(p);
    case TG_TOKEN_COLON:
        return read_colon(p);
    case TG_TOKEN_COMMA:
        return read_comma(p);
    case TG_TOKEN_ROUND_END:
    case TG_TOKEN_SQUARE_END:
    case TG_TOKEN_CURLY_END:
        return read_closer(p);
    case TG_TOKEN_END:
        err = reduce(p, TG_PRECEDENCE_CONDITION);
        *done = p->frames_count == 0;
        return err != TG_OK || *done ? err : tg_parser_unclosed(p);
    default:
        return p->token.kind >= TG_TOKEN_MINUS ? read_binary(p)
                                               : tg_parser_no_operator(p);
    }
}
