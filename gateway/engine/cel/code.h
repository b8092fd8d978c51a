/* What a program is made of: private to the compiler and the machine.
 *
 *   struct tg_program | instructions | constants | texts

 *
 * Offsets count from the program's beginning, so that it can be copied.
 *
 * The machine has a stack of values and a stack of loops. Each instruction says what it
 * takes from the top of the stack and puts there. An ERROR is a value like others; only
 * AND, OR, CHOOSE and the tests of loops look at it. */
#ifndef TG_CEL_CODE_H
#define TG_CEL_CODE_H

#include "engine/cel/program.h"

enum tg_do {
    TG_DO_CONSTANT,     /* -> the constant `target`. */
    TG_DO_VARIABLE,     /* -> the variable `target`. */
    TG_DO_HAS_VARIABLE, /* -> is it there? */
    TG_DO_LOCAL,        /* -> the item of loop `target`, counted from the outermost. */
    TG_DO_FAULT,        /* -> an error, `detail` of enum tg_fault. */
    TG_DO_SELECT,       /* of -> of . constant `target`. */
    TG_DO_HAS,          /* of -> has(of . constant `target`). */
    TG_DO_INDEX,        /* of, index -> of [ index ]. */
    TG_DO_NOT,
    TG_DO_NEGATE,
    TG_DO_BINARY, /* a, b -> a `detail` b, of enum tg_ast_kind. */
    TG_DO_CALL,   /* `count` arguments -> function `detail` of them. */
    TG_DO_MATCH,  /* text -> does the pattern at constant `target` match it? */
    TG_DO_LIST,   /* `target` items -> a list. */
    TG_DO_MAP,    /* `target` keys and values -> a map. */
    TG_DO_JUMP,   /* to `target`. */
    /* result so far, operand -> result; `detail` 1: it is the first operand. Once it is
     * decided, to `target`. */
    TG_DO_AND,
    TG_DO_OR,
    TG_DO_CHOOSE, /* condition -> (goes on); false: to `target`; else: the error, and to
                     the JUMP before `target`. */
    TG_DO_LOOP,   /* range -> (a loop, of enum tg_ast_kind `detail`); no range: the error,
                   and to `target`, which is the end of the loop. */
    TG_DO_NEXT,   /* The next item; none: the loop ends. -> its result, and to its end. */
    TG_DO_TEST,   /* condition -> (an item is in, is out, or decides the loop). */
    TG_DO_YIELD,  /* value -> (one more item of the result). */
};

enum tg_fault {
    TG_FAULT_NAME,
    TG_FAULT_FUNCTION,
    TG_FAULT_MESSAGE,
    TG_FAULT_VALUE, /* It was known to be none. */
};

#define TG_NO_PATTERN UINT32_MAX

struct tg_instruction {
    uint8_t does;
    uint8_t detail;
    uint16_t count;
    uint32_t target;
};

/* A scalar, or a pattern of regex.h (aligned to 8). */
enum { TG_CONSTANT_PATTERN = 100 };

struct tg_constant {
    uint32_t kind;
    uint32_t extra; /* Bytes of a text; nanoseconds; of a DOUBLE, where its exact digits
                       are (with a NUL), and 1 more: 0 is none. */
    union {
        int64_t integer;           /* Seconds, BOOL. */
        uint64_t unsigned_integer; /* Where a text is. */
        double real;
    };
};

struct tg_program {
    uint32_t size;
    uint32_t cost;
    uint32_t code_count;
    uint32_t constants_at;
    uint32_t stack_max; /* Values at one time. */
    uint32_t loops_max;
    struct tg_instruction code[];
};

static inline bool tg_constant_is_text(const struct tg_constant *constant)
{
    return constant->kind == TG_VALUE_STRING || constant->kind == TG_VALUE_BYTES ||
           constant->kind == TG_VALUE_DECIMAL || constant->kind == TG_VALUE_TYPE ||
           constant->kind == TG_CONSTANT_PATTERN;
}

/* Its text, if it has one, begins at `texts` and as many bytes as it says. */
static inline struct tg_value tg_constant_value(const struct tg_constant *constant,
                                                const uint8_t *texts)
{
    struct tg_value value = {.kind = (uint8_t)constant->kind};
    if (tg_constant_is_text(constant)) {
        value.text = tg_slice(texts + constant->unsigned_integer, constant->extra);
        return value;
    }
    switch ((enum tg_value_kind)constant->kind) {
    case TG_VALUE_BOOL:
        value.boolean = constant->integer != 0;
        break;
    case TG_VALUE_TIMESTAMP:
        value.timestamp = (struct tg_timestamp){constant->integer, constant->extra};
        break;
    case TG_VALUE_DURATION:
        value.duration =
            (struct tg_duration){constant->integer, (int32_t)constant->extra};
        break;
    case TG_VALUE_DOUBLE:
        value.real = constant->real;
        value.is_literal = constant->extra != 0;
        if (value.is_literal) {
            value.exact = (const char *)texts + (constant->extra - 1);
        }
        break;
    default:
        value.integer = constant->integer;
    }
    return value;
}

#endif
