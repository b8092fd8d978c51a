/* From text to tokens: private to the parser. */
#ifndef TG_CEL_LEX_H
#define TG_CEL_LEX_H

#include "engine/cel/tree.h"

enum tg_token_kind {
    TG_TOKEN_END,
    /* Literals. */
    TG_TOKEN_INT,  /* integer: its magnitude; `is_large` if it is beyond 64 bits. */
    TG_TOKEN_UINT, /* integer. */
    TG_TOKEN_DOUBLE,
    TG_TOKEN_STRING, /* text. */
    TG_TOKEN_BYTES,
    TG_TOKEN_NULL,
    TG_TOKEN_TRUE,
    TG_TOKEN_FALSE,
    /* Names. */
    TG_TOKEN_NAME,     /* text. */
    TG_TOKEN_QUOTED,   /* text: a name in back-quotes. */
    TG_TOKEN_RESERVED, /* text: no variable may have this name, a field may. */
    /* Punctuation. */
    TG_TOKEN_DOT,
    TG_TOKEN_COMMA,
    TG_TOKEN_COLON,
    TG_TOKEN_QUESTION,
    TG_TOKEN_ROUND,
    TG_TOKEN_SQUARE,
    TG_TOKEN_CURLY,
    TG_TOKEN_ROUND_END,
    TG_TOKEN_SQUARE_END,
    TG_TOKEN_CURLY_END,
    /* Operators. */
    TG_TOKEN_NOT,
    TG_TOKEN_MINUS,
    TG_TOKEN_PLUS,
    TG_TOKEN_STAR,
    TG_TOKEN_SLASH,
    TG_TOKEN_PERCENT,
    TG_TOKEN_EQUAL,
    TG_TOKEN_NOT_EQUAL,
    TG_TOKEN_LESS,
    TG_TOKEN_LESS_EQUAL,
    TG_TOKEN_GREATER,
    TG_TOKEN_GREATER_EQUAL,
    TG_TOKEN_IN,
    TG_TOKEN_AND,
    TG_TOKEN_OR,
};

struct tg_token {
    uint8_t kind;
    bool is_large;
    uint32_t at;
    uint32_t end;
    union {
        uint64_t integer;
        double real;
        struct tg_slice text;
    };
};

struct tg_lexer {
    struct tg_tree *tree; /* Its source, its place for texts, its refusal. */
    uint32_t at;
};

/* The next token.
 *
 * TG_EINVAL, TG_ENOMEM  The refusal says it. */
TG_MUST_USE enum tg_err tg_lex_next(struct tg_lexer *lexer, struct tg_token *token);

/* Parts of it, in files of their own. The token's beginning and kind are set. */

/* The string whose quote stands at `lexer->at`. */
TG_MUST_USE enum tg_err tg_lex_string(struct tg_lexer *lexer, struct tg_token *token,
                                      bool is_raw);
/* The number that begins at `lexer->at`. */
TG_MUST_USE enum tg_err tg_lex_number(struct tg_lexer *lexer, struct tg_token *token);

/* Refuse what stands at `at`: `query_syntax`. */
#define tg_lex_refuse(lexer, where, ...)                                          \
    (tg_query_refuse((lexer)->tree->refusal, TG_CODE_QUERY_SYNTAX,                \
                     (lexer)->tree->ast->source, (uint32_t)(where), __VA_ARGS__), \
     TG_EINVAL)

/* The byte `n` after the lexer's place; 0 beyond the end. */
static inline uint8_t tg_lex_peek(const struct tg_lexer *lexer, uint32_t n)
{
    struct tg_slice source = lexer->tree->ast->source;
    return n < source.size - lexer->at ? source.data[lexer->at + n] : 0;
}

static inline bool tg_lex_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool tg_lex_is_letter(uint8_t byte)
{
    return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '_';
}

/* The value of a hexadecimal digit, or 16. */
static inline unsigned tg_lex_hex(uint8_t byte)
{
    uint8_t low = byte | 0x20;
    return tg_lex_is_digit(byte)      ? byte - (unsigned)'0'
           : low >= 'a' && low <= 'f' ? low - (unsigned)'a' + 10
                                      : 16;
}

#endif
