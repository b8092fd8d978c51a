/* The compiler's state: private to program.c, names.c and emit.c. */
#ifndef TG_CEL_COMPILE_H
#define TG_CEL_COMPILE_H

#include "engine/cel/code.h"
#include "engine/cel/values.h"

/* A node that was entered: its children are compiled one after another. */
struct tg_visit {
    uint32_t node;
    uint32_t next;  /* The child that comes next. */
    uint32_t patch; /* The last of the jumps to its end, each naming the one before. */
    uint32_t depth; /* Of the stack when it was entered. */
};

enum { TG_VISITS_MAX = 512 };
#define TG_NO_PATCH UINT32_MAX

struct tg_compile {
    const struct tg_ast *ast;
    const struct tg_scope *scope;
    struct tg_refusal *refusal;
    struct tg_instruction *code;
    uint32_t code_count;
    uint32_t code_capacity;
    struct tg_constant *constants;
    uint32_t constants_count;
    uint32_t constants_capacity;
    struct tg_buf texts;
    struct tg_buf name;    /* A qualified name, and with its container. */
    struct tg_space space; /* For folding. */
    uint32_t depth;        /* Of the stack, at the end of the code. */
    uint32_t depth_max;
    uint32_t loops; /* That are open at the end of the code. */
    uint32_t loops_max;
    uint32_t cost;
    uint32_t
        label; /* The last place that a jump leads to: nothing before it is folded. */
    uint32_t visits_count;
    struct tg_visit visits[TG_VISITS_MAX];
    struct tg_slice locals[TG_VISITS_MAX]; /* The variables of the open loops. */
    uint32_t loop_costs[TG_VISITS_MAX];    /* What was spent before each. */
};

/* --- emit.c */

/* Add an instruction that takes `takes` values from the stack and puts one there, if it
 * `gives`. */
enum tg_err tg_emit(struct tg_compile *c, struct tg_instruction instruction,
                    uint32_t takes, bool gives);
/* The same, for what depends on nothing but its operands: if these are constants, the
 * result is emitted instead. */
enum tg_err tg_emit_pure(struct tg_compile *c, struct tg_instruction instruction,
                         uint32_t takes);
enum tg_err tg_emit_jump(struct tg_compile *c, struct tg_visit *visit, enum tg_do does,
                         uint8_t detail, uint32_t takes, bool gives);
/* The end of `visit` is here: let its jumps lead to it. */
void tg_emit_end(struct tg_compile *c, const struct tg_visit *visit);
/* A scalar. */
enum tg_err tg_emit_value(struct tg_compile *c, struct tg_value value);
/* A value known beforehand, lists and maps of JSON too. */
enum tg_err tg_emit_known(struct tg_compile *c, struct tg_value value);
enum tg_err tg_emit_constant(struct tg_compile *c, struct tg_value value,
                             uint32_t *constant);
/* The last instruction has a text and a pattern before it: let it be one that has the
 * pattern in it. `*why` is set, and nothing emitted, if it is no pattern (NULL: it is no
 * constant). */
enum tg_err tg_emit_match(struct tg_compile *c, const char **why);

/* --- names.c */

enum tg_name { TG_NAME_UNKNOWN, TG_NAME_LOCAL, TG_NAME_VARIABLE, TG_NAME_TYPE };

struct tg_meaning {
    enum tg_name kind;
    int32_t number; /* Of the loop, of the variable. */
    struct tg_value type;
};

/* What a NAME, or a SELECT (HAS) that ends in one, means as a qualified name. */
enum tg_err tg_name_resolve(struct tg_compile *c, const struct tg_ast_node *node,
                            struct tg_meaning *meaning);

#endif
