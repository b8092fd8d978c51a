/* The search: all threads of Thompson's automaton at once, one character at a time. */
#include "engine/cel/regex.h"

#include "engine/cel/regex_code.h"

#define NOTHING UINT32_MAX /* Before the text and after it. */

/* The states of one moment: a set that is emptied at no cost. */
struct states {
    uint16_t *dense;
    uint16_t *sparse;
    uint32_t count;
};

struct search {
    const struct tg_regex *regex;
    const struct tg_regex_range *ranges;
    struct states now;
    struct states then;
    uint16_t *stack;
    uint32_t before; /* The characters around this moment. */
    uint32_t after;
    uint64_t steps;
    uint64_t steps_max;
};

uint32_t tg_regex_size(const struct tg_regex *regex)
{
    return (uint32_t)(sizeof *regex + regex->count * sizeof(struct tg_regex_inst) +
                      regex->ranges_count * sizeof(struct tg_regex_range));
}

uint32_t tg_regex_cost(const struct tg_regex *regex)
{
    return regex->count;
}

size_t tg_regex_memory(const struct tg_regex *regex)
{
    return (size_t)regex->count * 5 * sizeof(uint16_t);
}

uint32_t tg_regex_decode(const uint8_t *text, const uint8_t *end, uint32_t *size)
{
    size_t left = (size_t)(end - text);
    uint32_t lead = text[0];
    *size = 1;
    if (lead < 0x80) {
        return lead;
    }
    uint32_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || left <= more) {
        return 0xfffd;
    }
    uint32_t point = lead & (0x3fu >> more);
    for (uint32_t i = 1; i <= more; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0xfffd;
        }
        point = point << 6 | (text[i] & 0x3fu);
    }
    *size = more + 1;
    return point;
}

/* --- states ---------------------------------------------------------------------- */

static bool add_state(struct states *states, uint32_t state)
{
    uint32_t at = states->sparse[state];
    if (at < states->count && states->dense[at] == state) {
        return false;
    }
    states->sparse[state] = (uint16_t)states->count;
    states->dense[states->count++] = (uint16_t)state;
    return true;
}

static bool is_word(uint32_t point)
{
    return (point >= '0' && point <= '9') || point == '_' ||
           ((point | 0x20) >= 'a' && (point | 0x20) <= 'z' && point < 0x80);
}

static bool holds(const struct search *s, enum tg_regex_op op)
{
    switch (op) {
    case TG_REGEX_TEXT_BEGIN:
        return s->before == NOTHING;
    case TG_REGEX_TEXT_END:
        return s->after == NOTHING;
    case TG_REGEX_LINE_BEGIN:
        return s->before == NOTHING || s->before == '\n';
    case TG_REGEX_LINE_END:
        return s->after == NOTHING || s->after == '\n';
    case TG_REGEX_WORD_EDGE:
        return is_word(s->before) != is_word(s->after);
    default:
        return is_word(s->before) == is_word(s->after);
    }
}

/* Add `state` and all that is reached from it without reading; true if a match is. */
static bool reach(struct search *s, struct states *states, uint32_t state)
{
    uint32_t waiting = 0;
    if (add_state(states, state)) {
        s->stack[waiting++] = (uint16_t)state;
    }
    while (waiting != 0) {
        uint32_t at = s->stack[--waiting];
        const struct tg_regex_inst *inst = &s->regex->code[at];
        s->steps++;
        if (inst->op == TG_REGEX_MATCH) {
            return true;
        }
        if (inst->op >= TG_REGEX_CHARACTER ||
            (inst->op >= TG_REGEX_TEXT_BEGIN && !holds(s, inst->op))) {
            continue;
        }
        uint32_t far = (uint32_t)((int32_t)at + inst->to);
        if (inst->op <= TG_REGEX_SPLIT && add_state(states, far)) {
            s->stack[waiting++] = (uint16_t)far;
        }
        if (inst->op != TG_REGEX_JUMP && add_state(states, at + 1)) {
            s->stack[waiting++] = (uint16_t)(at + 1);
        }
    }
    return false;
}

static bool is_in_class(const struct search *s, const struct tg_regex_inst *inst,
                        uint32_t point)
{
    const struct tg_regex_range *ranges = s->ranges + inst->value;
    uint32_t low = 0;
    uint32_t high = (uint32_t)inst->to;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (point > ranges[middle].high) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < (uint32_t)inst->to && point >= ranges[low].low;
}

static bool reads(const struct search *s, const struct tg_regex_inst *inst,
                  uint32_t point)
{
    switch (inst->op) {
    case TG_REGEX_CHARACTER:
        return inst->value == point;
    case TG_REGEX_CLASS:
        return is_in_class(s, inst, point);
    case TG_REGEX_ANY:
        return true;
    case TG_REGEX_ANY_OF_LINE:
        return point != '\n';
    default:
        return false;
    }
}

/* All states read `point`; true if a match is reached. */
static bool step(struct search *s, uint32_t point)
{
    s->then.count = 0;
    s->steps += s->now.count;
    for (uint32_t i = 0; i < s->now.count; i++) {
        uint32_t state = s->now.dense[i];
        if (reads(s, &s->regex->code[state], point) && reach(s, &s->then, state + 1)) {
            return true;
        }
    }
    struct states states = s->now;
    s->now = s->then;
    s->then = states;
    return false;
}

static void init(struct search *s, const struct tg_regex *regex, void *memory)
{
    uint16_t *numbers = memory;
    uint32_t count = regex->count;
    memset(memory, 0, tg_regex_memory(regex));
    *s = (struct search){
        .regex = regex,
        .ranges = (const struct tg_regex_range *)(const void *)(regex->code + count),
        .now = {numbers, numbers + count, 0},
        .then = {numbers + (size_t)2 * count, numbers + (size_t)3 * count, 0},
        .stack = numbers + (size_t)4 * count,
        .before = NOTHING,
    };
}

static int run(struct search *s, struct tg_slice text)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.size == 0 ? at : at + text.size;
    uint32_t size = 0;
    s->after = at == end ? NOTHING : tg_regex_decode(at, end, &size);
    for (;;) {
        /* A match may begin anywhere. */
        if (reach(s, &s->now, 0)) {
            return 1;
        }
        if (at == end) {
            return 0;
        }
        if (s->steps > s->steps_max) {
            return -1;
        }
        uint32_t point = s->after;
        at += size;
        s->before = point;
        s->after = at == end ? NOTHING : tg_regex_decode(at, end, &size);
        if (step(s, point)) {
            return 1;
        }
    }
}

int tg_regex_run(const struct tg_regex *regex, struct tg_slice text, void *memory,
                 uint64_t *steps)
{
    struct search s;
    init(&s, regex, memory);
    s.steps_max = *steps;
    int found = run(&s, text);
    *steps -= s.steps < *steps ? s.steps : *steps;
    return found;
}
