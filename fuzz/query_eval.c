/* The evaluator on anything that parses. The first byte chooses budgets, and whether
 * unknown names are late errors. A run ends within its steps, gives the same value twice,
 * and gives it from a copy of the program; with less memory or fewer steps it gives that
 * value or an error, never another. */
#include <stdlib.h>

#include "engine/cel/program.h"
#include "parts.h"

enum { X, PRICE, DAY, AT, DATA, MISSING, VARIABLES };

static const char *const names[VARIABLES] = {"x",    "price", "day",
                                             "at.y", "data",  "old.missing"};

static int32_t find(void *context, struct tg_slice name)
{
    (void)context;
    for (int32_t i = 0; i < VARIABLES; i++) {
        if (tg_slice_is(name, names[i])) {
            return i;
        }
    }
    return -1;
}

static bool known(void *context, int32_t variable, struct tg_value *value)
{
    *value = tg_value_of_json(tg_json_root(context), NULL);
    return variable == DATA;
}

static struct tg_value load(void *context, int32_t variable, struct tg_space *space)
{
    switch (variable) {
    case X:
        return tg_value_int(-7);
    case PRICE:
        return tg_value_text(TG_VALUE_DECIMAL, TG_LIT("99.95"));
    case DAY:
        return tg_value_date(20780);
    case AT:
        return tg_value_timestamp((struct tg_timestamp){1795400194, 120331000});
    case DATA:
        return tg_value_of_json(tg_json_root(context), space);
    default:
        return tg_value_error("no such attribute");
    }
}

static void written(struct tg_value value, struct tg_buf *buf)
{
    tg_buf_clear(buf);
    tg_value_write(value, buf);
}

static bool same(const struct tg_buf *a, const struct tg_buf *b)
{
    return tg_slice_equal(tg_buf_slice(a), tg_buf_slice(b));
}

static void check(const struct tg_program *program, struct tg_json_doc *doc, uint8_t seed)
{
    static struct tg_space space;
    static struct tg_buf first;
    static struct tg_buf then;
    const struct tg_variables variables = {load, doc};
    struct tg_space small = {.bytes_max = 64 + (size_t)(seed >> 4) * 512};
    uint32_t steps = 20000;
    struct tg_value value = tg_program_run(program, &variables, &space, steps);
    written(value, &first);
    MUST(!first.failed && first.size != 0);
    MUST((tg_value_equal(value, value) < 0) == (value.kind == TG_VALUE_ERROR));

    uint32_t size = tg_program_size(program);
    void *copy = malloc(size);
    MUST(copy != NULL && size % 8 == 0);
    memcpy(copy, program, size);
    written(tg_program_run(copy, &variables, &space, steps), &then);
    MUST(same(&first, &then));

    struct tg_value poor = tg_program_run(copy, &variables, &small, steps);
    written(poor, &then);
    MUST(poor.kind == TG_VALUE_ERROR || same(&first, &then));
    poor = tg_program_run(copy, &variables, &space, (seed >> 1) % 64);
    written(poor, &then);
    MUST(poor.kind == TG_VALUE_ERROR || same(&first, &then));
    free(copy);
    tg_space_finish(&small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tg_json_doc doc;
    static struct tg_ast ast;
    struct tg_query_limits limits = tg_query_limits_default;
    struct tg_refusal refusal = {0};
    struct tg_program *program = NULL;
    if (doc.count == 0) {
        struct tg_slice json =
            TG_LIT("{\"total\":12,\"tags\":[\"a\",\"b\\n\"],\"a\\u0062c\":true,"
                   "\"deep\":{\"a\":{\"b\":[1,2.5,null,{}]}}}");
        MUST(tg_json_parse(&doc, json, NULL, NULL) == TG_OK);
    }
    if (size == 0) {
        return 0;
    }
    struct tg_scope scope = {.find = find,
                             .context = &doc,
                             .container = TG_LIT("at.z"),
                             .known = (data[0] & 2) != 0 ? known : NULL,
                             .late = (data[0] & 1) != 0};
    limits.matches = true;
    struct tg_slice source = tg_slice(data + 1, size - 1);
    if (tg_parse(&ast, source, &limits, &refusal) != TG_OK) {
        return 0;
    }
    enum tg_err err = tg_program_compile(&ast, ast.count - 1, &scope, &program, &refusal);
    if (err != TG_OK) {
        MUST(err == TG_EINVAL && !scope.late);
        MUST(refusal.line >= 1 && refusal.column >= 1);
        MUST(refusal.code == TG_CODE_QUERY_FIELD ||
             refusal.code == TG_CODE_QUERY_UNSUPPORTED);
        return 0;
    }
    check(program, &doc, data[0]);
    free(program);
    return 0;
}
