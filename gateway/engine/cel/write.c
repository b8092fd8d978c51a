#include "engine/cel/parse.h"

#include <assert.h>
#include <inttypes.h>

#include "engine/cel/parser.h"

/* --- strings --------------------------------------------------------------------- */

/* Printed, these do not look like what they are: controls, separators, marks that turn
 * the direction of text, and the mark of byte order. */
static bool is_odd(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x2069) || point == 0xfeff;
}

/* The character at the beginning of `text`, which is UTF-8; its size. */
static size_t read_character(struct tg_slice text, uint32_t *point)
{
    uint8_t lead = text.data[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    *point = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t i = 1; i < size && i < text.size; i++) {
        *point = *point << 6 | (text.data[i] & 0x3fu);
    }
    return size < text.size ? size : text.size;
}

/* The letter of a short escape, or 0. */
static char short_escape(uint32_t point)
{
    switch (point) {
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '"':
    case '\\':
        return (char)point;
    default:
        return 0;
    }
}

void tg_query_write_string(struct tg_buf *buf, struct tg_slice text)
{
    tg_buf_add_byte(buf, '"');
    while (text.size != 0) {
        uint32_t point;
        size_t size = read_character(text, &point);
        char letter = short_escape(point);
        if (letter != 0) {
            tg_buf_add_byte(buf, '\\');
            tg_buf_add_byte(buf, (uint8_t)letter);
        } else if (is_odd(point)) {
            tg_buf_printf(buf, "\\u%04" PRIx32, point);
        } else {
            tg_buf_add(buf, text.data, size);
        }
        text = tg_slice(text.data + size, text.size - size);
    }
    tg_buf_add_byte(buf, '"');
}

static void write_bytes(struct tg_buf *buf, struct tg_slice text)
{
    tg_buf_add_text(buf, "b\"");
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        char letter = short_escape(byte);
        if (letter != 0) {
            tg_buf_add_byte(buf, '\\');
            tg_buf_add_byte(buf, (uint8_t)letter);
        } else if (byte < 0x20 || byte >= 0x7f) {
            tg_buf_printf(buf, "\\x%02x", byte);
        } else {
            tg_buf_add_byte(buf, byte);
        }
    }
    tg_buf_add_byte(buf, '"');
}

/* --- leaves ---------------------------------------------------------------------- */

/* A double is written with its own digits: it may be compared with exact decimals. */
static void write_double(const struct tg_ast *ast, const struct tg_ast_node *node,
                         struct tg_buf *buf)
{
    struct tg_slice source = tg_ast_source(ast, node);
    const uint8_t *end = source.data + source.size;
    const uint8_t *at = source.data;
    if (*at == '-') {
        tg_buf_add_byte(buf, '-');
        /* White space and comments may stand after it: the digits stand last. */
        for (at = end;
             at > source.data + 1 &&
             (at[-1] == '.' || at[-1] == '+' || tg_lex_is_digit(at[-1]) ||
              (at[-1] | 0x20) == 'e' || (at[-1] == '-' && (at[-2] | 0x20) == 'e'));) {
            at--;
        }
    }
    if (*at == '.') {
        tg_buf_add_byte(buf, '0');
    }
    for (; at < end; at++) {
        tg_buf_add_byte(buf, *at == 'E' ? 'e' : *at);
    }
}

/* A name after a dot that the lexer would not take as it is. */
static bool wants_quotes(struct tg_slice name)
{
    if (name.size == 0 || tg_lex_is_digit(name.data[0]) || tg_slice_is(name, "in") ||
        tg_slice_is(name, "true") || tg_slice_is(name, "false") ||
        tg_slice_is(name, "null")) {
        return true;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (!tg_lex_is_letter(name.data[i]) && !tg_lex_is_digit(name.data[i])) {
            return true;
        }
    }
    return false;
}

static void write_field(struct tg_buf *buf, struct tg_slice name)
{
    const char *quote = wants_quotes(name) ? "`" : "";
    tg_buf_printf(buf, "%s%.*s%s", quote, TG_FMT(name), quote);
}

static void write_leaf(const struct tg_ast *ast, const struct tg_ast_node *node,
                       struct tg_buf *buf)
{
    switch (node->kind) {
    case TG_AST_NULL:
        tg_buf_add_text(buf, "null");
        break;
    case TG_AST_BOOL:
        tg_buf_add_text(buf, node->integer != 0 ? "true" : "false");
        break;
    case TG_AST_INT:
        tg_buf_printf(buf, "%" PRId64, node->integer);
        break;
    case TG_AST_UINT:
        tg_buf_printf(buf, "%" PRIu64 "u", node->unsigned_integer);
        break;
    case TG_AST_DOUBLE:
        write_double(ast, node, buf);
        break;
    case TG_AST_STRING:
        tg_query_write_string(buf, node->text);
        break;
    case TG_AST_BYTES:
        write_bytes(buf, node->text);
        break;
    default:
        assert(node->kind == TG_AST_NAME);
        tg_buf_add_text(buf, node->absolute ? "." : "");
        tg_buf_add_slice(buf, node->text);
    }
}

/* --- what has children ----------------------------------------------------------- */

/* Does the text of the node begin with the digits of a literal? A minus before it would
 * become a part of that. */
static bool begins_with_digits(const struct tg_ast *ast, const struct tg_ast_node *node)
{
    for (;;) {
        switch (node->kind) {
        case TG_AST_INT:
            return node->integer >= 0;
        case TG_AST_DOUBLE:
            return tg_ast_source(ast, node).data[0] != '-';
        case TG_AST_SELECT:
        case TG_AST_INDEX:
        case TG_AST_METHOD:
        case TG_AST_ALL:
        case TG_AST_EXISTS:
        case TG_AST_EXISTS_ONE:
        case TG_AST_FILTER:
        case TG_AST_MAP_EACH: {
            const struct tg_ast_node *target = tg_ast_child(ast, node, 0);
            if (tg_precedence(target->kind) < TG_PRECEDENCE_MEMBER) {
                return false;
            }
            node = target;
            break;
        }
        default:
            return false;
        }
    }
}

/* Must the n-th child stand in parentheses? */
static bool wants_parens(const struct tg_ast *ast, const struct tg_ast_node *node,
                         uint32_t n)
{
    const struct tg_ast_node *child = tg_ast_child(ast, node, n);
    unsigned own = tg_precedence(node->kind);
    unsigned below = tg_precedence(child->kind);
    switch (node->kind) {
    case TG_AST_CONDITION:
        return n < 2 && below == own;
    case TG_AST_AND:
    case TG_AST_OR:
        return below <= own;
    case TG_AST_NOT:
    case TG_AST_NEGATE:
        return below < own || (below == own && child->kind != node->kind) ||
               (node->kind == TG_AST_NEGATE && begins_with_digits(ast, child));
    case TG_AST_CALL:
    case TG_AST_LIST:
    case TG_AST_MAP:
    case TG_AST_STRUCT:
        return false;
    default:
        break;
    }
    if (own == TG_PRECEDENCE_MEMBER) {
        return n == 0 && below < own;
    }
    return n == 0 ? below < own : below <= own;
}

static const char *operator_text(enum tg_ast_kind kind)
{
    static const char *const texts[] = {
        [TG_AST_MULTIPLY] = " * ",       [TG_AST_DIVIDE] = " / ",
        [TG_AST_REMAINDER] = " % ",      [TG_AST_ADD] = " + ",
        [TG_AST_SUBTRACT] = " - ",       [TG_AST_EQUAL] = " == ",
        [TG_AST_NOT_EQUAL] = " != ",     [TG_AST_LESS] = " < ",
        [TG_AST_LESS_EQUAL] = " <= ",    [TG_AST_GREATER] = " > ",
        [TG_AST_GREATER_EQUAL] = " >= ", [TG_AST_IN] = " in ",
        [TG_AST_AND] = " && ",           [TG_AST_OR] = " || ",
    };
    return texts[kind];
}

static const char *macro_name(enum tg_ast_kind kind)
{
    switch (kind) {
    case TG_AST_ALL:
        return "all";
    case TG_AST_EXISTS:
        return "exists";
    case TG_AST_EXISTS_ONE:
        return "exists_one";
    case TG_AST_FILTER:
        return "filter";
    default:
        assert(kind == TG_AST_MAP_EACH);
        return "map";
    }
}

static const char *opening(enum tg_ast_kind kind)
{
    switch (kind) {
    case TG_AST_HAS:
        return "has(";
    case TG_AST_NOT:
        return "!";
    case TG_AST_NEGATE:
        return "-";
    case TG_AST_LIST:
        return "[";
    case TG_AST_MAP:
        return "{";
    default:
        return "";
    }
}

/* What stands before the first child. */
static void write_begin(const struct tg_ast_node *node, struct tg_buf *buf)
{
    if (node->kind == TG_AST_CALL || node->kind == TG_AST_STRUCT) {
        tg_buf_add_text(buf, node->absolute ? "." : "");
        tg_buf_add_slice(buf, node->text);
        tg_buf_add_byte(buf, node->kind == TG_AST_CALL ? '(' : '{');
    } else {
        tg_buf_add_text(buf, opening(node->kind));
    }
}

/* What stands between the child `n` - 1 and the child `n`. */
static void write_between(const struct tg_ast_node *node, uint32_t n, struct tg_buf *buf)
{
    switch (node->kind) {
    case TG_AST_CONDITION:
        tg_buf_add_text(buf, n == 1 ? " ? " : " : ");
        break;
    case TG_AST_INDEX:
        tg_buf_add_byte(buf, '[');
        break;
    case TG_AST_MAP:
    case TG_AST_STRUCT:
        tg_buf_add_text(buf, n % 2 == 1 ? ": " : ", ");
        break;
    case TG_AST_METHOD:
        if (n == 1) {
            tg_buf_printf(buf, ".%.*s(", TG_FMT(node->text));
            break;
        }
        /* fall through */
    case TG_AST_CALL:
    case TG_AST_LIST:
        tg_buf_add_text(buf, ", ");
        break;
    case TG_AST_ALL:
    case TG_AST_EXISTS:
    case TG_AST_EXISTS_ONE:
    case TG_AST_FILTER:
    case TG_AST_MAP_EACH:
        if (n == 1) {
            tg_buf_printf(buf, ".%s(%.*s", macro_name(node->kind), TG_FMT(node->text));
        }
        tg_buf_add_text(buf, ", ");
        break;
    default:
        tg_buf_add_text(buf, operator_text(node->kind));
    }
}

/* What stands after the last child. */
static void write_end(const struct tg_ast_node *node, struct tg_buf *buf)
{
    switch (node->kind) {
    case TG_AST_SELECT:
    case TG_AST_HAS:
        tg_buf_add_byte(buf, '.');
        write_field(buf, node->text);
        tg_buf_add_text(buf, node->kind == TG_AST_HAS ? ")" : "");
        break;
    case TG_AST_INDEX:
    case TG_AST_LIST:
        tg_buf_add_byte(buf, ']');
        break;
    case TG_AST_MAP:
    case TG_AST_STRUCT:
        tg_buf_add_byte(buf, '}');
        break;
    case TG_AST_METHOD:
        if (node->count == 1) {
            tg_buf_printf(buf, ".%.*s(", TG_FMT(node->text));
        }
        /* fall through */
    case TG_AST_CALL:
    case TG_AST_ALL:
    case TG_AST_EXISTS:
    case TG_AST_EXISTS_ONE:
    case TG_AST_FILTER:
    case TG_AST_MAP_EACH:
        tg_buf_add_byte(buf, ')');
        break;
    default:
        break;
    }
}

static bool is_leaf(const struct tg_ast_node *node)
{
    return node->kind <= TG_AST_NAME;
}

/* A node that is being written: its next child. */
struct level {
    const struct tg_ast_node *node;
    uint32_t next;
    bool parens; /* The child before it stands in them. */
};

void tg_ast_write(const struct tg_ast *ast, uint32_t node, struct tg_buf *buf)
{
    struct level levels[UINT8_MAX];
    uint32_t depth = 0;
    if (is_leaf(&ast->nodes[node])) {
        write_leaf(ast, &ast->nodes[node], buf);
        return;
    }
    write_begin(&ast->nodes[node], buf);
    levels[depth++] = (struct level){.node = &ast->nodes[node]};
    while (depth != 0) {
        struct level *top = &levels[depth - 1];
        tg_buf_add_text(buf, top->parens ? ")" : "");
        if (top->next == top->node->count) {
            write_end(top->node, buf);
            depth--;
            continue;
        }
        uint32_t n = top->next++;
        const struct tg_ast_node *child = tg_ast_child(ast, top->node, n);
        if (n != 0) {
            write_between(top->node, n, buf);
        }
        top->parens = wants_parens(ast, top->node, n);
        tg_buf_add_text(buf, top->parens ? "(" : "");
        if (top->node->kind == TG_AST_STRUCT && n % 2 == 0) {
            write_field(buf, child->text);
        } else if (is_leaf(child)) {
            write_leaf(ast, child, buf);
        } else {
            assert(depth < UINT8_MAX);
            write_begin(child, buf);
            levels[depth++] = (struct level){.node = child};
        }
    }
}
