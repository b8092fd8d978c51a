/* Functions of the profile, and what they take. */
#include "engine/query/check.h"

#include "engine/base/mem.h"
#include "engine/cel/regex.h"

#define BIT(type) (1u << TG_KNOWN_##type)
#define TEXT      (BIT(STRING) | BIT(UUID))
#define NUMBER    (BIT(INT) | BIT(UINT) | BIT(DOUBLE) | BIT(DECIMAL))
#define EVERY     0xffffu

enum { CALL = 1, METHOD = 2 };

struct function {
    struct tg_slice name;
    uint8_t forms;     /* size(x), x.size() */
    uint8_t count_min; /* Arguments, with what stands before the dot. */
    uint8_t count_max;
    uint8_t result;
    uint32_t takes[2]; /* Types of the first and the second. */
};

#define GETTER(text, of)                               \
    {                                                  \
        TG_LIT_INIT(text), METHOD, 1, 2, TG_KNOWN_INT, \
        {                                              \
            of, TEXT                                   \
        }                                              \
    }

static const struct function functions[] = {
    {TG_LIT_INIT("startsWith"), METHOD, 2, 2, TG_KNOWN_BOOL, {TEXT, TEXT}},
    {TG_LIT_INIT("endsWith"), METHOD, 2, 2, TG_KNOWN_BOOL, {TEXT, TEXT}},
    {TG_LIT_INIT("contains"), METHOD, 2, 2, TG_KNOWN_BOOL, {TEXT, TEXT}},
    {TG_LIT_INIT("matches"), CALL | METHOD, 2, 2, TG_KNOWN_BOOL, {TEXT, TEXT}},
    {TG_LIT_INIT("size"), CALL | METHOD, 1, 1, TG_KNOWN_INT, {TEXT | BIT(LIST), 0}},
    {TG_LIT_INIT("lowerAscii"), METHOD, 1, 1, TG_KNOWN_STRING, {TEXT, 0}},
    {TG_LIT_INIT("upperAscii"), METHOD, 1, 1, TG_KNOWN_STRING, {TEXT, 0}},
    {TG_LIT_INIT("int"), CALL, 1, 1, TG_KNOWN_INT, {NUMBER | TEXT | BIT(TIMESTAMP), 0}},
    {TG_LIT_INIT("uint"), CALL, 1, 1, TG_KNOWN_UINT, {NUMBER | TEXT, 0}},
    {TG_LIT_INIT("double"), CALL, 1, 1, TG_KNOWN_DOUBLE, {NUMBER | TEXT, 0}},
    {TG_LIT_INIT("string"),
     CALL,
     1,
     1,
     TG_KNOWN_STRING,
     {NUMBER | TEXT | BIT(BOOL) | BIT(TIMESTAMP) | BIT(DURATION) | BIT(DATE), 0}},
    {TG_LIT_INIT("bool"), CALL, 1, 1, TG_KNOWN_BOOL, {TEXT | BIT(BOOL), 0}},
    {TG_LIT_INIT("timestamp"),
     CALL,
     1,
     1,
     TG_KNOWN_TIMESTAMP,
     {TEXT | BIT(INT) | BIT(TIMESTAMP), 0}},
    {TG_LIT_INIT("duration"), CALL, 1, 1, TG_KNOWN_DURATION, {TEXT | BIT(DURATION), 0}},
    {TG_LIT_INIT("date"),
     CALL,
     1,
     1,
     TG_KNOWN_DATE,
     {TEXT | BIT(DATE) | BIT(TIMESTAMP), 0}},
    {TG_LIT_INIT("dyn"), CALL, 1, 1, TG_KNOWN_ANY, {EVERY, 0}},
    GETTER("getFullYear", BIT(TIMESTAMP)),
    GETTER("getMonth", BIT(TIMESTAMP)),
    GETTER("getDate", BIT(TIMESTAMP)),
    GETTER("getDayOfMonth", BIT(TIMESTAMP)),
    GETTER("getDayOfWeek", BIT(TIMESTAMP)),
    GETTER("getDayOfYear", BIT(TIMESTAMP)),
    GETTER("getHours", BIT(TIMESTAMP) | BIT(DURATION)),
    GETTER("getMinutes", BIT(TIMESTAMP) | BIT(DURATION)),
    GETTER("getSeconds", BIT(TIMESTAMP) | BIT(DURATION)),
    GETTER("getMilliseconds", BIT(TIMESTAMP) | BIT(DURATION)),
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static enum tg_err refuse_function(struct tg_checker *c, const struct tg_ast_node *node)
{
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, node->text);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        if (c->limits->matches || !tg_slice_is(functions[i].name, "matches")) {
            tg_nearest_offer(&nearest, functions[i].name);
        }
    }
    /* Costs are halves of letters: what has half of its letters wrong is another word. */
    if (nearest.count != 0 && nearest.costs[0] >= node->text.size) {
        nearest.count = 0;
    }
    enum tg_err err = tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
                                      "there is no function \"%.*s\" for queries",
                                      TG_FMT(tg_refusal_quote(node->text)));
    tg_refusal_suggest_all(c->refusal, &nearest);
    return err;
}

static const struct function *find_function(const struct tg_ast_node *node)
{
    for (size_t i = 0; i < FUNCTIONS; i++) {
        if (tg_slice_equal(functions[i].name, node->text)) {
            return &functions[i];
        }
    }
    return NULL;
}

/* A constant of the wrong form would be an error at every event. */
static enum tg_err check_constant(struct tg_checker *c, const struct function *function,
                                  const struct tg_ast_node *node)
{
    const struct tg_ast_node *argument = tg_ast_child(c->ast, node, 0);
    struct tg_timestamp timestamp;
    struct tg_duration duration;
    int64_t days;
    const char *should = NULL;
    if (argument->kind != TG_AST_STRING) {
        return TG_OK;
    }
    switch (function->result) {
    case TG_KNOWN_TIMESTAMP:
        should = tg_timestamp_read(argument->text, &timestamp)
                     ? NULL
                     : "an RFC 3339 time with offset, as \"2026-11-23T02:16:34Z\"";
        break;
    case TG_KNOWN_DURATION:
        should = tg_duration_read_units(argument->text, &duration)
                     ? NULL
                     : "numbers with units, as \"93.5s\" or \"1h30m\"";
        break;
    case TG_KNOWN_DATE:
        should = tg_date_read(argument->text, &days)
                     ? NULL
                     : "a day of the calendar, as \"2026-11-23\"";
        break;
    default:
        break;
    }
    return should == NULL ? TG_OK
                          : tg_check_refuse(c, TG_CODE_QUERY_TYPE, argument->at,
                                            "%.*s takes %s", TG_FMT(node->text), should);
}

/* A pattern is short, and its program may be long: all of a query's are counted before
 * they are compiled as often as they are meant. */
static enum tg_err count_pattern(struct tg_checker *c, uint32_t place, uint32_t cost)
{
    uint32_t cost_max = c->limits->cost_max;
    uint32_t left = UINT32_MAX - c->patterns_cost;
    c->patterns_cost += cost < left ? cost : left;
    return c->patterns_cost <= cost_max
               ? TG_OK
               : tg_check_refuse(c, TG_CODE_QUERY_LIMIT, place,
                                 "the patterns up to here cost %u steps, and the query "
                                 "may cost %u",
                                 c->patterns_cost, cost_max);
}

/* A pattern that is none would be an error at every event, too. */
static enum tg_err check_pattern(struct tg_checker *c, const struct tg_ast_node *pattern)
{
    struct tg_regex *regex = NULL;
    const char *why = NULL;
    uint32_t at;
    enum tg_err err = tg_regex_compile(pattern->text, &regex, &why, &at);
    if (err == TG_ENOMEM) {
        tg_refusal_set(c->refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return err;
    }
    if (err != TG_OK) {
        return tg_check_refuse(
            c, err == TG_ELIMIT ? TG_CODE_QUERY_LIMIT : TG_CODE_QUERY_TYPE, pattern->at,
            "\"matches\" takes no such pattern: %s", why);
    }
    uint32_t cost = tg_regex_cost(regex);
    tg_free(regex);
    return count_pattern(c, pattern->at, cost);
}

static enum tg_err check_matches(struct tg_checker *c, const struct tg_ast_node *node)
{
    if (!c->limits->matches) {
        return tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
                               "\"matches\" is not allowed by this gateway");
    }
    const struct tg_ast_node *pattern = tg_ast_child(c->ast, node, 1);
    return pattern->kind == TG_AST_STRING
               ? check_pattern(c, pattern)
               : tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, pattern->at,
                                 "\"matches\" takes a literal pattern");
}

static enum tg_err check_arguments(struct tg_checker *c, const struct function *function,
                                   const struct tg_ast_node *node)
{
    for (uint32_t i = 0; i < node->count; i++) {
        uint8_t type = tg_check_child(c, node, i)->type;
        uint32_t index = tg_ast_child_index(c->ast, node, i);
        if (type == TG_KNOWN_ANY || (function->takes[i] & 1u << type) != 0) {
            continue;
        }
        char text[TG_CHECK_TEXT_MAX];
        return tg_check_refuse(c, TG_CODE_QUERY_TYPE, c->ast->nodes[index].at,
                               "%.*s does not take %s", TG_FMT(node->text),
                               tg_check_text(c, index, text));
    }
    return TG_OK;
}

enum tg_err tg_check_call(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    const struct function *function = find_function(node);
    if (function == NULL) {
        return refuse_function(c, node);
    }
    bool is_call = node->kind == TG_AST_CALL;
    if ((function->forms & (is_call ? CALL : METHOD)) == 0) {
        return tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
                               is_call ? "write x.%.*s(…)" : "write %.*s(x)",
                               TG_FMT(node->text));
    }
    if (node->count < function->count_min || node->count > function->count_max) {
        uint32_t before = is_call ? 0 : 1;
        return tg_check_refuse(
            c, TG_CODE_QUERY_TYPE, node->mark, "%.*s takes %u argument%s, not %u",
            TG_FMT(node->text), function->count_min - before,
            function->count_min - before == 1 ? "" : "s", node->count - before);
    }
    c->nodes[at].type = function->result;
    c->nodes[at].nullable = function->result == TG_KNOWN_ANY;
    enum tg_err err = tg_slice_is(function->name, "matches") ? check_matches(c, node)
                                                             : TG_OK;
    err = err == TG_OK ? check_arguments(c, function, node) : err;
    return err == TG_OK ? check_constant(c, function, node) : err;
}
