#include "engine/query/query.h"

#include "engine/base/mem.h"
#include "engine/query/check.h"

struct tg_query {
    const struct tg_schema *schema;
    struct tg_filter *filter;
    struct tg_buf programs; /* Of the filter, as they were written. */
    struct tg_rows rows;
    struct tg_space space;
    struct tg_json_doc doc;
};

static enum tg_err refuse_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

static enum tg_err parse(struct tg_json_doc *doc, struct tg_slice text,
                         const char *member, struct tg_refusal *refusal)
{
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(doc, text, NULL, &error);
    if (err == TG_ENOMEM) {
        return refuse_memory(refusal);
    }
    if (err == TG_OK && tg_json_kind(tg_json_root(doc)) != TG_JSON_OBJECT) {
        error = (struct tg_json_error){.message = "an object should stand here"};
        err = TG_EINVAL;
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, member, "byte %zu: %s",
                       error.offset, error.message);
    }
    return err == TG_OK ? TG_OK : TG_EINVAL;
}

/* --- A query --------------------------------------------------------------------- */

static enum tg_err compile(struct tg_query *query, const struct tg_query_text *text,
                           struct tg_refusal *refusal)
{
    struct tg_filter_request request = {
        .schema = text->schema,
        .access = text->access,
        .where = text->where,
        .limits = text->limits,
        .programs = &query->programs,
    };
    enum tg_err err = TG_OK;
    if (text->claims.size != 0) {
        err = parse(&query->doc, text->claims, "claims", refusal);
        request.claims = tg_json_root(&query->doc);
    }
    struct tg_compiler *compiler = err == TG_OK ? tg_compiler_create() : NULL;
    if (err == TG_OK && compiler == NULL) {
        return refuse_memory(refusal);
    }
    if (err == TG_OK && text->access.size != 0) {
        err = tg_rule_check(compiler, text->schema, text->access, text->limits, refusal);
        if (err != TG_OK) {
            memcpy(refusal->member, "access", sizeof "access");
        }
    }
    if (err == TG_OK) {
        err = tg_filter_compile(compiler, &request, &query->filter, refusal);
    }
    tg_compiler_destroy(compiler);
    return err;
}

enum tg_err tg_query_compile(const struct tg_query_text *text, struct tg_query **query,
                             struct tg_refusal *refusal)
{
    struct tg_query *made = tg_zalloc(1, sizeof *made);
    if (made == NULL) {
        return refuse_memory(refusal);
    }
    made->schema = text->schema;
    enum tg_err err = compile(made, text, refusal);
    if (err != TG_OK) {
        tg_query_destroy(made);
        return err;
    }
    *query = made;
    return TG_OK;
}

void tg_query_destroy(struct tg_query *query)
{
    if (query != NULL) {
        tg_free(query->filter);
        tg_buf_finish(&query->programs);
        tg_rows_finish(&query->rows);
        tg_space_finish(&query->space);
        tg_json_finish(&query->doc);
        tg_free(query);
    }
}

const struct tg_filter *tg_query_filter(const struct tg_query *query)
{
    return query->filter;
}

void tg_query_write(const struct tg_query *query, struct tg_buf *buf)
{
    tg_filter_write(query->filter, query->schema, buf);
}

struct tg_slice tg_query_programs(const struct tg_query *query)
{
    return tg_buf_slice(&query->programs);
}

/* --- An event -------------------------------------------------------------------- */

const char *tg_query_told_text(enum tg_query_told told)
{
    static const char *const texts[] = {"nothing", "add", "change", "remove", "event"};
    return texts[told];
}

#define refuse_event(refusal, member, ...) \
    (tg_refusal_set((refusal), TG_CODE_INVALID_EVENT, (member), __VA_ARGS__), TG_EINVAL)

static enum tg_err read_op(const struct tg_query *query, struct tg_json value,
                           enum tg_op *op, struct tg_refusal *refusal)
{
    uint32_t operations = query->schema->operations;
    struct tg_slice text;
    if (tg_json_kind(value) == TG_JSON_NONE && (operations & (operations - 1)) == 0) {
        *op = (enum tg_op)__builtin_ctz(operations);
        return TG_OK;
    }
    for (int i = 0; i < TG_OP_COUNT; i++) {
        if ((operations & 1u << i) != 0 && tg_json_string(value, NULL, &text) &&
            tg_slice_is(text, tg_op_text((enum tg_op)i))) {
            *op = (enum tg_op)i;
            return TG_OK;
        }
    }
    char list[TG_CHECK_TEXT_MAX];
    return refuse_event(refusal, "op", "op should be %s",
                        tg_operations_text(operations, list));
}

static enum tg_err read_event(struct tg_query *query, struct tg_slice event,
                              enum tg_op *op, struct tg_refusal *refusal)
{
    enum tg_err err = parse(&query->doc, event, NULL, refusal);
    if (err != TG_OK) {
        return err;
    }
    struct tg_json root = tg_json_root(&query->doc);
    err = read_op(query, tg_json_get(root, "op"), op, refusal);
    if (err != TG_OK) {
        return err;
    }
    struct tg_event_parts parts = {
        .op = *op,
        .data = tg_json_raw(tg_json_get(root, "data")),
        .old = tg_json_raw(tg_json_get(root, "old")),
        .changed = tg_json_raw(tg_json_get(root, "changed")),
    };
    struct tg_json time = tg_json_get(root, "time");
    if (tg_json_kind(time) != TG_JSON_NONE && !tg_json_string(time, NULL, &parts.time)) {
        return refuse_event(refusal, "time", "time should be an RFC 3339 time");
    }
    err = tg_rows_read(&query->rows, query->schema, &parts);
    if (err == TG_ENOMEM) {
        return refuse_memory(refusal);
    }
    return err == TG_OK ? TG_OK
                        : refuse_event(refusal, "data",
                                       "it is no event of %.*s: a member is unknown, or "
                                       "of another type than the field",
                                       TG_FMT(tg_refusal_quote(query->schema->name)));
}

/* Does `changed` name hidden fields alone? Then nothing that one may see has changed. */
static bool is_hidden_change(const struct tg_query *query)
{
    struct tg_json changed = tg_json_get(tg_json_root(&query->doc), "changed");
    const struct tg_cell *visible = tg_row_cell(&query->rows.after, TG_SLOT_CHANGED);
    return tg_json_size(changed) != 0 && visible->items_count == 0;
}

/* QUERY.md 6. */
static enum tg_query_told told_of(enum tg_op op, bool about_event,
                                  const struct tg_query_answer *answer)
{
    static const enum tg_query_told as_it_was[] = {
        [TG_OP_CREATE] = TG_TOLD_ADD,
        [TG_OP_UPDATE] = TG_TOLD_CHANGE,
        [TG_OP_DELETE] = TG_TOLD_REMOVE,
        [TG_OP_EVENT] = TG_TOLD_EVENT,
    };
    bool both = answer->has_before && answer->has_after && !about_event;
    if (!both) {
        return answer->before || answer->after ? as_it_was[op] : TG_TOLD_NOTHING;
    }
    if (answer->after) {
        return answer->before ? TG_TOLD_CHANGE : TG_TOLD_ADD;
    }
    return answer->before ? TG_TOLD_REMOVE : TG_TOLD_NOTHING;
}

enum tg_err tg_query_ask(struct tg_query *query, struct tg_slice event,
                         struct tg_query_answer *answer, struct tg_refusal *refusal)
{
    enum tg_op op;
    enum tg_err err = read_event(query, event, &op, refusal);
    if (err != TG_OK) {
        return err;
    }
    const struct tg_filter *filter = query->filter;
    const struct tg_rows *rows = &query->rows;
    struct tg_query_answer made = {.has_before = rows->has_before,
                                   .has_after = rows->has_after};
    bool once = filter->about_event && rows->has_after;
    made.after = rows->has_after &&
                 tg_filter_is_true(filter, query->schema, &rows->after, &query->space);
    made.before = rows->has_before && !once &&
                  tg_filter_is_true(filter, query->schema, &rows->before, &query->space);
    made.told = told_of(op, filter->about_event, &made);
    if (made.told == TG_TOLD_CHANGE && is_hidden_change(query)) {
        made.told = TG_TOLD_NOTHING;
    }
    *answer = made;
    return TG_OK;
}

/* --- Without a schema ------------------------------------------------------------ */

static int32_t find_nothing(void *context, struct tg_slice name)
{
    (void)context;
    (void)name;
    return -1;
}

enum tg_err tg_query_evaluate(struct tg_slice source, struct tg_buf *buf, bool *is_error,
                              struct tg_refusal *refusal)
{
    struct tg_ast ast = {.count = 0};
    struct tg_program *program = NULL;
    struct tg_scope scope = {.find = find_nothing};
    struct tg_space space = {.memory = NULL};
    enum tg_err err = tg_parse(&ast, source, &tg_query_limits_wide, refusal);
    if (err == TG_OK) {
        err = tg_program_compile(&ast, ast.count - 1, &scope, &program, refusal);
    }
    if (err == TG_OK) {
        struct tg_value value =
            tg_program_run(program, &tg_variables_none, &space, TG_STEPS_MAX);
        tg_value_write(value, buf);
        *is_error = value.kind == TG_VALUE_ERROR;
    }
    tg_free(program);
    tg_space_finish(&space);
    tg_ast_finish(&ast);
    return err;
}
