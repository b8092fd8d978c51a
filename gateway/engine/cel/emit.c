#include "engine/cel/compile.h"

#include "engine/base/mem.h"
#include "engine/cel/regex.h"

enum { CODE_MAX = 1 << 22, STACK_MAX = 1 << 20 };

/* Room for one more item of `size` bytes. */
static enum tg_err make_room(void **items, uint32_t count, uint32_t *capacity,
                             size_t size)
{
    if (count < *capacity) {
        return TG_OK;
    }
    if (count >= CODE_MAX) {
        return TG_ELIMIT;
    }
    uint32_t more = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = tg_resize(*items, more * size);
    if (grown == NULL) {
        return TG_ENOMEM;
    }
    *items = grown;
    *capacity = more;
    return TG_OK;
}

enum tg_err tg_emit(struct tg_compile *c, struct tg_instruction instruction,
                    uint32_t takes, bool gives)
{
    void *code = c->code;
    enum tg_err err = make_room(&code, c->code_count, &c->code_capacity, sizeof *c->code);
    c->code = code;
    if (err != TG_OK) {
        return err;
    }
    c->code[c->code_count++] = instruction;
    c->cost++;
    c->depth = c->depth - takes + (gives ? 1 : 0);
    c->depth_max = c->depth > c->depth_max ? c->depth : c->depth_max;
    return c->depth > STACK_MAX ? TG_ELIMIT : TG_OK;
}

enum tg_err tg_emit_jump(struct tg_compile *c, struct tg_visit *visit, enum tg_do does,
                         uint8_t detail, uint32_t takes, bool gives)
{
    struct tg_instruction jump = {
        .does = (uint8_t)does, .detail = detail, .target = visit->patch};
    visit->patch = c->code_count;
    return tg_emit(c, jump, takes, gives);
}

void tg_emit_end(struct tg_compile *c, const struct tg_visit *visit)
{
    uint32_t at = visit->patch;
    while (at != TG_NO_PATCH) {
        uint32_t before = c->code[at].target;
        c->code[at].target = c->code_count;
        at = before;
    }
    c->label = c->code_count;
}

static const uint8_t *texts_of(const struct tg_compile *c)
{
    return c->texts.data == NULL ? (const uint8_t *)"" : c->texts.data;
}

/* Where the text is in `c->texts`. */
static enum tg_err add_text(struct tg_compile *c, struct tg_slice text, uint64_t *at)
{
    *at = c->texts.size;
    tg_buf_add_slice(&c->texts, text);
    return c->texts.failed ? TG_ENOMEM : TG_OK;
}

static enum tg_err add_exact(struct tg_compile *c, const char *exact)
{
    tg_buf_add(&c->texts, exact, strlen(exact) + 1);
    return c->texts.failed ? TG_ENOMEM : TG_OK;
}

enum tg_err tg_emit_constant(struct tg_compile *c, struct tg_value value,
                             uint32_t *constant)
{
    struct tg_constant made = {.kind = value.kind};
    enum tg_err err = TG_OK;
    switch ((enum tg_value_kind)value.kind) {
    case TG_VALUE_NULL:
        break;
    case TG_VALUE_BOOL:
        made.integer = value.boolean;
        break;
    case TG_VALUE_STRING:
    case TG_VALUE_BYTES:
    case TG_VALUE_DECIMAL:
    case TG_VALUE_TYPE:
        made.extra = (uint32_t)value.text.size;
        err = add_text(c, value.text, &made.unsigned_integer);
        break;
    case TG_VALUE_DOUBLE:
        made.real = value.real;
        made.extra = value.is_literal ? (uint32_t)c->texts.size + 1 : 0;
        err = value.is_literal ? add_exact(c, value.exact) : TG_OK;
        break;
    case TG_VALUE_TIMESTAMP:
        made.integer = value.timestamp.seconds;
        made.extra = value.timestamp.nanos;
        break;
    case TG_VALUE_DURATION:
        made.integer = value.duration.seconds;
        made.extra = (uint32_t)value.duration.nanos;
        break;
    default:
        made.integer = value.integer;
    }
    void *constants = c->constants;
    if (err == TG_OK) {
        err = make_room(&constants, c->constants_count, &c->constants_capacity,
                        sizeof made);
        c->constants = constants;
    }
    if (err == TG_OK) {
        *constant = c->constants_count;
        c->constants[c->constants_count++] = made;
    }
    return err;
}

enum tg_err tg_emit_value(struct tg_compile *c, struct tg_value value)
{
    uint32_t constant = 0;
    enum tg_err err = tg_emit_constant(c, value, &constant);
    if (err != TG_OK) {
        return err;
    }
    return tg_emit(c, (struct tg_instruction){TG_DO_CONSTANT, 0, 0, constant}, 0, true);
}

static bool is_scalar(struct tg_value value)
{
    return value.kind != TG_VALUE_ERROR && value.kind != TG_VALUE_LIST &&
           value.kind != TG_VALUE_MAP;
}

static bool is_text(struct tg_value value)
{
    return value.kind == TG_VALUE_STRING || value.kind == TG_VALUE_BYTES ||
           value.kind == TG_VALUE_DECIMAL || value.kind == TG_VALUE_TYPE;
}

static struct tg_value apply(struct tg_compile *c, struct tg_instruction instruction,
                             const struct tg_value *operands)
{
    enum { STEPS = 10000 };
    struct tg_work work = {&c->space, STEPS};
    switch ((enum tg_do)instruction.does) {
    case TG_DO_NOT:
        return tg_op_not(operands[0]);
    case TG_DO_NEGATE:
        return tg_op_negate(&work, operands[0]);
    case TG_DO_BINARY:
        return tg_op_binary(&work, instruction.detail, operands[0], operands[1]);
    case TG_DO_CALL:
        return tg_functions[instruction.detail].call(&work, operands, instruction.count);
    default:
        return tg_value_error(tg_no_overload);
    }
}

/* Where what belongs to a constant begins in `c->texts`. */
static size_t text_at(const struct tg_constant *constant)
{
    if (tg_constant_is_text(constant)) {
        return (size_t)constant->unsigned_integer;
    }
    return constant->kind == TG_VALUE_DOUBLE && constant->extra != 0 ? constant->extra - 1
                                                                     : SIZE_MAX;
}

/* A result's text may lie where the operands' do, which are dropped: copy it. */
static bool keep_text(struct tg_compile *c, struct tg_value *result)
{
    bool is_literal = result->kind == TG_VALUE_DOUBLE && result->is_literal;
    if (!is_literal && !is_text(*result)) {
        return true;
    }
    const void *text = is_literal ? (const void *)result->exact : result->text.data;
    size_t size = is_literal ? strlen(result->exact) + 1 : result->text.size;
    uint8_t *copy = tg_space_take(&c->space, size);
    if (copy == NULL) {
        return false;
    }
    if (size > 0) {
        memcpy(copy, text, size);
    }
    if (is_literal) {
        result->exact = (const char *)copy;
    } else {
        result->text.data = copy;
    }
    return true;
}

/* Forget the last `count` instructions, which are constants, and these; they were the
 * last to be made. `texts_size` is where their texts begin. */
static void drop(struct tg_compile *c, uint32_t count, size_t texts_size)
{
    c->code_count -= count;
    c->constants_count = c->code[c->code_count].target;
    c->texts.size = texts_size;
    c->cost -= count;
    c->depth -= count;
}

enum tg_err tg_emit_pure(struct tg_compile *c, struct tg_instruction instruction,
                         uint32_t takes)
{
    struct tg_value operands[TG_ARGUMENTS_MAX];
    size_t texts_size = c->texts.size;
    bool known = takes <= TG_ARGUMENTS_MAX && c->code_count - c->label >= takes;
    for (uint32_t i = takes; known && i > 0; i--) {
        const struct tg_instruction *operand = &c->code[c->code_count - i];
        if (operand->does != TG_DO_CONSTANT) {
            known = false;
            break;
        }
        const struct tg_constant *constant = &c->constants[operand->target];
        operands[takes - i] = tg_constant_value(constant, texts_of(c));
        size_t text = text_at(constant);
        texts_size = text < texts_size ? text : texts_size;
    }
    if (!known) {
        return tg_emit(c, instruction, takes, true);
    }
    tg_space_reset(&c->space);
    struct tg_value result = apply(c, instruction, operands);
    if (!is_scalar(result)) {
        return tg_emit(c, instruction, takes, true);
    }
    if (!keep_text(c, &result)) {
        return tg_emit(c, instruction, takes, true);
    }
    drop(c, takes, texts_size);
    return tg_emit_value(c, result);
}

/* --- patterns -------------------------------------------------------------------- */

static enum tg_err emit_pattern(struct tg_compile *c, const struct tg_regex *regex)
{
    static const uint8_t zeros[8];
    struct tg_instruction match = {.does = TG_DO_MATCH};
    tg_buf_add(&c->texts, zeros, (8 - c->texts.size % 8) % 8);
    struct tg_value bytes =
        tg_value_text(TG_VALUE_BYTES, tg_slice(regex, tg_regex_size(regex)));
    enum tg_err err = tg_emit_constant(c, bytes, &match.target);
    if (err != TG_OK) {
        return err;
    }
    c->constants[match.target].kind = TG_CONSTANT_PATTERN;
    c->cost += tg_regex_cost(regex);
    return tg_emit(c, match, 1, true);
}

enum tg_err tg_emit_match(struct tg_compile *c, const char **why)
{
    *why = NULL;
    const struct tg_instruction *last = &c->code[c->code_count - 1];
    if (last->does != TG_DO_CONSTANT || c->label == c->code_count ||
        c->constants[last->target].kind != TG_VALUE_STRING) {
        return TG_EINVAL;
    }
    const struct tg_constant *constant = &c->constants[last->target];
    size_t texts_size = (size_t)constant->unsigned_integer;
    struct tg_slice pattern = tg_slice(texts_of(c) + texts_size, constant->extra);
    struct tg_regex *regex = NULL;
    uint32_t at;
    enum tg_err err = tg_regex_compile(pattern, &regex, why, &at);
    if (err == TG_ENOMEM) {
        return err;
    }
    drop(c, 1, texts_size);
    if (err != TG_OK) {
        struct tg_instruction none = {.does = TG_DO_MATCH, .target = TG_NO_PATTERN};
        return c->scope->late ? tg_emit(c, none, 1, true) : TG_EINVAL;
    }
    err = emit_pattern(c, regex);
    tg_free(regex);
    return err;
}

/* --- what is known --------------------------------------------------------------- */

/* A list or map of JSON that is being made. */
struct opened {
    struct tg_iter iter;
    bool is_map;
};

enum { OPEN_MAX = 64 };

/* Begin with a list or map, or emit a scalar. */
static enum tg_err open_known(struct tg_compile *c, struct tg_value value,
                              struct opened *opened, uint32_t *depth)
{
    if (is_scalar(value)) {
        return tg_emit_value(c, value);
    }
    if (value.kind == TG_VALUE_ERROR && value.error == tg_no_memory) {
        return TG_ENOMEM;
    }
    if (value.kind == TG_VALUE_ERROR || *depth == OPEN_MAX) {
        struct tg_instruction fault = {.does = TG_DO_FAULT, .detail = TG_FAULT_VALUE};
        return tg_emit(c, fault, 0, true);
    }
    opened[(*depth)++] = (struct opened){tg_iter_on(value), value.kind == TG_VALUE_MAP};
    return TG_OK;
}

enum tg_err tg_emit_known(struct tg_compile *c, struct tg_value value)
{
    struct opened opened[OPEN_MAX];
    uint32_t depth = 0;
    tg_space_reset(&c->space);
    enum tg_err err = open_known(c, value, opened, &depth);
    while (err == TG_OK && depth > 0) {
        struct opened *top = &opened[depth - 1];
        struct tg_value item;
        if (tg_iter_next(&top->iter, &c->space, &item, &value)) {
            err = item.kind == TG_VALUE_ERROR ? TG_ENOMEM
                  : top->is_map               ? tg_emit_value(c, item)
                                              : TG_OK;
            err = err == TG_OK ? open_known(c, value, opened, &depth) : err;
            continue;
        }
        depth--;
        uint32_t count = tg_value_count(top->iter.of) * (top->is_map ? 2 : 1);
        struct tg_instruction make = {.does = top->is_map ? TG_DO_MAP : TG_DO_LIST,
                                      .target = count};
        err = tg_emit(c, make, count, true);
    }
    return err;
}
