/* `status in ["new", "paid"]`, `"gift" in tags`. */
#include "engine/query/normal.h"

/* What a list of constants is, on one slot's line. */
struct items {
    bool has_error;
    bool has_null;
    bool is_unplaced;
};

static void take_item(struct tg_normal *n, enum tg_field_kind kind, struct tg_value value,
                      struct items *items)
{
    struct tg_place place;
    if (value.kind == TG_VALUE_ERROR) {
        items->has_error = true;
        return;
    }
    if (value.kind == TG_VALUE_NULL) {
        items->has_null = true;
        return;
    }
    if (kind == TG_FIELD_STRING || kind == TG_FIELD_UUID) {
        if (value.kind == TG_VALUE_STRING) {
            tg_buf_add(&n->texts, &value.text, sizeof value.text);
        }
        return;
    }
    switch (tg_place(kind, value, &place)) {
    case TG_PLACED:
        if (place.is_there) {
            tg_buf_add(&n->numbers, &place.below, sizeof place.below);
        }
        break;
    case TG_FOREIGN:
        break;
    case TG_UNPLACED:
        items->is_unplaced = true;
        break;
    }
}

/* Is it equal to one of the placed ones? */
static void tell_set(struct tg_normal *n, uint16_t slot, bool negated)
{
    if (n->texts.size != 0) {
        const struct tg_slice *texts = (const struct tg_slice *)(void *)n->texts.data;
        tg_build_texts(n->builder, slot, texts, (uint32_t)(n->texts.size / sizeof *texts),
                       negated);
    } else if (n->numbers.size != 0) {
        const int64_t *numbers = (const int64_t *)(void *)n->numbers.data;
        tg_build_numbers(n->builder, slot, numbers,
                         (uint32_t)(n->numbers.size / sizeof *numbers), negated);
    } else if (negated) {
        tg_build_state(n->builder, TG_TERM_PRESENT, slot, false);
    } else {
        tg_build_constant(n->builder, false);
    }
}

static bool tell_slot_in(struct tg_normal *n, uint16_t slot, uint32_t list, bool negated)
{
    const struct tg_ast_node *node = tg_normal_node(n, list);
    enum tg_field_kind kind = tg_slot_kind(n->schema, slot, NULL);
    struct items items = {false, false, false};
    if (node->kind != TG_AST_LIST || kind == TG_FIELD_JSON || kind == TG_FIELD_LIST) {
        return false;
    }
    tg_buf_clear(&n->numbers);
    tg_buf_clear(&n->texts);
    for (uint32_t i = 0; i < node->count && n->err == TG_OK; i++) {
        struct tg_value value = tg_normal_constant(n, tg_normal_child(n, list, i));
        take_item(n, kind, value, &items);
    }
    if (n->numbers.failed || n->texts.failed) {
        n->err = TG_ENOMEM;
        return true;
    }
    if (items.is_unplaced) {
        return false;
    }
    if (items.has_error) {
        tg_build_constant(n->builder, false);
        return true;
    }
    if (items.has_null) {
        tg_build_open(n->builder, negated ? TG_TERM_AND : TG_TERM_OR);
        tg_build_state(n->builder, TG_TERM_IS_NULL, slot, negated);
    }
    tell_set(n, slot, negated);
    if (items.has_null) {
        tg_build_close(n->builder);
    }
    return true;
}

/* No item is ever null: so it is of what is there, if of anything. */
static void tell_no_item(struct tg_normal *n, uint16_t slot, bool negated)
{
    if (negated) {
        tg_build_state(n->builder, TG_TERM_IS_NULL, slot, true);
    } else {
        tg_build_constant(n->builder, false);
    }
}

bool tg_normal_item(struct tg_normal *n, struct tg_value value, uint16_t slot,
                    bool negated)
{
    enum tg_field_kind kind = TG_FIELD_JSON;
    struct tg_place place;
    if (tg_slot_kind(n->schema, slot, &kind) != TG_FIELD_LIST || kind == TG_FIELD_JSON) {
        return false;
    }
    if (value.kind == TG_VALUE_ERROR) {
        tg_build_constant(n->builder, false);
        return true;
    }
    if (kind == TG_FIELD_STRING || kind == TG_FIELD_UUID) {
        if (value.kind == TG_VALUE_STRING) {
            tg_build_part(n->builder, TG_TERM_ITEM_TEXT, slot, value.text, negated);
        } else {
            tell_no_item(n, slot, negated);
        }
        return true;
    }
    enum tg_placed placed = value.kind == TG_VALUE_NULL ? TG_FOREIGN
                                                        : tg_place(kind, value, &place);
    if (placed == TG_UNPLACED) {
        return false;
    }
    if (placed == TG_PLACED && place.is_there) {
        tg_build_item(n->builder, slot, place.below, negated);
    } else {
        tell_no_item(n, slot, negated);
    }
    return true;
}

bool tg_normal_in(struct tg_normal *normal, uint32_t node, bool negated)
{
    uint32_t item = tg_normal_child(normal, node, 0);
    uint32_t list = tg_normal_child(normal, node, 1);
    int32_t item_slot = tg_normal_slot(normal, item);
    int32_t list_slot = tg_normal_slot(normal, list);
    if (item_slot >= 0 && normal->bound->nodes[list].is_constant) {
        return tell_slot_in(normal, (uint16_t)item_slot, list, negated);
    }
    if (list_slot >= 0 && normal->bound->nodes[item].is_constant) {
        return tg_normal_item(normal, tg_normal_constant(normal, item),
                              (uint16_t)list_slot, negated);
    }
    return false;
}
