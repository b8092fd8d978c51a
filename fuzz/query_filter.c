/* Queries and events: what is accepted compiles, and its filter is true exactly where the
 * whole expression, evaluated with all three values of CEL, is. The input is a query, a
 * NUL, and the event's data; after another NUL its old values, then it is an update. */
#include "engine/base/mem.h"
#include "engine/query/bind.h"
#include "engine/query/load.h"
#include "engine/query/query.h"
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char order[] =
    "{\"name\":\"shop.Order\",\"operations\":[\"create\",\"update\"],\"key\":[\"id\"],"
    "\"fields\":[{\"name\":\"id\",\"type\":\"int\"},{\"name\":\"s\",\"type\":\"string\"},"
    "{\"name\":\"total\",\"type\":\"decimal\",\"nullable\":true},"
    "{\"name\":\"w\",\"type\":\"double\",\"nullable\":true},"
    "{\"name\":\"paid\",\"type\":\"bool\",\"nullable\":true},"
    "{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true},"
    "{\"name\":\"day\",\"type\":\"date\",\"nullable\":true},"
    "{\"name\":\"took\",\"type\":\"duration\",\"nullable\":true},"
    "{\"name\":\"u\",\"type\":\"uuid\",\"nullable\":true},"
    "{\"name\":\"m\",\"type\":\"json\",\"nullable\":true},"
    "{\"name\":\"tags\",\"type\":\"list\",\"items\":\"string\",\"nullable\":true},"
    "{\"name\":\"ns\",\"type\":\"list\",\"items\":\"int\",\"nullable\":true},"
    "{\"name\":\"hid\",\"type\":\"int\",\"hidden\":true,\"nullable\":true}]}";
static const char claims_text[] =
    "{\"n\":1,\"f\":1.5,\"t\":\"ab\",\"yes\":true,\"list\":[1,\"a\",null],"
    "\"map\":{\"a\":1,\"k\":{\"b\":[]}},\"day\":\"2026-11-23\"}";

static const struct tg_schema *schema;
static struct tg_json_doc claims;
static struct tg_compiler *compiler;
static struct tg_ast ast;
static struct tg_check checks;
static struct tg_bound bound;
static struct tg_rows rows;
static struct tg_space space;
static struct tg_buf text;
static struct tg_query_limits limits;

static void set_up(void)
{
    struct tg_query_schema *read;
    struct tg_refusal refusal;
    MUST(tg_query_schema_read(tg_slice_of(order), tg_slice_of(""), &read, &refusal) ==
         TG_OK);
    schema = tg_query_schema_get(read);
    MUST(tg_json_parse(&claims, tg_slice_of(claims_text), NULL, NULL) == TG_OK);
    compiler = tg_compiler_create();
    MUST(compiler != NULL);
    limits = tg_query_limits_default;
    limits.matches = true;
}

static struct tg_slice take_part(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *begin = *at;
    while (*at < end && **at != 0) {
        ++*at;
    }
    struct tg_slice part = tg_slice(begin, (size_t)(*at - begin));
    *at += *at < end ? 1 : 0;
    return part;
}

static void check_refusal(const struct tg_refusal *refusal, struct tg_slice where)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < where.size; i++) {
        lines += where.data[i] == '\n' || where.data[i] == '\r' ? 1 : 0;
    }
    MUST(refusal->code >= TG_CODE_QUERY_SYNTAX && refusal->code <= TG_CODE_QUERY_LIMIT);
    MUST(refusal->line >= 1 && refusal->line <= lines);
    MUST(refusal->column >= 1 && refusal->column <= where.size + 1);
    MUST(refusal->message[0] != '\0');
    /* Nobody is told of what is hidden; unless they said it. */
    for (uint32_t i = 0; i < refusal->nearest_count; i++) {
        MUST(strcmp(refusal->nearest[i], "hid") != 0);
    }
}

static struct tg_program *whole_program(struct tg_slice where)
{
    struct tg_refusal refusal;
    struct tg_program *program = NULL;
    MUST(tg_parse(&ast, where, &limits, &refusal) == TG_OK);
    MUST(tg_check(&checks, &ast, schema, false, &limits, &refusal) == TG_OK);
    MUST(tg_bind(&bound, &ast, &checks, schema, tg_json_root(&claims), 0) == TG_OK);
    struct tg_scope scope = tg_bound_scope(&bound);
    MUST(tg_program_compile(&bound.tree, bound.tree.count - 1, &scope, &program,
                            &refusal) == TG_OK);
    return program;
}

static void check_row(const struct tg_filter *filter, const struct tg_program *program,
                      const struct tg_row *row)
{
    struct tg_load load = {schema, row};
    struct tg_variables variables = {tg_load_variable, &load};
    struct tg_value value = tg_program_run(program, &variables, &space, TG_STEPS_MAX);
    bool wanted = value.kind == TG_VALUE_BOOL && value.boolean;
    MUST(tg_filter_is_true(filter, schema, row, &space) == wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    if (schema == NULL) {
        set_up();
    }
    struct tg_slice where = take_part(&data, end);
    struct tg_event_parts parts = {.data = take_part(&data, end),
                                   .time = TG_LIT("2026-11-23T02:16:34.1203319Z")};
    parts.old = take_part(&data, end);
    parts.op = parts.old.size == 0 ? TG_OP_CREATE : TG_OP_UPDATE;
    struct tg_filter_request request = {.schema = schema,
                                        .where = where,
                                        .claims = tg_json_root(&claims),
                                        .limits = &limits};
    if (tg_filter_compile(compiler, &request, &filter, &refusal) != TG_OK) {
        check_refusal(&refusal, where);
        return 0;
    }
    tg_buf_clear(&text);
    tg_filter_write(filter, schema, &text);
    if (where.size != 0 && tg_rows_read(&rows, schema, &parts) == TG_OK) {
        struct tg_program *program = whole_program(where);
        check_row(filter, program, &rows.after);
        if (rows.has_before) {
            check_row(filter, program, &rows.before);
        }
        tg_free(program);
    }
    tg_free(filter);
    return 0;
}
