/* A filter is true exactly where the whole expression, evaluated with all three values
 * of CEL, is true: of random expressions and random events. The evaluation sees the tree
 * as it was written; the filter went through negation-normal form, number lines and the
 * builder. TG_SEED chooses another beginning, TG_PAIRS how many are tried. */
#include <stdlib.h>

#include "engine/query/bind.h"
#include "engine/query/filter.h"
#include "engine/query/load.h"
#include "testing/random_queries.h"

enum { EVENTS = 96, EVENTS_EACH = 12 };

static struct event events[EVENTS];

/* --- Both ways ------------------------------------------------------------------- */

static struct tg_compiler *compiler;
static struct tg_json claims;

struct whole {
    struct tg_ast ast;
    struct tg_check check;
    struct tg_bound bound;
    struct tg_program *program;
};

/* The whole expression as one program, without a normal form. */
static bool compile_whole(struct whole *whole, struct tg_slice source, bool rule)
{
    struct tg_refusal refusal;
    struct tg_scope scope = tg_bound_scope(&whole->bound);
    tg_free(whole->program);
    whole->program = NULL;
    return tg_parse(&whole->ast, source, &tg_query_limits_wide, &refusal) == TG_OK &&
           tg_check(&whole->check, &whole->ast, &orders_schema, rule,
                    &tg_query_limits_wide, &refusal) == TG_OK &&
           tg_bind(&whole->bound, &whole->ast, &whole->check, &orders_schema, claims,
                   0) == TG_OK &&
           tg_program_compile(&whole->bound.tree, whole->bound.tree.count - 1, &scope,
                              &whole->program, &refusal) == TG_OK;
}

static void finish_whole(struct whole *whole)
{
    tg_ast_finish(&whole->ast);
    tg_check_finish(&whole->check);
    tg_bound_finish(&whole->bound);
    tg_free(whole->program);
}

static bool is_whole_true(const struct whole *whole, const struct tg_row *row,
                          struct tg_space *space)
{
    struct tg_load load = {&orders_schema, row};
    struct tg_variables variables = {tg_load_variable, &load};
    struct tg_value value =
        tg_program_run(whole->program, &variables, space, TG_STEPS_MAX);
    return value.kind == TG_VALUE_BOOL && value.boolean;
}

struct run {
    struct whole where;
    struct whole access;
    struct tg_space space;
    uint64_t pairs;
    uint64_t tried;
    uint64_t accepted;
    uint64_t matched;
};

/* The rule must hold of the row, and if the query names `old` or `event`, of the row
 * before an update. */
static bool may_have(struct run *run, const struct tg_filter *filter,
                     const struct tg_row *row)
{
    const struct tg_row before = {row->old, row->old, row->event};
    bool is_update = tg_slice_is(tg_row_cell(row, TG_SLOT_OP)->text, "update");
    return is_whole_true(&run->access, row, &run->space) &&
           (!filter->about_event || !is_update ||
            is_whole_true(&run->access, &before, &run->space));
}

static void compare(struct run *run, const struct tg_filter *filter, const char *where,
                    const char *access, bool has_access)
{
    for (int i = 0; i < EVENTS_EACH; i++) {
        const struct event *event = &events[below(EVENTS)];
        bool wanted = is_whole_true(&run->where, event->row, &run->space) &&
                      (!has_access || may_have(run, filter, event->row));
        bool got = tg_filter_is_true(filter, &orders_schema, event->row, &run->space);
        run->pairs++;
        run->matched += wanted ? 1 : 0;
        if (got != wanted) {
            struct tg_buf normal = {0};
            tg_filter_write(filter, &orders_schema, &normal);
            fail_msg("where:  %s\naccess: %s\nnormal: %.*s\ndata: %.*s\nold: %.*s\n"
                     "the filter says %d, the evaluation %d",
                     where, access, TG_FMT(tg_buf_slice(&normal)),
                     TG_FMT(tg_buf_slice(&event->data)),
                     TG_FMT(tg_buf_slice(&event->old)), got, wanted);
        }
    }
}

static void try_one(struct run *run, const char *where, const char *access,
                    bool has_access)
{
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    struct tg_filter_request request = {
        .schema = &orders_schema,
        .access = has_access ? tg_slice_of(access) : tg_slice(NULL, 0),
        .where = tg_slice_of(where),
        .claims = claims,
        .limits = &tg_query_limits_wide,
    };
    run->tried++;
    enum tg_err err = tg_filter_compile(compiler, &request, &filter, &refusal);
    bool whole = compile_whole(&run->where, tg_slice_of(where), false);
    if (whole != (err == TG_OK)) {
        fail_msg("%s: the filter and the program disagree: %s", where,
                 err == TG_OK ? "accepted" : refusal.message);
    }
    if (err == TG_OK) {
        run->accepted++;
        compare(run, filter, where, access, has_access);
    }
    tg_free(filter);
}

static void try_expression(struct run *run)
{
    char access[TEXT_MAX + 512];
    char where[TEXT_MAX + 512];
    struct tg_slice rule = random_expression(true);
    snprintf(access, sizeof access, "%.*s", TG_FMT(rule));
    bool has_access = below(3) == 0 && compile_whole(&run->access, rule, true);
    struct tg_slice source = random_expression(false);
    snprintf(where, sizeof where, "%.*s", TG_FMT(source));
    if (source.size >= TEXT_MAX || rule.size >= TEXT_MAX) {
        return;
    }
    try_one(run, where, access, has_access);
    snprintf(where, sizeof where, "!(%.*s)", TG_FMT(source));
    try_one(run, where, access, has_access);
}

static void a_filter_is_true_exactly_where_the_expression_is(void **state)
{
    (void)state;
    const char *seed = getenv("TG_SEED");
    const char *pairs = getenv("TG_PAIRS");
    uint64_t pairs_max = pairs == NULL ? 1000000 : strtoull(pairs, NULL, 10);
    random_state = seed == NULL ? 20261123 : strtoull(seed, NULL, 10);
    print_message("seed %llu\n", (unsigned long long)random_state);
    struct tg_json_doc doc = {0};
    assert_int_equal(tg_json_parse(&doc, tg_slice_of(random_claims), NULL, NULL), TG_OK);
    claims = tg_json_root(&doc);
    compiler = tg_compiler_create();
    struct run run = {.pairs = 0};
    for (uint64_t n = 0; run.pairs < pairs_max; n++) {
        if (n % 512 == 0) {
            for (int i = 0; i < EVENTS; i++) {
                make_event(&events[i]);
            }
        }
        try_expression(&run);
    }
    print_message("%llu pairs, %llu matched; %llu of %llu expressions accepted\n",
                  (unsigned long long)run.pairs, (unsigned long long)run.matched,
                  (unsigned long long)run.accepted, (unsigned long long)run.tried);
    assert_true(run.accepted * 2 > run.tried);
    assert_true(run.matched * 10 > run.pairs);
    for (int i = 0; i < EVENTS; i++) {
        finish_event(&events[i]);
    }
    finish_whole(&run.where);
    finish_whole(&run.access);
    tg_space_finish(&run.space);
    tg_compiler_destroy(compiler);
    tg_json_finish(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_is_true_exactly_where_the_expression_is),
    };
    return cmocka_run_group_tests_name("filter property", tests, NULL, NULL);
}
