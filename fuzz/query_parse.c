/* The parser of queries on anything. The first byte chooses the limits. What is refused
 * has a code and a place in the text; what is parsed can be written, parsed again to the
 * same tree, and written to the same text. */
#include "engine/cel/parse.h"
#include "parts.h"

/* Links have each node but the root once, below its parent. */
static void check_tree(const struct tg_ast *ast, const struct tg_query_limits *limits)
{
    static uint8_t seen[1 << 21];
    MUST(ast->count != 0 && ast->links_count == ast->count - 1);
    memset(seen, 0, ast->count);
    for (uint32_t i = 0; i < ast->count; i++) {
        const struct tg_ast_node *node = &ast->nodes[i];
        uint32_t depth = 0;
        MUST(node->at <= node->mark && node->mark < node->end);
        MUST(node->end <= ast->source.size);
        for (uint32_t n = 0; n < node->count; n++) {
            uint32_t child = tg_ast_child_index(ast, node, n);
            MUST(child < i && !seen[child]);
            seen[child] = 1;
            depth = ast->nodes[child].depth > depth ? ast->nodes[child].depth : depth;
            MUST(ast->nodes[child].at >= node->at || node->kind == TG_AST_STRUCT);
            MUST(ast->nodes[child].end <= node->end);
        }
        MUST(node->depth == depth + 1 && node->depth <= limits->depth_max);
    }
}

static bool has_text(const struct tg_ast_node *node)
{
    switch (node->kind) {
    case TG_AST_STRING:
    case TG_AST_BYTES:
    case TG_AST_NAME:
    case TG_AST_SELECT:
    case TG_AST_HAS:
        return true;
    default:
        return node->kind >= TG_AST_CALL && node->kind != TG_AST_LIST &&
               node->kind != TG_AST_MAP;
    }
}

static void check_same(const struct tg_ast *a, const struct tg_ast *b)
{
    MUST(a->count == b->count && a->links_count == b->links_count);
    for (uint32_t i = 0; i < a->count; i++) {
        const struct tg_ast_node *left = &a->nodes[i];
        const struct tg_ast_node *right = &b->nodes[i];
        MUST(left->kind == right->kind && left->count == right->count);
        MUST(left->absolute == right->absolute && left->depth == right->depth);
        if (has_text(left)) {
            MUST(tg_slice_equal(left->text, right->text));
        } else if (left->kind <= TG_AST_DOUBLE && left->kind != TG_AST_NULL) {
            MUST(left->unsigned_integer == right->unsigned_integer);
        }
        for (uint32_t n = 0; n < left->count; n++) {
            MUST(tg_ast_child_index(a, left, n) == tg_ast_child_index(b, right, n));
        }
    }
}

/* A smaller one than the default, too: limits are met more often. */
static struct tg_query_limits limits_from(uint8_t seed)
{
    struct tg_query_limits limits = tg_query_limits_wide;
    if (seed % 3 == 1) {
        limits = tg_query_limits_default;
    } else if (seed % 3 == 2) {
        limits.nodes_max = 1 + seed / 3 % 8;
        limits.depth_max = 1 + seed / 24;
        limits.items_max = 1 + seed / 3 % 4;
    }
    return limits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tg_ast ast;
    static struct tg_ast again;
    static struct tg_buf text;
    static struct tg_buf text_again;
    struct tg_refusal refusal = {0};
    if (size == 0) {
        return 0;
    }
    struct tg_query_limits limits = limits_from(data[0]);
    struct tg_slice source = tg_slice(data + 1, size - 1);
    enum tg_err err = tg_parse(&ast, source, &limits, &refusal);
    if (err != TG_OK) {
        MUST(err == TG_EINVAL || err == TG_ELIMIT);
        MUST((refusal.code == TG_CODE_QUERY_LIMIT) == (err == TG_ELIMIT));
        MUST(refusal.line >= 1 && refusal.line <= size);
        MUST(refusal.column >= 1 && refusal.column <= size);
        MUST(strstr(refusal.message, " at line ") != NULL);
        return 0;
    }
    check_tree(&ast, &limits);
    tg_buf_clear(&text);
    tg_ast_write(&ast, ast.count - 1, &text);
    if (text.size > tg_query_limits_wide.bytes_max) {
        return 0;
    }
    /* Parentheses count as depth, and the writer may place others. */
    enum tg_err then =
        tg_parse(&again, tg_buf_slice(&text), &tg_query_limits_wide, &refusal);
    if (then == TG_ELIMIT && limits.depth_max > tg_query_limits_wide.depth_max / 2) {
        return 0;
    }
    MUST(then == TG_OK);
    check_same(&ast, &again);
    tg_buf_clear(&text_again);
    tg_ast_write(&again, again.count - 1, &text_again);
    MUST(tg_slice_equal(tg_buf_slice(&text), tg_buf_slice(&text_again)));
    return 0;
}
