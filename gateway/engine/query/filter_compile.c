/* From text to filter: each pass is a file of its own. */
#include "engine/base/mem.h"
#include "engine/query/normal.h"

struct tg_compiler {
    struct tg_ast ast;
    struct tg_check check;
    struct tg_bound bound;
    struct tg_normal normal;
};

struct tg_compiler *tg_compiler_create(void)
{
    struct tg_compiler *compiler = tg_zalloc(1, sizeof *compiler);
    if (compiler == NULL) {
        return NULL;
    }
    compiler->normal.builder = tg_builder_create();
    if (compiler->normal.builder == NULL) {
        tg_free(compiler);
        return NULL;
    }
    compiler->normal.bound = &compiler->bound;
    return compiler;
}

void tg_compiler_destroy(struct tg_compiler *compiler)
{
    if (compiler == NULL) {
        return;
    }
    tg_ast_finish(&compiler->ast);
    tg_check_finish(&compiler->check);
    tg_bound_finish(&compiler->bound);
    tg_builder_destroy(compiler->normal.builder);
    tg_normal_finish(&compiler->normal);
    tg_free(compiler);
}

static enum tg_err refuse_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

/* Tell the builder all of one expression, in the AND that is open. */
static enum tg_err tell(struct tg_compiler *c, const struct tg_filter_request *request,
                        struct tg_slice source, bool is_rule, uint16_t shift,
                        struct tg_refusal *refusal)
{
    enum { OPEN = 4 };
    struct tg_query_limits limits =
        is_rule || request->limits == NULL ? tg_query_limits_default : *request->limits;
    if (is_rule) {
        /* It was checked with its catalogue. */
        limits = tg_query_limits_wide;
        limits.matches = true;
    }
    enum tg_err err = tg_parse(&c->ast, source, &limits, refusal);
    if (err == TG_OK) {
        err = tg_check(&c->check, &c->ast, request->schema, is_rule, &limits, refusal);
    }
    if (err != TG_OK) {
        return err;
    }
    err = tg_bind(&c->bound, &c->ast, &c->check, request->schema, request->claims, shift);
    if (err == TG_ELIMIT) {
        tg_query_refuse(refusal, TG_CODE_QUERY_LIMIT, source, 0,
                        "the claims that it names are too large in all");
    }
    if (err == TG_OK) {
        c->normal.schema = request->schema;
        c->normal.refusal = refusal;
        c->normal.programs = request->programs;
        err = tg_normal_tell(&c->normal, OPEN);
    }
    return err == TG_ENOMEM ? refuse_memory(refusal) : err;
}

/* A rule that cannot be understood lets nothing through, and nobody is told why. */
static enum tg_err tell_rule(struct tg_compiler *c,
                             const struct tg_filter_request *request, uint16_t shift,
                             struct tg_refusal *refusal)
{
    struct tg_refusal unheard;
    enum tg_err err = tell(c, request, request->access, true, shift, &unheard);
    if (err == TG_ENOMEM) {
        return refuse_memory(refusal);
    }
    if (err != TG_OK) {
        tg_build_constant(c->normal.builder, false);
    }
    return TG_OK;
}

/* What `old` says must have been theirs to see. */
static enum tg_err tell_rule_before(struct tg_compiler *c,
                                    const struct tg_filter_request *request,
                                    struct tg_refusal *refusal)
{
    struct tg_builder *builder = c->normal.builder;
    tg_build_open(builder, TG_TERM_OR);
    tg_build_text(builder, TG_SLOT_OP, tg_slice_of(tg_op_text(TG_OP_UPDATE)), true);
    tg_build_open(builder, TG_TERM_AND);
    enum tg_err err = tell_rule(c, request, TG_SLOT_OLD, refusal);
    tg_build_close(builder);
    tg_build_close(builder);
    return err;
}

static enum tg_err refuse_cost(struct tg_slice source, uint32_t cost,
                               const struct tg_query_limits *limits,
                               struct tg_refusal *refusal)
{
    tg_query_refuse(refusal, TG_CODE_QUERY_LIMIT, source, 0,
                    "the query costs %u steps, and may cost %u", cost, limits->cost_max);
    return TG_ELIMIT;
}

/* `where` is judged by itself: what it may cost says nothing of a rule. */
static enum tg_err tell_where(struct tg_compiler *c,
                              const struct tg_filter_request *request, bool *about_event,
                              struct tg_refusal *refusal)
{
    const struct tg_query_limits *limits =
        request->limits == NULL ? &tg_query_limits_default : request->limits;
    tg_build_open(c->normal.builder, TG_TERM_AND);
    enum tg_err err = tell(c, request, request->where, false, 0, refusal);
    struct tg_build_sum sum = tg_build_close(c->normal.builder);
    *about_event = sum.about_event;
    if (err == TG_OK && sum.cost > limits->cost_max) {
        err = refuse_cost(request->where, sum.cost, limits, refusal);
    }
    return err;
}

/* Tell the builder all of it. */
static enum tg_err tell_all(struct tg_compiler *c,
                            const struct tg_filter_request *request,
                            struct tg_refusal *refusal)
{
    bool about_event = false;
    enum tg_err err =
        request->where.size == 0 ? TG_OK : tell_where(c, request, &about_event, refusal);
    if (err == TG_OK && request->access.size != 0) {
        err = tell_rule(c, request, 0, refusal);
        if (err == TG_OK && about_event) {
            err = tell_rule_before(c, request, refusal);
        }
    }
    return err;
}

enum tg_err tg_filter_compile(struct tg_compiler *compiler,
                              const struct tg_filter_request *request,
                              struct tg_filter **filter, struct tg_refusal *refusal)
{
    struct tg_filter *made = NULL;
    enum tg_err err = tell_all(compiler, request, refusal);
    enum tg_err finished = tg_build_finish(compiler->normal.builder, &made);
    if (err == TG_OK && finished != TG_OK) {
        err = refuse_memory(refusal);
    }
    if (err != TG_OK) {
        tg_free(made);
        return err;
    }
    *filter = made;
    return TG_OK;
}

/* What it may cost is known without claims, as far as it is the text that is dear. */
static enum tg_err check_rule_cost(struct tg_compiler *c, const struct tg_schema *schema,
                                   const struct tg_query_limits *limits,
                                   struct tg_refusal *refusal)
{
    const struct tg_json no_claims = {0};
    struct tg_program *program = NULL;
    enum tg_err err = tg_bind(&c->bound, &c->ast, &c->check, schema, no_claims, 0);
    if (err != TG_OK) {
        return refuse_memory(refusal);
    }
    struct tg_scope scope = tg_bound_scope(&c->bound);
    err = tg_program_compile(&c->bound.tree, c->bound.tree.count - 1, &scope, &program,
                             refusal);
    if (err == TG_OK && tg_program_cost(program) > limits->cost_max) {
        err = refuse_cost(c->ast.source, tg_program_cost(program), limits, refusal);
    }
    tg_free(program);
    return err;
}

enum tg_err tg_rule_check(struct tg_compiler *compiler, const struct tg_schema *schema,
                          struct tg_slice rule, const struct tg_query_limits *limits,
                          struct tg_refusal *refusal)
{
    limits = limits == NULL ? &tg_query_limits_default : limits;
    enum tg_err err = tg_parse(&compiler->ast, rule, limits, refusal);
    if (err == TG_OK) {
        err = tg_check(&compiler->check, &compiler->ast, schema, true, limits, refusal);
    }
    return err == TG_OK ? check_rule_cost(compiler, schema, limits, refusal) : err;
}
