/* Stands in until programs are there: nothing that needs one compiles. */
#include "engine/base/mem.h"
#include "engine/query/program.h"

enum tg_err tg_program_compile(const struct tg_ast *ast, uint32_t node,
                               const struct tg_scope *scope, struct tg_program **program,
                               struct tg_refusal *refusal)
{
    (void)scope;
    (void)program;
    tg_query_refuse(refusal, TG_CODE_QUERY_UNSUPPORTED, ast->source, ast->nodes[node].at,
                    "programs are not there yet");
    return TG_EINVAL;
}

uint32_t tg_program_size(const struct tg_program *program)
{
    (void)program;
    return 0;
}

uint32_t tg_program_cost(const struct tg_program *program)
{
    (void)program;
    return 1;
}

struct tg_value tg_program_run(const struct tg_program *program,
                               const struct tg_variables *variables,
                               struct tg_space *space, uint32_t steps_max)
{
    (void)program;
    (void)variables;
    (void)space;
    (void)steps_max;
    return tg_value_error("programs are not there yet");
}

void tg_space_finish(struct tg_space *space)
{
    *space = (struct tg_space){0};
}

void *tg_space_take(struct tg_space *space, size_t size)
{
    (void)space;
    (void)size;
    return NULL;
}

struct tg_value tg_value_of_json(struct tg_json json, struct tg_space *space)
{
    (void)json;
    (void)space;
    return tg_value_error("programs are not there yet");
}
