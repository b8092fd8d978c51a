/* Claims, which are constants once a client is known: `auth.a.b` becomes literals. */
#include "engine/cel/decimal.h"
#include "engine/query/bind.h"

/* --- Paths ----------------------------------------------------------------------- */

static struct tg_json member_of(struct tg_json object, struct tg_slice name)
{
    struct tg_json value = {0};
    if (tg_json_kind(object) == TG_JSON_OBJECT) {
        value = tg_json_first(object);
    }
    while (value.token != NULL && !tg_json_name_is(value, name)) {
        value = tg_json_next(value);
    }
    return value;
}

/* The name that a node of a path takes from what stands before it. */
static struct tg_slice name_of(const struct tg_ast *ast, const struct tg_ast_node *node)
{
    return node->kind == TG_AST_INDEX ? tg_ast_child(ast, node, 1)->text : node->text;
}

/* The value of a path of claims, NONE if it is not there. The path is walked once to see
 * how long it is, then from each part down again: paths are short. */
static struct tg_json claim_of(const struct tg_binder *b, uint32_t at)
{
    uint32_t length = 0;
    struct tg_json value = b->claims;
    for (uint32_t node = at; b->meanings[node].is != TG_MEANS_AUTH;
         node = tg_ast_child_index(b->ast, &b->ast->nodes[node], 0)) {
        length++;
    }
    for (uint32_t left = length; left-- > 0;) {
        uint32_t node = at;
        for (uint32_t i = 0; i < left; i++) {
            node = tg_ast_child_index(b->ast, &b->ast->nodes[node], 0);
        }
        value = member_of(value, name_of(b->ast, &b->ast->nodes[node]));
    }
    return value;
}

/* --- Values ---------------------------------------------------------------------- */

/* A claim's own text, where it stays. */
static enum tg_err keep_string(struct tg_binder *b, struct tg_json value,
                               struct tg_slice *text)
{
    if (!tg_json_string(value, &b->bound->scratch, text)) {
        return TG_ENOMEM;
    }
    if (text->size != 0 && text->data == b->bound->scratch.data) {
        *text = tg_keep_copy(&b->bound->keep, *text);
    }
    return text->size != 0 && text->data == NULL ? TG_ENOMEM : TG_OK;
}

/* Its digits are in the claims, not at the node's place in the source. */
static enum tg_err add_double(struct tg_binder *b, const struct tg_ast_node *from,
                              struct tg_json value, uint8_t read_as)
{
    struct tg_decimal_text digits;
    double real = 0;
    if (read_as == TG_KNOWN_DECIMAL &&
        tg_decimal_canonical(tg_json_raw(value), &digits)) {
        return tg_bind_decimal(b, from, tg_json_raw(value));
    }
    tg_json_double(value, &real);
    return tg_bind_known(b, from, tg_value_double(real));
}

static enum tg_err add_plain_json(struct tg_binder *b, const struct tg_ast_node *from,
                                  struct tg_json value, uint8_t read_as)
{
    struct tg_ast_node node = *from;
    struct tg_slice text;
    bool truth = false;
    switch (tg_json_kind(value)) {
    case TG_JSON_BOOL:
        node.kind = TG_AST_BOOL;
        tg_json_bool(value, &truth);
        node.integer = truth ? 1 : 0;
        return tg_bind_add(b, node, NULL, 0);
    case TG_JSON_INT:
        node.kind = TG_AST_INT;
        tg_json_int(value, &node.integer);
        return read_as == TG_KNOWN_DECIMAL ? tg_bind_decimal(b, &node, tg_json_raw(value))
                                           : tg_bind_add(b, node, NULL, 0);
    case TG_JSON_DOUBLE:
        return add_double(b, from, value, read_as);
    case TG_JSON_STRING: {
        enum tg_err err = keep_string(b, value, &text);
        return err == TG_OK ? tg_bind_text_as(b, from, text, read_as) : err;
    }
    default:
        node.kind = TG_AST_NULL;
        return tg_bind_add(b, node, NULL, 0);
    }
}

enum { OPEN_MAX = 33 };

/* The children of each open container, one after another; they are not yet linked. */
struct open {
    struct tg_json next;
    uint32_t children; /* Where its own begin in `pending`. */
    bool is_map;
};

struct json_walk {
    struct open open[OPEN_MAX];
    uint32_t depth;
    struct tg_buf pending; /* uint32_t */
};

static uint32_t *pending_of(struct json_walk *walk, uint32_t from)
{
    uint32_t *pending = (uint32_t *)(void *)walk->pending.data;
    return pending == NULL ? NULL : pending + from;
}

static uint32_t pending_count(const struct json_walk *walk)
{
    return (uint32_t)(walk->pending.size / sizeof(uint32_t));
}

static enum tg_err add_pending(struct tg_binder *b, struct json_walk *walk)
{
    uint32_t last = b->bound->tree.count - 1;
    tg_buf_add(&walk->pending, &last, sizeof last);
    return walk->pending.failed ? TG_ENOMEM : TG_OK;
}

/* All of the innermost container's members are there. */
static enum tg_err close_container(struct tg_binder *b, struct json_walk *walk,
                                   const struct tg_ast_node *from)
{
    const struct open *open = &walk->open[--walk->depth];
    struct tg_ast_node node = *from;
    uint32_t count = pending_count(walk) - open->children;
    node.kind = open->is_map ? TG_AST_MAP : TG_AST_LIST;
    enum tg_err err = tg_bind_add(b, node, pending_of(walk, open->children), count);
    walk->pending.size = open->children * sizeof(uint32_t);
    return err == TG_OK ? add_pending(b, walk) : err;
}

static enum tg_err step_json(struct tg_binder *b, struct json_walk *walk,
                             const struct tg_ast_node *from, uint8_t read_as)
{
    struct open *open = &walk->open[walk->depth - 1];
    struct tg_json value = open->next;
    enum tg_err err = TG_OK;
    if (value.token == NULL) {
        return close_container(b, walk, from);
    }
    open->next = tg_json_next(value);
    if (open->is_map) {
        struct tg_slice name =
            tg_keep_copy(&b->bound->keep, tg_json_name(value, &b->bound->scratch));
        err = name.data == NULL || b->bound->scratch.failed ? TG_ENOMEM
                                                            : tg_bind_text(b, from, name);
        err = err == TG_OK ? add_pending(b, walk) : err;
        if (err != TG_OK) {
            return err;
        }
    }
    if (tg_json_kind(value) >= TG_JSON_ARRAY) {
        if (walk->depth == OPEN_MAX) {
            return TG_ELIMIT;
        }
        walk->open[walk->depth++] = (struct open){
            .next = tg_json_first(value),
            .children = pending_count(walk),
            .is_map = tg_json_kind(value) == TG_JSON_OBJECT,
        };
        return TG_OK;
    }
    err = add_plain_json(b, from, value, read_as);
    return err == TG_OK ? add_pending(b, walk) : err;
}

static enum tg_err add_json(struct tg_binder *b, const struct tg_ast_node *from,
                            struct tg_json value, uint8_t read_as)
{
    struct json_walk walk = {.depth = 0};
    if (tg_json_kind(value) < TG_JSON_ARRAY) {
        return add_plain_json(b, from, value, read_as);
    }
    walk.open[walk.depth++] = (struct open){
        .next = tg_json_first(value),
        .is_map = tg_json_kind(value) == TG_JSON_OBJECT,
    };
    enum tg_err err = TG_OK;
    while (err == TG_OK && walk.depth > 0) {
        err = step_json(b, &walk, from, read_as);
    }
    tg_buf_finish(&walk.pending);
    return err;
}

enum tg_err tg_bind_has_claim(struct tg_binder *b, const struct tg_ast_node *node)
{
    struct tg_json object = claim_of(b, tg_ast_child_index(b->ast, node, 0));
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        /* Who shows no claims at all has none. */
        bool at_root = b->meanings[tg_ast_child_index(b->ast, node, 0)].is ==
                       TG_MEANS_AUTH;
        if (!at_root) {
            return tg_bind_variable(b, node, TG_VARIABLE_MISSING);
        }
    }
    struct tg_ast_node truth = *node;
    truth.kind = TG_AST_BOOL;
    truth.integer = member_of(object, node->text).token != NULL ? 1 : 0;
    return tg_bind_add(b, truth, NULL, 0);
}

enum tg_err tg_bind_claim(struct tg_binder *b, uint32_t at)
{
    const struct tg_ast_node *node = &b->ast->nodes[at];
    struct tg_json value = claim_of(b, at);
    return value.token == NULL ? tg_bind_variable(b, node, TG_VARIABLE_MISSING)
                               : add_json(b, node, value, b->meanings[at].read_as);
}
