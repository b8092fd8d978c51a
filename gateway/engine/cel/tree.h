/* Building a tree from its leaves up: private to the parser.
 *
 * A node is in `links` exactly once, as a child of its parent; before it has a parent it
 * is pending. So links and pending nodes share the array `links`: the links stand at its
 * beginning, the pending at its end, the last one first. */
#ifndef TG_CEL_TREE_H
#define TG_CEL_TREE_H

#include "engine/cel/parse.h"

struct tg_tree {
    struct tg_ast *ast;
    const struct tg_query_limits *limits;
    struct tg_refusal *refusal;
    uint32_t pending;
    uint32_t counted; /* Nodes as limits->nodes_max counts them. */
};

/* Begin with an empty tree over `source`. */
void tg_tree_init(struct tg_tree *tree, struct tg_ast *ast, struct tg_slice source,
                  const struct tg_query_limits *limits, struct tg_refusal *refusal);

/* Add `node`, whose children are the last `count` pending ones; it is pending then.
 *
 * TG_ELIMIT, TG_ENOMEM  `refusal` says it. */
TG_MUST_USE enum tg_err tg_tree_add(struct tg_tree *tree, struct tg_ast_node node,
                                    uint32_t count);
/* The pending node before the last `n` ones. */
struct tg_ast_node *tg_tree_pending(const struct tg_tree *tree, uint32_t n);
/* Forget the pending node before the last `n` ones: a leaf. */
void tg_tree_drop(struct tg_tree *tree, uint32_t n);
/* Forget the last pending node and what is below it, `size` nodes, each with one child
 * at most. */
void tg_tree_drop_chain(struct tg_tree *tree, uint32_t size);
/* The last pending node is an item of a list: a literal does not count. */
void tg_tree_item(struct tg_tree *tree);
/* The limit that literals were allowed to pass, as items may. */
TG_MUST_USE enum tg_err tg_tree_end(struct tg_tree *tree);
/* Room for all texts of the tree together, or NULL: then `refusal` says so. It never
 * moves: unescaped, they are never longer than the source, with a NUL after it. */
uint8_t *tg_tree_text(struct tg_tree *tree);
/* `refusal` says that memory is lacking. */
enum tg_err tg_tree_no_memory(struct tg_tree *tree);

#endif
