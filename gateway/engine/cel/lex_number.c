#include "engine/cel/lex.h"

#include <math.h>
#include <stdlib.h>

static void skip_digits(struct tg_lexer *lexer)
{
    while (tg_lex_is_digit(tg_lex_peek(lexer, 0))) {
        lexer->at++;
    }
}

/* NUM_FLOAT: DIGIT* . DIGIT+ EXPONENT?, or DIGIT+ EXPONENT. True if it was one, and no
 * integer: a dot without a digit after it is a selection. */
static bool skip_decimal(struct tg_lexer *lexer)
{
    bool is_double = false;
    skip_digits(lexer);
    if (tg_lex_peek(lexer, 0) == '.' && tg_lex_is_digit(tg_lex_peek(lexer, 1))) {
        lexer->at++;
        skip_digits(lexer);
        is_double = true;
    }
    if ((tg_lex_peek(lexer, 0) | 0x20) == 'e') {
        uint8_t sign = tg_lex_peek(lexer, 1);
        uint32_t digits = sign == '+' || sign == '-' ? 2 : 1;
        if (tg_lex_is_digit(tg_lex_peek(lexer, digits))) {
            lexer->at += digits;
            skip_digits(lexer);
            is_double = true;
        }
    }
    return is_double;
}

/* The digits from `at` to the lexer's place, to the base `base`. */
static void read_integer(const struct tg_lexer *lexer, uint32_t at, unsigned base,
                         struct tg_token *token)
{
    const uint8_t *digits = lexer->tree->ast->source.data;
    token->integer = 0;
    for (uint32_t i = at; i < lexer->at; i++) {
        unsigned digit = tg_lex_hex(digits[i]);
        token->is_large |= token->integer > (UINT64_MAX - digit) / base;
        token->integer = token->integer * base + digit;
    }
}

/* The text was judged already, and the process never calls setlocale: strtod reads a
 * full stop, and rounds correctly. */
static enum tg_err read_double(struct tg_lexer *lexer, struct tg_token *token)
{
    char few[64];
    size_t size = lexer->at - token->at;
    char *copy = few;
    if (size >= sizeof few) {
        copy = (char *)tg_tree_text(lexer->tree);
        if (copy == NULL) {
            return TG_ENOMEM;
        }
    }
    memcpy(copy, lexer->tree->ast->source.data + token->at, size);
    copy[size] = '\0';
    token->real = strtod(copy, NULL);
    return isfinite(token->real)
               ? TG_OK
               : tg_lex_refuse(lexer, token->at, "this number is too large for a double");
}

static enum tg_err refuse_integer(const struct tg_lexer *lexer,
                                  const struct tg_token *token)
{
    return tg_lex_refuse(lexer, token->at,
                         "this uint is too large: 18446744073709551615u is the most");
}

enum tg_err tg_lex_number(struct tg_lexer *lexer, struct tg_token *token)
{
    if (tg_lex_peek(lexer, 0) == '0' && (tg_lex_peek(lexer, 1) | 0x20) == 'x') {
        lexer->at += 2;
        while (tg_lex_hex(tg_lex_peek(lexer, 0)) < 16) {
            lexer->at++;
        }
        if (lexer->at == token->at + 2) {
            return tg_lex_refuse(lexer, token->at,
                                 "a hexadecimal number lacks its digits");
        }
        token->kind = TG_TOKEN_INT;
        read_integer(lexer, token->at + 2, 16, token);
    } else if (skip_decimal(lexer)) {
        token->kind = TG_TOKEN_DOUBLE;
        enum tg_err err = read_double(lexer, token);
        if (err != TG_OK) {
            return err;
        }
    } else {
        token->kind = TG_TOKEN_INT;
        read_integer(lexer, token->at, 10, token);
    }
    if (token->kind == TG_TOKEN_INT && (tg_lex_peek(lexer, 0) | 0x20) == 'u') {
        lexer->at++;
        token->kind = TG_TOKEN_UINT;
        if (token->is_large) {
            return refuse_integer(lexer, token);
        }
    }
    if (tg_lex_is_letter(tg_lex_peek(lexer, 0))) {
        return tg_lex_refuse(lexer, token->at,
                             "letters follow right after a number: write 12, 12u, 0x1f, "
                             "1.5 or 1e3");
    }
    return TG_OK;
}
