#include "testing/cmocka.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/cel/parse.h"
#include "testing/heap.h"

/* --- trees as text ----------------------------------------------------------------- */

static struct tg_ast ast;
static struct tg_refusal refusal;

static const char *const names[] = {
    [TG_AST_SELECT] = "select",  [TG_AST_HAS] = "has",
    [TG_AST_INDEX] = "index",    [TG_AST_NOT] = "!",
    [TG_AST_NEGATE] = "negate",  [TG_AST_MULTIPLY] = "*",
    [TG_AST_DIVIDE] = "/",       [TG_AST_REMAINDER] = "%",
    [TG_AST_ADD] = "+",          [TG_AST_SUBTRACT] = "-",
    [TG_AST_EQUAL] = "==",       [TG_AST_NOT_EQUAL] = "!=",
    [TG_AST_LESS] = "<",         [TG_AST_LESS_EQUAL] = "<=",
    [TG_AST_GREATER] = ">",      [TG_AST_GREATER_EQUAL] = ">=",
    [TG_AST_IN] = "in",          [TG_AST_AND] = "&&",
    [TG_AST_OR] = "||",          [TG_AST_CONDITION] = "?:",
    [TG_AST_CALL] = "call",      [TG_AST_METHOD] = "method",
    [TG_AST_LIST] = "list",      [TG_AST_MAP] = "map",
    [TG_AST_STRUCT] = "message", [TG_AST_ALL] = "all",
    [TG_AST_EXISTS] = "exists",  [TG_AST_EXISTS_ONE] = "exists_one",
    [TG_AST_FILTER] = "filter",  [TG_AST_MAP_EACH] = "map_each",
};

static void add_text(struct tg_buf *text, struct tg_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] >= 0x7f) {
            tg_buf_printf(text, "<%02x>", bytes.data[i]);
        } else {
            tg_buf_add_byte(text, bytes.data[i]);
        }
    }
}

static void add_leaf(struct tg_buf *text, const struct tg_ast_node *node)
{
    switch (node->kind) {
    case TG_AST_NULL:
        tg_buf_add_text(text, "null");
        break;
    case TG_AST_BOOL:
        tg_buf_add_text(text, node->integer != 0 ? "true" : "false");
        break;
    case TG_AST_INT:
        tg_buf_printf(text, "%" PRId64, node->integer);
        break;
    case TG_AST_UINT:
        tg_buf_printf(text, "%" PRIu64 "u", node->unsigned_integer);
        break;
    case TG_AST_DOUBLE:
        tg_buf_printf(text, "%.17g%s", node->real,
                      node->real == (double)(int64_t)node->real ? ".0" : "");
        break;
    default:
        tg_buf_add_text(text, node->absolute ? "." : "");
        tg_buf_add_text(text, node->kind == TG_AST_NAME    ? ""
                              : node->kind == TG_AST_BYTES ? "b'"
                                                           : "'");
        add_text(text, node->text);
        tg_buf_add_text(text, node->kind == TG_AST_NAME ? "" : "'");
    }
}

/* (operator operand …); what has a name: (call name argument …). */
static const char *tree_text(void)
{
    enum { NODES = 2000 };
    static struct tg_buf texts[NODES];
    assert_true(ast.count <= NODES);
    for (uint32_t i = 0; i < ast.count; i++) {
        const struct tg_ast_node *node = &ast.nodes[i];
        struct tg_buf *text = &texts[i];
        tg_buf_clear(text);
        if (node->kind <= TG_AST_NAME) {
            add_leaf(text, node);
        } else {
            tg_buf_printf(text, "(%s", names[node->kind]);
            if (node->kind == TG_AST_SELECT || node->kind == TG_AST_HAS ||
                node->kind == TG_AST_CALL || node->kind == TG_AST_METHOD ||
                node->kind >= TG_AST_STRUCT) {
                tg_buf_printf(text, " %s%.*s", node->absolute ? "." : "",
                              TG_FMT(node->text));
            }
            for (uint32_t n = 0; n < node->count; n++) {
                tg_buf_add_byte(text, ' ');
                tg_buf_add_slice(text,
                                 tg_buf_slice(&texts[tg_ast_child_index(&ast, node, n)]));
            }
            tg_buf_add_byte(text, ')');
        }
    }
    tg_buf_add_byte(&texts[ast.count - 1], '\0');
    return (const char *)texts[ast.count - 1].data;
}

static enum tg_err parse_as(const char *query, const struct tg_query_limits *limits)
{
    return tg_parse(&ast, tg_slice_of(query), limits, &refusal);
}

static void assert_tree(const char *query, const char *tree)
{
    if (parse_as(query, &tg_query_limits_wide) != TG_OK) {
        fail_msg("%s: %s", query, refusal.message);
    }
    if (strcmp(tree_text(), tree) != 0) {
        fail_msg("%s\n  is       %s\n  and not  %s", query, tree_text(), tree);
    }
}

static void assert_same(const char *query, const char *other)
{
    char tree[1000];
    assert_int_equal(parse_as(query, &tg_query_limits_wide), TG_OK);
    snprintf(tree, sizeof tree, "%s", tree_text());
    assert_tree(other, tree);
}

/* --- what is refused, as text ------------------------------------------------------ */

static void assert_refused_by(const struct tg_query_limits *limits, const char *query,
                              const char *message)
{
    if (parse_as(query, limits) == TG_OK) {
        fail_msg("%s\n  is taken", query);
    }
    if (strcmp(refusal.message, message) != 0) {
        fail_msg("%s\n  says      %s\n  and not   %s", query, refusal.message, message);
    }
    char place[64];
    snprintf(place, sizeof place, " at line %u, column %u", refusal.line, refusal.column);
    assert_non_null(strstr(message, place));
}

static void assert_refused(const char *query, const char *message)
{
    assert_refused_by(&tg_query_limits_default, query, message);
    assert_int_equal(refusal.code, TG_CODE_QUERY_SYNTAX);
}

static void assert_limited(const struct tg_query_limits *limits, const char *query,
                           const char *message)
{
    assert_refused_by(limits, query, message);
    assert_int_equal(refusal.code, TG_CODE_QUERY_LIMIT);
}

/* --- literals ---------------------------------------------------------------------- */

static void numbers_are_ints_uints_and_doubles(void **state)
{
    (void)state;
    assert_tree("0", "0");
    assert_tree("007", "7");
    assert_tree("0x7FfF", "32767");
    assert_tree("12u", "12u");
    assert_tree("0xFFFFFFFFFFFFFFFFU", "18446744073709551615u");
    assert_tree("9223372036854775807", "9223372036854775807");
    assert_tree("1.5", "1.5");
    assert_tree(".5", "0.5");
    assert_tree("1e3", "1000.0");
    assert_tree("25E-2", "0.25");
    assert_tree("1.5e+1", "15.0");
    assert_tree("0.1", "0.10000000000000001");
}

static void a_minus_before_a_number_belongs_to_it(void **state)
{
    (void)state;
    assert_tree("-9223372036854775808", "-9223372036854775808");
    assert_tree("-0x8000000000000000", "-9223372036854775808");
    assert_tree("- // comment\n 1.5", "-1.5");
    assert_tree("--1", "(negate -1)");
    assert_tree("-(1)", "(negate 1)");
    assert_tree("-1u", "(negate 1u)");
    assert_tree("a -1", "(- a 1)");
    assert_tree("a - -1", "(- a -1)");
    assert_tree("-1.f()", "(method f -1)");
    assert_tree("-x.y", "(negate (select y x))");
}

static void strings_have_four_quotings(void **state)
{
    (void)state;
    assert_tree("'a\"b'", "'a\"b'");
    assert_tree("\"a'b\"", "'a'b'");
    assert_tree("''", "''");
    assert_tree("'''a''b\n'''", "'a''b<0a>'");
    assert_tree("\"\"\"\"a\"\"\"", "'\"a'");
    assert_tree("r'\\d'", "'\\d'");
    assert_tree("R\"\"\"\\\"\"\"", "'\\'");
    assert_tree("b'a'", "b'a'");
    assert_tree("bR'\\'", "b'\\'");
    assert_tree("'\xc3\xa9'", "'<c3><a9>'");
}

static void escapes_are_resolved(void **state)
{
    (void)state;
    assert_tree("'\\a\\b\\f\\n\\r\\t\\v'", "'<07><08><0c><0a><0d><09><0b>'");
    assert_tree("'\\\\\\?\\\"\\'\\`'", "'\\?\"'`'");
    assert_tree("'\\x41\\X42\\103'", "'ABC'");
    assert_tree("'\\xff\\377'", "'<c3><bf><c3><bf>'");
    assert_tree("b'\\xff\\377'", "b'<ff><ff>'");
    assert_tree("'\\u00e9\\U0001F600'", "'<c3><a9><f0><9f><98><80>'");
    assert_tree("'\\ud83d\\ude00'", "'<f0><9f><98><80>'");
    assert_tree("'a\\n' + 'b\\n' + 'c'", "(+ (+ 'a<0a>' 'b<0a>') 'c')");
}

static void words_are_literals(void **state)
{
    (void)state;
    assert_tree("[true, false, null, truer]", "(list true false null truer)");
}

/* --- operators --------------------------------------------------------------------- */

static void operators_bind_as_cel_has_them(void **state)
{
    (void)state;
    assert_tree("a + b * c", "(+ a (* b c))");
    assert_tree("a * b + c", "(+ (* a b) c)");
    assert_tree("a - b - c", "(- (- a b) c)");
    assert_tree("a / b % c * d", "(* (% (/ a b) c) d)");
    assert_tree("a < b == c in d", "(in (== (< a b) c) d)");
    assert_tree("a + 1 >= b - 2 && c || d", "(|| (&& (>= (+ a 1) (- b 2)) c) d)");
    assert_tree("!a.b && -c[0] != d",
                "(&& (! (select b a)) (!= (negate (index c 0)) d))");
    assert_tree("!!a", "(! (! a))");
    assert_tree("(a || b) && c", "(&& (|| a b) c)");
}

static void and_and_or_are_flat(void **state)
{
    (void)state;
    assert_tree("a && b && c && d", "(&& a b c d)");
    assert_tree("a || b && c || d", "(|| a (&& b c) d)");
    assert_tree("a && (b && c)", "(&& a (&& b c))");
}

static void conditions_are_right_associative(void **state)
{
    (void)state;
    assert_tree("a ? b : c ? d : e", "(?: a b (?: c d e))");
    assert_tree("a || b ? c && d : e", "(?: (|| a b) (&& c d) e)");
    assert_tree("(a ? b : c) ? d : e", "(?: (?: a b c) d e)");
    assert_tree("{a ? b : c : d}", "(map (?: a b c) d)");
    assert_tree("a ?.5:.b", "(?: a 0.5 .b)");
}

/* --- members, calls, aggregates ---------------------------------------------------- */

static void members_follow_each_other(void **state)
{
    (void)state;
    assert_tree("a.b[c].d(e, f)", "(method d (index (select b a) c) e f)");
    assert_tree(".a.b", "(select b .a)");
    assert_tree("a.`b-c.d/e f`", "(select b-c.d/e f a)");
    assert_tree("a.for", "(select for a)");
    assert_tree("f()", "(call f)");
    assert_tree(".f(a)", "(call .f a)");
    assert_tree("a.b.f(c)", "(method f (select b a) c)");
    assert_tree("'a'.size()", "(method size 'a')");
    assert_tree("[1][0]", "(index (list 1) 0)");
    assert_tree("1.e5", "(select e5 1)");
}

static void aggregates_may_end_with_a_comma(void **state)
{
    (void)state;
    assert_tree("[]", "(list)");
    assert_tree("[1, [2,],]", "(list 1 (list 2))");
    assert_tree("{}", "(map)");
    assert_tree("{'a': 1, 2: b,}", "(map 'a' 1 2 b)");
    assert_tree("A{}", "(message A)");
    assert_tree(".a . b //\n . C{x: 1, `y-z`: D{}, for: 2,}",
                "(message .a.b.C 'x' 1 'y-z' (message D) 'for' 2)");
    assert_tree("A{x: 1}.x == b", "(== (select x (message A 'x' 1)) b)");
}

static void macros_are_expanded(void **state)
{
    (void)state;
    assert_tree("has(a.b.c)", "(has c (select b a))");
    assert_tree("has(a.`b-c`)", "(has b-c a)");
    assert_tree("a.all(x, x > y)", "(all x a (> x y))");
    assert_tree("a.exists(x, b.exists_one(y, y == x))",
                "(exists x a (exists_one y b (== y x)))");
    assert_tree("a.filter(x, x).map(x, x, [x])",
                "(map_each x (filter x a x) x (list x))");
    assert_tree("a.map(x, x + 1)", "(map_each x a (+ x 1))");
}

static void with_other_arguments_a_macro_is_a_call(void **state)
{
    (void)state;
    assert_tree("a.all(x)", "(method all a x)");
    assert_tree("a.map(x)", "(method map a x)");
    assert_tree("all(a, x, x)", "(call all a x x)");
    assert_tree(".has(a)", "(call .has a)");
    assert_tree("has(a.b, c)", "(call has (select b a) c)");
    assert_tree("a.has(b)", "(method has a b)");
}

static void space_and_comments_mean_nothing(void **state)
{
    (void)state;
    assert_same("a&&b", " a\t// one\r\n &&\f// two && c\n b// three");
}

/* --- places ------------------------------------------------------------------------ */

static void nodes_know_where_they_stand(void **state)
{
    (void)state;
    struct {
        const char *query;
        const char *root;
        const char *mark;
    } cases[] = {
        {" a.b + (c) ", "a.b + (c)", "+ (c) "},
        {"(a) + b", "(a) + b", "+ b"},
        {"(a + b)", "a + b", "+ b)"},
        {"!(a)", "!(a)", "!(a)"},
        {"a . b", "a . b", "b"},
        {"(a).b(c)", "(a).b(c)", "b(c)"},
        {"(a)[0]", "(a)[0]", "[0]"},
        {"has( a.b )", "has( a.b )", "b )"},
        {"a.all(x, y )", "a.all(x, y )", "all(x, y )"},
        {"a ? b : c", "a ? b : c", "? b : c"},
        {"a && b && c", "a && b && c", "&& b && c"},
        {"A.B{c: 1}", "A.B{c: 1}", "A.B{c: 1}"},
        {"- 1.50", "- 1.50", "- 1.50"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse_as(cases[i].query, &tg_query_limits_wide), TG_OK);
        const struct tg_ast_node *root = tg_ast_root(&ast);
        assert_slice(tg_ast_source(&ast, root), cases[i].root);
        assert_string_equal(cases[i].query + root->mark, cases[i].mark);
    }
}

/* --- refusals ---------------------------------------------------------------------- */

static void what_is_missing_is_said(void **state)
{
    (void)state;
    assert_refused("", "the query is empty at line 1, column 1");
    assert_refused(" // nothing", "the query is empty at line 1, column 12");
    assert_refused("a ==", "a value should stand here, but the query ends "
                           "at line 1, column 5");
    assert_refused("a == )", "a value should stand here, not \")\" "
                             "at line 1, column 6: \")\"");
    assert_refused("a b", "an operator such as \"==\" or \"&&\" should stand here, not "
                          "\"b\" at line 1, column 3: \"b\"");
    assert_refused("(a b)", "an operator or \")\" should stand here, not \"b\" "
                            "at line 1, column 4: \"b)\"");
    assert_refused("[a 'b']", "an operator, a comma or \"]\" should stand here, not "
                              "\"'b'\" at line 1, column 4: \"'b']\"");
    assert_refused("a ? b, c", "an operator or the \":\" of \"?\" should stand here, not "
                               "\",\" at line 1, column 6: \", c\"");
    assert_refused("a ? b", "\"?\" lacks its \":\" and what is after it "
                            "at line 1, column 3: \"? b\"");
    assert_refused("{a}", "a colon and the value of this key should stand here, not "
                          "\"}\" at line 1, column 3: \"}\"");
    assert_refused("A{1: 2}", "the name of a message's field should stand here "
                              "at line 1, column 3: \"1: 2}\"");
    assert_refused("A{b}", "a colon and a value should stand here "
                           "at line 1, column 4: \"}\"");
    assert_refused("f(a,)", "a value should stand here, not \")\" "
                            "at line 1, column 5: \")\"");
    assert_refused("a.", "a name should stand after the dot, but the query ends "
                         "at line 1, column 3");
    assert_refused("a.'b'", "a name should stand after the dot, not \"'b'\" "
                            "at line 1, column 3: \"'b'\"");
}

static void what_is_open_is_pointed_at(void **state)
{
    (void)state;
    assert_refused("a && (b || c", "\"(\" is never closed "
                                   "at line 1, column 6: \"(b || c\"");
    assert_refused("a in [1, 2", "\"[\" is never closed at line 1, column 6: \"[1, 2\"");
    assert_refused("(a, b)", "a list is written [\"a\", \"b\"] "
                             "at line 1, column 3: \", b)\"");
    assert_refused("[(a]", "\"(\" is not closed before \"]\" "
                           "at line 1, column 2: \"(a]\"");
    assert_refused("a)", "\")\" closes nothing at line 1, column 2: \")\"");
    assert_refused("a == 'b", "this string is never closed "
                              "at line 1, column 6: \"'b\"");
    assert_refused("a ==\n 'b\n'", "this string is not closed on its line: write \\n, or "
                                   "put it between \"\"\" and \"\"\" "
                                   "at line 2, column 2: \"'b\"");
}

static void operators_of_other_languages_are_translated(void **state)
{
    (void)state;
    assert_refused("a = 1", "\"=\" is no operator; did you mean \"==\"? "
                            "at line 1, column 3: \"= 1\"");
    assert_refused("a === 1", "\"===\" is no operator; did you mean \"==\"? "
                              "at line 1, column 3: \"=== 1\"");
    assert_refused("a <> 1", "\"<>\" is no operator; did you mean \"!=\"? "
                             "at line 1, column 3: \"<> 1\"");
    assert_refused("a => 1", "\"=>\" is no operator; did you mean \">=\"? "
                             "at line 1, column 3: \"=> 1\"");
    assert_refused("a & b", "\"&\" is no operator; did you mean \"&&\"? "
                            "at line 1, column 3: \"& b\"");
    assert_refused("a | b", "\"|\" is no operator; did you mean \"||\"? "
                            "at line 1, column 3: \"| b\"");
    assert_refused("a and b", "\"and\" is no operator; did you mean \"&&\"? "
                              "at line 1, column 3: \"and b\"");
    assert_refused("a OR b", "\"OR\" is no operator; did you mean \"||\"? "
                             "at line 1, column 3: \"OR b\"");
    assert_refused("a && not b", "\"not\" is no operator; write !(…) "
                                 "at line 1, column 6: \"not b\"");
    assert_refused("a not in b", "\"not\" is no operator; write !(a in b) for "
                                 "\"a not in b\" at line 1, column 3: \"not in b\"");
    assert_refused("a LIKE b", "\"LIKE\" is no operator; write a.startsWith(b), "
                               "a.endsWith(b) or a.contains(b) "
                               "at line 1, column 3: \"LIKE b\"");
    assert_refused("a between 1 and 2", "\"between\" is no operator; write a >= b && "
                                        "a <= c at line 1, column 3: "
                                        "\"between 1 and 2\"");
    assert_refused("a contains b", "\"contains\" is no operator; write a.contains(b) "
                                   "at line 1, column 3: \"contains b\"");
    assert_refused("a = \"b\"", "\"=\" is no operator; did you mean \"==\"? "
                                "at line 1, column 3: `= \"b\"`");
    assert_refused("a \"b\"", "an operator such as \"==\" or \"&&\" should stand here, "
                              "not \"b\" at line 1, column 3: `\"b\"`");
    assert_refused("a is null", "\"is\" is no operator; did you mean \"==\"? "
                                "at line 1, column 3: \"is null\"");
    assert_refused("a?.b", "CEL has no \"?.\": write has(data.x) && data.x … "
                           "at line 1, column 2: \"?.b\"");
    assert_refused("!-a", "put what \"!\" is for in parentheses "
                          "at line 1, column 2: \"-a\"");
    assert_refused("a ? b ? c : d : e", "a ?: between \"?\" and \":\" must stand in "
                                        "parentheses at line 1, column 7: "
                                        "\"? c : d : e\"");
}

static void names_that_cannot_be_are_explained(void **state)
{
    (void)state;
    assert_refused("for == 1", "\"for\" is reserved; reach a field of this name by "
                               "data[\"for\"] at line 1, column 1: \"for == 1\"");
    assert_refused("data.in", "\"in\" cannot stand after a dot: write [\"in\"] "
                              "at line 1, column 6: \"in\"");
    assert_refused("`a`", "a name in back-quotes may stand after a dot only: data.`a` "
                          "at line 1, column 1: \"`a`\"");
    assert_refused("data.`a!`", "a name in back-quotes has letters, digits and _ . - / "
                                "only, and ends with a back-quote "
                                "at line 1, column 6: \"`a!`\"");
    assert_refused("gr\xc3\xb6\xc3\x9f"
                   "e > 1",
                   "a name has letters from a to z, digits and _ only; reach a field of "
                   "another name by data[\"…\"] at line 1, column 3: \"\xc3\xb6\xc3\x9f"
                   "e > 1\"");
    assert_refused("a.0", "an item is reached by its number in brackets: [0] "
                          "at line 1, column 2: \".0\"");
    assert_refused("(a)(b)", "only a name can be called at line 1, column 4: \"(b)\"");
    assert_refused("has(x)", "has() wants a field of something: has(data.x) "
                             "at line 1, column 5: \"x)\"");
    assert_refused("has(a['b'])", "has() wants a field that is reached by a dot, such as "
                                  "has(data.total) at line 1, column 6: \"['b'])\"");
    assert_refused("has(old)", "has() wants a field that is reached by a dot, such as "
                               "has(data.total) at line 1, column 5: \"old)\"");
    assert_refused("a.all(b.c, d)", "all() wants a plain name as its first argument, for "
                                    "each item: items.all(item, …) "
                                    "at line 1, column 7: \"b.c, d)\"");
}

static void literals_that_cannot_be_are_explained(void **state)
{
    (void)state;
    assert_refused("9223372036854775808",
                   "this int is too large: 9223372036854775807 is the most; write .0 "
                   "after it for a double at line 1, column 1: \"9223372036854775808\"");
    assert_refused("-9223372036854775809",
                   "this int is too small: -9223372036854775808 is the least; write .0 "
                   "after it for a double at line 1, column 1: \"-9223372036854775809\"");
    assert_refused("18446744073709551616u",
                   "this uint is too large: 18446744073709551615u is the most "
                   "at line 1, column 1: \"18446744073709551616u\"");
    assert_refused("1e309", "this number is too large for a double "
                            "at line 1, column 1: \"1e309\"");
    assert_refused("0xu", "a hexadecimal number lacks its digits "
                          "at line 1, column 1: \"0xu\"");
    assert_refused("12px", "letters follow right after a number: write 12, 12u, 0x1f, "
                           "1.5 or 1e3 at line 1, column 1: \"12px\"");
    assert_refused("'\\d'", "this escape is none: write \\\\ for a backslash, or r\"…\" "
                            "at line 1, column 2: \"\\d'\"");
    assert_refused("'\\x4'", "\\x wants two hexadecimal digits "
                             "at line 1, column 2: \"\\x4'\"");
    assert_refused("'\\400'", "an octal escape has three digits, \\000 to \\377 "
                              "at line 1, column 2: \"\\400'\"");
    assert_refused("'\\u12'", "\\u wants 4 hexadecimal digits "
                              "at line 1, column 2: \"\\u12'\"");
    assert_refused("'\\ud800'", "no character has the code D800 "
                                "at line 1, column 2: \"\\ud800'\"");
    assert_refused("b'\\u0041'", "\\u stands in strings only: in bytes write \\x41 or "
                                 "\\101 at line 1, column 3: \"\\u0041'\"");
    assert_refused("a == \xe2\x80\x9cx\xe2\x80\x9d",
                   "a string stands between straight quotes, \" or ' "
                   "at line 1, column 6: \"\xe2\x80\x9cx\xe2\x80\x9d\"");
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    assert_refused("a;", "\";\" has no meaning here at line 1, column 2: \";\"");
    assert_refused("a \x01", "the control character U+0001 stands outside of a string "
                             "at line 1, column 3");
    assert_refused("'\xc3\xa9' + '\xff'", "the query is not UTF-8 "
                                          "at line 1, column 8");
    assert_refused("'ab\xe2\x82", "the query is not UTF-8 at line 1, column 4");
}

static void optional_values_are_not_supported(void **state)
{
    (void)state;
    static const char *const queries[] = {"a.?b", "a[?0]", "[?a]", "{?a: b}", "A{?b: c}"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        assert_int_equal(parse_as(queries[i], &tg_query_limits_default), TG_EINVAL);
        assert_int_equal(refusal.code, TG_CODE_QUERY_UNSUPPORTED);
        assert_int_equal(refusal.column, strchr(queries[i], '?') - queries[i] + 1);
    }
}

static void places_are_lines_and_characters(void **state)
{
    (void)state;
    assert_refused("a &&\r\nb &&\r'\xc3\xa9\xf0\x9f\x98\x80' &&\n \t $",
                   "\"$\" has no meaning here at line 4, column 4: \"$\"");
    assert_refused("a == '\xc3\xa9\xf0\x9f\x98\x80' & b",
                   "\"&\" is no operator; did you mean \"&&\"? "
                   "at line 1, column 11: \"& b\"");
    assert_refused("a b c d e f g h i j k l m n o p q",
                   "an operator such as \"==\" or \"&&\" should stand here, not \"b\" "
                   "at line 1, column 3: \"b c d e f g h i j k l m …\"");
}

static void a_long_sentence_keeps_its_place(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof text);
    tg_query_refuse(&refusal, TG_CODE_QUERY_FIELD, tg_slice_of("ab"), 1, "%.*s",
                    (int)sizeof text, text);
    assert_int_equal(strlen(refusal.message), TG_REFUSAL_MESSAGE_MAX);
    assert_non_null(strstr(refusal.message, "xx at line 1, column 2: \"b\""));
    assert_int_equal(refusal.code, TG_CODE_QUERY_FIELD);
    assert_int_equal(refusal.column, 2);
}

/* --- limits ------------------------------------------------------------------------ */

static const char *repeated(const char *head, const char *item, unsigned times,
                            const char *tail)
{
    static struct tg_buf text;
    tg_buf_clear(&text);
    tg_buf_add_text(&text, head);
    for (unsigned i = 0; i < times; i++) {
        tg_buf_add_text(&text, item);
    }
    tg_buf_add_text(&text, tail);
    tg_buf_add_byte(&text, '\0');
    return (const char *)text.data;
}

static void a_query_has_so_many_bytes(void **state)
{
    (void)state;
    const struct tg_query_limits *usual = &tg_query_limits_default;
    assert_int_equal(parse_as(repeated("a", " ", 4095, ""), usual), TG_OK);
    assert_limited(
        usual, repeated("a", " ", 4096, ""),
        "the query is too long: 4097 bytes, at most 4096 may be (queries.bytes_max) "
        "at line 1, column 4097: \" \"");
}

static void a_query_has_so_many_nodes(void **state)
{
    (void)state;
    const struct tg_query_limits *usual = &tg_query_limits_default;
    assert_int_equal(parse_as(repeated("a", "||a", 254, ""), usual), TG_OK);
    assert_limited(usual, repeated("a", "||a", 255, ""),
                   "the query has too many parts: at most 256 names, values and "
                   "operators may stand in it (queries.nodes_max) at line 1, column 2: "
                   "\"||a||a||a||a||a||a||a||a…\"");
    assert_limited(usual, repeated("a", "||1", 300, ""),
                   "the query has too many parts: at most 256 names, values and "
                   "operators may stand in it (queries.nodes_max) at line 1, column 2: "
                   "\"||1||1||1||1||1||1||1||1…\"");
}

static void items_that_are_literals_do_not_count_as_nodes(void **state)
{
    (void)state;
    const struct tg_query_limits *usual = &tg_query_limits_default;
    assert_int_equal(parse_as(repeated("a in [", "1,", 999, "-1]"), usual), TG_OK);
    assert_int_equal(ast.count, 1000 + 3);
    assert_limited(usual, repeated("a in [", "1,", 1000, "1]"),
                   "this list is too long: at most 1000 items may stand in it "
                   "(queries.items_max) "
                   "at line 1, column 2007: \"1]\"");
    assert_limited(usual, repeated("a in [", "b,", 300, "1]"),
                   "the query has too many parts: at most 256 names, values and "
                   "operators may stand in it (queries.nodes_max) at line 1, column 517: "
                   "\"b,b,b,b,b,b,b,b,b,b,b,b,…\"");
}

static void a_query_is_so_deep(void **state)
{
    (void)state;
    const struct tg_query_limits *usual = &tg_query_limits_default;
    static const char message[] = "the query is too deep: at most 32 levels may stand in "
                                  "one another (queries.depth_max) at line 1, column ";
    static const char *const heads[] = {"(", "[", "f(", "!(", "-(", "a[", "a?b:", "{a:"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        assert_int_equal(parse_as(repeated("", heads[i], 100, ""), usual), TG_ELIMIT);
        assert_int_equal(strncmp(refusal.message, message, strlen(message)), 0);
    }
    assert_int_equal(parse_as(repeated("a", ".b", 31, ""), usual), TG_OK);
    assert_int_equal(tg_ast_root(&ast)->depth, 32);
    assert_int_equal(parse_as(repeated("a", ".b", 32, ""), usual), TG_ELIMIT);
    assert_int_equal(parse_as(repeated("a", "+b", 31, ""), usual), TG_OK);
    assert_int_equal(parse_as(repeated("a", "+b", 32, ""), usual), TG_ELIMIT);
    assert_int_equal(parse_as(repeated("", "!", 31, "a"), usual), TG_OK);
    assert_int_equal(parse_as(repeated("", "!", 32, "a"), usual), TG_ELIMIT);
    assert_int_equal(parse_as(repeated("", "!", 254, "a"), &tg_query_limits_wide), TG_OK);
    assert_int_equal(parse_as(repeated("", "!", 255, "a"), &tg_query_limits_wide),
                     TG_ELIMIT);
}

/* --- memory ------------------------------------------------------------------------ */

static const char rich[] =
    "a.b.C{x: 'p\\n'}.f(\"\\u00e9\", 1.00000000000000000000000000000000000000000000000000"
    "00000000000000000000000001) && [1, 2, 3, 4, 5].map(x, x > 1, {'a\\t': x, b'\\x01': "
    "[c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, 1, 2, 3, "
    "4, 5, 6, 7, 8, 9, a+b, c*d, e?f:g, h||i||j||k||l]})";

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_ast fresh = {0};
    enum tg_err err = TG_ENOMEM;
    for (size_t n = 1; err != TG_OK; n++) {
        tg_test_heap_begin(&heap, n);
        err = tg_parse(&fresh, tg_slice_of(rich), &tg_query_limits_wide, &refusal);
        if (err != TG_OK) {
            assert_int_equal(err, TG_ENOMEM);
            assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
            /* It can be used again at once. */
            assert_int_equal(
                tg_parse(&fresh, tg_slice_of(rich), &tg_query_limits_wide, &refusal),
                TG_OK);
        }
        tg_ast_finish(&fresh);
        assert_true(tg_test_heap_end(&heap));
    }
}

static void parsing_again_takes_no_memory(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_ast fresh = {0};
    tg_test_heap_begin(&heap, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            tg_parse(&fresh, tg_slice_of(rich), &tg_query_limits_wide, &refusal), TG_OK);
        assert_int_equal(
            tg_parse(&fresh, tg_slice_of("'\\n' + )"), &tg_query_limits_wide, &refusal),
            TG_EINVAL);
        heap.fail_at = heap.calls + 1;
    }
    tg_ast_finish(&fresh);
    assert_true(tg_test_heap_end(&heap));
}

static int finish_all(void **state)
{
    (void)state;
    tg_ast_finish(&ast);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_ints_uints_and_doubles),
        cmocka_unit_test(a_minus_before_a_number_belongs_to_it),
        cmocka_unit_test(strings_have_four_quotings),
        cmocka_unit_test(escapes_are_resolved),
        cmocka_unit_test(words_are_literals),
        cmocka_unit_test(operators_bind_as_cel_has_them),
        cmocka_unit_test(and_and_or_are_flat),
        cmocka_unit_test(conditions_are_right_associative),
        cmocka_unit_test(members_follow_each_other),
        cmocka_unit_test(aggregates_may_end_with_a_comma),
        cmocka_unit_test(macros_are_expanded),
        cmocka_unit_test(with_other_arguments_a_macro_is_a_call),
        cmocka_unit_test(space_and_comments_mean_nothing),
        cmocka_unit_test(nodes_know_where_they_stand),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(what_is_open_is_pointed_at),
        cmocka_unit_test(operators_of_other_languages_are_translated),
        cmocka_unit_test(names_that_cannot_be_are_explained),
        cmocka_unit_test(literals_that_cannot_be_are_explained),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(optional_values_are_not_supported),
        cmocka_unit_test(places_are_lines_and_characters),
        cmocka_unit_test(a_long_sentence_keeps_its_place),
        cmocka_unit_test(a_query_has_so_many_bytes),
        cmocka_unit_test(a_query_has_so_many_nodes),
        cmocka_unit_test(items_that_are_literals_do_not_count_as_nodes),
        cmocka_unit_test(a_query_is_so_deep),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(parsing_again_takes_no_memory),
    };
    return cmocka_run_group_tests_name("query/parse", tests, NULL, finish_all);
}
