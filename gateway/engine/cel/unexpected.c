/* What to say about a token that cannot stand where it stands. */
#include "engine/cel/parser.h"

/* "…" around the token, for a sentence. */
static struct tg_slice quoted(const struct tg_parser *p)
{
    struct tg_slice source = p->tree.ast->source;
    return tg_refusal_quote(
        tg_slice(source.data + p->token.at, p->token.end - p->token.at));
}

/* Quotes to stand around the token: one that has its own needs none. */
static const char *mark_of(const struct tg_parser *p)
{
    struct tg_slice text = quoted(p);
    return text.size != 0 && text.data[0] == '"' ? "" : "\"";
}

static bool is_word(struct tg_slice text, const char *word)
{
    if (text.size != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] | 0x20) != (uint8_t)word[i]) {
            return false;
        }
    }
    return true;
}

static const char *bracket_of(const struct tg_frame *frame)
{
    switch (frame->kind) {
    case TG_FRAME_LIST:
    case TG_FRAME_INDEX:
        return "[";
    case TG_FRAME_MAP:
    case TG_FRAME_STRUCT:
        return "{";
    default:
        return "(";
    }
}

static const char *closing_of(const struct tg_frame *frame)
{
    const char *bracket = bracket_of(frame);
    return *bracket == '[' ? "]" : *bracket == '{' ? "}" : ")";
}

enum tg_err tg_parser_optional(struct tg_parser *p)
{
    tg_query_refuse(p->tree.refusal, TG_CODE_QUERY_UNSUPPORTED, p->tree.ast->source,
                    p->token.at,
                    "CEL's optional values (.? and [?) are not supported here; write "
                    "has(data.x) && data.x …");
    return TG_EINVAL;
}

enum tg_err tg_parser_no_name(struct tg_parser *p)
{
    if (p->token.kind == TG_TOKEN_END) {
        return tg_parser_refuse(p, p->token.at,
                                "a name should stand after the dot, but the query ends");
    }
    if (p->token.kind == TG_TOKEN_TRUE || p->token.kind == TG_TOKEN_FALSE ||
        p->token.kind == TG_TOKEN_NULL || p->token.kind == TG_TOKEN_IN) {
        return tg_parser_refuse(p, p->token.at,
                                "\"%.*s\" cannot stand after a dot: write [\"%.*s\"]",
                                TG_FMT(quoted(p)), TG_FMT(quoted(p)));
    }
    return tg_parser_refuse(p, p->token.at,
                            "a name should stand after the dot, not %s%.*s%s", mark_of(p),
                            TG_FMT(quoted(p)), mark_of(p));
}

enum tg_err tg_parser_no_operand(struct tg_parser *p)
{
    const struct tg_frame *top = tg_parser_top(p);
    switch (p->token.kind) {
    case TG_TOKEN_END:
        return tg_parser_refuse(p, p->token.at,
                                p->end == 0
                                    ? "the query is empty"
                                    : "a value should stand here, but the query ends");
    case TG_TOKEN_RESERVED:
        return tg_parser_refuse(p, p->token.at,
                                "\"%.*s\" is reserved; reach a field of this name by "
                                "data[\"%.*s\"]",
                                TG_FMT(quoted(p)), TG_FMT(quoted(p)));
    case TG_TOKEN_QUOTED:
        return tg_parser_refuse(p, p->token.at,
                                "a name in back-quotes may stand after a dot only: "
                                "data.%.*s",
                                TG_FMT(quoted(p)));
    case TG_TOKEN_QUESTION:
        if (top != NULL && (top->kind == TG_FRAME_LIST || top->kind == TG_FRAME_MAP)) {
            return tg_parser_optional(p);
        }
        break;
    default:
        break;
    }
    return tg_parser_refuse(p, p->token.at, "a value should stand here, not %s%.*s%s",
                            mark_of(p), TG_FMT(quoted(p)), mark_of(p));
}

/* Words that are operators elsewhere. */
static const char *meant_by(struct tg_slice word)
{
    static const struct {
        const char *word;
        const char *meant;
    } words[] = {
        {"and", "&&"},    {"or", "||"},  {"is", "=="},  {"eq", "=="},
        {"equals", "=="}, {"mod", "%"},  {"xor", "!="}, {"ne", "!="},
        {"gt", ">"},      {"gte", ">="}, {"lt", "<"},   {"lte", "<="},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(word, words[i].word)) {
            return words[i].meant;
        }
    }
    return NULL;
}

/* Words that need more than another word. */
static const char *advice_for(struct tg_slice word)
{
    static const struct {
        const char *word;
        const char *advice;
    } words[] = {
        {"not", "!(a in b) for \"a not in b\""},
        {"like", "a.startsWith(b), a.endsWith(b) or a.contains(b)"},
        {"ilike", "a.lowerAscii().contains(b)"},
        {"between", "a >= b && a <= c"},
        {"contains", "a.contains(b)"},
        {"includes", "a.contains(b)"},
        {"startswith", "a.startsWith(b)"},
        {"endswith", "a.endsWith(b)"},
        {"matches", "a.matches(b)"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(word, words[i].word)) {
            return words[i].advice;
        }
    }
    return NULL;
}

static enum tg_err refuse_word(struct tg_parser *p)
{
    const char *meant = meant_by(p->token.text);
    const char *advice = advice_for(p->token.text);
    if (meant != NULL) {
        return tg_parser_refuse(p, p->token.at,
                                "\"%.*s\" is no operator; did you mean \"%s\"?",
                                TG_FMT(quoted(p)), meant);
    }
    if (advice != NULL) {
        return tg_parser_refuse(p, p->token.at, "\"%.*s\" is no operator; write %s",
                                TG_FMT(quoted(p)), advice);
    }
    return TG_OK;
}

/* The token stands where only an operator or a bracket could. */
static enum tg_err refuse_here(struct tg_parser *p)
{
    const struct tg_frame *top = tg_parser_top(p);
    struct tg_slice text = quoted(p);
    const char *mark = mark_of(p);
    while (top != NULL && top->kind < TG_FRAME_THEN) {
        top = top == p->frames ? NULL : top - 1;
    }
    if (top == NULL) {
        return tg_parser_refuse(p, p->token.at,
                                "an operator such as \"==\" or \"&&\" should stand here, "
                                "not %s%.*s%s",
                                mark, TG_FMT(text), mark);
    }
    if (top->kind == TG_FRAME_THEN) {
        return tg_parser_refuse(
            p, p->token.at,
            "an operator or the \":\" of \"?\" should stand here, not %s%.*s%s", mark,
            TG_FMT(text), mark);
    }
    if (top->kind == TG_FRAME_MAP && top->count % 2 == 0) {
        return tg_parser_refuse(p, p->token.at,
                                "a colon and the value of this key should stand here, "
                                "not %s%.*s%s",
                                mark, TG_FMT(text), mark);
    }
    if (top->kind == TG_FRAME_PAREN && p->token.kind == TG_TOKEN_COMMA) {
        return tg_parser_refuse(p, p->token.at, "a list is written [\"a\", \"b\"]");
    }
    bool has_items = top->kind != TG_FRAME_PAREN && top->kind != TG_FRAME_INDEX;
    return tg_parser_refuse(
        p, p->token.at, "an operator%s or \"%s\" should stand here, not %s%.*s%s",
        has_items ? ", a comma" : "", closing_of(top), mark, TG_FMT(text), mark);
}

enum tg_err tg_parser_no_operator(struct tg_parser *p)
{
    const struct tg_ast_node *before = tg_tree_pending(&p->tree, 0);
    if (before->kind == TG_AST_NAME && !before->grouped && is_word(before->text, "not")) {
        return tg_parser_refuse(p, before->mark, "\"%.*s\" is no operator; write !(…)",
                                TG_FMT(before->text));
    }
    if (p->token.kind == TG_TOKEN_NAME) {
        enum tg_err err = refuse_word(p);
        if (err != TG_OK) {
            return err;
        }
    }
    if (p->token.kind == TG_TOKEN_ROUND) {
        return tg_parser_refuse(p, p->token.at, "only a name can be called");
    }
    if (p->token.kind == TG_TOKEN_DOUBLE && before->kind > TG_AST_DOUBLE &&
        p->tree.ast->source.data[p->token.at] == '.') {
        return tg_parser_refuse(
            p, p->token.at, "an item is reached by its number in brackets: [%.*s]",
            (int)(quoted(p).size - 1), (const char *)quoted(p).data + 1);
    }
    return refuse_here(p);
}

enum tg_err tg_parser_unclosed(struct tg_parser *p)
{
    const struct tg_frame *top = tg_parser_top(p);
    bool at_end = p->token.kind == TG_TOKEN_END;
    struct tg_slice text = quoted(p);
    if (top == NULL) {
        return tg_parser_refuse(p, p->token.at, "\"%.*s\" closes nothing", TG_FMT(text));
    }
    if (top->kind == TG_FRAME_THEN) {
        struct tg_slice source = p->tree.ast->source;
        if (top->mark + 1 < source.size && source.data[top->mark + 1] == '.') {
            return tg_parser_refuse(p, top->mark,
                                    "CEL has no \"?.\": write has(data.x) && data.x …");
        }
        return tg_parser_refuse(p, top->mark,
                                "\"?\" lacks its \":\" and what is after it");
    }
    if (top->kind == TG_FRAME_MAP && top->count % 2 == 0 &&
        p->token.kind == TG_TOKEN_CURLY_END) {
        return refuse_here(p);
    }
    return at_end
               ? tg_parser_refuse(p, top->open, "\"%s\" is never closed", bracket_of(top))
               : tg_parser_refuse(p, top->open, "\"%s\" is not closed before \"%.*s\"",
                                  bracket_of(top), TG_FMT(text));
}
