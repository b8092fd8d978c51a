#include "engine/cel/lex.h"

struct word {
    struct tg_slice text;
    enum tg_token_kind kind;
};

static const struct word words[] = {
    {TG_LIT_INIT("true"), TG_TOKEN_TRUE},
    {TG_LIT_INIT("false"), TG_TOKEN_FALSE},
    {TG_LIT_INIT("null"), TG_TOKEN_NULL},
    {TG_LIT_INIT("in"), TG_TOKEN_IN},
    {TG_LIT_INIT("as"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("break"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("const"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("continue"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("else"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("for"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("function"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("if"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("import"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("let"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("loop"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("namespace"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("package"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("return"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("var"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("void"), TG_TOKEN_RESERVED},
    {TG_LIT_INIT("while"), TG_TOKEN_RESERVED},
};

/* The longest first. What is no operator has the one that was probably meant. */
static const struct {
    char text[4];
    uint8_t kind;
    char meant[4];
} operators[] = {
    {"===", 0, "=="},
    {"!==", 0, "!="},
    {"==", TG_TOKEN_EQUAL, ""},
    {"!=", TG_TOKEN_NOT_EQUAL, ""},
    {"<=", TG_TOKEN_LESS_EQUAL, ""},
    {">=", TG_TOKEN_GREATER_EQUAL, ""},
    {"=>", 0, ">="},
    {"=<", 0, "<="},
    {"<>", 0, "!="},
    {"&&", TG_TOKEN_AND, ""},
    {"||", TG_TOKEN_OR, ""},
    {".", TG_TOKEN_DOT, ""},
    {",", TG_TOKEN_COMMA, ""},
    {":", TG_TOKEN_COLON, ""},
    {"?", TG_TOKEN_QUESTION, ""},
    {"(", TG_TOKEN_ROUND, ""},
    {"[", TG_TOKEN_SQUARE, ""},
    {"{", TG_TOKEN_CURLY, ""},
    {")", TG_TOKEN_ROUND_END, ""},
    {"]", TG_TOKEN_SQUARE_END, ""},
    {"}", TG_TOKEN_CURLY_END, ""},
    {"!", TG_TOKEN_NOT, ""},
    {"-", TG_TOKEN_MINUS, ""},
    {"+", TG_TOKEN_PLUS, ""},
    {"*", TG_TOKEN_STAR, ""},
    {"/", TG_TOKEN_SLASH, ""},
    {"%", TG_TOKEN_PERCENT, ""},
    {"<", TG_TOKEN_LESS, ""},
    {">", TG_TOKEN_GREATER, ""},
    {"=", 0, "=="},
    {"&", 0, "&&"},
    {"|", 0, "||"},
};

static void skip_space(struct tg_lexer *lexer)
{
    struct tg_slice source = lexer->tree->ast->source;
    for (; lexer->at < source.size; lexer->at++) {
        uint8_t byte = source.data[lexer->at];
        if (byte == '/' && tg_lex_peek(lexer, 1) == '/') {
            while (lexer->at + 1 < source.size && source.data[lexer->at + 1] != '\n' &&
                   source.data[lexer->at + 1] != '\r') {
                lexer->at++;
            }
        } else if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\f' &&
                   byte != '\r') {
            return;
        }
    }
}

static enum tg_err finish(struct tg_lexer *lexer, struct tg_token *token)
{
    token->end = lexer->at;
    return TG_OK;
}

/* r"…", b"…", br"…": how many letters stand before the quote; 0: it is none of them. */
static uint32_t string_prefix(const struct tg_lexer *lexer, bool *is_bytes, bool *is_raw)
{
    uint32_t size = 0;
    *is_bytes = (tg_lex_peek(lexer, 0) | 0x20) == 'b';
    size += *is_bytes;
    *is_raw = (tg_lex_peek(lexer, size) | 0x20) == 'r';
    size += *is_raw;
    uint8_t quote = tg_lex_peek(lexer, size);
    return quote == '"' || quote == '\'' ? size : 0;
}

static enum tg_err lex_word(struct tg_lexer *lexer, struct tg_token *token)
{
    const uint8_t *begin = lexer->tree->ast->source.data + lexer->at;
    while (tg_lex_is_letter(tg_lex_peek(lexer, 0)) ||
           tg_lex_is_digit(tg_lex_peek(lexer, 0))) {
        lexer->at++;
    }
    token->kind = TG_TOKEN_NAME;
    token->text = tg_slice(begin, lexer->at - token->at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (tg_slice_equal(token->text, words[i].text)) {
            token->kind = (uint8_t)words[i].kind;
        }
    }
    return finish(lexer, token);
}

/* ESC_IDENTIFIER: letters, digits and _ . - / and space between back-quotes. */
static enum tg_err lex_quoted(struct tg_lexer *lexer, struct tg_token *token)
{
    lexer->at++;
    uint32_t begin = lexer->at;
    for (;; lexer->at++) {
        uint8_t byte = tg_lex_peek(lexer, 0);
        if (byte == '`' && lexer->at > begin) {
            break;
        }
        if (byte == 0 || (!tg_lex_is_letter(byte) && !tg_lex_is_digit(byte) &&
                          strchr("_.-/ ", byte) == NULL)) {
            return tg_lex_refuse(lexer, token->at,
                                 "a name in back-quotes has letters, digits and _ . - / "
                                 "only, and ends with a back-quote");
        }
    }
    token->kind = TG_TOKEN_QUOTED;
    token->text = tg_slice(lexer->tree->ast->source.data + begin, lexer->at - begin);
    lexer->at++;
    return finish(lexer, token);
}

static enum tg_err refuse_character(const struct tg_lexer *lexer)
{
    struct tg_slice source = lexer->tree->ast->source;
    struct tg_slice rest = tg_slice(source.data + lexer->at, source.size - lexer->at);
    /* Typographic quotes, as word processors put them in: U+2018 to U+201D. */
    if (rest.size >= 3 && memcmp(rest.data, "\xe2\x80", 2) == 0 && rest.data[2] >= 0x98 &&
        rest.data[2] <= 0x9d) {
        return tg_lex_refuse(lexer, lexer->at,
                             "a string stands between straight quotes, \" or '");
    }
    if (rest.data[0] >= 0x80) {
        return tg_lex_refuse(lexer, lexer->at,
                             "a name has letters from a to z, digits and _ only; reach "
                             "a field of another name by data[\"…\"]");
    }
    if (rest.data[0] < 0x20 || rest.data[0] == 0x7f) {
        return tg_lex_refuse(lexer, lexer->at,
                             "the control character U+%04X stands outside of a string",
                             rest.data[0]);
    }
    return tg_lex_refuse(lexer, lexer->at, "\"%c\" has no meaning here", rest.data[0]);
}

static enum tg_err lex_operator(struct tg_lexer *lexer, struct tg_token *token)
{
    struct tg_slice source = lexer->tree->ast->source;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        const char *text = operators[i].text;
        size_t size = strlen(text);
        if (source.size - lexer->at < size ||
            memcmp(source.data + lexer->at, text, size) != 0) {
            continue;
        }
        if (operators[i].meant[0] != '\0') {
            return tg_lex_refuse(lexer, lexer->at,
                                 "\"%s\" is no operator; did you mean \"%s\"?", text,
                                 operators[i].meant);
        }
        token->kind = operators[i].kind;
        lexer->at += (uint32_t)size;
        return finish(lexer, token);
    }
    return refuse_character(lexer);
}

enum tg_err tg_lex_next(struct tg_lexer *lexer, struct tg_token *token)
{
    bool is_bytes;
    bool is_raw;
    skip_space(lexer);
    *token = (struct tg_token){.kind = TG_TOKEN_END, .at = lexer->at, .end = lexer->at};
    if (lexer->at == lexer->tree->ast->source.size) {
        return TG_OK;
    }
    uint8_t byte = tg_lex_peek(lexer, 0);
    uint32_t prefix = string_prefix(lexer, &is_bytes, &is_raw);
    if (prefix != 0 || byte == '"' || byte == '\'') {
        lexer->at += prefix;
        token->kind = is_bytes ? TG_TOKEN_BYTES : TG_TOKEN_STRING;
        enum tg_err err = tg_lex_string(lexer, token, is_raw);
        return err != TG_OK ? err : finish(lexer, token);
    }
    if (tg_lex_is_letter(byte)) {
        return lex_word(lexer, token);
    }
    if (tg_lex_is_digit(byte) ||
        (byte == '.' && tg_lex_is_digit(tg_lex_peek(lexer, 1)))) {
        enum tg_err err = tg_lex_number(lexer, token);
        return err != TG_OK ? err : finish(lexer, token);
    }
    return byte == '`' ? lex_quoted(lexer, token) : lex_operator(lexer, token);
}
