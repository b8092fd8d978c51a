#include "engine/query/normal.h"

#include "engine/base/mem.h"

enum {
    OPEN_MAX = 56,      /* Of the builder's 64 groups. */
    STEPS_MAX = 100000, /* A condition is told twice: nested ones, more often. */
    TWICE_MAX = 16,     /* Nodes of a condition that is. */
};

enum step_kind { TELL, OPEN_AND, OPEN_OR, CLOSE };

struct tg_normal_step {
    uint8_t kind;
    bool negated;
    uint32_t node;
};

/* The groups that are open now. */
struct groups {
    uint8_t kinds[OPEN_MAX + 1];
    uint32_t count;
    uint32_t max;
};

enum tg_field_kind tg_slot_kind(const struct tg_schema *schema, uint16_t slot,
                                enum tg_field_kind *items)
{
    if (slot == TG_SLOT_OP || slot == TG_SLOT_TIME) {
        return slot == TG_SLOT_OP ? TG_FIELD_STRING : TG_FIELD_TIMESTAMP;
    }
    bool is_changed = slot == TG_SLOT_CHANGED;
    const struct tg_field *field = is_changed ? NULL
                                              : &schema->fields[slot % TG_SLOT_OLD];
    if (items != NULL) {
        *items = is_changed ? TG_FIELD_STRING : field->items;
    }
    return is_changed ? TG_FIELD_LIST : field->kind;
}

static void push(struct tg_normal *n, enum step_kind kind, uint32_t node, bool negated)
{
    if (n->steps_count == n->steps_capacity) {
        uint32_t capacity = n->steps_capacity == 0 ? 64 : n->steps_capacity * 2;
        struct tg_normal_step *more = tg_resize(n->steps, capacity * sizeof *more);
        if (more == NULL) {
            n->err = TG_ENOMEM;
            return;
        }
        n->steps = more;
        n->steps_capacity = capacity;
    }
    n->steps[n->steps_count++] = (struct tg_normal_step){(uint8_t)kind, negated, node};
}

/* && and || are commutative: their order is the builder's. By De Morgan, !(a && b) is
 * !a || !b; an error is false in both. */
static void tell_group(struct tg_normal *n, struct groups *groups, uint32_t at,
                       bool negated)
{
    const struct tg_ast_node *node = tg_normal_node(n, at);
    bool is_and = (node->kind == TG_AST_AND) != negated;
    uint8_t kind = is_and ? TG_TERM_AND : TG_TERM_OR;
    bool is_open = groups->count > 0 && groups->kinds[groups->count - 1] == kind;
    if (!is_open && groups->count >= groups->max) {
        tg_normal_literal(n, at, negated);
        return;
    }
    if (!is_open) {
        push(n, CLOSE, 0, false);
    }
    for (uint32_t i = node->count; i-- > 0;) {
        push(n, TELL, tg_normal_child(n, at, i), negated);
    }
    if (!is_open) {
        push(n, is_and ? OPEN_AND : OPEN_OR, 0, false);
    }
}

/* c ? a : b is (c && a) || (!c && b): where c is an error neither is true. */
static void tell_condition(struct tg_normal *n, struct groups *groups, uint32_t at,
                           bool negated)
{
    uint32_t condition = tg_normal_child(n, at, 0);
    uint32_t yes = tg_normal_child(n, at, 1);
    uint32_t no = tg_normal_child(n, at, 2);
    const struct tg_bound_node *info = &n->bound->nodes[condition];
    if (info->is_constant) {
        struct tg_value value = tg_normal_constant(n, condition);
        if (value.kind == TG_VALUE_BOOL) {
            push(n, TELL, value.boolean ? yes : no, negated);
        } else {
            tg_build_constant(n->builder, false);
        }
        return;
    }
    if (info->size > TWICE_MAX || groups->count + 2 > groups->max) {
        tg_normal_literal(n, at, negated);
        return;
    }
    push(n, CLOSE, 0, false);
    push(n, CLOSE, 0, false);
    push(n, TELL, no, negated);
    push(n, TELL, condition, true);
    push(n, OPEN_AND, 0, false);
    push(n, CLOSE, 0, false);
    push(n, TELL, yes, negated);
    push(n, TELL, condition, false);
    push(n, OPEN_AND, 0, false);
    push(n, OPEN_OR, 0, false);
}

static void tell(struct tg_normal *n, struct groups *groups, uint32_t at, bool negated)
{
    switch (tg_normal_node(n, at)->kind) {
    case TG_AST_NOT:
        push(n, TELL, tg_normal_child(n, at, 0), !negated);
        break;
    case TG_AST_AND:
    case TG_AST_OR:
        tell_group(n, groups, at, negated);
        break;
    case TG_AST_CONDITION:
        tell_condition(n, groups, at, negated);
        break;
    default:
        tg_normal_literal(n, at, negated);
        break;
    }
}

static void take_step(struct tg_normal *n, struct groups *groups)
{
    struct tg_normal_step step = n->steps[--n->steps_count];
    switch ((enum step_kind)step.kind) {
    case TELL:
        tell(n, groups, step.node, step.negated);
        break;
    case OPEN_AND:
    case OPEN_OR: {
        enum tg_term_kind kind = step.kind == OPEN_AND ? TG_TERM_AND : TG_TERM_OR;
        tg_build_open(n->builder, kind);
        groups->kinds[groups->count++] = (uint8_t)kind;
        break;
    }
    case CLOSE:
        tg_build_close(n->builder);
        groups->count--;
        break;
    }
}

enum tg_err tg_normal_tell(struct tg_normal *normal, uint32_t open)
{
    struct groups groups = {.max = OPEN_MAX - open};
    normal->err = TG_OK;
    normal->steps_count = 0;
    push(normal, TELL, normal->bound->tree.count - 1, false);
    for (uint32_t steps = 0; normal->err == TG_OK && normal->steps_count > 0; steps++) {
        if (steps == STEPS_MAX) {
            tg_query_refuse(normal->refusal, TG_CODE_QUERY_LIMIT,
                            normal->bound->tree.source, 0, "too many ?: in one another");
            normal->err = TG_ELIMIT;
            break;
        }
        take_step(normal, &groups);
    }
    for (; groups.count > 0; groups.count--) {
        tg_build_close(normal->builder);
    }
    return normal->err;
}

void tg_normal_finish(struct tg_normal *normal)
{
    tg_space_finish(&normal->space);
    tg_free(normal->steps);
    tg_buf_finish(&normal->numbers);
    tg_buf_finish(&normal->texts);
}
