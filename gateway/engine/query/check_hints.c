/* What is meant by words that other languages have, for messages. */
#include "engine/query/check.h"

#include <stdio.h>

struct word {
    struct tg_slice word;
    struct tg_slice meant;
};

#define WORD(word, meant)                     \
    {                                         \
        TG_LIT_INIT(word), TG_LIT_INIT(meant) \
    }

/* Values. */
static const struct word values[] = {
    WORD("null", "null"),      WORD("none", "null"), WORD("nil", "null"),
    WORD("undefined", "null"), WORD("true", "true"), WORD("false", "false"),
};

static const struct word functions[] = {
    WORD("includes", "contains"),
    WORD("icontains", "contains"),
    WORD("has", "contains"),
    WORD("tolowercase", "lowerAscii"),
    WORD("tolower", "lowerAscii"),
    WORD("lower", "lowerAscii"),
    WORD("lowercase", "lowerAscii"),
    WORD("touppercase", "upperAscii"),
    WORD("toupper", "upperAscii"),
    WORD("upper", "upperAscii"),
    WORD("uppercase", "upperAscii"),
    WORD("length", "size"),
    WORD("len", "size"),
    WORD("count", "size"),
    WORD("starts_with", "startsWith"),
    WORD("startswith", "startsWith"),
    WORD("ends_with", "endsWith"),
    WORD("endswith", "endsWith"),
};

/* What a handler calls it, or another framework, to `event.op`. */
static const struct word operations[] = {
    WORD("add", "create"),     WORD("insert", "create"),  WORD("new", "create"),
    WORD("created", "create"), WORD("added", "create"),   WORD("change", "update"),
    WORD("changed", "update"), WORD("updated", "update"), WORD("modify", "update"),
    WORD("edit", "update"),    WORD("save", "update"),    WORD("remove", "delete"),
    WORD("removed", "delete"), WORD("deleted", "delete"), WORD("destroy", "delete"),
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static struct tg_slice find(const struct word *words, size_t count, struct tg_slice text)
{
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        while (same < text.size && same < words[i].word.size &&
               lower(text.data[same]) == words[i].word.data[same]) {
            same++;
        }
        if (same == text.size && same == words[i].word.size) {
            return words[i].meant;
        }
    }
    return tg_slice(NULL, 0);
}

struct tg_slice tg_hint_value(struct tg_slice word)
{
    return find(values, COUNT(values), word);
}

struct tg_slice tg_hint_function(struct tg_slice word)
{
    return find(functions, COUNT(functions), word);
}

void tg_hint_only(struct tg_nearest *nearest, struct tg_slice name)
{
    nearest->names[0] = name;
    nearest->costs[0] = 0;
    nearest->count = 1;
}

/* --- event.op -------------------------------------------------------------------- */

const char *tg_operations_text(uint32_t set, char text[TG_CHECK_TEXT_MAX])
{
    size_t at = 0;
    text[0] = '\0';
    for (int op = 0; op < TG_OP_COUNT; op++) {
        uint32_t bit = 1u << op;
        if ((set & bit) != 0) {
            const char *joint = at == 0 ? "" : set < bit << 1 ? " or " : ", ";
            at += (size_t)snprintf(text + at, TG_CHECK_TEXT_MAX - at, "%s\"%s\"", joint,
                                   tg_op_text((enum tg_op)op));
        }
    }
    return text;
}

enum tg_err tg_check_operation(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    uint32_t known = c->schema->operations;
    struct tg_nearest nearest;
    char list[TG_CHECK_TEXT_MAX];
    if (node->kind != TG_AST_STRING || known == 0) {
        return TG_OK;
    }
    struct tg_slice meant = find(operations, COUNT(operations), node->text);
    tg_nearest_init(&nearest, meant.size != 0 ? meant : node->text);
    for (int op = 0; op < TG_OP_COUNT; op++) {
        struct tg_slice text = tg_slice_of(tg_op_text((enum tg_op)op));
        if ((known & 1u << op) == 0) {
            continue;
        }
        if (tg_slice_equal(text, node->text)) {
            return TG_OK;
        }
        tg_nearest_offer(&nearest, text);
    }
    enum tg_err err = tg_check_refuse(
        c, TG_CODE_QUERY_TYPE, node->at, "event.op is never %.*s; it is %s",
        TG_FMT(tg_refusal_quote(tg_ast_source(c->ast, node))),
        tg_operations_text(known, list));
    tg_refusal_suggest_all(c->refusal, &nearest);
    return err;
}

enum { TIME_MAX = 64 }; /* Of a time or a duration as people write it. */

/* --- Literals -------------------------------------------------------------------- */

/* The text as a time, with what it lacks at its end; false: it is none. */
static bool complete_time(struct tg_slice text, char made[TIME_MAX])
{
    static const char *const ends[] = {"", "Z", ":00Z", "T00:00:00Z"};
    struct tg_timestamp timestamp;
    for (size_t i = 0; i < COUNT(ends) && text.size < 48; i++) {
        int size = snprintf(made, TIME_MAX, "%.*s%s", TG_FMT(text), ends[i]);
        if (tg_timestamp_read(tg_slice(made, (size_t)size), &timestamp)) {
            return true;
        }
    }
    return false;
}

/* "99.95", "-7" */
static bool is_number(struct tg_slice text)
{
    size_t digits = 0;
    size_t points = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_sign = i == 0 && text.data[i] == '-';
        bool is_point = text.data[i] == '.' && digits > 0 && i + 1 < text.size;
        bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
        digits += is_digit;
        points += is_point;
        if (!is_sign && !is_point && !is_digit) {
            return false;
        }
    }
    return digits > 0 && points <= 1 && text.size <= 40;
}

const char *tg_hint_literal(uint8_t type, const struct tg_ast_node *literal,
                            char hint[TG_HINT_MAX])
{
    char text[TIME_MAX];
    struct tg_duration duration;
    bool is_text = literal->kind == TG_AST_STRING;
    switch (type) {
    case TG_KNOWN_TIMESTAMP:
        if (!is_text || !complete_time(literal->text, text)) {
            return "; write timestamp(\"2026-11-23T02:16:34Z\")";
        }
        snprintf(hint, TG_HINT_MAX, "; write timestamp(\"%s\")", text);
        return hint;
    case TG_KNOWN_DURATION:
        if (!is_text || literal->text.size > 48 ||
            !tg_duration_read_units(literal->text, &duration)) {
            return "; write duration(\"93.5s\")";
        }
        snprintf(hint, TG_HINT_MAX, "; write duration(\"%.*s\")", TG_FMT(literal->text));
        return hint;
    case TG_KNOWN_DATE:
        return "; write date(…)";
    case TG_KNOWN_INT:
    case TG_KNOWN_UINT:
    case TG_KNOWN_DOUBLE:
    case TG_KNOWN_DECIMAL:
        if (!is_text || !is_number(literal->text)) {
            return "";
        }
        snprintf(hint, TG_HINT_MAX, "; write %.*s", TG_FMT(literal->text));
        return hint;
    default:
        return "";
    }
}

/* --- A name that should be in quotes --------------------------------------------- */

/* The node that has `at` as a child. */
static const struct tg_ast_node *parent_of(const struct tg_checker *c, uint32_t at,
                                           uint32_t *index)
{
    for (uint32_t i = at + 1; i < c->ast->count; i++) {
        const struct tg_ast_node *node = &c->ast->nodes[i];
        for (uint32_t n = 0; n < node->count; n++) {
            if (tg_ast_child_index(c->ast, node, n) == at) {
                *index = i;
                return node;
            }
        }
    }
    return NULL;
}

bool tg_hint_is_text(const struct tg_checker *c, uint32_t at)
{
    uint32_t index = at;
    const struct tg_ast_node *node = parent_of(c, at, &index);
    bool is_item = node != NULL && node->kind == TG_AST_LIST;
    if (is_item) {
        at = index;
        node = parent_of(c, at, &index);
    }
    if (node == NULL ||
        (is_item ? node->kind != TG_AST_IN
                 : node->kind != TG_AST_EQUAL && node->kind != TG_AST_NOT_EQUAL)) {
        return false;
    }
    uint32_t first = tg_ast_child_index(c->ast, node, 0);
    uint32_t other = first == at ? tg_ast_child_index(c->ast, node, 1) : first;
    if (other < at) {
        return c->nodes[other].type == TG_KNOWN_STRING;
    }
    const struct tg_ast_node *name = &c->ast->nodes[other];
    return name->kind == TG_AST_NAME && tg_check_is_text_field(c, name->text);
}
