/* The program of a regular expression: private to regex*.c. */
#ifndef TG_CEL_REGEX_CODE_H
#define TG_CEL_REGEX_CODE_H

#include "engine/base/buf.h"
#include "engine/cel/regex.h"

enum tg_regex_op {
    TG_REGEX_MATCH,
    TG_REGEX_JUMP,  /* Go on at `to`. */
    TG_REGEX_SPLIT, /* Go on at the next one and at `to`. */
    /* Go on if they hold here: */
    TG_REGEX_TEXT_BEGIN,
    TG_REGEX_TEXT_END,
    TG_REGEX_LINE_BEGIN,
    TG_REGEX_LINE_END,
    TG_REGEX_WORD_EDGE,
    TG_REGEX_NO_WORD_EDGE,
    /* Read a character: */
    TG_REGEX_CHARACTER, /* `value`. */
    TG_REGEX_CLASS,     /* Of the `to` ranges from `value` on. */
    TG_REGEX_ANY,
    TG_REGEX_ANY_OF_LINE,
};

struct tg_regex_inst {
    uint16_t op;
    int16_t to; /* A distance from here. A class: how many ranges. */
    uint32_t value;
};

struct tg_regex_range {
    uint32_t low;
    uint32_t high;
};

/* Ranges stand after the code. */
struct tg_regex {
    uint32_t count;
    uint32_t ranges_count;
    struct tg_regex_inst code[];
};

enum { TG_REGEX_INFINITE = -1 };

/* A pattern that is being compiled. */
struct tg_regex_compiler {
    struct tg_slice pattern;
    uint32_t at;
    bool fold;
    bool multiline;
    bool dot_all;
    struct tg_buf code;   /* struct tg_regex_inst. */
    struct tg_buf ranges; /* struct tg_regex_range. */
    enum tg_err err;
    const char *why;
    uint32_t why_at;
};

/* The first that goes wrong counts. All return false. */
bool tg_regex_fail(struct tg_regex_compiler *c, enum tg_err err, uint32_t at,
                   const char *why);
/* Add an instruction. */
bool tg_regex_emit(struct tg_regex_compiler *c, enum tg_regex_op op, uint32_t value,
                   int16_t to);
/* How many there are. */
uint32_t tg_regex_count(const struct tg_regex_compiler *c);
/* Add one before what begins at `at`. */
bool tg_regex_insert(struct tg_regex_compiler *c, uint32_t at, enum tg_regex_op op,
                     int16_t to);
/* Repeat what begins at `atom` and ends here: {least,most}. */
bool tg_regex_repeat(struct tg_regex_compiler *c, uint32_t atom, int32_t least,
                     int32_t most);
/* The byte `n` after the compiler's place; 0 beyond the end. */
uint8_t tg_regex_peek(const struct tg_regex_compiler *c, uint32_t n);
/* Read one character of the pattern as it stands. */
uint32_t tg_regex_character(struct tg_regex_compiler *c);
/* Read an escape that is a character: \n, \., \x41, …. */
bool tg_regex_escape(struct tg_regex_compiler *c, uint32_t *point);

/* Classes (regex_class.c): the class [… at the compiler's place; \d and its like, true
 * if there was one; a character whose case does not count. */
bool tg_regex_bracket(struct tg_regex_compiler *c);
bool tg_regex_perl(struct tg_regex_compiler *c, bool *found);
bool tg_regex_literal(struct tg_regex_compiler *c, uint32_t point, uint32_t at);

/* The code point at `text`, and its size; what is no UTF-8 is U+FFFD, byte for byte. */
uint32_t tg_regex_decode(const uint8_t *text, const uint8_t *end, uint32_t *size);

#endif
