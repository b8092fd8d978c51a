/* The standard macros (langdef.md, "Macros"), recognised by name, form and number of
 * arguments; with another number they are calls like others. */
#include "engine/cel/parser.h"

static const struct {
    const char *name;
    uint8_t node;
    uint8_t least; /* Arguments. */
    uint8_t most;
} macros[] = {
    {"all", TG_AST_ALL, 2, 2},
    {"exists", TG_AST_EXISTS, 2, 2},
    {"exists_one", TG_AST_EXISTS_ONE, 2, 2},
    {"filter", TG_AST_FILTER, 2, 2},
    {"map", TG_AST_MAP_EACH, 2, 3},
};

/* has(e.f): the selection becomes the macro. */
static enum tg_err expand_has(struct tg_parser *p, const struct tg_frame *frame)
{
    struct tg_ast_node *field = tg_tree_pending(&p->tree, 0);
    struct tg_slice source = tg_ast_source(p->tree.ast, field);
    if (field->kind == TG_AST_SELECT) {
        field->kind = TG_AST_HAS;
        field->grouped = false;
        field->at = frame->at;
        field->end = p->end;
        p->operand_at = frame->at;
        return TG_OK;
    }
    bool is_root = tg_slice_is(source, "data") || tg_slice_is(source, "old") ||
                   tg_slice_is(source, "event") || tg_slice_is(source, "auth");
    if (field->kind == TG_AST_NAME && !is_root) {
        return tg_parser_refuse(p, field->mark,
                                "has() wants a field of something: has(data.%.*s)",
                                TG_FMT(tg_refusal_quote(source)));
    }
    return tg_parser_refuse(p, field->mark,
                            "has() wants a field that is reached by a dot, such as "
                            "has(data.total)");
}

/* e.all(x, p): the name x is no node, but the macro's text. */
static enum tg_err expand_over(struct tg_parser *p, struct tg_frame frame, uint8_t node)
{
    const struct tg_ast_node *variable = tg_tree_pending(&p->tree, frame.count - 1);
    if (variable->kind != TG_AST_NAME || variable->absolute) {
        return tg_parser_refuse(p, variable->at,
                                "%.*s() wants a plain name as its first argument, for "
                                "each item: items.%.*s(item, …)",
                                TG_FMT(frame.text), TG_FMT(frame.text));
    }
    frame.node = node;
    frame.text = variable->text;
    tg_tree_drop(&p->tree, frame.count - 1);
    return tg_parser_add(p, &frame, frame.count);
}

enum tg_err tg_parser_call(struct tg_parser *p, const struct tg_frame *frame)
{
    if (frame->kind == TG_FRAME_CALL) {
        bool is_has = !frame->absolute && frame->count == 1 &&
                      tg_slice_is(frame->text, "has");
        return is_has ? expand_has(p, frame) : tg_parser_add(p, frame, frame->count);
    }
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
        if (frame->count >= macros[i].least && frame->count <= macros[i].most &&
            tg_slice_is(frame->text, macros[i].name)) {
            return expand_over(p, *frame, macros[i].node);
        }
    }
    return tg_parser_add(p, frame, frame->count + 1);
}
