#include "engine/cel/tree.h"

#include <assert.h>

#include "engine/base/mem.h"

void tg_tree_init(struct tg_tree *tree, struct tg_ast *ast, struct tg_slice source,
                  const struct tg_query_limits *limits, struct tg_refusal *refusal)
{
    ast->source = source;
    ast->count = 0;
    ast->links_count = 0;
    tg_buf_clear(&ast->pool);
    *tree = (struct tg_tree){.ast = ast, .limits = limits, .refusal = refusal};
}

enum tg_err tg_tree_no_memory(struct tg_tree *tree)
{
    tg_refusal_set(tree->refusal, TG_CODE_OVERLOADED, NULL,
                   "the gateway has no memory for this query; try again later");
    return TG_ENOMEM;
}

static enum tg_err too_many(struct tg_tree *tree, const struct tg_ast_node *node)
{
    tg_query_refuse(tree->refusal, TG_CODE_QUERY_LIMIT, tree->ast->source, node->mark,
                    "the query has too many parts: at most %u names, values and "
                    "operators may stand in it (queries.nodes_max)",
                    tree->limits->nodes_max);
    return TG_ELIMIT;
}

/* Room for one more node, and for its link. */
static bool make_room(struct tg_tree *tree)
{
    struct tg_ast *ast = tree->ast;
    if (ast->count < ast->capacity && ast->count < ast->links_capacity) {
        return true;
    }
    uint32_t capacity = ast->count < 32 ? 64 : ast->count * 2;
    struct tg_ast_node *nodes = tg_resize(ast->nodes, capacity * sizeof *nodes);
    if (nodes == NULL) {
        return false;
    }
    ast->nodes = nodes;
    ast->capacity = capacity;
    uint32_t *links = tg_resize(ast->links, capacity * sizeof *links);
    if (links == NULL) {
        return false;
    }
    if (tree->pending != 0) {
        memmove(links + capacity - tree->pending,
                links + ast->links_capacity - tree->pending,
                tree->pending * sizeof *links);
    }
    ast->links = links;
    ast->links_capacity = capacity;
    return true;
}

/* Make the last `count` pending nodes links, the first of them first. */
static void link_pending(struct tg_tree *tree, uint32_t count)
{
    struct tg_ast *ast = tree->ast;
    uint32_t *links = ast->links + ast->links_count;
    const uint32_t *pending = ast->links + ast->links_capacity - tree->pending;
    assert(count <= tree->pending && links <= pending);
    memmove(links, pending, count * sizeof *links);
    for (uint32_t i = 0; i < count / 2; i++) {
        uint32_t link = links[i];
        links[i] = links[count - 1 - i];
        links[count - 1 - i] = link;
    }
    ast->links_count += count;
    tree->pending -= count;
}

enum tg_err tg_tree_add(struct tg_tree *tree, struct tg_ast_node node, uint32_t count)
{
    struct tg_ast *ast = tree->ast;
    uint32_t depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t below = tg_tree_pending(tree, i)->depth;
        depth = below > depth ? below : depth;
    }
    if (depth >= tree->limits->depth_max) {
        tg_query_refuse(tree->refusal, TG_CODE_QUERY_LIMIT, ast->source, node.mark,
                        "the query is too deep: at most %u levels may stand in one "
                        "another (queries.depth_max)",
                        tree->limits->depth_max);
        return TG_ELIMIT;
    }
    if (tree->counted >= tree->limits->nodes_max && node.kind > TG_AST_BYTES) {
        return too_many(tree, &node);
    }
    if (!make_room(tree)) {
        return tg_tree_no_memory(tree);
    }
    node.depth = (uint8_t)(depth + 1);
    node.count = count;
    node.first = ast->links_count;
    link_pending(tree, count);
    ast->nodes[ast->count] = node;
    tree->pending++;
    tree->counted++;
    ast->links[ast->links_capacity - tree->pending] = ast->count++;
    return TG_OK;
}

struct tg_ast_node *tg_tree_pending(const struct tg_tree *tree, uint32_t n)
{
    const struct tg_ast *ast = tree->ast;
    assert(n < tree->pending);
    return &ast->nodes[ast->links[ast->links_capacity - tree->pending + n]];
}

void tg_tree_drop(struct tg_tree *tree, uint32_t n)
{
    struct tg_ast *ast = tree->ast;
    uint32_t *pending = ast->links + ast->links_capacity - tree->pending;
    uint32_t dropped = pending[n];
    assert(ast->nodes[dropped].count == 0);
    /* Links of what came later stand after those that stood when it came. */
    for (uint32_t i = ast->nodes[dropped].first; i < ast->links_count; i++) {
        ast->links[i] -= ast->links[i] > dropped;
    }
    memmove(ast->nodes + dropped, ast->nodes + dropped + 1,
            (ast->count - dropped - 1) * sizeof *ast->nodes);
    for (uint32_t i = n; i > 0; i--) {
        pending[i] = pending[i - 1] - 1;
    }
    tree->pending--;
    tree->counted--;
    ast->count--;
}

void tg_tree_drop_chain(struct tg_tree *tree, uint32_t size)
{
    struct tg_ast *ast = tree->ast;
    assert(size != 0 && size <= ast->count && size - 1 <= ast->links_count);
    ast->count -= size;
    ast->links_count -= size - 1;
    tree->counted -= size;
    tree->pending--;
}

void tg_tree_item(struct tg_tree *tree)
{
    tree->counted -= tg_tree_pending(tree, 0)->kind <= TG_AST_BYTES;
}

enum tg_err tg_tree_end(struct tg_tree *tree)
{
    assert(tree->pending == 1);
    return tree->counted <= tree->limits->nodes_max
               ? TG_OK
               : too_many(tree, tg_ast_root(tree->ast));
}

uint8_t *tg_tree_text(struct tg_tree *tree)
{
    struct tg_buf *pool = &tree->ast->pool;
    size_t most = tree->ast->source.size + 1;
    uint8_t *room = most > pool->size ? tg_buf_room(pool, most - pool->size) : NULL;
    if (room == NULL) {
        (void)tg_tree_no_memory(tree);
    }
    return room;
}
