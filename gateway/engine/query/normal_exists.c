/* Two lists that have something in common, one of them constants:
 * `auth.scopes.exists(s, s in audience)` is "a" in audience || "b" in audience, and
 * `audience.exists(a, a in auth.scopes)` is the same. */
#include "engine/query/normal.h"

/* Is it the list of the macro's `x in list`, or -1? */
static int64_t list_of_body(struct tg_normal *n, uint32_t at)
{
    const struct tg_ast_node *macro = tg_normal_node(n, at);
    uint32_t body = tg_normal_child(n, at, 1);
    if (tg_normal_node(n, body)->kind != TG_AST_IN) {
        return -1;
    }
    uint32_t item = tg_normal_child(n, body, 0);
    const struct tg_ast_node *name = tg_normal_node(n, item);
    bool is_local = name->kind == TG_AST_NAME && !name->absolute &&
                    n->bound->nodes[item].variable < 0 &&
                    tg_slice_equal(name->text, macro->text);
    return is_local ? (int64_t)tg_normal_child(n, body, 1) : -1;
}

static bool is_texts(struct tg_normal *n, int32_t slot)
{
    enum tg_field_kind items = TG_FIELD_JSON;
    return slot >= 0 &&
           tg_slot_kind(n->schema, (uint16_t)slot, &items) == TG_FIELD_LIST &&
           items == TG_FIELD_STRING;
}

static bool is_constants(struct tg_normal *n, uint32_t at)
{
    return tg_normal_node(n, at)->kind == TG_AST_LIST && n->bound->nodes[at].is_constant;
}

/* Is any of the constants (`all`: each of them) an item of the slot? */
static void tell_constants(struct tg_normal *n, uint32_t list, uint16_t slot, bool all,
                           bool negated)
{
    const struct tg_ast_node *node = tg_normal_node(n, list);
    tg_build_open(n->builder, all != negated ? TG_TERM_AND : TG_TERM_OR);
    for (uint32_t i = 0; i < node->count && n->err == TG_OK; i++) {
        struct tg_value value = tg_normal_constant(n, tg_normal_child(n, list, i));
        if (!tg_normal_item(n, value, slot, negated)) {
            /* Texts take every constant. */
            tg_build_constant(n->builder, false);
        }
    }
    tg_build_close(n->builder);
}

/* Is any item of the slot among the constants? Even of no constant that is an error where
 * the slot is not there. */
static void tell_items(struct tg_normal *n, uint16_t slot, uint32_t list, bool negated)
{
    if (negated && tg_normal_node(n, list)->count == 0) {
        tg_build_state(n->builder, TG_TERM_IS_NULL, slot, true);
    } else {
        tell_constants(n, list, slot, false, negated);
    }
}

bool tg_normal_exists(struct tg_normal *normal, uint32_t node, bool negated)
{
    bool all = tg_normal_node(normal, node)->kind == TG_AST_ALL;
    uint32_t range = tg_normal_child(normal, node, 0);
    int64_t list = list_of_body(normal, node);
    if (list < 0) {
        return false;
    }
    if (normal->bound->nodes[range].variable == TG_VARIABLE_MISSING) {
        tg_build_constant(normal->builder, false);
        return true;
    }
    int32_t range_slot = tg_normal_slot(normal, range);
    int32_t list_slot = tg_normal_slot(normal, (uint32_t)list);
    if (is_constants(normal, range) && is_texts(normal, list_slot)) {
        tell_constants(normal, range, (uint16_t)list_slot, all, negated);
        return true;
    }
    if (!all && is_texts(normal, range_slot) && is_constants(normal, (uint32_t)list)) {
        tell_items(normal, (uint16_t)range_slot, (uint32_t)list, negated);
        return true;
    }
    return false;
}
