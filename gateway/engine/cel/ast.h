/* An expression as a tree, laid out flat: children stand before their parent, the root is
 * the last node. So every pass over a tree is a loop, and nothing recurses on input.
 *
 * Texts (names, unescaped strings) are slices of the source or of the tree's own pool;
 * they live until the tree is parsed into again. */
#ifndef TG_CEL_AST_H
#define TG_CEL_AST_H

#include "engine/base/buf.h"

enum tg_ast_kind {
    /* Literals. */
    TG_AST_NULL,
    TG_AST_BOOL,   /* integer: 0 or 1. */
    TG_AST_INT,    /* integer; a minus right before it is part of it. */
    TG_AST_UINT,   /* unsigned_integer. */
    TG_AST_DOUBLE, /* real; a minus likewise. */
    TG_AST_STRING, /* text. */
    TG_AST_BYTES,  /* text. */
    /* Names. */
    TG_AST_NAME,   /* text; `absolute` if a dot stood before it. */
    TG_AST_SELECT, /* child 0, dot, text. */
    TG_AST_HAS,    /* has(child 0 . text): the macro. */
    TG_AST_INDEX,  /* child 0 [ child 1 ]. */
    /* Operators; the children are the operands in the order of the text. */
    TG_AST_NOT,
    TG_AST_NEGATE,
    TG_AST_MULTIPLY,
    TG_AST_DIVIDE,
    TG_AST_REMAINDER,
    TG_AST_ADD,
    TG_AST_SUBTRACT,
    TG_AST_EQUAL,
    TG_AST_NOT_EQUAL,
    TG_AST_LESS,
    TG_AST_LESS_EQUAL,
    TG_AST_GREATER,
    TG_AST_GREATER_EQUAL,
    TG_AST_IN,
    TG_AST_AND, /* Two or more operands: a && b && c is one node. So for OR. */
    TG_AST_OR,
    TG_AST_CONDITION, /* child 0 ? child 1 : child 2. */
    /* Calls. */
    TG_AST_CALL,   /* text(children…); `absolute` if a dot stood before it. */
    TG_AST_METHOD, /* child 0 . text(child 1 …). So is a qualified function,
                      google.protobuf.f(x): only who knows the names can tell. */
    /* Aggregates. */
    TG_AST_LIST,
    TG_AST_MAP,    /* Children: key, value, key, value … */
    TG_AST_STRUCT, /* text{…}: a message; text may be qualified: "a.b.C". Children: a
                      STRING that is a field's name, its value, a name, a value … */
    /* Macros over a list or a map; text is the variable's name.
     * child 0: the range. all, exists, exists_one, filter: child 1: the condition.
     * map: child 1: the value; or with three arguments, child 1: the condition, child 2:
     * the value. */
    TG_AST_ALL,
    TG_AST_EXISTS,
    TG_AST_EXISTS_ONE,
    TG_AST_FILTER,
    TG_AST_MAP_EACH,
};

struct tg_ast_node {
    uint8_t kind;
    bool absolute;
    bool grouped;   /* It stood in parentheses. */
    uint8_t depth;  /* 1: a leaf. */
    uint32_t at;    /* Bytes of the source: from here */
    uint32_t end;   /* to before here. An operator's: its whole expression's. */
    uint32_t mark;  /* Where to point in a message: the operator, the name. */
    uint32_t count; /* Children. */
    uint32_t first; /* The first of them in `links`. */
    union {
        int64_t integer;
        uint64_t unsigned_integer;
        double real;
        struct tg_slice text;
    };
};

/* All zero is an empty tree. */
struct tg_ast {
    struct tg_slice source; /* Borrowed. */
    struct tg_ast_node *nodes;
    uint32_t count;
    uint32_t capacity;
    uint32_t *links; /* Indexes of nodes: the children of each, one after another. */
    uint32_t links_count;
    uint32_t links_capacity;
    struct tg_buf pool; /* Unescaped texts. */
};

static inline const struct tg_ast_node *tg_ast_root(const struct tg_ast *ast)
{
    return &ast->nodes[ast->count - 1];
}

static inline uint32_t tg_ast_child_index(const struct tg_ast *ast,
                                          const struct tg_ast_node *node, uint32_t n)
{
    return ast->links[node->first + n];
}

static inline const struct tg_ast_node *tg_ast_child(const struct tg_ast *ast,
                                                     const struct tg_ast_node *node,
                                                     uint32_t n)
{
    return &ast->nodes[tg_ast_child_index(ast, node, n)];
}

/* The node's text as it was written: for exact decimals, and for messages. */
static inline struct tg_slice tg_ast_source(const struct tg_ast *ast,
                                            const struct tg_ast_node *node)
{
    return tg_slice(ast->source.data + node->at, node->end - node->at);
}

void tg_ast_finish(struct tg_ast *ast);

#endif
