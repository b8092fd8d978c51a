#include "engine/cel/compile.h"

/* The name at the bottom of a chain of selections; NULL if there is something else. */
static const struct tg_ast_node *root_of(const struct tg_ast *ast,
                                         const struct tg_ast_node *node)
{
    while (node->kind == TG_AST_SELECT || node->kind == TG_AST_HAS) {
        node = tg_ast_child(ast, node, 0);
    }
    return node->kind == TG_AST_NAME ? node : NULL;
}

/* `a.b.c`, from its end to its beginning, at the end of `c->name`. */
static bool write_name(struct tg_compile *c, const struct tg_ast_node *node)
{
    size_t size = 0;
    const struct tg_ast_node *part = node;
    for (; part->kind != TG_AST_NAME; part = tg_ast_child(c->ast, part, 0)) {
        size += part->text.size + 1;
    }
    size += part->text.size;
    tg_buf_clear(&c->name);
    uint8_t *end = tg_buf_room(&c->name, size);
    if (end == NULL) {
        return false;
    }
    c->name.size = size;
    end += size;
    for (part = node;; part = tg_ast_child(c->ast, part, 0)) {
        end -= part->text.size;
        memcpy(end, part->text.data, part->text.size);
        if (part->kind == TG_AST_NAME) {
            return true;
        }
        *--end = '.';
    }
}

static bool find(struct tg_compile *c, struct tg_slice name, struct tg_meaning *meaning)
{
    meaning->number = c->scope->find == NULL ? -1
                                             : c->scope->find(c->scope->context, name);
    if (meaning->number >= 0) {
        meaning->kind = TG_NAME_VARIABLE;
        return true;
    }
    if (tg_type_find(name, &meaning->type)) {
        meaning->kind = TG_NAME_TYPE;
        return true;
    }
    return false;
}

/* The name in the container "a.b" is a.b.name, a.name or name, whatever is found
 * first. */
static enum tg_err find_in_container(struct tg_compile *c, struct tg_meaning *meaning)
{
    struct tg_slice container = c->scope->container;
    size_t name_size = c->name.size;
    while (container.size > 0) {
        size_t at = c->name.size;
        tg_buf_add_slice(&c->name, container);
        tg_buf_add_byte(&c->name, '.');
        uint8_t *name = tg_buf_room(&c->name, name_size);
        if (name == NULL) {
            return TG_ENOMEM;
        }
        memcpy(name, c->name.data, name_size);
        c->name.size += name_size;
        if (find(c, tg_slice(c->name.data + at, c->name.size - at), meaning)) {
            return TG_OK;
        }
        while (container.size > 0 && container.data[--container.size] != '.') {}
    }
    find(c, tg_slice(c->name.data, name_size), meaning);
    return TG_OK;
}

enum tg_err tg_name_resolve(struct tg_compile *c, const struct tg_ast_node *node,
                            struct tg_meaning *meaning)
{
    *meaning = (struct tg_meaning){.kind = TG_NAME_UNKNOWN};
    const struct tg_ast_node *root = root_of(c->ast, node);
    if (root == NULL) {
        return TG_OK;
    }
    for (uint32_t i = c->loops; i > 0 && !root->absolute; i--) {
        if (tg_slice_equal(c->locals[i - 1], root->text)) {
            meaning->kind = root == node ? TG_NAME_LOCAL : TG_NAME_UNKNOWN;
            meaning->number = (int32_t)(i - 1);
            return TG_OK;
        }
    }
    if (!write_name(c, node)) {
        return TG_ENOMEM;
    }
    if (root->absolute) {
        find(c, tg_buf_slice(&c->name), meaning);
        return TG_OK;
    }
    return find_in_container(c, meaning);
}
