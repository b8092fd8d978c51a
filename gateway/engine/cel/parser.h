/* The parser's state: private to parse.c, operand.c, after.c, macros.c, unexpected.c.
 *
 * Operator precedence with an explicit stack. A frame is an operator that still wants its
 * right operand, or an open bracket; each becomes a node above all that is still to come
 * (or is a bracket), so that their number is a depth. */
#ifndef TG_CEL_PARSER_H
#define TG_CEL_PARSER_H

#include "engine/cel/lex.h"

enum tg_frame_kind {
    TG_FRAME_PREFIX, /* ! or -. */
    TG_FRAME_BINARY,
    TG_FRAME_MANY, /* && or ||: `count` operands so far. */
    TG_FRAME_ELSE, /* ?: after its colon. */
    TG_FRAME_THEN, /* ?: before it. From here on: what no operator closes. */
    TG_FRAME_PAREN,
    TG_FRAME_LIST, /* `count` items so far; so the next. */
    TG_FRAME_MAP,  /* Keys and values each count. */
    TG_FRAME_STRUCT,
    TG_FRAME_CALL,
    TG_FRAME_METHOD, /* The target does not count. */
    TG_FRAME_INDEX,
};

enum tg_precedence {
    TG_PRECEDENCE_CONDITION = 1,
    TG_PRECEDENCE_OR,
    TG_PRECEDENCE_AND,
    TG_PRECEDENCE_RELATION,
    TG_PRECEDENCE_ADDITION,
    TG_PRECEDENCE_MULTIPLICATION,
    TG_PRECEDENCE_UNARY,
    TG_PRECEDENCE_MEMBER,
};

struct tg_frame {
    uint8_t kind;
    uint8_t node; /* Which enum tg_ast_kind it becomes. */
    bool absolute;
    uint32_t at;   /* Where its expression begins. */
    uint32_t mark; /* The operator, the name. */
    uint32_t open; /* The bracket. */
    uint32_t count;
    struct tg_slice text;
};

enum { TG_FRAMES_MAX = 255 };

struct tg_parser {
    struct tg_tree tree;
    struct tg_lexer lexer;
    struct tg_token token; /* The next one. */
    uint32_t end;          /* Of the one before. */
    bool after;            /* An operand was read: what may follow it? */
    uint32_t operand_at;   /* Where that operand begins, its brackets included. */
    uint32_t frames_count;
    struct tg_frame frames[TG_FRAMES_MAX];
};

/* How tightly operators bind, by the kind of their node (write.c too). */
unsigned tg_precedence(enum tg_ast_kind kind);

TG_MUST_USE enum tg_err tg_parser_advance(struct tg_parser *p);
/* The innermost frame, or NULL. */
struct tg_frame *tg_parser_top(struct tg_parser *p);
TG_MUST_USE enum tg_err tg_parser_push(struct tg_parser *p, struct tg_frame frame);
/* Add a leaf that the token `from` is. */
TG_MUST_USE enum tg_err tg_parser_leaf(struct tg_parser *p, enum tg_ast_kind kind,
                                       const struct tg_token *from);
/* Add what the frame has become, of the last `count` pending nodes. */
TG_MUST_USE enum tg_err tg_parser_add(struct tg_parser *p, const struct tg_frame *frame,
                                      uint32_t count);

/* The token is where an operand should stand. */
TG_MUST_USE enum tg_err tg_parser_operand(struct tg_parser *p);
/* The token is after an operand. `*done` if it was the end. */
TG_MUST_USE enum tg_err tg_parser_after(struct tg_parser *p, bool *done);
/* Close the innermost bracket, whose end the token is. */
TG_MUST_USE enum tg_err tg_parser_close(struct tg_parser *p);
/* After the { or a comma of a message: a field's name and its colon, or the }. */
TG_MUST_USE enum tg_err tg_parser_field(struct tg_parser *p);
/* A call is complete: add it, or the macro that it is. */
TG_MUST_USE enum tg_err tg_parser_call(struct tg_parser *p, const struct tg_frame *frame);

/* Refusals. */
#define tg_parser_refuse(p, at, ...) tg_lex_refuse(&(p)->lexer, at, __VA_ARGS__)
enum tg_err tg_parser_no_operand(struct tg_parser *p);
enum tg_err tg_parser_no_name(struct tg_parser *p);
enum tg_err tg_parser_no_operator(struct tg_parser *p);
/* The brackets and the `?` that are open at the token, which closes another or is the
 * end. */
enum tg_err tg_parser_unclosed(struct tg_parser *p);
enum tg_err tg_parser_optional(struct tg_parser *p);

#endif
