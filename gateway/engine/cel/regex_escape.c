/* Characters of a pattern, as they stand and escaped. */
#include "engine/cel/lex.h"
#include "engine/cel/regex_code.h"

bool tg_regex_fail(struct tg_regex_compiler *c, enum tg_err err, uint32_t at,
                   const char *why)
{
    if (c->err == TG_OK) {
        c->err = err;
        c->why = why;
        c->why_at = at;
    }
    return false;
}

uint8_t tg_regex_peek(const struct tg_regex_compiler *c, uint32_t n)
{
    return n < c->pattern.size - c->at ? c->pattern.data[c->at + n] : 0;
}

uint32_t tg_regex_character(struct tg_regex_compiler *c)
{
    uint32_t size;
    uint32_t point = tg_regex_decode(c->pattern.data + c->at,
                                     c->pattern.data + c->pattern.size, &size);
    c->at += size;
    return point;
}

/* \x41 and \x{1F600}. */
static bool read_hex(struct tg_regex_compiler *c, uint32_t at, uint32_t *point)
{
    bool braces = tg_regex_peek(c, 2) == '{';
    uint32_t digits = 0;
    *point = 0;
    c->at += braces ? 3 : 2;
    for (unsigned digit;
         digits < (braces ? 6 : 2) && (digit = tg_lex_hex(tg_regex_peek(c, 0))) < 16;
         digits++) {
        *point = *point * 16 + digit;
        c->at++;
    }
    if (braces ? digits == 0 || tg_regex_peek(c, 0) != '}' : digits < 2) {
        return tg_regex_fail(c, TG_EINVAL, at,
                             "\\x wants two hexadecimal digits, or some in braces");
    }
    c->at += braces;
    return *point <= 0x10ffff ||
           tg_regex_fail(c, TG_EINVAL, at, "no character has this code");
}

/* \101: up to three octal digits; one that is not 0, alone, would be a back-reference. */
static bool read_octal(struct tg_regex_compiler *c, uint32_t at, uint32_t *point)
{
    uint8_t first = tg_regex_peek(c, 1);
    uint8_t second = tg_regex_peek(c, 2);
    if (first > '7' || (first != '0' && (second < '0' || second > '7'))) {
        return tg_regex_fail(c, TG_EINVAL, at, "back-references are not supported");
    }
    *point = 0;
    c->at++;
    for (unsigned i = 0; i < 3; i++) {
        uint8_t digit = tg_regex_peek(c, 0);
        if (digit < '0' || digit > '7') {
            break;
        }
        *point = *point * 8 + (digit - (unsigned)'0');
        c->at++;
    }
    return true;
}

static bool refuse_escape(struct tg_regex_compiler *c, uint32_t at, uint8_t letter)
{
    const char *why = "this escape is none";
    switch (letter) {
    case 0:
        why = "a backslash stands at the end";
        break;
    case 'p':
    case 'P':
        why = "\\p and \\P are not supported: name the characters";
        break;
    case 'C':
        why = "\\C is not supported";
        break;
    case 'Z':
        why = "\\Z is not supported: write \\z for the end of the text";
        break;
    case 'k':
        why = "back-references are not supported";
        break;
    default:
        break;
    }
    return tg_regex_fail(c, TG_EINVAL, at, why);
}

bool tg_regex_escape(struct tg_regex_compiler *c, uint32_t *point)
{
    static const char from[] = "aftnrv";
    static const char to[] = "\a\f\t\n\r\v";
    uint32_t at = c->at;
    uint8_t letter = tg_regex_peek(c, 1);
    if (letter == 'x') {
        return read_hex(c, at, point);
    }
    if (tg_lex_is_digit(letter)) {
        return read_octal(c, at, point);
    }
    const char *simple = letter == 0 ? NULL : strchr(from, letter);
    if (simple != NULL) {
        *point = (uint32_t)to[simple - from];
    } else if (letter > 0x20 && letter < 0x7f &&
               (!tg_lex_is_letter(letter) || letter == '_')) {
        *point = letter;
    } else {
        return refuse_escape(c, at, letter);
    }
    c->at += 2;
    return true;
}
