#include "engine/match/residual.h"

#include <assert.h>

#include "engine/base/mem.h"

enum operation {
    OP_ID_IS,      /* id */
    OP_ID_ONE,     /* count, ids */
    OP_NUMBER_IS,  /* number */
    OP_NUMBER_ONE, /* count, numbers */
    OP_RANGE,      /* low, high */
    OP_PREFIX,     /* size, bytes */
    OP_NULL,
    OP_SAID,   /* Here or null. */
    OP_TERM,   /* index of the term in the filter */
    OP_FILTER, /* The whole filter: what is too long for code. */
};

enum { NEGATED = 1 << 5, JUMP_IF_TRUE = 1 << 6, DEPTH_MAX = 72 };

void tg_draft_finish(struct tg_draft *draft)
{
    tg_free(draft->ids);
    tg_free(draft->constants);
    tg_free(draft->odds);
    tg_free(draft->costs);
    tg_free(draft->chosen);
    tg_free(draft->covered);
    tg_free(draft->order);
    tg_free(draft->nodes);
    tg_free(draft->code);
    *draft = (struct tg_draft){0};
}

static bool grow(void *array, uint32_t capacity, size_t size)
{
    void **place = array;
    void *grown = tg_resize(*place, capacity * size);
    if (grown == NULL) {
        return false;
    }
    *place = grown;
    return true;
}

enum tg_err tg_draft_begin(struct tg_draft *draft, const struct tg_filter *filter)
{
    uint32_t count = filter->terms_count;
    if (count > draft->terms_capacity) {
        uint32_t capacity = count < 32 ? 32 : count * 2;
        if (!grow(&draft->constants, capacity, sizeof *draft->constants) ||
            !grow(&draft->odds, capacity, sizeof *draft->odds) ||
            !grow(&draft->costs, capacity, sizeof *draft->costs) ||
            !grow(&draft->chosen, capacity, sizeof *draft->chosen) ||
            !grow(&draft->covered, capacity, sizeof *draft->covered) ||
            !grow(&draft->order, capacity, sizeof *draft->order) ||
            !grow(&draft->nodes, capacity, sizeof *draft->nodes)) {
            return TG_ENOMEM;
        }
        draft->terms_capacity = capacity;
    }
    draft->filter = filter;
    draft->ids_count = 0;
    draft->code_count = 0;
    draft->exotic = false;
    memset(draft->constants, 0, count * sizeof *draft->constants);
    memset(draft->chosen, 0, count);
    memset(draft->covered, 0, count);
    return TG_OK;
}

/* ---- compiling ---- */

static bool is_group(const struct tg_term *term)
{
    return term->kind == TG_TERM_AND || term->kind == TG_TERM_OR;
}

static uint32_t *code_room(struct tg_draft *draft, uint32_t words)
{
    if (draft->code_count + words > draft->code_capacity) {
        uint32_t capacity = (draft->code_count + words) * 2;
        if (!grow(&draft->code, capacity, sizeof *draft->code)) {
            return NULL;
        }
        draft->code_capacity = capacity;
    }
    uint32_t *room = draft->code + draft->code_count;
    draft->code_count += words;
    return room;
}

static uint32_t head_of(enum operation operation, const struct tg_term *term)
{
    return (uint32_t)operation | (term->negated ? (uint32_t)NEGATED : 0) |
           (uint32_t)term->slot << 8;
}

static enum tg_err emit(struct tg_draft *draft, enum operation operation,
                        const struct tg_term *term, const void *bytes, uint32_t size)
{
    uint32_t words = (size + 3) / 4;
    uint32_t *room = code_room(draft, 1 + words);
    if (room == NULL) {
        return TG_ENOMEM;
    }
    room[0] = head_of(operation, term);
    if (words != 0) {
        room[words] = 0;
        memcpy(room + 1, bytes, size);
    }
    return TG_OK;
}

static enum tg_err emit_counted(struct tg_draft *draft, enum operation operation,
                                const struct tg_term *term, uint32_t count,
                                const void *bytes, uint32_t size)
{
    uint32_t words = (size + 3) / 4;
    uint32_t *room = code_room(draft, 2 + words);
    if (room == NULL) {
        return TG_ENOMEM;
    }
    room[0] = head_of(operation, term);
    room[1] = count;
    if (words != 0) {
        room[1 + words] = 0;
        memcpy(room + 2, bytes, size);
    }
    return TG_OK;
}

static enum tg_err emit_literal(struct tg_draft *draft, uint32_t at)
{
    const struct tg_filter *filter = draft->filter;
    const struct tg_term *term = &filter->terms[at];
    struct tg_constants constants = draft->constants[at];
    const uint32_t *ids = constants.count == 0 ? NULL : draft->ids + constants.first;
    switch (term->kind) {
    case TG_TERM_NUMBER_IS:
        return emit(draft, OP_NUMBER_IS, term, &term->low, sizeof term->low);
    case TG_TERM_NUMBER_ONE:
        return emit_counted(draft, OP_NUMBER_ONE, term, term->count,
                            (const uint8_t *)filter + term->at,
                            term->count * (uint32_t)sizeof(int64_t));
    case TG_TERM_NUMBER_RANGE:
        return emit(draft, OP_RANGE, term, &term->low, 2 * sizeof term->low);
    case TG_TERM_TEXT_IS:
        if (constants.count != 0) {
            return emit(draft, OP_ID_IS, term, ids, sizeof *ids);
        }
        break;
    case TG_TERM_TEXT_ONE:
        if (constants.count != 0) {
            return emit_counted(draft, OP_ID_ONE, term, constants.count, ids,
                                constants.count * (uint32_t)sizeof *ids);
        }
        break;
    case TG_TERM_PREFIX:
        return emit_counted(draft, OP_PREFIX, term, term->size,
                            (const uint8_t *)filter + term->at, term->size);
    case TG_TERM_IS_NULL:
        return emit(draft, OP_NULL, term, NULL, 0);
    case TG_TERM_PRESENT:
        return emit(draft, OP_SAID, term, NULL, 0);
    default:
        break;
    }
    draft->exotic = true;
    return emit(draft, OP_TERM, term, &at, sizeof at);
}

/* How much it costs to ask, in arbitrary units. */
static double ask_cost(const struct tg_term *term)
{
    switch (term->kind) {
    case TG_TERM_AND:
    case TG_TERM_OR:
        return 2.0 * term->skip;
    case TG_TERM_PROGRAM:
        return 100;
    case TG_TERM_CONTAINS:
    case TG_TERM_ITEM_NUMBER:
    case TG_TERM_ITEM_TEXT:
        return 10;
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_TEXT_ONE:
        return 2;
    default:
        return 1;
    }
}

/* The sooner, the smaller: in an AND what is likely false comes first, in an OR what is
 * likely true. */
static double rank(const struct tg_draft *draft, uint32_t at, uint8_t group)
{
    double decides = group == TG_TERM_AND ? 1 - draft->odds[at] : draft->odds[at];
    return ask_cost(&draft->filter->terms[at]) / (decides + 0.001);
}

/* The children of the group at `at`, that are not covered, into order[first …]; how many.
 * Equal ranks keep the filter's order. */
static uint32_t order_children(struct tg_draft *draft, uint32_t at, uint32_t first)
{
    const struct tg_term *terms = draft->filter->terms;
    uint32_t count = 0;
    for (uint32_t i = at + 1; i < at + terms[at].skip; i += terms[i].skip) {
        if (draft->covered[i]) {
            continue;
        }
        double key = rank(draft, i, terms[at].kind);
        uint32_t place = count++;
        while (place > 0 &&
               rank(draft, draft->order[first + place - 1], terms[at].kind) > key) {
            draft->order[first + place] = draft->order[first + place - 1];
            place--;
        }
        draft->order[first + place] = i;
    }
    return count;
}

/* Lay the terms that are left out in preorder, each group's children in their order. */
static uint32_t lay_out(struct tg_draft *draft)
{
    struct {
        uint32_t node;
        uint32_t next; /* Children that are still to come: order[next … end). */
        uint32_t end;
    } open[DEPTH_MAX];
    const struct tg_term *terms = draft->filter->terms;
    uint32_t depth = 0;
    uint32_t count = 0;
    uint32_t term = 0;
    for (;;) {
        uint32_t node = count++;
        draft->nodes[node] = (struct tg_draft_node){.term = term};
        if (is_group(&terms[term])) {
            assert(depth < DEPTH_MAX);
            uint32_t first = depth == 0 ? 0 : open[depth - 1].end;
            open[depth].node = node;
            open[depth].next = first;
            open[depth].end = first + order_children(draft, term, first);
            depth++;
        } else {
            draft->nodes[node].end = count;
        }
        while (depth > 0 && open[depth - 1].next == open[depth - 1].end) {
            draft->nodes[open[--depth].node].end = count;
        }
        if (depth == 0) {
            return count;
        }
        term = draft->order[open[depth - 1].next++];
    }
}

/* The groups around a node, from the outermost. */
struct around {
    const struct tg_draft_node *groups[DEPTH_MAX];
    uint32_t depth;
};

/* Where to go on if the literal `node` answers so: a node, `count` (the filter is true),
 * or REJECT. */
static uint32_t answer_leads_to(const struct tg_draft *draft, const struct around *around,
                                const struct tg_draft_node *node, bool answer,
                                uint32_t count)
{
    for (uint32_t level = around->depth; level-- > 0;) {
        const struct tg_draft_node *group = around->groups[level];
        bool goes_on = (draft->filter->terms[group->term].kind == TG_TERM_AND) == answer;
        if (goes_on && node->end < group->end) {
            return node->end;
        }
        node = group;
    }
    return answer ? count : TG_RESIDUAL_REJECT;
}

static enum tg_err write_literals(struct tg_draft *draft, uint32_t count)
{
    struct around around = {.depth = 0};
    for (uint32_t i = 0; i < count; i++) {
        struct tg_draft_node *node = &draft->nodes[i];
        while (around.depth > 0 && around.groups[around.depth - 1]->end == i) {
            around.depth--;
        }
        node->offset = draft->code_count;
        if (is_group(&draft->filter->terms[node->term])) {
            around.groups[around.depth++] = node;
            node->target = UINT32_MAX;
            continue;
        }
        enum tg_err err = emit_literal(draft, node->term);
        if (err != TG_OK) {
            return err;
        }
        uint32_t if_true = answer_leads_to(draft, &around, node, true, count);
        node->jump_if_true = if_true != i + 1;
        node->target = node->jump_if_true
                           ? if_true
                           : answer_leads_to(draft, &around, node, false, count);
    }
    return TG_OK;
}

enum tg_err tg_residual_compile(struct tg_draft *draft)
{
    draft->code_count = 0;
    draft->exotic = false;
    if (draft->covered[0]) {
        return TG_OK;
    }
    const struct tg_term *root = &draft->filter->terms[0];
    if (root->kind == TG_TERM_TRUE || root->kind == TG_TERM_FALSE) {
        return TG_OK;
    }
    uint32_t count = lay_out(draft);
    enum tg_err err = write_literals(draft, count);
    if (err == TG_OK && draft->code_count >= TG_RESIDUAL_REJECT) {
        draft->code_count = 0;
        draft->exotic = true;
        struct tg_term whole = {0};
        uint32_t none = 0;
        err = emit(draft, OP_FILTER, &whole, &none, sizeof none);
        if (err == TG_OK) {
            draft->code[0] |= (uint32_t)TG_RESIDUAL_REJECT << 18;
        }
        return err;
    }
    for (uint32_t i = 0; err == TG_OK && i < count; i++) {
        const struct tg_draft_node *node = &draft->nodes[i];
        if (node->target == UINT32_MAX) {
            continue;
        }
        uint32_t target = node->target == TG_RESIDUAL_REJECT ? TG_RESIDUAL_REJECT
                          : node->target == count            ? draft->code_count
                                                  : draft->nodes[node->target].offset;
        draft->code[node->offset] |= target << 18 |
                                     (node->jump_if_true ? (uint32_t)JUMP_IF_TRUE : 0);
    }
    return err;
}

/* ---- running ---- */

static bool id_among(uint32_t id, const uint32_t *ids, uint32_t count)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        found |= ids[i] == id;
    }
    return found && id != 0;
}

static int64_t number_at(const uint32_t *words)
{
    int64_t number;
    memcpy(&number, words, sizeof number);
    return number;
}

static bool number_among(int64_t number, const uint32_t *words, uint32_t count)
{
    uint32_t low = 0;
    while (count > 1) {
        uint32_t half = count / 2;
        low = number_at(words + 2 * (size_t)(low + half)) <= number ? low + half : low;
        count -= half;
    }
    return number_at(words + 2 * (size_t)low) == number;
}

static bool has_prefix(const struct tg_view *view, uint16_t slot, const void *bytes,
                       uint32_t size)
{
    struct tg_slice text = tg_row_cell(view->row, slot)->text;
    return text.size >= size && memcmp(text.data, bytes, size) == 0;
}

static bool ask_exotic(uint32_t head, uint32_t index, const struct tg_asked *asked,
                       const struct tg_filter *filter)
{
    return (head & 31) == OP_FILTER
               ? tg_filter_is_true(filter, asked->schema, asked->view->row, asked->space)
               : tg_term_is_true(filter, &filter->terms[index], asked->schema,
                                 asked->view->row, asked->space);
}

bool tg_residual_run(const uint32_t *code, uint32_t count, const struct tg_asked *asked,
                     const struct tg_filter *filter)
{
    const struct tg_view *view = asked->view;
    uint32_t at = 0;
    while (at < count) {
        const uint32_t *word = code + at;
        uint32_t head = *word;
        uint16_t slot = head >> 8 & 1023;
        bool negated = (head & NEGATED) != 0;
        uint8_t state = view->state[slot];
        bool here = state == TG_CELL_HERE;
        bool null = state == TG_CELL_NULL && negated;
        bool holds;
        switch (head & 31) {
        case OP_ID_IS:
            holds = here ? (view->id[slot] == word[1]) != negated : null;
            at += 2;
            break;
        case OP_ID_ONE:
            holds = here ? id_among(view->id[slot], word + 2, word[1]) != negated : null;
            at += 2 + word[1];
            break;
        case OP_NUMBER_IS:
            holds = here ? (view->number[slot] == number_at(word + 1)) != negated : null;
            at += 3;
            break;
        case OP_NUMBER_ONE:
            holds = here ? number_among(view->number[slot], word + 2, word[1]) != negated
                         : null;
            at += 2 + 2 * word[1];
            break;
        case OP_RANGE:
            holds = here && view->number[slot] >= number_at(word + 1) &&
                    view->number[slot] <= number_at(word + 3);
            at += 5;
            break;
        case OP_PREFIX:
            holds = here && has_prefix(view, slot, word + 2, word[1]) != negated;
            at += 2 + (word[1] + 3) / 4;
            break;
        case OP_NULL:
            holds = negated ? here : state == TG_CELL_NULL;
            at += 1;
            break;
        case OP_SAID:
            holds = (state != TG_CELL_ABSENT) != negated;
            at += 1;
            break;
        default:
            holds = ask_exotic(head, word[1], asked, filter);
            at += 2;
            break;
        }
        if (holds == ((head & JUMP_IF_TRUE) != 0)) {
            at = head >> 18;
            if (at == TG_RESIDUAL_REJECT) {
                return false;
            }
        }
    }
    return true;
}
