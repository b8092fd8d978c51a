#include "engine/cel/lex.h"

/* What a string consists of, while it is read. */
struct string {
    uint8_t quote;
    bool is_triple;
    bool is_raw;
    bool is_bytes;
    uint32_t at;  /* Where it begins, for errors. */
    uint8_t *out; /* NULL: it stands in the source as it is, so far. */
    size_t size;
};

/* --- escapes --------------------------------------------------------------------- */

static size_t write_utf8(uint32_t point, uint8_t *out)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)(leads[size] | point);
    return size;
}

/* `count` digits from `n` after the lexer's place on; false if one is none. */
static bool read_digits(const struct tg_lexer *lexer, uint32_t n, unsigned count,
                        unsigned base, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = tg_lex_hex(tg_lex_peek(lexer, n + i));
        if (digit >= base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return true;
}

/* \u and \U: a code point; two \u may be the halves of a surrogate pair. */
static enum tg_err read_point(struct tg_lexer *lexer, struct string *string,
                              uint32_t digits)
{
    uint32_t point;
    uint32_t low;
    uint32_t size = 2 + digits;
    if (string->is_bytes) {
        return tg_lex_refuse(lexer, lexer->at,
                             "\\%c stands in strings only: in bytes write \\x41 or \\101",
                             tg_lex_peek(lexer, 1));
    }
    if (!read_digits(lexer, 2, digits, 16, &point)) {
        return tg_lex_refuse(lexer, lexer->at, "\\%c wants %u hexadecimal digits",
                             tg_lex_peek(lexer, 1), digits);
    }
    if (digits == 4 && point >= 0xd800 && point < 0xdc00 &&
        tg_lex_peek(lexer, 6) == '\\' && tg_lex_peek(lexer, 7) == 'u' &&
        read_digits(lexer, 8, 4, 16, &low) && low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        size += 6;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        return tg_lex_refuse(lexer, lexer->at, "no character has the code %X", point);
    }
    string->size += write_utf8(point, string->out + string->size);
    lexer->at += size;
    return TG_OK;
}

/* \x41 and \101: a byte of bytes, a code point of a string. */
static enum tg_err read_code(struct tg_lexer *lexer, struct string *string)
{
    bool is_hex = (tg_lex_peek(lexer, 1) | 0x20) == 'x';
    uint32_t code;
    if (is_hex ? !read_digits(lexer, 2, 2, 16, &code)
               : !read_digits(lexer, 1, 3, 8, &code) || code > 0xff) {
        return tg_lex_refuse(lexer, lexer->at,
                             is_hex ? "\\x wants two hexadecimal digits"
                                    : "an octal escape has three digits, \\000 to \\377");
    }
    if (string->is_bytes) {
        string->out[string->size++] = (uint8_t)code;
    } else {
        string->size += write_utf8(code, string->out + string->size);
    }
    lexer->at += 4;
    return TG_OK;
}

/* The escape at the lexer's place; `out` is there. */
static enum tg_err read_escape(struct tg_lexer *lexer, struct string *string)
{
    static const char from[] = "abfnrtv\\?\"'`";
    static const char to[] = "\a\b\f\n\r\t\v\\?\"'`";
    uint8_t byte = tg_lex_peek(lexer, 1);
    const char *simple = byte == 0 ? NULL : strchr(from, byte);
    if (simple != NULL) {
        string->out[string->size++] = (uint8_t)to[simple - from];
        lexer->at += 2;
        return TG_OK;
    }
    if (byte == 'u' || byte == 'U') {
        return read_point(lexer, string, byte == 'u' ? 4 : 8);
    }
    if ((byte | 0x20) == 'x' || tg_lex_is_digit(byte)) {
        return read_code(lexer, string);
    }
    return tg_lex_refuse(lexer, lexer->at,
                         "this escape is none: write \\\\ for a backslash, or r\"…\"");
}

/* --- strings --------------------------------------------------------------------- */

static bool at_end(const struct tg_lexer *lexer, const struct string *string)
{
    return tg_lex_peek(lexer, 0) == string->quote &&
           (!string->is_triple || (tg_lex_peek(lexer, 1) == string->quote &&
                                   tg_lex_peek(lexer, 2) == string->quote));
}

/* Why the string cannot go on at the lexer's place, if so. */
static enum tg_err check_open(const struct tg_lexer *lexer, const struct string *string)
{
    uint8_t byte = tg_lex_peek(lexer, 0);
    if (lexer->at >= lexer->tree->ast->source.size) {
        return tg_lex_refuse(lexer, string->at, "this string is never closed");
    }
    if ((byte == '\n' || byte == '\r') && !string->is_triple) {
        return tg_lex_refuse(lexer, string->at,
                             "this string is not closed on its line: write \\n, or put "
                             "it between \"\"\" and \"\"\"");
    }
    return TG_OK;
}

/* From the first escape on, the string is written anew. */
static enum tg_err begin_copy(const struct tg_lexer *lexer, struct string *string,
                              uint32_t begin)
{
    string->out = tg_tree_text(lexer->tree);
    if (string->out == NULL) {
        return TG_ENOMEM;
    }
    string->size = lexer->at - begin;
    if (string->size != 0) {
        memcpy(string->out, lexer->tree->ast->source.data + begin, string->size);
    }
    return TG_OK;
}

static enum tg_err read_text(struct tg_lexer *lexer, struct string *string,
                             uint32_t begin)
{
    while (!at_end(lexer, string)) {
        enum tg_err err = check_open(lexer, string);
        if (err != TG_OK) {
            return err;
        }
        if (tg_lex_peek(lexer, 0) == '\\' && !string->is_raw) {
            err = string->out == NULL ? begin_copy(lexer, string, begin) : TG_OK;
            err = err == TG_OK ? read_escape(lexer, string) : err;
            if (err != TG_OK) {
                return err;
            }
            continue;
        }
        if (string->out != NULL) {
            string->out[string->size++] = tg_lex_peek(lexer, 0);
        }
        lexer->at++;
    }
    return TG_OK;
}

enum tg_err tg_lex_string(struct tg_lexer *lexer, struct tg_token *token, bool is_raw)
{
    struct string string = {
        .quote = tg_lex_peek(lexer, 0),
        .is_raw = is_raw,
        .is_bytes = token->kind == TG_TOKEN_BYTES,
        .at = token->at,
    };
    string.is_triple = tg_lex_peek(lexer, 1) == string.quote &&
                       tg_lex_peek(lexer, 2) == string.quote;
    uint32_t quotes = string.is_triple ? 3 : 1;
    lexer->at += quotes;
    uint32_t begin = lexer->at;
    enum tg_err err = read_text(lexer, &string, begin);
    if (err != TG_OK) {
        return err;
    }
    token->text = string.out == NULL
                      ? tg_slice(lexer->tree->ast->source.data + begin, lexer->at - begin)
                      : tg_slice(string.out, string.size);
    lexer->tree->ast->pool.size += string.out == NULL ? 0 : string.size;
    lexer->at += quotes;
    return TG_OK;
}
