#include "engine/cel/program.h"

#include "engine/cel/code.h"
#include "engine/cel/regex.h"
#include "engine/cel/values.h"

/* A macro that is running. */
struct loop {
    struct tg_iter iter;
    struct tg_value item;
    struct tg_value result;     /* Of all, exists: so far. */
    struct tg_value_list *list; /* Of filter, map: as long as the range may ask for. */
    uint32_t count;             /* Of its items; of exists_one: that were true. */
    uint32_t capacity;
    uint32_t next; /* Where the next item is taken. */
    uint32_t end;
    uint8_t kind;   /* enum tg_ast_kind */
    uint8_t *block; /* What was taken in the space when it began. */
    size_t used;
};

struct machine {
    const struct tg_program *program;
    const struct tg_variables *variables;
    struct tg_work work;
    struct tg_value *stack;
    uint32_t depth;
    struct loop *loops;
    uint32_t loops_depth;
    uint32_t at; /* The next instruction. */
};

static void push(struct machine *m, struct tg_value value)
{
    m->stack[m->depth++] = value;
}

static struct tg_value pop(struct machine *m)
{
    return m->stack[--m->depth];
}

static struct tg_value *top(struct machine *m)
{
    return &m->stack[m->depth - 1];
}

static struct tg_value constant_at(const struct machine *m, uint32_t index)
{
    const uint8_t *bytes = (const uint8_t *)m->program;
    const struct tg_constant *constants =
        (const struct tg_constant *)(const void *)(bytes + m->program->constants_at);
    return tg_constant_value(&constants[index], bytes);
}

static struct tg_value load(struct machine *m, uint32_t variable)
{
    return m->variables->load(m->variables->context, (int32_t)variable, m->work.space);
}

/* Want of memory says nothing of what is there. */
static struct tg_value is_there(struct tg_value variable)
{
    if (variable.kind == TG_VALUE_ERROR && variable.error == tg_no_memory) {
        return variable;
    }
    return tg_value_bool(variable.kind != TG_VALUE_ERROR);
}

static struct tg_value fault(uint8_t detail)
{
    switch ((enum tg_fault)detail) {
    case TG_FAULT_NAME:
        return tg_value_error("undeclared reference");
    case TG_FAULT_FUNCTION:
        return tg_value_error("unknown function");
    case TG_FAULT_MESSAGE:
        return tg_value_error("there are no messages");
    case TG_FAULT_VALUE:
        break;
    }
    return tg_value_error("no such attribute");
}

/* What an operand of && or || counts as. */
static struct tg_value truth(struct tg_value value)
{
    return value.kind == TG_VALUE_BOOL || value.kind == TG_VALUE_ERROR
               ? value
               : tg_value_error(tg_no_overload);
}

static bool is_bool(struct tg_value value, bool boolean)
{
    return value.kind == TG_VALUE_BOOL && value.boolean == boolean;
}

/* langdef.md, "Logical Operators": `decisive` (false of &&, true of ||) absorbs whatever
 * the other operands are, errors among them. */
static void combine(struct machine *m, struct tg_instruction i, bool decisive)
{
    struct tg_value operand = truth(pop(m));
    if (i.detail == 1) {
        push(m, operand);
    } else if (is_bool(operand, decisive) || top(m)->kind != TG_VALUE_ERROR) {
        *top(m) = operand;
    }
    if (is_bool(*top(m), decisive)) {
        m->at = i.target;
    }
}

static void choose(struct machine *m, struct tg_instruction i)
{
    struct tg_value condition = truth(pop(m));
    if (condition.kind == TG_VALUE_ERROR) {
        push(m, condition);
        m->at = i.target - 1;
    } else if (!condition.boolean) {
        m->at = i.target;
    }
}

static void binary(struct machine *m, struct tg_instruction i)
{
    struct tg_value b = pop(m);
    struct tg_value a = pop(m);
    push(m, tg_op_binary(&m->work, i.detail, a, b));
}

static void call(struct machine *m, struct tg_instruction i)
{
    m->depth -= i.count;
    const struct tg_value *arguments = &m->stack[m->depth];
    for (uint32_t n = 0; n < i.count; n++) {
        if (arguments[n].kind == TG_VALUE_ERROR) {
            push(m, arguments[n]);
            return;
        }
    }
    push(m, tg_functions[i.detail].call(&m->work, arguments, i.count));
}

/* Steps of an automaton are small. What it takes of the space is given back. */
static struct tg_value match(struct machine *m, struct tg_slice text,
                             const struct tg_regex *regex)
{
    enum { PER_STEP = 16 };
    struct tg_space *space = m->work.space;
    void *memory = tg_space_take(space, tg_regex_memory(regex));
    if (memory == NULL) {
        return tg_value_error(tg_no_memory);
    }
    uint64_t most = (uint64_t)m->work.steps * PER_STEP;
    uint64_t left = most;
    int found = tg_regex_run(regex, text, memory, &left);
    space->used = (size_t)((uint8_t *)memory - space->memory);
    if (found < 0 || !tg_spend(&m->work, (most - left) / PER_STEP)) {
        m->work.steps = 0;
        return tg_value_error(tg_no_steps);
    }
    return tg_value_bool(found == 1);
}

static void match_constant(struct machine *m, struct tg_instruction i)
{
    struct tg_value *text = top(m);
    if (text->kind != TG_VALUE_STRING) {
        *text = text->kind == TG_VALUE_ERROR ? *text : tg_value_error(tg_no_overload);
    } else if (i.target == TG_NO_PATTERN) {
        *text = tg_value_error("the pattern is no regular expression");
    } else {
        struct tg_slice bytes = constant_at(m, i.target).text;
        *text = match(m, text->text, (const struct tg_regex *)(const void *)bytes.data);
    }
}

/* --- aggregates ------------------------------------------------------------------ */

/* The first ERROR among the last `count` values, or NULL. */
static const struct tg_value *error_among(const struct tg_value *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].kind == TG_VALUE_ERROR) {
            return &values[i];
        }
    }
    return NULL;
}

static struct tg_value make_list(struct machine *m, const struct tg_value *items,
                                 uint32_t count)
{
    struct tg_value_list *list = tg_list_take(m->work.space, count);
    if (list == NULL) {
        return tg_value_error(tg_no_memory);
    }
    if (count > 0) {
        memcpy(list->items, items, count * sizeof *items);
    }
    return (struct tg_value){.kind = TG_VALUE_LIST, .list = list};
}

static struct tg_value make_map(struct machine *m, const struct tg_value *entries,
                                uint32_t count)
{
    struct tg_value_map *map = tg_map_take(m->work.space, count / 2);
    if (map == NULL) {
        return tg_value_error(tg_no_memory);
    }
    struct tg_value value = {.kind = TG_VALUE_MAP, .map = map};
    map->count = 0;
    for (uint32_t i = 0; i < count; i += 2) {
        if (!tg_value_is_key(entries[i])) {
            return tg_value_error("unsupported key type");
        }
        struct tg_value found = tg_map_find(&m->work, value, entries[i]);
        if (found.kind != TG_VALUE_ERROR || found.error != tg_no_key) {
            return tg_value_error("a key appears twice");
        }
        map->entries[i] = entries[i];
        map->entries[i + 1] = entries[i + 1];
        map->count++;
    }
    return value;
}

static void aggregate(struct machine *m, struct tg_instruction i)
{
    m->depth -= i.target;
    const struct tg_value *values = m->stack == NULL ? NULL : &m->stack[m->depth];
    const struct tg_value *error = error_among(values, i.target);
    struct tg_value made;
    if (error != NULL) {
        made = *error;
    } else if (!tg_spend(&m->work, i.target / 4)) {
        made = tg_value_error(tg_no_steps);
    } else {
        made = i.does == TG_DO_LIST ? make_list(m, values, i.target)
                                    : make_map(m, values, i.target);
    }
    push(m, made);
}

/* --- loops ----------------------------------------------------------------------- */

static bool makes_list(uint8_t kind)
{
    return kind == TG_AST_FILTER || kind == TG_AST_MAP_EACH;
}

static void loop_begin(struct machine *m, struct tg_instruction i)
{
    struct tg_value range = *top(m);
    if (range.kind != TG_VALUE_LIST && range.kind != TG_VALUE_MAP) {
        *top(m) = range.kind == TG_VALUE_ERROR ? range : tg_value_error(tg_no_overload);
        m->at = i.target;
        return;
    }
    struct loop loop = {
        .iter = tg_iter_on(range),
        .result = tg_value_bool(i.detail == TG_AST_ALL),
        .capacity = makes_list(i.detail) ? tg_value_count(range) : 0,
        .next = m->at,
        .end = i.target,
        .kind = i.detail,
    };
    if (makes_list(i.detail)) {
        loop.list = tg_list_take(m->work.space, loop.capacity);
        if (loop.list == NULL) {
            *top(m) = tg_value_error(tg_no_memory);
            m->at = i.target;
            return;
        }
    }
    loop.block = m->work.space->memory;
    loop.used = m->work.space->used;
    m->depth--;
    m->loops[m->loops_depth++] = loop;
}

static void loop_leave(struct machine *m, struct tg_value result)
{
    m->at = m->loops[--m->loops_depth].end;
    push(m, result);
}

/* Give back what the list did not need, if nothing was taken after it. */
static void shrink(struct tg_space *space, const struct loop *loop)
{
    const uint8_t *end = (const uint8_t *)&loop->list->items[loop->capacity];
    loop->list->count = loop->count;
    if (end == space->memory + space->used) {
        space->used -= (loop->capacity - loop->count) * sizeof loop->list->items[0];
    }
}

static void loop_end(struct machine *m)
{
    struct loop *loop = &m->loops[m->loops_depth - 1];
    struct tg_value result = loop->result;
    if (loop->kind == TG_AST_EXISTS_ONE) {
        result = tg_value_bool(loop->count == 1);
    } else if (makes_list(loop->kind)) {
        shrink(m->work.space, loop);
        result = (struct tg_value){.kind = TG_VALUE_LIST, .list = loop->list};
    }
    loop_leave(m, result);
}

static void loop_next(struct machine *m)
{
    struct loop *loop = &m->loops[m->loops_depth - 1];
    struct tg_space *space = m->work.space;
    struct tg_value unused;
    if (!makes_list(loop->kind) && space->memory == loop->block) {
        space->used = loop->used; /* Nothing of an item lasts but true and false. */
    }
    if (!tg_iter_next(&loop->iter, space, &loop->item, &unused)) {
        loop_end(m);
    }
}

static void loop_add(struct loop *loop, struct tg_value item)
{
    if (loop->count < loop->capacity) {
        loop->list->items[loop->count++] = item;
    }
}

/* all, exists: as && and || of the conditions. The others have no use for an error. */
static void loop_test(struct machine *m)
{
    struct loop *loop = &m->loops[m->loops_depth - 1];
    struct tg_value condition = truth(pop(m));
    bool decisive = loop->kind == TG_AST_EXISTS;
    m->at = loop->next;
    if (loop->kind == TG_AST_ALL || loop->kind == TG_AST_EXISTS) {
        if (is_bool(condition, decisive)) {
            loop_leave(m, condition);
        } else if (loop->result.kind != TG_VALUE_ERROR) {
            loop->result = condition;
        }
        return;
    }
    if (condition.kind == TG_VALUE_ERROR) {
        loop_leave(m, condition);
    } else if (condition.boolean && loop->kind == TG_AST_EXISTS_ONE) {
        loop->count++;
    } else if (condition.boolean) {
        loop_add(loop, loop->item);
    }
}

/* The condition of map(x, condition, value): false goes on with the next item. */
static void loop_select(struct machine *m)
{
    struct tg_value condition = truth(pop(m));
    if (condition.kind == TG_VALUE_ERROR) {
        loop_leave(m, condition);
    } else if (!condition.boolean) {
        m->at = m->loops[m->loops_depth - 1].next;
    }
}

static void loop_yield(struct machine *m)
{
    struct loop *loop = &m->loops[m->loops_depth - 1];
    struct tg_value value = pop(m);
    m->at = loop->next;
    if (value.kind == TG_VALUE_ERROR) {
        loop_leave(m, value);
    } else {
        loop_add(loop, value);
    }
}

/* --- the machine ----------------------------------------------------------------- */

static void step_loop(struct machine *m, struct tg_instruction i)
{
    switch ((enum tg_do)i.does) {
    case TG_DO_LOOP:
        loop_begin(m, i);
        break;
    case TG_DO_NEXT:
        loop_next(m);
        break;
    case TG_DO_TEST:
        if (i.detail == TG_AST_MAP_EACH) {
            loop_select(m);
        } else {
            loop_test(m);
        }
        break;
    default:
        loop_yield(m);
    }
}

static void step(struct machine *m, struct tg_instruction i)
{
    struct tg_value value;
    switch ((enum tg_do)i.does) {
    case TG_DO_CONSTANT:
        push(m, constant_at(m, i.target));
        break;
    case TG_DO_VARIABLE:
        push(m, load(m, i.target));
        break;
    case TG_DO_HAS_VARIABLE:
        push(m, is_there(load(m, i.target)));
        break;
    case TG_DO_LOCAL:
        push(m, m->loops[i.target].item);
        break;
    case TG_DO_FAULT:
        push(m, fault(i.detail));
        break;
    case TG_DO_SELECT:
        *top(m) = tg_op_select(&m->work, *top(m), constant_at(m, i.target).text);
        break;
    case TG_DO_HAS:
        *top(m) = tg_op_has(&m->work, *top(m), constant_at(m, i.target).text);
        break;
    case TG_DO_INDEX:
        value = pop(m);
        *top(m) = tg_op_index(&m->work, *top(m), value);
        break;
    case TG_DO_NOT:
        *top(m) = tg_op_not(*top(m));
        break;
    case TG_DO_NEGATE:
        *top(m) = tg_op_negate(&m->work, *top(m));
        break;
    case TG_DO_BINARY:
        binary(m, i);
        break;
    case TG_DO_CALL:
        call(m, i);
        break;
    case TG_DO_MATCH:
        match_constant(m, i);
        break;
    case TG_DO_LIST:
    case TG_DO_MAP:
        aggregate(m, i);
        break;
    case TG_DO_JUMP:
        m->at = i.target;
        break;
    case TG_DO_AND:
        combine(m, i, false);
        break;
    case TG_DO_OR:
        combine(m, i, true);
        break;
    case TG_DO_CHOOSE:
        choose(m, i);
        break;
    default:
        step_loop(m, i);
    }
}

static struct tg_value load_nothing(void *context, int32_t variable,
                                    struct tg_space *space)
{
    (void)context;
    (void)variable;
    (void)space;
    return tg_value_error("no such attribute");
}

const struct tg_variables tg_variables_none = {.load = load_nothing};

struct tg_value tg_program_run(const struct tg_program *program,
                               const struct tg_variables *variables,
                               struct tg_space *space, uint32_t steps_max)
{
    tg_space_reset(space);
    /* What is left after the last step may not be 0. */
    uint32_t steps = steps_max == UINT32_MAX ? steps_max : steps_max + 1;
    struct machine m = {
        .program = program,
        .variables = variables,
        .work = {space, steps},
        .stack = tg_space_take(space, program->stack_max * sizeof *m.stack),
        .loops = tg_space_take(space, program->loops_max * sizeof *m.loops),
    };
    if (m.stack == NULL || m.loops == NULL) {
        return tg_value_error(tg_no_memory);
    }
    while (m.at < program->code_count) {
        if (!tg_spend(&m.work, 1)) {
            return tg_value_error(tg_no_steps);
        }
        struct tg_instruction next = program->code[m.at++];
        step(&m, next);
    }
    return m.work.steps == 0 ? tg_value_error(tg_no_steps) : m.stack[0];
}
