/* What the compiler writes: instructions one by one, and repetitions of what it wrote. */
#include "engine/cel/regex_code.h"

static struct tg_regex_inst *code(struct tg_regex_compiler *c)
{
    return (struct tg_regex_inst *)(void *)c->code.data;
}

uint32_t tg_regex_count(const struct tg_regex_compiler *c)
{
    return (uint32_t)(c->code.size / sizeof(struct tg_regex_inst));
}

static bool too_large(struct tg_regex_compiler *c)
{
    return tg_regex_fail(c, TG_ELIMIT, c->at,
                         "the regular expression is too large once {n} is written out");
}

bool tg_regex_emit(struct tg_regex_compiler *c, enum tg_regex_op op, uint32_t value,
                   int16_t to)
{
    struct tg_regex_inst inst = {.op = (uint16_t)op, .to = to, .value = value};
    /* One more is the match at the end. */
    if (c->code.size / sizeof inst >= TG_REGEX_CODE_MAX - 1 && op != TG_REGEX_MATCH) {
        return too_large(c);
    }
    tg_buf_add(&c->code, &inst, sizeof inst);
    return !c->code.failed || tg_regex_fail(c, TG_ENOMEM, c->at, "out of memory");
}

bool tg_regex_insert(struct tg_regex_compiler *c, uint32_t at, enum tg_regex_op op,
                     int16_t to)
{
    uint32_t count = tg_regex_count(c);
    if (!tg_regex_emit(c, op, 0, to)) {
        return false;
    }
    struct tg_regex_inst inst = code(c)[count];
    memmove(code(c) + at + 1, code(c) + at, (count - at) * sizeof inst);
    code(c)[at] = inst;
    return true;
}

/* The `count` instructions from `from` on once more, at the end. */
static bool copy(struct tg_regex_compiler *c, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tg_regex_inst inst = code(c)[from + i];
        if (!tg_regex_emit(c, inst.op, inst.value, inst.to)) {
            return false;
        }
    }
    return true;
}

/* e{0,most}: e? as often as that, each in the one before. */
static bool repeat_optional(struct tg_regex_compiler *c, uint32_t atom, int32_t most)
{
    uint32_t size = tg_regex_count(c) - atom + 1;
    if (most == TG_REGEX_INFINITE) {
        return tg_regex_insert(c, atom, TG_REGEX_SPLIT, (int16_t)(size + 1)) &&
               tg_regex_emit(c, TG_REGEX_JUMP, 0, (int16_t)-size);
    }
    if (!tg_regex_insert(c, atom, TG_REGEX_SPLIT, 0)) {
        return false;
    }
    for (int32_t i = 1; i < most; i++) {
        if (!copy(c, atom, size)) {
            return false;
        }
    }
    uint32_t end = tg_regex_count(c);
    for (uint32_t at = atom; at < end; at += size) {
        code(c)[at].to = (int16_t)(end - at);
    }
    return true;
}

bool tg_regex_repeat(struct tg_regex_compiler *c, uint32_t atom, int32_t least,
                     int32_t most)
{
    uint32_t size = tg_regex_count(c) - atom;
    uint32_t times = (uint32_t)(most == TG_REGEX_INFINITE ? least : most);
    if (most == 0) {
        c->code.size = atom * sizeof(struct tg_regex_inst);
        return true;
    }
    if ((size + 1) * times > TG_REGEX_CODE_MAX) {
        return too_large(c);
    }
    if (least == 0) {
        return repeat_optional(c, atom, most);
    }
    for (int32_t i = 1; i < least; i++) {
        if (!copy(c, atom, size)) {
            return false;
        }
    }
    if (most == TG_REGEX_INFINITE) {
        return tg_regex_emit(c, TG_REGEX_SPLIT, 0, (int16_t) - (int32_t)size);
    }
    uint32_t begin = tg_regex_count(c);
    for (int32_t i = least; i < most; i++) {
        if (!tg_regex_emit(c, TG_REGEX_SPLIT, 0, 0) || !copy(c, atom, size)) {
            return false;
        }
    }
    uint32_t end = tg_regex_count(c);
    for (uint32_t at = begin; at < end; at += size + 1) {
        code(c)[at].to = (int16_t)(end - at);
    }
    return true;
}
